/* Badges: what each says, who gets it, and what a repeated one costs. */
#include "web_fixture.h"

#include "core/inspect.h"
#include "core/package.h"

#define BADGE "/badges/alice/p/"

static const struct core_spec tiny = {
    .name = "p",
    .version = "1.10",
    .build = "0",
    .subdir = "noarch",
    .about = "{\"license\": \"BSD-3-Clause\", \"summary\": \"s\"}",
};

static void says(struct site *s, const char *badge, const char *text)
{
    struct answer r = get_for(s, 200, str_fmt(s->core->mem, BADGE "%s.svg", badge).ptr, "");
    const char *title = str_fmt(s->core->mem, "<title>%s</title>", text).ptr;

    if (!body_has(&r, title))
        print_error("%.*s has no %s\n", (int)r.body.len, r.body.ptr, title);
    assert_true(body_has(&r, title));
}

/* Any change: what is kept in memory is asked for again. */
static void forget(struct site *s)
{
    CORE_CHANGE(s->core, "UPDATE account SET name = name");
}

static void each_badge_tells_what_it_is_named_after(void **state)
{
    struct site *s = *state;
    struct core *f = s->core;
    struct actor alice = core_user(f, "alice");

    (void)core_publish(f, &alice, &tiny);
    (void)core_publish(f, &alice,
                       &(struct core_spec){"p", "1.9", "0", "linux-64", NULL, NULL, NULL});
    CORE_CHANGE(f, "UPDATE file SET uploaded_ms = 1788220800000 WHERE subdir = 'noarch'");
    says(s, "version", "version: 1.10");
    says(s, "latest-release-date", "latest release: 2026-09-01");
    says(s, "platforms", "platforms: linux-64 | noarch");
    says(s, "license", "license: BSD-3-Clause");
    says(s, "downloads", "downloads: 0");
    (void)get_for(s, 404, BADGE "stars.svg", "");
    (void)get_for(s, 404, BADGE "version", "");
    (void)get_for(s, 404, BADGE "version.png", "");
    (void)get_for(s, 404, "/badges/alice/none/version.svg", "");
}

static void what_is_not_known_is_said_in_grey(void **state)
{
    struct site *s = *state;
    struct core *f = s->core;
    struct actor alice = core_user(f, "alice");
    struct package_row row;
    struct answer r;

    must(f,
         package_create(&f->app, f->mem, &alice, S("alice"), S("p"), S(""), NULL, &row, &f->err));
    says(s, "version", "version: none");
    says(s, "latest-release-date", "latest release: none");
    says(s, "latest-release-relative-date", "latest release: none");
    says(s, "platforms", "platforms: any");
    says(s, "license", "license: unknown");
    r = get_for(s, 200, BADGE "license.svg", "");
    assert_true(body_has(&r, "fill=\"#5b6573\""));
    CORE_CHANGE(f, "UPDATE package SET attrs = '{\"license\":{\"name\":\"<MIT> & more\"}}'");
    says(s, "license", "license: &lt;MIT&gt; &amp; more");
}

static void days_are_counted_as_people_do(void **state)
{
    static const struct {
        int days;
        const char *text;
    } cases[] = {{0, "today"},         {1, "yesterday"},      {2, "2 days ago"},
                 {60, "60 days ago"},  {61, "2 months ago"},  {729, "24 months ago"},
                 {730, "2 years ago"}, {4000, "10 years ago"}};
    static const struct stmt age = {
        "age", "UPDATE file SET uploaded_ms = uploaded_ms - CAST($1 AS BIGINT) * 86400000", "i",
        ""};
    struct site *s = *state;
    struct core *f = s->core;
    struct actor alice = core_user(f, "alice");
    int before = 0;

    (void)core_publish(f, &alice, &tiny);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tx *tx = core_begin(f, TX_WRITE);

        must(f, db_exec(tx, &age, DB_ARGS(db_int(cases[i].days - before)), NULL, &f->err));
        must(f, tx_commit(&tx, &f->err));
        before = cases[i].days;
        says(s, "latest-release-relative-date",
             str_fmt(f->mem, "latest release: %s", cases[i].text).ptr);
    }
}

static void downloads_are_rounded_down(void **state)
{
    static const struct {
        int64_t count;
        const char *text;
    } cases[] = {{1, "1"},          {999, "999"},         {1000, "1.0k"},
                 {1999, "1.9k"},    {10000, "10k"},       {999999, "999k"},
                 {5678901, "5.6M"}, {12345678901, "12G"}, {INT64_MAX, "9.2E"}};
    static const struct stmt set = {"set", "UPDATE package_download_total SET count = $1", "i", ""};
    struct site *s = *state;
    struct core *f = s->core;
    struct actor alice = core_user(f, "alice");

    (void)core_publish(f, &alice, &tiny);
    (void)get_for(s, 200, "/conda/alice/noarch/p-1.10-0.tar.bz2", "");
    (void)downloads(s);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tx *tx = core_begin(f, TX_WRITE);

        must(f, db_exec(tx, &set, DB_ARGS(db_int(cases[i].count)), NULL, &f->err));
        must(f, tx_commit(&tx, &f->err));
        says(s, "downloads", str_fmt(f->mem, "downloads: %s", cases[i].text).ptr);
    }
}

/* ---- how it is sent -------------------------------------------------------------------------- */

static void a_badge_is_a_picture_that_can_do_nothing(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    struct answer r;

    (void)core_publish(s->core, &alice, &tiny);
    r = get_for(s, 200, BADGE "version.svg", "");
    assert_str(header(&r, "Content-Type"), "image/svg+xml");
    assert_str(header(&r, "Cache-Control"), "public, max-age=300");
    assert_str(header(&r, "Content-Security-Policy"), "default-src 'none'; sandbox");
    assert_str(header(&r, "X-Content-Type-Options"), "nosniff");
    assert_str(header(&r, "Vary"), "Authorization, Cookie");
    (void)get_for(
        s, 304, BADGE "version.svg",
        str_fmt(s->core->mem, "If-None-Match: " STR_FMT "\r\n", STR_ARG(header(&r, "ETag"))).ptr);
    (void)request_for(s, 200, "HEAD", BADGE "version.svg", "", S(""));
    (void)request_for(s, 405, "POST", BADGE "version.svg", "", S(""));
}

static void a_repeated_badge_costs_no_sql(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    unsigned before;

    (void)core_publish(s->core, &alice, &tiny);
    (void)get_for(s, 200, BADGE "downloads.svg", "");
    before = sql_statements();
    (void)get_for(s, 200, BADGE "downloads.svg", "");
    (void)request_for(s, 200, "HEAD", BADGE "downloads.svg", "", S(""));
    assert_int_equal(sql_statements(), before);
    forget(s);
    (void)get_for(s, 200, BADGE "downloads.svg", "");
    assert_true(sql_statements() > before);
}

/* ---- who gets it ----------------------------------------------------------------------------- */

/* What one is shown, or was a moment ago, is no way around the question who another is. */
static void who_does_not_see_the_package_gets_none(void **state)
{
    struct site *s = *state;
    struct core *f = s->core;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    const char *token = make_token(s, &alice, "d", "conda:download"), *hers = with_token(s, token),
               *his = with_token(s, make_token(s, &bob, "t", NULL));
    const char *in_path = str_fmt(f->mem, "/t/%s" BADGE "version.svg", token).ptr;
    struct answer r, absent;

    (void)core_publish(f, &alice, &tiny);
    (void)get_for(s, 200, BADGE "version.svg", "");
    must(f, package_change_access(&f->app, f->mem, &alice, S("alice"), S("p"), ACCESS_PRIVATE,
                                  &f->err));
    for (int i = 0; i < 2; i++) {
        r = get_for(s, 200, BADGE "version.svg", hers);
        assert_str(header(&r, "Cache-Control"), "private, no-cache");
        (void)get_for(s, 200, in_path, "");
        (void)get_for(s, 404, BADGE "version.svg", his);
        r = get_for(s, 404, BADGE "version.svg", "");
        absent = get_for(s, 404, "/badges/alice/q/version.svg", "");
        assert_int_equal(r.body.len, absent.body.len);
    }
    must(f, package_change_access(&f->app, f->mem, &alice, S("alice"), S("p"), ACCESS_AUTHENTICATED,
                                  &f->err));
    (void)get_for(s, 200, BADGE "version.svg", his);
    (void)get_for(s, 404, BADGE "version.svg", "");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(each_badge_tells_what_it_is_named_after),
        WITH_PUBLISHING(what_is_not_known_is_said_in_grey),
        WITH_PUBLISHING(days_are_counted_as_people_do),
        WITH_PUBLISHING(downloads_are_rounded_down),
        WITH_PUBLISHING(a_badge_is_a_picture_that_can_do_nothing),
        WITH_PUBLISHING(a_repeated_badge_costs_no_sql),
        WITH_PUBLISHING(who_does_not_see_the_package_gets_none),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
