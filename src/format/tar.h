/* tar.h: the members of a tar archive, one after the other, with limits (libarchive reads it).
 *
 * Every member's name is checked here, because clients unpack what we hand on: it must be a
 * relative path that stays where it is unpacked, on every system. Devices, fifos and sockets are
 * refused. After the end of the archive only zero bytes may follow. */
#ifndef FORMAT_TAR_H
#define FORMAT_TAR_H
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "format/unpack.h"

enum tar_type { TAR_FILE, TAR_FOLDER, TAR_SYMLINK, TAR_HARDLINK };

struct tar_member {
    struct str path; /* without "." segments and doubled "/"; empty: the root folder. Borrowed until
                        the next call */
    enum tar_type type;
    bool sparse; /* with holes that the archive does not hold */
    uint64_t size;
    struct str link; /* of a link: where it leads, as spelled. Borrowed likewise */
};

struct tar;
/* Reads the archive out of from, which stays the caller's. ERR_NOMEM. */
enum err_code tar_open(struct unpack *from, struct tar **ret, struct err *err) MUST_USE;
void tar_close(struct tar *t); /* accepts NULL */
void tar_closep(struct tar **t);

/* The next member, or *ret_more = false after the last. ERR_INVALID: damaged, or a member that is
 * refused; ERR_TOO_BIG: over LIMIT_TAR_ENTRIES; what unpack_next() fails with. */
enum err_code tar_next(struct tar *t, struct tar_member *ret, bool *ret_more,
                       struct err *err) MUST_USE;
/* Appends the content of the member at hand. ERR_TOO_BIG: over out's maximum. */
enum err_code tar_content(struct tar *t, struct buf *out, struct err *err) MUST_USE;

#endif
