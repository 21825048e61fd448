/* What the indexes show to whom: which documents are kept for which view, what of them is found,
 * and what is made for a view that is not kept. */
#include "core_fixture.h"

#include "base/limits.h"
#include "base/mem.h"
#include "core/inspect.h"
#include "format/zstd.h"
#include "index/kept.h"

#define CURRENT "retired_ms IS NULL AND name NOT LIKE 'shards/%'"

static const struct channel alice_main = {1, {"alice", 5}, {"main", 4}, 0};

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

static void update(struct core *f, struct tx *tx, const char *subdir, int64_t now_ms)
{
    must(f, index_update(tx, f->app.blobs, &alice_main, str_of(subdir), NULL, 0, now_ms, &f->err));
}

/* As core/ does, but for what else there is to do. */
static void set_access(struct core *f, const char *name, enum access_level access,
                       const char *subdir)
{
    struct tx *tx = core_begin(f, TX_WRITE);
    struct package_row row;

    must(f, package_find(tx, f->mem, S("alice"), str_of(name), &row, &f->err));
    must(f, package_set_access(tx, row.id, access, &f->err));
    update(f, tx, subdir, 5);
    must(f, tx_commit(&tx, &f->err));
}

static int64_t id_of(struct core *f, const char *name)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    struct package_row row;

    must(f, package_find(tx, f->mem, S("alice"), str_of(name), &row, &f->err));
    return row.id;
}

static int setup(void **state)
{
    if (core_open_inspecting(state))
        return -1;
    (void)core_user(*state, "alice");
    return 0;
}

/* In noarch "pub", "auth" and "priv", each of its access; in linux-64 "other", which is public. */
static int setup_all(void **state)
{
    if (setup(state))
        return -1;
    publish(*state, "pub", "noarch", "public");
    publish(*state, "auth", "noarch", "authenticated");
    publish(*state, "priv", "noarch", "private");
    publish(*state, "other", "linux-64", "public");
    return 0;
}

/* ---- what a view is held against ---------------------------------------------------------------
 */

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
    assert_str(wanted(f, "osx-64"), "-y-");
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

static const struct view views[ACCESS_LEVELS] = {
    {.widest = ACCESS_PUBLIC}, {.widest = ACCESS_AUTHENTICATED}, {.widest = ACCESS_PRIVATE}};

static bool has(struct str text, const char *part)
{
    return text.ptr && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

/* The repodata of noarch as each view has it. */
static struct str repodata(struct core *f, const struct view *view)
{
    return core_document_in(f, view, "alice", "main", "noarch", "repodata.json");
}

/* ---- what is kept ---------------------------------------------------------------------------- */

/* Where documents are kept, and how many: "public noarch 6". */
static struct str kept(struct core *f)
{
    return CORE_TEXT(f, "SELECT access || ' ' || subdir || ' ' || CAST(COUNT(*) AS TEXT) "
                        "FROM index_doc WHERE " CURRENT " GROUP BY access, subdir ORDER BY 1");
}

static void documents_that_views_have_in_common_are_kept_once(void **state)
{
    struct core *f = *state;

    publish(f, "pub", "noarch", "public");
    assert_str(kept(f), "public  2, public noarch 6");
    publish(f, "priv", "linux-64", "private");
    assert_str(kept(f), "private  2, private linux-64 6, public  2, public noarch 6");
    publish(f, "auth", "noarch", "authenticated");
    assert_str(kept(f), "authenticated  2, authenticated noarch 6, private  2, "
                        "private linux-64 6, public  2, public noarch 6");
    /* Each shard is in the narrowest place that has it. */
    assert_str(CORE_TEXT(f, "SELECT package || ' ' || access FROM index_doc "
                            "WHERE name LIKE 'shards/%' ORDER BY 1"),
               "auth authenticated, priv private, pub public");
    set_access(f, "auth", ACCESS_PUBLIC, "noarch");
    assert_str(kept(f), "private  2, private linux-64 6, public  2, public noarch 6");
    set_access(f, "priv", ACCESS_PUBLIC, "linux-64");
    assert_str(kept(f), "public  2, public linux-64 6, public noarch 6");
}

static void each_view_names_what_it_shows(void **state)
{
    struct core *f = *state;

    for (unsigned v = 0; v < ACCESS_LEVELS; v++) {
        struct str text = repodata(f, &views[v]), channel;

        assert_true(has(text, "\"pub-1-0.tar.bz2\""));
        assert_int_equal(has(text, "\"auth-1-0.tar.bz2\""), v >= ACCESS_AUTHENTICATED);
        assert_int_equal(has(text, "\"priv-1-0.tar.bz2\""), v >= ACCESS_PRIVATE);
        channel = core_document_in(f, &views[v], "alice", "main", "", "channeldata.json");
        assert_true(has(channel, "\"pub\":"));
        assert_int_equal(has(channel, "\"auth\":"), v >= ACCESS_AUTHENTICATED);
        assert_int_equal(has(channel, "\"priv\":"), v >= ACCESS_PRIVATE);
    }
}

/* Every column of everybody's documents, so also the time from which a client has them. */
static struct str public_rows(struct core *f)
{
    return CORE_TEXT(
        f, "SELECT subdir || '/' || name || ' ' || sha256 || ' ' || CAST(modified_ms AS TEXT) || "
           "' ' || CAST(COALESCE(retired_ms, 0) AS TEXT) FROM index_doc WHERE access = 'public' "
           "ORDER BY 1");
}

static void what_is_hidden_does_not_touch_what_everybody_sees(void **state)
{
    struct core *f = *state;
    struct str before;

    publish(f, "pub", "noarch", "public");
    CORE_CHANGE(f, "UPDATE index_doc SET modified_ms = 7"); /* a time that none is made at */
    before = public_rows(f);
    publish(f, "auth", "noarch", "authenticated");
    assert_true(str_eq(public_rows(f), before));
    publish(f, "priv", "noarch", "private");
    assert_true(str_eq(public_rows(f), before));
    set_access(f, "auth", ACCESS_PRIVATE, "noarch");
    set_access(f, "priv", ACCESS_AUTHENTICATED, "noarch");
    assert_true(str_eq(public_rows(f), before));
    set_access(f, "priv", ACCESS_PUBLIC, "noarch"); /* and now it does */
    assert_false(str_eq(public_rows(f), before));
}

static void a_place_of_hidden_files_alone_has_no_documents_for_others(void **state)
{
    struct core *f = *state;

    publish(f, "priv", "noarch", "private");
    publish(f, "auth", "linux-64", "authenticated");
    assert_str(kept(f), "authenticated  2, authenticated linux-64 6, private  2, "
                        "private noarch 6");
    assert_null(repodata(f, &views[ACCESS_PUBLIC]).ptr);
    assert_null(repodata(f, &views[ACCESS_AUTHENTICATED]).ptr);
    assert_null(core_document(f, "alice", "main", "", "channeldata.json").ptr);
    assert_true(has(repodata(f, &views[ACCESS_PRIVATE]), "\"priv-1-0.tar.bz2\""));
}

/* That there was something is known by then. */
static void what_was_seen_and_is_hidden_leaves_empty_documents(void **state)
{
    struct core *f = *state;
    AUTO(buf_done) struct buf empty = BUF_INIT(MIB);

    publish(f, "x", "noarch", "public");
    set_access(f, "x", ACCESS_PRIVATE, "noarch");
    must(f, index_empty(&alice_main, S("noarch"), S("repodata.json"), &empty, &f->err));
    assert_true(str_eq(repodata(f, &views[ACCESS_PUBLIC]), buf_str(&empty)));
    assert_true(str_eq(repodata(f, &views[ACCESS_AUTHENTICATED]), buf_str(&empty)));
    assert_true(has(repodata(f, &views[ACCESS_PRIVATE]), "\"x-1-0.tar.bz2\""));
}

static void a_rebuild_makes_all_views(void **state)
{
    struct core *f = *state;
    struct str before;
    struct tx *tx;

    before = CORE_TEXT(f, "SELECT access || subdir || name || sha256 FROM index_doc ORDER BY 1");
    CORE_CHANGE(f, "DELETE FROM index_doc");
    tx = core_begin(f, TX_WRITE);
    must(f, index_rebuild(tx, f->app.blobs, &alice_main, 5, &f->err));
    must(f, tx_commit(&tx, &f->err));
    assert_true(
        str_eq(CORE_TEXT(f, "SELECT access || subdir || name || sha256 FROM index_doc ORDER BY 1"),
               before));
}

/* ---- finding --------------------------------------------------------------------------------- */

static enum err_code find(struct core *f, const struct view *view, const char *subdir,
                          struct str name, struct index_doc_row *ret, enum access_level *ret_access)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);

    return index_find(tx, f->mem, &alice_main, str_of(subdir), name, view, ret, ret_access,
                      &f->err);
}

static struct str shard_of(struct core *f, const char *package)
{
    if (!strcmp(package, "pub"))
        return CORE_TEXT(f, "SELECT name FROM index_doc WHERE package = 'pub'");
    if (!strcmp(package, "auth"))
        return CORE_TEXT(f, "SELECT name FROM index_doc WHERE package = 'auth'");
    return CORE_TEXT(f, "SELECT name FROM index_doc WHERE package = 'priv'");
}

static void a_document_is_found_in_the_widest_place_of_the_view(void **state)
{
    struct core *f = *state;
    const struct {
        const char *subdir;
        struct str name;
        int access[ACCESS_LEVELS]; /* where each view finds it; -1: it does not */
    } cases[] = {
        {"noarch", S("repodata.json"), {ACCESS_PUBLIC, ACCESS_AUTHENTICATED, ACCESS_PRIVATE}},
        {"", S("channeldata.json"), {ACCESS_PUBLIC, ACCESS_AUTHENTICATED, ACCESS_PRIVATE}},
        {"", S("rss.xml"), {-1, -1, -1}}, /* it is made */
        {"linux-64", S("repodata.json"), {ACCESS_PUBLIC, ACCESS_PUBLIC, ACCESS_PUBLIC}},
        {"noarch", shard_of(f, "pub"), {ACCESS_PUBLIC, ACCESS_PUBLIC, ACCESS_PUBLIC}},
        {"noarch", shard_of(f, "auth"), {-1, ACCESS_AUTHENTICATED, ACCESS_AUTHENTICATED}},
        {"noarch", shard_of(f, "priv"), {-1, -1, ACCESS_PRIVATE}},
        {"osx-64", S("repodata.json"), {-1, -1, -1}},
        {"noarch", S("rss.xml"), {-1, -1, -1}},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        for (unsigned v = 0; v < ACCESS_LEVELS; v++) {
            struct index_doc_row row = {0};
            enum access_level access = ACCESS_PUBLIC;
            enum err_code code = find(f, &views[v], cases[i].subdir, cases[i].name, &row, &access);

            assert_int_equal(code, cases[i].access[v] < 0 ? ERR_NOT_FOUND : OK);
            if (code)
                continue;
            assert_int_equal(access, cases[i].access[v]);
            assert_true(str_eq(row.name, cases[i].name));
        }
}

static void a_shard_of_a_chosen_package_is_found(void **state)
{
    struct core *f = *state;
    const int64_t priv = id_of(f, "priv"), another = priv + 100;
    const struct view chosen = {ACCESS_PUBLIC, &priv, 1}, others = {ACCESS_PUBLIC, &another, 1};
    struct str name = shard_of(f, "priv");
    struct index_doc_row row = {.size = 99}, everybodys = {0};
    enum access_level access = ACCESS_PUBLIC;

    must(f, find(f, &chosen, "noarch", name, &row, &access));
    assert_str(row.package, "priv");
    assert_int_equal(access, ACCESS_PRIVATE);
    must(f, find(f, &chosen, "noarch", shard_of(f, "pub"), &row, &access));
    assert_int_equal(access, ACCESS_PUBLIC);
    row.size = 99;
    assert_int_equal(find(f, &others, "noarch", name, &row, &access), ERR_NOT_FOUND);
    assert_int_equal(find(f, &chosen, "noarch", shard_of(f, "auth"), &row, &access), ERR_NOT_FOUND);
    assert_int_equal(find(f, &chosen, "linux-64", name, &row, &access), ERR_NOT_FOUND);
    assert_int_equal(row.size, 99); /* untouched */
    assert_int_equal(access, ACCESS_PUBLIC);
    /* Of the documents it finds what the view has without them. */
    must(f, find(f, &chosen, "noarch", S("repodata.json"), &row, &access));
    assert_int_equal(access, ACCESS_PUBLIC);
    must(f, find(f, &views[ACCESS_PUBLIC], "noarch", S("repodata.json"), &everybodys, &access));
    assert_true(str_eq(row.sha256, everybodys.sha256));
    CORE_CHANGE(f, "DELETE FROM package WHERE name = 'priv'");
    assert_int_equal(find(f, &chosen, "noarch", name, &row, &access), ERR_NOT_FOUND);
}

/* Each allocation fails in turn; a failure is told, not taken for absence. */
static void lack_of_memory_is_not_absence(void **state)
{
    struct core *f = *state;
    const int64_t priv = id_of(f, "priv");
    const struct view chosen = {ACCESS_PUBLIC, &priv, 1};
    struct str name = shard_of(f, "priv");
    enum err_code code = ERR_NOMEM;

    for (long n = 1; code; n++) {
        AUTO(arena_closep) struct arena *mem = arena_open(MIB);
        AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
        struct index_doc_row row;
        enum access_level access;

        mem_fail_at(n);
        code = index_find(tx, mem, &alice_main, S("noarch"), name, &chosen, &row, &access, &f->err);
        mem_fail_at(0);
        assert_true(code == OK || code == ERR_NOMEM);
        assert_true(n < 1000);
    }
}

/* ---- making ---------------------------------------------------------------------------------- */

static enum err_code make(struct core *f, const struct view *view, const char *subdir,
                          const char *name, struct buf *out, bool *ret_made)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);

    return index_make(tx, &alice_main, str_of(subdir), str_of(name), view, out, ret_made, &f->err);
}

/* What is in it, if it is compressed: what is kept is of more pieces. */
static struct str content(struct core *f, const char *name, struct str bytes)
{
    AUTO(buf_done) struct buf plain = BUF_INIT(MIB);

    if (!str_ends(str_of(name), S(".zst")))
        return bytes;
    must(f, zstd_unpack(bytes, &plain, &f->err));
    return str_dup(f->mem, buf_str(&plain));
}

static void a_view_with_chosen_packages_is_made(void **state)
{
    struct core *f = *state;
    const int64_t priv = id_of(f, "priv");
    const struct view chosen = {ACCESS_PUBLIC, &priv, 1}, all = {ACCESS_AUTHENTICATED, &priv, 1};
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    bool made = false;

    must(f, make(f, &chosen, "noarch", "repodata.json", &out, &made));
    assert_true(made);
    assert_true(has(buf_str(&out), "\"priv-1-0.tar.bz2\""));
    assert_true(has(buf_str(&out), "\"pub-1-0.tar.bz2\""));
    assert_false(has(buf_str(&out), "\"auth-1-0.tar.bz2\""));
    /* With all that there is of them it is what those see who see everything. */
    for (size_t i = 0; i < 3; i++) {
        static const char *const names[] = {"repodata.json.zst", "repodata_shards.msgpack.zst",
                                            "index.html"};

        buf_clear(&out);
        must(f, make(f, &all, "noarch", names[i], &out, &made));
        assert_true(made);
        assert_true(str_eq(content(f, names[i], buf_str(&out)),
                           content(f, names[i],
                                   core_document_in(f, &views[ACCESS_PRIVATE], "alice", "main",
                                                    "noarch", names[i]))));
    }
}

static void what_the_chosen_packages_do_not_change_is_not_made(void **state)
{
    struct core *f = *state;
    const int64_t priv = id_of(f, "priv"), pub = id_of(f, "pub");
    const struct view chosen = {ACCESS_PUBLIC, &priv, 1}, no_more = {ACCESS_PUBLIC, &pub, 1};
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    bool made = true;

    must(f, make(f, &chosen, "linux-64", "repodata.json", &out, &made));
    assert_false(made);
    made = true;
    must(f, make(f, &no_more, "noarch", "repodata.json", &out, &made));
    assert_false(made);
}

static void only_documents_with_a_name_are_made(void **state)
{
    struct core *f = *state;
    const int64_t priv = id_of(f, "priv");
    const struct view chosen = {ACCESS_PUBLIC, &priv, 1};
    const char *const names[] = {str_z(f->mem, shard_of(f, "priv")), "rss.xml", "repodata.json.gz"};
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    bool made = true;

    for (size_t i = 0; i < COUNT(names); i++)
        must_fail(f, make(f, &chosen, "noarch", names[i], &out, &made), ERR_NOT_FOUND,
                  "no index document");
    assert_true(made); /* untouched */
    assert_int_equal(out.len, 0);
}

static void a_document_that_has_no_room_is_refused(void **state)
{
    struct core *f = *state;
    const int64_t priv = id_of(f, "priv");
    const struct view chosen = {ACCESS_PUBLIC, &priv, 1};
    AUTO(buf_done) struct buf out = BUF_INIT(10);
    bool made;

    must_fail(f, make(f, &chosen, "noarch", "repodata.json", &out, &made), ERR_NOMEM,
              "\"repodata.json\" does not fit in memory");
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, core_close)
#define FULL(name) cmocka_unit_test_setup_teardown(name, setup_all, core_close)
    const struct CMUnitTest tests[] = {
        TEST(documents_are_met_by_name),
        TEST(the_next_narrower_document_is_what_counts),
        TEST(views_that_show_files_are_wanted),
        TEST(a_view_that_has_documents_is_wanted),
        TEST(documents_that_views_have_in_common_are_kept_once),
        FULL(each_view_names_what_it_shows),
        TEST(what_is_hidden_does_not_touch_what_everybody_sees),
        TEST(a_place_of_hidden_files_alone_has_no_documents_for_others),
        TEST(what_was_seen_and_is_hidden_leaves_empty_documents),
        FULL(a_rebuild_makes_all_views),
        FULL(a_document_is_found_in_the_widest_place_of_the_view),
        FULL(a_shard_of_a_chosen_package_is_found),
        FULL(lack_of_memory_is_not_absence),
        FULL(a_view_with_chosen_packages_is_made),
        FULL(what_the_chosen_packages_do_not_change_is_not_made),
        FULL(only_documents_with_a_name_are_made),
        FULL(a_document_that_has_no_room_is_refused),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
