/* A chunk is unpacked to the items that it was packed of, and its compressed forms to their text.
 */
#include "unit.h"

#include "base/digest.h"
#include "base/limits.h"
#include "base/mem.h"
#include "format/gzip.h"
#include "format/stitch.h"
#include "format/zstd.h"
#include "index/chunk.h"

static const struct chunk_form commas = {{",", 1}, true};
static const struct chunk_form bare = {{"", 0}, false};

static int enter(void **state)
{
    *state = arena_open(256 * MIB);
    return *state ? 0 : -1;
}

static int leave(void **state)
{
    arena_close(*state);
    return 0;
}

static const struct chunk_item three[] = {
    {{"a-1-0.conda", 11}, {"\"a-1-0.conda\":{\"size\":1}", 24}, 1700000000000},
    {{"a-2-0.conda", 11}, {"\"a-2-0.conda\":{}", 16}, 0},
    {{"\xc3\xa4", 2}, {"x", 1}, INT64_MAX},
};

/* The blob of items, with its row. */
static struct str pack(struct arena *mem, const struct chunk_item *items, size_t count,
                       struct chunk_form form, struct index_chunk_row *ret_row)
{
    AUTO(buf_done) struct buf out = BUF_INIT(64 * MIB);
    struct str blob;

    assert_int_equal(chunk_pack(mem, items, count, form, &out, ret_row, NULL), OK);
    assert_true(buf_ok(&out));
    blob = str_dup(mem, buf_str(&out));
    assert_non_null(blob.ptr);
    return blob;
}

static void assert_items(struct arena *mem, const struct index_chunk_row *row, struct str blob,
                         struct str separator, const struct chunk_item *items, size_t count)
{
    struct chunk_item *read = NULL;
    struct err err = {0};
    enum err_code code = chunk_unpack(mem, row, blob, separator, &read, &err);

    if (code)
        print_error("%s\n", err.msg);
    assert_int_equal(code, OK);
    assert_int_equal(row->items, count);
    for (size_t i = 0; i < count; i++) {
        assert_true(str_eq(read[i].key, items[i].key));
        assert_true(str_eq(read[i].text, items[i].text));
        assert_int_equal(read[i].ms, items[i].ms);
    }
}

static struct str joined(struct arena *mem, const struct chunk_item *items, size_t count,
                         struct str separator)
{
    AUTO(buf_done) struct buf text = BUF_INIT(64 * MIB);

    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_add(&text, separator);
        buf_add(&text, items[i].text);
    }
    return str_dup(mem, buf_str(&text));
}

/* Both forms decode to the text, as parts of a frame and of a member. */
static void assert_forms(const struct index_chunk_row *row, struct str blob, struct str text)
{
    AUTO(buf_done) struct buf frame = BUF_INIT(64 * MIB);
    AUTO(buf_done) struct buf plain = BUF_INIT(64 * MIB);
    size_t zstd = (size_t)row->zstd_size, gzip = (size_t)row->gzip_size;
    struct gzip_sum sum = {0};

    assert_int_equal(row->text_size, text.len);
    zstd_head(text.len, &frame);
    buf_add(&frame, str_sub(blob, 0, zstd));
    zstd_end(&frame);
    assert_int_equal(zstd_unpack(buf_str(&frame), &plain, NULL), OK);
    assert_true(str_eq(buf_str(&plain), text));
    buf_clear(&frame);
    buf_clear(&plain);
    gzip_sum_text(&sum, text);
    assert_int_equal(row->text_crc, sum.crc);
    if (!gzip)
        return;
    gzip_head(&frame);
    buf_add(&frame, str_sub(blob, zstd, gzip));
    gzip_end(sum, &frame);
    assert_int_equal(gzip_unpack(buf_str(&frame), &plain, NULL), OK);
    assert_true(str_eq(buf_str(&plain), text));
}

static void a_chunk_is_unpacked_to_its_items(void **state)
{
    static const struct chunk_form forms[] = {
        {{",", 1}, true}, {{"", 0}, false}, {{"; ", 2}, true}};

    for (size_t i = 0; i < COUNT(forms); i++)
        for (size_t count = 1; count <= COUNT(three); count++) {
            struct str text = joined(*state, three, count, forms[i].separator);
            struct index_chunk_row row = {0};
            struct str blob = pack(*state, three, count, forms[i], &row);

            assert_items(*state, &row, blob, forms[i].separator, three, count);
            assert_forms(&row, blob, text);
            assert_int_equal(row.gzip_size > 0, forms[i].gzip);
        }
}

static void the_row_says_what_the_chunk_is(void **state)
{
    struct index_chunk_row row = {0};
    struct str blob = pack(*state, three, 2, commas, &row);
    char sha256[SHA256_HEX + 1];

    digest_sha256_hex(blob, sha256);
    assert_str(row.sha256, sha256);
    assert_str(row.first_key, "a-1-0.conda");
    assert_int_equal(row.size, blob.len);
    assert_int_equal(row.items, 2);
    assert_int_equal(row.text_size, 24 + 1 + 16);
    assert_true(row.zstd_size > 0 && row.gzip_size > 0);
    assert_true(row.zstd_size + row.gzip_size < row.size);
    assert_int_equal(row.newest_ms, 1700000000000);
}

/* What was in the buffer before is not the chunk's. */
static void a_chunk_is_appended(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    struct index_chunk_row alone = {0}, row = {0};
    struct str blob = pack(*state, three, 3, commas, &alone);

    buf_addz(&out, "before");
    assert_int_equal(chunk_pack(*state, three, 3, commas, &out, &row, NULL), OK);
    assert_true(str_eq(str_from(buf_str(&out), 6), blob));
    assert_true(str_eq(row.sha256, alone.sha256));
    assert_int_equal(row.size, alone.size);
}

/* Equal items are equal bytes; any difference is another digest. */
static void the_digest_is_that_of_the_items(void **state)
{
    struct index_chunk_row row = {0}, again = {0};

    (void)pack(*state, three, 3, commas, &row);
    (void)pack(*state, three, 3, commas, &again);
    assert_true(str_eq(row.sha256, again.sha256));
    for (int what = 0; what < 4; what++) {
        struct chunk_item other[3];

        memcpy(other, three, sizeof other);
        if (what == 0)
            other[1].key = S("a-2-1.conda");
        if (what == 1)
            other[1].ms++;
        if (what == 2)
            other[1].text = S("\"a-2-0.conda\":[]");
        (void)pack(*state, other, what == 3 ? 2 : 3, commas, &again);
        assert_false(str_eq(row.sha256, again.sha256));
    }
}

static struct str long_text(struct arena *mem, size_t len)
{
    AUTO(buf_done) struct buf b = BUF_INIT(64 * MIB);

    for (uint32_t n = 1; b.len < len; n = n * 1664525 + 1013904223)
        buf_addf(&b, "{\"size\":%u,\"sha256\":\"%08x%08x\"},", n >> 8, n * 3, n * 5);
    return str_dup(mem, str_sub(buf_str(&b), 0, len));
}

/* It is several pieces then, and none is in the text. */
static void a_text_may_be_longer_than_one_piece(void **state)
{
    static const size_t lengths[] = {STITCH_TEXT_MAX - 1, STITCH_TEXT_MAX, STITCH_TEXT_MAX + 1,
                                     2 * STITCH_TEXT_MAX + 12345};

    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct str text = long_text(*state, lengths[i]);
        const struct chunk_item items[] = {
            {S("a"), S("x"), 1}, {S("long"), text, 2}, {S("z"), S("y"), 3}};
        struct index_chunk_row row = {0};
        struct str blob = pack(*state, items, COUNT(items), commas, &row);

        assert_items(*state, &row, blob, S(","), items, COUNT(items));
        assert_forms(&row, blob, joined(*state, items, COUNT(items), S(",")));
        blob = pack(*state, &items[1], 1, bare, &row);
        assert_items(*state, &row, blob, S(""), &items[1], 1);
        assert_forms(&row, blob, text);
    }
}

static void the_text_can_be_had_alone(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    struct index_chunk_row row = {0};
    struct str blob = pack(*state, three, 3, commas, &row);
    struct str zstd = str_sub(blob, 0, (size_t)row.zstd_size);

    buf_addz(&out, "before ");
    assert_int_equal(chunk_text(&row, zstd, &out, NULL), OK);
    assert_str(buf_str(&out), "before \"a-1-0.conda\":{\"size\":1},\"a-2-0.conda\":{},x");
    out.len = 7;
    zstd.len--;
    assert_int_equal(chunk_text(&row, zstd, &out, NULL), ERR_IO);
    zstd = str_sub(blob, 0, (size_t)row.zstd_size + 1);
    assert_int_equal(chunk_text(&row, zstd, &out, NULL), ERR_IO);
    zstd.len--;
    row.text_size++;
    assert_int_equal(chunk_text(&row, zstd, &out, NULL), ERR_IO);
    row.text_size -= 2;
    assert_int_equal(chunk_text(&row, zstd, &out, NULL), ERR_IO);
    assert_str(buf_str(&out), "before ");
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void assert_damaged(struct arena *mem, const struct index_chunk_row *row, struct str blob)
{
    struct chunk_item *items = NULL;
    struct err err = {0};

    assert_int_equal(chunk_unpack(mem, row, blob, S(","), &items, &err), ERR_IO);
    assert_non_null(strstr(err.msg, " is no chunk of an index, or of another one"));
    assert_null(items);
}

/* Not one letter may be another: it would be packed again under a digest that fits. */
static void every_changed_byte_is_noticed(void **state)
{
    struct index_chunk_row row = {0};
    struct str blob = pack(*state, three, 3, commas, &row);

    for (size_t i = 0; i < blob.len; i++) {
        ((char *)(uintptr_t)blob.ptr)[i] ^= 1;
        assert_damaged(*state, &row, blob);
        ((char *)(uintptr_t)blob.ptr)[i] ^= 1;
        assert_damaged(*state, &row, str_sub(blob, 0, i));
    }
    assert_items(*state, &row, blob, S(","), three, 3);
}

/* The digest of a row, made to be that of other bytes. */
static void forge(struct arena *mem, struct index_chunk_row *row, struct str blob)
{
    char sha256[SHA256_HEX + 1];

    digest_sha256_hex(blob, sha256);
    row->sha256 = str_dup(mem, str_of(sha256));
    row->size = (int64_t)blob.len;
}

static void a_row_that_says_other_things_does_not_fit(void **state)
{
    struct index_chunk_row row = {0}, wrong;
    struct str blob = pack(*state, three, 3, commas, &row);
    AUTO(arena_closep) struct arena *small = arena_open(MIB);
    struct chunk_item *items = NULL;

    (void)pack(*state, three, 2, commas, &wrong);
    assert_damaged(*state, &wrong, blob);
    for (int by = -1; by <= 1; by += 2) {
        wrong = row;
        wrong.items += by;
        assert_damaged(*state, &wrong, blob);
        wrong = row;
        wrong.size += by;
        assert_damaged(*state, &wrong, blob);
        wrong = row;
        wrong.text_size += by;
        assert_damaged(*state, &wrong, blob);
        wrong = row;
        wrong.zstd_size += by;
        assert_damaged(*state, &wrong, blob);
        wrong = row;
        wrong.gzip_size += by;
        assert_damaged(*state, &wrong, blob);
    }
    wrong = row;
    wrong.zstd_size = INT64_MAX;
    assert_damaged(*state, &wrong, blob);
    wrong.zstd_size = wrong.gzip_size = INT64_MAX;
    assert_damaged(*state, &wrong, blob);
    wrong = row; /* more items than there is memory for */
    wrong.items = 1 << 20;
    assert_int_equal(chunk_unpack(small, &wrong, blob, S(","), &items, NULL), ERR_NOMEM);
    assert_int_equal(chunk_unpack(*state, &row, blob, S(";"), &items, NULL), ERR_IO);
    assert_int_equal(chunk_unpack(*state, &row, blob, S(""), &items, NULL), ERR_IO);
}

/* A blob of one text, "a,b", with a directory of these bytes. */
static struct str with_directory(struct arena *mem, struct str directory,
                                 struct index_chunk_row *ret_row)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    struct str blob;

    assert_int_equal(zstd_piece(S("a,b"), &out, NULL), OK);
    *ret_row = (struct index_chunk_row){
        .first_key = S("k"), .items = 2, .text_size = 3, .zstd_size = (int64_t)out.len};
    assert_int_equal(zstd_pack(directory, 3, &out, NULL), OK);
    blob = str_dup(mem, buf_str(&out));
    forge(mem, ret_row, blob);
    return blob;
}

static void a_directory_has_to_be_right(void **state)
{
#define D(bytes)                                                                                   \
    {                                                                                              \
        bytes, sizeof bytes - 1                                                                    \
    }
    static const struct str wrong[] = {
        D(""),
        D("\1\1\0k"),                                                /* one item less */
        D("\1\1\0k\1\1\0l\1\1\0m"),                                  /* one more */
        D("\1\1\0k\1\1\0"),                                          /* its key is missing */
        D("\1\1\0k\2\1\0l"),                                         /* a part of it */
        D("\1\1\0k\1\1\0ll"),                                        /* there is more */
        D("\1\1\0k\1\2\0l"),                                         /* more text than there is */
        D("\1\1\0k\1\0\0l"),                                         /* less */
        D("\1\2\0k\1\0\0l"),                                         /* the separator elsewhere */
        D("\1\1\0k\1\x81"),                                          /* a number without an end */
        D("\1\1\0k\1\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\1l"), /* over 63 bits */
        D("\1\1\0k\xff\xff\xff\xff\xff\xff\xff\xff\x7f\1\0l"),
        D("\1\xff\xff\xff\xff\xff\xff\xff\xff\x7f\0k\1\1\0l"),
    };
    static const struct str right = D("\1\1\0k\1\1\xff\xff\xff\xff\xff\xff\xff\xff\x7fl");
#undef D
    static const struct chunk_item two[] = {{{"k", 1}, {"a", 1}, 0},
                                            {{"l", 1}, {"b", 1}, INT64_MAX}};
    struct index_chunk_row row;
    struct str blob;

    for (size_t i = 0; i < COUNT(wrong); i++) {
        blob = with_directory(*state, wrong[i], &row);
        assert_damaged(*state, &row, blob);
    }
    blob = with_directory(*state, right, &row);
    assert_items(*state, &row, blob, S(","), two, 2);
    /* Nor is it one without a frame around it, or without blocks before it. */
    row.zstd_size = 0;
    assert_damaged(*state, &row, blob);
    blob = S("no frame");
    forge(*state, &row, blob);
    assert_damaged(*state, &row, blob);
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* Each allocation fails in turn: it is told as what it is, and not as damage. */
static void lack_of_memory_is_told(void **state)
{
    struct index_chunk_row row = {0}, untouched = {.id = 77};
    struct str blob = pack(*state, three, 3, commas, &row);
    enum err_code code = ERR_NOMEM;
    struct chunk_item *items;

    for (long n = 1; code; n++) {
        AUTO(arena_closep) struct arena *mem = arena_open(MIB);
        AUTO(buf_done) struct buf out = BUF_INIT(MIB);

        mem_fail_at(n);
        code = chunk_pack(mem, three, 3, commas, &out, &untouched, NULL);
        mem_fail_at(0);
        assert_true(code == OK || code == ERR_NOMEM);
        assert_int_equal(untouched.id, code ? 77 : 0);
        assert_true(n < 200);
    }
    code = ERR_NOMEM;
    for (long n = 1; code; n++) {
        AUTO(arena_closep) struct arena *mem = arena_open(MIB);

        mem_fail_at(n);
        code = chunk_unpack(mem, &row, blob, S(","), &items, NULL);
        mem_fail_at(0);
        assert_true(code == OK || code == ERR_NOMEM);
        assert_true(n < 200);
    }
}

static void a_chunk_without_room_is_refused(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(20);
    struct index_chunk_row row;
    enum err_code code = chunk_pack(*state, three, 3, commas, &out, &row, NULL);

    assert_true(code == ERR_TOO_BIG || code == ERR_NOMEM);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        TEST(a_chunk_is_unpacked_to_its_items),
        TEST(the_row_says_what_the_chunk_is),
        TEST(a_chunk_is_appended),
        TEST(the_digest_is_that_of_the_items),
        TEST(a_text_may_be_longer_than_one_piece),
        TEST(the_text_can_be_had_alone),
        TEST(every_changed_byte_is_noticed),
        TEST(a_row_that_says_other_things_does_not_fit),
        TEST(a_directory_has_to_be_right),
        TEST(lack_of_memory_is_told),
        TEST(a_chunk_without_room_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
