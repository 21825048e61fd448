/* Is the process there, may traffic come, and what is this place. */
#include "web_fixture.h"

static void it_is_alive_and_ready(void **state)
{
    struct site *s = *state;
    struct answer r = get_for(s, 200, "/healthz", "");

    assert_str(r.body, "ok\n");
    assert_str(header(&r, "Content-Type"), "text/plain");
    assert_str(header(&r, "Cache-Control"), "no-store");
    r = get_for(s, 200, "/readyz", "");
    assert_str(r.body, "ready\n");
    assert_str(header(&r, "Cache-Control"), "no-store");
    r = request_for(s, 200, "HEAD", "/readyz", "", S(""));
    assert_str(header(&r, "Content-Length"), "6");
}

/* Traffic turns away while what is under way finishes: the process is alive and answers. */
static void a_server_that_stops_is_alive_and_not_ready(void **state)
{
    struct site *s = *state;
    struct answer r;

    web_drain(s->web);
    r = get_for(s, 503, "/readyz", "");
    assert_str(r.body, "the server is stopping\n");
    assert_str(header(&r, "Content-Type"), "text/plain");
    assert_str(header(&r, "Retry-After"), "5");
    assert_false(has_header(&r, "WWW-Authenticate"));
    (void)get_for(s, 200, "/healthz", "");
    (void)get_for(s, 200, "/api/scopes", "");
    (void)get_for(s, 503, "/readyz", "");
}

static void ready_means_that_the_database_answers(void **state)
{
    struct site *s = *state;
    unsigned before = sql_statements();

    (void)get_for(s, 200, "/healthz", "");
    assert_int_equal(sql_statements(), before);
    (void)get_for(s, 200, "/readyz", "");
    assert_true(sql_statements() > before);
}

/* Probes know nobody: whatever else their requests carry changes nothing. */
static void probes_take_no_notice_of_credentials(void **state)
{
    struct site *s = *state;
    static const char *const odd[] = {"Authorization: token wrong\r\n", "Authorization: x\r\n",
                                      "Authorization: Basic !!!\r\n",
                                      "Cookie: terrarium_session=ended\r\n"};

    for (size_t i = 0; i < COUNT(odd); i++) {
        (void)get_for(s, 200, "/healthz", odd[i]);
        (void)get_for(s, 200, "/readyz", odd[i]);
        (void)get_for(s, 200, "/", odd[i]);
    }
}

static void the_first_page_says_how_to_begin_at_this_address(void **state)
{
    struct site *s = *state;
    struct answer r = get_for(s, 200, "/", "Host: packages.example.org:8443\r\n");

    assert_str(header(&r, "Content-Type"), "text/html; charset=utf-8");
    assert_true(body_has(&r, "--channel http://packages.example.org:8443/conda/OWNER PACKAGE"));
    assert_true(body_has(&r, "--set url http://packages.example.org:8443/api\n"));
    s->core->config.public_url = S("https://pkgs.example.org/x?<b>");
    r = get_for(s, 200, "/", "");
    assert_true(body_has(&r, "--set url https://pkgs.example.org/x?&lt;b&gt;/api\n"));
    assert_false(body_has(&r, "<b>"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SITE(it_is_alive_and_ready),
        WITH_SITE(a_server_that_stops_is_alive_and_not_ready),
        WITH_SITE(ready_means_that_the_database_answers),
        WITH_SITE(probes_take_no_notice_of_credentials),
        WITH_SITE(the_first_page_says_how_to_begin_at_this_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
