/* moment.h: which of the states that a channel had is meant by "gen-12" or "2026-09-01T12:00". */
#ifndef CORE_MOMENT_H
#define CORE_MOMENT_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "store/db.h"

/* The number of the generation (store/generation) that a text means: "gen-NUMBER", or a date or a
 * moment (RFC 3339; without a zone in UTC, without seconds the whole minute): what was there when
 * the day, minute or second ended. ERR_INVALID: it means nothing; ERR_NOT_FOUND: there is no such
 * generation, or it is not kept any more, with the number that is the first that can be had. */
enum err_code moment_find(struct tx *tx, struct arena *mem, int64_t account_id, struct str text,
                          int64_t *ret_number, struct err *err) MUST_USE;

#endif
