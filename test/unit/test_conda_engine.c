/* Parts of the engine of conda's indexes: which places it knows, the rows of composed documents,
 * and shards. */
#include "channel_fixture.h"

#include "base/text.h"

static const struct channel_file pub = {"pub", "1", "0", "noarch", true, CHANNEL_NOW},
                                 priv = {"priv", "1", "0", "linux-64", true, CHANNEL_NOW + 1};

static void a_place_is_of_the_channel(void **state)
{
    struct channels *f = *state;
    const struct conda_engine e = channel_engine(f, "linux-64");
    struct index_place place = conda_engine_place(&e, ACCESS_AUTHENTICATED);

    assert_int_equal(place.account_id, f->ch.account_id);
    assert_str(place.label, "main");
    assert_int_equal(place.access, ACCESS_AUTHENTICATED);
    assert_str(place.subdir, "linux-64");
}

/* ---- what it knows ---- */

static bool knows(struct channels *f, const char *subdir)
{
    const struct conda_engine e = channel_engine(f, subdir);
    bool known = true;

    must(f, conda_engine_knows(&e, &known, &f->err));
    return known;
}

static void places_are_known_from_their_first_lists_on(void **state)
{
    struct channels *f = *state;

    assert_false(knows(f, "noarch") || knows(f, ""));
    (void)channel_add(f, &pub);
    assert_false(knows(f, "noarch") || knows(f, ""));
    channel_rebuild(f, "noarch");
    assert_true(knows(f, "noarch"));
    assert_false(knows(f, "") || knows(f, "linux-64"));
    channel_rebuild(f, "");
    assert_true(knows(f, ""));
    f->ch.label = S("dev");
    assert_false(knows(f, "noarch") || knows(f, ""));
    f->ch.label = S("main");
    channel_unpublish(f, &pub);
    assert_true(knows(f, "noarch") && knows(f, "")); /* though nothing is left */
}

/* In any view: it may be all hidden. */
static void places_of_hidden_packages_are_known(void **state)
{
    struct channels *f = *state;

    (void)channel_add(f, &priv);
    channel_set_access(f, "priv", ACCESS_PRIVATE);
    channel_update(f, "linux-64", NULL, 0);
    assert_true(knows(f, "linux-64") && knows(f, ""));
}

/* Documents of an older version were made whole: they are no lists. */
static void places_that_only_have_documents_are_not_known(void **state)
{
    struct channels *f = *state;

    channel_publish(f, &pub);
    channel_run(f, "DELETE FROM index_chunk; DELETE FROM index_list");
    assert_false(knows(f, "noarch") || knows(f, ""));
    channel_publish(f, &(struct channel_file){"q", "1", "0", "noarch", true, CHANNEL_NOW});
    assert_true(knows(f, "noarch") && knows(f, ""));
    channel_assert_right(f);
}

/* ---- documents ---- */

static void documents(struct channels *f, const char *subdir, enum access_level level)
{
    const struct conda_engine e = channel_engine(f, subdir);

    must(f, conda_engine_documents(&e, level, &f->err));
}

#define CURRENT                                                                                    \
    "SELECT access || ' ' || subdir || '/' || name FROM index_doc WHERE retired_ms IS NULL AND "   \
    "package = '' ORDER BY 1"

static const char noarch_and_channel[] =
    "public /channeldata.json\npublic /index.html\npublic noarch/index.html\n"
    "public noarch/repodata.json\npublic noarch/repodata.json.zst\n"
    "public noarch/repodata_shards.msgpack.zst\npublic noarch/run_exports.json\n"
    "public noarch/run_exports.json.zst\n";

static void documents_of_lists_get_rows(void **state)
{
    struct channels *f = *state;
    struct str before;

    channel_publish(f, &pub);
    assert_str(channel_text(f, CURRENT), noarch_and_channel);
    assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM index_doc WHERE package = '' AND "
                                       "(composed <> 1 OR size <= 0 OR modified_ms <> "
                                       "1700000000000)"),
                     0);
    before = channel_snapshot(f, ACCESS_PUBLIC);
    channel_run(f, "DELETE FROM index_doc WHERE package = ''");
    documents(f, "noarch", ACCESS_PUBLIC);
    documents(f, "", ACCESS_PUBLIC);
    assert_true(str_eq(channel_snapshot(f, ACCESS_PUBLIC), before));
    f->now_ms += 1000; /* what is so already keeps its time */
    documents(f, "noarch", ACCESS_PUBLIC);
    documents(f, "", ACCESS_PUBLIC);
    assert_true(str_eq(channel_snapshot(f, ACCESS_PUBLIC), before));
}

static void what_a_narrower_view_has_is_not_kept_twice(void **state)
{
    struct channels *f = *state;

    channel_publish(f, &pub);
    for (unsigned v = 0; v < ACCESS_LEVELS; v++) {
        documents(f, "noarch", (enum access_level)v);
        documents(f, "", (enum access_level)v);
    }
    assert_str(channel_text(f, CURRENT), noarch_and_channel);
    /* And what was kept twice goes. */
    channel_run(f,
                "INSERT INTO index_doc (account_id, label, access, subdir, name, package, "
                "sha256, size, modified_ms, composed) SELECT account_id, label, 'private', "
                "subdir, name, package, sha256, size, modified_ms, composed FROM index_doc WHERE "
                "name = 'repodata.json'");
    documents(f, "noarch", ACCESS_PRIVATE);
    assert_str(channel_text(f, CURRENT), noarch_and_channel);
}

/* One that differs in the nearest view that has it is kept. */
static void what_no_narrower_view_has_is_kept(void **state)
{
    struct channels *f = *state;

    channel_publish(f, &pub);
    channel_run(f, "UPDATE index_doc SET sha256 = (SELECT MIN(sha256) FROM file) WHERE name = "
                   "'run_exports.json' OR name = 'channeldata.json'");
    channel_run(f, "UPDATE index_doc SET composed = 0 WHERE subdir = 'noarch' AND name = "
                   "'index.html'"); /* of an older version */
    documents(f, "noarch", ACCESS_AUTHENTICATED);
    documents(f, "", ACCESS_PRIVATE);
    assert_str(channel_text(f,
                            "SELECT access || ' ' || name FROM index_doc WHERE access <> 'public' "
                            "ORDER BY 1"),
               "authenticated index.html\nauthenticated run_exports.json\n"
               "private channeldata.json\n");
    documents(f, "noarch", ACCESS_PRIVATE); /* it is like that of who is signed in */
    assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM index_doc WHERE access = 'private'"),
                     1);
}

static void the_feed_of_an_older_version_goes(void **state)
{
    struct channels *f = *state;

    channel_publish(f, &pub);
    channel_run(f, "INSERT INTO index_doc (account_id, label, access, subdir, name, package, "
                   "sha256, size, modified_ms) SELECT account_id, label, access, s, 'rss.xml', '', "
                   "sha256, 1, 1 FROM index_doc, (SELECT '' AS s UNION SELECT 'noarch') t WHERE "
                   "name = 'channeldata.json'");
    documents(f, "noarch", ACCESS_PUBLIC);
    documents(f, "", ACCESS_PRIVATE);
    assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM index_doc WHERE name = 'rss.xml' AND "
                                       "retired_ms IS NULL"),
                     2);
    documents(f, "", ACCESS_PUBLIC);
    assert_str(channel_text(f,
                            "SELECT subdir FROM index_doc WHERE name = 'rss.xml' AND retired_ms IS "
                            "NULL"),
               "noarch\n");
}

/* ---- shards ---- */

static void a_shard_is_put_with_its_bytes(void **state)
{
    struct channels *f = *state;
    AUTO(blob_batch_closep) struct blob_batch *batch = NULL;
    struct conda_engine e = channel_engine(f, "noarch");
    struct index_place place = conda_engine_place(&e, ACCESS_AUTHENTICATED);
    struct conda_shard shard = {.package = S("x"), .bytes = S("the bytes"), .newest_ms = 5};
    char sha256[SHA256_HEX + 1], name[DOCUMENT_SHARD_NAME];
    struct index_doc_row row;

    digest_sha256(shard.bytes, shard.sha256);
    text_hex(shard.sha256, SHA256_LEN, sha256);
    must(f, blob_batch_open(e.store.blobs, &batch, &f->err));
    e.store.batch = batch;
    for (int i = 0; i < 2; i++) { /* twice is once */
        e.store.now_ms = CHANNEL_NOW + 7 + i;
        must(f, conda_engine_put_shard(&e, &place, &shard, &f->err));
    }
    assert_str(blob_batch_find(batch, str_of(sha256)), "the bytes");
    must(f, blob_batch_flush(batch, &f->err));
    assert_str(core_read_blob(f->core, str_of(sha256)), "the bytes");
    must(f,
         index_doc_find(f->tx, f->mem, &place, document_shard_name(sha256, name), &row, &f->err));
    assert_str(row.package, "x");
    assert_str(row.sha256, sha256);
    assert_int_equal(row.size, 9);
    assert_int_equal(row.modified_ms, CHANNEL_NOW + 7);
    assert_false(row.composed);
    assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM index_doc"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CHANNEL(a_place_is_of_the_channel),
        WITH_CHANNEL(places_are_known_from_their_first_lists_on),
        WITH_CHANNEL(places_of_hidden_packages_are_known),
        WITH_CHANNEL(places_that_only_have_documents_are_not_known),
        WITH_CHANNEL(documents_of_lists_get_rows),
        WITH_CHANNEL(what_a_narrower_view_has_is_not_kept_twice),
        WITH_CHANNEL(what_no_narrower_view_has_is_kept),
        WITH_CHANNEL(the_feed_of_an_older_version_goes),
        WITH_CHANNEL(a_shard_is_put_with_its_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
