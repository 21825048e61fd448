/* list_write.h: what changing a list and making one anew have in common. Internal to index/. */
#ifndef INDEX_LIST_WRITE_H
#define INDEX_LIST_WRITE_H
#include "index/list.h"
#include "index/list_mark.h"

/* Does an item of this key begin a chunk, wherever it stands? */
bool list_cuts_before(const struct list_kind *kind, struct str key);
/* Where the chunk that begins with item `from` ends: the number of the next chunk's first item.
 * Items stand `stride` bytes apart. */
size_t list_next_cut(const struct list_kind *kind, const struct chunk_item *items, size_t stride,
                     size_t count, size_t from);

/* Puts a chunk into the blob store; *ret_row says all of it but its number, and lies in mem. */
enum err_code list_write_chunk(const struct list_store *s, struct arena *mem,
                               const struct list_kind *kind, const struct chunk_item *items,
                               size_t count, struct index_chunk_row *ret_row,
                               struct err *err) MUST_USE;
/* The items of a chunk, in mem. ERR_IO when its blob is missing or damaged. */
enum err_code list_read_chunk(const struct list_store *s, struct arena *mem,
                              const struct list_kind *kind, const struct index_chunk_row *row,
                              struct chunk_item **ret_items, struct err *err) MUST_USE;
/* Makes a chunk that was written one of a list, from the store's generation on. */
enum err_code list_add_chunk(const struct list_store *s, int64_t list_id,
                             const struct index_chunk_row *row, struct err *err) MUST_USE;
/* Takes it from the list: it is of generations before the store's. */
enum err_code list_remove_chunk(const struct list_store *s, const struct index_chunk_row *row,
                                struct err *err) MUST_USE;
/* Writes the totals if they differ from those of *list, which become them; its mark lies in mem. */
enum err_code list_save(const struct list_store *s, struct arena *mem, struct index_list_row *list,
                        const struct list_totals *totals, struct err *err) MUST_USE;

#endif
