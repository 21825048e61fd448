/* downloads.c: counters of what was downloaded since the last flush, in a few tables that are
 * locked one by one. A table is taken out as a whole to be written, so no lock is held while the
 * database works. */
#include "core/downloads.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/token_use.h"
#include "store/download.h"
#include "store/search.h"

/* One node at a time adds to the rows. */
#define PART "core/downloads"

enum {
    SHARDS = 16,
    CHAINS = 1024, /* in each */
    BATCH = 250,   /* counters in one transaction: others wait for it */
    DAY_MS = 24 * 3600 * 1000,
};

struct counter {
    struct counter *next;
    struct download_row row;
};

struct shard {
    pthread_mutex_t lock; /* guards the rest; never held with another lock */
    struct counter *chains[CHAINS];
    size_t count;
};

struct downloads {
    struct shard shards[SHARDS];
    size_t shard_max;   /* counters in each shard */
    atomic_ullong lost; /* downloads for which there was no room */
};

struct downloads *downloads_open(size_t max)
{
    struct downloads *d = mem_new(struct downloads);

    for (size_t i = 0; d && i < SHARDS; i++)
        if (pthread_mutex_init(&d->shards[i].lock, NULL))
            abort(); /* cannot fail on Linux with default attributes */
    if (d)
        d->shard_max = max / SHARDS;
    return d;
}

static void lock(struct shard *s)
{
    if (pthread_mutex_lock(&s->lock))
        abort(); /* cannot fail: the mutex is initialised and not held by us */
}

static void unlock(struct shard *s)
{
    if (pthread_mutex_unlock(&s->lock))
        abort(); /* cannot fail, as above */
}

/* All counters of a shard, as one list. */
static struct counter *take_all(struct shard *s)
{
    struct counter *all = NULL;

    lock(s);
    for (size_t i = 0; i < CHAINS; i++)
        while (s->chains[i]) {
            struct counter *c = s->chains[i];

            s->chains[i] = c->next;
            c->next = all;
            all = c;
        }
    s->count = 0;
    unlock(s);
    return all;
}

static void free_list(struct counter *list)
{
    while (list) {
        struct counter *next = list->next;

        mem_free(list);
        list = next;
    }
}

void downloads_close(struct downloads *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        free_list(take_all(&d->shards[i]));
        (void)pthread_mutex_destroy(&d->shards[i].lock); /* nobody holds it any more */
    }
    mem_free(d);
}

/* ---- counting ---- */

/* Numbers of files are ours, and follow each other: they need no hash. */
static struct shard *shard_of(struct downloads *d, int64_t file_id)
{
    return &d->shards[(uint64_t)file_id % SHARDS];
}

/* Where the pointer to the counter is, or the end of its chain. Lock held. */
static struct counter **find(struct shard *s, const struct download_row *row)
{
    struct counter **at = &s->chains[(uint64_t)row->file_id / SHARDS % CHAINS];

    while (*at && !((*at)->row.file_id == row->file_id && (*at)->row.day == row->day &&
                    str_eq((*at)->row.client, row->client)))
        at = &(*at)->next;
    return at;
}

/* Adds to the counter that there is. False: there is none. */
static bool add(struct shard *s, const struct download_row *row)
{
    struct counter *c;

    lock(s);
    c = *find(s, row);
    if (c)
        c->row.count += row->count;
    unlock(s);
    return c;
}

/* Makes c a counter, or adds it to the one that there is meanwhile. Frees c, or keeps it. */
static void put(struct downloads *d, struct counter *c)
{
    struct shard *s = shard_of(d, c->row.file_id);
    struct counter **at;
    bool kept = false, full = false;

    lock(s);
    at = find(s, &c->row);
    if (*at) {
        (*at)->row.count += c->row.count;
    } else if (s->count < d->shard_max) {
        c->next = NULL;
        *at = c;
        s->count++;
        kept = true;
    } else {
        full = true;
    }
    unlock(s);
    if (full)
        atomic_fetch_add(&d->lost, (unsigned long long)c->row.count);
    if (!kept)
        mem_free(c);
}

void downloads_count_on(struct downloads *d, int64_t file_id, int64_t package_id, int64_t day,
                        struct str agent)
{
    const struct download_row row = {.file_id = file_id,
                                     .package_id = package_id,
                                     .day = day,
                                     .client = str_of(token_use_client(agent)),
                                     .count = 1};
    struct counter *c;

    if (!d || add(shard_of(d, file_id), &row))
        return;
    c = mem_new(struct counter); /* without the lock: others count meanwhile */
    if (!c) {
        atomic_fetch_add(&d->lost, 1);
        return;
    }
    c->row = row;
    put(d, c);
}

void downloads_count(struct app *app, int64_t file_id, int64_t package_id, struct str agent)
{
    downloads_count_on(app->downloads, file_id, package_id, clock_now_ms() / DAY_MS, agent);
}

/* ---- writing ---- */

/* Has a counter before this one the same package? */
static bool is_told(const struct counter *list, const struct counter *c)
{
    while (list != c && list->row.package_id != c->row.package_id)
        list = list->next;
    return list != c;
}

/* Writes up to BATCH counters from the head of the list; *ret_rest is what follows them. Packages
 * first: see store/download.h. */
static enum err_code write_some(struct app *app, struct counter *list, struct counter **ret_rest,
                                struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin_part(app->db, S(PART), &tx, err);
    struct counter *c, *rest = list;

    if (rc)
        return rc;
    tx_quiet(tx); /* else the caches would be emptied by what fills them */
    for (int n = 0; !rc && rest && n < BATCH; n++, rest = rest->next)
        rc = download_add_to_package(tx, &rest->row, err);
    for (c = list; !rc && c != rest; c = c->next)
        if (!is_told(list, c))
            rc = search_recount(tx, c->row.package_id, err);
    for (c = list; !rc && c != rest; c = c->next)
        rc = download_add_to_file(tx, &c->row, err);
    if (rc || (rc = tx_commit(&tx, err)))
        return rc;
    *ret_rest = rest;
    return OK;
}

/* Frees what it has written; *list is what is left. */
static enum err_code write_all(struct app *app, struct counter **list, struct err *err)
{
    enum err_code rc = OK;

    while (!rc && *list) {
        struct counter *rest = NULL;

        rc = write_some(app, *list, &rest, err);
        while (!rc && *list != rest) {
            struct counter *next = (*list)->next;

            mem_free(*list);
            *list = next;
        }
    }
    return rc;
}

static void tell_lost(struct app *app)
{
    unsigned long long lost = atomic_exchange(&app->downloads->lost, 0);

    if (lost)
        log_msg(&app->log, LOG_WARN, "downloads_uncounted",
                "%llu downloads were not counted: there was no room for them", lost);
}

enum err_code downloads_flush(struct app *app, struct err *err)
{
    struct downloads *d = app->downloads;
    enum err_code rc = OK;

    for (size_t i = 0; d && !rc && i < SHARDS; i++) {
        struct counter *list = take_all(&d->shards[i]);

        rc = write_all(app, &list, err);
        while (list) { /* what failed */
            struct counter *next = list->next;

            put(d, list);
            list = next;
        }
    }
    if (d)
        tell_lost(app);
    return rc;
}
