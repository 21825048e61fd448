/* Each copy is a quarter of what the cache may hold, so that four of them fill it. */
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "blob/blob_cache.h"

enum { SIZE = 250, MAX = 4 * SIZE };

struct folder {
    char path[40], tmp[48];
    struct blob_cache *cache; /* in path */
    struct err err;
};

#define must(f, call)                                                                              \
    do {                                                                                           \
        enum err_code code_ = (call);                                                              \
        if (code_)                                                                                 \
            print_error("%s: %s\n", #call, (f)->err.msg);                                          \
        assert_int_equal(code_, OK);                                                               \
    } while (0)

static void reopen(struct folder *f, uint64_t max)
{
    blob_cache_close(TAKE(f->cache));
    must(f, blob_cache_open(f->path, max, &f->cache, &f->err));
}

static int enter(void **state)
{
    struct folder *f = mem_new(struct folder);

    assert_non_null(f);
    memcpy(f->path, "/tmp/test_blob_cache_XXXXXX", sizeof("/tmp/test_blob_cache_XXXXXX"));
    assert_non_null(mkdtemp(f->path));
    (void)snprintf(f->tmp, sizeof(f->tmp), "%s/tmp", f->path);
    must(f, fs_mkdirs(f->tmp, &f->err));
    reopen(f, MAX);
    *state = f;
    return 0;
}

static int leave(void **state)
{
    struct folder *f = *state;
    char command[64];

    blob_cache_close(f->cache);
    (void)snprintf(command, sizeof(command), "rm -rf %s", f->path);
    mem_free(f);
    return system(command); /* NOLINT(cert-env33-c): fixed text */
}
#define WITH_CACHE(test) cmocka_unit_test_setup_teardown(test, enter, leave)

/* --- copies -------------------------------------------------------------------------------- */

/* One for each letter: SIZE bytes of it. */
static struct copy {
    char sha256[SHA256_HEX + 1], bytes[SIZE];
} copies[26];

static struct str data_of(char letter)
{
    return (struct str){copies[letter - 'a'].bytes, SIZE};
}

static struct str key_of(char letter)
{
    return str_of(copies[letter - 'a'].sha256);
}

static enum err_code try_to_add(struct folder *f, struct str data, struct err *err)
{
    struct spool s = SPOOL_INIT;
    enum err_code code = spool_open(&s, f->tmp, false, NULL, err);

    if (code == OK)
        code = spool_write(&s, data, err);
    spool_finish(&s);
    if (code == OK)
        code = blob_cache_add(f->cache, &s, err);
    spool_done(&s);
    return code;
}

static void add(struct folder *f, const char *letters)
{
    for (; *letters; letters++)
        must(f, try_to_add(f, data_of(*letters), &f->err));
}

static const char *path_of(const struct folder *f, char letter)
{
    static char path[PATH_MAX];

    blob_cache_path(f->cache, key_of(letter), path);
    return path;
}

/* Letters of those whose files are there. Looking uses none of them. */
static const char *files(const struct folder *f)
{
    static char letters[27];
    char *end = letters;

    for (int i = 0; i < 26; i++)
        if (access(path_of(f, (char)('a' + i)), F_OK) == 0)
            *end++ = (char)('a' + i);
    *end = '\0';
    return letters;
}

/* -1 if there is no copy. */
static int get(struct folder *f, char letter)
{
    uint64_t size = SIZE;
    int fd = -1;
    enum err_code code = blob_cache_get(f->cache, key_of(letter), &fd, &size, &f->err);

    assert_int_equal(size, SIZE);
    assert_int_equal(code, fd < 0 ? ERR_NOT_FOUND : OK);
    if (code)
        assert_string_equal(f->err.msg, "there is no local copy");
    return fd;
}

static void assert_holds(int fd, char letter)
{
    char got[SIZE + 1];

    assert_int_equal(read(fd, got, sizeof(got)), SIZE);
    assert_memory_equal(got, data_of(letter).ptr, SIZE);
}

/* A copy that is there is whole. */
static bool has(struct folder *f, char letter)
{
    AUTO(fd_closep) int fd = get(f, letter);

    if (fd >= 0)
        assert_holds(fd, letter);
    return fd >= 0;
}

static void write_file(const char *path, struct str data)
{
    AUTO(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data.ptr, data.len), data.len);
}

static void assert_nothing_left_over(const struct folder *f)
{
    assert_int_equal(rmdir(f->tmp), 0); /* it is empty */
    assert_int_equal(mkdir(f->tmp, 0700), 0);
}

/* --- adding and finding -------------------------------------------------------------------- */

static void added_copy_is_found_by_descriptor_and_by_path(void **state)
{
    struct folder *f = *state;
    AUTO(fd_closep) int one = -1, two = -1;
    char path[128];
    struct stat st;

    (void)snprintf(path, sizeof(path), "%s/%.2s/%s", f->path, key_of('a').ptr, key_of('a').ptr);
    assert_string_equal(path_of(f, 'a'), path); /* whether or not it exists */
    assert_false(has(f, 'a'));
    add(f, "a");
    one = get(f, 'a');
    two = get(f, 'a');
    assert_int_not_equal(one, two); /* each caller's own */
    assert_holds(one, 'a');
    assert_holds(two, 'a');
    assert_int_equal(fcntl(one, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_nothing_left_over(f);
}

static void copy_that_is_dropped_or_deleted_leaves_its_room(void **state)
{
    struct folder *f = *state;

    add(f, "abcd");
    blob_cache_drop(f->cache, key_of('c'));
    blob_cache_drop(f->cache, key_of('c')); /* again is fine */
    assert_int_equal(unlink(path_of(f, 'b')), 0);
    assert_string_equal(files(f), "ad");
    assert_false(has(f, 'b') || has(f, 'c'));
    add(f, "ef");
    assert_string_equal(files(f), "adef");
    add(f, "b"); /* forgotten, and made anew: a is the oldest */
    assert_string_equal(files(f), "bdef");
    assert_true(has(f, 'b'));
}

static void the_same_copy_again_counts_once_and_as_the_newest(void **state)
{
    struct folder *f = *state;

    add(f, "aaaabcda");
    assert_string_equal(files(f), "abcd");
    add(f, "e");
    assert_string_equal(files(f), "acde");
    assert_true(has(f, 'a'));
}

static void copy_that_cannot_be_put_in_its_place_is_told(void **state)
{
    struct folder *f = *state;
    char path[64];

    (void)snprintf(path, sizeof(path), "%s/%.2s", f->path, key_of('a').ptr);
    assert_int_equal(rmdir(path), 0);
    write_file(path, S(""));
    reopen(f, MAX); /* what cannot be read is no reason not to serve */
    assert_int_equal(try_to_add(f, data_of('a'), &f->err), ERR_IO);
    assert_nothing_left_over(f); /* the file stayed with who made it */
    assert_false(has(f, 'a'));
    add(f, "bcde");
    assert_string_equal(files(f), "bcde"); /* nothing was counted */
}

static void a_quarter_of_the_room_is_kept_and_no_byte_more(void **state)
{
    struct folder *f = *state;

    assert_true(blob_cache_keeps(f->cache, SIZE));
    assert_false(blob_cache_keeps(f->cache, SIZE + 1));
    reopen(f, MAX + 3); /* a part of a byte is none */
    assert_true(blob_cache_keeps(f->cache, SIZE));
    assert_false(blob_cache_keeps(f->cache, SIZE + 1));
    reopen(f, 0);
    assert_false(blob_cache_keeps(f->cache, 0)); /* no copies are kept */
}

static void what_was_not_used_for_the_longest_time_goes_first(void **state)
{
    char large[MAX + 1] = "";
    struct folder *f = *state;

    add(f, "abcd");
    assert_string_equal(files(f), "abcd"); /* exactly full */
    add(f, "e");
    assert_string_equal(files(f), "bcde");
    assert_false(has(f, 'a'));
    assert_true(has(f, 'b')); /* is a use */
    add(f, "f");
    assert_string_equal(files(f), "bdef");
    must(f, try_to_add(f, S("x"), &f->err)); /* one byte costs a whole copy as well */
    assert_string_equal(files(f), "bef");
    must(f, try_to_add(f, (struct str){large, sizeof(large)}, &f->err));
    assert_string_equal(files(f), ""); /* nor is there room for itself */
}

static void descriptor_outlives_its_copy(void **state)
{
    struct folder *f = *state;
    AUTO(fd_closep) int evicted = -1, dropped = -1;

    add(f, "ab");
    evicted = get(f, 'a');
    dropped = get(f, 'b');
    blob_cache_drop(f->cache, key_of('b'));
    add(f, "cdef");
    assert_string_equal(files(f), "cdef");
    assert_holds(evicted, 'a');
    assert_holds(dropped, 'b');
}

/* --- opening again ------------------------------------------------------------------------- */

/* The order of use is b, d, a, c. */
static void add_in_another_order(struct folder *f)
{
    add(f, "abcd");
    for (time_t i = 0; i < 4; i++) {
        const struct timespec times[] = {{.tv_sec = i}, {.tv_sec = i}};

        assert_int_equal(utimensat(AT_FDCWD, path_of(f, "bdac"[i]), times, 0), 0);
    }
}

static void copies_and_their_order_of_use_outlive_reopening(void **state)
{
    struct folder *f = *state;

    add_in_another_order(f);
    reopen(f, MAX);
    assert_string_equal(files(f), "abcd");
    assert_true(has(f, 'd')); /* now used after all others */
    reopen(f, MAX);
    add(f, "e"); /* those found are counted */
    assert_string_equal(files(f), "acde");
    add(f, "f");
    assert_string_equal(files(f), "cdef");
    assert_true(has(f, 'd'));
}

static void only_the_newest_stay_when_there_is_less_room_than_before(void **state)
{
    struct folder *f = *state;

    add_in_another_order(f);
    reopen(f, MAX - 1);
    assert_string_equal(files(f), "acd");
    reopen(f, 2 * SIZE);
    assert_string_equal(files(f), "ac");
    reopen(f, 0);
    assert_string_equal(files(f), "");
    assert_false(has(f, 'c'));
}

static void damaged_copy_found_at_opening_is_never_handed_out(void **state)
{
    char first[SIZE], last[SIZE], more[SIZE + 1];
    const struct str damages[] = {
        {first, SIZE}, {last, SIZE}, {more, SIZE + 1}, {more, SIZE - 1}, {more, 0}};
    struct folder *f = *state;
    int fd;

    memset(more, 'a', sizeof(more));
    memcpy(first, more, SIZE);
    memcpy(last, more, SIZE);
    first[0] = last[SIZE - 1] = 'x';
    for (size_t i = 0; i < COUNT(damages); i++) {
        add(f, "abc");
        write_file(path_of(f, 'a'), damages[i]);
        reopen(f, MAX);
        assert_false(has(f, 'a'));
        assert_string_equal(files(f), "bc");
        assert_true(has(f, 'b'));
        add(f, "a"); /* made anew */
        assert_true(has(f, 'a'));
    }
    write_file(path_of(f, 'b'), data_of('a'));
    fd = get(f, 'b'); /* compared before, and so not read twice at each download */
    assert_holds(fd, 'a');
    fd_closep(&fd);
}

static void what_is_no_copy_is_left_alone(void **state)
{
    static const char *const names[] = {
        "README",
        "2c/2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824",
        "2c/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b982",
        "2c/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b98240",
        "2d/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    };
    struct folder *f = *state;
    char path[200];

    add_in_another_order(f); /* all used before the files below */
    for (size_t i = 0; i < COUNT(names); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", f->path, names[i]);
        write_file(path, data_of('e'));
    }
    assert_int_equal(symlink(path, path_of(f, 'e')), 0);
    assert_int_equal(mkdir(path_of(f, 'f'), 0700), 0);
    reopen(f, MAX);
    assert_false(has(f, 'e') || has(f, 'f'));
    assert_string_equal(files(f), "abcdef"); /* they are not counted */
    reopen(f, 0);
    assert_string_equal(files(f), "ef");
    for (size_t i = 0; i < COUNT(names); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", f->path, names[i]);
        assert_int_equal(access(path, F_OK), 0);
    }
}

static void folder_that_cannot_be_used_is_refused(void **state)
{
    struct blob_cache *c = NULL;
    struct folder *f = *state;
    char longest[PATH_MAX];

    assert_int_equal(blob_cache_open("/proc/nowhere", MAX, &c, &f->err), ERR_IO);
    memset(longest, 'x', sizeof(longest));
    longest[PATH_MAX - (4 + SHA256_HEX)] = '\0'; /* no room for "/ab/", a digest and the NUL */
    assert_int_equal(blob_cache_open(longest, MAX, &c, &f->err), ERR_INVALID);
    assert_string_equal(f->err.msg, "the path of the folder for copies is too long");
    assert_null(c);
    blob_cache_close(NULL);
}

static void each_failed_allocation_is_reported_and_loses_no_copy(void **state)
{
    struct folder *f = *state;
    enum err_code code = ERR_NOMEM;
    long n = 0;

    add(f, "ab");
    blob_cache_close(TAKE(f->cache));
    while (code) {
        mem_fail_at(++n);
        code = blob_cache_open(f->path, MAX, &f->cache, &f->err);
        mem_fail_at(0);
        assert_true(code == OK || (code == ERR_NOMEM && !f->cache));
    }
    assert_true(n >= 5 && has(f, 'a') && has(f, 'b'));
    for (n = 1, code = ERR_NOMEM; code; n++) {
        mem_fail_at(n);
        code = try_to_add(f, data_of('c'), &f->err);
        mem_fail_at(0);
        assert_true(code == OK || code == ERR_NOMEM);
        assert_string_equal(files(f), code ? "ab" : "abc");
        assert_nothing_left_over(f);
    }
    assert_true(has(f, 'c'));
    mem_fail_at(1);
    assert_false(blob_cache_begin(f->cache, key_of('a'), &code, &f->err));
    mem_fail_at(0);
    assert_int_equal(code, ERR_NOMEM);
}

/* --- many who want the same ---------------------------------------------------------------- */

static const struct err no_error = {0};

struct waiter {
    struct folder *f;
    char letter;
    pthread_t thread;
    atomic_int id; /* of the system, once it runs */
    bool ours;
    enum err_code code;
    struct err err;
};

static void *wait_for_copy(void *arg)
{
    struct waiter *w = arg;

    atomic_store(&w->id, (int)gettid());
    w->ours = blob_cache_begin(w->f->cache, key_of(w->letter), &w->code, &w->err);
    return NULL;
}

static bool is_asleep(int id)
{
    char path[64], text[256] = "";
    const char *end;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/self/task/%d/stat", id);
    file = fopen(path, "re");
    assert_true(file && fgets(text, sizeof(text), file));
    (void)fclose(file);
    end = strrchr(text, ')'); /* of its name; the state follows */
    return end && end[2] == 'S';
}

/* Returns once it waits for the maker. */
static void start_waiter(struct waiter *w, struct folder *f, char letter)
{
    *w = (struct waiter){.f = f, .letter = letter, .code = ERR_CODE_MAX};
    assert_int_equal(pthread_create(&w->thread, NULL, wait_for_copy, w), 0);
    while (!atomic_load(&w->id) || !is_asleep(atomic_load(&w->id)))
        (void)usleep(1000);
}

static void assert_told(struct waiter *w, enum err_code code, const char *why)
{
    assert_int_equal(pthread_join(w->thread, NULL), 0);
    assert_false(w->ours);
    assert_int_equal(w->code, code);
    assert_string_equal(w->err.msg, why);
}

static bool begin(struct folder *f, char letter)
{
    enum err_code code = OK;

    return blob_cache_begin(f->cache, key_of(letter), &code, &f->err);
}

static void all_who_wait_are_told_how_it_went(void **state)
{
    struct folder *f = *state;
    struct waiter a[3], b;

    assert_true(begin(f, 'a'));
    assert_true(begin(f, 'b')); /* another copy, another maker */
    for (size_t i = 0; i < COUNT(a); i++)
        start_waiter(&a[i], f, 'a');
    start_waiter(&b, f, 'b');
    (void)fail(&f->err, ERR_BUSY, "the server sleeps");
    blob_cache_end(f->cache, key_of('a'), ERR_BUSY, &f->err);
    assert_true(begin(f, 'a')); /* whoever comes next tries anew, even while they wake up */
    for (size_t i = 0; i < COUNT(a); i++)
        assert_told(&a[i], ERR_BUSY, "the server sleeps");
    add(f, "b");
    blob_cache_end(f->cache, key_of('b'), OK, &no_error);
    assert_told(&b, OK, "");
    assert_true(has(f, 'b'));
    blob_cache_end(f->cache, key_of('a'), ERR_BUSY, &f->err); /* nobody waits */
    assert_true(begin(f, 'a'));
    start_waiter(&b, f, 'a');
    blob_cache_end(f->cache, key_of('a'), OK, &no_error);
    assert_told(&b, OK, "");
}

enum { THREADS = 6, ROUNDS = 400, LETTERS = 8 };

struct crowd {
    struct folder *f;
    atomic_uint seed;
    atomic_int making[LETTERS], made;
};

static void find_or_make(struct crowd *c, struct folder *f, char letter)
{
    atomic_int *making = &c->making[letter - 'a'];
    enum err_code code = OK;

    if (has(f, letter))
        return;
    if (blob_cache_begin(f->cache, key_of(letter), &code, NULL)) {
        assert_int_equal(atomic_fetch_add(making, 1), 0); /* not two at once */
        if (!has(f, letter)) {
            add(f, (char[]){letter, '\0'});
            atomic_fetch_add(&c->made, 1);
        }
        atomic_fetch_sub(making, 1);
        blob_cache_end(f->cache, key_of(letter), OK, &no_error);
    }
    assert_int_equal(code, OK);
}

static void *use_copies(void *arg)
{
    struct crowd *c = arg;
    struct folder f = *c->f;
    uint32_t x = atomic_fetch_add(&c->seed, 1);

    for (int i = 1; i <= ROUNDS; i++) {
        char letter = (char)('a' + (x >> 16) % LETTERS);

        find_or_make(c, &f, letter);
        if (i % 16 == 0)
            blob_cache_drop(f.cache, key_of(letter));
        x = x * 1664525U + 1013904223U;
    }
    return NULL;
}

static void threads_share_the_room(void **state)
{
    struct crowd c = {.f = *state};
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_copies, &c), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_true(atomic_load(&c.made) > LETTERS); /* some were driven out */
    assert_true(strlen(files(c.f)) <= 4);
    assert_nothing_left_over(c.f);
    add(c.f, "wxyz"); /* the bytes are still counted right */
    assert_string_equal(files(c.f), "wxyz");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CACHE(added_copy_is_found_by_descriptor_and_by_path),
        WITH_CACHE(copy_that_is_dropped_or_deleted_leaves_its_room),
        WITH_CACHE(the_same_copy_again_counts_once_and_as_the_newest),
        WITH_CACHE(copy_that_cannot_be_put_in_its_place_is_told),
        WITH_CACHE(a_quarter_of_the_room_is_kept_and_no_byte_more),
        WITH_CACHE(what_was_not_used_for_the_longest_time_goes_first),
        WITH_CACHE(descriptor_outlives_its_copy),
        WITH_CACHE(copies_and_their_order_of_use_outlive_reopening),
        WITH_CACHE(only_the_newest_stay_when_there_is_less_room_than_before),
        WITH_CACHE(damaged_copy_found_at_opening_is_never_handed_out),
        WITH_CACHE(what_is_no_copy_is_left_alone),
        WITH_CACHE(folder_that_cannot_be_used_is_refused),
        WITH_CACHE(each_failed_allocation_is_reported_and_loses_no_copy),
        WITH_CACHE(all_who_wait_are_told_how_it_went),
        WITH_CACHE(threads_share_the_room),
    };

    for (int i = 0; i < 26; i++) {
        memset(copies[i].bytes, 'a' + i, SIZE);
        digest_sha256_hex(data_of((char)('a' + i)), copies[i].sha256);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
