#include "format/rds.h"

#include <assert.h>

/* Types of values, in the low byte of their flags. */
enum {
    SYMBOL = 1,
    PAIRLIST = 2,
    CHARS = 9,
    INTS = 13,
    DOUBLES = 14,
    STRINGS = 16,
    LIST = 19,
    NULL_VALUE = 254,
    REFERENCE = 255
};

/* Bits of the flags. */
#define IS_OBJECT      0x100u
#define HAS_ATTRIBUTES 0x200u
#define HAS_TAG        0x400u
#define IS_UTF8        0x8000u  /* of CHARS */
#define IS_ASCII       0x40000u /* of CHARS */

#define FORMAT_VERSION 2u
#define WRITTEN_BY     0x030500u /* R 3.5.0: any that knows the format, it has no effect */
#define READ_SINCE     0x020300u /* R 2.3.0 */

static void put_u32(struct rds *r, uint32_t v)
{
    char b[4] = {(char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v};

    buf_add(r->out, (struct str){b, sizeof(b)});
}

void rds_begin(struct rds *r, struct buf *out)
{
    *r = (struct rds){.out = out};
    buf_addz(out, "X\n");
    put_u32(r, FORMAT_VERSION);
    put_u32(r, WRITTEN_BY);
    put_u32(r, READ_SINCE);
}

/* ---- Values ---------------------------------------------------------------------------------- */

static void put_vector(struct rds *r, uint32_t type, size_t length, enum rds_with with)
{
    static const uint32_t flags[] = {[RDS_PLAIN] = 0,
                                     [RDS_ATTRIBUTES] = HAS_ATTRIBUTES,
                                     [RDS_OBJECT] = HAS_ATTRIBUTES | IS_OBJECT};

    assert(length <= INT32_MAX); /* longer ones have another form, and no document of ours */
    put_u32(r, type | flags[with]);
    put_u32(r, (uint32_t)length);
}

void rds_null(struct rds *r)
{
    put_u32(r, NULL_VALUE);
}

void rds_list(struct rds *r, size_t length, enum rds_with with)
{
    put_vector(r, LIST, length, with);
}

void rds_strings(struct rds *r, size_t length, enum rds_with with)
{
    put_vector(r, STRINGS, length, with);
}

void rds_ints(struct rds *r, size_t length, enum rds_with with)
{
    put_vector(r, INTS, length, with);
}

void rds_doubles(struct rds *r, size_t length, enum rds_with with)
{
    put_vector(r, DOUBLES, length, with);
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] > 0x7f)
            return false;
    return true;
}

void rds_string(struct rds *r, struct str s)
{
    if (!s.ptr) {
        put_u32(r, CHARS);
        put_u32(r, UINT32_MAX); /* length -1: NA */
        return;
    }
    assert(s.len <= INT32_MAX);
    put_u32(r, CHARS | (is_ascii(s) ? IS_ASCII : IS_UTF8));
    put_u32(r, (uint32_t)s.len);
    buf_add(r->out, s);
}

void rds_int(struct rds *r, int32_t v)
{
    put_u32(r, (uint32_t)v);
}

void rds_double(struct rds *r, double v)
{
    uint64_t bits;

    static_assert(sizeof(bits) == sizeof(v), "doubles are of IEEE 754");
    memcpy(&bits, &v, sizeof(bits));
    put_u32(r, (uint32_t)(bits >> 32));
    put_u32(r, (uint32_t)bits);
}

/* ---- Attributes ------------------------------------------------------------------------------ */

/* A symbol is written once; R numbers them from 1 on as they come. */
static void put_symbol(struct rds *r, const char *name)
{
    for (unsigned i = 0; i < r->symbol_count; i++)
        if (strcmp(r->symbols[i], name) == 0) {
            put_u32(r, (i + 1) << 8 | REFERENCE);
            return;
        }
    assert(r->symbol_count < RDS_SYMBOLS);
    r->symbols[r->symbol_count++] = name;
    put_u32(r, SYMBOL);
    rds_string(r, str_of(name));
}

void rds_attribute(struct rds *r, const char *name)
{
    put_u32(r, PAIRLIST | HAS_TAG);
    put_symbol(r, name);
}

void rds_attributes_end(struct rds *r)
{
    rds_null(r);
}
