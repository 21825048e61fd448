/* publish_file.h: publishes a file that was received whole, without having been announced.
 *
 * What core/publish does in steps that may be on different nodes is one here: the archive is read
 * in the sandbox before anybody else can find it, then one transaction makes the package and the
 * release if they are new, and holds rows, labels, indexes and the audit rows. A refused file
 * leaves nothing behind. */
#ifndef CORE_PUBLISH_FILE_H
#define CORE_PUBLISH_FILE_H
#include "app.h"
#include "base/arena.h"
#include "blob/blob.h"
#include "core/actor.h"
#include "core/publish.h"
#include "store/file.h"

struct publish_request {
    struct stage_request
        file;           /* without labels, one that is replaced keeps its own; attrs unused */
    struct str summary; /* of a package that is new, unless the file has one; may be empty */
    struct str access;  /* of a package that is new; empty: as its owner or the settings say */
    bool force;         /* other bytes of this name give way, instead of ERR_CONFLICT */
};
enum publish_outcome {
    PUBLISH_NEW,
    PUBLISH_SAME, /* these bytes were there under this name; they may have more labels now */
    PUBLISH_REPLACED
};
/* Bytes that were received whole: the writer, synced, and what that gave. */
struct received {
    struct blob_writer *writer;
    struct blob_id id;
};
/* path: its basename may lack the folder that the file itself names ("x-1-0.conda"). The right to
 * write the package was checked before (core/access). The bytes are published if the file is.
 * Errors as publish_stage and publish_commit, and ERR_INVALID (field "sha256") when the bytes have
 * another digest than was declared. */
enum err_code publish_file(struct app *app, struct arena *mem, const struct actor *actor,
                           const struct file_path *path, const struct publish_request *req,
                           const struct received *bytes, struct file_row *ret,
                           enum publish_outcome *ret_outcome, struct err *err) MUST_USE;

#endif
