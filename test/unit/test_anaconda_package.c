/* anaconda-client's packages, releases, files and labels: the exact statuses it goes by. */
#include "web_fixture.h"

#include "core/inspect.h"

static const struct core_spec tiny = {
    .name = "p", .version = "1", .build = "0", .subdir = "noarch"};

#define FILE_PATH "alice/p/1/noarch/p-1-0.tar.bz2"

static const char *token_of(struct site *s, const char *login)
{
    struct actor who = core_user(s->core, login);

    return with_token(s, make_token(s, &who, "t", NULL));
}

/* An account with one published file; the header line of its token. */
static const char *publisher(struct site *s)
{
    struct actor alice = core_user(s->core, "alice");

    (void)core_publish(s->core, &alice, &tiny);
    return with_token(s, make_token(s, &alice, "t", NULL));
}

/* ---- packages -------------------------------------------------------------------------------- */

static void a_package_is_404_then_made_then_there(void **state)
{
    struct site *s = *state;
    const char *token = token_of(s, "alice");
    struct answer r = get_for(s, 404, "/api/package/alice/p", token);

    assert_str(json_member(s, &r, "error"), "there is no package \"alice/p\"");
    r = request_for(s, 200, "POST", "/api/package/alice/p", token,
                    S("{\"public\": true, \"publish\": false, \"public_attrs\": {\"summary\": "
                      "null, \"package_types\": [null], \"license\": {\"name\": null}}}"));
    assert_int_equal(json_array_size(json_object_get(json_body(s, &r), "package_types")), 0);
    (void)get_for(s, 200, "/api/package/alice/p", "");
    (void)request_for(s, 200, "POST", "/api/package/alice/p", token, S("{\"public\": true}"));
}

static void the_least_of_a_body_is_enough(void **state)
{
    struct site *s = *state;
    const char *token = token_of(s, "alice");
    static const char *const bodies[] = {"", "{}", " ", "{\"public_attrs\": {}}",
                                         "{\"public\": null, \"unknown\": [1]}"};

    for (size_t i = 0; i < COUNT(bodies); i++)
        (void)request_for(s, 200, "POST", str_fmt(s->core->mem, "/api/package/alice/p%zu", i).ptr,
                          lines(s, token, "Content-Type: application/json\r\n"), str_of(bodies[i]));
}

static void what_cannot_be_is_400_with_a_reason(void **state)
{
    struct site *s = *state;
    const char *token = token_of(s, "alice");
    static const char *const cases[][3] = {
        {"p", "{\"public_attrs\": []}", "public_attrs must be an object"},
        {"p", "{\"public_attrs\": \"x\"}", "public_attrs must be an object"},
        {"p", "[]", "the JSON text is not an object"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct answer r =
            request_for(s, 400, "POST", "/api/package/alice/p", token, str_of(cases[i][1]));

        assert_str(json_member(s, &r, "error"), cases[i][2]);
    }
    (void)request_for(s, 400, "POST", "/api/package/alice/UPPER%20case", token, S("{}"));
    assert_int_equal(CORE_NUMBER(s->core, "SELECT COUNT(*) FROM package"), 0);
}

static void who_may_see_a_package_is_said_when_it_is_made(void **state)
{
    struct site *s = *state;
    const char *token = token_of(s, "alice");
    static const char *const cases[][3] = {
        {"a", "{\"public\": true}", "public"},
        {"b", "{\"public\": false}", "private"},
        {"c", "{\"access\": \"authenticated\"}", "authenticated"},
        {"d", "{\"public\": false, \"access\": \"public\"}", "public"},
        {"e", "{\"public\": true, \"access\": \"private\"}", "private"},
    };
    static const char *const wrong[] = {"\"secret\"", "\"\"", "5", "null"};
    struct answer r;

    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *path = str_fmt(s->core->mem, "/api/package/alice/%s", cases[i][0]).ptr;
        bool is_public = !strcmp(cases[i][2], "public");

        r = request_for(s, 200, "POST", path, token, str_of(cases[i][1]));
        assert_str(json_member(s, &r, "access"), cases[i][2]);
        assert_int_equal(json_is_true(json_object_get(json_body(s, &r), "public")), is_public);
        (void)get_for(s, is_public ? 200 : 404, path, "");
        (void)get_for(s, 200, path, token);
    }
    r = get_for(s, 200, "/api/packages/alice", "");
    assert_int_equal(json_array_size(json_body(s, &r)), 2);
    r = get_for(s, 200, "/api/packages/alice", token_of(s, "bob"));
    assert_int_equal(json_array_size(json_body(s, &r)), 3);
    r = get_for(s, 200, "/api/packages", token);
    assert_int_equal(json_array_size(json_body(s, &r)), 5);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        r = request_for(s, 422, "POST", "/api/package/alice/x", token,
                        str_fmt(s->core->mem, "{\"access\": %s}", wrong[i]));
        assert_str(json_member(s, &r, "field"), "access");
    }
    (void)get_for(s, 404, "/api/package/alice/x", token);
}

static void a_label_of_hidden_files_is_not_listed(void **state)
{
    struct site *s = *state;
    const char *token = publisher(s);
    struct answer r;

    CORE_CHANGE(s->core, "INSERT INTO label (account_id, name, access) VALUES "
                         "(1, 'for-all', 'public'), (1, 'for-few', 'private')");
    CORE_CHANGE(s->core, "INSERT INTO package (account_id, name, access, summary, attrs, "
                         "latest_version, created_ms, updated_ms) "
                         "VALUES (1, 'q', 'private', '', '{}', '', 1, 1)");
    r = get_for(s, 200, "/api/channels/alice", "");
    assert_str(r.body, "{\"for-all\":{\"is_locked\":false},\"main\":{\"is_locked\":false}}");
    r = get_for(s, 200, "/api/channels/alice", token);
    assert_str(r.body, "{\"for-all\":{\"is_locked\":false},\"for-few\":{\"is_locked\":false},"
                       "\"main\":{\"is_locked\":false}}");
}

static void a_removed_package_is_201_and_gone_with_everything(void **state)
{
    struct site *s = *state;
    const char *token = publisher(s);
    struct answer r = request_for(s, 201, "DELETE", "/api/package/alice/p", token, S(""));

    assert_str(r.body, "");
    (void)get_for(s, 404, "/api/package/alice/p", "");
    (void)get_for(s, 404, "/api/release/alice/p/1", "");
    (void)get_for(s, 404, "/api/dist/" FILE_PATH, "");
    (void)get_for(s, 404, "/api/download/" FILE_PATH, "");
    (void)get_for(s, 404, "/conda/alice/noarch/p-1-0.tar.bz2", "");
    (void)request_for(s, 404, "DELETE", "/api/package/alice/p", token, S(""));
    r = get_for(s, 200, "/api/packages/alice", "");
    assert_str(r.body, "[]");
}

static void lists_of_packages(void **state)
{
    struct site *s = *state;
    const char *token = publisher(s);
    struct answer own = get_for(s, 200, "/api/packages", token);
    struct answer all = get_for(s, 200, "/api/packages/Alice", "");

    assert_int_equal(json_array_size(json_body(s, &own)), 1);
    assert_true(str_eq(own.body, all.body));
    (void)get_for(s, 401, "/api/packages", "");
    all = get_for(s, 404, "/api/packages/nobody", "");
    assert_str(json_member(s, &all, "error"), "there is no account \"nobody\"");
}

/* The client passes on what was typed. */
static void an_owner_may_be_typed_in_any_case(void **state)
{
    struct site *s = *state;
    const char *token = token_of(s, "alice");

    (void)request_for(s, 200, "POST", "/api/package/ALICE/p", token, S("{}"));
    (void)request_for(s, 200, "POST", "/api/release/Alice/p/1", token, S("{}"));
    (void)get_for(s, 200, "/api/release/aLICE/p/1", "");
    (void)request_for(s, 201, "DELETE", "/api/package/Alice/p", token, S(""));
    assert_str(CORE_TEXT(s->core, "SELECT object FROM audit WHERE action = 'package.delete'"),
               "alice/p");
}

/* ---- releases -------------------------------------------------------------------------------- */

static void a_release_is_404_then_made_then_there(void **state)
{
    struct site *s = *state;
    const char *token = token_of(s, "alice");

    (void)request_for(s, 404, "POST", "/api/release/alice/p/1.0", token, S("{}"));
    (void)request_for(s, 200, "POST", "/api/package/alice/p", token, S("{}"));
    (void)get_for(s, 404, "/api/release/alice/p/1.0", "");
    (void)request_for(s, 200, "POST", "/api/release/alice/p/1.0", token,
                      S("{\"requirements\": [], \"announce\": null, \"description\": \"text\", "
                        "\"license\": null}"));
    (void)get_for(s, 200, "/api/release/alice/p/1.0", "");
    (void)request_for(s, 200, "POST", "/api/release/alice/p/1.0", token, S("{}"));
    (void)request_for(s, 200, "POST", "/api/release/alice/p/1%212.0+cu118", token, S("{}"));
    (void)get_for(s, 200, "/api/release/alice/p/1!2.0%2Bcu118", "");
    (void)get_for(s, 404, "/api/release/alice/p/1!2.0%20cu118", "");
}

static void a_removed_release_is_201_and_leaves_the_package(void **state)
{
    struct site *s = *state;
    const char *token = publisher(s);
    struct answer r = request_for(s, 201, "DELETE", "/api/release/alice/p/1", token, S(""));

    assert_str(r.body, "");
    (void)get_for(s, 404, "/api/release/alice/p/1", "");
    (void)get_for(s, 404, "/api/dist/" FILE_PATH, "");
    r = get_for(s, 200, "/api/package/alice/p", "");
    assert_int_equal(json_array_size(json_object_get(json_body(s, &r), "files")), 0);
    (void)request_for(s, 404, "DELETE", "/api/release/alice/p/1", token, S(""));
}

/* ---- files ----------------------------------------------------------------------------------- */

static void a_file_is_there_under_its_own_path_alone(void **state)
{
    struct site *s = *state;
    const char *token = publisher(s);
    static const char *const wrong[] = {"alice/p/1/noarch/p-1-0.conda",
                                        "alice/p/1/p-1-0.tar.bz2",
                                        "alice/p/1/noarch",
                                        "alice/p/1",
                                        "alice/p/2/noarch/p-1-0.tar.bz2",
                                        "alice/q/1/noarch/p-1-0.tar.bz2",
                                        "bob/p/1/noarch/p-1-0.tar.bz2",
                                        "alice/p/1/linux-64/p-1-0.tar.bz2"};

    (void)core_user(s->core, "bob");
    (void)request_for(s, 200, "POST", "/api/package/alice/q", token, S("{}"));
    (void)get_for(s, 200, "/api/dist/" FILE_PATH, "");
    (void)get_for(s, 200, "/api/dist/alice/p/1/noarch/p%2D1-0%2Etar.bz2", "");
    for (size_t i = 0; i < COUNT(wrong); i++) {
        (void)get_for(s, 404, str_fmt(s->core->mem, "/api/dist/%s", wrong[i]).ptr, "");
        (void)get_for(s, 404, str_fmt(s->core->mem, "/api/download/%s", wrong[i]).ptr, "");
    }
}

/* 200 and the removed file, where everything else that is removed is 201. */
static void a_removed_file_is_200_with_what_it_was(void **state)
{
    struct site *s = *state;
    const char *token = publisher(s);
    struct answer r = request_for(s, 200, "DELETE", "/api/dist/" FILE_PATH, token,
                                  S("")); /* and an empty JSON body */

    assert_str(json_member(s, &r, "basename"), "noarch/p-1-0.tar.bz2");
    (void)request_for(s, 404, "DELETE", "/api/dist/" FILE_PATH, token, S(""));
    (void)get_for(s, 404, "/api/dist/" FILE_PATH, "");
    r = get_for(s, 200, "/api/release/alice/p/1", "");
    assert_int_equal(json_array_size(json_object_get(json_body(s, &r), "distributions")), 0);
}

static void a_download_is_the_bytes_and_never_a_redirect(void **state)
{
    struct site *s = *state;
    struct answer r;
    const char *tag;

    (void)publisher(s);
    r = get_for(s, 200, "/api/download/" FILE_PATH, "Accept-Encoding: gzip, deflate\r\n");
    assert_true(str_eq(r.body, core_package(s->core, &tiny)));
    assert_str(header(&r, "Content-Type"), "application/octet-stream");
    assert_str(header(&r, "Content-Disposition"), "attachment; filename=\"p-1-0.tar.bz2\"");
    assert_str(header(&r, "Cache-Control"), "no-cache");
    assert_false(has_header(&r, "Content-Encoding")); /* the client would unpack the package */
    tag = str_fmt(s->core->mem, "\"" STR_FMT "\"",
                  STR_ARG(CORE_TEXT(s->core, "SELECT md5 FROM file")))
              .ptr;
    assert_str(header(&r, "ETag"), tag);
    tag = str_fmt(s->core->mem, "If-None-Match: %s\r\n", tag).ptr;
    (void)get_for(s, 304, "/api/download/" FILE_PATH, tag);
    (void)get_for(s, 206, "/api/download/" FILE_PATH, "Range: bytes=1-2\r\n");
}

/* ---- labels ---------------------------------------------------------------------------------- */

static void labels_are_an_object_that_always_has_main(void **state)
{
    struct site *s = *state;
    struct answer r;

    (void)token_of(s, "alice");
    r = get_for(s, 200, "/api/channels/alice", "");
    assert_str(r.body, "{\"main\":{\"is_locked\":false}}");
    r = get_for(s, 200, "/api/channels/ALICE", "");
    assert_str(r.body, "{\"main\":{\"is_locked\":false}}");
    r = get_for(s, 404, "/api/channels/nobody", "");
    assert_str(json_member(s, &r, "error"), "there is no account \"nobody\"");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_SITE(a_package_is_404_then_made_then_there),
        WITH_SITE(the_least_of_a_body_is_enough),
        WITH_SITE(what_cannot_be_is_400_with_a_reason),
        WITH_SITE(who_may_see_a_package_is_said_when_it_is_made),
        WITH_PUBLISHING(a_label_of_hidden_files_is_not_listed),
        WITH_PUBLISHING(a_removed_package_is_201_and_gone_with_everything),
        WITH_PUBLISHING(lists_of_packages),
        WITH_SITE(an_owner_may_be_typed_in_any_case),
        WITH_SITE(a_release_is_404_then_made_then_there),
        WITH_PUBLISHING(a_removed_release_is_201_and_leaves_the_package),
        WITH_PUBLISHING(a_file_is_there_under_its_own_path_alone),
        WITH_PUBLISHING(a_removed_file_is_200_with_what_it_was),
        WITH_PUBLISHING(a_download_is_the_bytes_and_never_a_redirect),
        WITH_SITE(labels_are_an_object_that_always_has_main),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
