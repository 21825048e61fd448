/* spool.h: a file in a folder of temporary files that bytes are received into while they are
 * hashed. Internal to blob/. */
#ifndef BLOB_SPOOL_H
#define BLOB_SPOOL_H
#include "base/digest.h"
#include "base/err.h"
#include "base/str.h"
#include "blob/blob.h"

struct spool {
    int fd;                /* readable and writable */
    char *path;            /* NULL once it has no name (any more), or another owner */
    struct digest *digest; /* NULL: id is known, or finished */
    struct blob_id id;
};
#define SPOOL_INIT ((struct spool){.fd = -1})

/* A new file in the folder, under a name nobody guesses (mode 0600). nameless: it has lost its name
 * already, so that nothing can be left behind. known: what the bytes will be; NULL: to be found
 * out. On failure s can only be done with. */
enum err_code spool_open(struct spool *s, const char *folder, bool nameless,
                         const struct blob_id *known, struct err *err) MUST_USE;
/* ERR_NO_SPACE when the disk is full. */
enum err_code spool_write(struct spool *s, struct str chunk, struct err *err) MUST_USE;
/* Completes id. Call once, after the last write. */
void spool_finish(struct spool *s);
/* The file is renamed to `to`, whose file it replaces, and is the caller's from now on. */
enum err_code spool_rename(struct spool *s, const char *to, struct err *err) MUST_USE;
void spool_done(struct spool *s); /* removes the file, unless it was renamed */

#endif
