/* Whatever the texts are: one picture, of the markup that we wrote and no other, and UTF-8. */
#include <assert.h>

#include "base/limits.h"
#include "base/text.h"
#include "format/badge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count(struct str s, char c)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++)
        n += s.ptr[i] == c;
    return n;
}

/* The input: the label up to the first line's end, then the value. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB), plain = BUF_INIT(MIB);
    struct badge badge = {.value = {(const char *)data, size}, .color = BADGE_GREEN};

    if (!str_cut(&badge.value, '\n', &badge.label))
        badge.label = S("");
    badge_write(&out, &badge);
    badge_write(&plain, &(struct badge){S("x"), S("y"), BADGE_GREEN});
    assert(buf_ok(&out) && buf_ok(&plain));
    assert(out.len <
           plain.len + 4 * (size_t)BADGE_TEXT_MAX * 6 * 4); /* each character is escaped */
    assert(text_is_utf8(buf_str(&out)));
    for (const char *c = "<>\""; *c; c++)
        assert(count(buf_str(&out), *c) == count(buf_str(&plain), *c));
    for (size_t i = 0; i + 1 < out.len; i++)
        assert((unsigned char)out.ptr[i] >= 0x20 && out.ptr[i] != 0x7f);
    return 0;
}
