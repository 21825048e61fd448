#include "core/kind.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/text.h"
#include "blob/blob.h"
#include "core/conda_kind.h"
#include "core/cran_kind.h"
#include "core/env_kind.h"
#include "core/notebook_kind.h"
#include "core/plain_kind.h"
#include "core/pypi_kind.h"
#include "core/scope.h"
#include "format/json.h"

/* What a file says of itself in its row, which every list of files carries. */
#define RECORD_MAX (256 * KIB)

static const struct kind *const kinds[] = {
    &conda_kind,     &cran_kind,  &env_kind,     &file_kind,
    &installer_kind, &ipynb_kind, &project_kind, &pypi_kind,
};

const struct kind *kind_find(struct str name)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (str_eq(kinds[i]->name, name))
            return kinds[i];
    return NULL;
}

enum err_code kind_require(struct str name, const struct kind **ret, struct err *err)
{
    AUTO(buf_done) struct buf names = BUF_INIT(KIB);
    const struct kind *k = kind_find(name);

    if (k) {
        *ret = k;
        return OK;
    }
    for (size_t i = 0; i < COUNT(kinds); i++)
        buf_addf(&names, "%s" STR_FMT, i ? ", " : "", STR_ARG(kinds[i]->name));
    return fail(err, ERR_INVALID,
                "files of type \"" STR_FMT "\" are not accepted; these are: " STR_FMT,
                STR_ARG(name), STR_ARG(buf_str(&names)));
}

enum err_code kind_of_filter(const char *field, struct str name, const struct kind **ret,
                             struct err *err)
{
    static const struct {
        const char *other, *name;
    } names[] = {{"PyPI", "pypi"}, {"standard_python", "pypi"}, {"cran", "r"}, {"standard_r", "r"}};
    struct err why = {0};

    for (size_t i = 0; i < COUNT(names); i++)
        if (str_eq(name, str_of(names[i].other)))
            name = str_of(names[i].name);
    return kind_require(name, ret, &why) ? fail_field(err, field, "%s", why.msg) : OK;
}

enum err_code kind_check_scope(const struct kind *k, const struct actor *actor, struct err *err)
{
    if (scope_allows(actor->scopes, SCOPE_API_WRITE | k->upload))
        return OK;
    return fail(err, ERR_DENIED,
                "the token \"" STR_FMT "\" has the scopes " STR_FMT
                ", which do not allow to publish files of type \"" STR_FMT "\"",
                STR_ARG(actor->token_name), STR_ARG(actor->scopes), STR_ARG(k->name));
}

enum err_code kind_check_new(const struct actor *actor, struct str name, const json_t *attrs,
                             struct err *err)
{
    const json_t *types = json_object_get(attrs, "package_types");
    enum err_code rc = kind_check_package(name, err);

    for (size_t i = 0; !rc && i < json_array_size(types); i++) {
        const struct kind *k = kind_find(json_str(json_array_get(types, i)));

        if (k)
            rc = kind_check_scope(k, actor, err);
        if (k && !rc && k->check_package)
            rc = k->check_package(name, err);
    }
    return rc;
}

/* ---- names ---- */

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Letters, digits, "_" and the given others; begins and ends with one of the former three. */
static bool is_word(struct str s, size_t max, const char *others)
{
    if (s.len == 0 || s.len > max)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool inside = i > 0 && i + 1 < s.len;

        if (!is_letter_or_digit(c) && c != '_' && !(inside && c && strchr(others, c)))
            return false;
    }
    return true;
}

enum err_code kind_check_package(struct str name, struct err *err)
{
    if (is_word(name, LIMIT_PACKAGE, ".+-"))
        return OK;
    return fail(err, ERR_INVALID,
                "package name \"" STR_FMT "\" is not allowed: at most %d letters, digits and "
                "\"_.+-\", the first and last not of \".+-\"",
                STR_ARG(name), LIMIT_PACKAGE);
}

enum err_code kind_check_version(struct str version, struct err *err)
{
    if (is_word(version, LIMIT_VERSION, ".+-!"))
        return OK;
    return fail(err, ERR_INVALID,
                "version \"" STR_FMT "\" is not allowed: at most %d letters, digits and \"_.+-!\", "
                "the first and last not of \".+-!\"",
                STR_ARG(version), LIMIT_VERSION);
}

static bool is_filename(struct str s)
{
    if (s.len == 0 || s.len > LIMIT_FILENAME || !text_is_utf8(s) || s.ptr[0] == '.' ||
        s.ptr[0] == ' ' || s.ptr[s.len - 1] == ' ')
        return false;
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == 0x7f || strchr("/\\%#?\"", s.ptr[i]))
            return false;
    return true;
}

enum err_code kind_check_filename(struct str filename, struct err *err)
{
    if (is_filename(filename))
        return OK;
    return fail(err, ERR_INVALID,
                "file name \"" STR_FMT
                "\" is not allowed: at most %d bytes of UTF-8 without / \\ %% "
                "# ? \" and control characters, not beginning with a dot, nor beginning or ending "
                "with a blank",
                STR_ARG(filename), LIMIT_FILENAME);
}

/* ---- files ---- */

enum err_code kind_canonical(struct arena *mem, const json_t *v, struct str *ret, struct err *err)
{
    AUTO(buf_done) struct buf b = BUF_INIT(2 * LIMIT_INFO_MEMBER);

    json_canonical(&b, v);
    *ret = buf_ok(&b) ? str_dup(mem, buf_str(&b)) : (struct str){0};
    return ret->ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

enum err_code kind_record(struct arena *mem, struct str text, const struct kind_key *keys,
                          size_t count, struct str *ret, struct err *err)
{
    AUTO(json_decrefp) json_t *said = NULL;
    AUTO(json_decrefp) json_t *kept = json_object();
    enum err_code rc;

    if (text.len > RECORD_MAX)
        return fail(err, ERR_TOO_BIG, "the file says %zu bytes of itself; the limit is %zu",
                    text.len, RECORD_MAX);
    if ((rc = json_parse_object(text, &said, err)))
        return rc;
    for (size_t i = 0; i < count; i++) {
        json_t *v = json_object_get(said, keys[i].name);

        if (v && json_typeof(v) == keys[i].type)
            json_put(&kept, str_of(keys[i].name), json_incref(v));
    }
    return kept ? kind_canonical(mem, kept, ret, err) : fail(err, ERR_NOMEM, "out of memory");
}

enum err_code kind_place(const struct kind *k, struct arena *mem, const struct file_path *path,
                         struct file_row *ret, struct err *err)
{
    enum err_code rc = k->place(mem, path, ret, err);

    if (!rc)
        ret->type = k->name;
    return rc;
}

enum err_code kind_place_unread(const struct kind *k, struct arena *mem,
                                const struct file_path *path, struct file_row *ret, struct err *err)
{
    enum err_code rc = (k->place_unread ? k->place_unread : k->place)(mem, path, ret, err);

    if (!rc)
        ret->type = k->name;
    return rc;
}

enum err_code kind_read(struct arena *mem, int fd, uint64_t size, struct str kind,
                        struct str filename, struct inspected *ret, struct err *err)
{
    struct str name, view = kind;
    const struct kind *k = kind_find(str_cut(&view, '/', &name) ? name : kind);

    if (!k || !k->read)
        return fail(err, ERR_INVALID, "files of type \"" STR_FMT "\" are not read", STR_ARG(kind));
    return k->read(mem, fd, size, kind, filename, ret, err);
}

/* What a file says of itself of which nothing is read. */
static void describe_nothing(struct file_row *row)
{
    row->record = row->run_exports = row->about = row->facts = S("{}");
}

enum err_code kind_inspect_fd(const struct kind *k, struct app *app, struct arena *mem, int fd,
                              uint64_t size, const struct upload_row *upload, struct file_row *file,
                              struct err *err)
{
    struct inspected found = {0};
    struct file_row row = *file;
    enum err_code rc;

    describe_nothing(&row);
    if (k->read &&
        ((rc = inspect_file(app->inspector, mem, fd, size, k->name, row.filename, &found, err)) ||
         (rc = k->describe(mem, upload, &found, &row, err))))
        return rc;
    *file = row;
    return OK;
}

enum err_code kind_inspect(const struct kind *k, struct app *app, struct arena *mem,
                           const struct upload_row *upload, struct file_row *file, struct err *err)
{
    AUTO(fd_closep) int fd = -1;
    uint64_t size = 0;
    enum err_code rc = k->read ? blob_get(app->blobs, upload->sha256, &fd, &size, err) : OK;

    return rc ? rc : kind_inspect_fd(k, app, mem, fd, size, upload, file, err);
}
