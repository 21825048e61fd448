/* The bytes of composed documents, whole and in pieces, in each form. */
#include "channel_fixture.h"
#include "core_fixture.h"

#include <zlib.h>
#include <zstd.h>

#include "base/cache.h"
#include "base/mem.h"
#include "blob/blob.h"
#include "index/compose.h"
#include "index/list_write.h"
#include "read_document.h"

/* ---- documents of many chunks ---- */

enum { FILES = 400 };

static struct channel_file nth_file(struct channels *f, int n)
{
    return (struct channel_file){str_fmt(f->mem, "name%d", n / 4).ptr,
                                 str_fmt(f->mem, "%d.0", n % 4).ptr,
                                 "0",
                                 "linux-64",
                                 n % 3 != 0,
                                 CHANNEL_NOW + n};
}

static int setup(void **state)
{
    struct channels *f;

    if (channels_open(state))
        return -1;
    f = *state;
    for (int n = 0; n < FILES; n++) {
        struct channel_file file = nth_file(f, n);

        /* Every tenth one begins a chunk of each list. */
        for (int i = 0; n % 10 == 0 && !list_cuts_before(&conda_list_kinds[CONDA_EXPORTS],
                                                         channel_filename(f->mem, &file));
             i++)
            file.build = str_fmt(f->mem, "b%d", i).ptr;
        (void)channel_add(f, &file);
    }
    channel_update(f, "linux-64", NULL, 0);
    return 0;
}

static struct index_body *open_body(struct channels *f, const char *subdir, const char *name,
                                    enum index_form form)
{
    struct index_body *body = NULL;

    must(f, index_open(f->tx, f->core->app.blobs, &f->ch, str_of(subdir), str_of(name),
                       ACCESS_PUBLIC, form, &body, &f->err));
    return body;
}

static struct str whole(struct channels *f, struct index_body *body)
{
    struct str bytes = {0};

    must(f, read_body(body, f->mem, &bytes, &f->err));
    return bytes;
}

/* As the plain way makes it of all rows. */
static struct str plain(struct channels *f, const char *subdir, const char *name)
{
    static const struct view everybody = {.widest = ACCESS_PUBLIC};
    AUTO(buf_done) struct buf out = BUF_INIT(64 * MIB);
    bool also;

    must(f, documents_make_one(f->tx, &f->ch, str_of(subdir), &everybody, str_of(name), &out, &also,
                               &f->err));
    return str_dup(f->mem, buf_str(&out));
}

static const struct {
    const char *subdir, *name;
    bool gzip;
} documents[] = {
    {"linux-64", "repodata.json", true}, {"linux-64", "run_exports.json", true},
    {"linux-64", "index.html", false},   {"", "channeldata.json", true},
    {"", "index.html", false},           {"noarch", "repodata.json", true}, /* without a list */
};

static void the_text_is_what_the_rows_give(void **state)
{
    struct channels *f = *state;

    for (size_t i = 0; i < COUNT(documents); i++) {
        const char *subdir = documents[i].subdir, *name = documents[i].name;
        struct index_body *body = open_body(f, subdir, name, INDEX_TEXT);
        struct str should = plain(f, subdir, name);

        assert_int_equal(index_body_size(body), should.len);
        assert_true(str_eq(whole(f, body), should));
        assert_true(index_body_memory(body) > 0);
        shared_unref(body);
    }
}

/* Decoders that want to know the size, that want room for no more, that look at one frame alone. */
static void assert_one_frame(struct channels *f, struct str frame, struct str text)
{
    char *out = arena_array(f->mem, char, text.len + 1);
    ZSTD_DCtx *d = ZSTD_createDCtx();
    ZSTD_inBuffer in = {frame.ptr, frame.len, 0};
    ZSTD_outBuffer to = {out, text.len, 0};
    size_t left;

    assert_non_null(out);
    assert_non_null(d);
    assert_int_equal(ZSTD_findFrameCompressedSize(frame.ptr, frame.len), frame.len);
    assert_int_equal(ZSTD_getFrameContentSize(frame.ptr, frame.len), text.len);
    assert_int_equal(ZSTD_decompress(out, text.len, frame.ptr, frame.len), text.len);
    assert_true(str_eq((struct str){out, text.len}, text));
    memset(out, 0, text.len);
    (void)ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, 20); /* no larger window is needed */
    left = ZSTD_decompressStream(d, &to, &in);
    assert_int_equal(left, 0);
    assert_int_equal(in.pos, frame.len);
    assert_true(str_eq((struct str){out, to.pos}, text));
    (void)ZSTD_freeDCtx(d);
}

static void assert_one_member(struct channels *f, struct str member, struct str text)
{
    char *out = arena_array(f->mem, char, text.len + 1);
    z_stream z = {0};

    assert_non_null(out);
    assert_int_equal(inflateInit2(&z, MAX_WBITS + 16), Z_OK);
    z.next_in = (z_const Bytef *)(uintptr_t)member.ptr;
    z.avail_in = (uInt)member.len;
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)text.len + 1;
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END); /* its checksum is looked at */
    assert_int_equal(z.avail_in, 0);
    assert_true(str_eq((struct str){out, z.total_out}, text));
    (void)inflateEnd(&z);
}

static void the_other_forms_are_the_same_text(void **state)
{
    struct channels *f = *state;

    for (size_t i = 0; i < COUNT(documents); i++) {
        const char *subdir = documents[i].subdir, *name = documents[i].name;
        struct str text = plain(f, subdir, name), bytes;
        struct index_body *body = open_body(f, subdir, name, INDEX_ZSTD);

        bytes = whole(f, body);
        assert_int_equal(index_body_size(body), bytes.len);
        assert_one_frame(f, bytes, text);
        shared_unref(body);
        if (!documents[i].gzip) {
            assert_int_equal(index_open(f->tx, f->core->app.blobs, &f->ch, str_of(subdir),
                                        str_of(name), ACCESS_PUBLIC, INDEX_GZIP, &body, &f->err),
                             ERR_INVALID);
            continue;
        }
        body = open_body(f, subdir, name, INDEX_GZIP);
        bytes = whole(f, body);
        assert_int_equal(index_body_size(body), bytes.len);
        assert_one_member(f, bytes, text);
        shared_unref(body);
    }
}

/* What a name with ".zst" means does not depend on what is wanted. */
static void names_say_their_form(void **state)
{
    static const char *const names[] = {"repodata.json", "run_exports.json"};
    struct channels *f = *state;

    for (size_t i = 0; i < COUNT(names); i++) {
        const char *packed = str_fmt(f->mem, "%s.zst", names[i]).ptr;
        struct index_body *a = open_body(f, "linux-64", packed, INDEX_TEXT);
        struct index_body *b = open_body(f, "linux-64", names[i], INDEX_ZSTD);

        assert_true(str_eq(whole(f, a), whole(f, b)));
        assert_one_frame(f, whole(f, a), plain(f, "linux-64", names[i]));
        shared_unref(a);
        shared_unref(b);
    }
}

static void only_composed_documents_have_a_body(void **state)
{
    static const char *const cases[][2] = {
        {"linux-64", "rss.xml"},
        {"linux-64", "channeldata.json"},
        {"linux-64", "index.html.zst"},
        {"linux-64", "repodata_shards.msgpack"},
        {"linux-64", ".zst"},
        {"linux-64", "repodata_shards.msgpack.zst.zst"},
        {"linux-64", ""},
        {"linux-64", "repodata.json.zst.zst"},
        {"", "repodata.json"},
        {"", "rss.xml"},
        {"", "channeldata.json.zst"},
    };
    struct channels *f = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct index_body *body = NULL;

        assert_int_equal(index_open(f->tx, f->core->app.blobs, &f->ch, str_of(cases[i][0]),
                                    str_of(cases[i][1]), ACCESS_PUBLIC, INDEX_TEXT, &body, &f->err),
                         ERR_NOT_FOUND);
        assert_null(body);
    }
}

/* ---- pieces ---- */

static void pieces_are_read_from_anywhere(void **state)
{
    static const enum index_form forms[] = {INDEX_TEXT, INDEX_ZSTD, INDEX_GZIP};
    struct channels *f = *state;
    char *piece;

    chance_begin(&f->chance, 1);
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct index_body *body = open_body(f, "linux-64", "repodata.json", forms[i]);
        struct str bytes = whole(f, body);

        piece = arena_array(f->mem, char, bytes.len + 1);
        assert_non_null(piece);
        for (f->chance.step = 0; f->chance.step < 1500; f->chance.step++) {
            size_t from = chance_below(&f->chance, bytes.len + 1);
            size_t most = bytes.len - from, len = chance_below(&f->chance, most + 1);

            if (chance_one_in(&f->chance, 2) && len > 50) /* mostly small ones */
                len %= 50;
            piece[len] = '\x55';
            must(f, index_body_read(body, from, len, piece, &f->err));
            assert_memory_equal(piece, bytes.ptr + from, len);
            assert_int_equal(piece[len], '\x55');
        }
        shared_unref(body);
    }
    f->chance.over = true;
}

/* One after the other, of each length, they are the whole. */
static void pieces_that_follow_each_other_are_the_whole(void **state)
{
    static const size_t lengths[] = {1, 2, 3, 1000, 4096, 65536};
    struct channels *f = *state;

    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct index_body *body = open_body(f, "linux-64", "run_exports.json", INDEX_ZSTD);
        struct str bytes = whole(f, body);
        char *all = arena_array(f->mem, char, bytes.len + 1);

        for (size_t at = 0, len; at < bytes.len; at += len) {
            len = bytes.len - at < lengths[i] ? bytes.len - at : lengths[i];
            must(f, index_body_read(body, at, len, all + at, &f->err));
        }
        assert_memory_equal(all, bytes.ptr, bytes.len);
        shared_unref(body);
    }
}

static void there_is_nothing_behind_the_end(void **state)
{
    struct channels *f = *state;
    struct index_body *body = open_body(f, "linux-64", "repodata.json", INDEX_TEXT);
    uint64_t size = index_body_size(body);
    char out[4] = "xyz";

    must(f, index_body_read(body, size, 0, out, &f->err));
    must(f, index_body_read(body, 0, 0, out, &f->err));
    assert_int_equal(index_body_read(body, size, 1, out, &f->err), ERR_INVALID);
    assert_int_equal(index_body_read(body, size - 1, 2, out, &f->err), ERR_INVALID);
    assert_int_equal(index_body_read(body, size + 1, 0, out, &f->err), ERR_INVALID);
    assert_int_equal(index_body_read(body, UINT64_MAX, 2, out, &f->err), ERR_INVALID);
    assert_int_equal(index_body_read(body, 1, SIZE_MAX, out, &f->err), ERR_INVALID);
    assert_string_equal(out, "xyz");
    must(f, index_body_read(body, size - 1, 1, out, &f->err));
    assert_int_equal(out[0], '}');
    shared_unref(body);
}

/* ---- what becomes of it ---- */

/* It is what it was when it was opened, whatever changes. */
static void a_body_stays_what_it_was(void **state)
{
    static const enum index_form forms[] = {INDEX_TEXT, INDEX_ZSTD, INDEX_GZIP};
    struct channels *f = *state;
    struct index_body *bodies[COUNT(forms)];
    struct str before[COUNT(forms)];
    bool more = true;

    channel_commit(f);
    for (size_t i = 0; i < COUNT(forms); i++) {
        bodies[i] = open_body(f, "linux-64", "repodata.json", forms[i]);
        before[i] = whole(f, bodies[i]);
    }
    channel_run(f, "UPDATE file SET size = size + 1");
    f->now_ms++;
    channel_update(f, "linux-64", NULL, 0);
    channel_commit(f);
    while (more) { /* it may be read for an hour */
        struct digest_list swept = {0};

        must(f, index_sweep(f->tx, f->mem, f->now_ms + LIST_KEPT_MS, 0, &swept, &more, &f->err));
        for (size_t i = 0; i < swept.count; i++)
            must(f, blob_remove(f->core->app.blobs, swept.items[i], &f->err));
    }
    tx_endp(&f->tx); /* nor does it need a transaction */
    for (size_t i = 0; i < COUNT(forms); i++) {
        assert_true(str_eq(whole(f, bodies[i]), before[i]));
        shared_unref(bodies[i]);
    }
    f->tx = core_begin(f->core, TX_WRITE);
    bodies[0] = open_body(f, "linux-64", "repodata.json", INDEX_TEXT);
    assert_false(str_eq(whole(f, bodies[0]), before[0]));
    shared_unref(bodies[0]);
}

/* ---- damage ---- */

static void each_chunk(struct channels *f, void (*fn)(struct channels *f, struct str sha256))
{
    static const struct stmt all = {"all", "SELECT DISTINCT sha256 FROM index_chunk", "", "t"};
    AUTO(rows_endp) struct rows *rows = NULL;

    must(f, db_query(f->tx, &all, DB_NO_ARGS, &rows, &f->err));
    while (rows_next(rows))
        fn(f, str_dup(f->mem, rows_text(rows, 0)));
    must(f, rows_error(rows, &f->err));
}

static void remove_it(struct channels *f, struct str sha256)
{
    must(f, blob_remove(f->core->app.blobs, sha256, &f->err));
}

static void cut_it(struct channels *f, struct str sha256)
{
    core_break_blob(f->core, sha256, S("short"));
}

/* Blocks that are none, as long as those that were there. */
static void garble_it(struct channels *f, struct str sha256)
{
    struct str bytes = core_read_blob(f->core, sha256);

    memset((void *)(uintptr_t)bytes.ptr, 0xff, bytes.len);
    core_break_blob(f->core, sha256, bytes);
}

static void assert_unreadable(struct channels *f, struct index_body *body)
{
    uint64_t size = index_body_size(body);
    char *out = arena_array(f->mem, char, size);

    assert_int_equal(index_body_read(body, 0, (size_t)size, out, &f->err), ERR_IO);
    assert_int_equal(index_body_read(body, size / 2, 10, out, &f->err), ERR_IO);
    /* Its texts are at hand. */
    must(f, index_body_read(body, 0, 10, out, &f->err));
    shared_unref(body);
}

static void lost_chunks_are_told(void **state)
{
    static const enum index_form forms[] = {INDEX_TEXT, INDEX_ZSTD, INDEX_GZIP};
    struct channels *f = *state;

    each_chunk(f, remove_it);
    for (size_t i = 0; i < COUNT(forms); i++)
        assert_unreadable(f, open_body(f, "linux-64", "repodata.json", forms[i]));
}

static void cut_chunks_are_told(void **state)
{
    static const enum index_form forms[] = {INDEX_TEXT, INDEX_ZSTD, INDEX_GZIP};
    struct channels *f = *state;

    each_chunk(f, cut_it);
    for (size_t i = 0; i < COUNT(forms); i++)
        assert_unreadable(f, open_body(f, "linux-64", "repodata.json", forms[i]));
}

/* Who decodes them finds out. */
static void garbled_chunks_are_told(void **state)
{
    struct channels *f = *state;

    each_chunk(f, garble_it);
    assert_unreadable(f, open_body(f, "linux-64", "repodata.json", INDEX_TEXT));
}

#define LAST                                                                                       \
    "(SELECT MAX(c.id) FROM index_chunk c, index_list l WHERE c.list_id = l.id AND "               \
    "l.name = 'packages')"

static void rows_that_do_not_fit_are_told(void **state)
{
    static const char *const wrongs[] = {
        "UPDATE index_list SET chunks = chunks + 1 WHERE name = 'packages'",
        "UPDATE index_list SET text_size = text_size + 1 WHERE name = 'packages'",
        "UPDATE index_list SET chunks = 0 WHERE name = 'packages'",
        "UPDATE index_list SET text_size = text_size - 2 WHERE name = 'packages'",
        "DELETE FROM index_chunk WHERE id = " LAST,
    };
    struct channels *f = *state;

    for (size_t i = 0; i < COUNT(wrongs); i++) {
        struct index_body *body = NULL;

        channel_run(f, wrongs[i]);
        assert_int_equal(index_open(f->tx, f->core->app.blobs, &f->ch, S("linux-64"),
                                    S("repodata.json"), ACCESS_PUBLIC, INDEX_TEXT, &body, &f->err),
                         ERR_IO);
        assert_null(body);
        must(f, index_rebuild(f->tx, f->core->app.blobs, &f->ch, f->now_ms, &f->err));
        shared_unref(open_body(f, "linux-64", "repodata.json", INDEX_TEXT));
    }
}

/* ---- memory ---- */

static void lack_of_memory_is_told(void **state)
{
    static const enum index_form forms[] = {INDEX_TEXT, INDEX_ZSTD, INDEX_GZIP};
    struct channels *f = *state;
    const struct index_place place = {f->ch.account_id, f->ch.label, ACCESS_PUBLIC, S("linux-64")};
    struct composition c;
    char *out = NULL;

    must(f, compose(f->tx, f->mem, &f->ch, &place, S("repodata.json"), 0, &c, &f->err));
    channel_commit(f);
    for (size_t i = 0; i < COUNT(forms); i++) {
        enum err_code code = ERR_NOMEM;
        struct index_body *body = NULL;

        for (long n = 1; code; n++) {
            mem_fail_at(n);
            code = compose_body(f->tx, f->core->app.blobs, &c, forms[i], &body, &f->err);
            mem_fail_at(0);
            assert_true(code == OK || code == ERR_NOMEM);
            assert_int_equal(body != NULL, code == OK);
            if (code) { /* a statement that failed ends the transaction */
                tx_endp(&f->tx);
                f->tx = core_begin(f->core, TX_WRITE);
            }
            assert_true(n < 2000);
        }
        out = arena_array(f->mem, char, index_body_size(body));
        code = ERR_NOMEM;
        for (long n = 1; code; n++) {
            mem_fail_at(n);
            code = index_body_read(body, 0, (size_t)index_body_size(body), out, &f->err);
            mem_fail_at(0);
            assert_true(code == OK || code == ERR_NOMEM);
            assert_true(n < 2000);
        }
        shared_unref(body);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, channels_close)
    const struct CMUnitTest tests[] = {
        TEST(the_text_is_what_the_rows_give),
        TEST(the_other_forms_are_the_same_text),
        TEST(names_say_their_form),
        TEST(only_composed_documents_have_a_body),
        TEST(pieces_are_read_from_anywhere),
        TEST(pieces_that_follow_each_other_are_the_whole),
        TEST(there_is_nothing_behind_the_end),
        TEST(a_body_stays_what_it_was),
        TEST(lost_chunks_are_told),
        TEST(cut_chunks_are_told),
        TEST(garbled_chunks_are_told),
        TEST(rows_that_do_not_fit_are_told),
        TEST(lack_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
