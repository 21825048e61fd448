/* jobs.c: what the server does by itself. A job changes nothing when there is nothing to do: each
 * commit of a change would empty the caches of all nodes. */
#include "base/clock.h"
#include "base/limits.h"
#include "core/downloads.h"
#include "core/gc.h"
#include "core/job.h"
#include "core/retention_apply.h"
#include "core/search_job.h"
#include "core/token.h"
#include "core/token_end.h"
#include "core/token_use.h"
#include "core/trash.h"
#include "store/credential.h"
#include "store/upload.h"

enum { BATCH = 64, MINUTE_MS = 60 * 1000 };

#define SWEEP_UPLOADS  "sweep-uploads"
#define SWEEP_INDEXES  "sweep-indexes"
#define SWEEP_SESSIONS "sweep-sessions"
#define SWEEP_TOKENS   "sweep-tokens"
#define WARN_TOKENS    "warn-tokens"
#define WRITE_USES     "write-token-uses"
#define WRITE_COUNTS   "write-downloads"
#define APPLY_RULES    "apply-retention"
#define EMPTY_TRASH    "empty-trash"
#define FILL_SEARCH    "fill-search"
#define TRIM_SEARCH    "trim-search"

/* Is any row past its expiry? */
typedef enum err_code any_fn(struct tx *tx, int64_t now_ms, bool *ret_any, struct err *err);

static enum err_code look(struct app *app, any_fn *any, int64_t now_ms, bool *ret_any,
                          struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin(app->db, TX_READ, &tx, err);

    return rc ? rc : any(tx, now_ms, ret_any, err);
}

/* Removes some of the rows that are past their expiry. */
typedef enum err_code some_fn(struct app *app, int64_t now_ms, struct err *err);

/* All that is past its expiry when it begins, so that it comes to an end. */
static enum err_code sweep(struct app *app, struct job_run *run, any_fn *any, some_fn *some,
                           struct err *err)
{
    int64_t now = clock_now_ms();
    enum err_code rc = OK;
    bool more = true;

    while (!rc && more && job_go_on(run)) {
        rc = look(app, any, now, &more, err);
        if (!rc && more)
            rc = some(app, now, err);
    }
    return rc;
}

/* ---- tickets that nobody used, with the bytes that came for them ---- */

static enum err_code sweep_some_uploads(struct app *app, int64_t now_ms, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    AUTO(tx_endp) struct tx *tx = NULL;
    struct digest_list digests = {0};
    enum err_code rc;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = tx_begin_part(app->db, S("job/" SWEEP_UPLOADS), &tx, err)) ||
        (rc = upload_delete_expired(tx, mem, now_ms, BATCH, &digests, err)))
        return rc;
    tx_quiet(tx); /* an expired upload is as good as none, for everybody */
    if ((rc = tx_commit(&tx, err)))
        return rc;
    return gc_blobs(app, digests.items, digests.count, err);
}

static enum err_code sweep_uploads(struct app *app, struct job_run *run, struct err *err)
{
    return sweep(app, run, upload_any_expired, sweep_some_uploads, err);
}

/* ---- sessions that are over ---- */

static enum err_code sweep_some_sessions(struct app *app, int64_t now_ms, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, S("job/" SWEEP_SESSIONS), &tx, err)) ||
        (rc = session_sweep(tx, now_ms, BATCH, err)))
        return rc;
    tx_quiet(tx); /* whoever remembers a session knows when it is over */
    return tx_commit(&tx, err);
}

/* Tokens stay when they are over: their owners want to see which one does not work any more. */
static enum err_code sweep_sessions(struct app *app, struct job_run *run, struct err *err)
{
    return sweep(app, run, session_any_expired, sweep_some_sessions, err);
}

/* ---- tokens that were revoked long ago ---- */

static enum err_code sweep_tokens(struct app *app, struct job_run *run, struct err *err)
{
    return sweep(app, run, token_any_forgotten, token_sweep_forgotten, err);
}

/* ---- tokens that will end, and that are used ---- */

static enum err_code warn_tokens(struct app *app, struct job_run *run, struct err *err)
{
    int64_t now = clock_now_ms();
    enum err_code rc = OK;
    bool more = true;

    while (!rc && more && job_go_on(run)) {
        rc = token_end_any(app, now, &more, err);
        if (!rc && more)
            rc = token_end_tell(app, now, err);
    }
    return rc;
}

static enum err_code write_uses(struct app *app, struct job_run *run, struct err *err)
{
    (void)run;
    return token_uses_flush(app, err);
}

static enum err_code write_counts(struct app *app, struct job_run *run, struct err *err)
{
    (void)run;
    return downloads_flush(app, err);
}

/* ---- documents of the indexes that were replaced, and the bytes of deleted accounts ---- */

static enum err_code sweep_indexes(struct app *app, struct job_run *run, struct err *err)
{
    enum err_code rc = OK;
    bool more = true;

    while (!rc && more && job_go_on(run))
        rc = gc_discarded(app, &more, err);
    return rc;
}

/* ---- the rules by which files go, and the trash that they go to ---- */

static enum err_code apply_rules(struct app *app, struct job_run *run, struct err *err)
{
    return retention_apply_all(app, run, err);
}

static enum err_code empty_trash(struct app *app, struct job_run *run, struct err *err)
{
    enum err_code rc = OK;
    bool more = true;

    while (!rc && more && job_go_on(run))
        rc = trash_empty_some(app, 0, &more, err);
    return rc;
}

/* ---- what packages are found by ---- */

static enum err_code trim_search(struct app *app, struct job_run *run, struct err *err)
{
    return search_trim(app, run, SEARCH_LEVEL_SMALLEST, err);
}

const struct job jobs[] = {
    {SWEEP_UPLOADS, 10 * MINUTE_MS, sweep_uploads, false},
    {SWEEP_INDEXES, MINUTE_MS, sweep_indexes, false},
    {SWEEP_SESSIONS, 60 * MINUTE_MS, sweep_sessions, false},
    {SWEEP_TOKENS, 60 * MINUTE_MS, sweep_tokens, false},
    {WARN_TOKENS, 60 * MINUTE_MS, warn_tokens, false},
    {WRITE_USES, MINUTE_MS, write_uses, true},
    {WRITE_COUNTS, MINUTE_MS, write_counts, true},
    {APPLY_RULES, 24 * 60 * MINUTE_MS, apply_rules, false},
    {EMPTY_TRASH, 60 * MINUTE_MS, empty_trash, false},
    {FILL_SEARCH, 60 * MINUTE_MS, search_fill, false},
    {TRIM_SEARCH, 10 * MINUTE_MS, trim_search, false},
    {NULL, 0, NULL, false},
};
