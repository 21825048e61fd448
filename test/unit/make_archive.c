#include "make_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/text.h"
#include "format/gzip.h"
#include "format/zstd.h"

#define BLOCK     512
#define MADE_MAX  (256 * MIB)
#define SIG_LOCAL 0x04034b50u
#define SIG_DIR   0x02014b50u
#define SIG_END   0x06054b50u

static struct str keep(struct arena *a, struct buf *b)
{
    struct str made = str_dup(a, buf_str(b));

    assert(buf_ok(b) && made.ptr);
    buf_done(b);
    return made;
}

struct str make_joined(struct arena *a, struct str head, struct str tail)
{
    struct buf b = BUF_INIT(MADE_MAX);

    buf_add(&b, head);
    buf_add(&b, tail);
    return keep(a, &b);
}

struct str make_run(struct arena *a, char c, size_t len)
{
    char *p = arena_alloc(a, len ? len : 1, 1);

    assert(p);
    memset(p, c, len);
    return (struct str){p, len};
}

/* ---- tar ------------------------------------------------------------------------------------- */

static void put_octal(char *field, size_t width, uint64_t value)
{
    for (field[--width] = '\0'; width-- > 0; value >>= 3)
        field[width] = (char)('0' + (value & 7));
}

static void add_header(struct buf *b, const struct tar_part *part)
{
    char h[BLOCK] = {0};
    unsigned sum = 0;

    (void)snprintf(h, 100, "%s", part->name);
    put_octal(h + 100, 8, 0644);
    put_octal(h + 108, 8, 0);
    put_octal(h + 116, 8, 0);
    put_octal(h + 124, 12, part->data.len);
    put_octal(h + 136, 12, 1600000000);
    memset(h + 148, ' ', 8);
    h[156] = part->type ? part->type : '0';
    (void)snprintf(h + 157, 100, "%s", part->link ? part->link : "");
    memcpy(h + 257, "ustar", 6); /* with its NUL */
    memset(h + 263, '0', 2);
    for (size_t i = 0; i < sizeof(h); i++)
        sum += (unsigned char)h[i];
    put_octal(h + 148, 7, sum);
    buf_add(b, (struct str){h, sizeof(h)});
}

struct str make_tar(struct arena *a, const struct tar_part *parts, size_t count)
{
    static const char zeros[2 * BLOCK] = {0};
    struct buf b = BUF_INIT(MADE_MAX);

    for (size_t i = 0; i < count; i++) {
        add_header(&b, &parts[i]);
        buf_add(&b, parts[i].data);
        buf_add(&b, (struct str){zeros, (BLOCK - parts[i].data.len % BLOCK) % BLOCK});
    }
    buf_add(&b, (struct str){zeros, sizeof(zeros)});
    return keep(a, &b);
}

/* ---- compression ----------------------------------------------------------------------------- */

static struct str make_filtered(struct arena *a, int (*add_filter)(struct archive *),
                                struct str data)
{
    size_t room = data.len + data.len / 50 + 4096, used = 0;
    char *out = arena_alloc(a, room, 1);
    struct archive *w = archive_write_new();
    struct archive_entry *e = archive_entry_new();

    assert(out && w && e);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_pathname(e, "data");
    if (archive_write_set_format_raw(w) || add_filter(w) ||
        archive_write_set_bytes_per_block(w, 0) || archive_write_open_memory(w, out, room, &used) ||
        archive_write_header(w, e) ||
        archive_write_data(w, data.ptr, data.len) != (la_ssize_t)data.len || archive_write_close(w))
        abort();
    archive_entry_free(e);
    (void)archive_write_free(w); /* closed above */
    return (struct str){out, used};
}

struct str make_bzip2(struct arena *a, struct str data)
{
    return make_filtered(a, archive_write_add_filter_bzip2, data);
}

struct str make_gzip(struct arena *a, struct str data)
{
    struct buf b = BUF_INIT(MADE_MAX);

    if (gzip_pack(data, 6, &b, NULL)) /* without a time: equal data, equal bytes */
        abort();
    return keep(a, &b);
}

struct str make_zstd(struct arena *a, struct str data)
{
    struct buf b = BUF_INIT(MADE_MAX);

    if (zstd_pack(data, 3, &b, NULL))
        abort();
    return keep(a, &b);
}

struct str make_deflated(struct arena *a, struct str data)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)data.ptr, .avail_in = (uInt)data.len};
    uLong room;
    char *out;

    if (deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    room = deflateBound(&z, (uLong)data.len);
    out = arena_alloc(a, room, 1);
    assert(out);
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)room;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END || deflateEnd(&z) != Z_OK)
        abort();
    return (struct str){out, z.total_out};
}

/* ---- zip ------------------------------------------------------------------------------------- */

static void put(struct buf *b, unsigned width, uint64_t value)
{
    for (unsigned i = 0; i < width; i++)
        buf_addc(b, (char)(value >> (8 * i)));
}

struct str make_patched(struct arena *a, struct str bytes, size_t offset, unsigned width,
                        uint64_t value)
{
    struct buf b = BUF_INIT(MADE_MAX);

    assert(offset + width <= bytes.len);
    buf_add(&b, str_sub(bytes, 0, offset));
    put(&b, width, value);
    buf_add(&b, str_from(bytes, offset + width));
    return keep(a, &b);
}

static struct str packed_data(const struct zip_part *p)
{
    return p->packed.len ? p->packed : p->data;
}

static void put_sums(struct buf *b, const struct zip_part *p)
{
    put(b, 4, text_crc32(p->data));
    put(b, 4, p->zip64 ? 0xffffffffu : packed_data(p).len);
    put(b, 4, p->zip64 ? 0xffffffffu : p->data.len);
}

/* What both headers have in the same order: version needed to the length of the name. */
static void put_common(struct buf *b, const struct zip_part *p, bool local, size_t name_len)
{
    put(b, 2, p->zip64 ? 45 : 20);
    put(b, 2, p->descriptor ? 8 : 0);
    put(b, 2, p->packed.len ? 8 : 0);
    put(b, 4, 0x50210000); /* 2020-01-01 */
    if (local && p->descriptor) {
        put(b, 4, 0);
        put(b, 8, 0);
    } else {
        put_sums(b, p);
    }
    put(b, 2, name_len);
}

static void put_zip64(struct buf *b, const struct zip_part *p)
{
    if (!p->zip64)
        return;
    put(b, 2, 1);
    put(b, 2, 16);
    put(b, 8, p->data.len);
    put(b, 8, packed_data(p).len);
}

static void put_local(struct buf *b, const struct zip_part *p)
{
    struct str name = str_of(p->local_name ? p->local_name : p->name);

    put(b, 4, SIG_LOCAL);
    put_common(b, p, true, name.len);
    put(b, 2, p->zip64 ? 20 : 0);
    buf_add(b, name);
    put_zip64(b, p);
    buf_add(b, packed_data(p));
    if (p->descriptor) {
        put(b, 4, 0x08074b50);
        put_sums(b, p);
    }
}

static void put_central(struct buf *b, const struct zip_part *p, size_t offset)
{
    put(b, 4, SIG_DIR);
    put(b, 2, 0x0314); /* made on Unix */
    put_common(b, p, false, strlen(p->name));
    put(b, 2, (p->zip64 ? 20 : 0) + p->extra.len);
    put(b, 2, 0); /* comment */
    put(b, 2, 0); /* disk */
    put(b, 2, 0);
    put(b, 4, 0);
    put(b, 4, offset);
    buf_addz(b, p->name);
    put_zip64(b, p);
    buf_add(b, p->extra);
}

static void put_end64(struct buf *b, size_t count, size_t start)
{
    size_t here = b->len;

    put(b, 4, 0x06064b50);
    put(b, 8, 44);
    put(b, 2, 45);
    put(b, 2, 45);
    put(b, 4, 0);
    put(b, 4, 0);
    put(b, 8, count);
    put(b, 8, count);
    put(b, 8, here - start);
    put(b, 8, start);
    put(b, 4, 0x07064b50);
    put(b, 4, 0);
    put(b, 8, here);
    put(b, 4, 1);
}

struct str make_zip(struct arena *a, const struct zip_layout *l)
{
    struct buf b = BUF_INIT(MADE_MAX);
    size_t start, size, offsets[1024] = {0};

    assert(l->count <= COUNT(offsets));
    buf_add(&b, l->before);
    for (size_t i = 0; i < l->count; i++) {
        offsets[i] = b.len;
        put_local(&b, &l->parts[i]);
    }
    buf_add(&b, l->gap);
    start = b.len;
    for (size_t i = 0; i < l->count; i++)
        put_central(&b, &l->parts[i], offsets[i]);
    size = b.len - start;
    if (l->zip64_end)
        put_end64(&b, l->count, start);
    put(&b, 4, SIG_END);
    put(&b, 4, 0); /* disks */
    put(&b, 2, l->zip64_end ? 0xffff : l->count);
    put(&b, 2, l->zip64_end ? 0xffff : l->count);
    put(&b, 4, l->zip64_end ? 0xffffffff : size);
    put(&b, 4, l->zip64_end ? 0xffffffff : start);
    put(&b, 2, 0); /* comment */
    buf_add(&b, l->after);
    return keep(a, &b);
}

size_t zip_central(struct str zip, size_t i)
{
    for (size_t at = 0; at + 4 <= zip.len; at++)
        if (memcmp(zip.ptr + at, "PK\1\2", 4) == 0 && i-- == 0)
            return at;
    abort();
}

size_t zip_end(struct str zip)
{
    assert(zip.len >= 22);
    return zip.len - 22;
}

struct str make_conda(struct arena *a, struct str info, struct str pkg)
{
    struct zip_layout layout = {
        ZIP_PARTS({.name = "metadata.json", .data = S("{\"conda_pkg_format_version\": 2}")},
                  {.name = "pkg-pkg-1.0-0.tar.zst",
                   .data = pkg.len ? pkg : make_zstd(a, make_tar(a, NULL, 0))},
                  {.name = "info-pkg-1.0-0.tar.zst", .data = info})};

    return make_zip(a, &layout);
}

int make_fd(struct str bytes)
{
    int fd = memfd_create("archive", MFD_CLOEXEC);

    if (fd < 0 || fs_write_all(fd, bytes, NULL))
        abort();
    return fd;
}
