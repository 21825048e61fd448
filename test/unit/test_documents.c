/* The documents of a place: which there are, in which order, and of which packages. What else is
 * in them is for the tests of their builders, and of index.c. */
#include "core_fixture.h"

#include "base/limits.h"
#include "core/inspect.h"
#include "index/documents.h"

struct made {
    struct core *f;
    struct buf names;
    struct str last; /* bytes of the document of this name */
    const char *wanted;
    int left;                /* documents until the sink fails */
    const struct view *view; /* NULL: of everybody */
};

static enum err_code take(void *ctx, const struct document *doc, struct err *err)
{
    struct made *m = ctx;

    if (m->left-- == 0)
        return fail(err, ERR_NO_SPACE, "the sink is full");
    if (doc->package.len)
        buf_addf(&m->names, "shard of " STR_FMT "\n", STR_ARG(doc->package));
    else
        buf_addf(&m->names, STR_FMT "\n", STR_ARG(doc->name));
    assert_int_equal(str_starts(doc->name, S("shards/")), doc->package.len > 0);
    if (str_eq(doc->name, str_of(m->wanted)))
        m->last = str_dup(m->f->mem, doc->bytes);
    return OK;
}

static int setup(void **state)
{
    static const struct core_spec specs[] = {
        {"x", "1.0", "0", "noarch", NULL, NULL, NULL},
        {"x", "2.0", "0", "noarch", NULL, NULL, NULL},
        {"y", "1.0", "0", "noarch", NULL, NULL, NULL},
    };
    struct actor alice;

    if (core_open_inspecting(state))
        return -1;
    alice = core_user(*state, "alice");
    for (size_t i = 0; i < COUNT(specs); i++)
        core_publish(*state, &alice, &specs[i]);
    return 0;
}

static const struct channel alice_main = {1, {"alice", 5}, {"main", 4}, 0};
static const struct view everybody = {.widest = ACCESS_PUBLIC};

static enum err_code make(struct core *f, const char *subdir, struct made *m)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);

    m->f = f;
    m->names = BUF_INIT(MIB);
    return documents_make(tx, &alice_main, str_of(subdir), m->view ? m->view : &everybody,
                          (struct document_sink){take, m}, &f->err);
}

static void shards_come_before_their_index(void **state)
{
    struct core *f = *state;
    struct made m = {.wanted = "repodata.json", .left = 99};

    must(f, make(f, "noarch", &m));
    assert_str(buf_str(&m.names), "repodata.json\nrepodata.json.zst\nshard of x\n"
                                  "shard of y\n"
                                  "repodata_shards.msgpack.zst\nrun_exports.json\n"
                                  "run_exports.json.zst\nindex.html\n");
    assert_true(str_eq(m.last, core_document(f, "alice", "main", "noarch", "repodata.json")));
    buf_done(&m.names);
}

static void a_channel_has_documents_of_its_own(void **state)
{
    struct core *f = *state;
    struct made m = {.wanted = "rss.xml", .left = 99};

    must(f, make(f, "", &m));
    assert_str(buf_str(&m.names), "channeldata.json\nindex.html\nrss.xml\n");
    assert_true(str_eq(m.last, core_document(f, "alice", "main", "", "rss.xml")));
    buf_done(&m.names);
}

static void without_rows_the_documents_are_the_empty_ones(void **state)
{
    static const char *const places[][2] = {
        {"linux-64", "repodata.json"},
        {"linux-64", "repodata.json.zst"},
        {"linux-64", "index.html"},
    };
    struct core *f = *state;

    for (size_t i = 0; i < COUNT(places); i++) {
        AUTO(buf_done) struct buf empty = BUF_INIT(MIB);
        struct made m = {.wanted = places[i][1], .left = 99};

        must(f, make(f, places[i][0], &m));
        must(f, documents_empty(&alice_main, str_of(places[i][0]), str_of(places[i][1]), &empty,
                                &f->err));
        assert_non_null(m.last.ptr);
        assert_true(str_eq(m.last, buf_str(&empty)));
        buf_done(&m.names);
    }
}

static void a_document_of_no_name_is_not_found(void **state)
{
    struct core *f = *state;
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);

    must_fail(f, documents_empty(&alice_main, S("noarch"), S("rss.xml"), &out, &f->err),
              ERR_NOT_FOUND, "no index document \"rss.xml\"");
    must_fail(f, documents_empty(&alice_main, S(""), S("rss.xml.zst"), &out, &f->err),
              ERR_NOT_FOUND, "no index document \"rss.xml.zst\"");
    assert_int_equal(out.len, 0);
}

static void a_failure_of_the_sink_ends_the_making(void **state)
{
    struct core *f = *state;

    for (int n = 0; n < 8; n++) {
        struct made m = {.wanted = "", .left = n};

        must_fail(f, make(f, "noarch", &m), ERR_NO_SPACE, "the sink is full");
        assert_int_equal(m.left, -1);
        buf_done(&m.names);
    }
}

/* ---- views ----------------------------------------------------------------------------------- */

static int64_t set_access(struct core *f, const char *name, enum access_level access)
{
    struct tx *tx = core_begin(f, TX_WRITE);
    struct package_row row;

    must(f, package_find(tx, f->mem, S("alice"), str_of(name), &row, &f->err));
    must(f, package_set_access(tx, row.id, access, &f->err));
    must(f, tx_commit(&tx, &f->err));
    return row.id;
}

static struct str made_for(struct core *f, const struct view *view, const char *subdir,
                           const char *name, struct str *ret_names)
{
    struct made m = {.wanted = name, .left = 99, .view = view};

    must(f, make(f, subdir, &m));
    *ret_names = str_dup(f->mem, buf_str(&m.names));
    buf_done(&m.names);
    assert_non_null(m.last.ptr);
    return m.last;
}

static bool has(struct str text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static void documents_are_of_what_the_view_shows(void **state)
{
    struct core *f = *state;
    const int64_t x = set_access(f, "x", ACCESS_PRIVATE);
    const struct {
        struct view view;
        bool x, y;
    } cases[] = {
        {{.widest = ACCESS_PUBLIC}, false, false},
        {{.widest = ACCESS_AUTHENTICATED}, false, true},
        {{.widest = ACCESS_PRIVATE}, true, true},
        {{ACCESS_PUBLIC, &x, 1}, true, false},
        {{ACCESS_AUTHENTICATED, &x, 1}, true, true},
    };

    (void)set_access(f, "y", ACCESS_AUTHENTICATED);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str names, text = made_for(f, &cases[i].view, "noarch", "repodata.json", &names);

        assert_int_equal(has(text, "\"x-1.0-0.tar.bz2\""), cases[i].x);
        assert_int_equal(has(text, "\"x-2.0-0.tar.bz2\""), cases[i].x);
        assert_int_equal(has(text, "\"y-1.0-0.tar.bz2\""), cases[i].y);
        assert_int_equal(has(names, "shard of x"), cases[i].x);
        assert_int_equal(has(names, "shard of y"), cases[i].y);
        text = made_for(f, &cases[i].view, "", "channeldata.json", &names);
        assert_int_equal(has(text, "\"x\":{"), cases[i].x);
        assert_int_equal(has(text, "\"y\":{"), cases[i].y);
    }
}

static void one_document_is_made_as_all_are(void **state)
{
    static const char *const names[][2] = {
        {"noarch", "repodata.json"},
        {"noarch", "repodata.json.zst"},
        {"noarch", "run_exports.json"},
        {"noarch", "repodata_shards.msgpack.zst"},
        {"noarch", "index.html"},
        {"", "channeldata.json"},
        {"", "rss.xml"},
    };
    struct core *f = *state;
    const int64_t x = set_access(f, "x", ACCESS_PRIVATE);
    const struct view view = {ACCESS_PUBLIC, &x, 1};

    for (size_t i = 0; i < COUNT(names); i++) {
        AUTO(buf_done) struct buf out = BUF_INIT(MIB);
        AUTO(tx_endp) struct tx *tx = NULL;
        struct str all, text = made_for(f, &view, names[i][0], names[i][1], &all);
        bool also = false;

        tx = core_begin(f, TX_READ);
        must(f, documents_make_one(tx, &alice_main, str_of(names[i][0]), &view, str_of(names[i][1]),
                                   &out, &also, &f->err));
        assert_true(str_eq(buf_str(&out), text));
        assert_true(also);
    }
}

/* Then it is what it is without them. */
static void a_document_tells_whether_it_shows_chosen_packages(void **state)
{
    struct core *f = *state;
    const int64_t ids[] = {set_access(f, "x", ACCESS_PUBLIC), set_access(f, "y", ACCESS_PRIVATE)};
    const struct view of_x = {ACCESS_PUBLIC, &ids[0], 1}, of_both = {ACCESS_PUBLIC, ids, 2},
                      of_all = {ACCESS_PRIVATE, ids, 2};
    const struct {
        const struct view *view;
        const char *subdir;
        bool also;
    } cases[] = {
        {&of_x, "noarch", false},   {&of_both, "noarch", true},    {&of_both, "linux-64", false},
        {&of_all, "noarch", false}, {&everybody, "noarch", false},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(buf_done) struct buf out = BUF_INIT(MIB);
        AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
        bool also = !cases[i].also;

        must(f, documents_make_one(tx, &alice_main, str_of(cases[i].subdir), cases[i].view,
                                   S("repodata.json"), &out, &also, &f->err));
        assert_int_equal(also, cases[i].also);
    }
}

static void a_document_of_no_name_is_not_made(void **state)
{
    static const char *const names[] = {"rss.xml", "index.html.zst", "shards/x", ""};
    struct core *f = *state;

    for (size_t i = 0; i < COUNT(names); i++) {
        AUTO(buf_done) struct buf out = BUF_INIT(MIB);
        AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
        bool also = true;

        must_fail(f,
                  documents_make_one(tx, &alice_main, S("noarch"), &everybody, str_of(names[i]),
                                     &out, &also, &f->err),
                  ERR_NOT_FOUND, "no index document");
        assert_true(also); /* untouched */
        assert_int_equal(out.len, 0);
    }
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, core_close)
    const struct CMUnitTest tests[] = {
        TEST(shards_come_before_their_index),
        TEST(a_channel_has_documents_of_its_own),
        TEST(without_rows_the_documents_are_the_empty_ones),
        TEST(a_document_of_no_name_is_not_found),
        TEST(a_failure_of_the_sink_ends_the_making),
        TEST(documents_are_of_what_the_view_shows),
        TEST(one_document_is_made_as_all_are),
        TEST(a_document_tells_whether_it_shows_chosen_packages),
        TEST(a_document_of_no_name_is_not_made),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
