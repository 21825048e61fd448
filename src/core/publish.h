/* publish.h: the way of a file into the repository: announced, received, committed.
 *
 *   stage    names, rights and duplicates are checked; a ticket is made
 *   receive  bytes stream into the blob store while they are hashed; the ticket is the only key
 *   commit   the archive is read in the sandbox, agrees with its name and with what was declared;
 *            one transaction holds rows, labels, indexes and the audit row
 * What is acknowledged is durable and in every index; before that nothing is visible. */
#ifndef CORE_PUBLISH_H
#define CORE_PUBLISH_H
#include <jansson.h>

#include "app.h"
#include "base/arena.h"
#include "core/actor.h"
#include "core/kind.h"
#include "store/file.h"
#include "store/package.h"
#include "store/upload.h"

struct stage_request {
    struct str type;          /* a name of core/kind */
    struct str description;   /* may be empty */
    const struct str *labels; /* folded to lower case; none: "main" */
    size_t label_count;
    struct str sha256;   /* hex, or empty: then only the digest of the form is checked */
    const json_t *attrs; /* what the client read from the file; may be NULL */
};
struct staged {
    struct str ticket;  /* secret: whoever has it may send the bytes, once */
    struct str dist_id; /* handle for the commit */
};
/* ERR_NOT_FOUND: no such package or release; ERR_CONFLICT: a committed file has this name and (as
 * far as declared) other bytes; ERR_INVALID, ERR_UNPROCESSABLE: names or labels break a rule;
 * ERR_DENIED: the actor's token is not for a label, or for files of this kind, or a label is
 * locked, or he may not publish to a package that clients take for the same (core/namesake);
 * ERR_TOO_BIG: the account's quota is used up. */
enum err_code publish_stage(struct app *app, struct arena *mem, const struct actor *actor,
                            const struct file_path *path, const struct stage_request *req,
                            struct staged *ret, struct err *err) MUST_USE;

/* Receiving the bytes of a ticket. ERR_NOT_FOUND: unknown or expired; ERR_CONFLICT: used. */
struct receiver;
enum err_code publish_receive(struct app *app, struct arena *mem, struct str ticket,
                              struct receiver **ret, struct err *err) MUST_USE;
/* ERR_TOO_BIG: more than the settings allow, or than the account has room for. */
enum err_code receiver_write(struct receiver *r, struct str chunk, struct err *err) MUST_USE;
/* size (-1: unknown) and md5_base64 (empty: unknown) as the form declared them. ERR_INVALID when
 * a digest or the size differs: then nothing is kept. */
enum err_code receiver_finish(struct receiver *r, int64_t size, struct str md5_base64,
                              struct err *err) MUST_USE;
void receiver_close(void *r); /* drops what was not finished; fit for arena_defer */

/* ERR_INVALID: the archive is refused, and why (nothing of it stays); ERR_CONFLICT: the name was
 * taken meanwhile by other bytes; ERR_NOT_FOUND: no such upload (any more); ERR_DENIED: the actor's
 * token is not for one of its labels, or one is locked; ERR_TOO_BIG: the account has no room for
 * it. The same bytes under the same name succeed quietly. */
enum err_code publish_commit(struct app *app, struct arena *mem, const struct actor *actor,
                             const struct file_path *path, struct str dist_id, struct file_row *ret,
                             struct err *err) MUST_USE;

/* For core/publish_file, where files that were not announced end in the same way. The labels as a
 * JSON array, folded to lower case; none means main. ERR_INVALID. */
enum err_code publish_labels(struct arena *mem, const struct stage_request *req, struct str *ret,
                             struct err *err) MUST_USE;
/* Is the actor's token for all of these? ERR_DENIED. */
enum err_code publish_check_labels(const struct actor *actor, struct str labels_json,
                                   struct err *err) MUST_USE;
/* The file's row: a new one, or the one that is there already with the same bytes. ERR_CONFLICT;
 * ERR_TOO_BIG: the account's quota. */
enum err_code publish_insert_file(struct app *app, struct tx *tx, struct arena *mem,
                                  const struct file_path *path, const struct upload_row *upload,
                                  struct file_row *file, struct err *err) MUST_USE;
/* The same where its name is known to be free. ERR_TOO_BIG: the account's quota. */
enum err_code publish_new_file(struct app *app, struct tx *tx, const struct upload_row *upload,
                               struct file_row *file, struct err *err) MUST_USE;
/* ERR_DENIED: one that the file does not have yet is locked. */
enum err_code publish_attach_labels(struct tx *tx, struct arena *mem,
                                    const struct package_row *package,
                                    const struct upload_row *upload, int64_t file_id,
                                    struct err *err) MUST_USE;

#endif
