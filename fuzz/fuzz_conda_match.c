/* A line each: a match spec, a version, a build. What fits does so whatever memory was used before,
 * and a version fits "==" itself. */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "format/conda_match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open(4 * MIB);
    struct str rest = {(const char *)data, size}, text, version;
    const struct conda_version *v = NULL;
    struct conda_spec spec = {0}, itself = {0};
    bool fits;

    if (!str_cut(&rest, '\n', &text) || !str_cut(&rest, '\n', &version) ||
        conda_version_parse(mem, version, &v, NULL))
        return 0;
    assert(conda_version_starts(v, v));
    if (!conda_spec_parse(mem, text, &spec, NULL)) {
        fits = conda_match_version(mem, &spec, v);
        assert(fits == conda_match_version(mem, &spec, v));
        if (!spec.build.len)
            assert(conda_match_build(&spec, rest));
        else if (str_eq(spec.build, S("*")) || str_eq(spec.build, rest))
            assert(conda_match_build(&spec, rest));
        else
            (void)!conda_match_build(&spec, rest);
    }
    itself.version = str_fmt(mem, "==%.*s", (int)version.len, version.ptr);
    assert(itself.version.ptr && conda_match_version(mem, &itself, v));
    return 0;
}
