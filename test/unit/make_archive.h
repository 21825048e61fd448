/* make_archive.h: archives for tests, made byte by byte so that they can be wrong on purpose. */
#ifndef TEST_MAKE_ARCHIVE_H
#define TEST_MAKE_ARCHIVE_H
#include "base/arena.h"
#include "base/str.h"

/* All results lie in the arena; out of memory ends the test program. */

/* One tar member. type: '0' file, '1' hard link, '2' symlink, '3' device, '5' folder, 'x' pax. */
struct tar_part {
    const char *name;
    struct str data;
    char type; /* 0 means '0' */
    const char *link;
};
struct str make_tar(struct arena *a, const struct tar_part *parts, size_t count);
#define MAKE_TAR(a, ...)                                                                           \
    make_tar((a), (const struct tar_part[]){__VA_ARGS__},                                          \
             COUNT(((const struct tar_part[]){__VA_ARGS__})))

struct str make_bzip2(struct arena *a, struct str data);
struct str make_zstd(struct arena *a, struct str data);
struct str make_gzip(struct arena *a, struct str data);
struct str make_deflated(struct arena *a, struct str data); /* without a header, as in ZIP */
struct str make_joined(struct arena *a, struct str head, struct str tail);
struct str make_run(struct arena *a, char c, size_t len); /* len times c */
/* A copy of bytes with the little-endian value of width bytes at offset. */
struct str make_patched(struct arena *a, struct str bytes, size_t offset, unsigned width,
                        uint64_t value);

struct zip_part {
    const char *name;
    struct str data;
    const char *local_name; /* NULL: the same */
    bool zip64;             /* sizes are in ZIP64 fields of both headers */
    struct str extra;       /* of the central header */
    struct str packed;      /* what stands for data, deflated; empty: data is stored */
    bool descriptor;        /* the local header leaves CRC and sizes open */
};
struct zip_layout {
    const struct zip_part *parts;
    size_t count;
    struct str before, gap, after; /* gap: before the central directory */
    bool zip64_end;
};
struct str make_zip(struct arena *a, const struct zip_layout *layout);
#define ZIP_PARTS(...)                                                                             \
    .parts = (const struct zip_part[]){__VA_ARGS__},                                               \
    .count = COUNT(((const struct zip_part[]){__VA_ARGS__}))

/* Where parts of an archive of make_zip() are, for make_patched(). */
size_t zip_central(struct str zip, size_t i); /* the i-th central header */
size_t zip_end(struct str zip);               /* the end record, of an archive with nothing after */

/* "pkg-1.0-0.conda" around an info component and, if it is empty, a default package component. */
struct str make_conda(struct arena *a, struct str info, struct str pkg);

/* A descriptor with these bytes; close it. */
int make_fd(struct str bytes);

#endif
