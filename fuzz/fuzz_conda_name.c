/* The parts of a file name rejoin to it, and each part is good by itself. */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/text.h"
#include "format/conda_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = {(const char *)data, size};
    struct conda_filename f;
    struct err err = {0};

    if (!conda_check_subdir(in, &err))
        assert(in.len <= LIMIT_CONDA_SUBDIR && !str_has(in, '/') && !str_has(in, '.'));
    if (!conda_check_label(in, &err)) {
        assert(!str_starts(in, S("/")) && !str_ends(in, S("/")) && !str_has(in, '%'));
        assert(!conda_known_subdir(in) && in.len <= LIMIT_CONDA_LABEL);
    }
    if (conda_filename_parse(in, &f, &err))
        return 0;
    assert(in.len <= LIMIT_CONDA_FILENAME && !text_has_control(in) && !str_has(in, '/'));
    assert(!conda_check_name(f.name, &err) && !conda_check_version_text(f.version, &err));
    assert(!conda_check_build(f.build, &err));
    assert(f.name.ptr == in.ptr && f.version.ptr == f.name.ptr + f.name.len + 1);
    assert(f.build.ptr == f.version.ptr + f.version.len + 1);
    assert(f.stem.len == f.name.len + 1 + f.version.len + 1 + f.build.len);
    assert(str_eq(str_from(in, f.stem.len), str_of(conda_format_ext(f.format))));
    return 0;
}
