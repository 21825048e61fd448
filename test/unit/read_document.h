/* read_document.h: the bytes of a kept document of an index, composed or not. */
#ifndef TEST_READ_DOCUMENT_H
#define TEST_READ_DOCUMENT_H
#include "index/index.h"

/* Where to look. */
struct document_place {
    struct tx *tx;
    struct blob_store *blobs;
    const struct channel *ch;
    struct str subdir;
};
/* Of the row that index_find gives, with its access; in mem. A failure is handed on, but for
 * promises that are not kept: the test fails if there are not as many bytes as the row says. */
enum err_code read_document(const struct document_place *place, struct arena *mem,
                            const struct index_doc_row *row, enum access_level access,
                            struct str *ret, struct err *err) MUST_USE;
/* All bytes of a body, in mem. */
enum err_code read_body(struct index_body *body, struct arena *mem, struct str *ret,
                        struct err *err) MUST_USE;

#endif
