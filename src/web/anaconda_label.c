/* anaconda_label.c: the labels of anaconda-client's API, which calls them channels. Its commands go
 * by 201 for every change. */
#include "base/limits.h"
#include "core/access.h"
#include "core/account.h"
#include "core/label.h"
#include "format/json.h"
#include "web/choices.h"
#include "web/handlers.h"
#include "web/reply.h"

/* ---- reading ---- */

enum err_code get_labels(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row account;
    struct label_list labels;
    struct view view;
    struct str owner = call_param(c, "owner");
    json_t *all;
    enum err_code rc = tx_begin(c->app->db, TX_READ, &tx, err);

    if (rc || (rc = account_require(tx, c->mem, owner, &account, err)) ||
        (rc = access_view(tx, c->mem, &c->actor, &account, &view, err)) ||
        (rc = label_list(tx, c->mem, account.id, &labels, err)))
        return rc;
    all = json_object();
    for (size_t i = 0; !rc && i < labels.count; i++) {
        const struct label_row *l = &labels.rows[i];
        bool shown = false;

        rc = label_shown(tx, l, &view, &shown, err);
        if (!rc && shown)
            json_put(&all, l->name, json_pack("{s:b}", "is_locked", l->locked));
    }
    if (!rc)
        return reply_json(c, 200, all, err);
    json_decref(all);
    return rc;
}

static void add_full_name(struct buf *out, struct str owner, struct rows *rows)
{
    AUTO(buf_done) struct buf name = BUF_INIT(KIB * 4);

    buf_add(&name, owner);
    for (int col = FILE_NAME_PACKAGE; col <= FILE_NAME_BASENAME; col++) {
        buf_addc(&name, '/');
        buf_add(&name, rows_text(rows, col));
    }
    buf_addz(out, "{\"full_name\":");
    json_string_literal(out, buf_str(&name));
    buf_addc(out, '}');
    out->failed = out->failed || !buf_ok(&name);
}

/* Written while it is read: a label can have any number of files. */
static enum err_code add_files(struct tx *tx, const struct account_row *owner,
                               const struct label_row *label, const struct view *view,
                               struct buf *out, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    const char *sep = "";
    enum err_code rc = label->id ? file_query_names(tx, label->id, &rows, err) : OK;

    while (!rc && rows && rows_next(rows)) {
        enum access_level access = ACCESS_PRIVATE;

        (void)!access_level_parse(rows_text(rows, FILE_NAME_ACCESS), &access);
        if (!view_shows(view, access, rows_int(rows, FILE_NAME_PACKAGE_ID)))
            continue;
        buf_addz(out, sep);
        add_full_name(out, owner->login, rows);
        sep = ",";
    }
    return rc || !rows ? rc : rows_error(rows, err);
}

enum err_code get_label(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    AUTO(buf_done) struct buf b = BUF_INIT(LIMIT_INDEX_DOCUMENT);
    struct account_row account;
    struct label_row label;
    struct view view;
    enum err_code rc;

    if ((rc = tx_begin(c->app->db, TX_READ, &tx, err)) ||
        (rc = account_require(tx, c->mem, call_param(c, "owner"), &account, err)) ||
        (rc = access_view_of_label(tx, c->mem, &c->actor, &account, call_param(c, "label"), &view,
                                   err)) ||
        (rc = label_require(tx, c->mem, &account, call_param(c, "label"), &view, &label, err)))
        return rc;
    buf_addz(&b, "{\"files\":[");
    if ((rc = add_files(tx, &account, &label, &view, &b, err)))
        return rc;
    buf_addf(&b, "],\"is_locked\":%s,\"name\":", label.locked ? "true" : "false");
    json_string_literal(&b, label.name);
    buf_addc(&b, '}');
    if (!buf_ok(&b))
        return fail(err, ERR_NOMEM, "out of memory");
    return reply_bytes(c, 200, "application/json", buf_str(&b), err);
}

/* ---- changing ---- */

static enum err_code read_choice(struct call *c, struct choice *ret, struct err *err)
{
    AUTO(json_decrefp) json_t *body = NULL;
    enum err_code rc = call_json(c, &body, err);

    return rc ? rc : choices_read_one(c, body, ret, err);
}

static enum err_code change(struct call *c, bool add, const struct choice *choice, struct err *err)
{
    const struct str label = call_param(c, "label");
    const struct label_change in = {.files = {call_param(c, "owner"), choice, 1},
                                    .add = &label,
                                    .add_count = add,
                                    .remove = &label,
                                    .remove_count = !add};
    struct label_changed *changed;
    struct choice_errors errors = {0};
    enum err_code rc = label_change(c->app, c->mem, &c->actor, &in, &changed, &errors, err);

    return rc ? rc : reply_empty(c, 201, err);
}

enum err_code post_label(struct call *c, struct err *err)
{
    struct choice choice;
    enum err_code rc = read_choice(c, &choice, err);

    return rc ? rc : change(c, true, &choice, err);
}

/* From all files of the owner: then there is nothing left of the label. */
enum err_code delete_label(struct call *c, struct err *err)
{
    const struct access_object all = {.owner = call_param(c, "owner")};
    struct choice choice;
    enum err_code rc = read_choice(c, &choice, err);

    if (rc)
        return rc;
    if (choice.package.len || choice.version.len || choice.basename.len)
        return change(c, false, &choice, err);
    if ((rc = access_check(c->app, c->mem, &c->actor, RIGHT_WRITE, 0, &all, err)) ||
        (rc = label_remove(c->app, c->mem, &c->actor, all.owner, call_param(c, "label"), err)))
        return rc;
    return reply_empty(c, 201, err);
}

enum err_code post_label_copy(struct call *c, struct err *err)
{
    enum err_code rc = label_copy(c->app, c->mem, &c->actor, call_param(c, "owner"),
                                  call_param(c, "label"), call_param(c, "to"), err);

    return rc ? rc : reply_empty(c, 201, err);
}

static enum err_code lock(struct call *c, bool locked, struct err *err)
{
    enum err_code rc = label_lock(c->app, c->mem, &c->actor, call_param(c, "owner"),
                                  call_param(c, "label"), locked, err);

    return rc ? rc : reply_empty(c, 201, err);
}

enum err_code post_label_lock(struct call *c, struct err *err)
{
    return lock(c, true, err);
}

enum err_code delete_label_lock(struct call *c, struct err *err)
{
    return lock(c, false, err);
}
