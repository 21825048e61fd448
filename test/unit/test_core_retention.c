/* The rules of accounts and packages, and what they would let go. */
#include "core_fixture.h"

#include "core/inspect.h"
#include "core/retention.h"
#include "format/json.h"

#define SPEC(name_, version_)                                                                      \
    ((struct core_spec){.name = (name_), .version = (version_), .build = "0", .subdir = "noarch"})

static const struct retention_place account = {{"alice", 5}, {"", 0}};
static const struct retention_place x_package = {{"alice", 5}, {"x", 1}};

static enum err_code set(struct core *f, const struct actor *who, const struct retention_place *at,
                         const char *rules)
{
    AUTO(json_decrefp) json_t *object = NULL;

    if (rules)
        assert_int_equal(json_parse(str_fmt(f->mem, "{\"rules\":[%s]}", rules), &object, &f->err),
                         OK);
    return retention_set(&f->app, f->mem, who, at, object, &f->err);
}

static struct retention_state state_of(struct core *f, const struct retention_place *at)
{
    struct retention_state s;

    must(f, retention_state(&f->app, f->mem, at, &s, &f->err));
    return s;
}

/* "x 1.0 rule, x 2.0 newest": what is decided, in the order of the packages. */
static struct str preview(struct core *f, const struct retention_place *at, const char *rules)
{
    AUTO(json_decrefp) json_t *object = NULL;
    struct retention_page page;
    struct str text = S("");

    if (rules)
        assert_int_equal(json_parse(str_fmt(f->mem, "{\"rules\":[%s]}", rules), &object, &f->err),
                         OK);
    must(f, retention_preview(&f->app, f->mem, at, object, S(""), &page, &f->err));
    assert_str(page.next, "");
    for (size_t i = 0; i < page.count; i++)
        for (size_t k = 0; k < page.packages[i].count; k++)
            text = str_fmt(f->mem, STR_FMT "%s" STR_FMT " " STR_FMT " %s", STR_ARG(text),
                           text.len ? ", " : "", STR_ARG(page.packages[i].name),
                           STR_ARG(page.packages[i].files[k].row->version),
                           retention_why_name(page.packages[i].verdicts[k].why));
    return text;
}

static void make_files(struct core *f, const struct actor *alice)
{
    static const char *const names[] = {"x", "x", "y", "y"}, *const versions[] = {"1.0", "2.0"};

    for (size_t i = 0; i < COUNT(names); i++) {
        struct core_spec spec = SPEC(names[i], versions[i % 2]);

        (void)core_publish(f, alice, &spec);
    }
}

/* Adds copies of the first file, with names of their own. */
static void copy_file(struct core *f, int count)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_WRITE);
    struct file_row row;
    int64_t id;

    must(f, file_find_in_release(tx, f->mem, 1, S("noarch/x-1.0-0.tar.bz2"), &row, &f->err));
    for (int i = 0; i < count; i++) {
        row.basename = str_fmt(f->mem, "noarch/copy-%d", i);
        row.name_key = row.basename;
        row.uploaded_ms = 0;
        must(f, file_insert(tx, &row, &id, &f->err));
    }
    must(f, tx_commit(&tx, &f->err));
}

static void rules_are_set_shown_and_cleared(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct package_row package;

    must(f, package_create(&f->app, f->mem, &alice, S("alice"), S("x"), S(""), NULL, &package,
                           &f->err));
    CORE_CHANGE(f, "DELETE FROM audit");
    assert_str(state_of(f, &account).rules, "");
    assert_false(state_of(f, &account).has_run);
    must(f, set(f, &alice, &account, "{\"keep_days\": 7}"));
    must(f, set(f, &alice, &account, "{\"keep_days\": 7}")); /* no news */
    assert_str(state_of(f, &account).rules, "{\"rules\":[{\"keep_days\":7,\"per\":\"package\"}]}");
    assert_str(state_of(f, &x_package).rules,
               "{\"rules\":[{\"keep_days\":7,\"per\":\"package\"}]}");
    assert_true(state_of(f, &x_package).inherited);
    must(f, set(f, &alice, &x_package, ""));
    assert_str(state_of(f, &x_package).rules, "{\"rules\":[]}");
    assert_false(state_of(f, &x_package).inherited);
    must(f, set(f, &alice, &x_package, NULL));
    assert_true(state_of(f, &x_package).inherited);
    must(f, set(f, &alice, &account, NULL));
    assert_str(state_of(f, &account).rules, "");
    assert_false(state_of(f, &x_package).inherited);
    assert_str(
        CORE_TEXT(f, "SELECT action || ' ' || object || ' ' || detail FROM audit ORDER BY id"),
        "retention.set alice {\"rules\":[{\"keep_days\":7,\"per\":\"package\"}]}, "
        "retention.set alice/x {\"rules\":[]}, retention.clear alice/x , "
        "retention.clear alice ");
}

static void what_is_wrong_is_refused(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct retention_place nobody = {S("nobody"), S("")};
    struct str before = core_rows(f);

    must_fail(f, set(f, &alice, &account, "{\"keep_newest\": 0}"), ERR_UNPROCESSABLE, "rule 1: ");
    must_fail(f, set(f, &alice, &x_package, "{\"keep_days\": 7}"), ERR_NOT_FOUND,
              "there is no package \"alice/x\"");
    must_fail(f, set(f, &alice, &nobody, "{\"keep_days\": 7}"), ERR_NOT_FOUND, "nobody");
    assert_true(str_eq(core_rows(f), before));
}

static void a_preview_tells_all_and_changes_nothing(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct str before;

    make_files(f, &alice);
    assert_str(preview(f, &account, NULL), ""); /* no rules */
    must(f, set(f, &alice, &account, "{\"keep_newest\": 1}"));
    must(f, set(f, &alice, &x_package, ""));
    before = core_rows(f);
    assert_str(preview(f, &account, NULL),
               "x 1.0 no-rule, x 2.0 no-rule, y 1.0 rule, y 2.0 newest");
    assert_str(preview(f, &x_package, NULL), "x 1.0 no-rule, x 2.0 no-rule");
    /* Rules that are tried: the account's do not hold for what has its own. */
    assert_str(preview(f, &account, "{\"keep_days\": 9}"),
               "x 1.0 no-rule, x 2.0 no-rule, y 1.0 days, y 2.0 days");
    assert_str(preview(f, &x_package, "{\"keep_newest\": 1}"), "x 1.0 rule, x 2.0 newest");
    assert_str(preview(f, &account, ""), "x 1.0 no-rule, x 2.0 no-rule, y 1.0 no-rule, "
                                         "y 2.0 no-rule");
    assert_true(str_eq(core_rows(f), before));
}

static void labels_are_those_of_the_file(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    make_files(f, &alice);
    assert_str(preview(f, &x_package, "{\"keep_newest\": 1, \"labels\": [\"dev\"]}"),
               "x 1.0 no-rule, x 2.0 no-rule");
    assert_str(preview(f, &x_package, "{\"keep_newest\": 1, \"labels\": [\"main\"]}"),
               "x 1.0 rule, x 2.0 newest");
    CORE_CHANGE(f, "UPDATE label SET locked = 1");
    assert_str(preview(f, &x_package, "{\"keep_newest\": 1, \"labels\": [\"main\"]}"),
               "x 1.0 locked, x 2.0 newest");
}

static void pages_end_with_whole_packages(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct retention_page page;

    make_files(f, &alice);
    must(f, set(f, &alice, &account, "{\"keep_newest\": 1}"));
    must(f, retention_preview(&f->app, f->mem, &account, NULL, S("x"), &page, &f->err));
    assert_int_equal(page.count, 1);
    assert_str(page.packages[0].name, "y");
    must(f, retention_preview(&f->app, f->mem, &account, NULL, S("y"), &page, &f->err));
    assert_int_equal(page.count, 0);
    copy_file(f, RETENTION_PAGE_FILES);
    must(f, retention_preview(&f->app, f->mem, &account, NULL, S(""), &page, &f->err));
    assert_int_equal(page.count, 1);
    assert_int_equal(page.packages[0].count, RETENTION_PAGE_FILES + 2);
    assert_str(page.next, "x");
}

static void what_cannot_be_decided_is_told(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct retention_page page;

    make_files(f, &alice);
    must(f, set(f, &alice, &account, "{\"keep_newest\": 1}"));
    CORE_CHANGE(f, "UPDATE file SET record = '[' WHERE id = 3");
    must_fail(f, retention_preview(&f->app, f->mem, &account, NULL, S(""), &page, &f->err),
              ERR_CONFLICT, "\"noarch/y-1.0-0.tar.bz2\" cannot be compared");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(rules_are_set_shown_and_cleared),
        WITH_CORE(what_is_wrong_is_refused),
        WITH_INSPECTOR(a_preview_tells_all_and_changes_nothing),
        WITH_INSPECTOR(labels_are_those_of_the_file),
        WITH_INSPECTOR(pages_end_with_whole_packages),
        WITH_INSPECTOR(what_cannot_be_decided_is_told),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
