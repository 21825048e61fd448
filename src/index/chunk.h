/* chunk.h: a chunk of a sorted list as bytes. Internal to index/.
 *
 * A blob holds the same text compressed for a zstd frame and, if documents are sent so, for a gzip
 * member (format/stitch), and a directory that tells the items apart. What is sent is a part of it,
 * as it is; it is only unpacked for who wants the text itself, or changes it. */
#ifndef INDEX_CHUNK_H
#define INDEX_CHUNK_H
#include "base/buf.h"
#include "store/index_list.h"

struct chunk_item {
    struct str key;  /* what the list is sorted by; not empty */
    struct str text; /* as it stands in documents; not empty */
    int64_t ms;      /* when it came, not negative */
};

/* How a list's chunks are packed. */
struct chunk_form {
    struct str separator; /* between the texts of items */
    bool gzip;            /* the gzip form is there, too */
};
/* Appends the blob of items (at least one, sorted); all that the row of a chunk says but its
 * number. Its texts lie in mem. */
enum err_code chunk_pack(struct arena *mem, const struct chunk_item *items, size_t count,
                         struct chunk_form form, struct buf *out, struct index_chunk_row *ret_row,
                         struct err *err) MUST_USE;
/* The items, row->items of them, in mem. ERR_IO when the blob is not what its row says. */
enum err_code chunk_unpack(struct arena *mem, const struct index_chunk_row *row, struct str blob,
                           struct str separator, struct chunk_item **ret_items,
                           struct err *err) MUST_USE;
/* Appends the text. zstd: the first row->zstd_size bytes of the blob. ERR_IO when they cannot be
 * read; a letter that was changed in them is not noticed. */
enum err_code chunk_text(const struct index_chunk_row *row, struct str zstd, struct buf *out,
                         struct err *err) MUST_USE;

#endif
