/* badge_get.c: pictures that tell of a package, for pages elsewhere.
 *
 * Such pages are read often, and by many: a badge is kept in memory for a minute. (Downloads are
 * counted, and days go by, without that anything else changes.) */
#include "base/clock.h"
#include "base/digest.h"
#include "base/limits.h"
#include "core/account.h"
#include "core/package.h"
#include "format/badge.h"
#include "format/json.h"
#include "store/download.h"
#include "web/handlers.h"
#include "web/reply.h"
#include "web/resource.h"
#include "web/sight.h"

enum { KEPT_S = 60, DATE_LEN = 10 };
#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* What a badge is made from. */
struct subject {
    struct call *c;
    struct tx *tx;
    const struct package_row *package;
};

/* ---- the texts ---- */

static enum err_code nomem_unless(struct str value, struct err *err)
{
    return value.ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

/* What is not known is grey. */
static enum err_code known(struct badge *b, struct str value, const char *otherwise)
{
    if (value.len)
        b->value = value;
    else
        *b = (struct badge){b->label, str_of(otherwise), BADGE_GREY};
    return OK;
}

static enum err_code of_version(const struct subject *s, struct badge *b, struct err *err)
{
    (void)err;
    return known(b, s->package->latest_version, "none");
}

static enum err_code released(const struct subject *s, int64_t *ret_ms, struct err *err)
{
    return package_released(s->tx, s->package->id, s->package->latest_version, ret_ms, err);
}

static enum err_code of_date(const struct subject *s, struct badge *b, struct err *err)
{
    char *text = arena_alloc(s->c->mem, CLOCK_TEXT_MAX, 1);
    int64_t ms = 0;
    enum err_code rc = released(s, &ms, err);

    if (rc || !text)
        return rc ? rc : fail(err, ERR_NOMEM, "out of memory");
    return known(b, ms ? str_sub(clock_rfc3339(ms, text), 0, DATE_LEN) : S(""), "none");
}

/* In whole days of UTC, as dates are. */
static enum err_code of_relative_date(const struct subject *s, struct badge *b, struct err *err)
{
    int64_t ms = 0, days, n;
    const char *unit;
    enum err_code rc = released(s, &ms, err);

    if (rc)
        return rc;
    days = clock_now_ms() / DAY_MS - ms / DAY_MS;
    if (!ms || days < 2)
        return known(b, !ms ? S("") : days < 1 ? S("today") : S("yesterday"), "none");
    n = days < 61 ? days : days < 730 ? days / 30 : days / 365;
    unit = days < 61 ? "days" : days < 730 ? "months" : "years";
    b->value = str_fmt(s->c->mem, "%lld %s ago", (long long)n, unit);
    return nomem_unless(b->value, err);
}

static enum err_code of_platforms(const struct subject *s, struct badge *b, struct err *err)
{
    struct str rest, platform, all = S("");
    enum err_code rc = package_platforms(s->tx, s->c->mem, s->package->id, &rest, err);

    while (!rc && rest.len && str_next(&rest, ' ', &platform)) {
        all = str_fmt(s->c->mem, STR_FMT "%s" STR_FMT, STR_ARG(all), all.len ? " | " : "",
                      STR_ARG(platform));
        rc = nomem_unless(all, err);
    }
    return rc ? rc : known(b, all, "any");
}

/* A word of the package's own, or what the client said when it made the package. */
static enum err_code of_license(const struct subject *s, struct badge *b, struct err *err)
{
    AUTO(json_decrefp) json_t *attrs = NULL;
    enum err_code rc = json_parse_object(s->package->attrs, &attrs, err);
    struct str license;

    if (rc)
        return rc;
    license = json_get_str(attrs, "license");
    if (!license.ptr)
        license = json_get_str(json_object_get(attrs, "license"), "name");
    license = str_dup(s->c->mem, license);
    rc = nomem_unless(license, err);
    return rc ? rc : known(b, license, "unknown");
}

/* "950", "1.2k", "34k", "5.6M": never more than there were. */
static enum err_code of_downloads(const struct subject *s, struct badge *b, struct err *err)
{
    static const char *const units[] = {"", "k", "M", "G", "T", "P", "E"};
    int64_t whole = 0, tenths = 0;
    size_t unit = 0;
    enum err_code rc = download_total(s->tx, s->package->id, &whole, err);

    if (rc)
        return rc;
    for (; whole >= 1000; whole /= 1000, unit++)
        tenths = whole % 1000 / 100;
    if (unit && whole < 10)
        b->value =
            str_fmt(s->c->mem, "%lld.%lld%s", (long long)whole, (long long)tenths, units[unit]);
    else
        b->value = str_fmt(s->c->mem, "%lld%s", (long long)whole, units[unit]);
    return nomem_unless(b->value, err);
}

static const struct kind_of_badge {
    const char *name, *label;
    enum err_code (*fill)(const struct subject *s, struct badge *b, struct err *err);
    enum badge_color color;
} kinds[] = {
    {"version.svg", "version", of_version, BADGE_BLUE},
    {"latest-release-date.svg", "latest release", of_date, BADGE_GREEN},
    {"latest-release-relative-date.svg", "latest release", of_relative_date, BADGE_GREEN},
    {"platforms.svg", "platforms", of_platforms, BADGE_BLUE},
    {"license.svg", "license", of_license, BADGE_BLUE},
    {"downloads.svg", "downloads", of_downloads, BADGE_GREEN},
};

/* ---- the answer ---- */

static enum err_code answer(struct call *c, enum access_level access, const struct badge *b,
                            struct err *err)
{
    AUTO(buf_done) struct buf svg = BUF_INIT(64 * KIB);
    char etag[SHA256_HEX + 1];
    struct http_entity_desc d = {
        .content_type = S("image/svg+xml"),
        /* Those of private packages are asked for each time: who may see them may change. */
        .cache_control =
            access == ACCESS_PUBLIC ? S("public, max-age=300") : S("private, no-cache"),
        .vary = S("Authorization, Cookie"),
        .policy = S("default-src 'none'; sandbox"),
    };
    struct str key = resource_key(c), tagged;
    struct resource *r;

    badge_write(&svg, b);
    if (!buf_ok(&svg) || !key.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    d.bytes = buf_str(&svg);
    tagged = str_fmt(c->mem, "%.*s\n%.*s", (int)key.len, key.ptr, (int)svg.len, svg.ptr);
    if (!tagged.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    digest_sha256_hex(tagged, etag);
    d.etag = (struct str){etag, 32};
    r = resource_entity(http_entity_new(&d));
    resource_keep_for(r, KEPT_S);
    return resource_answer(c, key, r, err);
}

static enum err_code find_kind(struct str name, const struct kind_of_badge **ret, struct err *err)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (str_eq(name, str_of(kinds[i].name))) {
            *ret = &kinds[i];
            return OK;
        }
    return fail(err, ERR_NOT_FOUND, "there is no badge \"" STR_FMT "\"", STR_ARG(name));
}

/* What the caller sees of the owner: under which the answer is kept. */
static enum err_code look(struct call *c, struct tx *tx, struct err *err)
{
    struct account_row account;
    enum err_code rc;

    if (sight_cached(c, c->path.seg[1]))
        return OK;
    rc = account_require(tx, c->mem, call_param(c, "owner"), &account, err);
    return rc ? rc : sight_load(c, tx, c->path.seg[1], &account, err);
}

enum err_code get_badge(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row package;
    const struct kind_of_badge *kind;
    struct subject subject = {.c = c, .package = &package};
    struct badge badge;
    enum err_code rc;

    if ((rc = find_kind(call_param(c, "badge"), &kind, err)) ||
        (rc = tx_begin(c->app->db, TX_READ, &tx, err)) ||
        (rc = package_require(tx, c->mem, call_param(c, "owner"), call_param(c, "package"),
                              &package, err)) ||
        (rc = look(c, tx, err)))
        return rc;
    subject.tx = tx;
    badge = (struct badge){str_of(kind->label), S(""), kind->color};
    if ((rc = kind->fill(&subject, &badge, err)))
        return rc;
    return answer(c, package.access, &badge, err);
}
