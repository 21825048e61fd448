/* conda_repodata.h: repodata.json of one subdir (CEP 36), byte for byte as json.dumps with sorted
 * keys and no blanks would write it, without a newline at the end. */
#ifndef INDEX_CONDA_REPODATA_H
#define INDEX_CONDA_REPODATA_H
#include "index/conda_row.h"

struct conda_repodata {
    struct conda_maps maps;
};
void conda_repodata_init(struct conda_repodata *d);
void conda_repodata_done(struct conda_repodata *d);
/* record: of conda_row_record. Rows come sorted by filename. */
void conda_repodata_add(struct conda_repodata *d, const struct conda_row *row,
                        const json_t *record);
/* Appends the document. The builder stays as it is. A failure shows in out. */
void conda_repodata_write(const struct conda_repodata *d, struct str subdir, struct buf *out);
/* What stands before and after the two maps. */
void conda_repodata_begin(struct str subdir, struct buf *out);
void conda_repodata_end(struct buf *out);

#endif
