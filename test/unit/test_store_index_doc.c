#include "store_fixture.h"

#include "store/index_doc.h"

#define SHARD "shards/0000.msgpack.zst"

static void put(struct fixture *f, struct tx *tx, int64_t account, const char *name, char letter,
                int64_t now)
{
    struct index_doc_row row = {
        .name = str_of(name), .sha256 = digest_of(f->mem, letter), .size = 9, .modified_ms = now};

    must(f, index_doc_put(tx, account, S("main"), S("noarch"), &row, &f->err));
}

static struct index_doc_row get(struct fixture *f, struct tx *tx, int64_t account, const char *name)
{
    struct index_doc_row row = {0};

    must(f,
         index_doc_find(tx, f->mem, account, S("main"), S("noarch"), str_of(name), &row, &f->err));
    return row;
}

static bool is_there(struct fixture *f, struct tx *tx, int64_t account, const char *name)
{
    struct index_doc_row row;
    enum err_code code =
        index_doc_find(tx, f->mem, account, S("main"), S("noarch"), str_of(name), &row, &f->err);

    assert_true(code == OK || code == ERR_NOT_FOUND);
    return code == OK;
}

static size_t count_current(struct fixture *f, struct tx *tx, int64_t account)
{
    struct index_doc_list list = {0};

    must(f, index_doc_list(tx, f->mem, account, S("main"), S("noarch"), &list, &f->err));
    return list.count;
}

static void retire(struct fixture *f, struct tx *tx, int64_t account, const char *name, int64_t now)
{
    must(f, index_doc_retire(tx, account, S("main"), S("noarch"), str_of(name), now, &f->err));
}

/* Sweeps and compares the letters of the digests given back. */
static void assert_sweep(struct fixture *f, struct tx *tx, int64_t docs_before,
                         int64_t shards_before, int64_t max, const char *letters)
{
    struct digest_list list = {0};
    bool more = false;

    must(f, index_doc_sweep(tx, f->mem, docs_before, shards_before, max, &list, &more, &f->err));
    assert_int_equal(more, max <= (int64_t)strlen(letters)); /* full: there may be more */
    assert_int_equal(list.count, strlen(letters));
    for (size_t i = 0; i < list.count; i++)
        assert_int_equal(list.items[i].ptr[0], letters[i]);
}

static void document_is_found_where_it_was_put(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob");
    struct index_doc_row got = {0};

    put(f, tx, alice, "repodata.json", 'a', 5);
    got = get(f, tx, alice, "repodata.json");
    assert_str(got.name, "repodata.json");
    assert_true(str_eq(got.sha256, digest_of(f->mem, 'a')));
    assert_int_equal(got.size, 9);
    assert_int_equal(got.modified_ms, 5);
    assert_false(is_there(f, tx, bob, "repodata.json"));
    assert_false(is_there(f, tx, alice, "index.html"));
    assert_int_equal(
        index_doc_find(tx, f->mem, alice, S("dev"), S("noarch"), S("repodata.json"), &got, NULL),
        ERR_NOT_FOUND);
    assert_int_equal(
        index_doc_find(tx, f->mem, alice, S("main"), S(""), S("repodata.json"), &got, NULL),
        ERR_NOT_FOUND);
    tx_endp(&tx);
}

static void current_documents_are_listed_by_name(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");
    struct index_doc_list list = {0};

    put(f, tx, alice, "repodata.json.zst", 'a', 5);
    put(f, tx, alice, "index.html", 'b', 5);
    put(f, tx, alice, SHARD, 'c', 5);
    retire(f, tx, alice, SHARD, 6);
    must(f, index_doc_list(tx, f->mem, alice, S("main"), S("noarch"), &list, &f->err));
    assert_int_equal(list.count, 2);
    assert_str(list.rows[0].name, "index.html");
    assert_str(list.rows[1].name, "repodata.json.zst");
    must(f, index_doc_list(tx, f->mem, alice, S("main"), S(""), &list, &f->err));
    assert_int_equal(list.count, 0);
    tx_endp(&tx);
}

static void replaced_bytes_are_kept_for_a_while(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");

    put(f, tx, alice, "repodata.json", 'a', 100);
    put(f, tx, alice, "repodata.json", 'b', 200);
    assert_true(str_eq(get(f, tx, alice, "repodata.json").sha256, digest_of(f->mem, 'b')));
    assert_int_equal(get(f, tx, alice, "repodata.json").modified_ms, 200);
    assert_sweep(f, tx, 200, 0, 10, ""); /* replaced at 200: not before 200 */
    assert_sweep(f, tx, 201, 0, 10, "a");
    assert_sweep(f, tx, 201, 0, 10, ""); /* once */
    tx_endp(&tx);
}

static void equal_bytes_change_nothing(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");
    uint64_t before;

    put(f, tx, alice, "repodata.json", 'a', 100);
    commit(f, &tx);
    before = db_generation(f->db);
    tx = begin(f, TX_WRITE);
    put(f, tx, alice, "repodata.json", 'a', 200);
    assert_int_equal(get(f, tx, alice, "repodata.json").modified_ms, 100);
    assert_sweep(f, tx, 1000, 1000, 10, "");
    commit(f, &tx);
    assert_int_equal(db_generation(f->db), before); /* caches stay */
}

static void retired_document_stays_readable_until_swept(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");

    put(f, tx, alice, "index.html", 'a', 100);
    put(f, tx, alice, SHARD, 's', 100);
    retire(f, tx, alice, "index.html", 200);
    retire(f, tx, alice, SHARD, 200);
    retire(f, tx, alice, SHARD, 999); /* again: the first time counts */
    assert_int_equal(count_current(f, tx, alice), 0);
    assert_true(is_there(f, tx, alice, "index.html"));
    assert_true(is_there(f, tx, alice, SHARD));
    assert_sweep(f, tx, 201, 200, 10, "a"); /* shards have a time of their own */
    assert_false(is_there(f, tx, alice, "index.html"));
    assert_true(is_there(f, tx, alice, SHARD));
    assert_sweep(f, tx, 0, 201, 10, "s");
    assert_false(is_there(f, tx, alice, SHARD));
    tx_endp(&tx);
}

static void retired_document_can_come_back(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");

    put(f, tx, alice, SHARD, 's', 100);
    retire(f, tx, alice, SHARD, 200);
    put(f, tx, alice, SHARD, 's', 300);
    assert_int_equal(count_current(f, tx, alice), 1);
    assert_sweep(f, tx, 1000, 1000, 10, "");
    assert_true(is_there(f, tx, alice, SHARD));
    tx_endp(&tx);
}

static void swept_bytes_are_those_that_nothing_needs(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct file_row file = file_of(f, t.account, t.package, t.release, "noarch/x-1-0.conda");

    file.sha256 = digest_of(f->mem, 'f');
    (void)add_file(f, tx, &file);
    put(f, tx, t.account, "repodata.json", 'a', 10);
    put(f, tx, t.account, "repodata.json", 'b', 20); /* a is replaced */
    put(f, tx, t.account, "index.html", 'a', 20);    /* but is the page now */
    put(f, tx, t.account, "repodata.json", 'f', 30); /* b is replaced */
    put(f, tx, t.account, "repodata.json", 'c', 40); /* f is replaced, but a file has it */
    put(f, tx, t.account, "run_exports.json", 'b', 50);
    put(f, tx, t.account, "run_exports.json", 'd', 60); /* b is replaced a second time */
    assert_sweep(f, tx, 45, 0, 10, "");                 /* b: once more to come */
    assert_sweep(f, tx, 100, 0, 10, "b");
    tx_endp(&tx);
}

static void each_digest_is_given_back_once(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");

    for (int i = 0; i < 20; i++) /* back and forth between the same two */
        put(f, tx, alice, "repodata.json", i % 2 ? 'b' : 'a', 10 + i);
    put(f, tx, alice, "repodata.json", 'c', 50);
    assert_sweep(f, tx, 100, 0, 100, "ab");
    tx_endp(&tx);
}

static void sweep_takes_no_more_than_asked_oldest_first(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");

    for (char c = 'a'; c <= 'f'; c++)
        put(f, tx, alice, "repodata.json", c, 10 + c);
    put(f, tx, alice, SHARD, 's', 1);
    retire(f, tx, alice, SHARD, 2);
    assert_sweep(f, tx, 1000, 1000, 3, "abc");
    assert_sweep(f, tx, 1000, 1000, 3, "des");
    assert_sweep(f, tx, 1000, 1000, 3, "");
    tx_endp(&tx);
}

static void documents_end_with_their_account(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");

    put(f, tx, alice, "repodata.json", 'a', 10);
    must(f, tx_script(tx, "DELETE FROM account", &f->err));
    assert_false(is_there(f, tx, alice, "repodata.json"));
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(document_is_found_where_it_was_put),
        WITH_DATABASE(current_documents_are_listed_by_name),
        WITH_DATABASE(replaced_bytes_are_kept_for_a_while),
        WITH_DATABASE(equal_bytes_change_nothing),
        WITH_DATABASE(retired_document_stays_readable_until_swept),
        WITH_DATABASE(retired_document_can_come_back),
        WITH_DATABASE(swept_bytes_are_those_that_nothing_needs),
        WITH_DATABASE(each_digest_is_given_back_once),
        WITH_DATABASE(sweep_takes_no_more_than_asked_oldest_first),
        WITH_DATABASE(documents_end_with_their_account),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
