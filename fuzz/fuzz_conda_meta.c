/* A record says what the file name says, and is itself an index.json that gives the same record. */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "format/conda_meta.h"
#include "format/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_record(struct arena *mem, struct str in, const struct conda_filename *file)
{
    AUTO(buf_done) struct buf text = BUF_INIT(16 * MIB);
    struct conda_record r = {0}, again = {0};
    struct err err = {0};

    if (conda_record_parse(mem, in, file, S("noarch"), &r, &err)) {
        assert(!r.record && err.msg[0]);
        return;
    }
    assert(str_eq(json_get_str(r.record, "name"), S("x")));
    assert(str_eq(json_get_str(r.record, "subdir"), S("noarch")));
    assert(json_is_array(json_object_get(r.record, "depends")));
    assert(!json_object_get(r.record, "md5") && !json_object_get(r.record, "url"));
    assert(r.build_number >= 0 && r.timestamp_ms >= 0 && r.schema_version <= 2);
    json_canonical(&text, r.record);
    assert(!conda_record_parse(mem, buf_str(&text), file, S("noarch"), &again, &err));
    assert(json_equal(r.record, again.record));
    conda_record_done(&r);
    conda_record_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open(64 * MIB);
    AUTO(json_decrefp) json_t *exports = NULL, *about = NULL;
    struct str in = {(const char *)data, size};
    struct conda_filename file;

    assert(!conda_filename_parse(S("x-1-0.conda"), &file, NULL));
    check_record(mem, in, &file);
    if (!conda_run_exports_parse(in, &exports, NULL))
        assert(json_is_object(exports));
    assert(!conda_about_parse(in, &about, NULL) && json_is_object(about));
    return 0;
}
