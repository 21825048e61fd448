#include "core_fixture.h"

#include "base/limits.h"
#include "core/kind.h"
#include "core/scope.h"

static void each_kind_is_found_by_its_name_alone(void **state)
{
    struct core *f = *state;
    static const char *const names[] = {"conda", "env",     "file", "installer",
                                        "ipynb", "project", "pypi", "r"};
    const struct kind *k = NULL;

    for (size_t i = 0; i < COUNT(names); i++) {
        must(f, kind_require(str_of(names[i]), &k, &f->err));
        assert_str(k->name, names[i]);
    }
    assert_null(kind_find(S("")));
    assert_null(kind_find(S("Conda")));
    must_fail(f, kind_require(S("exe"), &k, &f->err), ERR_INVALID,
              "files of type \"exe\" are not accepted; these are: conda, ");
}

static void names_of_packages_and_versions_are_plain_words(void **state)
{
    struct core *f = *state;
    static const char *const good[] = {"x",   "R6",       "ruamel.yaml", "test_package34",
                                       "a+b", "__init__", "x-y"};
    static const char *const bad[] = {"",    "-x",  "x-",  ".x", "x.",       "a b", "a/b",
                                      "a\\", "%41", "a!b", "..", "\xc3\xa4", "a\nb"};
    char run[LIMIT_PACKAGE + 2];

    for (size_t i = 0; i < COUNT(good); i++) {
        must(f, kind_check_package(str_of(good[i]), &f->err));
        must(f, kind_check_version(str_of(good[i]), &f->err));
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        must_fail(f, kind_check_package(str_of(bad[i]), &f->err), ERR_INVALID, "package name \"");
    must(f, kind_check_version(S("1!2.0+cu118"), &f->err));
    must_fail(f, kind_check_version(S("1!"), &f->err), ERR_INVALID, "version \"1!\"");
    memset(run, 'x', sizeof run);
    must(f, kind_check_package((struct str){run, LIMIT_PACKAGE}, &f->err));
    must_fail(f, kind_check_package((struct str){run, LIMIT_PACKAGE + 1}, &f->err), ERR_INVALID,
              "at most 128");
}

static void file_names_hold_nothing_that_means_something_else(void **state)
{
    struct core *f = *state;
    static const char *const good[] = {"notes.txt", "My report (1).pdf", "\xc3\xa4.csv", "x,y;z=1"};
    static const char *const bad[] = {"",     ".profile", "..",   "a/b",   "a\\b",
                                      "a%41", "a#b",      "a?b",  "a\"b",  " a",
                                      "a ",   "a\tb",     "\xff", "a\x7f", "a\nb"};

    for (size_t i = 0; i < COUNT(good); i++)
        must(f, kind_check_filename(str_of(good[i]), &f->err));
    for (size_t i = 0; i < COUNT(bad); i++)
        must_fail(f, kind_check_filename(str_of(bad[i]), &f->err), ERR_INVALID, "file name \"");
    must_fail(f, kind_check_filename((struct str){"a\0b", 3}, &f->err), ERR_INVALID, "file name");
}

static void of_what_a_child_says_known_keys_are_kept(void **state)
{
    struct core *f = *state;
    static const struct kind_key keys[] = {
        {"a", JSON_STRING}, {"n", JSON_INTEGER}, {"x", JSON_TRUE}};
    struct str record = S("old");
    struct str big = (struct str){arena_alloc(f->mem, 256 * KIB + 1, 1), 256 * KIB + 1};

    must(f, kind_record(f->mem, S("{\"n\": 1, \"a\": \"b\", \"x\": false, \"secret\": 1}"), keys,
                        COUNT(keys), &record, &f->err));
    assert_str(record, "{\"a\":\"b\",\"n\":1}");
    must(f,
         kind_record(f->mem, S("{\"n\": \"1\", \"a\": 1}"), keys, COUNT(keys), &record, &f->err));
    assert_str(record, "{}");
    must_fail(f, kind_record(f->mem, S("[]"), keys, COUNT(keys), &record, &f->err), ERR_INVALID,
              "is not an object");
    must_fail(f, kind_record(f->mem, big, keys, COUNT(keys), &record, &f->err), ERR_TOO_BIG,
              "the limit is 262144");
}

static void a_token_publishes_the_kinds_that_its_scopes_name(void **state)
{
    struct core *f = *state;
    static const struct {
        const char *scopes, *kind;
        bool may;
    } cases[] = {
        {"", "file", true},
        {"all", "conda", true},
        {"api:write", "ipynb", true},
        {"conda:upload", "conda", true},
        {"conda:upload", "file", false},
        {"files:upload", "env", true},
        {"files:upload", "conda", false},
        {"pypi:upload", "pypi", true},
        {"pypi", "pypi", true},
        {"conda:upload", "pypi", false},
        {"files:upload", "pypi", false},
        {"api:read", "file", false},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct actor actor = {.scopes = str_of(cases[i].scopes), .token_name = S("ci")};
        const struct kind *k = kind_find(str_of(cases[i].kind));

        if (cases[i].may)
            must(f, kind_check_scope(k, &actor, &f->err));
        else
            must_fail(f, kind_check_scope(k, &actor, &f->err), ERR_DENIED,
                      "the token \"ci\" has the scopes ");
    }
}

static void a_kind_that_is_not_read_has_no_reader(void **state)
{
    struct core *f = *state;
    struct inspected out = {0};

    must_fail(f, kind_read(f->mem, -1, 0, S("file"), S("x"), &out, &f->err), ERR_INVALID,
              "are not read");
    must_fail(f, kind_read(f->mem, -1, 0, S("exe"), S("x"), &out, &f->err), ERR_INVALID,
              "are not read");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(each_kind_is_found_by_its_name_alone),
        WITH_CORE(names_of_packages_and_versions_are_plain_words),
        WITH_CORE(file_names_hold_nothing_that_means_something_else),
        WITH_CORE(of_what_a_child_says_known_keys_are_kept),
        WITH_CORE(a_token_publishes_the_kinds_that_its_scopes_name),
        WITH_CORE(a_kind_that_is_not_read_has_no_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
