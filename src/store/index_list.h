/* index_list.h: rows of the sorted lists that index documents are composed of, and of their chunks
 * (derived: can be made again from files).
 *
 * A list belongs to a place (store/index_doc) and has a name there. Keys are compared by bytes. */
#ifndef STORE_INDEX_LIST_H
#define STORE_INDEX_LIST_H
#include "store/file.h"
#include "store/index_doc.h"

/* The mark of a list without chunks. */
#define INDEX_MARK_EMPTY S("0000000000000000000000000000000000000000000000000000000000000000")

/* What is true of all chunks of a list together. */
struct index_list_row {
    int64_t id;
    int64_t items, chunks;
    int64_t text_size, zstd_size, gzip_size; /* sums over the chunks */
    int64_t newest_ms;                       /* of any item; 0 when there are none */
    struct str mark;                         /* 64 hex digits: differs as soon as a chunk does */
    int64_t since; /* the generation (store/generation) that was the first to have it */
};
struct index_chunk_row {
    int64_t id;
    struct str first_key; /* of its first item */
    struct str sha256;    /* of the blob that holds it, hex */
    int64_t size;         /* of that blob */
    int64_t items;
    int64_t text_size, zstd_size, gzip_size; /* of its text, and of its two compressed forms */
    int64_t text_crc;                        /* CRC-32 of the text */
    int64_t newest_ms;
    int64_t since; /* the first generation that has it */
};
struct index_chunk_list {
    struct index_chunk_row *rows;
    size_t count;
};

/* The list of exactly this view. ERR_NOT_FOUND. */
enum err_code index_list_find(struct tx *tx, struct arena *mem, const struct index_place *place,
                              struct str name, struct index_list_row *ret,
                              struct err *err) MUST_USE;
/* Has any view of a place (whose access is not asked for) this list? */
enum err_code index_list_any(struct tx *tx, const struct index_place *place, struct str name,
                             bool *ret_any, struct err *err) MUST_USE;
/* Has exactly this view of a place a list with items? Those of a label that was removed have none.
 */
enum err_code index_list_in_view(struct tx *tx, const struct index_place *place, bool *ret_any,
                                 struct err *err) MUST_USE;
/* Makes an empty list, or one with the chunks of another (like: its number; 0: none). */
enum err_code index_list_add(struct tx *tx, const struct index_place *place, struct str name,
                             const struct index_list_row *like, int64_t *ret_id,
                             struct err *err) MUST_USE;
/* Writes all but the number. */
enum err_code index_list_set(struct tx *tx, const struct index_list_row *row,
                             struct err *err) MUST_USE;
/* Takes all chunks from the lists of a label: this generation has none of them. */
enum err_code index_list_empty(struct tx *tx, int64_t account_id, struct str label,
                               int64_t generation, int64_t now_ms, struct err *err) MUST_USE;
/* The subdirs in which a list of this name has items in the view or a narrower one, sorted.
 * place: its subdir is not asked for. */
enum err_code index_list_subdirs(struct tx *tx, struct arena *mem, const struct index_place *place,
                                 struct str name, struct name_list *ret, struct err *err) MUST_USE;

/* The same of a generation. */
enum err_code index_list_subdirs_at(struct tx *tx, struct arena *mem,
                                    const struct index_place *place, struct str name,
                                    int64_t generation, struct name_list *ret,
                                    struct err *err) MUST_USE;

/* The subdirs that have lists, with items or without, sorted; not that of the channel itself. */
enum err_code index_list_places(struct tx *tx, struct arena *mem, int64_t account_id,
                                struct str label, struct name_list *ret, struct err *err) MUST_USE;

/* Neighbours by key: the last chunk that begins at or before it, the last one before it, the first
 * one after it. ERR_NOT_FOUND. */
enum err_code index_chunk_at(struct tx *tx, struct arena *mem, int64_t list_id, struct str key,
                             struct index_chunk_row *ret, struct err *err) MUST_USE;
enum err_code index_chunk_before(struct tx *tx, struct arena *mem, int64_t list_id, struct str key,
                                 struct index_chunk_row *ret, struct err *err) MUST_USE;
enum err_code index_chunk_after(struct tx *tx, struct arena *mem, int64_t list_id, struct str key,
                                struct index_chunk_row *ret, struct err *err) MUST_USE;
/* All, by first key. */
enum err_code index_chunk_all(struct tx *tx, struct arena *mem, int64_t list_id,
                              struct index_chunk_list *ret, struct err *err) MUST_USE;
/* Up to max of them, those with the newest items first. */
enum err_code index_chunk_newest(struct tx *tx, struct arena *mem, int64_t list_id, int64_t max,
                                 struct index_chunk_list *ret, struct err *err) MUST_USE;
/* All that a generation had, by first key. */
enum err_code index_chunk_all_at(struct tx *tx, struct arena *mem, int64_t list_id,
                                 int64_t generation, struct index_chunk_list *ret,
                                 struct err *err) MUST_USE;
enum err_code index_chunk_add(struct tx *tx, int64_t list_id, const struct index_chunk_row *row,
                              struct err *err) MUST_USE;
/* Removes a chunk; its bytes become garbage at that time. */
enum err_code index_chunk_remove(struct tx *tx, const struct index_chunk_row *row, int64_t when_ms,
                                 struct err *err) MUST_USE;
/* Makes it one of the past: this generation is the first without it, and it is not of this one. */
enum err_code index_chunk_retire(struct tx *tx, const struct index_chunk_row *row,
                                 int64_t generation, int64_t now_ms, struct err *err) MUST_USE;
/* Forgets chunks of the past that were retired before a moment, up to max, and tells the digests of
 * their bytes. */
enum err_code index_chunk_sweep(struct tx *tx, struct arena *mem, int64_t before_ms, int64_t max,
                                struct digest_list *ret, struct err *err) MUST_USE;

#endif
