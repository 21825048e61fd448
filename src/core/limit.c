#include "core/limit.h"

#include <stdlib.h>

#include "base/limits.h"
#include "core/kind.h"
#include "core/organization.h"
#include "core/scope.h"
#include "format/conda_name.h"
#include "store/account.h"
#include "store/group.h"
#include "store/label.h"
#include "store/package.h"

enum { LIMITS_MAX = 16 * 1024 };

/* ---- the words ---- */

bool limit_next(struct str *rest, struct str *ret_kind, struct str *ret_value)
{
    struct str word;

    if (rest->len == 0 || !str_next(rest, ' ', &word) || !str_cut(&word, ':', ret_kind))
        return false;
    *ret_value = word;
    return true;
}

static enum err_code add_word(struct arena *mem, struct str *joined, const char *kind,
                              struct str value, struct err *err)
{
    *joined = str_fmt(mem, "%s%s%s:%.*s", joined->len ? joined->ptr : "", joined->len ? " " : "",
                      kind, (int)value.len, value.ptr);
    if (!joined->ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if (joined->len > LIMITS_MAX)
        return fail_field(err, "limits", "the limits are longer than %d bytes", (int)LIMITS_MAX);
    return OK;
}

/* What is no name here can be none anywhere: the token would be good for nothing. */
static enum err_code no_name(const char *what, struct str value, const char *why, struct err *err)
{
    return fail_field(err, "limits", "a token cannot be limited to the %s \"" STR_FMT "\": %s",
                      what, STR_ARG(value), why);
}

static bool is_plain(struct str s)
{
    bool plain = s.len > 0 && s.len <= LIMIT_LOGIN;

    for (size_t i = 0; i < s.len && plain; i++)
        plain = (s.ptr[i] >= 'a' && s.ptr[i] <= 'z') || (s.ptr[i] >= '0' && s.ptr[i] <= '9') ||
                s.ptr[i] == '.' || s.ptr[i] == '_' || s.ptr[i] == '-';
    return plain;
}

static enum err_code add_package(struct arena *mem, struct str *joined, struct str full,
                                 struct err *err)
{
    struct str name = full, owner;
    struct err why = {0};

    if (!str_cut(&name, '/', &owner))
        return no_name("package", full, "it must be given as \"owner/name\"", err);
    owner = str_lower(mem, owner);
    if (!owner.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if (!is_plain(owner))
        return no_name("package", full, "what stands before the \"/\" is no account's name", err);
    if (kind_check_package(name, &why))
        return no_name("package", full, why.msg, err);
    full = str_fmt(mem, STR_FMT "/" STR_FMT, STR_ARG(owner), STR_ARG(name));
    return full.ptr ? add_word(mem, joined, "package", full, err)
                    : fail(err, ERR_NOMEM, "out of memory");
}

static enum err_code add_label(struct arena *mem, struct str *joined, struct str label,
                               struct err *err)
{
    struct str lower = str_lower(mem, label);
    struct err why = {0};

    if (!lower.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if (conda_check_label(lower, &why))
        return no_name("label", label, why.msg, err);
    return add_word(mem, joined, "label", lower, err);
}

static enum err_code add_group(struct arena *mem, struct str *joined, struct str group,
                               struct err *err)
{
    struct str lower = str_lower(mem, group), name = lower, organization;

    if (!lower.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if (!str_cut(&name, '/', &organization) || !is_plain(organization) || !is_plain(name))
        return no_name("group", group, "it must be given as \"organization/group\"", err);
    return add_word(mem, joined, "group", lower, err);
}

enum err_code limit_join(struct arena *mem, const struct limit_request *req, struct str *ret_limits,
                         struct err *err)
{
    struct str joined = S("");
    enum err_code rc = OK;

    for (size_t i = 0; !rc && i < req->package_count; i++)
        rc = add_package(mem, &joined, req->packages[i], err);
    for (size_t i = 0; !rc && i < req->label_count; i++)
        rc = add_label(mem, &joined, req->labels[i], err);
    if (!rc && req->group.len)
        rc = add_group(mem, &joined, req->group, err);
    if (!rc)
        *ret_limits = joined;
    return rc;
}

/* Is there a word of this kind, and one with this value? */
static bool finds(struct str limits, struct str wanted_kind, struct str wanted, bool *ret_any)
{
    struct str rest = limits, kind, value;
    bool found = false;

    *ret_any = false;
    while (limit_next(&rest, &kind, &value))
        if (str_eq(kind, wanted_kind)) {
            *ret_any = true;
            found = found || str_eq(value, wanted);
        }
    return found;
}

bool limit_has_labels(struct str limits)
{
    bool any;

    (void)finds(limits, S("label"), S(""), &any);
    return any;
}

enum err_code limit_labels(struct arena *mem, struct str limits, struct str *ret, struct err *err)
{
    struct str rest = limits, kind, value, labels = S("");

    while (limit_next(&rest, &kind, &value)) {
        if (!str_eq(kind, S("label")))
            continue;
        labels = str_fmt(mem, STR_FMT "%s" STR_FMT, STR_ARG(labels), labels.len ? " " : "",
                         STR_ARG(value));
        if (!labels.ptr)
            return fail(err, ERR_NOMEM, "out of memory");
    }
    *ret = labels;
    return OK;
}

bool limit_allows_label(struct str limits, struct str label)
{
    bool any, found = finds(limits, S("label"), label, &any);

    return found || !any;
}

bool limit_group(struct str limits, struct str *ret_organization, struct str *ret_group)
{
    struct str rest = limits, kind, value;

    while (limit_next(&rest, &kind, &value))
        if (str_eq(kind, S("group"))) {
            *ret_group = value;
            return str_cut(ret_group, '/', ret_organization);
        }
    return false;
}

bool limit_allows_package(struct str limits, struct str owner, struct str package)
{
    struct str rest = limits, kind, value, organization, group;
    bool limited = false, named = false;

    if (limit_group(limits, &organization, &group) && !str_eq(organization, owner))
        return false;
    while (limit_next(&rest, &kind, &value)) {
        struct str whose;

        if (!str_eq(kind, S("package")) || !str_cut(&value, '/', &whose))
            continue;
        limited = true;
        named = named || (str_eq(whose, owner) && str_eq(value, package));
    }
    return limited ? named : package.len > 0 || !limit_has_labels(limits);
}

/* ---- what they allow ---- */

static enum err_code deny(const struct actor *actor, const char *what, struct err *err)
{
    return fail(err, ERR_DENIED, "the token \"" STR_FMT "\" is limited to " STR_FMT "; %s",
                STR_ARG(actor->token_name), STR_ARG(actor->limits), what);
}

static enum err_code read_group(struct tx *tx, struct arena *mem, struct str organization,
                                struct str name, struct group_row *ret, struct err *err)
{
    struct account_row owner;
    enum err_code rc = account_by_login(tx, mem, organization, &owner, err);

    return rc ? rc : group_find(tx, mem, owner.id, name, ret, err);
}

/* Is the package one of those that the group may use? One that is not there yet is in no choice. */
static enum err_code group_reaches(struct tx *tx, struct arena *mem, const struct group_row *group,
                                   struct str package, bool *ret_reaches, struct err *err)
{
    const struct view all = {.widest = ACCESS_PRIVATE};
    struct named_text_list chosen = {0};
    enum err_code rc =
        group->all_packages ? OK : group_packages(tx, mem, group->id, &all, &chosen, err);

    *ret_reaches = group->all_packages;
    for (size_t i = 0; !rc && i < chosen.count && !*ret_reaches; i++)
        *ret_reaches = str_eq(chosen.rows[i].name, package);
    return rc;
}

/* May the members of the group do it? Nobody may by a group that is gone. */
static enum err_code group_may(struct app *app, struct arena *mem, struct str organization,
                               struct str name, enum right right, struct str package, bool *ret_may,
                               struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct group_row group;
    bool strong;
    enum err_code rc = tx_begin(app->db, TX_READ, &tx, err);

    if (rc)
        return rc;
    rc = read_group(tx, mem, organization, name, &group, err);
    if (rc)
        return rc == ERR_NOT_FOUND ? OK : rc;
    strong = str_eq(group.permission, S("admin")) ||
             (right == RIGHT_WRITE && str_eq(group.permission, S("write")));
    return strong ? group_reaches(tx, mem, &group, package, ret_may, err) : OK;
}

static enum err_code check_package(struct app *app, struct arena *mem, const struct actor *actor,
                                   enum right right, const struct access_object *object,
                                   struct err *err)
{
    struct str organization, group;
    bool may = false;
    enum err_code rc;

    if (!limit_allows_package(actor->limits, object->owner, object->package))
        return deny(actor, "this is about something else", err);
    /* Whoever may let others in could let himself in, past the limit. */
    if (right == RIGHT_ADMIN && limit_has_labels(actor->limits))
        return deny(actor, "it may not say who may change a package", err);
    if (!limit_group(actor->limits, &organization, &group))
        return OK;
    rc = group_may(app, mem, organization, group, right, object->package, &may, err);
    return rc || may ? rc : deny(actor, "the group may not do this", err);
}

enum err_code limit_check(struct app *app, struct arena *mem, const struct actor *actor,
                          enum right right, const struct access_object *object, struct err *err)
{
    if (actor->limits.len == 0 || right == RIGHT_SELF || access_is_for_visitors(right))
        return OK;
    if (right == RIGHT_WRITE || right == RIGHT_ADMIN)
        return check_package(app, mem, actor, right, object, err);
    return deny(actor, "it is for packages alone", err);
}

/* ---- what they leave to be seen ---- */

/* Do the limits to a group show it? */
static enum err_code group_shows(struct tx *tx, struct arena *mem, struct str limits,
                                 struct str package, bool *ret_shows, struct err *err)
{
    struct str organization, name;
    struct group_row group;
    enum err_code rc;

    if (!limit_group(limits, &organization, &name))
        return OK;
    *ret_shows = false;
    rc = read_group(tx, mem, organization, name, &group, err);
    if (rc)
        return rc == ERR_NOT_FOUND ? OK : rc;
    return group_reaches(tx, mem, &group, package, ret_shows, err);
}

/* Whoever names a package tells of it. */
static bool names_packages(struct str limits)
{
    bool any;

    (void)finds(limits, S("package"), S(""), &any);
    return any;
}

enum err_code limit_shows(struct tx *tx, struct arena *mem, struct str limits,
                          const struct limit_object *object, bool *ret_shows, struct err *err)
{
    struct str labels = S("");
    enum err_code rc = OK;

    *ret_shows = limit_allows_package(limits, object->owner, object->package);
    if (*ret_shows)
        rc = group_shows(tx, mem, limits, object->package, ret_shows, err);
    if (!rc && *ret_shows && !names_packages(limits))
        rc = limit_labels(mem, limits, &labels, err);
    if (!rc && labels.len)
        rc = label_on_package(tx, mem, object->package_id, labels, ret_shows, err);
    return rc;
}

static int by_number(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* Each package that is not public is asked about: few accounts have many, and few tokens limits. */
enum err_code limit_view(struct tx *tx, struct arena *mem, struct str limits,
                         const struct account_row *owner, struct view *view, struct err *err)
{
    struct package_list packages = {0};
    int64_t *ids;
    size_t count = 0;
    enum err_code rc;

    if (limits.len == 0 || (view->widest == ACCESS_PUBLIC && !view->also_count))
        return OK;
    if ((rc = package_list_hidden(tx, mem, owner->id, &packages, err)))
        return rc;
    ids = arena_array(mem, int64_t, packages.count ? packages.count : 1);
    if (!ids)
        return fail(err, ERR_NOMEM, "out of memory for %zu packages", packages.count);
    for (size_t i = 0; i < packages.count; i++) {
        const struct package_row *p = &packages.rows[i];
        const struct limit_object object = {owner->login, p->name, p->id};
        bool shows = false;

        if (!view_shows(view, p->access, p->id))
            continue;
        if ((rc = limit_shows(tx, mem, limits, &object, &shows, err)))
            return rc;
        if (shows)
            ids[count++] = p->id;
    }
    if (count)
        qsort(ids, count, sizeof *ids, by_number);
    *view = (struct view){ACCESS_PUBLIC, ids, count};
    return OK;
}

enum err_code limit_allows_file(struct tx *tx, struct arena *mem, struct str limits,
                                int64_t file_id, bool *ret_allows, struct err *err)
{
    struct label_list labels = {0};
    enum err_code rc = OK;

    *ret_allows = !limit_has_labels(limits);
    if (!*ret_allows)
        rc = label_list_by_file(tx, mem, file_id, &labels, err);
    for (size_t i = 0; !rc && i < labels.count && !*ret_allows; i++)
        *ret_allows = limit_allows_label(limits, labels.rows[i].name);
    return rc;
}

enum err_code limit_check_label(const struct actor *actor, struct str label, struct err *err)
{
    if (limit_allows_label(actor->limits, label))
        return OK;
    return fail(err, ERR_DENIED,
                "the token \"" STR_FMT "\" is limited to " STR_FMT
                "; it may not change what has the label \"" STR_FMT "\"",
                STR_ARG(actor->token_name), STR_ARG(actor->limits), STR_ARG(label));
}
