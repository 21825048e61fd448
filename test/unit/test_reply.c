/* Answers in the three forms that clients expect, and what never gets into one. */
#include "unit.h"

#include "base/limits.h"
#include "format/json.h"
#include "http/wire.h"
#include "web/reply.h"
#include "web/routes.h"

/* A call that has got as far as its route. */
struct scene {
    struct arena *mem;
    struct route route;
    struct http_exchange ex;
    struct call call;
    struct err err;
    struct str sent; /* the last answer, as on the wire */
};

static int setup(void **state)
{
    struct arena *mem = arena_open(64 * MIB);
    struct scene *s = mem ? arena_new(mem, struct scene) : NULL;

    assert_non_null(s);
    s->mem = mem;
    s->ex = (struct http_exchange){.mem = mem};
    s->call = (struct call){.ex = &s->ex, .mem = mem, .route = &s->route};
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;

    http_response_unrefp(&s->ex.response);
    arena_close(s->mem);
    return 0;
}

static void take_answer(struct scene *s)
{
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);

    assert_non_null(s->ex.response);
    http_response_print(s->ex.response, &b);
    assert_true(buf_ok(&b));
    s->sent = str_dup(s->mem, buf_str(&b));
    http_response_unrefp(&s->ex.response);
}

static bool has(const struct scene *s, const char *text)
{
    return memmem(s->sent.ptr, s->sent.len, text, strlen(text)) != NULL;
}

static void answer_error(struct scene *s, enum error_form form, unsigned status,
                         const struct err *e)
{
    s->route.errors = form;
    reply_error(&s->call, status, e);
    take_answer(s);
}

/* The body, after the empty line. */
static struct str body(const struct scene *s)
{
    const char *end = memmem(s->sent.ptr, s->sent.len, "\r\n\r\n", 4);

    assert_non_null(end);
    return str_from(s->sent, (size_t)(end - s->sent.ptr) + 4);
}

/* ---- statuses -------------------------------------------------------------------------------- */

static const struct {
    enum err_code code;
    unsigned status;
    const char *title;
} statuses[] = {
    {ERR_NOMEM, 503, "Service Unavailable"},
    {ERR_IO, 500, "Internal Server Error"},
    {ERR_INVALID, 400, "Bad Request"},
    {ERR_UNPROCESSABLE, 422, "Unprocessable Content"},
    {ERR_TOO_BIG, 413, "Content Too Large"},
    {ERR_NOT_FOUND, 404, "Not Found"},
    {ERR_CONFLICT, 409, "Conflict"},
    {ERR_UNAUTHENTICATED, 401, "Unauthorized"},
    {ERR_DENIED, 403, "Forbidden"},
    {ERR_LIMITED, 429, "Too Many Requests"},
    {ERR_BUSY, 503, "Service Unavailable"},
    {ERR_COLLISION, 503, "Service Unavailable"},
    {ERR_NO_SPACE, 507, "Insufficient Storage"},
};

static void every_failure_has_its_status_and_title(void **state)
{
    struct scene *s = *state;

    assert_int_equal(COUNT(statuses), ERR_CODE_MAX - 1);
    assert_int_equal(reply_status(OK), 200);
    for (size_t i = 0; i < COUNT(statuses); i++) {
        struct err e = {.code = statuses[i].code, .msg = "why"};
        struct str first = str_fmt(s->mem, "HTTP/1.1 %u ", statuses[i].status);
        struct str title = str_fmt(s->mem, "\"title\":\"%s\"", statuses[i].title);

        assert_int_equal(reply_status(statuses[i].code), statuses[i].status);
        answer_error(s, ERRORS_PROBLEM, 0, &e);
        assert_true(str_starts(s->sent, first));
        assert_true(has(s, title.ptr));
        assert_int_equal(has(s, "\r\nRetry-After: 5\r\n"), statuses[i].status == 503);
    }
}

static void a_status_of_its_own_overrides_that_of_the_code(void **state)
{
    struct scene *s = *state;
    static const struct {
        unsigned status;
        const char *title;
    } own[] = {{405, "Method Not Allowed"},    {408, "Request Timeout"},
               {411, "Length Required"},       {414, "URI Too Long"},
               {416, "Range Not Satisfiable"}, {431, "Request Header Fields Too Large"},
               {501, "Not Implemented"}};
    struct err e = {.code = ERR_INVALID, .msg = "why"};

    for (size_t i = 0; i < COUNT(own); i++) {
        answer_error(s, ERRORS_PROBLEM, own[i].status, &e);
        assert_str(body(s),
                   str_fmt(s->mem,
                           "{\"detail\":\"why\",\"error\":\"why\",\"status\":%u,\"title\":\"%s\","
                           "\"type\":\"about:blank\"}",
                           own[i].status, own[i].title)
                       .ptr);
    }
}

/* ---- what may be told ------------------------------------------------------------------------ */

/* Paths, statements and errno texts are for the log. */
static void our_own_trouble_is_not_told(void **state)
{
    struct scene *s = *state;
    static const enum error_form forms[] = {ERRORS_PROBLEM, ERRORS_XML, ERRORS_HTML};
    static const struct {
        enum err_code code;
        const char *told;
    } ours[] = {{ERR_IO, "internal error; its log tells more"},
                {ERR_NOMEM, "short of memory; try again later"},
                {ERR_BUSY, "does not answer; try again in a moment"},
                {ERR_COLLISION, "does not answer; try again in a moment"},
                {ERR_NO_SPACE, "disk is full; nothing was stored"}};

    for (size_t i = 0; i < COUNT(ours); i++)
        for (size_t j = 0; j < COUNT(forms); j++) {
            struct err e = {0};

            (void)fail(&e, ours[i].code, "cannot open \"/var/lib/secret.db\": statement 17");
            answer_error(s, forms[j], 0, &e);
            assert_false(has(s, "secret"));
            assert_false(has(s, "statement"));
            assert_false(has(s, "test_reply.c"));
            assert_true(has(s, ours[i].told));
        }
}

static void what_the_client_did_wrong_is_told_as_it_is(void **state)
{
    struct scene *s = *state;
    struct err e = {0};

    (void)fail_field(&e, "note", "a \"name\" <b>");
    answer_error(s, ERRORS_PROBLEM, 0, &e);
    assert_str(body(s), "{\"detail\":\"a \\\"name\\\" <b>\",\"error\":\"a \\\"name\\\" <b>\","
                        "\"field\":\"note\",\"status\":422,\"title\":\"Unprocessable Content\","
                        "\"type\":\"about:blank\"}");
    assert_true(has(s, "\r\nContent-Type: application/problem+json\r\n"));
    assert_true(has(s, "\r\nCache-Control: no-store\r\n"));
    assert_true(has(s, "\r\nX-Content-Type-Options: nosniff\r\n"));
}

static void without_a_route_a_problem_is_told(void **state)
{
    struct scene *s = *state;
    struct err e = {.code = ERR_NOT_FOUND, .msg = "nothing here"};

    s->call.route = NULL;
    answer_error(s, ERRORS_HTML, 0, &e);
    assert_true(has(s, "application/problem+json"));
}

static void refused_fields_are_listed_each(void **state)
{
    struct scene *s = *state;
    json_t *fields = json_pack("[{s:s, s:s}]", "field", "login", "detail", "is taken");
    struct err e = {.code = ERR_UNPROCESSABLE, .field = "login", .msg = "is taken"};

    assert_non_null(fields);
    reply_field_errors(&s->call, &e, fields);
    take_answer(s);
    assert_str(body(s), "{\"detail\":\"is taken\",\"error\":\"is taken\","
                        "\"errors\":[{\"detail\":\"is taken\",\"field\":\"login\"}],"
                        "\"field\":\"login\",\"status\":422,\"title\":\"Unprocessable Content\","
                        "\"type\":\"about:blank\"}");
}

/* ---- S3's form ------------------------------------------------------------------------------- */

static void xml_errors_have_the_code_of_the_case(void **state)
{
    struct scene *s = *state;
    static const struct {
        enum err_code code;
        const char *field;
        unsigned status;
        const char *name;
    } cases[] = {
        {ERR_INVALID, NULL, 400, "InvalidDigest"},
        {ERR_INVALID, "form", 400, "MalformedPOSTRequest"},
        {ERR_UNPROCESSABLE, NULL, 400, "InvalidDigest"}, /* clients know no 422 here */
        {ERR_NOT_FOUND, NULL, 404, "NoSuchUpload"},
        {ERR_CONFLICT, NULL, 409, "OperationAborted"},
        {ERR_TOO_BIG, NULL, 413, "EntityTooLarge"},
        {ERR_DENIED, NULL, 403, "AccessDenied"},
        {ERR_UNAUTHENTICATED, NULL, 401, "AccessDenied"},
        {ERR_BUSY, NULL, 503, "SlowDown"},
        {ERR_NOMEM, NULL, 503, "SlowDown"},
        {ERR_IO, NULL, 500, "InternalError"},
        {ERR_NO_SPACE, NULL, 507, "InternalError"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = {.code = cases[i].code, .field = cases[i].field, .msg = "why"};
        struct str first = str_fmt(s->mem, "HTTP/1.1 %u ", cases[i].status);
        struct str start = str_fmt(s->mem, "<Error><Code>%s</Code><Message>", cases[i].name);

        answer_error(s, ERRORS_XML, 0, &e);
        assert_true(str_starts(s->sent, first));
        assert_true(str_starts(body(s), start));
        assert_true(str_ends(body(s), S("</Message></Error>")));
        assert_true(has(s, "\r\nContent-Type: application/xml\r\n"));
    }
}

static void xml_and_html_are_escaped(void **state)
{
    struct scene *s = *state;
    struct err e = {.code = ERR_INVALID, .msg = "]]> <b a='1'> & \"x\" \x01"};

    answer_error(s, ERRORS_XML, 0, &e);
    assert_str(body(s), "<Error><Code>InvalidDigest</Code><Message>]]&gt; &lt;b a=&#39;1&#39;&gt; "
                        "&amp; &quot;x&quot; ?</Message></Error>");
    e.msg[strlen(e.msg) - 1] = '!';
    answer_error(s, ERRORS_HTML, 0, &e);
    assert_true(has(s, "<title>Bad Request</title>"));
    assert_true(has(s, "<p>]]&gt; &lt;b a=&#39;1&#39;&gt; &amp; &quot;x&quot; !</p>"));
}

/* ---- pages, bytes ---------------------------------------------------------------------------- */

/* A page's referrer must reach our own server only, and must reach that: without one a browser
 * sends forms with "Origin: null". */
static void pages_run_nothing_and_tell_others_nothing(void **state)
{
    struct scene *s = *state;

    assert_int_equal(reply_html(&s->call, 200, S("<A & B>"), S("<p>x</p>"), &s->err), OK);
    take_answer(s);
    assert_true(has(s, "<title>&lt;A &amp; B&gt;</title>"));
    assert_true(has(s, "<h1>&lt;A &amp; B&gt;</h1>\n<p>x</p></body>"));
    assert_true(has(s, "\r\nContent-Security-Policy: default-src 'none';"));
    assert_true(has(s, "frame-ancestors 'none'"));
    assert_true(has(s, "\r\nReferrer-Policy: same-origin\r\n"));
    assert_true(has(s, "\r\nContent-Type: text/html; charset=utf-8\r\n"));
}

static void json_is_canonical_and_never_kept(void **state)
{
    struct scene *s = *state;

    assert_int_equal(
        reply_json(&s->call, 200, json_pack("{s:s, s:i}", "b", "\xc3\xa4", "a", 1), &s->err), OK);
    take_answer(s);
    assert_str(body(s), "{\"a\":1,\"b\":\"\\u00e4\"}");
    assert_true(has(s, "\r\nContent-Type: application/json\r\n"));
    assert_true(has(s, "\r\nCache-Control: no-store\r\n"));
}

static void a_value_that_could_not_be_made_is_a_failure(void **state)
{
    struct scene *s = *state;

    assert_int_equal(reply_json(&s->call, 200, NULL, &s->err), ERR_NOMEM);
    assert_null(s->ex.response);
}

static void an_empty_answer_has_no_type(void **state)
{
    struct scene *s = *state;

    assert_int_equal(reply_empty(&s->call, 201, &s->err), OK);
    take_answer(s);
    assert_true(str_starts(s->sent, S("HTTP/1.1 201 ")));
    assert_false(has(s, "Content-Type:"));
    assert_str(body(s), "");
}

static void a_later_answer_replaces_an_earlier_one(void **state)
{
    struct scene *s = *state;
    struct err e = {.code = ERR_CONFLICT, .msg = "taken"};

    assert_int_equal(reply_bytes(&s->call, 200, "text/plain", S("first"), &s->err), OK);
    answer_error(s, ERRORS_PROBLEM, 0, &e);
    assert_true(str_starts(s->sent, S("HTTP/1.1 409 ")));
    assert_false(has(s, "first"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_failure_has_its_status_and_title),
        CASE(a_status_of_its_own_overrides_that_of_the_code),
        CASE(our_own_trouble_is_not_told),
        CASE(what_the_client_did_wrong_is_told_as_it_is),
        CASE(without_a_route_a_problem_is_told),
        CASE(refused_fields_are_listed_each),
        CASE(xml_errors_have_the_code_of_the_case),
        CASE(xml_and_html_are_escaped),
        CASE(pages_run_nothing_and_tell_others_nothing),
        CASE(json_is_canonical_and_never_kept),
        CASE(a_value_that_could_not_be_made_is_a_failure),
        CASE(an_empty_answer_has_no_type),
        CASE(a_later_answer_replaces_an_earlier_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
