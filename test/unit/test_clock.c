#include "unit.h"

#include "base/clock.h"

static void time_of_day_is_plausible(void **state)
{
    int64_t now = clock_now_ms();

    (void)state;
    assert_true(now > INT64_C(1700000000000)); /* November 2023 */
    assert_true(now < INT64_C(7000000000000));
    assert_true(clock_now_ms() - now < 60000);
}

static void stopwatch_never_goes_back_and_counts_microseconds(void **state)
{
    uint64_t start = clock_mono_us(), last = start, elapsed;
    struct timespec pause = {.tv_nsec = 20000000};

    (void)state;
    for (int i = 0; i < 1000; i++) {
        uint64_t t = clock_mono_us();

        assert_true(t >= last);
        last = t;
    }
    assert_int_equal(nanosleep(&pause, NULL), 0);
    elapsed = clock_mono_us() - start;
    assert_true(elapsed >= 20000 && elapsed < 20000000);
}

static void five_formats_are_written(void **state)
{
    char out[CLOCK_TEXT_MAX];

    (void)state;
    assert_str(clock_rfc3339(INT64_C(1788264000123), out), "2026-09-01T12:00:00.123Z");
    assert_string_equal(out, "2026-09-01T12:00:00.123Z");
    assert_str(clock_iso(INT64_C(1788264000999), out), "2026-09-01T12:00:00+00:00");
    assert_string_equal(out, "2026-09-01T12:00:00+00:00");
    assert_str(clock_stamp(INT64_C(1788264009999), out), "2026.09.01.120009");
    assert_string_equal(out, "2026.09.01.120009");
    assert_str(clock_http(INT64_C(784111777999), out), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_string_equal(out, "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_str(clock_anaconda(INT64_C(1447957343061), out), "2015-11-19 18:22:23.061000+00:00");
    assert_string_equal(out, "2015-11-19 18:22:23.061000+00:00");
}

static void leap_day_and_year_end_are_right(void **state)
{
    char out[CLOCK_TEXT_MAX];

    (void)state;
    assert_str(clock_rfc3339(INT64_C(1709164800000), out), "2024-02-29T00:00:00.000Z");
    assert_str(clock_rfc3339(INT64_C(1735689599999), out), "2024-12-31T23:59:59.999Z");
    assert_str(clock_http(INT64_C(1709164800000), out), "Thu, 29 Feb 2024 00:00:00 GMT");
}

static void times_before_1970_round_down(void **state)
{
    char out[CLOCK_TEXT_MAX];

    (void)state;
    assert_str(clock_rfc3339(0, out), "1970-01-01T00:00:00.000Z");
    assert_str(clock_rfc3339(-1, out), "1969-12-31T23:59:59.999Z");
    assert_str(clock_rfc3339(-1000, out), "1969-12-31T23:59:59.000Z");
}

static void extreme_times_fit_the_buffer(void **state)
{
    char out[CLOCK_TEXT_MAX];

    (void)state;
    assert_str(clock_rfc3339(INT64_MAX, out), "292278994-08-17T07:12:55.807Z");
    assert_str(clock_anaconda(INT64_MIN, out), "-292275055-05-16 16:47:04.192000+00:00");
    assert_str(clock_http(INT64_MIN, out), "Sun, 16 May -292275055 16:47:04 GMT");
}

static void tests_may_move_the_clocks(void **state)
{
    enum { DAY_MS = 86400000, SLOW_MS = 60000 };
    uint64_t mono = clock_mono_us();
    int64_t before = clock_now_ms();

    (void)state;
    clock_shift(DAY_MS);
    assert_in_range(clock_now_ms() - before, DAY_MS, DAY_MS + SLOW_MS);
    assert_in_range(clock_mono_us() - mono, DAY_MS * UINT64_C(1000),
                    (DAY_MS + SLOW_MS) * UINT64_C(1000));
    clock_shift(-DAY_MS);
    assert_in_range(before - clock_now_ms(), DAY_MS - SLOW_MS, DAY_MS);
    assert_in_range(clock_mono_us() - mono, 0, SLOW_MS * UINT64_C(1000));
    clock_shift(0);
    assert_in_range(clock_now_ms() - before, 0, SLOW_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tests_may_move_the_clocks),
        cmocka_unit_test(time_of_day_is_plausible),
        cmocka_unit_test(stopwatch_never_goes_back_and_counts_microseconds),
        cmocka_unit_test(five_formats_are_written),
        cmocka_unit_test(leap_day_and_year_end_are_right),
        cmocka_unit_test(times_before_1970_round_down),
        cmocka_unit_test(extreme_times_fit_the_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
