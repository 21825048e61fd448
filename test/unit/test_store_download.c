/* Counts of downloads add up, go with their file, and stay with their package. */
#include "store/download.h"

#include "store_fixture.h"

#define DAY INT64_C(20000)

/* Two versions with a file each, in different subdirs. */
struct shelf {
    struct tree tree;
    int64_t files[2];
};

static struct shelf fill(struct fixture *f, struct tx *tx)
{
    struct shelf s = {.tree = add_tree(f, tx)};
    int64_t release = add_release(f, tx, s.tree.package, "2.0");
    struct file_row one =
        file_of(f, s.tree.account, s.tree.package, s.tree.release, "noarch/numpy-1.0-0.conda");
    struct file_row two =
        file_of(f, s.tree.account, s.tree.package, release, "linux-64/numpy-2.0-0.conda");

    s.files[0] = add_file(f, tx, &one);
    s.files[1] = add_file(f, tx, &two);
    return s;
}

static void count(struct fixture *f, struct tx *tx, const struct shelf *s, int file, int64_t day,
                  const char *client, int64_t n)
{
    const struct download_row row = {.file_id = s->files[file],
                                     .package_id = s->tree.package,
                                     .day = day,
                                     .client = str_of(client),
                                     .count = n};

    must(f, download_add_to_package(tx, &row, &f->err));
    must(f, download_add_to_file(tx, &row, &f->err));
}

static int64_t package_total(struct fixture *f, struct tx *tx, int64_t id)
{
    int64_t total = -1;

    must(f, download_total(tx, id, &total, &f->err));
    return total;
}

/* As the file's row says; of one that is gone: 0. */
static int64_t file_total(struct fixture *f, struct tx *tx, const struct shelf *s, int file)
{
    struct file_list list;

    must(f, file_list_by_package(tx, f->mem, s->tree.package, &list, &f->err));
    for (size_t i = 0; i < list.count; i++)
        if (list.rows[i].id == s->files[file])
            return list.rows[i].downloads;
    return 0;
}

/* "conda:3 pip:1" */
static const char *groups(struct fixture *f, struct tx *tx, enum download_group group,
                          int64_t package, int64_t first, int64_t last, int64_t max)
{
    struct download_sum_list list;
    struct str text = S("");

    must(f, download_list_groups(tx, f->mem, group, package, (struct download_span){first, last},
                                 max, &list, &f->err));
    for (size_t i = 0; i < list.count; i++)
        text = str_fmt(f->mem, STR_FMT "%s" STR_FMT ":%lld", STR_ARG(text), i ? " " : "",
                       STR_ARG(list.rows[i].name), (long long)list.rows[i].count);
    return text.ptr;
}

static void counts_add_up(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct shelf s = fill(f, tx);

    assert_int_equal(package_total(f, tx, s.tree.package), 0);
    assert_int_equal(file_total(f, tx, &s, 0), 0);
    count(f, tx, &s, 0, DAY, "conda", 2);
    count(f, tx, &s, 0, DAY, "conda", 3);
    count(f, tx, &s, 0, DAY, "mamba", 10);
    count(f, tx, &s, 0, DAY + 1, "conda", 100);
    count(f, tx, &s, 1, DAY, "conda", 1000);
    assert_int_equal(file_total(f, tx, &s, 0), 115);
    assert_int_equal(file_total(f, tx, &s, 1), 1000);
    assert_int_equal(package_total(f, tx, s.tree.package), 1115);
    tx_endp(&tx);
}

static void downloads_are_told_apart_in_each_way(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct shelf s = fill(f, tx);
    int64_t p = s.tree.package;

    count(f, tx, &s, 0, DAY, "conda", 5);
    count(f, tx, &s, 0, DAY + 1, "pip", 7);
    count(f, tx, &s, 1, DAY + 1, "conda", 1);
    count(f, tx, &s, 1, DAY + 9, "uv", 90);
    assert_string_equal(groups(f, tx, DOWNLOADS_ALL, p, DAY, DAY + 1, 10), ":13");
    assert_string_equal(groups(f, tx, DOWNLOADS_BY_CLIENT, p, DAY, DAY + 1, 10), "pip:7 conda:6");
    assert_string_equal(groups(f, tx, DOWNLOADS_BY_VERSION, p, DAY, DAY + 1, 10), "1.0:12 2.0:1");
    assert_string_equal(groups(f, tx, DOWNLOADS_BY_PLATFORM, p, DAY, DAY + 1, 10),
                        "noarch:12 linux-64:1");
    assert_string_equal(groups(f, tx, DOWNLOADS_BY_FILE, p, DAY, DAY + 9, 10),
                        "linux-64/numpy-2.0-0.conda:91 noarch/numpy-1.0-0.conda:12");
    assert_string_equal(groups(f, tx, DOWNLOADS_BY_CLIENT, p, DAY, DAY + 9, 2), "uv:90 pip:7");
    assert_string_equal(groups(f, tx, DOWNLOADS_BY_CLIENT, p, DAY + 2, DAY + 8, 2), "");
    assert_string_equal(groups(f, tx, DOWNLOADS_ALL, p + 1, DAY, DAY + 9, 2), "");
    tx_endp(&tx);
}

static void days_are_told_one_by_one(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    AUTO(rows_endp) struct rows *rows = NULL;
    struct shelf s = fill(f, tx);
    int64_t sum[3] = {0};

    count(f, tx, &s, 0, DAY, "conda", 5);
    count(f, tx, &s, 0, DAY, "pip", 7);
    count(f, tx, &s, 1, DAY + 2, "conda", 1);
    count(f, tx, &s, 1, DAY + 3, "conda", 50);
    must(f, download_query_package(tx, DOWNLOADS_BY_VERSION, s.tree.package,
                                   (struct download_span){DAY, DAY + 2}, &rows, &f->err));
    while (rows_next(rows)) {
        int64_t day = rows_int(rows, DOWNLOAD_DAY) - DAY;

        assert_in_range(day, 0, 2);
        assert_true(str_eq(rows_text(rows, DOWNLOAD_NAME), day ? S("2.0") : S("1.0")));
        sum[day] += rows_int(rows, DOWNLOAD_COUNT);
    }
    must(f, rows_error(rows, &f->err));
    assert_int_equal(sum[0], 12);
    assert_int_equal(sum[1], 0);
    assert_int_equal(sum[2], 1);
    rows_endp(&rows);
    tx_endp(&tx);
}

static void what_a_package_had_stays_when_its_file_goes(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct shelf s = fill(f, tx);

    count(f, tx, &s, 0, DAY, "conda", 5);
    must(f, file_delete(tx, s.files[0], &f->err));
    assert_int_equal(file_total(f, tx, &s, 0), 0);
    assert_string_equal(groups(f, tx, DOWNLOADS_BY_FILE, s.tree.package, DAY, DAY, 9), "");
    assert_string_equal(groups(f, tx, DOWNLOADS_BY_CLIENT, s.tree.package, DAY, DAY, 9), "conda:5");
    count(f, tx, &s, 0, DAY, "conda", 2); /* was counted before the file went */
    assert_int_equal(file_total(f, tx, &s, 0), 0);
    assert_int_equal(package_total(f, tx, s.tree.package), 7);
    must(f, package_delete(tx, s.tree.package, &f->err));
    assert_int_equal(package_total(f, tx, s.tree.package), 0);
    count(f, tx, &s, 0, DAY, "conda", 2);
    assert_int_equal(package_total(f, tx, s.tree.package), 0);
    commit(f, &tx);
}

static void an_account_has_all_its_packages(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct downloaded_package_list list;
    struct shelf s = fill(f, tx);
    int64_t other = add_package(f, tx, add_account(f, tx, "bob"), "other");

    (void)add_package(f, tx, s.tree.account, "bbb");
    (void)add_package_with(f, tx, s.tree.account, "aaa", ACCESS_PRIVATE);
    count(f, tx, &s, 0, DAY, "conda", 5);
    count(f, tx, &s, 1, DAY + 1, "pip", 3);
    count(f, tx, &s, 1, DAY + 2, "pip", 100);
    must(f, download_list_packages(tx, f->mem, s.tree.account, (struct download_span){DAY, DAY + 1},
                                   &list, &f->err));
    assert_int_equal(list.count, 3);
    assert_true(str_eq(list.rows[0].name, S("numpy")));
    assert_int_equal(list.rows[0].id, s.tree.package);
    assert_int_equal(list.rows[0].access, ACCESS_PUBLIC);
    assert_int_equal(list.rows[0].total, 108);
    assert_int_equal(list.rows[0].count, 8);
    assert_true(str_eq(list.rows[1].name, S("aaa")));
    assert_int_equal(list.rows[1].access, ACCESS_PRIVATE);
    assert_int_equal(list.rows[1].total, 0);
    assert_int_equal(list.rows[1].count, 0);
    assert_true(str_eq(list.rows[2].name, S("bbb")));
    assert_int_not_equal(other, s.tree.package);
    tx_endp(&tx);
}

static void its_days_are_told_by_package(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    AUTO(rows_endp) struct rows *rows = NULL;
    struct shelf s = fill(f, tx);
    int64_t sum[2] = {0}, count_rows = 0;

    count(f, tx, &s, 0, DAY, "conda", 5);
    count(f, tx, &s, 1, DAY, "pip", 7);
    count(f, tx, &s, 1, DAY + 1, "pip", 3);
    count(f, tx, &s, 1, DAY + 2, "pip", 100);
    must(f, download_query_account(tx, s.tree.account, (struct download_span){DAY, DAY + 1}, &rows,
                                   &f->err));
    for (; rows_next(rows); count_rows++) {
        int64_t day = rows_int(rows, DOWNLOAD_ACCOUNT_DAY) - DAY;

        assert_in_range(day, 0, 1);
        assert_int_equal(rows_int(rows, DOWNLOAD_ACCOUNT_PACKAGE_ID), s.tree.package);
        assert_true(str_eq(rows_text(rows, DOWNLOAD_ACCOUNT_ACCESS), S("public")));
        sum[day] += rows_int(rows, DOWNLOAD_ACCOUNT_COUNT);
    }
    must(f, rows_error(rows, &f->err));
    assert_int_equal(count_rows, 2);
    assert_int_equal(sum[0], 12);
    assert_int_equal(sum[1], 3);
    rows_endp(&rows);
    tx_endp(&tx);
}

#define WITH_DB(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DB(counts_add_up),
        WITH_DB(downloads_are_told_apart_in_each_way),
        WITH_DB(days_are_told_one_by_one),
        WITH_DB(what_a_package_had_stays_when_its_file_goes),
        WITH_DB(an_account_has_all_its_packages),
        WITH_DB(its_days_are_told_by_package),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
