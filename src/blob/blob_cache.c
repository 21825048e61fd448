/* blob_cache.c: a list in memory, in the order of use, of the files in a folder. */
#include "blob/blob_cache.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#define CHAINS     16384u
#define PATH_TAIL  (4 + SHA256_HEX) /* "/ab/" and the digest */
#define CHECK_STEP (64 * KIB)
/* Files that a list of them may hold when the cache is opened, some 50 bytes each. */
#define FOUND_MAX GIB
/* A file's time is set anew not more often than this, so that the order of use outlives us. */
#define TOUCH_SECONDS 60

struct entry {
    struct entry *chain;
    struct entry *older, *newer;
    uint8_t sha256[SHA256_LEN];
    uint64_t size;
    int64_t touched; /* seconds of some clock */
    bool checked;    /* compared with its digest, by whoever made it or since */
};

/* A copy that is being made. */
struct flight {
    struct flight *next;
    uint8_t sha256[SHA256_LEN];
    unsigned waiting;
    bool over; /* then: */
    enum err_code code;
    struct err why;
};

struct blob_cache {
    char *dir;
    uint64_t max;
    pthread_mutex_t lock; /* of all below; never held with another lock, nor while bytes are read */
    pthread_cond_t landed;
    struct entry *oldest, *newest;
    uint64_t bytes;
    struct flight *flights;
    struct entry *chains[CHAINS];
};

static void must(int rc)
{
    assert(rc == 0); /* these calls fail only when misused */
    (void)rc;
}

static enum err_code out_of_memory(struct err *err)
{
    return fail(err, ERR_NOMEM, "out of memory");
}

static enum err_code no_copy(struct err *err)
{
    return fail(err, ERR_NOT_FOUND, "there is no local copy");
}

void blob_cache_path(const struct blob_cache *c, struct str sha256, char out[PATH_MAX])
{
    int len;

    assert(sha256.len == SHA256_HEX);
    len = snprintf(out, PATH_MAX, "%s/%.2s/%.*s", c->dir, sha256.ptr, SHA256_HEX, sha256.ptr);
    assert(len > 0 && len < PATH_MAX); /* blob_cache_open made sure */
    (void)len;
}

bool blob_cache_keeps(const struct blob_cache *c, uint64_t size)
{
    return c->max && size <= c->max / 4;
}

/* --- the list; all with the lock held, or before there are threads ------------------------- */

static struct entry **chain_of(struct blob_cache *c, const uint8_t *sha256)
{
    return &c->chains[(sha256[0] | (unsigned)sha256[1] << 8) % CHAINS];
}

static struct entry *find(struct blob_cache *c, const uint8_t *sha256)
{
    struct entry *e = *chain_of(c, sha256);

    while (e && memcmp(e->sha256, sha256, SHA256_LEN) != 0)
        e = e->chain;
    return e;
}

static void unlist(struct blob_cache *c, struct entry *e)
{
    *(e->older ? &e->older->newer : &c->oldest) = e->newer;
    *(e->newer ? &e->newer->older : &c->newest) = e->older;
}

static void list_as_newest(struct blob_cache *c, struct entry *e)
{
    e->older = c->newest;
    e->newer = NULL;
    *(e->older ? &e->older->newer : &c->oldest) = e;
    c->newest = e;
}

static void forget(struct blob_cache *c, struct entry *e)
{
    struct entry **at = chain_of(c, e->sha256);

    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
    unlist(c, e);
    c->bytes -= e->size;
    mem_free(e);
}

static bool insert(struct blob_cache *c, const uint8_t *sha256, uint64_t size, bool checked)
{
    struct entry *e = mem_new(struct entry), **chain = chain_of(c, sha256);

    if (!e)
        return false;
    memcpy(e->sha256, sha256, SHA256_LEN);
    e->size = size;
    e->checked = checked;
    e->chain = *chain;
    *chain = e;
    list_as_newest(c, e);
    c->bytes += size;
    return true;
}

static void remove_file(const struct blob_cache *c, const uint8_t *sha256)
{
    char hex[SHA256_HEX + 1], path[PATH_MAX];

    text_hex(sha256, SHA256_LEN, hex);
    blob_cache_path(c, str_of(hex), path);
    (void)unlink(path); /* if not now, then when it is found at opening */
}

static void evict(struct blob_cache *c)
{
    while (c->bytes > c->max) {
        struct entry *e = c->oldest;

        assert(e); /* somebody has the bytes */
        remove_file(c, e->sha256);
        forget(c, e);
    }
}

static void parse(struct str hex, uint8_t sha256[SHA256_LEN])
{
    bool ok = text_unhex(hex, sha256, SHA256_LEN);

    assert(ok); /* only digests come here */
    (void)ok;
}

/* --- opening ------------------------------------------------------------------------------- */

struct found {
    struct timespec used;
    uint64_t size;
    uint8_t sha256[SHA256_LEN];
};

static void close_dir(DIR **dir)
{
    if (*dir)
        (void)closedir(*dir); /* nothing was written through it */
}

/* What cannot be read is no copy, and no reason not to serve. Nor is a file that lies in another
 * folder than that of its first digits: nothing would find it, and what is evicted for it is the
 * file that lies where it belongs. */
static void look_into(const char *path, uint8_t first, struct buf *all)
{
    AUTO(close_dir) DIR *dir = opendir(path);
    struct dirent *entry;
    struct stat st;

    while (dir && (entry = readdir(dir)) != NULL) {
        struct found f = {0};

        if (!text_is_hex(str_of(entry->d_name), SHA256_HEX) ||
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
            continue;
        f.used = st.st_mtim;
        f.size = (uint64_t)st.st_size;
        parse(str_of(entry->d_name), f.sha256);
        if (f.sha256[0] == first)
            buf_add(all, (struct str){(const char *)&f, sizeof(f)});
    }
}

static int by_use(const void *a, const void *b)
{
    const struct found *x = a, *y = b;

    if (x->used.tv_sec != y->used.tv_sec)
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    return (x->used.tv_nsec > y->used.tv_nsec) - (x->used.tv_nsec < y->used.tv_nsec);
}

static enum err_code take_over(struct blob_cache *c, struct err *err)
{
    AUTO(buf_done) struct buf all = BUF_INIT(FOUND_MAX);
    struct found f;

    for (unsigned i = 0; i < 256; i++) {
        char path[PATH_MAX];

        (void)snprintf(path, sizeof(path), "%s/%02x", c->dir, i);
        if (mkdir(path, 0700) && errno != EEXIST)
            return fail_errno(err, "cannot create the folder \"%s\"", path);
        look_into(path, (uint8_t)i, &all);
    }
    if (!buf_ok(&all))
        return out_of_memory(err);
    if (all.len)
        qsort(all.ptr, all.len / sizeof(f), sizeof(f), by_use);
    for (size_t at = 0; at < all.len; at += sizeof(f)) {
        memcpy(&f, all.ptr + at, sizeof(f));
        if (!insert(c, f.sha256, f.size, false))
            return out_of_memory(err);
    }
    evict(c);
    return OK;
}

enum err_code blob_cache_open(const char *dir, uint64_t max, struct blob_cache **ret_cache,
                              struct err *err)
{
    struct blob_cache *c;
    enum err_code code;

    if (strlen(dir) + PATH_TAIL >= PATH_MAX)
        return fail(err, ERR_INVALID, "the path of the folder for copies is too long");
    code = fs_mkdirs(dir, err);
    if (code)
        return code;
    c = mem_new(struct blob_cache);
    if (!c)
        return out_of_memory(err);
    c->max = max;
    must(pthread_mutex_init(&c->lock, NULL));
    must(pthread_cond_init(&c->landed, NULL));
    c->dir = mem_dup(dir, strlen(dir));
    code = c->dir ? take_over(c, err) : out_of_memory(err);
    if (code)
        blob_cache_close(c);
    else
        *ret_cache = c;
    return code;
}

void blob_cache_close(struct blob_cache *c)
{
    if (!c)
        return;
    assert(!c->flights);
    while (c->oldest)
        forget(c, c->oldest);
    must(pthread_cond_destroy(&c->landed));
    must(pthread_mutex_destroy(&c->lock));
    mem_free(c->dir);
    mem_free(c);
}

/* --- use ----------------------------------------------------------------------------------- */

/* Is there a copy? Then it is now the one used last. */
static bool use(struct blob_cache *c, const uint8_t *sha256, bool *ret_checked, bool *ret_touch)
{
    int64_t now = (int64_t)time(NULL);
    struct entry *e;

    must(pthread_mutex_lock(&c->lock));
    e = find(c, sha256);
    if (e) {
        unlist(c, e);
        list_as_newest(c, e);
        *ret_checked = e->checked;
        *ret_touch = now - e->touched >= TOUCH_SECONDS || now < e->touched;
        if (*ret_touch)
            e->touched = now;
    }
    must(pthread_mutex_unlock(&c->lock));
    return e != NULL;
}

/* Does the file hold the bytes that its name says? */
static bool is_whole(int fd, struct str sha256)
{
    AUTO(digest_closep) struct digest *d = digest_open();
    char *piece = mem_get(CHECK_STEP), is[SHA256_HEX + 1] = "", md5[MD5_HEX + 1];
    off_t at = 0;
    ssize_t n = d && piece ? 1 : -1;

    while (n > 0) {
        n = pread(fd, piece, CHECK_STEP, at);
        if (n > 0) {
            digest_add(d, (struct str){piece, (size_t)n});
            at += n;
        }
    }
    if (n == 0)
        digest_finish(d, is, md5);
    mem_free(piece);
    return str_eq(str_of(is), sha256);
}

static void note_checked(struct blob_cache *c, const uint8_t *sha256)
{
    struct entry *e;

    must(pthread_mutex_lock(&c->lock));
    e = find(c, sha256);
    if (e)
        e->checked = true;
    must(pthread_mutex_unlock(&c->lock));
}

enum err_code blob_cache_get(struct blob_cache *c, struct str sha256, int *ret_fd,
                             uint64_t *ret_size, struct err *err)
{
    AUTO(fd_closep) int fd = -1;
    uint8_t key[SHA256_LEN];
    bool checked, touch;
    char path[PATH_MAX];
    struct stat st;

    parse(sha256, key);
    if (!use(c, key, &checked, &touch))
        return no_copy(err);
    blob_cache_path(c, sha256, path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) || (!checked && !is_whole(fd, sha256))) {
        blob_cache_drop(c, sha256);
        return no_copy(err);
    }
    if (!checked)
        note_checked(c, key);
    if (touch)
        (void)futimens(fd, NULL); /* only the order of use, should we start again */
    *ret_size = (uint64_t)st.st_size;
    *ret_fd = fd_take(&fd);
    return OK;
}

enum err_code blob_cache_add(struct blob_cache *c, struct spool *s, struct err *err)
{
    uint8_t key[SHA256_LEN];
    char path[PATH_MAX];
    enum err_code code;
    struct entry *e;
    bool ok;

    parse(str_of(s->id.sha256), key);
    blob_cache_path(c, str_of(s->id.sha256), path);
    must(pthread_mutex_lock(&c->lock)); /* file and list change together */
    code = spool_rename(s, path, err);
    e = code ? NULL : find(c, key);
    if (e)
        forget(c, e);
    ok = code || insert(c, key, s->id.size, true);
    if (!ok)
        remove_file(c, key);
    evict(c);
    must(pthread_mutex_unlock(&c->lock));
    return ok ? code : out_of_memory(err);
}

void blob_cache_drop(struct blob_cache *c, struct str sha256)
{
    uint8_t key[SHA256_LEN];
    struct entry *e;

    parse(sha256, key);
    must(pthread_mutex_lock(&c->lock));
    e = find(c, key);
    if (e) {
        remove_file(c, key);
        forget(c, e);
    }
    must(pthread_mutex_unlock(&c->lock));
}

/* --- many who want the same ---------------------------------------------------------------- */

static struct flight *find_flight(struct blob_cache *c, const uint8_t *sha256)
{
    struct flight *f = c->flights;

    while (f && (f->over || memcmp(f->sha256, sha256, SHA256_LEN) != 0))
        f = f->next;
    return f;
}

static void unlink_flight(struct blob_cache *c, struct flight *f)
{
    struct flight **at = &c->flights;

    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
    mem_free(f);
}

static void wait_for(struct blob_cache *c, struct flight *f, enum err_code *ret_code,
                     struct err *err)
{
    f->waiting++;
    while (!f->over)
        must(pthread_cond_wait(&c->landed, &c->lock));
    *ret_code = f->code;
    if (f->code && err)
        *err = f->why;
    if (--f->waiting == 0)
        unlink_flight(c, f);
}

bool blob_cache_begin(struct blob_cache *c, struct str sha256, enum err_code *ret_code,
                      struct err *err)
{
    uint8_t key[SHA256_LEN];
    struct flight *f;
    bool ours = false;

    parse(sha256, key);
    must(pthread_mutex_lock(&c->lock));
    f = find_flight(c, key);
    if (f) {
        wait_for(c, f, ret_code, err);
    } else if (!(f = mem_new(struct flight))) {
        *ret_code = out_of_memory(err);
    } else {
        memcpy(f->sha256, key, SHA256_LEN);
        f->next = c->flights;
        c->flights = f;
        ours = true;
    }
    must(pthread_mutex_unlock(&c->lock));
    return ours;
}

void blob_cache_end(struct blob_cache *c, struct str sha256, enum err_code code,
                    const struct err *why)
{
    uint8_t key[SHA256_LEN];
    struct flight *f;

    parse(sha256, key);
    must(pthread_mutex_lock(&c->lock));
    f = find_flight(c, key);
    assert(f);
    f->over = true;
    f->code = code;
    f->why = *why;
    if (f->waiting)
        must(pthread_cond_broadcast(&c->landed));
    else
        unlink_flight(c, f);
    must(pthread_mutex_unlock(&c->lock));
}
