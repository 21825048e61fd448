#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

/* Each test runs in an empty folder of its own, with an arena; afterwards no descriptor may
 * have been left open. */
struct place {
    struct arena *a;
    char folder[64];
    int fds;
};

static int count_entries(const char *path)
{
    DIR *dir = opendir(path);
    int n = 0;

    assert_non_null(dir);
    while (readdir(dir))
        n++;
    (void)closedir(dir);
    return n - 2; /* . and .. */
}

static int enter(void **state)
{
    struct place *p = mem_new(struct place);

    if (!p)
        return -1;
    p->fds = count_entries("/proc/self/fd");
    p->a = arena_open(64 * MIB);
    memcpy(p->folder, "/tmp/test_fs_XXXXXX", sizeof("/tmp/test_fs_XXXXXX"));
    if (!p->a || !mkdtemp(p->folder) || chdir(p->folder))
        return -1;
    *state = p;
    return 0;
}

static int leave(void **state)
{
    struct place *p = *state;
    char command[128];
    bool leaked = count_entries("/proc/self/fd") != p->fds;

    (void)snprintf(command, sizeof(command), "rm -rf %s", p->folder);
    arena_close(p->a);
    mem_free(p);
    return chdir("/") || system(command) || leaked; /* NOLINT(cert-env33-c): fixed text */
}

static void write_file(const char *path, struct str data)
{
    AUTO(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(fs_write_all(fd, data, NULL), OK);
}

static struct str content(struct place *p, const char *path)
{
    struct str data = {NULL, 0};

    assert_int_equal(fs_read(p->a, path, MIB, &data, NULL), OK);
    return data;
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void folders_are_made_with_their_parents_for_the_owner_only(void **state)
{
    (void)state;
    (void)umask(0);
    assert_int_equal(fs_mkdirs("a/b/c", NULL), OK);
    assert_int_equal(mode_of("a"), 0700);
    assert_int_equal(mode_of("a/b/c"), 0700);
    assert_int_equal(fs_mkdirs("a/b/c", NULL), OK);
    assert_int_equal(fs_mkdirs("a//d/", NULL), OK);
    assert_int_equal(mode_of("a/d"), 0700);
    assert_int_equal(fs_mkdirs("/tmp", NULL), OK);
}

static void file_in_the_way_of_a_folder_is_an_error(void **state)
{
    struct err e = {0};

    (void)state;
    write_file("f", S("x"));
    assert_int_equal(fs_mkdirs("f", &e), ERR_IO);
    assert_string_equal(e.msg, "cannot create the folder \"f\": File exists");
    assert_int_equal(fs_mkdirs("f/g", &e), ERR_IO);
    assert_int_equal(fs_mkdirs("", &e), ERR_INVALID);
}

static void file_is_read_up_to_its_limit(void **state)
{
    struct place *p = *state;
    struct str data = S("before");
    struct err e = {0};

    write_file("f", S("0123456789"));
    assert_int_equal(fs_read(p->a, "f", 9, &data, &e), ERR_TOO_BIG);
    assert_string_equal(e.msg, "\"f\" has more than 9 bytes");
    assert_str(data, "before");
    assert_int_equal(fs_read(p->a, "f", 10, &data, &e), OK);
    assert_str(data, "0123456789");
    assert_int_equal(data.ptr[10], '\0');
    assert_int_equal(fs_read(p->a, "f", SIZE_MAX, &data, &e), OK);
    assert_str(data, "0123456789");
}

static void empty_large_and_kernel_files_are_read(void **state)
{
    struct place *p = *state;
    char *big = mem_get(MIB - 1);

    assert_non_null(big);
    memset(big, 'x', MIB - 1);
    write_file("big", (struct str){big, MIB - 1});
    assert_true(str_eq(content(p, "big"), (struct str){big, MIB - 1}));
    mem_free(big);
    write_file("empty", S(""));
    assert_str(content(p, "empty"), "");
    assert_non_null(content(p, "empty").ptr);
    assert_true(str_starts(content(p, "/proc/self/status"), S("Name:"))); /* its size is 0 */
}

static void what_cannot_be_read_is_told_apart(void **state)
{
    struct place *p = *state;
    AUTO(arena_closep) struct arena *small = arena_open(4);
    struct str data;
    struct err e = {0};

    assert_int_equal(fs_read(p->a, "absent", 10, &data, &e), ERR_NOT_FOUND);
    assert_string_equal(e.msg, "there is no \"absent\"");
    assert_int_equal(fs_read(p->a, ".", 10, &data, &e), ERR_IO);
    write_file("f", S("0123456789"));
    assert_int_equal(fs_read(small, "f", 10, &data, &e), ERR_NOMEM);
    mem_fail_at(1);
    assert_int_equal(fs_read(p->a, "f", 10, &data, &e), ERR_NOMEM);
    mem_fail_at(0);
}

static void open_file_is_read_from_its_beginning(void **state)
{
    struct place *p = *state;
    AUTO(arena_closep) struct arena *small = arena_open(4);
    AUTO(fd_closep) int fd = -1;
    struct str data;
    struct err e = {0};

    write_file("f", S("0123456789"));
    fd = open("f", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(lseek(fd, 5, SEEK_SET), 5);
    assert_int_equal(fs_read_fd(p->a, fd, 10, &data, &e), OK);
    assert_str(data, "0123456789");
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 5);
    assert_int_equal(fs_read_fd(p->a, fd, 0, &data, &e), OK);
    assert_str(data, "");
    assert_int_equal(fs_read_fd(p->a, fd, 11, &data, &e), ERR_IO);
    assert_string_equal(e.msg, "the file ends after 10 of 11 bytes");
    assert_int_equal(fs_read_fd(p->a, -1, 1, &data, &e), ERR_IO);
    assert_int_equal(fs_read_fd(small, fd, 10, &data, &e), ERR_NOMEM);
}

static void durable_write_replaces_and_leaves_no_temporary_file(void **state)
{
    struct place *p = *state;

    (void)umask(0);
    assert_int_equal(fs_write_durable("f", S("one"), NULL), OK);
    assert_str(content(p, "f"), "one");
    assert_int_equal(mode_of("f"), 0600);
    assert_int_equal(fs_write_durable("f", S("second"), NULL), OK);
    assert_str(content(p, "f"), "second");
    assert_int_equal(fs_mkdirs("sub", NULL), OK);
    assert_int_equal(fs_write_durable("sub/g", S(""), NULL), OK);
    assert_str(content(p, "sub/g"), "");
    assert_int_equal(count_entries("."), 2);
    assert_int_equal(count_entries("sub"), 1);
}

static void failed_durable_write_leaves_the_old_file(void **state)
{
    char path[5000];
    struct err e = {0};

    (void)state;
    assert_int_equal(fs_write_durable("absent/f", S("x"), &e), ERR_IO);
    assert_int_equal(fs_mkdirs("folder", NULL), OK);
    assert_int_equal(fs_write_durable("folder", S("x"), &e), ERR_IO); /* the rename fails */
    assert_int_equal(count_entries("."), 1);
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(fs_write_durable(path, S("x"), &e), ERR_INVALID);
}

static void rename_replaces(void **state)
{
    struct place *p = *state;
    struct err e = {0};

    write_file("a", S("new"));
    write_file("b", S("old"));
    assert_int_equal(fs_rename_durable("a", "b", &e), OK);
    assert_str(content(p, "b"), "new");
    assert_int_equal(count_entries("."), 1);
    assert_int_equal(fs_rename_durable("a", "b", &e), ERR_IO);
    assert_string_equal(e.msg, "cannot rename \"a\" to \"b\": No such file or directory");
}

static void full_device_has_its_own_code(void **state)
{
    AUTO(fd_closep) int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    struct err e = {0};

    (void)state;
    assert_int_equal(fs_write_all(fd, S("x"), &e), ERR_NO_SPACE);
    assert_string_equal(e.msg, "cannot write: No space left on device");
    assert_int_equal(fs_write_all(-1, S("x"), &e), ERR_IO);
    assert_int_equal(fs_write_all(-1, S(""), &e), OK);
}

static void ignore_signal(int number)
{
    (void)number;
}

/* Reads slowly what comes out of the pipe; the exit status says whether it was len bytes. */
static void read_slowly(int fd, size_t len)
{
    const struct timespec pause = {.tv_nsec = 100000};
    char data[4096];
    size_t total = 0;
    ssize_t n;

    while ((n = read(fd, data, sizeof(data))) > 0) {
        total += (size_t)n;
        (void)nanosleep(&pause, NULL);
    }
    _exit(total != len);
}

static void interrupted_write_goes_on(void **state)
{
    const struct sigaction interrupt = {.sa_handler = ignore_signal}; /* no SA_RESTART */
    const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    size_t len = 2 * MIB; /* far more than a pipe holds, so that write(2) waits inside */
    char *data = mem_get(len);
    int fds[2], status;
    pid_t pid;

    (void)state;
    assert_non_null(data);
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid = fork();
    if (!pid) {
        (void)close(fds[1]);
        read_slowly(fds[0], len);
    }
    (void)close(fds[0]);
    assert_int_equal(sigaction(SIGALRM, &interrupt, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    assert_int_equal(fs_write_all(fds[1], (struct str){data, len}, NULL), OK);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    (void)close(fds[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    mem_free(data);
}

static void lock_is_exclusive_and_names_its_holder(void **state)
{
    struct place *p = *state;
    AUTO(fd_closep) int first = -1;
    int second = -1;
    char expected[100];
    struct err e = {0};

    write_file("lock", S("a longer text of an earlier holder\n"));
    assert_int_equal(fs_lock("lock", &first, &e), OK);
    assert_true(first >= 0);
    assert_int_equal(fcntl(first, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    (void)snprintf(expected, sizeof(expected), "%d\n", (int)getpid());
    assert_str(content(p, "lock"), expected);
    assert_int_equal(fs_lock("lock", &second, &e), ERR_BUSY);
    (void)snprintf(expected, sizeof(expected), "\"lock\" is locked by process %d", (int)getpid());
    assert_string_equal(e.msg, expected);
    assert_int_equal(second, -1);
    fd_closep(&first);
    assert_int_equal(fs_lock("lock", &second, &e), OK);
    fd_closep(&second);
    assert_int_equal(second, -1);
}

static void other_process_cannot_have_the_lock(void **state)
{
    AUTO(fd_closep) int fd = -1;
    int status;
    pid_t pid;

    (void)state;
    assert_int_equal(fs_lock("lock", &fd, NULL), OK);
    pid = fork();
    if (!pid) {
        int mine = -1;

        _exit(fs_lock("lock", &mine, NULL) == ERR_BUSY ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void lock_dies_with_its_process(void **state)
{
    AUTO(fd_closep) int fd = -1;
    int status;
    pid_t pid = fork();

    (void)state;
    if (!pid) {
        int theirs = -1;

        _exit(fs_lock("lock", &theirs, NULL) ? 1 : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(fs_lock("lock", &fd, NULL), OK);
}

static void holder_that_left_no_number_is_unknown(void **state)
{
    AUTO(fd_closep) int first = -1;
    int second = -1;
    struct err e = {0};

    (void)state;
    assert_int_equal(fs_lock("lock", &first, &e), OK);
    assert_int_equal(ftruncate(first, 0), 0);
    assert_int_equal(fs_lock("lock", &second, &e), ERR_BUSY);
    assert_string_equal(e.msg, "\"lock\" is locked by another process");
    assert_int_equal(fs_lock("absent/lock", &second, &e), ERR_IO);
}

static void only_regular_files_are_removed(void **state)
{
    struct place *p = *state;
    struct err e = {0};

    assert_int_equal(fs_mkdirs("tmp/folder", NULL), OK);
    write_file("kept", S("kept"));
    write_file("tmp/a", S("a"));
    write_file("tmp/.hidden", S("b"));
    write_file("tmp/folder/c", S("c"));
    assert_int_equal(symlink("../kept", "tmp/link"), 0);
    assert_int_equal(fs_empty_dir("tmp", &e), OK);
    assert_int_equal(count_entries("tmp"), 2); /* folder and link */
    assert_str(content(p, "tmp/folder/c"), "c");
    assert_str(content(p, "kept"), "kept");
    assert_int_equal(fs_empty_dir("absent", &e), ERR_NOT_FOUND);
    assert_int_equal(fs_empty_dir("kept", &e), ERR_IO);
}

static void taken_descriptor_stays_open(void **state)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int mine = fd_take(&fd);

    (void)state;
    assert_int_equal(fd, -1);
    fd_closep(&fd);
    assert_int_equal(close(mine), 0);
}

static void closing_keeps_errno(void **state)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), number = fd;

    (void)state;
    errno = EXDEV;
    fd_closep(&fd);
    assert_int_equal(errno, EXDEV);
    assert_int_equal(fd, -1);
    assert_int_equal(fcntl(number, F_GETFD), -1);
    fd_closep(&fd);
    fd = 1000000; /* close() fails and sets errno */
    errno = EXDEV;
    fd_closep(&fd);
    assert_int_equal(errno, EXDEV);
}

#ifdef TERRARIUM_FAULTS
/* Replaces the file f in a child with the fault set; returns the child's wait status. The
 * child exits with the error code, plus 100 if anything besides f lies in the folder. */
static int replace_with_fault(const char *fault)
{
    int status;
    pid_t pid = fork();

    if (!pid) {
        enum err_code code;

        if (setenv("TERRARIUM_FAULT", fault, 1))
            _exit(255);
        code = fs_write_durable("f", S("new"), NULL);
        _exit((int)code + (count_entries(".") == 1 ? 0 : 100));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void each_fault_is_reported_and_leaves_old_or_new(void **state)
{
    static const struct {
        const char *fault;
        enum err_code code;
        const char *left;
    } cases[] = {
        {"fs.write:1:ENOSPC", ERR_NO_SPACE, "old"},
        {"fs.write:1:EIO", ERR_IO, "old"},
        {"fs.fsync:1:EIO", ERR_IO, "old"},
        {"fs.rename:1:EIO", ERR_IO, "old"},
        {"fs.fsync:2:EIO", ERR_IO, "new"}, /* of the folder: renamed, but perhaps not for good */
        {"fs.fsync:3:EIO", OK, "new"},
        {"fs.other:1:EIO", OK, "new"},
    };
    struct place *p = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        int status;

        write_file("f", S("old"));
        status = replace_with_fault(cases[i].fault);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), cases[i].code);
        assert_str(content(p, "f"), cases[i].left);
    }
}

static void killed_at_each_point_leaves_old_or_new(void **state)
{
    static const struct {
        const char *fault, *left;
    } cases[] = {{"fs.write:1:KILL", "old"},
                 {"fs.fsync:1:KILL", "old"},
                 {"fs.rename:1:KILL", "old"},
                 {"fs.fsync:2:KILL", "new"}};
    struct place *p = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        int status;

        write_file("f", S("old"));
        status = replace_with_fault(cases[i].fault);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGKILL);
        assert_str(content(p, "f"), cases[i].left);
    }
}

static void malformed_fault_is_not_taken_for_success(void **state)
{
    static const char *const bad[] = {"fs.write", "fs.write:", "fs.write:x:EIO", "fs.write:1",
                                      "fs.write:1:ENOENT"};

    (void)state;
    write_file("f", S("old"));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_true(WIFSIGNALED(replace_with_fault(bad[i])));
}
#endif

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(folders_are_made_with_their_parents_for_the_owner_only),
        IN_FOLDER(file_in_the_way_of_a_folder_is_an_error),
        IN_FOLDER(file_is_read_up_to_its_limit),
        IN_FOLDER(empty_large_and_kernel_files_are_read),
        IN_FOLDER(what_cannot_be_read_is_told_apart),
        IN_FOLDER(open_file_is_read_from_its_beginning),
        IN_FOLDER(durable_write_replaces_and_leaves_no_temporary_file),
        IN_FOLDER(failed_durable_write_leaves_the_old_file),
        IN_FOLDER(rename_replaces),
        IN_FOLDER(full_device_has_its_own_code),
        IN_FOLDER(interrupted_write_goes_on),
        IN_FOLDER(lock_is_exclusive_and_names_its_holder),
        IN_FOLDER(other_process_cannot_have_the_lock),
        IN_FOLDER(lock_dies_with_its_process),
        IN_FOLDER(holder_that_left_no_number_is_unknown),
        IN_FOLDER(only_regular_files_are_removed),
        IN_FOLDER(taken_descriptor_stays_open),
        IN_FOLDER(closing_keeps_errno),
#ifdef TERRARIUM_FAULTS
        IN_FOLDER(each_fault_is_reported_and_leaves_old_or_new),
        IN_FOLDER(killed_at_each_point_leaves_old_or_new),
        IN_FOLDER(malformed_fault_is_not_taken_for_success),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
