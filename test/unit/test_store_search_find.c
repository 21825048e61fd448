/* Packages are found by their terms, in each order, from each place, and by those who may see them.
 */
#include "store/search_find.h"

#include "store_fixture.h"

struct shelf {
    int64_t alice, bob;
    int64_t packages[6];
};

static const struct {
    const char *name, *keywords, *terms;
    enum access_level access;
    bool is_bobs;
    int64_t downloads, favorites, updated_ms;
} rows[] = {
    {"num", "", "nnum sall tconda", ACCESS_PUBLIC, false, 5, 1, 100},
    {"num-py", "", "nnum sall tconda", ACCESS_PUBLIC, true, 9, 0, 200},
    {"a-num", "", "nnum sall tpypi", ACCESS_PUBLIC, false, 0, 3, 300},
    {"zip", "-num", "knum sall tconda", ACCESS_PUBLIC, false, 7, 2, 50},
    {"zap", "", "sall tconda", ACCESS_AUTHENTICATED, false, 0, 0, 400},
    {"secret-num", "", "nnum sall tconda", ACCESS_PRIVATE, true, 99, 9, 500},
};

static struct shelf fill(struct fixture *f, struct tx *tx)
{
    struct shelf s = {.alice = add_account(f, tx, "alice"), .bob = add_account(f, tx, "bob")};

    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t owner = rows[i].is_bobs ? s.bob : s.alice;
        struct search_doc doc = {.account_id = owner,
                                 .access = rows[i].access,
                                 .name_key = str_of(rows[i].name),
                                 .keyword_key = str_of(rows[i].keywords),
                                 .types = S("conda"),
                                 .platforms = S("noarch osx-64"),
                                 .terms = str_of(rows[i].terms),
                                 .downloads = rows[i].downloads,
                                 .favorites = rows[i].favorites,
                                 .updated_ms = rows[i].updated_ms};

        s.packages[i] = add_package_with(f, tx, owner, rows[i].name, rows[i].access);
        doc.package_id = s.packages[i];
        must(f, search_put(tx, &doc, &f->err));
    }
    return s;
}

static const struct reach everybody = {.widest = ACCESS_PUBLIC},
                          signed_in = {.widest = ACCESS_AUTHENTICATED},
                          all = {.widest = ACCESS_PRIVATE};

/* What is asked with the word "num". */
static struct search_cond num(const char *terms, const struct reach *reach)
{
    return (struct search_cond){.terms = str_of(terms),
                                .key = S("num"),
                                .words = {S("-num"), S("-"), S("-"), S("-"), S("-"), S("-")},
                                .best = SEARCH_EXACT,
                                .worst = SEARCH_IN_TEXT,
                                .access_from = ACCESS_PUBLIC,
                                .access_to = ACCESS_PRIVATE,
                                .reach = reach};
}

static struct search_cond nothing(const char *terms, const struct reach *reach)
{
    return (struct search_cond){.terms = str_of(terms),
                                .key = S(""),
                                .words = {S("-"), S("-"), S("-"), S("-"), S("-"), S("-")},
                                .best = SEARCH_ANY,
                                .worst = SEARCH_ANY,
                                .access_from = ACCESS_PUBLIC,
                                .access_to = ACCESS_PRIVATE,
                                .reach = reach};
}

/* "num:1 zip:5": names, and how each fits. */
static const char *told(struct fixture *f, const struct search_hits *hits)
{
    struct str text = S("");

    for (size_t i = 0; i < hits->count; i++)
        text = str_fmt(f->mem, STR_FMT "%s" STR_FMT ":%d", STR_ARG(text), i ? " " : "",
                       STR_ARG(hits->rows[i].name_key), (int)hits->rows[i].fit);
    return text.ptr;
}

static const char *in_all(struct fixture *f, struct tx *tx, enum search_order order,
                          struct search_cond cond, const struct search_hit *after, int64_t limit)
{
    struct search_hits hits;

    must(f, search_in_all(tx, f->mem, order, &cond, after, limit, &hits, &f->err));
    return told(f, &hits);
}

static const char *along(struct fixture *f, struct tx *tx, enum search_order order,
                         struct search_cond cond, const struct search_hit *after, int64_t limit)
{
    struct search_hits hits;

    must(f, search_along(tx, f->mem, order, &cond, after, limit, &hits, &f->err));
    return told(f, &hits);
}

static void each_package_fits_in_one_way(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct search_cond cond = num("sall", &all);

    (void)fill(f, tx);
    assert_string_equal(in_all(f, tx, SEARCH_BY_FIT, cond, NULL, 10),
                        "num:1 num-py:2 secret-num:3 a-num:3 zip:5 zap:6");
    cond.best = SEARCH_BEGINS;
    cond.worst = SEARCH_IN_NAME;
    assert_string_equal(in_all(f, tx, SEARCH_BY_FIT, cond, NULL, 10),
                        "num-py:2 secret-num:3 a-num:3");
    assert_string_equal(in_all(f, tx, SEARCH_BY_FIT, cond, NULL, 2), "num-py:2 secret-num:3");
    /* All words must be there. */
    cond = num("sall", &all);
    cond.key = S("num-py");
    cond.words[1] = S("-py");
    assert_string_equal(in_all(f, tx, SEARCH_BY_FIT, cond, NULL, 1), "num-py:1");
    cond.key = S("py-num");
    assert_string_equal(in_all(f, tx, SEARCH_BY_FIT, cond, NULL, 1), "num-py:3");
    tx_endp(&tx);
}

static void terms_are_all_needed_and_groups_are_choices(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);

    (void)fill(f, tx);
    assert_string_equal(in_all(f, tx, SEARCH_BY_NAME, nothing("nnum AND tconda", &all), NULL, 10),
                        "num:7 num-py:7 secret-num:7");
    assert_string_equal(
        in_all(f, tx, SEARCH_BY_NAME, nothing("sall AND (knum OR tpypi)", &all), NULL, 10),
        "a-num:7 zip:7");
    assert_string_equal(in_all(f, tx, SEARCH_BY_NAME, nothing("snothing", &all), NULL, 10), "");
    /* A term is no beginning of one. */
    assert_string_equal(in_all(f, tx, SEARCH_BY_NAME, nothing("nnu", &all), NULL, 10), "");
    tx_endp(&tx);
}

static void only_what_is_in_reach_is_given(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct shelf s = fill(f, tx);
    const struct reach bobs = {ACCESS_AUTHENTICATED, &s.bob, NULL, 1, 0, NULL, 0, S("")},
                       one = {ACCESS_PUBLIC, NULL, &s.packages[4], 0, 1, NULL, 0, S("")};
    struct search_cond cond;

    assert_string_equal(in_all(f, tx, SEARCH_BY_NAME, nothing("sall", &everybody), NULL, 10),
                        "a-num:7 num:7 num-py:7 zip:7");
    assert_string_equal(in_all(f, tx, SEARCH_BY_NAME, nothing("sall", &signed_in), NULL, 10),
                        "a-num:7 num:7 num-py:7 zap:7 zip:7");
    assert_string_equal(in_all(f, tx, SEARCH_BY_NAME, nothing("sall", &bobs), NULL, 10),
                        "a-num:7 num:7 num-py:7 secret-num:7 zap:7 zip:7");
    assert_string_equal(in_all(f, tx, SEARCH_BY_NAME, nothing("sall", &one), NULL, 10),
                        "a-num:7 num:7 num-py:7 zap:7 zip:7");
    assert_string_equal(along(f, tx, SEARCH_BY_NAME, nothing("", &one), NULL, 10),
                        "a-num:7 num:7 num-py:7 zap:7 zip:7");
    cond = nothing("sall", &all);
    cond.access_from = ACCESS_AUTHENTICATED;
    assert_string_equal(in_all(f, tx, SEARCH_BY_NAME, cond, NULL, 10), "secret-num:7 zap:7");
    cond.reach = &everybody;
    assert_string_equal(in_all(f, tx, SEARCH_BY_NAME, cond, NULL, 10), "");
    tx_endp(&tx);
}

/* Page by page, a package on each, gives what one page does. */
static void check_pages(struct fixture *f, struct tx *tx, enum search_order order,
                        const char *expected)
{
    struct search_cond cond = num("sall", &all);
    struct search_hits all_hits, hits;
    const struct search_hit *after = NULL;

    must(f, search_in_all(tx, f->mem, order, &cond, NULL, 10, &all_hits, &f->err));
    assert_string_equal(told(f, &all_hits), expected);
    for (size_t i = 0; i <= all_hits.count; i++) {
        must(f, search_in_all(tx, f->mem, order, &cond, after, 1, &hits, &f->err));
        assert_int_equal(hits.count, i < all_hits.count);
        if (hits.count)
            assert_int_equal(hits.rows[0].package_id, all_hits.rows[i].package_id);
        if (order != SEARCH_BY_FIT) {
            must(f, search_along(tx, f->mem, order, &cond, after, 1, &hits, &f->err));
            assert_int_equal(hits.count, i < all_hits.count);
            if (hits.count)
                assert_int_equal(hits.rows[0].package_id, all_hits.rows[i].package_id);
        }
        after = &all_hits.rows[i < all_hits.count ? i : 0];
    }
}

static void each_order_goes_on_where_it_ended(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);

    (void)fill(f, tx);
    check_pages(f, tx, SEARCH_BY_RANK, "secret-num:3 num-py:2 zip:5 num:1 zap:6 a-num:3");
    check_pages(f, tx, SEARCH_BY_FIT, "num:1 num-py:2 secret-num:3 a-num:3 zip:5 zap:6");
    check_pages(f, tx, SEARCH_BY_UPDATE, "secret-num:3 zap:6 a-num:3 num-py:2 num:1 zip:5");
    check_pages(f, tx, SEARCH_BY_FAVORITES, "secret-num:3 a-num:3 zip:5 num:1 num-py:2 zap:6");
    check_pages(f, tx, SEARCH_BY_NAME, "a-num:3 num:1 num-py:2 secret-num:3 zap:6 zip:5");
    tx_endp(&tx);
}

static void going_along_finds_the_same(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);

    (void)fill(f, tx);
    assert_string_equal(along(f, tx, SEARCH_BY_UPDATE, nothing("", &everybody), NULL, 3),
                        "a-num:7 num-py:7 num:7");
    assert_string_equal(
        along(f, tx, SEARCH_BY_UPDATE, nothing("nnum AND tconda", &everybody), NULL, 3),
        "num-py:7 num:7");
    assert_string_equal(along(f, tx, SEARCH_BY_NAME, nothing("nnu", &all), NULL, 3), "");
    assert_string_equal(along(f, tx, SEARCH_BY_RANK, num("sall", &all), NULL, 2),
                        "secret-num:3 num-py:2");
    tx_endp(&tx);
}

static void a_level_gives_what_is_over_its_floor(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t floors[SEARCH_LEVELS], count;
    struct search_cond cond = num("sall", &everybody);
    struct search_hits hits;

    (void)fill(f, tx);
    must(f, search_level_raise(tx, 3, false, 1, &f->err));
    must(f, search_floors(tx, false, floors, &f->err));
    assert_true(floors[3] > 0);
    must(f, search_in_level(tx, f->mem, 3, floors[3], &cond, NULL, 10, &hits, &f->err));
    assert_string_equal(told(f, &hits), "num-py:2 zip:5"); /* not trimmed yet, and yet no more */
    must(f, search_level_trim(tx, f->mem, 10, &count, &f->err));
    must(f, search_in_level(tx, f->mem, 3, floors[3], &cond, NULL, 10, &hits, &f->err));
    assert_string_equal(told(f, &hits), "num-py:2 zip:5");
    must(f, search_in_level(tx, f->mem, 3, floors[3], &cond, &hits.rows[0], 10, &hits, &f->err));
    assert_string_equal(told(f, &hits), "zip:5");
    must(f, search_in_level(tx, f->mem, 2, floors[2], &cond, NULL, 3, &hits, &f->err));
    assert_string_equal(told(f, &hits), "num-py:2 zip:5 num:1");
    tx_endp(&tx);
}

static void rows_come_in_the_order_of_their_hits(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct shelf s = fill(f, tx);
    struct search_hit hits[] = {{.package_id = s.packages[5]}, {.package_id = s.packages[0]}};
    struct search_rows read;

    must(f, search_read(tx, f->mem, &(struct search_hits){hits, 2}, &read, &f->err));
    assert_int_equal(read.count, 2);
    assert_str(read.rows[0].owner, "bob");
    assert_str(read.rows[0].name, "secret-num");
    assert_int_equal(read.rows[0].access, ACCESS_PRIVATE);
    assert_int_equal(read.rows[0].favorites, 9);
    assert_str(read.rows[1].owner, "alice");
    assert_str(read.rows[1].name, "num");
    assert_str(read.rows[1].summary, "A summary.");
    assert_str(read.rows[1].types, "conda");
    assert_str(read.rows[1].platforms, "noarch osx-64");
    assert_int_equal(read.rows[1].updated_ms, 2000);
    assert_int_equal(read.rows[1].downloads, 0); /* of the rows that count them */
    must(f, search_read(tx, f->mem, &(struct search_hits){NULL, 0}, &read, &f->err));
    assert_int_equal(read.count, 0);
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(each_package_fits_in_one_way),
        WITH_DATABASE(terms_are_all_needed_and_groups_are_choices),
        WITH_DATABASE(only_what_is_in_reach_is_given),
        WITH_DATABASE(each_order_goes_on_where_it_ended),
        WITH_DATABASE(going_along_finds_the_same),
        WITH_DATABASE(a_level_gives_what_is_over_its_floor),
        WITH_DATABASE(rows_come_in_the_order_of_their_hits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
