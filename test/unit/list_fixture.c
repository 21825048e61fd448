#include "list_fixture.h"

int lists_open(void **state)
{
    struct lists *f = calloc(1, sizeof *f);
    struct actor alice;
    void *core = NULL;

    assert_non_null(f);
    if (core_open(&core))
        return -1;
    f->core = core;
    f->mem = f->core->mem;
    alice = core_user(f->core, "alice");
    f->tx = core_begin(f->core, TX_WRITE);
    must(f, blob_batch_open(f->core->app.blobs, &f->batch, &f->err));
    f->store =
        (struct list_store){f->tx, f->core->app.blobs, f->batch, LIST_NOW, alice.account_id, 1};
    f->place = (struct index_place){alice.account_id, S("main"), ACCESS_PUBLIC, S("linux-64")};
    *state = f;
    return 0;
}

int lists_close(void **state)
{
    struct lists *f = *state;
    void *core = f->core;

    chance_tell(&f->chance);
    blob_batch_close(f->batch);
    tx_endp(&f->tx);
    free(f);
    return core_close(&core);
}

struct chunk_item lists_item(struct lists *f, const char *key, size_t len, int64_t ms)
{
    AUTO(buf_done) struct buf text = BUF_INIT(16 * MIB);
    struct chunk_item item = {.key = str_dup(f->mem, str_of(key)), .ms = ms};

    buf_addf(&text, "\"%s\":%llx ", key, (unsigned long long)ms);
    while (text.len < len) /* as good to compress as records are */
        buf_addf(&text, "%zx, a text that goes on and on; ", text.len / 999);
    assert_true(buf_ok(&text));
    item.text = str_dup(f->mem, buf_str(&text));
    assert_non_null(item.key.ptr);
    assert_non_null(item.text.ptr);
    return item;
}

struct str lists_key(struct lists *f, const struct list_kind *kind, const char *prefix, bool cuts)
{
    char key[64];

    for (unsigned i = 0;; i++) {
        (void)snprintf(key, sizeof key, "%s%u", prefix, i);
        if (list_cuts_before(kind, str_of(key)) == cuts)
            return str_of(str_z(f->mem, str_of(key)));
    }
}

struct index_list_row lists_list(struct lists *f, const struct list_kind *kind)
{
    struct index_list_row row = {0};

    must(f, list_open(&f->store, f->mem, &f->place, kind, &row, &f->err));
    return row;
}

void lists_apply(struct lists *f, const struct list_kind *kind, struct index_list_row *list,
                 const struct list_change *changes, size_t count)
{
    must(f, list_apply(&f->store, f->mem, kind, list, changes, count, &f->err));
}

void lists_put(struct lists *f, const struct list_kind *kind, struct index_list_row *list,
               struct chunk_item item)
{
    lists_apply(f, kind, list, &(struct list_change){.item = item}, 1);
}

void lists_drop(struct lists *f, const struct list_kind *kind, struct index_list_row *list,
                struct str key)
{
    lists_apply(f, kind, list, &(struct list_change){.item.key = key, .gone = true}, 1);
}

struct index_chunk_list lists_chunks(struct lists *f, const struct index_list_row *list)
{
    struct index_chunk_list chunks = {0};

    must(f, index_chunk_all(f->tx, f->mem, list->id, &chunks, &f->err));
    return chunks;
}

/* What the chunks hold is what was put, in the order of the keys, and the row's sums are theirs. */
static void assert_read_back(struct lists *f, struct arena *mem, const struct list_kind *kind,
                             const struct index_list_row *list, const struct chunk_item *items,
                             size_t count)
{
    struct index_list_row sum = {0};
    struct index_chunk_list chunks = {0};
    size_t at = 0;

    must(f, index_chunk_all(f->tx, mem, list->id, &chunks, &f->err));
    for (size_t i = 0; i < chunks.count; i++) {
        const struct index_chunk_row *row = &chunks.rows[i];
        struct chunk_item *read = NULL;

        must(f, list_read_chunk(&f->store, mem, kind, row, &read, &f->err));
        assert_true(str_eq(row->first_key, read[0].key));
        for (int64_t k = 0; k < row->items; k++, at++) {
            assert_true(at < count);
            assert_true(str_eq(read[k].key, items[at].key));
            assert_true(str_eq(read[k].text, items[at].text));
            assert_int_equal(read[k].ms, items[at].ms);
            if (k)
                assert_false(list_cuts_before(kind, read[k].key));
            if (read[k].ms > sum.newest_ms)
                sum.newest_ms = read[k].ms;
        }
        assert_true(row->text_size <= (int64_t)LIST_CHUNK_MAX || row->items == 1);
        sum.text_size += row->text_size;
        sum.zstd_size += row->zstd_size;
        sum.gzip_size += row->gzip_size;
    }
    assert_int_equal(at, count);
    assert_int_equal(list->items, count);
    assert_int_equal(list->chunks, chunks.count);
    assert_int_equal(list->text_size, sum.text_size);
    assert_int_equal(list->zstd_size, sum.zstd_size);
    assert_int_equal(list->gzip_size, sum.gzip_size);
    assert_int_equal(list->newest_ms, sum.newest_ms);
}

void lists_assert_items(struct lists *f, const struct list_kind *kind,
                        const struct index_list_row *list, const struct chunk_item *items,
                        size_t count)
{
    AUTO(arena_closep) struct arena *mem = arena_open(64 * MIB);
    AUTO(list_builder_closep) struct list_builder *b = NULL;
    const struct list_store look = {.tx = f->tx, .blobs = f->store.blobs};
    struct index_list_row there;
    bool equal = false;

    assert_non_null(mem);
    assert_read_back(f, mem, kind, list, items, count);
    must(f, list_builder_open(&look, kind, &b, &f->err));
    for (size_t i = 0; i < count; i++)
        must(f, list_builder_add(b, &items[i], &f->err));
    must(f, list_builder_compare(b, list, &equal, &f->err));
    assert_true(equal);
    /* And what was told is what is written. */
    must(f, index_list_find(f->tx, mem, &f->place, kind->name, &there, &f->err));
    assert_int_equal(there.id, list->id);
    assert_true(list_totals_equal(&there, list));
}

void lists_flush(struct lists *f)
{
    must(f, blob_batch_flush(f->batch, &f->err));
}

int64_t lists_garbage(struct lists *f)
{
    static const struct stmt take[] = {{"take_garbage", "DELETE FROM index_garbage", "", ""},
                                       {"take_past", "DELETE FROM index_past_chunk", "", ""}};
    int64_t garbage = 0, past = 0;

    must(f, db_exec(f->tx, &take[0], DB_NO_ARGS, &garbage, &f->err));
    must(f, db_exec(f->tx, &take[1], DB_NO_ARGS, &past, &f->err));
    return garbage + past;
}
