/* The page behind the one-time link. */
#include "web_fixture.h"

#include "core/session.h"
#include "core/setup.h"

#define FORM_TYPE "Content-Type: application/x-www-form-urlencoded\r\n"
#define GOOD_FORM                                                                                  \
    S("login=Boss&email=boss%40example.org&password=correct+horse%20battery&"                      \
      "password_again=correct+horse+battery")

static const char *new_link(struct site *s)
{
    struct str code;

    must(s->core, setup_begin(&s->core->app, s->core->mem, &code, &s->core->err));
    assert_int_equal(code.len, 32);
    return str_fmt(s->core->mem, "/setup/" STR_FMT, STR_ARG(code)).ptr;
}

static int64_t superusers(struct site *s)
{
    return CORE_NUMBER(s->core, "SELECT COUNT(*) FROM account WHERE superuser = 1");
}

static void is_page(const struct answer *r)
{
    assert_str(header(r, "Content-Type"), "text/html; charset=utf-8");
    assert_str(header(r, "Cache-Control"), "no-store");
    assert_str(header(r, "Referrer-Policy"), "same-origin");
    assert_true(str_starts(header(r, "Content-Security-Policy"), S("default-src 'none';")));
}

static void the_link_shows_a_form_that_posts_back(void **state)
{
    struct site *s = *state;
    const char *link = new_link(s);
    struct answer r = get_for(s, 200, link, "");
    static const char *const inputs[] = {
        "name=\"login\" type=\"text\"", "name=\"email\" type=\"email\"",
        "name=\"password\" type=\"password\"", "name=\"password_again\" type=\"password\""};

    is_page(&r);
    assert_true(body_has(&r, "<form method=\"post\">")); /* to where it came from */
    for (size_t i = 0; i < COUNT(inputs); i++)
        assert_true(body_has(&r, inputs[i]));
    assert_false(body_has(&r, link + strlen("/setup/")));
    assert_true(text_has(log_line(s), " path=/setup/*** status=200 "));
    (void)get_for(s, 200, link, ""); /* looking uses nothing up */
}

static void sending_it_makes_the_administrator_and_signs_in(void **state)
{
    struct site *s = *state;
    const char *link = new_link(s), *cookie;
    struct answer r = request_for(s, 201, "POST", link, FORM_TYPE, GOOD_FORM);
    struct str rest = header(&r, "Set-Cookie"), pair;

    is_page(&r);
    assert_true(body_has(&r, "<strong>boss</strong> was created"));
    assert_true(str_cut(&rest, ';', &pair));
    assert_str(rest, " Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax");
    cookie = str_fmt(s->core->mem, "Cookie: " STR_FMT "\r\n", STR_ARG(pair)).ptr;
    r = get_for(s, 200, "/api/v1/session", cookie);
    assert_str(r.body, "{\"login\":\"boss\",\"superuser\":true}");
    r = request_for(s, 200, "POST", "/api/v1/session", "",
                    S("{\"login\": \"boss@example.org\", \"password\": \"" PASSWORD "\"}"));
    assert_int_equal(superusers(s), 1);
}

static void it_works_once(void **state)
{
    struct site *s = *state;
    const char *link = new_link(s);
    struct answer r;

    (void)request_for(s, 201, "POST", link, FORM_TYPE, GOOD_FORM);
    r = get_for(s, 404, link, "");
    is_page(&r);
    assert_true(body_has(&r, "this set-up link was used already"));
    r = request_for(s, 404, "POST", link, FORM_TYPE,
                    S("login=other&email=o%40example.org&password=correct+horse+battery&"
                      "password_again=correct+horse+battery"));
    assert_false(has_header(&r, "Set-Cookie"));
    assert_int_equal(superusers(s), 1);
}

static void other_old_and_late_links_are_gone(void **state)
{
    struct site *s = *state;
    const char *old = new_link(s), *link = new_link(s);
    static const char *const wrong[] = {"/setup/x", "/setup/%20", "/setup/0000000000000000000000"};

    (void)get_for(s, 404, old, "");
    for (size_t i = 0; i < COUNT(wrong); i++) {
        (void)get_for(s, 404, wrong[i], "");
        (void)request_for(s, 404, "POST", wrong[i], FORM_TYPE, GOOD_FORM);
    }
    (void)get_for(s, 200, link, "");
    CORE_CHANGE(s->core, "UPDATE setup_code SET expires_ms = 1");
    (void)get_for(s, 404, link, "");
    (void)request_for(s, 404, "POST", link, FORM_TYPE, GOOD_FORM);
    assert_int_equal(superusers(s), 0);
}

static void refused_fields_are_shown_again_but_for_passwords(void **state)
{
    struct site *s = *state;
    const char *link = new_link(s);
    struct answer r =
        request_for(s, 422, "POST", link, FORM_TYPE,
                    S("login=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&email=a%26b&password=s3cr3t&"
                      "password_again=0th3r"));

    is_page(&r);
    assert_true(body_has(&r, "value=\"&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\""));
    assert_true(body_has(&r, "value=\"a&amp;b\""));
    assert_false(body_has(&r, "<script>"));
    assert_false(body_has(&r, "s3cr3t"));
    assert_false(body_has(&r, "0th3r"));
    assert_true(body_has(&r, "<p><strong>"));
    assert_false(has_header(&r, "Set-Cookie"));
    (void)request_for(s, 422, "POST", link, FORM_TYPE, S(""));
    (void)request_for(s, 422, "POST", link, FORM_TYPE, S("login=%zz&password=%"));
    (void)request_for(s, 422, "POST", link, "", S("{\"login\": \"boss\"}"));
    assert_int_equal(superusers(s), 0);
    (void)request_for(s, 201, "POST", link, FORM_TYPE, GOOD_FORM);
}

/* What a browser says of the form on our own page, and of one elsewhere. */
static void only_our_own_page_may_send_it(void **state)
{
    struct site *s = *state;
    const char *link = new_link(s);
    const char *own =
        str_fmt(s->core->mem, FORM_TYPE "Origin: http://" STR_FMT "\r\n", STR_ARG(s->address)).ptr;
    struct answer r;

    r = request_for(s, 403, "POST", link, FORM_TYPE "Origin: http://evil.example\r\n", GOOD_FORM);
    is_page(&r);
    (void)request_for(s, 403, "POST", link, FORM_TYPE "Origin: null\r\n", GOOD_FORM);
    assert_int_equal(superusers(s), 0);
    (void)request_for(s, 201, "POST", link, own, GOOD_FORM);
}

/* The first administrator needs no open registration. */
static void closed_registration_does_not_close_it(void **state)
{
    struct site *s = *state;

    s->core->config.registration = false;
    (void)request_for(s, 201, "POST", new_link(s), FORM_TYPE, GOOD_FORM);
}

static void an_administrator_made_otherwise_ends_it(void **state)
{
    struct site *s = *state;
    const char *link = new_link(s);

    (void)core_user(s->core, "root1");
    (void)get_for(s, 200, link, "");
    CORE_CHANGE(s->core, "UPDATE account SET superuser = 1");
    (void)get_for(s, 404, link, "");
    (void)request_for(s, 404, "POST", link, FORM_TYPE, GOOD_FORM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SITE(the_link_shows_a_form_that_posts_back),
        WITH_SITE(sending_it_makes_the_administrator_and_signs_in),
        WITH_SITE(it_works_once),
        WITH_SITE(other_old_and_late_links_are_gone),
        WITH_SITE(refused_fields_are_shown_again_but_for_passwords),
        WITH_SITE(only_our_own_page_may_send_it),
        WITH_SITE(closed_registration_does_not_close_it),
        WITH_SITE(an_administrator_made_otherwise_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
