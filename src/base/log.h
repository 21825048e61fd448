/* log.h: structured logs, one logfmt line (key=value ...) per event, to one descriptor.
 *
 * Lines are written with a single write(2), so that they never interleave. Values are quoted
 * when needed and control characters escaped: no input can forge a line. */
#ifndef BASE_LOG_H
#define BASE_LOG_H
#include "base/buf.h"
#include "base/common.h"
#include "base/err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
struct log {
    int fd;
    enum log_level level; /* lines above it are not written */
};

bool log_level_parse(struct str name,
                     enum log_level *ret_level); /* "error" "warn" "info" "debug" */

/* One event: log_begin, fields, log_end. Not started (and all calls cheap) below the level. */
struct log_line {
    const struct log *log;
    struct buf buf;
};
void log_begin(struct log_line *l, const struct log *log, enum log_level level, const char *event);
void log_str(struct log_line *l, const char *key, struct str value);
void log_u64(struct log_line *l, const char *key, uint64_t value);
void log_ms(struct log_line *l, const char *key, uint64_t microseconds); /* as 12.345 */
void log_end(struct log_line *l);

/* Shortcuts for an event with a message, or with a failure (message, source file and line). */
void log_msg(const struct log *log, enum log_level level, const char *event, const char *fmt, ...)
    PRINTF(4, 5);
void log_err(const struct log *log, enum log_level level, const char *event, const struct err *err);

#endif
