/* The helper runs in a forked process here; requests are written by hand. */
#include "unit.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "core/inspect_helper.h"
#include "core/inspect_wire.h"
#include "make_archive.h"

struct helper {
    pid_t pid;
    int control;
};

static struct helper start(inspect_reader *reader)
{
    struct helper h;
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    h.pid = fork();
    assert_true(h.pid >= 0);
    if (h.pid == 0) {
        (void)close(pair[0]);
        _exit(inspect_helper_run(pair[1], reader));
    }
    (void)close(pair[1]);
    h.control = pair[0];
    return h;
}

/* The exit status of the helper, whose socket is closed if it is still open. */
static int stop(struct helper *h)
{
    int status = 0;

    (void)close(h->control);
    assert_int_equal(waitpid(h->pid, &status, 0), h->pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void send_message(const struct helper *h, const void *bytes, size_t len, const int *fds,
                         size_t fd_count)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(4 * sizeof(int))];
    } room = {.bytes = {0}};
    char copy[sizeof(struct inspect_request)];
    struct iovec part = {copy, len};
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};

    memcpy(copy, bytes, len);
    if (fd_count) {
        msg.msg_control = &room;
        msg.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        room.align.cmsg_level = SOL_SOCKET;
        room.align.cmsg_type = SCM_RIGHTS;
        room.align.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(&room.align), fds, fd_count * sizeof(int));
    }
    assert_int_equal(sendmsg(h->control, &msg, MSG_NOSIGNAL), len);
}

static struct inspect_request request_for(const char *name)
{
    struct inspect_request r = {.size = 1, .kind_len = 4, .name_len = (uint32_t)strlen(name)};

    memcpy(r.kind, "kind", r.kind_len);
    memcpy(r.name, name, r.name_len);
    return r;
}

/* Sends a request about a one-byte archive, reads the whole answer. */
static struct str ask(struct arena *a, const struct helper *h, const char *name)
{
    struct buf out = BUF_INIT(INSPECT_ANSWER_MAX);
    struct inspect_request r = request_for(name);
    int ends[2], archive = make_fd(S("x"));
    struct str answer;
    ssize_t got;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    send_message(h, &r, sizeof(r), (const int[]){archive, ends[1]}, 2);
    (void)close(ends[1]);
    (void)close(archive);
    while ((got = read(ends[0], buf_reserve(&out, 4096), 4096)) > 0)
        buf_commit(&out, (size_t)got);
    (void)close(ends[0]);
    answer = str_dup(a, buf_str(&out));
    buf_done(&out);
    return answer;
}

static enum err_code echo(struct arena *mem, int fd, uint64_t size, struct str kind,
                          struct str filename, struct inspected *ret, struct err *err)
{
    char byte = 0;

    assert_int_equal(pread(fd, &byte, 1, 0), 1);
    if (str_eq(filename, S("bad")))
        return fail(err, ERR_INVALID, "it is bad");
    ret->texts[0] = str_fmt(mem, STR_FMT " " STR_FMT " %d %c", STR_ARG(kind), STR_ARG(filename),
                            (int)size, byte);
    return OK;
}

static int enter(void **state)
{
    *state = arena_open(64 * MIB);
    return *state ? 0 : -1;
}

static int leave(void **state)
{
    arena_close(*state);
    return 0;
}

static void each_request_is_answered_on_its_pipe(void **state)
{
    struct helper h = start(echo);
    struct inspected out = {0};
    struct err err = {0};
    bool malformed;
    struct str answer;

    for (int i = 0; i < 3; i++) {
        answer = ask(*state, &h, "pkg");
        assert_int_equal(inspect_wire_parse(*state, answer, &out, &malformed, &err), OK);
        assert_str(out.texts[0], "kind pkg 1 x");
    }
    answer = ask(*state, &h, "bad");
    assert_int_equal(inspect_wire_parse(*state, answer, &out, &malformed, &err), ERR_INVALID);
    assert_string_equal(err.msg, "it is bad");
    assert_false(malformed);
    assert_int_equal(stop(&h), 0);
}

static void a_sign_of_life_is_sent_back(void **state)
{
    struct helper h = start(echo);
    char sign = INSPECT_PING;

    (void)state;
    send_message(&h, &sign, 1, NULL, 0);
    sign = 0;
    assert_int_equal(recv(h.control, &sign, 1, 0), 1);
    assert_int_equal(sign, INSPECT_PING);
    assert_int_equal(stop(&h), 0);
}

static void closing_the_socket_ends_the_helper(void **state)
{
    struct helper h = start(echo);

    (void)state;
    assert_int_equal(stop(&h), 0);
}

static void messages_of_another_form_end_the_helper(void **state)
{
    struct inspect_request r = request_for("pkg"), long_name = r;
    int archive = make_fd(S("x"));
    const int fds[] = {archive, archive, archive};
    const struct {
        const struct inspect_request *r;
        size_t len, fd_count;
    } cases[] = {{&r, sizeof(r), 0},
                 {&r, sizeof(r), 1},
                 {&r, sizeof(r), 3},
                 {&r, sizeof(r) - 1, 2},
                 {&long_name, sizeof(r), 2}};

    (void)state;
    long_name.name_len = sizeof(r.name) + 1;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct helper h = start(echo);
        char byte;

        send_message(&h, cases[i].r, cases[i].len, fds, cases[i].fd_count);
        assert_int_equal(recv(h.control, &byte, 1, 0), 0); /* it has hung up */
        assert_int_equal(stop(&h), 0);
    }
    (void)close(archive);
}

static void time_grows_with_the_archive_up_to_a_day(void **state)
{
    (void)state;
    assert_int_equal(inspect_seconds(0), 30);
    assert_int_equal(inspect_seconds(MIB - 1), 30);
    assert_int_equal(inspect_seconds(500 * MIB), 530);
    assert_int_equal(inspect_seconds(UINT64_MAX), 86400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_is_answered_on_its_pipe),
        cmocka_unit_test(a_sign_of_life_is_sent_back),
        cmocka_unit_test(closing_the_socket_ends_the_helper),
        cmocka_unit_test(messages_of_another_form_end_the_helper),
        cmocka_unit_test(time_grows_with_the_archive_up_to_a_day),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
