/* Rows of lists and of their chunks: those that are there, and those that were. */
#include "store_fixture.h"

#include "store/generation.h"
#include "store/index_list.h"

static struct index_place noarch(int64_t account, enum access_level access)
{
    return (struct index_place){account, S("main"), access, S("noarch")};
}

static int64_t add_list(struct fixture *f, struct tx *tx, const struct index_place *place,
                        const char *name, const struct index_list_row *like)
{
    const struct index_list_row empty = {.mark = INDEX_MARK_EMPTY};
    int64_t id = 0;

    must(f, index_list_add(tx, place, str_of(name), like ? like : &empty, &id, &f->err));
    return id;
}

static void add_chunk(struct fixture *f, struct tx *tx, int64_t list, const char *key, char letter,
                      int64_t since)
{
    const struct index_chunk_row row = {.first_key = str_of(key),
                                        .sha256 = digest_of(f->mem, letter),
                                        .size = 1,
                                        .items = 2,
                                        .text_size = 3,
                                        .zstd_size = 4,
                                        .gzip_size = 5,
                                        .text_crc = 6,
                                        .newest_ms = letter,
                                        .since = since};

    must(f, index_chunk_add(tx, list, &row, &f->err));
}

static struct index_chunk_row chunk_at(struct fixture *f, struct tx *tx, int64_t list,
                                       const char *key)
{
    struct index_chunk_row row = {0};

    must(f, index_chunk_at(tx, f->mem, list, str_of(key), &row, &f->err));
    return row;
}

/* "b=x d=y": first keys, and the letters of digests. */
static struct str tell(struct fixture *f, const struct index_chunk_list *list)
{
    struct str text = S("");

    for (size_t i = 0; i < list->count; i++)
        text = str_fmt(f->mem, STR_FMT "%s" STR_FMT "=%c", STR_ARG(text), i ? " " : "",
                       STR_ARG(list->rows[i].first_key), list->rows[i].sha256.ptr[0]);
    return text;
}

static struct str all(struct fixture *f, struct tx *tx, int64_t list)
{
    struct index_chunk_list chunks = {0};

    must(f, index_chunk_all(tx, f->mem, list, &chunks, &f->err));
    return tell(f, &chunks);
}

static struct str all_at(struct fixture *f, struct tx *tx, int64_t list, int64_t generation)
{
    struct index_chunk_list chunks = {0};

    must(f, index_chunk_all_at(tx, f->mem, list, generation, &chunks, &f->err));
    return tell(f, &chunks);
}

/* "abc": the letters of digests. */
static struct str garbage(struct fixture *f, struct tx *tx)
{
    static const struct stmt s = {"garbage", "SELECT sha256 FROM index_garbage ORDER BY sha256", "",
                                  "t"};
    AUTO(rows_endp) struct rows *rows = NULL;
    struct str text = S("");

    must(f, db_query(tx, &s, DB_NO_ARGS, &rows, &f->err));
    while (rows_next(rows))
        text = str_fmt(f->mem, STR_FMT "%c", STR_ARG(text), rows_text(rows, 0).ptr[0]);
    must(f, rows_error(rows, &f->err));
    return text;
}

static struct str sweep(struct fixture *f, struct tx *tx, int64_t before_ms, int64_t max)
{
    struct digest_list digests = {0};
    struct str text = S("");

    must(f, index_chunk_sweep(tx, f->mem, before_ms, max, &digests, &f->err));
    for (size_t i = 0; i < digests.count; i++)
        text = str_fmt(f->mem, STR_FMT "%c", STR_ARG(text), digests.items[i].ptr[0]);
    return text;
}

static struct str join(struct fixture *f, const struct name_list *names)
{
    struct str text = S("");

    for (size_t i = 0; i < names->count; i++)
        text = str_fmt(f->mem, STR_FMT "%s" STR_FMT, STR_ARG(text), i ? " " : "",
                       STR_ARG(names->names[i]));
    return text;
}

/* ---- lists ---- */

static void a_list_is_found_where_it_was_made(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob"), id;
    struct index_place place = noarch(alice, ACCESS_AUTHENTICATED), other = place;
    struct index_list_row row = {0}, set;
    bool any = true;

    must(f, index_list_any(tx, &place, S("page"), &any, &f->err));
    assert_false(any);
    id = add_list(f, tx, &place, "page", NULL);
    must(f, index_list_find(tx, f->mem, &place, S("page"), &row, &f->err));
    assert_int_equal(row.id, id);
    assert_int_equal(row.items + row.chunks + row.text_size + row.newest_ms + row.since, 0);
    assert_true(str_eq(row.mark, INDEX_MARK_EMPTY));
    set = (struct index_list_row){id, 1, 2, 3, 4, 5, 6, digest_of(f->mem, 'm'), 99};
    must(f, index_list_set(tx, &set, &f->err));
    must(f, index_list_find(tx, f->mem, &place, S("page"), &row, &f->err));
    assert_int_equal(row.items, 1);
    assert_int_equal(row.chunks, 2);
    assert_int_equal(row.text_size, 3);
    assert_int_equal(row.zstd_size, 4);
    assert_int_equal(row.gzip_size, 5);
    assert_int_equal(row.newest_ms, 6);
    assert_int_equal(row.mark.ptr[0], 'm');
    assert_int_equal(row.since, 0); /* that never changes */
    other.access = ACCESS_PUBLIC;
    must(f, index_list_any(tx, &other, S("page"), &any, &f->err));
    assert_true(any); /* access is not asked for */
    assert_int_equal(index_list_find(tx, f->mem, &other, S("page"), &row, NULL), ERR_NOT_FOUND);
    assert_int_equal(index_list_find(tx, f->mem, &place, S("shards"), &row, NULL), ERR_NOT_FOUND);
    other = noarch(bob, ACCESS_AUTHENTICATED);
    assert_int_equal(index_list_find(tx, f->mem, &other, S("page"), &row, NULL), ERR_NOT_FOUND);
    tx_endp(&tx);
}

static void a_view_has_a_list_if_that_has_items(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    const struct index_place place = noarch(add_account(f, tx, "alice"), ACCESS_PUBLIC),
                             wider = noarch(place.account_id, ACCESS_PRIVATE);
    struct index_list_row row = {.items = 1, .chunks = 0, .mark = INDEX_MARK_EMPTY};
    bool any = true;

    (void)add_list(f, tx, &place, "page", NULL);
    must(f, index_list_in_view(tx, &place, &any, &f->err));
    assert_false(any);
    (void)add_list(f, tx, &place, "shards", &row);
    must(f, index_list_in_view(tx, &place, &any, &f->err));
    assert_true(any);
    must(f, index_list_in_view(tx, &wider, &any, &f->err));
    assert_false(any);
    tx_endp(&tx);
}

static void a_list_like_another_has_its_chunks_from_then_on(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    const struct index_place place = noarch(add_account(f, tx, "alice"), ACCESS_PUBLIC),
                             wider = noarch(place.account_id, ACCESS_PRIVATE);
    int64_t first = add_list(f, tx, &place, "page", NULL), second;
    struct index_list_row like = {first, 4, 2, 6, 8, 10, 98, digest_of(f->mem, 'm'), 3}, row = {0};
    struct index_chunk_row chunk;

    add_chunk(f, tx, first, "b", 'a', 1);
    add_chunk(f, tx, first, "d", 'b', 2);
    second = add_list(f, tx, &wider, "page", &like);
    must(f, index_list_find(tx, f->mem, &wider, S("page"), &row, &f->err));
    assert_int_equal(row.id, second);
    assert_int_equal(row.items, 4);
    assert_int_equal(row.since, 3);
    assert_str(all(f, tx, second), "b=a d=b");
    assert_str(all_at(f, tx, second, 3), "b=a d=b");
    assert_str(all_at(f, tx, second, 2), "");
    chunk = chunk_at(f, tx, second, "z");
    assert_str(chunk.first_key, "d");
    assert_int_equal(chunk.size, 1);
    assert_int_equal(chunk.items, 2);
    assert_int_equal(chunk.text_size, 3);
    assert_int_equal(chunk.zstd_size, 4);
    assert_int_equal(chunk.gzip_size, 5);
    assert_int_equal(chunk.text_crc, 6);
    assert_int_equal(chunk.newest_ms, 'b');
    assert_int_equal(chunk.since, 3);
    assert_int_equal(chunk_at(f, tx, first, "z").since, 2); /* as it was */
    tx_endp(&tx);
}

static void subdirs_are_those_that_a_view_has_items_in(void **state)
{
    static const struct {
        const char *subdir;
        enum access_level access;
        int64_t items;
    } lists[] = {
        {"noarch", ACCESS_PUBLIC, 1},  {"linux-64", ACCESS_AUTHENTICATED, 1},
        {"osx-64", ACCESS_PRIVATE, 1}, {"win-64", ACCESS_PUBLIC, 0},
        {"", ACCESS_PUBLIC, 1},        {"noarch", ACCESS_PRIVATE, 2},
    };
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct index_place place = noarch(add_account(f, tx, "alice"), ACCESS_PUBLIC);
    struct name_list names = {0};

    for (size_t i = 0; i < COUNT(lists); i++) {
        const struct index_list_row row = {.items = lists[i].items, .mark = INDEX_MARK_EMPTY};

        place.subdir = str_of(lists[i].subdir);
        place.access = lists[i].access;
        (void)add_list(f, tx, &place, "page", &row);
    }
    place.access = ACCESS_PUBLIC;
    must(f, index_list_subdirs(tx, f->mem, &place, S("page"), &names, &f->err));
    assert_str(join(f, &names), " noarch");
    place.access = ACCESS_AUTHENTICATED;
    must(f, index_list_subdirs(tx, f->mem, &place, S("page"), &names, &f->err));
    assert_str(join(f, &names), " linux-64 noarch");
    place.access = ACCESS_PRIVATE;
    must(f, index_list_subdirs(tx, f->mem, &place, S("page"), &names, &f->err));
    assert_str(join(f, &names), " linux-64 noarch osx-64");
    must(f, index_list_subdirs(tx, f->mem, &place, S("shards"), &names, &f->err));
    assert_int_equal(names.count, 0);
    must(f, index_list_places(tx, f->mem, place.account_id, S("main"), &names, &f->err));
    assert_str(join(f, &names), "linux-64 noarch osx-64 win-64");
    must(f, index_list_places(tx, f->mem, place.account_id, S("dev"), &names, &f->err));
    assert_int_equal(names.count, 0);
    tx_endp(&tx);
}

static struct str subdirs_at(struct fixture *f, struct tx *tx, const struct index_place *place,
                             int64_t generation)
{
    struct name_list names = {0};

    must(f, index_list_subdirs_at(tx, f->mem, place, S("page"), generation, &names, &f->err));
    return join(f, &names);
}

static void subdirs_of_a_generation_are_those_that_had_chunks(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct index_place place = noarch(add_account(f, tx, "alice"), ACCESS_PUBLIC);
    int64_t first = add_list(f, tx, &place, "page", NULL), second;
    struct index_chunk_row row;

    place.subdir = S("linux-64");
    place.access = ACCESS_PRIVATE;
    second = add_list(f, tx, &place, "page", NULL);
    add_chunk(f, tx, first, "a", 'a', 2);
    add_chunk(f, tx, second, "a", 'b', 3);
    row = chunk_at(f, tx, first, "a");
    must(f, index_chunk_retire(tx, &row, 4, 100, &f->err));
    assert_str(subdirs_at(f, tx, &place, 1), "");
    assert_str(subdirs_at(f, tx, &place, 2), "noarch");
    assert_str(subdirs_at(f, tx, &place, 3), "linux-64 noarch");
    assert_str(subdirs_at(f, tx, &place, 4), "linux-64");
    place.access = ACCESS_AUTHENTICATED;
    assert_str(subdirs_at(f, tx, &place, 3), "noarch");
    tx_endp(&tx);
}

/* ---- chunks ---- */

static void neighbours_are_found_by_key(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    const struct index_place place = noarch(add_account(f, tx, "alice"), ACCESS_PUBLIC);
    int64_t list = add_list(f, tx, &place, "page", NULL);
    struct index_chunk_row row = {0};
    struct index_chunk_list newest = {0};

    add_chunk(f, tx, list, "d", 'y', 1);
    add_chunk(f, tx, list, "b", 'z', 1);
    add_chunk(f, tx, list, "D", 'x', 1); /* by bytes, whatever the language */
    assert_str(all(f, tx, list), "D=x b=z d=y");
    assert_str(chunk_at(f, tx, list, "c").first_key, "b");
    assert_str(chunk_at(f, tx, list, "b").first_key, "b");
    assert_int_equal(index_chunk_at(tx, f->mem, list, S("C"), &row, NULL), ERR_NOT_FOUND);
    must(f, index_chunk_before(tx, f->mem, list, S("b"), &row, &f->err));
    assert_str(row.first_key, "D");
    assert_int_equal(index_chunk_before(tx, f->mem, list, S("D"), &row, NULL), ERR_NOT_FOUND);
    must(f, index_chunk_after(tx, f->mem, list, S("b"), &row, &f->err));
    assert_str(row.first_key, "d");
    must(f, index_chunk_after(tx, f->mem, list, S(""), &row, &f->err));
    assert_str(row.first_key, "D");
    assert_int_equal(index_chunk_after(tx, f->mem, list, S("d"), &row, NULL), ERR_NOT_FOUND);
    must(f, index_chunk_newest(tx, f->mem, list, 2, &newest, &f->err));
    assert_str(tell(f, &newest), "b=z d=y");
    tx_endp(&tx);
}

static void a_chunk_that_is_removed_is_garbage(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    const struct index_place place = noarch(add_account(f, tx, "alice"), ACCESS_PUBLIC);
    int64_t list = add_list(f, tx, &place, "page", NULL);
    struct index_chunk_row row;

    add_chunk(f, tx, list, "a", 'a', 1);
    add_chunk(f, tx, list, "b", 'b', 1);
    row = chunk_at(f, tx, list, "a");
    must(f, index_chunk_remove(tx, &row, 70, &f->err));
    assert_str(all(f, tx, list), "b=b");
    assert_str(all_at(f, tx, list, 1), "b=b"); /* it was in no generation */
    assert_str(garbage(f, tx), "a");
    assert_str(sweep(f, tx, INT64_MAX, 9), "");
    tx_endp(&tx);
}

static void a_generation_has_its_chunks(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    const struct index_place place = noarch(add_account(f, tx, "alice"), ACCESS_PUBLIC);
    int64_t list = add_list(f, tx, &place, "page", NULL);
    struct index_chunk_row row;

    add_chunk(f, tx, list, "b", 'a', 0); /* of before there were generations */
    add_chunk(f, tx, list, "d", 'b', 2);
    row = chunk_at(f, tx, list, "b");
    must(f, index_chunk_retire(tx, &row, 3, 100, &f->err));
    add_chunk(f, tx, list, "a", 'c', 3); /* in its place, and what was behind it */
    add_chunk(f, tx, list, "c", 'd', 3);
    row = chunk_at(f, tx, list, "d");
    must(f, index_chunk_retire(tx, &row, 5, 200, &f->err));
    add_chunk(f, tx, list, "d", 'e', 5);
    assert_str(all_at(f, tx, list, 1), "b=a");
    assert_str(all_at(f, tx, list, 2), "b=a d=b");
    assert_str(all_at(f, tx, list, 3), "a=c c=d d=b");
    assert_str(all_at(f, tx, list, 4), "a=c c=d d=b");
    assert_str(all_at(f, tx, list, 5), "a=c c=d d=e");
    assert_str(all_at(f, tx, list, 6), "a=c c=d d=e");
    assert_str(all(f, tx, list), "a=c c=d d=e");
    assert_str(garbage(f, tx), "");
    assert_str(sweep(f, tx, 100, 9), "");
    assert_str(sweep(f, tx, 101, 9), "a");
    assert_str(all_at(f, tx, list, 2), "d=b");
    assert_str(sweep(f, tx, 201, 9), "b");
    assert_str(all(f, tx, list), "a=c c=d d=e");
    tx_endp(&tx);
}

static void a_sweep_takes_the_oldest_first(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    const struct index_place place = noarch(add_account(f, tx, "alice"), ACCESS_PUBLIC);
    int64_t list = add_list(f, tx, &place, "page", NULL);
    static const int64_t retired[] = {300, 100, 200};

    for (int64_t i = 0; i < 3; i++) {
        struct index_chunk_row row;

        add_chunk(f, tx, list, "a", (char)('a' + i), i);
        row = chunk_at(f, tx, list, "a");
        must(f, index_chunk_retire(tx, &row, i + 1, retired[i], &f->err));
    }
    assert_str(sweep(f, tx, INT64_MAX, 1), "b");
    assert_str(sweep(f, tx, INT64_MAX, 1), "c");
    assert_str(sweep(f, tx, INT64_MAX, 1), "a");
    assert_str(sweep(f, tx, INT64_MAX, 1), "");
    tx_endp(&tx);
}

/* ---- labels and accounts ---- */

static void a_label_is_emptied_and_keeps_its_past(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct index_place place = noarch(add_account(f, tx, "alice"), ACCESS_PUBLIC), other = place;
    int64_t list = add_list(f, tx, &place, "page", NULL), kept;
    struct index_list_row row = {list, 4, 2, 6, 8, 10, 98, digest_of(f->mem, 'm'), 0};

    must(f, index_list_set(tx, &row, &f->err));
    add_chunk(f, tx, list, "a", 'a', 1);
    add_chunk(f, tx, list, "b", 'b', 2); /* of the generation under way: nobody had it */
    other.label = S("dev");
    kept = add_list(f, tx, &other, "page", NULL);
    add_chunk(f, tx, kept, "a", 'c', 1);
    must(f, index_list_empty(tx, place.account_id, S("main"), 2, 100, &f->err));
    assert_str(all(f, tx, list), "");
    assert_str(all_at(f, tx, list, 1), "a=a");
    assert_str(all_at(f, tx, list, 2), "");
    assert_str(garbage(f, tx), "b");
    assert_str(all(f, tx, kept), "a=c");
    must(f, index_list_find(tx, f->mem, &place, S("page"), &row, &f->err));
    assert_int_equal(row.id, list);
    assert_int_equal(
        row.items + row.chunks + row.text_size + row.zstd_size + row.gzip_size + row.newest_ms, 0);
    assert_true(str_eq(row.mark, INDEX_MARK_EMPTY));
    assert_str(sweep(f, tx, 101, 9), "a");
    tx_endp(&tx);
}

static void an_account_leaves_its_bytes_as_garbage(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    const struct index_place place = noarch(add_account(f, tx, "alice"), ACCESS_PUBLIC),
                             other = noarch(add_account(f, tx, "bob"), ACCESS_PUBLIC);
    int64_t list = add_list(f, tx, &place, "page", NULL), kept;
    struct index_chunk_row row;

    add_chunk(f, tx, list, "a", 'a', 1);
    row = chunk_at(f, tx, list, "a");
    must(f, index_chunk_retire(tx, &row, 2, 100, &f->err));
    add_chunk(f, tx, list, "a", 'b', 2);
    kept = add_list(f, tx, &other, "page", NULL);
    add_chunk(f, tx, kept, "a", 'c', 1);
    must(f, account_discard_bytes(tx, place.account_id, 50, &f->err));
    must(f, account_delete(tx, place.account_id, &f->err));
    assert_str(garbage(f, tx), "ab");
    assert_str(all_at(f, tx, list, 1), "");
    assert_str(all(f, tx, list), "");
    assert_str(all(f, tx, kept), "a=c");
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(a_list_is_found_where_it_was_made),
        WITH_DATABASE(a_view_has_a_list_if_that_has_items),
        WITH_DATABASE(a_list_like_another_has_its_chunks_from_then_on),
        WITH_DATABASE(subdirs_are_those_that_a_view_has_items_in),
        WITH_DATABASE(subdirs_of_a_generation_are_those_that_had_chunks),
        WITH_DATABASE(neighbours_are_found_by_key),
        WITH_DATABASE(a_chunk_that_is_removed_is_garbage),
        WITH_DATABASE(a_generation_has_its_chunks),
        WITH_DATABASE(a_sweep_takes_the_oldest_first),
        WITH_DATABASE(a_label_is_emptied_and_keeps_its_past),
        WITH_DATABASE(an_account_leaves_its_bytes_as_garbage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
