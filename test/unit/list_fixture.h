/* list_fixture.h: what the tests of sorted lists in chunks begin with: a place for lists, and a
 * write transaction that is under way. */
#ifndef TEST_LIST_FIXTURE_H
#define TEST_LIST_FIXTURE_H
#include "chance.h"
#include "core_fixture.h"

#include "base/limits.h"
#include "index/list_write.h"

#define LIST_NOW INT64_C(1700000000000)

struct lists {
    struct core *core;
    struct arena *mem; /* of core */
    struct tx *tx;
    struct blob_batch *batch;
    struct list_store store; /* of these, at LIST_NOW */
    struct index_place place;
    struct chance chance;
    struct err err;
};

int lists_open(void **state);
int lists_close(void **state);
#define WITH_LISTS(test) cmocka_unit_test_setup_teardown(test, lists_open, lists_close)

/* An item with its key, and a text that begins with it and is about as long as is said. */
struct chunk_item lists_item(struct lists *f, const char *key, size_t len, int64_t ms);
/* The next key that begins with a prefix and cuts, or does not; NUL-terminated. */
struct str lists_key(struct lists *f, const struct list_kind *kind, const char *prefix, bool cuts);

/* The list of the place, which is made if there is none. */
struct index_list_row lists_list(struct lists *f, const struct list_kind *kind);
void lists_apply(struct lists *f, const struct list_kind *kind, struct index_list_row *list,
                 const struct list_change *changes, size_t count);
/* The one change: an item comes, or a key goes. */
void lists_put(struct lists *f, const struct list_kind *kind, struct index_list_row *list,
               struct chunk_item item);
void lists_drop(struct lists *f, const struct list_kind *kind, struct index_list_row *list,
                struct str key);
struct index_chunk_list lists_chunks(struct lists *f, const struct index_list_row *list);
/* Is the list the one that these items (sorted by key) give? Read back, and made anew. */
void lists_assert_items(struct lists *f, const struct list_kind *kind,
                        const struct index_list_row *list, const struct chunk_item *items,
                        size_t count);
/* Puts what waits, so that the store has it alone. */
void lists_flush(struct lists *f);
/* How many chunks were replaced since the last question. */
int64_t lists_garbage(struct lists *f);

#endif
