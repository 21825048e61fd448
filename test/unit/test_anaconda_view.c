/* Rows as the JSON that anaconda-client reads: every key it dereferences, and nothing private. */
#include "web_fixture.h"

#include "core/inspect.h"
#include "web/anaconda_view.h"

static const struct core_spec one = {
    .name = "p",
    .version = "1.0",
    .build = "0",
    .subdir = "noarch",
    .about = "{\"summary\": \"A package\", \"license\": \"MIT\"}",
};
static const struct core_spec two = {
    .name = "p", .version = "2.0", .build = "h1_3", .subdir = "linux-64"};

static bool has_keys(const json_t *object, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!json_object_get(object, keys[i])) {
            print_error("\"%s\" is missing\n", keys[i]);
            return false;
        }
    if (json_object_size(object) != count)
        print_error("%zu keys, not %zu\n", json_object_size(object), count);
    return json_object_size(object) == count;
}
#define assert_keys(object, ...)                                                                   \
    assert_true(has_keys((object), (const char *const[]){__VA_ARGS__},                             \
                         COUNT(((const char *const[]){__VA_ARGS__}))))

static const char *text_at(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));

    return s ? s : "(no text)";
}

/* A list of strings, joined. */
static const char *words_at(struct site *s, const json_t *object, const char *key)
{
    struct str joined = S("");
    const json_t *list = json_object_get(object, key);

    assert_true(json_is_array(list));
    for (size_t i = 0; i < json_array_size(list); i++)
        joined = str_fmt(s->core->mem, STR_FMT "%s%s", STR_ARG(joined), i ? " " : "",
                         json_string_value(json_array_get(list, i)));
    return str_z(s->core->mem, joined);
}

static void publish_both(struct site *s)
{
    struct actor alice = core_user(s->core, "alice");

    (void)core_publish(s->core, &alice, &one);
    (void)core_publish(s->core, &alice, &two);
    s->core->config.public_url = S("https://pkgs.example.org");
}

static void dates_are_of_the_form_that_clients_know(void **state)
{
    json_t *date = view_date(1447957343061), *none = view_date(0);

    (void)state;
    assert_string_equal(json_string_value(date), "2015-11-19 18:22:23.061000+00:00");
    assert_true(json_is_null(none));
    json_decref(date);
    json_decref(none);
}

static void a_file_has_what_is_read_and_printed(void **state)
{
    struct site *s = *state;
    const json_t *v, *attrs;
    struct answer r;
    struct str bytes;

    publish_both(s);
    bytes = core_package(s->core, &two);
    r = get_for(s, 200, "/api/dist/alice/p/2.0/linux-64/p-2.0-h1_3.tar.bz2", "");
    v = json_body(s, &r);
    assert_keys(v, "basename", "full_name", "owner", "version", "type", "size", "md5", "sha256",
                "upload_time", "labels", "attrs", "description", "download_url",
                "distribution_type", "ndownloads");
    assert_string_equal(text_at(v, "basename"), "linux-64/p-2.0-h1_3.tar.bz2");
    assert_string_equal(text_at(v, "full_name"), "alice/p/2.0/linux-64/p-2.0-h1_3.tar.bz2");
    assert_string_equal(text_at(v, "owner"), "alice");
    assert_string_equal(text_at(v, "version"), "2.0");
    assert_string_equal(text_at(v, "type"), "conda");
    assert_string_equal(text_at(v, "distribution_type"), "conda");
    assert_string_equal(text_at(v, "download_url"),
                        "https://pkgs.example.org/conda/alice/linux-64/p-2.0-h1_3.tar.bz2");
    assert_int_equal(json_integer_value(json_object_get(v, "size")), bytes.len);
    assert_str(core_sha256(s->core, bytes), text_at(v, "sha256"));
    assert_int_equal(strlen(text_at(v, "upload_time")), 32);
    assert_true(json_is_null(json_object_get(v, "description"))); /* there, though it is empty */
    assert_string_equal(words_at(s, v, "labels"), "main");
    attrs = json_object_get(v, "attrs");
    assert_true(json_is_object(attrs));
    assert_string_equal(text_at(attrs, "build"), "h1_3");
    assert_string_equal(text_at(attrs, "subdir"), "linux-64");
}

static void a_release_lists_its_files(void **state)
{
    struct site *s = *state;
    const json_t *v;
    struct answer r;

    publish_both(s);
    r = get_for(s, 200, "/api/release/alice/p/1.0", "");
    v = json_body(s, &r);
    assert_keys(v, "version", "public_attrs", "distributions", "created_at");
    assert_string_equal(text_at(v, "version"), "1.0");
    assert_true(json_is_object(json_object_get(v, "public_attrs")));
    v = json_object_get(v, "distributions");
    assert_int_equal(json_array_size(v), 1);
    assert_string_equal(text_at(json_array_get(v, 0), "basename"), "noarch/p-1.0-0.tar.bz2");
}

static void a_package_lists_its_releases_and_files(void **state)
{
    struct site *s = *state;
    const json_t *v, *list;
    struct answer r;

    publish_both(s);
    r = get_for(s, 200, "/api/package/alice/p", "");
    v = json_body(s, &r);
    assert_keys(v, "name", "full_name", "summary", "package_types", "public", "latest_version",
                "conda_platforms", "access", "owner", "created_at", "modified_at", "files",
                "releases", "public_attrs", "copied_from", "ndownloads", "favorites",
                "is_favorite");
    assert_string_equal(text_at(v, "name"), "p");
    assert_string_equal(text_at(v, "full_name"), "alice/p");
    assert_string_equal(text_at(v, "latest_version"), "2.0");
    assert_string_equal(text_at(v, "access"), "public");
    assert_true(json_is_true(json_object_get(v, "public")));
    assert_string_equal(words_at(s, v, "package_types"), "conda");
    assert_true(json_is_string(json_object_get(v, "summary")));
    assert_string_equal(text_at(json_object_get(v, "owner"), "login"), "alice");
    assert_int_equal(json_object_size(json_object_get(v, "owner")), 1);
    list = json_object_get(v, "releases");
    assert_int_equal(json_array_size(list), 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(json_is_string(json_object_get(json_array_get(list, i), "version")));
    list = json_object_get(v, "files");
    assert_int_equal(json_array_size(list), 2);
    for (size_t i = 0; i < 2; i++) { /* what `download` reads */
        assert_true(json_is_string(json_object_get(json_array_get(list, i), "basename")));
        assert_true(json_is_string(json_object_get(json_array_get(list, i), "upload_time")));
        assert_string_equal(text_at(json_array_get(list, i), "type"), "conda");
    }
}

/* No file yet: the lists that clients walk are there, and empty. */
static void an_empty_package_has_every_key_too(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *token = with_token(s, make_token(s, &alice, "t", NULL));
    struct answer r = request_for(s, 200, "POST", "/api/package/alice/p", token, S("{}"));
    const json_t *v = json_body(s, &r);

    assert_string_equal(words_at(s, v, "package_types"), "");
    assert_string_equal(words_at(s, v, "conda_platforms"), "");
    assert_int_equal(json_array_size(json_object_get(v, "files")), 0);
    assert_int_equal(json_array_size(json_object_get(v, "releases")), 0);
    assert_string_equal(text_at(v, "latest_version"), "");
    assert_true(json_is_object(json_object_get(v, "public_attrs")));
    r = request_for(s, 200, "POST", "/api/release/alice/p/1", token, S("{}"));
    assert_true(json_is_object(json_object_get(json_body(s, &r), "public_attrs")));
    assert_int_equal(json_array_size(json_object_get(json_body(s, &r), "distributions")), 0);
}

static void a_summary_has_the_keys_that_a_list_needs(void **state)
{
    struct site *s = *state;
    const json_t *v;
    struct answer r;

    publish_both(s);
    r = get_for(s, 200, "/api/packages/alice", "");
    v = json_array_get(json_body(s, &r), 0);
    assert_keys(v, "name", "full_name", "summary", "package_types", "public", "latest_version",
                "conda_platforms", "access", "owner", "created_at", "modified_at", "ndownloads",
                "favorites");
    assert_string_equal(words_at(s, v, "package_types"), "conda");
    assert_int_equal(json_array_size(json_object_get(v, "conda_platforms")), 2);
}

/* Addresses of people, numbers of rows, places on disk: none of it leaves. */
static void nothing_private_is_shown(void **state)
{
    struct site *s = *state;
    static const char *const targets[] = {
        "/api/package/alice/p", "/api/packages/alice", "/api/release/alice/p/1.0",
        "/api/dist/alice/p/1.0/noarch/p-1.0-0.tar.bz2", "/api/channels/alice"};
    static const char *const private[] = {"@",      "uploader", "account_id",
                                          "\"id\"", "blobs",    "192.0.2.1"};

    publish_both(s);
    for (size_t i = 0; i < COUNT(targets); i++) {
        struct answer r = get_for(s, 200, targets[i], "");

        for (size_t j = 0; j < COUNT(private); j++)
            assert_false(body_has(&r, private[j]));
        assert_false(body_has(&r, s->core->folder));
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_of_the_form_that_clients_know),
        WITH_PUBLISHING(a_file_has_what_is_read_and_printed),
        WITH_PUBLISHING(a_release_lists_its_files),
        WITH_PUBLISHING(a_package_lists_its_releases_and_files),
        WITH_SITE(an_empty_package_has_every_key_too),
        WITH_PUBLISHING(a_summary_has_the_keys_that_a_list_needs),
        WITH_PUBLISHING(nothing_private_is_shown),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
