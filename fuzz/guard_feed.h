/* guard_feed.h: reads a request's head as leniently as libmicrohttpd 0.9.75 does, in place, and
 * tells the guard what it found where. For the guard's tests and its fuzz target. */
#ifndef FUZZ_GUARD_FEED_H
#define FUZZ_GUARD_FEED_H
#include "http/guard.h"

/* A line's start; its CR LF or bare LF becomes NULs. NULL when there is no whole line left. */
static inline char *feed_line(char **rest, char *end)
{
    char *line = *rest, *lf = memchr(line, '\n', (size_t)(end - line));

    if (!lf)
        return NULL;
    if (lf > line && lf[-1] == '\r')
        lf[-1] = '\0';
    lf[0] = '\0';
    *rest = lf + 1;
    return line;
}

/* False when the library would have refused the request before asking the guard. text: size
 * bytes and a NUL; it is written to. */
static inline bool guard_feed(char *text, size_t size, unsigned *ret_status,
                              struct guard_framing *ret_framing)
{
    char *rest = text, *end = text + size, *line = feed_line(&rest, end), *target, *version;
    struct str target_copy;
    struct guard g;
    char copy[4096];

    if (!line || !(target = memchr(line, ' ', (size_t)(rest - line))))
        return false;
    version = memrchr(line, ' ', (size_t)(rest - line));
    if (version <= target || strlen(version + 1) != 8)
        return false;
    *target++ = '\0';
    *version++ = '\0';
    if (strncmp(version, "HTTP/1.", 7) != 0 || strlen(target) >= sizeof(copy))
        return false;
    target_copy = (struct str){memcpy(copy, target, strlen(target) + 1), strlen(target)};
    if (strchr(target, '?'))
        *strchr(target, '?') = '\0';
    guard_begin(&g, str_of(line), target, target_copy, str_of(version));
    while ((line = feed_line(&rest, end)) && line[0]) {
        char *value = strchr(line, ':');

        if (!value)
            return false;
        *value++ = '\0';
        while (*value == ' ' || *value == '\t')
            value++;
        guard_header(&g, str_of(line), str_of(value));
    }
    if (!line)
        return false;
    *ret_status = guard_end(&g, (size_t)(rest - text), ret_framing, NULL);
    return true;
}

#endif
