/* zip.c: end record, central directory, local headers, in that order (PKWARE APPNOTE 6.3.10). */
#include "format/zip.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

#define SIG_LOCAL      0x04034b50u
#define SIG_CENTRAL    0x02014b50u
#define SIG_END        0x06054b50u
#define SIG_END64      0x06064b50u
#define SIG_LOCATOR64  0x07064b50u
#define SIG_DESCRIPTOR 0x08074b50u

#define LEN_LOCAL      30
#define LEN_CENTRAL    46
#define LEN_END        22
#define LEN_END64      56
#define LEN_LOCATOR64  20
#define LEN_DESCRIPTOR 16

#define FULL16 0xffffu /* "see the ZIP64 field" */
#define FULL32 0xffffffffu

#define FLAG_DESCRIPTOR 0x0008u
#define FLAG_UTF8       0x0800u
/* Bits 1 and 2 tell how deflate was tuned; every other bit means encryption, patches and such. */
#define FLAGS_KNOWN (0x0006u | FLAG_DESCRIPTOR | FLAG_UTF8)

#define EXTRA_ZIP64   0x0001u
#define EXTRA_UNICODE 0x7075u /* a second name, which some readers prefer */

/* What the end record, or its ZIP64 form, says of the central directory. */
struct directory {
    uint64_t count, size, offset, end;
};

/* One header of a member, local or central: the fields that both have. */
struct header {
    uint16_t flags, method, time, date;
    uint32_t crc32;
    uint64_t packed_size, size, offset; /* offset: of the local header; 0 in local ones */
    struct str name, extra;             /* borrowed from the reader's buffer */
};

/* One reading of a file. */
struct reader {
    struct arena *mem;
    const struct zip_source *from;
    unsigned allow;
    struct directory dir;
    struct zip zip;
    uint64_t *starts; /* of the local headers, parallel to zip.members */
    struct buf tail;  /* names and extra fields of the header at hand */
};

static enum err_code read_fd(const void *ctx, uint64_t offset, void *out, size_t len,
                             struct err *err)
{
    char *at = out;

    while (len) {
        ssize_t got = pread(*(const int *)ctx, at, len, (off_t)offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_errno(err, "could not read the file");
        if (got == 0)
            return fail(err, ERR_IO, "the file is shorter than it was said to be");
        at += got;
        offset += (uint64_t)got;
        len -= (size_t)got;
    }
    return OK;
}

struct zip_source zip_source_fd(const int *fd, uint64_t size)
{
    return (struct zip_source){fd, size, read_fd};
}

static enum err_code read_mem(const void *ctx, uint64_t offset, void *out, size_t len,
                              struct err *err)
{
    const struct str *bytes = ctx;

    (void)err; /* cannot fail */
    assert(offset <= bytes->len && len <= bytes->len - offset);
    if (len)
        memcpy(out, bytes->ptr + offset, len);
    return OK;
}

struct zip_source zip_source_mem(const struct str *bytes)
{
    return (struct zip_source){bytes, bytes->len, read_mem};
}

static uint16_t get16(const unsigned char *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const unsigned char *p)
{
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static uint64_t get64(const unsigned char *p)
{
    return get32(p) | (uint64_t)get32(p + 4) << 32;
}

/* Fails unless len bytes from offset lie before end, then reads them. */
static enum err_code read_part(const struct reader *r, uint64_t offset, uint64_t end, void *out,
                               size_t len, struct err *err)
{
    assert(end <= r->from->size);
    if (offset > end || len > end - offset)
        return fail(err, ERR_INVALID, "a ZIP header at byte %llu is cut off",
                    (unsigned long long)offset);
    return r->from->read(r->from->ctx, offset, out, len, err);
}

/* ---- The end record -------------------------------------------------------------------------- */

static bool same_or_full(uint32_t field, uint32_t full, uint64_t value64)
{
    return field == full || field == value64;
}

/* Replaces dir by what the ZIP64 end record says, if there is one. end: the plain one's bytes. */
static enum err_code read_end64(const struct reader *r, const unsigned char *end,
                                struct directory *dir, struct err *err)
{
    unsigned char locator[LEN_LOCATOR64], p[LEN_END64];
    uint64_t at = dir->end;
    enum err_code rc;

    if (at < LEN_LOCATOR64 + LEN_END64)
        return OK;
    at -= LEN_LOCATOR64;
    rc = read_part(r, at, dir->end, locator, sizeof(locator), err);
    if (rc)
        return rc;
    if (get32(locator) != SIG_LOCATOR64)
        return OK;
    at -= LEN_END64;
    rc = read_part(r, at, dir->end, p, sizeof(p), err);
    if (rc)
        return rc;
    if (get32(locator + 4) != 0 || get32(locator + 16) != 1 || get64(locator + 8) != at ||
        get32(p) != SIG_END64 || get64(p + 4) != LEN_END64 - 12 || get32(p + 16) != 0 ||
        get32(p + 20) != 0 || get64(p + 24) != get64(p + 32))
        return fail(err, ERR_INVALID, "the ZIP64 end record is malformed");
    *dir = (struct directory){get64(p + 32), get64(p + 40), get64(p + 48), at};
    if (!same_or_full(get16(end + 10), FULL16, dir->count) ||
        !same_or_full(get32(end + 12), FULL32, dir->size) ||
        !same_or_full(get32(end + 16), FULL32, dir->offset))
        return fail(err, ERR_INVALID, "the two ZIP end records differ");
    return OK;
}

static enum err_code read_end(struct reader *r, struct err *err)
{
    uint64_t size = r->from->size;
    unsigned char p[LEN_END];
    struct directory dir = {.end = size - LEN_END};
    enum err_code rc;

    if (size < LEN_END)
        return fail(err, ERR_INVALID, "too short for a ZIP file");
    rc = read_part(r, dir.end, size, p, sizeof(p), err);
    if (rc)
        return rc;
    if (get32(p) != SIG_END || get16(p + 20) != 0)
        return fail(err, ERR_INVALID,
                    "does not end as a ZIP file: cut off, or with a comment or other bytes after");
    if (get16(p + 4) != 0 || get16(p + 6) != 0 || get16(p + 8) != get16(p + 10))
        return fail(err, ERR_INVALID, "a ZIP file of several disks");
    dir.count = get16(p + 10);
    dir.size = get32(p + 12);
    dir.offset = get32(p + 16);
    rc = read_end64(r, p, &dir, err);
    if (rc)
        return rc;
    if (dir.offset > dir.end || dir.size != dir.end - dir.offset)
        return fail(err, ERR_INVALID, "the ZIP central directory is not where it is said to be");
    r->dir = dir;
    return OK;
}

/* ---- Headers --------------------------------------------------------------------------------- */

/* Takes the next 64-bit value of a ZIP64 field for *value if that is full. */
static bool take64(struct str *field, uint64_t *value)
{
    if (*value != FULL32)
        return true;
    if (field->len < 8)
        return false;
    *value = get64((const unsigned char *)field->ptr);
    *field = str_from(*field, 8);
    return true;
}

/* Some writers add the field although nothing is full, with zeros or with the same values. A
 * reader that believes those must not see other sizes. */
static bool harmless_rest(struct str field, const struct header *h)
{
    for (; field.len >= 8; field = str_from(field, 8)) {
        uint64_t v = get64((const unsigned char *)field.ptr);

        if (v && v != h->size && v != h->packed_size && v != h->offset)
            return false;
    }
    return field.len == 0;
}

/* Walks the extra fields, which must fill their room; fills in 64-bit values. */
static enum err_code read_extra(struct header *h, struct err *err)
{
    struct str rest = h->extra;
    bool seen64 = false;

    while (rest.len >= 4) {
        const unsigned char *p = (const unsigned char *)rest.ptr;
        size_t len = get16(p + 2);
        struct str field = str_sub(rest, 4, len);

        if (field.len < len)
            break;
        rest = str_from(rest, 4 + len);
        if (get16(p) == EXTRA_UNICODE)
            return fail(err, ERR_INVALID, "ZIP member \"" STR_FMT "\" has a second name",
                        STR_ARG(h->name));
        if (get16(p) != EXTRA_ZIP64)
            continue;
        if (seen64 || !take64(&field, &h->size) || !take64(&field, &h->packed_size) ||
            !take64(&field, &h->offset) || !harmless_rest(field, h))
            return fail(err, ERR_INVALID, "ZIP member \"" STR_FMT "\" has malformed ZIP64 sizes",
                        STR_ARG(h->name));
        seen64 = true;
    }
    if (rest.len)
        return fail(err, ERR_INVALID, "ZIP member \"" STR_FMT "\" has malformed extra fields",
                    STR_ARG(h->name));
    return OK;
}

/* Name and extra field follow the fixed part of either header. Bounded by 2 * 65535 bytes, and
 * only after they were found to lie in the file. */
static enum err_code read_tail(struct reader *r, uint64_t at, size_t name_len, size_t extra_len,
                               struct header *h, struct err *err)
{
    size_t len = name_len + extra_len;
    struct str tail;
    char *room;
    enum err_code rc;

    buf_clear(&r->tail);
    room = buf_reserve(&r->tail, len);
    if (!room)
        return fail(err, ERR_NOMEM, "out of memory");
    rc = read_part(r, at, r->dir.end, room, len, err);
    if (rc)
        return rc;
    buf_commit(&r->tail, len);
    tail = buf_str(&r->tail);
    h->name = str_sub(tail, 0, name_len);
    h->extra = str_from(tail, name_len);
    return read_extra(h, err);
}

static enum err_code read_central(struct reader *r, uint64_t *at, struct header *ret,
                                  struct err *err)
{
    unsigned char p[LEN_CENTRAL];
    struct header h;
    size_t name_len, extra_len;
    enum err_code rc = read_part(r, *at, r->dir.end, p, sizeof(p), err);

    if (rc)
        return rc;
    if (get32(p) != SIG_CENTRAL || get16(p + 32) != 0 || get16(p + 34) != 0)
        return fail(err, ERR_INVALID,
                    "the ZIP central directory is malformed, or a member has a comment");
    h = (struct header){
        .flags = get16(p + 8),
        .method = get16(p + 10),
        .time = get16(p + 12),
        .date = get16(p + 14),
        .crc32 = get32(p + 16),
        .packed_size = get32(p + 20),
        .size = get32(p + 24),
        .offset = get32(p + 42),
    };
    name_len = get16(p + 28);
    extra_len = get16(p + 30);
    rc = read_tail(r, *at + LEN_CENTRAL, name_len, extra_len, &h, err);
    if (rc)
        return rc;
    *at += LEN_CENTRAL + name_len + extra_len;
    *ret = h;
    return OK;
}

/* Sets *ret_data to where the member's bytes begin. */
static enum err_code read_local(struct reader *r, uint64_t at, struct header *ret,
                                uint64_t *ret_data, struct err *err)
{
    unsigned char p[LEN_LOCAL];
    struct header h;
    size_t name_len, extra_len;
    enum err_code rc = read_part(r, at, r->dir.offset, p, sizeof(p), err);

    if (rc)
        return rc;
    if (get32(p) != SIG_LOCAL)
        return fail(err, ERR_INVALID, "no ZIP member at byte %llu, where one should be",
                    (unsigned long long)at);
    h = (struct header){
        .flags = get16(p + 6),
        .method = get16(p + 8),
        .time = get16(p + 10),
        .date = get16(p + 12),
        .crc32 = get32(p + 14),
        .packed_size = get32(p + 18),
        .size = get32(p + 22),
    };
    name_len = get16(p + 26);
    extra_len = get16(p + 28);
    rc = read_tail(r, at + LEN_LOCAL, name_len, extra_len, &h, err);
    if (rc)
        return rc;
    *ret = h;
    *ret_data = at + LEN_LOCAL + name_len + extra_len;
    return OK;
}

/* ---- Members --------------------------------------------------------------------------------- */

static bool segments_ok(struct str name)
{
    struct str segment;

    if (str_ends(name, S("/")))
        name.len--;
    while (str_next(&name, '/', &segment))
        if (segment.len == 0 || str_eq(segment, S(".")) || str_eq(segment, S("..")))
            return false;
    return true;
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] >= 0x80)
            return false;
    return true;
}

/* Without the UTF-8 flag the bytes above ASCII mean what each reader likes. */
static bool name_ok(struct str name, bool utf8)
{
    bool drive = name.len >= 2 && name.ptr[1] == ':';

    return name.len > 0 && !drive && !str_has(name, '\\') && !text_has_control(name) &&
           (utf8 ? text_is_utf8(name) : is_ascii(name)) && segments_ok(name);
}

/* With the bytes of a stored member nothing would say where they end. */
static bool descriptor_allowed(const struct reader *r, const struct header *h)
{
    return (r->allow & ZIP_DESCRIPTORS) && h->method == ZIP_DEFLATED;
}

static enum err_code check_header(const struct reader *r, const struct header *h, struct err *err)
{
    if (!name_ok(h->name, h->flags & FLAG_UTF8))
        return fail(err, ERR_INVALID,
                    "ZIP member name \"" STR_FMT "\" is not a plain relative path",
                    STR_ARG(h->name));
    if ((h->flags & FLAG_DESCRIPTOR) && !descriptor_allowed(r, h))
        return fail(err, ERR_INVALID,
                    "ZIP member \"" STR_FMT "\" has its sizes after its data (a data descriptor); "
                    "write them into its header",
                    STR_ARG(h->name));
    if (h->flags & ~FLAGS_KNOWN)
        return fail(err, ERR_INVALID,
                    "ZIP member \"" STR_FMT "\" is encrypted or of an unknown kind",
                    STR_ARG(h->name));
    if (h->method == ZIP_STORED && h->size != h->packed_size)
        return fail(err, ERR_INVALID, "ZIP member \"" STR_FMT "\" is stored, but with two sizes",
                    STR_ARG(h->name));
    if (str_ends(h->name, S("/")) && h->size)
        return fail(err, ERR_INVALID, "ZIP member \"" STR_FMT "\" is a folder with content",
                    STR_ARG(h->name));
    return OK;
}

static bool sums_agree(const struct header *central, const struct header *local)
{
    bool open = central->flags & FLAG_DESCRIPTOR; /* each may be 0 */

    return ((open && !local->crc32) || central->crc32 == local->crc32) &&
           ((open && !local->packed_size) || central->packed_size == local->packed_size) &&
           ((open && !local->size) || central->size == local->size);
}

static bool headers_agree(const struct header *central, const struct header *local)
{
    return central->flags == local->flags && central->method == local->method &&
           central->time == local->time && central->date == local->date &&
           str_eq(central->name, local->name) && sums_agree(central, local);
}

/* What lies between the bytes of a member and the next one. */
static enum err_code check_descriptor(const struct reader *r, const struct zip_member *m,
                                      struct err *err)
{
    unsigned char p[LEN_DESCRIPTOR];
    enum err_code rc;

    if (!m->descriptor)
        return OK;
    rc = read_part(r, m->data_offset + m->packed_size, r->dir.offset, p, sizeof(p), err);
    if (rc)
        return rc;
    if (get32(p) != SIG_DESCRIPTOR || get32(p + 4) != m->crc32 || get32(p + 8) != m->packed_size ||
        get32(p + 12) != m->size)
        return fail(err, ERR_INVALID,
                    "ZIP member \"" STR_FMT
                    "\" differs between its data descriptor and the central "
                    "directory",
                    STR_ARG(m->name));
    return OK;
}

/* Reads the i-th entry at *at of the central directory, and its local header. */
static enum err_code read_member(struct reader *r, size_t i, uint64_t *at, struct err *err)
{
    struct zip_member *m = &r->zip.members[i];
    struct header central = {0}, local = {0};
    enum err_code rc = read_central(r, at, &central, err);

    if (!rc)
        rc = check_header(r, &central, err);
    if (rc)
        return rc;
    *m = (struct zip_member){
        .name = str_dup(r->mem, central.name), /* what is borrowed goes with the next header */
        .packed_size = central.packed_size,
        .size = central.size,
        .crc32 = central.crc32,
        .method = central.method,
        .descriptor = central.flags & FLAG_DESCRIPTOR,
    };
    central.name = m->name;
    r->starts[i] = central.offset;
    if (!m->name.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    rc = read_local(r, central.offset, &local, &m->data_offset, err);
    if (!rc)
        rc = check_header(r, &local, err);
    if (!rc && !headers_agree(&central, &local))
        rc = fail(err, ERR_INVALID,
                  "ZIP member \"" STR_FMT "\" differs between its header and the central directory",
                  STR_ARG(m->name));
    if (!rc && (m->data_offset > r->dir.offset || m->packed_size > r->dir.offset - m->data_offset))
        rc = fail(err, ERR_INVALID, "ZIP member \"" STR_FMT "\" reaches beyond its room",
                  STR_ARG(m->name));
    return rc ? rc : check_descriptor(r, m, err);
}

static int cmp_names(const void *a, const void *b)
{
    return str_cmp((*(const struct zip_member *const *)a)->name,
                   (*(const struct zip_member *const *)b)->name);
}

static int cmp_data(const void *a, const void *b)
{
    uint64_t x = (*(const struct zip_member *const *)a)->data_offset;
    uint64_t y = (*(const struct zip_member *const *)b)->data_offset;

    return (x > y) - (x < y);
}

/* Members must fill [0, central directory) exactly. */
static enum err_code check_tiling(const struct reader *r, const struct zip_member **sorted,
                                  struct err *err)
{
    uint64_t at = 0;

    qsort(sorted, r->zip.count, sizeof(*sorted), cmp_data);
    for (size_t i = 0; i < r->zip.count; i++) {
        const struct zip_member *m = sorted[i];

        if (r->starts[m - r->zip.members] != at)
            return fail(err, ERR_INVALID, "bytes before ZIP member \"" STR_FMT "\", or it overlaps",
                        STR_ARG(m->name));
        at = m->data_offset + m->packed_size + (m->descriptor ? LEN_DESCRIPTOR : 0);
    }
    if (at != r->dir.offset)
        return fail(err, ERR_INVALID, "bytes between the ZIP members and their directory");
    return OK;
}

static enum err_code check_unique(const struct reader *r, const struct zip_member **sorted,
                                  struct err *err)
{
    qsort(sorted, r->zip.count, sizeof(*sorted), cmp_names);
    for (size_t i = 1; i < r->zip.count; i++)
        if (str_eq(sorted[i - 1]->name, sorted[i]->name))
            return fail(err, ERR_INVALID, "two ZIP members are named \"" STR_FMT "\"",
                        STR_ARG(sorted[i]->name));
    return OK;
}

static enum err_code check_together(const struct reader *r, struct err *err)
{
    const struct zip_member **sorted = arena_array(r->mem, const struct zip_member *, r->zip.count);
    enum err_code rc;

    if (!sorted)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < r->zip.count; i++)
        sorted[i] = &r->zip.members[i];
    rc = check_tiling(r, sorted, err);
    return rc ? rc : check_unique(r, sorted, err);
}

static enum err_code read_members(struct reader *r, size_t max_members, struct err *err)
{
    uint64_t at = r->dir.offset;
    enum err_code rc = OK;

    if (r->dir.count > max_members)
        return fail(err, ERR_TOO_BIG, "more than %zu ZIP members", max_members);
    /* The count is only declared, so it must fit the directory before it sizes anything. */
    if (r->dir.count > r->dir.size / LEN_CENTRAL)
        return fail(err, ERR_INVALID, "more ZIP members declared than the directory has");
    r->zip.count = (size_t)r->dir.count;
    r->zip.members = arena_array(r->mem, struct zip_member, r->zip.count);
    r->starts = arena_array(r->mem, uint64_t, r->zip.count);
    if (!r->zip.members || !r->starts)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; !rc && i < r->zip.count; i++)
        rc = read_member(r, i, &at, err);
    if (!rc && at != r->dir.end)
        rc = fail(err, ERR_INVALID, "bytes after the ZIP central directory");
    return rc ? rc : check_together(r, err);
}

enum err_code zip_read(struct arena *mem, const struct zip_source *from, size_t max_members,
                       unsigned allow, struct zip *ret, struct err *err)
{
    struct reader r = {.mem = mem, .from = from, .allow = allow, .tail = BUF_INIT(2 * FULL16)};
    enum err_code rc = read_end(&r, err);

    if (!rc)
        rc = read_members(&r, max_members, err);
    buf_done(&r.tail);
    if (!rc)
        *ret = r.zip;
    return rc;
}

const struct zip_member *zip_find(const struct zip *z, struct str name)
{
    for (size_t i = 0; i < z->count; i++)
        if (str_eq(z->members[i].name, name))
            return &z->members[i];
    return NULL;
}
