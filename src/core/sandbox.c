#include "core/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"

struct sandbox {
    scmp_filter_ctx filter;
};

/* Calls that are harmless with any arguments: memory, time, randomness, the end. */
static const int free_calls[] = {
    SCMP_SYS(munmap),      SCMP_SYS(mremap),         SCMP_SYS(madvise),       SCMP_SYS(brk),
    SCMP_SYS(futex),       SCMP_SYS(getrandom),      SCMP_SYS(clock_gettime), SCMP_SYS(exit),
    SCMP_SYS(exit_group),  SCMP_SYS(rt_sigreturn),
#ifdef SANDBOX_SANITIZED
    SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction),  SCMP_SYS(gettid),
    SCMP_SYS(getpid),      SCMP_SYS(sched_yield),    SCMP_SYS(mprotect),
#endif
};

/* True when all rules were taken. */
static bool add_rules(scmp_filter_ctx f)
{
    int rc = 0;

    for (size_t i = 0; i < COUNT(free_calls); i++)
        rc |= seccomp_rule_add(f, SCMP_ACT_ALLOW, free_calls[i], 0);
    rc |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(pread64), 1,
                           SCMP_A0(SCMP_CMP_EQ, STDIN_FILENO, 0));
    rc |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                           SCMP_A0(SCMP_CMP_EQ, STDOUT_FILENO, 0));
#ifdef SANDBOX_SANITIZED
    rc |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                           SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO, 0));
#endif
    /* Memory of no file, and not to be run as code. */
    rc |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
                           SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                           SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
    return rc == 0;
}

static void sandbox_closep(struct sandbox **s)
{
    sandbox_close(*s);
}

enum err_code sandbox_open(struct sandbox **ret, struct err *err)
{
    AUTO(sandbox_closep) struct sandbox *s = mem_new(struct sandbox);

    if (!s)
        return fail(err, ERR_NOMEM, "out of memory");
    s->filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!s->filter || seccomp_attr_set(s->filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) ||
        !add_rules(s->filter))
        return fail(err, ERR_IO, "could not make the system call filter");
    *ret = TAKE(s);
    return OK;
}

void sandbox_close(struct sandbox *s)
{
    if (!s)
        return;
    if (s->filter)
        seccomp_release(s->filter);
    mem_free(s);
}

static bool limit(__rlimit_resource_t what, rlim_t value)
{
    return setrlimit(what, &(struct rlimit){value, value}) == 0;
}

static bool set_limits(uint64_t memory, unsigned seconds)
{
#ifdef SANDBOX_SANITIZED
    (void)memory; /* see sandbox.h */
#else
    if (!limit(RLIMIT_AS, memory))
        return false;
#endif
    (void)alarm(seconds); /* its default action ends the process */
    return limit(RLIMIT_CPU, seconds) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NOFILE, 0) &&
           limit(RLIMIT_NPROC, 0) && limit(RLIMIT_CORE, 0);
}

enum err_code sandbox_enter(const struct sandbox *s, uint64_t memory, unsigned seconds,
                            struct err *err)
{
    int rc;

    (void)signal(SIGALRM, SIG_DFL); /* cannot fail for this signal */
    if (!set_limits(memory, seconds) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return fail_errno(err, "could not limit the process");
    rc = seccomp_load(s->filter);
    if (rc) {
        errno = -rc;
        return fail_errno(err, "could not load the system call filter");
    }
    return OK;
}
