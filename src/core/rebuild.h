/* rebuild.h: makes indexes anew from the rows of files: after a mishap, or to be sure. */
#ifndef CORE_REBUILD_H
#define CORE_REBUILD_H
#include "app.h"
#include "base/err.h"
#include "base/str.h"

struct rebuild_report {
    uint64_t channels; /* made anew */
};
/* Those of every channel, or of one owner's (owner not empty), or of one label's (label not empty
 * either). What is right already stays as it is. Each channel is a transaction of its own, beside
 * which its owner's publishing waits. ERR_NOT_FOUND: there is no such channel. */
enum err_code rebuild_indexes(struct app *app, struct str owner, struct str label,
                              struct rebuild_report *ret_report, struct err *err) MUST_USE;

#endif
