/* What is accepted is text, and says the same when it is written out and read again. */
#include <assert.h>

#include "base/text.h"
#include "format/csv.h"
#include "format/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every cell of a line of one is in quotes, and begins as no formula does. */
static void check_csv(struct str s)
{
    AUTO(buf_done) struct buf line = BUF_INIT((size_t)8 << 20);
    struct str inner;

    csv_add_line(&line, &s, 1);
    if (!buf_ok(&line))
        return;
    inner = str_sub(buf_str(&line), 1, line.len - 4);
    assert(line.ptr[0] == '"' && str_ends(buf_str(&line), S("\"\r\n")));
    assert(!inner.len || !strchr("=+-@\t\r\n", inner.ptr[0]));
    for (size_t i = 0; i < inner.len; i++)
        if (inner.ptr[i] == '"')
            assert(++i < inner.len && inner.ptr[i] == '"');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open((size_t)64 << 20);
    AUTO(buf_done) struct buf again = BUF_INIT((size_t)8 << 20);
    struct query_field f[] = {{"a", S("")}, {"bc", S("")}}, g[] = {{"a", S("")}, {"bc", S("")}};

    assert(mem);
    check_csv((struct str){(const char *)data, size});
    if (query_read(mem, (struct str){(const char *)data, size}, f, COUNT(f), NULL))
        return 0;
    for (size_t i = 0; i < COUNT(f); i++) {
        assert(text_is_utf8(f[i].value) && !text_has_control(f[i].value));
        buf_addf(&again, "&%s=", f[i].name);
        text_percent(&again, f[i].value, "");
    }
    assert(buf_ok(&again) && !query_read(mem, buf_str(&again), g, COUNT(g), NULL));
    for (size_t i = 0; i < COUNT(f); i++)
        assert(str_eq(f[i].value, g[i].value));
    return 0;
}
