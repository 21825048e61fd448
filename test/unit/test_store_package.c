#include "store_fixture.h"

static void package_is_found_by_owner_and_name(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), id;
    struct package_row got = {0};

    (void)add_account(f, tx, "bob");
    id = add_package(f, tx, alice, "numpy");
    must(f, package_find(tx, f->mem, S("Alice"), S("numpy"), &got, &f->err));
    assert_int_equal(got.id, id);
    assert_int_equal(got.account_id, alice);
    assert_str(got.owner, "alice");
    assert_str(got.name, "numpy");
    assert_str(got.summary, "A summary.");
    assert_str(got.attrs, "{}");
    assert_str(got.types, "");
    assert_str(got.latest_version, "");
    assert_int_equal(got.created_ms, 2000);
    assert_int_equal(got.updated_ms, 2000);
    got.id = 77;
    assert_int_equal(package_find(tx, f->mem, S("bob"), S("numpy"), &got, NULL), ERR_NOT_FOUND);
    assert_int_equal(package_find(tx, f->mem, S("alice"), S("num"), &got, NULL), ERR_NOT_FOUND);
    assert_int_equal(got.id, 77);
    tx_endp(&tx);
}

static void package_name_is_unique_within_its_account(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob"), id = 0;

    (void)add_package(f, tx, alice, "numpy");
    (void)add_package(f, tx, bob, "numpy");
    assert_int_equal(
        package_insert(tx, alice, S("numpy"), ACCESS_PUBLIC, S(""), S("{}"), 1, &id, &f->err),
        ERR_CONFLICT);
    assert_string_equal(f->err.msg, "package \"numpy\" exists already");
    assert_int_equal(id, 0);
    tx_endp(&tx);
}

static enum access_level access_of(struct fixture *f, struct tx *tx, const char *owner,
                                   const char *name, int64_t id)
{
    enum access_level access = ACCESS_PUBLIC;
    struct package_row row = {0};
    int64_t got = 0;

    must(f, package_access_of(tx, str_of(owner), str_of(name), &got, &access, &f->err));
    assert_int_equal(got, id);
    must(f, package_find(tx, f->mem, str_of(owner), str_of(name), &row, &f->err));
    assert_int_equal(row.access, access);
    return access;
}

static void package_has_an_access_that_can_change(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob"), got = 77;
    int64_t numpy = add_package_with(f, tx, alice, "numpy", ACCESS_PRIVATE),
            bobs = add_package_with(f, tx, bob, "numpy", ACCESS_AUTHENTICATED);
    enum access_level access = ACCESS_AUTHENTICATED;
    struct package_list list = {0};

    assert_int_equal(access_of(f, tx, "alice", "numpy", numpy), ACCESS_PRIVATE);
    assert_int_equal(access_of(f, tx, "Bob", "numpy", bobs), ACCESS_AUTHENTICATED);
    must(f, package_set_access(tx, numpy, ACCESS_PUBLIC, &f->err));
    assert_int_equal(access_of(f, tx, "alice", "numpy", numpy), ACCESS_PUBLIC);
    assert_int_equal(access_of(f, tx, "bob", "numpy", bobs), ACCESS_AUTHENTICATED);
    must(f, package_list(tx, f->mem, bob, &list, &f->err));
    assert_int_equal(list.rows[0].access, ACCESS_AUTHENTICATED);
    assert_int_equal(package_set_access(tx, 999, ACCESS_PUBLIC, NULL), ERR_NOT_FOUND);
    assert_int_equal(package_access_of(tx, S("alice"), S("num"), &got, &access, NULL),
                     ERR_NOT_FOUND);
    assert_int_equal(got, 77); /* untouched */
    assert_int_equal(access, ACCESS_AUTHENTICATED);
    tx_endp(&tx);
}

static void levels_are_told_that_packages_of_an_account_have(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob"), id;
    bool has[ACCESS_LEVELS] = {true, true, true};

    must(f, package_levels(tx, alice, has, &f->err));
    assert_false(has[ACCESS_PUBLIC] || has[ACCESS_AUTHENTICATED] || has[ACCESS_PRIVATE]);
    (void)add_package_with(f, tx, alice, "a", ACCESS_PRIVATE);
    id = add_package_with(f, tx, alice, "b", ACCESS_PUBLIC);
    (void)add_package_with(f, tx, bob, "c", ACCESS_AUTHENTICATED);
    must(f, package_levels(tx, alice, has, &f->err));
    assert_true(has[ACCESS_PUBLIC] && !has[ACCESS_AUTHENTICATED] && has[ACCESS_PRIVATE]);
    must(f, package_delete(tx, id, &f->err));
    must(f, package_levels(tx, alice, has, &f->err));
    assert_true(!has[ACCESS_PUBLIC] && !has[ACCESS_AUTHENTICATED] && has[ACCESS_PRIVATE]);
    must(f, package_levels(tx, bob, has, &f->err));
    assert_true(!has[ACCESS_PUBLIC] && has[ACCESS_AUTHENTICATED] && !has[ACCESS_PRIVATE]);
    tx_endp(&tx);
}

static void package_changes(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct package_row got = {0};

    must(f, package_update(tx, t.package, S("New."), S("{\"a\":1}"), S("2.0"), 9000, &f->err));
    must(f, package_find(tx, f->mem, S("alice"), S("numpy"), &got, &f->err));
    assert_str(got.summary, "New.");
    assert_str(got.attrs, "{\"a\":1}");
    assert_str(got.latest_version, "2.0");
    assert_int_equal(got.created_ms, 2000);
    assert_int_equal(got.updated_ms, 9000);
    assert_int_equal(package_update(tx, 999, S(""), S("{}"), S(""), 1, NULL), ERR_NOT_FOUND);
    tx_endp(&tx);
}

static void types_of_a_package_are_those_of_its_files(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct file_row a = file_of(f, t.account, t.package, t.release, "linux-64/numpy-1.0-0.conda"),
                    b = file_of(f, t.account, t.package, t.release, "noarch/numpy-1.0-0.conda");
    struct package_row got = {0};
    int64_t first = add_file(f, tx, &a), second = add_file(f, tx, &b);

    must(f, package_find(tx, f->mem, S("alice"), S("numpy"), &got, &f->err));
    assert_str(got.types, "conda");
    must(f, file_delete(tx, first, &f->err));
    must(f, file_delete(tx, second, &f->err));
    must(f, package_find(tx, f->mem, S("alice"), S("numpy"), &got, &f->err));
    assert_str(got.types, "");
    tx_endp(&tx);
}

static void platforms_and_the_last_upload_are_those_of_its_files(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    int64_t release = add_release(f, tx, t.package, "2.0"), ms = -1;
    struct file_row files[] = {
        file_of(f, t.account, t.package, t.release, "noarch/numpy-1.0-0.conda"),
        file_of(f, t.account, t.package, t.release, "linux-64/numpy-1.0-0.conda"),
        file_of(f, t.account, t.package, t.release, "linux-64/numpy-1.0-1.conda"),
        file_of(f, t.account, t.package, release, "win-64/numpy-2.0-0.conda")};
    struct str platforms;

    must(f, package_platforms(tx, f->mem, t.package, &platforms, &f->err));
    assert_str(platforms, "");
    must(f, package_released(tx, t.package, S("1.0"), &ms, &f->err));
    assert_int_equal(ms, 0);
    for (size_t i = 0; i < COUNT(files); i++) {
        files[i].uploaded_ms = 10 + (int64_t)i;
        (void)add_file(f, tx, &files[i]);
    }
    must(f, package_platforms(tx, f->mem, t.package, &platforms, &f->err));
    assert_str(platforms, "linux-64 noarch win-64");
    must(f, package_released(tx, t.package, S("1.0"), &ms, &f->err));
    assert_int_equal(ms, 12);
    must(f, package_released(tx, t.package, S("2.0"), &ms, &f->err));
    assert_int_equal(ms, 13);
    must(f, package_released(tx, t.package, S("3.0"), &ms, &f->err));
    assert_int_equal(ms, 0);
    tx_endp(&tx);
}

static void packages_of_an_account_are_listed_by_name(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct file_row file = file_of(f, t.account, t.package, t.release, "noarch/numpy-1.0-0.conda");
    int64_t bob = add_account(f, tx, "bob");
    struct package_list list = {0};

    (void)add_file(f, tx, &file);
    (void)add_package(f, tx, t.account, "zlib");
    (void)add_package(f, tx, t.account, "a");
    (void)add_package(f, tx, bob, "other");
    must(f, package_list(tx, f->mem, t.account, &list, &f->err));
    assert_int_equal(list.count, 3);
    assert_str(list.rows[0].name, "a");
    assert_str(list.rows[0].types, "");
    assert_str(list.rows[1].name, "numpy");
    assert_str(list.rows[1].types, "conda");
    assert_str(list.rows[1].owner, "alice");
    assert_str(list.rows[2].name, "zlib");
    tx_endp(&tx);
}

static void removed_package_takes_its_releases_and_files_along(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct file_row file = file_of(f, t.account, t.package, t.release, "noarch/numpy-1.0-0.conda"),
                    other = file;
    int64_t package = add_package(f, tx, t.account, "other"),
            release = add_release(f, tx, package, "1.0");
    struct release_row got;

    (void)add_file(f, tx, &file);
    other.package_id = package;
    other.release_id = release;
    other.basename = other.name_key = S("noarch/other-1.0-0.conda");
    (void)add_file(f, tx, &other);
    must(f, package_delete(tx, t.package, &f->err));
    assert_int_equal(package_delete(tx, t.package, NULL), ERR_NOT_FOUND);
    assert_int_equal(release_find(tx, f->mem, t.package, S("1.0"), &got, NULL), ERR_NOT_FOUND);
    assert_int_equal(file_find(tx, f->mem, CONDA(t.account, file.basename), &file, NULL),
                     ERR_NOT_FOUND);
    must(f, file_find(tx, f->mem, CONDA(t.account, other.basename), &other, &f->err));
    tx_endp(&tx);
}

static void release_lives_within_its_package(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    int64_t other = add_package(f, tx, t.account, "other"), id = 0;
    struct release_row got = {0};

    must(f, release_find(tx, f->mem, t.package, S("1.0"), &got, &f->err));
    assert_int_equal(got.id, t.release);
    assert_int_equal(got.package_id, t.package);
    assert_str(got.version, "1.0");
    assert_str(got.attrs, "{}");
    assert_int_equal(got.created_ms, 3000);
    assert_int_equal(release_find(tx, f->mem, other, S("1.0"), &got, NULL), ERR_NOT_FOUND);
    must(f, release_update(tx, t.release, S("{\"x\":0}"), &f->err));
    must(f, release_find(tx, f->mem, t.package, S("1.0"), &got, &f->err));
    assert_str(got.attrs, "{\"x\":0}");
    assert_int_equal(release_update(tx, 999, S("{}"), NULL), ERR_NOT_FOUND);
    must(f, release_delete(tx, t.release, &f->err));
    assert_int_equal(release_delete(tx, t.release, NULL), ERR_NOT_FOUND);
    assert_int_equal(release_find(tx, f->mem, t.package, S("1.0"), &got, NULL), ERR_NOT_FOUND);
    (void)add_release(f, tx, t.package, "1.0");
    assert_int_equal(release_insert(tx, t.package, S("1.0"), S("{}"), 1, &id, &f->err),
                     ERR_CONFLICT);
    assert_string_equal(f->err.msg, "release \"1.0\" exists already");
    tx_endp(&tx);
}

static void releases_are_listed_oldest_first(void **state)
{
    static const struct {
        const char *version;
        int64_t created_ms;
    } order[] = {{"2.0", 50}, {"1.0", 70}, {"3.0", 60}, {"4.0", 60}};
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t package = add_package(f, tx, add_account(f, tx, "alice"), "numpy"), id;
    struct release_list list = {0};

    for (size_t i = 0; i < COUNT(order); i++)
        must(f, release_insert(tx, package, str_of(order[i].version), S("{}"), order[i].created_ms,
                               &id, &f->err));
    must(f, release_list(tx, f->mem, package, &list, &f->err));
    assert_int_equal(list.count, 4);
    assert_str(list.rows[0].version, "2.0");
    assert_str(list.rows[1].version, "3.0");
    assert_str(list.rows[2].version, "4.0");
    assert_str(list.rows[3].version, "1.0");
    tx_endp(&tx);
}

static void account_that_does_not_exist_owns_nothing(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t id = 0;

    assert_int_equal(
        package_insert(tx, 999, S("numpy"), ACCESS_PUBLIC, S(""), S("{}"), 1, &id, &f->err),
        ERR_INVALID);
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(package_is_found_by_owner_and_name),
        WITH_DATABASE(package_name_is_unique_within_its_account),
        WITH_DATABASE(package_has_an_access_that_can_change),
        WITH_DATABASE(levels_are_told_that_packages_of_an_account_have),
        WITH_DATABASE(package_changes),
        WITH_DATABASE(types_of_a_package_are_those_of_its_files),
        WITH_DATABASE(platforms_and_the_last_upload_are_those_of_its_files),
        WITH_DATABASE(packages_of_an_account_are_listed_by_name),
        WITH_DATABASE(removed_package_takes_its_releases_and_files_along),
        WITH_DATABASE(release_lives_within_its_package),
        WITH_DATABASE(releases_are_listed_oldest_first),
        WITH_DATABASE(account_that_does_not_exist_owns_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
