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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
