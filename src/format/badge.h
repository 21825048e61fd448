/* badge.h: small pictures with two words, "version 1.0", for pages that somebody else has: SVG 1.1,
 * drawn flat, readable without scripts, styles, or fonts of our own.
 *
 * The text is also the picture's title and its label for screen readers. White on each of the
 * colours has a contrast of more than 4.5 to 1 (WCAG 2.2, 1.4.3). */
#ifndef FORMAT_BADGE_H
#define FORMAT_BADGE_H
#include "base/buf.h"
#include "base/str.h"

enum badge_color { BADGE_BLUE, BADGE_GREEN, BADGE_GREY };

/* Texts are outside bytes: what is longer than BADGE_TEXT_MAX characters ends in "...", and what no
 * picture can show, or what would turn it around, becomes "?". */
#define BADGE_TEXT_MAX 60
struct badge {
    struct str label, value;
    enum badge_color color; /* of the value */
};
void badge_write(struct buf *out, const struct badge *badge);

#endif
