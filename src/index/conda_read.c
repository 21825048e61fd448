#include "index/conda_read.h"

#include "base/limits.h"
#include "store/file.h"

struct reading {
    const struct conda_engine *e;
    enum access_level level;
    struct conda_item_sink items;
    struct conda_shard_sink shards;
    enum err_code code; /* of a sink that cannot tell */
    struct err *err;
};

/* Calls fn for each file that the view shows. */
static enum err_code each_file(const struct reading *r,
                               enum err_code (*fn)(const struct reading *r,
                                                   const struct conda_row *row, void *ctx,
                                                   struct err *err),
                               void *ctx, struct err *err)
{
    const struct conda_engine *e = r->e;
    AUTO(buf_done) struct buf texts = BUF_INIT(LIMIT_INFO_TOTAL);
    AUTO(rows_endp) struct rows *rows = NULL;
    struct conda_row row;
    enum err_code code = file_query_channel(e->store.tx, e->ch->account_id, e->ch->label,
                                            e->subdir, r->level, &rows, err);

    while (code == OK && rows_next(rows)) {
        code = conda_row_read(rows, &texts, &row, err);
        if (code == OK)
            code = fn(r, &row, ctx, err);
    }
    return code ? code : rows_error(rows, err);
}

/* ---- a subdir ---- */

static enum err_code take_file(const struct reading *r, const struct conda_row *row, void *shards,
                               struct err *err)
{
    AUTO(json_decrefp) json_t *record = NULL;
    enum err_code code = conda_row_record(row, &record, err);

    if (code == OK)
        code = conda_lists_file(row, record, r->items, err);
    return code ? code : conda_shards_add(shards, row, record, err);
}

static enum err_code take_shard(void *reading, const struct conda_shard *shard, struct err *err)
{
    struct reading *r = reading;
    enum err_code code = r->shards.put(r->shards.ctx, shard, err);

    return code ? code
                : conda_lists_shard(shard->package, shard->sha256, shard->newest_ms, r->items, err);
}

static enum err_code read_subdir(struct reading *r, struct err *err)
{
    AUTO(conda_shards_done) struct conda_shards shards;
    enum err_code code;

    conda_shards_init(&shards);
    code = each_file(r, take_file, &shards, err);
    return code ? code
                : conda_shards_each(&shards, (struct conda_shard_sink){take_shard, r}, err);
}

/* ---- a channel ---- */

static void take_package(void *reading, const struct conda_package *package)
{
    struct reading *r = reading;

    if (r->code == OK)
        r->code = conda_lists_package(package, r->items, r->err);
}

static enum err_code take_channel_file(const struct reading *r, const struct conda_row *row,
                                       void *data, struct err *err)
{
    enum err_code code = conda_channeldata_add(data, row, err);

    return code ? code : r->code;
}

static enum err_code read_channel(struct reading *r, struct err *err)
{
    AUTO(conda_channeldata_closep) struct conda_channeldata *data = NULL;
    enum err_code code =
        conda_channeldata_open((struct conda_package_sink){take_package, r}, &data, err);

    if (code == OK)
        code = each_file(r, take_channel_file, data, err);
    if (code == OK)
        code = conda_channeldata_end(data, err);
    return code ? code : r->code;
}

enum err_code conda_read(const struct conda_engine *e, enum access_level level,
                         struct conda_item_sink items, struct conda_shard_sink shards,
                         struct err *err)
{
    struct reading r = {.e = e, .level = level, .items = items, .shards = shards, .err = err};

    return e->subdir.len ? read_subdir(&r, err) : read_channel(&r, err);
}
