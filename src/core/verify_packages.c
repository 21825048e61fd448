#include "core/verify_packages.h"

#include "base/limits.h"
#include "format/version_order.h"
#include "store/survey.h"

/* The package whose versions are being read. */
struct latest {
    int64_t id;
    struct arena *mem;     /* of all that follows; NULL: no package yet */
    struct str name, says; /* "alice/x" */
    struct str best;       /* newest of its versions; empty: none has files */
    struct version_order best_order;
    bool says_best; /* the row names a version that is as new as the best */
};

static void latest_done(struct latest *l)
{
    arena_close(TAKE(l->mem));
}

static enum err_code latest_begin(struct latest *l, struct rows *rows, struct err *err)
{
    struct str owner = rows_text(rows, SURVEY_VERSION_OWNER),
               package = rows_text(rows, SURVEY_VERSION_PACKAGE);

    *l = (struct latest){.id = rows_int(rows, SURVEY_VERSION_PACKAGE_ID),
                         .mem = arena_open(LIMIT_REQUEST_MEMORY)};
    if (!l->mem)
        return fail(err, ERR_NOMEM, "out of memory");
    l->name = str_fmt(l->mem, STR_FMT "/" STR_FMT, STR_ARG(owner), STR_ARG(package));
    l->says = str_dup(l->mem, rows_text(rows, SURVEY_VERSION_LATEST));
    if (!l->name.ptr || !l->says.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    return OK;
}

/* "1.0" and "1.0.0" are equally new: then either may be named. */
static enum err_code latest_add(struct latest *l, struct str text, struct err *err)
{
    struct str version = str_dup(l->mem, text);
    struct version_order parsed = {0};
    enum err_code rc = version.ptr ? version_order_of(l->mem, version, &parsed, err)
                                   : fail(err, ERR_NOMEM, "out of memory");
    int order;

    if (rc)
        return rc;
    order = l->best.len ? version_order_cmp(&parsed, &l->best_order) : 1;
    if (order > 0) {
        l->best = version;
        l->best_order = parsed;
        l->says_best = false;
    }
    if (order >= 0 && str_eq(version, l->says))
        l->says_best = true;
    return OK;
}

static bool latest_holds(const struct latest *l)
{
    return l->best.len ? l->says_best : l->says.len == 0;
}

enum err_code verify_latest(struct app *app, latest_differs_fn *differs, void *ctx,
                            uint64_t *ret_count, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    AUTO(rows_endp) struct rows *rows = NULL;
    AUTO(latest_done) struct latest l = {0};
    uint64_t count = 0;
    bool more = true;
    enum err_code rc;

    if ((rc = tx_begin(app->db, TX_READ, &tx, err)) || (rc = survey_versions(tx, &rows, err)))
        return rc;
    while (!rc && more) {
        more = rows_next(rows);
        if (l.mem && (!more || rows_int(rows, SURVEY_VERSION_PACKAGE_ID) != l.id)) {
            if (!latest_holds(&l))
                differs(ctx, l.name, l.says, l.best);
            latest_done(&l);
        }
        if (more && !l.mem) {
            count++;
            rc = latest_begin(&l, rows, err);
        }
        if (!rc && more && !rows_null(rows, SURVEY_VERSION_VERSION))
            rc = latest_add(&l, rows_text(rows, SURVEY_VERSION_VERSION), err);
    }
    if (rc || (rc = rows_error(rows, err)))
        return rc;
    *ret_count = count;
    return OK;
}
