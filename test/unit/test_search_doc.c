/* What packages are found by is what they are, at every moment. */
#include "core_fixture.h"

#include "core/account_remove.h"
#include "core/favorite.h"
#include "core/inspect.h"
#include "core/search_doc.h"
#include "core/transfer.h"
#include "format/json.h"
#include "store/search.h"

static struct str doc(struct core *f, const char *name)
{
    static const struct stmt s = {
        "doc",
        "SELECT a.login || ' ' || d.access || ' ' || d.name_key || ' ' || d.keyword_key || ' [' || "
        "d.types || '] [' || d.platforms || '] ' || d.favorites FROM search_doc d "
        "JOIN package p ON p.id = d.package_id AND p.account_id = d.account_id "
        "AND p.updated_ms = d.updated_ms JOIN account a ON a.id = p.account_id WHERE p.name = $1",
        "t", "t"};
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code rc = db_one(tx, &s, DB_ARGS(db_text(str_of(name))), &rows, &f->err);

    return rc ? S("none") : str_dup(f->mem, rows_text(rows, 0));
}

/* Is the package found by a term? */
static bool has(struct core *f, const char *name, const char *term)
{
    static const struct stmt s = {
        "has",
        DB_APART("SELECT COUNT(*) FROM search_terms t JOIN package p ON p.id = t.rowid "
                 "WHERE search_terms MATCH $1 AND p.name = $2",
                 "SELECT COUNT(*) FROM search_terms t JOIN package p ON p.id = t.rowid "
                 "WHERE t.terms @@ CAST($1 AS tsquery) AND p.name = $2"),
        "tt", "i"};
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    AUTO(rows_endp) struct rows *rows = NULL;

    must(f, db_one(tx, &s, DB_ARGS(db_text(str_of(term)), db_text(str_of(name))), &rows, &f->err));
    return rows_int(rows, 0) > 0;
}

static void create(struct core *f, const struct actor *actor, const char *name, const char *access,
                   const char *attrs)
{
    AUTO(json_decrefp) json_t *v = NULL;
    struct package_row row;

    must(f, json_parse(str_of(attrs), &v, &f->err));
    must(f, package_create(&f->app, f->mem, actor, actor->login, str_of(name), str_of(access), v,
                           &row, &f->err));
}

static void a_new_package_is_found_by_all_that_is_said_of_it(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    static const char *const terms[] = {
        "escikitlearn", "bsciki",   "bscikitl", "ns",     "nsciki", "nlearn",
        "kmachi",       "kml",      "smachi",   "slearn", "sl",     "sss",
        "sn",           "spredict", "o1",       "a0",     "mmit",   "mmitz2dorz2dapachez2d2z2d0",
        "mbsd"};
    static const char *const others[] = {"kscik", "sthe", "nmachi", "kl", "tconda",
                                         "lmain", "spr",  "sg",     "a1", "nlearnx"};

    create(f, &alice, "Scikit_Learn", "public",
           "{\"summary\": \"The predictive SS n-grams\", \"license\": \"MIT OR Apache-2.0\", "
           "\"license_family\": \"BSD\", \"keywords\": [\"Machine learning\", \"ML\"]}");
    assert_str(doc(f, "Scikit_Learn"), "alice 0 scikit-learn -machine-learning-ml [] [] 0");
    for (size_t i = 0; i < COUNT(terms); i++) {
        if (!has(f, "Scikit_Learn", terms[i]))
            print_error("not found by %s\n", terms[i]);
        assert_true(has(f, "Scikit_Learn", terms[i]));
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        if (has(f, "Scikit_Learn", others[i]))
            print_error("found by %s\n", others[i]);
        assert_false(has(f, "Scikit_Learn", others[i]));
    }
}

static void what_is_odd_in_its_words_does_no_harm(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    create(f, &alice, "a", "public", "{}");
    create(f, &alice, "b", "public",
           "{\"summary\": 5, \"keywords\": [1, null, \"\", \"x, y\"], \"license\": [\"MIT\"], "
           "\"tags\": \"one,two\"}");
    create(f, &alice, "c", "public", "{\"keywords\": {}, \"license\": {\"name\": \"ISC\"}}");
    create(f, &alice, "d", "public", "{\"summary\": \"\\u4f60\\u597d \\\"'; --\"}");
    assert_str(doc(f, "a"), "alice 0 a  [] [] 0");
    assert_str(doc(f, "b"), "alice 0 b -x-y-one-two [] [] 0");
    assert_true(has(f, "b", "ktwo"));
    assert_str(doc(f, "c"), "alice 0 c  [] [] 0");
    assert_true(has(f, "c", "misc"));
    assert_true(has(f, "d", "s\xe4\xbd\xa0"));
}

/* The longest summary and very many keywords. */
static void there_is_an_end_to_it(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    AUTO(buf_done) struct buf b = BUF_INIT(1 << 20);

    buf_addz(&b, "{\"summary\": \"");
    for (int i = 0; i < 3000; i++)
        buf_addf(&b, "w%d ", i);
    buf_addz(&b, "\", \"keywords\": [\"first\"");
    for (int i = 0; i < 20000; i++)
        buf_addf(&b, ", \"k%d\"", i);
    buf_addz(&b, "]}");
    buf_addc(&b, '\0');
    create(f, &alice, "a", "public", b.ptr);
    assert_true(has(f, "a", "kfirst"));
    assert_true(has(f, "a", "sw0"));
    assert_false(has(f, "a", "kk199"));
}

static void it_follows_the_package(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct core_spec spec = {"x",  "1.0", "0", "linux-64", "{\"summary\": \"first words\"}",
                             NULL, NULL},
                     next = {"x",  "2.0", "0", "noarch", "{\"summary\": \"other words\"}",
                             NULL, NULL};
    struct file_path path = core_path(f, "alice", &next);
    struct file_row removed;

    (void)core_publish(f, &alice, &spec);
    assert_str(doc(f, "x"), "alice 0 x  [conda] [linux-64] 0");
    assert_true(has(f, "x", "sfirst") && has(f, "x", "plinuxz2d64") && has(f, "x", "lmain") &&
                has(f, "x", "tconda"));
    (void)core_publish(f, &alice, &next);
    assert_str(doc(f, "x"), "alice 0 x  [conda] [linux-64 noarch] 0");
    assert_true(has(f, "x", "sother"));
    assert_false(has(f, "x", "sfirst"));
    must(f, favorite_add(&f->app, f->mem, &bob, S("alice"), S("x"), &f->err));
    assert_str(doc(f, "x"), "alice 0 x  [conda] [linux-64 noarch] 1");
    must(f, package_change_access(&f->app, f->mem, &alice, S("alice"), S("x"), ACCESS_PRIVATE,
                                  &f->err));
    assert_str(doc(f, "x"), "alice 2 x  [conda] [linux-64 noarch] 1");
    assert_true(has(f, "x", "a2"));
    must(f, file_remove(&f->app, f->mem, &alice, &path, &removed, &f->err));
    assert_str(doc(f, "x"), "alice 2 x  [conda] [linux-64] 1");
    must(f, release_remove(&f->app, f->mem, &alice, S("alice"), S("x"), S("1.0"), &f->err));
    assert_str(doc(f, "x"), "alice 2 x  [] [] 1");
    assert_false(has(f, "x", "tconda"));
    must(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("x"), &f->err));
    assert_str(doc(f, "x"), "none");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM search_terms"), 0);
}

static void it_goes_with_its_owner(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct transfer_result moved;

    bob.superuser = true;
    create(f, &alice, "x", "public", "{}");
    create(f, &bob, "y", "public", "{}");
    must(f, transfer_package(&f->app, f->mem, &bob, S("alice"), S("x"), S("bob"), &moved, &f->err));
    assert_str(doc(f, "x"), "bob 0 x  [] [] 0");
    assert_true(has(f, "x", "o2"));
    assert_false(has(f, "x", "o1"));
    must(f, favorite_add(&f->app, f->mem, &alice, S("bob"), S("y"), &f->err));
    assert_str(doc(f, "y"), "bob 0 y  [] [] 1");
    must(f, account_remove(&f->app, f->mem, &bob, S("alice"), S("user"), &f->err));
    assert_str(doc(f, "y"), "bob 0 y  [] [] 0"); /* whoever liked it is gone */
    create(f, &bob, "z", "public", "{}");
    must(f, account_remove(&f->app, f->mem, &bob, S("bob"), S("user"), &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM search_doc"), 0);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM search_terms"), 0);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM search_terms_3"), 0);
}

static void words_of_names_are_learnt(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    create(f, &alice, "tensor-flow2", "public", "{}");
    create(f, &alice, "r-x-Tensor", "public", "{}");
    assert_str(CORE_TEXT(f, "SELECT stem || ':' || word FROM search_word ORDER BY word, stem"),
               "flo2:flow2, flow:flow2, flow2:flow2, flw2:flow2, fow2:flow2, low2:flow2, "
               "ensor:tensor, tenor:tensor, tenso:tensor, tensor:tensor, tensr:tensor, "
               "tesor:tensor, tnsor:tensor");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(a_new_package_is_found_by_all_that_is_said_of_it),
        WITH_CORE(what_is_odd_in_its_words_does_no_harm),
        WITH_CORE(there_is_an_end_to_it),
        WITH_INSPECTOR(it_follows_the_package),
        WITH_CORE(it_goes_with_its_owner),
        WITH_CORE(words_of_names_are_learnt),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
