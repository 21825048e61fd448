/* A file name that is read has the name of a project, a version, and nothing that a path or a
 * header could trip over. Two lines: the file name, and the project (or nothing). */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/text.h"
#include "format/pypi_filename.h"
#include "format/pypi_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    struct str project = {(const char *)data, size}, in = project;
    struct pypi_filename f = {0};
    struct err err = {0};

    if (str_cut(&project, '\n', &in))
        assert(in.len < size);
    else
        project = str_from(project, project.len);
    if (pypi_filename_parse(mem, in, project, &f, &err)) {
        assert(!f.name.ptr && err.msg[0]);
        return 0;
    }
    assert(in.len <= LIMIT_PYPI_FILENAME && !text_has_control(in));
    assert(!str_has(in, '/') && !str_has(in, '\\') && !str_has(in, '%') && in.ptr[0] != '.');
    assert(!pypi_check_name(f.name, NULL) && f.parsed && f.version.len);
    assert(!project.len || pypi_same_name(f.name, project));
    assert(str_starts(in, f.name));
    assert((f.kind == PYPI_WHEEL) == (f.abi.len > 0));
    return 0;
}
