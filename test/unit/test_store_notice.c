#include "store/notice.h"

#include "store_fixture.h"

#define UUID_A "00000000-0000-4000-8000-00000000000a"
#define UUID_B "00000000-0000-4000-8000-00000000000b"

static struct notice_row notice_of(int64_t account, struct str uuid, const char *status,
                                   int64_t expires_ms)
{
    return (struct notice_row){
        .account_id = account,
        .uuid = uuid,
        .status = str_of(status),
        .level = S("info"),
        .message = S("Hi."),
        .expires_ms = expires_ms,
        .created_ms = 1000,
        .updated_ms = 1000,
    };
}

/* A new one; its uuid ends with the letter. */
static void add(struct fixture *f, struct tx *tx, int64_t account, char letter, const char *status,
                int64_t expires_ms)
{
    struct str uuid = str_fmt(f->mem, "00000000-0000-4000-8000-00000000000%c", letter);
    const struct notice_row row = notice_of(account, uuid, status, expires_ms);

    must(f, notice_insert(tx, &row, &f->err));
}

/* The last letters of the uuids of a page. */
static struct str page(struct fixture *f, struct tx *tx, const struct notice_filter *filter,
                       int64_t offset, int64_t limit)
{
    struct notice_list list = {0};
    char *out = arena_alloc(f->mem, 16, 1);

    assert_non_null(out);
    must(f, notice_page(tx, f->mem, filter, offset, limit, &list, &f->err));
    assert_true(list.count < 16);
    for (size_t i = 0; i < list.count; i++)
        out[i] = list.rows[i].uuid.ptr[35];
    return (struct str){out, list.count};
}

static int64_t count(struct fixture *f, struct tx *tx, const struct notice_filter *filter)
{
    int64_t n = -1;

    must(f, notice_count(tx, filter, &n, &f->err));
    return n;
}

static void one_is_found_by_its_account_and_uuid_alone(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob");
    struct notice_row row = {.id = 77};

    add(f, tx, alice, 'a', "draft", 5000);
    assert_int_equal(notice_find(tx, f->mem, bob, S(UUID_A), &row, &f->err), ERR_NOT_FOUND);
    assert_int_equal(notice_find(tx, f->mem, alice, S(UUID_B), &row, &f->err), ERR_NOT_FOUND);
    assert_int_equal(row.id, 77);
    must(f, notice_find(tx, f->mem, alice, S(UUID_A), &row, &f->err));
    assert_int_equal(row.account_id, alice);
    assert_str(row.uuid, UUID_A);
    assert_str(row.status, "draft");
    assert_str(row.level, "info");
    assert_str(row.message, "Hi.");
    assert_int_equal(row.expires_ms, 5000);
    assert_int_equal(row.created_ms, 1000);
    assert_int_equal(row.updated_ms, 1000);
    row.status = S("published");
    row.level = S("critical");
    row.message = S("Oh.");
    row.expires_ms = 6000;
    row.updated_ms = 2000;
    must(f, notice_update(tx, &row, &f->err));
    row = (struct notice_row){0};
    must(f, notice_find(tx, f->mem, alice, S(UUID_A), &row, &f->err));
    assert_str(row.status, "published");
    assert_str(row.level, "critical");
    assert_str(row.message, "Oh.");
    assert_int_equal(row.expires_ms, 6000);
    assert_int_equal(row.created_ms, 1000);
    assert_int_equal(row.updated_ms, 2000);
    tx_endp(&tx);
}

static void pages_are_of_one_account_newest_first(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob");
    struct notice_filter filter = {.account_id = alice, .status = S("")};

    add(f, tx, alice, 'a', "published", 5000);
    add(f, tx, bob, 'x', "published", 5000);
    add(f, tx, alice, 'b', "draft", 5000);
    add(f, tx, alice, 'c', "deleted", 5000);
    add(f, tx, alice, 'd', "published", 3000);
    assert_str(page(f, tx, &filter, 0, 10), "dba");
    assert_str(page(f, tx, &filter, 1, 1), "b");
    assert_str(page(f, tx, &filter, 3, 10), "");
    assert_int_equal(count(f, tx, &filter), 3);
    filter.status = S("deleted");
    assert_str(page(f, tx, &filter, 0, 10), "c");
    filter.status = S("published");
    assert_str(page(f, tx, &filter, 0, 10), "da");
    filter.ends_after_ms = 2999;
    assert_int_equal(count(f, tx, &filter), 2);
    filter.ends_after_ms = 3000;
    assert_str(page(f, tx, &filter, 0, 10), "a");
    assert_int_equal(count(f, tx, &filter), 1);
    tx_endp(&tx);
}

static void of_the_deleted_the_newest_stay(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob");
    struct notice_filter filter = {.account_id = alice, .status = S("deleted")};

    add(f, tx, alice, 'a', "deleted", 5000);
    add(f, tx, alice, 'b', "archived", 5000);
    add(f, tx, bob, 'x', "deleted", 5000);
    add(f, tx, alice, 'c', "deleted", 5000);
    add(f, tx, alice, 'd', "deleted", 5000);
    must(f, notice_trim_deleted(tx, alice, 3, &f->err));
    assert_str(page(f, tx, &filter, 0, 10), "dca");
    must(f, notice_trim_deleted(tx, alice, 2, &f->err));
    assert_str(page(f, tx, &filter, 0, 10), "dc");
    filter.status = S("archived");
    assert_str(page(f, tx, &filter, 0, 10), "b");
    filter = (struct notice_filter){.account_id = bob, .status = S("deleted")};
    assert_str(page(f, tx, &filter, 0, 10), "x");
    tx_endp(&tx);
}

static void they_go_with_their_account(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");
    const struct notice_filter filter = {.account_id = alice, .status = S("")};

    add(f, tx, alice, 'a', "published", 5000);
    must(f, account_delete(tx, alice, &f->err));
    assert_int_equal(count(f, tx, &filter), 0);
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(one_is_found_by_its_account_and_uuid_alone),
        WITH_DATABASE(pages_are_of_one_account_newest_first),
        WITH_DATABASE(of_the_deleted_the_newest_stay),
        WITH_DATABASE(they_go_with_their_account),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
