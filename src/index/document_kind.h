/* document_kind.h: the documents that a place has, and how each is made. Internal to index/. */
#ifndef INDEX_DOCUMENT_KIND_H
#define INDEX_DOCUMENT_KIND_H
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* One document: how to append it to out. docs: the builders that got the rows. */
struct document_kind {
    struct str name;
    enum err_code (*write)(void *docs, struct buf *out, struct err *err);
    bool packed; /* there is a name.zst too */
};
struct document_kinds {
    const struct document_kind *all;
    size_t count;
};

#endif
