/* The order is total; a normal spelling is its own, and equal to what it was made of. Three
 * versions, one a line. */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "format/pypi_version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int cmp(const struct pypi_version *a, const struct pypi_version *b)
{
    int order = pypi_version_cmp(a, b), back = pypi_version_cmp(b, a);

    assert((order > 0) == (back < 0) && (order < 0) == (back > 0));
    return order;
}

static void check_spelling(struct arena *mem, const struct pypi_version *v)
{
    AUTO(buf_done) struct buf text = BUF_INIT(KIB), again = BUF_INIT(KIB);
    const struct pypi_version *other;

    pypi_version_add(&text, v);
    if (text.len > LIMIT_PYPI_VERSION) /* "1a" grows to "1a0" */
        return;
    assert(!pypi_version_parse(mem, buf_str(&text), &other, NULL));
    assert(cmp(v, other) == 0 && pypi_version_is_final(v) == pypi_version_is_final(other));
    pypi_version_add(&again, other);
    assert(str_eq(buf_str(&text), buf_str(&again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    struct str rest = {(const char *)data, size}, line;
    const struct pypi_version *v[3] = {NULL};
    size_t n = 0;

    for (; n < 3 && str_next(&rest, '\n', &line); n++) {
        if (pypi_version_parse(mem, line, &v[n], NULL))
            return 0;
        assert(cmp(v[n], v[n]) == 0);
        check_spelling(mem, v[n]);
    }
    if (n < 3)
        return 0;
    if (cmp(v[0], v[1]) <= 0 && cmp(v[1], v[2]) <= 0)
        assert(cmp(v[0], v[2]) <= 0);
    if (cmp(v[0], v[1]) >= 0 && cmp(v[1], v[2]) >= 0)
        assert(cmp(v[0], v[2]) >= 0);
    return 0;
}
