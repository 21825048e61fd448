#include "index/conda_lists.h"

#include "base/limits.h"
#include "format/json.h"
#include "index/conda_html.h"
#include "index/conda_run_exports.h"
#include "index/conda_shards.h"

/* clang-format off */
const struct list_kind conda_list_kinds[CONDA_LISTS] = {
    [CONDA_PACKAGES]       = {{"packages", 8}, {{",", 1}, true}, 8},
    [CONDA_PACKAGES_CONDA] = {{"packages.conda", 14}, {{",", 1}, true}, 8},
    [CONDA_EXPORTS]        = {{"run_exports", 11}, {{",", 1}, true}, 10},
    [CONDA_EXPORTS_CONDA]  = {{"run_exports.conda", 17}, {{",", 1}, true}, 10},
    [CONDA_SHARDS]         = {{"shards", 6}, {{"", 0}, false}, 10},
    [CONDA_PAGE]           = {{"page", 4}, {{"", 0}, false}, 8},
    [CONDA_CHANNELDATA]    = {{"channeldata", 11}, {{",", 1}, true}, 7},
    [CONDA_CHANNEL_PAGE]   = {{"page", 4}, {{"", 0}, false}, 8},
};
/* clang-format on */

unsigned conda_lists_of(struct str subdir, unsigned *ret_first)
{
    *ret_first = subdir.len ? 0 : CONDA_CHANNEL_FIRST;
    return subdir.len ? CONDA_CHANNEL_FIRST : CONDA_LISTS;
}

/* Hands on what was written to text, which is emptied. */
static enum err_code put(const struct conda_item_sink *sink, enum conda_list list, struct str key,
                         int64_t ms, struct buf *text, struct err *err)
{
    const struct chunk_item item = {.key = key, .text = buf_str(text), .ms = ms > 0 ? ms : 0};
    enum err_code code;

    if (!buf_ok(text))
        return fail(err, ERR_NOMEM, "out of memory for an item of an index");
    code = sink->put(sink->ctx, list, &item, err);
    buf_clear(text);
    return code;
}

enum err_code conda_lists_file(const struct conda_row *row, const json_t *record,
                               struct conda_item_sink sink, struct err *err)
{
    AUTO(buf_done) struct buf text = BUF_INIT(LIMIT_INFO_TOTAL);
    bool v2 = conda_row_is_v2(row);
    enum err_code code;

    conda_row_begin_member(&text, row);
    json_canonical(&text, record);
    code = put(&sink, v2 ? CONDA_PACKAGES_CONDA : CONDA_PACKAGES, row->filename, row->uploaded_ms,
               &text, err);
    if (code)
        return code;
    conda_row_begin_member(&text, row);
    conda_run_exports_value(row, &text);
    code = put(&sink, v2 ? CONDA_EXPORTS_CONDA : CONDA_EXPORTS, row->filename, row->uploaded_ms,
               &text, err);
    if (code)
        return code;
    conda_subdir_page_row(row, &text);
    return put(&sink, CONDA_PAGE, row->filename, row->uploaded_ms, &text, err);
}

enum err_code conda_lists_shard(struct str package, const uint8_t sha256[SHA256_LEN], int64_t ms,
                                struct conda_item_sink sink, struct err *err)
{
    AUTO(buf_done) struct buf text = BUF_INIT(KIB);

    conda_shards_member(package, sha256, &text);
    return put(&sink, CONDA_SHARDS, package, ms, &text, err);
}

enum err_code conda_lists_package(const struct conda_package *package, struct conda_item_sink sink,
                                  struct err *err)
{
    AUTO(buf_done) struct buf text = BUF_INIT(LIMIT_INFO_TOTAL);
    enum err_code code;

    conda_channeldata_member(package, &text);
    code = put(&sink, CONDA_CHANNELDATA, package->name, package->uploaded_ms, &text, err);
    if (code)
        return code;
    conda_channel_page_row(package, &text);
    return put(&sink, CONDA_CHANNEL_PAGE, package->name, package->uploaded_ms, &text, err);
}
