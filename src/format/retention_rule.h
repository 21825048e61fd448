/* retention_rule.h: the rules by which an account says which of its files need not be kept:
 *
 *   {"rules": [{"keep_newest": 5, "keep_days": 30, "per": "subdir", "labels": ["nightly"],
 *               "packages": ["tool", "lib*"], "versions": ["*.dev*"]}]}
 *
 * Stricter than other requests: what is not known is refused, because a rule whose misspelt half is
 * left out of account would let more go than was meant. */
#ifndef FORMAT_RETENTION_RULE_H
#define FORMAT_RETENTION_RULE_H
#include "format/json.h"

/* Within which files the newest are counted, and what is counted. */
enum retention_per {
    PER_PACKAGE, /* versions of the package */
    PER_SUBDIR,  /* versions in a subdir */
    PER_BUILD,   /* versions of a build variant in a subdir: "subdir+build" */
    PER_RELEASE, /* rebuilds (build numbers) of a variant of one version in a subdir */
};
const char *retention_per_name(enum retention_per per);

struct retention_rule {
    int64_t keep_newest; /* 0: not said; then only the days decide */
    int64_t keep_days;   /* 0: not said; then only the number decides */
    enum retention_per per;
    struct json_strs labels;   /* the rule is for files that carry labels, and none but such */
    struct json_strs packages; /* ... of packages of these names */
    struct json_strs versions; /* ... of these versions */
    struct str text;           /* the rule as canonical JSON: for the record */
};
struct retention_rules {
    struct retention_rule *items;
    size_t count; /* 0: nothing goes */
};
enum {
    RETENTION_RULES_MAX = 20,
    RETENTION_PATTERNS_MAX = 50,
    RETENTION_NEWEST_MAX = 100000,
    RETENTION_DAYS_MAX = 36500
};

/* Reads {"rules": [...]}; all lies in mem. of_account: whether rules may name packages.
 * ERR_UNPROCESSABLE with a field and the number of the rule. */
enum err_code retention_rules_read(struct arena *mem, const json_t *object, bool of_account,
                                   struct retention_rules *ret, struct err *err) MUST_USE;
/* Appends them as canonical JSON, which retention_rules_read reads again. */
void retention_rules_write(struct buf *out, const struct retention_rules *rules);

/* Does a pattern fit the whole name? "*" stands for any bytes, or none; all else for itself. */
bool retention_matches(struct str pattern, struct str name);
/* Does one of them? An empty list fits everything. */
bool retention_matches_any(const struct json_strs *patterns, struct str name);

#endif
