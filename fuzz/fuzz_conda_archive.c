/* The first byte chooses the format; the others are the file. */
#include <assert.h>
#include <sys/mman.h>

#include "base/fs.h"
#include "base/limits.h"
#include "format/conda_archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct conda_archive *a)
{
    assert(a->index_json.len > 0 && a->index_json.len <= LIMIT_INFO_MEMBER);
    assert(a->about_json.ptr && a->about_json.len <= LIMIT_INFO_MEMBER);
    assert(a->run_exports_json.ptr && a->run_exports_json.len <= LIMIT_INFO_MEMBER);
    assert(a->recipe.ptr && a->recipe.len <= LIMIT_INFO_MEMBER);
    assert(a->icon_png.ptr && a->icon_png.len <= 256 * KIB);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open(64 * MIB);
    AUTO(fd_closep) int fd = memfd_create("fuzz", MFD_CLOEXEC);
    struct str bytes = {(const char *)data, size}, file_bytes = str_from(bytes, 1);
    struct str name = size && data[0] & 1 ? S("pkg-1.0-0.conda") : S("pkg-1.0-0.tar.bz2");
    struct conda_archive archive = {0};
    struct conda_filename file;

    if (!mem || fd < 0 || fs_write_all(fd, file_bytes, NULL) ||
        conda_filename_parse(name, &file, NULL))
        return 0;
    if (conda_archive_read(mem, fd, file_bytes.len, &file, &archive, NULL) == OK)
        check(&archive);
    else
        assert(!archive.index_json.ptr);
    return 0;
}
