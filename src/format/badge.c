/* badge.c: two boxes side by side, as wide as their texts. */
#include "format/badge.h"

#include "base/text.h"

enum {
    HEIGHT = 20,
    PADDING = 6,                         /* left and right of a text */
    BASELINE = 14,                       /* of the texts */
    TEXT_BYTES = 4 * BADGE_TEXT_MAX + 8, /* of a text that was made fit */
};

/* The width of a letter in tenths of a pixel, at 11 pixels: measured of DejaVu Sans, near enough to
 * what else readers have, because the texts say themselves how wide they are to be. From " " on. */
static const uint8_t widths[] = {
    35,  44, 51, 92, 70, 105, 86, 30,  43, 43, 55, 92, 35, 40,  35, 37, /*  !"#$%&'()*+,-./ */
    70,  70, 70, 70, 70, 70,  70, 70,  70, 70, 37, 37, 92, 92,  92, 58, /* 0123456789:;<=>? */
    110, 75, 75, 77, 85, 70,  63, 85,  83, 32, 32, 72, 61, 95,  82, 87, /* @ABCDEFGHIJKLMNO */
    66,  87, 76, 70, 67, 81,  75, 109, 75, 67, 75, 43, 37, 43,  92, 55, /* PQRSTUVWXYZ[\]^_ */
    55,  67, 70, 60, 70, 68,  39, 70,  70, 31, 31, 64, 31, 107, 70, 67, /* `abcdefghijklmno */
    70,  70, 45, 57, 43, 70,  65, 90,  65, 65, 58, 70, 37, 70,  92,     /* pqrstuvwxyz{|}~ */
};
enum {
    WIDTH_NARROW = 70, /* of other letters */
    WIDTH_WIDE = 110,  /* of those of East Asia */
    WIDE_FROM = 0x1100,
};

/* Takes the first character off well-formed UTF-8. */
static uint32_t next_character(struct str *rest, struct str *ret_bytes)
{
    unsigned char first = (unsigned char)rest->ptr[0];
    size_t len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    uint32_t code = len == 1 ? first : first & (0x7fu >> len);

    for (size_t i = 1; i < len; i++)
        code = code << 6 | ((unsigned char)rest->ptr[i] & 0x3f);
    *ret_bytes = str_sub(*rest, 0, len);
    *rest = str_from(*rest, len);
    return code;
}

/* Not controls, nor those that say which way to read on, nor what XML 1.0 (2.2) forbids. */
static bool shows(uint32_t c)
{
    return c >= 0x20 && (c < 0x7f || c > 0x9f) && !(c >= 0x200b && c <= 0x200f) &&
           !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069) && c != 0xfeff &&
           c != 0xfffe && c != 0xffff;
}

static unsigned width_of(uint32_t c)
{
    if (c >= ' ' && c < ' ' + COUNT(widths))
        return widths[c - ' '];
    return c < WIDE_FROM ? WIDTH_NARROW : WIDTH_WIDE;
}

/* A text that can be shown, and how wide it is, in tenths of a pixel. */
struct fitted {
    char bytes[TEXT_BYTES];
    size_t len;
    unsigned width;
};

static void add(struct fitted *f, struct str bytes, uint32_t c)
{
    memcpy(f->bytes + f->len, bytes.ptr, bytes.len);
    f->len += bytes.len;
    f->width += width_of(c);
}

static struct fitted fit(struct str text)
{
    struct fitted f = {.len = 0};
    struct str rest = text_is_utf8(text) ? text : S("?"), bytes;

    for (size_t n = 0; rest.len; n++) {
        uint32_t c = next_character(&rest, &bytes);

        if (n == BADGE_TEXT_MAX - 1 && rest.len) {
            for (int i = 0; i < 3; i++)
                add(&f, S("."), '.');
            break;
        }
        if (shows(c))
            add(&f, bytes, c);
        else
            add(&f, S("?"), '?');
    }
    return f;
}

static struct str text_of(const struct fitted *f)
{
    return (struct str){f->bytes, f->len};
}

/* Whole pixels: the edges of the boxes are sharp. */
static unsigned box_of(const struct fitted *f)
{
    return (f->width + 9) / 10 + 2 * PADDING;
}

static void add_text(struct buf *out, const struct fitted *f, unsigned x)
{
    buf_addf(out, "<text x=\"%u\" y=\"%d\" textLength=\"%u.%u\">", x + PADDING, BASELINE,
             f->width / 10, f->width % 10);
    text_xml(out, text_of(f));
    buf_addz(out, "</text>");
}

/* "label: value" */
static void add_words(struct buf *out, const struct fitted *label, const struct fitted *value)
{
    text_xml(out, text_of(label));
    buf_addz(out, ": ");
    text_xml(out, text_of(value));
}

void badge_write(struct buf *out, const struct badge *badge)
{
    static const char *const colors[] = {
        [BADGE_BLUE] = "#1c64a8", [BADGE_GREEN] = "#23713c", [BADGE_GREY] = "#5b6573"};
    const struct fitted label = fit(badge->label), value = fit(badge->value);
    unsigned left = box_of(&label), right = box_of(&value);

    buf_addf(out,
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%d\" "
             "viewBox=\"0 0 %u %d\" role=\"img\" aria-label=\"",
             left + right, HEIGHT, left + right, HEIGHT);
    add_words(out, &label, &value);
    buf_addz(out, "\"><title>");
    add_words(out, &label, &value);
    /* The outer corners are round. */
    buf_addf(out,
             "</title><path fill=\"#3d4450\" d=\"M3 0h%uv%dH3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z\"/>"
             "<path fill=\"%s\" d=\"M%u 0h%ua3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H%uz\"/>"
             "<g fill=\"#fff\" font-family=\"DejaVu Sans,Verdana,Geneva,sans-serif\" "
             "font-size=\"11\">",
             left - 3, HEIGHT, colors[badge->color], left, right - 3, left);
    add_text(out, &label, 0);
    add_text(out, &value, left);
    buf_addz(out, "</g></svg>\n");
}
