#include "core/inspect_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <locale.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "core/inspect_wire.h"
#include "core/sandbox.h"

/* A window of 128 MiB, the info component packed and in parts unpacked, a parsed paths.json. */
#define CHILD_MEMORY  (512 * MIB)
#define CHILD_ARENA   (64 * MIB)
#define BASE_SECONDS  30
#define SECONDS_LIMIT 86400u

struct helper {
    int control;
    inspect_reader *reader;
    struct sandbox *sandbox;
    pid_t pid;
};

/* A request as it arrived. */
struct job {
    struct inspect_request request;
    int archive, answer;
};

unsigned inspect_seconds(uint64_t size)
{
    uint64_t seconds = BASE_SECONDS + size / MIB;

    return seconds < SECONDS_LIMIT ? (unsigned)seconds : SECONDS_LIMIT;
}

/* ---- The child ------------------------------------------------------------------------------- */

static enum err_code read_archive(const struct job *job, inspect_reader *reader, struct buf *out,
                                  struct err *err)
{
    struct arena *mem = arena_open(CHILD_ARENA); /* goes with the process */
    const struct inspect_request *req = &job->request;
    struct inspected found = {0};
    enum err_code rc;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory");
    rc = reader(mem, STDIN_FILENO, req->size, (struct str){req->kind, req->kind_len},
                (struct str){req->name, req->name_len}, &found, err);
    if (rc == ERR_NOMEM) /* the machine has memory: it is the file that wants too much */
        return fail(err, ERR_INVALID, INSPECT_OVER_LIMITS);
    if (!rc)
        inspect_wire_success(&found, out);
    return rc;
}

/* Nothing is shared with the helper any more, and only 0 and 1 stay open. */
static enum err_code enter_sandbox(const struct helper *h, const struct job *job, struct err *err)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
        return fail_errno(err, "could not tie the child to its parent");
    if (getppid() != h->pid)
        _exit(1); /* without a word: the server asks a new helper */
    if (dup2(job->archive, STDIN_FILENO) < 0 || dup2(job->answer, STDOUT_FILENO) < 0)
        return fail_errno(err, "could not set up the child");
#ifdef SANDBOX_SANITIZED
    if (close_range(STDERR_FILENO + 1, ~0u, 0)) /* reports go to standard error */
#else
    if (close_range(STDERR_FILENO, ~0u, 0))
#endif
        return fail_errno(err, "could not close descriptors");
    return sandbox_enter(h->sandbox, CHILD_MEMORY, inspect_seconds(job->request.size), err);
}

static _Noreturn void child(const struct helper *h, const struct job *job)
{
    struct buf out = BUF_INIT(INSPECT_ANSWER_MAX);
    struct err err = {0};
    int answer = job->answer;
    enum err_code rc = enter_sandbox(h, job, &err);

    if (!rc) {
        answer = STDOUT_FILENO;
        rc = read_archive(job, h->reader, &out, &err);
    }
    if (rc)
        inspect_wire_failure(rc, err.msg, &out);
    /* A failed write, like a failed buffer, leaves the answer cut, which the server notices. */
    _exit(fs_write_all(answer, buf_str(&out), NULL) ? 1 : 0);
}

/* ---- The helper ------------------------------------------------------------------------------ */

static void close_job(const struct job *job)
{
    (void)close(job->archive); /* nothing was written to it */
    (void)close(job->answer);
}

/* If even this cannot be written, the server sees the pipe end. */
static void refuse(const struct job *job)
{
    AUTO(buf_done) struct buf out = BUF_INIT(INSPECT_ANSWER_MAX);
    enum err_code rc;

    inspect_wire_failure(ERR_BUSY, "no process could be started to read the file", &out);
    rc = fs_write_all(job->answer, buf_str(&out), NULL);
    (void)rc;
}

static void start_child(const struct helper *h, const struct job *job)
{
    pid_t pid = fork();

    if (pid == 0)
        child(h, job);
    if (pid < 0)
        refuse(job);
}

/* The two descriptors of a message, or false. */
static bool take_fds(struct msghdr *msg, struct job *ret)
{
    struct cmsghdr *c = CMSG_FIRSTHDR(msg);
    int fds[INSPECT_REQUEST_FDS];

    if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
        c->cmsg_len != CMSG_LEN(sizeof(fds)))
        return false;
    memcpy(fds, CMSG_DATA(c), sizeof(fds));
    ret->archive = fds[0];
    ret->answer = fds[1];
    return true;
}

enum message { MESSAGE_END, MESSAGE_PING, MESSAGE_JOB };

/* A message of another form cannot come from our server, and counts as the end. */
static enum message next_message(int control, struct job *ret)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(INSPECT_REQUEST_FDS * sizeof(int))];
    } room;
    struct iovec part = {&ret->request, sizeof(ret->request)};
    struct msghdr msg = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &room,
        .msg_controllen = sizeof(room),
    };
    ssize_t len;

    do
        len = recvmsg(control, &msg, MSG_CMSG_CLOEXEC);
    while (len < 0 && errno == EINTR);
    if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
        return MESSAGE_END;
    if (len == 1 && *(const char *)&ret->request == INSPECT_PING)
        return MESSAGE_PING;
    if (len == (ssize_t)sizeof(ret->request) && take_fds(&msg, ret) &&
        ret->request.name_len <= sizeof(ret->request.name) &&
        ret->request.kind_len <= sizeof(ret->request.kind))
        return MESSAGE_JOB;
    return MESSAGE_END;
}

/* False when nobody listens any more. */
static bool answer_ping(int control)
{
    char sign = INSPECT_PING;
    ssize_t len;

    do
        len = send(control, &sign, sizeof(sign), MSG_NOSIGNAL);
    while (len < 0 && errno == EINTR);
    return len == (ssize_t)sizeof(sign);
}

static void serve(const struct helper *h)
{
    enum message m;
    struct job job;

    while ((m = next_message(h->control, &job)) != MESSAGE_END) {
        if (m == MESSAGE_PING) {
            if (!answer_ping(h->control))
                return;
            continue;
        }
        start_child(h, &job);
        close_job(&job);
    }
}

static int compare_numbers(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* The first time that it sorts more than a kilobyte, qsort() asks how much memory there is. */
static void sort_once(void)
{
    int numbers[1024] = {0};

    qsort(numbers, COUNT(numbers), sizeof(*numbers), compare_numbers);
}

/* What libraries would do at their first use, and could not do any more inside the sandbox. */
static void warm_up(void)
{
    (void)setlocale(LC_CTYPE, "C.UTF-8"); /* libarchive then needs no tables of characters */
    json_object_seed(0);                  /* reads a random device */
    sort_once();
}

int inspect_helper_run(int control, inspect_reader *reader)
{
    struct helper h = {.control = control, .reader = reader, .pid = getpid()};

    warm_up();
    (void)signal(SIGCHLD, SIG_IGN); /* the kernel reaps; how a child ended shows in its answer */
    (void)signal(SIGPIPE, SIG_IGN); /* a server that gave up waiting is no reason to end */
    if (sandbox_open(&h.sandbox, NULL))
        return 1;
    serve(&h);
    sandbox_close(h.sandbox);
    return 0;
}
