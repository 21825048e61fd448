/* An archive that is accepted is made of its members and nothing else. */
#include <assert.h>

#include "base/limits.h"
#include "base/text.h"
#include "format/zip.h"
#include "format/zip_content.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err_code read_bytes(struct arena *mem, struct str bytes, struct zip *ret)
{
    struct zip_source from = zip_source_mem(&bytes);

    return zip_read(mem, &from, 100, ZIP_DESCRIPTORS, ret, NULL);
}

static void check_members(struct str bytes, const struct zip *z)
{
    struct zip_source from = zip_source_mem(&bytes);

    for (size_t i = 0; i < z->count; i++) {
        const struct zip_member *m = &z->members[i];
        AUTO(buf_done) struct buf out = BUF_INIT(1 * MIB);
        enum err_code rc;

        assert(m->data_offset <= bytes.len && m->packed_size <= bytes.len - m->data_offset);
        assert(m->name.len && m->name.ptr[0] != '/' && !str_has(m->name, '\\'));
        assert(zip_find(z, m->name) == m);
        rc = zip_content(&from, m, &out, NULL);
        assert(rc || (out.len == m->size && text_crc32(buf_str(&out)) == m->crc32));
        assert(!rc || out.len == 0);
        assert(rc == ERR_TOO_BIG || zip_verify(&from, m, NULL) == rc);
    }
}

/* Bytes before or after must be noticed. */
static void check_strictness(struct arena *mem, struct str bytes)
{
    AUTO(buf_done) struct buf more = BUF_INIT(bytes.len + 2);
    struct zip z;

    buf_addc(&more, 'x');
    buf_add(&more, bytes);
    assert(read_bytes(mem, buf_str(&more), &z) != OK);
    buf_addc(&more, 'x');
    assert(read_bytes(mem, str_from(buf_str(&more), 1), &z) != OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open(64 * MIB);
    struct str bytes = {(const char *)data, size};
    struct zip z;

    if (!mem || read_bytes(mem, bytes, &z))
        return 0;
    check_members(bytes, &z);
    check_strictness(mem, bytes);
    return 0;
}
