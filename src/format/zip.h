/* zip.h: the framing of a ZIP file, read so strictly that every reader must see the same members.
 *
 * Readers differ in where they look (the central directory, the local headers one after the
 * other, the end record searched backwards), and archives were made that show each of them other
 * members. So the members must fill the file from its first byte to the central directory, without
 * gap or overlap; each local header must say what the directory says; and nothing may follow the
 * end record. Comments, encryption, several disks, alternative names and duplicate names are
 * refused, and so are data descriptors unless the caller allows them. ZIP64 is read. */
#ifndef FORMAT_ZIP_H
#define FORMAT_ZIP_H
#include "base/arena.h"
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
    bool descriptor; /* its sizes stand behind its bytes too (ZIP_DESCRIPTORS) */
};
struct zip {
    struct zip_member *members; /* in the order of the central directory */
    size_t count;
};

/* What a kind of package may allow because real ones have it:
 * ZIP_DESCRIPTORS: a deflated member whose local header may leave CRC and sizes open, because they
 *     stand behind its bytes: with a signature, in 32 bits, and as the central directory has them.
 *     A reader that goes by the local headers finds the end of such a member only by inflating it;
 *     so whoever allows them must zip_verify() each (zip_content.h). */
#define ZIP_DESCRIPTORS 0x1u

/* allow: any of the above. ERR_INVALID, and why; ERR_TOO_BIG: over max_members; ERR_NOMEM; what
 * the source fails with. */
enum err_code zip_read(struct arena *mem, const struct zip_source *from, size_t max_members,
                       unsigned allow, struct zip *ret, struct err *err) MUST_USE;
/* NULL when there is none of exactly this name. */
const struct zip_member *zip_find(const struct zip *z, struct str name);

#endif
