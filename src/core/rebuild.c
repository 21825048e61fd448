#include "core/rebuild.h"

#include "base/clock.h"
#include "base/limits.h"
#include "index/index.h"
#include "store/survey.h"

/* Of the list of all channels. */
#define LIST_MEMORY (512 * MIB)

static enum err_code list_channels(struct app *app, struct arena *mem,
                                   struct surveyed_channels *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin(app->db, TX_READ, &tx, err);

    return rc ? rc : survey_channels(tx, mem, ret, err);
}

static enum err_code rebuild_channel(struct app *app, const struct surveyed_channel *row,
                                     struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    const struct channel ch = {row->account_id, row->owner, row->label, 0};
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, row->owner, &tx, err)) ||
        (rc = index_rebuild(tx, app->blobs, &ch, clock_now_ms(), err)))
        return rc;
    return tx_commit(&tx, err);
}

static bool is_meant(const struct surveyed_channel *row, struct str owner, struct str label)
{
    return (!owner.len || str_eq_nocase(row->owner, owner)) &&
           (!label.len || str_eq(row->label, label));
}

enum err_code rebuild_indexes(struct app *app, struct str owner, struct str label,
                              struct rebuild_report *ret_report, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIST_MEMORY);
    struct surveyed_channels channels = {0};
    struct rebuild_report report = {0};
    enum err_code rc =
        mem ? list_channels(app, mem, &channels, err) : fail(err, ERR_NOMEM, "out of memory");

    for (size_t i = 0; !rc && i < channels.count; i++)
        if (is_meant(&channels.rows[i], owner, label)) {
            rc = rebuild_channel(app, &channels.rows[i], err);
            report.channels++;
        }
    if (rc)
        return rc;
    if (owner.len && !report.channels)
        return fail(err, ERR_NOT_FOUND, "there is no channel \"" STR_FMT "%s" STR_FMT "\"",
                    STR_ARG(owner), label.len ? "/label/" : "", STR_ARG(label));
    *ret_report = report;
    return OK;
}
