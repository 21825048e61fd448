/* migrate.c: `terrarium migrate`: everything from one place to another, while no server runs. */
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/cli.h"
#include "core/mark.h"
#include "core/move.h"

#define TERMINAL_US UINT64_C(200000)  /* five times a second for somebody who watches */
#define FILE_US     UINT64_C(5000000) /* a line every five seconds for a log */

struct side {
    const char *name;        /* "--from" */
    struct str where, blobs; /* a data folder or a database's URL; where its files are, or empty */
    struct config config;
    struct app app;
};

struct migration {
    struct cli *cli;
    struct side from, to;
    bool terminal;
    uint64_t shown_us;
};

static bool is_url(struct str where)
{
    return str_starts(where, S("postgresql://")) || str_starts(where, S("postgres://"));
}

/* --- progress --------------------------------------------------------------------------------- */

static void show_progress(void *ctx, const struct move_progress *p)
{
    AUTO(buf_done) struct buf b = BUF_INIT(KIB);
    struct migration *m = ctx;
    uint64_t now = clock_mono_us();

    if (m->shown_us && now - m->shown_us < (m->terminal ? TERMINAL_US : FILE_US))
        return;
    m->shown_us = now;
    buf_addf(&b, "%s%s: files %llu/%llu (", m->terminal ? "\r\033[K" : "", p->step,
             (unsigned long long)p->blobs, (unsigned long long)p->blobs_all);
    cli_add_size(&b, p->bytes);
    buf_addc(&b, '/');
    cli_add_size(&b, p->bytes_all);
    buf_addf(&b, "), rows %lld/%lld%s", (long long)p->rows, (long long)p->rows_all,
             m->terminal ? "" : "\n");
    (void)fwrite(b.ptr, 1, b.len, m->cli->err); /* only for the eye */
    (void)fflush(m->cli->err);
}

static void end_progress(const struct migration *m)
{
    if (m->terminal && m->shown_us)
        (void)fputc('\n', m->cli->err);
}

/* How a server is started on the target. Passwords and keys come from where they came from now. */
static int report(struct migration *m, const struct move_progress *done)
{
    AUTO(buf_done) struct buf b = BUF_INIT(16 * KIB);
    const struct side *to = &m->to;

    buf_addf(&b, "moved and compared %llu files (", (unsigned long long)done->blobs);
    cli_add_size(&b, done->bytes);
    buf_addf(&b, ") and %lld rows; start the server there with:\n  %s serve --data ",
             (long long)done->rows, m->cli->program);
    buf_add(&b, is_url(to->where) ? S("DIR") : to->where);
    if (is_url(to->where)) {
        buf_addz(&b, " --db '");
        text_url_masked(&b, to->where);
        buf_addc(&b, '\'');
    }
    if (to->blobs.len) {
        buf_addz(&b, " --blobs ");
        buf_add(&b, to->blobs);
    }
    buf_addc(&b, '\n');
    return cli_print(m->cli, &b);
}

/* --- the two sides ---------------------------------------------------------------------------- */

/* What is local of a side that is a database and S3 lies with the other side's folder. */
static bool set_up(struct migration *m, struct side *side, const struct side *other,
                   const struct config *config)
{
    if (!side->where.len) {
        (void)cli_usage(m->cli, "%s is missing", side->name);
        return false;
    }
    if (is_url(side->where) && !side->blobs.len) {
        (void)cli_usage(m->cli, "%s is a database: say with %s where its files are", side->name,
                        side == &m->to ? "--blobs" : "--from-blobs");
        return false;
    }
    side->config = *config;
    side->config.db = is_url(side->where) ? side->where : S("");
    side->config.blobs = side->blobs;
    if (!is_url(side->where))
        side->config.data = side->where;
    else if (!is_url(other->where))
        side->config.data = other->where;
    return true;
}

static enum err_code require_no_servers(struct migration *m, struct side *side, struct err *err)
{
    struct str names;
    enum err_code code = move_servers(&side->app, m->cli->mem, &names, err);

    if (code || !names.len)
        return code;
    return fail(err, ERR_BUSY, "servers run on %s: " STR_FMT "; stop them first", side->name,
                STR_ARG(names));
}

static enum err_code open_side(struct migration *m, struct side *side, struct err *err)
{
    struct err cause = {0};
    enum err_code code = app_open(&side->app, &side->config, APP_MOVE, &cause);

    if (!code)
        code = require_no_servers(m, side, &cause);
    return code ? fail(err, code, "%s: %s", side->name, cause.msg) : OK;
}

static enum err_code open_source(struct migration *m, struct err *err)
{
    struct side *from = &m->from;
    const char *folder = str_z(m->cli->mem, from->where);
    bool together = !is_url(from->where) && !from->blobs.len;
    enum err_code code;

    /* A mistyped one must not be made, and then moved. */
    if (!is_url(from->where) && (!folder || access(folder, F_OK) != 0))
        return fail(err, ERR_NOT_FOUND, "--from: there is no data folder \"" STR_FMT "\"",
                    STR_ARG(from->where));
    code = open_side(m, from, err);
    if (code)
        return code;
    return mark_check(&from->app, from->blobs.len ? from->blobs : from->where, together, err);
}

static enum err_code run(struct migration *m, struct move_progress *ret_done, struct err *err)
{
    const struct move_options options = {show_progress, m};
    enum err_code code = open_source(m, err);

    if (!code)
        code = open_side(m, &m->to, err);
    if (!code)
        code = move_all(&m->from.app, &m->to.app, &options, ret_done, err);
    end_progress(m);
    app_close(&m->to.app);
    app_close(&m->from.app);
    return code;
}

int cli_migrate(struct cli *cli)
{
    struct migration m = {.cli = cli, .from.name = "--from", .to.name = "--to"};
    const struct cli_flag flags[] = {
        {"from", &m.from.where, NULL},
        {"from-blobs", &m.from.blobs, NULL},
        {"to", &m.to.where, NULL},
        {"blobs", &m.to.blobs, NULL},
    };
    struct move_progress done = {0};
    struct cli_args args;
    struct config config;
    struct err err = {0};

    if (!cli_parse(cli, flags, COUNT(flags), &args))
        return CLI_USAGE;
    if (args.word_count)
        return cli_usage(cli, "migrate takes flags only");
    if (!cli_config(cli, &args, &config, NULL))
        return CLI_USAGE;
    if (!set_up(&m, &m.from, &m.to, &config) || !set_up(&m, &m.to, &m.from, &config))
        return CLI_USAGE;
    m.terminal = isatty(fileno(cli->err)) == 1;
    if (run(&m, &done, &err))
        return cli_fail(cli, &err);
    return report(&m, &done);
}
