/* Every path that is found is found again; commands that pass cannot leave a folder. */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "format/pypi_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open(64 * MIB);
    struct str in = {(const char *)data, size};
    struct pypi_record r = {0};
    struct err err = {0};

    if (pypi_record_parse(mem, in, &r, &err))
        assert(!r.paths && err.msg[0]);
    for (size_t i = 0; i < r.count; i++) {
        assert(r.paths[i].len && pypi_record_has(&r, r.paths[i]));
        assert(!i || str_cmp(r.paths[i - 1], r.paths[i]) <= 0);
    }
    if (pypi_check_commands(in, &err))
        assert(err.msg[0]);
    return 0;
}
