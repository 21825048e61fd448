/* pending.h: what is noted in memory until somebody writes it.
 *
 * Notes are kept in tables that are locked one by one, so that threads seldom wait for each other.
 * Notes of the same thing are merged into one. To be written, a table is taken out as a whole, so
 * no lock is held while the writing lasts, and what is noted meanwhile waits for the next time. */
#ifndef BASE_PENDING_H
#define BASE_PENDING_H
#include "base/common.h"
#include "base/err.h"

/* The beginning of each note; the rest is its user's. */
struct pending_note {
    struct pending_note *next; /* of pending.c, and of who writes a list */
    int64_t key;               /* set before it is given away; such numbers follow each other */
};

struct pending_kind {
    size_t chains; /* in each table */
    /* Are two notes with the same key of the same thing? NULL: always. */
    bool (*same)(const struct pending_note *a, const struct pending_note *b);
    /* Takes a note up into the one that is kept of the same thing; the beginning of both stays as
     * it is. A lock is held: it is short, and takes none. */
    void (*merge)(struct pending_note *kept, const struct pending_note *note);
    /* There was no room for the note, which is freed afterwards. NULL: nobody asks. */
    void (*lose)(void *user, const struct pending_note *note);
};

enum { PENDING_TABLES = 16 };

struct pending;
/* kind: must outlive it. max: so many notes are kept between two flushes, divided among the tables.
 * user: for lose. NULL when out of memory. */
struct pending *pending_open(const struct pending_kind *kind, size_t max, void *user) MUST_USE;
void pending_close(struct pending *p); /* accepts NULL; forgets what was not written */

/* Merges the note, which stays the caller's, into the one that is kept of the same thing. False:
 * there is none. */
bool pending_merge(struct pending *p, const struct pending_note *note) MUST_USE;
/* Keeps the note, a piece of the heap that is not the caller's any more, or merges it. */
void pending_keep(struct pending *p, struct pending_note *note);

/* Writes some notes from the head of the list, which is not empty; *ret_rest is what follows them.
 * What fails has written nothing, and leaves *ret_rest alone. */
typedef enum err_code pending_write(void *ctx, struct pending_note *list,
                                    struct pending_note **ret_rest, struct err *err);
/* Writes what was noted since the last time. The first failure ends it, and its code is returned:
 * what was not written is kept for the next time. */
enum err_code pending_flush(struct pending *p, pending_write *write, void *ctx,
                            struct err *err) MUST_USE;

#endif
