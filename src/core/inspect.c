/* inspect.c: the server's side. Any number of threads ask at once; each waits on its own pipe. */
#include "core/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "core/inspect_helper.h"
#include "core/inspect_wire.h"
#include "core/kind.h"

#define CONTROL_FD    3
#define GRACE_SECONDS 10 /* beyond the child's own alarm: it did not even get to run */
#define READ_STEP     (64 * KIB)

struct inspector {
    struct log *log;
    pthread_mutex_t lock; /* guards what follows; held for sending only, never while waiting */
    int control;          /* our end of the helper's socket; -1: no helper */
    pid_t pid;            /* of the helper */
    uint64_t generation;  /* how many helpers were started */
};

/* ---- The helper process ---------------------------------------------------------------------- */

/* What the helper needs of our environment; the rest may hold secrets. */
static const char *const env_names[] = {
    "LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS",
};

struct helper_env {
    char *vars[COUNT(env_names) + 1];
};

static bool is_passed_on(const char *var)
{
    struct str name;
    struct str rest = str_of(var);

    if (!str_cut(&rest, '=', &name))
        return false;
    for (size_t i = 0; i < COUNT(env_names); i++)
        if (str_eq(name, str_of(env_names[i])))
            return true;
    return false;
}

static void fill_env(struct helper_env *e)
{
    size_t n = 0;

    *e = (struct helper_env){0};
    for (char **var = environ; var && *var && n < COUNT(env_names); var++)
        if (is_passed_on(*var))
            e->vars[n++] = *var;
}

/* Descriptor 3 becomes the helper's end; 0 and 1 are closed to the world, 2 stays for reports. */
static int set_descriptors(posix_spawn_file_actions_t *a, int end)
{
    int rc = posix_spawn_file_actions_adddup2(a, end, CONTROL_FD);

    if (!rc)
        rc = posix_spawn_file_actions_addopen(a, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!rc)
        rc = posix_spawn_file_actions_addopen(a, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (!rc)
        rc = posix_spawn_file_actions_addclosefrom_np(a, CONTROL_FD + 1);
    return rc;
}

static int set_signals(posix_spawnattr_t *attr)
{
    sigset_t none, all;
    int rc;

    (void)sigemptyset(&none); /* neither can fail */
    (void)sigfillset(&all);
    rc = posix_spawnattr_setsigmask(attr, &none);
    if (!rc)
        rc = posix_spawnattr_setsigdefault(attr, &all);
    if (!rc)
        rc = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return rc;
}

static int spawn(int end, pid_t *ret_pid)
{
    char name[] = "terrarium", command[] = "inspector";
    char *argv[] = {name, command, NULL};
    struct helper_env env;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int rc;

    fill_env(&env);
    rc = posix_spawn_file_actions_init(&actions);
    if (rc)
        return rc;
    rc = posix_spawnattr_init(&attr);
    if (!rc) {
        rc = set_descriptors(&actions, end);
        if (!rc)
            rc = set_signals(&attr);
        if (!rc)
            rc = posix_spawn(ret_pid, "/proc/self/exe", &actions, &attr, argv, env.vars);
        (void)posix_spawnattr_destroy(&attr); /* neither can fail */
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* Caller holds the lock, or is alone. */
static enum err_code start_helper(struct inspector *in, struct err *err)
{
    AUTO(fd_closep) int theirs = -1;
    int pair[2];
    int rc;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
        return fail_errno(err, "could not make a socket for the inspector");
    theirs = pair[1];
    rc = spawn(theirs, &in->pid);
    if (rc) {
        (void)close(pair[0]); /* nothing was sent */
        errno = rc;
        return fail_errno(err, "could not start the inspector");
    }
    in->control = pair[0];
    in->generation++;
    return OK;
}

/* Its socket tells it to end. Caller holds the lock, or is alone. */
static void stop_helper(struct inspector *in)
{
    if (in->control < 0)
        return;
    (void)close(in->control); /* all that was sent has been received, or never will be */
    in->control = -1;
    while (waitpid(in->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

enum err_code inspector_open(struct log *log, struct inspector **ret, struct err *err)
{
    AUTO(inspector_closep) struct inspector *in = NULL;
    struct inspector *made = mem_new(struct inspector);
    enum err_code rc;

    if (!made)
        return fail(err, ERR_NOMEM, "out of memory");
    made->log = log;
    made->control = -1;
    if (pthread_mutex_init(&made->lock, NULL)) {
        mem_free(made);
        return fail(err, ERR_NOMEM, "out of memory");
    }
    in = made;
    rc = start_helper(in, err);
    if (!rc)
        *ret = TAKE(in);
    return rc;
}

void inspector_close(struct inspector *in)
{
    if (!in)
        return;
    stop_helper(in);
    (void)pthread_mutex_destroy(&in->lock); /* nobody holds it */
    mem_free(in);
}

void inspector_closep(struct inspector **in)
{
    inspector_close(*in);
}

int inspector_main(void)
{
    return inspect_helper_run(CONTROL_FD, kind_read);
}

/* ---- Requests -------------------------------------------------------------------------------- */

static bool send_to(int control, const struct inspect_request *req, const int fds[])
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(INSPECT_REQUEST_FDS * sizeof(int))];
    } room = {.bytes = {0}};
    struct inspect_request copy = *req; /* sendmsg's type has no const */
    struct iovec part = {&copy, sizeof(copy)};
    struct msghdr msg = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &room,
        .msg_controllen = sizeof(room),
    };
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    ssize_t sent;

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(INSPECT_REQUEST_FDS * sizeof(int));
    memcpy(CMSG_DATA(c), fds, INSPECT_REQUEST_FDS * sizeof(int));
    do
        sent = sendmsg(control, &msg, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof(copy);
}

/* After a failed send: is it for want of a helper? */
static bool is_unreachable(const struct inspector *in, int error)
{
    return in->control < 0 || error == EPIPE || error == ECONNRESET || error == ENOTCONN;
}

/* Caller holds the lock. */
static enum err_code restart_helper(struct inspector *in, struct err *err)
{
    log_msg(in->log, LOG_WARN, "inspector", "the inspector process has ended; starting another");
    stop_helper(in);
    return start_helper(in, err);
}

/* Starts the helper anew, once, if it is gone. */
static enum err_code send_request(struct inspector *in, const struct inspect_request *req,
                                  const int fds[], uint64_t *ret_generation, struct err *err)
{
    enum err_code rc = OK;
    bool sent;

    pthread_mutex_lock(&in->lock);
    sent = send_to(in->control, req, fds);
    if (!sent && is_unreachable(in, errno)) {
        rc = restart_helper(in, err);
        sent = !rc && send_to(in->control, req, fds);
    }
    if (!rc && !sent)
        rc = fail_errno(err, "could not reach the inspector");
    *ret_generation = in->generation;
    pthread_mutex_unlock(&in->lock);
    return rc;
}

/* Asks the helper for a sign of life. A process that is ending closes its descriptors in any
 * order, so that nothing less tells for sure; and the answer, or the hang-up, comes at once.
 * Caller holds the lock. */
static bool is_alive(const struct inspector *in)
{
    char sign = INSPECT_PING;
    ssize_t len;

    do
        len = send(in->control, &sign, sizeof(sign), MSG_NOSIGNAL);
    while (len < 0 && errno == EINTR);
    if (len < 0)
        return false;
    do
        len = recv(in->control, &sign, sizeof(sign), 0);
    while (len < 0 && errno == EINTR);
    return len == (ssize_t)sizeof(sign);
}

/* Did the helper of this generation end, and its children with it? */
static bool helper_gone(struct inspector *in, uint64_t generation)
{
    bool gone = true;

    pthread_mutex_lock(&in->lock);
    if (in->generation == generation && in->control >= 0) {
        gone = !is_alive(in);
        if (gone)
            stop_helper(in); /* the next request starts another */
    }
    pthread_mutex_unlock(&in->lock);
    return gone;
}

/* Waits for more bytes, or the end, until the deadline. */
static bool wait_readable(int fd, uint64_t deadline_us)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        uint64_t now = clock_mono_us();
        int rc;

        if (now >= deadline_us)
            return false;
        rc = poll(&p, 1, (int)((deadline_us - now) / 1000 + 1));
        if (rc > 0)
            return true;
        if (rc < 0 && errno != EINTR)
            return false;
    }
}

/* Reads to the end of the pipe. Whatever goes wrong leaves an answer that does not parse. */
static void read_answer(int fd, unsigned seconds, struct buf *out)
{
    uint64_t deadline_us = clock_mono_us() + (uint64_t)seconds * 1000000;
    ssize_t got = 1;

    while (got > 0 && wait_readable(fd, deadline_us)) {
        char *room = buf_reserve(out, READ_STEP);

        if (!room)
            return;
        got = read(fd, room, READ_STEP);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            buf_commit(out, (size_t)got);
    }
}

/* One request and its answer. *ret_lost: the helper ended before there was one. */
static enum err_code ask(struct inspector *in, const struct inspect_request *req, int fd,
                         struct buf *out, bool *ret_lost, struct err *err)
{
    AUTO(fd_closep) int ours = -1;
    uint64_t generation;
    int pipe_ends[2];
    enum err_code rc;

    if (pipe2(pipe_ends, O_CLOEXEC))
        return fail_errno(err, "could not make a pipe for the inspector");
    ours = pipe_ends[0];
    rc = send_request(in, req, (const int[]){fd, pipe_ends[1]}, &generation, err);
    (void)close(pipe_ends[1]); /* the child alone holds it now, so that its end is the pipe's */
    if (rc)
        return rc;
    read_answer(ours, inspect_seconds(req->size) + GRACE_SECONDS, out);
    if (!buf_ok(out) && out->len <= INSPECT_ANSWER_MAX) /* else the answer is too long */
        return fail(err, ERR_NOMEM, "out of memory");
    *ret_lost = out->len == 0 && helper_gone(in, generation);
    return OK;
}

static enum err_code make_request(struct str kind, struct str filename, uint64_t size,
                                  struct inspect_request *ret, struct err *err)
{
    *ret = (struct inspect_request){.size = size};
    if (filename.len > sizeof(ret->name) || kind.len > sizeof(ret->kind))
        return fail(err, ERR_INVALID, "the file name is too long");
    memcpy(ret->name, filename.ptr, filename.len);
    memcpy(ret->kind, kind.ptr, kind.len);
    ret->name_len = (uint32_t)filename.len;
    ret->kind_len = (uint32_t)kind.len;
    return OK;
}

enum err_code inspect_file(struct inspector *in, struct arena *mem, int fd, uint64_t size,
                           struct str kind, struct str filename, struct inspected *ret,
                           struct err *err)
{
    AUTO(buf_done) struct buf answer = BUF_INIT(INSPECT_ANSWER_MAX + READ_STEP);
    struct inspect_request req;
    bool lost = false, malformed = false;
    enum err_code rc = make_request(kind, filename, size, &req, err);

    if (!rc)
        rc = ask(in, &req, fd, &answer, &lost, err);
    if (!rc && lost)
        rc = ask(in, &req, fd, &answer, &lost, err);
    if (!rc && lost)
        rc = fail(err, ERR_IO, "the inspector process keeps ending");
    if (rc)
        return rc;
    rc = inspect_wire_parse(mem, buf_str(&answer), ret, &malformed, err);
    if (malformed)
        return fail(err, ERR_INVALID, INSPECT_OVER_LIMITS);
    return rc;
}
