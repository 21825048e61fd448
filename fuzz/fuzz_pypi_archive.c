/* The first byte chooses the kind and the packing; the others are the file. */
#include <assert.h>
#include <sys/mman.h>

#include "base/fs.h"
#include "base/limits.h"
#include "format/pypi_archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"a-1-py3-none-any.whl", "a-1.tar.gz", "a-1.zip", "a-1.egg",
                                    "a-1.tar.bz2"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open(64 * MIB);
    AUTO(fd_closep) int fd = memfd_create("fuzz", MFD_CLOEXEC);
    struct str bytes = {(const char *)data, size}, file_bytes = str_from(bytes, 1);
    struct str metadata = {0};
    struct pypi_filename file;
    struct err err = {0};

    if (!mem || fd < 0 || !size || fs_write_all(fd, file_bytes, NULL))
        return 0;
    assert(!pypi_filename_parse(mem, str_of(names[data[0] % COUNT(names)]), S(""), &file, NULL));
    if (pypi_archive_read(mem, fd, file_bytes.len, &file, &metadata, &err))
        assert(!metadata.ptr && err.msg[0]);
    else
        assert(metadata.ptr && metadata.len <= LIMIT_INFO_MEMBER);
    return 0;
}
