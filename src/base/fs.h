/* fs.h: files, done durably. Paths are NUL-terminated; descriptors are close-on-exec. */
#ifndef BASE_FS_H
#define BASE_FS_H
#include "base/arena.h"
#include "base/common.h"
#include "base/err.h"
#include "base/str.h"

void fd_closep(int *fd); /* for AUTO: closes if not negative, keeps errno */
int fd_take(int *fd);    /* hands a descriptor out of an AUTO variable, which becomes -1 */

/* Creates path and its missing parents (mode 0700); an existing folder is fine. */
enum err_code fs_mkdirs(const char *path, struct err *err) MUST_USE;
/* Whole file, at most max bytes, NUL added after the end. ERR_NOT_FOUND, ERR_TOO_BIG, ERR_IO,
 * ERR_NOMEM. */
enum err_code fs_read(struct arena *a, const char *path, size_t max, struct str *ret_data,
                      struct err *err) MUST_USE;
/* The first `size` bytes of an open file; its position stays. ERR_IO when it has fewer. */
enum err_code fs_read_fd(struct arena *a, int fd, uint64_t size, struct str *ret_data,
                         struct err *err) MUST_USE;
/* Replaces path with data (mode 0600): temp file beside it, fsync, rename, fsync of the folder.
 * After a failure path holds the old data, or, if only the last step failed, the new. */
enum err_code fs_write_durable(const char *path, struct str data, struct err *err) MUST_USE;
/* rename(from, to), then fsync of the folder of `to`. The caller has fsynced the file. */
enum err_code fs_rename_durable(const char *from, const char *to, struct err *err) MUST_USE;
/* Writes all of data at the descriptor's position. */
enum err_code fs_write_all(int fd, struct str data, struct err *err) MUST_USE;
/* Exclusive lock on a file (created if absent) for the life of the returned descriptor.
 * ERR_BUSY when another process holds it; err.msg then names that process's id if known. */
enum err_code fs_lock(const char *path, int *ret_fd, struct err *err) MUST_USE;
/* Removes every regular file directly in the folder; other entries stay. ERR_NOT_FOUND if there
 * is no folder. */
enum err_code fs_empty_dir(const char *path, struct err *err) MUST_USE;

/* Fault seam of tests: the environment variable TERRARIUM_FAULT="point:n:what" makes the n-th
 * pass through a named point fail with what (ENOSPC, EIO, or EDEADLK where two
 * transactions can collide) or kill the process (KILL). Points
 * are named "module.step", for example "blob.rename". A process watches one point;
 * a malformed variable aborts it. Compiled in only with -DTERRARIUM_FAULTS. */
#ifdef TERRARIUM_FAULTS
int fault_point(const char *name);     /* 0, or an errno value that the caller must act on */
unsigned long long fault_passes(void); /* of the points that were watched, as yet */
#else
#define fault_point(name) 0
#define fault_passes()    0
#endif

#endif
