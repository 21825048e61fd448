/* str.c: comparing, cutting and copying runs of bytes. */
#include "base/str.h"

#include <assert.h>
#include <stdarg.h>

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

struct str str_of(const char *z)
{
    return z ? (struct str){z, strlen(z)} : (struct str){"", 0};
}

bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (!a.len || !memcmp(a.ptr, b.ptr, a.len));
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

int str_cmp(struct str a, struct str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.ptr, b.ptr, n) : 0;

    if (order)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_eq((struct str){s.ptr, prefix.len}, prefix);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len && str_eq(str_from(s, s.len - suffix.len), suffix);
}

bool str_has(struct str s, char c)
{
    return s.len && memchr(s.ptr, c, s.len);
}

struct str str_from(struct str s, size_t from)
{
    if (from > s.len)
        from = s.len;
    return (struct str){from ? s.ptr + from : s.ptr, s.len - from};
}

struct str str_sub(struct str s, size_t from, size_t len)
{
    s = str_from(s, from);
    if (s.len > len)
        s.len = len;
    return s;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct str str_trim(struct str s)
{
    while (s.len && is_blank(s.ptr[0]))
        s = str_from(s, 1);
    while (s.len && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

bool str_cut(struct str *rest, char sep, struct str *ret_head)
{
    const char *at = rest->len ? memchr(rest->ptr, sep, rest->len) : NULL;
    struct str whole = *rest;

    if (!at)
        return false;
    *ret_head = (struct str){whole.ptr, (size_t)(at - whole.ptr)};
    *rest = str_from(whole, ret_head->len + 1);
    return true;
}

bool str_cut_last(struct str s, char sep, struct str *ret_head, struct str *ret_tail)
{
    const char *at = s.len ? memrchr(s.ptr, sep, s.len) : NULL;
    size_t head;

    if (!at)
        return false;
    head = (size_t)(at - s.ptr);
    *ret_head = (struct str){s.ptr, head};
    *ret_tail = str_from(s, head + 1);
    return true;
}

bool str_next(struct str *rest, char sep, struct str *ret_item)
{
    if (!rest->ptr)
        return false;
    if (!str_cut(rest, sep, ret_item)) {
        *ret_item = *rest;
        *rest = (struct str){NULL, 0};
    }
    return true;
}

bool str_u64(struct str s, uint64_t max, uint64_t *ret_value)
{
    uint64_t value = 0;

    if (!s.len)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(s.ptr[i] - '0'), &value) || value > max)
            return false;
    }
    *ret_value = value;
    return true;
}

struct str str_dup(struct arena *a, struct str s)
{
    char *copy = arena_alloc(a, s.len, 1);

    if (!copy)
        return (struct str){NULL, 0};
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    return (struct str){copy, s.len};
}

struct str str_lower(struct arena *a, struct str s)
{
    char *copy = arena_alloc(a, s.len, 1);

    if (!copy)
        return (struct str){NULL, 0};
    for (size_t i = 0; i < s.len; i++)
        copy[i] = (char)lower(s.ptr[i]);
    return (struct str){copy, s.len};
}

struct str str_fmt(struct arena *a, const char *fmt, ...)
{
    va_list args;
    char *text;
    int len;

    va_start(args, fmt);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    assert(len >= 0);
    text = arena_alloc(a, (size_t)len + 1, 1);
    if (!text)
        return (struct str){NULL, 0};
    va_start(args, fmt);
    (void)vsnprintf(text, (size_t)len + 1, fmt, args); /* the length is known from above */
    va_end(args);
    return (struct str){text, (size_t)len};
}

char *str_z(struct arena *a, struct str s)
{
    char *copy = s.len < SIZE_MAX ? arena_alloc(a, s.len + 1, 1) : NULL;

    if (copy && s.len)
        memcpy(copy, s.ptr, s.len);
    return copy;
}
