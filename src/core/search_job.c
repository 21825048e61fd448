#include "core/search_job.h"

#include "base/limits.h"
#include "core/search_doc.h"
#include "store/search.h"

enum {
    FILL_BATCH = 50, /* packages in one transaction: others wait for it */
    TRIM_BATCH = 100,
    TRIM_AFTER = 100, /* batches of filling */
};

/* Tells nobody: no cache knows of what is found. */
static enum err_code commit(struct tx **tx, struct err *err)
{
    tx_quiet(*tx);
    return tx_commit(tx, err);
}

/* ---- packages that were there before ---- */

static enum err_code read_progress(struct app *app, int64_t *ret_form, int64_t *ret_filled,
                                   struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin(app->db, TX_READ, &tx, err);

    return rc ? rc : search_progress(tx, ret_form, ret_filled, err);
}

enum err_code search_rebuild(struct app *app, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc;

    if ((rc = tx_begin(app->db, TX_WRITE, &tx, err)) || (rc = search_words_forget(tx, err)) ||
        (rc = search_progress_set(tx, SEARCH_FORM, 0, err)))
        return rc;
    return commit(&tx, err);
}

/* Some more. The transaction is the only one: packages of anybody are at hand. */
static enum err_code fill_some(struct app *app, int64_t *filled, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    AUTO(tx_endp) struct tx *tx = NULL;
    struct search_id_list ids;
    enum err_code rc;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = tx_begin(app->db, TX_WRITE, &tx, err)) ||
        (rc = search_packages_after(tx, mem, *filled, FILL_BATCH, &ids, err)))
        return rc;
    for (size_t i = 0; !rc && i < ids.count; i++) {
        AUTO(arena_closep) struct arena *own = arena_open(LIMIT_REQUEST_MEMORY);

        rc = own ? search_refresh(tx, own, ids.items[i], err)
                 : fail(err, ERR_NOMEM, "out of memory");
    }
    /* Those that come from now on are made with their packages. */
    *filled = ids.count < FILL_BATCH ? INT64_MAX : ids.items[ids.count - 1];
    if (rc || (rc = search_progress_set(tx, SEARCH_FORM, *filled, err)))
        return rc;
    return commit(&tx, err);
}

/* ---- levels ---- */

static enum err_code raise_floor(struct app *app, int level, bool hidden, int64_t keep,
                                 struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    int64_t count = 0, most = SEARCH_LEVEL_GROWTH * keep;
    enum err_code rc;

    if ((rc = tx_begin(app->db, TX_READ, &tx, err)) ||
        (rc = search_level_count(tx, level, hidden, most + 1, &count, err)) || count <= most)
        return rc;
    tx_endp(&tx);
    tx = NULL;
    if ((rc = tx_begin(app->db, TX_WRITE, &tx, err)) ||
        (rc = search_level_raise(tx, level, hidden, keep, err)))
        return rc;
    return commit(&tx, err);
}

static enum err_code trim_some(struct app *app, int64_t *ret_count, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = tx_begin(app->db, TX_WRITE, &tx, err)) ||
        (rc = search_level_trim(tx, mem, TRIM_BATCH, ret_count, err)) || !*ret_count)
        return rc;
    return commit(&tx, err);
}

/* The smallest level first: a floor must not be over that of a smaller one. */
enum err_code search_trim(struct app *app, struct job_run *run, int64_t smallest, struct err *err)
{
    int64_t keep = smallest, count = 1;
    enum err_code rc = OK;

    for (int level = SEARCH_LEVELS - 1; !rc && level > 0 && job_go_on(run); level--, keep *= 10) {
        rc = raise_floor(app, level, /* hidden= */ false, keep, err);
        if (!rc)
            rc = raise_floor(app, level, /* hidden= */ true, keep, err);
    }
    while (!rc && count && job_go_on(run))
        rc = trim_some(app, &count, err);
    return rc;
}

/* ---- filling ---- */

enum err_code search_fill(struct app *app, struct job_run *run, struct err *err)
{
    int64_t form = 0, filled = 0;
    enum err_code rc = read_progress(app, &form, &filled, err);

    if (form != SEARCH_FORM)
        filled = 0;
    /* What is not kept small as it grows takes longer to write than to find. */
    for (int64_t batch = 1; !rc && filled < INT64_MAX && job_go_on(run); batch++) {
        rc = fill_some(app, &filled, err);
        if (!rc && batch % TRIM_AFTER == 0)
            rc = search_trim(app, run, SEARCH_LEVEL_SMALLEST, err);
    }
    return rc;
}
