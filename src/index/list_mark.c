#include "index/list_mark.h"

#include "base/text.h"

/* Adds, or takes away, a number of 256 bits; what does not fit is lost. */
static void sum(uint8_t mark[SHA256_LEN], const uint8_t digest[SHA256_LEN], bool plus)
{
    int carry = 0;

    for (size_t i = SHA256_LEN; i-- > 0;) {
        int v = mark[i] + (plus ? digest[i] : -digest[i]) + carry;

        mark[i] = (uint8_t)(v & 0xff);
        carry = v > 0xff ? 1 : v < 0 ? -1 : 0;
    }
}

static void change(struct list_totals *t, const struct index_chunk_row *c, bool plus)
{
    const int64_t sign = plus ? 1 : -1;
    char sha256[SHA256_HEX + 1];
    uint8_t digest[SHA256_LEN];
    char both[2 * SHA256_HEX];

    /* The key too: the same items may stand in another place. Its digest, for a fixed length. */
    digest_sha256_hex(c->first_key, sha256);
    memcpy(both, sha256, SHA256_HEX);
    memcpy(both + SHA256_HEX, c->sha256.ptr, SHA256_HEX);
    digest_sha256((struct str){both, sizeof both}, digest);
    sum(t->mark, digest, plus);
    t->row.items += sign * c->items;
    t->row.chunks += sign;
    t->row.text_size += sign * c->text_size;
    t->row.zstd_size += sign * c->zstd_size;
    t->row.gzip_size += sign * c->gzip_size;
}

enum err_code list_totals_of(const struct index_list_row *row, struct list_totals *ret,
                             struct err *err)
{
    struct list_totals t = {.row = *row};

    if (row->mark.len != SHA256_HEX || !text_unhex(row->mark, t.mark, sizeof t.mark))
        return fail(err, ERR_IO, "the mark of a list is \"" STR_FMT "\"", STR_ARG(row->mark));
    *ret = t;
    return OK;
}

void list_totals_add(struct list_totals *t, const struct index_chunk_row *chunk)
{
    change(t, chunk, true);
    if (chunk->newest_ms > t->row.newest_ms)
        t->row.newest_ms = chunk->newest_ms;
}

void list_totals_remove(struct list_totals *t, const struct index_chunk_row *chunk)
{
    change(t, chunk, false);
}

enum err_code list_totals_row(const struct list_totals *t, struct arena *mem,
                              struct index_list_row *ret, struct err *err)
{
    char hex[SHA256_HEX + 1];
    struct index_list_row row = t->row;

    text_hex(t->mark, sizeof t->mark, hex);
    row.mark = str_dup(mem, str_of(hex));
    if (!row.mark.ptr)
        return fail(err, ERR_NOMEM, "out of memory for a list");
    *ret = row;
    return OK;
}

bool list_totals_equal(const struct index_list_row *a, const struct index_list_row *b)
{
    return str_eq(a->mark, b->mark) && a->items == b->items && a->chunks == b->chunks &&
           a->text_size == b->text_size && a->zstd_size == b->zstd_size &&
           a->gzip_size == b->gzip_size && a->newest_ms == b->newest_ms;
}
