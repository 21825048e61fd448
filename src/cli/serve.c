/* serve.c: `terrarium serve`. Opens the parts, says where it is, waits for a signal, closes. */
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "cli/cli.h"
#include "core/job.h"
#include "core/setup.h"
#include "web/web.h"

struct server {
    struct app app;
    struct web *web;
    struct jobs_thread *jobs;
    struct http_server *http;
};

/* Blocked in every thread, since threads inherit the mask: the main thread waits for the first
 * two, and a client that went away is an error of write(2), not a signal. */
static void block_signals(sigset_t *ret_stop)
{
    sigset_t pipe;

    /* With valid signal numbers none of these can fail. */
    (void)sigemptyset(ret_stop);
    (void)sigaddset(ret_stop, SIGINT);
    (void)sigaddset(ret_stop, SIGTERM);
    (void)sigemptyset(&pipe);
    (void)sigaddset(&pipe, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, ret_stop, NULL);
    (void)pthread_sigmask(SIG_BLOCK, &pipe, NULL);
}

static enum err_code server_open(struct server *s, const struct config *config, struct err *err)
{
    struct http_options options = {
        .listen = config->listen,
        .threads = (unsigned)config->threads,
        .connections_max = (unsigned)config->connections_max,
        .header_seconds = (unsigned)config->header_seconds,
        .idle_seconds = (unsigned)config->idle_seconds,
        .min_rate = (uint64_t)config->min_rate,
    };
    struct http_app http_app;
    enum err_code code = app_open(&s->app, config, APP_SERVE, err);

    if (!code)
        code = web_open(&s->app, &s->web, err);
    if (!code)
        code = jobs_start(&s->app, jobs, s->app.node, &s->jobs, err);
    if (code)
        return code;
    http_app = web_http_app(s->web);
    return http_open(&options, s->app.work, &s->app.log, &http_app, &s->http, err);
}

/* Accepts a half-opened server. */
static void server_close(struct server *s)
{
    if (s->web)
        web_drain(s->web);
    jobs_stop(s->jobs);
    if (s->http)
        http_close(s->http, (unsigned)s->app.config->shutdown_seconds);
    if (s->web)
        web_close(s->web);
    app_close(&s->app);
}

/* How the first administrator comes to be. */
static void add_setup(struct buf *b, struct cli *cli, struct str base, struct str code,
                      struct str data)
{
    buf_addz(b, "\nThere is no administrator yet. Within 24 hours, open this one-time link:\n  ");
    buf_add(b, base);
    buf_addz(b, "/setup/");
    buf_add(b, code);
    buf_addf(b,
             "\nor run in another terminal:\n"
             "  %s admin user create NAME --email you@example.org --superuser --data ",
             cli->program);
    buf_add(b, data);
    buf_addc(b, '\n');
}

/* What is not in the data folder. */
static void add_places(struct buf *b, const struct config *config)
{
    if (config->db.len) {
        buf_addz(b, ",\n  the database ");
        text_url_masked(b, config->db);
    }
    if (config->blobs.len) {
        buf_addz(b, ",\n  files in ");
        buf_add(b, config->blobs);
    }
}

/* For whoever starts it by hand: where it is, and what to do next. */
static int greet(struct cli *cli, struct server *s, const struct config *config)
{
    AUTO(buf_done) struct buf b = BUF_INIT(64 * KIB);
    const char *address = str_z(cli->mem, http_address(s->http));
    struct str base = config->public_url, code;
    struct err err = {0};

    if (setup_begin(&s->app, cli->mem, &code, &err))
        return cli_fail(cli, &err);
    if (!base.len)
        base = str_fmt(cli->mem, "http://%s", address ? address : "");
    buf_addf(&b, "Terrarium " TERRARIUM_VERSION " serves http://%s/ from the folder ", address);
    buf_add(&b, config->data);
    add_places(&b, config);
    buf_addc(&b, '\n');
    if (code.len)
        add_setup(&b, cli, base, code, config->data);
    buf_addz(&b, "\nTo publish:  anaconda config --set url ");
    buf_add(&b, base);
    buf_addz(&b, "/api\n             anaconda org login\n             anaconda upload FILE\n"
                 "To install:  conda install -c ");
    buf_add(&b, base);
    buf_addz(&b, "/conda/OWNER PACKAGE\n\nCtrl-C stops the server.\n");
    return cli_print(cli, &b);
}

/* Until told to stop. A second signal ends the process at once: nothing is lost by that but the
 * requests in flight. */
static void wait_for_signal(struct server *s, const sigset_t *stop)
{
    int number = 0;

    while (sigwait(stop, &number) != 0)
        continue;
    (void)pthread_sigmask(SIG_UNBLOCK, stop, NULL);
    log_msg(&s->app.log, LOG_INFO, "stop", "stopping on %s", strsignal(number));
}

int cli_serve(struct cli *cli)
{
    struct server server = {.app = {.lock_fd = -1}};
    struct config config;
    struct cli_args args;
    struct err err = {0};
    sigset_t stop;
    int status;

    if (!cli_parse(cli, NULL, 0, &args))
        return CLI_USAGE;
    if (args.word_count)
        return cli_usage(cli, "\"" STR_FMT "\" is not understood", STR_ARG(args.words[0]));
    if (!cli_config(cli, &args, &config, NULL))
        return CLI_USAGE;
    block_signals(&stop);
    if (server_open(&server, &config, &err)) {
        server_close(&server);
        return cli_fail(cli, &err);
    }
    status = greet(cli, &server, &config);
    if (!status)
        wait_for_signal(&server, &stop);
    server_close(&server);
    return status;
}
