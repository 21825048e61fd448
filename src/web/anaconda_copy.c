/* anaconda_copy.c: `anaconda copy`: from a label of one account to a label of another, or of the
 * same. */
#include "core/copy.h"
#include "format/json.h"
#include "web/choices.h"
#include "web/handlers.h"
#include "web/reply.h"

/* The client warns its user of an empty answer, unless it was to add what is missing: then it
 * counts what was. */
static bool is_told(enum copy_mode mode, const struct copied *row)
{
    if (row->result == COPY_SKIPPED)
        return false;
    return mode != COPY_UPDATE || row->result != COPY_KEPT;
}

static enum err_code reply_copied(struct call *c, enum copy_mode mode,
                                  const struct copied_list *copied, struct err *err)
{
    json_t *list = json_array();

    for (size_t i = 0; i < copied->count; i++) {
        const struct copied *row = &copied->rows[i];

        if (is_told(mode, row))
            json_add(&list,
                     json_pack("{s:o, s:o, s:o}", "package", json_of(row->package), "version",
                               json_of(row->version), "basename", json_of(row->basename)));
    }
    return reply_json(c, 200, list, err);
}

static enum err_code copy(struct call *c, enum copy_mode mode, struct err *err)
{
    static const struct json_field fields[] = {
        {"to_owner", JSON_T_STR, false, offsetof(struct copy_request, to_owner), 1, 64},
        {"from_channel", JSON_T_STR, false, offsetof(struct copy_request, from_label), 1, 256},
        {"to_channel", JSON_T_STR, false, offsetof(struct copy_request, to_label), 1, 256},
    };
    AUTO(json_decrefp) json_t *body = NULL;
    const struct choice choice = {call_param(c, "package"), call_param(c, "version"),
                                  call_param(c, "basename")};
    struct copy_request in = {.files = {call_param(c, "owner"), &choice, 1},
                              .from_label = S("main"),
                              .to_owner = c->actor.login,
                              .to_label = S("main"),
                              .mode = mode};
    struct copied_list copied;
    struct choice_errors errors = {0};
    enum err_code rc = call_json(c, &body, err);

    if (rc || (rc = json_read(body, fields, COUNT(fields), c->mem, &in, err)))
        return rc;
    c->owner = str_lower(c->mem, in.to_owner);
    c->package = choice.package;
    rc = copy_files(c->app, c->mem, &c->actor, &in, &copied, &errors, err);
    return rc ? rc : reply_copied(c, mode, &copied, err);
}

enum err_code post_copy(struct call *c, struct err *err)
{
    return copy(c, COPY_STRICT, err);
}

enum err_code put_copy(struct call *c, struct err *err)
{
    return copy(c, COPY_REPLACE, err);
}

enum err_code patch_copy(struct call *c, struct err *err)
{
    return copy(c, COPY_UPDATE, err);
}
