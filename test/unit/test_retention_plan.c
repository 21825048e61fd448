/* Which files rules let go: by the order of versions, never by date; and what stays whatever they
 * say. */
#include "unit.h"

#include "base/limits.h"
#include "core/retention_plan.h"

#define DAY INT64_C(86400000)
#define NOW (1000 * DAY)

/* A package of files: what is said of each, and what becomes of it. */
struct case_file {
    const char *version, *subdir, *build;
    int number; /* of the build */
    int days;   /* since it was uploaded */
    const char *labels;
    const char *why; /* "rule", "newest" ...: expected */
    const char *type;
};

static struct retention_rules rules_of(struct arena *mem, const char *text)
{
    AUTO(json_decrefp) json_t *object = NULL;
    struct retention_rules rules;
    struct err err = {0};
    struct str whole = str_fmt(mem, "{\"rules\":[%s]}", text);

    assert_int_equal(json_parse(whole, &object, &err), OK);
    if (retention_rules_read(mem, object, true, &rules, &err))
        print_error("%s: %s\n", text, err.msg);
    assert_int_equal(err.code, OK);
    return rules;
}

/* "main dev!": labels, "!" marks those that are locked. */
static void read_labels(struct arena *mem, const char *text, struct retention_file *f)
{
    struct label_row *labels = arena_array(mem, struct label_row, 4);
    struct str rest = str_of(text), word;

    f->labels = labels;
    while (rest.len && str_next(&rest, ' ', &word)) {
        bool locked = str_ends(word, S("!"));

        labels[f->label_count++] =
            (struct label_row){.name = str_sub(word, 0, word.len - locked), .locked = locked};
    }
}

static struct file_row *row_of(struct arena *mem, const struct case_file *c, size_t i)
{
    struct file_row *row = arena_new(mem, struct file_row);
    bool is_conda = !c->type;

    *row = (struct file_row){
        .id = (int64_t)i,
        .type = is_conda ? S("conda") : str_of(c->type),
        .version = str_of(c->version),
        .subdir = str_of(c->subdir),
        .filename = str_fmt(mem, "x-%s-%s.conda", c->version, c->build),
        .basename = str_fmt(mem, "%s/x-%s-%s.conda", c->subdir, c->version, c->build),
        .record = is_conda
                      ? str_fmt(mem, "{\"build\":\"%s\",\"build_number\":%d}", c->build, c->number)
                      : S(""),
        .uploaded_ms = NOW - c->days * DAY,
    };
    return row;
}

static void check(const char *rules, const struct case_file *cases, size_t count)
{
    AUTO(arena_closep) struct arena *mem = arena_open(4 * MIB);
    const struct retention_rules read = rules_of(mem, rules);
    struct retention_file *files = arena_array(mem, struct retention_file, count);
    struct retention_verdict *verdicts = arena_array(mem, struct retention_verdict, count);
    struct err err = {0};

    for (size_t i = 0; i < count; i++) {
        files[i].row = row_of(mem, &cases[i], i);
        read_labels(mem, cases[i].labels ? cases[i].labels : "main", &files[i]);
    }
    if (retention_plan(mem, &read, S("x"), files, count, NOW, verdicts, &err))
        print_error("%s\n", err.msg);
    assert_int_equal(err.code, OK);
    for (size_t i = 0; i < count; i++) {
        const char *why = retention_why_name(verdicts[i].why);
        bool of_rule = verdicts[i].why == WHY_RULE || verdicts[i].why == WHY_NEWEST ||
                       verdicts[i].why == WHY_DAYS;

        if (strcmp(why, cases[i].why) != 0)
            print_error("%s: file %zu (%s): is %s, should be %s\n", rules, i, cases[i].version, why,
                        cases[i].why);
        assert_string_equal(why, cases[i].why);
        assert_int_equal(verdicts[i].rule != NULL, of_rule);
    }
}
#define CHECK(rules, ...)                                                                          \
    do {                                                                                           \
        const struct case_file cases_[] = {__VA_ARGS__};                                           \
        check((rules), cases_, COUNT(cases_));                                                     \
    } while (0)

static void the_newest_are_those_of_the_highest_versions(void **state)
{
    (void)state;
    /* 1.10 is newer than 1.9, whenever either came; equal versions count once. */
    CHECK("{\"keep_newest\":2}", {"1.9", "noarch", "0", 0, 1, NULL, "newest", NULL},
          {"1.10", "noarch", "0", 0, 90, NULL, "newest", NULL},
          {"1.10.0", "noarch", "1", 1, 90, NULL, "newest", NULL},
          {"1.2", "noarch", "0", 0, 0, NULL, "rule", NULL},
          {"1.8.dev1", "noarch", "0", 0, 0, NULL, "rule", NULL});
    CHECK("{\"keep_newest\":5}", {"1.0", "noarch", "0", 0, 999, NULL, "newest", NULL});
}

static void days_are_those_since_the_upload(void **state)
{
    (void)state;
    CHECK("{\"keep_days\":30}", {"1.0", "noarch", "0", 0, 31, NULL, "rule", NULL},
          {"1.1", "noarch", "0", 0, 30, NULL, "rule", NULL},
          {"1.2", "noarch", "0", 0, 29, NULL, "days", NULL},
          {"2.0", "noarch", "0", 0, 500, NULL, "last", NULL});
}

static void with_both_a_file_goes_only_if_both_say_so(void **state)
{
    (void)state;
    CHECK("{\"keep_days\":30,\"keep_newest\":1}", {"1.0", "noarch", "0", 0, 90, NULL, "rule", NULL},
          {"1.1", "noarch", "0", 0, 10, NULL, "days", NULL},
          {"1.2", "noarch", "0", 0, 90, NULL, "newest", NULL});
}

static void the_newest_are_counted_within_what_the_rule_says(void **state)
{
    (void)state;
    /* In linux the newest version is 1.0: it is kept there, too. */
    CHECK("{\"keep_newest\":1,\"per\":\"subdir\"}",
          {"1.0", "linux-64", "0", 0, 90, NULL, "newest", NULL},
          {"1.0", "noarch", "0", 0, 90, NULL, "rule", NULL},
          {"2.0", "noarch", "0", 0, 90, NULL, "newest", NULL});
    CHECK("{\"keep_newest\":1,\"per\":\"subdir+build\"}",
          {"1.0", "noarch", "py310h0000001_0", 0, 90, NULL, "newest", NULL},
          {"1.0", "noarch", "py311h0000002_0", 0, 90, NULL, "rule", NULL},
          {"2.0", "noarch", "py311h0000002_0", 0, 90, NULL, "newest", NULL});
    /* Rebuilds: of the same version, subdir and variant. */
    CHECK("{\"keep_newest\":1,\"per\":\"release\"}",
          {"1.0", "noarch", "py310h0000001_0", 0, 90, NULL, "rule", NULL},
          {"1.0", "noarch", "py310h0000001_1", 1, 90, NULL, "newest", NULL},
          {"1.0", "noarch", "py311h0000002_0", 0, 90, NULL, "newest", NULL},
          {"1.0", "linux-64", "py310h0000001_0", 0, 90, NULL, "newest", NULL},
          {"2.0", "noarch", "0", 0, 90, NULL, "rule", NULL},
          {"2.0", "noarch", "10", 10, 90, NULL, "newest", NULL},
          {"2.0", "noarch", "9", 9, 0, NULL, "rule", NULL});
}

static void rules_are_for_the_files_that_fit_their_names(void **state)
{
    (void)state;
    /* What also carries another label is not for the rule of one. */
    CHECK("{\"keep_newest\":1,\"labels\":[\"dev\",\"night*\"]}",
          {"1.0", "noarch", "0", 0, 90, "dev", "rule", NULL},
          {"1.1", "noarch", "0", 0, 90, "dev main", "no-rule", NULL},
          {"1.2", "noarch", "0", 0, 90, "dev nightly", "newest", NULL},
          {"1.3", "noarch", "0", 0, 90, "main", "no-rule", NULL},
          {"0.9", "noarch", "0", 0, 90, "", "no-rule", NULL});
    CHECK("{\"keep_days\":7,\"versions\":[\"*.dev*\"]}",
          {"1.0.dev1", "noarch", "0", 0, 8, NULL, "rule", NULL},
          {"1.0.dev2", "noarch", "0", 0, 6, NULL, "days", NULL},
          {"1.0", "noarch", "0", 0, 90, NULL, "no-rule", NULL});
    CHECK("{\"keep_newest\":1,\"packages\":[\"y*\"]}",
          {"1.0", "noarch", "0", 0, 90, NULL, "no-rule", NULL},
          {"2.0", "noarch", "0", 0, 90, NULL, "no-rule", NULL});
    CHECK("{\"keep_newest\":1,\"packages\":[\"y*\",\"x\"]}",
          {"1.0", "noarch", "0", 0, 90, NULL, "rule", NULL},
          {"2.0", "noarch", "0", 0, 90, NULL, "newest", NULL});
    CHECK("", {"1.0", "noarch", "0", 0, 90, NULL, "no-rule", NULL});
}

static void all_rules_for_a_file_must_let_it_go(void **state)
{
    (void)state;
    CHECK("{\"keep_newest\":1},{\"keep_days\":30,\"versions\":[\"1.*\"]}",
          {"0.9", "noarch", "0", 0, 1, NULL, "rule", NULL},
          {"1.0", "noarch", "0", 0, 90, NULL, "rule", NULL},
          {"1.1", "noarch", "0", 0, 1, NULL, "days", NULL},
          {"2.0", "noarch", "0", 0, 1, NULL, "newest", NULL});
    CHECK("{\"keep_days\":30,\"versions\":[\"1.*\"]},{\"keep_newest\":1}",
          {"1.0", "noarch", "0", 0, 90, NULL, "rule", NULL},
          {"1.1", "noarch", "0", 0, 1, NULL, "days", NULL},
          {"2.0", "noarch", "0", 0, 1, NULL, "newest", NULL});
}

static void what_has_a_locked_label_stays(void **state)
{
    (void)state;
    CHECK("{\"keep_newest\":1}", {"1.0", "noarch", "0", 0, 90, "main dev!", "locked", NULL},
          {"1.1", "noarch", "0", 0, 90, "main", "rule", NULL},
          {"1.2", "noarch", "0", 0, 90, "main", "newest", NULL});
}

static void the_newest_in_a_subdir_stays(void **state)
{
    (void)state;
    /* All builds that are the newest of their variant, however old. */
    CHECK("{\"keep_days\":1}", {"1.0", "linux-64", "py310_0", 0, 90, NULL, "rule", NULL},
          {"1.1", "linux-64", "py310_0", 0, 90, NULL, "rule", NULL},
          {"1.1", "linux-64", "py310_1", 1, 90, NULL, "last", NULL},
          {"1.1", "linux-64", "py311_0", 0, 90, NULL, "last", NULL},
          {"0.5", "win-64", "py310_0", 0, 90, NULL, "last", NULL});
    CHECK("{\"keep_days\":1,\"labels\":[\"dev\"]}",
          {"1.0", "noarch", "0", 0, 90, "dev", "rule", NULL},
          {"1.1", "noarch", "0", 0, 90, "main", "no-rule", NULL});
}

static void kinds_are_counted_apart(void **state)
{
    (void)state;
    CHECK("{\"keep_newest\":1}", {"1.0", "noarch", "0", 0, 90, NULL, "rule", NULL},
          {"2.0", "noarch", "0", 0, 90, NULL, "newest", NULL},
          {"1.0", "", "a", 0, 90, NULL, "newest", "pypi"},
          {"0.9", "", "a", 0, 90, NULL, "rule", "pypi"});
    /* Two files of a version are no rebuilds of each other. */
    CHECK("{\"keep_newest\":1,\"per\":\"release\"}",
          {"1.0", "", "a", 0, 90, NULL, "newest", "pypi"},
          {"1.0", "", "b", 0, 90, NULL, "newest", "pypi"});
}

static void what_cannot_be_read_lets_nothing_go(void **state)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    const struct retention_rules rules = rules_of(mem, "{\"keep_newest\":1}");
    const struct case_file cases[] = {{"1.0", "noarch", "0", 0, 9, NULL, "", NULL},
                                      {"2.0", "noarch", "0", 0, 9, NULL, "", NULL}};
    struct retention_file files[2] = {{.row = row_of(mem, &cases[0], 0)}};
    struct file_row *broken = row_of(mem, &cases[1], 1);
    struct retention_verdict verdicts[2];
    struct err err = {0};

    (void)state;
    broken->record = S("{\"build\":");
    files[1].row = broken;
    memset(verdicts, 0, sizeof verdicts);
    verdicts[0].why = verdicts[1].why = WHY_LAST;
    assert_int_equal(retention_plan(mem, &rules, S("x"), files, 2, NOW, verdicts, &err),
                     ERR_CONFLICT);
    assert_int_equal(strncmp(err.msg, "\"noarch/x-2.0-0.conda\" cannot be compared: ", 43), 0);
    assert_int_equal(verdicts[0].why, WHY_LAST);
    assert_int_equal(verdicts[1].why, WHY_LAST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_are_those_of_the_highest_versions),
        cmocka_unit_test(days_are_those_since_the_upload),
        cmocka_unit_test(with_both_a_file_goes_only_if_both_say_so),
        cmocka_unit_test(the_newest_are_counted_within_what_the_rule_says),
        cmocka_unit_test(rules_are_for_the_files_that_fit_their_names),
        cmocka_unit_test(all_rules_for_a_file_must_let_it_go),
        cmocka_unit_test(what_has_a_locked_label_stays),
        cmocka_unit_test(the_newest_in_a_subdir_stays),
        cmocka_unit_test(kinds_are_counted_apart),
        cmocka_unit_test(what_cannot_be_read_lets_nothing_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
