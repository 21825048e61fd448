#include "core/throttle.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/rate.h"
#include "config.h"
#include "format/address.h"

enum { KEY_MAX = 16 + 16 + 2 * LIMIT_LOGIN };

struct throttle {
    struct rate_table *table;
};

struct throttle *throttle_open(void)
{
    struct throttle *t = mem_new(struct throttle);

    if (t && !(t->table = rate_open())) {
        mem_free(t);
        return NULL;
    }
    return t;
}

void throttle_close(struct throttle *t)
{
    if (!t)
        return;
    rate_close(t->table);
    mem_free(t);
}

/* ---- keys ---- */

struct key {
    char bytes[KEY_MAX];
    size_t len;
};

static void add(struct key *k, struct str s)
{
    s = str_sub(s, 0, sizeof k->bytes - k->len);
    if (s.len)
        memcpy(k->bytes + k->len, s.ptr, s.len);
    k->len += s.len;
}

/* The network of an IPv6 address; what is no address at all is taken as it is. */
static void add_remote(struct key *k, struct str remote)
{
    struct address a;

    if (!address_parse(remote, &a))
        add(k, remote);
    else
        add(k, (struct str){(const char *)a.bytes,
                            address_is_v4(&a) ? sizeof a.bytes : sizeof a.bytes / 2});
}

/* kind keeps the keys of different counters apart; what follows is of fixed length, or comes last.
 */
static struct str make(struct key *k, const char *kind, struct str remote, struct str rest)
{
    k->len = 0;
    add(k, str_of(kind));
    add(k, S("\n"));
    if (remote.ptr)
        add_remote(k, remote);
    add(k, S("\n"));
    add(k, rest);
    return (struct str){k->bytes, k->len};
}

static const struct str anywhere = {NULL, 0};

static bool take(struct app *app, struct str key, const struct rate_rule *rule,
                 struct rate_verdict *ret)
{
    return rate_take(app->throttle->table, key, *rule, clock_mono_us() / 1000 + 1, ret);
}

static unsigned seconds(const struct rate_verdict *v)
{
    return (unsigned)((v->wait_ms + 999) / 1000);
}

/* ---- by address ---- */

static const struct {
    const char *name, *words;
    size_t rule; /* in struct config */
} kinds[] = {
    [THROTTLE_SIGN_UP] = {"sign-up", "accounts made", offsetof(struct config, sign_up_rate)},
    [THROTTLE_SETUP] = {"setup", "wrong set-up codes", offsetof(struct config, setup_rate)},
    [THROTTLE_TOKEN] = {"token", "unknown access tokens", offsetof(struct config, token_rate)},
};

static const struct rate_rule *rule_of(const struct app *app, enum throttle_kind kind)
{
    return (const struct rate_rule *)(const void *)((const char *)app->config + kinds[kind].rule);
}

enum err_code throttle_take(struct app *app, enum throttle_kind kind, struct str remote,
                            struct err *err)
{
    struct rate_verdict v;
    struct key k;

    if (!app->throttle ||
        take(app, make(&k, kinds[kind].name, remote, S("")), rule_of(app, kind), &v))
        return OK;
    return fail_limited(err, seconds(&v), "too many %s from your address; try again in %u seconds",
                        kinds[kind].words, seconds(&v));
}

void throttle_give_back(struct app *app, enum throttle_kind kind, struct str remote)
{
    struct key k;

    if (app->throttle)
        rate_give_back(app->throttle->table, make(&k, kinds[kind].name, remote, S("")),
                       *rule_of(app, kind));
}

/* ---- passwords ---- */

#define ADDRESS "sign-in-address"
#define PAIR    "sign-in"
#define ACCOUNT "sign-in-account"

static enum err_code refuse(const struct rate_verdict *v, struct err *err)
{
    return fail_limited(err, seconds(v), "too many failed sign-ins; try again in %u seconds",
                        seconds(v));
}

enum err_code throttle_try(struct app *app, struct throttle_try *t, struct err *err)
{
    struct rate_verdict v;
    struct key k;

    t->account = S("");
    if (!app->throttle ||
        take(app, make(&k, ADDRESS, t->remote, S("")), &app->config->sign_in_address_rate, &v))
        return OK;
    return refuse(&v, err);
}

enum err_code throttle_try_account(struct app *app, struct throttle_try *t, struct str account,
                                   struct err *err)
{
    struct rate_verdict v;
    struct key k;

    t->account = account;
    if (!app->throttle)
        return OK;
    if (!take(app, make(&k, PAIR, t->remote, account), &app->config->sign_in_rate, &v))
        return refuse(&v, err);
    if (take(app, make(&k, ACCOUNT, anywhere, account), &app->config->sign_in_account_rate, &v))
        return OK;
    rate_give_back(app->throttle->table, make(&k, PAIR, t->remote, account),
                   app->config->sign_in_rate);
    return refuse(&v, err);
}

void throttle_try_void(struct app *app, const struct throttle_try *t)
{
    const struct config *c = app->config;
    struct key k;

    if (!app->throttle)
        return;
    rate_give_back(app->throttle->table, make(&k, ADDRESS, t->remote, S("")),
                   c->sign_in_address_rate);
    if (!t->account.len)
        return;
    rate_give_back(app->throttle->table, make(&k, PAIR, t->remote, t->account), c->sign_in_rate);
    rate_give_back(app->throttle->table, make(&k, ACCOUNT, anywhere, t->account),
                   c->sign_in_account_rate);
}

void throttle_try_right(struct app *app, const struct throttle_try *t)
{
    struct key k;

    throttle_try_void(app, t);
    if (app->throttle)
        rate_forget(app->throttle->table, make(&k, PAIR, t->remote, t->account));
}

/* ---- what is put on record ---- */

bool throttle_record(struct app *app, const char *action, struct str remote, uint32_t *ret_missed)
{
    struct rate_verdict v = {0};
    struct key k;
    bool may = !app->throttle ||
               take(app, make(&k, action, remote, S("")), &app->config->refusal_rate, &v);

    *ret_missed = v.missed;
    return may;
}
