/* kept.h: which documents are kept for one view of a place, against which those that are made are
 * held. Internal to index/.
 *
 * A view is named by the widest access that it shows. A document that is the same as in the next
 * narrower view is not kept twice: who looks for it looks there in turn (index_find). */
#ifndef INDEX_KEPT_H
#define INDEX_KEPT_H
#include "index/index.h"

/* Documents by name in the order of bytes (that of the database may be another), and which of them
 * were met. */
struct kept_list {
    struct index_doc_list docs;
    bool *met;
};
struct kept {
    struct index_place place;
    struct kept_list own, narrower[ACCESS_LEVELS - 1];
    bool wanted; /* there can be documents of this view: else none are made */
};
/* subdir empty: of the channel itself. Lies in mem. */
enum err_code kept_load(struct tx *tx, struct arena *mem, const struct channel *ch,
                        struct str subdir, enum access_level level, struct kept *ret,
                        struct err *err) MUST_USE;
/* Memory for it: about 200 bytes for each shard. */
#define KEPT_MEMORY (512 * MIB)

/* The document of this name that a view that is narrower gives; NULL: none. */
const struct index_doc_row *kept_narrower(const struct kept *k, struct str name);
/* Marks the view's own document of this name as met; NULL if there is none. */
const struct index_doc_row *kept_meet(struct kept *k, struct str name);

#endif
