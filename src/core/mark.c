#include "core/mark.h"

#include "base/digest.h"
#include "base/limits.h"
#include "base/rand.h"
#include "blob/blob.h"
#include "store/db.h"
#include "store/file.h"
#include "store/mark.h"

#define NAME_LEN 32

enum err_code mark_of(struct app *app, struct arena *mem, struct str *ret_sha256, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin(app->db, TX_READ, &tx, err);

    return rc ? rc : mark_find(tx, mem, ret_sha256, err);
}

static enum err_code put(struct app *app, struct tx *tx, struct err *err)
{
    char name[NAME_LEN + 1], text[NAME_LEN + 60];
    struct blob_id id;
    enum err_code rc;

    rand_text(name, NAME_LEN);
    (void)snprintf(text, sizeof text, "Here are the files of the Terrarium database %s.\n", name);
    rc = blob_put(app->blobs, str_of(text), &id, err);
    return rc ? rc : mark_insert(tx, str_of(id.sha256), err);
}

/* Unless somebody else is faster: then that is the mark. */
static enum err_code set(struct app *app, struct arena *mem, struct str *ret_sha256,
                         struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin(app->db, TX_WRITE, &tx, err);

    if (rc)
        return rc;
    rc = mark_find(tx, mem, ret_sha256, err);
    if (rc != ERR_NOT_FOUND)
        return rc;
    if ((rc = put(app, tx, err)) || (rc = mark_find(tx, mem, ret_sha256, err)))
        return rc;
    return tx_commit(&tx, err);
}

enum err_code mark_renew(struct app *app, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc;

    if ((rc = tx_begin(app->db, TX_WRITE, &tx, err)) || (rc = mark_delete(tx, err)) ||
        (rc = put(app, tx, err)))
        return rc;
    return tx_commit(&tx, err);
}

void mark_unfinished(struct str source_mark, char *out)
{
    (void)snprintf(out, SHA256_HEX + 1, MARK_UNFINISHED "%.*s",
                   SHA256_HEX - (int)(sizeof(MARK_UNFINISHED) - 1), source_mark.ptr);
}

enum err_code mark_check(struct app *app, struct str place, bool may_set, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    struct str sha256 = {0};
    uint64_t size;
    enum err_code rc;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory");
    rc = mark_of(app, mem, &sha256, err);
    if (rc == ERR_NOT_FOUND && may_set)
        rc = set(app, mem, &sha256, err);
    if (rc == ERR_NOT_FOUND)
        return fail(err, ERR_INVALID,
                    "nobody has said yet that the files of this database are in \"" STR_FMT
                    "\": start a server with both first",
                    STR_ARG(place));
    if (rc)
        return rc;
    rc = blob_stat(app->blobs, sha256, &size, err);
    if (rc == ERR_NOT_FOUND && str_starts(sha256, S(MARK_UNFINISHED)))
        return fail(err, ERR_INVALID,
                    "a migration into this database has not come to its end: run it again");
    if (rc == ERR_NOT_FOUND)
        return fail(err, ERR_INVALID,
                    "the files of this database are not in \"" STR_FMT
                    "\", which lacks their mark %.12s: the setting blobs or db is wrong",
                    STR_ARG(place), sha256.ptr);
    return rc;
}
