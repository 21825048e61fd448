#include "core/env_kind.h"

#include "base/fs.h"
#include "base/limits.h"
#include "core/plain_kind.h"
#include "core/scope.h"
#include "format/envfile_view.h"

/* Requirements that a view lists. The largest environments that people make have some thousand. */
#define ENTRIES_SHOWN 10000

/* ---- in the child ---- */

static enum err_code read_env(struct arena *mem, int fd, uint64_t size, struct str kind,
                              struct str filename, struct inspected *ret, struct err *err)
{
    AUTO(arena_closep) struct arena *own = arena_open(16 * LIMIT_ENVFILE);
    AUTO(buf_done) struct buf view = BUF_INIT(LIMIT_INFO_MEMBER);
    struct inspected found = {0};
    struct envfile file;
    struct str text;
    enum err_code rc;

    if (!own)
        return fail(err, ERR_NOMEM, "out of memory");
    if (size > LIMIT_ENVFILE)
        return fail(err, ERR_TOO_BIG, "an environment file of %llu bytes is over the limit of %zu",
                    (unsigned long long)size, LIMIT_ENVFILE);
    if ((rc = fs_read_fd(own, fd, size, &text, err)) ||
        (rc = envfile_parse(own, filename, text, &file, err)))
        return rc;
    envfile_view(&file, str_eq(kind, S("env/view")) ? ENTRIES_SHOWN : 0, &view);
    if (!buf_ok(&view)) { /* with long URLs: fewer of them */
        buf_clear(&view);
        envfile_view(&file, ENTRIES_SHOWN / 10, &view);
    }
    found.texts[0] = buf_ok(&view) ? str_dup(mem, buf_str(&view)) : (struct str){NULL, 0};
    if (!found.texts[0].ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    *ret = found;
    return OK;
}

/* ---- its row ---- */

/* All but the requirements, which can be many: they are read again when they are asked for. */
static const struct kind_key keys[] = {
    {"format", JSON_STRING},  {"name", JSON_STRING},     {"prefix", JSON_STRING},
    {"channels", JSON_ARRAY}, {"platforms", JSON_ARRAY}, {"variables", JSON_ARRAY},
    {"notes", JSON_ARRAY},    {"conda", JSON_INTEGER},   {"pip", JSON_INTEGER},
};

static enum err_code describe(struct arena *mem, const struct upload_row *upload,
                              const struct inspected *found, struct file_row *ret, struct err *err)
{
    (void)upload;
    return kind_record(mem, found->texts[0], keys, COUNT(keys), &ret->record, err);
}

const struct kind env_kind = {
    .name = {"env", 3},
    .upload = SCOPE_FILES_UPLOAD,
    .place = plain_place,
    .read = read_env,
    .describe = describe,
};
