/* What a channel was, page by page, and the way back to it. */
#include "web_fixture.h"

#include "core/inspect.h"

#define GENERATIONS "/api/v1/channels/alice/generations"
#define ROLLBACK    "/api/v1/channels/alice/rollback"

/* alice with x 1.0, x 2.0, and z 1.0 that she alone sees: three generations. */
static struct actor publish_some(struct site *s)
{
    struct actor alice = core_user(s->core, "alice");
    struct core_spec spec = {.name = "x", .version = "1.0", .build = "0", .subdir = "noarch"};

    (void)core_publish(s->core, &alice, &spec);
    spec.version = "2.0";
    (void)core_publish(s->core, &alice, &spec);
    spec.name = "z";
    (void)core_publish(s->core, &alice, &spec);
    must(s->core, package_change_access(&s->core->app, s->core->mem, &alice, S("alice"), S("z"),
                                        ACCESS_PRIVATE, &s->core->err));
    CORE_CHANGE(s->core, "UPDATE generation SET made_ms = 1000 * number");
    return alice;
}

static const char *token_of(struct site *s, const struct actor *who)
{
    return with_token(s, make_token(s, who, "t", NULL));
}

/* The numbers of a list of generations. */
static struct str numbers(struct site *s, const struct answer *r)
{
    json_t *list = json_object_get(json_body(s, r), "generations");
    struct str text = S("");

    for (size_t i = 0; i < json_array_size(list); i++)
        text = str_fmt(
            s->core->mem, STR_FMT "%s%lld", STR_ARG(text), i ? " " : "",
            (long long)json_integer_value(json_object_get(json_array_get(list, i), "number")));
    return text;
}

static void generations_are_told_to_who_administers(void **state)
{
    struct site *s = *state;
    struct actor alice = publish_some(s);
    const char *token = token_of(s, &alice);
    struct answer r = get_for(s, 200, GENERATIONS, token);

    assert_str(r.body,
               "{\"generations\":["
               "{\"actor\":\"alice\",\"changes\":[{\"filename\":\"z-2.0-0.tar.bz2\",\"label\":"
               "\"main\",\"package\":\"z\",\"subdir\":\"noarch\"}],"
               "\"made_at\":\"1970-01-01T00:00:04.000Z\",\"number\":4},"
               "{\"actor\":\"alice\",\"changes\":[{\"filename\":\"z-2.0-0.tar.bz2\",\"label\":"
               "\"main\",\"package\":\"z\",\"subdir\":\"noarch\"}],"
               "\"made_at\":\"1970-01-01T00:00:03.000Z\",\"number\":3},"
               "{\"actor\":\"alice\",\"changes\":[{\"filename\":\"x-2.0-0.tar.bz2\",\"label\":"
               "\"main\",\"package\":\"x\",\"subdir\":\"noarch\"}],"
               "\"made_at\":\"1970-01-01T00:00:02.000Z\",\"number\":2},"
               "{\"actor\":\"alice\",\"changes\":[{\"filename\":\"x-1.0-0.tar.bz2\",\"label\":"
               "\"main\",\"package\":\"x\",\"subdir\":\"noarch\"}],"
               "\"made_at\":\"1970-01-01T00:00:01.000Z\",\"number\":1}],\"next\":null}");
}

/* Neither who made them, nor what changed of packages that they do not see, nor when that was. */
static void others_are_told_of_what_they_see_now(void **state)
{
    struct site *s = *state;
    struct actor alice = publish_some(s), bob = core_user(s->core, "bob");
    const char *const callers[] = {"", token_of(s, &bob)};
    struct answer r;

    for (size_t i = 0; i < COUNT(callers); i++) {
        r = get_for(s, 200, GENERATIONS, callers[i]);
        assert_str(numbers(s, &r), "2 1");
        assert_false(body_has(&r, "alice"));
        assert_false(body_has(&r, "z-2.0"));
        assert_true(body_has(&r, "x-2.0-0.tar.bz2"));
    }
    CORE_CHANGE(s->core, "UPDATE generation_change SET package = '', filename = '' "
                         "WHERE number = 2"); /* all of a subdir: nobody knows of what */
    r = get_for(s, 200, GENERATIONS, "");
    assert_str(numbers(s, &r), "1");
    must(s->core, package_change_access(&s->core->app, s->core->mem, &alice, S("alice"), S("x"),
                                        ACCESS_AUTHENTICATED, &s->core->err));
    r = get_for(s, 200, GENERATIONS, "");
    assert_str(numbers(s, &r), "");
    r = get_for(s, 200, GENERATIONS, callers[1]);
    assert_str(numbers(s, &r), "5 1");
}

/* Such a token is told as a stranger is, of its labels. */
static void a_limited_token_is_not_told_all(void **state)
{
    struct site *s = *state;
    struct actor alice = publish_some(s);
    const char *token = token_of(s, &alice);
    struct answer r;

    CORE_CHANGE(s->core, "UPDATE generation_change SET label = 'dev' WHERE number = 1");
    CORE_CHANGE(s->core, "UPDATE token SET limits = 'label:dev'");
    r = get_for(s, 200, GENERATIONS, token);
    assert_str(numbers(s, &r), "1");
    assert_true(body_has(&r, "\"actor\":\"\""));
}

static void generations_come_page_by_page(void **state)
{
    struct site *s = *state;
    struct actor alice = publish_some(s);
    const char *token = token_of(s, &alice);
    struct answer r = get_for(s, 200, GENERATIONS "?limit=2", token);

    assert_str(numbers(s, &r), "4 3");
    assert_int_equal(json_integer_value(json_object_get(json_body(s, &r), "next")), 3);
    r = get_for(s, 200, GENERATIONS "?limit=2&before=3", token);
    assert_str(numbers(s, &r), "2 1");
    assert_int_equal(json_integer_value(json_object_get(json_body(s, &r), "next")), 1);
    r = get_for(s, 200, GENERATIONS "?limit=2&before=1", token);
    assert_str(numbers(s, &r), "");
    assert_true(json_is_null(json_object_get(json_body(s, &r), "next")));
    /* Who sees nothing of a page finds the next one all the same. */
    r = get_for(s, 200, GENERATIONS "?limit=2", "");
    assert_str(numbers(s, &r), "");
    assert_int_equal(json_integer_value(json_object_get(json_body(s, &r), "next")), 3);
}

static void a_question_that_means_nothing_is_refused(void **state)
{
    static const struct {
        const char *query, *says;
    } cases[] = {
        {"?limit=0", "limit \\\"0\\\" is not a number from 1 to 500"},
        {"?limit=501", "limit \\\"501\\\" is not a number from 1 to 500"},
        {"?limit=x", "limit \\\"x\\\" is not a number"},
        {"?before=-1", "before \\\"-1\\\" is not what a page gave"},
        {"?before=9223372036854775808", "is not what a page gave"},
        {"?after=1", "after"},
    };
    struct site *s = *state;

    (void)publish_some(s);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct answer r =
            get_for(s, 422, str_fmt(s->core->mem, GENERATIONS "%s", cases[i].query).ptr, "");

        assert_true(body_has(&r, cases[i].says));
    }
    (void)get_for(s, 404, "/api/v1/channels/nobody/generations", "");
}

/* ---- back ---- */

static struct answer roll_back(struct site *s, unsigned status, const char *token, const char *body)
{
    return request_for(s, status, "POST", ROLLBACK,
                       lines(s, token, "Content-Type: application/json\r\n"), str_of(body));
}

static void a_channel_goes_back(void **state)
{
    struct site *s = *state;
    struct actor alice = publish_some(s);
    const char *token = token_of(s, &alice);
    struct answer r, then = get_for(s, 200, "/conda/alice@gen-1/noarch/repodata.json", ""), now;

    r = roll_back(s, 200, token, "{\"to\":\"gen-1\"}");
    assert_str(r.body, "{\"gained\":0,\"generation\":5,\"lost\":2,\"missing\":[]}");
    now = get_for(s, 200, "/conda/alice/noarch/repodata.json", "");
    assert_true(str_eq(now.body, then.body));
    r = roll_back(s, 200, token, "{\"to\":\"gen-1\",\"label\":\"Main\"}");
    assert_str(r.body, "{\"gained\":0,\"generation\":null,\"lost\":0,\"missing\":[]}");
    CORE_CHANGE(s->core, "DELETE FROM file WHERE filename = 'x-2.0-0.tar.bz2'");
    r = roll_back(s, 200, token, "{\"to\":\"1970-01-01T00:00:04Z\"}");
    assert_str(r.body, "{\"gained\":1,\"generation\":6,\"lost\":0,"
                       "\"missing\":[\"noarch/x-2.0-0.tar.bz2\"]}");
}

static void what_cannot_be_had_is_refused(void **state)
{
    static const struct {
        const char *body;
        unsigned status;
        const char *says;
    } cases[] = {
        {"{}", 422, "to is missing"},
        {"{\"to\":5}", 422, "to is missing"},
        {"{\"to\":\"\"}", 422, "to is missing"},
        {"[]", 400, "not an object"},
        {"{\"to\":\"last week\"}", 400, "it takes gen-12"},
        {"{\"to\":\"gen-9\"}", 404, "begins with gen-1"},
        {"{\"to\":\"gen-1\",\"label\":\"nope\"}", 404, "no label \\\"nope\\\""},
        {"{\"to\":", 400, ""},
    };
    struct site *s = *state;
    struct actor alice = publish_some(s), bob = core_user(s->core, "bob");
    const char *token = token_of(s, &alice), *bobs = token_of(s, &bob);
    struct answer r;

    for (size_t i = 0; i < COUNT(cases); i++) {
        r = roll_back(s, cases[i].status, token, cases[i].body);
        assert_true(body_has(&r, cases[i].says));
    }
    (void)roll_back(s, 401, "", "{\"to\":\"gen-1\"}");
    (void)roll_back(s, 403, bobs, "{\"to\":\"gen-1\"}");
    assert_int_equal(CORE_NUMBER(s->core, "SELECT MAX(number) FROM generation"), 4);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(generations_are_told_to_who_administers),
        WITH_PUBLISHING(others_are_told_of_what_they_see_now),
        WITH_PUBLISHING(a_limited_token_is_not_told_all),
        WITH_PUBLISHING(generations_come_page_by_page),
        WITH_PUBLISHING(a_question_that_means_nothing_is_refused),
        WITH_PUBLISHING(a_channel_goes_back),
        WITH_PUBLISHING(what_cannot_be_had_is_refused),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
