/* chunk.h: a chunk of a sorted list as bytes. Internal to index/.
 *
 * A blob holds the same text three times: compressed for a zstd frame, compressed for a gzip member
 * (format/stitch), and a directory that tells the items apart. What is sent is a part of it, as it
 * is; it is only unpacked for who wants the text itself, or changes it. */
#ifndef INDEX_CHUNK_H
#define INDEX_CHUNK_H
#include "base/buf.h"
#include "store/index_list.h"

struct chunk_item {
    struct str key;  /* what the list is sorted by; not empty */
    struct str text; /* as it stands in documents; not empty */
    int64_t ms;      /* when it came, not negative */
};

/* Appends the blob of items (at least one, sorted), whose texts are joined by the separator; all
 * that the row of a chunk says but its number. Its texts lie in mem. */
enum err_code chunk_pack(struct arena *mem, const struct chunk_item *items, size_t count,
                         struct str separator, struct buf *out, struct index_chunk_row *ret_row,
                         struct err *err) MUST_USE;
/* The items, row->items of them, in mem. ERR_IO when the blob is not what its row says. */
enum err_code chunk_unpack(struct arena *mem, const struct index_chunk_row *row, struct str blob,
                           struct str separator, struct chunk_item **ret_items,
                           struct err *err) MUST_USE;
/* Appends the text. ERR_IO likewise. zstd: the first row->zstd_size bytes of the blob. */
enum err_code chunk_text(const struct index_chunk_row *row, struct str zstd, struct buf *out,
                         struct err *err) MUST_USE;

#endif
