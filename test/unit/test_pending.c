/* What is noted until it is written: by sums of what was noted of each thing. */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "base/pending.h"

enum { CHAINS = 4 }; /* fewer than there are keys in a table: chains are long */

struct sum {
    struct pending_note note;
    int colour;
    int64_t amount;
};

static bool same_colour(const struct pending_note *a, const struct pending_note *b)
{
    return ((const struct sum *)a)->colour == ((const struct sum *)b)->colour;
}

static void add(struct pending_note *kept, const struct pending_note *note)
{
    ((struct sum *)kept)->amount += ((const struct sum *)note)->amount;
}

static void lose(void *user, const struct pending_note *note)
{
    atomic_fetch_add((atomic_long *)user, (long)((const struct sum *)note)->amount);
}

static const struct pending_kind kind = {CHAINS, same_colour, add, lose};

static void note(struct pending *p, int64_t key, int colour, int64_t amount)
{
    struct sum *s = mem_new(struct sum);

    assert_non_null(s);
    *s = (struct sum){.note = {.key = key}, .colour = colour, .amount = amount};
    pending_keep(p, &s->note);
}

/* What was written: by key and colour. */
enum { KEYS = 100, COLOURS = 2 };
struct book {
    int64_t amount[KEYS][COLOURS];
    int lines;              /* notes that were written */
    int calls;              /* of write */
    int most;               /* notes that one call writes; 0: all */
    int fails_at;           /* this call of write fails; 0: none */
    struct pending *noting; /* gets a note of its own during each call */
};

static enum err_code write_down(void *ctx, struct pending_note *list,
                                struct pending_note **ret_rest, struct err *err)
{
    struct book *b = ctx;

    assert_non_null(list);
    if (++b->calls == b->fails_at)
        return fail(err, ERR_IO, "the book is closed");
    if (b->noting)
        note(b->noting, list->key, 0, 1000);
    for (int n = 0; list && (!b->most || n < b->most); n++, list = list->next) {
        const struct sum *s = (const struct sum *)list;

        assert_in_range(list->key, 0, KEYS - 1);
        b->amount[list->key][s->colour] += s->amount;
        b->lines++;
    }
    *ret_rest = list;
    return OK;
}

static void flush(struct pending *p, struct book *b)
{
    struct err err = {0};

    assert_int_equal(pending_flush(p, write_down, b, &err), OK);
}

static struct pending *opened(size_t max, atomic_long *lost)
{
    struct pending *p = pending_open(&kind, max, lost);

    assert_non_null(p);
    return p;
}

static void notes_of_the_same_thing_are_one(void **state)
{
    struct book b = {0};
    struct pending *p = opened(1000, NULL);
    const struct sum more = {.note = {.key = 5}, .colour = 1, .amount = 40};
    const struct sum other = {.note = {.key = 5 + PENDING_TABLES}, .colour = 1, .amount = 40};

    (void)state;
    note(p, 5, 0, 1);
    note(p, 5, 1, 2);
    note(p, 5, 0, 10);
    assert_true(pending_merge(p, &more.note));
    assert_false(pending_merge(p, &other.note));
    flush(p, &b);
    assert_int_equal(b.amount[5][0], 11);
    assert_int_equal(b.amount[5][1], 42);
    assert_int_equal(b.lines, 2);
    /* What is written is not kept. */
    assert_false(pending_merge(p, &more.note));
    flush(p, &b);
    assert_int_equal(b.lines, 2);
    pending_close(p);
}

static void where_no_two_differ_the_key_is_the_thing(void **state)
{
    static const struct pending_kind by_key = {.chains = CHAINS, .merge = add};
    struct book b = {0};
    struct pending *p = pending_open(&by_key, 1000, NULL);

    (void)state;
    assert_non_null(p);
    note(p, 5, 0, 1);
    note(p, 5, 1, 2);
    flush(p, &b);
    assert_int_equal(b.amount[5][0], 3);
    assert_int_equal(b.lines, 1);
    pending_close(p);
}

static void a_table_is_written_piece_by_piece(void **state)
{
    struct book b = {.most = 3};
    struct pending *p = opened(1000, NULL);

    (void)state;
    for (int i = 0; i < 7; i++)
        note(p, i * PENDING_TABLES % KEYS, i % COLOURS, 1);
    note(p, 1, 0, 1);
    flush(p, &b);
    assert_int_equal(b.lines, 8);
    assert_int_equal(b.calls, 3 + 1);
    pending_close(p);
}

/* The tables after the one that failed are not even tried. */
static void what_fails_is_written_the_next_time(void **state)
{
    struct book b = {.most = 2, .fails_at = 2};
    struct pending *p = opened(1000, NULL);
    struct err err = {0};

    (void)state;
    for (int64_t key = 0; key < KEYS; key += PENDING_TABLES)
        note(p, key, 0, key + 1);
    note(p, 1, 1, 50);
    assert_int_equal(pending_flush(p, write_down, &b, &err), ERR_IO);
    assert_string_equal(err.msg, "the book is closed");
    assert_int_equal(b.lines, 2);
    assert_int_equal(b.calls, 2);
    note(p, 1, 1, 5);
    flush(p, &b);
    for (int64_t key = 0; key < KEYS; key += PENDING_TABLES)
        assert_int_equal(b.amount[key][0], key + 1);
    assert_int_equal(b.amount[1][1], 55);
    pending_close(p);
}

/* Else noting would wait for the database. */
static void no_lock_is_held_while_it_is_written(void **state)
{
    struct book b = {0};
    struct pending *p = opened(1000, NULL);

    (void)state;
    note(p, 7, 0, 1);
    b.noting = p;
    flush(p, &b);
    assert_int_equal(b.amount[7][0], 1);
    b.noting = NULL;
    flush(p, &b);
    assert_int_equal(b.amount[7][0], 1001);
    pending_close(p);
}

static void there_is_room_for_so_many(void **state)
{
    enum { ROOM = 3 };
    struct book b = {0};
    atomic_long lost = 0;
    struct pending *p = opened(ROOM * PENDING_TABLES, &lost);

    (void)state;
    for (int i = 0; i < 5; i++)
        note(p, i * PENDING_TABLES, 0, 10 + i);
    assert_int_equal(lost, 13 + 14);
    note(p, 0, 0, 100); /* what is kept already goes on */
    note(p, 1, 0, 1);   /* as do the other tables */
    assert_int_equal(lost, 13 + 14);
    flush(p, &b);
    assert_int_equal(b.lines, ROOM + 1);
    assert_int_equal(b.amount[0][0], 110);
    note(p, 3 * PENDING_TABLES, 0, 1);
    flush(p, &b);
    assert_int_equal(b.amount[3 * PENDING_TABLES][0], 1);
    pending_close(p);
}

static void closing_forgets_what_is_left(void **state)
{
    atomic_long lost = 0;
    struct pending *p = opened(1000, &lost);

    (void)state;
    note(p, 1, 0, 1);
    pending_close(p);
    assert_int_equal(lost, 0);
    pending_close(NULL);
}

static void each_lack_of_memory_is_survived(void **state)
{
    (void)state;
    for (long n = 1; n <= 1 + PENDING_TABLES; n++) {
        mem_fail_at(n);
        assert_null(pending_open(&kind, 1000, NULL));
    }
    mem_fail_at(0);
}

enum { ROUNDS = 20000, THREADS = 3 };

static void *note_many(void *pending)
{
    for (int i = 0; i < ROUNDS; i++) {
        const struct sum one = {.note = {.key = i % KEYS}, .colour = i % COLOURS, .amount = 1};

        if (!pending_merge(pending, &one.note))
            note(pending, one.note.key, one.colour, one.amount);
    }
    return NULL;
}

static void none_is_lost_while_threads_note_and_it_is_written(void **state)
{
    struct book b = {.most = 2};
    struct pending *p = opened(KEYS * COLOURS * PENDING_TABLES, NULL);
    pthread_t threads[THREADS];
    int64_t sum = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, note_many, p), 0);
    for (int i = 0; i < 200; i++) {
        struct err err = {0};

        b.fails_at = b.calls + 3; /* some flush fails, and keeps while others note */
        if (pending_flush(p, write_down, &b, &err))
            assert_int_equal(err.code, ERR_IO);
    }
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    b.fails_at = 0;
    flush(p, &b);
    for (size_t key = 0; key < KEYS; key++)
        for (size_t colour = 0; colour < COLOURS; colour++)
            sum += b.amount[key][colour];
    assert_int_equal(sum, (int64_t)ROUNDS * THREADS);
    pending_close(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_of_the_same_thing_are_one),
        cmocka_unit_test(where_no_two_differ_the_key_is_the_thing),
        cmocka_unit_test(a_table_is_written_piece_by_piece),
        cmocka_unit_test(what_fails_is_written_the_next_time),
        cmocka_unit_test(no_lock_is_held_while_it_is_written),
        cmocka_unit_test(there_is_room_for_so_many),
        cmocka_unit_test(closing_forgets_what_is_left),
        cmocka_unit_test(each_lack_of_memory_is_survived),
        cmocka_unit_test(none_is_lost_while_threads_note_and_it_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
