/* Downloads over time, and told apart. */
#include "core_fixture.h"

#include "base/clock.h"
#include "core/downloads.h"
#include "core/inspect.h"
#include "core/statistics.h"

#define TODAY INT64_C(20697) /* 2026-09-01, a Tuesday */

/* ---- time ------------------------------------------------------------------------------------ */

static enum err_code read_time(struct core *f, const char *from, const char *to, const char *by,
                               struct statistics_time *ret)
{
    const struct statistics_request req = {
        .from = str_of(from), .to = str_of(to), .by = str_of(by)};

    f->err = (struct err){0};
    return statistics_time_read(f->mem, &req, TODAY, ret, &f->err);
}

static const char *date(struct core *f, int64_t day)
{
    char text[CLOCK_TEXT_MAX];

    return str_fmt(f->mem, STR_FMT, STR_ARG(statistics_date(day, text))).ptr;
}

static void time_is_cut_into_whole_pieces(void **state)
{
    static const struct {
        const char *from, *to, *by, *first, *last;
        size_t count;
        const char *second;
    } cases[] = {
        {"", "", "", "2026-08-03", "2026-09-01", 30, "2026-08-04"},
        {"", "", "day", "2026-08-03", "2026-09-01", 30, "2026-08-04"},
        {"", "", "week", "2026-06-15", "2026-09-01", 12, "2026-06-22"},
        {"", "", "month", "2025-10-01", "2026-09-01", 12, "2025-11-01"},
        {"", "2024-03-31", "month", "2023-04-01", "2024-03-31", 12, "2023-05-01"},
        {"2026-08-31", "2026-09-01", "day", "2026-08-31", "2026-09-01", 2, "2026-09-01"},
        {"2026-09-01", "2026-09-01", "day", "2026-09-01", "2026-09-01", 1, NULL},
        {"2026-09-01", "2026-09-06", "week", "2026-08-31", "2026-09-06", 1, NULL},
        {"2026-09-06", "2026-09-07", "week", "2026-08-31", "2026-09-07", 2, "2026-09-07"},
        {"2024-01-31", "2024-03-01", "month", "2024-01-01", "2024-03-01", 3, "2024-02-01"},
        {"2023-12-31", "2024-01-01", "month", "2023-12-01", "2024-01-01", 2, "2024-01-01"},
        {"1970-01-01", "1970-01-05", "week", "1970-01-01", "1970-01-05", 2, "1970-01-05"},
        {"", "1970-01-02", "day", "1970-01-01", "1970-01-02", 2, "1970-01-02"},
    };
    struct core *f = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct statistics_time time;

        must(f, read_time(f, cases[i].from, cases[i].to, cases[i].by, &time));
        assert_string_equal(date(f, time.span.first_day), cases[i].first);
        assert_string_equal(date(f, time.span.last_day), cases[i].last);
        assert_int_equal(time.count, cases[i].count);
        assert_int_equal(time.starts[0], time.span.first_day);
        if (cases[i].second)
            assert_string_equal(date(f, time.starts[1]), cases[i].second);
        assert_true(time.starts[time.count - 1] <= time.span.last_day);
        for (size_t k = 1; k < time.count; k++)
            assert_true(time.starts[k] > time.starts[k - 1]);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    static const struct {
        const char *from, *to, *by, *field, *said;
    } cases[] = {
        {"yesterday", "", "", "from",
         "from is a date since 1970, as 2026-09-01, not \"yesterday\""},
        {"2026-02-30", "", "", "from", "not \"2026-02-30\""},
        {"2026-09-01T12:00:00Z", "", "", "from", "not \"2026-09-01T12:00:00Z\""},
        {"1969-12-31", "", "", "from", "not \"1969-12-31\""},
        {"", "1969-12-31", "", "to", "to is a date since 1970"},
        {"", "9", "", "to", "to is a date"},
        {"2026-09-02", "2026-09-01", "", "from", "from is after to"},
        {"2026-09-02", "", "", "from", "from is after to"},
        {"2016-08-24", "2026-09-01", "", "from", "more than 3660 days apart"},
        {"", "", "year", "by", "by is day, week or month, not \"year\""},
    };
    struct core *f = *state;
    struct statistics_time time;

    for (size_t i = 0; i < COUNT(cases); i++) {
        must_fail(f, read_time(f, cases[i].from, cases[i].to, cases[i].by, &time),
                  ERR_UNPROCESSABLE, cases[i].said);
        assert_string_equal(f->err.field, cases[i].field);
    }
    must(f, read_time(f, "2016-08-25", "2026-09-01", "", &time));
    assert_int_equal(time.count, STATISTICS_DAYS_MAX);
}

/* ---- packages -------------------------------------------------------------------------------- */

struct shelf {
    struct actor alice;
    struct file_row one, two;
};

static int open_counting(void **state)
{
    struct core *f;

    if (core_open_inspecting(state))
        return -1;
    f = *state;
    f->app.downloads = downloads_open(DOWNLOAD_COUNTERS);
    return f->app.downloads ? 0 : -1;
}
#define COUNTING(test) cmocka_unit_test_setup_teardown(test, open_counting, core_close)

static struct shelf fill(struct core *f)
{
    struct shelf s = {.alice = core_user(f, "alice")};

    s.one = core_publish(f, &s.alice, &(struct core_spec){"x", "1.0", "0", "noarch", 0, 0, 0});
    s.two = core_publish(f, &s.alice, &(struct core_spec){"x", "2.0", "0", "linux-64", 0, 0, 0});
    return s;
}

static void count(struct core *f, const struct file_row *file, int64_t day, const char *agent,
                  int times)
{
    for (int i = 0; i < times; i++)
        downloads_count_on(f->app.downloads, file->id, file->package_id, day, str_of(agent));
    must(f, downloads_flush(&f->app, &f->err));
}

static struct str numbers(struct core *f, const int64_t *counts, size_t n)
{
    struct str text = S("");

    for (size_t i = 0; i < n; i++)
        text = str_fmt(f->mem, STR_FMT "%s%lld", STR_ARG(text), i ? "," : "", (long long)counts[i]);
    return text;
}

/* "total 9; all 5: 1,4; 1.0 3: 0,3; (removed) 2: 1,1" */
static const char *told(struct core *f, int64_t package_id, const char *group, const char *by)
{
    static const char *const kinds[] = {
        [SERIES_GROUP] = "", [SERIES_REST] = "(rest)", [SERIES_REMOVED] = "(removed)"};
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    const struct statistics_request req = {
        .from = S("2026-08-31"), .to = S("2026-09-02"), .by = str_of(by), .group = str_of(group)};
    struct package_statistics p;
    struct str text;

    must(f, statistics_of_package(tx, f->mem, package_id, &req, TODAY, &p, &f->err));
    text = str_fmt(f->mem, "total %lld; all %lld: " STR_FMT, (long long)p.total,
                   (long long)p.all.sum, STR_ARG(numbers(f, p.all.counts, p.time.count)));
    for (size_t i = 0; i < p.series_count; i++) {
        const struct statistics_series *s = &p.series[i];

        text = str_fmt(f->mem, STR_FMT "; " STR_FMT "%s %lld: " STR_FMT, STR_ARG(text),
                       STR_ARG(s->name), kinds[s->kind], (long long)s->sum,
                       STR_ARG(numbers(f, s->counts, p.time.count)));
    }
    return text.ptr;
}

static void downloads_of_a_package_are_told_apart(void **state)
{
    struct core *f = *state;
    struct shelf s = fill(f);
    int64_t p = s.one.package_id;

    count(f, &s.one, TODAY - 1, "conda/24", 2);
    count(f, &s.one, TODAY + 1, "pip/24", 1);
    count(f, &s.two, TODAY + 1, "conda/24", 4);
    count(f, &s.two, TODAY - 20, "conda/24", 100);
    assert_string_equal(told(f, p, "", ""), "total 107; all 7: 2,0,5");
    assert_string_equal(told(f, p, "", "week"), "total 107; all 7: 7");
    assert_string_equal(told(f, p, "", "month"), "total 107; all 107: 102,5");
    assert_string_equal(told(f, p, "client", ""),
                        "total 107; all 7: 2,0,5; conda 6: 2,0,4; pip 1: 0,0,1");
    assert_string_equal(told(f, p, "version", ""),
                        "total 107; all 7: 2,0,5; 2.0 4: 0,0,4; 1.0 3: 2,0,1");
    assert_string_equal(told(f, p, "platform", ""),
                        "total 107; all 7: 2,0,5; linux-64 4: 0,0,4; noarch 3: 2,0,1");
    assert_string_equal(told(f, p, "file", ""),
                        "total 107; all 7: 2,0,5; linux-64/x-2.0-0.tar.bz2 4: 0,0,4; "
                        "noarch/x-1.0-0.tar.bz2 3: 2,0,1");
    assert_string_equal(told(f, p + 1, "file", ""), "total 0; all 0: 0,0,0");
}

static void what_removed_files_had_is_told_as_theirs(void **state)
{
    struct core *f = *state;
    struct shelf s = fill(f);
    const struct file_path path = {S("alice"), S("x"), S("1.0"), S("noarch/x-1.0-0.tar.bz2")};
    struct file_row removed;

    count(f, &s.one, TODAY, "conda/24", 2);
    count(f, &s.two, TODAY, "pip/24", 5);
    must(f, file_remove(&f->app, f->mem, &s.alice, &path, &removed, &f->err));
    assert_string_equal(told(f, s.one.package_id, "version", ""),
                        "total 7; all 7: 0,7,0; 2.0 5: 0,5,0; (removed) 2: 0,2,0");
    assert_string_equal(told(f, s.one.package_id, "client", ""),
                        "total 7; all 7: 0,7,0; pip 5: 0,5,0; conda 2: 0,2,0");
}

/* A package may have thousands of versions; a chart has no room for them. */
static void the_smaller_groups_are_told_together(void **state)
{
    struct core *f = *state;
    struct shelf s = fill(f);
    AUTO(tx_endp) struct tx *tx = NULL;
    const struct statistics_request req = {
        .from = S("2026-08-31"), .to = S("2026-09-02"), .group = S("file")};
    struct package_statistics p;

    count(f, &s.one, TODAY, "conda/24", 1000);
    CORE_CHANGE(
        f,
        "INSERT INTO file (account_id, package_id, release_id, type, name_key, basename, subdir, "
        "filename, sha256, md5, size, record, run_exports, about, facts, description, "
        "build_timestamp_ms, uploaded_ms) WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL "
        "SELECT i + 1 FROM n WHERE i < 159) SELECT account_id, package_id, release_id, 'file', "
        "'f' || i, 'f' || i, '', 'f', sha256, md5, size, record, run_exports, about, facts, "
        "description, 0, 1 FROM n, file WHERE filename = 'x-1.0-0.tar.bz2'");
    CORE_CHANGE(f, "INSERT INTO download (file_id, day, client, count) SELECT id, 20698, 'pip', "
                   "id - (SELECT MIN(id) FROM file WHERE type = 'file') + 1 FROM file "
                   "WHERE type = 'file'");
    CORE_CHANGE(f, "INSERT INTO package_download (package_id, day, client, count) "
                   "SELECT p.id, 20698, 'pip', 1830 FROM package p");
    tx = core_begin(f, TX_READ);
    must(f, statistics_of_package(tx, f->mem, s.one.package_id, &req, TODAY, &p, &f->err));
    assert_int_equal(p.series_count, STATISTICS_SERIES_MAX + 1);
    assert_str(p.series[0].name, "noarch/x-1.0-0.tar.bz2");
    assert_str(p.series[1].name, "f159");
    assert_int_equal(p.series[1].sum, 60);
    assert_str(p.series[49].name, "f111");
    assert_int_equal(p.series[50].kind, SERIES_REST);
    assert_int_equal(p.series[50].sum, 66); /* 1 + 2 + ... + 11 */
    assert_int_equal(p.series[50].counts[2], 66);
}

static void an_unknown_group_is_refused(void **state)
{
    struct core *f = *state;
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    const struct statistics_request req = {.group = S("country")};
    struct package_statistics p;

    must_fail(f, statistics_of_package(tx, f->mem, 1, &req, TODAY, &p, &f->err), ERR_UNPROCESSABLE,
              "group is version, platform, client or file, not \"country\"");
    assert_string_equal(f->err.field, "group");
}

/* ---- accounts -------------------------------------------------------------------------------- */

/* "total 9; all 5: 1,4; x 7/3; y 2/2" */
static const char *told_of_account(struct core *f, const struct actor *whose,
                                   const struct view *view)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    const struct statistics_request req = {.from = S("2026-08-31"), .to = S("2026-09-01")};
    struct account_statistics a;
    struct str text;

    must(f, statistics_of_account(tx, f->mem, whose->account_id, view, &req, TODAY, &a, &f->err));
    text = str_fmt(f->mem, "total %lld; all %lld: " STR_FMT, (long long)a.total,
                   (long long)a.all.sum, STR_ARG(numbers(f, a.all.counts, a.time.count)));
    for (size_t i = 0; i < a.packages.count; i++)
        text = str_fmt(f->mem, STR_FMT "; " STR_FMT " %lld/%lld", STR_ARG(text),
                       STR_ARG(a.packages.rows[i].name), (long long)a.packages.rows[i].total,
                       (long long)a.packages.rows[i].count);
    return text.ptr;
}

static void an_account_s_downloads_are_those_that_are_seen(void **state)
{
    struct core *f = *state;
    struct shelf s = fill(f);
    struct file_row y =
        core_publish(f, &s.alice, &(struct core_spec){"y", "1.0", "0", "noarch", NULL, NULL, NULL});
    const struct view public = {.widest = ACCESS_PUBLIC}, all = {.widest = ACCESS_PRIVATE},
                      chosen = {.widest = ACCESS_PUBLIC, .also = &y.package_id, .also_count = 1};

    core_publish(f, &s.alice, &(struct core_spec){"z", "1.0", "0", "noarch", NULL, NULL, NULL});
    must(f, package_change_access(&f->app, f->mem, &s.alice, S("alice"), S("y"), ACCESS_PRIVATE,
                                  &f->err));
    count(f, &s.one, TODAY, "conda/24", 2);
    count(f, &s.two, TODAY - 9, "conda/24", 3);
    count(f, &y, TODAY - 1, "pip/1", 6);
    assert_string_equal(told_of_account(f, &s.alice, &public), "total 5; all 2: 0,2; x 5/2; z 0/0");
    assert_string_equal(told_of_account(f, &s.alice, &all),
                        "total 11; all 8: 6,2; y 6/6; x 5/2; z 0/0");
    assert_string_equal(told_of_account(f, &s.alice, &chosen),
                        "total 11; all 8: 6,2; y 6/6; x 5/2; z 0/0");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(time_is_cut_into_whole_pieces),
        WITH_CORE(what_is_no_time_is_refused),
        COUNTING(downloads_of_a_package_are_told_apart),
        COUNTING(what_removed_files_had_is_told_as_theirs),
        COUNTING(the_smaller_groups_are_told_together),
        WITH_CORE(an_unknown_group_is_refused),
        COUNTING(an_account_s_downloads_are_those_that_are_seen),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
