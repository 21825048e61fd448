/* Rows and terms of what packages are found by: they follow their packages, and the small tables
 * hold what ranks first. */
#include "store/search.h"

#include "store/download.h"
#include "store/favorite.h"
#include "store/label.h"
#include "store_fixture.h"

/* How many packages have a term, by level: "3 1 0 0". */
static const char *found(struct fixture *f, struct tx *tx, const char *term)
{
#define FOUND(table)                                                                               \
    {                                                                                              \
        "found_" table,                                                                            \
            DB_APART("SELECT COUNT(*) FROM " table " WHERE " table " MATCH $1",                    \
                     "SELECT COUNT(*) FROM " table " WHERE terms @@ CAST($1 AS tsquery)"),         \
            "t", "i"                                                                               \
    }
    static const struct stmt stmts[SEARCH_LEVELS] = {FOUND("search_terms"), FOUND("search_terms_1"),
                                                     FOUND("search_terms_2"),
                                                     FOUND("search_terms_3")};
    struct str all = S("");

    for (int i = 0; i < SEARCH_LEVELS; i++) {
        AUTO(rows_endp) struct rows *rows = NULL;

        must(f, db_one(tx, &stmts[i], DB_ARGS(db_text(str_of(term))), &rows, &f->err));
        all = str_fmt(f->mem, STR_FMT "%s%lld", STR_ARG(all), i ? " " : "",
                      (long long)rows_int(rows, 0));
    }
    return all.ptr;
}

static int64_t number(struct fixture *f, struct tx *tx, const struct stmt *s, int64_t package)
{
    AUTO(rows_endp) struct rows *rows = NULL;

    must(f, db_one(tx, s, DB_ARGS(db_int(package)), &rows, &f->err));
    return rows_int(rows, 0);
}

static const struct stmt rank_of = {"rank_of", "SELECT rank FROM search_doc WHERE package_id = $1",
                                    "i", "i"};
static const struct stmt level_of = {
    "level_of", "SELECT level FROM search_doc WHERE package_id = $1", "i", "i"};
static const struct stmt favorites_of = {
    "favorites_of", "SELECT favorites FROM search_doc WHERE package_id = $1", "i", "i"};
static const struct stmt rows_of = {
    "rows_of", "SELECT COUNT(*) FROM search_doc WHERE package_id = $1", "i", "i"};

static struct search_doc doc_of(int64_t account, int64_t package, const char *terms,
                                int64_t updated_ms)
{
    return (struct search_doc){.package_id = package,
                               .account_id = account,
                               .name_key = S("x"),
                               .keyword_key = S(""),
                               .types = S("conda"),
                               .platforms = S("noarch"),
                               .terms = str_of(terms),
                               .updated_ms = updated_ms};
}

static void put(struct fixture *f, struct tx *tx, int64_t account, int64_t package,
                const char *terms, int64_t updated_ms)
{
    struct search_doc doc = doc_of(account, package, terms, updated_ms);

    must(f, search_put(tx, &doc, &f->err));
}

/* An account with so many packages, each changed later than the one before. */
static int64_t add_many(struct fixture *f, struct tx *tx, const char *login, int count,
                        enum access_level access, int64_t ret_packages[])
{
    int64_t account = add_account(f, tx, login);

    for (int i = 0; i < count; i++) {
        struct str name = str_fmt(f->mem, "p%d", i);
        struct search_doc doc;

        ret_packages[i] = add_package_with(f, tx, account, name.ptr, access);
        doc = doc_of(account, ret_packages[i], "nmany", 1000 + i);
        doc.access = access;
        must(f, search_put(tx, &doc, &f->err));
    }
    return account;
}

static void ranks_are_downloads_then_times(void **state)
{
    static const struct {
        int64_t downloads, updated_ms;
    } rising[] = {
        {0, INT64_MIN},
        {0, 1},
        {0, 1790000000000},
        {0, INT64_MAX},
        {1, 0},
        {1, 5},
        {2, 0},
        {262143, 0},
        {262144, 0},
        {266240, 0},
        {524287, 7},
        {524288, 0},
        {1 << 30, 0},
        {1LL << 40, 0},
        {INT64_MAX, 0},
        {INT64_MAX, INT64_MAX},
    };

    (void)state;
    assert_int_equal(search_rank(0, 0), 0);
    assert_int_equal(search_rank(-5, -5), 0);
    assert_int_equal(search_rank(3, 7), (INT64_C(3) << 44) + 7);
    /* A hundredth more is told apart, a thousandth is not. */
    assert_int_equal(search_rank(262145, 0), search_rank(262144, 0));
    for (size_t i = 1; i < COUNT(rising); i++)
        assert_true(search_rank(rising[i].downloads, rising[i].updated_ms) >
                    search_rank(rising[i - 1].downloads, rising[i - 1].updated_ms));
}

static void rows_and_terms_follow_their_package(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);

    put(f, tx, t.account, t.package, "nnum snum tconda", 5);
    assert_string_equal(found(f, tx, "nnum"), "1 1 1 1");
    assert_int_equal(number(f, tx, &rank_of, t.package), 5);
    put(f, tx, t.account, t.package, "nnum sarr tconda", 9); /* other terms */
    assert_string_equal(found(f, tx, "snum"), "0 0 0 0");
    assert_string_equal(found(f, tx, "sarr"), "1 1 1 1");
    put(f, tx, t.account, t.package, "nnum sarr tconda", 12); /* the same */
    assert_string_equal(found(f, tx, "sarr"), "1 1 1 1");
    assert_int_equal(number(f, tx, &rank_of, t.package), 12);
    must(f, search_forget(tx, t.package, &f->err));
    assert_string_equal(found(f, tx, "nnum"), "0 0 0 0");
    assert_int_equal(number(f, tx, &rows_of, t.package), 0);
    must(f, search_forget(tx, t.package, &f->err)); /* again, to no effect */
    put(f, tx, t.account, t.package, "nnum", 5);
    must(f, search_forget_account(tx, t.account, &f->err));
    assert_string_equal(found(f, tx, "nnum"), "0 0 0 0");
    must(f, package_delete(tx, t.package, &f->err));
    assert_int_equal(number(f, tx, &rows_of, t.package), 0); /* goes with it */
    tx_endp(&tx);
}

static void downloads_and_favorites_are_counted_again(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    const struct download_row row = {
        .package_id = t.package, .day = 1, .client = S("pip"), .count = 40};
    bool changed;

    must(f, search_recount(tx, t.package, &f->err)); /* no row yet: nothing is done */
    assert_int_equal(number(f, tx, &rows_of, t.package), 0);
    put(f, tx, t.account, t.package, "nnum", 5);
    must(f, download_add_to_package(tx, &row, &f->err));
    must(f, favorite_put(tx, t.account, t.package, 1, &changed, &f->err));
    must(f, search_recount(tx, t.package, &f->err));
    assert_int_equal(number(f, tx, &rank_of, t.package), search_rank(40, 5));
    assert_int_equal(number(f, tx, &favorites_of, t.package), 1);
    assert_string_equal(found(f, tx, "nnum"), "1 1 1 1");
    tx_endp(&tx);
}

static void what_a_row_is_made_of_is_read_at_once(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    int64_t dev, main_label, id;
    static const char *const names[] = {"linux-64/numpy-1.0-0.conda", "noarch/numpy-1.0-0.conda",
                                        "linux-64/numpy-1.0-1.conda"};
    struct search_facts facts;

    must(f, label_ensure(tx, t.account, S("main"), &main_label, &f->err));
    must(f, label_ensure(tx, t.account, S("dev"), &dev, &f->err));
    for (size_t i = 0; i < COUNT(names); i++) {
        struct file_row row = file_of(f, t.account, t.package, t.release, names[i]);

        id = add_file(f, tx, &row);
        must(f, label_attach(tx, id, i ? main_label : dev, ACCESS_PUBLIC, &f->err));
    }
    must(f, search_facts(tx, f->mem, t.package, 10, &facts, &f->err));
    assert_str(facts.owner, "alice");
    assert_str(facts.name, "numpy");
    assert_str(facts.summary, "A summary.");
    assert_str(facts.attrs, "{}");
    assert_str(facts.doc.types, "conda");
    assert_str(facts.doc.platforms, "linux-64 noarch");
    assert_int_equal(facts.doc.account_id, t.account);
    assert_int_equal(facts.doc.access, ACCESS_PUBLIC);
    assert_int_equal(facts.doc.updated_ms, 2000);
    assert_int_equal(facts.label_count, 2);
    assert_str(facts.labels[0], "dev");
    assert_str(facts.labels[1], "main");
    must(f, search_facts(tx, f->mem, t.package, 1, &facts, &f->err));
    assert_int_equal(facts.label_count, 1);
    assert_int_equal(search_facts(tx, f->mem, t.package + 1000, 1, &facts, &f->err), ERR_NOT_FOUND);
    tx_endp(&tx);
}

static void words_are_found_by_their_stems(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    static const char *const words[] = {"numpy", "nmpy", "numpydoc", "scipy"};
    struct str stems[SEARCH_STEMS] = {S("nmpy"), S("umpy"), S(""), S(""), S(""), S(""), S("")};
    struct search_word_list list;
    bool has = true;

    must(f, search_word_has(tx, S("nmpy"), S("numpy"), &has, &f->err));
    assert_false(has);
    for (size_t i = 0; i < COUNT(words); i++) {
        must(f, search_word_add(tx, S("nmpy"), str_of(words[i]), &f->err));
        must(f, search_word_add(tx, S("nmpy"), str_of(words[i]), &f->err)); /* again */
    }
    must(f, search_word_add(tx, S("umpy"), S("numpy"), &f->err));
    must(f, search_word_has(tx, S("nmpy"), S("numpy"), &has, &f->err));
    assert_true(has);
    must(f, search_words_near(tx, f->mem, stems, 4, 5, 10, &list, &f->err));
    assert_int_equal(list.count, 3);
    assert_str(list.items[0], "nmpy");
    assert_str(list.items[1], "numpy");
    assert_str(list.items[2], "scipy");
    must(f, search_words_near(tx, f->mem, stems, 4, 50, 2, &list, &f->err));
    assert_int_equal(list.count, 2);
    must(f, search_words_forget(tx, &f->err));
    must(f, search_words_near(tx, f->mem, stems, 4, 50, 2, &list, &f->err));
    assert_int_equal(list.count, 0);
    tx_endp(&tx);
}

static void trim_all(struct fixture *f, struct tx *tx)
{
    int64_t count = 1;

    while (count)
        must(f, search_level_trim(tx, f->mem, 3, &count, &f->err));
}

static void floors_keep_the_first_in_the_small_tables(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t packages[8], floors[SEARCH_LEVELS], count = 0, account;

    account = add_many(f, tx, "alice", 8, ACCESS_PUBLIC, packages);
    assert_string_equal(found(f, tx, "nmany"), "8 8 8 8");
    must(f, search_level_count(tx, 3, false, 5, &count, &f->err));
    assert_int_equal(count, 5);
    must(f, search_level_count(tx, 3, true, 5, &count, &f->err));
    assert_int_equal(count, 0);
    must(f, search_level_raise(tx, 3, false, 1, &f->err));
    must(f, search_level_raise(tx, 2, false, 3, &f->err));
    must(f, search_level_raise(tx, 1, false, 50, &f->err)); /* there are fewer */
    must(f, search_floors(tx, false, floors, &f->err));
    assert_int_equal(floors[3], 1006);
    assert_int_equal(floors[2], 1004);
    assert_int_equal(floors[1], 0);
    assert_int_equal(floors[0], 0);
    trim_all(f, tx);
    assert_string_equal(found(f, tx, "nmany"), "8 8 4 2"); /* what is at the floor is over it */
    assert_int_equal(number(f, tx, &level_of, packages[7]), 3);
    assert_int_equal(number(f, tx, &level_of, packages[5]), 2);
    assert_int_equal(number(f, tx, &level_of, packages[0]), 1);
    must(f, search_level_raise(tx, 3, false, 5, &f->err)); /* floors do not sink */
    must(f, search_floors(tx, false, floors, &f->err));
    assert_int_equal(floors[3], 1006);
    put(f, tx, account, packages[0], "nmany", 2000); /* rises over all of them */
    assert_string_equal(found(f, tx, "nmany"), "8 8 5 3");
    put(f, tx, account, packages[0], "nmany sother", 10); /* and sinks again */
    assert_string_equal(found(f, tx, "sother"), "1 1 0 0");
    assert_string_equal(found(f, tx, "nmany"), "8 8 4 2");
    tx_endp(&tx);
}

static void what_is_hidden_has_floors_of_its_own(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t shown[4], hidden[4], floors[SEARCH_LEVELS];

    (void)add_many(f, tx, "alice", 4, ACCESS_PUBLIC, shown);
    (void)add_many(f, tx, "bob", 4, ACCESS_PRIVATE, hidden);
    must(f, search_level_raise(tx, 3, true, 1, &f->err));
    must(f, search_floors(tx, false, floors, &f->err));
    assert_int_equal(floors[3], 0); /* for who sees nothing of it nothing has changed */
    must(f, search_floors(tx, true, floors, &f->err));
    assert_int_equal(floors[3], 1002);
    trim_all(f, tx);
    assert_string_equal(found(f, tx, "nmany"), "8 8 8 6");
    assert_int_equal(number(f, tx, &level_of, hidden[0]), 2);
    assert_int_equal(number(f, tx, &level_of, shown[0]), 3);
    tx_endp(&tx);
}

/* A package that changes its rank by its downloads is put where it belongs. */
static void a_package_that_is_downloaded_rises(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t packages[4];
    struct download_row row = {.day = 1, .client = S("pip"), .count = 1};

    (void)add_many(f, tx, "alice", 4, ACCESS_PUBLIC, packages);
    must(f, search_level_raise(tx, 3, false, 1, &f->err));
    trim_all(f, tx);
    assert_string_equal(found(f, tx, "nmany"), "4 4 4 2");
    row.package_id = packages[0];
    must(f, download_add_to_package(tx, &row, &f->err));
    must(f, search_recount(tx, packages[0], &f->err));
    assert_string_equal(found(f, tx, "nmany"), "4 4 4 3");
    assert_int_equal(number(f, tx, &level_of, packages[0]), 3);
    tx_endp(&tx);
}

static void it_is_known_how_far_old_packages_have_come(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    int64_t second = add_package(f, tx, t.account, "scipy"), form = -1, filled = -1;
    struct search_id_list ids;

    must(f, search_progress(tx, &form, &filled, &f->err));
    assert_int_equal(form, 0);
    assert_int_equal(filled, 0);
    must(f, search_progress_set(tx, 3, 77, &f->err));
    must(f, search_progress(tx, &form, &filled, &f->err));
    assert_int_equal(form, 3);
    assert_int_equal(filled, 77);
    must(f, search_packages_after(tx, f->mem, t.package - 1, 5, &ids, &f->err));
    assert_int_equal(ids.count, 2);
    assert_int_equal(ids.items[0], t.package);
    assert_int_equal(ids.items[1], second);
    must(f, search_packages_after(tx, f->mem, t.package - 1, 1, &ids, &f->err));
    assert_int_equal(ids.count, 1);
    must(f, search_packages_after(tx, f->mem, second, 5, &ids, &f->err));
    assert_int_equal(ids.count, 0);
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_are_downloads_then_times),
        WITH_DATABASE(rows_and_terms_follow_their_package),
        WITH_DATABASE(downloads_and_favorites_are_counted_again),
        WITH_DATABASE(what_a_row_is_made_of_is_read_at_once),
        WITH_DATABASE(words_are_found_by_their_stems),
        WITH_DATABASE(floors_keep_the_first_in_the_small_tables),
        WITH_DATABASE(what_is_hidden_has_floors_of_its_own),
        WITH_DATABASE(a_package_that_is_downloaded_rises),
        WITH_DATABASE(it_is_known_how_far_old_packages_have_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
