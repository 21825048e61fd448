#include "format/retention_rule.h"

#include "base/text.h"

enum { PATTERN_MAX = 128, RULE_TEXT_MAX = 4096, TEXT_ROOM = 1024 * 1024 };

static const char *const per_names[] = {[PER_PACKAGE] = "package",
                                        [PER_SUBDIR] = "subdir",
                                        [PER_BUILD] = "subdir+build",
                                        [PER_RELEASE] = "release"};

const char *retention_per_name(enum retention_per per)
{
    return per_names[per];
}

/* ---- reading ---- */

/* One rule as its JSON says it. */
struct raw_rule {
    int64_t keep_newest, keep_days;
    struct str per;
    struct json_strs labels, packages, versions;
};
static const struct json_field fields[] = {
    {"keep_newest", JSON_T_INT, false, offsetof(struct raw_rule, keep_newest), 1,
     RETENTION_NEWEST_MAX},
    {"keep_days", JSON_T_INT, false, offsetof(struct raw_rule, keep_days), 1, RETENTION_DAYS_MAX},
    {"per", JSON_T_STR, false, offsetof(struct raw_rule, per), 0, PATTERN_MAX},
    {"labels", JSON_T_STRS, false, offsetof(struct raw_rule, labels), 1, RETENTION_PATTERNS_MAX},
    {"packages", JSON_T_STRS, false, offsetof(struct raw_rule, packages), 1,
     RETENTION_PATTERNS_MAX},
    {"versions", JSON_T_STRS, false, offsetof(struct raw_rule, versions), 1,
     RETENTION_PATTERNS_MAX},
};

static enum err_code refuse_unknown(json_t *rule, struct err *err)
{
    const char *key;
    json_t *value;

    json_object_foreach(rule, key, value)
    {
        bool known = false;

        for (size_t i = 0; i < COUNT(fields); i++)
            known = known || strcmp(fields[i].name, key) == 0;
        if (!known)
            return fail_field(err, "rules",
                              "\"%s\" is unknown; known are keep_newest, keep_days, per, labels, "
                              "packages and versions",
                              key);
    }
    return OK;
}

static enum err_code read_per(struct str name, enum retention_per *ret, struct err *err)
{
    *ret = PER_PACKAGE;
    if (name.len == 0)
        return OK;
    for (size_t i = 0; i < COUNT(per_names); i++)
        if (str_eq(name, str_of(per_names[i]))) {
            *ret = (enum retention_per)i;
            return OK;
        }
    return fail_field(err, "rules",
                      "per \"" STR_FMT
                      "\" is not \"package\", \"subdir\", \"subdir+build\" or \"release\"",
                      STR_ARG(name));
}

static enum err_code check_patterns(const char *name, const struct json_strs *patterns,
                                    struct err *err)
{
    for (size_t i = 0; i < patterns->count; i++) {
        struct str p = patterns->items[i];

        if (!p.len || p.len > PATTERN_MAX || text_has_control(p))
            return fail_field(err, "rules",
                              "\"" STR_FMT
                              "\" is no pattern for %s: a name of up to %d characters, "
                              "in which * stands for any",
                              STR_ARG(p), name, (int)PATTERN_MAX);
    }
    return OK;
}

static void add_number(struct buf *out, const char *name, int64_t n)
{
    if (n)
        buf_addf(out, ",\"%s\":%lld", name, (long long)n);
}

static void add_patterns(struct buf *out, const char *name, const struct json_strs *patterns)
{
    if (!patterns->count)
        return;
    buf_addf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < patterns->count; i++) {
        buf_addz(out, i ? "," : "");
        json_string_literal(out, patterns->items[i]);
    }
    buf_addc(out, ']');
}

/* In the order of the names; "per" is always said. */
static enum err_code write_rule(struct arena *mem, struct retention_rule *rule, struct err *err)
{
    AUTO(buf_done) struct buf b = BUF_INIT(TEXT_ROOM);
    struct str text;

    add_number(&b, "keep_days", rule->keep_days);
    add_number(&b, "keep_newest", rule->keep_newest);
    add_patterns(&b, "labels", &rule->labels);
    add_patterns(&b, "packages", &rule->packages);
    buf_addf(&b, ",\"per\":\"%s\"", per_names[rule->per]);
    add_patterns(&b, "versions", &rule->versions);
    if (!buf_ok(&b))
        return fail(err, ERR_NOMEM, "out of memory");
    if (b.len > RULE_TEXT_MAX)
        return fail_field(err, "rules", "it exceeds %d bytes", (int)RULE_TEXT_MAX);
    text = str_from(buf_str(&b), 1);
    rule->text = str_fmt(mem, "{%.*s}", (int)text.len, text.ptr);
    return rule->text.ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

static enum err_code read_rule(struct arena *mem, json_t *v, bool of_account,
                               struct retention_rule *ret, struct err *err)
{
    struct raw_rule raw = {.per = S("")};
    enum retention_per per;
    enum err_code rc;

    if (!json_is_object(v))
        return fail_field(err, "rules", "it is no object");
    if ((rc = refuse_unknown(v, err)) ||
        (rc = json_read(v, fields, COUNT(fields), mem, &raw, err)) ||
        (rc = read_per(raw.per, &per, err)) || (rc = check_patterns("labels", &raw.labels, err)) ||
        (rc = check_patterns("packages", &raw.packages, err)) ||
        (rc = check_patterns("versions", &raw.versions, err)))
        return rc;
    for (size_t i = 0; i < raw.labels.count; i++)
        raw.labels.items[i] = str_lower(mem, raw.labels.items[i]); /* as labels are */
    if (!raw.keep_newest && !raw.keep_days)
        return fail_field(err, "rules", "it says neither keep_newest nor keep_days");
    if (raw.packages.count && !of_account)
        return fail_field(err, "rules", "\"packages\" is for the rules of an account");
    *ret = (struct retention_rule){.keep_newest = raw.keep_newest,
                                   .keep_days = raw.keep_days,
                                   .per = per,
                                   .labels = raw.labels,
                                   .packages = raw.packages,
                                   .versions = raw.versions};
    return write_rule(mem, ret, err);
}

enum err_code retention_rules_read(struct arena *mem, const json_t *object, bool of_account,
                                   struct retention_rules *ret, struct err *err)
{
    const json_t *list = json_object_get(object, "rules");
    struct retention_rules rules = {.count = json_array_size(list)};
    enum err_code rc = OK;

    if (!json_is_array(list) || json_object_size(object) != 1)
        return fail_field(err, "rules",
                          "the body is an object with nothing but an array \"rules\"");
    if (rules.count > RETENTION_RULES_MAX)
        return fail_field(err, "rules", "%zu rules are too many; at most %d are allowed",
                          rules.count, (int)RETENTION_RULES_MAX);
    rules.items = arena_array(mem, struct retention_rule, rules.count ? rules.count : 1);
    if (!rules.items)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; !rc && i < rules.count; i++) {
        rc = read_rule(mem, json_array_get(list, i), of_account, &rules.items[i], err);
        if (rc == ERR_UNPROCESSABLE && err)
            return fail_field(err, "rules", "rule %zu: %s", i + 1, err->msg);
    }
    if (!rc)
        *ret = rules;
    return rc;
}

void retention_rules_write(struct buf *out, const struct retention_rules *rules)
{
    buf_addz(out, "{\"rules\":[");
    for (size_t i = 0; i < rules->count; i++) {
        buf_addz(out, i ? "," : "");
        buf_add(out, rules->items[i].text);
    }
    buf_addz(out, "]}");
}

/* ---- matching ---- */

/* Goes back to the last star only: what an earlier one could take instead, the last can too. */
bool retention_matches(struct str pattern, struct str name)
{
    size_t p = 0, n = 0, star = SIZE_MAX, from = 0;

    while (n < name.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            from = n;
        } else if (p < pattern.len && pattern.ptr[p] == name.ptr[n]) {
            p++;
            n++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            n = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*')
        p++;
    return p == pattern.len;
}

bool retention_matches_any(const struct json_strs *patterns, struct str name)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (retention_matches(patterns->items[i], name))
            return true;
    return patterns->count == 0;
}
