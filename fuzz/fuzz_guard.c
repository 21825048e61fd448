/* What the guard accepts is a head that the strictest reading of RFC 9112 accepts, too, and that
 * it reads the same way. */
#include <assert.h>

#include "base/mem.h"
#include "guard_feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_tchar(char c)
{
    return c > ' ' && c != 0x7f && (unsigned char)c < 0x80 && !strchr("\"(),/:;<=>?@[\\]{}", c);
}

/* Each line ends with CR LF, and no byte is a control but those and tabs in values. */
static void check_head(struct str head, const struct guard_framing *f)
{
    struct str line;
    unsigned lengths = 0, codings = 0;

    assert(str_ends(head, S("\r\n\r\n")));
    for (size_t i = 0; i < head.len; i++) {
        bool end = head.ptr[i] == '\r' ? head.ptr[i + 1] == '\n'
                                       : head.ptr[i] == '\n' && i && head.ptr[i - 1] == '\r';

        assert(end || (unsigned char)head.ptr[i] >= ' ' || head.ptr[i] == '\t');
    }
    head.len -= 2; /* the empty line */
    assert(str_cut(&head, '\n', &line));
    while (str_cut(&head, '\n', &line)) {
        struct str name;

        assert(str_cut(&line, ':', &name) && name.len);
        for (size_t i = 0; i < name.len; i++)
            assert(is_tchar(name.ptr[i]));
        lengths += str_eq_nocase(name, S("content-length"));
        codings += str_eq_nocase(name, S("transfer-encoding"));
    }
    assert(lengths + codings <= 1 && f->chunked == codings);
    assert(!f->length || (lengths && !f->chunked));
    assert(f->has_body == (f->chunked || f->length > 0));
}

/* The library writes NULs over line ends before anybody can look, so a NUL beside one is taken for
 * a part of it: the guard cannot know better. */
static bool nul_beside_line_end(struct str s)
{
    for (size_t i = 0; i + 1 < s.len; i++) {
        char a = s.ptr[i], b = s.ptr[i + 1];

        if ((!a && (b == '\r' || b == '\n')) || (!b && (a == '\r' || a == '\n')))
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mem_dup(data, size);
    struct str input = {(const char *)data, size};
    struct guard_framing framing;
    unsigned status = 400;

    assert(text);
    if (guard_feed(text, size, &status, &framing)) {
        const char *end = memmem(input.ptr, input.len, "\r\n\r\n", 4);

        assert(!status || status == 400 || status == 414 || status == 431 || status == 501);
        if (!status && !nul_beside_line_end(input)) {
            assert(end);
            check_head(str_sub(input, 0, (size_t)(end + 4 - input.ptr)), &framing);
        }
    }
    mem_free(text);
    return 0;
}
