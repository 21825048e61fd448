/* chunk.c: see chunk.h.
 *
 * A blob is: zstd blocks, deflate blocks if there are any, directory. The directory is a zstd frame
 * of, for each item, the lengths of key and text, the time, and the key; numbers are LEB128. */
#include "index/chunk.h"

#include "base/digest.h"
#include "base/limits.h"
#include "format/stitch.h"
#include "format/zstd.h"

#define DIRECTORY_LEVEL 3

/* ---- packing ---- */

static void add_number(struct buf *out, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        buf_addc(out, (char)(0x80 | (v & 0x7f)));
    buf_addc(out, (char)v);
}

static void add_directory(struct buf *out, const struct chunk_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add_number(out, items[i].key.len);
        add_number(out, items[i].text.len);
        add_number(out, (uint64_t)items[i].ms);
        buf_add(out, items[i].key);
    }
}

static void join(struct buf *out, const struct chunk_item *items, size_t count,
                 struct str separator)
{
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_add(out, separator);
        buf_add(out, items[i].text);
    }
}

static int64_t newest_of(const struct chunk_item *items, size_t count)
{
    int64_t newest = 0;

    for (size_t i = 0; i < count; i++)
        if (items[i].ms > newest)
            newest = items[i].ms;
    return newest;
}

/* The compressed forms, in as many pieces as the text is long. The checksum of gzip is always
 * there: it costs next to nothing, and rows say it. */
static enum err_code compress(struct str text, bool gzip, struct buf *out,
                              struct index_chunk_row *row, struct err *err)
{
    struct gzip_sum sum = {0};
    size_t begin = out->len;
    enum err_code code = OK;

    for (size_t at = 0; code == OK && at < text.len; at += STITCH_TEXT_MAX)
        code = zstd_piece(str_sub(text, at, STITCH_TEXT_MAX), out, err);
    row->zstd_size = (int64_t)(out->len - begin);
    begin = out->len;
    for (size_t at = 0; code == OK && at < text.len; at += STITCH_TEXT_MAX) {
        struct str piece = str_sub(text, at, STITCH_TEXT_MAX);
        uint32_t crc = 0;

        if (!gzip) {
            gzip_sum_text(&sum, piece);
            continue;
        }
        code = gzip_piece(piece, out, &crc, err);
        gzip_sum_add(&sum, crc, piece.len);
    }
    row->gzip_size = (int64_t)(out->len - begin);
    row->text_size = (int64_t)text.len;
    row->text_crc = sum.crc;
    return code;
}

enum err_code chunk_pack(struct arena *mem, const struct chunk_item *items, size_t count,
                         struct chunk_form form, struct buf *out, struct index_chunk_row *ret_row,
                         struct err *err)
{
    AUTO(buf_done) struct buf text = BUF_INIT(LIMIT_INDEX_DOCUMENT);
    AUTO(buf_done) struct buf directory = BUF_INIT(LIMIT_INDEX_DOCUMENT);
    struct index_chunk_row row = {.items = (int64_t)count, .newest_ms = newest_of(items, count)};
    char sha256[SHA256_HEX + 1];
    size_t begin = out->len;
    enum err_code code;

    join(&text, items, count, form.separator);
    add_directory(&directory, items, count);
    if (!buf_ok(&text) || !buf_ok(&directory))
        return fail(err, ERR_NOMEM, "out of memory for a chunk of an index");
    code = compress(buf_str(&text), form.gzip, out, &row, err);
    if (code == OK)
        code = zstd_pack(buf_str(&directory), DIRECTORY_LEVEL, out, err);
    if (code)
        return code;
    if (!buf_ok(out))
        return fail(err, ERR_NOMEM, "out of memory for a chunk of an index");
    row.size = (int64_t)(out->len - begin);
    digest_sha256_hex(str_from(buf_str(out), begin), sha256);
    row.sha256 = str_dup(mem, str_of(sha256));
    row.first_key = str_dup(mem, items[0].key);
    if (!row.sha256.ptr || !row.first_key.ptr)
        return fail(err, ERR_NOMEM, "out of memory for a chunk of an index");
    *ret_row = row;
    return OK;
}

/* ---- unpacking ---- */

static enum err_code damaged(const struct index_chunk_row *row, struct err *err)
{
    return fail(err, ERR_IO, "blob " STR_FMT " is no chunk of an index, or of another one",
                STR_ARG(row->sha256));
}

static bool take_number(struct str *rest, uint64_t *ret)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 63 && rest->len; shift += 7) {
        unsigned char c = (unsigned char)rest->ptr[0];

        *rest = str_from(*rest, 1);
        v |= (uint64_t)(c & 0x7f) << shift;
        if (!(c & 0x80)) {
            *ret = v;
            return true;
        }
    }
    return false;
}

/* Takes the next `len` bytes. */
static bool take(struct str *rest, uint64_t len, struct str *ret)
{
    if (len > rest->len)
        return false;
    *ret = str_sub(*rest, 0, (size_t)len);
    *rest = str_from(*rest, (size_t)len);
    return true;
}

static bool take_item(struct str *directory, struct str *text, struct chunk_item *ret)
{
    uint64_t key_len, text_len, ms;

    if (!take_number(directory, &key_len) || !take_number(directory, &text_len) ||
        !take_number(directory, &ms) || ms > INT64_MAX)
        return false;
    ret->ms = (int64_t)ms;
    return take(directory, key_len, &ret->key) && take(text, text_len, &ret->text);
}

static bool split(struct str directory, struct str text, struct str separator,
                  struct chunk_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct str between;

        if (i && (!take(&text, separator.len, &between) || !str_eq(between, separator)))
            return false;
        if (!take_item(&directory, &text, &items[i]))
            return false;
    }
    return !directory.len && !text.len;
}

/* What a codec says of bytes that it cannot read: all but a lack of memory is damage. */
static enum err_code unread(const struct index_chunk_row *row, enum err_code code, struct err *err)
{
    return code == ERR_NOMEM ? fail(err, ERR_NOMEM, "out of memory for a chunk of an index")
                             : damaged(row, err);
}

enum err_code chunk_text(const struct index_chunk_row *row, struct str zstd, struct buf *out,
                         struct err *err)
{
    enum err_code code;

    if (zstd.len != (uint64_t)row->zstd_size)
        return damaged(row, err);
    code = zstd_piece_read(zstd, (size_t)row->text_size, out, NULL);
    return code ? unread(row, code, err) : OK;
}

/* Codecs notice no changed letter, and what is unpacked to be changed would be packed with it. */
static bool is_whole(const struct index_chunk_row *row, struct str blob)
{
    char sha256[SHA256_HEX + 1];

    if (blob.len != (uint64_t)row->size ||
        (uint64_t)row->zstd_size + (uint64_t)row->gzip_size > blob.len)
        return false;
    digest_sha256_hex(blob, sha256);
    return str_eq(row->sha256, str_of(sha256));
}

enum err_code chunk_unpack(struct arena *mem, const struct index_chunk_row *row, struct str blob,
                           struct str separator, struct chunk_item **ret_items, struct err *err)
{
    AUTO(buf_done) struct buf text = BUF_INIT(LIMIT_INDEX_DOCUMENT);
    AUTO(buf_done) struct buf directory = BUF_INIT(LIMIT_INDEX_DOCUMENT);
    size_t count = (size_t)row->items, zstd = (size_t)row->zstd_size;
    struct chunk_item *items = arena_array(mem, struct chunk_item, count);
    struct str texts, names;
    enum err_code code;

    if (!is_whole(row, blob))
        return damaged(row, err);
    if ((code = chunk_text(row, str_sub(blob, 0, zstd), &text, err)))
        return code;
    if ((code = zstd_unpack(str_from(blob, zstd + (size_t)row->gzip_size), &directory, NULL)))
        return unread(row, code, err);
    texts = str_dup(mem, buf_str(&text));
    names = str_dup(mem, buf_str(&directory));
    if (!items || !texts.ptr || !names.ptr)
        return fail(err, ERR_NOMEM, "out of memory for a chunk of an index");
    if (!split(names, texts, separator, items, count))
        return damaged(row, err);
    *ret_items = items;
    return OK;
}
