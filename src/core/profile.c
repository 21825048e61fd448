#include "core/profile.h"

#include "base/limits.h"
#include "base/text.h"
#include "core/account.h"
#include "core/audit.h"
#include "core/package.h"

enum { LINE_MAX_LEN = 200, URL_MAX = 500, DESCRIPTION_MAX = 4000, CHANGED_MAX = 200 };

typedef enum err_code check_fn(const struct profile_field *f, struct err *err);

static enum err_code check_line(const struct profile_field *f, struct err *err)
{
    if (f->value.len > LINE_MAX_LEN || text_has_control(f->value))
        return fail_field(err, f->name, "\"%s\" is at most %d bytes of text in one line", f->name,
                          (int)LINE_MAX_LEN);
    return OK;
}

static enum err_code check_description(const struct profile_field *f, struct err *err)
{
    bool fits = f->value.len <= DESCRIPTION_MAX;

    for (size_t i = 0; i < f->value.len && fits; i++) {
        unsigned char c = (unsigned char)f->value.ptr[i];

        fits = (c >= ' ' && c != 0x7f) || c == '\n' || c == '\r' || c == '\t';
    }
    return fits ? OK
                : fail_field(err, f->name, "\"%s\" is at most %d bytes of text", f->name,
                             (int)DESCRIPTION_MAX);
}

/* Shown as a link on pages: nothing that a browser would run, and no host behind a false name
 * ("https://example.org@evil.example"). */
static bool is_web_address(struct str url)
{
    struct str rest = url, scheme;
    size_t host = 0;

    if (!str_cut(&rest, ':', &scheme) || !str_starts(rest, S("//")) ||
        !(str_eq_nocase(scheme, S("http")) || str_eq_nocase(scheme, S("https"))))
        return false;
    rest = str_from(rest, 2);
    while (host < rest.len && !strchr("/?#", rest.ptr[host]))
        host++;
    if (host == 0 || str_has(str_sub(rest, 0, host), '@'))
        return false;
    for (size_t i = 0; i < rest.len; i++)
        if (strchr(" \"<>\\^`{|}", rest.ptr[i]))
            return false;
    return !text_has_control(rest);
}

static enum err_code check_url(const struct profile_field *f, struct err *err)
{
    if (!f->value.len || (f->value.len <= URL_MAX && is_web_address(f->value)))
        return OK;
    return fail_field(err, f->name,
                      "\"" STR_FMT "\" is not an address of at most %d bytes that begins with "
                      "http:// or https:// and a host",
                      STR_ARG(f->value), (int)URL_MAX);
}

static enum err_code check_creators(const struct profile_field *f, struct err *err)
{
    if (str_eq(f->value, S("owners")) || str_eq(f->value, S("writers")) ||
        str_eq(f->value, S("members")))
        return OK;
    return fail_field(
        err, f->name,
        "packages are created by \"owners\", \"writers\" or \"members\", not \"" STR_FMT "\"",
        STR_ARG(f->value));
}

static enum err_code check_access(const struct profile_field *f, struct err *err)
{
    enum access_level level;
    enum err_code rc = f->value.len ? package_read_access(f->value, &level, err) : OK;

    if (rc && err)
        err->field = f->name;
    return rc;
}

static const struct known_field {
    const char *name;
    size_t offset; /* of the struct str in struct account_row */
    bool of_organizations;
    check_fn *check;
} known[] = {
    {"name", offsetof(struct account_row, name), false, check_line},
    {"description", offsetof(struct account_row, description), false, check_description},
    {"url", offsetof(struct account_row, url), false, check_url},
    {"location", offsetof(struct account_row, location), false, check_line},
    {"company", offsetof(struct account_row, company), false, check_line},
    {"default_access", offsetof(struct account_row, default_access), false, check_access},
    {"package_creators", offsetof(struct account_row, package_creators), true, check_creators},
};

static const struct known_field *find_known(const struct account_row *row, const char *name)
{
    for (size_t i = 0; i < COUNT(known); i++)
        if (str_eq(str_of(name), str_of(known[i].name)) &&
            (!known[i].of_organizations || str_eq(row->kind, S("organization"))))
            return &known[i];
    return NULL;
}

/* changed: the names of those that have another value now. */
static enum err_code set_field(struct account_row *row, const struct profile_field *f,
                               struct buf *changed, struct err *err)
{
    const struct known_field *k = find_known(row, f->name);
    struct str *at;
    enum err_code rc;

    if (!k)
        return fail_field(err, f->name, "the profile of \"" STR_FMT "\" has no field \"%s\"",
                          STR_ARG(row->login), f->name);
    if ((rc = k->check(f, err)))
        return rc;
    at = (struct str *)(void *)((char *)row + k->offset);
    if (!str_eq(*at, f->value))
        buf_addf(changed, "%s%s", buf_str(changed).len ? ", " : "", k->name);
    *at = f->value;
    return OK;
}

enum err_code profile_change(struct app *app, struct arena *mem, const struct actor *actor,
                             struct str login, const struct profile_field *fields, size_t count,
                             struct account_row *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    AUTO(buf_done) struct buf changed = BUF_INIT(CHANGED_MAX);
    struct account_row row;
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, login, &tx, err)) ||
        (rc = account_require(tx, mem, login, &row, err)))
        return rc;
    for (size_t i = 0; i < count; i++)
        if ((rc = set_field(&row, &fields[i], &changed, err)))
            return rc;
    if (!buf_ok(&changed))
        return fail(err, ERR_NOMEM, "out of memory");
    if (buf_str(&changed).len && ((rc = account_set_profile(tx, &row, err)) ||
                                  (rc = audit_add_of(tx, actor, row.id, "account.profile",
                                                     row.login, buf_str(&changed), err)) ||
                                  (rc = tx_commit(&tx, err))))
        return rc;
    *ret = row;
    return OK;
}
