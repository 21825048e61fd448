/* blob_cache.h: local copies of blobs that lie elsewhere: <dir>/ab/<sha256>, bounded by bytes; what
 * was not used for the longest time goes first. Internal to blob/. Any thread.
 *
 * What is under a digest never changes, so a copy is never out of date. It is not fsynced either: a
 * copy found at opening is compared with its digest before its first use. */
#ifndef BLOB_BLOB_CACHE_H
#define BLOB_BLOB_CACHE_H
#include <limits.h>

#include "base/err.h"
#include "base/str.h"
#include "blob/spool.h"

struct blob_cache;

/* Takes over the copies that are in dir, up to max bytes, and removes the others. One at a time may
 * use a folder. */
enum err_code blob_cache_open(const char *dir, uint64_t max, struct blob_cache **ret_cache,
                              struct err *err) MUST_USE;
void blob_cache_close(struct blob_cache *c); /* accepts NULL */

/* Would a copy of so many bytes be kept? A quarter of all at most, so that one does not drive out
 * the others. */
bool blob_cache_keeps(const struct blob_cache *c, uint64_t size);
/* A descriptor of the caller's. ERR_NOT_FOUND if there is no copy. */
enum err_code blob_cache_get(struct blob_cache *c, struct str sha256, int *ret_fd,
                             uint64_t *ret_size, struct err *err) MUST_USE;
/* Path of the copy, whether or not there is one. */
void blob_cache_path(const struct blob_cache *c, struct str sha256, char out[PATH_MAX]);
/* The file of s becomes the copy of s->id. */
enum err_code blob_cache_add(struct blob_cache *c, struct spool *s, struct err *err) MUST_USE;
void blob_cache_drop(struct blob_cache *c, struct str sha256);

/* Many may want the same copy at once; one makes it. True: the caller makes it, and must tell how
 * it went. False: another made it meanwhile, and *ret_code tells how that went. ERR_NOMEM besides.
 */
bool blob_cache_begin(struct blob_cache *c, struct str sha256, enum err_code *ret_code,
                      struct err *err) MUST_USE;
void blob_cache_end(struct blob_cache *c, struct str sha256, enum err_code code,
                    const struct err *why);

#endif
