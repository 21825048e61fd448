#include "core/gc.h"

#include "base/clock.h"
#include "base/limits.h"
#include "blob/blob.h"
#include "config.h"
#include "core/inventory.h"
#include "index/index.h"
#include "store/db.h"
#include "store/file.h"

/* No row is changed, so there is nothing to commit: the claim ends with the transaction. */
static enum err_code remove_unused(struct app *app, struct str sha256, bool *ret_removed,
                                   struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    bool claimed = false;
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, S("gc/blobs"), &tx, err)) ||
        (rc = file_claim_blob(tx, sha256, &claimed, err)) ||
        (claimed && (rc = blob_remove(app->blobs, sha256, err))))
        return rc;
    *ret_removed = claimed;
    return OK;
}

enum err_code gc_blobs(struct app *app, const struct str *sha256, size_t count, struct err *err)
{
    enum err_code rc = OK;
    bool removed;

    for (size_t i = 0; !rc && i < count; i++)
        rc = remove_unused(app, sha256[i], &removed, err);
    return rc;
}

#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* Not quietly: a retired document may be remembered by name, and its bytes go now. */
enum err_code gc_discarded(struct app *app, bool *ret_more, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    AUTO(tx_endp) struct tx *tx = NULL;
    struct digest_list digests = {0};
    enum err_code rc;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = tx_begin_part(app->db, S("gc/discarded"), &tx, err)) ||
        (rc = index_sweep(tx, mem, clock_now_ms(), app->config->history_days * DAY_MS, &digests,
                          ret_more, err)) ||
        (rc = tx_commit(&tx, err)))
        return rc;
    return gc_blobs(app, digests.items, digests.count, err);
}

/* ---- orphans ---- */

static bool stopped(const struct gc_options *options)
{
    return options->go_on && !options->go_on(options->ctx);
}

static enum err_code collect_orphan(struct app *app, const struct gc_options *options,
                                    const struct holding *h, struct gc_report *report,
                                    struct err *err)
{
    bool removed = options->dry_run;
    enum err_code rc = OK;

    if (!options->dry_run)
        rc = remove_unused(app, str_of(h->sha256), &removed, err);
    if (rc)
        return rc;
    if (removed) {
        report->blobs++;
        report->bytes += h->stored->size;
    } else {
        report->kept++;
    }
    return OK;
}

/* What the inventory shows is a hint; the claim decides. */
static enum err_code collect_part(struct app *app, const struct gc_options *options, unsigned part,
                                  struct gc_report *report, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(INVENTORY_MEMORY);
    struct inventory inv;
    struct holding h;
    enum err_code rc =
        mem ? inventory_take(app, mem, part, &inv, err) : fail(err, ERR_NOMEM, "out of memory");

    while (!rc && !stopped(options) && inventory_next(&inv, &h))
        if (!h.row_count)
            rc = collect_orphan(app, options, &h, report, err);
    return rc;
}

enum err_code gc_orphans(struct app *app, const struct gc_options *options,
                         struct gc_report *ret_report, struct err *err)
{
    struct gc_report report = {0};
    size_t uploads = 0;
    enum err_code rc = OK;

    for (unsigned part = 0; !rc && !stopped(options) && part < INVENTORY_PARTS; part++)
        rc = collect_part(app, options, part, &report, err);
    if (!rc && !options->dry_run && !stopped(options))
        rc = blob_sweep(app->blobs, clock_now_ms() - options->older_than_ms, &uploads, err);
    if (rc)
        return rc;
    report.uploads = uploads;
    *ret_report = report;
    return OK;
}
