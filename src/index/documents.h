/* documents.h: makes the documents of a subdir, or of a whole channel, from its rows. The one way
 * by which they come to be, whoever wants them: to keep, to compare. Internal to index/. */
#ifndef INDEX_DOCUMENTS_H
#define INDEX_DOCUMENTS_H
#include "index/index.h"

struct document {
    struct str name;    /* "repodata.json" */
    struct str package; /* whose shard it is; else empty */
    struct str bytes;
};
/* "shards/<sha256>.msgpack.zst" */
#define DOCUMENT_SHARD_NAME (sizeof "shards/.msgpack.zst" + SHA256_HEX)
struct str document_shard_name(const char sha256[SHA256_HEX + 1], char out[DOCUMENT_SHARD_NAME]);
/* "alice", or "alice/label/dev": what pages call a channel; ptr NULL when out of memory. */
struct str document_title(struct arena *mem, const struct channel *ch);

/* Receives each document once; an error of it ends the making. Shards come before their index. */
struct document_sink {
    enum err_code (*put)(void *ctx, const struct document *doc, struct err *err);
    void *ctx;
};
/* Those of what the view shows. subdir empty: the documents of the channel itself. */
enum err_code documents_make(struct tx *tx, const struct channel *ch, struct str subdir,
                             const struct view *view, struct document_sink sink,
                             struct err *err) MUST_USE;
/* Appends one document, which is no shard. *ret_also: it shows some of the view's `also`. */
enum err_code documents_make_one(struct tx *tx, const struct channel *ch, struct str subdir,
                                 const struct view *view, struct str name, struct buf *out,
                                 bool *ret_also, struct err *err) MUST_USE;
/* Appends what one document is when there are no rows. ERR_NOT_FOUND: there is none of this name.
 */
enum err_code documents_empty(const struct channel *ch, struct str subdir, struct str name,
                              struct buf *out, struct err *err) MUST_USE;

#endif
