/* clock.c: reading the clocks and writing dates. The names of days and months are fixed by the
 * formats, so no locale may have a say: hence no strftime. */
#include "base/clock.h"

#include <assert.h>
#include <stdatomic.h>

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* Only tests write it. */
static atomic_llong shift_ms;

void clock_shift(int64_t ms)
{
    atomic_store_explicit(&shift_ms, ms, memory_order_relaxed);
}

int64_t clock_now_ms(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_REALTIME, &t))
        abort(); /* cannot fail with this clock */
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 +
           atomic_load_explicit(&shift_ms, memory_order_relaxed);
}

uint64_t clock_mono_us(void)
{
    struct timespec t;
    long long shift;

    if (clock_gettime(CLOCK_MONOTONIC, &t))
        abort(); /* cannot fail with this clock */
    shift = atomic_load_explicit(&shift_ms, memory_order_relaxed);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000 +
           (shift > 0 ? (uint64_t)shift * 1000 : 0);
}

/* Splits into UTC calendar fields; returns the milliseconds of the second, 0 to 999. */
static int split(int64_t unix_ms, struct tm *ret_tm)
{
    int ms = (int)(unix_ms % 1000);
    time_t seconds = unix_ms / 1000;

    if (ms < 0) { /* before 1970 the division has rounded up */
        ms += 1000;
        seconds--;
    }
    if (!gmtime_r(&seconds, ret_tm))
        abort(); /* cannot fail: every year of an int64_t of milliseconds fits an int */
    return ms;
}

static struct str finish(const char *out, int len)
{
    assert(len > 0 && len < CLOCK_TEXT_MAX);
    return (struct str){out, (size_t)len};
}

struct str clock_rfc3339(int64_t unix_ms, char *out)
{
    struct tm t;
    int ms = split(unix_ms, &t);

    return finish(out, snprintf(out, CLOCK_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                                t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min,
                                t.tm_sec, ms));
}

struct str clock_iso(int64_t unix_ms, char *out)
{
    struct tm t;

    (void)split(unix_ms, &t);
    return finish(out, snprintf(out, CLOCK_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d+00:00",
                                t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min,
                                t.tm_sec));
}

struct str clock_stamp(int64_t unix_ms, char *out)
{
    struct tm t;

    (void)split(unix_ms, &t);
    return finish(out,
                  snprintf(out, CLOCK_TEXT_MAX, "%04d.%02d.%02d.%02d%02d%02d", t.tm_year + 1900,
                           t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec));
}

struct str clock_http(int64_t unix_ms, char *out)
{
    struct tm t;

    (void)split(unix_ms, &t); /* HTTP dates have whole seconds */
    return finish(out, snprintf(out, CLOCK_TEXT_MAX, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                days[t.tm_wday], t.tm_mday, months[t.tm_mon], t.tm_year + 1900,
                                t.tm_hour, t.tm_min, t.tm_sec));
}

struct str clock_anaconda(int64_t unix_ms, char *out)
{
    struct tm t;
    int ms = split(unix_ms, &t);

    return finish(out, snprintf(out, CLOCK_TEXT_MAX, "%04d-%02d-%02d %02d:%02d:%02d.%03d000+00:00",
                                t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min,
                                t.tm_sec, ms));
}
