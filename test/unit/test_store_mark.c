#include "store/mark.h"

#include "store_fixture.h"

static void there_is_at_most_one_mark(void **state)
{
    static const char one[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const char two[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct str found = {0};

    assert_int_equal(mark_find(tx, f->mem, &found, &f->err), ERR_NOT_FOUND);
    must(f, mark_insert(tx, str_of(one), &f->err));
    must(f, mark_find(tx, f->mem, &found, &f->err));
    assert_str(found, one);
    assert_int_equal(mark_insert(tx, str_of(two), &f->err), ERR_CONFLICT);
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(there_is_at_most_one_mark, fixture_open, fixture_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
