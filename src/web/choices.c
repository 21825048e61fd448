#include "web/choices.h"

#include "format/json.h"
#include "web/reply.h"

static const struct json_field fields[] = {
    {"package", JSON_T_STR, false, offsetof(struct choice, package), 1, 256},
    {"version", JSON_T_STR, false, offsetof(struct choice, version), 1, 256},
    {"basename", JSON_T_STR, false, offsetof(struct choice, basename), 1, 1024},
};

static bool is_known(const char *key)
{
    for (size_t i = 0; i < COUNT(fields); i++)
        if (str_eq(str_of(key), str_of(fields[i].name)))
            return true;
    return false;
}

enum err_code choices_read_one(struct call *c, const json_t *object, struct choice *ret,
                               struct err *err)
{
    const char *key;
    json_t *value;
    struct choice choice = {S(""), S(""), S("")};
    enum err_code rc;

    /* json_object_foreach takes no const object, and changes nothing of it. */
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (!is_known(key))
            return fail(err, ERR_UNPROCESSABLE,
                        "\"%s\" names no files; \"package\", \"version\" and \"basename\" do", key);
    }
    if ((rc = json_read(object, fields, COUNT(fields), c->mem, &choice, err)))
        return rc;
    *ret = choice;
    return OK;
}

enum err_code choices_read(struct call *c, const json_t *body, struct choices *ret, struct err *err)
{
    const json_t *list = json_object_get(body, "files");
    size_t count = json_array_size(list);
    struct choice *items;

    if (!json_is_array(list) || count < 1 || count > CHOICES_MAX)
        return fail_field(err, "files", "\"files\" must be a list of 1 to %d files", CHOICES_MAX);
    items = arena_array(c->mem, struct choice, count);
    if (!items)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < count; i++) {
        enum err_code rc = choices_read_one(c, json_array_get(list, i), &items[i], err);

        if (rc)
            return rc;
    }
    *ret = (struct choices){call_param(c, "owner"), items, count};
    return OK;
}

static json_t *name_or_null(struct str name)
{
    return name.len ? json_of(name) : json_null();
}

json_t *choices_json(const struct choice *choice)
{
    return json_pack("{s:o, s:o, s:o}", "package", name_or_null(choice->package), "version",
                     name_or_null(choice->version), "basename", name_or_null(choice->basename));
}

void choices_note_errors(struct call *c, const struct choice_errors *errors)
{
    json_t *list = json_array();

    for (const struct choice_error *e = errors->head; e; e = e->next)
        json_add(&list, json_pack("{s:I, s:o}", "index", (json_int_t)e->index, "detail",
                                  json_of(e->message)));
    if (errors->head)
        reply_note_errors(c, list);
    else
        json_decref(list);
}
