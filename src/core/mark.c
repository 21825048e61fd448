#include "core/mark.h"

#include "base/limits.h"
#include "base/rand.h"
#include "blob/blob.h"
#include "store/db.h"
#include "store/file.h"
#include "store/mark.h"

#define NAME_LEN 32

static enum err_code find(struct app *app, struct arena *mem, struct str *ret_sha256,
                          struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin(app->db, TX_READ, &tx, err);

    return rc ? rc : mark_find(tx, mem, ret_sha256, err);
}

/* Unless somebody else is faster: then that is the mark. */
static enum err_code set(struct app *app, struct arena *mem, struct str *ret_sha256,
                         struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    char name[NAME_LEN + 1];
    struct str text;
    struct blob_id id;
    enum err_code rc;

    rand_text(name, NAME_LEN);
    text = str_fmt(mem, "Here are the files of the Terrarium database %s.\n", name);
    if (!text.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = tx_begin(app->db, TX_WRITE, &tx, err)))
        return rc;
    rc = mark_find(tx, mem, ret_sha256, err);
    if (rc != ERR_NOT_FOUND)
        return rc;
    if ((rc = blob_put(app->blobs, text, &id, err)) ||
        (rc = mark_insert(tx, str_of(id.sha256), err)) || (rc = tx_commit(&tx, err)))
        return rc;
    *ret_sha256 = str_dup(mem, str_of(id.sha256));
    return ret_sha256->ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

enum err_code mark_check(struct app *app, struct str place, bool may_set, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    struct str sha256 = {0};
    uint64_t size;
    enum err_code rc;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory");
    rc = find(app, mem, &sha256, err);
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
    if (rc == ERR_NOT_FOUND)
        return fail(err, ERR_INVALID,
                    "the files of this database are not in \"" STR_FMT
                    "\", which lacks their mark %.12s: the setting blobs or db is wrong",
                    STR_ARG(place), sha256.ptr);
    return rc;
}
