/* compose.h: documents that are composed of texts and lists: which there are, what they say, how
 * long they are, and their bytes. Internal to index/. */
#ifndef INDEX_COMPOSE_H
#define INDEX_COMPOSE_H
#include "index/conda_lists.h"
#include "index/index.h"

/* A text, or a list. */
struct compose_part {
    struct str text;
    const struct list_kind *kind; /* NULL: a text */
    struct index_list_row list;
};
#define COMPOSE_PARTS 6
struct composition {
    struct compose_part parts[COMPOSE_PARTS];
    size_t count;
    int64_t generation; /* that it is of; 0: it is what is there now */
};

/* The documents of a place by number, from 0 on; ptr NULL: there are no more. A document that is
 * only there compressed has its whole name. */
struct composed_name {
    struct str name;
    bool text; /* it is there as it is */
    bool zstd; /* it is there with ".zst" at its end */
};
struct composed_name compose_name(struct str subdir, size_t number);

/* What a document of a place is composed of, now (generation 0) or in a generation that is kept.
 * name: as above, without ".zst" if it is there as it is, too. What it says lies in mem.
 * ERR_NOT_FOUND: there is none of this name. */
enum err_code compose(struct tx *tx, struct arena *mem, const struct channel *ch,
                      const struct index_place *place, struct str name, int64_t generation,
                      struct composition *ret, struct err *err) MUST_USE;

/* The same by the whole name; *form, what is wanted, becomes what it is to be by its name. */
enum err_code compose_named(struct tx *tx, struct arena *mem, const struct channel *ch,
                            const struct index_place *place, struct str name, int64_t generation,
                            enum index_form *form, struct composition *ret,
                            struct err *err) MUST_USE;

/* The same for who takes items out of the lists: the counter makes `items` and `newest_ms` of a
 * list's row what is left of it, which is what the document says of itself. */
struct compose_counter {
    enum err_code (*fn)(void *ctx, const struct list_kind *kind, struct index_list_row *row,
                        struct err *err);
    void *ctx;
};
struct compose_wanted {
    struct str name;    /* the whole one */
    int64_t generation; /* 0: now */
    struct compose_counter counter;
};
enum err_code compose_wanted(struct tx *tx, struct arena *mem, const struct channel *ch,
                             const struct index_place *place, const struct compose_wanted *wanted,
                             enum index_form *form, struct composition *ret,
                             struct err *err) MUST_USE;

/* Can the document be had in this form? */
bool compose_has(const struct composition *c, enum index_form form);
/* Bytes of the document in a form that it has. */
uint64_t compose_size(const struct composition *c, enum index_form form);
/* Differs as soon as the bytes do; 64 hex digits. ERR_NOMEM. */
enum err_code compose_digest(const struct composition *c, enum index_form form,
                             char out[SHA256_HEX + 1], struct err *err) MUST_USE;
/* The chunks of a list in it. */
enum err_code compose_chunks(struct tx *tx, struct arena *mem, const struct composition *c,
                             const struct compose_part *list, struct index_chunk_list *ret,
                             struct err *err) MUST_USE;
/* Its bytes: see index_body in index.h. */
enum err_code compose_body(struct tx *tx, struct blob_store *blobs, const struct composition *c,
                           enum index_form form, struct index_body **ret, struct err *err) MUST_USE;

#endif
