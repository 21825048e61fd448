/* conda_row.h: one file of a channel as the builders of index documents see it, and the two maps
 * of files ("packages" for .tar.bz2, "packages.conda" for .conda) that several documents have. */
#ifndef INDEX_CONDA_ROW_H
#define INDEX_CONDA_ROW_H
#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "store/access_level.h"
#include "store/db.h"

/* All texts are borrowed; the JSON ones are canonical and checked when the file was published. */
struct conda_row {
    struct str filename, package, version, subdir;
    struct str sha256, md5; /* hex */
    struct str record, run_exports, about, facts;
    int64_t size, uploaded_ms, built_ms;
    int64_t package_id;
    enum access_level access; /* of the package */
};

/* The row on which a cursor of file_query_channel stands. Its texts are copied to `texts`, which
 * is cleared before: they live until the next row is read into it. */
enum err_code conda_row_read(struct rows *rows, struct buf *texts, struct conda_row *ret_row,
                             struct err *err) MUST_USE;

bool conda_row_is_v2(const struct conda_row *row); /* a .conda; else a .tar.bz2 */

/* The record that indexes serve: the stored one with what the server knows of the file: md5,
 * sha256, size, and indexed_timestamp (CEP 47). A reference of the caller's. */
enum err_code conda_row_record(const struct conda_row *row, json_t **ret_record,
                               struct err *err) MUST_USE;

/* Appends the name of a row's member of a map; its JSON value is to follow. */
void conda_row_begin_member(struct buf *out, const struct conda_row *row);

/* What stands around the members of the two maps. */
#define CONDA_MAPS_BEGIN   "\"packages\":{"
#define CONDA_MAPS_BETWEEN "},\"packages.conda\":{"
#define CONDA_MAPS_END     "}"
struct conda_maps {
    struct buf packages, packages_conda; /* the inside of each JSON object */
};
void conda_maps_init(struct conda_maps *m);
void conda_maps_done(struct conda_maps *m);
/* Begins the member of a row; its JSON value is to be appended to the result. Rows come sorted
 * by filename. */
struct buf *conda_maps_add(struct conda_maps *m, const struct conda_row *row);
/* Appends both members, "packages":{...},"packages.conda":{...}; fails out if a map failed. */
void conda_maps_write(const struct conda_maps *m, struct buf *out);

#endif
