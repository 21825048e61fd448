/* A document amounts to no more values than allowed, and its keys are distinct. */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "format/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count(const struct yaml *v, int depth)
{
    size_t sum = 1;

    assert(depth <= LIMIT_YAML_DEPTH && v->line > 0);
    for (size_t i = 0; v->type == YAML_LIST && i < v->count; i++)
        sum += count(v->items[i], depth + 1);
    for (size_t i = 0; v->type == YAML_MAP && i < v->count; i++) {
        assert(v->members[i].key.ptr);
        if (v->count < 100)
            for (size_t j = 0; j < i; j++)
                assert(!str_eq(v->members[i].key, v->members[j].key));
        sum += count(v->members[i].value, depth + 1);
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open(64 * MIB);
    const struct yaml *v = NULL;
    struct err err = {0};

    if (yaml_parse(mem, (struct str){(const char *)data, size}, &v, &err))
        assert(!v && err.msg[0]);
    else
        assert(count(v, 0) <= LIMIT_YAML_VALUES + 1);
    return 0;
}
