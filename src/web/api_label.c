/* api_label.c: /api/v1: the labels of an account, and the files under one, page by page. What
 * changes a label as a whole has the paths that anaconda-client knows (anaconda_label.c). */
#include "base/clock.h"
#include "base/limits.h"
#include "core/access.h"
#include "core/account.h"
#include "core/label.h"
#include "core/limit.h"
#include "format/json.h"
#include "format/query.h"
#include "web/handlers.h"
#include "web/reply.h"

enum { PAGE_FILES = 100, PAGE_FILES_MAX = 1000 };

/* ---- labels ---- */

static struct label_count count_of(const struct label_counts *counts, int64_t label_id)
{
    for (size_t i = 0; i < counts->count; i++)
        if (counts->rows[i].label_id == label_id)
            return counts->rows[i];
    return (struct label_count){0};
}

/* What the caller sees of an account's labels: of those that its token is not for, what everybody
 * does. */
struct seen {
    struct view view;
    struct label_counts counts, counts_for_all;
};

static enum err_code count(struct call *c, struct tx *tx, const struct account_row *account,
                           struct seen *ret, struct err *err)
{
    const struct view everybody = {.widest = ACCESS_PUBLIC};
    enum err_code rc;

    if ((rc = access_view(tx, c->mem, &c->actor, account, &ret->view, err)) ||
        (rc = label_count_all(tx, c->mem, account->id, &ret->view, &ret->counts, err)))
        return rc;
    ret->counts_for_all = ret->counts;
    if (limit_has_labels(c->actor.limits))
        rc = label_count_all(tx, c->mem, account->id, &everybody, &ret->counts_for_all, err);
    return rc;
}

static json_t *label_json(const struct call *c, const struct label_row *label,
                          const struct seen *seen)
{
    bool within = limit_allows_label(c->actor.limits, label->name);
    struct label_count n = count_of(within ? &seen->counts : &seen->counts_for_all, label->id);

    return json_pack("{s:o, s:b, s:I, s:I}", "name", json_of(label->name), "locked", label->locked,
                     "files", (json_int_t)n.files, "packages", (json_int_t)n.packages);
}

enum err_code get_v1_labels(struct call *c, struct err *err)
{
    AUTO(json_decrefp) json_t *list = json_array();
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row account;
    struct label_list labels;
    struct seen seen;
    enum err_code rc;

    if ((rc = tx_begin(c->app->db, TX_READ, &tx, err)) ||
        (rc = account_require(tx, c->mem, call_param(c, "owner"), &account, err)) ||
        (rc = count(c, tx, &account, &seen, err)) ||
        (rc = label_list(tx, c->mem, account.id, &labels, err)))
        return rc;
    for (size_t i = 0; i < labels.count; i++) {
        bool shown = false;

        if ((rc = label_shown(tx, &labels.rows[i], &seen.view, &shown, err)))
            return rc;
        if (shown)
            json_add(&list, label_json(c, &labels.rows[i], &seen));
    }
    return reply_json(c, 200, json_pack("{s:O}", "labels", list), err);
}

enum err_code put_v1_label(struct call *c, struct err *err)
{
    enum err_code rc = label_create(c->app, c->mem, &c->actor, call_param(c, "owner"),
                                    call_param(c, "label"), err);

    return rc ? rc : reply_empty(c, 204, err);
}

/* ---- files under a label ---- */

static enum err_code file_json(struct tx *tx, struct arena *mem, const struct file_row *f,
                               json_t **ret, struct err *err)
{
    char date[CLOCK_TEXT_MAX];
    struct label_list labels;
    json_t *names;
    enum err_code rc = label_list_by_file(tx, mem, f->id, &labels, err);

    if (rc)
        return rc;
    names = json_array();
    for (size_t i = 0; i < labels.count; i++)
        json_add(&names, json_of(labels.rows[i].name));
    *ret = json_pack("{s:I, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "id", (json_int_t)f->id,
                     "package", json_of(f->package), "version", json_of(f->version), "basename",
                     json_of(f->basename), "type", json_of(f->type), "size", (json_int_t)f->size,
                     "uploaded", json_of(clock_rfc3339(f->uploaded_ms, date)), "sha256",
                     json_of(f->sha256), "labels", names);
    return *ret ? OK : fail(err, ERR_NOMEM, "out of memory");
}

/* Adds the files of one reading; *before: where the next begins, 0: there are no more. */
static enum err_code add_files(struct tx *tx, const struct label_row *label,
                               const struct view *view, struct query_page *page, json_t *list,
                               struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    /* Of what is seen one by one, the database knows nothing. */
    enum access_level widest = view->also_count ? ACCESS_PRIVATE : view->widest;
    struct file_list files = {0};
    enum err_code rc = mem ? OK : fail(err, ERR_NOMEM, "out of memory");

    if (!rc)
        rc = file_page_of_label(tx, mem, label->id, page->before, widest, page->limit, &files, err);
    for (size_t i = 0; !rc && i < files.count; i++) {
        const struct file_row *f = &files.rows[i];
        json_t *v = NULL;

        page->before = f->id;
        if (!view_shows(view, f->access, f->package_id))
            continue;
        rc = file_json(tx, mem, f, &v, err);
        if (!rc && json_array_append_new(list, v))
            rc = fail(err, ERR_NOMEM, "out of memory");
        if (!rc && (int64_t)json_array_size(list) == page->limit)
            return OK;
    }
    if ((int64_t)files.count < page->limit)
        page->before = 0;
    return rc;
}

enum err_code get_v1_label(struct call *c, struct err *err)
{
    AUTO(json_decrefp) json_t *list = json_array();
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row account;
    struct label_row label;
    struct view view;
    struct query_page page = {.limit = PAGE_FILES};
    struct str next;
    enum err_code rc;

    if ((rc = query_read_page(c->mem, c->path.query, PAGE_FILES_MAX, &page, err)) ||
        (rc = tx_begin(c->app->db, TX_READ, &tx, err)) ||
        (rc = account_require(tx, c->mem, call_param(c, "owner"), &account, err)) ||
        (rc = access_view_of_label(tx, c->mem, &c->actor, &account, call_param(c, "label"), &view,
                                   err)) ||
        (rc = label_require(tx, c->mem, &account, call_param(c, "label"), &view, &label, err)))
        return rc;
    if (!list)
        return fail(err, ERR_NOMEM, "out of memory");
    while (!rc && page.before && (int64_t)json_array_size(list) < page.limit)
        rc = add_files(tx, &label, &view, &page, list, err);
    if (rc)
        return rc;
    next = page.before ? str_fmt(c->mem, "%lld", (long long)page.before) : (struct str){0};
    return reply_json(c, 200,
                      json_pack("{s:o, s:b, s:O, s:o}", "name", json_of(label.name), "locked",
                                label.locked, "files", list, "next",
                                next.ptr ? json_of(next) : json_null()),
                      err);
}
