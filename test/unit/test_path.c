#include "unit.h"

#include "base/buf.h"
#include "http/path.h"

static struct arena *mem;

static int open_mem(void **state)
{
    (void)state;
    mem = arena_open(64 * MIB);
    return mem ? 0 : -1;
}

static int close_mem(void **state)
{
    (void)state;
    arena_closep(&mem);
    return 0;
}

/* The segments joined with "|", a "/" at the end for a trailing slash, "?" and the query; or the
 * code of the failure. */
static struct str parsed(const char *target)
{
    struct path p;
    struct err err = {0};
    struct buf out = BUF_INIT(16 * KIB);
    struct str text;
    enum err_code code = path_parse(mem, str_of(target), &p, &err);

    if (code) {
        assert_int_equal(err.code, code);
        return str_of(err_slug(code));
    }
    for (size_t i = 0; i < p.count; i++) {
        if (i)
            buf_addc(&out, '|');
        buf_add(&out, p.seg[i]);
    }
    if (p.trailing_slash)
        buf_addc(&out, '/');
    if (p.query.len) {
        buf_addc(&out, '?');
        buf_add(&out, p.query);
    }
    text = str_dup(mem, buf_str(&out));
    buf_done(&out);
    return text;
}

static void path_is_cut_into_segments(void **state)
{
    (void)state;
    assert_str(parsed("/"), "/");
    assert_str(parsed("/?"), "/");
    assert_str(parsed("/a"), "a");
    assert_str(parsed("/a/b"), "a|b");
    assert_str(parsed("/a/b/"), "a|b/");
    assert_str(parsed("/a?b=/c?d"), "a?b=/c?d");
    assert_str(parsed("/?x"), "/?x");
}

static void absolute_form_means_its_path(void **state)
{
    (void)state;
    assert_str(parsed("http://host/a/b?c"), "a|b?c");
    assert_str(parsed("HTTPS://host:80/a"), "a");
    assert_str(parsed("http://host"), "/");
    assert_str(parsed("http://host?q"), "/?q");
    assert_str(parsed("http:///a"), "invalid");
    assert_str(parsed("ftp://host/a"), "invalid");
}

static void segments_are_decoded_once(void **state)
{
    (void)state;
    assert_str(parsed("/a%20b"), "a b");
    assert_str(parsed("/a+b%2Bc"), "a+b+c"); /* "+" is no blank in a path */
    assert_str(parsed("/%2525"), "%25");
    assert_str(parsed("/%252f"), "%2f");
    assert_str(parsed("/1%21%40:%2c=&$'()*;[]~"), "1!@:,=&$'()*;[]~");
    assert_str(parsed("/%c3%a4/\xc3\xa4"), "\xc3\xa4|\xc3\xa4");
}

static void malformed_escapes_are_refused(void **state)
{
    (void)state;
    assert_str(parsed("/%"), "invalid");
    assert_str(parsed("/%2"), "invalid");
    assert_str(parsed("/%zz"), "invalid");
    assert_str(parsed("/a%2/b"), "invalid");
}

static void separators_and_controls_cannot_be_hidden(void **state)
{
    (void)state;
    assert_str(parsed("/a%2fb"), "invalid");
    assert_str(parsed("/a%2Fb"), "invalid");
    assert_str(parsed("/a%5cb"), "invalid");
    assert_str(parsed("/a\\b"), "invalid");
    assert_str(parsed("/a%00"), "invalid");
    assert_str(parsed("/a%0a"), "invalid");
    assert_str(parsed("/a%7f"), "invalid");
    assert_str(parsed("/a#b"), "invalid");
}

static void dot_segments_are_refused_in_any_spelling(void **state)
{
    static const char *const targets[] = {"/.",      "/..",   "/a/../b", "/a/./b",     "/%2e",
                                          "/%2E%2e", "/.%2e", "/..?x",   "/%2e%2e/etc"};

    (void)state;
    for (size_t i = 0; i < COUNT(targets); i++)
        assert_str(parsed(targets[i]), "invalid");
    assert_str(parsed("/.../.a/a."), "...|.a|a.");
}

static void empty_segments_are_refused(void **state)
{
    (void)state;
    assert_str(parsed("//"), "invalid");
    assert_str(parsed("//a"), "invalid");
    assert_str(parsed("/a//b"), "invalid");
    assert_str(parsed("/a//"), "invalid");
    assert_str(parsed("//%2f%2f%2fetc/passwd"), "invalid");
}

static void bytes_that_are_not_utf8_are_refused(void **state)
{
    (void)state;
    assert_str(parsed("/%ff"), "invalid");
    assert_str(parsed("/\xff"), "invalid");
    assert_str(parsed("/%c0%af"), "invalid");    /* overlong "/" */
    assert_str(parsed("/%ed%a0%80"), "invalid"); /* a surrogate */
}

static void other_forms_of_targets_are_refused(void **state)
{
    (void)state;
    assert_str(parsed(""), "invalid");
    assert_str(parsed("*"), "invalid");
    assert_str(parsed("a/b"), "invalid");
    assert_str(parsed("?a"), "invalid");
    assert_str(parsed("host:443"), "invalid");
}

static void limits_are_exact(void **state)
{
    char target[LIMIT_PATH + 2];
    char many[2 * LIMIT_PATH_SEGMENTS + 3];

    (void)state;
    memset(target, 'a', sizeof(target));
    target[0] = '/';
    target[LIMIT_PATH] = '\0';
    assert_true(parsed(target).len == LIMIT_PATH - 1);
    target[LIMIT_PATH] = 'a';
    target[LIMIT_PATH + 1] = '\0';
    assert_str(parsed(target), "too_big");

    for (size_t i = 0; i <= LIMIT_PATH_SEGMENTS; i++)
        memcpy(many + 2 * i, "/a", 3);
    assert_str(parsed(many), "too_big");
    many[2 * LIMIT_PATH_SEGMENTS] = '\0';
    assert_true(parsed(many).len == 2 * LIMIT_PATH_SEGMENTS - 1);
}

static void tail_is_joined_again(void **state)
{
    struct path p;

    (void)state;
    assert_int_equal(path_parse(mem, S("/a/b%20c/d/"), &p, NULL), OK);
    assert_str(path_tail(mem, &p, 0), "a/b c/d");
    assert_str(path_tail(mem, &p, 1), "b c/d");
    assert_str(path_tail(mem, &p, 3), "");
    assert_non_null(path_tail(mem, &p, 3).ptr);
}

static void query_fields_are_form_decoded(void **state)
{
    struct path p;
    struct str value = {0};

    (void)state;
    assert_int_equal(path_parse(mem, S("/a?x=1+2%2B&y=&x=3&z&%62=5&bad=%zz"), &p, NULL), OK);
    assert_true(path_query(mem, &p, S("x"), &value));
    assert_str(value, "1 2+");
    assert_true(path_query(mem, &p, S("y"), &value));
    assert_str(value, "");
    assert_true(path_query(mem, &p, S("z"), &value));
    assert_str(value, "");
    assert_true(path_query(mem, &p, S("b"), &value));
    assert_str(value, "5");
    assert_false(path_query(mem, &p, S("bad"), &value));
    assert_false(path_query(mem, &p, S("w"), &value));
    assert_int_equal(path_parse(mem, S("/a"), &p, NULL), OK);
    assert_false(path_query(mem, &p, S("x"), &value));
}

static void failure_leaves_the_result_alone(void **state)
{
    struct path p = {.count = 77};

    (void)state;
    assert_int_equal(path_parse(mem, S("/a/%zz"), &p, NULL), ERR_INVALID);
    assert_int_equal(p.count, 77);
}

static void lack_of_memory_is_told(void **state)
{
    AUTO(arena_closep) struct arena *small = arena_open(3);
    struct path p;
    struct err err = {0};

    (void)state;
    assert_int_equal(path_parse(small, S("/abcdef"), &p, &err), ERR_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_is_cut_into_segments),
        cmocka_unit_test(absolute_form_means_its_path),
        cmocka_unit_test(segments_are_decoded_once),
        cmocka_unit_test(malformed_escapes_are_refused),
        cmocka_unit_test(separators_and_controls_cannot_be_hidden),
        cmocka_unit_test(dot_segments_are_refused_in_any_spelling),
        cmocka_unit_test(empty_segments_are_refused),
        cmocka_unit_test(bytes_that_are_not_utf8_are_refused),
        cmocka_unit_test(other_forms_of_targets_are_refused),
        cmocka_unit_test(limits_are_exact),
        cmocka_unit_test(tail_is_joined_again),
        cmocka_unit_test(query_fields_are_form_decoded),
        cmocka_unit_test(failure_leaves_the_result_alone),
        cmocka_unit_test(lack_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, open_mem, close_mem);
}
