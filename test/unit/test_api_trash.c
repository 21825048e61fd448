/* /api/v1: the trash, and removing past it. */
#include "web_fixture.h"

#include "base/limits.h"
#include "core/inspect.h"
#include "core/trash.h"

#define TRASH "/api/v1/trash/alice"

static const struct core_spec x = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};

static const char *token_for(struct site *s, const struct actor *who, const char *scope)
{
    return with_token(s, make_token(s, who, scope ? scope : "t", scope));
}

static void what_was_removed_is_listed_and_put_back(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *token = token_for(s, &alice, NULL);
    struct file_row file = core_publish(s->core, &alice, &x);
    struct answer r = get_for(s, 200, TRASH, token);
    json_t *item;

    assert_str(r.body, "{\"items\":[],\"next\":null}");
    (void)request_for(s, 200, "DELETE", "/api/dist/alice/x/1.0/noarch/x-1.0-0.tar.bz2", token,
                      S(""));
    r = get_for(s, 200, TRASH "?limit=1", token);
    item = json_array_get(json_object_get(json_body(s, &r), "items"), 0);
    assert_int_equal(json_integer_value(json_object_get(item, "id")), 1);
    assert_string_equal(json_string_value(json_object_get(item, "kind")), "file");
    assert_string_equal(json_string_value(json_object_get(item, "package")), "x");
    assert_string_equal(json_string_value(json_object_get(item, "version")), "1.0");
    assert_string_equal(json_string_value(json_object_get(item, "file")), "noarch/x-1.0-0.tar.bz2");
    assert_int_equal(json_integer_value(json_object_get(item, "files")), 1);
    assert_int_equal(json_integer_value(json_object_get(item, "size")), file.size);
    assert_string_equal(json_string_value(json_object_get(item, "removed_by")), "alice");
    assert_true(json_is_null(json_object_get(item, "reason")));
    assert_true(json_is_string(json_object_get(item, "removed")));
    assert_true(json_is_string(json_object_get(item, "until")));
    assert_int_equal(json_object_size(item), 11);
    r = request_for(s, 200, "POST", TRASH "/1/restore", token, S(""));
    assert_str(json_member(s, &r, "file"), "noarch/x-1.0-0.tar.bz2");
    (void)get_for(s, 200, "/api/dist/alice/x/1.0/noarch/x-1.0-0.tar.bz2", token);
    (void)request_for(s, 404, "POST", TRASH "/1/restore", token, S(""));
    r = get_for(s, 422, TRASH "?limt=1", token);
    assert_true(body_has(&r, "limt"));
}

static void of_a_package_neither_version_nor_file_is_told(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *token = token_for(s, &alice, NULL);
    struct answer r;

    (void)core_publish(s->core, &alice, &x);
    (void)request_for(s, 201, "DELETE", "/api/package/alice/x", token, S(""));
    r = get_for(s, 200, TRASH, token);
    assert_true(body_has(&r, "\"kind\":\"package\""));
    assert_true(body_has(&r, "\"version\":null"));
    assert_true(body_has(&r, "\"file\":null"));
}

static void deleting_is_for_good(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice"), bob = core_user(s->core, "bob");
    const char *token = token_for(s, &alice, NULL), *other = token_for(s, &bob, NULL);
    struct file_row file = core_publish(s->core, &alice, &x);
    struct answer r;

    (void)request_for(s, 201, "DELETE", "/api/release/alice/x/1.0", token, S(""));
    (void)request_for(s, 403, "DELETE", TRASH "/1", other, S(""));
    (void)request_for(s, 401, "DELETE", TRASH "/1", "", S(""));
    assert_true(core_has_blob(s->core, file.sha256));
    (void)request_for(s, 204, "DELETE", TRASH "/1", token, S(""));
    assert_false(core_has_blob(s->core, file.sha256));
    r = get_for(s, 200, TRASH, token);
    assert_str(r.body, "{\"items\":[],\"next\":null}");
}

static void a_final_removal_passes_the_trash(void **state)
{
    static const char *const targets[] = {"/api/dist/alice/x/1.0/noarch/x-1.0-0.tar.bz2",
                                          "/api/release/alice/x/1.0", "/api/package/alice/x"};
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *token = token_for(s, &alice, NULL);

    for (size_t i = 0; i < COUNT(targets); i++) {
        struct str final = str_fmt(s->core->mem, "%s?final=true", targets[i]);
        struct file_row file = core_publish(s->core, &alice, &x);

        (void)request_for(s, i ? 201 : 200, "DELETE", final.ptr, token, S(""));
        assert_false(core_has_blob(s->core, file.sha256));
    }
    assert_int_equal(CORE_NUMBER(s->core, "SELECT COUNT(*) FROM trash"), 0);
}

static void a_final_removal_is_for_who_administers_the_package(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice"), bob = core_user(s->core, "bob");
    const char *token = token_for(s, &alice, NULL), *other = token_for(s, &bob, NULL),
               *publisher = token_for(s, &alice, "conda:upload");
    static const char target[] = "/api/dist/alice/x/1.0/noarch/x-1.0-0.tar.bz2?final=true";
    struct answer r;

    (void)core_publish(s->core, &alice, &x);
    (void)request_for(s, 201, "PUT", "/api/packages/alice/x/collaborators/bob", token, S(""));
    (void)request_for(s, 403, "DELETE", target, other, S(""));
    (void)request_for(s, 403, "DELETE", target, publisher, S(""));
    r = request_for(s, 422, "DELETE", "/api/package/alice/x?final=yes", token, S(""));
    assert_str(json_member(s, &r, "field"), "final");
    r = request_for(s, 422, "DELETE", "/api/package/alice/x?finale=true", token, S(""));
    assert_true(body_has(&r, "finale"));
    (void)get_for(s, 200, "/api/dist/alice/x/1.0/noarch/x-1.0-0.tar.bz2", token);
    (void)request_for(s, 201, "DELETE", "/api/package/alice/x?final=false", other, S(""));
    assert_int_equal(CORE_NUMBER(s->core, "SELECT COUNT(*) FROM trash"), 1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(what_was_removed_is_listed_and_put_back),
        WITH_PUBLISHING(of_a_package_neither_version_nor_file_is_told),
        WITH_PUBLISHING(deleting_is_for_good),
        WITH_PUBLISHING(a_final_removal_passes_the_trash),
        WITH_PUBLISHING(a_final_removal_is_for_who_administers_the_package),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
