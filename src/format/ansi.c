#include "format/ansi.h"

#include <stdio.h>
#include <string.h>

#define ESC        '\x1b'
#define PARAMS_MAX 32 /* longer lists of SGR parameters are cut; real ones have up to 10 */

/* --- lines that are written over -------------------------------------------------------------- */

/* Takes the last character off the line that began at from. */
static size_t without_last(const char *out, size_t from, size_t len)
{
    while (len > from && ((unsigned char)out[len - 1] & 0xc0) == 0x80)
        len--;
    return len > from ? len - 1 : len;
}

bool ansi_begin(struct arena *mem, struct str text, struct ansi_reader *ret)
{
    char *out = arena_alloc(mem, text.len ? text.len : 1, 1);
    size_t len = 0, line = 0;

    if (!out)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool line_end = c == '\r' && (i + 1 == text.len || text.ptr[i + 1] == '\n');

        if (line_end)
            continue;
        if (c == '\r')
            len = line;
        else if (c == '\b')
            len = without_last(out, line, len);
        else
            out[len++] = c;
        if (c == '\n')
            line = len;
    }
    *ret = (struct ansi_reader){.rest = {out, len}};
    return true;
}

/* --- styles ----------------------------------------------------------------------------------- */

/* xterm's palette: 16 names, a cube of 6 x 6 x 6, 24 greys. */
static ansi_color of_palette(unsigned n)
{
    static const uint8_t steps[] = {0, 95, 135, 175, 215, 255};

    if (n < 16)
        return n + 1;
    if (n < 232) {
        n -= 16;
        return ANSI_RGB | (ansi_color)steps[n / 36] << 16 | (ansi_color)steps[n / 6 % 6] << 8 |
               steps[n % 6];
    }
    n = 8 + (n - 232) * 10;
    return ANSI_RGB | n << 16 | n << 8 | n;
}

/* 38 and 48 take "5;n" or "2;r;g;b" with them. Returns how many parameters were used. */
static size_t read_color(const unsigned *p, size_t count, ansi_color *ret)
{
    if (count >= 2 && p[0] == 5 && p[1] < 256) {
        *ret = of_palette(p[1]);
        return 2;
    }
    if (count >= 4 && p[0] == 2 && p[1] < 256 && p[2] < 256 && p[3] < 256) {
        *ret = ANSI_RGB | p[1] << 16 | p[2] << 8 | p[3];
        return 4;
    }
    return count; /* not understood: the rest would be misread */
}

/* ECMA-48, 8.3.117 (SGR), and the bright colours of aixterm. */
static void set_style(struct ansi_reader *r, const unsigned *p, size_t count)
{
    struct ansi_style *s = &r->style;

    for (size_t i = 0; i < count; i++) {
        unsigned n = p[i];

        if (n == 0) {
            *s = (struct ansi_style){0};
            r->inverse = false;
        } else if (n == 1 || n == 22) {
            s->bold = n == 1;
        } else if (n == 3 || n == 23) {
            s->italic = n == 3;
        } else if (n == 4 || n == 24) {
            s->underline = n == 4;
        } else if (n == 7 || n == 27) {
            r->inverse = n == 7;
        } else if (n >= 30 && n <= 37) {
            s->fg = n - 30 + 1;
        } else if (n >= 40 && n <= 47) {
            s->bg = n - 40 + 1;
        } else if (n >= 90 && n <= 97) {
            s->fg = n - 90 + 9;
        } else if (n >= 100 && n <= 107) {
            s->bg = n - 100 + 9;
        } else if (n == 38 || n == 48) {
            i += read_color(p + i + 1, count - i - 1, n == 38 ? &s->fg : &s->bg);
        } else if (n == 39) {
            s->fg = 0;
        } else if (n == 49) {
            s->bg = 0;
        }
    }
}

static void read_sgr(struct ansi_reader *r, struct str params)
{
    unsigned p[PARAMS_MAX] = {0};
    size_t count = 1;

    for (size_t i = 0; i < params.len; i++) {
        char c = params.ptr[i];

        if (c >= '0' && c <= '9') {
            if (p[count - 1] < 1000)
                p[count - 1] = p[count - 1] * 10 + (unsigned)(c - '0');
        } else if (c != ';' && c != ':') {
            return; /* a private sequence */
        } else if (count < PARAMS_MAX) {
            count++;
        } else {
            break;
        }
    }
    set_style(r, p, count);
}

/* --- sequences -------------------------------------------------------------------------------- */

/* "ESC [ parameters intermediates final" (ECMA-48, 5.4); at: behind the bracket. Returns where it
 * ends. A byte that belongs to no such sequence ends it, and is text. */
static size_t skip_csi(struct ansi_reader *r, size_t at)
{
    struct str s = r->rest;
    size_t from = at;

    while (at < s.len && s.ptr[at] >= 0x20 && s.ptr[at] <= 0x3f)
        at++;
    if (at < s.len && s.ptr[at] >= 0x40 && s.ptr[at] <= 0x7e) {
        if (s.ptr[at] == 'm')
            read_sgr(r, str_sub(s, from, at - from));
        at++;
    }
    return at;
}

/* "ESC ] text BEL", and the other strings that end with BEL or "ESC \". One that never ends is
 * given up at the line's end, so that it cannot swallow the rest of the output. */
static size_t skip_string(struct str s, size_t at)
{
    for (; at < s.len && s.ptr[at] != '\n'; at++) {
        if (s.ptr[at] == '\a')
            return at + 1;
        if (s.ptr[at] == ESC)
            return at + 1 < s.len && s.ptr[at + 1] == '\\' ? at + 2 : at;
    }
    return at;
}

/* What stands at the beginning of r->rest and is not shown; 0 if it is text. */
static size_t skip_control(struct ansi_reader *r)
{
    struct str s = r->rest;
    unsigned char c = (unsigned char)s.ptr[0];

    if (c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7f))
        return 0;
    if (c != ESC || s.len == 1)
        return 1;
    if (s.ptr[1] == '[')
        return skip_csi(r, 2);
    if (str_has(S("]PX^_"), s.ptr[1]))
        return skip_string(s, 2);
    return s.ptr[1] >= 0x20 && s.ptr[1] < 0x7f ? 2 : 1;
}

static size_t text_length(struct str s)
{
    size_t n = 0;

    while (n < s.len && (s.ptr[n] == '\n' || s.ptr[n] == '\t' ||
                         ((unsigned char)s.ptr[n] >= 0x20 && s.ptr[n] != 0x7f)))
        n++;
    return n;
}

bool ansi_next(struct ansi_reader *r, struct ansi_span *ret)
{
    size_t n;

    while (r->rest.len && (n = skip_control(r)) > 0)
        r->rest = str_from(r->rest, n);
    if (!r->rest.len)
        return false;
    n = text_length(r->rest);
    *ret = (struct ansi_span){str_sub(r->rest, 0, n), r->style};
    if (r->inverse) {
        ret->style.fg = r->style.bg ? r->style.bg : 8; /* white on black, */
        ret->style.bg = r->style.fg ? r->style.fg : 1; /* when neither is told */
    }
    r->rest = str_from(r->rest, n);
    return true;
}

struct str ansi_color_name(ansi_color color, char out[ANSI_COLOR_NAME])
{
    static const char *const names[] = {"black", "red",     "green", "yellow",
                                        "blue",  "magenta", "cyan",  "white"};

    if (!color)
        return S("");
    if (color >= ANSI_RGB)
        (void)snprintf(out, ANSI_COLOR_NAME, "#%06x", color & 0xffffffU); /* fits */
    else
        (void)snprintf(out, ANSI_COLOR_NAME, "%s%s", color > 8 ? "bright-" : "",
                       names[(color - 1) % 8]);
    return str_of(out);
}
