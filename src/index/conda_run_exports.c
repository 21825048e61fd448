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

void conda_run_exports_value(const struct conda_row *row, struct buf *out)
{
    buf_addz(out, "{\"run_exports\":");
    buf_add(out, row->run_exports.len ? row->run_exports : S("{}"));
    buf_addc(out, '}');
}

/* The stored text is canonical JSON already, so it is copied and not parsed again. */
void conda_run_exports_add(struct conda_run_exports *d, const struct conda_row *row)
{
    conda_run_exports_value(row, conda_maps_add(&d->maps, row));
}

void conda_run_exports_begin(struct str subdir, struct buf *out)
{
    buf_addz(out, "{\"info\":{\"subdir\":");
    json_string_literal(out, subdir);
    buf_addz(out, ",\"version\":1},");
}

void conda_run_exports_write(const struct conda_run_exports *d, struct str subdir, struct buf *out)
{
    conda_run_exports_begin(subdir, out);
    conda_maps_write(&d->maps, out);
    conda_run_exports_end(out);
}

void conda_run_exports_end(struct buf *out)
{
    buf_addc(out, '}');
}
