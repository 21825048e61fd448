/* json.c: jansson made stricter, Python's canonical form, and bodies read by descriptor table. */
#include "format/json.h"

#include <inttypes.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

/* --- reading ------------------------------------------------------------------------------- */

/* Counts brackets outside strings. Up to the first error that jansson will find, the count is
 * exact: so no text makes it recurse deeper (its own limit, 2048, is fixed in the library). */
static bool too_deep(struct str text)
{
    size_t depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (in_string)
            continue;
        else if ((c == '[' || c == '{') && ++depth > LIMIT_JSON_DEPTH)
            return true;
        else if ((c == ']' || c == '}') && depth)
            depth--;
    }
    return false;
}

/* In our words where jansson's do not help the sender. */
static const char *explain(const json_error_t *why)
{
    if (json_error_code(why) == json_error_numeric_overflow)
        return "a number does not fit in 64 bits";
    if (json_error_code(why) == json_error_null_character)
        return "\\u0000 is not allowed";
    return why->text;
}

enum err_code json_parse(struct str text, json_t **ret_value, struct err *err)
{
    json_error_t why;
    json_t *value;

    if (!text.len)
        return fail(err, ERR_INVALID, "the JSON text is empty");
    if (str_starts(text, S("\xef\xbb\xbf")))
        return fail(err, ERR_INVALID, "the JSON text begins with a byte order mark");
    if (too_deep(text))
        return fail(err, ERR_INVALID, "the JSON text is nested deeper than %d levels",
                    LIMIT_JSON_DEPTH);
    value = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (!value && json_error_code(&why) == json_error_out_of_memory)
        return fail(err, ERR_NOMEM, "out of memory");
    if (!value)
        return fail(err, ERR_INVALID, "not valid JSON at line %d, column %d: %s", why.line,
                    why.column, explain(&why));
    *ret_value = value;
    return OK;
}

enum err_code json_parse_object(struct str text, json_t **ret_object, struct err *err)
{
    AUTO(json_decrefp) json_t *value = NULL;
    enum err_code code = json_parse(text, &value, err);

    if (code)
        return code;
    if (!json_is_object(value))
        return fail(err, ERR_INVALID, "the JSON text is not an object");
    *ret_object = TAKE(value);
    return OK;
}

struct str json_str(const json_t *v)
{
    if (!json_is_string(v))
        return (struct str){NULL, 0};
    return (struct str){json_string_value(v), json_string_length(v)};
}

struct str json_get_str(const json_t *obj, const char *key)
{
    return json_str(json_object_get(obj, key));
}

void json_add(json_t **list, json_t *v)
{
    if (json_array_append_new(*list, v)) { /* releases v also when *list is NULL */
        json_decref(*list);
        *list = NULL;
    }
}

void json_put(json_t **object, struct str key, json_t *v)
{
    if (json_object_setn_new(*object, key.ptr, key.len, v)) {
        json_decref(*object);
        *object = NULL;
    }
}

json_t *json_of(struct str s)
{
    return json_stringn(s.len ? s.ptr : "", s.len);
}

/* --- canonical text ------------------------------------------------------------------------ */

/* Takes one character off well-formed UTF-8. */
static uint32_t take_char(struct str *s)
{
    unsigned char first = (unsigned char)s->ptr[0];
    unsigned len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    uint32_t c = len == 1 ? first : first & (0x7fU >> len);

    for (unsigned i = 1; i < len; i++)
        c = c << 6 | ((unsigned char)s->ptr[i] & 0x3fU);
    *s = str_from(*s, len);
    return c;
}

static void write_escape(struct buf *out, uint32_t c)
{
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: character, its letter */

    for (size_t i = 0; i + 1 < sizeof(named); i += 2) {
        if (c == (unsigned char)named[i]) {
            buf_addc(out, '\\');
            buf_addc(out, named[i + 1]);
            return;
        }
    }
    if (c < 0x10000)
        buf_addf(out, "\\u%04" PRIx32, c);
    else
        buf_addf(out, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd800 + ((c - 0x10000) >> 10),
                 0xdc00 + ((c - 0x10000) & 0x3ff));
}

static bool is_plain(char c)
{
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

void json_string_literal(struct buf *out, struct str s)
{
    if (!text_is_utf8(s)) {
        out->failed = true;
        return;
    }
    buf_addc(out, '"');
    while (s.len) {
        size_t run = 0;

        while (run < s.len && is_plain(s.ptr[run]))
            run++;
        buf_add(out, str_sub(s, 0, run));
        s = str_from(s, run);
        if (s.len)
            write_escape(out, take_char(&s));
    }
    buf_addc(out, '"');
}

/* Judged by the parser that will read it. */
static bool reads_back(const char *text, double v)
{
    AUTO(json_decrefp) json_t *back = json_loads(text, JSON_DECODE_ANY, NULL);
    double got = json_real_value(back);

    return back && !memcmp(&got, &v, sizeof(v));
}

static void write_zeros(struct buf *out, int n)
{
    while (n-- > 0)
        buf_addc(out, '0');
}

/* As Python's repr(): the fewest digits that read back the same, positional for exponents from
 * -4 to 15, else scientific with an exponent of at least two digits. */
static void write_real(struct buf *out, double v)
{
    char text[40], digits[24] = ""; /* "-d.dddddddddddddddde-308" */
    const char *p = text;
    int count = 0, exponent;
    uint64_t size = 0;

    for (int precision = 0; precision <= 16; precision++) {
        (void)snprintf(text, sizeof(text), "%.*e", precision, v); /* fits */
        if (reads_back(text, v))
            break;
    }
    if (*p == '-')
        buf_addc(out, *p++);
    for (; *p != 'e'; p++)
        if (*p != '.')
            digits[count++] = *p;
    (void)str_u64(str_of(p + 2), 400, &size); /* printf writes digits there */
    exponent = p[1] == '-' ? -(int)size : (int)size;

    if (exponent < -4 || exponent >= 16) {
        buf_addc(out, digits[0]);
        if (count > 1)
            buf_addf(out, ".%.*s", count - 1, digits + 1);
        buf_addf(out, "e%c%02d", exponent < 0 ? '-' : '+', (int)size);
    } else if (exponent < 0) {
        buf_addz(out, "0.");
        write_zeros(out, -exponent - 1);
        buf_addf(out, "%.*s", count, digits);
    } else {
        int whole = exponent + 1 < count ? exponent + 1 : count;

        buf_addf(out, "%.*s", whole, digits);
        write_zeros(out, exponent + 1 - whole);
        buf_addf(out, ".%.*s", count > whole ? count - whole : 1,
                 count > whole ? digits + whole : "0");
    }
}

struct member {
    const char *key;
    const json_t *value;
};

/* Byte order of UTF-8 is the order of code points. */
static int by_key(const void *a, const void *b)
{
    const struct member *x = a, *y = b;

    return strcmp(x->key, y->key);
}

static void write_object(struct buf *out, const json_t *v)
{
    json_t *object = (json_t *)(uintptr_t)v; /* jansson's iterators know no const */
    size_t count = json_object_size(v), n = 0;
    struct member *members = mem_get((count ? count : 1) * sizeof(*members));

    if (!members) {
        out->failed = true;
        return;
    }
    for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i))
        members[n++] = (struct member){json_object_iter_key(i), json_object_iter_value(i)};
    qsort(members, n, sizeof(*members), by_key);
    buf_addc(out, '{');
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_addc(out, ',');
        json_string_literal(out, str_of(members[i].key));
        buf_addc(out, ':');
        json_canonical(out, members[i].value);
    }
    buf_addc(out, '}');
    mem_free(members);
}

static void write_array(struct buf *out, const json_t *v)
{
    buf_addc(out, '[');
    for (size_t i = 0; i < json_array_size(v); i++) {
        if (i)
            buf_addc(out, ',');
        json_canonical(out, json_array_get(v, i));
    }
    buf_addc(out, ']');
}

void json_canonical(struct buf *out, const json_t *v)
{
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        write_object(out, v);
        return;
    case JSON_ARRAY:
        write_array(out, v);
        return;
    case JSON_STRING:
        json_string_literal(out, json_str(v));
        return;
    case JSON_INTEGER:
        buf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
        return;
    case JSON_REAL:
        write_real(out, json_real_value(v));
        return;
    case JSON_TRUE:
        buf_addz(out, "true");
        return;
    case JSON_FALSE:
        buf_addz(out, "false");
        return;
    case JSON_NULL:
        buf_addz(out, "null");
        return;
    }
}

/* --- bodies by descriptor table ------------------------------------------------------------ */

static bool all_strings(const json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        if (!json_is_string(json_array_get(array, i)))
            return false;
    return true;
}

static bool within(const struct json_field *f, int64_t n)
{
    return n >= f->min && n <= f->max;
}

static enum err_code check_field(const json_t *v, const struct json_field *f, struct err *err)
{
    switch (f->type) {
    case JSON_T_STR:
        if (!json_is_string(v))
            return fail_field(err, f->name, "\"%s\" must be a string", f->name);
        if (!within(f, (int64_t)json_string_length(v)))
            return fail_field(err, f->name, "\"%s\" must be %" PRId64 " to %" PRId64 " bytes long",
                              f->name, f->min, f->max);
        return OK;
    case JSON_T_BOOL:
        if (!json_is_boolean(v))
            return fail_field(err, f->name, "\"%s\" must be true or false", f->name);
        return OK;
    case JSON_T_INT:
        if (!json_is_integer(v) || !within(f, json_integer_value(v)))
            return fail_field(err, f->name,
                              "\"%s\" must be an integer from %" PRId64 " to %" PRId64, f->name,
                              f->min, f->max);
        return OK;
    case JSON_T_STRS:
        if (!json_is_array(v) || !all_strings(v))
            return fail_field(err, f->name, "\"%s\" must be a list of strings", f->name);
        if (!within(f, (int64_t)json_array_size(v)))
            return fail_field(err, f->name, "\"%s\" must have %" PRId64 " to %" PRId64 " items",
                              f->name, f->min, f->max);
        return OK;
    case JSON_T_OBJECT:
        if (!json_is_object(v))
            return fail_field(err, f->name, "\"%s\" must be an object", f->name);
        return OK;
    }
    return OK;
}

static bool store_strings(const json_t *v, struct arena *mem, struct json_strs *ret)
{
    size_t count = json_array_size(v);
    struct str *items = arena_array(mem, struct str, count);

    if (!items)
        return false;
    for (size_t i = 0; i < count; i++) {
        items[i] = str_dup(mem, json_str(json_array_get(v, i)));
        if (!items[i].ptr)
            return false;
    }
    *ret = (struct json_strs){items, count};
    return true;
}

/* v has passed check_field(). False when out of memory. */
static bool store_field(const json_t *v, enum json_type type, struct arena *mem, void *at)
{
    struct str s;

    switch (type) {
    case JSON_T_STR:
        s = str_dup(mem, json_str(v));
        if (!s.ptr)
            return false;
        *(struct str *)at = s;
        return true;
    case JSON_T_BOOL:
        *(bool *)at = json_is_true(v);
        return true;
    case JSON_T_INT:
        *(int64_t *)at = json_integer_value(v);
        return true;
    case JSON_T_STRS:
        return store_strings(v, mem, at);
    case JSON_T_OBJECT:
        *(const json_t **)at = v;
        return true;
    }
    return true;
}

/* NULL when absent; null counts as absent. */
static const json_t *value_of(const json_t *obj, const struct json_field *f)
{
    const json_t *v = json_object_get(obj, f->name);

    return json_is_null(v) ? NULL : v;
}

enum err_code json_read(const json_t *obj, const struct json_field *fields, size_t count,
                        struct arena *mem, void *out, struct err *err)
{
    if (!json_is_object(obj))
        return fail(err, ERR_UNPROCESSABLE, "a JSON object is expected");
    for (size_t i = 0; i < count; i++) {
        const json_t *v = value_of(obj, &fields[i]);
        enum err_code code = v ? check_field(v, &fields[i], err) : OK;

        if (!v && fields[i].required)
            return fail_field(err, fields[i].name, "\"%s\" is missing", fields[i].name);
        if (code)
            return code;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *v = value_of(obj, &fields[i]);

        if (v && !store_field(v, fields[i].type, mem, (char *)out + fields[i].offset))
            return fail(err, ERR_NOMEM, "out of memory");
    }
    return OK;
}
