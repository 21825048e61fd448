#include "store_fixture.h"

#include "store/index_doc.h"

#define SHARD "shards/0000.msgpack.zst"

static struct index_place noarch(int64_t account)
{
    return (struct index_place){account, S("main"), ACCESS_PUBLIC, S("noarch")};
}

static void put(struct fixture *f, struct tx *tx, int64_t account, const char *name, char letter,
                int64_t now)
{
    struct index_doc_row row = {
        .name = str_of(name), .sha256 = digest_of(f->mem, letter), .size = 9, .modified_ms = now};
    const struct index_place place = noarch(account);

    must(f, index_doc_put(tx, &place, &row, &f->err));
}

static struct index_doc_row get(struct fixture *f, struct tx *tx, int64_t account, const char *name)
{
    const struct index_place place = noarch(account);
    struct index_doc_row row = {0};

    must(f, index_doc_find(tx, f->mem, &place, str_of(name), &row, &f->err));
    return row;
}

static bool is_there(struct fixture *f, struct tx *tx, int64_t account, const char *name)
{
    const struct index_place place = noarch(account);
    struct index_doc_row row;
    enum err_code code = index_doc_find(tx, f->mem, &place, str_of(name), &row, &f->err);

    assert_true(code == OK || code == ERR_NOT_FOUND);
    return code == OK;
}

static size_t count_current(struct fixture *f, struct tx *tx, int64_t account)
{
    const struct index_place place = noarch(account);
    struct index_doc_list list = {0};

    must(f, index_doc_list(tx, f->mem, &place, &list, &f->err));
    return list.count;
}

static void retire(struct fixture *f, struct tx *tx, int64_t account, const char *name, int64_t now)
{
    const struct index_place place = noarch(account);

    must(f, index_doc_retire(tx, &place, str_of(name), now, &f->err));
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
    struct index_place elsewhere = noarch(alice);
    struct index_doc_row got = {0};

    put(f, tx, alice, "repodata.json", 'a', 5);
    got = get(f, tx, alice, "repodata.json");
    assert_str(got.name, "repodata.json");
    assert_true(str_eq(got.sha256, digest_of(f->mem, 'a')));
    assert_int_equal(got.size, 9);
    assert_int_equal(got.modified_ms, 5);
    assert_false(is_there(f, tx, bob, "repodata.json"));
    assert_false(is_there(f, tx, alice, "index.html"));
    elsewhere.label = S("dev");
    assert_int_equal(index_doc_find(tx, f->mem, &elsewhere, S("repodata.json"), &got, NULL),
                     ERR_NOT_FOUND);
    elsewhere = noarch(alice);
    elsewhere.subdir = S("");
    assert_int_equal(index_doc_find(tx, f->mem, &elsewhere, S("repodata.json"), &got, NULL),
                     ERR_NOT_FOUND);
    elsewhere = noarch(alice);
    elsewhere.access = ACCESS_AUTHENTICATED;
    assert_int_equal(index_doc_find(tx, f->mem, &elsewhere, S("repodata.json"), &got, NULL),
                     ERR_NOT_FOUND);
    tx_endp(&tx);
}

static void current_documents_are_listed_by_name(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");
    struct index_place place = noarch(alice);
    struct index_doc_list list = {0};

    put(f, tx, alice, "repodata.json.zst", 'a', 5);
    put(f, tx, alice, "index.html", 'b', 5);
    put(f, tx, alice, SHARD, 'c', 5);
    retire(f, tx, alice, SHARD, 6);
    must(f, index_doc_list(tx, f->mem, &place, &list, &f->err));
    assert_int_equal(list.count, 2);
    assert_str(list.rows[0].name, "index.html");
    assert_str(list.rows[1].name, "repodata.json.zst");
    place.subdir = S("");
    must(f, index_doc_list(tx, f->mem, &place, &list, &f->err));
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

static void retired_shard_stays_readable_until_swept(void **state)
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
    assert_false(is_there(f, tx, alice, "index.html")); /* only its bytes stay for a while */
    assert_true(is_there(f, tx, alice, SHARD));
    assert_sweep(f, tx, 200, 200, 10, "");
    assert_sweep(f, tx, 201, 200, 10, "a"); /* shards have a time of their own */
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

static void all_documents_of_a_label_are_retired(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob");

    put(f, tx, alice, "index.html", 'a', 100);
    put(f, tx, alice, SHARD, 's', 100);
    put(f, tx, bob, "index.html", 'b', 100);
    retire(f, tx, alice, SHARD, 150);
    must(f, index_doc_retire_all(tx, alice, S("other"), 200, &f->err));
    assert_int_equal(count_current(f, tx, alice), 1);
    must(f, index_doc_retire_all(tx, alice, S("main"), 200, &f->err));
    assert_int_equal(count_current(f, tx, alice), 0);
    assert_int_equal(count_current(f, tx, bob), 1);
    assert_sweep(f, tx, 0, 151, 10, "s"); /* it keeps its own time */
    tx_endp(&tx);
}

/* ---- views ----------------------------------------------------------------------------------- */

static const char *const digits[] = {"0", "1", "2"};

/* A shard in the place of a view; it is retired at 200 unless it is to stay current. */
static void put_shard(struct fixture *f, struct tx *tx, int64_t account, enum access_level access,
                      const char *package, const char *name, char letter, bool current)
{
    struct index_place place = noarch(account);
    struct index_doc_row row = {.name = str_of(name),
                                .package = str_of(package),
                                .sha256 = digest_of(f->mem, letter),
                                .size = 9,
                                .modified_ms = 100};

    place.access = access;
    must(f, index_doc_put(tx, &place, &row, &f->err));
    if (!current)
        must(f, index_doc_retire(tx, &place, row.name, 200, &f->err));
}

/* The views (their numbers) in which a shard is found. */
static struct str found_in(struct fixture *f, struct tx *tx, int64_t account, const char *name)
{
    struct index_place place = noarch(account);
    struct index_doc_row row;
    struct str all = S("");

    for (unsigned i = 0; i < ACCESS_LEVELS; i++) {
        place.access = (enum access_level)i;
        if (index_doc_find(tx, f->mem, &place, str_of(name), &row, NULL) == OK)
            all = str_fmt(f->mem, STR_FMT "%s", STR_ARG(all), digits[i]);
    }
    return all;
}

static void each_view_has_documents_of_its_own(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");
    struct index_place place = noarch(alice);
    struct index_doc_row row = {.name = S("repodata.json"), .size = 9, .modified_ms = 5};
    struct index_doc_list list = {0};

    for (unsigned i = 0; i < ACCESS_LEVELS; i++) {
        place.access = (enum access_level)i;
        row.sha256 = digest_of(f->mem, (char)('a' + i));
        must(f, index_doc_put(tx, &place, &row, &f->err));
    }
    place.access = ACCESS_AUTHENTICATED;
    must(f, index_doc_retire(tx, &place, row.name, 6, &f->err));
    assert_str(found_in(f, tx, alice, "repodata.json"), "02");
    place.access = ACCESS_PRIVATE;
    must(f, index_doc_list(tx, f->mem, &place, &list, &f->err));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.rows[0].sha256.ptr[0], 'c');
    assert_str(list.rows[0].package, "");
    must(f, index_doc_find(tx, f->mem, &place, row.name, &row, &f->err));
    assert_int_equal(row.sha256.ptr[0], 'c');
    tx_endp(&tx);
}

static void a_shard_says_whose_it_is(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");

    put_shard(f, tx, alice, ACCESS_PUBLIC, "numpy", SHARD, 's', false);
    assert_str(get(f, tx, alice, SHARD).package, "numpy");
    put_shard(f, tx, alice, ACCESS_PUBLIC, "scipy", SHARD, 't', true);
    assert_str(get(f, tx, alice, SHARD).package, "scipy");
    tx_endp(&tx);
}

static void what_was_withdrawn_is_found_in_no_wider_view(void **state)
{
    static const char *const left[ACCESS_LEVELS] = {"012", "12", "2"};
    struct fixture *f = *state;

    for (unsigned to = 0; to < ACCESS_LEVELS; to++) {
        struct tx *tx = begin(f, TX_WRITE);
        int64_t alice = add_account(f, tx, "alice");

        for (unsigned i = 0; i < ACCESS_LEVELS; i++)
            put_shard(f, tx, alice, (enum access_level)i, "x", SHARD, (char)('a' + i), false);
        must(f, index_doc_withdraw(tx, alice, S("x"), (enum access_level)to, 300, &f->err));
        assert_str(found_in(f, tx, alice, SHARD), left[to]);
        tx_endp(&tx);
    }
}

static void only_retired_shards_of_the_package_are_withdrawn(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob");

    put_shard(f, tx, alice, ACCESS_PUBLIC, "x", "shards/old", 'a', false);
    put_shard(f, tx, alice, ACCESS_PUBLIC, "x", "shards/current", 'b', true);
    put_shard(f, tx, alice, ACCESS_PUBLIC, "y", "shards/of-y", 'c', false);
    put_shard(f, tx, bob, ACCESS_PUBLIC, "x", "shards/of-bob", 'd', false);
    put(f, tx, alice, "repodata.json", 'e', 100);
    put(f, tx, alice, "rss.xml", 'f', 100);
    retire(f, tx, alice, "rss.xml", 200);
    must(f, index_doc_withdraw(tx, alice, S("x"), ACCESS_PRIVATE, 300, &f->err));
    assert_str(found_in(f, tx, alice, "shards/old"), "");
    assert_str(found_in(f, tx, alice, "shards/current"), "0");
    assert_str(found_in(f, tx, alice, "shards/of-y"), "0");
    assert_str(found_in(f, tx, bob, "shards/of-bob"), "0");
    assert_true(is_there(f, tx, alice, "repodata.json"));
    assert_sweep(f, tx, 201, 0, 10, "f"); /* it waits for its time still */
    tx_endp(&tx);
}

/* For who sees the new package there was no other one; what everybody saw of one may stay. */
static void a_new_package_has_nothing_of_the_one_before(void **state)
{
    static const char *const left[ACCESS_LEVELS] = {"0", "", ""};
    struct fixture *f = *state;

    for (unsigned to = 0; to < ACCESS_LEVELS; to++) {
        struct tx *tx = begin(f, TX_WRITE);
        int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob");

        for (unsigned i = 0; i < ACCESS_LEVELS; i++)
            put_shard(f, tx, alice, (enum access_level)i, "x", SHARD, (char)('a' + i), false);
        put_shard(f, tx, alice, ACCESS_PUBLIC, "y", "shards/of-y", 'd', false);
        put_shard(f, tx, bob, ACCESS_PUBLIC, "x", "shards/of-bob", 'e', false);
        must(f, index_doc_forget_former(tx, alice, S("x"), (enum access_level)to, 300, &f->err));
        assert_str(found_in(f, tx, alice, SHARD), left[to]);
        assert_str(found_in(f, tx, alice, "shards/of-y"), "0");
        assert_str(found_in(f, tx, bob, "shards/of-bob"), "0");
        assert_sweep(f, tx, 301, 0, 10, to ? "abc" : "bc");
        tx_endp(&tx);
    }
}

/* The package is not there any more, whoever asks. */
static void a_package_that_goes_to_another_account_is_forgotten_everywhere(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");

    for (int level = 0; level < ACCESS_LEVELS; level++)
        put_shard(f, tx, alice, (enum access_level)level, "x", "shards/old", (char)('a' + level),
                  false);
    put_shard(f, tx, alice, ACCESS_PUBLIC, "", "shards/of-nobody", 'd', false);
    put_shard(f, tx, alice, ACCESS_PUBLIC, "x", "shards/current", 'e', true);
    put_shard(f, tx, alice, ACCESS_PRIVATE, "y", "shards/of-y", 'f', false);
    must(f, index_doc_forget(tx, alice, S("x"), 300, &f->err));
    assert_str(found_in(f, tx, alice, "shards/old"), "");
    assert_str(found_in(f, tx, alice, "shards/of-nobody"), "");
    assert_str(found_in(f, tx, alice, "shards/current"), "0");
    assert_str(found_in(f, tx, alice, "shards/of-y"), "2");
    assert_sweep(f, tx, 301, 0, 10, "abcd"); /* as garbage: somebody may be sending them */
    tx_endp(&tx);
}

/* They are of a schema that did not say whose they are: perhaps of the one that is withdrawn. */
static void retired_shards_of_nobody_are_withdrawn_with_any(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");

    put_shard(f, tx, alice, ACCESS_PUBLIC, "", "shards/old", 'a', false);
    put_shard(f, tx, alice, ACCESS_PUBLIC, "", "shards/current", 'b', true);
    must(f, index_doc_withdraw(tx, alice, S("x"), ACCESS_AUTHENTICATED, 300, &f->err));
    assert_str(found_in(f, tx, alice, "shards/old"), "");
    assert_str(found_in(f, tx, alice, "shards/current"), "0");
    tx_endp(&tx);
}

/* A reader may be sending them. */
static void withdrawn_bytes_are_swept_later_and_once(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");

    put_shard(f, tx, alice, ACCESS_PUBLIC, "x", SHARD, 'a', false);
    put_shard(f, tx, alice, ACCESS_AUTHENTICATED, "x", SHARD, 'b', false);
    must(f, index_doc_withdraw(tx, alice, S("x"), ACCESS_PRIVATE, 300, &f->err));
    must(f, index_doc_withdraw(tx, alice, S("x"), ACCESS_PRIVATE, 400, &f->err)); /* no more */
    assert_sweep(f, tx, 300, 1000, 10, "");
    assert_sweep(f, tx, 301, 1000, 10, "ab");
    assert_sweep(f, tx, 1000, 1000, 10, "");
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
        WITH_DATABASE(retired_shard_stays_readable_until_swept),
        WITH_DATABASE(retired_document_can_come_back),
        WITH_DATABASE(all_documents_of_a_label_are_retired),
        WITH_DATABASE(each_view_has_documents_of_its_own),
        WITH_DATABASE(a_shard_says_whose_it_is),
        WITH_DATABASE(what_was_withdrawn_is_found_in_no_wider_view),
        WITH_DATABASE(only_retired_shards_of_the_package_are_withdrawn),
        WITH_DATABASE(a_new_package_has_nothing_of_the_one_before),
        WITH_DATABASE(a_package_that_goes_to_another_account_is_forgotten_everywhere),
        WITH_DATABASE(retired_shards_of_nobody_are_withdrawn_with_any),
        WITH_DATABASE(withdrawn_bytes_are_swept_later_and_once),
        WITH_DATABASE(swept_bytes_are_those_that_nothing_needs),
        WITH_DATABASE(each_digest_is_given_back_once),
        WITH_DATABASE(sweep_takes_no_more_than_asked_oldest_first),
        WITH_DATABASE(documents_end_with_their_account),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
