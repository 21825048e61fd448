/* unpack_file.h: the bytes of a file, from its start, as a source for unpack.
 *
 * By pread: descriptors that were sent to us share their position with the sender's. */
#ifndef FORMAT_UNPACK_FILE_H
#define FORMAT_UNPACK_FILE_H
#include "base/err.h"
#include "format/unpack.h"

struct unpack_file;
/* fd: readable and seekable, stays the caller's; size: its bytes. ERR_NOMEM. */
enum err_code unpack_file_open(int fd, uint64_t size, struct unpack_file **ret,
                               struct err *err) MUST_USE;
void unpack_file_close(struct unpack_file *f); /* accepts NULL */
void unpack_file_closep(struct unpack_file **f);

/* Fails with ERR_IO, also if the file is shorter than size. */
struct unpack_source unpack_file_source(struct unpack_file *f);

#endif
