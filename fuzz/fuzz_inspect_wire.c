/* An answer that is understood has exactly one form: writing it again gives the same bytes. */
#include <assert.h>

#include "core/inspect_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open(64 * MIB);
    AUTO(buf_done) struct buf again = BUF_INIT(INSPECT_ANSWER_MAX);
    struct str bytes = {(const char *)data, size};
    struct inspected found = {0};
    bool malformed = false;

    if (!mem)
        return 0;
    if (inspect_wire_parse(mem, bytes, &found, &malformed, NULL) == OK) {
        inspect_wire_success(&found, &again);
        assert(str_eq(buf_str(&again), bytes));
    } else {
        assert(!found.texts[0].ptr);
    }
    return 0;
}
