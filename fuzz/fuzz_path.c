/* A path that is accepted holds nothing that could be taken for another path, and writing it out
 * and reading it again gives the same. */
#include <assert.h>

#include "base/text.h"
#include "http/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_segment(struct str s)
{
    assert(s.len && !str_eq(s, S(".")) && !str_eq(s, S("..")));
    assert(!str_has(s, '/') && !str_has(s, '\\') && !text_has_control(s) && text_is_utf8(s));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open(16 * MIB);
    AUTO(buf_done) struct buf again = BUF_INIT(4 * LIMIT_PATH);
    struct str value, tail;
    struct path p, q;

    assert(mem);
    if (path_parse(mem, (struct str){(const char *)data, size}, &p, NULL))
        return 0;
    for (size_t i = 0; i < p.count; i++) {
        check_segment(p.seg[i]);
        buf_addc(&again, '/');
        text_percent(&again, p.seg[i], "");
    }
    if (p.trailing_slash)
        buf_addc(&again, '/');
    assert(buf_ok(&again));
    if (again.len <= LIMIT_PATH) { /* escapes may have made it longer */
        assert(path_parse(mem, buf_str(&again), &q, NULL) == OK);
        assert(q.count == p.count && q.trailing_slash == p.trailing_slash);
        for (size_t i = 0; i < p.count; i++)
            assert(str_eq(p.seg[i], q.seg[i]));
    }
    tail = path_tail(mem, &p, 0);
    assert(tail.ptr);
    (void)!path_query(mem, &p, S("a"), &value);
    return 0;
}
