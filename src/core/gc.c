#include "core/gc.h"

#include "blob/blob.h"
#include "store/db.h"
#include "store/file.h"

enum err_code gc_blobs(struct app *app, const struct str *sha256, size_t count, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc;
    bool used;

    if (count == 0)
        return OK;
    if ((rc = tx_begin(app->db, TX_WRITE, &tx, err)))
        return rc;
    for (size_t i = 0; i < count; i++)
        if ((rc = file_blob_used(tx, sha256[i], &used, err)) ||
            (!used && (rc = blob_remove(app->blobs, sha256[i], err))))
            return rc;
    return OK; /* no row was changed: nothing to commit */
}
