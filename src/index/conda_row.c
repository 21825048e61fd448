/* conda_row.c: see conda_row.h. */
#include "index/conda_row.h"

#include "base/digest.h"
#include "base/limits.h"
#include "base/text.h"
#include "format/json.h"
#include "store/file.h"

static const struct {
    int col;
    size_t offset;
} text_cols[] = {
    {FILE_CHANNEL_FILENAME, offsetof(struct conda_row, filename)},
    {FILE_CHANNEL_PACKAGE, offsetof(struct conda_row, package)},
    {FILE_CHANNEL_VERSION, offsetof(struct conda_row, version)},
    {FILE_CHANNEL_SUBDIR, offsetof(struct conda_row, subdir)},
    {FILE_CHANNEL_SHA256, offsetof(struct conda_row, sha256)},
    {FILE_CHANNEL_MD5, offsetof(struct conda_row, md5)},
    {FILE_CHANNEL_RECORD, offsetof(struct conda_row, record)},
    {FILE_CHANNEL_RUN_EXPORTS, offsetof(struct conda_row, run_exports)},
    {FILE_CHANNEL_ABOUT, offsetof(struct conda_row, about)},
    {FILE_CHANNEL_FACTS, offsetof(struct conda_row, facts)},
};

/* Texts of a cursor are only good until its next call, so each is copied as it is read. */
enum err_code conda_row_read(struct rows *rows, struct buf *texts, struct conda_row *ret_row,
                             struct err *err)
{
    struct conda_row row = {0};
    size_t len[COUNT(text_cols)];
    const char *at;

    buf_clear(texts);
    for (size_t i = 0; i < COUNT(text_cols); i++) {
        struct str s = rows_text(rows, text_cols[i].col);

        len[i] = s.len;
        buf_add(texts, s);
    }
    if (!buf_ok(texts))
        return fail(err, ERR_NOMEM, "out of memory while reading a file's row");
    at = texts->ptr;
    for (size_t i = 0; i < COUNT(text_cols); i++) {
        struct str *field = (void *)((char *)&row + text_cols[i].offset);

        *field = (struct str){at, len[i]};
        at += len[i];
    }
    row.size = rows_int(rows, FILE_CHANNEL_SIZE);
    row.uploaded_ms = rows_int(rows, FILE_CHANNEL_UPLOADED);
    row.built_ms = rows_int(rows, FILE_CHANNEL_BUILT);
    row.package_id = rows_int(rows, FILE_CHANNEL_PACKAGE_ID);
    if (!access_level_parse(rows_text(rows, FILE_CHANNEL_ACCESS), &row.access))
        return fail(err, ERR_IO, "file \"" STR_FMT "\" has no known access", STR_ARG(row.filename));
    *ret_row = row;
    return OK;
}

bool conda_row_is_v2(const struct conda_row *row)
{
    return str_ends(row->filename, S(".conda"));
}

enum err_code conda_row_record(const struct conda_row *row, json_t **ret_record, struct err *err)
{
    AUTO(json_decrefp) json_t *record = NULL;
    struct str old_md5;
    enum err_code code;

    if (!text_is_hex(row->sha256, SHA256_HEX) || !text_is_hex(row->md5, MD5_HEX))
        return fail(err, ERR_INVALID, "file \"" STR_FMT "\" has a malformed digest in its row",
                    STR_ARG(row->filename));
    code = json_parse_object(row->record, &record, err);
    if (code)
        return code;
    /* Clients refuse a shard in which this optional member is not 16 bytes. */
    old_md5 = json_get_str(record, "legacy_bz2_md5");
    if (!text_is_hex(old_md5, MD5_HEX))
        (void)json_object_del(record, "legacy_bz2_md5"); /* absent is as good */
    if (json_object_set_new(record, "md5", json_of(row->md5)) ||
        json_object_set_new(record, "sha256", json_of(row->sha256)) ||
        json_object_set_new(record, "size", json_integer(row->size)) ||
        json_object_set_new(record, "indexed_timestamp", json_integer(row->uploaded_ms)))
        return fail(err, ERR_NOMEM, "out of memory while completing a record");
    *ret_record = TAKE(record);
    return OK;
}

void conda_row_begin_member(struct buf *out, const struct conda_row *row)
{
    json_string_literal(out, row->filename);
    buf_addc(out, ':');
}

void conda_maps_init(struct conda_maps *m)
{
    *m = (struct conda_maps){BUF_INIT(LIMIT_INDEX_DOCUMENT), BUF_INIT(LIMIT_INDEX_DOCUMENT)};
}

void conda_maps_done(struct conda_maps *m)
{
    buf_done(&m->packages);
    buf_done(&m->packages_conda);
}

struct buf *conda_maps_add(struct conda_maps *m, const struct conda_row *row)
{
    struct buf *map = conda_row_is_v2(row) ? &m->packages_conda : &m->packages;

    if (map->len)
        buf_addc(map, ',');
    conda_row_begin_member(map, row);
    return map;
}

void conda_maps_write(const struct conda_maps *m, struct buf *out)
{
    buf_addz(out, CONDA_MAPS_BEGIN);
    buf_add(out, buf_str(&m->packages));
    buf_addz(out, CONDA_MAPS_BETWEEN);
    buf_add(out, buf_str(&m->packages_conda));
    buf_addz(out, CONDA_MAPS_END);
    if (!buf_ok(&m->packages) || !buf_ok(&m->packages_conda))
        out->failed = true;
}
