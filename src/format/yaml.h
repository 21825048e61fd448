/* yaml.h: YAML (1.1 and 1.2) as a tree, without what makes YAML dangerous (libyaml).
 *
 * One document of scalars, lists and maps whose keys are distinct texts. Tags are refused (they
 * name types of programs), and so are merge keys. Aliases may be used, but what a document amounts
 * to once all of them are followed is bounded, so that a small text cannot stand for a large one.
 *
 * A scalar is its text: whether "3.10" is a number is for the reader to say, and those of
 * environments want it as it was written. */
#ifndef FORMAT_YAML_H
#define FORMAT_YAML_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum yaml_type { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_member;
struct yaml {
    enum yaml_type type;
    int line;        /* of its beginning, from 1 */
    struct str text; /* of a scalar */
    bool plain;      /* a scalar without quotes: it may stand for a number, a truth value or null */
    size_t count;    /* of items or members */
    const struct yaml *const *items;
    const struct yaml_member *members; /* in the order of the document */
};
struct yaml_member {
    struct str key;
    int line;
    const struct yaml *value;
};

/* ERR_INVALID and ERR_TOO_BIG with "line 3: ..."; an empty document is a plain empty scalar. A map
 * that is an alias of a list is the same node, so nodes may have several parents; there are no
 * cycles. All is in mem. */
enum err_code yaml_parse(struct arena *mem, struct str text, const struct yaml **ret,
                         struct err *err) MUST_USE;

/* NULL when map is no map (or NULL), or has no such key. */
const struct yaml *yaml_get(const struct yaml *map, const char *key);
/* Null as YAML 1.2 spells it: plain and empty, "~", or "null" in its three cases. Also NULL. */
bool yaml_is_null(const struct yaml *v);
/* The text of a scalar that is not null; else ptr NULL. */
struct str yaml_str(const struct yaml *v);
const char *yaml_type_name(const struct yaml *v); /* "a list", for messages */

#endif
