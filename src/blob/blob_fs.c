/* blob_fs.c: blobs as files: <dir>/ab/<sha256>, where ab are its first digits.
 *
 * The 256 folders are made when the store is opened, so that a put costs two fsyncs, that of the
 * file and that of its folder, and none for folders on the way.
 *
 * Bytes are written to <dir>/tmp, fsynced, and then renamed to their digest: a file under a digest
 * is always whole. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "blob/blob_engine.h"

/* What is added to dir at most: "/ab/" and the digest. */
#define PATH_TAIL (4 + SHA256_HEX)
/* Names in one of the 256 folders, 65 bytes each: a store of four billion blobs. */
#define NAMES_MAX GIB

struct folder {
    struct blob_store store;
    char *dir;
};

static struct folder *folder_of(struct blob_store *b)
{
    return (struct folder *)b;
}

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

/* Writes the path of a blob; out[PATH_MAX] is long enough because folder_open made sure. */
static void path_of(const struct folder *f, struct str sha256, char *out)
{
    int len;

    assert(sha256.len == SHA256_HEX);
    len = snprintf(out, PATH_MAX, "%s/%.2s/%.*s", f->dir, sha256.ptr, SHA256_HEX, sha256.ptr);
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

static enum err_code make_leaves(const struct folder *f, struct err *err)
{
    char path[PATH_MAX];

    for (unsigned i = 0; i < 256; i++) {
        (void)snprintf(path, sizeof(path), "%s/%02x", f->dir, i);
        if (mkdir(path, 0700) && errno != EEXIST)
            return fail_errno(err, "cannot create the folder \"%s\"", path);
    }
    /* Even if all were there: whoever made them may have been cut short before this. */
    return sync_folder(f->dir, err);
}

static enum err_code prepare(struct folder *f, enum blob_use use, struct err *err)
{
    char tmp[PATH_MAX];
    enum err_code code;
    int len;

    len = snprintf(tmp, sizeof(tmp), "%s/tmp", f->dir);
    f->store.tmp = mem_dup(tmp, (size_t)len);
    if (!f->store.tmp)
        return out_of_memory(err);
    code = fs_mkdirs(tmp, err);
    if (code == OK && use == BLOB_SERVE)
        code = fs_empty_dir(tmp, err);
    if (code == OK)
        code = make_leaves(f, err);
    return code;
}

static enum err_code folder_open(const struct blob_place *place, enum blob_use use,
                                 struct blob_store **ret_store, struct err *err)
{
    AUTO(blob_closep) struct blob_store *b = NULL;
    size_t len = strlen(place->dir);
    enum err_code code;
    struct folder *f;

    if (len == 0 || len + PATH_TAIL >= PATH_MAX)
        return fail(err, ERR_INVALID, "the path of the blob folder is empty or too long");
    f = mem_new(struct folder);
    if (!f)
        return out_of_memory(err);
    b = &f->store;
    b->engine = &blob_fs;
    f->dir = mem_dup(place->dir, len);
    if (!f->dir)
        return out_of_memory(err);
    code = prepare(f, use, err);
    if (code == OK)
        *ret_store = TAKE(b);
    return code;
}

static void folder_close(struct blob_store *b)
{
    struct folder *f = folder_of(b);

    mem_free(f->dir);
    mem_free(f);
}

/* --- writing ------------------------------------------------------------------------------- */

/* Makes the entry of a blob durable. */
static enum err_code sync_leaf(const struct folder *f, struct str sha256, struct err *err)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/%.2s", f->dir, sha256.ptr);
    return sync_folder(path, err);
}

static enum err_code folder_has(struct blob_store *b, const struct blob_id *id, bool *ret_there,
                                struct err *err)
{
    struct folder *f = folder_of(b);
    enum err_code code = OK;
    char path[PATH_MAX];
    struct stat st;
    bool there;

    path_of(f, str_of(id->sha256), path);
    there = stat(path, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == id->size;
    if (there)
        code = sync_leaf(f, str_of(id->sha256), err); /* its rename may not be on disk yet */
    if (code == OK)
        *ret_there = there;
    return code;
}

static enum err_code folder_sync(struct blob_writer *w, struct err *err)
{
    if (faulty(fault_point("blob.fsync")) || fsync(w->file.fd))
        return fail_errno(err, "cannot fsync \"%s\"", w->file.path);
    return OK;
}

static enum err_code folder_publish(struct blob_writer *w, struct err *err)
{
    struct folder *f = folder_of(w->store);
    struct str sha256 = str_of(w->file.id.sha256);
    char path[PATH_MAX];
    enum err_code code;

    path_of(f, sha256, path);
    code = spool_rename(&w->file, path, err);
    if (code)
        return code;
    w->state = PUBLISHED; /* even if what follows fails: there is no temp file any more */
    return sync_leaf(f, sha256, err);
}

/* --- reading and removing ------------------------------------------------------------------ */

static enum err_code folder_stat(struct blob_store *b, struct str sha256, uint64_t *ret_size,
                                 struct err *err)
{
    char path[PATH_MAX];
    struct stat st;

    path_of(folder_of(b), sha256, path);
    if (stat(path, &st) == 0) {
        *ret_size = (uint64_t)st.st_size;
        return OK;
    }
    return errno == ENOENT ? blob_absent(sha256, err)
                           : fail_errno(err, "cannot look at \"%s\"", path);
}

static enum err_code open_blob(struct blob_store *b, struct str sha256, int *ret_fd,
                               struct err *err)
{
    char path[PATH_MAX];
    int fd;

    path_of(folder_of(b), sha256, path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        *ret_fd = fd;
        return OK;
    }
    return errno == ENOENT ? blob_absent(sha256, err) : fail_errno(err, "cannot open \"%s\"", path);
}

static enum err_code folder_get(struct blob_store *b, struct str sha256, int *ret_fd,
                                uint64_t *ret_size, struct err *err)
{
    AUTO(fd_closep) int fd = -1;
    struct stat st;
    enum err_code code = open_blob(b, sha256, &fd, err);

    if (code)
        return code;
    if (fstat(fd, &st))
        return fail_errno(err, "cannot look at " STR_FMT, STR_ARG(sha256));
    *ret_size = (uint64_t)st.st_size;
    *ret_fd = fd_take(&fd);
    return OK;
}

static enum err_code folder_read(struct blob_store *b, struct arena *mem, struct str sha256,
                                 size_t max, struct str *ret_bytes, struct err *err)
{
    AUTO(fd_closep) int fd = -1;
    enum err_code code = open_blob(b, sha256, &fd, err);

    return code ? code : blob_fd_read(fd, mem, max, ret_bytes, err);
}

static enum err_code folder_read_at(struct blob_store *b, struct str sha256, uint64_t offset,
                                    size_t len, char *out, struct err *err)
{
    AUTO(fd_closep) int fd = -1;
    enum err_code code = open_blob(b, sha256, &fd, err);

    return code ? code : blob_fd_read_at(fd, offset, len, out, err);
}

static enum err_code folder_path(struct blob_store *b, struct arena *mem, struct str sha256,
                                 struct str *ret_path, struct err *err)
{
    char path[PATH_MAX];
    char *copy;

    path_of(folder_of(b), sha256, path);
    copy = str_z(mem, str_of(path));
    if (!copy)
        return out_of_memory(err);
    *ret_path = str_of(copy);
    return OK;
}

static enum err_code folder_remove(struct blob_store *b, struct str sha256, struct err *err)
{
    char path[PATH_MAX];

    path_of(folder_of(b), sha256, path);
    if (faulty(fault_point("blob.remove")) || (unlink(path) && errno != ENOENT))
        return fail_errno(err, "cannot remove \"%s\"", path);
    return OK;
}

/* --- listing ------------------------------------------------------------------------------- */

static void close_dir(DIR **dir)
{
    if (*dir)
        (void)closedir(*dir); /* nothing was written through it */
}

/* The names of blobs in one of the 256 folders, one after the other, each with a NUL. */
static enum err_code read_names(DIR *dir, const char *path, struct str first_digits,
                                struct buf *names, struct err *err)
{
    struct dirent *entry;

    for (;;) {
        errno = 0; /* readdir() tells the end from a failure by it alone */
        entry = readdir(dir);
        if (!entry)
            break;
        if (text_is_hex(str_of(entry->d_name), SHA256_HEX) &&
            str_starts(str_of(entry->d_name), first_digits))
            buf_add(names, (struct str){entry->d_name, SHA256_HEX + 1});
    }
    if (errno)
        return fail_errno(err, "cannot list \"%s\"", path);
    return buf_ok(names) ? OK : out_of_memory(err);
}

static int by_name(const void *a, const void *b)
{
    return memcmp(a, b, SHA256_HEX);
}

static enum err_code tell(DIR *dir, struct str sha256, blob_list_fn *fn, void *ctx, struct err *err)
{
    struct stat st;

    if (fstatat(dirfd(dir), sha256.ptr, &st, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT ? OK /* removed meanwhile */
                               : fail_errno(err, "cannot look at " STR_FMT, STR_ARG(sha256));
    return S_ISREG(st.st_mode) ? fn(ctx, sha256, (uint64_t)st.st_size, err) : OK;
}

static enum err_code folder_list(struct blob_store *b, struct str first_digits, blob_list_fn *fn,
                                 void *ctx, struct err *err)
{
    AUTO(buf_done) struct buf names = BUF_INIT(NAMES_MAX);
    AUTO(close_dir) DIR *dir = NULL;
    char path[PATH_MAX];
    enum err_code code;

    (void)snprintf(path, sizeof(path), "%s/%.2s", folder_of(b)->dir, first_digits.ptr);
    dir = opendir(path);
    if (!dir)
        return fail_errno(err, "cannot list \"%s\"", path);
    code = read_names(dir, path, first_digits, &names, err);
    if (names.len)
        qsort(names.ptr, names.len / (SHA256_HEX + 1), SHA256_HEX + 1, by_name);
    for (size_t at = 0; code == OK && at < names.len; at += SHA256_HEX + 1)
        code = tell(dir, (struct str){names.ptr + at, SHA256_HEX}, fn, ctx, err);
    return code;
}

static enum err_code folder_sweep(struct blob_store *b, int64_t before_ms, size_t *ret_count,
                                  struct err *err)
{
    (void)b, (void)before_ms, (void)err; /* opening it to serve has removed what a crash left */
    *ret_count = 0;
    return OK;
}

const struct blob_engine blob_fs = {
    .open = folder_open,
    .close = folder_close,
    .has = folder_has,
    .sync = folder_sync,
    .publish = folder_publish,
    .stat = folder_stat,
    .get = folder_get,
    .read = folder_read,
    .read_at = folder_read_at,
    .path = folder_path,
    .remove = folder_remove,
    .list = folder_list,
    .sweep = folder_sweep,
};
