/* conda_engine.h: keeps what the documents of conda channels are composed of up to the rows, at a
 * cost that follows the change. Internal to index/.
 *
 * A place is a subdir of a channel, or (subdir "") the channel itself. Of its views, those are kept
 * that ever had a package of exactly their access; a document that is the same as in the next
 * narrower view is not kept twice. */
#ifndef INDEX_CONDA_ENGINE_H
#define INDEX_CONDA_ENGINE_H
#include "index/compose.h"
#include "index/conda_shards.h"
#include "index/index.h"

struct conda_engine {
    struct list_store store;
    const struct channel *ch;
    struct str subdir;
};

/* Has this place ever been brought up to its rows by this engine? If not, it must be rebuilt. */
enum err_code conda_engine_knows(const struct conda_engine *e, bool *ret_known,
                                 struct err *err) MUST_USE;
/* Brings the place up to the rows of the files named. */
enum err_code conda_engine_update(const struct conda_engine *e, const struct index_change *changes,
                                  size_t count, struct err *err) MUST_USE;
/* Makes all of the place anew; what is there already stays. Bytes are put again even where rows say
 * that they are there. */
enum err_code conda_engine_rebuild(const struct conda_engine *e, struct err *err) MUST_USE;

/* For its own parts: makes the composed documents of a view current, or retires those that are the
 * same in a narrower one. */
enum err_code conda_engine_documents(const struct conda_engine *e, enum access_level level,
                                     struct err *err) MUST_USE;
struct index_place conda_engine_place(const struct conda_engine *e, enum access_level level);
/* Makes a shard the current one of its package in a view. */
enum err_code conda_engine_put_shard(const struct conda_engine *e, const struct index_place *place,
                                     const struct conda_shard *shard, struct err *err) MUST_USE;

#endif
