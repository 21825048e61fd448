/* Opening and closing the parts. Serving as a whole is tried by test_serve. */
#include "unit.h"

#include "app.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "cli_run.h"
#include "config.h"

struct fixture {
    struct arena *mem;
    char *folder;
    struct config config;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const struct config_origins *origins;
    struct config_flag flag = {.name = S("data")};
    struct err err;

    assert_non_null(f);
    f->mem = arena_open(MIB);
    f->folder = temp_folder();
    flag.value = str_fmt(f->mem, "%s/new/data", f->folder);
    assert_int_equal(config_load(f->mem, S(""), &flag, 1, &f->config, &origins, &err), OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    arena_close(f->mem);
    temp_folder_remove(f->folder);
    free(f);
    return 0;
}

static bool exists(const struct fixture *f, const char *name)
{
    struct stat st;

    return stat(str_fmt(f->mem, "%s/%s", f->folder, name).ptr, &st) == 0;
}

static void a_command_makes_the_folder_and_the_database_but_takes_no_lock(void **state)
{
    struct fixture *f = *state;
    struct app one, two;
    struct err err;

    assert_int_equal(app_open(&one, &f->config, APP_COMMAND, &err), OK);
    assert_non_null(one.db);
    assert_null(one.blobs);
    assert_null(one.inspector);
    assert_null(one.work);
    assert_int_equal(one.lock_fd, -1);
    assert_true(exists(f, "new/data/terrarium.db"));
    assert_false(exists(f, "new/data/terrarium.lock"));
    assert_int_equal(app_open(&two, &f->config, APP_COMMAND, &err), OK);
    app_close(&two);
    app_close(&one);
    assert_null(one.db);
}

static void the_folder_is_for_its_owner_alone(void **state)
{
    struct fixture *f = *state;
    struct app app;
    struct stat st;
    struct err err;

    assert_int_equal(app_open(&app, &f->config, APP_COMMAND, &err), OK);
    app_close(&app);
    assert_int_equal(stat(str_z(f->mem, f->config.data), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

static void a_second_server_is_refused_with_folder_and_process(void **state)
{
    struct fixture *f = *state;
    const char *path = str_fmt(f->mem, "%s/terrarium.lock", f->folder).ptr;
    AUTO(fd_closep) int held = -1;
    struct app app;
    struct err err;
    char pid[32];

    f->config.data = str_of(f->folder);
    assert_int_equal(fs_lock(path, &held, &err), OK);
    assert_int_equal(app_open(&app, &f->config, APP_SERVE, &err), ERR_BUSY);
    assert_non_null(strstr(err.msg, "another server uses the data folder"));
    assert_non_null(strstr(err.msg, f->folder));
    (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
    assert_non_null(strstr(err.msg, pid));
    assert_null(app.db);
    assert_int_equal(app.lock_fd, -1);
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
    struct fixture *f = *state;
    struct app app;
    struct err err;

    f->config.data = S("/proc/nonexistent/data");
    assert_int_not_equal(app_open(&app, &f->config, APP_COMMAND, &err), OK);
    assert_non_null(strstr(err.msg, "cannot create the data folder \"/proc/nonexistent/data\""));
    assert_null(app.db);
}

static void a_zeroed_app_may_be_closed(void **state)
{
    struct app app = {0};

    (void)state;
    app_close(&app);
    assert_int_not_equal(lseek(STDIN_FILENO, 0, SEEK_CUR) == -1 ? errno : 0, EBADF);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_command_makes_the_folder_and_the_database_but_takes_no_lock),
        CASE(the_folder_is_for_its_owner_alone),
        CASE(a_second_server_is_refused_with_folder_and_process),
        CASE(a_folder_that_cannot_be_made_is_named),
        cmocka_unit_test(a_zeroed_app_may_be_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
