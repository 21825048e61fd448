/* Whatever a tar archive says, no name leaves its folder and no content differs from its size. */
#include <assert.h>

#include "base/limits.h"
#include "format/tar.h"
#include "format/zstd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_member(struct tar *t, const struct tar_member *m)
{
    AUTO(buf_done) struct buf content = BUF_INIT(MIB);
    struct str rest = m->path, segment;

    if (m->path.len)
        while (str_next(&rest, '/', &segment))
            assert(segment.len && !str_eq(segment, S(".")) && !str_eq(segment, S("..")));
    if (m->type == TAR_FILE && tar_content(t, &content, NULL) == OK)
        assert(content.len == m->size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(buf_done) struct buf packed = BUF_INIT(2 * MIB);
    AUTO(unpack_closep) struct unpack *u = NULL;
    AUTO(tar_closep) struct tar *t = NULL;
    struct unpack_source from;
    struct str bytes;
    bool more = true;

    if (size > MIB || zstd_pack((struct str){(const char *)data, size}, 1, &packed, NULL))
        return 0;
    bytes = buf_str(&packed);
    from = unpack_source_mem(&bytes);
    if (unpack_open(UNPACK_ZSTD, &from, 2 * MIB, &u, NULL) || tar_open(u, &t, NULL))
        return 0;
    while (more) {
        struct tar_member m;

        if (tar_next(t, &m, &more, NULL))
            return 0;
        if (more)
            check_member(t, &m);
    }
    return 0;
}
