/* This program is its own helper process: started with the argument "inspector", it serves
 * requests with a reader that misbehaves for packages of certain names. */
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "core/inspect.h"
#include "core/inspect_helper.h"
#include "core/inspect_wire.h"
#include "core/kind.h"
#include "format/conda_name.h"
#include "make_archive.h"

#define OVER_LIMITS "the file could not be read within its limits of time and memory"

/* ---- The reader ------------------------------------------------------------------------------ */

static pid_t helper_pid; /* in the helper and its children */

static void do_open(void)
{
    (void)open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static void do_socket(void)
{
    (void)socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static void do_exec(void)
{
    char name[] = "/bin/true";
    char *argv[] = {name, NULL};

    (void)execve("/bin/true", argv, NULL);
}

static void do_crash(void)
{
    __builtin_trap();
}

static void do_end(void)
{
    _exit(0);
}

static void do_lie(void)
{
    static const char lie[] = "{\"name\": \"not an answer of the protocol\"}";

    if (write(1, lie, sizeof(lie)) == (ssize_t)sizeof(lie))
        _exit(0);
}

static void do_flood(void)
{
    static const char zeros[65536];

    while (write(1, zeros, sizeof(zeros)) > 0)
        ;
    _exit(0);
}

static const struct deed {
    const char *name;
    void (*run)(void);
} deeds[] = {
    {"opens", do_open}, {"connects", do_socket}, {"executes", do_exec}, {"crashes", do_crash},
    {"ends", do_end},   {"lies", do_lie},        {"floods", do_flood},
};

/* While the archive begins with 'w', waits. */
static void wait_for_change(int fd)
{
    char byte = 'w';

    while (pread(fd, &byte, 1, 0) == 1 && byte == 'w')
        ;
}

static enum err_code read_or_misbehave(struct arena *mem, int fd, uint64_t size, struct str kind,
                                       struct str filename, struct inspected *ret, struct err *err)
{
    struct conda_filename file;
    enum err_code rc = conda_filename_parse(filename, &file, err);

    if (rc)
        return rc;
    for (size_t i = 0; i < COUNT(deeds); i++)
        if (str_eq(file.name, str_of(deeds[i].name)))
            deeds[i].run();
    if (str_eq(file.name, S("hungers")))
        return fail(err, ERR_NOMEM, "out of memory");
    if (str_eq(file.name, S("waits")))
        wait_for_change(fd);
    if (str_eq(file.name, S("who")) || str_eq(file.name, S("waits"))) {
        ret->texts[0] = str_fmt(mem, "%d", (int)helper_pid);
        return OK;
    }
    if (str_eq(file.name, S("secret"))) {
        ret->texts[0] = str_fmt(mem, "%s", getenv("TERRARIUM_SECRET") ? "known" : "unknown");
        return OK;
    }
    return kind_read(mem, fd, size, kind, filename, ret, err);
}

/* ---- Asking ---------------------------------------------------------------------------------- */

struct fixture {
    struct arena *a;
    struct log log;
    struct inspector *inspector;
    struct str package;
    int fd;
};

static struct str sample_package(struct arena *a)
{
    return make_conda(a, make_zstd(a, MAKE_TAR(a, {"info/index.json", S("{}"), 0, NULL})),
                      (struct str){0});
}

static int enter(void **state)
{
    struct fixture *f = mem_new(struct fixture);

    f->a = arena_open(512 * MIB);
    f->log = (struct log){.fd = open("/dev/null", O_WRONLY | O_CLOEXEC), .level = LOG_WARN};
    f->package = sample_package(f->a);
    f->fd = make_fd(f->package);
    *state = f;
    return inspector_open(&f->log, &f->inspector, NULL) ? -1 : 0;
}

static int leave(void **state)
{
    struct fixture *f = *state;

    inspector_close(f->inspector);
    (void)close(f->fd);
    (void)close(f->log.fd);
    arena_close(f->a);
    mem_free(f);
    return 0;
}

static enum err_code ask_fd(struct fixture *f, const char *name, int fd, uint64_t size,
                            struct inspected *ret, struct err *err)
{
    return inspect_file(f->inspector, f->a, fd, size, S("conda"), str_of(name), ret, err);
}

static enum err_code ask(struct fixture *f, const char *name, struct inspected *ret,
                         struct err *err)
{
    return ask_fd(f, name, f->fd, f->package.len, ret, err);
}

static pid_t current_helper(struct fixture *f)
{
    struct inspected out = {0};
    uint64_t pid = 0;

    assert_int_equal(ask(f, "who-1.0-0.conda", &out, NULL), OK);
    assert_true(str_u64(out.texts[0], INT32_MAX, &pid));
    return (pid_t)pid;
}

static int open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = 0;

    assert_non_null(dir);
    while (readdir(dir))
        n++;
    (void)closedir(dir);
    return n;
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void a_package_is_read_in_a_child(void **state)
{
    struct fixture *f = *state;
    struct inspected out = {0};

    assert_int_equal(lseek(f->fd, 5, SEEK_SET), 5);
    assert_int_equal(ask(f, "pkg-1.0-0.conda", &out, NULL), OK);
    assert_str(out.texts[0], "{}");
    assert_int_equal(lseek(f->fd, 0, SEEK_CUR), 5); /* the descriptor stays as it was */
}

static void what_is_wrong_with_an_archive_is_told(void **state)
{
    struct fixture *f = *state;
    struct inspected out = {0};
    struct err err = {0};

    assert_int_equal(ask(f, "other-1.0-0.conda", &out, &err), ERR_INVALID);
    assert_string_equal(err.msg, "the package has no component \"info-other-1.0-0.tar.zst\"");
    assert_int_equal(ask(f, "pkg-1.0-0.tar.bz2", &out, &err), ERR_INVALID);
    assert_null(out.texts[0].ptr);
}

static void a_child_that_breaks_out_gives_no_answer(void **state)
{
    struct fixture *f = *state;
    pid_t before = current_helper(f);

    for (size_t i = 0; i < COUNT(deeds); i++) {
        struct inspected out = {0};
        struct err err = {0};
        char name[64];
        enum err_code rc;

        (void)snprintf(name, sizeof(name), "%s-1.0-0.conda", deeds[i].name);
        rc = ask(f, name, &out, &err);
        if (rc != ERR_INVALID)
            print_error("%s: %s\n", name, err_slug(rc));
        assert_int_equal(rc, ERR_INVALID);
        assert_string_equal(err.msg, OVER_LIMITS);
        assert_null(out.texts[0].ptr);
    }
    assert_int_equal(current_helper(f), before); /* none of them harmed the helper */
}

static void a_package_that_needs_too_much_memory_is_at_fault(void **state)
{
    struct inspected out = {0};
    struct err err = {0};

    assert_int_equal(ask(*state, "hungers-1.0-0.conda", &out, &err), ERR_INVALID);
    assert_string_equal(err.msg, OVER_LIMITS);
}

static void secrets_of_the_environment_stay_here(void **state)
{
    struct fixture *f = *state;
    struct inspector *usual = f->inspector;
    struct inspected out = {0};

    assert_int_equal(setenv("TERRARIUM_SECRET", "x", 1), 0);
    assert_int_equal(inspector_open(&f->log, &f->inspector, NULL), OK);
    assert_int_equal(unsetenv("TERRARIUM_SECRET"), 0);
    assert_int_equal(ask(f, "secret-1.0-0.conda", &out, NULL), OK);
    assert_str(out.texts[0], "unknown");
    inspector_close(f->inspector);
    f->inspector = usual;
}

static void a_helper_that_is_gone_is_started_again(void **state)
{
    struct fixture *f = *state;
    pid_t before = current_helper(f);

    assert_int_equal(kill(before, SIGKILL), 0);
    assert_int_not_equal(current_helper(f), before);
    assert_int_not_equal(kill(before, 0), 0); /* and the old one was waited for */
    assert_int_equal(errno, ESRCH);
}

struct killing {
    pid_t helper;
    int fd;
};

static void *kill_soon(void *arg)
{
    const struct killing *k = arg;

    (void)usleep(50000);
    (void)kill(k->helper, SIGKILL);
    (void)usleep(50000);
    if (pwrite(k->fd, "g", 1, 0) != 1) /* the next child need not wait for ever */
        abort();
    return NULL;
}

static void requests_in_flight_survive_the_end_of_the_helper(void **state)
{
    struct fixture *f = *state;

    for (int busy = 0; busy < 2; busy++) {
        struct killing k = {current_helper(f), make_fd(S("w"))};
        struct inspected out = {0};
        pthread_t thread;
        char was[20];

        (void)snprintf(was, sizeof(was), "%d", (int)k.helper);
        if (!busy) /* it ends with the request still in its queue, else with a child at work */
            assert_int_equal(kill(k.helper, SIGSTOP), 0);
        assert_int_equal(pthread_create(&thread, NULL, kill_soon, &k), 0);
        assert_int_equal(ask_fd(f, "waits-1.0-0.conda", k.fd, 1, &out, NULL), OK);
        assert_false(str_eq(out.texts[0], str_of(was)));
        assert_int_equal(pthread_join(thread, NULL), 0);
        (void)close(k.fd);
    }
}

#define THREADS  8
#define REQUESTS 25

static void *ask_often(void *arg)
{
    const struct fixture *shared = arg;
    struct fixture own = *shared;
    intptr_t wrong = 0;

    own.a = arena_open(16 * MIB);
    for (int i = 0; i < REQUESTS; i++) {
        struct inspected out = {0};
        struct err err = {0};
        const char *name = i % 5 ? "pkg-1.0-0.conda" : "crashes-1.0-0.conda";
        enum err_code rc = ask(&own, name, &out, &err);

        wrong += i % 5 ? rc != OK || !str_eq(out.texts[0], S("{}")) : rc != ERR_INVALID;
    }
    arena_close(own.a);
    return (void *)wrong; /* NOLINT(performance-no-int-to-ptr): a count */
}

static void many_threads_may_ask_at_once(void **state)
{
    pthread_t threads[THREADS];
    int before = open_descriptors();

    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, *state), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *wrong = NULL;

        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    assert_int_equal(open_descriptors(), before);
}

static void closing_waits_for_the_helper_to_end(void **state)
{
    struct fixture *f = *state;
    struct inspector *usual = f->inspector;
    int before = open_descriptors();
    pid_t pid;

    assert_int_equal(inspector_open(&f->log, &f->inspector, NULL), OK);
    pid = current_helper(f);
    inspector_close(f->inspector);
    f->inspector = usual;
    assert_int_not_equal(kill(pid, 0), 0);
    assert_int_equal(errno, ESRCH);
    assert_int_equal(open_descriptors(), before);
    inspector_close(NULL);
}

/* ---- The test data --------------------------------------------------------------------------- */

static struct fixture *walking; /* nftw() passes nothing to its callback */

/* Inside the sandbox every package must be judged as it is outside. */
static int compare(const char *path, const struct stat *st, int type, struct FTW *where)
{
    AUTO(fd_closep) int fd = -1;
    AUTO(arena_closep) struct arena *a = arena_open(64 * MIB);
    struct inspected in = {0}, out = {0};
    struct err in_err = {0}, out_err = {0};
    uint64_t size = (uint64_t)st->st_size;
    struct str name = str_of(strrchr(path, '/') + 1);
    enum err_code in_rc, out_rc;

    (void)where;
    if (type != FTW_F || !(str_ends(name, S(".conda")) || str_ends(name, S(".tar.bz2"))))
        return 0;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    out_rc = kind_read(a, fd, size, S("conda"), name, &out, &out_err);
    in_rc = inspect_file(walking->inspector, a, fd, size, S("conda"), name, &in, &in_err);
    for (size_t i = 0; in_rc == out_rc && i < INSPECTED_TEXTS; i++)
        if (!str_eq(in.texts[i], out.texts[i]))
            in_rc = ERR_CODE_MAX;
    if (in_rc != out_rc || in.flags != out.flags || strcmp(in_err.msg, out_err.msg) != 0) {
        print_error("%s: outside \"%s\", inside \"%s\"\n", path, out_err.msg, in_err.msg);
        return 1;
    }
    return 0;
}

static void the_sandbox_changes_no_verdict(void **state)
{
    static const char *const parts[] = {"conda", "hostile/made/conda"};
    const char *folder = getenv("TERRARIUM_TEST_DATA");
    char path[512];

    walking = *state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder ? folder : "../shared/data", parts[i]);
        if (access(path, R_OK)) {
            print_message("skipped: there is no %s\n", path);
            skip();
        }
        assert_int_equal(nftw(path, compare, 20, FTW_PHYS), 0);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_package_is_read_in_a_child),
        cmocka_unit_test(what_is_wrong_with_an_archive_is_told),
        cmocka_unit_test(a_child_that_breaks_out_gives_no_answer),
        cmocka_unit_test(a_package_that_needs_too_much_memory_is_at_fault),
        cmocka_unit_test(secrets_of_the_environment_stay_here),
        cmocka_unit_test(a_helper_that_is_gone_is_started_again),
        cmocka_unit_test(requests_in_flight_survive_the_end_of_the_helper),
        cmocka_unit_test(many_threads_may_ask_at_once),
        cmocka_unit_test(closing_waits_for_the_helper_to_end),
        cmocka_unit_test(the_sandbox_changes_no_verdict),
    };

    if (argc > 1 && strcmp(argv[1], "inspector") == 0) {
        helper_pid = getpid();
        return inspect_helper_run(3, read_or_misbehave);
    }
    return cmocka_run_group_tests(tests, enter, leave);
}
