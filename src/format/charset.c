#include "format/charset.h"

#include "base/text.h"

static const struct {
    const char *name;
    enum charset is;
} names[] = {
    {"utf8", CHARSET_UTF8},     {"ascii", CHARSET_UTF8},       {"usascii", CHARSET_UTF8},
    {"latin1", CHARSET_LATIN1}, {"iso88591", CHARSET_LATIN1},  {"windows1252", CHARSET_LATIN1},
    {"cp1252", CHARSET_LATIN1}, {"latin2", CHARSET_LATIN2},    {"iso88592", CHARSET_LATIN2},
    {"latin9", CHARSET_LATIN9}, {"iso885915", CHARSET_LATIN9},
};

/* The characters of the bytes 0x80 to 0x9f; 0: none. */
static const uint16_t windows_1252[32] = {
    0x20ac, 0x0000, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x0000, 0x017d, 0x0000, 0x0000, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x0000, 0x017e, 0x0178,
};

/* Those of 0xa0 to 0xff. */
static const uint16_t latin2_high[96] = {
    0x00a0, 0x0104, 0x02d8, 0x0141, 0x00a4, 0x013d, 0x015a, 0x00a7, 0x00a8, 0x0160, 0x015e, 0x0164,
    0x0179, 0x00ad, 0x017d, 0x017b, 0x00b0, 0x0105, 0x02db, 0x0142, 0x00b4, 0x013e, 0x015b, 0x02c7,
    0x00b8, 0x0161, 0x015f, 0x0165, 0x017a, 0x02dd, 0x017e, 0x017c, 0x0154, 0x00c1, 0x00c2, 0x0102,
    0x00c4, 0x0139, 0x0106, 0x00c7, 0x010c, 0x00c9, 0x0118, 0x00cb, 0x011a, 0x00cd, 0x00ce, 0x010e,
    0x0110, 0x0143, 0x0147, 0x00d3, 0x00d4, 0x0150, 0x00d6, 0x00d7, 0x0158, 0x016e, 0x00da, 0x0170,
    0x00dc, 0x00dd, 0x0162, 0x00df, 0x0155, 0x00e1, 0x00e2, 0x0103, 0x00e4, 0x013a, 0x0107, 0x00e7,
    0x010d, 0x00e9, 0x0119, 0x00eb, 0x011b, 0x00ed, 0x00ee, 0x010f, 0x0111, 0x0144, 0x0148, 0x00f3,
    0x00f4, 0x0151, 0x00f6, 0x00f7, 0x0159, 0x016f, 0x00fa, 0x0171, 0x00fc, 0x00fd, 0x0163, 0x02d9,
};

/* ISO 8859-15, "latin9", is ISO 8859-1 but for eight characters. */
static const struct {
    unsigned char byte;
    uint16_t is;
} latin9_differs[] = {{0xa4, 0x20ac}, {0xa6, 0x0160}, {0xa8, 0x0161}, {0xb4, 0x017d},
                      {0xb8, 0x017e}, {0xbc, 0x0152}, {0xbd, 0x0153}, {0xbe, 0x0178}};

/* Is s the name, but for case and the blanks and dashes in it? */
static bool is_named(struct str s, const char *name)
{
    for (size_t i = 0; i < s.len; i++) {
        if (str_has(S("-_ "), s.ptr[i]))
            continue;
        if (!*name || !str_eq_nocase(str_sub(s, i, 1), (struct str){name, 1}))
            return false;
        name++;
    }
    return !*name;
}

bool charset_find(struct str name, enum charset *ret)
{
    for (size_t i = 0; i < COUNT(names); i++)
        if (is_named(name, names[i].name)) {
            *ret = names[i].is;
            return true;
        }
    return false;
}

/* 0: the byte stands for nothing. */
static unsigned character_of(enum charset from, unsigned char byte)
{
    if (byte < 0x80)
        return byte;
    if (byte < 0xa0)
        return from == CHARSET_LATIN1 ? windows_1252[byte - 0x80] : 0;
    if (from == CHARSET_LATIN2)
        return latin2_high[byte - 0xa0];
    if (from == CHARSET_LATIN9)
        for (size_t i = 0; i < COUNT(latin9_differs); i++)
            if (latin9_differs[i].byte == byte)
                return latin9_differs[i].is;
    return byte;
}

/* Of the Basic Multilingual Plane, which is all that the tables know. */
static void put_utf8(struct buf *out, unsigned c)
{
    if (c < 0x80) {
        buf_addc(out, (char)c);
    } else if (c < 0x800) {
        buf_addc(out, (char)(0xc0 | c >> 6));
        buf_addc(out, (char)(0x80 | (c & 0x3f)));
    } else {
        buf_addc(out, (char)(0xe0 | c >> 12));
        buf_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
        buf_addc(out, (char)(0x80 | (c & 0x3f)));
    }
}

static enum err_code decode_utf8(struct str text, struct buf *out, struct err *err)
{
    struct str rest = text, line;

    for (size_t n = 1; str_next(&rest, '\n', &line); n++)
        if (!text_is_utf8(line))
            return fail(err, ERR_INVALID, "line %zu is not UTF-8", n);
    buf_add(out, text);
    return OK;
}

static enum err_code decode_bytes(enum charset from, struct str text, struct buf *out,
                                  struct err *err)
{
    size_t line = 1;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        unsigned c = character_of(from, byte);

        if (byte && !c)
            return fail(err, ERR_INVALID, "line %zu: byte 0x%02x stands for no character", line,
                        byte);
        line += c == '\n';
        put_utf8(out, c);
    }
    return OK;
}

enum err_code charset_decode(enum charset from, struct str text, struct buf *out, struct err *err)
{
    size_t before = out->len;
    enum err_code rc;

    if (!buf_ok(out))
        return fail(err, ERR_NOMEM, "the buffer had failed before");
    rc = from == CHARSET_UTF8 ? decode_utf8(text, out, err) : decode_bytes(from, text, out, err);
    /* A byte takes at most three: whether there was room is known to the caller alone. */
    if (!rc && !buf_ok(out))
        rc = out->max - before < 3 * text.len
                 ? fail(err, ERR_TOO_BIG, "larger than %zu bytes", out->max)
                 : fail(err, ERR_NOMEM, "out of memory");
    if (rc) {
        out->len = before;
        out->failed = false;
    }
    return rc;
}
