/* told_empty.h: who was told that a package or release is empty removes it as the empty one that it
 * was (decision 008).
 *
 * anaconda-client, when an upload has failed, looks whether what it had made for it is empty, and
 * removes it then. Somebody else may publish in between, and would lose that. */
#ifndef CORE_TOLD_EMPTY_H
#define CORE_TOLD_EMPTY_H
#include "app.h"
#include "base/arena.h"
#include "core/actor.h"
#include "store/package.h"
#include "store/upload.h"

/* What holds for so long; whoever removes later has thought of it anew. */
#define TOLD_EMPTY_MS (INT64_C(3600) * 1000)

/* The actor is about to be told whether a package, or with a release's number that release, has no
 * files. Remembered of those who may remove it; what is not empty any more takes back what was told
 * before. In transactions of its own, that change nothing that is cached. Fails rather than let
 * somebody be told what is not remembered. */
enum err_code told_empty_note(struct app *app, struct arena *mem, const struct actor *actor,
                              const struct package_row *package, int64_t release_id, bool empty,
                              struct err *err) MUST_USE;

/* For removals, in their transaction: ERR_NOT_FOUND if the actor was told that it is empty, and it
 * has files by now; anaconda-client is content with that. files: how many it has. */
enum err_code told_empty_check(struct tx *tx, const struct actor *actor,
                               const struct package_row *package, const struct release_row *release,
                               size_t files, struct err *err) MUST_USE;

/* An upload is committed: whoever announced it after he was told knows that there is a file. */
enum err_code told_empty_committed(struct tx *tx, const struct upload_row *upload,
                                   struct err *err) MUST_USE;

#endif
