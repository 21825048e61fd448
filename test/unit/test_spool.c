#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "blob/spool.h"

#define HELLO_SHA256 "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define HELLO_MD5    "5d41402abc4b2a76b9719d911017c592"

static int enter(void **state)
{
    char *folder = mem_dup("/tmp/test_spool_XXXXXX", sizeof("/tmp/test_spool_XXXXXX") - 1);

    *state = folder;
    return folder && mkdtemp(folder) ? 0 : -1;
}

static int leave(void **state)
{
    int failed = rmdir(*state); /* nothing was left in it */

    mem_free(*state);
    return failed;
}

static void bytes_are_hashed_while_they_are_written(void **state)
{
    struct spool s = SPOOL_INIT;
    struct stat st;
    char got[8];

    assert_int_equal(spool_open(&s, *state, false, NULL, NULL), OK);
    assert_int_equal(spool_write(&s, S("he"), NULL), OK);
    assert_int_equal(spool_write(&s, S("llo"), NULL), OK);
    spool_finish(&s);
    assert_string_equal(s.id.sha256, HELLO_SHA256);
    assert_string_equal(s.id.md5, HELLO_MD5);
    assert_int_equal(s.id.size, 5);
    assert_int_equal(stat(s.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(pread(s.fd, got, sizeof(got), 0), 5);
    assert_memory_equal(got, "hello", 5);
    spool_done(&s);
    assert_int_equal(s.fd, -1);
    spool_done(&s); /* again is fine */
}

static void known_bytes_are_not_hashed(void **state)
{
    const struct blob_id known = {.sha256 = "known", .md5 = "too", .size = 5};
    struct spool s = SPOOL_INIT;

    assert_int_equal(spool_open(&s, *state, false, &known, NULL), OK);
    assert_int_equal(spool_write(&s, S("hello"), NULL), OK);
    spool_finish(&s);
    assert_memory_equal(&s.id, &known, sizeof(known));
    spool_done(&s);
}

static void nameless_file_is_in_no_folder(void **state)
{
    struct spool s = SPOOL_INIT;
    struct stat st;

    assert_int_equal(spool_open(&s, *state, true, NULL, NULL), OK);
    assert_null(s.path);
    assert_int_equal(fstat(s.fd, &st), 0);
    assert_int_equal(st.st_nlink, 0);
    spool_done(&s);
}

static void renamed_file_stays(void **state)
{
    struct spool s = SPOOL_INIT;
    char to[64];

    (void)snprintf(to, sizeof(to), "%s/kept", (const char *)*state);
    assert_int_equal(spool_open(&s, *state, false, NULL, NULL), OK);
    assert_int_equal(spool_rename(&s, "/proc/nowhere/kept", NULL), ERR_IO);
    assert_int_equal(spool_rename(&s, to, NULL), OK);
    spool_done(&s);
    assert_int_equal(unlink(to), 0);
}

static void folder_that_is_not_there_is_told(void **state)
{
    struct spool s = SPOOL_INIT;

    (void)state;
    assert_int_equal(spool_open(&s, "/proc/nowhere", false, NULL, NULL), ERR_IO);
    spool_done(&s);
}

static void each_failed_allocation_is_reported(void **state)
{
    struct spool s = SPOOL_INIT;
    enum err_code code = ERR_NOMEM;
    long n = 0;

    while (code) {
        mem_fail_at(++n);
        code = spool_open(&s, *state, false, NULL, NULL);
        mem_fail_at(0);
        assert_true(code == OK || code == ERR_NOMEM);
        spool_done(&s);
    }
    assert_int_equal(n, 3);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(bytes_are_hashed_while_they_are_written),
        IN_FOLDER(known_bytes_are_not_hashed),
        IN_FOLDER(nameless_file_is_in_no_folder),
        IN_FOLDER(renamed_file_stays),
        IN_FOLDER(folder_that_is_not_there_is_told),
        IN_FOLDER(each_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
