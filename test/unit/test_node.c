#include "store/node.h"

#include "store_fixture.h"

static void nodes_are_listed_with_their_leases(void **state)
{
    static const struct stmt add = {
        "add", "INSERT INTO node (id, name, lease_ms) VALUES ($1, $2, $3)", "iti", ""};
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct node_list before, list;

    must(f, node_list(tx, f->mem, &before, &f->err)); /* perhaps the fixture's own */
    must(f, db_exec(tx, &add, DB_ARGS(db_int(1000000), db_text(S("b")), db_int(7)), NULL, &f->err));
    must(f, db_exec(tx, &add, DB_ARGS(db_int(1000001), db_text(S("a")), db_int(8)), NULL, &f->err));
    must(f, node_list(tx, f->mem, &list, &f->err));
    assert_int_equal(list.count, before.count + 2);
    assert_int_equal(list.rows[before.count].id, 1000000);
    assert_str(list.rows[before.count].name, "b");
    assert_int_equal(list.rows[before.count].lease_ms, 7);
    assert_str(list.rows[before.count + 1].name, "a");
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nodes_are_listed_with_their_leases, fixture_open,
                                        fixture_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
