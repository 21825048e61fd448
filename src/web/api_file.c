/* api_file.c: /api/v1: what is done to several files of an account at once, all of it or nothing.
 */
#include "core/copy.h"
#include "core/file_remove.h"
#include "core/label.h"
#include "format/json.h"
#include "web/choices.h"
#include "web/handlers.h"
#include "web/reply.h"

/* Labels of one request: more than anybody has use for, and few enough for one transaction. */
#define LABELS_MAX 20

/* ---- labels ---- */

static enum err_code reply_changed(struct call *c, const struct choices *files,
                                   const struct label_changed *changed, struct err *err)
{
    json_t *list = json_array();

    for (size_t i = 0; i < files->count; i++) {
        json_t *v = choices_json(&files->items[i]);

        json_put(&v, S("added"), json_integer(changed[i].added));
        json_put(&v, S("removed"), json_integer(changed[i].removed));
        json_add(&list, v);
    }
    return reply_json(c, 200, json_pack("{s:o}", "files", list), err);
}

enum err_code post_file_labels(struct call *c, struct err *err)
{
    struct labels_body {
        struct json_strs add, remove;
    } in = {{0}, {0}};
    static const struct json_field fields[] = {
        {"add", JSON_T_STRS, false, offsetof(struct labels_body, add), 0, LABELS_MAX},
        {"remove", JSON_T_STRS, false, offsetof(struct labels_body, remove), 0, LABELS_MAX},
    };
    AUTO(json_decrefp) json_t *body = NULL;
    struct label_change change = {0};
    struct label_changed *changed;
    struct choice_errors errors = {0};
    enum err_code rc = call_json(c, &body, err);

    if (rc || (rc = json_read(body, fields, COUNT(fields), c->mem, &in, err)) ||
        (rc = choices_read(c, body, &change.files, err)))
        return rc;
    if (!in.add.count && !in.remove.count)
        return fail_field(err, "add", "name the labels that are to be added or removed");
    change.add = in.add.items;
    change.add_count = in.add.count;
    change.remove = in.remove.items;
    change.remove_count = in.remove.count;
    rc = label_change(c->app, c->mem, &c->actor, &change, &changed, &errors, err);
    choices_note_errors(c, &errors);
    return rc ? rc : reply_changed(c, &change.files, changed, err);
}

/* ---- copies ---- */

static enum err_code read_mode(struct str name, enum copy_mode *ret, struct err *err)
{
    static const char *const names[] = {
        [COPY_STRICT] = "strict", [COPY_REPLACE] = "replace", [COPY_UPDATE] = "update"};

    for (size_t i = 0; i < COUNT(names); i++)
        if (str_eq(name, str_of(names[i]))) {
            *ret = (enum copy_mode)i;
            return OK;
        }
    return fail_field(err, "mode",
                      "mode \"" STR_FMT "\" is not \"strict\", \"replace\" or \"update\"",
                      STR_ARG(name));
}

static const char *result_name(enum copy_result result)
{
    static const char *const names[] = {[COPY_MADE] = "copied",
                                        [COPY_REPLACED] = "replaced",
                                        [COPY_LABELLED] = "labelled",
                                        [COPY_KEPT] = "kept",
                                        [COPY_SKIPPED] = "skipped"};

    return names[result];
}

static enum err_code reply_copied(struct call *c, const struct copied_list *copied, struct err *err)
{
    json_t *list = json_array();

    for (size_t i = 0; i < copied->count; i++) {
        const struct copied *row = &copied->rows[i];

        json_add(&list, json_pack("{s:o, s:o, s:o, s:s}", "package", json_of(row->package),
                                  "version", json_of(row->version), "basename",
                                  json_of(row->basename), "result", result_name(row->result)));
    }
    return reply_json(c, 200, json_pack("{s:o}", "files", list), err);
}

enum err_code post_file_copies(struct call *c, struct err *err)
{
    struct copies_body {
        struct str to_owner, from_label, to_label, mode;
    } in = {c->actor.login, S("main"), S("main"), S("strict")};
    static const struct json_field fields[] = {
        {"to_owner", JSON_T_STR, false, offsetof(struct copies_body, to_owner), 1, 64},
        {"from_label", JSON_T_STR, false, offsetof(struct copies_body, from_label), 1, 256},
        {"to_label", JSON_T_STR, false, offsetof(struct copies_body, to_label), 1, 256},
        {"mode", JSON_T_STR, false, offsetof(struct copies_body, mode), 1, 64},
    };
    AUTO(json_decrefp) json_t *body = NULL;
    struct copy_request req = {0};
    struct copied_list copied;
    struct choice_errors errors = {0};
    enum err_code rc = call_json(c, &body, err);

    if (rc || (rc = json_read(body, fields, COUNT(fields), c->mem, &in, err)) ||
        (rc = choices_read(c, body, &req.files, err)) || (rc = read_mode(in.mode, &req.mode, err)))
        return rc;
    req.from_label = in.from_label;
    req.to_label = in.to_label;
    req.to_owner = c->owner = str_lower(c->mem, in.to_owner);
    rc = copy_files(c->app, c->mem, &c->actor, &req, &copied, &errors, err);
    choices_note_errors(c, &errors);
    return rc ? rc : reply_copied(c, &copied, err);
}

/* ---- removals ---- */

enum err_code post_file_removals(struct call *c, struct err *err)
{
    AUTO(json_decrefp) json_t *body = NULL;
    struct choices files;
    struct choice_errors errors = {0};
    json_t *list;
    enum err_code rc = call_json(c, &body, err);

    if (rc || (rc = choices_read(c, body, &files, err)))
        return rc;
    rc = files_remove(c->app, c->mem, &c->actor, &files, &errors, err);
    choices_note_errors(c, &errors);
    if (rc)
        return rc;
    list = json_array();
    for (size_t i = 0; i < files.count; i++)
        json_add(&list, choices_json(&files.items[i]));
    return reply_json(c, 200, json_pack("{s:o}", "files", list), err);
}
