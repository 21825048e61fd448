/* ansi.h: what a terminal would show of a program's output, as runs of plain text with a style.
 *
 * Tracebacks and logs in notebooks hold escape sequences (ECMA-48, xterm). Colours and weights are
 * kept, everything else that a terminal would act on (links, titles, cursor moves) is left out. */
#ifndef FORMAT_ANSI_H
#define FORMAT_ANSI_H
#include "base/arena.h"
#include "base/str.h"

/* 0: the reader's own; 1 to 16: black, red, green, yellow, blue, magenta, cyan, white and the same
 * bright; from ANSI_RGB: 24 bits of red, green, blue. */
typedef uint32_t ansi_color;
#define ANSI_RGB 0x1000000U

struct ansi_style {
    ansi_color fg, bg;
    bool bold, italic, underline;
};
struct ansi_span {
    struct str text; /* no control characters but line ends and tabs; never empty */
    struct ansi_style style;
};
struct ansi_reader {
    struct str rest;
    struct ansi_style style;
    bool inverse;
};

/* Returns to line starts and backspaces overwrite what stands there, as in progress bars: of a line
 * that was written several times the last text stays. The text is copied to mem; false when out of
 * memory. */
bool ansi_begin(struct arena *mem, struct str text, struct ansi_reader *ret) MUST_USE;
/* The next run of one style; false at the end. */
bool ansi_next(struct ansi_reader *r, struct ansi_span *ret) MUST_USE;

/* "bright-red", "#00ff87"; empty for 0. The text is in out. */
#define ANSI_COLOR_NAME 16
struct str ansi_color_name(ansi_color color, char out[ANSI_COLOR_NAME]);

#endif
