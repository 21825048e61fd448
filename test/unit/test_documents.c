/* The documents of a place: which there are, in which order, and where they are met again. What is
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
    int left; /* documents until the sink fails */
};

static enum err_code take(void *ctx, struct str name, struct str bytes, struct err *err)
{
    struct made *m = ctx;

    if (m->left-- == 0)
        return fail(err, ERR_NO_SPACE, "the sink is full");
    buf_add(&m->names, str_starts(name, S("shards/")) ? S("SHARD") : name);
    buf_addc(&m->names, '\n');
    if (str_eq(name, str_of(m->wanted)))
        m->last = str_dup(m->f->mem, bytes);
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

static const struct channel alice_main = {1, {"alice", 5}, {"main", 4}};

static enum err_code make(struct core *f, const char *subdir, struct made *m)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);

    m->f = f;
    m->names = BUF_INIT(MIB);
    return documents_make(tx, &alice_main, str_of(subdir), (struct document_sink){take, m},
                          &f->err);
}

static void shards_come_before_their_index(void **state)
{
    struct core *f = *state;
    struct made m = {.wanted = "repodata.json", .left = 99};

    must(f, make(f, "noarch", &m));
    assert_str(buf_str(&m.names), "repodata.json\nrepodata.json.zst\nSHARD\nSHARD\n"
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

static void current_documents_are_met_by_name(void **state)
{
    struct core *f = *state;
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    struct document_set set;
    size_t met = 0;

    must(f, documents_current(tx, f->mem, &alice_main, S("noarch"), &set, &f->err));
    assert_int_equal(set.list.count, 8);
    for (size_t i = 1; i < set.list.count; i++)
        assert_true(str_cmp(set.list.rows[i - 1].name, set.list.rows[i].name) < 0);
    assert_str(documents_meet(&set, S("index.html"))->name, "index.html");
    assert_str(documents_meet(&set, S("run_exports.json"))->name, "run_exports.json");
    assert_null(documents_meet(&set, S("rss.xml")));
    for (size_t i = 0; i < set.list.count; i++)
        met += set.met[i];
    assert_int_equal(met, 2);
    must(f, documents_current(tx, f->mem, &alice_main, S("osx-64"), &set, &f->err));
    assert_int_equal(set.list.count, 0);
    assert_null(documents_meet(&set, S("index.html")));
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
        TEST(current_documents_are_met_by_name),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
