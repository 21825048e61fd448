#include "core/edit.h"

#include "base/limits.h"
#include "core/audit.h"
#include "core/cut.h"
#include "core/package.h"
#include "format/json.h"

/* Edits over what a file says, which may be as long as a member of an archive, escaped. */
#define WRITTEN_MAX (EDIT_ATTRS_MAX + 6 * LIMIT_INFO_MEMBER)
enum { CHANGED_MAX = 400 };

/* Members that every client takes for texts: pages print them, and some make links of them. */
static const char *const texts[] = {"summary",        "description",    "license",   "license_url",
                                    "license_family", "home",           "home_page", "dev_url",
                                    "doc_url",        "source_git_url", "icon",      "readme",
                                    "source_git_tag"};
/* What a package is told by itself. anaconda-client sends them along with what it reads in a file.
 */
static const char *const ignored[] = {"name", "version", "package_types"};

static const char *find_name(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(str_of(names[i]), str_of(name)))
            return names[i];
    return NULL;
}

/* ---- objects --------------------------------------------------------------------------------- */

static enum err_code write_object(struct arena *mem, const json_t *object, struct str *ret,
                                  struct err *err)
{
    AUTO(buf_done) struct buf b = BUF_INIT(WRITTEN_MAX);

    json_canonical(&b, object);
    *ret = buf_ok(&b) ? str_dup(mem, buf_str(&b)) : (struct str){0};
    return ret->ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

enum err_code edit_lay_over(struct arena *mem, struct str over, struct str under, struct str *ret,
                            struct err *err)
{
    AUTO(json_decrefp) json_t *top = NULL;
    AUTO(json_decrefp) json_t *both = NULL;
    enum err_code rc;

    if (str_eq(over, S("{}"))) {
        *ret = under;
        return OK;
    }
    if ((rc = json_parse_object(over, &top, err)) || (rc = json_parse_object(under, &both, err)))
        return rc;
    if (json_object_update(both, top))
        return fail(err, ERR_NOMEM, "out of memory");
    return write_object(mem, both, ret, err);
}

/* Members that are null are taken out. */
static enum err_code apply_all(struct arena *mem, struct str object, const json_t *changes,
                               struct str *ret, struct err *err)
{
    AUTO(json_decrefp) json_t *v = NULL;
    const char *key;
    json_t *value;
    enum err_code rc = json_parse_object(object, &v, err);

    if (rc)
        return rc;
    /* json_object_foreach takes no const object, and changes nothing of it. */
    json_object_foreach((json_t *)(uintptr_t)changes, key, value)
    {
        if (json_is_null(value))
            (void)json_object_del(v, key); /* -1: there was none */
        else if (json_object_set(v, key, value))
            return fail(err, ERR_NOMEM, "out of memory");
    }
    return write_object(mem, v, ret, err);
}

/* The same for what is nothing but edits, which has a ceiling. */
static enum err_code apply(struct arena *mem, struct str object, const json_t *changes,
                           struct str *ret, struct err *err)
{
    struct str text;
    enum err_code rc = apply_all(mem, object, changes, &text, err);

    if (rc)
        return rc;
    if (text.len > EDIT_ATTRS_MAX)
        return fail(err, ERR_TOO_BIG, "the attributes exceed %d bytes", (int)EDIT_ATTRS_MAX);
    *ret = text;
    return OK;
}

/* ---- what was sent --------------------------------------------------------------------------- */

/* {name, url, family} as POST /package has it: each is a member of its own. */
static enum err_code spread_license(json_t *changes, struct err *err)
{
    static const char *const names[][2] = {
        {"name", "license"}, {"url", "license_url"}, {"family", "license_family"}};
    AUTO(json_decrefp) json_t *license = json_incref(json_object_get(changes, "license"));

    if (!json_is_object(license))
        return OK;
    (void)json_object_del(changes, "license");
    for (size_t i = 0; i < COUNT(names); i++) {
        json_t *v = json_object_get(license, names[i][0]);

        if (v && json_object_set(changes, names[i][1], v))
            return fail(err, ERR_NOMEM, "out of memory");
    }
    return OK;
}

/* The members that may be changed, each of its type. */
static enum err_code read_changes(const json_t *attrs, json_t **ret, struct err *err)
{
    AUTO(json_decrefp) json_t *changes = json_copy((json_t *)(uintptr_t)attrs);
    const char *key;
    json_t *value;
    enum err_code rc;

    if (!changes)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < COUNT(ignored); i++)
        (void)json_object_del(changes, ignored[i]); /* -1: there was none */
    if ((rc = spread_license(changes, err)))
        return rc;
    json_object_foreach(changes, key, value)
    {
        const char *name = find_name(texts, COUNT(texts), key);

        if (name && !json_is_string(value) && !json_is_null(value))
            return fail_field(err, name, "\"%s\" must be a text, or null to take it back", name);
    }
    *ret = TAKE(changes);
    return OK;
}

/* "license, summary": what the row of the security log tells. */
static struct str names_of(struct arena *mem, json_t *changes)
{
    AUTO(buf_done) struct buf b = BUF_INIT(EDIT_ATTRS_MAX);
    const char *key;
    json_t *value;

    json_object_foreach(changes, key, value) buf_addf(&b, "%s%s", b.len ? ", " : "", key);
    return str_dup(mem, cut(buf_str(&b), CHANGED_MAX));
}

/* ---- editing --------------------------------------------------------------------------------- */

/* A member that was taken back leaves none where no file says one. */
static struct str summary_after(const struct package_row *package, const json_t *changes)
{
    const json_t *summary = json_object_get(changes, "summary");

    if (!summary)
        return package->summary;
    return json_is_null(summary) ? S("") : cut(json_str(summary), PACKAGE_SUMMARY_MAX);
}

enum err_code edit_package(struct app *app, struct arena *mem, const struct actor *actor,
                           struct str owner, struct str name, const json_t *attrs,
                           struct package_row *ret, struct err *err)
{
    AUTO(json_decrefp) json_t *changes = NULL;
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row package;
    struct str object = str_fmt(mem, STR_FMT "/" STR_FMT, STR_ARG(owner), STR_ARG(name));
    enum err_code rc;

    if ((rc = read_changes(attrs, &changes, err)) ||
        (rc = tx_begin_part(app->db, owner, &tx, err)) ||
        (rc = package_require(tx, mem, owner, name, &package, err)) ||
        (rc = apply(mem, package.edits, changes, &package.edits, err)))
        return rc;
    package.summary = summary_after(&package, changes);
    if ((rc = apply_all(mem, package.attrs, changes, &package.attrs, err)) ||
        (rc = package_set_edits(tx, package.id, package.edits, err)) ||
        (rc = package_refresh(tx, mem, package.id, &package, err)) ||
        (rc = audit_add_of(tx, actor, package.account_id, "package.update", object,
                           names_of(mem, changes), err)) ||
        (rc = package_find_by_id(tx, mem, package.id, ret, err)))
        return rc;
    return tx_commit(&tx, err);
}

enum err_code edit_release(struct app *app, struct arena *mem, const struct actor *actor,
                           struct str owner, struct str package_name, struct str version,
                           const json_t *attrs, struct err *err)
{
    AUTO(json_decrefp) json_t *changes = NULL;
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row package;
    struct release_row release;
    struct str object = str_fmt(mem, STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(owner),
                                STR_ARG(package_name), STR_ARG(version));
    enum err_code rc;

    if ((rc = read_changes(attrs, &changes, err)) ||
        (rc = tx_begin_part(app->db, owner, &tx, err)) ||
        (rc = package_require(tx, mem, owner, package_name, &package, err)) ||
        (rc = release_require(tx, mem, &package, version, &release, err)) ||
        (rc = apply(mem, release.attrs, changes, &release.attrs, err)) ||
        (rc = release_update(tx, release.id, release.attrs, err)) ||
        (rc = audit_add_of(tx, actor, package.account_id, "release.update", object,
                           names_of(mem, changes), err)))
        return rc;
    return tx_commit(&tx, err);
}
