#include "unit.h"

#include "base/buf.h"
#include "base/limits.h"
#include "format/yaml.h"

static int open_arena(void **state)
{
    *state = arena_open(256 * MIB);
    return *state ? 0 : -1;
}

static int close_arena(void **state)
{
    arena_close(*state);
    return 0;
}

static const struct yaml *parsed(struct arena *mem, struct str text)
{
    const struct yaml *v = NULL;
    struct err err = {0};

    if (yaml_parse(mem, text, &v, &err))
        print_error("%s\n", err.msg);
    assert_int_equal(err.code, OK);
    return v;
}

static void scalars_lists_and_maps_are_read(void **state)
{
    const struct yaml *v = parsed(*state, S("# c\n"
                                            "name: x y\n"
                                            "version: 3.10\n"
                                            "quoted: '3.10'\n"
                                            "none: ~\n"
                                            "empty:\n"
                                            "list: [a, \"b\\n\", {c: d}]\n"
                                            "block: |\n"
                                            "  one\n"
                                            "  two\n"));
    const struct yaml *list = yaml_get(v, "list");

    assert_int_equal(v->type, YAML_MAP);
    assert_int_equal(v->count, 7);
    assert_int_equal(v->line, 2);
    assert_str(v->members[0].key, "name");
    assert_str(yaml_str(yaml_get(v, "name")), "x y");
    assert_str(yaml_str(yaml_get(v, "version")), "3.10");
    assert_true(yaml_get(v, "version")->plain);
    assert_false(yaml_get(v, "quoted")->plain);
    assert_int_equal(yaml_get(v, "quoted")->line, 4);
    assert_true(yaml_is_null(yaml_get(v, "none")));
    assert_true(yaml_is_null(yaml_get(v, "empty")));
    assert_null(yaml_str(yaml_get(v, "empty")).ptr);
    assert_true(yaml_is_null(yaml_get(v, "absent")));
    assert_int_equal(list->type, YAML_LIST);
    assert_int_equal(list->count, 3);
    assert_str(yaml_str(list->items[1]), "b\n");
    assert_str(yaml_str(yaml_get(list->items[2], "c")), "d");
    assert_null(yaml_get(list, "c"));
    assert_null(yaml_get(NULL, "c"));
    assert_str(yaml_str(yaml_get(v, "block")), "one\ntwo\n");
    assert_string_equal(yaml_type_name(list), "a list");
    assert_string_equal(yaml_type_name(v), "a map");
    assert_string_equal(yaml_type_name(yaml_get(v, "none")), "null");
    assert_string_equal(yaml_type_name(yaml_get(v, "name")), "a text");
}

static void only_plain_words_are_null(void **state)
{
    static const struct {
        const char *text;
        bool null;
    } cases[] = {
        {"null", true},  {"Null", true},    {"NULL", true},  {"~", true},   {"", true},
        {"nULL", false}, {"'null'", false}, {"\"\"", false}, {"[]", false},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(yaml_is_null(parsed(*state, str_of(cases[i].text))), cases[i].null);
}

static void empty_documents_are_null(void **state)
{
    const char *const texts[] = {"", "\n", "# only a comment\n", "---\n", "\xef\xbb\xbf"};

    for (size_t i = 0; i < COUNT(texts); i++)
        assert_true(yaml_is_null(parsed(*state, str_of(texts[i]))));
}

static void aliases_stand_for_their_anchor(void **state)
{
    const struct yaml *v =
        parsed(*state, S("a: &x [1, 2]\nb: *x\nc: &y z\nd: *y\ne: &x q\nf: *x\n*y : k\n"));

    assert_ptr_equal(yaml_get(v, "a"), yaml_get(v, "b"));
    assert_str(yaml_str(yaml_get(v, "d")), "z");
    assert_str(yaml_str(yaml_get(v, "f")), "q");
    assert_str(yaml_str(yaml_get(v, "z")), "k");
}

static void what_makes_yaml_dangerous_is_refused(void **state)
{
    static const struct {
        const char *text, *msg;
    } bad[] = {
        {"a: 1\nb: !!python/object/apply:os.system [x]\n",
         "line 2: the tag \"tag:yaml.org,2002:python/object/apply:os.system\" is not allowed"},
        {"a: !local 1", "line 1: the tag \"!local\" is not allowed"},
        {"!!map {}", "line 1: the tag \"tag:yaml.org,2002:map\" is not allowed"},
        {"a: *x", "line 1: the alias \"*x\" has no anchor before it"},
        {"a: &x [*x]", "line 1: the alias \"*x\" has no anchor before it"},
        {"a: &x {b: c}\nd:\n  <<: *x\n", "line 3: merge keys (<<) are not allowed"},
        {"a: 1\nb: 2\na: 3\n", "line 3: the key \"a\" stands twice (line 1)"},
        {"a: 1\n'a': 3\n", "line 2: the key \"a\" stands twice (line 1)"},
        {"[a]: b", "line 1: a key is a list, not a text"},
        {"{a: b}: c", "line 1: a key is a map, not a text"},
        {"a\n---\nb\n", "line 2: a second document begins"},
        {"a: b\n\tc: d\n",
         "line 2: not valid YAML: found a tab character that violates indentation"},
        {"a: [1", "line 2: not valid YAML: did not find expected ',' or ']'"},
        {"a: \"", "line 1: not valid YAML: found unexpected end of stream"},
        {"\xff", "the text is not UTF-8"},
        {"a: \x01", "line 1: not valid YAML: control characters are not allowed"},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "line 1: nested deeper than 32 levels"},
    };

    for (size_t i = 0; i < COUNT(bad); i++) {
        const struct yaml *v = NULL;
        struct err err = {0};

        assert_int_not_equal(yaml_parse(*state, str_of(bad[i].text), &v, &err), OK);
        assert_string_equal(err.msg, bad[i].msg);
        assert_null(v);
    }
}

/* Each line stands for nine times the one before. */
static void small_text_cannot_stand_for_a_large_one(void **state)
{
    AUTO(buf_done) struct buf text = BUF_INIT(MIB);
    const struct yaml *v = NULL;
    struct err err = {0};

    buf_addz(&text, "a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (char c = 'b'; c <= 'z'; c++) {
        buf_addf(&text, "%c: &%c [", c, c);
        for (int i = 0; i < 9; i++)
            buf_addf(&text, "%s*%c", i ? ", " : "", c - 1);
        buf_addz(&text, "]\n");
    }
    assert_int_equal(yaml_parse(*state, buf_str(&text), &v, &err), ERR_TOO_BIG);
    assert_string_equal(err.msg, "line 7: the document amounts to more than 1000000 values");

    buf_clear(&text);
    for (int i = 0; i <= 1000; i++)
        buf_addf(&text, "- &a%d x\n", i);
    assert_int_equal(yaml_parse(*state, buf_str(&text), &v, &err), ERR_TOO_BIG);
    assert_string_equal(err.msg, "line 1001: more than 1000 anchors");
}

static void lists_and_maps_may_be_long(void **state)
{
    AUTO(buf_done) struct buf text = BUF_INIT(16 * MIB);
    const struct yaml *v;

    for (int i = 0; i < 20000; i++)
        buf_addf(&text, "k%d: [v%d]\n", i, i);
    v = parsed(*state, buf_str(&text));
    assert_int_equal(v->count, 20000);
    assert_str(yaml_str(yaml_get(v, "k19999")->items[0]), "v19999");
}

static void lack_of_memory_is_told(void **state)
{
    (void)state;
    for (size_t cap = 64; cap < 64 * KIB; cap += 64) {
        AUTO(arena_closep) struct arena *mem = arena_open(cap);
        const struct yaml *v = NULL;
        enum err_code code = yaml_parse(mem, S("a: &x [1, {b: c}]\nd: *x\n"), &v, NULL);

        assert_true(code == OK || code == ERR_NOMEM);
        if (code == OK)
            return;
    }
    assert_true(false); /* never enough */
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(scalars_lists_and_maps_are_read),
        WITH_ARENA(only_plain_words_are_null),
        WITH_ARENA(empty_documents_are_null),
        WITH_ARENA(aliases_stand_for_their_anchor),
        WITH_ARENA(what_makes_yaml_dangerous_is_refused),
        WITH_ARENA(small_text_cannot_stand_for_a_large_one),
        WITH_ARENA(lists_and_maps_may_be_long),
        cmocka_unit_test(lack_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
