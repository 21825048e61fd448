/* The page of found packages as it is written, and queries that cannot be understood. */
#include "web_fixture.h"

#include "core/inspect.h"

static void publish_two(struct site *s)
{
    struct actor alice = core_user(s->core, "alice");
    struct core_spec spec = {.name = "numpy", .version = "1", .build = "0", .subdir = "noarch"};

    (void)core_publish(s->core, &alice, &spec);
    spec.name = "numpydoc";
    (void)core_publish(s->core, &alice, &spec);
}

static void a_package_is_told_with_how_it_fits(void **state)
{
    struct site *s = *state;
    struct answer r;
    json_t *page, *first;

    publish_two(s);
    r = get_for(s, 200, "/api/v1/search?q=numpy", "");
    page = json_body(s, &r);
    assert_int_equal(json_integer_value(json_object_get(page, "total")), 2);
    assert_true(json_is_true(json_object_get(page, "total_is_exact")));
    assert_true(json_is_null(json_object_get(page, "next")));
    assert_int_equal(json_array_size(json_object_get(page, "items")), 2);
    first = json_array_get(json_object_get(page, "items"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "full_name")), "alice/numpy");
    assert_string_equal(json_string_value(json_object_get(first, "match")), "exact");
    assert_true(body_has(&r, "\"match\":\"beginning\""));
    assert_true(body_has(&r, "\"types\":[\"conda\"]"));
    assert_true(body_has(&r, "\"platforms\":[\"noarch\"]"));
    r = get_for(s, 200, "/api/v1/search", "");
    assert_true(body_has(&r, "\"match\":null"));
}

static void a_page_tells_where_the_next_begins(void **state)
{
    struct site *s = *state;
    struct answer r;
    struct str next;

    publish_two(s);
    r = get_for(s, 200, "/api/v1/search?q=numpy&limit=1", "");
    assert_false(body_has(&r, "\"numpydoc\""));
    next = json_member(s, &r, "next");
    r = get_for(
        s, 200,
        str_fmt(s->core->mem, "/api/v1/search?q=numpy&limit=1&after=" STR_FMT, STR_ARG(next)).ptr,
        "");
    assert_true(body_has(&r, "\"numpydoc\""));
    assert_true(body_has(&r, "\"next\":null"));
}

static void what_cannot_be_understood_is_refused(void **state)
{
    struct site *s = *state;

    (void)get_for(s, 422, "/api/v1/search?limit=0", "");
    (void)get_for(s, 422, "/api/v1/search?type=tapestry", "");
    (void)get_for(s, 422, "/api/v1/search?after=x", "");
    (void)get_for(s, 422, "/api/v1/search?query=numpy", "");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(a_package_is_told_with_how_it_fits),
        WITH_PUBLISHING(a_page_tells_where_the_next_begins),
        WITH_SITE(what_cannot_be_understood_is_refused),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
