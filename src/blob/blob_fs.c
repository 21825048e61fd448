/* blob_fs.c: blobs as files: <dir>/ab/<sha256>, where ab are its first digits.
 *
 * The 256 folders are made when the store is opened, so that a put costs two fsyncs, that of the
 * file and that of its folder, and none for folders on the way.
 *
 * Bytes are written to <dir>/tmp under a name nobody guesses, fsynced, and then renamed to their
 * digest: a file under a digest is always whole. */
#include "blob/blob.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/text.h"

#define TEMP_NAME_CHARS 20
/* What is added to dir at most: "/ab/" and the digest. */
#define PATH_TAIL (4 + SHA256_HEX)

struct blob_store {
    char *dir;
    bool for_writing;
};

struct blob_writer {
    struct blob_store *store;
    int fd;
    char *temp; /* path; NULL once published */
    enum { WRITING, SYNCED, PUBLISHED, FAILED } state;
    struct digest *digest; /* NULL: id was known from the start */
    struct blob_id id;
};

static enum err_code out_of_memory(struct err *err)
{
    return fail(err, ERR_NOMEM, "out of memory");
}

/* The errno of a fault that a test wants here becomes a failure of the call that follows. */
static bool faulty(int fault)
{
    if (fault)
        errno = fault;
    return fault != 0;
}

static bool is_digest(struct str sha256)
{
    return text_is_hex(sha256, SHA256_HEX);
}

/* Writes the path of a blob; out[PATH_MAX] is long enough because blob_open made sure. */
static void path_of(const struct blob_store *b, struct str sha256, char *out)
{
    int len;

    assert(is_digest(sha256));
    len = snprintf(out, PATH_MAX, "%s/%.2s/%.*s", b->dir, sha256.ptr, SHA256_HEX, sha256.ptr);
    assert(len > 0 && len < PATH_MAX);
    (void)len;
}

/* --- the store ----------------------------------------------------------------------------- */

static enum err_code sync_folder(const char *path, struct err *err)
{
    AUTO(fd_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || faulty(fault_point("blob.fsync_folder")) || fsync(fd))
        return fail_errno(err, "cannot fsync the folder \"%s\"", path);
    return OK;
}

static enum err_code make_leaves(const struct blob_store *b, struct err *err)
{
    char path[PATH_MAX];

    for (unsigned i = 0; i < 256; i++) {
        (void)snprintf(path, sizeof(path), "%s/%02x", b->dir, i);
        if (mkdir(path, 0700) && errno != EEXIST)
            return fail_errno(err, "cannot create the folder \"%s\"", path);
    }
    /* Even if all were there: whoever made them may have been cut short before this. */
    return sync_folder(b->dir, err);
}

static enum err_code prepare_folders(const struct blob_store *b, struct err *err)
{
    char tmp[PATH_MAX];
    enum err_code code;

    (void)snprintf(tmp, sizeof(tmp), "%s/tmp", b->dir);
    code = fs_mkdirs(tmp, err);
    if (code == OK && b->for_writing)
        code = fs_empty_dir(tmp, err);
    if (code == OK && b->for_writing)
        code = make_leaves(b, err);
    return code;
}

enum err_code blob_open(const struct blob_place *place, enum blob_use use,
                        struct blob_store **ret_store, struct err *err)
{
    AUTO(blob_closep) struct blob_store *b = NULL;
    const char *dir = place->dir;
    size_t len = strlen(dir);
    enum err_code code;

    if (len == 0 || len + PATH_TAIL >= PATH_MAX)
        return fail(err, ERR_INVALID, "the path of the blob folder is empty or too long");
    b = mem_new(struct blob_store);
    if (!b)
        return out_of_memory(err);
    b->for_writing = use == BLOB_SERVE;
    b->dir = mem_dup(dir, len);
    if (!b->dir)
        return out_of_memory(err);
    code = prepare_folders(b, err);
    if (code == OK)
        *ret_store = TAKE(b);
    return code;
}

void blob_close(struct blob_store *b)
{
    if (!b)
        return;
    mem_free(b->dir);
    mem_free(b);
}

void blob_closep(struct blob_store **b)
{
    blob_close(*b);
    *b = NULL;
}

/* Makes the entry of a blob durable. */
static enum err_code sync_leaf(const struct blob_store *b, struct str sha256, struct err *err)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/%.2s", b->dir, sha256.ptr);
    return sync_folder(path, err);
}

/* --- writing ------------------------------------------------------------------------------- */

static enum err_code open_temp(struct blob_writer *w, struct err *err)
{
    char path[PATH_MAX], name[TEMP_NAME_CHARS + 1];
    int len;

    rand_text(name, TEMP_NAME_CHARS);
    len = snprintf(path, sizeof(path), "%s/tmp/%s", w->store->dir, name);
    w->temp = mem_dup(path, (size_t)len);
    if (!w->temp)
        return out_of_memory(err);
    w->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return w->fd < 0 ? fail_errno(err, "cannot create \"%s\"", path) : OK;
}

/* known: what the bytes will be; NULL: to be found out. */
static enum err_code open_writer(struct blob_store *b, const struct blob_id *known,
                                 struct blob_writer **ret_w, struct err *err)
{
    AUTO(blob_writer_closep) struct blob_writer *w = mem_new(struct blob_writer);
    enum err_code code;

    if (!w)
        return out_of_memory(err);
    w->store = b;
    w->fd = -1;
    if (known)
        w->id = *known;
    else if (!(w->digest = digest_open()))
        return out_of_memory(err);
    code = open_temp(w, err);
    if (code == OK)
        *ret_w = TAKE(w);
    return code;
}

enum err_code blob_writer_open(struct blob_store *b, struct blob_writer **ret_w, struct err *err)
{
    return open_writer(b, NULL, ret_w, err);
}

enum err_code blob_writer_write(struct blob_writer *w, struct str chunk, struct err *err)
{
    enum err_code code;

    if (w->state == FAILED)
        return fail(err, ERR_IO, "an earlier write of these bytes failed");
    assert(w->state == WRITING);
    if (faulty(fault_point("blob.write")))
        code = fail_errno(err, "cannot write \"%s\"", w->temp);
    else
        code = fs_write_all(w->fd, chunk, err);
    if (code) {
        w->state = FAILED;
        return code;
    }
    if (w->digest) {
        digest_add(w->digest, chunk);
        w->id.size += chunk.len;
    }
    return OK;
}

enum err_code blob_writer_sync(struct blob_writer *w, struct blob_id *ret_id, struct err *err)
{
    if (w->state == FAILED)
        return fail(err, ERR_IO, "an earlier write of these bytes failed");
    assert(w->state == WRITING);
    w->state = FAILED; /* a failed fsync is not tried again: the kernel may have dropped pages */
    if (faulty(fault_point("blob.fsync")) || fsync(w->fd))
        return fail_errno(err, "cannot fsync \"%s\"", w->temp);
    if (w->digest)
        digest_finish(w->digest, w->id.sha256, w->id.md5);
    w->state = SYNCED;
    *ret_id = w->id;
    return OK;
}

enum err_code blob_writer_publish(struct blob_writer *w, struct err *err)
{
    struct str sha256 = str_of(w->id.sha256);
    char path[PATH_MAX];

    assert(w->state == SYNCED);
    path_of(w->store, sha256, path);
    if (faulty(fault_point("blob.rename")) || rename(w->temp, path))
        return fail_errno(err, "cannot rename \"%s\" to \"%s\"", w->temp, path);
    w->state = PUBLISHED; /* even if what follows fails: there is no temp file any more */
    return sync_leaf(w->store, sha256, err);
}

void blob_writer_close(struct blob_writer *w)
{
    if (!w)
        return;
    if (w->fd >= 0 && w->state != PUBLISHED)
        (void)unlink(w->temp); /* else the next blob_open removes it */
    fd_closep(&w->fd);
    digest_close(w->digest);
    mem_free(w->temp);
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

static bool is_there(const struct blob_store *b, const struct blob_id *id)
{
    char path[PATH_MAX];
    struct stat st;

    path_of(b, str_of(id->sha256), path);
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == id->size;
}

enum err_code blob_put(struct blob_store *b, struct str data, struct blob_id *ret_id,
                       struct err *err)
{
    AUTO(blob_writer_closep) struct blob_writer *w = NULL;
    struct blob_id id;
    enum err_code code = identify(data, &id, err);

    if (code == OK && is_there(b, &id)) {
        code = sync_leaf(b, str_of(id.sha256), err); /* its rename may not be on disk yet */
    } else {
        if (code == OK)
            code = open_writer(b, &id, &w, err);
        if (code == OK)
            code = blob_writer_write(w, data, err);
        if (code == OK)
            code = blob_writer_sync(w, &id, err);
        if (code == OK)
            code = blob_writer_publish(w, err);
    }
    if (code == OK)
        *ret_id = id;
    return code;
}

/* --- reading and removing ------------------------------------------------------------------ */

enum err_code blob_get(struct blob_store *b, struct str sha256, int *ret_fd, uint64_t *ret_size,
                       struct err *err)
{
    AUTO(fd_closep) int fd = -1;
    char path[PATH_MAX];
    struct stat st;

    if (!is_digest(sha256))
        return fail(err, ERR_NOT_FOUND, "\"" STR_FMT "\" is not a digest", STR_ARG(sha256));
    path_of(b, sha256, path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return fail(err, ERR_NOT_FOUND, "no bytes have the digest " STR_FMT, STR_ARG(sha256));
    if (fd < 0 || fstat(fd, &st))
        return fail_errno(err, "cannot open \"%s\"", path);
    *ret_size = (uint64_t)st.st_size;
    *ret_fd = fd;
    fd = -1;
    return OK;
}

enum err_code blob_stat(struct blob_store *b, struct str sha256, uint64_t *ret_size,
                        struct err *err)
{
    AUTO(fd_closep) int fd = -1;

    return blob_get(b, sha256, &fd, ret_size, err);
}

enum err_code blob_read(struct blob_store *b, struct arena *mem, struct str sha256, size_t max,
                        struct str *ret_bytes, struct err *err)
{
    char path[PATH_MAX];

    if (!is_digest(sha256))
        return fail(err, ERR_NOT_FOUND, "\"" STR_FMT "\" is not a digest", STR_ARG(sha256));
    path_of(b, sha256, path);
    return fs_read(mem, path, max, ret_bytes, err);
}

enum err_code blob_read_at(struct blob_store *b, struct str sha256, uint64_t offset, size_t len,
                           char *out, struct err *err)
{
    AUTO(fd_closep) int fd = -1;
    uint64_t size;
    enum err_code code = blob_get(b, sha256, &fd, &size, err);

    if (code == OK && (offset > size || len > size - offset))
        return fail(err, ERR_INVALID, "the bytes asked for lie past the end");
    while (code == OK && len) {
        ssize_t n = pread(fd, out, len, (off_t)offset);

        if (n <= 0)
            return fail_errno(err, "cannot read blob " STR_FMT, STR_ARG(sha256));
        out += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return code;
}

bool blob_is_remote(const struct blob_store *b)
{
    (void)b;
    return false;
}

enum err_code blob_path(struct blob_store *b, struct arena *mem, struct str sha256,
                        struct str *ret_path, struct err *err)
{
    char path[PATH_MAX];

    if (!is_digest(sha256))
        return fail(err, ERR_NOT_FOUND, "\"" STR_FMT "\" is not a digest", STR_ARG(sha256));
    path_of(b, sha256, path);
    *ret_path = str_of(str_z(mem, str_of(path)));
    return ret_path->ptr && ret_path->len ? OK : out_of_memory(err);
}

enum err_code blob_link(struct blob_store *b, struct arena *mem, struct str sha256,
                        unsigned seconds, struct str type, struct str disposition,
                        struct str *ret_url, struct err *err)
{
    (void)b, (void)mem, (void)sha256, (void)seconds, (void)type, (void)disposition, (void)ret_url;
    return fail(err, ERR_INVALID, "a folder has no links");
}

enum err_code blob_list(struct blob_store *b, struct str first_digits, blob_list_fn *fn, void *ctx,
                        struct err *err)
{
    (void)b, (void)first_digits, (void)fn, (void)ctx, (void)err;
    return OK;
}

enum err_code blob_sweep(struct blob_store *b, int64_t before_ms, size_t *ret_count,
                         struct err *err)
{
    (void)b, (void)before_ms, (void)err;
    *ret_count = 0;
    return OK;
}

enum err_code blob_remove(struct blob_store *b, struct str sha256, struct err *err)
{
    char path[PATH_MAX];

    if (!is_digest(sha256))
        return fail(err, ERR_INVALID, "\"" STR_FMT "\" is not a digest", STR_ARG(sha256));
    path_of(b, sha256, path);
    if (faulty(fault_point("blob.remove")) || (unlink(path) && errno != ENOENT))
        return fail_errno(err, "cannot remove \"%s\"", path);
    return OK;
}
