/* Files as bodies name them. */
#include "unit.h"

#include "base/limits.h"
#include "format/json.h"
#include "web/choices.h"
#include "web/routes.h"

struct scene {
    struct arena *mem;
    struct http_exchange ex;
    struct call call;
    struct err err;
};

static int setup(void **state)
{
    struct arena *mem = arena_open(16 * MIB);
    struct scene *s = mem ? arena_new(mem, struct scene) : NULL;
    struct str allow;

    assert_non_null(s);
    *s = (struct scene){.mem = mem};
    s->ex = (struct http_exchange){.mem = mem, .method = HTTP_POST, .method_text = S("POST")};
    s->call = (struct call){.ex = &s->ex, .mem = mem};
    assert_int_equal(path_parse(mem, S("/api/v1/files/Acme/labels"), &s->call.path, &s->err), OK);
    assert_int_equal(routes_match(&s->call, &allow, &s->err), OK);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;

    arena_close(s->mem);
    return 0;
}

static enum err_code read_one(struct scene *s, const char *text, struct choice *ret)
{
    AUTO(json_decrefp) json_t *v = NULL;

    assert_int_equal(json_parse(str_of(text), &v, &s->err), OK);
    return choices_read_one(&s->call, v, ret, &s->err);
}

static enum err_code read_list(struct scene *s, const char *text, struct choices *ret)
{
    AUTO(json_decrefp) json_t *v = NULL;

    assert_int_equal(json_parse(str_of(text), &v, &s->err), OK);
    return choices_read(&s->call, v, ret, &s->err);
}

static void names_that_are_null_or_left_out_are_empty(void **state)
{
    struct scene *s = *state;
    struct choice c;

    assert_int_equal(
        read_one(s, "{\"package\": \"x\", \"version\": \"1\", \"basename\": \"n/x\"}", &c), OK);
    assert_true(str_eq(c.package, S("x")) && str_eq(c.version, S("1")) &&
                str_eq(c.basename, S("n/x")));
    assert_int_equal(read_one(s, "{\"package\": \"x\", \"version\": null}", &c), OK);
    assert_true(str_eq(c.package, S("x")) && !c.version.len && !c.basename.len);
    assert_int_equal(read_one(s, "{}", &c), OK);
    assert_int_equal(c.package.len, 0);
}

static void what_could_pass_for_all_is_refused(void **state)
{
    static const char *const wrong[] = {"{\"package\": \"\"}",
                                        "{\"Package\": \"x\"}",
                                        "{\"package\": 1}",
                                        "{\"package\": false}",
                                        "{\"file\": null}",
                                        "[]",
                                        "\"x\""};
    struct scene *s = *state;
    struct choice c = {.package = S("untouched")};

    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_int_equal(read_one(s, wrong[i], &c), ERR_UNPROCESSABLE);
    assert_true(str_eq(c.package, S("untouched")));
}

static void lists_are_of_the_owner_in_the_path(void **state)
{
    struct scene *s = *state;
    struct choices list = {0};
    struct str many = S("{\"files\": [{}");

    assert_int_equal(read_list(s, "{\"files\": [{\"package\": \"x\"}, {}]}", &list), OK);
    assert_true(str_eq(list.owner, S("acme")));
    assert_int_equal(list.count, 2);
    assert_true(str_eq(list.items[0].package, S("x")));
    for (int i = 0; i < CHOICES_MAX; i++)
        many = str_fmt(s->mem, "%s, {}", many.ptr);
    assert_int_equal(read_list(s, str_fmt(s->mem, "%s]}", many.ptr).ptr, &list), ERR_UNPROCESSABLE);
    assert_string_equal(s->err.field, "files");
    assert_int_equal(read_list(s, "{\"files\": []}", &list), ERR_UNPROCESSABLE);
    assert_int_equal(read_list(s, "{\"files\": {}}", &list), ERR_UNPROCESSABLE);
    assert_int_equal(read_list(s, "{\"files\": [7]}", &list), ERR_UNPROCESSABLE);
    assert_int_equal(read_list(s, "{}", &list), ERR_UNPROCESSABLE);
}

static void a_choice_is_told_as_it_was_named(void **state)
{
    const struct choice c = {S("x"), S("1"), S("")};
    AUTO(json_decrefp) json_t *v = choices_json(&c);
    AUTO(buf_done) struct buf b = BUF_INIT(KIB);

    (void)state;
    json_canonical(&b, v);
    assert_true(buf_ok(&b));
    assert_true(str_eq(buf_str(&b), S("{\"basename\":null,\"package\":\"x\",\"version\":\"1\"}")));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(names_that_are_null_or_left_out_are_empty),
        CASE(what_could_pass_for_all_is_refused),
        CASE(lists_are_of_the_owner_in_the_path),
        CASE(a_choice_is_told_as_it_was_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
