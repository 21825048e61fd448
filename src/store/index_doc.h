/* index_doc.h: rows of the generated index documents (derived: can be rebuilt from files).
 *
 * A document is (account, label, subdir, name) -> digest of its bytes; subdir is empty for
 * documents of the whole channel. Shards are documents named "shards/<sha256>.msgpack.zst". */
#ifndef STORE_INDEX_DOC_H
#define STORE_INDEX_DOC_H
#include "base/arena.h"
#include "store/db.h"
#include "store/upload.h"

struct index_doc_row {
    struct str name;   /* "repodata.json.zst" */
    struct str sha256; /* of the bytes, hex */
    int64_t size, modified_ms;
};
/* Current or replaced-but-kept document. ERR_NOT_FOUND. */
enum err_code index_doc_find(struct tx *tx, struct arena *mem, int64_t account_id, struct str label,
                             struct str subdir, struct str name, struct index_doc_row *ret,
                             struct err *err) MUST_USE;
struct index_doc_list {
    struct index_doc_row *rows;
    size_t count;
};
enum err_code index_doc_list(struct tx *tx, struct arena *mem, int64_t account_id, struct str label,
                             struct str subdir, struct index_doc_list *ret,
                             struct err *err) MUST_USE; /* current ones, by name */
/* Makes row the current one of its name; what it replaces is remembered as garbage with its time.
 * Equal bytes: nothing changes. */
enum err_code index_doc_put(struct tx *tx, int64_t account_id, struct str label, struct str subdir,
                            const struct index_doc_row *row, struct err *err) MUST_USE;
/* A current document is no longer part of the index; it stays readable until swept. */
enum err_code index_doc_retire(struct tx *tx, int64_t account_id, struct str label,
                               struct str subdir, struct str name, int64_t now_ms,
                               struct err *err) MUST_USE;
/* Removes up to `max` rows of documents that were replaced before docs_before_ms, or shards retired
 * before shards_before_ms; returns the digests that no row needs any more. *ret_more: there may be
 * more such rows. */
enum err_code index_doc_sweep(struct tx *tx, struct arena *mem, int64_t docs_before_ms,
                              int64_t shards_before_ms, int64_t max, struct digest_list *ret,
                              bool *ret_more, struct err *err) MUST_USE;

#endif
