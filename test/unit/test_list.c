/* Lists that are changed item by item are those that all their items give, and no more of them is
 * rewritten than a change touches. */
#include "core_fixture.h"
#include "list_fixture.h"

#include "base/mem.h"

static const struct list_kind often = {{"often", 5}, {{",", 1}, true}, 2};
static const struct list_kind seldom = {{"seldom", 6}, {{", ", 2}, true}, 20};
static const struct list_kind plain = {{"plain", 5}, {{"", 0}, false}, 3};

/* ---- random changes ---- */

enum { KEYS = 60 };

/* What a list should hold: of each key an item, or none. */
struct model {
    struct chunk_item items[KEYS]; /* sorted; their texts are the model's */
    bool there[KEYS];
};
struct run {
    struct lists *f;
    const struct list_kind *kind;
    size_t steps, long_in; /* one text in so many is long */
    struct model m;
    struct index_list_row list;
};

/* Some fill a chunk with few others, or alone, or are longer than one may be. */
static size_t a_length(struct run *r)
{
    struct chance *c = &r->f->chance;

    if (!chance_one_in(c, r->long_in))
        return chance_below(c, 300);
    switch (chance_below(c, 4)) {
    case 0:
        return LIST_CHUNK_MAX - 40 + chance_below(c, 60);
    case 1:
        return LIST_CHUNK_MAX + chance_below(c, LIST_CHUNK_MAX);
    case 2:
        return LIST_CHUNK_MAX / 2 - 40 + chance_below(c, 60);
    default:
        return chance_below(c, LIST_CHUNK_MAX / 3);
    }
}

/* Which keys change: mostly one or two, the first and the last more often than others, sometimes
 * all. */
static void some_keys(struct chance *c, bool out[KEYS])
{
    size_t wanted = chance_one_in(c, 4) ? 1 + chance_below(c, 12) : 1 + chance_below(c, 2);
    bool all = chance_one_in(c, 30) || c->step % 200 == 199;

    memset(out, all, KEYS * sizeof *out);
    for (size_t i = 0; i < wanted; i++)
        out[chance_one_in(c, 10)   ? 0
            : chance_one_in(c, 10) ? KEYS - 1
                                   : chance_below(c, KEYS)] = true;
}

static void set_text(struct run *r, struct arena *mem, struct chunk_item *item)
{
    struct arena *keep = r->f->mem;
    struct str text;

    r->f->mem = mem;
    text = lists_item(r->f, item->key.ptr, a_length(r), item->ms).text;
    r->f->mem = keep;
    mem_free((void *)(uintptr_t)item->text.ptr);
    item->text = (struct str){mem_dup(text.ptr, text.len), text.len};
    assert_non_null(item->text.ptr);
}

/* gone: of ten changes, so many remove an item. */
static void change_some(struct run *r, struct arena *mem, size_t gone)
{
    struct chance *c = &r->f->chance;
    struct list_change changes[KEYS];
    bool chosen[KEYS];
    size_t count = 0;

    some_keys(c, chosen);
    for (size_t i = 0; i < KEYS; i++) {
        struct chunk_item *item = &r->m.items[i];

        if (!chosen[i])
            continue;
        if (chance_below(c, 10) < gone) {
            r->m.there[i] = false;
        } else {
            if (chance_one_in(c, 2))
                item->ms = (int64_t)chance_below(c, 1000);
            if (!chance_one_in(c, 8) || !item->text.ptr) /* now and then the same again */
                set_text(r, mem, item);
            r->m.there[i] = true;
        }
        changes[count++] = (struct list_change){*item, !r->m.there[i]};
    }
    must(r->f, list_apply(&r->f->store, mem, r->kind, &r->list, changes, count, &r->f->err));
    /* What was told outlives the memory that it was told in. */
    r->list.mark = str_dup(r->f->mem, r->list.mark);
}

static void assert_model(struct run *r)
{
    struct chunk_item items[KEYS];
    size_t count = 0;

    for (size_t i = 0; i < KEYS; i++)
        if (r->m.there[i])
            items[count++] = r->m.items[i];
    lists_assert_items(r->f, r->kind, &r->list, items, count);
}

static void run_steps(struct lists *f, const struct list_kind *kind, uint64_t seed, size_t steps,
                      size_t long_in)
{
    struct run r = {.f = f, .kind = kind, .steps = steps, .long_in = long_in};
    size_t gone = 3, empty = 0;

    chance_begin(&f->chance, seed);
    for (size_t i = 0; i < KEYS; i++) {
        char prefix[16];
        bool cuts = kind->cut_bits < 10 && chance_one_in(&f->chance, 3);

        (void)snprintf(prefix, sizeof prefix, "%02zu-", i);
        r.m.items[i].key = lists_key(f, kind, prefix, cuts);
    }
    r.list = lists_list(f, kind);
    assert_model(&r);
    for (f->chance.step = 0; f->chance.step < steps; f->chance.step++) {
        AUTO(arena_closep) struct arena *mem = arena_open(128 * MIB);

        assert_non_null(mem);
        if (chance_one_in(&f->chance, 25)) /* it grows for a while, and shrinks again */
            gone = 1 + chance_below(&f->chance, 10);
        change_some(&r, mem, f->chance.step % 200 == 199 ? 10 : gone);
        assert_model(&r);
        empty += !r.list.items;
    }
    assert_true(empty > 0); /* that, too, was met */
    for (size_t i = 0; i < KEYS; i++)
        mem_free((void *)(uintptr_t)r.m.items[i].text.ptr);
    f->chance.over = true;
}

static void a_list_with_many_cuts_is_what_its_items_give(void **state)
{
    run_steps(*state, &often, 1, 2000, 500);
}

static void a_list_that_is_cut_by_size_is_what_its_items_give(void **state)
{
    run_steps(*state, &seldom, 2, 600, 8);
}

static void a_list_of_both_kinds_of_cuts_is_what_its_items_give(void **state)
{
    run_steps(*state, &plain, 3, 1000, 20);
}

/* ---- what a change costs ---- */

enum { MANY = 400 };

static int by_key(const void *a, const void *b)
{
    const struct chunk_item *x = a, *y = b;

    return str_cmp(x->key, y->key);
}

/* A list of many small items, sorted. */
static struct index_list_row fill(struct lists *f, const struct list_kind *kind,
                                  struct chunk_item items[MANY])
{
    struct list_change changes[MANY];
    struct index_list_row list = lists_list(f, kind);

    for (size_t i = 0; i < MANY; i++)
        items[i] = lists_item(f, str_fmt(f->mem, "x-%zu.conda", i).ptr, 50, (int64_t)i);
    qsort(items, MANY, sizeof *items, by_key);
    for (size_t i = 0; i < MANY; i++)
        changes[i] = (struct list_change){.item = items[i]};
    lists_apply(f, kind, &list, changes, MANY);
    assert_true(list.chunks > 20);
    lists_assert_items(f, kind, &list, items, MANY);
    (void)lists_garbage(f);
    return list;
}

/* How many of the old chunks are not among the new ones, and the other way round. */
static void count_others(const struct index_chunk_list *old, const struct index_chunk_list *now,
                         size_t *ret_removed, size_t *ret_added)
{
    size_t same = 0;

    for (size_t i = 0; i < old->count; i++)
        for (size_t k = 0; k < now->count; k++)
            same += old->rows[i].id == now->rows[k].id;
    *ret_removed = old->count - same;
    *ret_added = now->count - same;
}

static void a_change_rewrites_one_chunk(void **state)
{
    struct lists *f = *state;
    struct chunk_item items[MANY];
    struct index_list_row list = fill(f, &often, items);

    for (size_t i = 0; i < MANY; i++) {
        struct index_chunk_list old = lists_chunks(f, &list), now;
        size_t removed, added;

        items[i] = lists_item(f, str_z(f->mem, items[i].key), 60, 999);
        lists_put(f, &often, &list, items[i]);
        now = lists_chunks(f, &list);
        count_others(&old, &now, &removed, &added);
        assert_int_equal(removed, 1);
        assert_int_equal(added, 1);
        assert_int_equal(lists_garbage(f), 1);
    }
    lists_assert_items(f, &often, &list, items, MANY);
}

/* What keys begin with that come after the second item of a chunk, which is not its last. */
static const char *inside_a_chunk(struct lists *f, const struct index_list_row *list,
                                  const struct chunk_item items[MANY])
{
    struct index_chunk_list chunks = lists_chunks(f, list);
    size_t at = 0, i = 0;

    for (; chunks.rows[i].items < 4; i++)
        at += (size_t)chunks.rows[i].items;
    return str_fmt(f->mem, STR_FMT ".", STR_ARG(items[at + 1].key)).ptr;
}

/* An item that does not cut comes into one chunk and goes out of it; one that does parts a chunk in
 * two, and joins them when it goes. */
static void what_comes_and_goes_rewrites_what_it_touches(void **state)
{
    struct lists *f = *state;
    struct chunk_item items[MANY];
    struct index_list_row list = fill(f, &often, items);
    struct index_list_row before = list;

    for (int cuts = 0; cuts < 2; cuts++) {
        struct str key = lists_key(f, &often, inside_a_chunk(f, &list, items), cuts);
        struct index_chunk_list old = lists_chunks(f, &list), now;
        size_t removed, added;

        lists_put(f, &often, &list, lists_item(f, str_z(f->mem, key), 50, 1));
        now = lists_chunks(f, &list);
        count_others(&old, &now, &removed, &added);
        assert_int_equal(removed, 1);
        assert_int_equal(added, 1 + cuts);
        assert_int_equal(list.chunks, before.chunks + cuts);
        assert_false(str_eq(list.mark, before.mark));
        lists_drop(f, &often, &list, key);
        old = lists_chunks(f, &list);
        count_others(&now, &old, &removed, &added);
        assert_int_equal(removed, 1 + cuts);
        assert_int_equal(added, 1);
        assert_true(list_totals_equal(&list, &before));
    }
    lists_assert_items(f, &often, &list, items, MANY);
}

/* What is so already, or is not there to go, changes no row. */
static void what_changes_nothing_writes_nothing(void **state)
{
    struct lists *f = *state;
    struct chunk_item items[MANY];
    struct index_list_row list = fill(f, &often, items), before = list;
    struct index_chunk_list old = lists_chunks(f, &list), now;
    struct list_change changes[MANY];
    size_t removed, added;

    for (size_t i = 0; i < MANY; i++)
        changes[i] = (struct list_change){.item = items[i]};
    lists_apply(f, &often, &list, changes, MANY);
    lists_apply(f, &often, &list, changes, 0);
    lists_drop(f, &often, &list, S("x-1"));
    lists_drop(f, &often, &list, S("a"));
    lists_drop(f, &often, &list, S("z"));
    now = lists_chunks(f, &list);
    count_others(&old, &now, &removed, &added);
    assert_int_equal(removed + added, 0);
    assert_int_equal(lists_garbage(f), 0);
    assert_true(list_totals_equal(&list, &before));
}

/* The same text at another time is another item. */
static void the_time_of_an_item_is_part_of_it(void **state)
{
    struct lists *f = *state;
    struct index_list_row list = lists_list(f, &plain), before;
    struct chunk_item item = lists_item(f, "k", 30, 5);

    lists_put(f, &plain, &list, item);
    before = list;
    item.ms = 6;
    lists_put(f, &plain, &list, item);
    assert_int_equal(list.newest_ms, 6);
    assert_int_equal(list.text_size, before.text_size);
    assert_false(str_eq(list.mark, before.mark));
    item.ms = 5; /* and the newest can go back */
    lists_put(f, &plain, &list, item);
    assert_true(list_totals_equal(&list, &before));
}

/* Also without order among the windows: changes at both ends and between, in one call. */
static void many_changes_at_once_touch_their_own_chunks(void **state)
{
    struct lists *f = *state;
    struct chunk_item items[MANY];
    struct index_list_row list = fill(f, &often, items);
    struct index_chunk_list old = lists_chunks(f, &list), now;
    struct list_change changes[3];
    static const size_t at[] = {0, MANY / 2, MANY - 1};
    size_t removed, added;

    for (size_t i = 0; i < COUNT(at); i++) {
        items[at[i]] = lists_item(f, str_z(f->mem, items[at[i]].key), 70, 999);
        changes[i] = (struct list_change){.item = items[at[i]]};
    }
    lists_apply(f, &often, &list, changes, COUNT(at));
    now = lists_chunks(f, &list);
    count_others(&old, &now, &removed, &added);
    assert_int_equal(removed, 3);
    assert_int_equal(added, 3);
    lists_assert_items(f, &often, &list, items, MANY);
}

/* ---- which list a view has ---- */

static struct index_place place_of(const struct lists *f, enum access_level access)
{
    struct index_place place = f->place;

    place.access = access;
    return place;
}

static enum err_code shown(struct lists *f, enum access_level view, struct index_list_row *ret,
                           enum access_level *ret_access)
{
    const struct index_place place = place_of(f, view);

    return list_shown(f->tx, f->mem, &place, &often, ret, ret_access, &f->err);
}

static void a_view_without_a_list_shows_the_narrower_one(void **state)
{
    struct lists *f = *state;
    const struct index_place wide = place_of(f, ACCESS_PRIVATE);
    enum access_level access = ACCESS_PRIVATE;
    struct index_list_row list, row = {.id = 99}, own;

    assert_int_equal(shown(f, ACCESS_PRIVATE, &row, &access), ERR_NOT_FOUND);
    assert_int_equal(row.id, 99); /* untouched */
    list = lists_list(f, &often);
    assert_str(list.mark, "0000000000000000000000000000000000000000000000000000000000000000");
    lists_put(f, &often, &list, lists_item(f, "k", 30, 5));
    for (unsigned v = 0; v < ACCESS_LEVELS; v++) {
        must(f, shown(f, (enum access_level)v, &row, &access));
        assert_int_equal(row.id, list.id);
        assert_int_equal(access, ACCESS_PUBLIC);
        assert_true(list_totals_equal(&row, &list));
    }
    /* Its own begins with what that has, and goes its own way. */
    must(f, list_open(&f->store, f->mem, &wide, &often, &own, &f->err));
    assert_true(own.id != list.id);
    assert_true(list_totals_equal(&own, &list));
    assert_int_equal(lists_chunks(f, &own).count, 1);
    assert_true(
        str_eq(lists_chunks(f, &own).rows[0].sha256, lists_chunks(f, &list).rows[0].sha256));
    must(f, list_open(&f->store, f->mem, &wide, &often, &row, &f->err));
    assert_int_equal(row.id, own.id);
    lists_put(f, &often, &own, lists_item(f, "l", 30, 6));
    must(f, shown(f, ACCESS_PRIVATE, &row, &access));
    assert_int_equal(row.id, own.id);
    assert_int_equal(row.items, 2);
    assert_int_equal(access, ACCESS_PRIVATE);
    must(f, shown(f, ACCESS_AUTHENTICATED, &row, &access));
    assert_int_equal(row.id, list.id);
    assert_int_equal(row.items, 1);
    assert_int_equal(access, ACCESS_PUBLIC);
}

/* ---- failures ---- */

static enum err_code try_put(struct lists *f, struct index_list_row *list, struct arena *mem)
{
    const struct list_change change = {.item = lists_item(f, "x-5.conda", 44, 7)};

    return list_apply(&f->store, mem, &often, list, &change, 1, &f->err);
}

static void a_chunk_that_is_missing_or_damaged_is_told(void **state)
{
    struct lists *f = *state;
    struct chunk_item items[MANY];
    struct index_list_row list = fill(f, &often, items), before = list;
    struct index_chunk_list chunks = lists_chunks(f, &list);

    lists_flush(f);
    for (size_t i = 0; i < chunks.count; i++) {
        struct str sha256 = chunks.rows[i].sha256;
        struct str bytes = core_read_blob(f->core, sha256);

        ((char *)(uintptr_t)bytes.ptr)[bytes.len / 2] ^= 1;
        core_break_blob(f->core, sha256, bytes);
    }
    assert_int_equal(try_put(f, &list, f->mem), ERR_IO);
    for (size_t i = 0; i < chunks.count; i++)
        core_break_blob(f->core, chunks.rows[i].sha256, S("short"));
    assert_int_equal(try_put(f, &list, f->mem), ERR_IO);
    for (size_t i = 0; i < chunks.count; i++)
        must(f, blob_remove(f->store.blobs, chunks.rows[i].sha256, &f->err));
    assert_int_equal(try_put(f, &list, f->mem), ERR_IO);
    assert_true(list_totals_equal(&list, &before)); /* untouched */
    list.mark = S("no mark");
    assert_int_equal(try_put(f, &list, f->mem), ERR_IO);
}

/* Each allocation fails in turn; a failure is told, and what was told before stays as it was. */
static void lack_of_memory_is_told(void **state)
{
    struct lists *f = *state;
    struct chunk_item items[MANY];
    struct index_list_row list = fill(f, &often, items), before = list;
    enum err_code code = ERR_NOMEM;

    lists_flush(f);
    must(f, tx_commit(&f->tx, &f->err));
    for (long n = 1; code; n++) {
        AUTO(arena_closep) struct arena *mem = arena_open(MIB);
        const struct list_change change = {.item = lists_item(f, "x-5.conda", 44, 7)};

        f->tx = core_begin(f->core, TX_WRITE);
        f->store.tx = f->tx;
        mem_fail_at(n);
        code = list_apply(&f->store, mem, &often, &list, &change, 1, &f->err);
        mem_fail_at(0);
        tx_endp(&f->tx);
        f->tx = NULL;
        assert_true(code == OK || code == ERR_NOMEM);
        assert_int_equal(list_totals_equal(&list, &before), code != OK);
        assert_true(n < 5000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LISTS(a_list_with_many_cuts_is_what_its_items_give),
        WITH_LISTS(a_list_that_is_cut_by_size_is_what_its_items_give),
        WITH_LISTS(a_list_of_both_kinds_of_cuts_is_what_its_items_give),
        WITH_LISTS(a_change_rewrites_one_chunk),
        WITH_LISTS(what_comes_and_goes_rewrites_what_it_touches),
        WITH_LISTS(what_changes_nothing_writes_nothing),
        WITH_LISTS(the_time_of_an_item_is_part_of_it),
        WITH_LISTS(many_changes_at_once_touch_their_own_chunks),
        WITH_LISTS(a_view_without_a_list_shows_the_narrower_one),
        WITH_LISTS(a_chunk_that_is_missing_or_damaged_is_told),
        WITH_LISTS(lack_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
