#include "unit.h"

#include "base/limits.h"
#include "format/pypi_filename.h"

static int enter(void **state)
{
    *state = arena_open(4 * MIB);
    return *state ? 0 : -1;
}

static int leave(void **state)
{
    arena_close(*state);
    return 0;
}

static struct pypi_filename parsed(struct arena *a, const char *name, const char *project)
{
    struct pypi_filename f = {0};
    struct err err = {0};

    if (pypi_filename_parse(a, str_of(name), str_of(project), &f, &err))
        print_error("%s\n", err.msg);
    assert_int_equal(err.code, OK);
    return f;
}

static void refused(struct arena *a, const char *name, const char *project, const char *why)
{
    struct pypi_filename f = {0};
    struct err err = {0};

    assert_int_equal(pypi_filename_parse(a, str_of(name), str_of(project), &f, &err), ERR_INVALID);
    if (!strstr(err.msg, why))
        print_error("%s: %s\n", name, err.msg);
    assert_non_null(strstr(err.msg, why));
    assert_null(f.name.ptr);
}

static void wheels_are_taken_apart(void **state)
{
    struct pypi_filename f =
        parsed(*state, "Zope.Interface-4.4.1-cp27-cp27mu-linux_x86_64.whl", "");

    assert_int_equal(f.kind, PYPI_WHEEL);
    assert_int_equal(f.packing, PYPI_ZIP);
    assert_str(f.name, "Zope.Interface");
    assert_str(f.version, "4.4.1");
    assert_str(f.build, "");
    assert_str(f.python, "cp27");
    assert_str(f.abi, "cp27mu");
    assert_str(f.platform, "linux_x86_64");
    f = parsed(*state, "a-1!2.0+cu121-1abc-py2.py3-none-any.whl", "A");
    assert_str(f.version, "1!2.0+cu121");
    assert_str(f.build, "1abc");
    assert_str(f.python, "py2.py3");
}

static void wheel_names_are_held_to_their_form(void **state)
{
    refused(*state, "badname-1.0.whl", "", "is not name-version[-build]-python-abi-platform.whl");
    refused(*state, "evil-1.0-1-2-3-py3-none-any.whl", "", "is not name-version[-build]");
    refused(*state, "Evil..Pkg-1.0-py3-none-any.whl", "", "than an escaped project name");
    refused(*state, "a__b-1.0-py3-none-any.whl", "", "than an escaped project name");
    refused(*state, "-1.0-py3-none-any.whl", "", "than an escaped project name");
    refused(*state, "_a-1.0-py3-none-any.whl", "", "project name \"_a\" does not begin and end");
    refused(*state, "a-2010i-py3-none-any.whl", "", "version \"2010i\" is not one");
    refused(*state, "a-1.0-x1-py3-none-any.whl", "", "build tag that does not begin with a digit");
    refused(*state, "a-1.0--py3-none-any.whl", "", "build tag that does not begin with a digit");
    refused(*state, "a-1.0-py3.-none-any.whl", "", "has a tag that is not letters");
    refused(*state, "a-1.0-py3-none-.whl", "", "has a tag that is not letters");
    refused(*state, "a-1.0-py3-no+ne-any.whl", "", "has a tag that is not letters");
    refused(*state, "b-1.0-py3-none-any.whl", "a", "is not that of project \"a\"");
}

static void source_distributions_of_all_packings_are_taken_apart(void **state)
{
    struct pypi_filename f = parsed(*state, "a-b.c-1.0.post1.tar.gz", "");

    assert_int_equal(f.kind, PYPI_SDIST);
    assert_int_equal(f.packing, PYPI_TAR_GZ);
    assert_str(f.name, "a-b.c");
    assert_str(f.version, "1.0.post1");
    assert_int_equal(parsed(*state, "a-1.zip", "").packing, PYPI_ZIP);
    assert_int_equal(parsed(*state, "a-1.tar.bz2", "").packing, PYPI_TAR_BZ2);
}

static void project_tells_where_a_version_begins(void **state)
{
    assert_str(parsed(*state, "a-1-2.tar.gz", "").name, "a-1");
    assert_str(parsed(*state, "a-1-2.tar.gz", "a").name, "a");
    assert_str(parsed(*state, "a-1-2.tar.gz", "a").version, "1-2");
    assert_str(parsed(*state, "a-1-2.tar.gz", "A_1").version, "2");
    assert_str(parsed(*state, "a-1.0-rc-1.zip", "a").version, "1.0-rc-1");
    refused(*state, "a-1-2.tar.gz", "b", "is not that of project \"b\"");
    refused(*state, "a.tar.gz", "", "is not name-version.tar.gz");
    refused(*state, "a-x.tar.gz", "a", "is not name-version.tar.gz");
    refused(*state, "a-1.0.linux-x86_64.zip", "", "is not name-version.tar.gz");
}

static void eggs_are_taken_apart(void **state)
{
    struct pypi_filename f = parsed(*state, "a_b-1.0_rc1-py2.7-linux-x86_64.egg", "a-b");

    assert_int_equal(f.kind, PYPI_EGG);
    assert_str(f.name, "a_b");
    assert_str(f.version, "1.0_rc1");
    assert_str(f.python, "py2.7");
    assert_str(f.platform, "linux-x86_64");
    assert_str(parsed(*state, "strawberry-0.6.egg", "").python, "");
    assert_str(parsed(*state, "a-1.0_1-py3.egg", "").python, "py3"); /* 1.0-1 */
    refused(*state, "strawberry.egg", "", "is not name-version[-python[-platform]].egg");
    refused(*state, "a-1.0-cp3.egg", "", "is not name-version[-python[-platform]].egg");
    refused(*state, "a-1.0-py.egg", "", "is not name-version[-python[-platform]].egg");
    refused(*state, "a-1.0-py3-.egg", "", "is not name-version[-python[-platform]].egg");
    refused(*state, "a-x-py3.egg", "", "version \"x\" is not one");
}

static void other_names_are_refused(void **state)
{
    char name[LIMIT_PYPI_FILENAME + 2] = {0};

    refused(*state, "a-1.0.win32.exe", "",
            "ends in none of .whl, .tar.gz, .zip, .tar.bz2 and .egg");
    refused(*state, "", "", "ends in none of");
    refused(*state, ".a-1.0.tar.gz", "", "begins with a dot");
    refused(*state, "../a-1.0.tar.gz", "", "has a character other than");
    refused(*state, "a-1.0\n.tar.gz", "", "has a character other than");
    refused(*state, "a-1.0%2e.tar.gz", "", "has a character other than");
    refused(*state, "\xc3\xa4-1.0.tar.gz", "", "has a character other than");
    memset(name, '1', sizeof(name) - 1);
    refused(*state, name, "", "has 241 characters, more than 240");
}

static void kinds_have_words(void **state)
{
    (void)state;
    assert_string_equal(pypi_packagetype(PYPI_WHEEL), "bdist_wheel");
    assert_string_equal(pypi_packagetype(PYPI_SDIST), "sdist");
    assert_string_equal(pypi_packagetype(PYPI_EGG), "bdist_egg");
}

static void every_lack_of_memory_is_told(void **state)
{
    static const char *const names[] = {"a-1.0-py3-none-any.whl", "a-1.tar.gz", "a-1.egg",
                                        "a-1_1-py3.egg"};
    size_t refusals = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        for (size_t room = 0; room < 1024; room += 16) {
            AUTO(arena_closep) struct arena *a = arena_open(room);
            struct pypi_filename f;
            enum err_code rc = pypi_filename_parse(a, str_of(names[i]), S(""), &f, NULL);

            assert_true(rc == OK || rc == ERR_NOMEM);
            refusals += rc == ERR_NOMEM;
        }
    assert_true(refusals >= COUNT(names));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wheels_are_taken_apart),
        cmocka_unit_test(wheel_names_are_held_to_their_form),
        cmocka_unit_test(source_distributions_of_all_packings_are_taken_apart),
        cmocka_unit_test(project_tells_where_a_version_begins),
        cmocka_unit_test(eggs_are_taken_apart),
        cmocka_unit_test(other_names_are_refused),
        cmocka_unit_test(kinds_have_words),
        cmocka_unit_test(every_lack_of_memory_is_told),
    };

    return cmocka_run_group_tests_name("pypi_filename", tests, enter, leave);
}
