/* list_mark.h: what is true of all chunks of a list together, kept up as chunks come and go.
 * Internal to index/. */
#ifndef INDEX_LIST_MARK_H
#define INDEX_LIST_MARK_H
#include "base/digest.h"
#include "store/index_list.h"

/* The row of a list, with its mark as a number: the sum of a digest of each chunk, so that it can
 * be had without reading the others. The order of chunks is that of their keys. */
struct list_totals {
    struct index_list_row row; /* its mark is not kept up */
    uint8_t mark[SHA256_LEN];
};
/* ERR_IO when the row's mark is none. */
enum err_code list_totals_of(const struct index_list_row *row, struct list_totals *ret,
                             struct err *err) MUST_USE;
void list_totals_add(struct list_totals *t, const struct index_chunk_row *chunk);
void list_totals_remove(struct list_totals *t, const struct index_chunk_row *chunk);
/* The row with its mark, which lies in mem. ERR_NOMEM. */
enum err_code list_totals_row(const struct list_totals *t, struct arena *mem,
                              struct index_list_row *ret, struct err *err) MUST_USE;
/* Do they say the same, but for their numbers? */
bool list_totals_equal(const struct index_list_row *a, const struct index_list_row *b);

#endif
