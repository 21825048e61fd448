/* The first byte chooses the form; the others are the file. */
#include <assert.h>
#include <sys/mman.h>

#include "base/fs.h"
#include "base/limits.h"
#include "format/cran_archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open(64 * MIB);
    AUTO(fd_closep) int fd = memfd_create("fuzz", MFD_CLOEXEC);
    struct str bytes = {(const char *)data, size}, file_bytes = str_from(bytes, 1);
    struct str name = size && data[0] & 1 ? S("evil_1.0.zip") : S("evil_1.0.tar.gz");
    struct cran_archive archive = {0};
    struct cran_filename file;

    if (!mem || fd < 0 || fs_write_all(fd, file_bytes, NULL) ||
        cran_filename_parse(name, &file, NULL))
        return 0;
    if (cran_archive_read(mem, fd, file_bytes.len, &file, &archive, NULL) == OK)
        assert(archive.description.len > 0 && archive.description.len <= LIMIT_INFO_MEMBER);
    else
        assert(!archive.description.ptr);
    return 0;
}
