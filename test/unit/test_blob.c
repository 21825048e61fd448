/* What both stores promise: the same tests for a folder and for S3. */
#include "blob_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"

static struct blobs *open_store(void **state)
{
    struct blobs *f = *state;

    blobs_skip_without_store(f);
    return f;
}

/* --- writing ------------------------------------------------------------------------------- */

static void written_bytes_are_found_by_their_digest_once_published(void **state)
{
    struct blobs *f = open_store(state);
    struct blob_writer *w = NULL;
    struct blob_id id = {.size = 99};

    must(f, blob_writer_open(f->store, &w, &f->err));
    must(f, blob_writer_write(w, S("he"), &f->err));
    must(f, blob_writer_write(w, S(""), &f->err));
    must(f, blob_writer_write(w, S("llo"), &f->err));
    assert_false(blobs_is_there(f, HELLO_SHA256));
    must(f, blob_writer_sync(w, &id, &f->err));
    assert_string_equal(id.sha256, HELLO_SHA256);
    assert_string_equal(id.md5, HELLO_MD5);
    assert_int_equal(id.size, 5);
    must(f, blob_writer_publish(w, &f->err));
    blobs_assert_content(f, HELLO_SHA256, S("hello"));
    blob_writer_closep(&w);
    assert_null(w);
    blobs_assert_content(f, HELLO_SHA256, S("hello"));
    assert_int_equal(blobs_count(f, "tmp"), 0);
}

/* For who judges them: with a descriptor that cannot change them. */
static void received_bytes_can_be_read_before_they_are_published(void **state)
{
    struct blobs *f = open_store(state);
    AUTO(blob_writer_closep) struct blob_writer *w = NULL;
    AUTO(fd_closep) int fd = -1;
    struct blob_id id;
    char text[8] = "";

    must(f, blob_writer_open(f->store, &w, &f->err));
    must(f, blob_writer_write(w, S("hello"), &f->err));
    must(f, blob_writer_sync(w, &id, &f->err));
    must(f, blob_writer_reader(w, &fd, &f->err));
    assert_int_equal(read(fd, text, sizeof text), 5);
    assert_string_equal(text, "hello");
    assert_int_equal(write(fd, "x", 1), -1);
    must(f, blob_writer_publish(w, &f->err));
    blobs_assert_content(f, HELLO_SHA256, S("hello"));
}

static void unpublished_bytes_leave_no_file(void **state)
{
    struct blobs *f = open_store(state);
    struct blob_writer *w = NULL;
    struct blob_id id;

    must(f, blob_writer_open(f->store, &w, &f->err));
    must(f, blob_writer_write(w, S("hello"), &f->err));
    assert_int_equal(blobs_count(f, "tmp"), 1);
    blob_writer_close(w);
    assert_int_equal(blobs_count(f, "tmp"), 0);
    assert_false(blobs_is_there(f, HELLO_SHA256));
    must(f, blob_writer_open(f->store, &w, &f->err));
    must(f, blob_writer_sync(w, &id, &f->err));
    blob_writer_close(w);
    blob_writer_close(NULL);
    assert_int_equal(blobs_count(f, "tmp"), 0);
}

static void putting_is_all_steps_in_one(void **state)
{
    struct blobs *f = open_store(state);
    struct blob_id id;

    must(f, blob_put(f->store, S("hello"), &id, &f->err));
    assert_string_equal(id.sha256, HELLO_SHA256);
    assert_string_equal(id.md5, HELLO_MD5);
    assert_int_equal(id.size, 5);
    blobs_assert_content(f, HELLO_SHA256, S("hello"));
    must(f, blob_put(f->store, S(""), &id, &f->err));
    assert_string_equal(id.sha256, EMPTY_SHA256);
    assert_string_equal(id.md5, EMPTY_MD5);
    blobs_assert_content(f, EMPTY_SHA256, S(""));
    must(f, blob_put(f->store, S("hello"), &id, &f->err)); /* again */
    assert_string_equal(id.sha256, HELLO_SHA256);
    assert_string_equal(id.md5, HELLO_MD5);
    blobs_assert_content(f, HELLO_SHA256, S("hello"));
    assert_int_equal(blobs_count(f, "tmp"), 0);
}

static void publishing_bytes_that_are_there_does_not_disturb_who_reads(void **state)
{
    struct blobs *f = open_store(state);
    AUTO(fd_closep) int reader = -1;
    struct blob_writer *w = NULL;
    struct blob_id id;
    uint64_t size;
    char got[8];

    must(f, blob_put(f->store, S("hello"), &id, &f->err));
    must(f, blob_get(f->store, S(HELLO_SHA256), &reader, &size, &f->err));
    must(f, blob_writer_open(f->store, &w, &f->err));
    must(f, blob_writer_write(w, S("hello"), &f->err));
    must(f, blob_writer_sync(w, &id, &f->err));
    must(f, blob_writer_publish(w, &f->err));
    blob_writer_close(w);
    blobs_assert_content(f, HELLO_SHA256, S("hello"));
    assert_int_equal(read(reader, got, sizeof(got)), 5);
    assert_int_equal(blobs_count(f, "tmp"), 0);
}

/* As when gc runs between the two: nobody holds the digest yet. */
static void what_was_removed_after_sync_is_there_once_published(void **state)
{
    struct blobs *f = open_store(state);
    struct blob_writer *w = NULL;
    struct blob_id id;

    must(f, blob_writer_open(f->store, &w, &f->err));
    must(f, blob_writer_write(w, S("hello"), &f->err));
    must(f, blob_writer_sync(w, &id, &f->err));
    must(f, blob_remove(f->store, S(HELLO_SHA256), &f->err));
    must(f, blob_writer_publish(w, &f->err));
    blob_writer_close(w);
    blobs_assert_content(f, HELLO_SHA256, S("hello"));
    must(f, blob_stat(f->store, S(HELLO_SHA256), &id.size, &f->err));
    assert_int_equal(id.size, 5);
}

static void large_bytes_in_many_pieces_have_the_digest_of_the_whole(void **state)
{
    struct blobs *f = open_store(state);
    const struct str data = blobs_pattern(f, 300001, 1);
    struct blob_writer *w = NULL;
    struct blob_id pieces, whole;

    must(f, blob_writer_open(f->store, &w, &f->err));
    for (size_t at = 0; at < data.len; at += 1000)
        must(f, blob_writer_write(w, str_sub(data, at, 1000), &f->err));
    must(f, blob_writer_sync(w, &pieces, &f->err));
    must(f, blob_put(f->store, data, &whole, &f->err));
    assert_string_equal(pieces.sha256, whole.sha256);
    assert_string_equal(pieces.md5, whole.md5);
    assert_int_equal(pieces.size, 300001);
    must(f, blob_writer_publish(w, &f->err));
    blob_writer_close(w);
    blobs_assert_content(f, whole.sha256, data);
}

static void writer_that_failed_can_only_be_closed(void **state)
{
    struct blobs *f = open_store(state);
    struct rlimit old, low;
    struct blob_writer *w = NULL;
    struct blob_id id = {.size = 77};
    enum err_code code;

    must(f, blob_writer_open(f->store, &w, &f->err));
    must(f, blob_writer_write(w, S("hello"), &f->err));
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    low = (struct rlimit){.rlim_cur = 5, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    code = blob_writer_write(w, S("more"), NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(code, ERR_IO);
    assert_int_equal(blob_writer_write(w, S("more"), NULL), ERR_IO);
    assert_int_equal(blob_writer_sync(w, &id, NULL), ERR_IO);
    assert_int_equal(id.size, 77);
    blob_writer_close(w);
    assert_int_equal(blobs_count(f, "tmp"), 0);
}

static void commands_write_too(void **state)
{
    struct blobs *f = open_store(state);
    struct blob_id id;

    blobs_reopen(f, BLOB_COMMAND);
    must(f, blob_put(f->store, S("hello"), &id, &f->err));
    blobs_assert_content(f, HELLO_SHA256, S("hello"));
    must(f, blob_remove(f->store, S(HELLO_SHA256), &f->err));
    assert_false(blobs_is_there(f, HELLO_SHA256));
    assert_int_equal(blobs_count(f, "tmp"), 0);
}

/* --- reading ------------------------------------------------------------------------------- */

static void sizes_are_told_without_the_bytes(void **state)
{
    struct blobs *f = open_store(state);
    struct blob_id id;
    uint64_t size = 99;

    assert_int_equal(blob_stat(f->store, S(HELLO_SHA256), &size, &f->err), ERR_NOT_FOUND);
    assert_int_equal(size, 99);
    must(f, blob_put(f->store, S("hello"), &id, &f->err));
    must(f, blob_put(f->store, S(""), &id, &f->err));
    must(f, blob_stat(f->store, S(HELLO_SHA256), &size, &f->err));
    assert_int_equal(size, 5);
    must(f, blob_stat(f->store, S(EMPTY_SHA256), &size, &f->err));
    assert_int_equal(size, 0);
}

static void bytes_are_read_whole_up_to_a_limit(void **state)
{
    struct blobs *f = open_store(state);
    const struct str data = blobs_pattern(f, 100000, 2);
    struct str got = S("before");
    struct blob_id id;

    must(f, blob_put(f->store, data, &id, &f->err));
    assert_int_equal(blob_read(f->store, f->mem, str_of(id.sha256), 99999, &got, &f->err),
                     ERR_TOO_BIG);
    assert_int_equal(blob_read(f->store, f->mem, S(HELLO_SHA256), 99999, &got, &f->err),
                     ERR_NOT_FOUND);
    assert_str(got, "before");
    must(f, blob_read(f->store, f->mem, str_of(id.sha256), 100000, &got, &f->err));
    assert_int_equal(got.len, 100000);
    assert_memory_equal(got.ptr, data.ptr, data.len);
    must(f, blob_put(f->store, S(""), &id, &f->err));
    must(f, blob_read(f->store, f->mem, S(EMPTY_SHA256), 0, &got, &f->err));
    assert_int_equal(got.len, 0);
}

static void bytes_are_read_from_anywhere_but_past_the_end(void **state)
{
    struct blobs *f = open_store(state);
    const struct str data = blobs_pattern(f, 100000, 3);
    struct blob_id id;
    struct str sha256;
    char got[1001];

    must(f, blob_put(f->store, data, &id, &f->err));
    sha256 = str_of(id.sha256);
    must(f, blob_read_at(f->store, sha256, 0, 1000, got, &f->err));
    assert_memory_equal(got, data.ptr, 1000);
    must(f, blob_read_at(f->store, sha256, 99000, 1000, got, &f->err));
    assert_memory_equal(got, data.ptr + 99000, 1000);
    must(f, blob_read_at(f->store, sha256, 12345, 1, got, &f->err));
    assert_int_equal(got[0], data.ptr[12345]);
    must(f, blob_read_at(f->store, sha256, 100000, 0, got, &f->err));
    assert_int_equal(blob_read_at(f->store, sha256, 99000, 1001, got, NULL), ERR_INVALID);
    assert_int_equal(blob_read_at(f->store, sha256, 100000, 1, got, NULL), ERR_INVALID);
    assert_int_equal(blob_read_at(f->store, sha256, 100001, 1, got, NULL), ERR_INVALID);
    assert_int_equal(blob_read_at(f->store, sha256, UINT64_MAX, 2, got, NULL), ERR_INVALID);
    assert_int_equal(blob_read_at(f->store, S(HELLO_SHA256), 0, 1, got, NULL), ERR_NOT_FOUND);
    must(f, blob_put(f->store, S(""), &id, &f->err));
    must(f, blob_read_at(f->store, S(EMPTY_SHA256), 0, 0, got, &f->err));
    assert_int_equal(blob_read_at(f->store, S(EMPTY_SHA256), 0, 1, got, NULL), ERR_INVALID);
}

static void path_names_a_file_with_the_bytes(void **state)
{
    struct blobs *f = open_store(state);
    struct blob_id id;
    struct str path;
    struct stat st;

    must(f, blob_put(f->store, S("hello"), &id, &f->err));
    must(f, blob_path(f->store, f->mem, S(HELLO_SHA256), &path, &f->err));
    assert_int_equal(path.ptr[path.len], '\0');
    assert_int_equal(stat(path.ptr, &st), 0);
    assert_int_equal(st.st_size, 5);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void links_are_for_sensible_times_only(void **state)
{
    struct blobs *f = open_store(state);
    struct str url = S("before");

    assert_int_equal(blob_link(f->store, f->mem, S(HELLO_SHA256), 0, S(""), S(""), &url, &f->err),
                     ERR_INVALID);
    assert_int_equal(
        blob_link(f->store, f->mem, S(HELLO_SHA256), 604801, S(""), S(""), &url, &f->err),
        ERR_INVALID);
    assert_int_equal(blob_link(f->store, f->mem, S("nothing"), 60, S(""), S(""), &url, &f->err),
                     ERR_INVALID);
    assert_str(url, "before");
    if (blob_is_remote(f->store)) {
        must(f, blob_link(f->store, f->mem, S(HELLO_SHA256), 60, S(""), S(""), &url, &f->err));
        assert_true(str_starts(url, f->place.endpoint));
    }
}

/* --- removing and listing ------------------------------------------------------------------ */

static void removed_bytes_are_gone_and_removing_again_is_fine(void **state)
{
    struct blobs *f = open_store(state);
    struct blob_id id;

    must(f, blob_put(f->store, S("hello"), &id, &f->err));
    must(f, blob_remove(f->store, S(HELLO_SHA256), &f->err));
    assert_false(blobs_is_there(f, HELLO_SHA256));
    must(f, blob_remove(f->store, S(HELLO_SHA256), &f->err));
    must(f, blob_put(f->store, S("hello"), &id, &f->err));
    assert_true(blobs_is_there(f, HELLO_SHA256));
}

static void what_is_no_digest_reaches_nothing(void **state)
{
    static const char *const wrong[] = {
        "",
        "tmp",
        "../../../../../../../../../../etc/passwd",
        "2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824",
        (HELLO_SHA256 "0"),
        ("../" HELLO_SHA256),
        "..f24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    };
    struct blobs *f = open_store(state);
    uint64_t size;
    struct str got;
    int fd = -1;
    char c;

    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct str sha256 = str_of(wrong[i]);

        assert_int_equal(blob_get(f->store, sha256, &fd, &size, NULL), ERR_NOT_FOUND);
        assert_int_equal(blob_stat(f->store, sha256, &size, NULL), ERR_NOT_FOUND);
        assert_int_equal(blob_read(f->store, f->mem, sha256, 10, &got, NULL), ERR_NOT_FOUND);
        assert_int_equal(blob_read_at(f->store, sha256, 0, 1, &c, NULL), ERR_NOT_FOUND);
        assert_int_equal(blob_path(f->store, f->mem, sha256, &got, NULL), ERR_NOT_FOUND);
        assert_int_equal(blob_remove(f->store, sha256, NULL), ERR_INVALID);
    }
    assert_int_equal(fd, -1);
}

struct listed {
    char text[2000];
    size_t len;
    int left; /* calls until it fails; below 0: never */
};

static enum err_code note(void *ctx, struct str sha256, uint64_t size, struct err *err)
{
    struct listed *l = ctx;

    if (l->left == 0)
        return fail(err, ERR_DENIED, "enough");
    l->left--;
    assert_int_equal(sha256.len, SHA256_HEX);
    l->len += (size_t)snprintf(l->text + l->len, sizeof(l->text) - l->len, "%.6s:%d ", sha256.ptr,
                               (int)size);
    return OK;
}

static void blobs_are_listed_by_their_first_digits_in_order(void **state)
{
    struct blobs *f = open_store(state);
    struct listed all = {.left = -1}, none = {.left = -1}, one = {.left = 1};
    struct blob_id id;
    char text[8];

    for (int i = 0; i < 400; i++) { /* four of their digests begin with 2c, none with 0c */
        int len = snprintf(text, sizeof(text), "%d", i);

        must(f, blob_put(f->store, (struct str){text, (size_t)len}, &id, &f->err));
    }
    must(f, blob_put(f->store, S("hello"), &id, &f->err));
    must(f, blob_list(f->store, S("2c"), note, &all, &f->err));
    assert_string_equal(all.text, "2c4cf6:3 2c6242:1 2c7d54:3 2cf24d:5 2cfc8c:3 ");
    assert_int_equal(blob_list(f->store, S("2c"), note, &one, &f->err), ERR_DENIED);
    assert_string_equal(f->err.msg, "enough");
    assert_string_equal(one.text, "2c4cf6:3 ");
    must(f, blob_list(f->store, S("0c"), note, &none, &f->err));
    assert_int_equal(none.len, 0);
    assert_int_equal(blob_list(f->store, S("2"), note, &none, &f->err), ERR_INVALID);
    assert_int_equal(blob_list(f->store, S("2C"), note, &none, &f->err), ERR_INVALID);
    assert_int_equal(blob_list(f->store, S(".."), note, &none, &f->err), ERR_INVALID);
}

static void sweeping_leaves_what_is_stored(void **state)
{
    struct blobs *f = open_store(state);
    struct blob_id id;
    size_t count = 99;

    must(f, blob_put(f->store, S("hello"), &id, &f->err));
    must(f, blob_sweep(f->store, clock_now_ms() + 60000, &count, &f->err));
    assert_int_equal(count, 0);
    blobs_assert_content(f, HELLO_SHA256, S("hello"));
}

/* --- threads ------------------------------------------------------------------------------- */

enum { THREADS = 4, BLOBS = 40 };

static void *put_many(void *arg)
{
    struct blobs *f = arg;
    long failed = 0;

    for (int i = 0; i < BLOBS; i++) {
        char text[16];
        struct blob_id id;
        int len = snprintf(text, sizeof(text), "blob %d", i);

        failed += blob_put(f->store, (struct str){text, (size_t)len}, &id, NULL) != OK;
    }
    return (void *)failed; /* NOLINT(performance-no-int-to-ptr): a number on its way */
}

static void threads_may_put_the_same_bytes_at_once(void **state)
{
    struct blobs *f = open_store(state);
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, put_many, f), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *failed = f;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    for (int i = 0; i < BLOBS; i++) {
        char text[16], sha256[SHA256_HEX + 1];
        struct str data = {text, (size_t)snprintf(text, sizeof(text), "blob %d", i)};

        digest_sha256_hex(data, sha256);
        blobs_assert_content(f, sha256, data);
    }
    assert_int_equal(blobs_count(f, "tmp"), 0);
}

#define ON_BOTH(test)                                                                              \
    cmocka_unit_test_setup_teardown(test, blobs_enter_folder, blobs_leave),                        \
    {                                                                                              \
#test "_on_s3", test, blobs_enter_s3, blobs_leave, NULL                                    \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(written_bytes_are_found_by_their_digest_once_published),
        ON_BOTH(received_bytes_can_be_read_before_they_are_published),
        ON_BOTH(unpublished_bytes_leave_no_file),
        ON_BOTH(putting_is_all_steps_in_one),
        ON_BOTH(publishing_bytes_that_are_there_does_not_disturb_who_reads),
        ON_BOTH(what_was_removed_after_sync_is_there_once_published),
        ON_BOTH(large_bytes_in_many_pieces_have_the_digest_of_the_whole),
        ON_BOTH(writer_that_failed_can_only_be_closed),
        ON_BOTH(commands_write_too),
        ON_BOTH(sizes_are_told_without_the_bytes),
        ON_BOTH(bytes_are_read_whole_up_to_a_limit),
        ON_BOTH(bytes_are_read_from_anywhere_but_past_the_end),
        ON_BOTH(path_names_a_file_with_the_bytes),
        ON_BOTH(links_are_for_sensible_times_only),
        ON_BOTH(removed_bytes_are_gone_and_removing_again_is_fine),
        ON_BOTH(what_is_no_digest_reaches_nothing),
        ON_BOTH(blobs_are_listed_by_their_first_digits_in_order),
        ON_BOTH(sweeping_leaves_what_is_stored),
        ON_BOTH(threads_may_put_the_same_bytes_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
