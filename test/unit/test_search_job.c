/* What the server does by itself for its searches: rows of before, and tables kept small. */
#include "core_fixture.h"

#include "core/search_job.h"

static void create_many(struct core *f, const struct actor *actor, int count, const char *access)
{
    struct package_row row;

    for (int i = 0; i < count; i++)
        must(f, package_create(&f->app, f->mem, actor, actor->login,
                               str_fmt(f->mem, "%s-%03d", access, i), str_of(access), NULL, &row,
                               &f->err));
}

/* As if the packages had been made by a program that knew of no search. */
static void lose_all(struct core *f)
{
    CORE_CHANGE(f, "DELETE FROM search_terms");
    CORE_CHANGE(f, "DELETE FROM search_terms_1");
    CORE_CHANGE(f, "DELETE FROM search_terms_2");
    CORE_CHANGE(f, "DELETE FROM search_terms_3");
    CORE_CHANGE(f, "DELETE FROM search_doc");
    CORE_CHANGE(f, "DELETE FROM search_word");
    CORE_CHANGE(f, "UPDATE search_progress SET form = 0, filled = 0");
}

/* How many have a row; each of them has its terms. */
static int64_t filled(struct core *f)
{
    int64_t count = CORE_NUMBER(f, "SELECT COUNT(*) FROM search_doc");

    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM search_terms"), count);
    return count;
}

static struct str progress(struct core *f)
{
    return CORE_TEXT(f, "SELECT form || ' ' || filled FROM search_progress");
}

#define ALL_FILLED "2 9223372036854775807"

static void packages_of_before_get_their_rows(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct str words;

    create_many(f, &alice, 101, "private"); /* two transactions are full, one is not */
    words = CORE_TEXT(f, "SELECT stem || ':' || word FROM search_word ORDER BY stem, word");
    assert_true(words.len > 0);
    lose_all(f);
    assert_int_equal(filled(f), 0);
    must(f, search_fill(&f->app, NULL, &f->err));
    assert_int_equal(filled(f), 101);
    assert_int_equal(
        CORE_NUMBER(f, "SELECT COUNT(*) FROM search_doc d JOIN package p ON p.id = d.package_id "
                       "AND p.name = d.name_key AND d.access = 2"),
        101);
    assert_true(str_eq(
        CORE_TEXT(f, "SELECT stem || ':' || word FROM search_word ORDER BY stem, word"), words));
    assert_str(progress(f), ALL_FILLED);
}

/* Their number is what fills a transaction. */
static void an_even_number_of_packages_has_an_end(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    create_many(f, &alice, 50, "public");
    lose_all(f);
    must(f, search_fill(&f->app, NULL, &f->err));
    assert_int_equal(filled(f), 50);
    assert_str(progress(f), ALL_FILLED);
}

static void filling_goes_on_where_it_was_cut_short(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    create_many(f, &alice, 10, "public");
    lose_all(f);
    CORE_CHANGE(f, "UPDATE search_progress SET form = 2, filled = (SELECT id FROM package WHERE "
                   "name = 'public-003')");
    must(f, search_fill(&f->app, NULL, &f->err));
    assert_str(CORE_TEXT(f, "SELECT name_key FROM search_doc ORDER BY name_key"),
               "public-004, public-005, public-006, public-007, public-008, public-009");
    assert_str(progress(f), ALL_FILLED);
    lose_all(f); /* what is of another form begins anew, however far it was */
    CORE_CHANGE(f, "UPDATE search_progress SET form = 3, filled = 9223372036854775807");
    must(f, search_fill(&f->app, NULL, &f->err));
    assert_int_equal(filled(f), 10);
    assert_str(progress(f), ALL_FILLED);
}

static void what_is_filled_is_left_alone(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    create_many(f, &alice, 3, "public");
    must(f, search_fill(&f->app, NULL, &f->err));
    CORE_CHANGE(f, "DELETE FROM search_doc");
    must(f, search_fill(&f->app, NULL, &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM search_doc"), 0);
}

static void rows_are_made_anew_when_asked(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    create_many(f, &alice, 3, "public");
    must(f, search_fill(&f->app, NULL, &f->err));
    CORE_CHANGE(f, "UPDATE search_doc SET name_key = 'wrong'");
    CORE_CHANGE(f, "INSERT INTO search_word (stem, word) VALUES ('stale', 'stale')");
    must(f, search_rebuild(&f->app, &f->err));
    assert_str(progress(f), "2 0");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM search_word"), 0);
    assert_int_equal(filled(f), 3); /* meanwhile they are found as they were */
    must(f, search_fill(&f->app, NULL, &f->err));
    assert_str(CORE_TEXT(f, "SELECT name_key FROM search_doc ORDER BY name_key"),
               "public-000, public-001, public-002");
    assert_true(CORE_NUMBER(f, "SELECT COUNT(*) FROM search_word WHERE word = 'public'") > 0);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM search_word WHERE word = 'stale'"), 0);
    assert_str(progress(f), ALL_FILLED);
}

/* ---- levels ---- */

/* So many packages are in the tables of the levels, and their rows say so. */
static void has_levels(struct core *f, int64_t smallest, int64_t middle, int64_t largest)
{
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM search_terms_3"), smallest);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM search_doc WHERE level >= 3"), smallest);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM search_terms_2"), middle);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM search_doc WHERE level >= 2"), middle);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM search_terms_1"), largest);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM search_doc WHERE level >= 1"), largest);
}

/* Those made later rank first, each by one. */
static void rank_by_number(struct core *f)
{
    CORE_CHANGE(f, "UPDATE search_doc SET rank = 1000 + package_id");
}

static void tables_are_trimmed_once_they_have_grown(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    create_many(f, &alice, 31, "public");
    rank_by_number(f);
    must(f, search_trim(&f->app, NULL, 11, &f->err)); /* not yet more than 33 */
    has_levels(f, 31, 31, 31);
    /* 31 are more than 3 and than 30; what is at a floor is over it */
    must(f, search_trim(&f->app, NULL, 1, &f->err));
    has_levels(f, 2, 11, 31);
    assert_str(CORE_TEXT(f, "SELECT name_key FROM search_doc WHERE level = 3 ORDER BY name_key"),
               "public-029, public-030");
    assert_str(CORE_TEXT(f, "SELECT MIN(name_key) FROM search_doc WHERE level >= 2"), "public-020");
    assert_int_equal(filled(f), 31); /* all are found yet */
    must(f, search_trim(&f->app, NULL, 1, &f->err));
    has_levels(f, 2, 11, 31);
}

static void the_hidden_are_kept_apart_from_the_public(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    create_many(f, &alice, 4, "private");
    create_many(f, &alice, 3, "public");
    rank_by_number(f);
    must(f, search_trim(&f->app, NULL, 1, &f->err)); /* 4 are more than 3; 3 are not */
    assert_str(CORE_TEXT(f, "SELECT name_key FROM search_doc WHERE level = 3 ORDER BY name_key"),
               "private-002, private-003, public-000, public-001, public-002");
    has_levels(f, 5, 7, 7);
}

/* More than go in one transaction. */
static void trimming_has_an_end(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    create_many(f, &alice, 150, "public");
    rank_by_number(f);
    must(f, search_trim(&f->app, NULL, 2, &f->err));
    has_levels(f, 3, 21, 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(packages_of_before_get_their_rows),
        WITH_CORE(an_even_number_of_packages_has_an_end),
        WITH_CORE(filling_goes_on_where_it_was_cut_short),
        WITH_CORE(what_is_filled_is_left_alone),
        WITH_CORE(rows_are_made_anew_when_asked),
        WITH_CORE(tables_are_trimmed_once_they_have_grown),
        WITH_CORE(the_hidden_are_kept_apart_from_the_public),
        WITH_CORE(trimming_has_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
