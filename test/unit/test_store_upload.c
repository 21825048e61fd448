#include "store_fixture.h"

#include "store/upload.h"

static struct upload_row upload_of(struct fixture *f, const struct tree *t, char letter)
{
    return (struct upload_row){
        .ticket_hash = hash_of(f->mem, letter),
        .dist_id = str_fmt(f->mem, "dist-%c", letter),
        .account_id = t->account,
        .uploader_id = t->account,
        .package_id = t->package,
        .release_id = t->release,
        .type = S("conda"),
        .basename = S("noarch/numpy-1.0-0.conda"),
        .declared_sha256 = digest_of(f->mem, 'd'),
        .attrs = S("{\"a\":1}"),
        .labels = S("[\"main\"]"),
        .description = S("text"),
        .created_ms = 10,
        .expires_ms = 100,
    };
}

static int64_t add_upload(struct fixture *f, struct tx *tx, const struct tree *t, char letter,
                          int64_t expires_ms)
{
    struct upload_row row = upload_of(f, t, letter);

    row.expires_ms = expires_ms;
    must(f, upload_insert(tx, &row, &f->err));
    must(f, upload_by_ticket(tx, f->mem, row.ticket_hash, 0, &row, &f->err));
    return row.id;
}

static void announced_upload_is_found_by_ticket_and_handle(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct upload_row row = upload_of(f, &t, 'a'), got = {0};
    int64_t id;

    must(f, upload_insert(tx, &row, &f->err));
    must(f, upload_by_ticket(tx, f->mem, row.ticket_hash, 99, &got, &f->err));
    id = got.id;
    assert_true(id > 0);
    assert_true(str_eq(got.ticket_hash, row.ticket_hash));
    assert_str(got.dist_id, "dist-a");
    assert_int_equal(got.account_id, t.account);
    assert_int_equal(got.uploader_id, t.account);
    assert_int_equal(got.package_id, t.package);
    assert_int_equal(got.release_id, t.release);
    assert_str(got.basename, "noarch/numpy-1.0-0.conda");
    assert_true(str_eq(got.declared_sha256, row.declared_sha256));
    assert_str(got.attrs, "{\"a\":1}");
    assert_str(got.labels, "[\"main\"]");
    assert_str(got.description, "text");
    assert_str(got.sha256, "");
    assert_str(got.md5, "");
    assert_int_equal(got.size, 0);
    assert_int_equal(got.created_ms, 10);
    assert_int_equal(got.expires_ms, 100);
    must(f, upload_by_dist_id(tx, f->mem, S("dist-a"), 99, &got, &f->err));
    assert_int_equal(got.id, id);
    assert_int_equal(upload_by_ticket(tx, f->mem, hash_of(f->mem, 'b'), 0, &got, NULL),
                     ERR_NOT_FOUND);
    assert_int_equal(upload_by_dist_id(tx, f->mem, S("dist-b"), 0, &got, NULL), ERR_NOT_FOUND);
    tx_endp(&tx);
}

static void expired_upload_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct upload_row got;

    (void)add_upload(f, tx, &t, 'a', 100);
    assert_int_equal(upload_by_ticket(tx, f->mem, hash_of(f->mem, 'a'), 100, &got, NULL),
                     ERR_NOT_FOUND);
    assert_int_equal(upload_by_dist_id(tx, f->mem, S("dist-a"), 100, &got, NULL), ERR_NOT_FOUND);
    tx_endp(&tx);
}

static void bytes_are_received_once(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    int64_t id = add_upload(f, tx, &t, 'a', 100);
    struct str sha256 = digest_of(f->mem, 'e'), md5 = hash_of(f->mem, 'e');
    struct upload_row got = {0};

    must(f, upload_received(tx, id, sha256, md5, 55, &f->err));
    must(f, upload_by_dist_id(tx, f->mem, S("dist-a"), 0, &got, &f->err));
    assert_true(str_eq(got.sha256, sha256));
    assert_true(str_eq(got.md5, md5));
    assert_int_equal(got.size, 55);
    assert_int_equal(upload_received(tx, id, sha256, md5, 55, NULL), ERR_CONFLICT);
    assert_int_equal(upload_received(tx, id + 1, sha256, md5, 55, NULL), ERR_NOT_FOUND);
    must(f, upload_delete(tx, id, &f->err));
    must(f, upload_delete(tx, id, &f->err)); /* gone already: fine */
    assert_int_equal(upload_received(tx, id, sha256, md5, 55, NULL), ERR_NOT_FOUND);
    tx_endp(&tx);
}

static void ticket_cannot_be_used_twice(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct upload_row row = upload_of(f, &t, 'a');

    must(f, upload_insert(tx, &row, &f->err));
    row.dist_id = S("other");
    assert_int_equal(upload_insert(tx, &row, &f->err), ERR_CONFLICT);
    tx_endp(&tx);
}

static void expired_uploads_are_removed_oldest_first_and_tell_their_bytes(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    int64_t a = add_upload(f, tx, &t, 'a', 30), c = add_upload(f, tx, &t, 'c', 10);
    struct digest_list list = {0};
    struct upload_row got;

    (void)add_upload(f, tx, &t, 'b', 20); /* nothing was received */
    (void)add_upload(f, tx, &t, 'd', 31);
    must(f, upload_received(tx, a, digest_of(f->mem, 'a'), hash_of(f->mem, 'a'), 1, &f->err));
    must(f, upload_received(tx, c, digest_of(f->mem, 'c'), hash_of(f->mem, 'c'), 1, &f->err));
    must(f, upload_delete_expired(tx, f->mem, 30, 2, &list, &f->err));
    assert_int_equal(list.count, 1);
    assert_true(str_eq(list.items[0], digest_of(f->mem, 'c')));
    must(f, upload_delete_expired(tx, f->mem, 30, 2, &list, &f->err));
    assert_int_equal(list.count, 1);
    assert_true(str_eq(list.items[0], digest_of(f->mem, 'a')));
    must(f, upload_delete_expired(tx, f->mem, 30, 2, &list, &f->err));
    assert_int_equal(list.count, 0);
    must(f, upload_by_dist_id(tx, f->mem, S("dist-d"), 0, &got, &f->err));
    tx_endp(&tx);
}

static bool any_expired(struct fixture *f, struct tx *tx, int64_t now_ms)
{
    bool any = false;

    must(f, upload_any_expired(tx, now_ms, &any, &f->err));
    return any;
}

static void expired_uploads_are_noticed(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);

    assert_false(any_expired(f, tx, 1000));
    (void)add_upload(f, tx, &t, 'a', 30);
    (void)add_upload(f, tx, &t, 'b', 40);
    assert_false(any_expired(f, tx, 29));
    assert_true(any_expired(f, tx, 30));
    assert_true(any_expired(f, tx, 1000));
    tx_endp(&tx);
}

static void uploads_of_a_release_or_package_are_removed_and_tell_their_bytes(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    int64_t a = add_upload(f, tx, &t, 'a', 30);
    struct digest_list list = {0};

    (void)add_upload(f, tx, &t, 'b', 20); /* nothing was received */
    must(f, upload_received(tx, a, digest_of(f->mem, 'a'), hash_of(f->mem, 'a'), 1, &f->err));
    must(f, upload_delete_all(tx, f->mem, t.package, t.release + 1, &list, &f->err));
    assert_int_equal(list.count, 0);
    must(f, upload_delete_all(tx, f->mem, t.package + 1, 0, &list, &f->err));
    assert_int_equal(list.count, 0);
    must(f, upload_delete_all(tx, f->mem, t.package, t.release, &list, &f->err));
    assert_int_equal(list.count, 1);
    assert_true(str_eq(list.items[0], digest_of(f->mem, 'a')));
    (void)add_upload(f, tx, &t, 'c', 30);
    must(f, upload_delete_all(tx, f->mem, t.package, 0, &list, &f->err));
    assert_int_equal(list.count, 0);
    must(f, upload_delete_expired(tx, f->mem, 100, 9, &list, &f->err));
    assert_int_equal(list.count, 0);
    tx_endp(&tx);
}

static void upload_ends_with_its_package(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct upload_row got;

    (void)add_upload(f, tx, &t, 'a', 100);
    must(f, package_delete(tx, t.package, &f->err));
    assert_int_equal(upload_by_dist_id(tx, f->mem, S("dist-a"), 0, &got, NULL), ERR_NOT_FOUND);
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(announced_upload_is_found_by_ticket_and_handle),
        WITH_DATABASE(expired_upload_is_not_found),
        WITH_DATABASE(bytes_are_received_once),
        WITH_DATABASE(ticket_cannot_be_used_twice),
        WITH_DATABASE(expired_uploads_are_removed_oldest_first_and_tell_their_bytes),
        WITH_DATABASE(expired_uploads_are_noticed),
        WITH_DATABASE(uploads_of_a_release_or_package_are_removed_and_tell_their_bytes),
        WITH_DATABASE(upload_ends_with_its_package),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
