/* What is read can be shown: as JSON in which every part has a kind, and no larger than allowed. */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "format/json.h"
#include "format/notebook_view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_outputs(const json_t *outputs)
{
    for (size_t i = 0; i < json_array_size(outputs); i++) {
        const json_t *o = json_array_get(outputs, i);

        assert(json_is_string(json_object_get(o, "kind")));
        assert(json_is_string(json_object_get(o, "text")) ||
               json_is_array(json_object_get(o, "spans")) ||
               json_is_string(json_object_get(o, "data")) ||
               json_is_string(json_object_get(o, "note")));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open(64 * MIB);
    AUTO(buf_done) struct buf out = BUF_INIT(2 * LIMIT_NOTEBOOK_VIEW);
    AUTO(json_decrefp) json_t *view = NULL;
    struct notebook nb = {0};
    struct image image;
    struct err err = {0};
    const json_t *cells;

    if (notebook_parse(mem, (struct str){(const char *)data, size}, &nb, &err)) {
        assert(!nb.major && err.msg[0]);
        return 0;
    }
    assert(nb.major >= 2 && nb.major <= 5);
    notebook_view(&nb, &out);
    assert(buf_ok(&out) && out.len <= LIMIT_NOTEBOOK_VIEW + MIB);
    assert(!json_parse_object(buf_str(&out), &view, &err));
    cells = json_object_get(view, "cells");
    assert(json_array_size(cells) == nb.cell_count);
    for (size_t i = 0; i < nb.cell_count; i++) {
        const json_t *cell = json_array_get(cells, i);

        assert(json_is_string(json_object_get(cell, "kind")));
        assert(json_is_string(json_object_get(cell, "text")));
        check_outputs(json_object_get(cell, "outputs"));
    }
    if (notebook_thumbnail(mem, &nb, &image))
        assert(image.bytes.len <= LIMIT_NOTEBOOK_THUMBNAIL);
    return 0;
}
