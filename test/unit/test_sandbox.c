/* Each attempt runs in a forked child that enters the sandbox first. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "core/sandbox.h"
#include "make_archive.h"

#define SURVIVED 42
#define FAILED   43 /* the call was let through, and failed otherwise */

struct fixture {
    struct sandbox *sandbox;
    int archive;
    int pipe[2];
};

static int enter(void **state)
{
    struct fixture *f = mem_new(struct fixture);

    f->archive = make_fd(S("archive bytes"));
    if (pipe2(f->pipe, O_CLOEXEC) || sandbox_open(&f->sandbox, NULL))
        return -1;
    *state = f;
    return 0;
}

static int leave(void **state)
{
    struct fixture *f = *state;

    sandbox_close(f->sandbox);
    (void)close(f->archive);
    (void)close(f->pipe[0]);
    (void)close(f->pipe[1]);
    mem_free(f);
    return 0;
}

/* The wait status of a child that tries something inside. */
static int status_of(const struct fixture *f, uint64_t memory, unsigned seconds, void (*try)(void))
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        if (dup2(f->archive, 0) < 0 || dup2(f->pipe[1], 1) < 0 ||
            sandbox_enter(f->sandbox, memory, seconds, NULL))
            _exit(99);
        try();
        _exit(SURVIVED);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void survives_at(const struct fixture *f, void (*try)(void), int line)
{
    int status = status_of(f, 512 * MIB, 30, try);

    if (!WIFEXITED(status) || WEXITSTATUS(status) != SURVIVED)
        print_error("line %d: wait status %#x\n", line, (unsigned)status);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), SURVIVED);
}
#define survives(f, try) survives_at((f), (try), __LINE__)

static void killed_at(const struct fixture *f, void (*try)(void), int signal_expected, int line)
{
    int status = status_of(f, 512 * MIB, 30, try);

    if (!WIFSIGNALED(status) || WTERMSIG(status) != signal_expected)
        print_error("line %d: wait status %#x\n", line, (unsigned)status);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), signal_expected);
}
#define killed(f, try) killed_at((f), (try), SIGSYS, __LINE__)

/* ---- What is allowed ------------------------------------------------------------------------- */

static void read_the_archive(void)
{
    char bytes[7];

    if (pread(0, bytes, 7, 0) != 7 || memcmp(bytes, "archive", 7) != 0)
        _exit(FAILED);
}

static void write_the_answer(void)
{
    if (write(1, "answer", 6) != 6)
        _exit(FAILED);
}

static void use_memory(void)
{
    for (size_t size = 16; size <= 64 * MIB; size *= 2) {
        char *p = mem_get(size);

        if (!p)
            _exit(FAILED);
        p[size - 1] = 1;
        p = mem_resize(p, 2 * size);
        if (!p || p[size - 1] != 1)
            _exit(FAILED);
        mem_free(p);
    }
}

static void reading_writing_and_computing_are_allowed(void **state)
{
    const struct fixture *f = *state;
    char bytes[6];

    survives(f, read_the_archive);
    survives(f, write_the_answer);
    assert_int_equal(read(f->pipe[0], bytes, 6), 6);
    assert_memory_equal(bytes, "answer", 6);
    survives(f, use_memory);
}

/* Some results must be looked at; inside, the call does not come back. */
static void ignore(long result)
{
    (void)result;
}

/* ---- What is not ----------------------------------------------------------------------------- */

static void try_open(void)
{
    (void)open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static void try_socket(void)
{
    (void)socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static void try_exec(void)
{
    char name[] = "/bin/true";
    char *argv[] = {name, NULL};

    (void)execve("/bin/true", argv, NULL);
}

static void try_fork(void)
{
    (void)fork();
}

static void try_kill(void)
{
    (void)kill(getppid(), 0);
}

static void try_stat(void)
{
    struct stat st;

    (void)stat("/etc/passwd", &st);
}

static void try_dup(void)
{
    (void)fcntl(0, F_DUPFD_CLOEXEC, 5);
}

static void try_prctl(void)
{
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void try_raising_limits(void)
{
    (void)setrlimit(RLIMIT_CPU, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
}

static void try_ptrace(void)
{
    (void)syscall(SYS_ptrace, 0, 0, 0, 0);
}

static void try_unlink(void)
{
    (void)unlink("/tmp/no such file");
}

static void try_reading_another_descriptor(void)
{
    char byte;

    ignore(pread(2, &byte, 1, 0));
}

static void try_writing_to_the_archive(void)
{
    ignore(write(0, "x", 1));
}

static void try_positioned_writing(void)
{
    ignore(pwrite(0, "x", 1, 0));
}

static void try_truncating(void)
{
    ignore(ftruncate(0, 0));
}

static void try_running_memory(void)
{
    (void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void try_mapping_the_archive(void)
{
    (void)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 0, 0);
}

static void try_io_uring(void)
{
    (void)syscall(SYS_io_uring_setup, 8, NULL);
}

static void try_32_bit_calls(void)
{
#ifdef __x86_64__
    long result;

    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory"); /* getpid of i386 */
#else
    (void)syscall(SYS_getuid);
#endif
}

static void other_system_calls_end_the_process(void **state)
{
    const struct fixture *f = *state;

    killed(f, try_open);
    killed(f, try_socket);
    killed(f, try_exec);
    killed(f, try_fork);
    killed(f, try_kill);
    killed(f, try_stat);
    killed(f, try_dup);
    killed(f, try_prctl);
    killed(f, try_raising_limits);
    killed(f, try_ptrace);
    killed(f, try_unlink);
    killed(f, try_io_uring);
    killed(f, try_32_bit_calls);
}

static void descriptors_serve_one_purpose_each(void **state)
{
    const struct fixture *f = *state;
    char bytes[13];

    killed(f, try_reading_another_descriptor);
    killed(f, try_writing_to_the_archive);
    killed(f, try_positioned_writing);
    killed(f, try_truncating);
    killed(f, try_mapping_the_archive);
    assert_int_equal(pread(f->archive, bytes, 13, 0), 13);
    assert_memory_equal(bytes, "archive bytes", 13);
}

static void memory_cannot_become_code(void **state)
{
    killed(*state, try_running_memory);
}

/* ---- Limits ---------------------------------------------------------------------------------- */

static void spin(void)
{
    for (volatile unsigned i = 0;; i++)
        ;
}

static void take_600_mib(void)
{
    for (int i = 0; i < 600; i++)
        if (!mem_get(MIB))
            return; /* refused, as it should be */
    _exit(FAILED);
}

static void time_is_limited(void **state)
{
    int status = status_of(*state, 512 * MIB, 1, spin);

    assert_true(WIFSIGNALED(status));
    /* Whichever clock is first: that on the wall, or that of the processor, soft or hard. */
    assert_true(WTERMSIG(status) == SIGALRM || WTERMSIG(status) == SIGXCPU ||
                WTERMSIG(status) == SIGKILL);
}

static void memory_is_limited(void **state)
{
#ifdef SANDBOX_SANITIZED
    (void)state;
    (void)take_600_mib;
    print_message("skipped: sanitizers reserve more addresses than any limit\n");
    skip();
#else
    survives(*state, take_600_mib);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_writing_and_computing_are_allowed),
        cmocka_unit_test(other_system_calls_end_the_process),
        cmocka_unit_test(descriptors_serve_one_purpose_each),
        cmocka_unit_test(memory_cannot_become_code),
        cmocka_unit_test(time_is_limited),
        cmocka_unit_test(memory_is_limited),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
