/* Lists that are made from all their items: only what differs is written, and what is there is
 * compared with what it should be. */
#include "core_fixture.h"
#include "list_fixture.h"

#include "base/mem.h"
#include "blob/blob.h"
#include "store/db_engine.h"

static const struct list_kind kind = {{"kind", 4}, {{",", 1}, true}, 3};

enum { ITEMS = 100 };

static void make_items(struct lists *f, struct chunk_item items[ITEMS])
{
    for (size_t i = 0; i < ITEMS; i++)
        items[i] = lists_item(f, str_fmt(f->mem, "key-%03zu", i).ptr, 60, (int64_t)(i * 37 % 100));
}

static struct list_builder *built(struct lists *f, const struct list_store *store,
                                  const struct chunk_item *items, size_t count)
{
    struct list_builder *b = NULL;

    must(f, list_builder_open(store, &kind, &b, &f->err));
    for (size_t i = 0; i < count; i++)
        must(f, list_builder_add(b, &items[i], &f->err));
    return b;
}

static void build(struct lists *f, struct index_list_row *list, const struct chunk_item *items,
                  size_t count)
{
    AUTO(list_builder_closep) struct list_builder *b = built(f, &f->store, items, count);

    must(f, list_builder_end(b, f->mem, list, &f->err));
}

static bool is_equal(struct lists *f, const struct index_list_row *list,
                     const struct chunk_item *items, size_t count)
{
    const struct list_store look = {.tx = f->tx, .blobs = f->store.blobs};
    AUTO(list_builder_closep) struct list_builder *b = built(f, &look, items, count);
    bool equal = false;

    must(f, list_builder_compare(b, list, &equal, &f->err));
    return equal;
}

static void a_list_is_made_of_its_items(void **state)
{
    struct lists *f = *state;
    struct chunk_item items[ITEMS];
    struct index_list_row list = lists_list(f, &kind);

    make_items(f, items);
    build(f, &list, items, ITEMS);
    assert_true(list.chunks > 5);
    assert_int_equal(list.newest_ms, 99);
    lists_assert_items(f, &kind, &list, items, ITEMS);
    build(f, &list, items, 1);
    lists_assert_items(f, &kind, &list, items, 1);
    build(f, &list, items, 0);
    lists_assert_items(f, &kind, &list, items, 0);
    assert_true(str_eq(list.mark, INDEX_MARK_EMPTY));
}

/* What is added may go at once. */
static void items_are_copied(void **state)
{
    struct lists *f = *state;
    AUTO(list_builder_closep) struct list_builder *b = NULL;
    struct index_list_row list = lists_list(f, &kind);
    const struct chunk_item expected[] = {{S("a"), S("text"), 1}, {S("b"), S("more"), 2}};
    char key[] = "a", text[] = "text";

    must(f, list_builder_open(&f->store, &kind, &b, &f->err));
    must(f, list_builder_add(b, &(struct chunk_item){str_of(key), str_of(text), 1}, &f->err));
    memcpy(key, "b", 1);
    memcpy(text, "more", 4);
    must(f, list_builder_add(b, &(struct chunk_item){str_of(key), str_of(text), 2}, &f->err));
    memcpy(key, "c", 1);
    memcpy(text, "----", 4);
    must(f, list_builder_end(b, f->mem, &list, &f->err));
    lists_assert_items(f, &kind, &list, expected, 2);
}

/* Chunks that are as they should be keep their rows. */
static void only_what_differs_is_written(void **state)
{
    struct lists *f = *state;
    struct chunk_item items[ITEMS];
    struct index_list_row list = lists_list(f, &kind), before;
    struct index_chunk_list old, now;
    size_t same = 0;

    make_items(f, items);
    build(f, &list, items, ITEMS);
    (void)lists_garbage(f);
    before = list;
    old = lists_chunks(f, &list);
    build(f, &list, items, ITEMS);
    now = lists_chunks(f, &list);
    assert_int_equal(now.count, old.count);
    for (size_t i = 0; i < now.count; i++)
        assert_int_equal(now.rows[i].id, old.rows[i].id);
    assert_int_equal(lists_garbage(f), 0);
    assert_true(list_totals_equal(&list, &before));
    items[50] = lists_item(f, str_z(f->mem, items[50].key), 70, 1000);
    build(f, &list, items, ITEMS);
    now = lists_chunks(f, &list);
    assert_int_equal(now.count, old.count);
    for (size_t i = 0; i < now.count; i++)
        same += now.rows[i].id == old.rows[i].id;
    assert_int_equal(same, now.count - 1);
    assert_int_equal(lists_garbage(f), 1);
    assert_int_equal(list.newest_ms, 1000);
    lists_assert_items(f, &kind, &list, items, ITEMS);
}

/* Also where rows say that they are there. */
static void lost_bytes_are_put_again(void **state)
{
    struct lists *f = *state;
    struct chunk_item items[ITEMS];
    struct index_list_row list = lists_list(f, &kind);
    struct index_chunk_list chunks;

    make_items(f, items);
    build(f, &list, items, ITEMS);
    lists_flush(f);
    chunks = lists_chunks(f, &list);
    for (size_t i = 0; i < chunks.count; i++)
        must(f, blob_remove(f->store.blobs, chunks.rows[i].sha256, &f->err));
    build(f, &list, items, ITEMS);
    lists_flush(f);
    for (size_t i = 0; i < chunks.count; i++)
        assert_true(core_has_blob(f->core, chunks.rows[i].sha256));
    lists_assert_items(f, &kind, &list, items, ITEMS);
}

/* Chunks of which rows say other things are replaced, also those that begin alike. */
static void wrong_rows_are_mended(void **state)
{
    static const char *const wrongs[] = {
        "UPDATE index_chunk SET items = items + 1",
        "UPDATE index_chunk SET newest_ms = newest_ms + 1",
        "UPDATE index_chunk SET first_key = 'a' WHERE first_key = 'key-000'",
        "UPDATE index_chunk SET first_key = first_key || 'a'",
        "UPDATE index_chunk SET gzip_size = 0",
        "DELETE FROM index_chunk WHERE first_key > 'key-050'",
        "UPDATE index_list SET chunks = 0",
        "UPDATE index_list SET newest_ms = 5",
    };
    struct lists *f = *state;
    struct chunk_item items[ITEMS];
    struct index_list_row list = lists_list(f, &kind), before;

    make_items(f, items);
    build(f, &list, items, ITEMS);
    before = list;
    for (size_t i = 0; i < COUNT(wrongs); i++) {
        must(f, tx_script(f->tx, wrongs[i], &f->err));
        must(f, index_list_find(f->tx, f->mem, &f->place, kind.name, &list, &f->err));
        assert_false(is_equal(f, &list, items, ITEMS));
        build(f, &list, items, ITEMS);
        assert_true(is_equal(f, &list, items, ITEMS));
        assert_true(list_totals_equal(&list, &before));
        lists_assert_items(f, &kind, &list, items, ITEMS);
    }
}

static void a_list_is_compared_with_its_items(void **state)
{
    struct lists *f = *state;
    struct chunk_item items[ITEMS], other[ITEMS];
    struct index_list_row list = lists_list(f, &kind), wrong;

    make_items(f, items);
    assert_true(is_equal(f, &list, items, 0));
    assert_false(is_equal(f, &list, items, 1));
    build(f, &list, items, ITEMS);
    assert_true(is_equal(f, &list, items, ITEMS));
    assert_false(is_equal(f, &list, items, 0));
    assert_false(is_equal(f, &list, items, ITEMS - 1));
    assert_false(is_equal(f, &list, items + 1, ITEMS - 1));
    for (size_t i = 0; i < ITEMS; i += 9) {
        memcpy(other, items, sizeof other);
        other[i].ms++;
        assert_false(is_equal(f, &list, other, ITEMS));
        other[i] = items[i];
        other[i].text = S("another");
        assert_false(is_equal(f, &list, other, ITEMS));
    }
    wrong = list;
    wrong.items++;
    assert_false(is_equal(f, &wrong, items, ITEMS));
    wrong = list;
    wrong.mark = INDEX_MARK_EMPTY;
    assert_false(is_equal(f, &wrong, items, ITEMS));
}

/* Nothing is written to find out. */
static void comparing_writes_nothing(void **state)
{
    struct lists *f = *state;
    struct chunk_item items[ITEMS];
    struct index_list_row list = lists_list(f, &kind);

    make_items(f, items);
    assert_false(is_equal(f, &list, items, ITEMS));
    lists_flush(f);
    build(f, &list, items, ITEMS); /* which waits */
    assert_true(is_equal(f, &list, items, ITEMS));
    for (size_t i = 0; i < lists_chunks(f, &list).count; i++)
        assert_false(core_has_blob(f->core, lists_chunks(f, &list).rows[i].sha256));
    assert_int_equal(lists_garbage(f), 0);
}

/* A builder that is closed half-way has changed no row. */
static void a_builder_may_be_given_up(void **state)
{
    struct lists *f = *state;
    struct chunk_item items[ITEMS];
    struct index_list_row list = lists_list(f, &kind);
    struct list_builder *b;

    make_items(f, items);
    build(f, &list, items, 10);
    b = built(f, &f->store, items, ITEMS);
    list_builder_close(b);
    list_builder_close(NULL);
    lists_assert_items(f, &kind, &list, items, 10);
}

/* Each allocation fails in turn. */
static void lack_of_memory_is_told(void **state)
{
    struct lists *f = *state;
    struct chunk_item items[ITEMS];
    struct index_list_row list = lists_list(f, &kind);
    enum err_code code = ERR_NOMEM;

    make_items(f, items);
    must(f, tx_commit(&f->tx, &f->err));
    for (long n = 1; code; n++) {
        AUTO(list_builder_closep) struct list_builder *b = NULL;
        AUTO(arena_closep) struct arena *mem = arena_open(MIB);
        struct index_list_row row = list;

        f->tx = core_begin(f->core, TX_WRITE);
        f->store.tx = f->tx;
        mem_fail_at(n);
        code = list_builder_open(&f->store, &kind, &b, &f->err);
        for (size_t i = 0; code == OK && i < 20; i++)
            code = list_builder_add(b, &items[i], &f->err);
        if (code == OK)
            code = list_builder_end(b, mem, &row, &f->err);
        mem_fail_at(0);
        tx_endp(&f->tx);
        f->tx = NULL;
        assert_true(code == OK || code == ERR_NOMEM);
        assert_int_equal(row.items, code ? 0 : 20);
        assert_true(n < 5000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LISTS(a_list_is_made_of_its_items),  WITH_LISTS(items_are_copied),
        WITH_LISTS(only_what_differs_is_written), WITH_LISTS(lost_bytes_are_put_again),
        WITH_LISTS(wrong_rows_are_mended),        WITH_LISTS(a_list_is_compared_with_its_items),
        WITH_LISTS(comparing_writes_nothing),     WITH_LISTS(a_builder_may_be_given_up),
        WITH_LISTS(lack_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
