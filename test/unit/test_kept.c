/* Which documents are kept for a view, and which of them are met again. */
#include "core_fixture.h"

#include "core/inspect.h"
#include "index/kept.h"

static const struct channel alice_main = {1, {"alice", 5}, {"main", 4}};

static const struct actor alice = {
    .account_id = 1, .login = {"alice", 5}, .remote = {"192.0.2.1", 9}};

static void publish(struct core *f, const char *name, const char *subdir, const char *access)
{
    const struct core_spec spec = {.name = name, .version = "1", .build = "0", .subdir = subdir};
    struct package_row package;

    must(f, package_create(&f->app, f->mem, &alice, S("alice"), str_of(name), str_of(access), NULL,
                           &package, &f->err));
    (void)core_publish(f, &alice, &spec);
}

static int setup(void **state)
{
    if (core_open_inspecting(state))
        return -1;
    (void)core_user(*state, "alice");
    return 0;
}

static struct kept load(struct core *f, const char *subdir, enum access_level level)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    struct kept k;

    must(f, kept_load(tx, f->mem, &alice_main, str_of(subdir), level, &k, &f->err));
    assert_int_equal(k.place.access, level);
    assert_str(k.place.subdir, subdir);
    return k;
}

static void documents_are_met_by_name(void **state)
{
    struct core *f = *state;
    struct kept k;
    size_t met = 0;

    publish(f, "x", "noarch", "public");
    publish(f, "y", "noarch", "public");
    k = load(f, "noarch", ACCESS_PUBLIC);
    assert_int_equal(k.own.docs.count, 8);
    for (size_t i = 1; i < k.own.docs.count; i++)
        assert_true(str_cmp(k.own.docs.rows[i - 1].name, k.own.docs.rows[i].name) < 0);
    assert_str(kept_meet(&k, S("index.html"))->name, "index.html");
    assert_str(kept_meet(&k, S("run_exports.json"))->name, "run_exports.json");
    assert_null(kept_meet(&k, S("rss.xml")));
    for (size_t i = 0; i < k.own.docs.count; i++)
        met += k.own.met[i];
    assert_int_equal(met, 2);
    assert_null(kept_narrower(&k, S("index.html"))); /* there is no narrower view */
    k = load(f, "osx-64", ACCESS_PUBLIC);
    assert_int_equal(k.own.docs.count, 0);
    assert_null(kept_meet(&k, S("index.html")));
}

static void the_next_narrower_document_is_what_counts(void **state)
{
    struct core *f = *state;
    struct kept wide, middle, narrow;

    publish(f, "pub", "noarch", "public");
    publish(f, "auth", "noarch", "authenticated");
    publish(f, "priv", "noarch", "private");
    publish(f, "other", "linux-64", "public");
    narrow = load(f, "noarch", ACCESS_PUBLIC);
    middle = load(f, "noarch", ACCESS_AUTHENTICATED);
    wide = load(f, "noarch", ACCESS_PRIVATE);
    assert_true(str_eq(kept_narrower(&middle, S("repodata.json"))->sha256,
                       kept_meet(&narrow, S("repodata.json"))->sha256));
    assert_true(str_eq(kept_narrower(&wide, S("repodata.json"))->sha256,
                       kept_meet(&middle, S("repodata.json"))->sha256));
    assert_null(kept_narrower(&wide, S("rss.xml")));
    for (size_t i = 0; i < wide.own.docs.count; i++)
        assert_int_equal(wide.own.met[i], false); /* looking is not meeting */
    publish(f, "hidden", "linux-64", "private");
    wide = load(f, "linux-64", ACCESS_PRIVATE);
    middle = load(f, "linux-64", ACCESS_AUTHENTICATED);
    narrow = load(f, "linux-64", ACCESS_PUBLIC);
    assert_int_equal(middle.own.docs.count, 0);
    assert_true(str_eq(kept_narrower(&wide, S("repodata.json"))->sha256,
                       kept_meet(&narrow, S("repodata.json"))->sha256)); /* across the middle one */
}

/* Of the views, in their order: "y" for those that can have documents. */
static struct str wanted(struct core *f, const char *subdir)
{
    struct str all = S("");

    for (unsigned v = 0; v < ACCESS_LEVELS; v++)
        all = str_fmt(f->mem, STR_FMT "%s", STR_ARG(all),
                      load(f, subdir, (enum access_level)v).wanted ? "y" : "-");
    return all;
}

static void views_that_show_files_are_wanted(void **state)
{
    struct core *f = *state;

    assert_str(wanted(f, "noarch"), "---");
    publish(f, "pub", "noarch", "public");
    assert_str(wanted(f, "noarch"), "y--"); /* others are the same, without being made */
    assert_str(wanted(f, ""), "y--");
    assert_str(wanted(f, "linux-64"), "---");
    publish(f, "priv", "linux-64", "private");
    assert_str(wanted(f, "linux-64"), "--y");
    assert_str(wanted(f, "noarch"), "y--"); /* whatever lies elsewhere */
    publish(f, "auth", "osx-64", "authenticated");
    assert_str(wanted(f, "osx-64"), "-yy");
    assert_str(wanted(f, "linux-64"), "--y");
    assert_str(wanted(f, ""), "yyy");
}

/* A view that has documents goes on, though its files went, and though there are no more packages
 * of its access: whoever had them gets empty ones. */
static void a_view_that_has_documents_is_wanted(void **state)
{
    struct core *f = *state;

    publish(f, "pub", "noarch", "public");
    publish(f, "priv", "linux-64", "private");
    must(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("pub"), &f->err));
    assert_str(wanted(f, "noarch"), "y--");
    must(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("priv"), &f->err));
    assert_str(wanted(f, "noarch"), "y--");
    assert_str(wanted(f, "linux-64"), "--y");
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, core_close)
    const struct CMUnitTest tests[] = {
        TEST(documents_are_met_by_name),
        TEST(the_next_narrower_document_is_what_counts),
        TEST(views_that_show_files_are_wanted),
        TEST(a_view_that_has_documents_is_wanted),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
