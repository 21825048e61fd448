#include "core/preview.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/gate.h"
#include "blob/blob.h"
#include "core/inspect.h"

/* A reader may use 512 MiB and half a minute: what strangers can start by looking is bounded. */
static struct gate gate = GATE_INIT(2, 6);

static enum err_code read_file(struct app *app, struct arena *mem, const struct file_row *file,
                               struct str word, struct inspected *ret, struct err *err)
{
    AUTO(fd_closep) int fd = -1;
    uint64_t size;
    enum err_code rc = blob_get(app->blobs, file->sha256, &fd, &size, err);

    if (rc == ERR_NOT_FOUND) /* a row promises it */
        return fail(err, ERR_IO, "the bytes of \"" STR_FMT "\" are gone", STR_ARG(file->basename));
    if (rc)
        return rc;
    if (!gate_enter(&gate))
        return fail(err, ERR_BUSY, "too many files are read at once; try again in a moment");
    rc = inspect_file(app->inspector, mem, fd, size, word, file->filename, ret, err);
    gate_leave(&gate);
    return rc;
}

enum err_code preview_make(struct app *app, struct arena *mem, const struct file_row *file,
                           struct str word, struct str *ret, struct err *err)
{
    struct inspected found = {0};
    size_t size = 0;
    char *out;
    enum err_code rc = read_file(app, mem, file, word, &found, err);

    if (rc)
        return rc;
    for (size_t i = 0; i < INSPECTED_TEXTS; i++)
        size += found.texts[i].len;
    if (size == found.texts[0].len) {
        *ret = found.texts[0];
        return OK;
    }
    if (!(out = arena_alloc(mem, size, 1)))
        return fail(err, ERR_NOMEM, "out of memory");
    *ret = (struct str){out, size};
    for (size_t i = 0; i < INSPECTED_TEXTS; i++) {
        if (found.texts[i].len)
            memcpy(out, found.texts[i].ptr, found.texts[i].len);
        out += found.texts[i].len;
    }
    return OK;
}
