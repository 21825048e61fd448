#include "format/pypi_zip.h"

#include "base/limits.h"
#include "format/unpack.h"
#include "format/zip_content.h"

/* Before anything is unpacked: what the headers declare is all that there will be. */
static enum err_code check_total(const struct zip_source *from, const struct zip *z,
                                 struct err *err)
{
    uint64_t left = unpack_ceiling(from->size);

    for (size_t i = 0; i < z->count; i++) {
        if (z->members[i].size > left)
            return fail(err, ERR_TOO_BIG, "unpacks to more than %llu bytes",
                        (unsigned long long)unpack_ceiling(from->size));
        left -= z->members[i].size;
    }
    return OK;
}

enum err_code pypi_zip_open(struct arena *mem, const struct zip_source *from, struct zip *ret,
                            struct err *err)
{
    struct zip z;
    enum err_code rc = zip_read(mem, from, LIMIT_ZIP_MEMBERS, ZIP_DESCRIPTORS, &z, err);

    if (!rc)
        rc = check_total(from, &z, err);
    for (size_t i = 0; !rc && i < z.count; i++)
        rc = zip_verify(from, &z.members[i], err);
    if (!rc)
        *ret = z;
    return rc;
}

enum err_code pypi_zip_text(struct arena *mem, const struct zip_source *from,
                            const struct zip_member *m, size_t max, struct str *ret,
                            struct err *err)
{
    AUTO(buf_done) struct buf text = BUF_INIT(max);
    struct str copy;
    enum err_code rc = zip_content(from, m, &text, err);

    if (rc)
        return rc;
    copy = str_dup(mem, buf_str(&text));
    if (!copy.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    *ret = copy;
    return OK;
}
