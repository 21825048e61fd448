/* conda_shards.h: the sharded index of one subdir (CEP 16, run_exports as of CEP 21).
 *
 * One shard for each package name, named by the SHA-256 of its compressed bytes, and one index
 * from names to shards. Equal rows give equal bytes, so an unchanged package keeps its shard. */
#ifndef INDEX_CONDA_SHARDS_H
#define INDEX_CONDA_SHARDS_H
#include "base/digest.h"
#include "index/conda_row.h"

struct conda_shards {
    struct buf texts;   /* package and file names */
    struct buf records; /* packed records */
    struct buf entries; /* struct shard_entry, see conda_shards.c */
    int64_t newest_ms;  /* newest upload */
};
void conda_shards_init(struct conda_shards *s);
void conda_shards_done(struct conda_shards *s);
/* record: of conda_row_record, unchanged by this. Rows come in any order. */
enum err_code conda_shards_add(struct conda_shards *s, const struct conda_row *row,
                               const json_t *record, struct err *err) MUST_USE;

/* All borrowed for the call that hands it over. */
struct conda_shard {
    struct str package;
    struct str bytes; /* compressed */
    uint8_t sha256[SHA256_LEN];
    int64_t newest_ms; /* newest upload of a file of it */
};
/* Receives each shard once, ordered by package name; an error of it ends the writing. */
struct conda_shard_sink {
    enum err_code (*put)(void *ctx, const struct conda_shard *shard, struct err *err);
    void *ctx;
};
/* Compresses every shard into the sink, then appends the compressed index to out. The index is
 * dated by the newest upload, so that it too depends on the rows alone. */
enum err_code conda_shards_write(struct conda_shards *s, struct str subdir,
                                 struct conda_shard_sink sink, struct buf *out,
                                 struct err *err) MUST_USE;
/* The shards alone. */
enum err_code conda_shards_each(struct conda_shards *s, struct conda_shard_sink sink,
                                struct err *err) MUST_USE;
/* The index in parts, uncompressed: what stands before the members (count of them), a member, what
 * stands after them. Failures show in out. */
void conda_shards_begin(struct str subdir, size_t count, int64_t newest_ms, struct buf *out);
void conda_shards_member(struct str package, const uint8_t sha256[SHA256_LEN], struct buf *out);
void conda_shards_end(struct buf *out);

#endif
