#include "core/session.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/rand.h"
#include "config.h"
#include "core/audit.h"
#include "core/cut.h"
#include "core/password.h"
#include "store/account.h"
#include "store/credential.h"

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

static enum err_code audit_refusal(struct app *app, const struct actor *who, struct str login,
                                   struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin_part(app->db, S(PART), &tx, err);

    if (!rc)
        tx_quiet(tx); /* else anybody could empty the caches of all nodes by guessing */
    if (!rc)
        rc = audit_add(tx, who, "session.refused", login, S("wrong username or password"), err);
    if (!rc)
        rc = tx_commit(&tx, err);
    return rc;
}

enum err_code session_check_password(struct app *app, struct arena *mem, struct str login,
                                     struct str password, struct str remote, struct actor *ret,
                                     struct err *err)
{
    struct account_row row = {0};
    struct actor nobody = {.remote = remote};
    enum err_code rc = find_account(app, mem, login, &row, err);

    if (rc && rc != ERR_NOT_FOUND)
        return rc;
    rc = password_verify(rc ? S("") : row.password_hash, password, err);
    if (rc == ERR_UNAUTHENTICATED) {
        rc = audit_refusal(app, &nobody, cut(login, LIMIT_LOGIN), err);
        return rc ? rc : fail(err, ERR_UNAUTHENTICATED, "wrong username or password");
    }
    if (rc)
        return rc;
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
