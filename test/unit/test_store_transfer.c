/* Offers of packages, and what changes in the rows with their owner. */
#include "store/transfer.h"

#include "store/grant.h"
#include "store/label.h"
#include "store_fixture.h"

/* A package of alice's with two files, and bob. */
struct stage {
    struct tree tree;
    int64_t bob, files[2];
};

static struct stage set(struct fixture *f, struct tx *tx)
{
    struct stage s = {.tree = add_tree(f, tx), .bob = add_account(f, tx, "bob")};
    struct file_row one =
        file_of(f, s.tree.account, s.tree.package, s.tree.release, "noarch/numpy-1.0-0.conda");
    struct file_row two =
        file_of(f, s.tree.account, s.tree.package, s.tree.release, "linux-64/numpy-1.0-0.conda");

    s.files[0] = add_file(f, tx, &one);
    s.files[1] = add_file(f, tx, &two);
    return s;
}

/* ---- offers ---- */

static void an_offer_tells_all_that_both_sides_ask(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct stage s = set(f, tx);
    struct transfer_row row, again;
    int64_t id = 0;

    must(f, transfer_insert(tx, s.tree.package, s.bob, s.tree.account, 50, &id, &f->err));
    must(f, transfer_find(tx, f->mem, id, 0, &row, &f->err));
    assert_int_equal(row.id, id);
    assert_int_equal(row.package_id, s.tree.package);
    assert_int_equal(row.owner_id, s.tree.account);
    assert_int_equal(row.target_id, s.bob);
    assert_int_equal(row.offerer_id, s.tree.account);
    assert_true(str_eq(row.owner, S("alice")));
    assert_true(str_eq(row.package, S("numpy")));
    assert_true(str_eq(row.target, S("bob")));
    assert_true(str_eq(row.offerer, S("alice")));
    assert_int_equal(row.access, ACCESS_PUBLIC);
    assert_int_equal(row.created_ms, 50);
    must(f, transfer_find_by_package(tx, f->mem, s.tree.package, 50, &again, &f->err));
    assert_int_equal(again.id, id);
    assert_int_equal(transfer_find(tx, f->mem, id, 51, &row, &f->err), ERR_NOT_FOUND);
    assert_int_equal(transfer_find_by_package(tx, f->mem, s.tree.package, 51, &row, &f->err),
                     ERR_NOT_FOUND);
    must(f, transfer_delete(tx, s.tree.package, &f->err));
    assert_int_equal(transfer_find(tx, f->mem, id, 0, &row, &f->err), ERR_NOT_FOUND);
    must(f, transfer_delete(tx, s.tree.package, &f->err));
    tx_endp(&tx);
}

static void a_package_is_offered_once(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct stage s = set(f, tx);
    int64_t id = 0;

    must(f, transfer_insert(tx, s.tree.package, s.bob, s.tree.account, 50, &id, &f->err));
    assert_int_equal(transfer_insert(tx, s.tree.package, s.bob, s.tree.account, 51, &id, &f->err),
                     ERR_CONFLICT);
    tx_endp(&tx);
}

static size_t offers_to(struct fixture *f, struct tx *tx, int64_t account, int64_t since)
{
    struct transfer_list list;

    must(f, transfer_list_to(tx, f->mem, account, since, &list, &f->err));
    return list.count;
}

static size_t offers_from(struct fixture *f, struct tx *tx, int64_t account, int64_t since)
{
    struct transfer_list list;

    must(f, transfer_list_from(tx, f->mem, account, since, &list, &f->err));
    return list.count;
}

/* carol, who administers alice's package, offers it to bob; another goes to an organization. */
static void offers_are_listed_for_whom_they_concern(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct stage s = set(f, tx);
    int64_t carol = add_account(f, tx, "carol"), org = add_account(f, tx, "org"), id = 0;
    int64_t other = add_package(f, tx, s.tree.account, "scipy");
    struct transfer_list list;

    must(f, group_add_member(tx, add_group(f, tx, org, "g", "read", true), s.bob, NULL, &f->err));
    must(f, group_add_member(tx, add_group(f, tx, org, "h", "read", true), s.bob, NULL, &f->err));
    must(f, transfer_insert(tx, s.tree.package, s.bob, carol, 50, &id, &f->err));
    must(f, transfer_insert(tx, other, org, s.tree.account, 60, &id, &f->err));
    must(f, transfer_list_to(tx, f->mem, s.bob, 0, &list, &f->err));
    assert_int_equal(list.count, 2);
    assert_true(str_eq(list.rows[0].package, S("scipy")));
    assert_true(str_eq(list.rows[1].package, S("numpy")));
    assert_int_equal(offers_to(f, tx, s.bob, 55), 1);
    assert_int_equal(offers_to(f, tx, org, 0), 1);
    assert_int_equal(offers_to(f, tx, s.tree.account, 0), 0);
    assert_int_equal(offers_to(f, tx, carol, 0), 0);
    assert_int_equal(offers_from(f, tx, s.tree.account, 0), 2);
    assert_int_equal(offers_from(f, tx, s.tree.account, 55), 1);
    assert_int_equal(offers_from(f, tx, carol, 0), 1);
    assert_int_equal(offers_from(f, tx, s.bob, 0), 0);
    must(f, account_delete(tx, carol, &f->err)); /* by whose right it was */
    assert_int_equal(offers_to(f, tx, s.bob, 0), 1);
    must(f, package_delete(tx, other, &f->err));
    assert_int_equal(offers_to(f, tx, s.bob, 0), 0);
    commit(f, &tx);
}

/* ---- the change ---- */

static int64_t number(struct fixture *f, struct tx *tx, const struct stmt *s)
{
    AUTO(rows_endp) struct rows *rows = NULL;

    must(f, db_one(tx, s, DB_NO_ARGS, &rows, &f->err));
    return rows_int(rows, 0);
}
#define NUMBER(f, tx, sql)                                                                         \
    __extension__({                                                                                \
        static const struct stmt stmt_ = {"number", (sql), "", "i"};                               \
        number((f), (tx), &stmt_);                                                                 \
    })

static void a_package_moves_with_its_files_and_keeps_its_numbers(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct stage s = set(f, tx);
    struct package_row package;

    commit(f, &tx);
    tx = begin(f, TX_WRITE);
    must(f, transfer_move(tx, s.tree.package, s.bob, &f->err));
    commit(f, &tx);
    tx = begin(f, TX_WRITE);
    must(f, package_find(tx, f->mem, S("bob"), S("numpy"), &package, &f->err));
    assert_int_equal(package.id, s.tree.package);
    assert_int_equal(package_find(tx, f->mem, S("alice"), S("numpy"), &package, &f->err),
                     ERR_NOT_FOUND);
    assert_int_equal(NUMBER(f, tx,
                            "SELECT COUNT(*) FROM file f JOIN package p "
                            "ON p.id = f.package_id AND p.account_id = f.account_id"),
                     2);
    must(f, account_delete(tx, s.tree.account, &f->err)); /* it is hers no more */
    assert_int_equal(NUMBER(f, tx, "SELECT COUNT(*) FROM file"), 2);
    commit(f, &tx);
}

/* A reference that does not hold in the end fails the whole. */
static void an_upload_that_was_left_stops_the_move(void **state)
{
    static const struct stmt add = {
        "add",
        "INSERT INTO upload (ticket_hash, dist_id, account_id, uploader_id, package_id, "
        "release_id, "
        "type, basename, declared_sha256, attrs, labels, description, sha256, md5, size, "
        "created_ms, expires_ms) SELECT $1, 'd', p.account_id, p.account_id, p.id, r.id, 'conda', "
        "'b', '', '{}', '[]', '', '', '', 0, 1, 2 FROM package p JOIN release r "
        "ON r.package_id = p.id",
        "b", ""};
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct stage s = set(f, tx);

    must(f, db_exec(tx, &add, DB_ARGS(db_bytes(S("0123456789abcdef0123456789abcdef"))), NULL,
                    &f->err));
    commit(f, &tx);
    tx = begin(f, TX_WRITE);
    assert_true(transfer_move(tx, s.tree.package, s.bob, &f->err) || tx_commit(&tx, &f->err));
    tx_endp(&tx);
    tx = begin(f, TX_READ);
    assert_int_equal(NUMBER(f, tx,
                            "SELECT COUNT(*) FROM file f JOIN account a "
                            "ON a.id = f.account_id WHERE a.login = 'alice'"),
                     2);
    tx_endp(&tx);
}

static void a_package_of_that_name_stops_the_move(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct stage s = set(f, tx);

    (void)add_package(f, tx, s.bob, "NumPy");
    assert_int_equal(transfer_move(tx, s.tree.package, s.bob, &f->err), ERR_CONFLICT);
    tx_endp(&tx);
}

static void clashes_of_files_are_found(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct stage s = set(f, tx);
    int64_t package = add_package(f, tx, s.bob, "other");
    struct file_row same =
        file_of(f, s.bob, package, add_release(f, tx, package, "1.0"), "noarch/numpy-1.0-0.conda");
    struct str name;

    must(f, transfer_clash(tx, f->mem, s.tree.package, s.bob, &name, &f->err));
    assert_int_equal(name.len, 0);
    (void)add_file(f, tx, &same);
    must(f, transfer_clash(tx, f->mem, s.tree.package, s.bob, &name, &f->err));
    assert_true(str_eq(name, S("noarch/numpy-1.0-0.conda")));
    tx_endp(&tx);
}

/* The names that a package leaves behind are for its own bytes alone, there and when it comes back.
 */
static void names_are_retired_with_their_bytes(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct stage s = set(f, tx);
    struct file_row row = file_of(f, s.bob, 0, 0, "noarch/numpy-1.0-0.conda");
    const struct file_name left = {s.tree.account, row.type, row.name_key},
                           there = {s.bob, row.type, row.name_key};
    bool retired = false;
    struct str name;

    must(f, transfer_retire_names(tx, s.tree.package, 77, &f->err));
    must(f, transfer_retire_names(tx, s.tree.package, 78, &f->err));
    must(f, file_name_retired(tx, &left, &retired, &f->err));
    assert_true(retired);
    assert_int_equal(NUMBER(f, tx, "SELECT COUNT(*) FROM retired_name WHERE retired_ms = 78"), 2);
    must(f, transfer_clash_retired(tx, f->mem, s.tree.package, s.tree.account, &name, &f->err));
    assert_int_equal(name.len, 0);
    must(f, transfer_clash_retired(tx, f->mem, s.tree.package, s.bob, &name, &f->err));
    assert_int_equal(name.len, 0);
    must(f, file_name_retire(tx, &there, digest_of(f->mem, 'e'), 1, &f->err));
    must(f, transfer_clash_retired(tx, f->mem, s.tree.package, s.bob, &name, &f->err));
    assert_true(str_eq(name, S("noarch/numpy-1.0-0.conda")));
    tx_endp(&tx);
}

static void labels_are_carried_over(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct stage s = set(f, tx);
    int64_t main_id = 0, dev = 0, unused = 0, to = 0;
    struct transfer_label_list list;
    struct label_list found;

    must(f, label_ensure(tx, s.tree.account, S("main"), &main_id, &f->err));
    must(f, label_ensure(tx, s.tree.account, S("dev"), &dev, &f->err));
    must(f, label_ensure(tx, s.tree.account, S("unused"), &unused, &f->err));
    must(f, label_ensure(tx, s.bob, S("main"), &to, &f->err));
    must(f, label_attach(tx, s.files[0], main_id, ACCESS_PUBLIC, &f->err));
    must(f, label_attach(tx, s.files[1], main_id, ACCESS_PUBLIC, &f->err));
    must(f, label_attach(tx, s.files[1], dev, ACCESS_PUBLIC, &f->err));
    must(f, transfer_labels(tx, f->mem, s.tree.package, &list, &f->err));
    assert_int_equal(list.count, 2);
    assert_true(str_eq(list.rows[0].name, S("dev")));
    assert_false(list.rows[0].locked);
    assert_true(str_eq(list.rows[1].name, S("main")));
    assert_int_equal(list.rows[1].id, main_id);
    must(f, transfer_relabel(tx, s.tree.package, main_id, to, &f->err));
    must(f, label_list_by_file(tx, f->mem, s.files[0], &found, &f->err));
    assert_int_equal(found.count, 1);
    assert_int_equal(found.rows[0].id, to);
    must(f, label_list_by_file(tx, f->mem, s.files[1], &found, &f->err));
    assert_int_equal(found.count, 2);
    assert_int_equal(found.rows[0].id, dev);
    assert_int_equal(found.rows[1].id, to);
    tx_endp(&tx);
}

static void rights_of_the_owner_s_people_end(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct stage s = set(f, tx);
    int64_t member = add_account(f, tx, "member"), guest = add_account(f, tx, "guest");
    struct group_row group;
    struct named_text_list left;

    must(f, group_add_member(tx, add_group(f, tx, s.tree.account, "g", "write", false), member,
                             NULL, &f->err));
    must(f, group_find(tx, f->mem, s.tree.account, S("g"), &group, &f->err));
    must(f, group_add_package(tx, &group, s.tree.package, NULL, &f->err));
    must(f, collaborator_put(tx, s.tree.package, member, S("write"), &f->err));
    must(f, collaborator_put(tx, s.tree.package, guest, S("read"), &f->err));
    must(f, collaborator_put(tx, s.tree.package, s.bob, S("write"), &f->err));
    must(f, transfer_drop_grants(tx, s.tree.package, s.tree.account, s.bob, &f->err));
    must(f, collaborator_list(tx, f->mem, s.tree.package, &left, &f->err));
    assert_int_equal(left.count, 1);
    assert_true(str_eq(left.rows[0].name, S("guest")));
    assert_int_equal(NUMBER(f, tx, "SELECT COUNT(*) FROM group_package"), 0);
    tx_endp(&tx);
}

#define WITH_DB(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DB(an_offer_tells_all_that_both_sides_ask),
        WITH_DB(a_package_is_offered_once),
        WITH_DB(offers_are_listed_for_whom_they_concern),
        WITH_DB(a_package_moves_with_its_files_and_keeps_its_numbers),
        WITH_DB(an_upload_that_was_left_stops_the_move),
        WITH_DB(a_package_of_that_name_stops_the_move),
        WITH_DB(clashes_of_files_are_found),
        WITH_DB(names_are_retired_with_their_bytes),
        WITH_DB(labels_are_carried_over),
        WITH_DB(rights_of_the_owner_s_people_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
