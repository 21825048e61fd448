#include "web/anaconda_view.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "core/copy_package.h"
#include "core/label_sight.h"
#include "format/json.h"
#include "store/download.h"
#include "store/favorite.h"
#include "store/label.h"

json_t *view_date(int64_t unix_ms)
{
    char text[CLOCK_TEXT_MAX];

    return unix_ms ? json_of(clock_anaconda(unix_ms, text)) : json_null();
}

static json_t *text_or_null(struct str s)
{
    return s.len ? json_of(s) : json_null();
}

json_t *view_words(struct str words)
{
    json_t *list = json_array();
    struct str rest = words, word;

    while (words.len && str_next(&rest, ' ', &word))
        json_add(&list, json_of(word));
    return list;
}

static enum err_code labels_json(struct call *c, struct tx *tx, int64_t file_id, json_t **ret,
                                 struct err *err)
{
    struct label_list labels;
    enum err_code rc = label_list_by_file(tx, c->mem, file_id, &labels, err);

    if (rc)
        return rc;
    *ret = json_array();
    for (size_t i = 0; i < labels.count; i++)
        json_add(ret, json_of(labels.rows[i].name));
    return OK;
}

json_t *view_account(const struct account_row *a)
{
    /* "org" is the client's word. */
    struct str type = str_eq(a->kind, S("organization")) ? S("org") : a->kind;

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "login", json_of(a->login), "name",
                     json_of(a->name), "company", json_of(a->company), "location",
                     json_of(a->location), "url", json_of(a->url), "description",
                     json_of(a->description), "user_type", json_of(type), "created_at",
                     view_date(a->created_ms));
}

struct str view_download_url(struct call *c, const struct file_row *f)
{
    AUTO(buf_done) struct buf name = BUF_INIT(4 * KIB);
    struct str base = call_base_url(c);

    if (str_eq(f->type, S("conda")))
        return str_fmt(c->mem, STR_FMT "/conda/" STR_FMT "/" STR_FMT, STR_ARG(base),
                       STR_ARG(f->owner), STR_ARG(f->basename));
    if (str_eq(f->type, S("r")))
        return str_fmt(c->mem, STR_FMT "/cran/" STR_FMT "/" STR_FMT, STR_ARG(base),
                       STR_ARG(f->owner), STR_ARG(f->name_key));
    text_percent(&name, f->basename, "/");
    return str_fmt(c->mem, STR_FMT "/api/download/" STR_FMT "/" STR_FMT "/" STR_FMT "/" STR_FMT,
                   STR_ARG(base), STR_ARG(f->owner), STR_ARG(f->package), STR_ARG(f->version),
                   STR_ARG(buf_str(&name)));
}

enum err_code view_file(struct call *c, struct tx *tx, const struct file_row *f, json_t **ret,
                        struct err *err)
{
    AUTO(json_decrefp) json_t *attrs = NULL;
    json_t *labels = NULL;
    struct str full_name =
        str_fmt(c->mem, STR_FMT "/" STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(f->owner),
                STR_ARG(f->package), STR_ARG(f->version), STR_ARG(f->basename));
    struct str url = view_download_url(c, f);
    enum err_code rc;

    if ((rc = json_parse_object(f->record, &attrs, err)) ||
        (rc = labels_json(c, tx, f->id, &labels, err)))
        return rc;
    *ret =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:O, s:o, s:o, s:o, s:I}",
                  "basename", json_of(f->basename), "full_name", json_of(full_name), "owner",
                  json_of(f->owner), "version", json_of(f->version), "type", json_of(f->type),
                  "size", (json_int_t)f->size, "md5", json_of(f->md5), "sha256", json_of(f->sha256),
                  "upload_time", view_date(f->uploaded_ms), "labels", labels, "attrs", attrs,
                  "description", text_or_null(f->description), "download_url", json_of(url),
                  "distribution_type", json_of(f->type), "ndownloads", (json_int_t)f->downloads);
    return *ret ? OK : fail(err, ERR_NOMEM, "out of memory");
}

static enum err_code files_json(struct call *c, struct tx *tx, const struct file_list *files,
                                json_t **ret, struct err *err)
{
    AUTO(json_decrefp) json_t *list = json_array();
    enum err_code rc = OK;

    for (size_t i = 0; !rc && i < files->count; i++) {
        json_t *v = NULL;
        rc = view_file(c, tx, &files->rows[i], &v, err);
        if (!rc)
            json_add(&list, v);
    }
    if (!rc)
        *ret = TAKE(list);
    return rc;
}

static enum err_code distributions(struct call *c, struct tx *tx, int64_t release_id, json_t **ret,
                                   struct err *err)
{
    struct file_list files;
    enum err_code rc;

    if ((rc = file_list_by_release(tx, c->mem, release_id, &files, err)) ||
        (rc = label_sight_files(tx, c->mem, &c->actor, &files, err)))
        return rc;
    return files_json(c, tx, &files, ret, err);
}

enum err_code view_release(struct call *c, struct tx *tx, const struct release_row *r, json_t **ret,
                           struct err *err)
{
    AUTO(json_decrefp) json_t *attrs = NULL;
    json_t *files = NULL;
    enum err_code rc;

    if ((rc = json_parse_object(r->attrs, &attrs, err)) ||
        (rc = distributions(c, tx, r->id, &files, err)))
        return rc;
    *ret = json_pack("{s:o, s:O, s:o, s:o}", "version", json_of(r->version), "public_attrs", attrs,
                     "distributions", files, "created_at", view_date(r->created_ms));
    return *ret ? OK : fail(err, ERR_NOMEM, "out of memory");
}

static bool has_files(const struct release_row *release, const struct file_list *files)
{
    for (size_t i = 0; i < files->count; i++)
        if (files->rows[i].release_id == release->id)
            return true;
    return false;
}

/* Whoever is told of some files alone is told of their releases. */
static enum err_code releases_json(struct call *c, struct tx *tx, const struct package_row *p,
                                   const struct file_list *files, json_t **ret, struct err *err)
{
    const bool all = !label_sight_is_less(&c->actor, p->access);
    struct release_list releases;
    enum err_code rc = release_list(tx, c->mem, p->id, &releases, err);

    if (rc)
        return rc;
    *ret = json_array();
    for (size_t i = 0; i < releases.count; i++)
        if (all || has_files(&releases.rows[i], files))
            json_add(ret, json_pack("{s:o}", "version", json_of(releases.rows[i].version)));
    return OK;
}

/* The files of a package that the caller is told of; the row then tells no more than they do. */
static enum err_code told_files(struct call *c, struct tx *tx, struct package_row *p,
                                struct file_list *ret, struct err *err)
{
    struct label_sight sight;
    enum err_code rc = file_list_by_package(tx, c->mem, p->id, ret, err);

    if (rc || !label_sight_is_less(&c->actor, p->access))
        return rc;
    if ((rc = label_sight_files(tx, c->mem, &c->actor, ret, err)) ||
        (rc = label_sight_of_files(c->mem, ret, &sight, err)))
        return rc;
    p->types = sight.types;
    p->latest_version = sight.latest_version;
    return OK;
}

/* Subdirs in which the package has files, each once. */
static json_t *platforms_json(const struct file_list *files)
{
    json_t *list = json_array();

    for (size_t i = 0; i < files->count; i++) {
        bool known = !str_eq(files->rows[i].type, S("conda"));
        for (size_t j = 0; j < i && !known; j++)
            known = str_eq(files->rows[j].subdir, files->rows[i].subdir);
        if (!known)
            json_add(&list, json_of(files->rows[i].subdir));
    }
    return list;
}

/* The keys that every view of a package has. */
static enum err_code package_head(struct call *c, struct tx *tx, const struct package_row *p,
                                  const struct file_list *files, json_t **ret, struct err *err)
{
    struct str full_name =
        str_fmt(c->mem, STR_FMT "/" STR_FMT, STR_ARG(p->owner), STR_ARG(p->name));
    int64_t downloads = 0, favorites = 0;
    enum err_code rc;

    if ((rc = download_total(tx, p->id, &downloads, err)) ||
        (rc = favorite_count(tx, p->id, &favorites, err)))
        return rc;
    *ret = json_pack(
        "{s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:{s:o}, s:o, s:o, s:I, s:I}", "name",
        json_of(p->name), "full_name", json_of(full_name), "summary", json_of(p->summary),
        "package_types", view_words(p->types), "public", p->access == ACCESS_PUBLIC,
        "latest_version", json_of(p->latest_version), "conda_platforms", platforms_json(files),
        "access", json_of(access_level_name(p->access)), "owner", "login", json_of(p->owner),
        "created_at", view_date(p->created_ms), "modified_at", view_date(p->updated_ms),
        "ndownloads", (json_int_t)downloads, "favorites", (json_int_t)favorites);
    return *ret ? OK : fail(err, ERR_NOMEM, "out of memory");
}

json_t *view_found_package(struct call *c, const struct search_row *p)
{
    struct str full_name =
        str_fmt(c->mem, STR_FMT "/" STR_FMT, STR_ARG(p->owner), STR_ARG(p->name));

    return json_pack(
        "{s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:{s:o}, s:o, s:o}", "name", json_of(p->name),
        "full_name", json_of(full_name), "summary", json_of(p->summary), "package_types",
        view_words(p->types), "public", p->access == ACCESS_PUBLIC, "latest_version",
        json_of(p->latest_version), "conda_platforms", view_words(p->platforms), "access",
        json_of(access_level_name(p->access)), "owner", "login", json_of(p->owner), "created_at",
        view_date(p->created_ms), "modified_at", view_date(p->updated_ms));
}

enum err_code view_package_summary(struct call *c, struct tx *tx, const struct package_row *p,
                                   json_t **ret, struct err *err)
{
    struct package_row told = *p;
    struct file_list files;
    enum err_code rc = told_files(c, tx, &told, &files, err);

    return rc ? rc : package_head(c, tx, &told, &files, ret, err);
}

/* Has the caller marked the package? */
static enum err_code is_favorite(struct call *c, struct tx *tx, const struct package_row *p,
                                 json_t **ret, struct err *err)
{
    bool has = false;
    enum err_code rc = favorite_has(tx, c->actor.account_id, p->id, &has, err);

    if (!rc)
        *ret = json_boolean(has);
    return rc;
}

enum err_code view_package(struct call *c, struct tx *tx, const struct package_row *p, json_t **ret,
                           struct err *err)
{
    AUTO(json_decrefp) json_t *v = NULL;
    AUTO(json_decrefp) json_t *attrs = NULL;
    AUTO(json_decrefp) json_t *files = NULL;
    AUTO(json_decrefp) json_t *releases = NULL;
    AUTO(json_decrefp) json_t *favorite = NULL;
    struct package_row told = *p;
    struct file_list rows;
    struct str source;
    enum err_code rc;

    if ((rc = told_files(c, tx, &told, &rows, err)) ||
        (rc = copy_source(tx, c->mem, &c->actor, p, &source, err)) ||
        (rc = files_json(c, tx, &rows, &files, err)) ||
        (rc = releases_json(c, tx, p, &rows, &releases, err)) ||
        (rc = json_parse_object(p->attrs, &attrs, err)) ||
        (rc = is_favorite(c, tx, p, &favorite, err)) ||
        (rc = package_head(c, tx, &told, &rows, &v, err)))
        return rc;
    if (json_object_set(v, "files", files) || json_object_set(v, "releases", releases) ||
        json_object_set(v, "public_attrs", attrs) || json_object_set(v, "is_favorite", favorite) ||
        json_object_set_new(v, "copied_from", text_or_null(source)))
        return fail(err, ERR_NOMEM, "out of memory");
    *ret = TAKE(v);
    return OK;
}
