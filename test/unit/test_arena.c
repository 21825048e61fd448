#include "unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

static void memory_is_zeroed_and_aligned(void **state)
{
    AUTO(arena_closep) struct arena *a = arena_open(MIB);

    (void)state;
    for (size_t i = 1; i < 2000; i++) {
        size_t align = (size_t)1 << i % 5;
        char *p = arena_alloc(a, i % 97, align);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % align, 0);
        for (size_t k = 0; k < i % 97; k++)
            assert_int_equal(p[k], 0);
        memset(p, 0xff, i % 97);
    }
}

static void allocations_do_not_overlap(void **state)
{
    AUTO(arena_closep) struct arena *a = arena_open(64 * MIB);
    unsigned char *p[600];

    (void)state;
    for (size_t i = 0; i < COUNT(p); i++) {
        p[i] = arena_alloc(a, i * 40, 1);
        assert_non_null(p[i]);
        memset(p[i], (int)(i & 0xff), i * 40);
    }
    for (size_t i = 0; i < COUNT(p); i++)
        for (size_t k = 0; k < i * 40; k++)
            assert_int_equal(p[i][k], i & 0xff);
}

static void cap_is_exact(void **state)
{
    AUTO(arena_closep) struct arena *a = arena_open(100);

    (void)state;
    assert_non_null(arena_alloc(a, 60, 1));
    assert_null(arena_alloc(a, 41, 1));
    assert_non_null(arena_alloc(a, 40, 1));
    assert_null(arena_alloc(a, 1, 1));
    assert_non_null(arena_alloc(a, 0, 1));
}

static void padding_counts(void **state)
{
    AUTO(arena_closep) struct arena *a = arena_open(33);

    (void)state;
    assert_non_null(arena_alloc(a, 1, 1));
    assert_null(arena_alloc(a, 18, 16)); /* 1 + 15 + 18 */
    assert_non_null(arena_alloc(a, 16, 16));
    assert_non_null(arena_alloc(a, 1, 1));
    assert_null(arena_alloc(a, 1, 1));
}

static void cap_holds_for_large_allocations(void **state)
{
    AUTO(arena_closep) struct arena *a = arena_open(10 * MIB);

    (void)state;
    mem_fail_at(0);
    assert_null(arena_alloc(a, 10 * MIB + 1, 1));
    assert_int_equal(mem_count(), 0); /* refused before the heap is asked */
    assert_non_null(arena_alloc(a, 4 * MIB, 1));
    assert_null(arena_alloc(a, SIZE_MAX, 16));
    assert_non_null(arena_alloc(a, 6 * MIB, 1));
    assert_null(arena_alloc(a, 1, 1));
}

static void array_size_cannot_overflow(void **state)
{
    AUTO(arena_closep) struct arena *a = arena_open(SIZE_MAX);
    uint64_t *numbers = arena_array(a, uint64_t, 10);

    (void)state;
    assert_non_null(numbers);
    numbers[9] = 1;
    assert_null(arena_alloc_array(a, SIZE_MAX / 2, 3, 1));
    assert_null(arena_alloc_array(a, SIZE_MAX / 8 + 2, 8, 8));
}

static void few_heap_blocks_serve_many_allocations(void **state)
{
    AUTO(arena_closep) struct arena *a = NULL;

    (void)state;
    mem_fail_at(0);
    a = arena_open(MIB);
    assert_non_null(a);
    assert_int_equal(mem_count(), 1);
    assert_non_null(arena_alloc(a, 2000, 8)); /* fits the block that the arena lies in */
    assert_int_equal(mem_count(), 1);
    for (int i = 0; i < 8000; i++)
        assert_non_null(arena_alloc(a, 64, 8));
    assert_in_range(mem_count(), 5, 10); /* 4 + 8 + 16 + ... KiB hold 500 KiB */
    mem_fail_at(0);
}

static void large_allocation_leaves_the_open_block_in_use(void **state)
{
    AUTO(arena_closep) struct arena *a = arena_open(MIB);

    (void)state;
    mem_fail_at(0);
    assert_non_null(arena_alloc(a, 300000, 1));
    assert_non_null(arena_alloc(a, 1000, 1));
    assert_int_equal(mem_count(), 1);
    mem_fail_at(0);
}

struct note {
    struct buf *order;
    char letter;
};

static void write_note(void *arg)
{
    const struct note *n = arg;

    buf_addc(n->order, n->letter);
}

static void deferred_calls_run_newest_first(void **state)
{
    AUTO(buf_done) struct buf order = BUF_INIT(10);
    struct note notes[] = {{&order, 'a'}, {&order, 'b'}, {&order, 'c'}};
    struct arena *a = arena_open(MIB);

    (void)state;
    for (size_t i = 0; i < COUNT(notes); i++)
        assert_true(arena_defer(a, write_note, &notes[i]));
    assert_str(buf_str(&order), "");
    arena_close(a);
    assert_str(buf_str(&order), "cba");
}

static void deferred_call_may_use_what_lies_in_the_arena(void **state)
{
    AUTO(buf_done) struct buf order = BUF_INIT(10);
    struct arena *a = arena_open(MIB);
    struct note *n = arena_new(a, struct note);

    (void)state;
    assert_non_null(n);
    *n = (struct note){&order, 'x'};
    assert_true(arena_defer(a, write_note, n));
    arena_close(a);
    assert_str(buf_str(&order), "x");
}

static void refused_deferral_is_not_called(void **state)
{
    AUTO(buf_done) struct buf order = BUF_INIT(10);
    struct note n = {&order, 'x'};
    struct arena *a = arena_open(1);

    (void)state;
    assert_false(arena_defer(a, write_note, &n));
    arena_close(a);
    assert_str(buf_str(&order), "");
}

static void closing_nothing_is_fine(void **state)
{
    struct arena *a = NULL;

    (void)state;
    arena_close(NULL);
    arena_closep(&a);
    assert_null(a);
}

/* Work that uses all of arena, str and buf; false if something was out of memory. */
static bool build_report(struct str *ret_text, struct arena **ret_arena)
{
    AUTO(arena_closep) struct arena *a = arena_open(MIB);
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);

    if (!a)
        return false;
    for (unsigned i = 0; i < 200; i++) {
        struct str name = str_fmt(a, "Package-%u-%064u", i, i);
        struct str lower = name.ptr ? str_lower(a, name) : name;
        const char *z = lower.ptr ? str_z(a, lower) : NULL;

        if (!z)
            return false;
        buf_addf(&b, "%s ", z);
        buf_add_u64(&b, i);
        buf_addc(&b, '\n');
    }
    if (!buf_ok(&b))
        return false;
    *ret_text = str_dup(a, buf_str(&b));
    if (!ret_text->ptr)
        return false;
    *ret_arena = TAKE(a);
    return true;
}

static void every_failed_allocation_is_reported_and_leaks_nothing(void **state)
{
    struct arena *a = NULL;
    struct str text = {NULL, 0};
    long n = 0;

    (void)state;
    do { /* leaks are found by the address sanitizer */
        mem_fail_at(++n);
        if (build_report(&text, &a))
            break;
        assert_true(mem_count() >= n);
        text = (struct str){NULL, 0};
    } while (n < 1000);
    assert_true(n > 10 && n < 1000);
    assert_int_equal(mem_count(), n - 1); /* it worked once no allocation was left to fail */
    mem_fail_at(0);
    assert_true(str_starts(text, S("package-0-0000")));
    assert_true(str_ends(text, S("199 199\n")));
    arena_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_aligned),
        cmocka_unit_test(allocations_do_not_overlap),
        cmocka_unit_test(cap_is_exact),
        cmocka_unit_test(padding_counts),
        cmocka_unit_test(cap_holds_for_large_allocations),
        cmocka_unit_test(array_size_cannot_overflow),
        cmocka_unit_test(few_heap_blocks_serve_many_allocations),
        cmocka_unit_test(large_allocation_leaves_the_open_block_in_use),
        cmocka_unit_test(deferred_calls_run_newest_first),
        cmocka_unit_test(deferred_call_may_use_what_lies_in_the_arena),
        cmocka_unit_test(refused_deferral_is_not_called),
        cmocka_unit_test(closing_nothing_is_fine),
        cmocka_unit_test(every_failed_allocation_is_reported_and_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
