#include "format/pypi_archive.h"

#include "base/limits.h"
#include "format/pypi_sdist.h"
#include "format/pypi_wheel.h"
#include "format/pypi_zip.h"
#include "format/unpack_file.h"

static enum err_code read_egg(struct arena *mem, const struct zip_source *from,
                              struct str *ret_metadata, struct err *err)
{
    const struct zip_member *m = NULL;
    struct zip z;
    enum err_code rc = pypi_zip_open(mem, from, &z, err);

    if (rc)
        return rc;
    for (size_t i = 0; i < z.count; i++)
        if (str_eq_nocase(z.members[i].name, S("EGG-INFO/PKG-INFO"))) {
            if (m || !str_eq(z.members[i].name, S("EGG-INFO/PKG-INFO")))
                return fail(err, ERR_INVALID,
                            "member \"" STR_FMT "\" should be spelled \"EGG-INFO/PKG-INFO\"",
                            STR_ARG(z.members[i].name));
            m = &z.members[i];
        }
    if (!m)
        return fail(err, ERR_INVALID, "the egg has no \"EGG-INFO/PKG-INFO\"");
    return pypi_zip_text(mem, from, m, LIMIT_INFO_MEMBER, ret_metadata, err);
}

static enum err_code read_zip(struct arena *mem, int fd, uint64_t size,
                              const struct pypi_filename *file, struct str *ret_metadata,
                              struct err *err)
{
    struct zip_source from = zip_source_fd(&fd, size);

    if (file->kind == PYPI_WHEEL)
        return pypi_wheel_read(mem, &from, file, ret_metadata, err);
    if (file->kind == PYPI_EGG)
        return read_egg(mem, &from, ret_metadata, err);
    return pypi_sdist_read_zip(mem, &from, ret_metadata, err);
}

static enum err_code read_tar(struct arena *mem, int fd, uint64_t size, enum unpack_format packing,
                              struct str *ret_metadata, struct err *err)
{
    AUTO(unpack_file_closep) struct unpack_file *f = NULL;
    AUTO(unpack_closep) struct unpack *u = NULL;
    struct unpack_source source;
    enum err_code rc = unpack_file_open(fd, size, &f, err);

    if (rc)
        return rc;
    source = unpack_file_source(f);
    rc = unpack_open(packing, &source, unpack_ceiling(size), &u, err);
    return rc ? rc : pypi_sdist_read_tar(mem, u, ret_metadata, err);
}

enum err_code pypi_archive_read(struct arena *mem, int fd, uint64_t size,
                                const struct pypi_filename *file, struct str *ret_metadata,
                                struct err *err)
{
    if (size > INT64_MAX)
        return fail(err, ERR_TOO_BIG, "no file is that large");
    if (file->packing == PYPI_ZIP)
        return read_zip(mem, fd, size, file, ret_metadata, err);
    return read_tar(mem, fd, size, file->packing == PYPI_TAR_GZ ? UNPACK_GZIP : UNPACK_BZIP2,
                    ret_metadata, err);
}
