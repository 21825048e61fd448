/* admin.c: `terrarium admin user|org|login ...` and `log`. Works beside a running server, on its
 * database. */
#include <errno.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/rand.h"
#include "cli/cli.h"
#include "core/account.h"
#include "core/account_remove.h"
#include "core/history.h"
#include "core/suspension.h"
#include "format/json.h"
#include "store/account.h"

#define PASSWORD_LEN 20   /* 119 bits */
#define LINE_MAX_LEN 1100 /* a little over the longest password, which core/password judges */

/* One action on accounts: what it was given, and the opened database. */
struct admin {
    struct cli *cli;
    struct cli_args args;
    struct config config;
    struct app app;
    struct actor actor;
    struct str email, yes;
    bool superuser, password_stdin, off, json;
    struct history_request log;
};

struct action {
    const char *subject, *name; /* the first two words */
    size_t words;               /* after those */
    int (*run)(struct admin *a);
};

/* --- passwords ---------------------------------------------------------------------------- */

/* Keeps a typed password off the screen; true when there is a terminal to put right again. */
static bool hush(FILE *in, struct termios *ret_before)
{
    struct termios quiet;
    int fd = fileno(in);

    if (fd < 0 || !isatty(fd) || tcgetattr(fd, ret_before) != 0)
        return false;
    quiet = *ret_before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    return tcsetattr(fd, TCSAFLUSH, &quiet) == 0;
}

/* The first line of standard input, without its end. */
static bool read_password(struct cli *cli, struct str *ret_password)
{
    char *line = arena_alloc(cli->mem, LINE_MAX_LEN, 1);
    struct termios before;
    bool hushed = hush(cli->in, &before);
    bool got;
    size_t len;

    if (hushed)
        (void)fputs("Password: ", cli->err);
    got = line && fgets(line, LINE_MAX_LEN, cli->in);
    if (hushed) {
        (void)tcsetattr(fileno(cli->in), TCSAFLUSH, &before);
        (void)fputc('\n', cli->err);
    }
    if (!got) {
        (void)cli_usage(cli, "no password on standard input");
        return false;
    }
    len = strcspn(line, "\r\n");
    if (len == LINE_MAX_LEN - 1) {
        (void)cli_usage(cli, "the password is too long");
        return false;
    }
    *ret_password = (struct str){line, len};
    return true;
}

/* From standard input, or made up. */
static bool choose_password(struct admin *a, struct str *ret_password)
{
    char *made;

    if (a->password_stdin)
        return read_password(a->cli, ret_password);
    made = arena_alloc(a->cli->mem, PASSWORD_LEN + 1, 1);
    if (!made) {
        (void)fprintf(a->cli->err, "terrarium: out of memory\n");
        return false;
    }
    rand_text(made, PASSWORD_LEN);
    *ret_password = (struct str){made, PASSWORD_LEN};
    return true;
}

/* Says what was done, and a made-up password, which is nowhere else. */
static int report(struct admin *a, const char *what, struct str login, struct str password)
{
    AUTO(buf_done) struct buf b = BUF_INIT(4 * KIB);

    buf_addf(&b, "%s " STR_FMT "\n", what, STR_ARG(login));
    if (password.len && !a->password_stdin)
        buf_addf(&b, "one-time password, not shown again: " STR_FMT "\n", STR_ARG(password));
    return cli_print(a->cli, &b);
}

/* --- actions ------------------------------------------------------------------------------ */

static struct str login_of(const struct admin *a)
{
    return str_lower(a->cli->mem, a->args.words[2]);
}

static int user_create(struct admin *a)
{
    struct signup in = {.login = login_of(a),
                        .email = a->email,
                        .accept_terms = true, /* the administrator answers for it */
                        .superuser = a->superuser};
    struct signup_errors refused = {0};
    struct err err = {0};
    int64_t id;

    if (!a->email.len)
        return cli_usage(a->cli, "--email is missing");
    if (!choose_password(a, &in.password))
        return CLI_FAILED;
    in.password_again = in.password;
    if (!account_sign_up(&a->app, a->cli->mem, &a->actor, &in, /* by_admin= */ true, &id, &refused,
                         &err))
        return report(a, a->superuser ? "created superuser" : "created user", in.login,
                      in.password);
    if (!refused.count)
        return cli_fail(a->cli, &err);
    for (size_t i = 0; i < refused.count; i++)
        (void)fprintf(a->cli->err, "terrarium: %s: " STR_FMT "\n", refused.items[i].field,
                      STR_ARG(refused.items[i].message));
    return CLI_FAILED;
}

static int user_reset_password(struct admin *a)
{
    struct str login = login_of(a), password;
    struct err err = {0};

    if (!choose_password(a, &password))
        return CLI_FAILED;
    if (account_reset_password(&a->app, a->cli->mem, &a->actor, login, password, &err))
        return cli_fail(a->cli, &err);
    return report(a, "set the password of", login, password);
}

static int user_set_superuser(struct admin *a)
{
    struct str login = login_of(a);
    struct err err = {0};

    if (account_change_superuser(&a->app, a->cli->mem, &a->actor, login, !a->off, &err))
        return cli_fail(a->cli, &err);
    return report(a, a->off ? "no longer a superuser:" : "now a superuser:", login, S(""));
}

static int change_suspension(struct admin *a, bool suspended)
{
    struct str login = login_of(a);
    struct err err = {0};

    if (suspension_set(&a->app, a->cli->mem, &a->actor, login, suspended, &err))
        return cli_fail(a->cli, &err);
    return report(a, suspended ? "suspended" : "resumed", login, S(""));
}

static int user_suspend(struct admin *a)
{
    return change_suspension(a, true);
}

static int user_resume(struct admin *a)
{
    return change_suspension(a, false);
}

static void add_json(struct buf *b, const struct account_row *row)
{
    char created[CLOCK_TEXT_MAX];

    buf_addz(b, "{\"login\":");
    json_string_literal(b, row->login);
    buf_addz(b, ",\"email\":");
    json_string_literal(b, row->email);
    buf_addz(b, ",\"type\":");
    json_string_literal(b, row->kind);
    buf_addf(b,
             ",\"superuser\":%s,\"suspended\":%s,\"created\":", row->superuser ? "true" : "false",
             row->suspended_ms ? "true" : "false");
    json_string_literal(b, clock_rfc3339(row->created_ms, created));
    buf_addc(b, '}');
}

static struct str standing_of(const struct account_row *row)
{
    if (row->suspended_ms)
        return S("suspended");
    return row->superuser ? S("superuser") : row->kind;
}

static void add_line(struct buf *b, const struct account_row *row)
{
    char created[CLOCK_TEXT_MAX];

    buf_addf(b, "%-24.*s %-12.*s %.10s ", STR_ARG(row->login), STR_ARG(standing_of(row)),
             clock_rfc3339(row->created_ms, created).ptr);
    buf_add(b, row->email);
    buf_addc(b, '\n');
}

static int user_list(struct admin *a)
{
    AUTO(buf_done) struct buf b = BUF_INIT(64 * MIB);
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_list list;
    struct err err = {0};

    if (tx_begin(a->app.db, TX_READ, &tx, &err) || account_list(tx, a->cli->mem, &list, &err))
        return cli_fail(a->cli, &err);
    if (a->json)
        buf_addc(&b, '[');
    for (size_t i = 0; i < list.count; i++) {
        if (a->json && i)
            buf_addc(&b, ',');
        if (a->json)
            add_json(&b, &list.rows[i]);
        else
            add_line(&b, &list.rows[i]);
    }
    if (a->json)
        buf_addz(&b, "]\n");
    return cli_print(a->cli, &b);
}

/* What cannot be undone is asked for twice. */
static int delete_account(struct admin *a, struct str kind, const char *what)
{
    struct str login = login_of(a);
    struct err err = {0};

    if (!str_eq(a->yes, a->args.words[2]))
        return cli_usage(a->cli, "everything that belongs to it will be gone: repeat its name "
                                 "after --yes to go on");
    if (account_remove(&a->app, a->cli->mem, &a->actor, login, kind, &err))
        return cli_fail(a->cli, &err);
    return report(a, what, login, S(""));
}

static int user_delete(struct admin *a)
{
    return delete_account(a, S("user"), "deleted user");
}

static int org_delete(struct admin *a)
{
    return delete_account(a, S("organization"), "deleted organization");
}

static int login_set_free(struct admin *a)
{
    struct str login = login_of(a);
    struct err err = {0};

    if (login_release(&a->app, &a->actor, login, &err))
        return cli_fail(a->cli, &err);
    return report(a, "may be had again:", login, S(""));
}

/* --- entry -------------------------------------------------------------------------------- */

static const struct action actions[] = {
    {"user", "create", 1, user_create},
    {"user", "reset-password", 1, user_reset_password},
    {"user", "set-superuser", 1, user_set_superuser},
    {"user", "suspend", 1, user_suspend},
    {"user", "resume", 1, user_resume},
    {"user", "list", 0, user_list},
    {"user", "delete", 1, user_delete},
    {"org", "delete", 1, org_delete},
    {"login", "free", 1, login_set_free},
};

static int show_log(struct admin *a)
{
    if (a->json)
        a->log.format = S("json");
    return cli_admin_log(a->cli, &a->app, &a->log);
}

static const struct action *action_find(const struct cli_args *args)
{
    static const struct action log = {"log", "", 0, show_log};

    if (args->word_count == 1 && str_eq(args->words[0], S("log")))
        return &log;
    if (args->word_count < 2)
        return NULL;
    for (size_t i = 0; i < COUNT(actions); i++)
        if (str_eq(args->words[0], str_of(actions[i].subject)) &&
            str_eq(args->words[1], str_of(actions[i].name)) &&
            args->word_count == 2 + actions[i].words)
            return &actions[i];
    return NULL;
}

int cli_admin(struct cli *cli)
{
    struct admin a = {.cli = cli, .actor = {.login = S("admin command")}};
    struct history_field filters[HISTORY_FIELDS];
    const struct cli_flag own[] = {
        {"email", &a.email, NULL},
        {"yes", &a.yes, NULL},
        {"superuser", NULL, &a.superuser},
        {"password-stdin", NULL, &a.password_stdin},
        {"off", NULL, &a.off},
        {"json", NULL, &a.json},
    };
    struct cli_flag flags[COUNT(own) + HISTORY_FIELDS];
    const struct action *action;
    struct err err = {0};
    int status;

    memcpy(flags, own, sizeof own);
    history_fields(&a.log, filters);
    for (size_t i = 0; i < HISTORY_FIELDS; i++)
        flags[COUNT(own) + i] = (struct cli_flag){filters[i].name, filters[i].text, NULL};
    if (!cli_parse(cli, flags, COUNT(flags), &a.args))
        return CLI_USAGE;
    action = action_find(&a.args);
    if (!action)
        return cli_usage(cli, "which action, on whom?");
    if (!cli_config(cli, &a.args, &a.config, NULL))
        return CLI_USAGE;
    if (app_open(&a.app, &a.config, APP_COMMAND, &err))
        return cli_fail(cli, &err);
    status = action->run(&a);
    app_close(&a.app);
    return status;
}
