#include "core/retention.h"

#include "base/clock.h"
#include "base/limits.h"
#include "core/account.h"
#include "core/audit.h"
#include "core/cut.h"
#include "core/package.h"

enum {
    LIST = 100, /* packages that are named at a time */
    TEXT_MAX = 256 * 1024,
    DETAIL_MAX = 1000
};

/* ---- the rules ---- */

struct str retention_object(struct arena *mem, const struct retention_place *at)
{
    return str_fmt(mem, STR_FMT "%s" STR_FMT, STR_ARG(at->owner), at->package.len ? "/" : "",
                   STR_ARG(at->package));
}

enum err_code retention_find_place(struct tx *tx, struct arena *mem,
                                   const struct retention_place *at,
                                   struct account_row *ret_account, struct package_row *ret_package,
                                   struct err *err)
{
    enum err_code rc = account_require(tx, mem, at->owner, ret_account, err);

    *ret_package = (struct package_row){.id = 0};
    if (rc || !at->package.len)
        return rc;
    return package_require(tx, mem, at->owner, at->package, ret_package, err);
}

enum err_code retention_state(struct app *app, struct arena *mem, const struct retention_place *at,
                              struct retention_state *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row account;
    struct package_row package;
    struct retention_state state = {.rules = S("")};
    enum err_code rc;

    if ((rc = tx_begin(app->db, TX_READ, &tx, err)) ||
        (rc = retention_find_place(tx, mem, at, &account, &package, err)))
        return rc;
    rc = package.id ? retention_of_package(tx, mem, package.id, &state.rules, err) : ERR_NOT_FOUND;
    if (rc == ERR_NOT_FOUND) {
        rc = retention_of_account(tx, mem, account.id, &state.rules, err);
        state.inherited = rc == OK && package.id;
    }
    if (rc && rc != ERR_NOT_FOUND)
        return rc;
    rc = retention_run_find(tx, mem, account.id, &state.run, err);
    state.has_run = rc == OK;
    if (rc && rc != ERR_NOT_FOUND)
        return rc;
    *ret = state;
    return OK;
}

/* *ret: canonical JSON; empty for NULL. */
static enum err_code rules_text(struct arena *mem, const struct retention_place *at,
                                const json_t *object, struct str *ret, struct err *err)
{
    AUTO(buf_done) struct buf b = BUF_INIT(TEXT_MAX);
    struct retention_rules rules;
    enum err_code rc;

    *ret = S("");
    if (!object)
        return OK;
    if ((rc = retention_rules_read(mem, object, !at->package.len, &rules, err)))
        return rc;
    retention_rules_write(&b, &rules);
    *ret = buf_ok(&b) ? str_dup(mem, buf_str(&b)) : (struct str){0};
    return ret->ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

enum err_code retention_set(struct app *app, struct arena *mem, const struct actor *actor,
                            const struct retention_place *at, const json_t *object, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row account;
    struct package_row package;
    struct str text;
    bool changed = false;
    enum err_code rc;

    if ((rc = rules_text(mem, at, object, &text, err)) ||
        (rc = tx_begin_part(app->db, at->owner, &tx, err)) ||
        (rc = retention_find_place(tx, mem, at, &account, &package, err)))
        return rc;
    rc = package.id ? retention_put_package(tx, package.id, text, clock_now_ms(), &changed, err)
                    : retention_put_account(tx, account.id, text, clock_now_ms(), &changed, err);
    if (rc || !changed)
        return rc;
    if ((rc = audit_add_of(tx, actor, account.id, object ? "retention.set" : "retention.clear",
                           retention_object(mem, at), cut(text, DETAIL_MAX), err)))
        return rc;
    tx_quiet(tx); /* rules are read when they are applied */
    return tx_commit(&tx, err);
}

/* ---- what goes ---- */

static enum err_code rules_of(const struct retention_looker *l, struct arena *mem,
                              const struct retention_row *row, struct retention_rules *ret,
                              struct err *err)
{
    AUTO(json_decrefp) json_t *object = NULL;
    enum err_code rc;

    if (l->instead && (!row->own || l->instead_of_own)) {
        *ret = *l->instead;
        return OK;
    }
    if (!row->rules.len) {
        *ret = (struct retention_rules){.count = 0};
        return OK;
    }
    rc = json_parse_object(row->rules, &object, err);
    return rc ? rc : retention_rules_read(mem, object, /* of_account= */ true, ret, err);
}

/* Gives each file its labels; both are in mem. */
static enum err_code join_labels(struct arena *mem, const struct file_list *rows,
                                 const struct retention_label_list *found,
                                 struct retention_file *files, struct err *err)
{
    struct label_row *labels = arena_array(mem, struct label_row, found->count + 1);

    if (!labels)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < found->count; i++)
        labels[i] = found->rows[i].label;
    for (size_t i = 0; i < rows->count; i++) {
        size_t low = 0, high = found->count;

        while (low < high) {
            size_t middle = low + (high - low) / 2;

            if (found->rows[middle].file_id < rows->rows[i].id)
                low = middle + 1;
            else
                high = middle;
        }
        files[i] = (struct retention_file){.row = &rows->rows[i], .labels = &labels[low]};
        while (low + files[i].label_count < found->count &&
               found->rows[low + files[i].label_count].file_id == rows->rows[i].id)
            files[i].label_count++;
    }
    return OK;
}

enum err_code retention_look(const struct retention_looker *l, struct tx *tx, struct arena *mem,
                             const struct retention_row *row, struct retention_package *ret,
                             struct err *err)
{
    struct retention_rules rules;
    struct file_list rows;
    struct retention_label_list labels;
    struct retention_file *files;
    struct retention_verdict *verdicts;
    enum err_code rc;

    if ((rc = rules_of(l, mem, row, &rules, err)) ||
        (rc = file_list_by_package(tx, mem, row->id, &rows, err)) ||
        (rc = retention_labels(tx, mem, row->id, &labels, err)))
        return rc;
    files = arena_array(mem, struct retention_file, rows.count + 1);
    verdicts = arena_array(mem, struct retention_verdict, rows.count + 1);
    if (!files || !verdicts)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = join_labels(mem, &rows, &labels, files, err)) ||
        (rc = retention_plan(mem, &rules, row->name, files, rows.count, l->now_ms, verdicts, err)))
        return rc;
    *ret = (struct retention_package){row->name, files, verdicts, rows.count};
    return OK;
}

enum err_code retention_list_packages(struct tx *tx, struct arena *mem, int64_t account_id,
                                      const struct retention_place *at, struct str after,
                                      struct retention_list *ret, struct err *err)
{
    struct retention_row *row;
    enum err_code rc;

    if (!at->package.len)
        return retention_list(tx, mem, account_id, after, LIST, ret, err);
    row = arena_new(mem, struct retention_row);
    if (!row)
        return fail(err, ERR_NOMEM, "out of memory");
    *ret = (struct retention_list){row, after.len ? 0 : 1};
    rc = after.len ? OK : retention_find(tx, mem, account_id, at->package, row, err);
    return rc == ERR_NOT_FOUND ? package_missing(at->owner, at->package, err) : rc;
}

/* ---- preview ---- */

static enum err_code add_package(struct arena *mem, struct retention_page *page, size_t *room,
                                 const struct retention_package *package, struct err *err)
{
    if (page->count == *room) {
        size_t more = *room ? 2 * *room : 16;
        struct retention_package *grown = arena_array(mem, struct retention_package, more);

        if (!grown)
            return fail(err, ERR_NOMEM, "out of memory");
        if (page->count)
            memcpy(grown, page->packages, page->count * sizeof *grown);
        page->packages = grown;
        *room = more;
    }
    page->packages[page->count++] = *package;
    return OK;
}

/* Packages without rules are left out: nothing is said about them. */
static enum err_code fill_page(const struct retention_looker *l, struct tx *tx, struct arena *mem,
                               const struct retention_place *at, struct str after,
                               struct retention_page *page, struct err *err)
{
    struct retention_list list;
    size_t room = 0, files = 0;
    enum err_code rc = OK;

    do {
        if ((rc = retention_list_packages(tx, mem, l->account.id, at, after, &list, err)))
            return rc;
        for (size_t i = 0; i < list.count; i++) {
            const struct retention_row *row = &list.rows[i];
            struct retention_package package;

            if (files >= RETENTION_PAGE_FILES) {
                page->next = after;
                return OK;
            }
            after = row->name;
            if (!row->rules.len && !l->instead)
                continue;
            if ((rc = retention_look(l, tx, mem, row, &package, err)) ||
                (rc = add_package(mem, page, &room, &package, err)))
                return rc;
            files += package.count;
        }
    } while (list.count);
    return OK;
}

enum err_code retention_preview(struct app *app, struct arena *mem,
                                const struct retention_place *at, const json_t *object,
                                struct str after, struct retention_page *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row package;
    struct retention_rules rules;
    struct retention_looker l = {.now_ms = clock_now_ms(), .instead_of_own = at->package.len > 0};
    struct retention_page page = {.next = S("")};
    enum err_code rc = OK;

    if (object) {
        rc = retention_rules_read(mem, object, !at->package.len, &rules, err);
        l.instead = &rules;
    }
    if (rc || (rc = tx_begin(app->db, TX_READ, &tx, err)) ||
        (rc = retention_find_place(tx, mem, at, &l.account, &package, err)) ||
        (rc = fill_page(&l, tx, mem, at, after, &page, err)))
        return rc;
    *ret = page;
    return OK;
}
