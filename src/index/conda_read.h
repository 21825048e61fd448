/* conda_read.h: what all rows of a place put into its lists. Internal to index/. */
#ifndef INDEX_CONDA_READ_H
#define INDEX_CONDA_READ_H
#include "index/conda_engine.h"

/* Hands on every item that a view has, those of each list in the order of their keys, and (of a
 * subdir) every shard before its item. */
enum err_code conda_read(const struct conda_engine *e, enum access_level level,
                         struct conda_item_sink items, struct conda_shard_sink shards,
                         struct err *err) MUST_USE;

#endif
