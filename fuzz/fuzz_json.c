/* What parses has a canonical text that is a fixed point, and is no deeper than allowed. */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "format/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t depth(const json_t *v)
{
    size_t deepest = 0;

    if (!json_is_object(v) && !json_is_array(v))
        return 0;
    if (json_is_array(v))
        for (size_t i = 0; i < json_array_size(v); i++) {
            size_t d = depth(json_array_get(v, i));
            deepest = d > deepest ? d : deepest;
        }
    else
        for (void *i = json_object_iter((json_t *)(uintptr_t)v); i;
             i = json_object_iter_next((json_t *)(uintptr_t)v, i)) {
            size_t d = depth(json_object_iter_value(i));
            deepest = d > deepest ? d : deepest;
        }
    return deepest + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(buf_done) struct buf first = BUF_INIT(16 * MIB), second = BUF_INIT(16 * MIB);
    AUTO(json_decrefp) json_t *value = NULL, *again = NULL;
    struct err err = {0};

    if (json_parse((struct str){(const char *)data, size}, &value, &err)) {
        assert(!value && err.code == ERR_INVALID && err.msg[0]);
        return 0;
    }
    assert(depth(value) <= LIMIT_JSON_DEPTH);
    json_canonical(&first, value);
    assert(buf_ok(&first));
    for (size_t i = 0; i < first.len; i++)
        assert(first.ptr[i] >= ' ' && first.ptr[i] <= '~');
    assert(json_parse(buf_str(&first), &again, &err) == OK);
    assert(json_equal(value, again));
    json_canonical(&second, again);
    assert(str_eq(buf_str(&first), buf_str(&second)));
    return 0;
}
