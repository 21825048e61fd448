/* The outcome does not depend on how the body is cut into chunks. The first byte says how. */
#include <assert.h>

#include "base/buf.h"
#include "base/limits.h"
#include "format/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err_code on_part(void *ctx, struct str name, struct str filename, struct err *err)
{
    (void)err;
    buf_addc(ctx, '[');
    buf_add(ctx, name);
    buf_addc(ctx, '|');
    buf_add(ctx, filename);
    buf_addc(ctx, ']');
    return OK;
}

static enum err_code on_data(void *ctx, struct str bytes, struct err *err)
{
    (void)err;
    assert(bytes.len);
    buf_add(ctx, bytes);
    return OK;
}

static enum err_code on_end(void *ctx, struct err *err)
{
    (void)err;
    buf_addc(ctx, '.');
    return OK;
}

static enum err_code scan(struct str body, size_t step, struct buf *out)
{
    AUTO(arena_closep) struct arena *mem = arena_open(4 * MIB);
    struct multipart_events ev = {out, on_part, on_data, on_end};
    struct multipart *m;
    enum err_code code;

    assert(mem);
    code = multipart_open(mem, S("multipart/form-data; boundary=XX"), &ev, &m, NULL);
    assert(code == OK);
    for (size_t at = 0; code == OK && at < body.len; at += step)
        code = multipart_feed(m, str_sub(body, at, step), NULL);
    return code ? code : multipart_finish(m, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(buf_done) struct buf whole = BUF_INIT(16 * MIB);
    AUTO(buf_done) struct buf cut = BUF_INIT(16 * MIB);
    struct str body = {(const char *)data + 1, size - 1};
    enum err_code code;

    if (!size)
        return 0;
    code = scan(body, size, &whole);
    assert(scan(body, 1u + data[0] % 16, &cut) == code);
    if (code == OK)
        assert(str_eq(buf_str(&whole), buf_str(&cut)));
    return 0;
}
