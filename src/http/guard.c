/* guard.c: first where each part lies, then what it says. */
#include "http/guard.h"

#include "base/limits.h"

/* A path of LIMIT_PATH, and as much again for a query. */
#define TARGET_MAX (2 * (size_t)LIMIT_PATH)
#define METHOD_MAX 32

static void refuse(struct guard *g, unsigned status, const char *wrong)
{
    if (g->status)
        return; /* the first reason is the one to tell */
    g->status = status;
    g->wrong = wrong;
}

/* --- what is said ----------------------------------------------------------------------------- */

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (c && strchr("!#$%&'*+-.^_`|~", c))))
            return false;
    }
    return s.len > 0;
}

/* VCHAR, blanks and bytes over 0x7f (RFC 9110 5.5). */
static bool is_field_value(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (((unsigned char)s.ptr[i] < 0x20 && s.ptr[i] != '\t') || s.ptr[i] == 0x7f)
            return false;
    return true;
}

/* Bytes over 0x7f are let through: clients send UTF-8 unescaped, and path.c checks it. */
static bool is_target(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] <= 0x20 || s.ptr[i] == 0x7f || s.ptr[i] == '#')
            return false;
    return s.len > 0;
}

/* uri-host [":" port], loosely: no blanks, slashes, "@" or anything else that a URL made from it
 * would read as something other than an authority. */
static bool is_host(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (c && strchr("-._~%!$&'()*+,;=:[]", c))))
            return false;
    }
    return true;
}

static bool is_version(struct str s)
{
    return s.len == 8 && str_starts(s, S("HTTP/1.")) && s.ptr[7] >= '0' && s.ptr[7] <= '9';
}

static void take_host(struct guard *g, struct str value)
{
    if (g->hosts++)
        refuse(g, 400, "more than one Host");
    else if (!is_host(str_trim(value)))
        refuse(g, 400, "malformed Host");
}

/* Two lengths are refused even when they are equal: nobody needs them. */
static void take_length(struct guard *g, struct str value)
{
    if (g->lengths++)
        refuse(g, 400, "more than one Content-Length");
    else if (!str_u64(value, INT64_MAX, &g->framing.length))
        refuse(g, 400, "malformed Content-Length");
}

/* Exactly as the library compares it: anything else it would read as a body without an end. */
static void take_coding(struct guard *g, struct str value)
{
    if (g->codings++)
        refuse(g, 400, "more than one Transfer-Encoding");
    else if (!str_eq_nocase(value, S("chunked")))
        refuse(g, 501, "Transfer-Encoding other than chunked");
    g->framing.chunked = true;
}

static void take_expect(struct guard *g, struct str value)
{
    if (str_eq_nocase(value, S("100-continue")))
        g->framing.expects_continue = g->version_1_1;
}

static void take_meaning(struct guard *g, struct str name, struct str value)
{
    /* Most names are told apart by their length alone. */
    switch (name.len) {
    case 4:
        if (str_eq_nocase(name, S("Host")))
            take_host(g, value);
        break;
    case 6:
        if (str_eq_nocase(name, S("Expect")))
            take_expect(g, value);
        break;
    case 14:
        if (str_eq_nocase(name, S("Content-Length")))
            take_length(g, value);
        break;
    case 17:
        if (str_eq_nocase(name, S("Transfer-Encoding")))
            take_coding(g, value);
        break;
    default:
        break;
    }
}

/* --- where it lies ---------------------------------------------------------------------------- */

/* After a line of which `end` is the end: the library has put NULs over its CR LF. */
static void expect_line_end(struct guard *g, const char *end)
{
    if (end[0] != '\0' || end[1] != '\0')
        refuse(g, 400, "line does not end with CR LF");
    g->next = end + 2;
}

void guard_begin(struct guard *g, struct str method, const char *target_at, struct str target,
                 struct str version)
{
    *g = (struct guard){.start = method.ptr};
    if (!is_token(method) || method.len > METHOD_MAX)
        refuse(g, 400, "malformed method");
    if (target_at != method.ptr + method.len + 1 || version.ptr != target_at + target.len + 1 ||
        !is_version(version))
        refuse(g, 400, "malformed request line");
    else
        expect_line_end(g, version.ptr + version.len);
    if (!is_target(target))
        refuse(g, 400, "malformed target");
    if (target.len > TARGET_MAX)
        refuse(g, 414, "target is too long");
    g->version_1_1 = !str_eq(version, S("HTTP/1.0"));
}

void guard_header(struct guard *g, struct str name, struct str value)
{
    const char *p;

    if (g->status)
        return; /* next is not to be trusted any more */
    if (name.ptr != g->next || !is_token(name)) {
        refuse(g, 400, "malformed header name");
        return;
    }
    for (p = name.ptr + name.len + 1; p < value.ptr && (*p == ' ' || *p == '\t'); p++)
        ;
    if (p != value.ptr || !is_field_value(value)) {
        refuse(g, 400, "malformed header value");
        return;
    }
    take_meaning(g, name, value);
    expect_line_end(g, value.ptr + value.len);
}

unsigned guard_end(struct guard *g, size_t header_size, struct guard_framing *ret_framing,
                   struct err *err)
{
    if (!g->status && g->start + header_size != g->next + 2)
        refuse(g, 400, "malformed headers");
    if (header_size > LIMIT_HEADERS)
        refuse(g, 431, "headers are too large");
    if (!g->hosts && g->version_1_1)
        refuse(g, 400, "no Host");
    if (g->lengths && g->codings)
        refuse(g, 400, "both Content-Length and Transfer-Encoding");
    if (g->codings && !g->version_1_1)
        refuse(g, 400, "Transfer-Encoding in HTTP/1.0"); /* RFC 9112 6.1 */
    if (g->status) {
        (void)fail(err, g->status == 400 || g->status == 501 ? ERR_INVALID : ERR_TOO_BIG, "%s",
                   g->wrong);
        return g->status;
    }
    g->framing.has_body = g->framing.chunked || g->framing.length > 0;
    *ret_framing = g->framing;
    return 0;
}
