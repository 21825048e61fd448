/* What anaconda-client asks about the server, people and tokens: the exact answers it needs. */
#include "web_fixture.h"

#include <string.h>

#define TOKENS "/api/authentications"

static struct str token_body(struct site *s, const char *note, const char *more)
{
    return str_fmt(s->core->mem,
                   "{\"scopes\": null, \"note\": \"%s\", \"note_url\": \"http://x/api\", "
                   "\"hostname\": \"host\", \"user\": null, \"max-age\": null, \"strength\": "
                   "\"strong\"%s}",
                   note, more);
}

static const char *session(struct site *s, const char *login)
{
    struct actor who = core_user(s->core, login);

    return with_cookie(s, make_cookie(s, &who));
}

/* A new token by the API, as a header line. */
static const char *new_token(struct site *s, const char *cookie, const char *note, const char *more)
{
    struct answer r = request_for(s, 200, "POST", TOKENS, cookie, token_body(s, note, more));

    return with_token(s, str_z(s->core->mem, json_member(s, &r, "token")));
}

static bool is_date(struct str s)
{
    static const char form[] = "dddd-dd-dd dd:dd:dd.dddddd+00:00";

    for (size_t i = 0; i < s.len && i < strlen(form); i++)
        if (form[i] == 'd' ? s.ptr[i] < '0' || s.ptr[i] > '9' : s.ptr[i] != form[i])
            return false;
    return s.len == strlen(form);
}

/* ---- the server ------------------------------------------------------------------------------ */

static void the_root_is_there_for_anybody(void **state)
{
    struct site *s = *state;
    static const char *const headers[] = {
        "", "Authorization: token stale\r\n",
        "Content-Type: application/json\r\nAccept: application/json\r\n"};

    for (size_t i = 0; i < COUNT(headers); i++) {
        struct answer r = request_for(s, 200, "HEAD", "/api", headers[i], S(""));

        /* a version greater than the client's own makes old ones warn at every answer */
        assert_false(has_header(&r, "x-binstar-api-version"));
        assert_true(has_header(&r, "Content-Length"));
        (void)request_for(s, 200, "HEAD", "/api/", headers[i], S(""));
    }
}

static void what_a_client_asks_first_is_public(void **state)
{
    struct site *s = *state;
    struct answer r = get_for(s, 200, "/api/authentication-type", "Authorization: token x\r\n");
    json_t *scopes, *scope;
    const char *name;

    assert_str(r.body, "{\"authentication_type\":\"password\"}");
    r = get_for(s, 200, "/api/scopes", "");
    scopes = json_body(s, &r);
    assert_non_null(json_object_get(scopes, "conda:download"));
    json_object_foreach(scopes, name, scope) assert_true(json_is_string(scope));
}

/* ---- making tokens --------------------------------------------------------------------------- */

/* To the client, 400 means that a token of this name exists, and nothing else does. */
static void an_existing_name_and_only_that_is_400(void **state)
{
    struct site *s = *state;
    static const char *const wrong[] = {
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"note\": NaN}",
        "{\"note\": 5, \"fail-if-exists\": true}",
        "{\"note\": \"\", \"fail-if-exists\": true}",
        "{\"note\": \"x\", \"scopes\": \"all\", \"fail-if-exists\": true}",
        "{\"note\": \"x\", \"scopes\": [5], \"fail-if-exists\": true}",
        "{\"note\": \"x\", \"scopes\": [\"nonsense\"], \"fail-if-exists\": true}",
        "{\"note\": \"x\", \"max-age\": \"1\", \"fail-if-exists\": true}",
        "{\"note\": \"x\", \"max-age\": -1, \"fail-if-exists\": true}",
        "{\"note\": \"x\", \"fail-if-exists\": 1}",
    };
    const char *cookie = session(s, "alice"), *first, *second;
    struct answer r;

    first = new_token(s, cookie, "cli", ", \"fail-if-exists\": true");
    r = request_for(s, 400, "POST", TOKENS, cookie,
                    token_body(s, "cli", ", \"fail-if-exists\": true"));
    assert_str(json_member(s, &r, "error"), "a token named \"cli\" exists already");
    (void)get_for(s, 200, "/api/user", first);
    second = new_token(s, cookie, "cli", ", \"fail-if-exists\": false");
    (void)get_for(s, 401, "/api/user", first);
    (void)get_for(s, 200, "/api/user", second);
    for (size_t i = 0; i < COUNT(wrong); i++)
        (void)request_for(s, 422, "POST", TOKENS, cookie, str_of(wrong[i]));
}

static void bodies_of_all_clients_are_understood(void **state)
{
    struct site *s = *state;
    const char *cookie = session(s, "alice");

    (void)new_token(s, cookie, "plain", "");
    (void)new_token(s, cookie, "old", ", \"created_with\": null, \"unknown\": [1, {}]");
    (void)new_token(s, cookie, "own", ", \"created_with\": \"x\"");
    (void)request_for(s, 200, "POST", TOKENS, cookie, S("{\"user\": \"alice\", \"note\": \"me\"}"));
    (void)request_for(s, 200, "POST", TOKENS, cookie, S("{\"scopes\": [], \"note\": \"all\"}"));
    (void)request_for(s, 200, "POST", TOKENS, cookie, S("")); /* a name is not needed even */
    assert_int_equal(CORE_NUMBER(s->core, "SELECT COUNT(*) FROM token WHERE scopes = ''"), 6);
    assert_int_equal(CORE_NUMBER(s->core, "SELECT COUNT(*) FROM token WHERE name = 'token'"), 1);
}

static void who_asks_decides_between_401_and_403(void **state)
{
    struct site *s = *state;
    struct actor alice = sign_up(s, "alice");
    const char *basic = with_basic(s, "ALICE", PASSWORD);
    struct str body = token_body(s, "t", "");
    struct answer r = request_for(s, 200, "POST", TOKENS, basic, body);
    const char *token = with_token(s, str_z(s->core->mem, json_member(s, &r, "token")));

    (void)core_user(s->core, "bob");
    (void)request_for(s, 401, "POST", TOKENS, "", body);
    (void)request_for(s, 401, "POST", TOKENS, with_basic(s, "alice", "wrong"), body);
    (void)request_for(s, 401, "POST", TOKENS, with_basic(s, "bob", ""), body);
    r = request_for(s, 401, "POST", TOKENS, with_basic(s, "nobody", PASSWORD), body);
    assert_str(json_member(s, &r, "error"), "wrong username or password");
    (void)request_for(s, 401, "POST", TOKENS, token, body); /* a token makes no others */
    r = request_for(s, 403, "POST", TOKENS, with_cookie(s, make_cookie(s, &alice)),
                    S("{\"note\": \"t\", \"user\": \"bob\"}"));
    assert_str(json_member(s, &r, "error"), "\"alice\" may not administer \"bob\"");
}

/* ---- listing and ending ---------------------------------------------------------------------- */

static void lists_have_the_keys_that_clients_read(void **state)
{
    struct site *s = *state;
    const char *cookie = session(s, "alice"), *token;
    const json_t *list, *item;
    struct answer r;

    token = new_token(s, cookie, "binstar_client:me@host", "");
    r = get_for(s, 200, TOKENS, cookie);
    list = json_body(s, &r);
    assert_true(json_is_array(list));
    assert_int_equal(json_array_size(list), 1);
    for (int i = 0; i < 2; i++) {
        item = i ? json_body(s, &r) : json_array_get(list, 0);
        assert_string_equal(json_string_value(json_object_get(item, "application")),
                            "binstar_client:me@host");
        assert_string_equal(json_string_value(json_object_get(item, "hostname")), "host");
        assert_string_equal(json_string_value(json_object_get(item, "remote_addr")), "127.0.0.1");
        assert_true(json_is_string(json_object_get(item, "id")));
        assert_int_equal(json_array_size(json_object_get(item, "scopes")), 0);
        /* with a time zone: without one the client crashes */
        assert_true(is_date(str_of(json_string_value(json_object_get(item, "expires")))));
        assert_true(is_date(str_of(json_string_value(json_object_get(item, "created_at")))));
        assert_int_equal(json_object_size(json_object_get(item, "limits")), 0);
        assert_true(json_is_null(json_object_get(item, "last_used_at")));
        assert_true(json_is_null(json_object_get(item, "last_used_from")));
        assert_true(json_is_null(json_object_get(item, "last_used_by")));
        assert_int_equal(json_object_size(item), 11);
        r = get_for(s, 200, "/api/authentication", token);
    }
    (void)get_for(s, 401, "/api/authentication", "");
}

/* Login keeps its token until this is 201 or 401. */
static void logging_out_is_201_and_then_401(void **state)
{
    struct site *s = *state;
    const char *cookie = session(s, "alice"), *token = new_token(s, cookie, "t", "");
    struct answer r = request_for(s, 201, "DELETE", TOKENS,
                                  lines(s, token, "Content-Type: application/json\r\n"), S(""));

    assert_str(r.body, "");
    assert_str(header(&r, "Content-Length"), "0");
    (void)request_for(s, 401, "DELETE", TOKENS, token, S(""));
    (void)request_for(s, 401, "DELETE", TOKENS, "Authorization: token x\r\n", S(""));
    (void)request_for(s, 401, "DELETE", TOKENS, "", S(""));
}

static void a_name_is_the_rest_of_the_path(void **state)
{
    struct site *s = *state;
    static const char *const names[][2] = {
        {"binstar_token:host", "binstar_token:host"},
        {"with blank/and/slash", "with%20blank/and/slash"},
        {"a+b@c", "a+b@c"},
        {"name", "%6eame"},
        {"100%", "100%25"},
        {"q?x#y", "q%3Fx%23y"},
    };
    const char *cookie = session(s, "alice"), *other = session(s, "bob");

    for (size_t i = 0; i < COUNT(names); i++) {
        const char *target = str_fmt(s->core->mem, TOKENS "/name/%s", names[i][1]).ptr;
        const char *token = new_token(s, cookie, names[i][0], "");
        struct answer r;

        (void)request_for(s, 404, "DELETE", target, other, S(""));
        (void)get_for(s, 200, "/api/user", token);
        r = request_for(s, 201, "DELETE", target, cookie, S(""));
        assert_str(r.body, "");
        (void)get_for(s, 401, "/api/user", token);
        (void)request_for(s, 404, "DELETE", target, cookie, S(""));
    }
    (void)request_for(s, 404, "DELETE", TOKENS "/name", cookie, S(""));
}

/* ---- users ----------------------------------------------------------------------------------- */

static void a_user_is_shown_with_these_facts_and_no_others(void **state)
{
    struct site *s = *state;
    const char *cookie = session(s, "alice");
    static const char *const targets[] = {"/api/user", "/api/user/alice", "/api/user/ALICE"};
    static const char *const keys[] = {"login", "name",        "company",   "location",
                                       "url",   "description", "user_type", "created_at"};

    for (size_t i = 0; i < COUNT(targets); i++) {
        struct answer r = get_for(s, 200, targets[i], i ? "" : cookie);

        assert_str(json_member(s, &r, "login"), "alice");
        assert_str(json_member(s, &r, "user_type"), "user");
        assert_true(is_date(json_member(s, &r, "created_at")));
        for (size_t k = 0; k < COUNT(keys); k++)
            assert_true(json_is_string(json_object_get(json_body(s, &r), keys[k])));
        assert_int_equal(json_object_size(json_body(s, &r)), COUNT(keys));
        assert_false(body_has(&r, "example.org")); /* an e-mail address is private */
    }
}

static void absent_and_anonymous_users_are_told_apart(void **state)
{
    struct site *s = *state;
    struct answer r = get_for(s, 401, "/api/user", "");

    assert_true(json_member(s, &r, "error").len > 0);
    r = get_for(s, 404, "/api/user/nobody", "");
    assert_str(json_member(s, &r, "error"), "there is no account \"nobody\"");
    (void)get_for(s, 404, "/api/users/nobody/orgs", "");
}

static void nobody_is_in_an_organization(void **state)
{
    struct site *s = *state;
    const char *cookie = session(s, "alice");
    struct answer r = get_for(s, 200, "/api/user/orgs", cookie);

    assert_str(r.body, "[]");
    r = get_for(s, 200, "/api/users/Alice/orgs", "");
    assert_str(r.body, "[]");
    (void)get_for(s, 401, "/api/user/orgs", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SITE(the_root_is_there_for_anybody),
        WITH_SITE(what_a_client_asks_first_is_public),
        WITH_SITE(an_existing_name_and_only_that_is_400),
        WITH_SITE(bodies_of_all_clients_are_understood),
        WITH_SITE(who_asks_decides_between_401_and_403),
        WITH_SITE(lists_have_the_keys_that_clients_read),
        WITH_SITE(logging_out_is_201_and_then_401),
        WITH_SITE(a_name_is_the_rest_of_the_path),
        WITH_SITE(a_user_is_shown_with_these_facts_and_no_others),
        WITH_SITE(absent_and_anonymous_users_are_told_apart),
        WITH_SITE(nobody_is_in_an_organization),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
