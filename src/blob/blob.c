/* blob.c: the part of the stores that is the same for both: who may call what when. */
#include "blob/blob.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "blob/blob_engine.h"

#define LINK_SECONDS_MAX 604800 /* of SigV4: a week */

static enum err_code out_of_memory(struct err *err)
{
    return fail(err, ERR_NOMEM, "out of memory");
}

static bool is_digest(struct str sha256)
{
    return text_is_hex(sha256, SHA256_HEX);
}

static enum err_code no_digest(struct str sha256, enum err_code code, struct err *err)
{
    return fail(err, code, "\"" STR_FMT "\" is not a digest", STR_ARG(sha256));
}

enum err_code blob_absent(struct str sha256, struct err *err)
{
    return fail(err, ERR_NOT_FOUND, "no bytes have the digest " STR_FMT, STR_ARG(sha256));
}

/* --- the store ----------------------------------------------------------------------------- */

enum err_code blob_open(const struct blob_place *place, enum blob_use use,
                        struct blob_store **ret_store, struct err *err)
{
    const struct blob_engine *engine = place->url.len ? &blob_s3 : &blob_fs;

    return engine->open(place, use, ret_store, err);
}

void blob_close(struct blob_store *b)
{
    if (!b)
        return;
    mem_free(b->tmp);
    b->engine->close(b);
}

void blob_closep(struct blob_store **b)
{
    blob_close(*b);
    *b = NULL;
}

/* --- writing ------------------------------------------------------------------------------- */

/* known: what the bytes will be; NULL: to be found out. */
static enum err_code open_writer(struct blob_store *b, const struct blob_id *known,
                                 struct blob_writer **ret_w, struct err *err)
{
    AUTO(blob_writer_closep) struct blob_writer *w = mem_new(struct blob_writer);
    enum err_code code;

    if (!w)
        return out_of_memory(err);
    w->store = b;
    w->file = SPOOL_INIT;
    code = spool_open(&w->file, b->tmp, b->nameless, known, err);
    if (code == OK)
        *ret_w = TAKE(w);
    return code;
}

enum err_code blob_writer_open(struct blob_store *b, struct blob_writer **ret_w, struct err *err)
{
    return open_writer(b, NULL, ret_w, err);
}

static enum err_code failed_before(struct err *err)
{
    return fail(err, ERR_IO, "an earlier write of these bytes failed");
}

enum err_code blob_writer_write(struct blob_writer *w, struct str chunk, struct err *err)
{
    enum err_code code;

    if (w->state == FAILED)
        return failed_before(err);
    assert(w->state == WRITING);
    code = spool_write(&w->file, chunk, err);
    if (code)
        w->state = FAILED;
    return code;
}

enum err_code blob_writer_sync(struct blob_writer *w, struct blob_id *ret_id, struct err *err)
{
    enum err_code code;

    if (w->state == FAILED)
        return failed_before(err);
    assert(w->state == WRITING);
    w->state = FAILED; /* a failed fsync is not tried again: the kernel may have dropped pages */
    spool_finish(&w->file);
    code = w->store->engine->sync(w, err);
    if (code)
        return code;
    w->state = SYNCED;
    *ret_id = w->file.id;
    return OK;
}

/* The file may have no name any more: it is opened anew by its descriptor. */
enum err_code blob_writer_reader(struct blob_writer *w, int *ret_fd, struct err *err)
{
    char path[64];
    int fd;

    assert(w->state == SYNCED);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", w->file.fd);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(err, "cannot read what was received");
    *ret_fd = fd;
    return OK;
}

enum err_code blob_writer_publish(struct blob_writer *w, struct err *err)
{
    assert(w->state == SYNCED);
    return w->store->engine->publish(w, err);
}

void blob_writer_close(struct blob_writer *w)
{
    if (!w)
        return;
    spool_done(&w->file);
    mem_free(w);
}

void blob_writer_closep(struct blob_writer **w)
{
    blob_writer_close(*w);
    *w = NULL;
}

static enum err_code identify(struct str data, struct blob_id *ret_id, struct err *err)
{
    AUTO(digest_closep) struct digest *d = digest_open();

    if (!d)
        return out_of_memory(err);
    *ret_id = (struct blob_id){.size = data.len};
    digest_add(d, data);
    digest_finish(d, ret_id->sha256, ret_id->md5);
    return OK;
}

enum err_code blob_put(struct blob_store *b, struct str data, struct blob_id *ret_id,
                       struct err *err)
{
    AUTO(blob_writer_closep) struct blob_writer *w = NULL;
    bool there = false;
    struct blob_id id;
    enum err_code code = identify(data, &id, err);

    if (code == OK)
        code = b->engine->has(b, &id, &there, err);
    if (code == OK && !there) {
        code = open_writer(b, &id, &w, err);
        if (code == OK) {
            w->held = true;
            code = blob_writer_write(w, data, err);
        }
        if (code == OK)
            code = blob_writer_sync(w, &id, err);
        if (code == OK)
            code = blob_writer_publish(w, err);
    }
    if (code == OK)
        *ret_id = id;
    return code;
}

/* --- reading ------------------------------------------------------------------------------- */

enum err_code blob_stat(struct blob_store *b, struct str sha256, uint64_t *ret_size,
                        struct err *err)
{
    if (!is_digest(sha256))
        return no_digest(sha256, ERR_NOT_FOUND, err);
    return b->engine->stat(b, sha256, ret_size, err);
}

enum err_code blob_get(struct blob_store *b, struct str sha256, int *ret_fd, uint64_t *ret_size,
                       struct err *err)
{
    if (!is_digest(sha256))
        return no_digest(sha256, ERR_NOT_FOUND, err);
    return b->engine->get(b, sha256, ret_fd, ret_size, err);
}

enum err_code blob_read(struct blob_store *b, struct arena *mem, struct str sha256, size_t max,
                        struct str *ret_bytes, struct err *err)
{
    if (!is_digest(sha256))
        return no_digest(sha256, ERR_NOT_FOUND, err);
    return b->engine->read(b, mem, sha256, max, ret_bytes, err);
}

enum err_code blob_read_at(struct blob_store *b, struct str sha256, uint64_t offset, size_t len,
                           char *out, struct err *err)
{
    if (!is_digest(sha256))
        return no_digest(sha256, ERR_NOT_FOUND, err);
    if (offset > INT64_MAX || len > INT64_MAX - offset)
        return fail(err, ERR_INVALID, "bytes beyond any end are asked for");
    return b->engine->read_at(b, sha256, offset, len, out, err);
}

enum err_code blob_fd_read_at(int fd, uint64_t offset, size_t len, char *out, struct err *err)
{
    while (len) {
        ssize_t n = pread(fd, out, len, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, "cannot read stored bytes");
        if (n == 0)
            return fail(err, ERR_INVALID, "bytes past the end are asked for");
        out += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return OK;
}

enum err_code blob_fd_read(int fd, struct arena *mem, size_t max, struct str *ret_bytes,
                           struct err *err)
{
    enum err_code code;
    struct stat st;
    char *bytes;

    if (fstat(fd, &st))
        return fail_errno(err, "cannot look at stored bytes");
    if ((uint64_t)st.st_size > max)
        return fail(err, ERR_TOO_BIG, "there are %jd bytes, more than %zu", (intmax_t)st.st_size,
                    max);
    bytes = arena_alloc(mem, (size_t)st.st_size + 1, 1);
    if (!bytes)
        return out_of_memory(err);
    code = blob_fd_read_at(fd, 0, (size_t)st.st_size, bytes, err);
    if (code == OK)
        *ret_bytes = (struct str){bytes, (size_t)st.st_size};
    return code;
}

bool blob_is_remote(const struct blob_store *b)
{
    return b->engine->link != NULL;
}

enum err_code blob_path(struct blob_store *b, struct arena *mem, struct str sha256,
                        struct str *ret_path, struct err *err)
{
    if (!is_digest(sha256))
        return no_digest(sha256, ERR_NOT_FOUND, err);
    return b->engine->path(b, mem, sha256, ret_path, err);
}

enum err_code blob_link(struct blob_store *b, struct arena *mem, struct str sha256,
                        unsigned seconds, struct str type, struct str disposition,
                        struct str *ret_url, struct err *err)
{
    const struct blob_link_want want = {sha256, seconds, type, disposition};

    if (!b->engine->link)
        return fail(err, ERR_INVALID, "files in a folder have no links");
    if (!is_digest(sha256))
        return no_digest(sha256, ERR_INVALID, err);
    if (seconds == 0 || seconds > LINK_SECONDS_MAX)
        return fail(err, ERR_INVALID, "a link cannot be valid for %u seconds", seconds);
    return b->engine->link(b, mem, &want, ret_url, err);
}

/* --- removing and listing ------------------------------------------------------------------ */

enum err_code blob_remove(struct blob_store *b, struct str sha256, struct err *err)
{
    if (!is_digest(sha256))
        return no_digest(sha256, ERR_INVALID, err);
    return b->engine->remove(b, sha256, err);
}

enum err_code blob_list(struct blob_store *b, struct str first_digits, blob_list_fn *fn, void *ctx,
                        struct err *err)
{
    if (!text_is_hex(first_digits, 2))
        return fail(err, ERR_INVALID, "\"" STR_FMT "\" are not two digits", STR_ARG(first_digits));
    return b->engine->list(b, first_digits, fn, ctx, err);
}

enum err_code blob_sweep(struct blob_store *b, int64_t before_ms, size_t *ret_count,
                         struct err *err)
{
    return b->engine->sweep(b, before_ms, ret_count, err);
}
