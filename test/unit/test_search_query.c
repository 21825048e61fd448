/* What is written is understood, or refused with what is wrong with it. */
#include "core_fixture.h"

#include "core/search_query.h"

static enum err_code try_read(struct core *f, const struct search_request *req,
                              struct search_query *ret)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);

    f->err = (struct err){0};
    return search_read_query(tx, f->mem, req, ret, &f->err);
}

static struct search_query query_of(struct core *f, struct search_request req)
{
    struct search_query q = {0};

    must(f, try_read(f, &req, &q));
    return q;
}

static struct str words(struct core *f, const struct search_query *q)
{
    struct str all = S("");

    for (size_t i = 0; i < q->words.count; i++)
        all = str_fmt(f->mem, STR_FMT "%s" STR_FMT, STR_ARG(all), i ? " " : "",
                      STR_ARG(q->words.items[i]));
    return all;
}

static void words_are_cut_out(void **state)
{
    struct core *f = *state;
    static const struct {
        const char *q, *key, *words;
    } cases[] = {
        {"", "", ""},
        {"  ", "", ""},
        {"NumPy", "numpy", "numpy"},
        {"scikit_lea", "scikit-lea", "scikit lea"},
        {"r-", "r-", "r"},
        {"the library of data", "the-library-of-data", "library data"},
        {"the", "the", "the"},
        {"a b c d e f g h i", "a-b-c-d-e-f-g-h-i", "b c d e f g"},
        {"\"num\" AND (py*) OR NOT x:y ^", "num-and-py-or-not-x-y", "num py not x y"},
        {"'; DROP TABLE package; --", "drop-table-package-", "drop table package"},
        {"100%_x", "100-x", "100 x"},
        {"nobody/x", "nobody-x", "nobody x"},
        {"a/b/c", "a-b-c", "b c"},
        {"/", "", ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct search_query q = query_of(f, (struct search_request){.q = str_of(cases[i].q)});

        assert_str(q.key, cases[i].key);
        assert_str(words(f, &q), cases[i].words);
        assert_str(q.tags, "");
        assert_false(q.nothing);
    }
}

static void filters_are_tags(void **state)
{
    struct core *f = *state;
    struct search_query q;

    (void)core_user(f, "alice");
    q = query_of(f, (struct search_request){.q = S("x"),
                                            .type = S("cran"),
                                            .platform = S("Linux-64"),
                                            .access = S("private"),
                                            .label = S("Dev/1"),
                                            .owner = S("ALICE"),
                                            .license = S("BSD 3-Clause")});
    assert_str(q.tags, " tr plinuxz2d64 ldevz2f1 mbsdz2d3z2dclause a2 o1");
    assert_true(q.hidden_only);
    assert_int_equal(q.access_from, ACCESS_PRIVATE);
    assert_int_equal(q.access_to, ACCESS_PRIVATE);
    q = query_of(f, (struct search_request){.access = S("public"), .type = S("PyPI")});
    assert_str(q.tags, " tpypi");
    assert_false(q.hidden_only);
    assert_int_equal(q.access_to, ACCESS_PUBLIC);
    q = query_of(f, (struct search_request){.owner = S("nobody")});
    assert_true(q.nothing);
}

static void an_owner_may_stand_before_the_name(void **state)
{
    struct core *f = *state;
    struct search_query q;

    (void)core_user(f, "alice");
    q = query_of(f, (struct search_request){.q = S("Alice/num py")});
    assert_str(q.key, "num-py");
    assert_str(q.tags, " o1");
    q = query_of(f, (struct search_request){.q = S("alice/")});
    assert_str(q.key, "");
    assert_str(q.tags, " o1");
    /* Somebody else was asked for already. */
    (void)core_user(f, "bob");
    q = query_of(f, (struct search_request){.q = S("alice/num"), .owner = S("bob")});
    assert_str(q.key, "alice-num");
    assert_str(q.tags, " o2");
}

static void what_cannot_be_understood_is_refused(void **state)
{
    struct core *f = *state;
    char text[SEARCH_TEXT_MAX + 2];
    const struct str longer = {text, SEARCH_TEXT_MAX + 1};
    const struct {
        struct search_request req;
        const char *field, *says;
    } cases[] = {
        {{.q = longer}, "q", "q has 251 bytes, more than 250"},
        {{.owner = longer}, "owner", "owner has 251 bytes"},
        {{.after = longer}, "after", "after has 251 bytes"},
        {{.type = S("gem")}, "type", "type \"gem\" are not accepted; these are: conda, r, env"},
        {{.access = S("secret")}, "access", "access \"secret\" is not \"public\""},
        {{.license = S("!?")}, "license", "license \"!?\" has neither letters nor digits"},
        {{.sort = S("size")}, "sort", "not \"size\""},
        {{.limit = S("0")}, "limit", "a number from 1 to 100, not \"0\""},
        {{.limit = S("101")}, "limit", "not \"101\""},
        {{.limit = S("-1")}, "limit", "not \"-1\""},
        {{.limit = S("ten")}, "limit", "not \"ten\""},
        {{.after = S("x")}, "after", "not \"x\""},
        {{.after = S("1-2-3-4-5-6")}, "after", "what the page before gave as next"},
        {{.after = S("1-2-3-4-5-6-9223372036854775808-x")}, "after", "gave as next"},
    };

    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct search_query q;

        assert_int_equal(try_read(f, &cases[i].req, &q), ERR_UNPROCESSABLE);
        assert_string_equal(f->err.field, cases[i].field);
        if (!core_says(f, cases[i].says))
            print_error("says: %s\n", f->err.msg);
        assert_true(core_says(f, cases[i].says));
    }
}

static void orders_and_pages_are_read(void **state)
{
    struct core *f = *state;
    static const struct {
        const char *sort;
        enum search_order order;
    } cases[] = {{"", SEARCH_BY_FIT},           {"relevance", SEARCH_BY_FIT},
                 {"name", SEARCH_BY_NAME},      {"updated", SEARCH_BY_UPDATE},
                 {"downloads", SEARCH_BY_RANK}, {"favorites", SEARCH_BY_FAVORITES}};
    struct search_query q = query_of(f, (struct search_request){0});

    assert_int_equal(q.limit, SEARCH_LIMIT);
    assert_false(q.from.any);
    for (size_t i = 0; i < COUNT(cases); i++) {
        q = query_of(f, (struct search_request){.sort = str_of(cases[i].sort), .limit = S("100")});
        assert_int_equal(q.order, cases[i].order);
        assert_int_equal(q.limit, 100);
    }
}

static void a_place_is_what_was_written(void **state)
{
    struct core *f = *state;
    const struct search_place place = {
        true, {77, SEARCH_IN_KEYWORDS, INT64_MAX, 3, 1790000000000, S("r-base")}, 40, 101};
    struct str text = search_write_place(f->mem, &place);
    struct search_query q = query_of(f, (struct search_request){.after = text});

    assert_str(text, "5-9223372036854775807-3-1790000000000-77-40-101-r-base");
    assert_true(q.from.any);
    assert_int_equal(q.from.hit.package_id, 77);
    assert_int_equal(q.from.hit.fit, SEARCH_IN_KEYWORDS);
    assert_int_equal(q.from.hit.rank, INT64_MAX);
    assert_int_equal(q.from.hit.favorites, 3);
    assert_int_equal(q.from.hit.updated_ms, 1790000000000);
    assert_str(q.from.hit.name_key, "r-base");
    assert_int_equal(q.from.given, 40);
    assert_int_equal(q.from.total, 101);
    q = query_of(f, (struct search_request){.after = S("99-0-0-0-0-0-0-")});
    assert_int_equal(q.from.hit.fit, SEARCH_ANY);
    assert_str(q.from.hit.name_key, "");
    q = query_of(f, (struct search_request){.after = S("0-0-0-0-0-9223372036854775807-0-")});
    assert_int_equal(q.from.given, SEARCH_DEPTH); /* more can be added to it */
}

static void terms_say_what_all_must_have(void **state)
{
    struct core *f = *state;
    struct str one[] = {S("tensor")}, two[] = {S("machine"), S("r")};
    const struct search_words w1 = {one, 1}, w2 = {two, 2}, w0 = {NULL, 0};
    const struct {
        enum search_fit fit;
        const char *key;
        const struct search_words *words;
        const char *tags, *terms;
    } cases[] = {
        {SEARCH_EXACT, "tensor", &w1, "", "etensor"},
        {SEARCH_BEGINS, "machine-r", &w2, " tconda", "bmachine AND tconda"},
        {SEARCH_IN_NAME, "machine-r", &w2, " tconda o1", "nmachine AND nr AND tconda AND o1"},
        {SEARCH_IN_KEYWORDS, "tensor", &w1, "", "stenso AND ktenso"},
        {SEARCH_IN_KEYWORDS, "machine-r", &w2, " tr",
         "smachine AND sr AND tr AND (kmachine OR kr)"},
        {SEARCH_IN_TEXT, "tensor", &w1, " tr", "stenso AND tr"},
        {SEARCH_IN_TEXT, "", &w0, " tr", "tr"},
        {SEARCH_IN_TEXT, "", &w0, "", ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_str(search_terms(f->mem, cases[i].fit, str_of(cases[i].key), cases[i].words,
                                str_of(cases[i].tags)),
                   cases[i].terms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(words_are_cut_out),
        WITH_CORE(filters_are_tags),
        WITH_CORE(an_owner_may_stand_before_the_name),
        WITH_CORE(what_cannot_be_understood_is_refused),
        WITH_CORE(orders_and_pages_are_read),
        WITH_CORE(a_place_is_what_was_written),
        WITH_CORE(terms_say_what_all_must_have),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
