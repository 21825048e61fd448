/* conda_channeldata.h: channeldata.json of a channel (CEP 38): one entry for each package name
 * over all subdirs.
 *
 * An entry takes from each version and subdir its newest build. Texts (summary, home, licence
 * ...) are those of the highest version that has them, booleans are true when they are for any,
 * run_exports are kept for each version, timestamp is the newest build in seconds.
 *
 * Texts come from the record, `facts` and `about` of a file, in this order of preference. facts
 * may hold the booleans "activate.d", "deactivate.d", "pre_link", "post_link", "pre_unlink",
 * "binary_prefix", "text_prefix", and texts such as "source_url" and "icon_hash". */
#ifndef INDEX_CONDA_CHANNELDATA_H
#define INDEX_CONDA_CHANNELDATA_H
#include "index/conda_row.h"

/* A finished entry, also for those who make pages of it. Borrowed for the call. */
struct conda_package {
    struct str name;
    const json_t *entry; /* as in channeldata.json */
    int64_t uploaded_ms; /* newest upload of any of its files */
};
struct conda_package_sink {
    void (*add)(void *ctx, const struct conda_package *package);
    void *ctx;
};

struct conda_channeldata;
/* Hands each entry to the sink, sorted by name. */
enum err_code conda_channeldata_open(struct conda_package_sink sink,
                                     struct conda_channeldata **ret_data, struct err *err) MUST_USE;
void conda_channeldata_close(struct conda_channeldata *d);
void conda_channeldata_closep(struct conda_channeldata **d);

/* Rows come sorted by (package, version, subdir); ERR_INVALID otherwise. */
enum err_code conda_channeldata_add(struct conda_channeldata *d, const struct conda_row *row,
                                    struct err *err) MUST_USE;
/* After the last row. */
enum err_code conda_channeldata_end(struct conda_channeldata *d, struct err *err) MUST_USE;
/* The subdirs that hold files, and "noarch", sorted; a new array of strings, NULL when out of
 * memory. */
json_t *conda_channeldata_subdirs(const struct conda_channeldata *d) MUST_USE;
/* Appends the document, a newline at its end. Call after conda_channeldata_end. */
enum err_code conda_channeldata_write(const struct conda_channeldata *d, struct buf *out,
                                      struct err *err) MUST_USE;

/* The same in parts: what stands before the members, a member, what stands after them (subdirs: an
 * array of strings). Failures show in out. */
#define CONDA_CHANNELDATA_BEGIN "{\"channeldata_version\":1,\"packages\":{"
void conda_channeldata_member(const struct conda_package *package, struct buf *out);
void conda_channeldata_end_with(const json_t *subdirs, struct buf *out);

#endif
