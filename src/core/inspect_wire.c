/* inspect_wire.c: an answer is a magic word, a code and flags, then texts with their lengths.
 * Integers are in the machine's order: both ends are the same binary. */
#include "core/inspect_wire.h"

#include "base/text.h"

#define MAGIC 0x54414e53u

/* The codes of an inspect_reader, and ERR_BUSY when no child could be started. */
static bool code_expected(uint32_t code)
{
    return code == OK || code == ERR_NOMEM || code == ERR_IO || code == ERR_INVALID ||
           code == ERR_TOO_BIG || code == ERR_BUSY;
}

static void put32(struct buf *out, uint32_t v)
{
    char bytes[sizeof(v)];

    memcpy(bytes, &v, sizeof(v));
    buf_add(out, (struct str){bytes, sizeof(bytes)});
}

static void put_text(struct buf *out, struct str s)
{
    put32(out, (uint32_t)s.len);
    buf_add(out, s);
}

void inspect_wire_success(const struct inspected *found, struct buf *out)
{
    put32(out, MAGIC);
    put32(out, OK);
    put32(out, found->flags);
    for (size_t i = 0; i < INSPECTED_TEXTS; i++)
        put_text(out, found->texts[i]);
}

void inspect_wire_failure(enum err_code code, const char *msg, struct buf *out)
{
    put32(out, MAGIC);
    put32(out, (uint32_t)code);
    put32(out, 0);
    put_text(out, str_of(msg));
}

static bool take32(struct str *in, uint32_t *ret)
{
    if (in->len < sizeof(*ret))
        return false;
    memcpy(ret, in->ptr, sizeof(*ret));
    *in = str_from(*in, sizeof(*ret));
    return true;
}

/* Borrowed from in. */
static bool take_text(struct str *in, size_t max, struct str *ret)
{
    uint32_t len;

    if (!take32(in, &len) || len > in->len || len > max)
        return false;
    *ret = str_sub(*in, 0, len);
    *in = str_from(*in, len);
    return true;
}

static bool take_texts(struct str in, struct inspected *ret)
{
    for (size_t i = 0; i < INSPECTED_TEXTS; i++)
        if (!take_text(&in, LIMIT_INFO_MEMBER, &ret->texts[i]))
            return false;
    return ret->texts[0].len && in.len == 0;
}

static enum err_code own_texts(struct arena *mem, struct inspected *found, struct err *err)
{
    for (size_t i = 0; i < INSPECTED_TEXTS; i++) {
        found->texts[i] = str_dup(mem, found->texts[i]);
        if (!found->texts[i].ptr)
            return fail(err, ERR_NOMEM, "out of memory");
    }
    return OK;
}

static enum err_code fail_malformed(bool *ret_malformed, struct err *err)
{
    *ret_malformed = true;
    return fail(err, ERR_INVALID, "the inspector's answer is malformed");
}

enum err_code inspect_wire_parse(struct arena *mem, struct str bytes, struct inspected *ret,
                                 bool *ret_malformed, struct err *err)
{
    struct inspected found = {0};
    uint32_t magic, code;
    struct str msg;
    enum err_code rc;

    *ret_malformed = false;
    if (!take32(&bytes, &magic) || magic != MAGIC || !take32(&bytes, &code) ||
        !code_expected(code) || !take32(&bytes, &found.flags))
        return fail_malformed(ret_malformed, err);
    if (code != OK) {
        if (found.flags || !take_text(&bytes, sizeof(err->msg) - 1, &msg) || bytes.len)
            return fail_malformed(ret_malformed, err);
        return fail(err, (enum err_code)code, "%.*s", (int)msg.len, msg.ptr);
    }
    if (!take_texts(bytes, &found))
        return fail_malformed(ret_malformed, err);
    rc = own_texts(mem, &found, err);
    if (!rc)
        *ret = found;
    return rc;
}
