/* json.h: strict JSON in, canonical JSON out (jansson), and request bodies by descriptor table. */
#ifndef FORMAT_JSON_H
#define FORMAT_JSON_H
#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* For AUTO, jansson has json_decrefp(json_t **). */

/* Refuses: invalid UTF-8, BOM, duplicate keys, NaN, trailing bytes, depth over LIMIT_JSON_DEPTH,
 * integers outside 64 bits, NUL in strings, unpaired surrogates. The message tells line and
 * column. The value is the caller's (one reference). */
enum err_code json_parse(struct str text, json_t **ret_value, struct err *err) MUST_USE;
enum err_code json_parse_object(struct str text, json_t **ret_object, struct err *err) MUST_USE;

/* Appends the text that Python's json.dumps(sort_keys=True, separators=(",", ":")) gives: keys
 * sorted by code point, non-ASCII escaped as \uxxxx with surrogate pairs, no blanks. */
void json_canonical(struct buf *out, const json_t *v);
/* Appends one string literal in that form, quotes included. s must be UTF-8. */
void json_string_literal(struct buf *out, struct str s);

struct str json_str(const json_t *v); /* borrowed; ptr NULL unless a string */
struct str json_get_str(const json_t *obj, const char *key);
json_t *json_of(struct str s); /* a new string; NULL when not UTF-8 or out of memory */

/* Sticky building: adds v (taking the reference) to an array or object that the caller owns. If
 * that fails, or v is NULL, *list or *object is released and becomes NULL, and stays so: one look
 * at the end tells, and nothing half-built is taken for a whole. */
void json_add(json_t **list, json_t *v);
void json_put(json_t **object, struct str key, json_t *v);

/* A declared field of a request body. Unknown keys are ignored (old clients send extra ones). */
enum json_type {
    JSON_T_STR,
    JSON_T_BOOL,
    JSON_T_INT,
    JSON_T_STRS /* array of strings */,
    JSON_T_OBJECT
};
struct json_field {
    const char *name;
    enum json_type type;
    bool required;    /* false: absent or null leaves the default that is in the struct */
    size_t offset;    /* of a struct str, bool, int64_t, struct json_strs, or const json_t * */
    int64_t min, max; /* bytes of a string, value of an int, count of an array */
};
struct json_strs {
    struct str *items;
    size_t count;
};
/* Fills *out (a struct described by fields) from a JSON object. Strings are copied to mem;
 * objects are borrowed from obj. ERR_UNPROCESSABLE with err->field on a wrong or missing one. */
enum err_code json_read(const json_t *obj, const struct json_field *fields, size_t count,
                        struct arena *mem, void *out, struct err *err) MUST_USE;

#endif
