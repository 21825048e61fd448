#include "core/inventory.h"

#include "base/limits.h"
#include "blob/blob.h"

/* Grows like store/reader's lists: by doubling, the arena keeps the smaller ones. */
struct listing {
    struct arena *mem;
    struct stored_blob *items;
    size_t count, room;
};

static enum err_code add_stored(void *ctx, struct str sha256, uint64_t size, struct err *err)
{
    struct listing *l = ctx;
    struct stored_blob *b;

    if (sha256.len != SHA256_HEX)
        return fail(err, ERR_IO, "the store holds \"" STR_FMT "\"", STR_ARG(sha256));
    if (l->count == l->room) {
        size_t room = l->room ? 2 * l->room : 64;
        struct stored_blob *grown = arena_array(l->mem, struct stored_blob, room);

        if (!grown)
            return fail(err, ERR_NOMEM, "out of memory for the list of blobs");
        if (l->count)
            memcpy(grown, l->items, l->count * sizeof *grown);
        l->items = grown;
        l->room = room;
    }
    b = &l->items[l->count++];
    memcpy(b->sha256, sha256.ptr, SHA256_HEX);
    b->sha256[SHA256_HEX] = '\0';
    b->size = size;
    return OK;
}

enum err_code inventory_take(struct app *app, struct arena *mem, unsigned part,
                             struct inventory *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct listing stored = {.mem = mem};
    struct inventory inv = {0};
    char digits[3];
    enum err_code rc;

    (void)snprintf(digits, sizeof digits, "%02x", part & 0xff);
    if ((rc = blob_list(app->blobs, str_of(digits), add_stored, &stored, err)) ||
        (rc = tx_begin(app->db, TX_READ, &tx, err)) ||
        (rc = survey_named(tx, mem, str_of(digits), &inv.named, err)))
        return rc;
    inv.stored = stored.items;
    inv.stored_count = stored.count;
    *ret = inv;
    return OK;
}

bool inventory_next(struct inventory *inv, struct holding *ret)
{
    const struct stored_blob *s =
        inv->stored_at < inv->stored_count ? &inv->stored[inv->stored_at] : NULL;
    const struct named_row *n =
        inv->named_at < inv->named.count ? &inv->named.rows[inv->named_at] : NULL;
    int order;

    if (!s && !n)
        return false;
    order = !s ? 1 : !n ? -1 : memcmp(s->sha256, n->sha256, SHA256_HEX);
    *ret = (struct holding){.sha256 = order <= 0 ? s->sha256 : n->sha256,
                            .stored = order <= 0 ? s : NULL,
                            .rows = order >= 0 ? n : NULL};
    if (order <= 0)
        inv->stored_at++;
    if (order < 0)
        return true;
    while (inv->named_at < inv->named.count &&
           !memcmp(inv->named.rows[inv->named_at].sha256, ret->sha256, SHA256_HEX))
        inv->named_at++;
    ret->row_count = (size_t)(&inv->named.rows[inv->named_at] - n);
    return true;
}
