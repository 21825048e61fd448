/* What is kept of a place and is not what its rows give is told by its name and view, and nothing
 * else is. */
#include "channel_fixture.h"
#include "core_fixture.h"

#include "index/conda_check.h"

#define SAMPLE_SHA256 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const struct channel_file sound[] = {
    {"pub", "1", "0", "noarch", true, CHANNEL_NOW},
    {"pub", "2", "0", "noarch", false, CHANNEL_NOW + 1},
    {"auth", "1", "0", "noarch", true, CHANNEL_NOW + 2},
    {"priv", "1", "0", "noarch", false, CHANNEL_NOW + 3},
    {"pub", "1", "0", "linux-64", true, CHANNEL_NOW},
};

/* A sound channel, with packages of each access in noarch, and a public one alone in linux-64. */
static int setup(void **state)
{
    struct channels *f;

    if (channels_open(state))
        return -1;
    f = *state;
    for (size_t i = 0; i < COUNT(sound); i++)
        (void)channel_add(f, &sound[i]);
    channel_set_access(f, "auth", ACCESS_AUTHENTICATED);
    channel_set_access(f, "priv", ACCESS_PRIVATE);
    channel_update(f, "noarch", NULL, 0);
    channel_update(f, "linux-64", NULL, 0);
    channel_commit(f);
    return 0;
}

static void note(void *ctx, const struct index_place *place, struct str name)
{
    buf_addf(ctx, STR_FMT " " STR_FMT "/" STR_FMT "\n", STR_ARG(access_level_name(place->access)),
             STR_ARG(place->subdir), STR_ARG(name));
}

/* "public noarch/page", one line each. */
static struct str told(struct channels *f, const char *subdir)
{
    AUTO(buf_done) struct buf b = BUF_INIT(64 * KIB);
    const struct conda_engine e = channel_engine(f, subdir);

    must(f, conda_check(&e, note, &b, &f->err));
    assert_true(buf_ok(&b));
    return str_dup(f->mem, buf_str(&b));
}

/* What was changed is as it was. */
static void undo(struct channels *f)
{
    tx_endp(&f->tx);
    f->tx = core_begin(f->core, TX_WRITE);
}

/* Damage, and what is told of the place then. */
struct damage {
    const char *sql, *subdir, *told;
};

static void assert_told(struct channels *f, const struct damage *damages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct str is;

        channel_run(f, damages[i].sql);
        is = told(f, damages[i].subdir);
        if (!str_eq(is, str_of(damages[i].told)))
            print_error("%s\n", damages[i].sql);
        assert_str(is, damages[i].told);
        undo(f);
        assert_str(told(f, damages[i].subdir), "");
    }
}

/* ---- what is sound ---- */

static void a_sound_channel_tells_nothing_and_stays(void **state)
{
    static const char *const subdirs[] = {"", "noarch", "linux-64", "osx-64"};
    struct channels *f = *state;
    struct str before = core_rows(f->core);

    for (size_t i = 0; i < COUNT(subdirs); i++)
        assert_str(told(f, subdirs[i]), "");
    channel_commit(f);
    assert_true(str_eq(core_rows(f->core), before));
}

/* ---- chunks and lists ---- */

/* The lists of one name and view in noarch, or of the channel. */
#define LIST(access, subdir, name)                                                                 \
    "(SELECT id FROM index_list WHERE access = '" access "' AND subdir = '" subdir                 \
    "' AND name = '" name "')"
#define CHUNK(access, subdir, name) "WHERE list_id = " LIST(access, subdir, name)

static void damaged_chunks_are_told_of_their_list(void **state)
{
    static const struct damage damages[] = {
        {"DELETE FROM index_chunk " CHUNK("public", "noarch", "packages"), "noarch",
         "public noarch/packages\n"},
        {"DELETE FROM index_chunk " CHUNK("private", "noarch", "page"), "noarch",
         "private noarch/page\n"},
        {"UPDATE index_chunk SET sha256 = (SELECT MIN(sha256) FROM file) " CHUNK(
             "authenticated", "noarch", "packages.conda"),
         "noarch", "authenticated noarch/packages.conda\n"},
        {"UPDATE index_chunk SET first_key = 'q' " CHUNK("public", "noarch", "shards"), "noarch",
         "public noarch/shards\n"},
        {"UPDATE index_chunk SET size = size + 1 " CHUNK("public", "noarch", "run_exports"),
         "noarch", "public noarch/run_exports\n"},
        {"UPDATE index_chunk SET items = items + 1 " CHUNK("public", "", "channeldata"), "",
         "public /channeldata\n"},
        {"UPDATE index_chunk SET text_size = text_size + 1 " CHUNK("private", "", "page"), "",
         "private /page\n"},
        {"UPDATE index_chunk SET zstd_size = zstd_size - 1 " CHUNK("public", "noarch",
                                                                   "run_exports.conda"),
         "noarch", "public noarch/run_exports.conda\n"},
        {"UPDATE index_chunk SET gzip_size = gzip_size - 1 " CHUNK("public", "noarch", "packages"),
         "noarch", "public noarch/packages\n"},
        {"UPDATE index_chunk SET text_crc = text_crc + 1 " CHUNK("public", "noarch", "packages"),
         "noarch", "public noarch/packages\n"},
        {"UPDATE index_chunk SET newest_ms = newest_ms + 1 " CHUNK("public", "noarch", "packages"),
         "noarch", "public noarch/packages\n"},
        {"INSERT INTO index_chunk (list_id, first_key, sha256, size, items, text_size, zstd_size, "
         "gzip_size, text_crc, newest_ms, since) SELECT list_id, 'z', sha256, size, items, "
         "text_size, zstd_size, gzip_size, text_crc, newest_ms, since FROM index_chunk " CHUNK(
             "public", "noarch", "packages"),
         "noarch", "public noarch/packages\n"},
    };

    assert_told(*state, damages, COUNT(damages));
}

/* Documents are composed of what a list's row says: those that differ by it are told, too. */
static void lists_whose_sums_are_wrong_are_told(void **state)
{
    static const struct damage damages[] = {
        {"UPDATE index_list SET items = items + 1 WHERE id = " LIST("public", "noarch", "packages"),
         "noarch", "public noarch/packages\n"},
        {"UPDATE index_list SET chunks = 2 WHERE id = " LIST("public", "noarch", "packages"),
         "noarch",
         "public noarch/packages\npublic noarch/repodata.json\npublic noarch/repodata.json.zst\n"},
        {"UPDATE index_list SET newest_ms = 1 WHERE id = " LIST("private", "noarch", "packages"),
         "noarch", "private noarch/packages\n"},
        {"UPDATE index_list SET newest_ms = 1 WHERE id = " LIST("public", "noarch", "page"),
         "noarch", "public noarch/page\npublic noarch/index.html\n"},
        {"UPDATE index_list SET text_size = text_size + 1 WHERE id = " LIST("public", "noarch",
                                                                            "packages"),
         "noarch", "public noarch/packages\npublic noarch/repodata.json\n"},
        {"UPDATE index_list SET mark = '" SAMPLE_SHA256
         "' WHERE id = " LIST("private", "noarch", "run_exports"),
         "noarch",
         "private noarch/run_exports\nprivate noarch/run_exports.json\n"
         "private noarch/run_exports.json.zst\n"},
        {"DELETE FROM index_list WHERE id = " LIST("private", "noarch", "shards"), "noarch",
         "private noarch/shards\nprivate noarch/repodata_shards.msgpack.zst\n"},
    };

    assert_told(*state, damages, COUNT(damages));
}

/* ---- documents ---- */

static void damaged_documents_are_told_alone(void **state)
{
    static const struct damage damages[] = {
        {"DELETE FROM index_doc WHERE access = 'public' AND subdir = 'noarch' AND name = "
         "'repodata.json'",
         "noarch", "public noarch/repodata.json\n"},
        {"UPDATE index_doc SET retired_ms = 1 WHERE access = 'authenticated' AND subdir = 'noarch' "
         "AND name = 'run_exports.json.zst'",
         "noarch", "authenticated noarch/run_exports.json.zst\n"},
        {"UPDATE index_doc SET sha256 = '" SAMPLE_SHA256
         "' WHERE access = 'private' AND subdir = '' AND name = 'channeldata.json'",
         "", "private /channeldata.json\n"},
        {"UPDATE index_doc SET size = size + 1 WHERE access = 'public' AND subdir = '' AND name = "
         "'index.html'",
         "", "public /index.html\n"},
        {"UPDATE index_doc SET composed = 0 WHERE access = 'public' AND subdir = 'noarch' AND name "
         "= 'repodata_shards.msgpack.zst'",
         "noarch", "public noarch/repodata_shards.msgpack.zst\n"},
        {"INSERT INTO index_doc (account_id, label, access, subdir, name, package, sha256, size, "
         "modified_ms) SELECT account_id, label, 'private', subdir, 'rss.xml', '', sha256, 1, 1 "
         "FROM index_doc WHERE access = 'public' AND subdir = '' AND name = 'index.html'",
         "", "private /rss.xml\n"},
    };

    assert_told(*state, damages, COUNT(damages));
}

/* ---- shards ---- */

/* The shard of a package in noarch; its name. */
#define SHARD "subdir = 'noarch' AND package = "
static struct str shard_of(struct channels *f, const char *package, const char *subdir)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    static const struct stmt s = {
        "shard", "SELECT name FROM index_doc WHERE package = $1 AND subdir = $2", "tt", "t"};

    must(f, db_one(f->tx, &s, DB_ARGS(db_text(str_of(package)), db_text(str_of(subdir))), &rows,
                   &f->err));
    return str_dup(f->mem, rows_text(rows, 0));
}

static void damaged_shards_are_told_where_they_should_be(void **state)
{
    struct channels *f = *state;
    const char *pub = str_z(f->mem, shard_of(f, "pub", "noarch"));
    const char *priv = str_z(f->mem, shard_of(f, "priv", "noarch"));
    const struct damage damages[] = {
        {"DELETE FROM index_doc WHERE " SHARD "'pub'", "noarch",
         /* And others are no narrower any more: they should have it themselves. */
         str_fmt(f->mem, "public noarch/%s\nauthenticated noarch/%s\nprivate noarch/%s\n", pub, pub,
                 pub)
             .ptr},
        {"UPDATE index_doc SET sha256 = '" SAMPLE_SHA256 "' WHERE " SHARD "'pub'", "noarch",
         str_fmt(f->mem, "public noarch/%s\n", pub).ptr},
        {"UPDATE index_doc SET size = size + 1 WHERE " SHARD "'priv'", "noarch",
         str_fmt(f->mem, "private noarch/%s\n", priv).ptr},
        {"UPDATE index_doc SET retired_ms = 1 WHERE " SHARD "'priv'", "noarch",
         str_fmt(f->mem, "private noarch/%s\n", priv).ptr},
        {"UPDATE index_doc SET access = 'authenticated' WHERE " SHARD "'priv'", "noarch",
         str_fmt(f->mem, "authenticated noarch/%s\n", priv).ptr},
        {"INSERT INTO index_doc (account_id, label, access, subdir, name, package, sha256, size, "
         "modified_ms) SELECT account_id, label, 'private', subdir, name, package, sha256, size, 1 "
         "FROM index_doc WHERE " SHARD "'pub'",
         "noarch", str_fmt(f->mem, "private noarch/%s\n", pub).ptr},
        {"INSERT INTO index_doc (account_id, label, access, subdir, name, package, sha256, size, "
         "modified_ms) SELECT account_id, label, access, subdir, 'shards/" SAMPLE_SHA256
         ".msgpack.zst', package, '" SAMPLE_SHA256 "', 1, 1 FROM index_doc WHERE " SHARD "'auth'",
         "noarch", "authenticated noarch/shards/" SAMPLE_SHA256 ".msgpack.zst\n"},
    };

    assert_told(f, damages, COUNT(damages));
}

/* ---- rows ---- */

/* In each view that shows the file; what documents say fits to the lists still. */
static void files_that_changed_are_told_of_all_their_lists(void **state)
{
    struct channels *f = *state;
    const char *old = str_z(f->mem, shard_of(f, "auth", "noarch"));
    AUTO(buf_done) struct buf expected = BUF_INIT(KIB);
    struct str is;

    channel_run(f, "DELETE FROM file WHERE filename = 'auth-1-0.conda'");
    is = told(f, "noarch");
    for (unsigned v = ACCESS_AUTHENTICATED; v <= ACCESS_PRIVATE; v++) {
        const char *view = v == ACCESS_PRIVATE ? "private" : "authenticated";

        buf_addf(&expected,
                 "%s noarch/packages.conda\n%s noarch/run_exports.conda\n%s noarch/shards\n"
                 "%s noarch/page\n",
                 view, view, view, view);
        if (v == ACCESS_AUTHENTICATED)
            buf_addf(&expected, "authenticated noarch/%s\n", old);
    }
    assert_true(buf_ok(&expected));
    assert_str(is, str_z(f->mem, buf_str(&expected)));
    assert_str(told(f, ""),
               "authenticated /channeldata\nauthenticated /page\nprivate /channeldata\n"
               "private /page\n");
    assert_str(told(f, "linux-64"), "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, channels_close)
    const struct CMUnitTest tests[] = {
        TEST(a_sound_channel_tells_nothing_and_stays),
        TEST(damaged_chunks_are_told_of_their_list),
        TEST(lists_whose_sums_are_wrong_are_told),
        TEST(damaged_documents_are_told_alone),
        TEST(damaged_shards_are_told_where_they_should_be),
        TEST(files_that_changed_are_told_of_all_their_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
