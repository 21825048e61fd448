/* admin_log.c: `terrarium admin log`: the security log of the whole server, the newest first. */
#include "base/clock.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "core/history.h"
#include "format/json.h"

/* For terminals: what strangers sent may hold their control characters. */
static void add_text(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        buf_addc(b, c < 0x20 || c == 0x7f ? '?' : s.ptr[i]);
    }
}

static void add_line(struct buf *b, const struct audit_row *e)
{
    char time[CLOCK_TEXT_MAX];

    buf_add(b, clock_rfc3339(e->time_ms, time));
    buf_addc(b, ' ');
    add_text(b, e->actor.len ? e->actor : S("-"));
    if (e->token_name.len) {
        buf_addz(b, " (token ");
        add_text(b, e->token_name);
        buf_addc(b, ')');
    }
    buf_addc(b, ' ');
    add_text(b, e->remote.len ? e->remote : S("-"));
    buf_addc(b, ' ');
    add_text(b, e->action);
    buf_addc(b, ' ');
    add_text(b, e->object.len ? e->object : S("-"));
    if (e->detail.len) {
        buf_addz(b, ": ");
        add_text(b, e->detail);
    }
    buf_addc(b, '\n');
}

static void add_json(struct buf *b, const struct audit_row *e)
{
    AUTO(json_decrefp) json_t *v = history_event_json(e);

    if (v)
        json_canonical(b, v);
    buf_addc(b, '\n');
}

/* A page as it is to be printed: CSV with its head only once. */
static int print(struct cli *cli, const struct history_request *req,
                 const struct history_page *page, bool first)
{
    AUTO(buf_done) struct buf b = BUF_INIT(64 * MIB);

    if (page->csv)
        history_add_csv(&b, page, first);
    for (size_t i = 0; !page->csv && i < page->events.count; i++)
        if (req->format.len)
            add_json(&b, &page->events.rows[i]);
        else
            add_line(&b, &page->events.rows[i]);
    return cli_print(cli, &b);
}

/* Goes on until there are as many as were asked for: pages may come with fewer. */
int cli_admin_log(struct cli *cli, struct app *app, struct history_request *req)
{
    uint64_t left = HISTORY_LIMIT;
    struct history_page page;
    struct err err = {0};
    int status = CLI_OK;
    bool first = true;

    if (req->limit.len && !str_u64(req->limit, HISTORY_CSV_MAX, &left))
        left = 0; /* history_read says what is wrong with it */
    do {
        AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);

        if (!mem) {
            (void)fprintf(cli->err, "terrarium: out of memory\n");
            return CLI_FAILED;
        }
        if (!first || !req->limit.len)
            req->limit = str_fmt(cli->mem, "%llu", (unsigned long long)left);
        if (history_read(app, mem, 0, req, &page, &err))
            return cli_fail(cli, &err);
        status = print(cli, req, &page, first);
        left -= page.events.count;
        first = false;
        req->before = str_dup(cli->mem, page.next);
    } while (!status && left && req->before.len);
    if (!status && req->before.len)
        (void)fprintf(cli->err, "older ones: --before " STR_FMT "\n", STR_ARG(req->before));
    return status;
}
