/* inspect_wire.c: an answer is a magic word, a code and flags, then texts with their lengths.
 * Integers are in the machine's order: both ends are the same binary. */
#include "core/inspect_wire.h"

#include "base/text.h"

#define MAGIC 0x54414e53u

enum flag {
    FLAG_ACTIVATE_D = 1 << 0,
    FLAG_DEACTIVATE_D = 1 << 1,
    FLAG_PRE_LINK = 1 << 2,
    FLAG_POST_LINK = 1 << 3,
    FLAG_PRE_UNLINK = 1 << 4,
    FLAG_BINARY_PREFIX = 1 << 5,
    FLAG_TEXT_PREFIX = 1 << 6,
    FLAGS_ALL = (1 << 7) - 1,
};

/* The codes of conda_archive_read(), and ERR_BUSY when no child could be started. */
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

static uint32_t flags_of(const struct conda_archive *a)
{
    unsigned flags = 0;

    flags |= a->activate_d ? FLAG_ACTIVATE_D : 0u;
    flags |= a->deactivate_d ? FLAG_DEACTIVATE_D : 0u;
    flags |= a->pre_link ? FLAG_PRE_LINK : 0u;
    flags |= a->post_link ? FLAG_POST_LINK : 0u;
    flags |= a->pre_unlink ? FLAG_PRE_UNLINK : 0u;
    flags |= a->binary_prefix ? FLAG_BINARY_PREFIX : 0u;
    flags |= a->text_prefix ? FLAG_TEXT_PREFIX : 0u;
    return flags;
}

static void set_flags(uint32_t flags, struct conda_archive *a)
{
    a->activate_d = flags & FLAG_ACTIVATE_D;
    a->deactivate_d = flags & FLAG_DEACTIVATE_D;
    a->pre_link = flags & FLAG_PRE_LINK;
    a->post_link = flags & FLAG_POST_LINK;
    a->pre_unlink = flags & FLAG_PRE_UNLINK;
    a->binary_prefix = flags & FLAG_BINARY_PREFIX;
    a->text_prefix = flags & FLAG_TEXT_PREFIX;
}

void inspect_wire_success(const struct conda_archive *a, struct buf *out)
{
    put32(out, MAGIC);
    put32(out, OK);
    put32(out, flags_of(a));
    put_text(out, a->index_json);
    put_text(out, a->about_json);
    put_text(out, a->run_exports_json);
    put_text(out, a->recipe);
    put_text(out, a->icon_png);
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

static bool take_archive(struct str in, uint32_t flags, struct conda_archive *ret)
{
    set_flags(flags, ret);
    return take_text(&in, LIMIT_INFO_MEMBER, &ret->index_json) && ret->index_json.len &&
           take_text(&in, LIMIT_INFO_MEMBER, &ret->about_json) &&
           take_text(&in, LIMIT_INFO_MEMBER, &ret->run_exports_json) &&
           take_text(&in, LIMIT_INFO_MEMBER, &ret->recipe) &&
           take_text(&in, LIMIT_INFO_MEMBER, &ret->icon_png) && in.len == 0;
}

static enum err_code own_texts(struct arena *mem, struct conda_archive *a, struct err *err)
{
    struct str *const texts[] = {&a->index_json, &a->about_json, &a->run_exports_json, &a->recipe,
                                 &a->icon_png};

    for (size_t i = 0; i < COUNT(texts); i++) {
        *texts[i] = str_dup(mem, *texts[i]);
        if (!texts[i]->ptr)
            return fail(err, ERR_NOMEM, "out of memory");
    }
    return OK;
}

static enum err_code fail_malformed(bool *ret_malformed, struct err *err)
{
    *ret_malformed = true;
    return fail(err, ERR_INVALID, "the inspector's answer is malformed");
}

enum err_code inspect_wire_parse(struct arena *mem, struct str bytes, struct conda_archive *ret,
                                 bool *ret_malformed, struct err *err)
{
    struct conda_archive a = {0};
    uint32_t magic, code, flags;
    struct str msg;
    enum err_code rc;

    *ret_malformed = false;
    if (!take32(&bytes, &magic) || magic != MAGIC || !take32(&bytes, &code) ||
        !code_expected(code) || !take32(&bytes, &flags) || flags > FLAGS_ALL)
        return fail_malformed(ret_malformed, err);
    if (code != OK) {
        if (flags || !take_text(&bytes, sizeof(err->msg) - 1, &msg) || bytes.len)
            return fail_malformed(ret_malformed, err);
        return fail(err, (enum err_code)code, "%.*s", (int)msg.len, msg.ptr);
    }
    if (!take_archive(bytes, flags, &a))
        return fail_malformed(ret_malformed, err);
    rc = own_texts(mem, &a, err);
    if (!rc)
        *ret = a;
    return rc;
}
