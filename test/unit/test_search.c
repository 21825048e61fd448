/* What is found, by whom, and in which order. */
#include "core_fixture.h"

#include "core/organization.h"
#include "core/search.h"
#include "format/json.h"

/* Each ranks over those made before it. */
static void create(struct core *f, const struct actor *actor, const char *name, const char *access,
                   const char *attrs)
{
    AUTO(json_decrefp) json_t *v = NULL;
    struct package_row row;

    must(f, json_parse(str_of(attrs), &v, &f->err));
    must(f, package_create(&f->app, f->mem, actor, actor->login, str_of(name), str_of(access), v,
                           &row, &f->err));
    CORE_CHANGE(f, "UPDATE search_doc SET rank = 1000 + package_id");
}

static struct search_page run(struct core *f, const struct actor *actor,
                              const struct search_request *req)
{
    struct search_page page;

    must(f, search_run(&f->app, f->mem, actor, req, &page, &f->err));
    assert_int_equal(page.packages.count, page.hits.count);
    for (size_t i = 0; i < page.hits.count; i++)
        assert_int_equal(page.packages.rows[i].package_id, page.hits.rows[i].package_id);
    return page;
}

/* "numpy:exact numpyx:beginning" */
static const char *fits(struct core *f, const struct search_page *page)
{
    struct str all = S("");

    for (size_t i = 0; i < page->packages.count; i++)
        all = str_fmt(f->mem, STR_FMT "%s" STR_FMT ":" STR_FMT, STR_ARG(all), i ? " " : "",
                      STR_ARG(page->packages.rows[i].name),
                      STR_ARG(search_fit_name(page->hits.rows[i].fit)));
    return str_fmt(f->mem, STR_FMT, STR_ARG(all)).ptr;
}

static const char *names(struct core *f, const struct search_page *page)
{
    struct str all = S("");

    for (size_t i = 0; i < page->packages.count; i++)
        all = str_fmt(f->mem, STR_FMT "%s" STR_FMT, STR_ARG(all), i ? " " : "",
                      STR_ARG(page->packages.rows[i].name));
    return str_fmt(f->mem, STR_FMT, STR_ARG(all)).ptr;
}

static const char *found(struct core *f, const struct actor *actor, const char *q)
{
    const struct search_request req = {.q = str_of(q)};
    struct search_page page = run(f, actor, &req);

    assert_true(page.is_total);
    assert_int_equal(page.total, page.packages.count);
    assert_int_equal(page.next.len, 0);
    return fits(f, &page);
}

static void create_fits(struct core *f, const struct actor *alice)
{
    create(f, alice, "numpy", "public", "{\"summary\": \"arrays\"}");
    create(f, alice, "numpy-stl", "public", "{}");
    create(f, alice, "my-numpy", "public", "{}");
    create(f, alice, "nampy", "public", "{\"keywords\": [\"numpy\"]}");
    create(f, alice, "arrays", "public", "{\"keywords\": [\"Numpy\"]}");
    create(f, alice, "text", "public", "{\"summary\": \"built on numpy\"}");
    create(f, alice, "unrelated", "public", "{\"summary\": \"nothing of it\"}");
}

#define NUMPY_FITS                                                                                 \
    "numpy:exact numpy-stl:beginning my-numpy:name nampy:typo arrays:keyword text:text"

static void the_better_it_fits_the_sooner_it_comes(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), nobody = {0};

    create_fits(f, &alice);
    assert_string_equal(found(f, &nobody, "numpy"), NUMPY_FITS);
    assert_string_equal(found(f, &nobody, " NumPy "), NUMPY_FITS);
    assert_string_equal(found(f, &nobody, "alice/numpy"), NUMPY_FITS);
    assert_string_equal(found(f, &nobody, "nothing of"), "unrelated:text");
    assert_string_equal(found(f, &nobody, "numpy unrelated"), "");
    assert_string_equal(found(f, &nobody, "qqqq"), "");
    /* among equals, what ranks higher; numpy is guessed, and so is what begins so */
    assert_string_equal(found(f, &nobody, "numpi"), "numpy:typo my-numpy:typo numpy-stl:typo");
}

/* The same question is answered in another way once there are floors, to the same end. */
static void what_is_common_is_found_as_what_is_rare(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), nobody = {0};

    create_fits(f, &alice);
    CORE_CHANGE(f, "UPDATE search_level SET floor = 1 WHERE hidden = 0");
    assert_string_equal(found(f, &nobody, "numpy"), NUMPY_FITS);
    CORE_CHANGE(f, "UPDATE search_level SET floor = 1000 + "
                   "(SELECT package_id FROM search_doc WHERE name_key = 'arrays') "
                   "WHERE hidden = 0 AND level = 3"); /* it and text are on it or over it */
    assert_string_equal(found(f, &nobody, "numpy"), NUMPY_FITS);
}

static void only_what_may_be_seen_comes_and_counts(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob"),
                 eve = core_user(f, "eve"), boss = core_user(f, "boss"), nobody = {0}, token;
    const struct {
        const struct actor *actor;
        const char *any, *authenticated, *private;
    } cases[] = {
        {&nobody, "x-pub", "", ""},
        {&bob, "x-auth x-pub", "x-auth", ""},
        {&eve, "x-priv x-auth x-pub", "x-auth", "x-priv"},
        {&alice, "x-more x-priv x-auth x-pub", "x-auth", "x-more x-priv"},
        {&boss, "x-more x-priv x-auth x-pub", "x-auth", "x-more x-priv"},
        {&token, "x-more x-pub", "", "x-more"},
    };

    create(f, &alice, "x-pub", "public", "{}");
    create(f, &alice, "x-auth", "authenticated", "{}");
    create(f, &alice, "x-priv", "private", "{}");
    create(f, &alice, "x-more", "private", "{}");
    must(f, collaborator_add(&f->app, f->mem, &alice, S("alice"), S("x-priv"), S("eve"), S("read"),
                             &f->err));
    boss.superuser = true;
    token = alice;
    token.token_id = 9;
    token.limits = S("package:alice/x-more");
    for (int floor = 0; floor < 2; floor++) { /* as what is rare, and as what is common */
        for (size_t i = 0; i < COUNT(cases); i++) {
            static const char *const sorts[] = {"", "downloads"}, *const words[] = {"x", ""};

            for (size_t k = 0; k < COUNT(sorts) * COUNT(words); k++) {
                struct search_request req = {.sort = str_of(sorts[k / 2]),
                                             .q = str_of(words[k % 2])};
                struct search_page page = run(f, cases[i].actor, &req);

                assert_string_equal(names(f, &page), cases[i].any);
                assert_int_equal(page.total, page.packages.count);
                req.access = S("authenticated");
                page = run(f, cases[i].actor, &req);
                assert_string_equal(names(f, &page), cases[i].authenticated);
                assert_int_equal(page.total, page.packages.count);
                req.access = S("private");
                page = run(f, cases[i].actor, &req);
                assert_string_equal(names(f, &page), cases[i].private);
                assert_int_equal(page.total, page.packages.count);
            }
        }
        CORE_CHANGE(f, "UPDATE search_level SET floor = 1");
    }
}

/* A name that nobody may know is no guess that leads anywhere, and no owner is told of. */
static void what_is_hidden_is_not_given_away_by_a_typo(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), nobody = {0};

    create(f, &alice, "classified", "private", "{}");
    assert_string_equal(found(f, &nobody, "clasified"), "");
    assert_string_equal(found(f, &nobody, "alice/"), "");
    assert_string_equal(found(f, &alice, "clasified"), "classified:typo");
}

static void each_order_has_its_own(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), nobody = {0};
    static const struct {
        const char *sort, *names;
    } cases[] = {{"", "x-b x-c x-a"},          {"relevance", "x-b x-c x-a"},
                 {"downloads", "x-b x-c x-a"}, {"name", "x-a x-b x-c"},
                 {"updated", "x-c x-a x-b"},   {"favorites", "x-a x-b x-c"}};

    create(f, &alice, "x-a", "public", "{}");
    create(f, &alice, "x-b", "public", "{}");
    create(f, &alice, "x-c", "public", "{}");
    CORE_CHANGE(f, "UPDATE search_doc SET rank = 1, favorites = 5, updated_ms = 20 "
                   "WHERE name_key = 'x-a'");
    CORE_CHANGE(f, "UPDATE search_doc SET rank = 3, favorites = 0, updated_ms = 10 "
                   "WHERE name_key = 'x-b'");
    CORE_CHANGE(f, "UPDATE search_doc SET rank = 2, favorites = 0, updated_ms = 30 "
                   "WHERE name_key = 'x-c'");
    for (size_t i = 0; i < COUNT(cases) * 2; i++) {
        struct search_request req = {.q = i % 2 ? S("x") : S(""),
                                     .sort = str_of(cases[i / 2].sort)};
        struct search_page page = run(f, &nobody, &req);

        assert_string_equal(names(f, &page), cases[i / 2].names);
        assert_int_equal(page.total, 3);
    }
}

static void only_what_the_filters_let_through_comes(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob"), nobody = {0};
    const struct {
        struct search_request req;
        const char *names;
    } cases[] = {
        {{.owner = S("ALICE")}, "x-free x"},
        {{.owner = S("bob"), .q = S("x")}, "x-bob"},
        {{.owner = S("absent")}, ""},
        {{.license = S("mit")}, "x-bob x-free"},
        {{.license = S("MIT"), .owner = S("alice")}, "x-free"},
        {{.license = S("BSD-3-Clause")}, ""},
        {{.type = S("conda")}, ""},
        {{.q = S("bob/x")}, "x-bob"},
    };

    create(f, &alice, "x", "public", "{}");
    create(f, &alice, "x-free", "public", "{\"license\": \"MIT\"}");
    create(f, &bob, "x-bob", "public", "{\"license\": \"MIT\"}");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct search_page page = run(f, &nobody, &cases[i].req);

        if (strcmp(names(f, &page), cases[i].names) != 0)
            print_error("case %zu\n", i);
        assert_string_equal(names(f, &page), cases[i].names);
        assert_int_equal(page.total, page.packages.count);
    }
}

/* Page after page, each package comes once and none is missing. */
static void walk(struct core *f, const char *q, const char *sort, const char *limit, size_t count)
{
    const struct actor nobody = {0};
    struct search_request whole = {.q = str_of(q), .sort = str_of(sort), .limit = S("100")},
                          req = {.q = str_of(q), .sort = str_of(sort), .limit = str_of(limit)};
    struct search_page all = run(f, &nobody, &whole);
    size_t seen = 0;

    assert_int_equal(all.packages.count, count);
    do {
        struct search_page page = run(f, &nobody, &req);

        assert_int_equal(page.total, count);
        assert_true(page.is_total);
        assert_true(page.packages.count > 0);
        for (size_t i = 0; i < page.packages.count; i++, seen++) {
            assert_true(seen < count);
            assert_int_equal(page.hits.rows[i].package_id, all.hits.rows[seen].package_id);
            assert_int_equal(page.hits.rows[i].fit, all.hits.rows[seen].fit);
        }
        req.after = page.next;
    } while (req.after.len);
    assert_int_equal(seen, count);
}

static void pages_go_on_where_the_one_before_ended(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    static const char *const sorts[] = {"", "name", "updated", "downloads", "favorites"};

    create_fits(f, &alice);
    for (int floor = 0; floor < 2; floor++) { /* as what is rare, and as what is common */
        for (size_t i = 0; i < COUNT(sorts); i++) {
            walk(f, "numpy", sorts[i], "1", 6);
            walk(f, "numpy", sorts[i], "4", 6);
            walk(f, "", sorts[i], "3", 7);
        }
        walk(f, "numpi", "", "1", 3); /* all of them mistyped */
        CORE_CHANGE(f, "UPDATE search_level SET floor = 1");
    }
}

static void more_than_a_hundred_are_not_counted(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), nobody = {0};
    static const char *const sorts[] = {"", "name"};

    for (int i = 0; i <= SEARCH_TOTAL_MAX; i++) {
        struct search_request req = {.q = S("many"), .limit = S("1")};
        struct search_page page;

        create(f, &alice, str_fmt(f->mem, "many-%03d", i).ptr, "public", "{}");
        for (size_t k = 0; k < COUNT(sorts) && i >= SEARCH_TOTAL_MAX - 1; k++) {
            req.sort = str_of(sorts[k]);
            page = run(f, &nobody, &req);
            assert_int_equal(page.total, SEARCH_TOTAL_MAX);
            assert_int_equal(page.is_total, i < SEARCH_TOTAL_MAX);
            req.after = page.next;
            page = run(f, &nobody, &req); /* the second page says so too */
            assert_int_equal(page.total, SEARCH_TOTAL_MAX);
            assert_int_equal(page.is_total, i < SEARCH_TOTAL_MAX);
            assert_int_equal(page.packages.count, 1);
        }
    }
}

static void nothing_is_given_past_the_depth(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), nobody = {0};
    struct search_request req = {.q = S("x"), .limit = S("1")};
    struct search_page page;

    create(f, &alice, "x-a", "public", "{}");
    create(f, &alice, "x-b", "public", "{}");
    create(f, &alice, "x-c", "public", "{}");
    req.after = S("2-9999-0-0-99-9998-3-x");
    page = run(f, &nobody, &req);
    assert_string_equal(names(f, &page), "x-c");
    assert_true(page.next.len > 0);
    req.after = S("2-9999-0-0-99-9999-3-x");
    page = run(f, &nobody, &req);
    assert_string_equal(names(f, &page), "x-c");
    assert_int_equal(page.next.len, 0); /* it was the last that is given */
    req.after = S("2-9999-0-0-99-10000-3-x");
    page = run(f, &nobody, &req);
    assert_int_equal(page.packages.count, 0);
}

static void what_cannot_be_understood_is_said(void **state)
{
    struct core *f = *state;
    struct actor nobody = {0};
    const struct {
        struct search_request req;
        const char *field, *text;
    } cases[] = {
        {{.sort = S("size")}, "sort", "not \"size\""},
        {{.limit = S("101")}, "limit", "from 1 to 100, not \"101\""},
        {{.access = S("secret")}, "access", "access \"secret\" is not"},
        {{.after = S("1-2")}, "after", "not \"1-2\""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct search_page page;

        must_fail(f, search_run(&f->app, f->mem, &nobody, &cases[i].req, &page, &f->err),
                  ERR_UNPROCESSABLE, cases[i].text);
        assert_string_equal(f->err.field, cases[i].field);
    }
}

static void ways_of_fitting_have_names(void **state)
{
    (void)state;
    assert_str(search_fit_name(SEARCH_EXACT), "exact");
    assert_str(search_fit_name(SEARCH_BEGINS), "beginning");
    assert_str(search_fit_name(SEARCH_IN_NAME), "name");
    assert_str(search_fit_name(SEARCH_MISTYPED), "typo");
    assert_str(search_fit_name(SEARCH_IN_KEYWORDS), "keyword");
    assert_str(search_fit_name(SEARCH_IN_TEXT), "text");
    assert_str(search_fit_name(SEARCH_ANY), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(the_better_it_fits_the_sooner_it_comes),
        WITH_CORE(what_is_common_is_found_as_what_is_rare),
        WITH_CORE(only_what_may_be_seen_comes_and_counts),
        WITH_CORE(what_is_hidden_is_not_given_away_by_a_typo),
        WITH_CORE(each_order_has_its_own),
        WITH_CORE(only_what_the_filters_let_through_comes),
        WITH_CORE(pages_go_on_where_the_one_before_ended),
        WITH_CORE(more_than_a_hundred_are_not_counted),
        WITH_CORE(nothing_is_given_past_the_depth),
        WITH_CORE(what_cannot_be_understood_is_said),
        cmocka_unit_test(ways_of_fitting_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
