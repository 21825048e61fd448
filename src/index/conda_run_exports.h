/* conda_run_exports.h: run_exports.json of one subdir (CEP 12): every file of repodata.json with
 * what it exports, {} when nothing. No newline at the end. */
#ifndef INDEX_CONDA_RUN_EXPORTS_H
#define INDEX_CONDA_RUN_EXPORTS_H
#include "index/conda_row.h"

struct conda_run_exports {
    struct conda_maps maps;
};
void conda_run_exports_init(struct conda_run_exports *d);
void conda_run_exports_done(struct conda_run_exports *d);
void conda_run_exports_add(struct conda_run_exports *d,
                           const struct conda_row *row); /* sorted by filename */
/* Appends the document. The builder stays as it is. A failure shows in out. */
void conda_run_exports_write(const struct conda_run_exports *d, struct str subdir, struct buf *out);
/* What stands before and after the two maps, and the value of a member. */
void conda_run_exports_begin(struct str subdir, struct buf *out);
void conda_run_exports_value(const struct conda_row *row, struct buf *out);
void conda_run_exports_end(struct buf *out);

#endif
