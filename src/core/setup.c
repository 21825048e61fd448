#include "core/setup.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/rand.h"
#include "core/refusal.h"
#include "core/throttle.h"
#include "store/credential.h"

enum { CODE_LEN = 32, CODE_LIFE_MS = 24 * 3600 * 1000 };

static struct str hash_of(struct str code, uint8_t out[SHA256_LEN])
{
    digest_sha256(code, out);
    return (struct str){(const char *)out, SHA256_LEN};
}

enum err_code setup_begin(struct app *app, struct arena *mem, struct str *ret_code, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    char *code = arena_alloc(mem, CODE_LEN + 1, 1);
    uint8_t hash[SHA256_LEN];
    int64_t superusers;
    enum err_code rc;

    if (!code)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = tx_begin(app->db, TX_WRITE, &tx, err)) ||
        (rc = account_count_superusers(tx, &superusers, err)))
        return rc;
    if (superusers > 0) {
        *ret_code = S("");
        return OK;
    }
    rand_text(code, CODE_LEN);
    if ((rc =
             setup_code_set(tx, hash_of(str_of(code), hash), clock_now_ms() + CODE_LIFE_MS, err)) ||
        (rc = tx_commit(&tx, err)))
        return rc;
    *ret_code = str_of(code);
    return OK;
}

static enum err_code check(struct tx *tx, struct str code, struct err *err)
{
    uint8_t hash[SHA256_LEN];
    bool valid = false;
    int64_t superusers;
    enum err_code rc = setup_code_find(tx, hash_of(code, hash), clock_now_ms(), &valid, err);

    if (rc || (rc = account_count_superusers(tx, &superusers, err)))
        return rc;
    if (!valid || superusers > 0)
        return fail(err, ERR_NOT_FOUND,
                    "this set-up link was used already, or is older than 24 hours; "
                    "restart the server for a new one");
    return OK;
}

enum err_code setup_check(struct app *app, struct str code, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin(app->db, TX_READ, &tx, err);

    return rc ? rc : check(tx, code, err);
}

enum err_code setup_admit(struct app *app, struct str code, struct str remote, struct err *err)
{
    struct actor nobody = {.remote = remote};
    struct err why = {0};
    enum err_code rc = throttle_take(app, THROTTLE_SETUP, remote, &why);

    if (!rc) {
        rc = setup_check(app, code, &why);
        if (rc != ERR_NOT_FOUND)
            throttle_give_back(app, THROTTLE_SETUP, remote);
    }
    if (rc == ERR_NOT_FOUND || rc == ERR_LIMITED)
        return refusal_tell(app, &nobody, 0, "setup.refused", S(""), &why, err);
    if (rc && err)
        *err = why;
    return rc;
}

enum err_code setup_finish(struct app *app, struct arena *mem, struct str code,
                           const struct signup *in, struct str remote, int64_t *ret_id,
                           struct signup_errors *ret_errors, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct actor actor = {.remote = remote};
    struct judged_signup judged;
    enum err_code rc;

    ret_errors->count = 0;
    /* Before the work of hashing; and again inside the transaction, for two who race. */
    if ((rc = setup_admit(app, code, remote, err)) ||
        (rc = account_validate_signup(app, mem, in, &judged, ret_errors, err)) ||
        (rc = tx_begin(app->db, TX_WRITE, &tx, err)) || (rc = check(tx, code, err)))
        return rc;
    judged.in.superuser = true;
    rc = account_insert_signup(app, tx, &actor, &judged, ret_id, err);
    if (rc == ERR_UNPROCESSABLE)
        signup_errors_add(ret_errors, mem, err);
    if (rc || (rc = setup_code_clear(tx, err)))
        return rc;
    return tx_commit(&tx, err);
}
