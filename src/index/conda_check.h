/* conda_check.h: is what is kept of a place of a conda channel what its rows give? Internal to
 * index/. */
#ifndef INDEX_CONDA_CHECK_H
#define INDEX_CONDA_CHECK_H
#include "index/conda_engine.h"

/* Calls differs_fn for each document and list, of each view, that is not equal, is missing, or
 * should not be there: chunk by chunk. Changes nothing. */
enum err_code conda_check(const struct conda_engine *e, index_differs_fn *differs_fn, void *ctx,
                          struct err *err) MUST_USE;

#endif
