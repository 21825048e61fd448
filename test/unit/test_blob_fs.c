/* What only the folder does: how files lie in it, and what failing disks and deaths leave. */
#include "blob_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, blobs_enter_folder, blobs_leave)

static const char *path_of(struct blobs *f, struct str sha256)
{
    struct str path;

    must(f, blob_path(f->store, f->mem, sha256, &path, &f->err));
    return path.ptr;
}

/* --- the folder ---------------------------------------------------------------------------- */

static void files_lie_in_folders_of_their_first_digits_for_their_owner_only(void **state)
{
    struct blobs *f = *state;
    struct blob_id id;
    struct stat st;
    char path[256];

    must(f, blob_put(f->store, S("hello"), &id, &f->err));
    (void)snprintf(path, sizeof(path), "%s/2c/" HELLO_SHA256, f->dir);
    assert_string_equal(path_of(f, S(HELLO_SHA256)), path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    (void)snprintf(path, sizeof(path), "%s/2c", f->dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

static void leftovers_are_removed_by_the_writing_store_only(void **state)
{
    struct blobs *f = *state;
    struct blob_id id;
    char path[128];
    int fd;

    must(f, blob_put(f->store, S("hello"), &id, &f->err));
    blob_closep(&f->store);
    (void)snprintf(path, sizeof(path), "%s/tmp/leftover", f->dir);
    fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
    must(f, blob_open(&f->place, BLOB_COMMAND, &f->store, &f->err));
    assert_int_equal(blobs_count(f, "tmp"), 1);
    blobs_assert_content(f, HELLO_SHA256, S("hello"));
    blobs_reopen(f, BLOB_SERVE);
    assert_int_equal(blobs_count(f, "tmp"), 0);
    blobs_assert_content(f, HELLO_SHA256, S("hello"));
}

static void store_that_cannot_be_opened_is_refused(void **state)
{
    struct blobs *f = *state;
    struct blob_store *b = NULL;
    struct blob_place place = {.dir = ""};
    char *longest = arena_alloc(f->mem, 5000, 1);

    assert_int_equal(blob_open(&place, BLOB_SERVE, &b, NULL), ERR_INVALID);
    memset(longest, 'x', 4999);
    place.dir = longest;
    assert_int_equal(blob_open(&place, BLOB_SERVE, &b, NULL), ERR_INVALID);
    place.dir = "/proc/nowhere";
    assert_int_equal(blob_open(&place, BLOB_SERVE, &b, &f->err), ERR_IO);
    assert_null(b);
}

static uint64_t inode_of(struct blobs *f, struct str sha256)
{
    struct stat st;

    assert_int_equal(stat(path_of(f, sha256), &st), 0);
    return st.st_ino;
}

static void bytes_that_are_there_are_not_put_again(void **state)
{
    struct blobs *f = *state;
    struct blob_id id;
    uint64_t inode;

    must(f, blob_put(f->store, S("hello"), &id, &f->err));
    inode = inode_of(f, S(HELLO_SHA256));
    must(f, blob_put(f->store, S("hello"), &id, &f->err));
    assert_string_equal(id.sha256, HELLO_SHA256);
    assert_int_equal(inode_of(f, S(HELLO_SHA256)), inode);
    assert_int_equal(chmod(path_of(f, S(HELLO_SHA256)), 0600), 0);
    assert_int_equal(truncate(path_of(f, S(HELLO_SHA256)), 3), 0);
    must(f, blob_put(f->store, S("hello"), &id, &f->err)); /* cut short by someone: mended */
    blobs_assert_content(f, HELLO_SHA256, S("hello"));
}

/* --- failures ------------------------------------------------------------------------------ */

static enum err_code store_and_put(const struct blob_place *place, struct err *err)
{
    AUTO(blob_closep) struct blob_store *b = NULL;
    struct blob_id id;
    enum err_code code = blob_open(place, BLOB_SERVE, &b, err);

    return code ? code : blob_put(b, S("hello"), &id, err);
}

static void each_failed_allocation_is_reported(void **state)
{
    struct blobs *f = *state;
    enum err_code code = ERR_NOMEM;
    long n = 0;

    while (code) {
        mem_fail_at(++n);
        code = store_and_put(&f->place, &f->err);
        mem_fail_at(0);
        if (code) {
            assert_int_equal(code, ERR_NOMEM);
            assert_int_equal(blobs_count(f, "tmp"), 0);
            assert_false(blobs_is_there(f, HELLO_SHA256));
        }
    }
    assert_true(n >= 5);
    assert_true(blobs_is_there(f, HELLO_SHA256));
}

#ifdef TERRARIUM_FAULTS
/* In a child, because a process watches one fault and counts its passes once. Exit status: the
 * code of the first attempt; a second one must succeed. */
static int put_with_fault(struct blobs *f, const char *fault)
{
    struct blob_id id;
    enum err_code code;

    (void)setenv("TERRARIUM_FAULT", fault, 1);
    code = blob_put(f->store, S("hello"), &id, &f->err);
    if (code && blobs_count(f, "tmp") != 0)
        return 100; /* half-written bytes stayed */
    if (blob_put(f->store, S("hello"), &id, &f->err))
        return 101;
    blobs_assert_content(f, HELLO_SHA256, S("hello"));
    return (int)code;
}

static int in_child(struct blobs *f, const char *fault, int (*fn)(struct blobs *, const char *))
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0)
        _exit(fn(f, fault));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void each_failing_step_is_reported_and_leaves_nothing_half_written(void **state)
{
    static const struct {
        const char *fault;
        enum err_code code;
    } cases[] = {
        {"blob.write:1:ENOSPC", ERR_NO_SPACE},
        {"blob.write:1:EIO", ERR_IO},
        {"fs.write:1:ENOSPC", ERR_NO_SPACE},
        {"blob.fsync:1:EIO", ERR_IO},
        {"blob.fsync:1:ENOSPC", ERR_NO_SPACE},
        {"blob.rename:1:EIO", ERR_IO},
        {"blob.rename:1:ENOSPC", ERR_NO_SPACE},
        {"blob.fsync_folder:1:EIO", ERR_IO},
        {"blob.write:2:EIO", OK}, /* passed once only */
    };
    struct blobs *f = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        must(f, blob_remove(f->store, S(HELLO_SHA256), &f->err));
        assert_int_equal(in_child(f, cases[i].fault, put_with_fault), cases[i].code);
    }
}

static void killed_at_each_step_leaves_all_or_nothing(void **state)
{
    static const struct {
        const char *fault;
        bool there;
    } cases[] = {
        {"blob.write:1:KILL", false},
        {"blob.fsync:1:KILL", false},
        {"blob.rename:1:KILL", false},
        {"blob.fsync_folder:1:KILL", true},
    };
    struct blobs *f = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        must(f, blob_remove(f->store, S(HELLO_SHA256), &f->err));
        assert_int_equal(in_child(f, cases[i].fault, put_with_fault), -SIGKILL);
        assert_int_equal(blobs_is_there(f, HELLO_SHA256), cases[i].there);
        blobs_reopen(f, BLOB_SERVE);
        assert_int_equal(blobs_count(f, "tmp"), 0);
    }
}

/* What an earlier process renamed but did not fsync is made durable before it is relied on: the
 * folder is fsynced although no byte is written. */
static int put_found_bytes(struct blobs *f, const char *fault)
{
    AUTO(blob_closep) struct blob_store *b = NULL;
    struct blob_id id;

    must(f, blob_open(&f->place, BLOB_SERVE, &b, &f->err));
    (void)setenv("TERRARIUM_FAULT", fault, 1);
    return (int)blob_put(b, S("hello"), &id, &f->err);
}

static void bytes_found_there_are_made_durable_first(void **state)
{
    struct blobs *f = *state;
    struct blob_id id;

    must(f, blob_put(f->store, S("hello"), &id, &f->err));
    assert_int_equal(in_child(f, "blob.fsync_folder:1:EIO", put_found_bytes), ERR_IO);
    assert_int_equal(in_child(f, "blob.fsync_folder:2:EIO", put_found_bytes), OK);
    assert_int_equal(in_child(f, "blob.write:1:EIO", put_found_bytes), OK);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(bytes_that_are_there_are_not_put_again),
        WITH_STORE(files_lie_in_folders_of_their_first_digits_for_their_owner_only),
        WITH_STORE(leftovers_are_removed_by_the_writing_store_only),
        WITH_STORE(store_that_cannot_be_opened_is_refused),
        WITH_STORE(each_failed_allocation_is_reported),
#ifdef TERRARIUM_FAULTS
        WITH_STORE(each_failing_step_is_reported_and_leaves_nothing_half_written),
        WITH_STORE(killed_at_each_step_leaves_all_or_nothing),
        WITH_STORE(bytes_found_there_are_made_durable_first),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
