/* document_filter.h: what is left of an index document without some packages, told from its text
 * alone and without the engine. Fails the test when the text is not such a document. */
#ifndef TEST_DOCUMENT_FILTER_H
#define TEST_DOCUMENT_FILTER_H
#include "base/buf.h"
#include "base/str.h"

/* Names of packages that are not to be told of. */
struct struck {
    const char *const *names;
    size_t count;
};
/* JSON with "packages" and "packages.conda", or of a channel. */
void filter_json(struct str text, const struct struck *s, struct buf *out);
/* The lines of a page up to the end of its table; of_files: of a subdir, else of a channel. */
void filter_rows(struct str text, const struct struck *s, bool of_files, struct buf *out);
/* A shard index (msgpack) of these packages alone, whose names are sorted here. */
void filter_shard_index(struct str text, struct str subdir, const char **names, size_t count,
                        int64_t newest_ms, struct buf *out);

#endif
