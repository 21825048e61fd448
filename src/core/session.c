#include "core/session.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/rand.h"
#include "config.h"
#include "core/audit.h"
#include "core/cut.h"
#include "core/password.h"
#include "core/refusal.h"
#include "core/suspension.h"
#include "core/throttle.h"
#include "store/account.h"
#include "store/credential.h"
#include "store/session.h"

/* Sessions are made and ended beside whatever else happens to their accounts. */
#define PART "core/session"

enum { SECRET_LEN = 43, AGENT_MAX = 200, DAY_MS = 24 * 3600 * 1000 };

static enum err_code find_account(struct app *app, struct arena *mem, struct str login,
                                  struct account_row *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct str folded = str_lower(mem, login);
    enum err_code rc;

    if (!folded.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = tx_begin(app->db, TX_READ, &tx, err)))
        return rc;
    if (str_has(login, '@'))
        return account_by_email(tx, mem, login, ret, err);
    return account_by_login(tx, mem, folded, ret, err);
}

/* Failures with an account count together however its name is written; those with an account that
 * is not there count by that name, so that nothing tells the two apart. */
static struct str counted_as(struct arena *mem, const struct account_row *row, struct str login)
{
    if (row->id)
        return str_fmt(mem, "#%lld", (long long)row->id);
    return str_lower(mem, cut(login, LIMIT_LOGIN));
}

/* Whose password is it? *row is of the account as soon as that is found, and stays zero if there is
 * none. */
static enum err_code try_password(struct app *app, struct arena *mem, struct str login,
                                  struct str password, struct throttle_try *t,
                                  struct account_row *row, struct err *err)
{
    struct str name;
    enum err_code rc = throttle_try(app, t, err);

    if (rc)
        return rc;
    rc = find_account(app, mem, login, row, err);
    name = counted_as(mem, row, login);
    if (!rc || rc == ERR_NOT_FOUND)
        rc = name.ptr ? throttle_try_account(app, t, name, err)
                      : fail(err, ERR_NOMEM, "out of memory");
    if (rc == ERR_LIMITED)
        return rc;
    if (!rc)
        rc = password_verify(row->password_hash, password, err);
    if (rc == ERR_UNAUTHENTICATED)
        return fail(err, rc, "wrong username or password");
    if (rc)
        throttle_try_void(app, t);
    else
        throttle_try_right(app, t);
    return rc ? rc : suspension_check_row(row, ERR_DENIED, err);
}

enum err_code session_check_password(struct app *app, struct arena *mem, struct str login,
                                     struct str password, struct str remote, struct actor *ret,
                                     struct err *err)
{
    struct account_row row = {.password_hash = S("")};
    struct throttle_try t = {.remote = remote};
    struct actor nobody = {.remote = remote};
    struct err why = {0};
    enum err_code rc = try_password(app, mem, login, password, &t, &row, &why);

    if (rc == ERR_UNAUTHENTICATED || rc == ERR_DENIED || rc == ERR_LIMITED)
        return refusal_tell(app, &nobody, row.id, "session.refused", cut(login, LIMIT_LOGIN), &why,
                            err);
    if (rc) {
        if (err)
            *err = why;
        return rc;
    }
    *ret = (struct actor){
        .account_id = row.id, .login = row.login, .superuser = row.superuser, .remote = remote};
    return OK;
}

enum err_code session_start(struct app *app, struct arena *mem, const struct actor *actor,
                            struct str agent, struct str *ret_secret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    char *secret = arena_alloc(mem, SECRET_LEN + 1, 1);
    uint8_t hash[SHA256_LEN];
    int64_t now = clock_now_ms();
    enum err_code rc;

    if (!secret)
        return fail(err, ERR_NOMEM, "out of memory");
    rand_text(secret, SECRET_LEN);
    digest_sha256(str_of(secret), hash);
    struct session_row row = {
        .hash = {(const char *)hash, sizeof hash},
        .account_id = actor->account_id,
        .created_ms = now,
        .expires_ms = now + app->config->session_days * DAY_MS,
        .remote = actor->remote,
        .agent = cut(agent, AGENT_MAX),
    };
    if ((rc = tx_begin_part(app->db, S(PART), &tx, err)) || (rc = session_insert(tx, &row, err)) ||
        (rc = audit_add(tx, actor, "session.create", actor->login, S(""), err)) ||
        (rc = tx_commit(&tx, err)))
        return rc;
    *ret_secret = str_of(secret);
    return OK;
}

enum err_code session_end(struct app *app, const struct actor *actor, struct str secret,
                          struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    uint8_t hash[SHA256_LEN];
    enum err_code rc;

    digest_sha256(secret, hash);
    if ((rc = tx_begin_part(app->db, S(PART), &tx, err)) ||
        (rc = session_delete(tx, (struct str){(const char *)hash, sizeof hash}, err)) ||
        (rc = audit_add(tx, actor, "session.delete", actor->login, S(""), err)))
        return rc;
    return tx_commit(&tx, err);
}

enum err_code session_identify(struct tx *tx, struct arena *mem, struct str secret,
                               struct actor *ret, int64_t *ret_expires_ms, struct err *err)
{
    struct credential_row row;
    uint8_t hash[SHA256_LEN];
    enum err_code rc;

    digest_sha256(secret, hash);
    rc = session_find(tx, mem, (struct str){(const char *)hash, sizeof hash}, &row, err);
    if (rc == ERR_NOT_FOUND || (!rc && row.expires_ms <= clock_now_ms()))
        return fail(err, ERR_UNAUTHENTICATED, "the session has ended; sign in again");
    if (rc)
        return rc;
    *ret = (struct actor){.account_id = row.account_id,
                          .login = row.login,
                          .superuser = row.superuser,
                          .session_id = row.id};
    *ret_expires_ms = row.expires_ms;
    return OK;
}

void session_touch(struct app *app, const struct actor *actor)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct session_use use = {.session_id = actor->session_id,
                              .remote = actor->remote,
                              .now_ms = clock_now_ms(),
                              .every_ms = SESSION_SEEN_MS};
    bool due = false;

    if (tx_begin(app->db, TX_READ, &tx, NULL) || session_use_due(tx, &use, &due, NULL))
        return;
    tx_endp(&tx);
    if (!due || tx_begin_part(app->db, S(PART), &tx, NULL) || session_use_note(tx, &use, NULL))
        return;
    tx_quiet(tx); /* what is shown in lists is in no cache */
    (void)!tx_commit(&tx, NULL);
}

enum err_code session_revoke(struct app *app, struct arena *mem, const struct actor *actor,
                             int64_t id, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    bool found = false;
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, S(PART), &tx, err)) ||
        (rc = session_delete_of(tx, actor->account_id, id, &found, err)))
        return rc;
    if (!found)
        return fail(err, ERR_NOT_FOUND, "you have no session %lld", (long long)id);
    if ((rc = audit_add(tx, actor, "session.delete", actor->login,
                        str_fmt(mem, "session %lld", (long long)id), err)))
        return rc;
    return tx_commit(&tx, err);
}
