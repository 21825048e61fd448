#include "unit.h"

#include "base/limits.h"
#include "format/pypi_name.h"

static void good_names_pass(void **state)
{
    static const char *const good[] = {"a", "9", "requests", "zope.interface", "Foo__Bar", "a-_.b"};

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_int_equal(pypi_check_name(str_of(good[i]), NULL), OK);
}

static void bad_names_are_refused_with_the_rule(void **state)
{
    static const struct {
        const char *name, *why;
    } bad[] = {
        {"", "the project name is empty"},
        {"-a", "project name \"-a\" does not begin and end with a letter or a digit"},
        {"a.", "does not begin and end with a letter or a digit"},
        {"a b", "has a character other than A-Z, a-z, 0-9, \".\", \"_\" and \"-\""},
        {"a/b", "has a character other than"},
        {"na\xc3\xafve", "has a character other than"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct err err = {0};

        assert_int_equal(pypi_check_name(str_of(bad[i].name), &err), ERR_INVALID);
        assert_non_null(strstr(err.msg, bad[i].why));
    }
}

static void long_names_are_refused(void **state)
{
    char name[LIMIT_PYPI_NAME + 1];
    struct err err;

    (void)state;
    memset(name, 'a', sizeof(name));
    assert_int_equal(pypi_check_name((struct str){name, LIMIT_PYPI_NAME}, NULL), OK);
    assert_int_equal(pypi_check_name((struct str){name, sizeof(name)}, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "has 129 characters, more than 128"));
}

static void names_are_normalised(void **state)
{
    AUTO(arena_closep) struct arena *a = arena_open(KIB);

    (void)state;
    assert_str(pypi_normalise_name(a, S("Zope.Interface")), "zope-interface");
    assert_str(pypi_normalise_name(a, S("a-_.B__c")), "a-b-c");
    assert_str(pypi_normalise_name(a, S("")), "");
}

static void names_are_compared_in_their_normal_spelling(void **state)
{
    (void)state;
    assert_true(pypi_same_name(S("Foo.Bar"), S("foo_-bar")));
    assert_true(pypi_same_name(S(""), S("")));
    assert_false(pypi_same_name(S("foobar"), S("foo-bar")));
    assert_false(pypi_same_name(S("foo"), S("foo-")));
    assert_false(pypi_same_name(S("foo"), S("fo")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_names_pass),
        cmocka_unit_test(bad_names_are_refused_with_the_rule),
        cmocka_unit_test(long_names_are_refused),
        cmocka_unit_test(names_are_normalised),
        cmocka_unit_test(names_are_compared_in_their_normal_spelling),
    };

    return cmocka_run_group_tests_name("pypi_name", tests, NULL, NULL);
}
