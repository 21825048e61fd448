/* clock.h: the time of day and a monotonic stopwatch. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H
#include "base/common.h"
#include "base/str.h"

int64_t clock_now_ms(void);   /* Unix time in milliseconds */
uint64_t clock_mono_us(void); /* microseconds since some fixed point; never goes back */

/* Test seam: as if so much time had passed, by both clocks; 0: as it is. Negative: the time of day
 * alone. */
void clock_shift(int64_t ms);

#define CLOCK_TEXT_MAX 40
/* Each writes a NUL-terminated text into out[CLOCK_TEXT_MAX] and returns it. */
struct str clock_rfc3339(int64_t unix_ms, char *out); /* 2026-09-01T12:00:00.123Z (RFC 3339) */
/* 2026-09-01T12:00:00+00:00: as every Python's datetime.fromisoformat reads it. */
struct str clock_iso(int64_t unix_ms, char *out);
struct str clock_stamp(int64_t unix_ms, char *out); /* 2026.09.01.120000, UTC: for versions */
struct str clock_http(int64_t unix_ms,
                      char *out); /* Sun, 06 Nov 1994 08:49:37 GMT (RFC 9110 5.6.7) */
struct str clock_anaconda(int64_t unix_ms, char *out); /* 2015-11-19 18:22:23.061000+00:00 */

#endif
