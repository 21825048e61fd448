/* cut.h: the head of a text, for a column of limited width. */
#ifndef CORE_CUT_H
#define CORE_CUT_H
#include "base/str.h"
#include "base/text.h"

/* At most max bytes, and valid UTF-8: half a character, or what follows bytes that are no
 * characters at all, would make every answer that holds the text impossible. */
static inline struct str cut(struct str s, size_t max)
{
    s = str_sub(s, 0, max);
    while (!text_is_utf8(s))
        s.len--;
    return s;
}

#endif
