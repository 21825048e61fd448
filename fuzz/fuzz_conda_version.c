/* The order is total and does not depend on case: three versions, one a line. */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "format/conda_version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int cmp(const struct conda_version *a, const struct conda_version *b)
{
    int order = conda_version_cmp(a, b), back = conda_version_cmp(b, a);

    assert((order > 0) == (back < 0) && (order < 0) == (back > 0));
    return order;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    struct str rest = {(const char *)data, size}, line;
    const struct conda_version *v[3] = {NULL}, *upper;
    size_t n = 0;

    while (n < 3 && str_next(&rest, '\n', &line)) {
        char *text = str_z(mem, line);

        if (conda_version_parse(mem, line, &v[n], NULL))
            return 0;
        assert(cmp(v[n], v[n]) == 0);
        for (size_t i = 0; i < line.len; i++)
            if (text[i] >= 'a' && text[i] <= 'z')
                text[i] = (char)(text[i] - 'a' + 'A');
        assert(!conda_version_parse(mem, (struct str){text, line.len}, &upper, NULL));
        assert(cmp(v[n++], upper) == 0);
    }
    if (n < 3)
        return 0;
    if (cmp(v[0], v[1]) <= 0 && cmp(v[1], v[2]) <= 0)
        assert(cmp(v[0], v[2]) <= 0);
    if (cmp(v[0], v[1]) >= 0 && cmp(v[1], v[2]) >= 0)
        assert(cmp(v[0], v[2]) >= 0);
    return 0;
}
