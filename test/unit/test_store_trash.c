/* Rows of the trash: they come back as they were, or go a few at a time. */
#include "store_fixture.h"

#include "store/grant.h"
#include "store/label.h"
#include "store/retention.h"
#include "store/space.h"
#include "store/trash.h"

#define FAR INT64_C(1000000)

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

/* Every row of what a removal takes, as one text. */
static struct str living(struct fixture *f, struct tx *tx)
{
    static const struct stmt all = {
        "living",
        "SELECT 'package ' || id || account_id || name || access || summary || attrs || "
        "latest_version || created_ms || updated_ms || edits || copied_from || "
        "COALESCE(copied_from_id, 0) FROM package UNION ALL "
        "SELECT 'release ' || id || package_id || version || attrs || created_ms FROM release "
        "UNION ALL SELECT 'file ' || id || account_id || package_id || release_id || type || "
        "name_key || basename || subdir || filename || sha256 || md5 || size || record || "
        "run_exports || about || facts || description || build_timestamp_ms || uploaded_ms || "
        "COALESCE(uploader_id, 0) FROM file UNION ALL "
        "SELECT 'label ' || file_id || ' ' || label_id FROM file_label UNION ALL "
        "SELECT 'collaborator ' || package_id || ' ' || account_id || permission "
        "FROM collaborator UNION ALL "
        "SELECT 'group ' || package_id || ' ' || group_id || ' ' || account_id "
        "FROM group_package UNION ALL "
        "SELECT 'rules ' || package_id || rules FROM package_retention UNION ALL "
        "SELECT 'favorite ' || account_id || ' ' || package_id || ' ' || created_ms FROM favorite "
        "UNION ALL SELECT 'download ' || file_id || ' ' || day || client || count FROM download "
        "UNION ALL SELECT 'total ' || file_id || ' ' || count FROM download_total UNION ALL "
        "SELECT 'of package ' || package_id || ' ' || day || client || count "
        "FROM package_download UNION ALL "
        "SELECT 'all of package ' || package_id || ' ' || count FROM package_download_total "
        "ORDER BY 1",
        "", "t"};
    AUTO(rows_endp) struct rows *rows = NULL;
    struct str text = S("");

    must(f, db_query(tx, &all, DB_NO_ARGS, &rows, &f->err));
    while (rows_next(rows)) {
        struct str row = rows_text(rows, 0);

        text = str_fmt(f->mem, "%.*s%.*s\n", (int)text.len, text.ptr, (int)row.len, row.ptr);
    }
    must(f, rows_error(rows, &f->err));
    return text;
}

/* alice/numpy 1.0 with two files of the labels main and dev; bob is its collaborator, and a group
 * may use it. */
struct scene {
    struct tree t;
    int64_t files[2], labels[2], bob, group;
};
static struct scene add_scene(struct fixture *f, struct tx *tx)
{
    static const char *const names[] = {"noarch/numpy-1.0-0.conda", "linux-64/numpy-1.0-0.conda"};
    struct scene s = {.t = add_tree(f, tx)};
    struct group_row group;
    bool changed;

    s.bob = add_account(f, tx, "bob");
    s.group = add_group(f, tx, s.t.account, "staff", "write", false);
    group = (struct group_row){.id = s.group, .account_id = s.t.account};
    must(f, group_add_package(tx, &group, s.t.package, &changed, &f->err));
    must(f, retention_put_package(tx, s.t.package, S("{\"rules\":[]}"), 2000, &changed, &f->err));
    must(f, collaborator_put(tx, s.t.package, s.bob, S("write"), &f->err));
    must(f, label_ensure(tx, s.t.account, S("main"), &s.labels[0], &f->err));
    must(f, label_ensure(tx, s.t.account, S("dev"), &s.labels[1], &f->err));
    for (size_t i = 0; i < 2; i++) {
        struct file_row row = file_of(f, s.t.account, s.t.package, s.t.release, names[i]);

        row.sha256 = digest_of(f->mem, i ? '2' : '1');
        row.size = i ? 20 : 1;
        s.files[i] = add_file(f, tx, &row);
        must(f, label_attach(tx, s.files[i], s.labels[i], ACCESS_PUBLIC, &f->err));
    }
    must(f, tx_script(tx,
                      "INSERT INTO favorite (account_id, package_id, created_ms) "
                      "SELECT a.id, p.id, 7 FROM account a CROSS JOIN package p "
                      "WHERE a.login = 'bob'; "
                      "INSERT INTO download (file_id, day, client, count) "
                      "SELECT id, 20000, 'conda', 3 FROM file WHERE subdir = 'noarch'; "
                      "INSERT INTO download_total (file_id, count) "
                      "SELECT id, 8 FROM file WHERE subdir = 'noarch'; "
                      "INSERT INTO package_download (package_id, day, client, count) "
                      "SELECT id, 20000, 'conda', 4 FROM package; "
                      "INSERT INTO package_download_total (package_id, count) "
                      "SELECT id, 9 FROM package; "
                      "UPDATE package SET edits = '{\"summary\":\"mine\"}'",
                      &f->err));
    return s;
}

static struct trash_row item_of(const struct scene *s, const char *kind)
{
    bool is_package = !strcmp(kind, "package"), is_file = !strcmp(kind, "file");

    return (struct trash_row){
        .account_id = s->t.account,
        .kind = str_of(kind),
        .package_id = s->t.package,
        .package = S("numpy"),
        .version = is_package ? S("") : S("1.0"),
        .basename = is_file ? S("noarch/numpy-1.0-0.conda") : S(""),
        .remover = S("alice"),
        .reason = S(""),
        .removed_ms = 100,
        .due_ms = 200,
    };
}

/* Moves the package, its release or its first file into the trash. */
static struct trash_row drop(struct fixture *f, struct tx *tx, const struct scene *s,
                             const char *kind)
{
    struct trash_row item = item_of(s, kind);
    bool is_package = !strcmp(kind, "package"), is_file = !strcmp(kind, "file");

    must(f, trash_insert(tx, &item, &item.id, &f->err));
    if (is_package)
        must(f, trash_keep_package(tx, item.id, s->t.package, &f->err));
    must(f, trash_keep_files(tx, item.id, s->t.package, is_package ? 0 : s->t.release,
                             is_file ? s->files[0] : 0, &f->err));
    for (size_t i = 0; i < (is_file ? 1 : 2); i++)
        must(f, file_delete(tx, s->files[i], &f->err));
    if (is_package)
        must(f, package_delete(tx, s->t.package, &f->err));
    else if (!is_file)
        must(f, release_delete(tx, s->t.release, &f->err));
    must(f, trash_find(tx, f->mem, s->t.account, item.id, 150, &item, &f->err));
    return item;
}

static void put_back(struct fixture *f, struct tx *tx, const struct trash_row *item)
{
    if (str_eq(item->kind, S("package")))
        must(f, trash_return_package(tx, item, &f->err));
    must(f, trash_return_files(tx, item, &f->err));
    must(f, trash_delete(tx, item->id, &f->err));
}

static bool blob_used(struct fixture *f, struct tx *tx, char digest)
{
    bool used = false;

    must(f, file_blob_used(tx, digest_of(f->mem, digest), &used, &f->err));
    return used;
}

static void what_is_put_back_is_what_it_was(void **state)
{
    static const char *const kinds[] = {"file", "release", "package"};
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct scene s = add_scene(f, tx);
    struct str before;

    before = living(f, tx);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct trash_row item = drop(f, tx, &s, kinds[i]);

        assert_false(str_eq(living(f, tx), before));
        put_back(f, tx, &item);
        assert_str(living(f, tx), before.ptr);
        assert_int_equal(NUMBER(f, tx, "SELECT COUNT(*) FROM trash"), 0);
        assert_int_equal(NUMBER(f, tx, "SELECT COUNT(*) FROM trash_file"), 0);
        assert_int_equal(NUMBER(f, tx, "SELECT COUNT(*) FROM trash_file_label"), 0);
        assert_int_equal(NUMBER(f, tx, "SELECT COUNT(*) FROM trash_release"), 0);
    }
    tx_endp(&tx);
}

static void what_is_in_the_trash_is_nowhere_else_but_its_bytes_are_held(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct scene s = add_scene(f, tx);
    struct trash_row item = drop(f, tx, &s, "package");
    struct space_row space;

    assert_int_equal(living(f, tx).len, 0);
    assert_str(item.owner, "alice");
    assert_int_equal(item.files, 2);
    assert_int_equal(item.size, 21);
    assert_int_equal(item.removed_ms, 100);
    assert_true(blob_used(f, tx, '1'));
    assert_true(blob_used(f, tx, '2'));
    must(f, space_find(tx, s.t.account, &space, &f->err));
    assert_int_equal(space.used, 21);
    tx_endp(&tx);
}

static void what_is_due_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct scene s = add_scene(f, tx);
    struct trash_row item = drop(f, tx, &s, "release"), found = {0};
    struct trash_list list = {0};

    assert_int_equal(trash_next_due(tx, f->mem, 0, 199, &found, &f->err), ERR_NOT_FOUND);
    must(f, trash_list(tx, f->mem, s.t.account, FAR, 199, 0, 10, &list, &f->err));
    assert_int_equal(list.count, 1);
    must(f, trash_list(tx, f->mem, s.t.account, item.id, 199, 0, 10, &list, &f->err));
    assert_int_equal(list.count, 0);
    must(f, trash_list(tx, f->mem, s.t.account, FAR, 200, 0, 10, &list, &f->err));
    assert_int_equal(list.count, 0);
    assert_int_equal(trash_find(tx, f->mem, s.t.account, item.id, 200, &found, &f->err),
                     ERR_NOT_FOUND);
    assert_int_equal(trash_find(tx, f->mem, s.bob, item.id, 199, &found, &f->err), ERR_NOT_FOUND);
    must(f, trash_next_due(tx, f->mem, 0, 200, &found, &f->err));
    assert_int_equal(found.id, item.id);
    assert_int_equal(trash_next_due(tx, f->mem, s.bob, 200, &found, &f->err), ERR_NOT_FOUND);
    must(f, trash_expire(tx, item.id, &f->err));
    must(f, trash_next_due(tx, f->mem, s.t.account, 1, &found, &f->err));
    assert_int_equal(found.due_ms, 0);
    tx_endp(&tx);
}

static void it_is_swept_a_few_files_at_a_time(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct scene s = add_scene(f, tx);
    struct trash_row item = drop(f, tx, &s, "package");
    struct space_row space;
    bool gone = true;

    must(f, trash_sweep(tx, f->mem, &item, 1, &gone, &f->err));
    assert_false(gone);
    must(f, space_find(tx, s.t.account, &space, &f->err));
    assert_int_equal(space.used, 20);
    assert_int_equal(NUMBER(f, tx, "SELECT COUNT(*) FROM index_garbage"), 1);
    must(f, trash_sweep(tx, f->mem, &item, 2, &gone, &f->err));
    assert_true(gone);
    assert_int_equal(NUMBER(f, tx, "SELECT COUNT(*) FROM trash"), 0);
    assert_int_equal(NUMBER(f, tx, "SELECT COUNT(*) FROM trash_package"), 0);
    assert_int_equal(NUMBER(f, tx, "SELECT COUNT(*) FROM trash_collaborator"), 0);
    assert_int_equal(NUMBER(f, tx, "SELECT COUNT(*) FROM index_garbage WHERE retired_ms = 0"), 2);
    must(f, space_find(tx, s.t.account, &space, &f->err));
    assert_int_equal(space.used, 0);
    tx_endp(&tx);
}

/* A file can only be put back into its package. */
static void with_a_package_go_the_files_that_went_before_it(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct scene s = add_scene(f, tx);
    struct trash_row file = drop(f, tx, &s, "file"), package, other;
    bool gone = false, has = false;

    must(f, trash_has(tx, s.t.package, &has, &f->err));
    assert_true(has);
    package = item_of(&s, "package");
    package.due_ms = 300;
    must(f, trash_insert(tx, &package, &package.id, &f->err));
    must(f, trash_keep_package(tx, package.id, s.t.package, &f->err));
    must(f, trash_keep_files(tx, package.id, s.t.package, 0, 0, &f->err));
    must(f, file_delete(tx, s.files[1], &f->err));
    must(f, package_delete(tx, s.t.package, &f->err));
    other = item_of(&s, "file");
    other.basename = S("other");
    must(f, trash_insert(tx, &other, &other.id, &f->err));
    /* One of the files: the package can be put back still, and the others with it. */
    must(f, trash_sweep(tx, f->mem, &file, 10, &gone, &f->err));
    assert_true(gone);
    assert_int_equal(NUMBER(f, tx, "SELECT COUNT(*) FROM trash WHERE due_ms = 0"), 0);
    must(f, trash_sweep(tx, f->mem, &package, 10, &gone, &f->err));
    assert_true(gone);
    assert_int_equal(NUMBER(f, tx, "SELECT COUNT(*) FROM trash WHERE due_ms = 0"), 1);
    tx_endp(&tx);
}

static void all_of_a_release_or_package_is_made_due_at_once(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct scene s = add_scene(f, tx);
    struct trash_row other = item_of(&s, "release");

    (void)drop(f, tx, &s, "file");
    other.version = S("2.0");
    must(f, trash_insert(tx, &other, &other.id, &f->err));
    must(f, trash_expire_all(tx, s.t.package, S("1.0"), &f->err));
    assert_int_equal(NUMBER(f, tx, "SELECT COUNT(*) FROM trash WHERE due_ms = 0"), 1);
    must(f, trash_expire_all(tx, s.t.package + 1, S(""), &f->err));
    assert_int_equal(NUMBER(f, tx, "SELECT COUNT(*) FROM trash WHERE due_ms = 0"), 1);
    must(f, trash_expire_all(tx, s.t.package, S(""), &f->err));
    assert_int_equal(NUMBER(f, tx, "SELECT COUNT(*) FROM trash WHERE due_ms = 0"), 2);
    tx_endp(&tx);
}

static void names_that_are_taken_are_found(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct scene s = add_scene(f, tx);
    struct trash_row item = drop(f, tx, &s, "file");
    struct file_row row =
        file_of(f, s.t.account, s.t.package, s.t.release, "noarch/numpy-1.0-0.conda");
    const struct file_name name = {s.t.account, S("conda"), S("noarch/numpy-1.0-0.conda")};
    struct str found = S("");
    bool retired = true;
    int64_t again;

    assert_int_equal(trash_taken(tx, f->mem, item.id, &found, &f->err), ERR_NOT_FOUND);
    again = add_file(f, tx, &row);
    must(f, trash_taken(tx, f->mem, item.id, &found, &f->err));
    assert_str(found, "noarch/numpy-1.0-0.conda");
    must(f, file_delete(tx, again, &f->err));
    /* By a file of another kind, in the same release. */
    row.type = S("file");
    row.name_key = S("elsewhere");
    again = add_file(f, tx, &row);
    must(f, trash_taken(tx, f->mem, item.id, &found, &f->err));
    must(f, file_delete(tx, again, &f->err));
    assert_int_equal(trash_taken(tx, f->mem, item.id, &found, &f->err), ERR_NOT_FOUND);
    /* Reserved for its own bytes, and for others. */
    must(f, file_name_retire(tx, &name, digest_of(f->mem, '1'), 100, &f->err));
    assert_int_equal(trash_retired(tx, f->mem, item.id, &found, &f->err), ERR_NOT_FOUND);
    must(f, file_name_retire(tx, &name, digest_of(f->mem, 'f'), 101, &f->err));
    must(f, trash_retired(tx, f->mem, item.id, &found, &f->err));
    assert_str(found, "noarch/numpy-1.0-0.conda");
    must(f, file_name_retire(tx, &name, digest_of(f->mem, '1'), 102, &f->err));
    put_back(f, tx, &item);
    must(f, file_name_retired(tx, &name, &retired, &f->err));
    assert_false(retired);
    tx_endp(&tx);
}

static void labels_are_found_again_by_number_and_else_by_name(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct scene s = add_scene(f, tx);
    struct trash_row item = drop(f, tx, &s, "release");
    struct label_list labels = {0};
    int64_t made;

    commit(f, &tx);
    run_script(f, "UPDATE label SET name = 'testing', locked = 1 WHERE name = 'dev';"
                  "DELETE FROM label WHERE name = 'main';");
    tx = begin(f, TX_WRITE);
    must(f, trash_labels(tx, f->mem, item.id, &labels, &f->err));
    assert_int_equal(labels.count, 2);
    assert_str(labels.rows[0].name, "main");
    assert_int_equal(labels.rows[0].id, 0);
    assert_false(labels.rows[0].locked);
    assert_str(labels.rows[1].name, "testing");
    assert_int_equal(labels.rows[1].id, s.labels[1]);
    assert_true(labels.rows[1].locked);
    must(f, label_ensure(tx, s.t.account, S("main"), &made, &f->err));
    must(f, trash_labels(tx, f->mem, item.id, &labels, &f->err));
    assert_int_equal(labels.rows[0].id, made);
    put_back(f, tx, &item);
    assert_int_equal(NUMBER(f, tx,
                            "SELECT COUNT(*) FROM file_label fl JOIN label l "
                            "ON l.id = fl.label_id JOIN file f ON f.id = fl.file_id "
                            "WHERE (l.name = 'main' AND f.subdir = 'noarch') "
                            "OR (l.name = 'testing' AND f.subdir = 'linux-64')"),
                     2);
    tx_endp(&tx);
}

static void users_find_what_they_were_let_into(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct scene s = add_scene(f, tx);
    int64_t carl = add_account(f, tx, "carl"), dora = add_account(f, tx, "dora");
    const struct {
        int64_t user;
        size_t file, package;
    } expected[] = {{s.bob, 1, 1}, {carl, 1, 1}, {dora, 0, 0}, {0, 1, 1}};
    struct trash_list list;
    bool changed;

    must(f, group_add_member(tx, s.group, carl, &changed, &f->err));
    for (int round = 0; round < 2; round++) {
        struct trash_row item = drop(f, tx, &s, round ? "package" : "file");

        for (size_t i = 0; i < COUNT(expected); i++) {
            must(f, trash_list(tx, f->mem, s.t.account, FAR, 150, expected[i].user, 10, &list,
                               &f->err));
            assert_int_equal(list.count, round ? expected[i].package : expected[i].file);
        }
        if (!round)
            put_back(f, tx, &item);
    }
    /* Who leaves does not come back with what he was let into. */
    must(f, collaborator_delete_all(tx, s.t.account, s.bob, &f->err));
    must(f, trash_list(tx, f->mem, s.t.account, FAR, 150, s.bob, 10, &list, &f->err));
    assert_int_equal(list.count, 0);
    tx_endp(&tx);
}

static void with_an_account_goes_its_trash_and_the_bytes_are_set_aside(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct scene s = add_scene(f, tx);

    (void)drop(f, tx, &s, "package");
    must(f, account_discard_bytes(tx, s.t.account, 1000, &f->err));
    must(f, account_delete(tx, s.t.account, &f->err));
    assert_int_equal(NUMBER(f, tx, "SELECT COUNT(*) FROM trash"), 0);
    assert_int_equal(NUMBER(f, tx, "SELECT COUNT(*) FROM trash_file"), 0);
    assert_int_equal(NUMBER(f, tx, "SELECT COUNT(*) FROM account_space"), 0);
    assert_int_equal(NUMBER(f, tx, "SELECT COUNT(*) FROM index_garbage"), 2);
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(what_is_put_back_is_what_it_was),
        WITH_DATABASE(what_is_in_the_trash_is_nowhere_else_but_its_bytes_are_held),
        WITH_DATABASE(what_is_due_is_not_found),
        WITH_DATABASE(it_is_swept_a_few_files_at_a_time),
        WITH_DATABASE(with_a_package_go_the_files_that_went_before_it),
        WITH_DATABASE(all_of_a_release_or_package_is_made_due_at_once),
        WITH_DATABASE(names_that_are_taken_are_found),
        WITH_DATABASE(labels_are_found_again_by_number_and_else_by_name),
        WITH_DATABASE(users_find_what_they_were_let_into),
        WITH_DATABASE(with_an_account_goes_its_trash_and_the_bytes_are_set_aside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
