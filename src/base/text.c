/* text.c: hex, base64, percent, UTF-8, HTML, CRC. */
#include "base/text.h"

static const struct str nothing = {NULL, 0};

void text_hex(const void *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = bytes;

    for (size_t i = 0; i < len; i++) {
        *out++ = digits[p[i] >> 4];
        *out++ = digits[p[i] & 15];
    }
    *out = '\0';
}

/* Value of a hexadecimal digit of either case, or -1. */
static int unhex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Value of the two hexadecimal digits at p, or -1. */
static int unhex_pair(const char *p)
{
    int high = unhex_digit(p[0]), low = unhex_digit(p[1]);

    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool text_unhex(struct str hex, void *out, size_t out_len)
{
    unsigned char *p = out;

    if (hex.len % 2 || hex.len / 2 != out_len)
        return false;
    for (size_t i = 0; i < out_len; i++) /* first look, then write: out is kept on failure */
        if (unhex_pair(hex.ptr + 2 * i) < 0)
            return false;
    for (size_t i = 0; i < out_len; i++)
        p[i] = (unsigned char)unhex_pair(hex.ptr + 2 * i);
    return true;
}

bool text_is_hex(struct str s, size_t len)
{
    if (s.len != len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!((s.ptr[i] >= '0' && s.ptr[i] <= '9') || (s.ptr[i] >= 'a' && s.ptr[i] <= 'f')))
            return false;
    return true;
}

struct str text_base64(struct arena *a, struct str bytes)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t groups = bytes.len / 3 + (bytes.len % 3 != 0);
    char *out = arena_alloc_array(a, groups, 4, 1);
    char *p = out;

    if (!out)
        return nothing;
    for (struct str rest = bytes; rest.len; rest = str_from(rest, 3)) {
        unsigned char b[3] = {0};
        size_t n = rest.len < 3 ? rest.len : 3;
        uint32_t bits;

        memcpy(b, rest.ptr, n);
        bits = (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2];
        *p++ = alphabet[bits >> 18];
        *p++ = alphabet[bits >> 12 & 63];
        *p++ = alphabet[bits >> 6 & 63];
        *p++ = alphabet[bits & 63];
    }
    if (bytes.len % 3) /* the last group stands for one or two bytes */
        p[-1] = '=';
    if (bytes.len % 3 == 1)
        p[-2] = '=';
    return (struct str){out, 4 * groups};
}

/* Value of a base64 letter, or -1. */
static int unbase64_letter(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* Decodes n (2 to 4) letters into n - 1 bytes; false if one is no letter, or if bits that
 * reach no byte are set (then a second text would mean the same bytes). */
static bool unbase64_group(const char *text, size_t n, unsigned char *out)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < 4; i++) {
        int v = i < n ? unbase64_letter(text[i]) : 0;

        if (v < 0)
            return false;
        bits = bits << 6 | (uint32_t)v;
    }
    if (bits & (n == 2 ? 0xffffU : n == 3 ? 0xffU : 0U))
        return false;
    for (size_t i = 0; i + 1 < n; i++)
        out[i] = (unsigned char)(bits >> (16 - 8 * i) & 0xff);
    return true;
}

struct str text_unbase64(struct arena *a, struct str text)
{
    size_t pad = str_ends(text, S("==")) ? 2 : str_ends(text, S("=")) ? 1 : 0;
    unsigned char *out;
    size_t len = 0;

    if (text.len % 4)
        return nothing;
    out = arena_alloc_array(a, text.len / 4, 3, 1);
    if (!out)
        return nothing;
    for (size_t i = 0; i < text.len; i += 4) {
        size_t n = i + 4 == text.len ? 4 - pad : 4;

        if (!unbase64_group(text.ptr + i, n, out + len))
            return nothing;
        len += n - 1;
    }
    return (struct str){(const char *)out, len};
}

struct str text_unpercent(struct arena *a, struct str s, bool plus_is_space)
{
    char *out = arena_alloc(a, s.len, 1);
    size_t len = 0;

    if (!out)
        return nothing;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (c == '%') {
            int v = s.len - i > 2 ? unhex_pair(s.ptr + i + 1) : -1;

            if (v < 0)
                return nothing;
            c = (char)v;
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        out[len++] = c;
    }
    return (struct str){out, len};
}

/* RFC 3986 2.3 */
static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void text_percent(struct buf *out, struct str s, const char *keep)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (is_unreserved(c) || (c && strchr(keep, c)))
            buf_addc(out, c);
        else
            buf_addf(out, "%%%02X", (unsigned char)c);
    }
}

/* Length of the character that begins with byte c, and the range its second byte must lie in.
 * The ranges keep out overlong forms (e0, f0), surrogates (ed) and what is above U+10FFFF (f4):
 * table 3-7 of the Unicode standard. 0 if no character begins with c. */
static size_t utf8_length(unsigned char c, unsigned char *ret_low, unsigned char *ret_high)
{
    *ret_low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    *ret_high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (c < 0x80)
        return 1;
    if (c < 0xc2 || c > 0xf4)
        return 0;
    return c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

bool text_is_utf8(struct str s)
{
    size_t i = 0;

    while (i < s.len) {
        unsigned char low, high;
        size_t len = utf8_length((unsigned char)s.ptr[i], &low, &high);

        if (!len || len > s.len - i)
            return false;
        for (size_t k = 1; k < len; k++) {
            unsigned char c = (unsigned char)s.ptr[i + k];

            if (c < low || c > high)
                return false;
            low = 0x80;
            high = 0xbf;
        }
        i += len;
    }
    return true;
}

bool text_has_control(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            return true;
    return false;
}

/* What c is written as in markup, or NULL if it stands for itself. */
static const char *entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void text_html(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const char *escaped = entity(s.ptr[i]);

        if (escaped)
            buf_addz(out, escaped);
        else
            buf_addc(out, s.ptr[i]);
    }
}

void text_xml(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        struct str c = str_sub(s, i, 1);
        bool white = str_has(S("\t\n\r"), c.ptr[0]);

        text_html(out, text_has_control(c) && !white ? S("?") : c);
    }
}

/* Appends "a=b&c=d", the values of secret parameters masked. */
static void mask_parameters(struct buf *out, struct str query)
{
    struct str item, name;

    for (const char *sep = ""; str_next(&query, '&', &item); sep = "&") {
        struct str value = item;

        buf_addz(out, sep);
        if (str_cut(&value, '=', &name) && str_ends(name, S("password"))) {
            buf_add(out, name);
            buf_addz(out, "=***");
        } else {
            buf_add(out, item);
        }
    }
}

void text_url_masked(struct buf *out, struct str url)
{
    struct str rest = url, scheme, user, host, name;

    if (!str_cut(&rest, ':', &scheme) || !str_starts(rest, S("//"))) {
        buf_add(out, url);
        return;
    }
    rest = str_from(rest, 2);
    buf_add(out, scheme);
    buf_addz(out, "://");
    /* The last "@": a password that should have been escaped may hold one itself. */
    if (str_cut_last(rest, '@', &user, &host)) {
        bool has_password = str_cut(&user, ':', &name);

        buf_add(out, has_password ? name : user);
        buf_addz(out, has_password ? ":***@" : "@");
        rest = host;
    }
    if (str_cut(&rest, '?', &host)) {
        buf_add(out, host);
        buf_addc(out, '?');
        mask_parameters(out, rest);
    } else {
        buf_add(out, rest);
    }
}

uint32_t text_crc32(struct str s)
{
    /* Entry i: what four bits of value i do to the reflected polynomial 0xedb88320. */
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                       0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                       0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < s.len; i++) {
        crc ^= (unsigned char)s.ptr[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}
