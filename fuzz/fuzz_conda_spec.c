/* What is accepted has sound parts, and is accepted again in its canonical form. */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/text.h"
#include "format/conda_name.h"
#include "format/conda_spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    struct str in = {(const char *)data, size}, text;
    struct conda_spec spec = {0}, again = {0};
    struct err err = {0};

    if (conda_spec_parse(mem, in, &spec, &err)) {
        assert(!spec.name.ptr && err.code == ERR_INVALID && err.msg[0]);
        return 0;
    }
    assert(!text_has_control(in) && in.len <= LIMIT_CONDA_SPEC);
    if (str_starts(spec.name, S("__")))
        spec.name = str_from(spec.name, 2);
    assert(!conda_check_name(spec.name, &err));
    assert(!str_has(spec.version, ' ') && !str_has(spec.build, ' '));

    if (spec.version.len + spec.build.len > 150 || !spec.version.len)
        return 0; /* STR_FMT cuts */
    text = str_fmt(mem, STR_FMT "[version='" STR_FMT "'%s" STR_FMT "%s]", STR_ARG(spec.name),
                   STR_ARG(spec.version), spec.build.len ? ",build='" : "", STR_ARG(spec.build),
                   spec.build.len ? "'" : "");
    assert(!conda_spec_parse(mem, text, &again, &err));
    assert(str_eq(spec.name, again.name) && str_eq(spec.version, again.version));
    assert(str_eq(spec.build, again.build));
    return 0;
}
