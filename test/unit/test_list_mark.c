/* What is said of all chunks of a list does not depend on the order in which they came and went. */
#include "chance.h"

#include "base/limits.h"
#include "base/mem.h"
#include "index/list_mark.h"

static int enter(void **state)
{
    *state = arena_open(MIB);
    return *state ? 0 : -1;
}

static int leave(void **state)
{
    arena_close(*state);
    return 0;
}

enum { CHUNKS = 40 };

/* Chunks that differ in all that counts. */
static void make_chunks(struct arena *mem, struct index_chunk_row chunks[CHUNKS])
{
    for (int i = 0; i < CHUNKS; i++) {
        char sha256[SHA256_HEX + 1];

        digest_sha256_hex(str_fmt(mem, "chunk %d", i), sha256);
        chunks[i] = (struct index_chunk_row){.first_key = str_fmt(mem, "key %d", i),
                                             .sha256 = str_dup(mem, str_of(sha256)),
                                             .items = i + 1,
                                             .text_size = 1000 + i,
                                             .zstd_size = 100 + i,
                                             .gzip_size = i % 2 ? 200 + i : 0,
                                             .newest_ms = i * 7 % 31};
    }
}

static struct list_totals empty(void)
{
    const struct index_list_row row = {.id = 5, .mark = INDEX_MARK_EMPTY};
    struct list_totals t;

    assert_int_equal(list_totals_of(&row, &t, NULL), OK);
    return t;
}

static struct index_list_row row_of(struct arena *mem, const struct list_totals *t)
{
    struct index_list_row row;

    assert_int_equal(list_totals_row(t, mem, &row, NULL), OK);
    return row;
}

static void totals_are_sums(void **state)
{
    struct index_chunk_row chunks[CHUNKS];
    struct list_totals t = empty();
    struct index_list_row row;

    make_chunks(*state, chunks);
    for (size_t i = 0; i < 3; i++)
        list_totals_add(&t, &chunks[i]);
    row = row_of(*state, &t);
    assert_int_equal(row.id, 5);
    assert_int_equal(row.items, 1 + 2 + 3);
    assert_int_equal(row.chunks, 3);
    assert_int_equal(row.text_size, 3003);
    assert_int_equal(row.zstd_size, 303);
    assert_int_equal(row.gzip_size, 201);
    assert_int_equal(row.newest_ms, 14);
    assert_int_equal(row.mark.len, SHA256_HEX);
    list_totals_remove(&t, &chunks[1]);
    row = row_of(*state, &t);
    assert_int_equal(row.items, 1 + 3);
    assert_int_equal(row.chunks, 2);
    assert_int_equal(row.text_size, 2002);
    assert_int_equal(row.zstd_size, 202);
    assert_int_equal(row.gzip_size, 0);
}

/* The mark is the sum of the digests of a key's digest and a chunk's digest. */
static void a_mark_of_one_chunk_is_its_digest(void **state)
{
    struct index_chunk_row chunks[CHUNKS];
    struct list_totals t = empty();
    char key[SHA256_HEX + 1], both[2 * SHA256_HEX + 1], mark[SHA256_HEX + 1];

    make_chunks(*state, chunks);
    list_totals_add(&t, &chunks[0]);
    digest_sha256_hex(chunks[0].first_key, key);
    (void)snprintf(both, sizeof both, "%s" STR_FMT, key, STR_ARG(chunks[0].sha256));
    digest_sha256_hex(str_of(both), mark);
    assert_str(row_of(*state, &t).mark, mark);
}

/* Chunks that came and went in any order: those that are there count. */
static void the_order_of_changes_does_not_matter(void **state)
{
    struct index_chunk_row chunks[CHUNKS];
    struct list_totals t = empty(), anew;
    bool there[CHUNKS] = {0};
    struct chance c;

    make_chunks(*state, chunks);
    chance_begin(&c, 1);
    for (c.step = 0; c.step < 3000; c.step++) {
        size_t i = chance_below(&c, CHUNKS);

        if (there[i])
            list_totals_remove(&t, &chunks[i]);
        else
            list_totals_add(&t, &chunks[i]);
        there[i] = !there[i];
        anew = empty();
        for (size_t k = CHUNKS; k-- > 0;)
            if (there[k])
                list_totals_add(&anew, &chunks[k]);
        assert_memory_equal(t.mark, anew.mark, sizeof t.mark);
        assert_int_equal(t.row.items, anew.row.items);
        assert_int_equal(t.row.text_size, anew.row.text_size);
        if (t.row.chunks)
            continue;
        for (size_t k = 0; k < sizeof t.mark; k++)
            assert_int_equal(t.mark[k], 0);
    }
}

/* Numbers are carried over all bytes, and what does not fit is lost, both ways. */
static void marks_go_round(void **state)
{
    struct index_list_row row = {
        .mark = S("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")};
    struct index_chunk_row chunks[CHUNKS];
    struct list_totals t, one = empty();
    int carry = 1;

    make_chunks(*state, chunks);
    assert_int_equal(list_totals_of(&row, &t, NULL), OK);
    list_totals_add(&t, &chunks[0]);
    list_totals_add(&one, &chunks[0]);
    /* One less than the chunk's own. */
    for (size_t i = SHA256_LEN; i-- > 0;) {
        int v = one.mark[i] - carry;

        carry = v < 0;
        assert_int_equal(t.mark[i], v & 0xff);
    }
    list_totals_remove(&t, &chunks[0]);
    assert_true(str_eq(row_of(*state, &t).mark, row.mark));
}

static void the_same_chunk_elsewhere_is_another_mark(void **state)
{
    struct index_chunk_row chunks[CHUNKS], moved;
    struct list_totals a = empty(), b = empty();

    make_chunks(*state, chunks);
    moved = chunks[0];
    moved.first_key = S("another");
    list_totals_add(&a, &chunks[0]);
    list_totals_add(&b, &moved);
    assert_memory_not_equal(a.mark, b.mark, sizeof a.mark);
}

static void only_a_mark_is_a_mark(void **state)
{
    static const char *const wrong[] = {
        "",
        "0",
        "no mark",
        "000000000000000000000000000000000000000000000000000000000000000",
        "00000000000000000000000000000000000000000000000000000000000000000",
        "000000000000000000000000000000000000000000000000000000000000000g"};
    struct list_totals t = {.row.id = 77};
    struct err err = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        const struct index_list_row row = {.mark = str_of(wrong[i])};

        assert_int_equal(list_totals_of(&row, &t, &err), ERR_IO);
        assert_non_null(strstr(err.msg, "the mark of a list is \""));
    }
    assert_int_equal(t.row.id, 77); /* untouched */
}

static void rows_are_equal_if_all_is(void **state)
{
    const struct index_list_row row = {1, 2, 3, 4, 5, 6, 7, INDEX_MARK_EMPTY, 8};
    struct index_list_row other = row;

    (void)state;
    other.id = other.since = 99; /* which list it is, and since when, does not count */
    assert_true(list_totals_equal(&row, &other));
#define DIFFERS(member, value)                                                                     \
    do {                                                                                           \
        other = row;                                                                               \
        other.member = (value);                                                                    \
        assert_false(list_totals_equal(&row, &other));                                             \
    } while (0)
    DIFFERS(items, 9);
    DIFFERS(chunks, 9);
    DIFFERS(text_size, 9);
    DIFFERS(zstd_size, 9);
    DIFFERS(gzip_size, 9);
    DIFFERS(newest_ms, 9);
    DIFFERS(mark, S("1"));
#undef DIFFERS
}

static void lack_of_memory_is_told(void **state)
{
    AUTO(arena_closep) struct arena *mem = arena_open(16);
    struct index_list_row row = {.id = 77};
    struct list_totals t = empty();

    (void)state;
    assert_int_equal(list_totals_row(&t, mem, &row, NULL), ERR_NOMEM);
    assert_int_equal(row.id, 77);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        TEST(totals_are_sums),
        TEST(a_mark_of_one_chunk_is_its_digest),
        TEST(the_order_of_changes_does_not_matter),
        TEST(marks_go_round),
        TEST(the_same_chunk_elsewhere_is_another_mark),
        TEST(only_a_mark_is_a_mark),
        TEST(rows_are_equal_if_all_is),
        TEST(lack_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
