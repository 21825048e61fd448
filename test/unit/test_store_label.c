#include "store_fixture.h"

#include "store/label.h"

static int64_t ensure(struct fixture *f, struct tx *tx, int64_t account, const char *name)
{
    int64_t id = 0;

    must(f, label_ensure(tx, account, str_of(name), &id, &f->err));
    assert_true(id > 0);
    return id;
}

static struct label_row find(struct fixture *f, struct tx *tx, int64_t account, const char *name)
{
    struct label_row row = {.id = 99};

    must(f, label_find(tx, f->mem, account, str_of(name), &row, &f->err));
    assert_str(row.name, name);
    return row;
}

static void assert_access(struct fixture *f, struct tx *tx, int64_t account, const char *name,
                          enum access_level access)
{
    assert_int_equal(find(f, tx, account, name).access, access);
}

/* A file of a new package of alice's, that carries nothing. */
static int64_t add_packaged_file(struct fixture *f, struct tx *tx, int64_t account,
                                 const char *name, enum access_level access, int64_t *ret_package)
{
    int64_t package = add_package_with(f, tx, account, name, access),
            release = add_release(f, tx, package, "1");
    struct file_row row =
        file_of(f, account, package, release, str_fmt(f->mem, "noarch/%s-1-0.conda", name).ptr);

    *ret_package = package;
    return add_file(f, tx, &row);
}

static void label_is_made_once(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob"), first;
    struct label_row got = {.id = 99};

    assert_int_equal(label_find(tx, f->mem, alice, S("dev"), &got, NULL), ERR_NOT_FOUND);
    assert_int_equal(got.id, 99);
    first = ensure(f, tx, alice, "dev");
    assert_int_equal(ensure(f, tx, alice, "dev"), first);
    assert_int_not_equal(ensure(f, tx, bob, "dev"), first);
    assert_int_equal(find(f, tx, alice, "dev").id, first);
    assert_false(find(f, tx, alice, "dev").locked);
    tx_endp(&tx);
}

static void main_is_always_there_for_everybody(void **state)
{
    static const struct view everybody = {.widest = ACCESS_PUBLIC};
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");
    struct label_list list = {0};

    (void)ensure(f, tx, alice, "zeta");
    (void)ensure(f, tx, alice, "dev");
    for (int round = 0; round < 2; round++) { /* without and with a row of its own */
        struct label_row main_row = find(f, tx, alice, "main");
        bool shown = false;

        assert_int_equal(main_row.id > 0, round);
        assert_int_equal(main_row.access, ACCESS_PUBLIC);
        assert_false(main_row.locked);
        must(f, label_shown(tx, &main_row, &everybody, &shown, &f->err));
        assert_true(shown);
        must(f, label_list(tx, f->mem, alice, &list, &f->err));
        assert_int_equal(list.count, 3);
        assert_str(list.rows[0].name, "dev");
        assert_int_equal(list.rows[0].access, ACCESS_PRIVATE);
        assert_str(list.rows[1].name, "main");
        assert_int_equal(list.rows[1].access, ACCESS_PUBLIC);
        assert_str(list.rows[2].name, "zeta");
        (void)ensure(f, tx, alice, "main");
    }
    tx_endp(&tx);
}

static void file_lists_the_labels_it_carries(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), package;
    int64_t x = add_packaged_file(f, tx, alice, "x", ACCESS_AUTHENTICATED, &package),
            y = add_packaged_file(f, tx, alice, "y", ACCESS_PUBLIC, &package);
    int64_t dev = ensure(f, tx, alice, "dev");
    struct label_list list = {0};

    must(f, label_attach(tx, x, ensure(f, tx, alice, "main"), ACCESS_AUTHENTICATED, &f->err));
    must(f, label_attach(tx, x, dev, ACCESS_AUTHENTICATED, &f->err));
    must(f, label_attach(tx, x, dev, ACCESS_AUTHENTICATED, &f->err)); /* again: no effect */
    must(f, label_list_by_file(tx, f->mem, x, &list, &f->err));
    assert_int_equal(list.count, 2);
    assert_str(list.rows[0].name, "dev");
    assert_int_equal(list.rows[0].id, dev);
    assert_int_equal(list.rows[0].access, ACCESS_AUTHENTICATED);
    assert_str(list.rows[1].name, "main");
    assert_int_equal(list.rows[1].access, ACCESS_PUBLIC);
    must(f, label_list_by_file(tx, f->mem, y, &list, &f->err));
    assert_int_equal(list.count, 0);
    tx_endp(&tx);
}

static void label_in_upper_case_is_refused(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), id = 0;

    assert_int_equal(label_ensure(tx, alice, S("Dev"), &id, &f->err), ERR_INVALID);
    tx_endp(&tx);
}

/* ---- who may know of it ---------------------------------------------------------------------- */

static void label_is_known_by_as_many_as_ever_saw_a_file_of_it(void **state)
{
    static const struct {
        enum access_level attached, then;
    } steps[] = {
        {ACCESS_PRIVATE, ACCESS_PRIVATE},       {ACCESS_AUTHENTICATED, ACCESS_AUTHENTICATED},
        {ACCESS_PRIVATE, ACCESS_AUTHENTICATED}, /* never narrower */
        {ACCESS_PUBLIC, ACCESS_PUBLIC},         {ACCESS_AUTHENTICATED, ACCESS_PUBLIC},
        {ACCESS_PRIVATE, ACCESS_PUBLIC},
    };
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), dev = ensure(f, tx, alice, "dev"), package,
            file = 0;

    (void)ensure(f, tx, alice, "other");
    assert_access(f, tx, alice, "dev", ACCESS_PRIVATE); /* nothing carries it yet */
    for (size_t i = 0; i < COUNT(steps); i++) {
        const char *name = str_fmt(f->mem, "p%zu", i).ptr;

        file = add_packaged_file(f, tx, alice, name, steps[i].attached, &package);
        must(f, label_attach(tx, file, dev, steps[i].attached, &f->err));
        assert_access(f, tx, alice, "dev", steps[i].then);
    }
    assert_access(f, tx, alice, "other", ACCESS_PRIVATE);
    must(f, file_delete(tx, file, &f->err));
    assert_access(f, tx, alice, "dev", ACCESS_PUBLIC);
    tx_endp(&tx);
}

static void labels_widen_with_the_package_of_their_files(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), x, y;
    int64_t of_x = add_packaged_file(f, tx, alice, "x", ACCESS_PRIVATE, &x),
            of_y = add_packaged_file(f, tx, alice, "y", ACCESS_PRIVATE, &y);
    static const char *const names[] = {"one", "two"};

    for (size_t i = 0; i < COUNT(names); i++)
        must(f, label_attach(tx, of_x, ensure(f, tx, alice, names[i]), ACCESS_PRIVATE, &f->err));
    must(f, label_attach(tx, of_y, ensure(f, tx, alice, "of-y"), ACCESS_PRIVATE, &f->err));
    must(f, label_widen(tx, x, ACCESS_AUTHENTICATED, &f->err));
    assert_access(f, tx, alice, "one", ACCESS_AUTHENTICATED);
    assert_access(f, tx, alice, "two", ACCESS_AUTHENTICATED);
    assert_access(f, tx, alice, "of-y", ACCESS_PRIVATE);
    must(f, label_widen(tx, x, ACCESS_PRIVATE, &f->err));
    assert_access(f, tx, alice, "one", ACCESS_AUTHENTICATED);
    must(f, label_widen(tx, x, ACCESS_PUBLIC, &f->err));
    assert_access(f, tx, alice, "one", ACCESS_PUBLIC);
    must(f, label_widen(tx, x, ACCESS_AUTHENTICATED, &f->err));
    assert_access(f, tx, alice, "one", ACCESS_PUBLIC);
    assert_access(f, tx, alice, "of-y", ACCESS_PRIVATE);
    tx_endp(&tx);
}

static bool is_shown(struct fixture *f, struct tx *tx, int64_t account, const char *name,
                     const struct view *view)
{
    struct label_row row = find(f, tx, account, name);
    bool shown = false;

    must(f, label_shown(tx, &row, view, &shown, &f->err));
    return shown;
}

static void label_is_shown_to_those_who_may_know_of_it(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), packages[ACCESS_LEVELS], hidden;
    static const char *const labels[ACCESS_LEVELS] = {"for-all", "for-users", "for-few"};
    const struct view few = {ACCESS_PUBLIC, &packages[ACCESS_PRIVATE], 1},
                      others = {ACCESS_AUTHENTICATED, &hidden, 1};
    int64_t file;

    for (unsigned a = 0; a < ACCESS_LEVELS; a++) {
        file = add_packaged_file(f, tx, alice, labels[a], (enum access_level)a, &packages[a]);
        must(f, label_attach(tx, file, ensure(f, tx, alice, labels[a]), (enum access_level)a,
                             &f->err));
    }
    (void)ensure(f, tx, alice, "of-nothing");
    (void)add_packaged_file(f, tx, alice, "hidden", ACCESS_PRIVATE, &hidden);
    for (unsigned v = 0; v < ACCESS_LEVELS; v++) {
        const struct view view = {.widest = (enum access_level)v};

        for (unsigned a = 0; a < ACCESS_LEVELS; a++)
            assert_int_equal(is_shown(f, tx, alice, labels[a], &view), a <= v);
        assert_int_equal(is_shown(f, tx, alice, "of-nothing", &view), v == ACCESS_PRIVATE);
    }
    /* Whoever sees one of its packages may know of it. */
    assert_true(is_shown(f, tx, alice, "for-few", &few));
    assert_true(is_shown(f, tx, alice, "for-all", &few));
    assert_false(is_shown(f, tx, alice, "for-users", &few));
    assert_false(is_shown(f, tx, alice, "of-nothing", &few));
    assert_false(is_shown(f, tx, alice, "for-few", &others));
    assert_true(is_shown(f, tx, alice, "for-users", &others));
    tx_endp(&tx);
}

/* ---- sets of files --------------------------------------------------------------------------- */

/* Two releases of x, of which one has two files, and one file of y, which is private. */
struct forest {
    int64_t account, x, y, x1, x2, y1, files[4];
};

static struct forest add_forest(struct fixture *f, struct tx *tx)
{
    static const char *const names[] = {"noarch/x-1-0.conda", "linux-64/x-1-0.conda",
                                        "noarch/x-2-0.conda", "linux-64/y-1-0.conda"};
    struct forest t = {.account = add_account(f, tx, "alice")};
    struct file_row row;

    t.x = add_package(f, tx, t.account, "x");
    t.y = add_package_with(f, tx, t.account, "y", ACCESS_PRIVATE);
    t.x1 = add_release(f, tx, t.x, "1");
    t.x2 = add_release(f, tx, t.x, "2");
    t.y1 = add_release(f, tx, t.y, "1");
    for (size_t i = 0; i < COUNT(names); i++) {
        row = file_of(f, t.account, i < 3 ? t.x : t.y,
                      i < 2   ? t.x1
                      : i < 3 ? t.x2
                              : t.y1,
                      names[i]);
        t.files[i] = add_file(f, tx, &row);
    }
    return t;
}

static int64_t count_of(struct fixture *f, struct tx *tx, const struct forest *t, int64_t label)
{
    const struct file_set all = {OF_ACCOUNT, t->account};
    struct file_list files = {0};

    must(f, file_list_labelled(tx, f->mem, &all, label, &files, &f->err));
    return (int64_t)files.count;
}

static void sets_of_files_get_and_lose_a_label(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct forest t = add_forest(f, tx);
    int64_t dev = ensure(f, tx, t.account, "dev"), main_id = ensure(f, tx, t.account, "main");
    const struct {
        struct file_set set;
        int64_t added, all;
    } steps[] = {
        {{OF_FILE, t.files[0]}, 1, 1},   {{OF_RELEASE, t.x1}, 1, 2},      {{OF_PACKAGE, t.x}, 1, 3},
        {{OF_ACCOUNT, t.account}, 1, 4}, {{OF_ACCOUNT, t.account}, 0, 4},
    };
    int64_t changes = -1;

    for (size_t i = 0; i < COUNT(steps); i++) {
        must(f, label_attach_set(tx, &steps[i].set, dev, &changes, &f->err));
        assert_int_equal(changes, steps[i].added);
        assert_int_equal(count_of(f, tx, &t, dev), steps[i].all);
    }
    for (size_t i = 0; i < 4; i++) {
        must(f, label_detach_set(tx, &steps[i].set, dev, &changes, &f->err));
        assert_int_equal(changes, steps[i].added);
        assert_int_equal(count_of(f, tx, &t, dev), 4 - steps[i].all);
    }
    assert_int_equal(count_of(f, tx, &t, main_id), 0);
    tx_endp(&tx);
}

static void whatever_carries_one_label_gets_the_other(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct forest t = add_forest(f, tx);
    int64_t dev = ensure(f, tx, t.account, "dev"), prod = ensure(f, tx, t.account, "prod"),
            changes = -1;

    must(f, label_attach_set(tx, &(struct file_set){OF_RELEASE, t.x1}, dev, &changes, &f->err));
    must(f, label_attach_set(tx, &(struct file_set){OF_FILE, t.files[1]}, prod, &changes, &f->err));
    must(f, label_attach_copy(tx, dev, prod, &changes, &f->err));
    assert_int_equal(changes, 1);
    assert_int_equal(count_of(f, tx, &t, prod), 2);
    assert_int_equal(count_of(f, tx, &t, dev), 2);
    must(f, label_attach_copy(tx, dev, prod, &changes, &f->err));
    assert_int_equal(changes, 0);
    tx_endp(&tx);
}

static bool has_place(const struct label_places *places, const char *subdir,
                      enum access_level access)
{
    for (size_t i = 0; i < places->count; i++)
        if (str_eq(places->rows[i].subdir, str_of(subdir)) && places->rows[i].access == access)
            return true;
    return false;
}

static void the_places_of_labelled_files_are_told_once(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct forest t = add_forest(f, tx);
    int64_t dev = ensure(f, tx, t.account, "dev"), changes;
    const struct file_set all = {OF_ACCOUNT, t.account}, x2 = {OF_RELEASE, t.x2};
    struct label_places places = {0};

    must(f, label_places(tx, f->mem, &all, dev, &places, &f->err));
    assert_int_equal(places.count, 0);
    must(f, label_attach_set(tx, &all, dev, &changes, &f->err));
    must(f, label_places(tx, f->mem, &all, dev, &places, &f->err));
    assert_int_equal(places.count, 3); /* noarch has two files of x */
    assert_true(has_place(&places, "noarch", ACCESS_PUBLIC));
    assert_true(has_place(&places, "linux-64", ACCESS_PUBLIC));
    assert_true(has_place(&places, "linux-64", ACCESS_PRIVATE));
    must(f, label_places(tx, f->mem, &x2, dev, &places, &f->err));
    assert_int_equal(places.count, 1);
    assert_true(has_place(&places, "noarch", ACCESS_PUBLIC));
    tx_endp(&tx);
}

static void the_locked_labels_of_files_are_found(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct forest t = add_forest(f, tx);
    int64_t dev = ensure(f, tx, t.account, "dev"), beta = ensure(f, tx, t.account, "beta"), changes;
    const struct file_set file = {OF_FILE, t.files[0]}, sibling = {OF_FILE, t.files[1]};
    const struct file_set above[] = {
        {OF_FILE, t.files[0]}, {OF_RELEASE, t.x1}, {OF_PACKAGE, t.x}, {OF_ACCOUNT, t.account}};
    struct label_row row = {0};

    must(f, label_attach_set(tx, &file, dev, &changes, &f->err));
    must(f, label_attach_set(tx, &file, beta, &changes, &f->err));
    assert_int_equal(label_find_locked(tx, f->mem, &file, &row, NULL), ERR_NOT_FOUND);
    must(f, label_set_locked(tx, dev, true, &f->err));
    assert_true(find(f, tx, t.account, "dev").locked);
    for (size_t i = 0; i < COUNT(above); i++) {
        must(f, label_find_locked(tx, f->mem, &above[i], &row, &f->err));
        assert_str(row.name, "dev");
    }
    assert_int_equal(label_find_locked(tx, f->mem, &sibling, &row, NULL), ERR_NOT_FOUND);
    must(f, label_set_locked(tx, beta, true, &f->err));
    must(f, label_find_locked(tx, f->mem, &file, &row, &f->err));
    assert_str(row.name, "beta");
    must(f, label_set_locked(tx, beta, false, &f->err));
    must(f, label_set_locked(tx, dev, false, &f->err));
    assert_int_equal(label_find_locked(tx, f->mem, &file, &row, NULL), ERR_NOT_FOUND);
    tx_endp(&tx);
}

static void a_deleted_label_leaves_its_files(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct forest t = add_forest(f, tx);
    int64_t dev = ensure(f, tx, t.account, "dev"), changes;
    const struct file_set all = {OF_ACCOUNT, t.account};
    struct label_row row;
    struct file_row file;

    must(f, label_attach_set(tx, &all, dev, &changes, &f->err));
    must(f, label_delete(tx, dev, &f->err));
    assert_int_equal(label_find(tx, f->mem, t.account, S("dev"), &row, NULL), ERR_NOT_FOUND);
    for (size_t i = 0; i < COUNT(t.files); i++)
        must(f, file_find_by_id(tx, f->mem, t.files[i], &file, &f->err));
    assert_str(file.basename, "linux-64/y-1-0.conda");
    assert_str(file.about, "{\"summary\":\"s\"}");
    assert_int_equal(file_find_by_id(tx, f->mem, 999, &file, NULL), ERR_NOT_FOUND);
    assert_int_not_equal(ensure(f, tx, t.account, "dev"), dev);
    tx_endp(&tx);
}

static void files_are_counted_as_a_view_shows_them(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct forest t = add_forest(f, tx);
    int64_t dev = ensure(f, tx, t.account, "dev"), of_y = ensure(f, tx, t.account, "of-y"), changes;
    const struct view everybody = {.widest = ACCESS_PUBLIC}, all = {.widest = ACCESS_PRIVATE},
                      chosen = {ACCESS_PUBLIC, &t.y, 1};
    struct label_counts counts = {0};

    (void)ensure(f, tx, t.account, "empty");
    must(f,
         label_attach_set(tx, &(struct file_set){OF_ACCOUNT, t.account}, dev, &changes, &f->err));
    must(f, label_attach_set(tx, &(struct file_set){OF_PACKAGE, t.y}, of_y, &changes, &f->err));
    must(f, label_count_all(tx, f->mem, t.account, &everybody, &counts, &f->err));
    assert_int_equal(counts.count, 1);
    assert_int_equal(counts.rows[0].label_id, dev);
    assert_int_equal(counts.rows[0].files, 3);
    assert_int_equal(counts.rows[0].packages, 1);
    for (size_t i = 0; i < 2; i++) {
        must(f, label_count_all(tx, f->mem, t.account, i ? &all : &chosen, &counts, &f->err));
        assert_int_equal(counts.count, 2);
        assert_int_equal(counts.rows[0].files, 4);
        assert_int_equal(counts.rows[0].packages, 2);
        assert_int_equal(counts.rows[1].label_id, of_y);
        assert_int_equal(counts.rows[1].files, 1);
    }
    tx_endp(&tx);
}

static void pages_of_a_label_begin_with_the_newest(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct forest t = add_forest(f, tx);
    int64_t dev = ensure(f, tx, t.account, "dev"), changes;
    const struct file_set all = {OF_ACCOUNT, t.account};
    struct file_list page = {0};

    must(f, label_attach_set(tx, &all, dev, &changes, &f->err));
    must(f, file_page_of_label(tx, f->mem, dev, INT64_MAX, ACCESS_PRIVATE, 2, &page, &f->err));
    assert_int_equal(page.count, 2);
    assert_int_equal(page.rows[0].id, t.files[3]);
    assert_int_equal(page.rows[1].id, t.files[2]);
    must(f, file_page_of_label(tx, f->mem, dev, t.files[2], ACCESS_PRIVATE, 9, &page, &f->err));
    assert_int_equal(page.count, 2);
    assert_int_equal(page.rows[0].id, t.files[1]);
    assert_int_equal(page.rows[1].id, t.files[0]);
    must(f,
         file_page_of_label(tx, f->mem, dev, INT64_MAX, ACCESS_AUTHENTICATED, 9, &page, &f->err));
    assert_int_equal(page.count, 3);
    tx_endp(&tx);
}

static void names_under_a_label_come_in_their_order(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct forest t = add_forest(f, tx);
    int64_t dev = ensure(f, tx, t.account, "dev"), changes;
    const struct file_set all = {OF_ACCOUNT, t.account};
    static const char *const names[] = {"linux-64/x-1-0.conda", "noarch/x-1-0.conda",
                                        "noarch/x-2-0.conda", "linux-64/y-1-0.conda"};
    struct rows *rows = NULL;

    must(f, label_attach_set(tx, &all, dev, &changes, &f->err));
    must(f, file_query_names(tx, dev, &rows, &f->err));
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_true(rows_next(rows));
        assert_str(rows_text(rows, FILE_NAME_BASENAME), names[i]);
    }
    assert_int_equal(rows_int(rows, FILE_NAME_PACKAGE_ID), t.y);
    assert_str(rows_text(rows, FILE_NAME_ACCESS), "private");
    assert_str(rows_text(rows, FILE_NAME_PACKAGE), "y");
    assert_str(rows_text(rows, FILE_NAME_VERSION), "1");
    assert_false(rows_next(rows));
    must(f, rows_error(rows, &f->err));
    rows_endp(&rows);
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(label_is_made_once),
        WITH_DATABASE(main_is_always_there_for_everybody),
        WITH_DATABASE(file_lists_the_labels_it_carries),
        WITH_DATABASE(label_in_upper_case_is_refused),
        WITH_DATABASE(label_is_known_by_as_many_as_ever_saw_a_file_of_it),
        WITH_DATABASE(labels_widen_with_the_package_of_their_files),
        WITH_DATABASE(label_is_shown_to_those_who_may_know_of_it),
        WITH_DATABASE(sets_of_files_get_and_lose_a_label),
        WITH_DATABASE(whatever_carries_one_label_gets_the_other),
        WITH_DATABASE(the_places_of_labelled_files_are_told_once),
        WITH_DATABASE(the_locked_labels_of_files_are_found),
        WITH_DATABASE(a_deleted_label_leaves_its_files),
        WITH_DATABASE(files_are_counted_as_a_view_shows_them),
        WITH_DATABASE(pages_of_a_label_begin_with_the_newest),
        WITH_DATABASE(names_under_a_label_come_in_their_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
