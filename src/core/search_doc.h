/* search_doc.h: what packages are found by, brought up to what they are. */
#ifndef CORE_SEARCH_DOC_H
#define CORE_SEARCH_DOC_H
#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

/* In the transaction of whatever changes a package, its owner or access, its files or their labels.
 * (For its downloads and favorites there is search_recount; before it goes, search_forget.) What is
 * in mem after it is of no use to anybody. */
enum err_code search_refresh(struct tx *tx, struct arena *mem, int64_t package_id,
                             struct err *err) MUST_USE;

/* Moves when the row or the terms of a package are others than they were: then those of all
 * packages are made anew (core/search_job). */
enum { SEARCH_FORM = 2 };

#endif
