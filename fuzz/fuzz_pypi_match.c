/* A line each: specifiers, a version. A version fits "==" itself, and never "!=" itself. */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "format/pypi_match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open(4 * MIB);
    struct str version = {(const char *)data, size}, text;
    const struct pypi_version *v = NULL;
    struct pypi_specifiers specifiers = {0};
    struct pypi_specifier itself = {S("=="), {NULL, 0}};

    if (!str_cut(&version, '\n', &text))
        return 0;
    if (!pypi_specifiers_parse(mem, text, &specifiers, NULL)) {
        bool fits = pypi_match(mem, &specifiers, version);

        assert(fits == pypi_match(mem, &specifiers, version));
    }
    if (pypi_version_parse(mem, version, &v, NULL))
        return 0;
    itself.version = version;
    specifiers = (struct pypi_specifiers){&itself, 1};
    assert(pypi_match(mem, &specifiers, version));
    itself.op = S("!=");
    assert(!pypi_match(mem, &specifiers, version));
    return 0;
}
