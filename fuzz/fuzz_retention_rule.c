/* Rules that are accepted say the same when they are written and read again; patterns fit what a
 * slow and simple reading of them fits. */
#include <assert.h>

#include "format/retention_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool fits(struct str pattern, struct str name)
{
    if (pattern.len == 0)
        return name.len == 0;
    if (pattern.ptr[0] == '*')
        return fits(str_from(pattern, 1), name) || (name.len && fits(pattern, str_from(name, 1)));
    return name.len && pattern.ptr[0] == name.ptr[0] &&
           fits(str_from(pattern, 1), str_from(name, 1));
}

/* The two halves of a short input. */
static void check_pattern(struct str s)
{
    struct str pattern = str_sub(s, 0, s.len / 2), name = str_from(s, s.len / 2);

    assert(retention_matches(pattern, pattern));
    assert(retention_matches(S("*"), name));
    if (s.len <= 24)
        assert(retention_matches(pattern, name) == fits(pattern, name));
}

static void check_rules(struct arena *mem, const json_t *object, bool of_account)
{
    AUTO(buf_done) struct buf one = BUF_INIT((size_t)1 << 20), two = BUF_INIT((size_t)1 << 20);
    AUTO(json_decrefp) json_t *again = NULL;
    struct retention_rules rules, same;

    if (retention_rules_read(mem, object, of_account, &rules, NULL))
        return;
    for (size_t i = 0; i < rules.count; i++)
        assert(rules.items[i].keep_newest > 0 || rules.items[i].keep_days > 0);
    retention_rules_write(&one, &rules);
    assert(buf_ok(&one) && !json_parse(buf_str(&one), &again, NULL));
    assert(!retention_rules_read(mem, again, of_account, &same, NULL));
    retention_rules_write(&two, &same);
    assert(buf_ok(&two) && str_eq(buf_str(&one), buf_str(&two)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open((size_t)64 << 20);
    AUTO(json_decrefp) json_t *object = NULL;
    struct str s = {(const char *)data, size};

    assert(mem);
    check_pattern(s);
    if (json_parse(s, &object, NULL))
        return 0;
    check_rules(mem, object, true);
    check_rules(mem, object, false);
    return 0;
}
