#include "web/refused.h"

#include <stdio.h>

#include "core/refusal.h"
#include "store/account.h"
#include "web/routes.h"

/* The account whose objects the path names; else the caller's own. */
static int64_t account_of(struct call *c, struct str owner)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row row;

    if (!owner.len)
        return c->actor.account_id;
    if (tx_begin(c->app->db, TX_READ, &tx, NULL) || account_by_login(tx, c->mem, owner, &row, NULL))
        return 0; /* nobody's, as far as can be told */
    return row.id;
}

static struct str object_of(struct call *c, struct str owner)
{
    struct str rest = c->owner.len ? c->package : call_param(c, "package");

    if (!rest.len)
        rest = call_param(c, "group");
    if (!owner.len)
        return call_param(c, "login");
    if (!rest.len)
        return owner;
    return str_fmt(c->mem, STR_FMT "/" STR_FMT, STR_ARG(owner), STR_ARG(rest));
}

void refused_record(struct call *c, const struct err *err)
{
    bool reads = c->ex->method == HTTP_GET || c->ex->method == HTTP_HEAD;
    struct str owner;
    char detail[sizeof err->msg + 64];

    if (err->code != ERR_DENIED || reads || !c->route || !c->actor.account_id)
        return;
    owner = c->owner.len ? c->owner : call_param(c, "owner");
    (void)snprintf(detail, sizeof detail, "%s: %s", c->route->operation, err->msg);
    (void)!refusal_add(c->app, &c->actor, account_of(c, owner), "access.denied",
                       object_of(c, owner), str_of(detail), NULL);
}
