/* documents.h: makes the documents of a subdir, or of a whole channel, from its rows. The one way
 * by which they come to be, whoever wants them: to keep, to compare. Internal to index/. */
#ifndef INDEX_DOCUMENTS_H
#define INDEX_DOCUMENTS_H
#include "index/index.h"

/* Receives each document once; an error of it ends the making. Shards come before their index. */
struct document_sink {
    enum err_code (*put)(void *ctx, struct str name, struct str bytes, struct err *err);
    void *ctx;
};
/* subdir empty: the documents of the channel itself. */
enum err_code documents_make(struct tx *tx, const struct channel *ch, struct str subdir,
                             struct document_sink sink, struct err *err) MUST_USE;
/* Appends what one document is when there are no rows. ERR_NOT_FOUND: there is none of this name.
 */
enum err_code documents_empty(const struct channel *ch, struct str subdir, struct str name,
                              struct buf *out, struct err *err) MUST_USE;

/* The list of current documents in memory: about 200 bytes for each shard. */
#define DOCUMENT_LIST_MEMORY (256 * MIB)
/* The documents that are current in one place, by name in the order of bytes (that of the database
 * may be another), and which of them were met. */
struct document_set {
    struct index_doc_list list;
    bool *met;
};
enum err_code documents_current(struct tx *tx, struct arena *mem, const struct channel *ch,
                                struct str subdir, struct document_set *ret,
                                struct err *err) MUST_USE;
/* Marks the document of this name as met; its row, NULL if there is none. */
const struct index_doc_row *documents_meet(struct document_set *set, struct str name);

#endif
