/* fs.c: durable files (write, fsync, rename, fsync of the folder) and the lock file. */
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/rand.h"

#define READ_CHUNK   ((size_t)64 * 1024)
#define WRITE_CHUNK  ((size_t)1 << 30) /* the kernel writes at most 2 GiB at once */
#define FILE_MODE    0600
#define FOLDER_MODE  0700
#define RANDOM_CHARS 12

#ifdef TERRARIUM_FAULTS
#include <signal.h>
#include <stdatomic.h>

/* Splits "point:n:what" of the environment; false if it is not about the point of this name. */
static bool fault_wanted(const char *name, uint64_t *ret_n, struct str *ret_what)
{
    struct str rest = str_of(getenv("TERRARIUM_FAULT"));
    struct str point, number;

    if (!rest.len)
        return false;
    if (!str_cut(&rest, ':', &point) || !str_cut(&rest, ':', &number) ||
        !str_u64(number, INT_MAX, ret_n))
        abort(); /* a test with a typing error must not pass */
    if (!str_eq(point, str_of(name)))
        return false;
    *ret_what = rest;
    return true;
}

static atomic_ullong passes; /* only one point is watched in a process */

unsigned long long fault_passes(void)
{
    return atomic_load(&passes);
}

int fault_point(const char *name)
{
    struct str what;
    uint64_t n;

    if (!fault_wanted(name, &n, &what) || atomic_fetch_add(&passes, 1) + 1 != n)
        return 0;
    if (str_eq(what, S("ENOSPC")))
        return ENOSPC;
    if (str_eq(what, S("EIO")))
        return EIO;
    if (str_eq(what, S("EDEADLK")))
        return EDEADLK;
    if (str_eq(what, S("KILL")))
        (void)kill(getpid(), SIGKILL); /* does not return */
    abort();
}
#endif

/* Sets errno and returns true if a test wants the point to fail. */
static bool faulty(int fault)
{
    if (fault)
        errno = fault;
    return fault != 0;
}

void fd_closep(int *fd)
{
    int keep = errno;

    if (*fd >= 0)
        (void)close(*fd); /* what must be durable was fsynced before */
    *fd = -1;
    errno = keep;
}

int fd_take(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

static enum err_code out_of_memory(struct err *err)
{
    return fail(err, ERR_NOMEM, "out of memory");
}

/* Opens for reading; a missing file is ERR_NOT_FOUND. */
static enum err_code open_existing(const char *path, int flags, int *ret_fd, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | flags);

    if (fd < 0 && errno == ENOENT)
        return fail(err, ERR_NOT_FOUND, "there is no \"%s\"", path);
    if (fd < 0)
        return fail_errno(err, "cannot open \"%s\"", path);
    *ret_fd = fd;
    return OK;
}

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum err_code fs_mkdirs(const char *path, struct err *err)
{
    char part[PATH_MAX];
    size_t len = strlen(path);

    if (!len || len >= sizeof(part))
        return fail(err, ERR_INVALID, "the length of the path \"%s\" is not valid", path);
    memcpy(part, path, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        part[i] = '\0';
        if (mkdir(part, FOLDER_MODE)) {
            int cause = errno; /* not always EEXIST for a folder that exists, say read-only */

            if (!is_folder(part)) {
                errno = cause;
                return fail_errno(err, "cannot create the folder \"%s\"", part);
            }
        }
        part[i] = path[i];
    }
    return OK;
}

/* Reads to the end of the file, or until b holds its maximum. */
static enum err_code read_into(int fd, const char *path, struct buf *b, struct err *err)
{
    while (b->len < b->max) {
        size_t room = b->max - b->len < READ_CHUNK ? b->max - b->len : READ_CHUNK;
        char *to = buf_reserve(b, room);
        ssize_t n;

        if (!to)
            return out_of_memory(err);
        n = read(fd, to, room);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, "cannot read \"%s\"", path);
        if (n == 0)
            break;
        buf_commit(b, (size_t)n);
    }
    return OK;
}

enum err_code fs_read(struct arena *a, const char *path, size_t max, struct str *ret_data,
                      struct err *err)
{
    /* One byte more than allowed tells a file that is too big. The size of the file is not
     * asked for: it may change, and files of /proc have none. */
    AUTO(buf_done) struct buf b = BUF_INIT(max < SIZE_MAX / 2 ? max + 1 : SIZE_MAX / 2);
    AUTO(fd_closep) int fd = -1;
    enum err_code code;
    char *data;

    if ((code = open_existing(path, 0, &fd, err)))
        return code;
    if ((code = read_into(fd, path, &b, err)))
        return code;
    if (b.len > max)
        return fail(err, ERR_TOO_BIG, "\"%s\" has more than %zu bytes", path, max);
    data = str_z(a, buf_str(&b));
    if (!data)
        return out_of_memory(err);
    *ret_data = (struct str){data, b.len};
    return OK;
}

enum err_code fs_read_fd(struct arena *a, int fd, uint64_t size, struct str *ret_data,
                         struct err *err)
{
    char *data = arena_alloc(a, size ? size : 1, 1);
    size_t got = 0;

    if (!data)
        return out_of_memory(err);
    while (got < size) {
        ssize_t n = pread(fd, data + got, size - got, (off_t)got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, "cannot read");
        if (n == 0)
            return fail(err, ERR_IO, "the file ends after %zu of %llu bytes", got,
                        (unsigned long long)size);
        got += (size_t)n;
    }
    *ret_data = (struct str){data, size};
    return OK;
}

enum err_code fs_write_all(int fd, struct str data, struct err *err)
{
    while (data.len) {
        struct str chunk = str_sub(data, 0, WRITE_CHUNK);
        ssize_t n = faulty(fault_point("fs.write")) ? -1 : write(fd, chunk.ptr, chunk.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, "cannot write");
        data = str_from(data, (size_t)n);
    }
    return OK;
}

static enum err_code sync_fd(int fd, const char *path, struct err *err)
{
    if (faulty(fault_point("fs.fsync")) || fsync(fd))
        return fail_errno(err, "cannot fsync \"%s\"", path);
    return OK;
}

/* fsync of the folder that path lies in, which makes a rename in it durable. */
static enum err_code sync_parent(const char *path, struct err *err)
{
    AUTO(fd_closep) int fd = -1;
    struct str folder, name;
    char z[PATH_MAX] = ".";
    enum err_code code;

    if (str_cut_last(str_of(path), '/', &folder, &name)) {
        if (!folder.len)
            folder = S("/");
        if (folder.len >= sizeof(z))
            return fail(err, ERR_INVALID, "the path \"%s\" is too long", path);
        memcpy(z, folder.ptr, folder.len);
        z[folder.len] = '\0';
    }
    if ((code = open_existing(z, O_DIRECTORY, &fd, err)))
        return code;
    return sync_fd(fd, z, err);
}

enum err_code fs_rename_durable(const char *from, const char *to, struct err *err)
{
    if (faulty(fault_point("fs.rename")) || rename(from, to))
        return fail_errno(err, "cannot rename \"%s\" to \"%s\"", from, to);
    return sync_parent(to, err);
}

/* Writes a new file and fsyncs it. On failure it may be left behind, half written. */
static enum err_code write_new(const char *path, struct str data, struct err *err)
{
    AUTO(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    enum err_code code;

    if (fd < 0)
        return fail_errno(err, "cannot create \"%s\"", path);
    if ((code = fs_write_all(fd, data, err)))
        return code;
    return sync_fd(fd, path, err);
}

enum err_code fs_write_durable(const char *path, struct str data, struct err *err)
{
    char temp[PATH_MAX], random[RANDOM_CHARS + 1];
    enum err_code code;
    int len;

    rand_text(random, RANDOM_CHARS);
    len = snprintf(temp, sizeof(temp), "%s.tmp-%s", path, random);
    if (len < 0 || (size_t)len >= sizeof(temp))
        return fail(err, ERR_INVALID, "the path \"%s\" is too long", path);
    code = write_new(temp, data, err);
    if (!code)
        code = fs_rename_durable(temp, path, err);
    if (code)
        (void)unlink(temp); /* it may not exist, or be renamed already */
    return code;
}

/* ERR_BUSY with the id of the process that holds the lock, as far as the file tells. */
static enum err_code say_who_holds(int fd, const char *path, struct err *err)
{
    char text[24];
    ssize_t n = pread(fd, text, sizeof(text), 0);
    struct str rest = {text, n > 0 ? (size_t)n : 0};
    struct str first;
    uint64_t pid;

    if (str_cut(&rest, '\n', &first) && str_u64(first, INT_MAX, &pid))
        return fail(err, ERR_BUSY, "\"%s\" is locked by process %d", path, (int)pid);
    return fail(err, ERR_BUSY, "\"%s\" is locked by another process", path);
}

enum err_code fs_lock(const char *path, int *ret_fd, struct err *err)
{
    AUTO(fd_closep) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char text[24];
    enum err_code code;
    int len;

    if (fd < 0)
        return fail_errno(err, "cannot open \"%s\"", path);
    /* Bound to the open file, not to the process: closing another descriptor of the same file
     * does not give it up. */
    if (fcntl(fd, F_OFD_SETLK, &lock)) {
        if (errno == EAGAIN || errno == EACCES)
            return say_who_holds(fd, path, err);
        return fail_errno(err, "cannot lock \"%s\"", path);
    }
    len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
    if (ftruncate(fd, 0))
        return fail_errno(err, "cannot empty \"%s\"", path);
    if ((code = fs_write_all(fd, (struct str){text, (size_t)len}, err)))
        return code;
    *ret_fd = fd_take(&fd);
    return OK;
}

static void close_dir(DIR **dir)
{
    if (*dir)
        (void)closedir(*dir); /* nothing was written through it */
}

static enum err_code remove_files(DIR *dir, const char *path, struct err *err)
{
    struct dirent *entry;
    struct stat st;

    for (;;) {
        errno = 0; /* readdir() tells the end from a failure by it alone */
        entry = readdir(dir);
        if (!entry)
            break;
        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode) && unlinkat(dirfd(dir), entry->d_name, 0) && errno != ENOENT)
            return fail_errno(err, "cannot remove \"%s/%s\"", path, entry->d_name);
    }
    if (errno)
        return fail_errno(err, "cannot list \"%s\"", path);
    return OK;
}

enum err_code fs_empty_dir(const char *path, struct err *err)
{
    AUTO(fd_closep) int fd = -1;
    AUTO(close_dir) DIR *dir = NULL;
    enum err_code code;

    if ((code = open_existing(path, O_DIRECTORY, &fd, err)))
        return code;
    dir = fdopendir(fd);
    if (!dir)
        return fail_errno(err, "cannot list \"%s\"", path);
    (void)fd_take(&fd); /* closed by closedir() from now on */
    return remove_files(dir, path, err);
}
