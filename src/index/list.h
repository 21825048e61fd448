/* list.h: sorted lists of items that are kept in chunks, so that a change costs what it touches.
 * Internal to index/.
 *
 * Where a list is cut depends on its items alone: before those whose key's digest says so, and
 * where a chunk would grow over its limit. So a list that was changed item by item is, chunk for
 * chunk, the one that is made from all items at once; and lists that have a run of items in common
 * (of a label, of a narrower view) share its chunks. */
#ifndef INDEX_LIST_H
#define INDEX_LIST_H
#include "blob/blob_batch.h"
#include "index/chunk.h"

struct list_kind {
    struct str name; /* "packages.conda" */
    struct chunk_form form;
    unsigned cut_bits; /* one item in 2^cut_bits begins a chunk: some 100 KiB of usual items */
};

/* A chunk's text is at most this long, unless a single item is longer. */
#define LIST_CHUNK_MAX ((size_t)256 * KIB)

/* How long the bytes of a chunk stay when it is replaced, or its list goes: the slowest client that
 * is not cut takes no longer for what it was told to be one document. */
#define LIST_KEPT_MS (INT64_C(3600) * 1000)

/* Where lists are written. */
struct list_store {
    struct tx *tx;
    struct blob_store *blobs;
    struct blob_batch *batch; /* chunks wait here, for the caller to flush before he commits; NULL:
                                 nothing is written */
    int64_t now_ms;
    int64_t account_id, generation; /* that is made; it comes to be with its first change */
};

/* An item that comes or changes, or goes. */
struct list_change {
    struct chunk_item item;
    bool gone; /* then only the key counts */
};

/* Applies changes (sorted by key, each key once) to the list of a place that *list is the row of,
 * and brings *list up to date; its mark lies in mem then. What is not there is no error to remove.
 * ERR_IO when a chunk is missing or damaged. */
enum err_code list_apply(const struct list_store *s, struct arena *mem,
                         const struct list_kind *kind, struct index_list_row *list,
                         const struct list_change *changes, size_t count, struct err *err) MUST_USE;

/* The list of a place. Unless it has one of its own, it gets one: that of the next narrower view
 * that has one, or an empty one. */
enum err_code list_open(const struct list_store *s, struct arena *mem,
                        const struct index_place *place, const struct list_kind *kind,
                        struct index_list_row *ret, struct err *err) MUST_USE;
/* The list that a view shows: its own or that of the next narrower one; *ret_access says of which.
 * ERR_NOT_FOUND. */
enum err_code list_shown(struct tx *tx, struct arena *mem, const struct index_place *place,
                         const struct list_kind *kind, struct index_list_row *ret,
                         enum access_level *ret_access, struct err *err) MUST_USE;

/* The same of a generation. */
enum err_code list_shown_at(struct tx *tx, struct arena *mem, const struct index_place *place,
                            const struct list_kind *kind, int64_t generation,
                            struct index_list_row *ret, struct err *err) MUST_USE;

/* Makes a list anew from all its items. */
struct list_builder;
/* store and kind are borrowed until it is closed. Without a batch it is only good to be compared
 * (list_builder_compare). */
enum err_code list_builder_open(const struct list_store *store, const struct list_kind *kind,
                                struct list_builder **ret, struct err *err) MUST_USE;
void list_builder_close(struct list_builder *b);
void list_builder_closep(struct list_builder **b);
/* In the order of the keys. */
enum err_code list_builder_add(struct list_builder *b, const struct chunk_item *item,
                               struct err *err) MUST_USE;
/* Makes the items added those of the list, of which only what differs is written. Bytes are put
 * even where the rows say they are there. *list: as list_apply. */
enum err_code list_builder_end(struct list_builder *b, struct arena *mem,
                               struct index_list_row *list, struct err *err) MUST_USE;
/* Are the chunks of a list, and its row, what the items give? */
enum err_code list_builder_compare(struct list_builder *b, const struct index_list_row *list,
                                   bool *ret_equal, struct err *err) MUST_USE;

#endif
