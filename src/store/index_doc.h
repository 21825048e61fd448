/* index_doc.h: rows of the generated index documents (derived: can be rebuilt from files).
 *
 * A document is (place, name) -> digest of its bytes. Shards are documents named
 * "shards/<sha256>.msgpack.zst". */
#ifndef STORE_INDEX_DOC_H
#define STORE_INDEX_DOC_H
#include "base/arena.h"
#include "store/access_level.h"
#include "store/db.h"
#include "store/upload.h"

/* Where a document belongs. */
struct index_place {
    int64_t account_id;
    struct str label;
    enum access_level access; /* of the view: the widest that it shows */
    struct str subdir;        /* empty: the whole channel */
};
struct index_doc_row {
    struct str name;    /* "repodata.json.zst" */
    struct str package; /* whose shard it is; else empty */
    struct str sha256;  /* of the bytes, hex */
    int64_t size, modified_ms;
    bool composed; /* of lists (store/index_list): sha256 is no blob's, it says what of */
};
/* The current document, or a shard that is kept though it was replaced. ERR_NOT_FOUND. */
enum err_code index_doc_find(struct tx *tx, struct arena *mem, const struct index_place *place,
                             struct str name, struct index_doc_row *ret, struct err *err) MUST_USE;
struct index_doc_list {
    struct index_doc_row *rows;
    size_t count;
};
enum err_code index_doc_list(struct tx *tx, struct arena *mem, const struct index_place *place,
                             struct index_doc_list *ret,
                             struct err *err) MUST_USE; /* current ones, by name */
/* Makes row the current one of its name; what it replaces is remembered as garbage with its time.
 * Equal bytes: nothing changes. */
enum err_code index_doc_put(struct tx *tx, const struct index_place *place,
                            const struct index_doc_row *row, struct err *err) MUST_USE;
/* The current shards of a package in all views of a place, whose access is not asked for. */
struct index_shard_list {
    struct index_shard_row {
        struct str name;
        enum access_level access;
    } * rows;
    size_t count;
};
enum err_code index_doc_shards(struct tx *tx, struct arena *mem, const struct index_place *place,
                               struct str package, struct index_shard_list *ret,
                               struct err *err) MUST_USE;
/* A current document is no longer part of the index; if it is a shard it stays readable until
 * swept. */
enum err_code index_doc_retire(struct tx *tx, const struct index_place *place, struct str name,
                               int64_t now_ms, struct err *err) MUST_USE;
/* The same for all current ones of a label. */
enum err_code index_doc_retire_all(struct tx *tx, int64_t account_id, struct str label,
                                   int64_t now_ms, struct err *err) MUST_USE;
/* Takes the retired shards of a package out of all places of an account whose access is wider than
 * this: who may no longer see the package may not read what it was, either. */
enum err_code index_doc_withdraw(struct tx *tx, int64_t account_id, struct str package,
                                 enum access_level access, int64_t now_ms,
                                 struct err *err) MUST_USE;
/* Takes them out of all places of an account: the package is not there any more, for nobody. */
enum err_code index_doc_forget(struct tx *tx, int64_t account_id, struct str package,
                               int64_t now_ms, struct err *err) MUST_USE;
/* A package of this access gets a name that another one may have had: of the retired shards of that
 * one those in public places stay, and only if this one is public. Else they would be read by
 * whoever is let into this one, or tell strangers of its name. */
enum err_code index_doc_forget_former(struct tx *tx, int64_t account_id, struct str package,
                                      enum access_level access, int64_t now_ms,
                                      struct err *err) MUST_USE;
/* Removes up to `max` rows of documents that were replaced before docs_before_ms, or shards retired
 * before shards_before_ms; returns the digests that no row needs any more. *ret_more: there may be
 * more such rows. */
enum err_code index_doc_sweep(struct tx *tx, struct arena *mem, int64_t docs_before_ms,
                              int64_t shards_before_ms, int64_t max, struct digest_list *ret,
                              bool *ret_more, struct err *err) MUST_USE;

#endif
