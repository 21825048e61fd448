/* conda_repodata.c: see conda_repodata.h. */
#include "index/conda_repodata.h"

#include "format/json.h"

void conda_repodata_init(struct conda_repodata *d)
{
    conda_maps_init(&d->maps);
}

void conda_repodata_done(struct conda_repodata *d)
{
    conda_maps_done(&d->maps);
}

void conda_repodata_add(struct conda_repodata *d, const struct conda_row *row, const json_t *record)
{
    json_canonical(conda_maps_add(&d->maps, row), record);
}

/* No base_url: clients then take the packages from beside the document, which all of them can. */
void conda_repodata_begin(struct str subdir, struct buf *out)
{
    buf_addz(out, "{\"info\":{\"subdir\":");
    json_string_literal(out, subdir);
    buf_addz(out, "},");
}

void conda_repodata_end(struct buf *out)
{
    buf_addz(out, ",\"removed\":[],\"repodata_version\":1}");
}

void conda_repodata_write(const struct conda_repodata *d, struct str subdir, struct buf *out)
{
    conda_repodata_begin(subdir, out);
    conda_maps_write(&d->maps, out);
    conda_repodata_end(out);
}
