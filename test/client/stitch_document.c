/* stitch_document.c: a document of pieces and stored texts, for test_stitch.py to have decoded.
 *
 * stitch_document zstd|gzip: reads texts, each after a line "piece SIZE" or "stored SIZE", and
 * writes the document. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/stitch.h"

#define DOCUMENT_MAX (256 * MIB)

struct document {
    bool gzip;
    struct buf body;
    struct gzip_sum sum; /* its size is that of a zstd document too */
};

static _Noreturn void give_up(const char *why)
{
    (void)fprintf(stderr, "stitch_document: %s\n", why);
    exit(1);
}

static void add_piece(struct document *d, struct str text)
{
    uint32_t crc = 0;
    struct err err = {0};
    enum err_code rc =
        d->gzip ? gzip_piece(text, &d->body, &crc, &err) : zstd_piece(text, &d->body, &err);

    if (rc)
        give_up(err.msg);
    gzip_sum_add(&d->sum, crc, text.len);
}

static void add_stored(struct document *d, struct str text)
{
    if (d->gzip)
        gzip_stored(text, &d->body);
    else
        zstd_stored(text, &d->body);
    gzip_sum_text(&d->sum, text);
}

/* Reads one text into b; false at the end. */
static bool read_text(struct buf *b, bool *ret_piece)
{
    char line[64];
    struct str rest, kind;
    uint64_t size;
    char *room;

    if (!fgets(line, sizeof(line), stdin))
        return false;
    rest = str_of(line);
    if (!str_ends(rest, S("\n")) || !str_cut(&rest, ' ', &kind) ||
        !str_u64(str_sub(rest, 0, rest.len - 1), DOCUMENT_MAX, &size))
        give_up("no line of a kind and a size");
    buf_clear(b);
    room = buf_reserve(b, (size_t)size);
    if (!room || fread(room, 1, (size_t)size, stdin) != size)
        give_up("could not read the text");
    buf_commit(b, (size_t)size);
    *ret_piece = str_eq(kind, S("piece"));
    return true;
}

static void write_out(struct str bytes)
{
    if (fwrite(bytes.ptr, 1, bytes.len, stdout) != bytes.len)
        give_up("could not write");
}

int main(int argc, char **argv)
{
    struct document d = {.gzip = argc == 2 && !strcmp(argv[1], "gzip"),
                         .body = BUF_INIT(DOCUMENT_MAX)};
    AUTO(buf_done) struct buf text = BUF_INIT(DOCUMENT_MAX), head = BUF_INIT(KIB);
    bool piece;

    while (read_text(&text, &piece))
        if (piece)
            add_piece(&d, buf_str(&text));
        else
            add_stored(&d, buf_str(&text));
    if (d.gzip) {
        gzip_head(&head);
        gzip_end(d.sum, &d.body);
    } else {
        zstd_head(d.sum.size, &head);
        zstd_end(&d.body);
    }
    if (!buf_ok(&head) || !buf_ok(&d.body))
        give_up("out of memory");
    write_out(buf_str(&head));
    write_out(buf_str(&d.body));
    buf_done(&d.body);
    return 0;
}
