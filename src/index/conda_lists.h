/* conda_lists.h: the lists that the documents of conda channels are composed of, and what the rows
 * of files put into them. Internal to index/. */
#ifndef INDEX_CONDA_LISTS_H
#define INDEX_CONDA_LISTS_H
#include "index/conda_channeldata.h"
#include "index/conda_row.h"
#include "index/list.h"

/* Of a subdir. Each of its places has all of them. */
enum conda_list {
    CONDA_PACKAGES,       /* repodata.json: .tar.bz2 files, by name */
    CONDA_PACKAGES_CONDA, /* and .conda files */
    CONDA_EXPORTS,        /* the same of run_exports.json */
    CONDA_EXPORTS_CONDA,
    CONDA_SHARDS, /* the shard index: packages */
    CONDA_PAGE,   /* index.html: all files */
    /* Of a whole channel, likewise: */
    CONDA_CHANNELDATA,  /* channeldata.json: packages */
    CONDA_CHANNEL_PAGE, /* index.html: packages */
};
#define CONDA_LISTS         (CONDA_CHANNEL_PAGE + 1)
#define CONDA_CHANNEL_FIRST CONDA_CHANNELDATA
extern const struct list_kind conda_list_kinds[CONDA_LISTS];

/* Those of a place: [*ret_first, the result). subdir empty: of a channel. */
unsigned conda_lists_of(struct str subdir, unsigned *ret_first);

/* Receives an item of a list, borrowed for the call. */
struct conda_item_sink {
    enum err_code (*put)(void *ctx, enum conda_list list, const struct chunk_item *item,
                         struct err *err);
    void *ctx;
};
/* What a file puts into the lists of its subdir that are sorted by file name. record: of
 * conda_row_record. */
enum err_code conda_lists_file(const struct conda_row *row, const json_t *record,
                               struct conda_item_sink sink, struct err *err) MUST_USE;
/* What a shard puts into the shard index. */
enum err_code conda_lists_shard(struct str package, const uint8_t sha256[SHA256_LEN], int64_t ms,
                                struct conda_item_sink sink, struct err *err) MUST_USE;
/* What a package puts into the lists of a channel. */
enum err_code conda_lists_package(const struct conda_package *package, struct conda_item_sink sink,
                                  struct err *err) MUST_USE;

#endif
