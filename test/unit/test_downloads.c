/* What is counted, and what reaches the rows. */
#include "core_fixture.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/downloads.h"
#include "core/inspect.h"

#define CONDA S("conda/24.1.2 requests/2.31.0")
#define MAMBA S("micromamba/1.5.8 libcurl/8.5")

struct shelf {
    struct actor alice;
    struct file_row one, two; /* of one package */
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
    s.two = core_publish(f, &s.alice, &(struct core_spec){"x", "2.0", "0", "noarch", 0, 0, 0});
    return s;
}

static void count(struct core *f, const struct file_row *file, struct str agent)
{
    downloads_count(&f->app, file->id, file->package_id, agent);
}

static void count_on(struct core *f, const struct file_row *file, int64_t day, struct str agent)
{
    downloads_count_on(f->app.downloads, file->id, file->package_id, day, agent);
}

#define BY_FILE                                                                                    \
    "SELECT f.filename || ' ' || d.day || ' ' || d.client || ' ' || d.count FROM download d "      \
    "JOIN file f ON f.id = d.file_id ORDER BY f.id, d.day, d.client"
#define BY_PACKAGE                                                                                 \
    "SELECT p.name || ' ' || d.day || ' ' || d.client || ' ' || d.count FROM package_download d "  \
    "JOIN package p ON p.id = d.package_id ORDER BY p.id, d.day, d.client"
#define ALL_BY_PACKAGE "SELECT CAST(SUM(count) AS BIGINT) FROM package_download"

static void counts_are_added_with_the_next_flush(void **state)
{
    struct core *f = *state;
    struct shelf s = fill(f);
    uint64_t generation = db_generation(f->app.db);

    count_on(f, &s.one, 20000, CONDA);
    count_on(f, &s.one, 20000, CONDA);
    count_on(f, &s.one, 20000, MAMBA);
    count_on(f, &s.one, 20001, CONDA);
    count_on(f, &s.two, 20001, CONDA);
    assert_str(CORE_TEXT(f, BY_FILE), "");
    must(f, downloads_flush(&f->app, &f->err));
    assert_str(CORE_TEXT(f, BY_FILE),
               "x-1.0-0.tar.bz2 20000 conda 2, x-1.0-0.tar.bz2 20000 mamba 1, "
               "x-1.0-0.tar.bz2 20001 conda 1, x-2.0-0.tar.bz2 20001 conda 1");
    assert_str(CORE_TEXT(f, BY_PACKAGE), "x 20000 conda 2, x 20000 mamba 1, x 20001 conda 2");
    must(f, downloads_flush(&f->app, &f->err));
    count_on(f, &s.one, 20000, CONDA);
    must(f, downloads_flush(&f->app, &f->err));
    assert_str(CORE_TEXT(f, BY_PACKAGE), "x 20000 conda 3, x 20000 mamba 1, x 20001 conda 2");
    assert_int_equal(CORE_NUMBER(f, "SELECT count FROM package_download_total"), 6);
    assert_str(CORE_TEXT(f, "SELECT CAST(count AS TEXT) FROM download_total ORDER BY file_id"),
               "5, 1");
    /* Else every flush would empty the caches that the downloads come from. */
    assert_int_equal(db_generation(f->app.db), generation);
}

static void a_download_is_of_today(void **state)
{
    struct core *f = *state;
    struct shelf s = fill(f);
    int64_t before = clock_now_ms() / 86400000, day;

    count(f, &s.one, S("pip/24.0"));
    must(f, downloads_flush(&f->app, &f->err));
    day = CORE_NUMBER(f, "SELECT day FROM download WHERE client = 'pip'");
    assert_in_range(day, before, clock_now_ms() / 86400000);
}

/* Counted, and removed before it was written. */
static void a_file_that_went_meanwhile_counts_for_its_package(void **state)
{
    struct core *f = *state;
    struct shelf s = fill(f);
    const struct file_path path = {S("alice"), S("x"), S("1.0"), S("noarch/x-1.0-0.tar.bz2")};
    struct file_row removed;

    count_on(f, &s.one, 20000, CONDA);
    must(f, downloads_flush(&f->app, &f->err));
    count_on(f, &s.one, 20000, CONDA);
    must(f, file_remove(&f->app, f->mem, &s.alice, &path, &removed, &f->err));
    must(f, downloads_flush(&f->app, &f->err));
    assert_str(CORE_TEXT(f, BY_FILE), "");
    assert_str(CORE_TEXT(f, BY_PACKAGE), "x 20000 conda 2");
    must(f, package_remove(&f->app, f->mem, &s.alice, S("alice"), S("x"), &f->err));
    count_on(f, &s.two, 20000, CONDA);
    must(f, downloads_flush(&f->app, &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM package_download"), 0);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM package_download_total"), 0);
}

/* Two servers on one database. */
static void nodes_add_to_each_other(void **state)
{
    struct core *f = *state;
    struct shelf s = fill(f);
    struct app other = f->app;

    other.downloads = downloads_open(DOWNLOAD_COUNTERS);
    assert_non_null(other.downloads);
    count(f, &s.one, CONDA);
    downloads_count(&other, s.one.id, s.one.package_id, CONDA);
    downloads_count(&other, s.one.id, s.one.package_id, CONDA);
    must(f, downloads_flush(&f->app, &f->err));
    must(f, downloads_flush(&other, &f->err));
    assert_int_equal(CORE_NUMBER(f, ALL_BY_PACKAGE), 3);
    downloads_close(other.downloads);
}

static void more_than_one_transaction_holds_is_written_too(void **state)
{
    enum { DAYS = 2000 };
    struct core *f = *state;
    struct shelf s = fill(f);

    for (int day = 1; day <= DAYS; day++)
        count_on(f, &s.one, day, CONDA);
    must(f, downloads_flush(&f->app, &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM download"), DAYS);
    assert_int_equal(CORE_NUMBER(f, ALL_BY_PACKAGE), DAYS);
}

/* The end of a server is a flush, too. */
static void closing_writes_what_is_left(void **state)
{
    struct core *f = *state;
    struct shelf s = fill(f);
    struct app again = f->app;

    for (int i = 0; i < 5; i++)
        count(f, &s.one, CONDA);
    app_close(&f->app);
    again.blobs = NULL;
    again.inspector = NULL;
    again.downloads = NULL;
    f->app = again;
    must(f, db_open(f->config.db.len ? f->config.db
                                     : str_fmt(f->mem, "sqlite://" STR_FMT,
                                               STR_ARG(core_path_in(f, "terrarium.db"))),
                    false, NULL, &f->app.db, &f->err));
    assert_int_equal(CORE_NUMBER(f, ALL_BY_PACKAGE), 5);
}

/* A database that fails loses nothing. */
static void what_could_not_be_written_is_written_later(void **state)
{
    struct core *f = *state;
    struct shelf s = fill(f);
    struct err ignored = {0};

    count_on(f, &s.one, 20000, CONDA);
    count_on(f, &s.two, 20000, CONDA);
    CORE_CHANGE(f, "ALTER TABLE download_total RENAME COLUMN count TO hidden");
    assert_int_not_equal(downloads_flush(&f->app, &ignored), OK);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM package_download"), 0);
    count_on(f, &s.two, 20000, CONDA);
    CORE_CHANGE(f, "ALTER TABLE download_total RENAME COLUMN hidden TO count");
    must(f, downloads_flush(&f->app, &f->err));
    assert_str(CORE_TEXT(f, BY_FILE),
               "x-1.0-0.tar.bz2 20000 conda 1, x-2.0-0.tar.bz2 20000 conda 2");
}

static void lack_of_memory_is_no_failure(void **state)
{
    struct core *f = *state;
    struct shelf s = fill(f);

    mem_fail_at(1);
    count(f, &s.one, CONDA);
    mem_fail_at(1);
    assert_null(downloads_open(DOWNLOAD_COUNTERS));
    mem_fail_at(0);
    downloads_count_on(NULL, 1, 1, 1, CONDA);
    must(f, downloads_flush(&f->app, &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM download"), 0);
}

/* Where nobody flushes, there is an end to it; what is counted already goes on. */
static void there_is_room_for_so_many(void **state)
{
    enum { ROOM = 64 };
    struct core *f = *state;
    struct shelf s = fill(f);
    char told[512] = "";

    downloads_close(f->app.downloads);
    f->app.downloads = downloads_open(ROOM);
    assert_non_null(f->app.downloads);
    for (int i = 0; i < ROOM + 7; i++)
        count_on(f, &s.one, 1 + i, CONDA);
    count_on(f, &s.one, 1, CONDA);
    f->app.log = (struct log){.fd = memfd_create("log", MFD_CLOEXEC), .level = LOG_WARN};
    must(f, downloads_flush(&f->app, &f->err));
    assert_true(pread(f->app.log.fd, told, sizeof told - 1, 0) > 0);
    assert_int_equal(close(f->app.log.fd), 0);
    f->app.log.fd = STDERR_FILENO;
    assert_non_null(strstr(told, "67 downloads were not counted"));
    must(f, downloads_flush(&f->app, &f->err));
    assert_int_equal(CORE_NUMBER(f, ALL_BY_PACKAGE), ROOM / 16 + 1);
}

struct counting {
    struct core *f;
    const struct shelf *s;
};

static void *count_many(void *arg)
{
    const struct counting *c = arg;

    for (int i = 0; i < 20000; i++) {
        count_on(c->f, &c->s->one, 20000 + i % 7, CONDA);
        count_on(c->f, &c->s->two, 20000, i % 2 ? CONDA : MAMBA);
    }
    return NULL;
}

static void none_is_lost_while_threads_count_and_it_is_written(void **state)
{
    struct core *f = *state;
    struct shelf s = fill(f);
    struct counting c = {f, &s};
    pthread_t threads[3];

    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_many, &c), 0);
    for (int i = 0; i < 10; i++)
        must(f, downloads_flush(&f->app, &f->err));
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    must(f, downloads_flush(&f->app, &f->err));
    assert_int_equal(CORE_NUMBER(f, ALL_BY_PACKAGE), COUNT(threads) * 40000);
    assert_str(CORE_TEXT(f, "SELECT CAST(count AS TEXT) FROM download_total ORDER BY file_id"),
               "60000, 60000");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        COUNTING(counts_are_added_with_the_next_flush),
        COUNTING(a_download_is_of_today),
        COUNTING(a_file_that_went_meanwhile_counts_for_its_package),
        COUNTING(nodes_add_to_each_other),
        COUNTING(more_than_one_transaction_holds_is_written_too),
        COUNTING(closing_writes_what_is_left),
        COUNTING(what_could_not_be_written_is_written_later),
        COUNTING(lack_of_memory_is_no_failure),
        COUNTING(there_is_room_for_so_many),
        COUNTING(none_is_lost_while_threads_count_and_it_is_written),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
