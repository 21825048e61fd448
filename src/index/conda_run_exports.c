/* conda_run_exports.c: see conda_run_exports.h. */
#include "index/conda_run_exports.h"

#include "format/json.h"

void conda_run_exports_init(struct conda_run_exports *d)
{
    conda_maps_init(&d->maps);
}

void conda_run_exports_done(struct conda_run_exports *d)
{
    conda_maps_done(&d->maps);
}

/* The stored text is canonical JSON already, so it is copied and not parsed again. */
void conda_run_exports_add(struct conda_run_exports *d, const struct conda_row *row)
{
    struct buf *map = conda_maps_add(&d->maps, row);

    buf_addz(map, "{\"run_exports\":");
    buf_add(map, row->run_exports.len ? row->run_exports : S("{}"));
    buf_addc(map, '}');
}

void conda_run_exports_write(const struct conda_run_exports *d, struct str subdir, struct buf *out)
{
    buf_addz(out, "{\"info\":{\"subdir\":");
    json_string_literal(out, subdir);
    buf_addz(out, ",\"version\":1},");
    conda_maps_write(&d->maps, out);
    buf_addc(out, '}');
}
