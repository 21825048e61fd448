/* log.c: building and writing one logfmt line. */
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"

#define LINE_MAX_LEN  (16 * KIB)
#define VALUE_MAX_LEN 1024 /* longer values are cut, so that one cannot drown the line */

static const char *const level_names[] = {
    [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};

bool log_level_parse(struct str name, enum log_level *ret_level)
{
    for (size_t i = 0; i < COUNT(level_names); i++) {
        if (str_eq(name, str_of(level_names[i]))) {
            *ret_level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

static void write_all(int fd, struct str line)
{
    while (line.len) {
        ssize_t n = write(fd, line.ptr, line.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* there is no better place to complain */
        line = str_from(line, (size_t)n);
    }
}

/* A C1 control character, which some terminals obey: U+0080 to U+009F. */
static bool is_c1(struct str s)
{
    return s.len >= 2 && (unsigned char)s.ptr[0] == 0xc2 && (unsigned char)s.ptr[1] < 0xa0;
}

static void add_escaped(struct buf *b, struct str value)
{
    bool utf8 = text_is_utf8(value);

    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        bool c1 = is_c1(str_from(value, i)) || (i && is_c1(str_from(value, i - 1)));

        if (c == '"' || c == '\\')
            buf_addf(b, "\\%c", c);
        else if (c == '\n')
            buf_addz(b, "\\n");
        else if (c < 0x20 || c == 0x7f || c1 || (c >= 0x80 && !utf8))
            buf_addf(b, "\\x%02x", c);
        else
            buf_addc(b, (char)c);
    }
}

static bool needs_quotes(struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];

        if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
            return true;
    }
    return !value.len;
}

static struct str cut(struct str value)
{
    size_t len = VALUE_MAX_LEN;

    if (value.len <= len)
        return value;
    while (len && ((unsigned char)value.ptr[len] & 0xc0) == 0x80)
        len--; /* not inside a UTF-8 character */
    return str_sub(value, 0, len ? len : VALUE_MAX_LEN);
}

void log_begin(struct log_line *l, const struct log *log, enum log_level level, const char *event)
{
    char time[CLOCK_TEXT_MAX];

    *l = (struct log_line){.buf = BUF_INIT(LINE_MAX_LEN)};
    if (!log || level > log->level)
        return;
    l->log = log;
    buf_addf(&l->buf, "time=%s level=%s event=%s", clock_rfc3339(clock_now_ms(), time).ptr,
             level_names[level], event);
}

void log_str(struct log_line *l, const char *key, struct str value)
{
    if (!l->log)
        return;
    buf_addf(&l->buf, " %s=", key);
    value = cut(value);
    if (!needs_quotes(value)) {
        buf_add(&l->buf, value);
        return;
    }
    buf_addc(&l->buf, '"');
    add_escaped(&l->buf, value);
    buf_addc(&l->buf, '"');
}

void log_u64(struct log_line *l, const char *key, uint64_t value)
{
    if (l->log)
        buf_addf(&l->buf, " %s=%" PRIu64, key, value);
}

void log_ms(struct log_line *l, const char *key, uint64_t microseconds)
{
    if (l->log)
        buf_addf(&l->buf, " %s=%" PRIu64 ".%03u", key, microseconds / 1000,
                 (unsigned)(microseconds % 1000));
}

/* Short of memory, or a monster: what happened is lost, but not that it did. */
static void write_lost(int fd)
{
    char time[CLOCK_TEXT_MAX], line[100];
    int len = snprintf(line, sizeof(line), "time=%s level=error event=log_line_lost\n",
                       clock_rfc3339(clock_now_ms(), time).ptr);

    write_all(fd, (struct str){line, (size_t)len});
}

void log_end(struct log_line *l)
{
    if (l->log) {
        buf_addc(&l->buf, '\n');
        if (buf_ok(&l->buf))
            write_all(l->log->fd, buf_str(&l->buf));
        else
            write_lost(l->log->fd);
    }
    buf_done(&l->buf);
    l->log = NULL;
}

void log_msg(const struct log *log, enum log_level level, const char *event, const char *fmt, ...)
{
    char text[VALUE_MAX_LEN];
    struct log_line l;
    va_list args;

    log_begin(&l, log, level, event);
    if (l.log) {
        va_start(args, fmt);
        (void)vsnprintf(text, sizeof(text), fmt, args); /* a long message is cut */
        va_end(args);
        log_str(&l, "msg", str_of(text));
    }
    log_end(&l);
}

void log_err(const struct log *log, enum log_level level, const char *event, const struct err *err)
{
    struct log_line l;

    log_begin(&l, log, level, event);
    log_str(&l, "error", str_of(err_slug(err->code)));
    if (err->field)
        log_str(&l, "field", str_of(err->field));
    log_str(&l, "msg", str_of(err->msg));
    if (err->file) {
        log_str(&l, "file", str_of(err->file));
        log_u64(&l, "line", (uint64_t)err->line);
    }
    log_end(&l);
}
