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

typedef enum err_code query_fn(struct tx *tx, int64_t account_id, struct str label,
                               struct str subdir, enum access_level widest, struct rows **ret_rows,
                               struct err *err);

/* Calls fn for each file that the view shows, in the order of the query. */
static enum err_code each_file(struct reading *r, query_fn *query,
                               enum err_code (*fn)(struct reading *r, const struct conda_row *row,
                                                   void *ctx, struct err *err),
                               void *ctx, struct err *err)
{
    const struct conda_engine *e = r->e;
    AUTO(buf_done) struct buf texts = BUF_INIT(LIMIT_INFO_TOTAL);
    AUTO(rows_endp) struct rows *rows = NULL;
    struct conda_row row;
    enum err_code code =
        query(e->store.tx, e->ch->account_id, e->ch->label, e->subdir, r->level, &rows, err);

    while (code == OK && rows_next(rows)) {
        code = conda_row_read(rows, &texts, &row, err);
        if (code == OK)
            code = fn(r, &row, ctx, err);
    }
    return code ? code : rows_error(rows, err);
}

/* ---- a subdir: by file name, and once more by package, so that one package at a time is held ----
 */

static enum err_code take_file(struct reading *r, const struct conda_row *row, void *ctx,
                               struct err *err)
{
    AUTO(json_decrefp) json_t *record = NULL;
    enum err_code code = conda_row_record(row, &record, err);

    (void)ctx;
    return code ? code : conda_lists_file(row, record, r->items, err);
}

/* The package under way. */
struct sharding {
    struct conda_shards shards;
    struct buf package;
};

static void sharding_done(struct sharding *s)
{
    conda_shards_done(&s->shards);
    buf_done(&s->package);
}

static enum err_code take_shard(void *reading, const struct conda_shard *shard, struct err *err)
{
    struct reading *r = reading;
    enum err_code code = r->shards.put(r->shards.ctx, shard, err);

    return code ? code
                : conda_lists_shard(shard->package, shard->sha256, shard->newest_ms, r->items, err);
}

/* Hands on the shard of the package under way, if there is one. */
static enum err_code end_package(struct reading *r, struct sharding *s, struct err *err)
{
    enum err_code code =
        conda_shards_each(&s->shards, (struct conda_shard_sink){take_shard, r}, err);

    conda_shards_done(&s->shards);
    conda_shards_init(&s->shards);
    return code;
}

static enum err_code take_for_shard(struct reading *r, const struct conda_row *row, void *sharding,
                                    struct err *err)
{
    struct sharding *s = sharding;
    AUTO(json_decrefp) json_t *record = NULL;
    enum err_code code = OK;

    if (!str_eq(buf_str(&s->package), row->package)) {
        code = end_package(r, s, err);
        buf_clear(&s->package);
        buf_add(&s->package, row->package);
    }
    if (code == OK)
        code = conda_row_record(row, &record, err);
    return code ? code : conda_shards_add(&s->shards, row, record, err);
}

static enum err_code read_subdir(struct reading *r, struct err *err)
{
    AUTO(sharding_done) struct sharding s = {.package = BUF_INIT(KIB)};
    enum err_code code;

    conda_shards_init(&s.shards);
    code = each_file(r, file_query_channel, take_file, NULL, err);
    if (code == OK)
        code = each_file(r, file_query_channel_packages, take_for_shard, &s, err);
    return code ? code : end_package(r, &s, err);
}

/* ---- a channel ---- */

static void take_package(void *reading, const struct conda_package *package)
{
    struct reading *r = reading;

    if (r->code == OK)
        r->code = conda_lists_package(package, r->items, r->err);
}

static enum err_code take_channel_file(struct reading *r, const struct conda_row *row, void *data,
                                       struct err *err)
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
        code = each_file(r, file_query_channel, take_channel_file, data, err);
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
