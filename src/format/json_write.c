#include "format/json_write.h"

#include <inttypes.h>

#include "format/json.h"

void json_write_next(struct buf *out)
{
    /* No value ends with one of these: texts end with their quote. */
    if (out->len && !str_has(S("[{:"), out->ptr[out->len - 1]))
        buf_addc(out, ',');
}

void json_write_key(struct buf *out, const char *key)
{
    json_write_next(out);
    buf_addf(out, "\"%s\":", key);
}

void json_write_item(struct buf *out, struct str text)
{
    json_write_next(out);
    json_string_literal(out, text);
}

void json_write_text(struct buf *out, const char *key, struct str text)
{
    json_write_key(out, key);
    json_string_literal(out, text);
}

void json_write_some(struct buf *out, const char *key, struct str text)
{
    if (text.len)
        json_write_text(out, key, text);
}

void json_write_int(struct buf *out, const char *key, int64_t n)
{
    json_write_key(out, key);
    buf_addf(out, "%" PRId64, n);
}

void json_write_flag(struct buf *out, const char *key, bool on)
{
    if (!on)
        return;
    json_write_key(out, key);
    buf_addz(out, "true");
}
