#include "unit.h"

#include <zlib.h>
#include <zstd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "format/stitch.h"
#include "format/unpack.h"
#include "format/zstd.h"
#include "make_archive.h"

/* ---- texts ----------------------------------------------------------------------------------- */

static uint64_t seed; /* each test sets it, so that it is the same in each run */

static uint32_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 16);
}

static size_t below(size_t n)
{
    return next_random() % n;
}

static void add_digest(struct buf *b, unsigned words)
{
    while (words--)
        buf_addf(b, "%08x", next_random());
}

/* One record as conda's documents have them. */
static void add_record(struct buf *b)
{
    static const char *names[] = {"numpy", "libgcc-ng", "python", "zlib", "r-base", "cofaxile"};
    const char *name = names[below(COUNT(names))];

    buf_addf(b, "\"%s-%zu.%zu-h%07x_0.conda\":{\"build\":\"h%07x_0\",\"depends\":[", name, below(4),
             below(99), next_random() >> 4, next_random() >> 4);
    for (size_t i = below(5); i; i--)
        buf_addf(b, "\"%s >=%zu.%zu,<%zu.0a0\",", names[below(COUNT(names))], below(4), below(9),
                 below(9));
    buf_addz(b, "\"__glibc >=2.17\"],\"md5\":\"");
    add_digest(b, 4);
    buf_addf(b, "\",\"name\":\"%s\",\"sha256\":\"", name);
    add_digest(b, 8);
    buf_addf(b, "\",\"size\":%zu,\"timestamp\":15%u}", below(9999999), next_random());
}

static void add_records(struct buf *b, size_t size)
{
    while (b->len < size) {
        if (b->len)
            buf_addc(b, ',');
        add_record(b);
    }
    b->len = size;
}

/* Without 0xFF. */
static void add_noise(struct buf *b, size_t size)
{
    while (b->len < size)
        buf_addc(b, (char)below(255));
}

static void add_period(struct buf *b, size_t size)
{
    size_t period = 1 + below(12), begin = b->len;

    add_noise(b, begin + period < size ? begin + period : size);
    while (b->len < size)
        buf_addc(b, b->ptr[b->len - period]);
}

/* Matches at the offsets that a frame begins with: each may be asked for as a repeated one. */
static void add_near_copies(struct buf *b, size_t size)
{
    static const size_t offsets[] = {1, 4, 8, 3, 7};

    add_noise(b, size < 8 ? size : 8);
    while (b->len < size) {
        size_t offset = offsets[below(COUNT(offsets))];

        for (size_t i = 3 + below(20); i && b->len < size; i--)
            buf_addc(b, b->ptr[b->len - offset]);
        for (size_t i = below(5); i && b->len < size; i--)
            buf_addc(b, (char)below(255));
    }
}

/* Runs that are long enough to be a repeated match (5), and too short to be found as another (7):
 * wherever a frame begins, its first match takes offset 1, because a frame begins with it. */
static void add_runs(struct buf *b, size_t size)
{
    while (b->len < size) {
        char c = (char)('a' + below(26));

        for (size_t i = 5 + below(2); i && b->len < size; i--)
            buf_addc(b, c);
    }
}

/* Noise, whose blocks are kept raw and leave the offsets alone, before what asks for one. */
static void add_late_runs(struct buf *b, size_t size)
{
    add_noise(b, size > 8000 ? size - 8000 : size / 2);
    add_runs(b, size);
}

static void add_with_ff(struct buf *b, size_t size)
{
    add_records(b, size);
    if (size)
        b->ptr[below(size)] = '\xff';
}

typedef void make_text(struct buf *b, size_t size);
static make_text *const kinds[] = {add_records, add_noise,     add_period, add_near_copies,
                                   add_runs,    add_late_runs, add_with_ff};

static struct str a_text(struct arena *a, make_text *make, size_t size)
{
    AUTO(buf_done) struct buf b = BUF_INIT(2 * STITCH_TEXT_MAX);
    struct str copy;

    make(&b, size);
    assert_true(buf_ok(&b));
    copy = str_dup(a, buf_str(&b));
    assert_non_null(copy.ptr);
    return copy;
}

static size_t a_size(void)
{
    switch (below(20)) {
    case 0:
        return 0;
    case 1:
        return 1 + below(3);
    case 2:
        return 1 + below(40);
    case 3:
        return 60000 + below(12000); /* about a block of gzip */
    case 4:
        return 128000 + below(10000); /* about a block of zstd */
    default:
        return 100 + below(12000);
    }
}

/* ---- decoders -------------------------------------------------------------------------------- */

/* What is handed over at a time: mostly little, sometimes much. */
static size_t a_bit(size_t left)
{
    size_t bit = 1 + (below(4) ? below(3000) : below(20));

    return bit < left ? bit : left;
}

static void check_zstd_in_one(struct arena *a, struct str frame, struct str text)
{
    char *room = arena_alloc(a, text.len + 1, 1);

    assert_non_null(room);
    assert_int_equal(ZSTD_getFrameContentSize(frame.ptr, frame.len), text.len);
    assert_int_equal(ZSTD_findFrameCompressedSize(frame.ptr, frame.len), frame.len);
    assert_int_equal(ZSTD_decompress(room, text.len, frame.ptr, frame.len), text.len);
    assert_memory_equal(room, text.ptr, text.len);
}

/* A decoder that is given no more than 1 MiB of window, in bits of any size. */
static void check_zstd_in_bits(struct str frame, struct str text)
{
    ZSTD_DCtx *d = ZSTD_createDCtx();
    ZSTD_inBuffer in = {frame.ptr, 0, 0};
    size_t left = 1, done = 0;
    char room[4096];

    assert_non_null(d);
    assert_false(ZSTD_isError(ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, 20)));
    while (left) {
        ZSTD_outBuffer out = {room, a_bit(sizeof(room)), 0};

        if (in.pos == in.size)
            in.size += a_bit(frame.len - in.size);
        left = ZSTD_decompressStream(d, &out, &in);
        assert_false(ZSTD_isError(left));
        assert_true(out.pos <= text.len - done);
        assert_memory_equal(room, text.ptr + done, out.pos);
        done += out.pos;
        assert_true(!left || in.pos < frame.len || out.pos);
    }
    assert_int_equal(done, text.len);
    assert_int_equal(in.pos, frame.len);
    (void)ZSTD_freeDCtx(d); /* always succeeds */
}

static void check_gzip_in_bits(struct str member, struct str text)
{
    z_stream z = {0};
    int result = Z_OK;
    size_t given = 0, done = 0;
    unsigned char room[4096];

    assert_int_equal(inflateInit2(&z, MAX_WBITS + 16), Z_OK);
    z.next_in = (z_const Bytef *)(uintptr_t)member.ptr;
    while (result != Z_STREAM_END) {
        size_t room_len = a_bit(sizeof(room)), got;

        if (!z.avail_in) {
            z.avail_in = (uInt)a_bit(member.len - given);
            given += z.avail_in;
        }
        z.next_out = room;
        z.avail_out = (uInt)room_len;
        result = inflate(&z, Z_NO_FLUSH); /* compares size and CRC at the end */
        assert_true(result == Z_OK || result == Z_STREAM_END);
        got = room_len - z.avail_out;
        assert_true(got <= text.len - done);
        assert_memory_equal(room, text.ptr + done, got);
        done += got;
    }
    assert_int_equal(done, text.len);
    assert_int_equal(z.total_in, member.len);
    assert_int_equal(inflateEnd(&z), Z_OK);
}

/* ---- documents ------------------------------------------------------------------------------- */

struct piece {
    struct str text, zstd, gzip;
    uint32_t crc;
};

static struct piece make_piece(struct arena *a, struct str text)
{
    AUTO(buf_done) struct buf zstd = BUF_INIT(2 * STITCH_TEXT_MAX);
    AUTO(buf_done) struct buf gzip = BUF_INIT(2 * STITCH_TEXT_MAX);
    struct piece p = {.text = text};

    assert_int_equal(zstd_piece(text, &zstd, NULL), OK);
    assert_int_equal(gzip_piece(text, &gzip, &p.crc, NULL), OK);
    assert_true(zstd.len <= zstd_stored_size(text.len));
    p.zstd = str_dup(a, buf_str(&zstd));
    p.gzip = str_dup(a, buf_str(&gzip));
    assert_non_null(p.zstd.ptr);
    assert_non_null(p.gzip.ptr);
    return p;
}

struct document {
    struct buf text, zstd, gzip;
    struct gzip_sum sum;
};

static void document_begin(struct document *d)
{
    buf_clear(&d->text);
    buf_clear(&d->zstd);
    buf_clear(&d->gzip);
    d->sum = (struct gzip_sum){0};
    zstd_head(0, &d->zstd); /* until the size is known */
    gzip_head(&d->gzip);
    assert_int_equal(d->zstd.len, ZSTD_HEAD_SIZE);
    assert_int_equal(d->gzip.len, GZIP_HEAD_SIZE);
}

static void document_add(struct document *d, const struct piece *p)
{
    buf_add(&d->text, p->text);
    buf_add(&d->zstd, p->zstd);
    buf_add(&d->gzip, p->gzip);
    gzip_sum_add(&d->sum, p->crc, p->text.len);
}

static void document_add_stored(struct document *d, struct str text)
{
    size_t zstd = d->zstd.len, gzip = d->gzip.len;

    buf_add(&d->text, text);
    zstd_stored(text, &d->zstd);
    gzip_stored(text, &d->gzip);
    gzip_sum_text(&d->sum, text);
    assert_int_equal(d->zstd.len - zstd, zstd_stored_size(text.len));
    assert_int_equal(d->gzip.len - gzip, gzip_stored_size(text.len));
}

static void document_end(struct document *d)
{
    AUTO(buf_done) struct buf head = BUF_INIT(ZSTD_HEAD_SIZE);
    size_t zstd = d->zstd.len, gzip = d->gzip.len;

    zstd_head(d->text.len, &head);
    assert_int_equal(head.len, ZSTD_HEAD_SIZE);
    memcpy(d->zstd.ptr, head.ptr, head.len);
    zstd_end(&d->zstd);
    gzip_end(d->sum, &d->gzip);
    assert_int_equal(d->zstd.len - zstd, ZSTD_END_SIZE);
    assert_int_equal(d->gzip.len - gzip, GZIP_END_SIZE);
    assert_int_equal(d->sum.size, d->text.len);
    assert_true(buf_ok(&d->text) && buf_ok(&d->zstd) && buf_ok(&d->gzip));
}

static struct document document_open(void)
{
    return (struct document){
        .text = BUF_INIT(64 * MIB), .zstd = BUF_INIT(64 * MIB), .gzip = BUF_INIT(64 * MIB)};
}

static void document_done(struct document *d)
{
    buf_done(&d->text);
    buf_done(&d->zstd);
    buf_done(&d->gzip);
}

static void check_document(const struct document *d)
{
    AUTO(arena_closep) struct arena *a = arena_open(64 * MIB);

    assert_non_null(a);
    check_zstd_in_one(a, buf_str(&d->zstd), buf_str(&d->text));
    check_zstd_in_bits(buf_str(&d->zstd), buf_str(&d->text));
    check_gzip_in_bits(buf_str(&d->gzip), buf_str(&d->text));
}

/* Whether blocks give text also behind a piece that leaves other offsets. */
static bool decodes_anywhere(struct arena *a, struct str blocks, struct str text)
{
    AUTO(document_done) struct document d = document_open();
    struct piece before = make_piece(a, a_text(a, add_records, 5000));
    struct piece p = {.text = text, .zstd = blocks};
    AUTO(buf_done) struct buf plain = BUF_INIT(8 * MIB);

    document_begin(&d);
    document_add(&d, &before);
    document_add(&d, &p);
    document_end(&d);
    return zstd_unpack(buf_str(&d.zstd), &plain, NULL) == OK &&
           str_eq(buf_str(&plain), buf_str(&d.text));
}

/* The blocks that libzstd makes of a text, taken as they are: what a piece is if there is no need
 * to begin it again. */
static struct str naive_piece(struct arena *a, struct str text)
{
    ZSTD_CCtx *c = ZSTD_createCCtx();
    size_t bound = ZSTD_compressBound(text.len), len, at = 6, block = 0;
    char *frame = arena_alloc(a, bound, 1);

    assert_non_null(c);
    assert_non_null(frame);
    (void)ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, 9);
    (void)ZSTD_CCtx_setParameter(c, ZSTD_c_minMatch, 6);
    (void)ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, 20);
    (void)ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
    len = ZSTD_compress2(c, frame, bound, text.ptr, text.len);
    assert_false(ZSTD_isError(len));
    (void)ZSTD_freeCCtx(c);
    for (; at < len; at += 3 + block) {
        const unsigned char *head = (const unsigned char *)frame + at;

        block = (size_t)head[0] >> 3 | (size_t)head[1] << 5 | (size_t)head[2] << 13;
        if ((head[0] >> 1 & 3) == 1)
            block = 1;
        frame[at] &= ~1;
    }
    return (struct str){frame + 6, len - 6};
}

static int enter(void **state)
{
    *state = arena_open(256 * MIB);
    return *state ? 0 : -1;
}

static int leave(void **state)
{
    arena_close(*state);
    return 0;
}

/* ---- tests ----------------------------------------------------------------------------------- */

#define PIECES    1400
#define DOCUMENTS 2000

static void pieces_of_all_kinds_in_any_order_are_one_frame_and_one_member(void **state)
{
    AUTO(document_done) struct document d = document_open();
    struct piece *pieces = arena_array(*state, struct piece, PIECES);

    seed = 20261127;
    assert_non_null(pieces);
    for (size_t i = 0; i < PIECES; i++)
        pieces[i] = make_piece(*state, a_text(*state, kinds[i % COUNT(kinds)], a_size()));
    for (size_t i = 0; i < DOCUMENTS; i++) {
        document_begin(&d);
        for (size_t k = below(9); k; k--)
            if (below(3)) {
                document_add(&d, &pieces[below(PIECES)]);
            } else {
                struct str text = pieces[below(PIECES)].text;

                document_add_stored(&d, str_sub(text, 0, below(4) ? 1 : SIZE_MAX));
            }
        document_end(&d);
        check_document(&d);
    }
}

/* Over the window, which holds 1 MiB, and over all sizes of blocks. */
static void the_longest_texts_are_pieces_too(void **state)
{
    AUTO(document_done) struct document d = document_open();

    seed = 1;
    document_begin(&d);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct piece p = make_piece(*state, a_text(*state, kinds[i], STITCH_TEXT_MAX));

        assert_int_equal(p.text.len, STITCH_TEXT_MAX);
        document_add(&d, &p);
        document_add_stored(&d, S(","));
        document_add(&d, &p);
    }
    document_end(&d);
    check_document(&d);
}

static void what_is_piece_by_piece_is_as_small_as_libzstd_makes_it(void **state)
{
    static const size_t sizes[] = {1000, 24000, 131072, 131073, 262144, STITCH_TEXT_MAX};

    seed = 2;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct str text = a_text(*state, add_records, sizes[i]);
        struct piece p = make_piece(*state, text);

        assert_true(str_eq(p.zstd, naive_piece(*state, text)));
        assert_true(p.zstd.len < text.len * 6 / 10);
        assert_true(p.gzip.len < text.len * 6 / 10);
    }
}

/* After other blocks there is another offset, and no decoder would say so. */
static void a_piece_that_asks_for_an_offset_before_it_is_begun_again(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);
    struct str text, rest;
    struct piece p;
    size_t raw;

    seed = 3;
    buf_addz(&b, "177777");
    add_records(&b, 24000);
    text = buf_str(&b);
    assert_false(decodes_anywhere(*state, naive_piece(*state, text), text));
    p = make_piece(*state, text);
    assert_true(decodes_anywhere(*state, p.zstd, text));
    /* The first bytes are a raw block now, and the rest is as libzstd makes it. */
    raw = (size_t)(unsigned char)p.zstd.ptr[0] >> 3;
    assert_int_equal(p.zstd.ptr[0] & 7, 0);
    assert_in_range(raw, 16, 31);
    assert_true(str_eq(str_sub(p.zstd, 3, raw), str_sub(text, 0, raw)));
    rest = str_from(text, raw);
    assert_true(str_eq(str_from(p.zstd, 3 + raw), naive_piece(*state, rest)));
}

static void text_that_never_passes_its_proof_is_kept_as_it_is(void **state)
{
    AUTO(buf_done) struct buf stored = BUF_INIT(MIB);
    struct str text;

    seed = 4;
    text = a_text(*state, add_runs, 150000);
    assert_false(decodes_anywhere(*state, naive_piece(*state, text), text));
    zstd_stored(text, &stored);
    assert_true(str_eq(make_piece(*state, text).zstd, buf_str(&stored)));
}

/* The poison must reach as far as the longest text does. */
static void an_offset_is_asked_for_at_the_end_of_the_longest_text(void **state)
{
    struct str text;

    seed = 5;
    text = a_text(*state, add_late_runs, STITCH_TEXT_MAX);
    assert_false(decodes_anywhere(*state, naive_piece(*state, text), text));
    assert_true(decodes_anywhere(*state, make_piece(*state, text).zstd, text));
}

static void text_that_the_proof_cannot_judge_is_kept_as_it_is(void **state)
{
    AUTO(buf_done) struct buf stored = BUF_INIT(MIB);
    struct str text;

    seed = 6;
    text = a_text(*state, add_with_ff, 140000);
    zstd_stored(text, &stored);
    assert_int_equal(stored.len, 140000 + 2 * 3);
    assert_true(str_eq(make_piece(*state, text).zstd, buf_str(&stored)));
}

static void a_piece_is_read_back_by_itself(void **state)
{
    seed = 7;
    for (size_t i = 0; i < 300; i++) {
        struct piece p = make_piece(*state, a_text(*state, kinds[i % COUNT(kinds)], a_size()));
        AUTO(buf_done) struct buf b = BUF_INIT(p.text.len + 3);

        buf_addz(&b, "abc");
        assert_int_equal(zstd_piece_read(p.zstd, p.text.len, &b, NULL), OK);
        assert_true(str_eq(str_from(buf_str(&b), 3), p.text));
    }
}

/* There is no checksum: damage may go unseen, but it gives text of the size that was asked for. */
static void damaged_blocks_are_refused_or_give_as_many_bytes(void **state)
{
    size_t refused = 0;

    seed = 8;
    for (size_t i = 0; i < 3000; i++) {
        struct piece p = make_piece(*state, a_text(*state, kinds[i % COUNT(kinds)], 2000));
        AUTO(buf_done) struct buf b = BUF_INIT(8 * KIB), bad = BUF_INIT(8 * KIB);
        enum err_code rc;

        buf_add(&bad, p.zstd);
        for (size_t k = 1 + below(3); k; k--)
            bad.ptr[below(below(2) ? 16 : bad.len)] ^= (char)(1 << below(8));
        bad.len -= below(4) ? 0 : below(bad.len);
        buf_addz(&b, "abc");
        rc = zstd_piece_read(buf_str(&bad), p.text.len, &b, NULL);
        assert_true(rc == OK || rc == ERR_INVALID);
        assert_int_equal(b.len, rc ? 3 : 3 + p.text.len);
        assert_true(buf_ok(&b));
        refused += rc == ERR_INVALID;
    }
    assert_true(refused > 1500);
}

static void assert_not_read(struct str blocks, size_t text_size, enum err_code expected)
{
    AUTO(buf_done) struct buf b = BUF_INIT(4 * MIB);

    assert_int_equal(zstd_piece_read(blocks, text_size, &b, NULL), expected);
    assert_int_equal(b.len, 0);
}

static void only_whole_blocks_of_the_right_size_are_read(void **state)
{
    struct str text, blocks;
    AUTO(buf_done) struct buf b = BUF_INIT(KIB);

    seed = 9;
    text = a_text(*state, add_records, 5000);
    blocks = make_piece(*state, text).zstd;
    assert_not_read(blocks, 4999, ERR_INVALID);
    assert_not_read(blocks, 5001, ERR_INVALID);
    assert_not_read(blocks, 0, ERR_INVALID);
    assert_not_read(blocks, STITCH_TEXT_MAX + 1, ERR_INVALID);
    assert_not_read(str_sub(blocks, 0, blocks.len - 1), 5000, ERR_INVALID);
    assert_not_read(make_joined(*state, blocks, S("\0")), 5000, ERR_INVALID);
    assert_not_read(make_joined(*state, blocks, S("\x01\0\0")), 5000, ERR_INVALID); /* the last */
    assert_not_read(S("\x06\0\0"), 0, ERR_INVALID); /* the reserved type */
    assert_not_read(S(""), 1, ERR_INVALID);
    assert_not_read(S("\x18\0\0abcd"), 3, ERR_INVALID);
    /* A block that is the last would hide another frame from a look at the sizes. */
    assert_not_read(S("\x19\0\0abc\x52\x2a\x4d\x18\x03\0\0\0"), 3, ERR_INVALID);
    assert_int_equal(zstd_piece_read(S(""), 0, &b, NULL), OK);
    assert_int_equal(zstd_piece_read(S("\x18\0\0abc\x1a\0\0z"), 6, &b, NULL), OK);
    assert_str(buf_str(&b), "abczzz");
}

static void equal_texts_give_equal_bytes_in_any_buffer(void **state)
{
    struct str text, other;
    struct piece first, second;
    AUTO(buf_done) struct buf used = BUF_INIT(MIB);
    uint32_t crc;

    seed = 10;
    text = a_text(*state, add_records, 130000);
    other = a_text(*state, add_records, 90000);
    first = make_piece(*state, text);
    (void)make_piece(*state, other);
    second = make_piece(*state, text);
    assert_true(str_eq(first.zstd, second.zstd));
    assert_true(str_eq(first.gzip, second.gzip));
    buf_add(&used, other);
    assert_int_equal(zstd_piece(text, &used, NULL), OK);
    assert_true(str_eq(str_from(buf_str(&used), other.len), first.zstd));
    used.len = other.len;
    assert_int_equal(gzip_piece(text, &used, &crc, NULL), OK);
    assert_true(str_eq(str_from(buf_str(&used), other.len), first.gzip));
    assert_int_equal(crc, first.crc);
}

static void the_smallest_documents_are_as_the_formats_say(void **state)
{
    AUTO(document_done) struct document d = document_open();
    struct piece empty = make_piece(*state, S(""));

    assert_int_equal(empty.zstd.len, 0);
    assert_int_equal(empty.gzip.len, 0);
    assert_int_equal(empty.crc, 0);
    document_begin(&d);
    document_add(&d, &empty);
    document_end(&d);
    check_document(&d);
    document_begin(&d);
    document_add_stored(&d, S("{}"));
    document_end(&d);
    check_document(&d);
    assert_true(str_eq(buf_str(&d.zstd), S("\x28\xb5\x2f\xfd\xc0\x50\x02\0\0\0\0\0\0\0"
                                           "\x10\0\0{}"
                                           "\x01\0\0")));
    assert_true(str_eq(buf_str(&d.gzip), S("\x1f\x8b\x08\0\0\0\0\0\0\xff"
                                           "\0\x02\0\xfd\xff{}"
                                           "\x03\0\x43\xbf\xa6\xa3\x02\0\0\0")));
}

static void sizes_are_those_of_64_bits(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(KIB);

    (void)state;
    zstd_head(0x0123456789abcdef, &b);
    assert_true(str_eq(buf_str(&b), S("\x28\xb5\x2f\xfd\xc0\x50\xef\xcd\xab\x89\x67\x45\x23\x01")));
    buf_clear(&b);
    gzip_end((struct gzip_sum){0x12345678, 0x1deadbeef}, &b); /* modulo 2^32 */
    assert_true(str_eq(buf_str(&b), S("\x03\0\x78\x56\x34\x12\xef\xbe\xad\xde")));
    assert_int_equal(zstd_stored_size(131072), 131075);
    assert_int_equal(zstd_stored_size(131073), 131079);
    assert_int_equal(zstd_stored_size((uint64_t)1 << 40), ((uint64_t)1 << 40) + 3 * (1 << 23));
    assert_int_equal(gzip_stored_size(65535), 65540);
    assert_int_equal(gzip_stored_size(65536), 65546);
    assert_int_equal(zstd_stored_size(0) + gzip_stored_size(0), 0);
}

/* The CRC-32 of more than 2^32 bytes without reading them: a megabyte of zeroes, doubled. */
static void sums_add_up_to_that_of_the_whole(void **state)
{
    struct gzip_sum sum = {0}, whole = {0};
    struct str text;

    seed = 11;
    text = a_text(*state, add_noise, 70000);
    for (size_t at = 0, len; at < text.len; at += len) {
        struct gzip_sum part = {0};

        len = a_bit(text.len - at);
        gzip_sum_text(&part, str_sub(text, at, len));
        gzip_sum_add(&sum, part.crc, part.size);
    }
    gzip_sum_text(&whole, text);
    assert_int_equal(sum.crc, whole.crc);
    assert_int_equal(sum.crc, crc32_z(0, (const Bytef *)text.ptr, text.len));
    assert_int_equal(sum.size, 70000);
    sum = (struct gzip_sum){0};
    gzip_sum_text(&sum, make_run(*state, '\0', MIB));
    for (size_t i = 0; i < 13; i++)
        gzip_sum_add(&sum, sum.crc, sum.size);
    assert_int_equal(sum.size, (uint64_t)1 << 33);
    assert_int_equal(sum.crc, 0x41d912ff);
}

static void a_failure_leaves_the_buffer_as_it_was(void **state)
{
    struct str text = make_run(*state, 'x', STITCH_TEXT_MAX + 1), noise;
    AUTO(buf_done) struct buf small = BUF_INIT(1000), exact = BUF_INIT(0);
    struct piece p;
    uint32_t crc = 7;

    seed = 12;
    noise = a_text(*state, add_noise, 2000);
    buf_addz(&small, "abc");
    assert_int_equal(zstd_piece(text, &small, NULL), ERR_TOO_BIG);
    assert_int_equal(gzip_piece(text, &small, &crc, NULL), ERR_TOO_BIG);
    assert_int_equal(zstd_piece(noise, &small, NULL), ERR_TOO_BIG);
    assert_int_equal(gzip_piece(noise, &small, &crc, NULL), ERR_TOO_BIG);
    p = make_piece(*state, noise);
    assert_int_equal(zstd_piece_read(p.zstd, 2000, &small, NULL), ERR_TOO_BIG);
    assert_int_equal(zstd_piece_read(S("\x18\0\0a"), 3, &small, NULL), ERR_INVALID);
    assert_int_equal(crc, 7);
    assert_str(buf_str(&small), "abc");
    assert_true(buf_ok(&small));
    exact.max = p.zstd.len;
    assert_int_equal(zstd_piece(noise, &exact, NULL), OK);
    assert_int_equal(zstd_piece(noise, &exact, NULL), ERR_TOO_BIG);
    assert_true(str_eq(buf_str(&exact), p.zstd));
}

static enum err_code all_three(struct str text, struct buf *zstd, struct buf *gzip,
                               struct buf *plain)
{
    uint32_t crc;
    enum err_code rc = zstd_piece(text, zstd, NULL);

    if (!rc)
        rc = gzip_piece(text, gzip, &crc, NULL);
    return rc ? rc : zstd_piece_read(buf_str(zstd), text.len, plain, NULL);
}

static void every_lack_of_memory_is_told(void **state)
{
    struct str text;

    seed = 13;
    text = a_text(*state, add_near_copies, 3000); /* begins again */
    for (long n = 1;; n++) {
        AUTO(buf_done) struct buf zstd = BUF_INIT(MIB), gzip = BUF_INIT(MIB), plain = BUF_INIT(MIB);
        enum err_code rc;

        mem_fail_at(n);
        rc = all_three(text, &zstd, &gzip, &plain);
        mem_fail_at(0);
        assert_true(buf_ok(&zstd) && buf_ok(&gzip) && buf_ok(&plain));
        if (!rc) {
            assert_true(n > 15);
            return;
        }
        assert_int_equal(rc, ERR_NOMEM);
        assert_int_equal(plain.len, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_all_kinds_in_any_order_are_one_frame_and_one_member),
        cmocka_unit_test(the_longest_texts_are_pieces_too),
        cmocka_unit_test(what_is_piece_by_piece_is_as_small_as_libzstd_makes_it),
        cmocka_unit_test(a_piece_that_asks_for_an_offset_before_it_is_begun_again),
        cmocka_unit_test(text_that_never_passes_its_proof_is_kept_as_it_is),
        cmocka_unit_test(an_offset_is_asked_for_at_the_end_of_the_longest_text),
        cmocka_unit_test(text_that_the_proof_cannot_judge_is_kept_as_it_is),
        cmocka_unit_test(a_piece_is_read_back_by_itself),
        cmocka_unit_test(damaged_blocks_are_refused_or_give_as_many_bytes),
        cmocka_unit_test(only_whole_blocks_of_the_right_size_are_read),
        cmocka_unit_test(equal_texts_give_equal_bytes_in_any_buffer),
        cmocka_unit_test(the_smallest_documents_are_as_the_formats_say),
        cmocka_unit_test(sizes_are_those_of_64_bits),
        cmocka_unit_test(sums_add_up_to_that_of_the_whole),
        cmocka_unit_test(a_failure_leaves_the_buffer_as_it_was),
        cmocka_unit_test(every_lack_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
