#include "blob_fixture.h"

#include <dirent.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/rand.h"

static struct blobs *enter(void)
{
    struct blobs *f = mem_new(struct blobs);

    assert_non_null(f);
    f->mem = arena_open(512 * MIB);
    assert_non_null(f->mem);
    (void)snprintf(f->folder, sizeof(f->folder), "%s/test_blob_XXXXXX", temp_root());
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->dir, sizeof(f->dir), "%s/blobs", f->folder);
    f->place.dir = f->dir;
    return f;
}

int blobs_enter_folder(void **state)
{
    struct blobs *f = enter();

    must(f, blob_open(&f->place, BLOB_SERVE, &f->store, &f->err));
    *state = f;
    return 0;
}

int blobs_enter_s3(void **state)
{
    struct str endpoint, bucket, where = str_of(getenv("TERRARIUM_TEST_S3"));
    struct blobs *f = enter();
    char prefix[17];

    *state = f;
    if (!str_cut_last(where, '/', &endpoint, &bucket))
        return 0;
    rand_text(prefix, sizeof(prefix) - 1);
    f->place.url = str_fmt(f->mem, "s3://" STR_FMT "/unit/%s", STR_ARG(bucket), prefix);
    f->place.endpoint = endpoint;
    f->place.key_id = str_of(getenv("TERRARIUM_TEST_S3_KEY"));
    f->place.secret = str_of(getenv("TERRARIUM_TEST_S3_SECRET"));
    f->place.path_style = true;
    f->place.cache_max = 64 * MIB;
    must(f, blob_open(&f->place, BLOB_SERVE, &f->store, &f->err));
    return 0;
}

int blobs_leave(void **state)
{
    struct blobs *f = *state;
    char command[128];

    blob_close(f->store);
    (void)snprintf(command, sizeof(command), "rm -rf %s", f->folder);
    arena_close(f->mem);
    mem_free(f);
    return system(command); /* NOLINT(cert-env33-c): fixed text */
}

void blobs_skip_without_store(const struct blobs *f)
{
    if (f->store)
        return;
    print_message("skipped: TERRARIUM_TEST_S3 names no S3 server\n");
    skip();
}

void blobs_reopen(struct blobs *f, enum blob_use use)
{
    blob_closep(&f->store);
    must(f, blob_open(&f->place, use, &f->store, &f->err));
}

int blobs_count(const struct blobs *f, const char *sub)
{
    char path[128];
    DIR *dir;
    int n = 0;

    (void)snprintf(path, sizeof(path), "%s/%s", f->dir, sub);
    dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e; e = readdir(dir))
        n += e->d_name[0] != '.';
    (void)closedir(dir);
    return n;
}

void blobs_assert_content(struct blobs *f, const char *sha256, struct str expected)
{
    AUTO(fd_closep) int fd = -1;
    uint64_t size = 0;
    char *got = mem_get(expected.len + 1);
    size_t len = 0;

    assert_non_null(got);
    must(f, blob_get(f->store, str_of(sha256), &fd, &size, &f->err));
    assert_int_equal(size, expected.len);
    for (ssize_t n = 1; n > 0; len += (size_t)n) {
        n = read(fd, got + len, expected.len + 1 - len);
        assert_true(n >= 0);
    }
    assert_int_equal(len, expected.len);
    assert_memory_equal(got, expected.ptr, expected.len);
    mem_free(got);
}

bool blobs_is_there(struct blobs *f, const char *sha256)
{
    AUTO(fd_closep) int fd = -1;
    uint64_t size;
    enum err_code code = blob_get(f->store, str_of(sha256), &fd, &size, &f->err);

    assert_true(code == OK || code == ERR_NOT_FOUND);
    return code == OK;
}

struct str blobs_pattern(struct blobs *f, size_t len, unsigned seed)
{
    char *data = arena_alloc(f->mem, len + 1, 1);
    uint32_t x = seed * 2654435761U + 1;

    assert_non_null(data);
    for (size_t i = 0; i < len; i++) {
        x = x * 1664525U + 1013904223U;
        data[i] = (char)(x >> 24);
    }
    return (struct str){data, len};
}
