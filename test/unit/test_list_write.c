/* Where lists are cut, and how chunks come and go. */
#include "core_fixture.h"
#include "list_fixture.h"

#include "blob/blob.h"
#include "store/generation.h"

static const struct list_kind kind = {{"kind", 4}, {{",", 1}, true}, 3};
static const struct list_kind never = {{"never", 5}, {{", ", 2}, false}, 24};

/* ---- cuts ---- */

static void keys_say_where_a_list_is_cut(void **state)
{
    static const struct list_kind always = {{"a", 1}, {{"", 0}, false}, 0};
    size_t cuts[2] = {0};
    char key[16];

    (void)state;
    for (int i = 0; i < 16000; i++) {
        (void)snprintf(key, sizeof key, "key-%d", i);
        assert_true(list_cuts_before(&always, str_of(key)));
        cuts[0] += list_cuts_before(&kind, str_of(key));
        cuts[1] += list_cuts_before(&never, str_of(key));
    }
    assert_true(cuts[0] > 1800 && cuts[0] < 2200); /* one in eight */
    assert_int_equal(cuts[1], 0);                  /* one in 16 million */
}

/* It is fixed for ever: of a list that is there, each chunk would be cut elsewhere. */
static void a_key_cuts_by_its_digest(void **state)
{
    struct list_kind k = kind;

    (void)state;
    /* sha256("a") begins with ca9781, sha256("abc") with ba7816, sha256("") with e3b0c4. */
    for (k.cut_bits = 0; k.cut_bits <= 24; k.cut_bits++) {
        assert_int_equal(list_cuts_before(&k, S("a")), k.cut_bits == 0);
        assert_int_equal(list_cuts_before(&k, S("abc")), k.cut_bits <= 1);
        assert_int_equal(list_cuts_before(&k, S("")), k.cut_bits <= 2);
    }
}

/* An item inside something else, as who cuts may have them. */
struct inside {
    struct chunk_item item;
    size_t other;
};

static void a_chunk_ends_before_a_key_that_cuts(void **state)
{
    struct lists *f = *state;
    struct inside items[6];
    static const bool cuts[] = {true, false, false, true, true, false};

    for (size_t i = 0; i < COUNT(items); i++) {
        items[i].item.key = lists_key(f, &kind, "k", cuts[i]);
        items[i].item.text = S("text");
    }
#define NEXT(from) list_next_cut(&kind, &items[0].item, sizeof items[0], COUNT(items), from)
    assert_int_equal(NEXT(0), 3); /* it does not matter whether the first one cuts */
    assert_int_equal(NEXT(1), 3);
    assert_int_equal(NEXT(3), 4);
    assert_int_equal(NEXT(4), 6); /* the end */
    assert_int_equal(NEXT(5), 6);
#undef NEXT
}

static void a_chunk_ends_before_it_is_too_long(void **state)
{
    static const struct {
        size_t lengths[3];
        size_t ends;
    } cases[] = {
        {{LIST_CHUNK_MAX - 12, 10, 1}, 2}, /* with the separator, all that may be */
        {{LIST_CHUNK_MAX - 12, 11, 1}, 1}, {{LIST_CHUNK_MAX, 1, 1}, 1},
        {{LIST_CHUNK_MAX + 1, 1, 1}, 1}, /* a single item may be longer */
        {{1, LIST_CHUNK_MAX, 1}, 1},       {{1, 1, LIST_CHUNK_MAX - 6}, 3},
        {{1, 1, LIST_CHUNK_MAX - 5}, 2},
    };
    char *text = calloc(1, LIST_CHUNK_MAX + 1);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct chunk_item items[3];

        for (size_t k = 0; k < COUNT(items); k++)
            items[k] = (struct chunk_item){S("key"), {text, cases[i].lengths[k]}, 0};
        assert_int_equal(list_next_cut(&never, items, sizeof *items, COUNT(items), 0),
                         cases[i].ends);
    }
    free(text);
}

/* ---- chunks ---- */

static struct index_chunk_row write_chunk(struct lists *f, const struct chunk_item *items,
                                          size_t count)
{
    struct index_chunk_row row = {0};

    must(f, list_write_chunk(&f->store, f->mem, &kind, items, count, &row, &f->err));
    return row;
}

static void assert_read(struct lists *f, const struct index_chunk_row *row,
                        const struct chunk_item *items, size_t count)
{
    struct chunk_item *read = NULL;

    must(f, list_read_chunk(&f->store, f->mem, &kind, row, &read, &f->err));
    assert_int_equal(row->items, count);
    for (size_t i = 0; i < count; i++) {
        assert_true(str_eq(read[i].key, items[i].key));
        assert_true(str_eq(read[i].text, items[i].text));
        assert_int_equal(read[i].ms, items[i].ms);
    }
}

static void a_chunk_waits_until_it_is_put(void **state)
{
    struct lists *f = *state;
    const struct chunk_item items[] = {lists_item(f, "a", 40, 1), lists_item(f, "b", 50, 2)};
    struct index_chunk_row row = write_chunk(f, items, 2);

    assert_false(core_has_blob(f->core, row.sha256));
    assert_read(f, &row, items, 2);
    lists_flush(f);
    assert_true(core_has_blob(f->core, row.sha256));
    assert_read(f, &row, items, 2);
    f->store.batch = NULL; /* a reader has none */
    assert_read(f, &row, items, 2);
}

/* To be compared, a chunk needs not be anywhere. */
static void without_a_batch_nothing_is_written(void **state)
{
    struct lists *f = *state;
    const struct chunk_item item = lists_item(f, "a", 40, 1);
    struct index_chunk_row row, written = write_chunk(f, &item, 1);

    f->store.batch = NULL;
    row = write_chunk(f, &item, 1);
    assert_true(str_eq(row.sha256, written.sha256));
    assert_int_equal(row.size, written.size);
    lists_flush(f);
    must(f, blob_remove(f->store.blobs, row.sha256, &f->err));
    row = write_chunk(f, &item, 1);
    assert_false(core_has_blob(f->core, row.sha256));
}

static void a_chunk_that_is_not_what_its_row_says_is_told(void **state)
{
    struct lists *f = *state;
    const struct chunk_item item = lists_item(f, "a", 400, 1);
    struct index_chunk_row row = write_chunk(f, &item, 1);
    struct chunk_item *read = NULL;
    struct str bytes;

    lists_flush(f);
    bytes = core_read_blob(f->core, row.sha256);
#define READ() list_read_chunk(&f->store, f->mem, &kind, &row, &read, &f->err)
    core_break_blob(f->core, row.sha256, str_sub(bytes, 0, bytes.len - 1));
    assert_int_equal(READ(), ERR_IO);
    core_break_blob(f->core, row.sha256, str_fmt(f->mem, STR_FMT "x", STR_ARG(bytes)));
    assert_int_equal(READ(), ERR_IO);
    core_break_blob(f->core, row.sha256, S(""));
    assert_int_equal(READ(), ERR_IO);
    must(f, blob_remove(f->store.blobs, row.sha256, &f->err));
    f->err = (struct err){0};
    assert_int_equal(READ(), ERR_IO);
    assert_non_null(strstr(f->err.msg, "is missing from the blob store"));
#undef READ
    assert_null(read);
}

/* ---- rows ---- */

static int64_t number(struct lists *f, const struct stmt *s)
{
    AUTO(rows_endp) struct rows *rows = NULL;

    must(f, db_one(f->tx, s, DB_NO_ARGS, &rows, &f->err));
    return rows_int(rows, 0);
}
#define NUMBER(f, sql)                                                                             \
    __extension__({                                                                                \
        static const struct stmt stmt_ = {"number", (sql), "", "i"};                               \
        number((f), &stmt_);                                                                       \
    })

/* It is of the generation that the first change makes. */
static void a_chunk_says_since_when_it_is_there(void **state)
{
    struct lists *f = *state;
    struct index_list_row list = lists_list(f, &kind);
    const struct chunk_item item = lists_item(f, "a", 40, 1);
    struct index_chunk_row row = write_chunk(f, &item, 1);
    int64_t newest = 99;

    must(f, generation_newest(f->tx, f->place.account_id, &newest, &f->err));
    assert_int_equal(newest, 0);
    f->store.generation = 4;
    must(f, list_add_chunk(&f->store, list.id, &row, &f->err));
    assert_int_equal(lists_chunks(f, &list).count, 1);
    assert_int_equal(lists_chunks(f, &list).rows[0].since, 4);
    must(f, generation_newest(f->tx, f->place.account_id, &newest, &f->err));
    assert_int_equal(newest, 4);
    assert_int_equal(NUMBER(f, "SELECT made_ms FROM generation"), LIST_NOW);
}

/* One that a generation had is kept for it; one that none had is garbage, but may be being sent. */
static void a_chunk_that_goes_is_of_the_past_or_none(void **state)
{
    struct lists *f = *state;
    struct index_list_row list = lists_list(f, &kind);
    const struct chunk_item item = lists_item(f, "a", 40, 1);
    struct index_chunk_row row = write_chunk(f, &item, 1);

    f->store.generation = 4;
    must(f, list_add_chunk(&f->store, list.id, &row, &f->err));
    row = lists_chunks(f, &list).rows[0];
    must(f, list_remove_chunk(&f->store, &row, &f->err));
    assert_int_equal(lists_chunks(f, &list).count, 0);
    assert_int_equal(NUMBER(f, "SELECT COUNT(*) FROM index_past_chunk"), 0);
    assert_int_equal(NUMBER(f, "SELECT retired_ms FROM index_garbage"), LIST_NOW + LIST_KEPT_MS);
    must(f, list_add_chunk(&f->store, list.id, &row, &f->err));
    row = lists_chunks(f, &list).rows[0];
    f->store.generation = 7;
    f->store.now_ms++;
    must(f, list_remove_chunk(&f->store, &row, &f->err));
    assert_int_equal(lists_chunks(f, &list).count, 0);
    assert_int_equal(NUMBER(f, "SELECT COUNT(*) FROM index_garbage"), 1);
    assert_int_equal(NUMBER(f, "SELECT since FROM index_past_chunk"), 4);
    assert_int_equal(NUMBER(f, "SELECT until FROM index_past_chunk"), 7);
    assert_int_equal(NUMBER(f, "SELECT retired_ms FROM index_past_chunk"), LIST_NOW + 1);
    assert_int_equal(NUMBER(f, "SELECT MAX(number) FROM generation"), 7);
}

static void totals_are_saved_if_they_differ(void **state)
{
    struct lists *f = *state;
    struct index_list_row list = lists_list(f, &kind), before = list, there;
    const struct chunk_item items[] = {lists_item(f, "a", 40, 9), lists_item(f, "b", 40, 3)};
    struct index_chunk_row rows[2];
    struct list_totals totals;

    must(f, list_totals_of(&list, &totals, &f->err));
    must(f, list_save(&f->store, f->mem, &list, &totals, &f->err));
    assert_true(list_totals_equal(&list, &before));
    for (size_t i = 0; i < 2; i++) {
        rows[i] = write_chunk(f, &items[i], 1);
        must(f, list_add_chunk(&f->store, list.id, &rows[i], &f->err));
        list_totals_add(&totals, &rows[i]);
    }
    must(f, list_save(&f->store, f->mem, &list, &totals, &f->err));
    assert_int_equal(list.items, 2);
    assert_int_equal(list.newest_ms, 9);
    must(f, index_list_find(f->tx, f->mem, &f->place, kind.name, &there, &f->err));
    assert_true(list_totals_equal(&there, &list));
    /* The newest of what is left. */
    rows[0] = lists_chunks(f, &list).rows[0];
    must(f, list_remove_chunk(&f->store, &rows[0], &f->err));
    list_totals_remove(&totals, &rows[0]);
    must(f, list_save(&f->store, f->mem, &list, &totals, &f->err));
    assert_int_equal(list.newest_ms, 3);
    must(f, index_list_find(f->tx, f->mem, &f->place, kind.name, &there, &f->err));
    assert_true(list_totals_equal(&there, &list));
    rows[1] = lists_chunks(f, &list).rows[0];
    must(f, list_remove_chunk(&f->store, &rows[1], &f->err));
    list_totals_remove(&totals, &rows[1]);
    must(f, list_save(&f->store, f->mem, &list, &totals, &f->err));
    assert_true(list_totals_equal(&list, &before));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_say_where_a_list_is_cut),
        cmocka_unit_test(a_key_cuts_by_its_digest),
        WITH_LISTS(a_chunk_ends_before_a_key_that_cuts),
        cmocka_unit_test(a_chunk_ends_before_it_is_too_long),
        WITH_LISTS(a_chunk_waits_until_it_is_put),
        WITH_LISTS(without_a_batch_nothing_is_written),
        WITH_LISTS(a_chunk_that_is_not_what_its_row_says_is_told),
        WITH_LISTS(a_chunk_says_since_when_it_is_there),
        WITH_LISTS(a_chunk_that_goes_is_of_the_past_or_none),
        WITH_LISTS(totals_are_saved_if_they_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
