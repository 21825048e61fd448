/* Rules as JSON: strict in, canonical out; and what their patterns fit. */
#include "unit.h"

#include "base/limits.h"
#include "format/retention_rule.h"

/* Reads text; shows nothing if it is refused. */
static enum err_code read_rules(struct arena *mem, const char *text, bool of_account,
                                struct retention_rules *ret, struct err *err)
{
    AUTO(json_decrefp) json_t *object = NULL;

    assert_int_equal(json_parse(str_of(text), &object, err), OK);
    return retention_rules_read(mem, object, of_account, ret, err);
}

static void all_of_a_rule_is_read_and_written_in_order(void **state)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    AUTO(buf_done) struct buf b = BUF_INIT(64 * KIB);
    static const char text[] =
        "{\"rules\": [{\"versions\": [\"*.dev*\"], \"keep_newest\": 5, \"per\": \"subdir\", "
        "\"keep_days\": 30, \"packages\": [\"tool\", \"lib*\"], \"labels\": [\"Nightly\"]}, "
        "{\"keep_days\": 1}]}";
    static const char expected[] =
        "{\"rules\":[{\"keep_days\":30,\"keep_newest\":5,\"labels\":[\"nightly\"],"
        "\"packages\":[\"tool\",\"lib*\"],\"per\":\"subdir\",\"versions\":[\"*.dev*\"]},"
        "{\"keep_days\":1,\"per\":\"package\"}]}";
    struct retention_rules rules;
    struct err err = {0};

    (void)state;
    assert_int_equal(read_rules(mem, text, true, &rules, &err), OK);
    assert_int_equal(rules.count, 2);
    assert_int_equal(rules.items[0].keep_newest, 5);
    assert_int_equal(rules.items[0].keep_days, 30);
    assert_int_equal(rules.items[0].per, PER_SUBDIR);
    assert_int_equal(rules.items[0].packages.count, 2);
    assert_str(rules.items[0].labels.items[0], "nightly");
    assert_int_equal(rules.items[1].keep_newest, 0);
    assert_str(rules.items[1].text, "{\"keep_days\":1,\"per\":\"package\"}");
    retention_rules_write(&b, &rules);
    assert_str(buf_str(&b), expected);
    assert_int_equal(read_rules(mem, expected, true, &rules, &err), OK);
    assert_int_equal(read_rules(mem, "{\"rules\": []}", false, &rules, &err), OK);
    assert_int_equal(rules.count, 0);
}

static void each_way_to_count_has_a_name(void **state)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    static const enum retention_per all[] = {PER_PACKAGE, PER_SUBDIR, PER_BUILD, PER_RELEASE};
    static const char *const names[] = {"package", "subdir", "subdir+build", "release"};
    struct retention_rules rules;
    struct err err = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        struct str text =
            str_fmt(mem, "{\"rules\":[{\"keep_newest\":1,\"per\":\"%s\"}]}", names[i]);

        assert_string_equal(retention_per_name(all[i]), names[i]);
        assert_int_equal(read_rules(mem, text.ptr, true, &rules, &err), OK);
        assert_int_equal(rules.items[0].per, all[i]);
    }
}

#define ONE(rule) "{\"rules\": [{\"keep_days\": 2}, " rule "]}"

static void what_could_be_misread_is_refused(void **state)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"{}", "the body is an object with nothing but an array \"rules\""},
        {"[]", "the body is an object with nothing but an array \"rules\""},
        {"{\"rules\": {}}", "the body is an object with nothing but an array \"rules\""},
        {"{\"rules\": [], \"rule\": []}",
         "the body is an object with nothing but an array \"rules\""},
        {ONE("7"), "rule 2: it is no object"},
        {ONE("{}"), "rule 2: it says neither keep_newest nor keep_days"},
        {ONE("{\"per\": \"package\"}"), "rule 2: it says neither keep_newest nor keep_days"},
        {ONE("{\"keep_newset\": 3, \"keep_days\": 2}"),
         "rule 2: \"keep_newset\" is unknown; known are keep_newest, keep_days, per, labels, "
         "packages and versions"},
        {ONE("{\"keep_newest\": 0}"), "rule 2: \"keep_newest\""},
        {ONE("{\"keep_newest\": \"3\"}"), "rule 2: \"keep_newest\""},
        {ONE("{\"keep_days\": -1}"), "rule 2: \"keep_days\""},
        {ONE("{\"keep_days\": 36501}"), "rule 2: \"keep_days\""},
        {ONE("{\"keep_days\": 1.5}"), "rule 2: \"keep_days\""},
        {ONE("{\"keep_days\": 1, \"per\": \"file\"}"),
         "rule 2: per \"file\" is not \"package\", \"subdir\", \"subdir+build\" or \"release\""},
        {ONE("{\"keep_days\": 1, \"labels\": []}"), "rule 2: \"labels\""},
        {ONE("{\"keep_days\": 1, \"labels\": \"dev\"}"), "rule 2: \"labels\""},
        {ONE("{\"keep_days\": 1, \"versions\": [\"\"]}"),
         "rule 2: \"\" is no pattern for versions"},
        {ONE("{\"keep_days\": 1, \"versions\": [\"a\\nb\"]}"),
         "rule 2: \"a?b\" is no pattern for versions"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct retention_rules rules;
        struct err err = {0};

        assert_int_equal(read_rules(mem, bad[i].text, true, &rules, &err), ERR_UNPROCESSABLE);
        assert_string_equal(err.field, "rules");
        if (strncmp(err.msg, bad[i].why, strlen(bad[i].why)) != 0)
            print_error("%s: %s\n", bad[i].text, err.msg);
        assert_int_equal(strncmp(err.msg, bad[i].why, strlen(bad[i].why)), 0);
    }
}

static void a_package_has_no_rules_for_others(void **state)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    struct retention_rules rules;
    struct err err = {0};

    (void)state;
    assert_int_equal(
        read_rules(mem, ONE("{\"keep_days\": 1, \"packages\": [\"x\"]}"), false, &rules, &err),
        ERR_UNPROCESSABLE);
    assert_string_equal(err.msg, "rule 2: \"packages\" is for the rules of an account");
}

static void rules_have_their_limits(void **state)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    AUTO(buf_done) struct buf many = BUF_INIT(64 * KIB), large = BUF_INIT(64 * KIB);
    struct retention_rules rules;
    struct err err = {0};

    (void)state;
    buf_addz(&many, "{\"rules\": [");
    for (int i = 0; i <= RETENTION_RULES_MAX; i++)
        buf_addz(&many, i ? ",{\"keep_days\": 1}" : "{\"keep_days\": 1}");
    buf_addz(&many, "]}");
    buf_addc(&many, '\0');
    assert_int_equal(read_rules(mem, many.ptr, true, &rules, &err), ERR_UNPROCESSABLE);
    assert_string_equal(err.msg, "21 rules are too many; at most 20 are allowed");
    buf_addz(&large, "{\"rules\": [{\"keep_days\": 1, \"versions\": [");
    for (int i = 0; i < RETENTION_PATTERNS_MAX; i++)
        buf_addf(&large, "%s\"%0120d\"", i ? "," : "", i);
    buf_addz(&large, "]}]}");
    buf_addc(&large, '\0');
    assert_int_equal(read_rules(mem, large.ptr, true, &rules, &err), ERR_UNPROCESSABLE);
    assert_string_equal(err.msg, "rule 1: it exceeds 4096 bytes");
}

static void patterns_fit_whole_names(void **state)
{
    static const struct {
        const char *pattern, *name;
        bool fits;
    } cases[] = {
        {"dev", "dev", true},
        {"dev", "devel", false},
        {"dev", "a-dev", false},
        {"dev*", "devel", true},
        {"*dev", "a-dev", true},
        {"*", "", true},
        {"", "", true},
        {"", "a", false},
        {"a*b*c", "abc", true},
        {"a*b*c", "aXbYbZc", true},
        {"a*b*c", "aXbYbZ", false},
        {"*.dev*", "1.0.dev3", true},
        {"*.dev*", "1.0", false},
        {"**", "x", true},
        {"a*a", "a", false},
        {"1.0", "1.0.0", false},
        {"?", "a", false},
        {"*ab*ab", "abab", true},
        {"*ab*ab", "ab", false},
        {"2024.*", "2024.1", true},
        {"2024.*", "2024", false},
        {"*a*a*a*b", "aaaaaa", false},
    };
    struct str items[] = {S("x"), S("dev*")};
    const struct json_strs some = {items, 2}, none = {NULL, 0};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (retention_matches(str_of(cases[i].pattern), str_of(cases[i].name)) != cases[i].fits) {
            print_error("\"%s\" and \"%s\"\n", cases[i].pattern, cases[i].name);
            assert_true(false);
        }
    assert_true(retention_matches_any(&some, S("devel")));
    assert_false(retention_matches_any(&some, S("main")));
    assert_true(retention_matches_any(&none, S("main")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_a_rule_is_read_and_written_in_order),
        cmocka_unit_test(each_way_to_count_has_a_name),
        cmocka_unit_test(what_could_be_misread_is_refused),
        cmocka_unit_test(a_package_has_no_rules_for_others),
        cmocka_unit_test(rules_have_their_limits),
        cmocka_unit_test(patterns_fit_whole_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
