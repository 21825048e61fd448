/* zip.h: the framing of a ZIP file, read so strictly that every reader must see the same members.
 *
 * Readers differ in where they look (the central directory, the local headers one after the
 * other, the end record searched backwards), and archives were made that show each of them other
 * members. So the members must fill the file from its first byte to the central directory, without
 * gap or overlap; each local header must say what the directory says; and nothing may follow the
 * end record. Data descriptors, comments, encryption, several disks, alternative names and
 * duplicate names are refused. ZIP64 is read. */
#ifndef FORMAT_ZIP_H
#define FORMAT_ZIP_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* Bytes at any offset. read fills all of out or fails; it is never asked beyond size. */
struct zip_source {
    const void *ctx;
    uint64_t size;
    enum err_code (*read)(const void *ctx, uint64_t offset, void *out, size_t len, struct err *err);
};
struct zip_source zip_source_fd(const int *fd, uint64_t size); /* pread: the position stays */
struct zip_source zip_source_mem(const struct str *bytes);

#define ZIP_STORED   0
#define ZIP_DEFLATED 8

struct zip_member {
    struct str name; /* relative, "/" between segments, no "." or ".."; "/" at the end: a folder */
    uint64_t data_offset, packed_size, size;
    uint32_t crc32;  /* as declared: checked by those who read the content */
    uint16_t method; /* what is allowed is the caller's rule */
};
struct zip {
    struct zip_member *members; /* in the order of the central directory */
    size_t count;
};

/* ERR_INVALID, and why; ERR_TOO_BIG: over max_members; ERR_NOMEM; what the source fails with. */
enum err_code zip_read(struct arena *mem, const struct zip_source *from, size_t max_members,
                       struct zip *ret, struct err *err) MUST_USE;
/* NULL when there is none of exactly this name. */
const struct zip_member *zip_find(const struct zip *z, struct str name);

/* Appends the content of a STORED member and checks its CRC. ERR_TOO_BIG: over out's maximum. */
enum err_code zip_stored(const struct zip_source *from, const struct zip_member *m, struct buf *out,
                         struct err *err) MUST_USE;

#endif
