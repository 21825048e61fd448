/* /api/v1: signing up, in and out, and what a cookie is. */
#include "web_fixture.h"

#include "core/session.h"

#define ACCOUNTS "/api/v1/accounts"
#define SESSION  "/api/v1/session"

static struct str form(struct site *s, const char *login, const char *password)
{
    return str_fmt(s->core->mem,
                   "{\"login\": \"%s\", \"email\": \"%s@example.org\", \"password\": \"%s\", "
                   "\"password_again\": \"%s\", \"accept_terms\": true}",
                   login, login, password, password);
}

/* The cookie that an answer sets, as a header line; and what else is said of it. */
static const char *cookie_of(struct site *s, const struct answer *r, struct str *ret_attributes)
{
    struct str rest = header(r, "Set-Cookie"), pair;

    assert_true(str_cut(&rest, ';', &pair));
    assert_true(str_starts(pair, S(SESSION_COOKIE "=")));
    *ret_attributes = rest;
    return str_fmt(s->core->mem, "Cookie: " STR_FMT "\r\n", STR_ARG(pair)).ptr;
}

static void one_request_signs_up_and_in(void **state)
{
    struct site *s = *state;
    struct answer r = request_for(s, 201, "POST", ACCOUNTS, "", form(s, "Carol", PASSWORD));
    struct str attributes;
    const char *cookie = cookie_of(s, &r, &attributes);

    assert_str(r.body, "{\"login\":\"carol\",\"superuser\":false}");
    assert_str(header(&r, "Cache-Control"), "no-store");
    assert_str(attributes, " Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax");
    assert_true(str_ends(log_line(s), S(" who=carol")));
    r = get_for(s, 200, SESSION, cookie);
    assert_str(r.body, "{\"login\":\"carol\",\"superuser\":false}");
    assert_false(has_header(&r, "Set-Cookie"));
}

/* Over plain HTTP the browser would not send it back; over HTTPS it must not leave that. */
static void a_cookie_is_as_safe_as_the_address_and_as_old_as_set(void **state)
{
    struct site *s = *state;
    struct answer r;
    struct str attributes;

    s->core->config.public_url = S("https://pkgs.example.org");
    s->core->config.session_days = 1;
    r = request_for(s, 201, "POST", ACCOUNTS, "", form(s, "carol", PASSWORD));
    (void)cookie_of(s, &r, &attributes);
    assert_str(attributes, " Path=/; Max-Age=86400; HttpOnly; SameSite=Lax; Secure");
}

static void every_refused_field_is_listed(void **state)
{
    struct site *s = *state;
    struct answer r =
        request_for(s, 422, "POST", ACCOUNTS, "",
                    S("{\"login\": \"a b\", \"email\": \"x\", \"password\": \"s3cr3t\", "
                      "\"password_again\": \"other\", \"accept_terms\": false}"));
    static const char *const fields[] = {"login", "email", "password", "password_again",
                                         "accept_terms"};
    const json_t *errors = json_object_get(json_body(s, &r), "errors");

    assert_str(header(&r, "Content-Type"), "application/problem+json");
    assert_int_equal(json_array_size(errors), COUNT(fields));
    for (size_t i = 0; i < COUNT(fields); i++) {
        const json_t *e = json_array_get(errors, i);

        assert_string_equal(json_string_value(json_object_get(e, "field")), fields[i]);
        assert_true(json_string_length(json_object_get(e, "detail")) > 0);
    }
    assert_false(has_header(&r, "Set-Cookie"));
    assert_false(body_has(&r, "s3cr3t"));
    assert_int_equal(CORE_NUMBER(s->core, "SELECT COUNT(*) FROM account"), 0);
    assert_int_equal(CORE_NUMBER(s->core, "SELECT COUNT(*) FROM session"), 0);
}

/* What a body may hold is a list; whoever asks for more gets no more. */
static void nobody_becomes_superuser_by_asking(void **state)
{
    struct site *s = *state;
    struct answer r;

    r = request_for(
        s, 201, "POST", ACCOUNTS, "",
        S("{\"login\": \"greedy\", \"email\": \"g@example.org\", \"password\": \"" PASSWORD
          "\", \"password_again\": \"" PASSWORD "\", \"accept_terms\": true, "
          "\"superuser\": true, \"by_admin\": true, \"kind\": \"organization\"}"));
    assert_str(r.body, "{\"login\":\"greedy\",\"superuser\":false}");
    assert_str(CORE_TEXT(s->core, "SELECT kind FROM account WHERE superuser = 0"), "user");
}

static void what_is_no_form_is_refused(void **state)
{
    struct site *s = *state;
    static const struct {
        unsigned status;
        const char *body;
    } cases[] = {
        {422, ""},
        {400, "{"},
        {400, "[]"},
        {400, "login=carol&password=x"},
        {422, "{\"login\": 5}"},
        {422, "{\"login\": [\"carol\"]}"},
        {422, "{\"accept_terms\": \"yes\"}"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        (void)request_for(s, cases[i].status, "POST", ACCOUNTS, "", str_of(cases[i].body));
        (void)request_for(s, cases[i].status, "POST", SESSION, "", str_of(cases[i].body));
    }
}

static void closed_registration_is_denied(void **state)
{
    struct site *s = *state;
    struct answer r;

    s->core->config.registration = false;
    r = request_for(s, 403, "POST", ACCOUNTS, "", form(s, "late", PASSWORD));
    assert_true(body_has(&r, "closed"));
    assert_false(has_header(&r, "Set-Cookie"));
}

static void signing_in_takes_login_or_address(void **state)
{
    struct site *s = *state;
    static const char *const names[] = {"alice", "ALICE", "alice@example.org", "Alice@EXAMPLE.org"};
    const char *first = NULL;

    (void)sign_up(s, "alice");
    for (size_t i = 0; i < COUNT(names); i++) {
        struct str attributes;
        struct answer r = request_for(
            s, 200, "POST", SESSION, "User-Agent: test\r\n",
            str_fmt(s->core->mem, "{\"login\": \"%s\", \"password\": \"" PASSWORD "\"}", names[i]));
        const char *cookie = cookie_of(s, &r, &attributes);

        assert_str(r.body, "{\"login\":\"alice\",\"superuser\":false}");
        assert_true(str_ends(log_line(s), S(" who=alice")));
        assert_true(!first || strcmp(first, cookie)); /* each time a session of its own */
        first = cookie;
    }
    assert_int_equal(CORE_NUMBER(s->core, "SELECT COUNT(*) FROM session"), 4);
}

/* Whether there is such an account is nobody's business. */
static void a_wrong_password_and_an_absent_account_look_the_same(void **state)
{
    struct site *s = *state;
    struct answer wrong, absent;

    (void)sign_up(s, "alice");
    wrong = request_for(s, 401, "POST", SESSION, "",
                        S("{\"login\": \"alice\", \"password\": \"wrong\"}"));
    absent = request_for(s, 401, "POST", SESSION, "",
                         S("{\"login\": \"nobody\", \"password\": \"wrong\"}"));
    assert_true(str_eq(wrong.body, absent.body));
    assert_str(json_member(s, &wrong, "error"), "wrong username or password");
    assert_false(has_header(&wrong, "Set-Cookie"));
    assert_false(has_header(&wrong, "WWW-Authenticate")); /* our page asks, not the browser */
}

static void signing_out_ends_the_session_and_its_cookie(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *one = with_cookie(s, make_cookie(s, &alice));
    const char *two = with_cookie(s, make_cookie(s, &alice));
    struct answer r = request_for(s, 204, "DELETE", SESSION, one, S(""));

    assert_str(header(&r, "Set-Cookie"),
               SESSION_COOKIE "=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    (void)get_for(s, 401, SESSION, one);
    (void)request_for(s, 401, "DELETE", SESSION, one, S(""));
    (void)get_for(s, 200, SESSION, two);
    assert_int_equal(CORE_NUMBER(s->core, "SELECT COUNT(*) FROM session"), 1);
}

static void who_i_am_is_told_by_session_or_token(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *token = with_token(s, make_token(s, &alice, "t", "api:read"));
    struct answer r;

    CORE_CHANGE(s->core, "UPDATE account SET superuser = 1");
    r = get_for(s, 200, SESSION, token);
    assert_str(r.body, "{\"login\":\"alice\",\"superuser\":true}");
    r = get_for(s, 401, SESSION, "");
    assert_str(json_member(s, &r, "error"), "sign in first: this needs an account");
    (void)request_for(s, 401, "DELETE", SESSION, token, S("")); /* it has no session to end */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SITE(one_request_signs_up_and_in),
        WITH_SITE(a_cookie_is_as_safe_as_the_address_and_as_old_as_set),
        WITH_SITE(every_refused_field_is_listed),
        WITH_SITE(nobody_becomes_superuser_by_asking),
        WITH_SITE(what_is_no_form_is_refused),
        WITH_SITE(closed_registration_is_denied),
        WITH_SITE(signing_in_takes_login_or_address),
        WITH_SITE(a_wrong_password_and_an_absent_account_look_the_same),
        WITH_SITE(signing_out_ends_the_session_and_its_cookie),
        WITH_SITE(who_i_am_is_told_by_session_or_token),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
