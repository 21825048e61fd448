/* The engine on a real database and real blobs: what changes, what stays, what is swept. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "cli_run.h"
#include "format/json.h"
#include "format/zstd.h"
#include "index/index.h"
#include "read_document.h"
#include "store/account.h"
#include "store/db_engine.h"
#include "store/file.h"
#include "store/label.h"
#include "store/package.h"

#define T0   INT64_C(1700000000000)
#define HOUR (INT64_C(3600) * 1000)
#define DAY  (24 * HOUR)

struct fixture {
    struct arena *mem;
    char *folder;
    struct db *db;
    struct blob_store *blobs;
    struct tx *tx; /* the one under way */
    struct channel ch;
    int64_t label_id;
    struct index_change changed[2]; /* since the last update */
    size_t changed_count;
    struct err err;
};

/* Fails the test with the message of the error. */
static void good(struct fixture *f, enum err_code code)
{
    if (code)
        print_error("%s\n", f->err.msg);
    assert_int_equal(code, OK);
}

static void begin(struct fixture *f)
{
    good(f, tx_begin(f->db, TX_WRITE, &f->tx, &f->err));
}

static void commit(struct fixture *f)
{
    good(f, tx_commit(&f->tx, &f->err));
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct account_row account = {.login = S("alice"),
                                  .kind = S("user"),
                                  .email = S("a@b.example"),
                                  .password_hash = S(""),
                                  .created_ms = T0};
    struct blob_place place = {0};

    assert_non_null(f);
    f->mem = arena_open(64 * MIB);
    f->folder = temp_folder();
    good(f, db_open(str_fmt(f->mem, "sqlite://%s/t.db", f->folder), true, NULL, &f->db, &f->err));
    place.dir = str_fmt(f->mem, "%s/blobs", f->folder).ptr;
    good(f, blob_open(&place, BLOB_SERVE, &f->blobs, &f->err));
    f->ch = (struct channel){.owner = S("alice"), .label = S("main")};
    begin(f);
    good(f, account_insert(f->tx, &account, S("1"), &f->ch.account_id, &f->err));
    good(f, label_ensure(f->tx, f->ch.account_id, f->ch.label, &f->label_id, &f->err));
    commit(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    tx_endp(&f->tx);
    blob_close(f->blobs);
    db_close(f->db);
    arena_close(f->mem);
    temp_folder_remove(f->folder);
    free(f);
    return 0;
}

/* The ids of a package and release, made at first use. */
static void ensure_release(struct fixture *f, const char *name, const char *version,
                           int64_t *ret_package, int64_t *ret_release)
{
    struct package_row package;
    struct release_row release;

    if (package_find(f->tx, f->mem, f->ch.owner, str_of(name), &package, &f->err))
        good(f, package_insert(f->tx, f->ch.account_id, str_of(name), ACCESS_PUBLIC, S(""), S("{}"),
                               T0, &package.id, &f->err));
    if (release_find(f->tx, f->mem, package.id, str_of(version), &release, &f->err))
        good(f,
             release_insert(f->tx, package.id, str_of(version), S("{}"), T0, &release.id, &f->err));
    *ret_package = package.id;
    *ret_release = release.id;
}

/* A file "name-version-0.conda" without bytes: the engine reads rows only. */
static int64_t add_file(struct fixture *f, const char *subdir, const char *name,
                        const char *version, int64_t uploaded_ms)
{
    struct str filename = str_fmt(f->mem, "%s-%s-0.conda", name, version);
    char sha256[SHA256_HEX + 1];
    struct file_row row = {
        .account_id = f->ch.account_id,
        .type = S("conda"),
        .name_key = str_fmt(f->mem, "%s/%s", subdir, filename.ptr),
        .basename = str_fmt(f->mem, "%s/%s", subdir, filename.ptr),
        .subdir = str_of(subdir),
        .filename = filename,
        .sha256 = {sha256, SHA256_HEX},
        .md5 = S("0123456789abcdef0123456789abcdef"),
        .size = 7,
        .record = str_fmt(f->mem, "{\"name\":\"%s\",\"version\":\"%s\"}", name, version),
        .run_exports = S("{}"),
        .about = S("{\"summary\":\"a thing\"}"),
        .facts = S("{}"),
        .description = S(""),
        .uploaded_ms = uploaded_ms,
        .uploader_id = f->ch.account_id,
    };
    int64_t id;

    digest_sha256_hex(row.basename, sha256);
    ensure_release(f, name, version, &row.package_id, &row.release_id);
    good(f, file_insert(f->tx, &row, &id, &f->err));
    good(f, label_attach(f->tx, id, f->label_id, ACCESS_PUBLIC, &f->err));
    return id;
}

static void note_change(struct fixture *f, const char *name, const char *version)
{
    assert_true(f->changed_count < COUNT(f->changed));
    f->changed[f->changed_count++] =
        (struct index_change){str_of(name), str_fmt(f->mem, "%s-%s-0.conda", name, version)};
}

/* Of what was noted. */
static void update(struct fixture *f, const char *subdir, int64_t now_ms)
{
    good(f, index_update(f->tx, f->blobs, &f->ch, str_of(subdir), f->changed, f->changed_count,
                         now_ms, &f->err));
    f->changed_count = 0;
}

static int64_t publish(struct fixture *f, const char *subdir, const char *name, const char *version,
                       int64_t now_ms)
{
    int64_t id;

    begin(f);
    id = add_file(f, subdir, name, version, now_ms);
    note_change(f, name, version);
    update(f, subdir, now_ms);
    commit(f);
    return id;
}

static void unpublish(struct fixture *f, const char *subdir, int64_t id, int64_t now_ms)
{
    struct file_row file;

    begin(f);
    good(f, file_find_by_id(f->tx, f->mem, id, &file, &f->err));
    good(f, file_delete(f->tx, id, &f->err));
    note_change(f, str_z(f->mem, file.package), str_z(f->mem, file.version));
    update(f, subdir, now_ms);
    commit(f);
}

/* Where everybody looks. */
static struct index_place place_of(const struct fixture *f, const char *subdir)
{
    return (struct index_place){f->ch.account_id, f->ch.label, ACCESS_PUBLIC, str_of(subdir)};
}

static struct index_doc_list docs(struct fixture *f, const char *subdir)
{
    const struct index_place place = place_of(f, subdir);
    struct index_doc_list list = {0};

    begin(f);
    good(f, index_doc_list(f->tx, f->mem, &place, &list, &f->err));
    tx_endp(&f->tx);
    return list;
}

/* The row of a current document, which must be there. */
static struct index_doc_row find(const struct index_doc_list *list, const char *name)
{
    struct index_doc_row row = {0};

    for (size_t i = 0; i < list->count; i++)
        if (str_eq(list->rows[i].name, str_of(name)))
            row = list->rows[i];
    assert_non_null(row.name.ptr);
    return row;
}

/* The bytes behind a digest; ptr NULL when the blob is absent. */
static struct str bytes_of(struct fixture *f, struct str sha256)
{
    struct str data = {0};
    enum err_code code = blob_read(f->blobs, f->mem, sha256, MIB, &data, &f->err);

    if (code != ERR_NOT_FOUND)
        good(f, code);
    return data;
}

/* What the server does after a while: one sweep, with the bytes. */
static bool sweep_history(struct fixture *f, int64_t now_ms, int64_t history_ms)
{
    struct digest_list digests = {0};
    bool more = false;

    begin(f);
    good(f, index_sweep(f->tx, f->mem, now_ms, history_ms, &digests, &more, &f->err));
    commit(f);
    for (size_t i = 0; i < digests.count; i++)
        good(f, blob_remove(f->blobs, digests.items[i], &f->err));
    return more;
}

/* The same where no history is kept. */
static bool sweep(struct fixture *f, int64_t now_ms)
{
    return sweep_history(f, now_ms, 0);
}

/* A document whose row must be there, with what the row says of it. */
static struct str document(struct fixture *f, const char *subdir, const char *name)
{
    struct index_doc_list list = docs(f, subdir);
    struct index_doc_row row = find(&list, name);
    struct str data = {0};
    char sha256[SHA256_HEX + 1];

    begin(f);
    good(f, read_document(&(struct document_place){f->tx, f->blobs, &f->ch, str_of(subdir)}, f->mem,
                          &row, ACCESS_PUBLIC, &data, &f->err));
    tx_endp(&f->tx);
    assert_non_null(data.ptr);
    assert_int_equal(row.size, data.len);
    digest_sha256_hex(data, sha256);
    if (!row.composed)
        assert_str(row.sha256, sha256);
    return data;
}

/* What is in it, if it is compressed. */
static struct str content(struct fixture *f, const char *name, struct str bytes)
{
    struct buf plain = BUF_INIT(MIB);
    struct str copy;

    if (!str_ends(str_of(name), S(".zst")))
        return bytes;
    good(f, zstd_unpack(bytes, &plain, &f->err));
    copy = str_dup(f->mem, buf_str(&plain));
    buf_done(&plain);
    return copy;
}

static struct str feed(struct fixture *f)
{
    struct buf out = BUF_INIT(MIB);
    enum access_level access = ACCESS_PRIVATE;
    struct str copy;

    begin(f);
    good(f, index_feed(f->tx, f->blobs, &f->ch, ACCESS_PUBLIC, &out, &access, &f->err));
    tx_endp(&f->tx);
    assert_int_equal(access, ACCESS_PUBLIC);
    copy = str_dup(f->mem, buf_str(&out));
    buf_done(&out);
    return copy;
}

/* The digests of all chunks, which are there. */
static struct digest_list chunks(struct fixture *f)
{
    static const struct stmt stmt = {"chunks", "SELECT sha256 FROM index_chunk ORDER BY id", "",
                                     "t"};
    struct digest_list list = {0};
    struct rows *rows = NULL;

    begin(f);
    good(f, db_query(f->tx, &stmt, DB_NO_ARGS, &rows, &f->err));
    while (rows_next(rows))
        good(f, digest_list_add(f->mem, &list, rows_text(rows, 0), &f->err));
    good(f, rows_error(rows, &f->err));
    rows_endp(&rows);
    tx_endp(&f->tx);
    for (size_t i = 0; i < list.count; i++)
        assert_non_null(bytes_of(f, list.items[i]).ptr);
    return list;
}

/* How many replaced bytes wait to be swept: chunks of the past, and documents. */
static int64_t garbage(struct fixture *f)
{
    static const struct stmt stmt = {"garbage",
                                     "SELECT (SELECT COUNT(*) FROM index_garbage) + "
                                     "(SELECT COUNT(*) FROM index_past_chunk)",
                                     "", "i"};
    struct rows *rows = NULL;
    int64_t count;

    begin(f);
    good(f, db_one(f->tx, &stmt, DB_NO_ARGS, &rows, &f->err));
    count = rows_int(rows, 0);
    rows_endp(&rows);
    tx_endp(&f->tx);
    return count;
}

/* The one current shard of a subdir. */
static struct index_doc_row only_shard(struct fixture *f, const char *subdir)
{
    struct index_doc_list list = docs(f, subdir);
    struct index_doc_row shard = {0};

    for (size_t i = 0; i < list.count; i++)
        if (str_starts(list.rows[i].name, S("shards/"))) {
            assert_null(shard.name.ptr);
            shard = list.rows[i];
        }
    assert_non_null(shard.name.ptr);
    return shard;
}

static bool has(struct str text, const char *part)
{
    return text.ptr && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static void a_file_appears_in_every_document(void **state)
{
    struct fixture *f = *state;
    struct index_doc_list list;
    struct buf plain = BUF_INIT(MIB);

    publish(f, "linux-64", "x", "1.0", T0);
    list = docs(f, "linux-64");
    assert_int_equal(list.count, 7);
    assert_true(has(document(f, "linux-64", "repodata.json"),
                    "\"packages.conda\":{\"x-1.0-0.conda\":{\"indexed_timestamp\":1700000000000,"
                    "\"md5\":\"0123456789abcdef0123456789abcdef\",\"name\":\"x\",\"sha256\":\""));
    good(f, zstd_unpack(document(f, "linux-64", "repodata.json.zst"), &plain, &f->err));
    assert_true(str_eq(buf_str(&plain), document(f, "linux-64", "repodata.json")));
    assert_true(has(document(f, "linux-64", "run_exports.json"),
                    "\"packages.conda\":{\"x-1.0-0.conda\":{\"run_exports\":{}}}"));
    buf_clear(&plain);
    good(f, zstd_unpack(document(f, "linux-64", "run_exports.json.zst"), &plain, &f->err));
    assert_true(str_eq(buf_str(&plain), document(f, "linux-64", "run_exports.json")));
    assert_true(has(document(f, "linux-64", "index.html"), "x-1.0-0.conda"));
    assert_true(has(document(f, "linux-64", "index.html"), "<h1>alice/linux-64</h1>"));
    assert_int_equal(docs(f, "").count, 2);
    assert_true(has(document(f, "", "channeldata.json"), "\"summary\":\"a thing\""));
    assert_true(
        has(document(f, "", "channeldata.json"), "\"subdirs\":[\"linux-64\",\"noarch\"]}\n"));
    assert_true(has(document(f, "", "index.html"), "<td>x</td>"));
    assert_true(has(feed(f), "<title>x 1.0 [linux-64]</title>"));
    buf_done(&plain);
}

static void the_shard_index_names_the_shard(void **state)
{
    struct fixture *f = *state;
    struct buf plain = BUF_INIT(MIB);
    struct index_doc_row shard;
    uint8_t digest[SHA256_LEN];

    publish(f, "linux-64", "x", "1.0", T0);
    shard = only_shard(f, "linux-64");
    assert_str(shard.name,
               str_fmt(f->mem, "shards/%s.msgpack.zst", str_z(f->mem, shard.sha256)).ptr);
    digest_sha256(bytes_of(f, shard.sha256), digest);
    good(f, zstd_unpack(document(f, "linux-64", "repodata_shards.msgpack.zst"), &plain, &f->err));
    assert_non_null(memmem(plain.ptr, plain.len, digest, sizeof digest));
    buf_done(&plain);
}

static void an_update_without_a_change_writes_nothing(void **state)
{
    struct fixture *f = *state;
    struct index_doc_list before, after;
    struct digest_list before_chunks, after_chunks;

    publish(f, "linux-64", "x", "1.0", T0);
    before = docs(f, "linux-64");
    before_chunks = chunks(f);
    begin(f);
    note_change(f, "x", "1.0");
    update(f, "linux-64", T0 + HOUR);
    commit(f);
    after = docs(f, "linux-64");
    assert_int_equal(before.count, after.count);
    for (size_t i = 0; i < before.count; i++) {
        assert_true(str_eq(before.rows[i].name, after.rows[i].name));
        assert_true(str_eq(before.rows[i].sha256, after.rows[i].sha256));
        assert_int_equal(after.rows[i].modified_ms, T0);
    }
    after_chunks = chunks(f);
    assert_int_equal(before_chunks.count, after_chunks.count);
    for (size_t i = 0; i < before_chunks.count; i++) /* in the order in which they were written */
        assert_true(str_eq(before_chunks.items[i], after_chunks.items[i]));
    assert_int_equal(garbage(f), 0);
}

/* It cannot be changed then, and nothing is made up: that is for a rebuild. */
static void an_update_that_lacks_a_chunk_fails(void **state)
{
    struct fixture *f = *state;
    const struct index_change change = {S("x"), S("x-2.0-0.conda")};
    struct digest_list lost;

    publish(f, "linux-64", "x", "1.0", T0);
    lost = chunks(f);
    /* Of four lists of the subdir, the shard index among them, and of two of the channel. */
    assert_int_equal(lost.count, 6);
    for (size_t i = 0; i < lost.count; i++)
        good(f, blob_remove(f->blobs, lost.items[i], &f->err));
    begin(f);
    (void)add_file(f, "linux-64", "x", "2.0", T0);
    assert_int_equal(index_update(f->tx, f->blobs, &f->ch, S("linux-64"), &change, 1, T0, &f->err),
                     ERR_IO);
    tx_endp(&f->tx);
    begin(f);
    (void)add_file(f, "linux-64", "x", "2.0", T0);
    good(f, index_update(f->tx, f->blobs, &f->ch, S("linux-64"), NULL, 0, T0, &f->err));
    commit(f);
    assert_int_equal(chunks(f).count, 6);
    assert_true(has(document(f, "linux-64", "repodata.json"), "\"x-2.0-0.conda\""));
    assert_true(has(document(f, "linux-64", "repodata.json"), "\"x-1.0-0.conda\""));
}

static void a_new_package_leaves_the_shards_of_others_alone(void **state)
{
    struct fixture *f = *state;
    struct index_doc_list list;
    struct index_doc_row shard;

    publish(f, "linux-64", "x", "1.0", T0);
    shard = only_shard(f, "linux-64");
    publish(f, "linux-64", "y", "1.0", T0 + HOUR);
    list = docs(f, "linux-64");
    assert_int_equal(list.count, 8);
    assert_int_equal(find(&list, str_z(f->mem, shard.name)).modified_ms, T0);
    assert_int_equal(find(&list, "repodata.json").modified_ms, T0 + HOUR);
}

static void a_new_version_retires_the_old_shard_for_a_week(void **state)
{
    struct fixture *f = *state;
    const struct index_place place = place_of(f, "linux-64");
    struct index_doc_row old, row;

    publish(f, "linux-64", "x", "1.0", T0);
    old = only_shard(f, "linux-64");
    publish(f, "linux-64", "x", "2.0", T0 + HOUR);
    assert_false(str_eq(only_shard(f, "linux-64").name, old.name));
    assert_false(sweep(f, T0 + HOUR + 7 * DAY));
    begin(f);
    good(f, index_doc_find(f->tx, f->mem, &place, old.name, &row, &f->err));
    tx_endp(&f->tx);
    assert_non_null(bytes_of(f, old.sha256).ptr);
    assert_false(sweep(f, T0 + HOUR + 7 * DAY + 1));
    begin(f);
    assert_int_equal(index_doc_find(f->tx, f->mem, &place, old.name, &row, &f->err), ERR_NOT_FOUND);
    tx_endp(&f->tx);
    assert_null(bytes_of(f, old.sha256).ptr);
}

/* Somebody may be sending it, in a document that was the current one. */
static void a_replaced_chunk_is_kept_for_an_hour(void **state)
{
    struct fixture *f = *state;
    struct digest_list old;

    publish(f, "linux-64", "x", "1.0", T0);
    old = chunks(f);
    publish(f, "linux-64", "y", "1.0", T0 + HOUR);
    assert_int_equal(garbage(f), old.count); /* each is another now */
    assert_false(sweep(f, T0 + 2 * HOUR));
    for (size_t i = 0; i < old.count; i++)
        assert_non_null(bytes_of(f, old.items[i]).ptr);
    assert_false(sweep(f, T0 + 2 * HOUR + 1));
    for (size_t i = 0; i < old.count; i++)
        assert_null(bytes_of(f, old.items[i]).ptr);
    (void)chunks(f);
}

/* Longer, where the states that a channel had are kept for longer; and so are shards. */
static void what_is_replaced_is_kept_as_long_as_history(void **state)
{
    struct fixture *f = *state;
    struct index_doc_row shard;
    struct digest_list old;

    publish(f, "linux-64", "x", "1.0", T0);
    old = chunks(f);
    shard = only_shard(f, "linux-64");
    publish(f, "linux-64", "x", "2.0", T0 + HOUR);
    assert_false(sweep_history(f, T0 + HOUR + 30 * DAY, 30 * DAY));
    for (size_t i = 0; i < old.count; i++)
        assert_non_null(bytes_of(f, old.items[i]).ptr);
    assert_non_null(bytes_of(f, shard.sha256).ptr);
    assert_false(sweep_history(f, T0 + HOUR + 30 * DAY + 1, 30 * DAY));
    for (size_t i = 0; i < old.count; i++)
        assert_null(bytes_of(f, old.items[i]).ptr);
    assert_null(bytes_of(f, shard.sha256).ptr);
}

/* Also when all of a channel goes. */
static void the_chunks_of_a_dropped_channel_are_kept_for_an_hour(void **state)
{
    struct fixture *f = *state;
    struct digest_list old;

    publish(f, "linux-64", "x", "1.0", T0);
    old = chunks(f);
    begin(f);
    good(f, index_drop(f->tx, &f->ch, T0, &f->err));
    commit(f);
    assert_int_equal(chunks(f).count, 0);
    assert_false(sweep(f, T0 + HOUR));
    for (size_t i = 0; i < old.count; i++)
        assert_non_null(bytes_of(f, old.items[i]).ptr);
    assert_false(sweep(f, T0 + HOUR + 1));
    for (size_t i = 0; i < old.count; i++)
        assert_null(bytes_of(f, old.items[i]).ptr);
}

/* What a composed document is of is not garbage when the document is replaced. */
static void a_replaced_document_leaves_no_bytes(void **state)
{
    struct fixture *f = *state;
    struct digest_list lists;
    struct index_doc_list old;

    publish(f, "linux-64", "x", "1.0", T0);
    old = docs(f, "linux-64");
    for (size_t i = 0; i < old.count; i++)
        assert_int_equal(old.rows[i].composed, !str_starts(old.rows[i].name, S("shards/")));
    publish(f, "linux-64", "y", "1.0", T0 + HOUR);
    lists = chunks(f);
    assert_false(sweep(f, T0 + 30 * DAY));
    assert_int_equal(garbage(f), 0);
    assert_int_equal(chunks(f).count, lists.count);
}

static void an_update_sweeps_nothing(void **state)
{
    struct fixture *f = *state;
    struct index_doc_row shard;
    struct digest_list old;

    publish(f, "linux-64", "x", "1.0", T0);
    shard = only_shard(f, "linux-64");
    old = chunks(f);
    publish(f, "linux-64", "x", "2.0", T0 + HOUR);
    publish(f, "linux-64", "z", "1.0", T0 + 30 * DAY);
    for (size_t i = 0; i < old.count; i++)
        assert_non_null(bytes_of(f, old.items[i]).ptr);
    assert_non_null(bytes_of(f, shard.sha256).ptr);
}

/* A sweep is a short transaction: it takes some rows, and says that there are more. */
static void a_long_sweep_comes_in_pieces(void **state)
{
    struct fixture *f = *state;
    int pieces = 1;

    /* Each leaves four chunks of the subdir, two of the channel, and a shard behind. */
    for (int i = 0; i < 100; i++)
        publish(f, "linux-64", "x", str_fmt(f->mem, "%d.0", i).ptr, T0 + i);
    assert_int_equal(garbage(f), 99 * 6);
    while (sweep(f, T0 + 30 * DAY))
        pieces++;
    assert_int_equal(pieces, 3); /* 594 chunks, 256 at a time; and beside them 99 shards */
    assert_int_equal(garbage(f), 0);
    assert_int_equal(chunks(f).count, 6);
    assert_non_null(bytes_of(f, only_shard(f, "linux-64").sha256).ptr);
}

static void bytes_that_come_back_are_not_swept(void **state)
{
    struct fixture *f = *state;
    struct str first;
    int64_t id;

    publish(f, "linux-64", "x", "1.0", T0);
    first = document(f, "linux-64", "repodata.json");
    id = publish(f, "linux-64", "y", "1.0", T0 + HOUR);
    unpublish(f, "linux-64", id, T0 + 2 * HOUR);
    assert_true(str_eq(document(f, "linux-64", "repodata.json"), first));
    assert_false(sweep(f, T0 + 9 * DAY));
    assert_true(str_eq(document(f, "linux-64", "repodata.json"), first));
    (void)only_shard(f, "linux-64");
}

static void documents_that_became_empty_equal_those_that_always_were(void **state)
{
    static const char *const names[] = {
        "repodata.json",        "repodata.json.zst",           "run_exports.json",
        "run_exports.json.zst", "repodata_shards.msgpack.zst", "index.html"};
    static const char *const channel_names[] = {"channeldata.json", "index.html"};
    struct fixture *f = *state;
    int64_t id = publish(f, "linux-64", "x", "1.0", T0);
    struct buf b = BUF_INIT(MIB);

    unpublish(f, "linux-64", id, T0 + HOUR);
    assert_int_equal(docs(f, "linux-64").count, COUNT(names));
    assert_int_equal(docs(f, "").count, COUNT(channel_names));
    for (size_t i = 0; i < COUNT(names) + COUNT(channel_names); i++) {
        bool sub = i < COUNT(names);
        const char *name = sub ? names[i] : channel_names[i - COUNT(names)];
        const char *subdir = sub ? "linux-64" : "";

        buf_clear(&b);
        good(f, index_empty(&f->ch, str_of(subdir), str_of(name), &b, &f->err));
        assert_true(
            str_eq(content(f, name, buf_str(&b)), content(f, name, document(f, subdir, name))));
    }
    buf_clear(&b);
    good(f, index_empty(&f->ch, S(""), S("rss.xml"), &b, &f->err));
    assert_true(str_eq(buf_str(&b), feed(f)));
    buf_done(&b);
}

static void only_known_documents_of_known_subdirs_are_empty(void **state)
{
    static const char *const cases[][2] = {
        {"linux-64", "channeldata.json"},
        {"linux-64", "notices.json"},
        {"linux-64", "repodata.json.bz2"},
        {"linux-64", "repodata.jsonx.zst"},
        {"linux-64", "index.html.zst"},
        {"linux-64", "current_repodata.json"},
        {"linux-64", ""},
        {"", "repodata.json"},
        {"", "channeldata.json.zst"},
        {"linux-65", "repodata.json"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf b = BUF_INIT(MIB);

        assert_int_equal(index_empty(&f->ch, str_of(cases[i][0]), str_of(cases[i][1]), &b, &f->err),
                         ERR_NOT_FOUND);
        assert_int_equal(b.len, 0);
        buf_done(&b);
    }
}

static void channels_of_one_account_do_not_mix(void **state)
{
    struct fixture *f = *state;
    struct str main_text;

    publish(f, "linux-64", "x", "1.0", T0);
    main_text = document(f, "linux-64", "repodata.json");
    f->ch.label = S("dev");
    begin(f);
    good(f, label_ensure(f->tx, f->ch.account_id, f->ch.label, &f->label_id, &f->err));
    update(f, "linux-64", T0);
    commit(f);
    assert_int_equal(docs(f, "linux-64").count, 0); /* it never had a file */
    publish(f, "linux-64", "y", "1.0", T0);
    assert_false(has(document(f, "linux-64", "repodata.json"), "x-1.0-0.conda"));
    assert_true(has(document(f, "linux-64", "repodata.json"), "y-1.0-0.conda"));
    assert_true(has(document(f, "linux-64", "index.html"), "<h1>alice/label/dev/linux-64</h1>"));
    f->ch.label = S("main");
    assert_true(str_eq(document(f, "linux-64", "repodata.json"), main_text));
}

static void a_rolled_back_update_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct str before;

    publish(f, "linux-64", "x", "1.0", T0);
    before = document(f, "linux-64", "repodata.json");
    begin(f);
    (void)add_file(f, "linux-64", "y", "1.0", T0 + HOUR);
    note_change(f, "y", "1.0");
    update(f, "linux-64", T0 + HOUR);
    tx_endp(&f->tx);
    assert_true(str_eq(document(f, "linux-64", "repodata.json"), before));
}

/* Each allocation of an update fails in turn. */
static void fail_each_allocation(struct fixture *f, const struct index_change *changes,
                                 size_t count)
{
    struct str before;
    enum err_code code = ERR_NOMEM;

    publish(f, "linux-64", "x", "1.0", T0);
    before = document(f, "linux-64", "repodata.json");
    begin(f);
    (void)add_file(f, "linux-64", "y", "1.0", T0 + HOUR);
    commit(f);
    for (long n = 1; code; n++) {
        begin(f);
        mem_fail_at(n);
        code = index_update(f->tx, f->blobs, &f->ch, S("linux-64"), changes, count, T0 + HOUR,
                            &f->err);
        mem_fail_at(0);
        tx_endp(&f->tx);
        if (code)
            assert_int_equal(code, ERR_NOMEM);
        assert_true(n < 20000);
    }
    assert_true(str_eq(document(f, "linux-64", "repodata.json"), before));
}

static void lack_of_memory_changes_nothing(void **state)
{
    static const struct index_change y = {{"y", 1}, {"y-1.0-0.conda", 13}};

    fail_each_allocation(*state, &y, 1);
}

static void lack_of_memory_for_all_files_changes_nothing(void **state)
{
    fail_each_allocation(*state, NULL, 0);
}

/* Name and digest of every current document of some subdirs, as one text. */
static struct str snapshot(struct fixture *f)
{
    static const char *const subdirs[] = {"", "linux-64", "noarch", "osx-64"};
    struct str all = S("");

    for (size_t i = 0; i < COUNT(subdirs); i++) {
        struct index_doc_list list = docs(f, subdirs[i]);

        for (size_t n = 0; n < list.count; n++)
            all = str_fmt(f->mem, "%.*s%s " STR_FMT " " STR_FMT "\n", (int)all.len, all.ptr,
                          subdirs[i], STR_ARG(list.rows[n].name), STR_ARG(list.rows[n].sha256));
    }
    return all;
}

static void count_difference(void *ctx, const struct index_place *place, struct str name)
{
    size_t *count = ctx;

    (void)place;
    (void)name;
    ++*count;
}

static void updates_add_up_to_a_rebuild(void **state)
{
    struct fixture *f = *state;
    struct str before;
    int64_t id;

    publish(f, "linux-64", "x", "1.0", T0);
    publish(f, "noarch", "x", "1.0", T0 + 1);
    id = publish(f, "osx-64", "y", "1.0", T0 + 2);
    publish(f, "linux-64", "x", "2.0", T0 + 3);
    publish(f, "linux-64", "z", "1.0", T0 + 4);
    unpublish(f, "osx-64", id, T0 + 5);
    before = snapshot(f);
    begin(f);
    good(f, index_rebuild(f->tx, f->blobs, &f->ch, T0 + HOUR, &f->err));
    commit(f);
    assert_string_equal(snapshot(f).ptr, before.ptr);
}

static void a_rebuild_brings_lost_bytes_and_rows_back(void **state)
{
    struct fixture *f = *state;
    const struct index_place place = place_of(f, "linux-64");
    struct index_doc_list list;
    struct digest_list lost;
    struct str before;

    publish(f, "linux-64", "x", "1.0", T0);
    before = snapshot(f);
    list = docs(f, "linux-64");
    lost = chunks(f);
    begin(f);
    for (size_t i = 0; i < list.count; i++) {
        good(f, blob_remove(f->blobs, list.rows[i].sha256, &f->err));
        if (i % 2)
            good(f, index_doc_retire(f->tx, &place, list.rows[i].name, T0, &f->err));
    }
    for (size_t i = 0; i < lost.count; i++)
        good(f, blob_remove(f->blobs, lost.items[i], &f->err));
    good(f, index_rebuild(f->tx, f->blobs, &f->ch, T0 + 1, &f->err));
    commit(f);
    assert_string_equal(snapshot(f).ptr, before.ptr);
    assert_int_equal(chunks(f).count, lost.count);
    assert_non_null(bytes_of(f, only_shard(f, "linux-64").sha256).ptr);
    for (size_t i = 0; i < list.count; i++)
        (void)document(f, "linux-64", str_z(f->mem, list.rows[i].name));
}

/* Also what the rows say of lists, and lists and chunks without rows. */
static void a_rebuild_brings_lost_lists_back(void **state)
{
    static const char *const damages[] = {
        "UPDATE index_list SET items = items + 1 WHERE name = 'page'",
        "UPDATE index_list SET newest_ms = 7 WHERE name = 'shards'",
        "UPDATE index_list SET zstd_size = zstd_size + 1 WHERE name = 'packages.conda'",
        "UPDATE index_list SET mark = substr(mark, 2) || 'f' WHERE name = 'channeldata'",
        "UPDATE index_chunk SET newest_ms = newest_ms + 1",
        "UPDATE index_chunk SET text_crc = text_crc / 2",
        "UPDATE index_chunk SET first_key = first_key || 'a'",
        "DELETE FROM index_chunk",
        "DELETE FROM index_list WHERE name = 'run_exports.conda'",
        "DELETE FROM index_list",
    };
    struct fixture *f = *state;
    struct str before;

    publish(f, "linux-64", "x", "1.0", T0);
    publish(f, "linux-64", "y", "1.0", T0 + 1);
    before = snapshot(f);
    for (size_t i = 0; i < COUNT(damages); i++) {
        size_t differ = 0;

        begin(f);
        good(f, tx_script(f->tx, damages[i], &f->err));
        good(f, index_check(f->tx, &f->ch, count_difference, &differ, &f->err));
        if (!differ)
            print_error("not noticed: %s\n", damages[i]);
        assert_true(differ > 0);
        good(f, index_rebuild(f->tx, f->blobs, &f->ch, T0 + HOUR, &f->err));
        commit(f);
        differ = 0;
        begin(f);
        good(f, index_check(f->tx, &f->ch, count_difference, &differ, &f->err));
        tx_endp(&f->tx);
        if (differ)
            print_error("not repaired: %s\n", damages[i]);
        assert_int_equal(differ, 0);
        assert_string_equal(snapshot(f).ptr, before.ptr);
    }
}

static void a_rebuild_covers_subdirs_that_became_empty(void **state)
{
    struct fixture *f = *state;
    const struct index_place place = place_of(f, "osx-64");
    int64_t id = publish(f, "osx-64", "x", "1.0", T0);

    unpublish(f, "osx-64", id, T0);
    begin(f);
    good(f, index_doc_retire(f->tx, &place, S("index.html"), T0, &f->err));
    good(f, index_rebuild(f->tx, f->blobs, &f->ch, T0 + 1, &f->err));
    commit(f);
    (void)document(f, "osx-64", "index.html");
}

static void a_dropped_channel_has_no_documents_until_it_comes_again(void **state)
{
    struct fixture *f = *state;
    int64_t id = publish(f, "linux-64", "x", "1.0", T0);

    begin(f);
    good(f, file_delete(f->tx, id, &f->err));
    good(f, index_drop(f->tx, &f->ch, T0 + 1, &f->err));
    commit(f);
    assert_int_equal(docs(f, "linux-64").count, 0);
    assert_int_equal(docs(f, "").count, 0);
    publish(f, "linux-64", "y", "1.0", T0 + 2);
    assert_true(has(document(f, "linux-64", "repodata.json"), "y-1.0"));
}

static void media_types_are_told_by_name(void **state)
{
    char shard[] = "shards/00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
                   ".msgpack.zst";

    (void)state;
    assert_str(index_media_type(S("repodata.json")), "application/json");
    assert_str(index_media_type(S("repodata.json.zst")), "application/zstd");
    assert_str(index_media_type(S("run_exports.json")), "application/json");
    assert_str(index_media_type(S("run_exports.json.zst")), "application/zstd");
    assert_str(index_media_type(S("repodata_shards.msgpack.zst")), "application/octet-stream");
    assert_str(index_media_type(S("channeldata.json")), "application/json");
    assert_str(index_media_type(S("index.html")), "text/html; charset=utf-8");
    assert_str(index_media_type(S("rss.xml")), "application/rss+xml");
    assert_str(index_media_type(str_of(shard)), "application/octet-stream");
    shard[8] = 'A'; /* digests are lower case */
    assert_null(index_media_type(str_of(shard)).ptr);
    assert_null(index_media_type(S("shards/.msgpack.zst")).ptr);
    assert_null(index_media_type(S("shards/../x.msgpack.zst")).ptr);
    assert_null(index_media_type(S("repodata.json.bz2")).ptr);
    assert_null(index_media_type(S("")).ptr);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_file_appears_in_every_document),
        TEST(the_shard_index_names_the_shard),
        TEST(an_update_without_a_change_writes_nothing),
        TEST(an_update_that_lacks_a_chunk_fails),
        TEST(a_new_package_leaves_the_shards_of_others_alone),
        TEST(a_new_version_retires_the_old_shard_for_a_week),
        TEST(a_replaced_chunk_is_kept_for_an_hour),
        TEST(the_chunks_of_a_dropped_channel_are_kept_for_an_hour),
        TEST(what_is_replaced_is_kept_as_long_as_history),
        TEST(a_replaced_document_leaves_no_bytes),
        TEST(an_update_sweeps_nothing),
        TEST(a_long_sweep_comes_in_pieces),
        TEST(bytes_that_come_back_are_not_swept),
        TEST(documents_that_became_empty_equal_those_that_always_were),
        TEST(only_known_documents_of_known_subdirs_are_empty),
        TEST(channels_of_one_account_do_not_mix),
        TEST(a_rolled_back_update_changes_nothing),
        TEST(lack_of_memory_changes_nothing),
        TEST(lack_of_memory_for_all_files_changes_nothing),
        TEST(updates_add_up_to_a_rebuild),
        TEST(a_rebuild_brings_lost_bytes_and_rows_back),
        TEST(a_rebuild_brings_lost_lists_back),
        TEST(a_rebuild_covers_subdirs_that_became_empty),
        TEST(a_dropped_channel_has_no_documents_until_it_comes_again),
        cmocka_unit_test(media_types_are_told_by_name),
    };

    return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
