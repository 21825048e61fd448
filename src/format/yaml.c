#include "format/yaml.h"

#include <assert.h>

#include <yaml.h>

#include "base/limits.h"
#include "base/text.h"

/* What is made of the events. Lists and maps grow in chunks that are copied when they are full. */
struct anchor {
    struct str name;
    const struct yaml *node;
    size_t weight;
    struct anchor *next;
};
struct growing {
    struct yaml *node;
    const struct yaml **items;   /* of a list */
    struct yaml_member *members; /* of a map */
    size_t room;
    struct str key; /* of the value to come; ptr NULL: a key is next */
    int key_line;
    struct str anchor;
    size_t weight;
};
struct reading {
    struct arena *mem;
    yaml_parser_t *parser;
    struct anchor *anchors; /* newest first */
    struct growing stack[LIMIT_YAML_DEPTH];
    size_t depth;
    const struct yaml *root;
    size_t anchor_count;
};

/* Aliases are looked for one by one. */
#define ANCHORS_MAX 1000

static int line_of(const yaml_event_t *e)
{
    return (int)e->start_mark.line + 1;
}

static struct str str_copy(struct arena *mem, const yaml_char_t *z)
{
    return z ? str_dup(mem, str_of((const char *)z)) : (struct str){NULL, 0};
}

/* --- growing ---------------------------------------------------------------------------------- */

/* Room for one more in an array of the arena. */
static void *grown(struct arena *mem, void *old, size_t count, size_t *room, size_t size)
{
    size_t more = *room ? 2 * *room : 8;
    void *now;

    if (count < *room)
        return old;
    now = arena_alloc_array(mem, more, size, _Alignof(max_align_t));
    if (now && count)
        memcpy(now, old, count * size);
    *room = now ? more : *room;
    return now;
}

static enum err_code add_item(struct reading *r, struct growing *g, const struct yaml *v,
                              struct err *err)
{
    const struct yaml **items =
        grown(r->mem, g->items, g->node->count, &g->room, sizeof(const struct yaml *));

    if (!items)
        return fail(err, ERR_NOMEM, "out of memory");
    g->items = items;
    g->items[g->node->count++] = v;
    g->node->items = g->items;
    return OK;
}

static enum err_code add_member(struct reading *r, struct growing *g, const struct yaml *v,
                                struct err *err)
{
    struct yaml_member *members =
        grown(r->mem, g->members, g->node->count, &g->room, sizeof(struct yaml_member));

    if (!members)
        return fail(err, ERR_NOMEM, "out of memory");
    g->members = members;
    g->members[g->node->count++] = (struct yaml_member){g->key, g->key_line, v};
    g->node->members = g->members;
    g->key = (struct str){NULL, 0};
    return OK;
}

static enum err_code take_key(struct growing *g, const struct yaml *v, int line, struct err *err)
{
    if (v->type != YAML_SCALAR)
        return fail(err, ERR_INVALID, "line %d: a key is %s, not a text", line, yaml_type_name(v));
    if (v->plain && str_eq(v->text, S("<<")))
        return fail(err, ERR_INVALID, "line %d: merge keys (<<) are not allowed", line);
    g->key = v->text;
    g->key_line = line;
    return OK;
}

/* A complete value finds its place. weight: how many values it amounts to. */
static enum err_code place(struct reading *r, const struct yaml *v, int line, size_t weight,
                           struct err *err)
{
    struct growing *g = r->depth ? &r->stack[r->depth - 1] : NULL;

    if (!g) {
        r->root = v;
        return OK;
    }
    g->weight += weight;
    if (g->weight > LIMIT_YAML_VALUES)
        return fail(err, ERR_TOO_BIG, "line %d: the document amounts to more than %d values", line,
                    LIMIT_YAML_VALUES);
    if (g->node->type == YAML_LIST)
        return add_item(r, g, v, err);
    return g->key.ptr ? add_member(r, g, v, err) : take_key(g, v, line, err);
}

/* --- anchors ---------------------------------------------------------------------------------- */

/* Known only once its value is complete: so no value is inside itself. */
static enum err_code set_anchor(struct reading *r, struct str name, const struct yaml *node,
                                size_t weight, struct err *err)
{
    struct anchor *a;

    if (!name.ptr)
        return OK;
    if (r->anchor_count++ == ANCHORS_MAX)
        return fail(err, ERR_TOO_BIG, "line %d: more than %d anchors", node->line, ANCHORS_MAX);
    if (!(a = arena_new(r->mem, struct anchor)))
        return fail(err, ERR_NOMEM, "out of memory");
    *a = (struct anchor){name, node, weight, r->anchors};
    r->anchors = a;
    return OK;
}

static enum err_code use_alias(struct reading *r, const yaml_event_t *e, struct err *err)
{
    struct str name = str_of((const char *)e->data.alias.anchor);

    for (const struct anchor *a = r->anchors; a; a = a->next)
        if (str_eq(a->name, name))
            return place(r, a->node, line_of(e), a->weight, err);
    return fail(err, ERR_INVALID, "line %d: the alias \"*" STR_FMT "\" has no anchor before it",
                line_of(e), STR_ARG(name));
}

/* --- events ----------------------------------------------------------------------------------- */

static enum err_code refuse_tag(const yaml_event_t *e, const yaml_char_t *tag, struct err *err)
{
    if (!tag)
        return OK;
    return fail(err, ERR_INVALID, "line %d: the tag \"%.100s\" is not allowed", line_of(e),
                (const char *)tag);
}

static enum err_code add_scalar(struct reading *r, const yaml_event_t *e, struct err *err)
{
    struct yaml *v = arena_new(r->mem, struct yaml);
    struct str text = {(const char *)e->data.scalar.value, e->data.scalar.length};
    struct str anchor = str_copy(r->mem, e->data.scalar.anchor);
    enum err_code code = refuse_tag(e, e->data.scalar.tag, err);

    if (code)
        return code;
    if (!v || (e->data.scalar.anchor && !anchor.ptr))
        return fail(err, ERR_NOMEM, "out of memory");
    *v = (struct yaml){.type = YAML_SCALAR,
                       .line = line_of(e),
                       .text = str_dup(r->mem, text),
                       .plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE};
    if (!v->text.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((code = set_anchor(r, anchor, v, 1, err)))
        return code;
    return place(r, v, v->line, 1, err);
}

static enum err_code begin_list_or_map(struct reading *r, const yaml_event_t *e, struct err *err)
{
    bool list = e->type == YAML_SEQUENCE_START_EVENT;
    const yaml_char_t *tag = list ? e->data.sequence_start.tag : e->data.mapping_start.tag;
    const yaml_char_t *anchor = list ? e->data.sequence_start.anchor : e->data.mapping_start.anchor;
    struct yaml *v = arena_new(r->mem, struct yaml);
    struct growing *g;
    enum err_code code = refuse_tag(e, tag, err);

    if (code)
        return code;
    if (r->depth == LIMIT_YAML_DEPTH)
        return fail(err, ERR_TOO_BIG, "line %d: nested deeper than %d levels", line_of(e),
                    LIMIT_YAML_DEPTH);
    if (!v)
        return fail(err, ERR_NOMEM, "out of memory");
    *v = (struct yaml){.type = list ? YAML_LIST : YAML_MAP, .line = line_of(e)};
    g = &r->stack[r->depth++];
    *g = (struct growing){.node = v, .weight = 1, .anchor = str_copy(r->mem, anchor)};
    return anchor && !g->anchor.ptr ? fail(err, ERR_NOMEM, "out of memory") : OK;
}

static int by_key(const void *a, const void *b)
{
    const struct yaml_member *const *x = a, *const *y = b;
    int order = str_cmp((*x)->key, (*y)->key);

    return order ? order : ((*x)->line > (*y)->line) - ((*x)->line < (*y)->line);
}

static enum err_code check_keys(struct reading *r, const struct yaml *map, struct err *err)
{
    size_t n = map->count;
    const struct yaml_member **sorted = arena_array(r->mem, const struct yaml_member *, n ? n : 1);

    if (!sorted)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        sorted[i] = &map->members[i];
    qsort(sorted, n, sizeof(*sorted), by_key);
    for (size_t i = 1; i < n; i++)
        if (str_eq(sorted[i - 1]->key, sorted[i]->key))
            return fail(err, ERR_INVALID, "line %d: the key \"" STR_FMT "\" stands twice (line %d)",
                        sorted[i]->line, STR_ARG(sorted[i]->key), sorted[i - 1]->line);
    return OK;
}

static enum err_code end_list_or_map(struct reading *r, struct err *err)
{
    struct growing *g = &r->stack[--r->depth];
    enum err_code code;

    assert(g->node); /* of what begins there is one */
    if ((g->node->type == YAML_MAP && (code = check_keys(r, g->node, err))) ||
        (code = set_anchor(r, g->anchor, g->node, g->weight, err)))
        return code;
    return place(r, g->node, g->node->line, g->weight, err);
}

static enum err_code take_event(struct reading *r, const yaml_event_t *e, struct err *err)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return add_scalar(r, e, err);
    case YAML_ALIAS_EVENT:
        return use_alias(r, e, err);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return begin_list_or_map(r, e, err);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return end_list_or_map(r, err);
    case YAML_DOCUMENT_START_EVENT:
        if (r->root)
            return fail(err, ERR_INVALID, "line %d: a second document begins", line_of(e));
        return OK;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return OK;
}

static enum err_code explain(const yaml_parser_t *p, struct err *err)
{
    const char *why = p->problem ? p->problem : "not readable";

    if (p->error == YAML_MEMORY_ERROR)
        return fail(err, ERR_NOMEM, "out of memory");
    return fail(err, ERR_INVALID, "line %zu: not valid YAML: %s", p->problem_mark.line + 1, why);
}

static enum err_code read_events(struct reading *r, struct err *err)
{
    for (bool done = false; !done;) {
        yaml_event_t e;
        enum err_code code;

        if (!yaml_parser_parse(r->parser, &e))
            return explain(r->parser, err);
        done = e.type == YAML_STREAM_END_EVENT;
        code = take_event(r, &e, err);
        yaml_event_delete(&e);
        if (code)
            return code;
    }
    return OK;
}

enum err_code yaml_parse(struct arena *mem, struct str text, const struct yaml **ret,
                         struct err *err)
{
    static const struct yaml nothing = {
        .type = YAML_SCALAR, .line = 1, .text = {"", 0}, .plain = 1};
    AUTO(yaml_parser_delete) yaml_parser_t parser;
    struct reading *r = arena_new(mem, struct reading);
    enum err_code code;

    if (!yaml_parser_initialize(&parser) || !r)
        return fail(err, ERR_NOMEM, "out of memory");
    if (!text_is_utf8(text))
        return fail(err, ERR_INVALID, "the text is not UTF-8");
    *r = (struct reading){.mem = mem, .parser = &parser};
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.ptr, text.len);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    if ((code = read_events(r, err)))
        return code;
    *ret = r->root ? r->root : &nothing;
    return OK;
}

/* --- looking ---------------------------------------------------------------------------------- */

const struct yaml *yaml_get(const struct yaml *map, const char *key)
{
    if (!map || map->type != YAML_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (str_eq(map->members[i].key, str_of(key)))
            return map->members[i].value;
    return NULL;
}

bool yaml_is_null(const struct yaml *v)
{
    return !v || (v->type == YAML_SCALAR && v->plain &&
                  (!v->text.len || str_eq(v->text, S("~")) || str_eq(v->text, S("null")) ||
                   str_eq(v->text, S("Null")) || str_eq(v->text, S("NULL"))));
}

struct str yaml_str(const struct yaml *v)
{
    return yaml_is_null(v) || v->type != YAML_SCALAR ? (struct str){NULL, 0} : v->text;
}

const char *yaml_type_name(const struct yaml *v)
{
    if (yaml_is_null(v))
        return "null";
    return v->type == YAML_SCALAR ? "a text" : v->type == YAML_LIST ? "a list" : "a map";
}
