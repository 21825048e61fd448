/* Words for the states that a channel had. */
#include "core_fixture.h"

#include "core/moment.h"
#include "store/generation.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
/* 2026-09-01T12:00:00Z */
#define NOON INT64_C(1788264000000)

struct times {
    struct core *core;
    struct arena *mem;
    struct tx *tx;
    int64_t account;
    struct err err;
};

static int setup(void **state)
{
    struct times *f = calloc(1, sizeof *f);
    void *core = NULL;

    assert_non_null(f);
    if (core_open(&core))
        return -1;
    f->core = core;
    f->mem = f->core->mem;
    f->account = core_user(f->core, "alice").account_id;
    f->tx = core_begin(f->core, TX_WRITE);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct times *f = *state;
    void *core = f->core;

    tx_endp(&f->tx);
    free(f);
    return core_close(&core);
}
#define WITH_TIMES(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static void make(struct times *f, int64_t number, int64_t ms)
{
    must(f, generation_ensure(f->tx, f->account, number, ms, &f->err));
}

static enum err_code try(struct times *f, const char *text, int64_t *ret)
{
    return moment_find(f->tx, f->mem, f->account, str_of(text), ret, &f->err);
}

static int64_t find(struct times *f, const char *text)
{
    int64_t number = -1;

    must(f, try(f, text, &number));
    return number;
}

static void refuse(struct times *f, const char *text, enum err_code why, const char *says)
{
    int64_t number = -1;

    f->err = (struct err){0};
    assert_int_equal(try(f, text, &number), why);
    assert_int_equal(f->err.code, why);
    if (!strstr(f->err.msg, says))
        print_error("%s: %s\n", text, f->err.msg);
    assert_non_null(strstr(f->err.msg, says));
    assert_int_equal(number, -1);
}

static void a_generation_is_named_by_its_number(void **state)
{
    struct times *f = *state;

    make(f, 3, NOON);
    make(f, 12, NOON + 1);
    assert_int_equal(find(f, "gen-3"), 3);
    assert_int_equal(find(f, "gen-12"), 12);
    refuse(f, "gen-4", ERR_NOT_FOUND, "\"gen-4\" cannot be had: what is kept begins with gen-3");
    refuse(f, "gen-1", ERR_NOT_FOUND, "begins with gen-3");
    refuse(f, "gen-9223372036854775807", ERR_NOT_FOUND, "begins with gen-3");
}

/* What was there when the day, the minute, the second or the fraction of it was over. */
static void a_time_means_its_end(void **state)
{
    static const struct {
        const char *text;
        int64_t number;
    } cases[] = {
        {"2026-09-01T12:00:00Z", 2}, /* that second saw two of them */
        {"2026-09-01T11:59:59Z", 1},
        {"2026-09-01T12:00:00.000Z", 1}, /* the first of its milliseconds */
        {"2026-09-01T12:00:00.499Z", 1},
        {"2026-09-01T12:00:00.5Z", 2},
        {"2026-09-01T12:00:00", 2}, /* in UTC */
        {"2026-09-01T12:00", 3},    /* the whole minute */
        {"2026-09-01T11:59", 1},
        {"2026-09-01T12:01", 3},
        {"2026-09-01t12:00:00z", 2},
        {"2026-09-01 12:00:00", 2},
        {"2026-09-01T14:00:00+02:00", 2},
        {"2026-09-01T05:00:00-07:00", 2},
        {"2026-09-01T13:59:59+02:00", 1},
        {"2026-09-01", 4}, /* the whole day */
        {"2026-08-31", 1},
        {"2026-09-02", 5},
        {"2099-01-01", 5},
    };
    struct times *f = *state;

    make(f, 1, NOON - 30 * HOUR);
    make(f, 2, NOON + 500);
    make(f, 3, NOON + 59 * SECOND + 999);
    make(f, 4, NOON + 12 * HOUR - 1);
    make(f, 5, NOON + 12 * HOUR);
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t number = find(f, cases[i].text);

        if (number != cases[i].number)
            print_error("%s is gen-%lld\n", cases[i].text, (long long)number);
        assert_int_equal(number, cases[i].number);
    }
    refuse(f, "2026-08-31T05:59:59.999Z", ERR_NOT_FOUND,
           "\"2026-08-31T05:59:59.999Z\" cannot be had: what is kept begins with gen-1");
    assert_int_equal(find(f, "2026-08-31T06:00:00.000Z"), 1);
}

static void what_means_nothing_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "gen-",
        "gen--1",
        "gen-+1",
        "gen- 1",
        "gen-1x",
        "gen-9223372036854775808",
        "GEN-1",
        "1",
        "yesterday",
        "2026",
        "2026-09",
        "2026-9-1",
        "2026-13-01",
        "2026-02-29",
        "2026-09-01T",
        "2026-09-01T1",
        "2026-09-01T24:00",
        "2026-09-01T12:60",
        "2026-09-01T12:00:00Zulu",
        "2026-09-01T12:00:00+2",
        "2026-09-01T12:00:00.00000000000000000000000000000000000000000000000000Z",
        " 2026-09-01",
    };
    struct times *f = *state;

    make(f, 1, 1);
    for (size_t i = 0; i < COUNT(texts); i++)
        refuse(f, texts[i], ERR_INVALID,
               str_fmt(f->mem, "\"%s\" is no state of a channel: it takes gen-12", texts[i]).ptr);
}

static void where_nothing_is_kept_nothing_is_known(void **state)
{
    struct times *f = *state;

    refuse(f, "gen-1", ERR_NOT_FOUND, "nothing is known of \"gen-1\"");
    refuse(f, "2026-09-01", ERR_NOT_FOUND, "nothing is known of \"2026-09-01\"");
    refuse(f, "soon", ERR_INVALID, "\"soon\" is no state of a channel");
}

static void each_account_has_its_own(void **state)
{
    struct times *f = *state;

    make(f, 1, NOON);
    f->account++;
    refuse(f, "gen-1", ERR_NOT_FOUND, "nothing is known");
    refuse(f, "2026-09-02", ERR_NOT_FOUND, "nothing is known");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TIMES(a_generation_is_named_by_its_number),
        WITH_TIMES(a_time_means_its_end),
        WITH_TIMES(what_means_nothing_is_refused),
        WITH_TIMES(where_nothing_is_kept_nothing_is_known),
        WITH_TIMES(each_account_has_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
