/* buf.c: the growable buffer. The memory is one byte larger than cap, for the NUL that
 * buf_addf() writes and buf_take() promises. */
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>

#include "base/mem.h"

#define FIRST_CAP 128

void buf_done(struct buf *b)
{
    mem_free(b->ptr);
    *b = BUF_INIT(b->max);
}

bool buf_ok(const struct buf *b)
{
    return !b->failed;
}

struct str buf_str(const struct buf *b)
{
    return b->ptr ? (struct str){b->ptr, b->len} : (struct str){"", 0};
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->failed = false;
}

static char *give_up(struct buf *b)
{
    b->failed = true;
    return NULL;
}

char *buf_reserve(struct buf *b, size_t n)
{
    size_t cap = b->cap;
    char *ptr;

    if (b->failed)
        return NULL;
    if (n > b->max - b->len)
        return give_up(b);
    if (b->ptr && n <= cap - b->len)
        return b->ptr + b->len;
    cap = cap > b->max / 2 ? b->max : 2 * cap;
    if (cap < b->len + n)
        cap = b->len + n;
    if (cap < FIRST_CAP)
        cap = b->max < FIRST_CAP ? b->max : FIRST_CAP;
    if (cap == SIZE_MAX)
        return give_up(b);
    ptr = mem_resize(b->ptr, cap + 1);
    if (!ptr)
        return give_up(b);
    b->ptr = ptr;
    b->cap = cap;
    return ptr + b->len;
}

void buf_commit(struct buf *b, size_t n)
{
    if (b->failed)
        return;
    assert(n <= b->cap - b->len);
    b->len += n;
}

void buf_add(struct buf *b, struct str s)
{
    char *room = s.len ? buf_reserve(b, s.len) : NULL;

    if (!room)
        return;
    memcpy(room, s.ptr, s.len);
    b->len += s.len;
}

void buf_addc(struct buf *b, char c)
{
    buf_add(b, (struct str){&c, 1});
}

void buf_addz(struct buf *b, const char *z)
{
    buf_add(b, str_of(z));
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list args;
    char *room;
    int len;

    va_start(args, fmt);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    assert(len >= 0);
    room = buf_reserve(b, (size_t)len);
    if (!room)
        return;
    va_start(args, fmt);
    (void)vsnprintf(room, (size_t)len + 1, fmt, args); /* the length is known from above */
    va_end(args);
    b->len += (size_t)len;
}

void buf_add_u64(struct buf *b, uint64_t v)
{
    char digits[20]; /* of 2^64 - 1 */
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    buf_add(b, (struct str){digits + at, sizeof(digits) - at});
}

char *buf_take(struct buf *b, size_t *ret_len)
{
    char *ptr = NULL;
    size_t len = b->len;

    if (buf_reserve(b, 0)) /* an empty buffer gives away an empty text, not NULL */
        ptr = TAKE(b->ptr);
    buf_done(b);
    if (!ptr)
        return NULL;
    ptr[len] = '\0';
    *ret_len = len;
    return ptr;
}
