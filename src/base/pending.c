/* pending.c: a few hash tables with chaining, each under its lock. Keys are numbers of our own that
 * follow each other: they need no hash. */
#include "base/pending.h"

#include <assert.h>
#include <pthread.h>

#include "base/mem.h"

struct table {
    pthread_mutex_t lock;         /* guards the rest; never held with another lock */
    struct pending_note **chains; /* as many as the kind says */
    size_t count;
};

struct pending {
    const struct pending_kind *kind;
    void *user;
    size_t table_max; /* notes in each table */
    struct table tables[PENDING_TABLES];
};

struct pending *pending_open(const struct pending_kind *kind, size_t max, void *user)
{
    struct pending *p = mem_new(struct pending);

    assert(kind->chains && kind->merge);
    if (!p)
        return NULL;
    p->kind = kind;
    p->user = user;
    p->table_max = max / PENDING_TABLES;
    for (size_t i = 0; i < PENDING_TABLES; i++)
        if (pthread_mutex_init(&p->tables[i].lock, NULL))
            abort(); /* cannot fail on Linux with default attributes */
    for (size_t i = 0; i < PENDING_TABLES; i++) {
        p->tables[i].chains = mem_get(kind->chains * sizeof(struct pending_note *));
        if (!p->tables[i].chains) {
            pending_close(p);
            return NULL;
        }
    }
    return p;
}

static void lock(struct table *t)
{
    if (pthread_mutex_lock(&t->lock))
        abort(); /* cannot fail: the mutex is initialised and not held by us */
}

static void unlock(struct table *t)
{
    if (pthread_mutex_unlock(&t->lock))
        abort(); /* cannot fail, as above */
}

/* All notes of a table, as one list. */
static struct pending_note *take_all(const struct pending *p, struct table *t)
{
    struct pending_note *all = NULL;

    lock(t);
    for (size_t i = 0; t->chains && i < p->kind->chains; i++)
        while (t->chains[i]) {
            struct pending_note *note = t->chains[i];

            t->chains[i] = note->next;
            note->next = all;
            all = note;
        }
    t->count = 0;
    unlock(t);
    return all;
}

/* Frees the notes from the head of a list up to end. */
static void free_until(struct pending_note **list, const struct pending_note *end)
{
    while (*list != end) {
        struct pending_note *next = (*list)->next;

        mem_free(*list);
        *list = next;
    }
}

void pending_close(struct pending *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < PENDING_TABLES; i++) {
        struct table *t = &p->tables[i];
        struct pending_note *list = take_all(p, t);

        free_until(&list, NULL);
        mem_free(t->chains);
        (void)pthread_mutex_destroy(&t->lock); /* nobody holds it any more */
    }
    mem_free(p);
}

/* ---- noting ---- */

static struct table *table_of(struct pending *p, int64_t key)
{
    return &p->tables[(uint64_t)key % PENDING_TABLES];
}

/* Where the pointer to the note of the same thing is, or the end of its chain. Lock held. */
static struct pending_note **find(const struct pending *p, struct table *t,
                                  const struct pending_note *note)
{
    const struct pending_kind *kind = p->kind;
    struct pending_note **at = &t->chains[(uint64_t)note->key / PENDING_TABLES % kind->chains];

    while (*at && !((*at)->key == note->key && (!kind->same || kind->same(*at, note))))
        at = &(*at)->next;
    return at;
}

bool pending_merge(struct pending *p, const struct pending_note *note)
{
    struct table *t = table_of(p, note->key);
    struct pending_note *kept;

    lock(t);
    kept = *find(p, t, note);
    if (kept)
        p->kind->merge(kept, note);
    unlock(t);
    return kept;
}

void pending_keep(struct pending *p, struct pending_note *note)
{
    struct table *t = table_of(p, note->key);
    struct pending_note **at;
    bool kept = false, full = false;

    lock(t);
    at = find(p, t, note);
    if (*at) {
        p->kind->merge(*at, note);
    } else if (t->count < p->table_max) {
        note->next = NULL;
        *at = note;
        t->count++;
        kept = true;
    } else {
        full = true;
    }
    unlock(t);
    if (full && p->kind->lose)
        p->kind->lose(p->user, note);
    if (!kept)
        mem_free(note);
}

/* ---- writing ---- */

/* Frees what it has written; *list is what is left. */
static enum err_code write_all(pending_write *write, void *ctx, struct pending_note **list,
                               struct err *err)
{
    enum err_code rc = OK;

    while (!rc && *list) {
        struct pending_note *rest = NULL;

        rc = write(ctx, *list, &rest, err);
        if (!rc)
            free_until(list, rest);
    }
    return rc;
}

enum err_code pending_flush(struct pending *p, pending_write *write, void *ctx, struct err *err)
{
    enum err_code rc = OK;

    for (size_t i = 0; !rc && i < PENDING_TABLES; i++) {
        struct pending_note *list = take_all(p, &p->tables[i]);

        rc = write_all(write, ctx, &list, err);
        while (list) { /* what failed: it may have been noted again meanwhile */
            struct pending_note *next = list->next;

            pending_keep(p, list);
            list = next;
        }
    }
    return rc;
}
