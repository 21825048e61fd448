/* downloads.c: counters of what was downloaded since the last flush (base/pending), one for each
 * file, day and kind of client. */
#include "core/downloads.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/pending.h"
#include "core/token_use.h"
#include "store/download.h"
#include "store/search.h"

/* One node at a time adds to the rows. */
#define PART "core/downloads"

enum {
    CHAINS = 1024,
    BATCH = 250, /* counters in one transaction: others wait for it */
    DAY_MS = 24 * 3600 * 1000,
};

struct counter {
    struct pending_note note; /* its key is the file's number */
    struct download_row row;
};

struct downloads {
    struct pending *counters;
    atomic_ullong lost; /* downloads for which there was no room */
};

static bool same(const struct pending_note *a, const struct pending_note *b)
{
    const struct download_row *x = &((const struct counter *)a)->row;
    const struct download_row *y = &((const struct counter *)b)->row;

    return x->day == y->day && str_eq(x->client, y->client);
}

static void add(struct pending_note *kept, const struct pending_note *note)
{
    ((struct counter *)kept)->row.count += ((const struct counter *)note)->row.count;
}

static void lose(void *user, const struct pending_note *note)
{
    struct downloads *d = user;
    int64_t count = ((const struct counter *)note)->row.count;

    atomic_fetch_add(&d->lost, (unsigned long long)count);
}

struct downloads *downloads_open(size_t max)
{
    static const struct pending_kind kind = {CHAINS, same, add, lose};
    struct downloads *d = mem_new(struct downloads);

    if (d && !(d->counters = pending_open(&kind, max, d))) {
        mem_free(d);
        return NULL;
    }
    return d;
}

void downloads_close(struct downloads *d)
{
    if (!d)
        return;
    pending_close(d->counters);
    mem_free(d);
}

/* ---- counting ---- */

void downloads_count_on(struct downloads *d, int64_t file_id, int64_t package_id, int64_t day,
                        struct str agent)
{
    const struct counter one = {.note = {.key = file_id},
                                .row = {.file_id = file_id,
                                        .package_id = package_id,
                                        .day = day,
                                        .client = str_of(token_use_client(agent)),
                                        .count = 1}};
    struct counter *c;

    if (!d || pending_merge(d->counters, &one.note))
        return;
    c = mem_new(struct counter); /* without a lock: others count meanwhile */
    if (!c) {
        lose(d, &one.note);
        return;
    }
    *c = one;
    pending_keep(d->counters, &c->note);
}

void downloads_count(struct app *app, int64_t file_id, int64_t package_id, struct str agent)
{
    downloads_count_on(app->downloads, file_id, package_id, clock_now_ms() / DAY_MS, agent);
}

/* ---- writing ---- */

static const struct download_row *row_of(const struct pending_note *note)
{
    return &((const struct counter *)note)->row;
}

/* Has a counter before this one the same package? */
static bool is_told(const struct pending_note *list, const struct pending_note *c)
{
    int64_t package_id = row_of(c)->package_id;

    while (list != c && row_of(list)->package_id != package_id)
        list = list->next;
    return list != c;
}

/* Writes up to BATCH counters from the head of the list; *ret_rest is what follows them. Packages
 * first: see store/download.h. */
static enum err_code write_some(void *ctx, struct pending_note *list,
                                struct pending_note **ret_rest, struct err *err)
{
    struct app *app = ctx;
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin_part(app->db, S(PART), &tx, err);
    struct pending_note *c, *rest = list;

    if (rc)
        return rc;
    tx_quiet(tx); /* else the caches would be emptied by what fills them */
    for (int n = 0; !rc && rest && n < BATCH; n++, rest = rest->next)
        rc = download_add_to_package(tx, row_of(rest), err);
    for (c = list; !rc && c != rest; c = c->next)
        if (!is_told(list, c))
            rc = search_recount(tx, row_of(c)->package_id, err);
    for (c = list; !rc && c != rest; c = c->next)
        rc = download_add_to_file(tx, row_of(c), err);
    if (rc || (rc = tx_commit(&tx, err)))
        return rc;
    *ret_rest = rest;
    return OK;
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
    enum err_code rc;

    if (!app->downloads)
        return OK;
    rc = pending_flush(app->downloads->counters, write_some, app, err);
    tell_lost(app);
    return rc;
}
