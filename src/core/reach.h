/* reach.h: what somebody sees of everybody's packages, as core/access says of each account's. */
#ifndef CORE_REACH_H
#define CORE_REACH_H
#include "core/actor.h"
#include "store/access_level.h"
#include "store/db.h"

/* *ret lies in mem. An account's package is in reach if access_view of that account shows it. */
enum err_code reach_of(struct tx *tx, struct arena *mem, const struct actor *actor,
                       struct reach *ret, struct err *err) MUST_USE;

#endif
