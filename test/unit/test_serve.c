/* `terrarium serve`, as a process of its own: TERRARIUM_BIN, or build/terrarium. */
#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "cli_run.h"

extern char **environ;

#define OUTPUT_MAX 8192

struct child {
    pid_t pid;
    FILE *out;               /* its stdout and stderr */
    char output[OUTPUT_MAX]; /* what was read of it so far */
    unsigned port;
};

static const char *binary(void)
{
    const char *named = getenv("TERRARIUM_BIN");

    return named ? named : "build/terrarium";
}

static void child_start_at(struct child *c, const char *folder, const char *listen)
{
    const char *const words[] = {binary(), "serve", "--data", folder, "--listen", listen, NULL};
    posix_spawn_file_actions_t actions;
    int pipe_fd[2];

    *c = (struct child){0};
    assert_int_equal(pipe(pipe_fd), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, pipe_fd[1], 1), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, pipe_fd[1], 2), 0);
    assert_int_equal(posix_spawn_file_actions_addclose(&actions, pipe_fd[0]), 0);
    assert_int_equal(posix_spawn_file_actions_addclose(&actions, pipe_fd[1]), 0);
    assert_int_equal(
        posix_spawn(&c->pid, words[0], &actions, NULL, (char *const *)(uintptr_t)words, environ),
        0);
    assert_int_equal(posix_spawn_file_actions_destroy(&actions), 0);
    assert_int_equal(close(pipe_fd[1]), 0);
    c->out = fdopen(pipe_fd[0], "r");
    assert_non_null(c->out);
}

static void child_start(struct child *c, const char *folder)
{
    child_start_at(c, folder, "127.0.0.1:0");
}

/* Reads lines until one holds text; false at the end of the output. */
static bool child_read_until(struct child *c, const char *text)
{
    size_t used = strlen(c->output);

    while (!strstr(c->output, text)) {
        if (used + 1 >= OUTPUT_MAX || !fgets(c->output + used, (int)(OUTPUT_MAX - used), c->out))
            return false;
        used += strlen(c->output + used);
    }
    return true;
}

static int child_wait(struct child *c)
{
    int status;

    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    (void)child_read_until(c, "never written");
    assert_int_equal(fclose(c->out), 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void child_await_address(struct child *c)
{
    static const char before[] = "http://127.0.0.1:";
    const char *at;
    uint64_t port;

    assert_true(child_read_until(c, "Ctrl-C stops the server.\n"));
    at = strstr(c->output, before);
    assert_non_null(at);
    at += strlen(before);
    assert_true(str_u64((struct str){at, strspn(at, "0123456789")}, 65535, &port));
    c->port = (unsigned)port;
}

static bool answers(unsigned port, const char *path)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    AUTO(fd_closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char request[200], reply[16] = "";
    int n = snprintf(request, sizeof(request),
                     "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);

    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        return false;
    assert_int_equal(send(fd, request, (size_t)n, 0), n);
    assert_true(recv(fd, reply, sizeof(reply) - 1, MSG_WAITALL) > 12);
    return !strncmp(reply, "HTTP/1.1 200", 12);
}

static int setup(void **state)
{
    *state = temp_folder();
    return 0;
}

static int teardown(void **state)
{
    temp_folder_remove(*state);
    return 0;
}

static void it_says_where_it_is_answers_and_ends_in_order(void **state)
{
    static const int signals[] = {SIGTERM, SIGINT};

    for (size_t i = 0; i < 2; i++) {
        struct child c;

        child_start(&c, *state);
        child_await_address(&c);
        assert_true(answers(c.port, "/readyz"));
        assert_int_equal(kill(c.pid, signals[i]), 0);
        assert_int_equal(child_wait(&c), 0);
    }
}

static void the_first_start_shows_a_link_and_the_command_until_there_is_an_administrator(
    void **state)
{
    const char *folder = *state;
    char command[300];
    struct child c;
    struct cli_run r;

    (void)snprintf(command, sizeof(command),
                   " admin user create NAME --email you@example.org --superuser --data %s\n",
                   folder);
    child_start(&c, folder);
    child_await_address(&c);
    assert_non_null(strstr(c.output, "/setup/"));
    assert_non_null(strstr(c.output, command));
    CLI_RUN(&r, "", "admin", "user", "create", "root-user", "--email", "r@example.org",
            "--superuser", "--data", folder);
    assert_string_equal(r.err, "");
    assert_int_equal(r.status, 0);
    cli_run_done(&r);
    assert_int_equal(kill(c.pid, SIGTERM), 0);
    assert_int_equal(child_wait(&c), 0);

    child_start(&c, folder);
    child_await_address(&c);
    assert_null(strstr(c.output, "/setup/"));
    assert_int_equal(kill(c.pid, SIGTERM), 0);
    assert_int_equal(child_wait(&c), 0);
}

static void a_second_server_on_the_folder_is_refused(void **state)
{
    char folder_text[300], pid_text[32];
    struct child first, second;

    child_start(&first, *state);
    child_await_address(&first);
    child_start(&second, *state);
    assert_int_equal(child_wait(&second), 1);
    (void)snprintf(folder_text, sizeof(folder_text), "another server uses the data folder \"%s\"",
                   (const char *)*state);
    (void)snprintf(pid_text, sizeof(pid_text), "%d", (int)first.pid);
    assert_non_null(strstr(second.output, folder_text));
    assert_non_null(strstr(second.output, pid_text));
    assert_true(answers(first.port, "/readyz"));
    assert_int_equal(kill(first.pid, SIGTERM), 0);
    assert_int_equal(child_wait(&first), 0);
}

static void words_and_wrong_settings_are_usage_errors(void **state)
{
    struct cli_run r;

    CLI_RUN(&r, "", "serve", "now", "--data", *state);
    assert_int_equal(r.status, 2);
    cli_run_done(&r);
    CLI_RUN(&r, "", "serve", "--listen", "nowhere", "--data", *state);
    assert_int_equal(r.status, 2);
    cli_run_done(&r);
}

static void an_address_in_use_is_a_failure_that_names_it(void **state)
{
    struct child first, second;
    char *other = temp_folder();
    char address[32];

    child_start(&first, *state);
    child_await_address(&first);
    (void)snprintf(address, sizeof(address), "127.0.0.1:%u", first.port);
    child_start_at(&second, other, address);
    assert_int_equal(child_wait(&second), 1);
    assert_non_null(strstr(second.output, address));
    temp_folder_remove(other);
    assert_int_equal(kill(first.pid, SIGTERM), 0);
    assert_int_equal(child_wait(&first), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(it_says_where_it_is_answers_and_ends_in_order),
        CASE(the_first_start_shows_a_link_and_the_command_until_there_is_an_administrator),
        CASE(a_second_server_on_the_folder_is_refused),
        CASE(words_and_wrong_settings_are_usage_errors),
        CASE(an_address_in_use_is_a_failure_that_names_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
