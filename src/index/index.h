/* index.h: rows -> the documents that clients read, brought up to date inside the transaction of
 * each change.
 *
 * Documents of conda channels are composed of lists in chunks (list.h), of which a change rewrites
 * one each (conda_engine.h). Those of CRAN-like trees are made whole from all their rows, each
 * time. The same plain way of making conda's documents (documents.h) judges what is composed
 * (index_check), and serves the views that are not kept.
 *
 * What a caller may see decides which view of a channel he gets. Those of everybody, of whoever is
 * signed in, and of who sees everything are kept; one with chosen private packages is made when it
 * is asked for. A document that two kept views have in common is kept once.
 *
 * Documents of a subdir: repodata.json, repodata.json.zst, repodata_shards.msgpack.zst,
 * shards/<sha256>.msgpack.zst, run_exports.json, run_exports.json.zst, index.html; of a channel
 * (subdir ""): channeldata.json, index.html, rss.xml; of a CRAN-like tree (subdir
 * "cran/src/contrib"): see cran_documents.h. (notices.json is made from its own rows when it is
 * asked for: conda_notices.h.) */
#ifndef INDEX_INDEX_H
#define INDEX_INDEX_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "blob/blob.h"
#include "store/db.h"
#include "store/file.h"
#include "store/index_doc.h"

/* One channel: the files of an account that carry a label. */
struct channel {
    int64_t account_id;
    struct str owner;   /* login, for titles */
    struct str label;   /* "main" */
    int64_t generation; /* that changes make (store/generation); 0: the one after the newest */
};

/* A file that came to a channel's subdir, left it, or is another than before: also one whose
 * package changed its access. */
struct index_change {
    struct str package, filename;
};

/* Brings the documents of one subdir, and those of the whole channel, up to the rows of these files
 * as tx sees them; changes NULL: of all files. Bytes are put into the blob store before the rows
 * that name them are written; the caller's commit makes them visible. */
enum err_code index_update(struct tx *tx, struct blob_store *blobs, const struct channel *ch,
                           struct str subdir, const struct index_change *changes, size_t count,
                           int64_t now_ms, struct err *err) MUST_USE;

/* Rebuilds all subdirs of a channel that have files or documents. */
enum err_code index_rebuild(struct tx *tx, struct blob_store *blobs, const struct channel *ch,
                            int64_t now_ms, struct err *err) MUST_USE;

/* Takes all documents of a channel away whose label is removed. */
enum err_code index_drop(struct tx *tx, const struct channel *ch, int64_t now_ms,
                         struct err *err) MUST_USE;

/* Removes the rows of some replaced documents (documents a minute after, shards 7 days after, CEP
 * 16) and of states of channels, all after history_ms if that is longer, of all channels;
 * *ret_digests, in mem, are those of the bytes that no row names any more, for gc_blobs once tx is
 * committed; *ret_more: call again in another transaction. */
enum err_code index_sweep(struct tx *tx, struct arena *mem, int64_t now_ms, int64_t history_ms,
                          struct digest_list *ret_digests, bool *ret_more,
                          struct err *err) MUST_USE;

/* Makes all documents of a channel from its rows and compares them with those that are current,
 * changing nothing. Calls differs for each that is not equal, is missing, or should not be there.
 * In a TX_READ. */
typedef void index_differs_fn(void *ctx, const struct index_place *place, struct str name);
enum err_code index_check(struct tx *tx, const struct channel *ch, index_differs_fn *differs,
                          void *ctx, struct err *err) MUST_USE;

/* The kept document that a view gives, apart from what the view's `also` adds to it; a shard also
 * if it is of one of those. *ret_access: of the narrowest view that has it, too. ERR_NOT_FOUND. */
enum err_code index_find(struct tx *tx, struct arena *mem, const struct channel *ch,
                         struct str subdir, struct str name, const struct view *view,
                         struct index_doc_row *ret, enum access_level *ret_access,
                         struct err *err) MUST_USE;
/* A document that is composed (doc.composed): its bytes are read as they are sent. */
enum index_form {
    INDEX_TEXT, /* as it is */
    INDEX_ZSTD, /* as one zstd frame */
    INDEX_GZIP, /* as one gzip member */
};
/* Begins with struct shared (base/cache): immutable, for all threads. Its bytes are there for an
 * hour after it was replaced. */
struct index_body;
/* access: of index_find. name: with ".zst", or not; form: INDEX_TEXT unless another is wanted of a
 * document that is there as it is; JSON can be had in each. One reference. ERR_NOT_FOUND;
 * ERR_INVALID: not in this form. */
enum err_code index_open(struct tx *tx, struct blob_store *blobs, const struct channel *ch,
                         struct str subdir, struct str name, enum access_level access,
                         enum index_form form, struct index_body **ret, struct err *err) MUST_USE;
uint64_t index_body_size(const struct index_body *b); /* bytes */
size_t index_body_memory(const struct index_body *b); /* that it takes, for caches */
/* The bytes [offset, offset + len), all of them. May wait for a remote store. ERR_INVALID when
 * there are not as many, ERR_IO when the store lacks what the rows promise. body: a struct
 * index_body (as http_source wants it). */
enum err_code index_body_read(void *body, uint64_t offset, size_t len, char *out,
                              struct err *err) MUST_USE;

/* A document of a conda channel, other than a shard, as it was. */
struct index_past_wanted {
    struct str subdir, name;
    const struct view *view; /* as it is now */
    int64_t generation;      /* that is kept */
    enum index_form form;    /* as of index_open */
};
struct index_past {
    struct index_body *body; /* as of index_open; NULL: it was appended to out instead, in its form
                                (gzip: as text), because some of it is not for this view any more */
    char digest[SHA256_HEX + 1]; /* as that of a document's row, if there is a body */
};
/* ERR_NOT_FOUND: the view had nothing there; index_empty has it. */
enum err_code index_open_past(struct tx *tx, struct blob_store *blobs, const struct channel *ch,
                              const struct index_past_wanted *wanted, struct index_past *ret,
                              struct buf *out, struct err *err) MUST_USE;
/* Was this very file (its subdir, filename and sha256 are looked at) in a channel at a generation,
 * for whoever sees this far? Not if it has replaced one of that name. */
enum err_code index_had_file(struct tx *tx, struct blob_store *blobs, const struct channel *ch,
                             const struct file_row *file, enum access_level widest,
                             int64_t generation, bool *ret_had, struct err *err) MUST_USE;
/* The names of all files that a channel's subdir had at a generation, sorted; in mem. */
enum err_code index_files_at(struct tx *tx, struct blob_store *blobs, struct arena *mem,
                             const struct channel *ch, struct str subdir, int64_t generation,
                             struct name_list *ret, struct err *err) MUST_USE;
/* The subdirs that a channel of conda has or had files in, sorted; in mem. */
enum err_code index_subdirs(struct tx *tx, struct arena *mem, const struct channel *ch,
                            struct name_list *ret, struct err *err) MUST_USE;

/* Appends rss.xml as a view that is kept shows it; *ret_access as index_find. ERR_NOT_FOUND:
 * neither it nor a narrower one ever had a package. */
enum err_code index_feed(struct tx *tx, struct blob_store *blobs, const struct channel *ch,
                         enum access_level widest, struct buf *out, enum access_level *ret_access,
                         struct err *err) MUST_USE;

/* Appends a document, other than a shard, as a view that is not kept gives it. *ret_made false: the
 * view's `also` adds nothing to it, index_find has it. ERR_NOT_FOUND for unknown names. */
enum err_code index_make(struct tx *tx, const struct channel *ch, struct str subdir,
                         struct str name, const struct view *view, struct buf *out, bool *ret_made,
                         struct err *err) MUST_USE;

/* The content of a document of an empty subdir or channel (same for everybody): channels answer
 * noarch and every known subdir from their first moment. ERR_NOT_FOUND for unknown names. */
enum err_code index_empty(const struct channel *ch, struct str subdir, struct str name,
                          struct buf *out, struct err *err) MUST_USE;

/* Media type of a document by its name; ptr NULL when no document has this name. */
struct str index_media_type(struct str name);

#endif
