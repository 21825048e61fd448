#include "core/token.h"

#include <assert.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/rand.h"
#include "base/text.h"
#include "config.h"
#include "core/audit.h"
#include "core/cut.h"
#include "core/organization.h"
#include "core/scope.h"
#include "store/grant.h"

/* Tokens are made and revoked beside whatever else happens to their accounts. */
#define PART "core/token"

enum { PREFIX_LEN = 3, SECRET_LEN = 40, CHECK_LEN = 6, NAME_MAX_LEN = 200, HOSTNAME_MAX = 200 };
enum { HOUR_MS = 3600 * 1000, SWEEP_MAX = 64 };
static_assert(PREFIX_LEN + SECRET_LEN + CHECK_LEN == TOKEN_LEN, "the parts of a token");

/* CRC-32 of the secret in base 62: six digits hold 2^35. */
static void checksum(struct str secret, char out[CHECK_LEN])
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    uint32_t crc = text_crc32(secret);

    for (int i = CHECK_LEN; i-- > 0; crc /= 62)
        out[i] = digits[crc % 62];
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool token_looks_right(struct str token)
{
    char check[CHECK_LEN];

    if (token.len != TOKEN_LEN || !str_starts(token, S(TOKEN_PREFIX)))
        return false;
    for (size_t i = PREFIX_LEN; i < TOKEN_LEN; i++)
        if (!is_alnum(token.ptr[i]))
            return false;
    checksum(str_sub(token, PREFIX_LEN, SECRET_LEN), check);
    return memcmp(check, token.ptr + PREFIX_LEN + SECRET_LEN, CHECK_LEN) == 0;
}

static struct str make_token(struct arena *mem)
{
    char *t = arena_alloc(mem, TOKEN_LEN + 1, 1);

    if (!t)
        return (struct str){0};
    memcpy(t, TOKEN_PREFIX, PREFIX_LEN);
    rand_text(t + PREFIX_LEN, SECRET_LEN);
    checksum((struct str){t + PREFIX_LEN, SECRET_LEN}, t + PREFIX_LEN + SECRET_LEN);
    return (struct str){t, TOKEN_LEN};
}

static enum err_code check_request(const struct token_request *req, struct err *err)
{
    if (req->name.len == 0 || req->name.len > NAME_MAX_LEN || text_has_control(req->name))
        return fail_field(err, "note",
                          "a token needs a name of 1 to %d printable characters, not \"" STR_FMT
                          "\"",
                          (int)NAME_MAX_LEN, STR_ARG(req->name));
    if (req->max_age_seconds < 0)
        return fail_field(err, "max-age",
                          "max-age is %lld; it must be a positive number of seconds",
                          (long long)req->max_age_seconds);
    return OK;
}

/* As it stands on record: with the organization whose token it is. */
static struct str object_of(struct arena *mem, struct str organization, struct str name)
{
    return organization.len
               ? str_fmt(mem, STR_FMT "/" STR_FMT, STR_ARG(organization), STR_ARG(name))
               : str_dup(mem, name);
}

/* What it is for, as it stands on record. */
static struct str detail_of(struct arena *mem, const struct token_row *row)
{
    return row->limits.len ? str_fmt(mem, STR_FMT "%slimited to " STR_FMT, STR_ARG(row->scopes),
                                     row->scopes.len ? ", " : "", STR_ARG(row->limits))
                           : row->scopes;
}

/* Whose token it is about. */
static enum err_code find_owner(struct tx *tx, struct arena *mem, const struct actor *actor,
                                struct str organization, int64_t *ret_id, struct err *err)
{
    struct account_row account = {.id = actor->account_id};
    enum err_code rc =
        organization.len ? organization_require(tx, mem, organization, &account, err) : OK;

    if (!rc)
        *ret_id = account.id;
    return rc;
}

static enum err_code revoke_by_name(struct tx *tx, int64_t account_id, struct str name,
                                    struct err *err)
{
    int64_t id;
    enum err_code rc = token_id_by_name(tx, account_id, name, &id, err);

    return rc ? rc : token_revoke(tx, id, clock_now_ms(), err);
}

/* Is there the group that the token shall be limited to, and may the actor know that there is? */
static enum err_code check_group(struct tx *tx, struct arena *mem, const struct actor *actor,
                                 struct str limits, struct err *err)
{
    struct str organization, name;
    struct account_row account;
    struct group_row group;
    bool member = false;
    enum err_code rc;

    if (!limit_group(limits, &organization, &name))
        return OK;
    rc = account_by_login(tx, mem, organization, &account, err);
    if (!rc)
        rc = group_find(tx, mem, account.id, name, &group, err);
    if (!rc && !actor->superuser)
        rc = grant_is_member(tx, account.id, actor->account_id, &member, err);
    if (rc == ERR_NOT_FOUND || (!rc && !member && !actor->superuser))
        return fail_field(err, "limits",
                          "there is no group \"" STR_FMT "/" STR_FMT
                          "\" in an organization that you are in",
                          STR_ARG(organization), STR_ARG(name));
    return rc;
}

static enum err_code insert(struct tx *tx, struct arena *mem, const struct actor *actor,
                            const struct token_request *req, const struct token_row *row,
                            struct err *err)
{
    struct str object = object_of(mem, req->organization, req->name);
    enum err_code rc = ERR_NOT_FOUND;

    if (req->replace)
        rc = revoke_by_name(tx, row->account_id, req->name, err);
    if (rc == OK)
        rc = audit_add_of(tx, actor, row->account_id, "token.delete", object, S("replaced"), err);
    if (rc && rc != ERR_NOT_FOUND)
        return rc;
    rc = token_insert(tx, row, err);
    if (rc == ERR_CONFLICT)
        return fail(err, ERR_CONFLICT, "a token named \"" STR_FMT "\" exists already",
                    STR_ARG(req->name));
    return rc ? rc
              : audit_add_of(tx, actor, row->account_id, "token.create", object,
                             detail_of(mem, row), err);
}

enum err_code token_create(struct app *app, struct arena *mem, const struct actor *actor,
                           const struct token_request *req, struct str *ret_token, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    int64_t now = clock_now_ms();
    int64_t age_s = req->max_age_seconds;
    struct str scopes, limits, token = make_token(mem);
    uint8_t hash[SHA256_LEN];
    enum err_code rc;

    if (!token.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = check_request(req, err)) ||
        (rc = scope_join(mem, req->scopes, req->scope_count, &scopes, err)) ||
        (rc = limit_join(mem, &req->limits, &limits, err)))
        return rc;
    if (age_s == 0 || age_s > 100 * 366 * 86400LL)
        age_s = app->config->token_days * 86400;
    digest_sha256(token, hash);
    struct token_row row = {
        .hash = {(const char *)hash, sizeof hash},
        .name = req->name,
        .scopes = scopes,
        .limits = limits,
        .hostname = cut(req->hostname, HOSTNAME_MAX),
        .remote = actor->remote,
        .created_ms = now,
        .expires_ms = now + age_s * 1000,
    };
    if ((rc = tx_begin_part(app->db, S(PART), &tx, err)) ||
        (rc = find_owner(tx, mem, actor, req->organization, &row.account_id, err)) ||
        (rc = check_group(tx, mem, actor, limits, err)) ||
        (rc = insert(tx, mem, actor, req, &row, err)) || (rc = tx_commit(&tx, err)))
        return rc;
    *ret_token = token;
    return OK;
}

/* ---- holding ---- */

/* A token that was good once. */
struct refused {
    int64_t id, account_id;
    struct str login, name;
    bool revoked; /* else it has expired */
    int64_t noted_ms;
};

/* Puts on record that somebody still has it. Once an hour: whoever has one could fill the log, and
 * with it the disk. */
static enum err_code record_refusal(struct app *app, const struct refused *r, struct str remote,
                                    struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    const struct actor owner = {
        .account_id = r->account_id, .login = r->login, .token_name = r->name, .remote = remote};
    int64_t now = clock_now_ms();
    bool first = false;
    enum err_code rc;

    if (now - r->noted_ms < HOUR_MS)
        return OK;
    if ((rc = tx_begin_part(app->db, S(PART), &tx, err)))
        return rc;
    tx_quiet(tx); /* nobody who is refused may empty the caches of all nodes */
    rc = token_note_refusal(tx, r->id, r->revoked, now, now - HOUR_MS, &first, err);
    if (!rc && first)
        rc = audit_add(tx, &owner, "token.refused", r->name,
                       r->revoked ? S("revoked") : S("expired"), err);
    return rc || !first ? rc : tx_commit(&tx, err);
}

/* Looks the token up among the living and the revoked. ERR_NOT_FOUND: it was never one. A refused
 * one has its id in *ret_refused. */
static enum err_code look_up(struct app *app, struct arena *mem, struct str hash,
                             struct credential_row *ret, struct refused *ret_refused,
                             struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct revoked_token_row revoked;
    enum err_code rc = tx_begin(app->db, TX_READ, &tx, err);

    if (rc)
        return rc;
    rc = token_find(tx, mem, hash, ret, err);
    if (!rc && ret->expires_ms && ret->expires_ms <= clock_now_ms())
        *ret_refused = (struct refused){ret->id,         ret->account_id, ret->login,
                                        ret->token_name, false,           ret->refused_ms};
    if (rc != ERR_NOT_FOUND)
        return rc;
    rc = revoked_token_find(tx, mem, hash, &revoked, err);
    if (!rc)
        *ret_refused = (struct refused){revoked.id, revoked.account_id, revoked.login, revoked.name,
                                        true,       revoked.refused_ms};
    return rc;
}

enum err_code token_identify(struct app *app, struct arena *mem, struct str token,
                             struct str remote, struct actor *ret, int64_t *ret_expires_ms,
                             struct err *err)
{
    struct credential_row row = {0};
    struct refused refused = {0};
    uint8_t hash[SHA256_LEN];
    enum err_code rc = ERR_NOT_FOUND;

    if (token_looks_right(token)) {
        digest_sha256(token, hash);
        rc = look_up(app, mem, (struct str){(const char *)hash, sizeof hash}, &row, &refused, err);
    }
    if (!rc && refused.id)
        rc = record_refusal(app, &refused, remote, err);
    if (rc == ERR_NOT_FOUND || (!rc && refused.id))
        return fail(err, ERR_UNAUTHENTICATED, "the access token is unknown, revoked or expired");
    if (rc)
        return rc;
    *ret = (struct actor){.account_id = row.account_id,
                          .login = row.login,
                          .superuser = row.superuser,
                          .token_id = row.id,
                          .token_name = row.token_name,
                          .scopes = row.scopes,
                          .limits = row.limits,
                          .remote = remote};
    *ret_expires_ms = row.expires_ms;
    return OK;
}

/* ---- revoking ---- */

enum err_code token_revoke_own(struct app *app, const struct actor *actor, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc;

    if (!actor->token_id)
        return fail(err, ERR_UNAUTHENTICATED,
                    "no access token was sent, so there is none to revoke");
    if ((rc = tx_begin_part(app->db, S(PART), &tx, err)) ||
        (rc = token_revoke(tx, actor->token_id, clock_now_ms(), err)) ||
        (rc = audit_add(tx, actor, "token.delete", actor->token_name, S(""), err)))
        return rc;
    return tx_commit(&tx, err);
}

enum err_code token_revoke_named(struct app *app, struct arena *mem, const struct actor *actor,
                                 struct str organization, struct str name, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    int64_t owner_id;
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, S(PART), &tx, err)) ||
        (rc = find_owner(tx, mem, actor, organization, &owner_id, err)))
        return rc;
    rc = revoke_by_name(tx, owner_id, name, err);
    if (rc == ERR_NOT_FOUND)
        return fail(err, ERR_NOT_FOUND, "there is no token named \"" STR_FMT "\"", STR_ARG(name));
    if (rc || (rc = audit_add_of(tx, actor, owner_id, "token.delete",
                                 object_of(mem, organization, name), S(""), err)))
        return rc;
    return tx_commit(&tx, err);
}

enum err_code token_any_forgotten(struct tx *tx, int64_t now_ms, bool *ret_any, struct err *err)
{
    return revoked_token_any(tx, now_ms - TOKEN_KEEP_MS, ret_any, err);
}

enum err_code token_sweep_forgotten(struct app *app, int64_t now_ms, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, S(PART), &tx, err)) ||
        (rc = revoked_token_sweep(tx, now_ms - TOKEN_KEEP_MS, SWEEP_MAX, err)))
        return rc;
    tx_quiet(tx); /* a revoked token is as good as none */
    return tx_commit(&tx, err);
}
