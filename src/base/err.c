/* err.c: filling in a struct err. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>

#include "base/text.h"

static const char *const slugs[ERR_CODE_MAX] = {
    [OK] = "ok",
    [ERR_NOMEM] = "out_of_memory",
    [ERR_IO] = "io",
    [ERR_INVALID] = "invalid",
    [ERR_UNPROCESSABLE] = "unprocessable",
    [ERR_TOO_BIG] = "too_big",
    [ERR_NOT_FOUND] = "not_found",
    [ERR_CONFLICT] = "conflict",
    [ERR_UNAUTHENTICATED] = "unauthenticated",
    [ERR_DENIED] = "denied",
    [ERR_LIMITED] = "limited",
    [ERR_BUSY] = "busy",
    [ERR_COLLISION] = "collision",
    [ERR_NO_SPACE] = "no_space",
};

/* Length of the well-formed UTF-8 character at the start of s, or 0. */
static size_t utf8_char(struct str s)
{
    for (size_t len = 1; len <= 4 && len <= s.len; len++)
        if (text_is_utf8(str_sub(s, 0, len)))
            return len;
    return 0;
}

/* Messages quote what outsiders sent, and go into JSON: they must be UTF-8 on one line. */
static void make_presentable(char *msg)
{
    struct str rest = str_of(msg);

    while (rest.len) {
        size_t len = utf8_char(rest);

        if (!len || text_has_control(str_sub(rest, 0, 1)))
            msg[strlen(msg) - rest.len] = '?';
        rest = str_from(rest, len ? len : 1);
    }
}

static PRINTF(2, 0) void set_message(struct err *e, const char *fmt, va_list args)
{
    char msg[sizeof(e->msg)]; /* not e->msg at once: an argument may be e->msg itself */

    (void)vsnprintf(msg, sizeof(msg), fmt, args); /* a long message is cut */
    make_presentable(msg);
    memcpy(e->msg, msg, sizeof(msg));
}

enum err_code err_set(struct err *e, enum err_code code, const char *file, int line,
                      const char *fmt, ...)
{
    va_list args;

    if (!e)
        return code;
    va_start(args, fmt);
    set_message(e, fmt, args);
    va_end(args);
    e->code = code;
    e->file = file;
    e->line = line;
    e->field = NULL;
    e->retry_s = 0;
    return code;
}

enum err_code err_set_field(struct err *e, const char *field, enum err_code code)
{
    if (e)
        e->field = field;
    return code;
}

enum err_code err_set_retry(struct err *e, unsigned seconds, enum err_code code)
{
    if (e)
        e->retry_s = seconds;
    return code;
}

enum err_code err_set_errno(struct err *e, const char *file, int line, const char *fmt, ...)
{
    int number = errno;
    bool full = number == ENOSPC || number == EDQUOT;
    enum err_code code = full ? ERR_NO_SPACE : ERR_IO;
    const char *reason = strerrordesc_np(number); /* unlike strerror, safe with threads */
    char msg[sizeof(e->msg)];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(msg, sizeof(msg), fmt, args); /* a long message is cut */
    va_end(args);
    (void)err_set(e, code, file, line, "%s: %s", msg, reason ? reason : "unknown error");
    errno = number;
    return code;
}

const char *err_slug(enum err_code code)
{
    if ((unsigned)code >= ERR_CODE_MAX)
        return "unknown";
    return slugs[code];
}
