#include "core/account.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "config.h"
#include "core/audit.h"
#include "core/cut.h"
#include "core/password.h"
#include "core/refusal.h"
#include "core/throttle.h"
#include "format/conda_name.h"
#include "store/credential.h"

/* First words of our URLs and of anaconda-client's API, and words that conda's own URL parser
 * gives a meaning: an account of that name could never be reached. */
static const char *const reserved[] = {
    "admin",
    "anaconda",
    "api",
    "apps",
    "authentication",
    "authentications",
    "authentication-type",
    "assets",
    "badges",
    "channel",
    "channels",
    "commit",
    "conda",
    "copy",
    "cran",
    "dashboard",
    "dist",
    "docs",
    "download",
    "environments",
    "favicon.ico",
    "favorites",
    "files",
    "group",
    "groups",
    "healthz",
    "help",
    "label",
    "landscape",
    "license",
    "login",
    "logout",
    "metrics",
    "notebooks",
    "notices",
    "org",
    "organizations",
    "orgs",
    "package",
    "package_listing",
    "packages",
    "privacy",
    "projects",
    "pypi",
    "r",
    "readyz",
    "release",
    "robots.txt",
    "root",
    "scopes",
    "search",
    "settings",
    "setup",
    "shards",
    "signin",
    "signup",
    "simple",
    "stage",
    "static",
    "system",
    "t",
    "terms",
    "terrarium",
    "token",
    "upload",
    "user",
    "users",
    "v1",
};

static bool login_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

enum err_code account_check_login(struct str login, struct err *err)
{
    bool good = login.len >= 2 && login.len <= LIMIT_LOGIN && login.ptr[0] != '.' &&
                login.ptr[0] != '-' && login.ptr[0] != '_';

    for (size_t i = 0; good && i < login.len; i++)
        good = login_char(login.ptr[i]);
    if (!good)
        return fail_field(err, "login",
                          "username \"" STR_FMT "\" is not 2 to %d of a-z, 0-9, \"_\", \"-\" and "
                          "\".\", beginning with a letter or digit",
                          STR_ARG(login), LIMIT_LOGIN);
    for (size_t i = 0; i < COUNT(reserved); i++)
        if (str_eq(login, str_of(reserved[i])))
            return fail_field(err, "login", "username \"" STR_FMT "\" is reserved", STR_ARG(login));
    /* conda cuts URLs at a known subdir, and at a package's extension. */
    if (conda_known_subdir(login) || str_ends(login, S(".conda")) || str_ends(login, S(".tar.bz2")))
        return fail_field(err, "login",
                          "username \"" STR_FMT "\" means something else to conda clients",
                          STR_ARG(login));
    return OK;
}

/* Two or more labels of letters, digits and "-"; bytes of other scripts pass. */
static bool is_host(struct str host)
{
    struct str rest = host, label;
    size_t labels = 0;

    while (str_next(&rest, '.', &label)) {
        if (label.len == 0 || label.len > 63)
            return false;
        for (size_t i = 0; i < label.len; i++) {
            unsigned char c = (unsigned char)label.ptr[i];
            bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
            if (!letter && !(c >= '0' && c <= '9') && c != '-' && c < 0x80)
                return false;
        }
        labels++;
    }
    return labels >= 2;
}

/* Words between dots. What mail programs put around an address, and quoting, are no part of it. */
static bool is_mailbox(struct str local)
{
    struct str rest = local, word;

    if (local.len == 0 || local.len > 64)
        return false;
    while (str_next(&rest, '.', &word)) {
        if (word.len == 0)
            return false;
        for (size_t i = 0; i < word.len; i++)
            if (strchr(" \"(),:;<>@[\\]", word.ptr[i]))
                return false;
    }
    return true;
}

enum err_code account_check_email(struct str email, struct err *err)
{
    struct str local, host;

    if (email.len > 254 || !text_is_utf8(email) || text_has_control(email) ||
        !str_cut_last(email, '@', &local, &host) || !is_mailbox(local) || !is_host(host))
        return fail_field(err, "email", "\"" STR_FMT "\" is not an e-mail address", STR_ARG(email));
    return OK;
}

void signup_errors_add(struct signup_errors *errors, struct arena *mem, const struct err *e)
{
    struct str message = str_dup(mem, str_of(e->msg));

    if (errors->count == SIGNUP_FIELDS)
        return;
    if (!message.ptr)
        message = S("refused"); /* better without the reason than not at all */
    errors->items[errors->count++] = (struct field_error){e->field, message};
}

/* Which of the names belong to somebody already. */
struct taken {
    bool login, retired, email;
};

static enum err_code find_taken(struct app *app, struct arena *mem, const struct signup *in,
                                struct taken *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row row;
    enum err_code by_login, by_email, rc = tx_begin(app->db, TX_READ, &tx, err);

    if (rc)
        return rc;
    by_login = account_by_login(tx, mem, in->login, &row, err);
    if (by_login && by_login != ERR_NOT_FOUND)
        return by_login;
    by_email = account_by_email(tx, mem, in->email, &row, err);
    if (by_email && by_email != ERR_NOT_FOUND)
        return by_email;
    *ret = (struct taken){.login = by_login == OK, .email = by_email == OK};
    return login_is_retired(tx, in->login, &ret->retired, err);
}

/* Each field is judged, in the order of the form, so that a form shows every fault. */
static void check_fields(const struct app *app, struct arena *mem, const struct signup *in,
                         struct taken taken, struct signup_errors *errors)
{
    struct err e;

    if (account_check_login(in->login, &e) ||
        (taken.login &&
         fail_field(&e, "login", "username \"" STR_FMT "\" is taken", STR_ARG(in->login))) ||
        (taken.retired &&
         fail_field(&e, "login",
                    "username \"" STR_FMT "\" belonged to a deleted account and stays reserved",
                    STR_ARG(in->login))))
        signup_errors_add(errors, mem, &e);
    if (account_check_email(in->email, &e) ||
        (taken.email &&
         fail_field(&e, "email", "an account with the e-mail address \"" STR_FMT "\" exists",
                    STR_ARG(in->email))))
        signup_errors_add(errors, mem, &e);
    if (password_check(in->password, in->login, app->config->password_min, &e))
        signup_errors_add(errors, mem, &e);
    if (!str_eq(in->password, in->password_again) &&
        fail_field(&e, "password_again", "the two passwords differ"))
        signup_errors_add(errors, mem, &e);
    if (!in->accept_terms &&
        fail_field(&e, "accept_terms", "the terms and conditions must be accepted"))
        signup_errors_add(errors, mem, &e);
}

enum err_code account_validate_signup(struct app *app, struct arena *mem, const struct signup *in,
                                      struct judged_signup *ret, struct signup_errors *ret_errors,
                                      struct err *err)
{
    struct judged_signup judged = {.in = *in};
    struct taken taken = {0};
    enum err_code rc;

    ret_errors->count = 0;
    judged.in.login = str_lower(mem, in->login);
    judged.in.email = str_trim(in->email);
    if (!judged.in.login.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = find_taken(app, mem, &judged.in, &taken, err)))
        return rc;
    check_fields(app, mem, &judged.in, taken, ret_errors);
    if (ret_errors->count)
        return fail_field(err, ret_errors->items[0].field, STR_FMT,
                          STR_ARG(ret_errors->items[0].message));
    if ((rc = password_hash(mem, in->password, &judged.password_hash, err)))
        return rc;
    *ret = judged;
    return OK;
}

enum err_code account_insert_signup(struct app *app, struct tx *tx, const struct actor *actor,
                                    const struct judged_signup *judged, int64_t *ret_id,
                                    struct err *err)
{
    const struct signup *in = &judged->in;
    struct account_row row = {
        .login = in->login,
        .kind = S("user"),
        .email = in->email,
        .password_hash = judged->password_hash,
        .superuser = in->superuser,
        .created_ms = clock_now_ms(),
    };
    int64_t id;
    enum err_code rc = account_insert(tx, &row, app->config->terms_version, &id, err);

    if (rc == ERR_CONFLICT) { /* taken since it was judged */
        const char *field = err->field;
        return err_set_field(err, field, fail(err, ERR_UNPROCESSABLE, "%s", err->msg));
    }
    if (rc)
        return rc;
    /* Who signs up acts for itself; an administrator is the actor of what it creates. */
    struct actor self = {.account_id = id, .login = in->login, .remote = actor->remote};
    rc = audit_add_of(tx, actor->login.len ? actor : &self, id, "account.create", in->login,
                      in->superuser ? S("superuser") : S(""), err);
    if (!rc)
        *ret_id = id;
    return rc;
}

static enum err_code create(struct app *app, struct arena *mem, const struct actor *actor,
                            const struct signup *in, int64_t *ret_id,
                            struct signup_errors *ret_errors, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct judged_signup judged;
    enum err_code rc;

    if ((rc = account_validate_signup(app, mem, in, &judged, ret_errors, err)) ||
        (rc = tx_begin_part(app->db, S("account/sign-up"), &tx, err)))
        return rc;
    rc = account_insert_signup(app, tx, actor, &judged, ret_id, err);
    if (rc == ERR_UNPROCESSABLE)
        signup_errors_add(ret_errors, mem, err);
    return rc ? rc : tx_commit(&tx, err);
}

static enum err_code sign_up_self(struct app *app, struct arena *mem, const struct actor *actor,
                                  const struct signup *in, int64_t *ret_id,
                                  struct signup_errors *ret_errors, struct err *err)
{
    enum err_code rc;

    if (!app->config->registration)
        return fail(err, ERR_DENIED,
                    "registration is closed on this server; ask its administrator for an account");
    if ((rc = throttle_take(app, THROTTLE_SIGN_UP, actor->remote, err)))
        return rc;
    rc = create(app, mem, actor, in, ret_id, ret_errors, err);
    if (rc) /* a form with a mistake in it is no account */
        throttle_give_back(app, THROTTLE_SIGN_UP, actor->remote);
    return rc;
}

enum err_code account_sign_up(struct app *app, struct arena *mem, const struct actor *actor,
                              const struct signup *in, bool by_admin, int64_t *ret_id,
                              struct signup_errors *ret_errors, struct err *err)
{
    struct err why = {0};
    enum err_code rc;

    ret_errors->count = 0;
    if (by_admin)
        return create(app, mem, actor, in, ret_id, ret_errors, err);
    rc = sign_up_self(app, mem, actor, in, ret_id, ret_errors, &why);
    if (rc == ERR_DENIED || rc == ERR_UNPROCESSABLE || rc == ERR_LIMITED)
        return refusal_tell(app, actor, 0, "account.refused", cut(in->login, LIMIT_LOGIN), &why,
                            err);
    if (rc && err)
        *err = why;
    return rc;
}

enum err_code account_require(struct tx *tx, struct arena *mem, struct str login,
                              struct account_row *ret, struct err *err)
{
    enum err_code rc = account_by_login(tx, mem, login, ret, err);

    if (rc == ERR_NOT_FOUND)
        return fail(err, ERR_NOT_FOUND, "there is no account \"" STR_FMT "\"", STR_ARG(login));
    return rc;
}

enum err_code account_require_user(struct tx *tx, struct arena *mem, struct str login,
                                   struct account_row *ret, struct err *err)
{
    struct account_row row;
    enum err_code rc = account_require(tx, mem, login, &row, err);

    if (rc)
        return rc;
    if (!str_eq(row.kind, S("user")))
        return fail(err, ERR_NOT_FOUND, "\"" STR_FMT "\" is an organization, not a user",
                    STR_ARG(row.login));
    *ret = row;
    return OK;
}

enum err_code account_keep_administrator(struct tx *tx, const struct account_row *row,
                                         struct err *err)
{
    int64_t administrators = 0;
    enum err_code rc;

    if (!row->superuser || row->suspended_ms)
        return OK;
    rc = account_count_active_superusers(tx, &administrators, err);
    if (rc || administrators > 1)
        return rc;
    return fail(err, ERR_CONFLICT,
                "\"" STR_FMT
                "\" is the last administrator of this server: make somebody else one first",
                STR_ARG(row->login));
}

enum err_code account_reset_password(struct app *app, struct arena *mem, const struct actor *actor,
                                     struct str login, struct str password, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row row;
    struct str hash;
    enum err_code rc;

    if ((rc = password_check(password, login, app->config->password_min, err)) ||
        (rc = password_hash(mem, password, &hash, err)) ||
        (rc = tx_begin_part(app->db, login, &tx, err)) ||
        (rc = account_require_user(tx, mem, login, &row, err)) ||
        (rc = account_set_password(tx, row.id, hash, err)) ||
        (rc = session_delete_all(tx, row.id, err)) ||
        (rc = audit_add_of(tx, actor, row.id, "account.password", row.login, S(""), err)))
        return rc;
    return tx_commit(&tx, err);
}

enum err_code account_change_superuser(struct app *app, struct arena *mem,
                                       const struct actor *actor, struct str login, bool superuser,
                                       struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row row;
    enum err_code rc;

    if ((rc = tx_begin(app->db, TX_WRITE, &tx, err)) ||
        (rc = account_require_user(tx, mem, login, &row, err)) ||
        (!superuser && (rc = account_keep_administrator(tx, &row, err))) ||
        (rc = account_set_superuser(tx, row.id, superuser, err)) ||
        (rc = audit_add_of(tx, actor, row.id, "account.superuser", row.login,
                           superuser ? S("on") : S("off"), err)))
        return rc;
    return tx_commit(&tx, err);
}
