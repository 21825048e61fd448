/* Runs follow each other in the text's order, without control characters, and never longer. */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "format/ansi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open(4 * MIB);
    char name[ANSI_COLOR_NAME];
    struct ansi_reader r;
    struct ansi_span span;
    size_t total = 0;

    if (size > MIB)
        return 0;
    assert(ansi_begin(mem, (struct str){(const char *)data, size}, &r));
    while (ansi_next(&r, &span)) {
        assert(span.text.len > 0);
        total += span.text.len;
        for (size_t i = 0; i < span.text.len; i++) {
            unsigned char c = (unsigned char)span.text.ptr[i];

            assert(c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7f));
        }
        assert(ansi_color_name(span.style.fg, name).len < ANSI_COLOR_NAME);
        assert(ansi_color_name(span.style.bg, name).len < ANSI_COLOR_NAME);
    }
    assert(total <= size);
    return 0;
}
