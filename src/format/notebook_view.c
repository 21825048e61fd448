#include "format/notebook_view.h"

#include <inttypes.h>

#include "base/limits.h"
#include "base/text.h"
#include "format/ansi.h"
#include "format/json.h"
#include "format/json_write.h"

/* A text with more changes of style than this is cut: each takes about 60 bytes of JSON. */
#define SPANS_MAX 20000
/* Passing memory of one part: base64 with blanks, without, its bytes, and base64 again. */
#define SCRATCH_MAX (4 * LIMIT_NOTEBOOK_PICTURE + MIB)

/* --- texts ----------------------------------------------------------------------------------- */

/* At most max bytes, at the border of a character. */
static struct str cut(struct str s, size_t max)
{
    if (s.len <= max)
        return s;
    s.len = max;
    while (s.len && ((unsigned char)s.ptr[s.len] & 0xc0) == 0x80)
        s.len--;
    return s;
}

static void put_long(struct buf *out, struct str text)
{
    json_write_text(out, "text", cut(text, LIMIT_NOTEBOOK_TEXT));
    json_write_flag(out, "cut", text.len > LIMIT_NOTEBOOK_TEXT);
}

/* --- parts ------------------------------------------------------------------------------------ */

static void put_color(struct buf *out, const char *key, ansi_color color)
{
    char name[ANSI_COLOR_NAME];

    json_write_some(out, key, ansi_color_name(color, name));
}

static void add_span(struct buf *out, const struct ansi_span *span)
{
    json_write_next(out);
    buf_addc(out, '{');
    json_write_text(out, "text", span->text);
    put_color(out, "fg", span->style.fg);
    put_color(out, "bg", span->style.bg);
    json_write_flag(out, "bold", span->style.bold);
    json_write_flag(out, "italic", span->style.italic);
    json_write_flag(out, "underline", span->style.underline);
    buf_addc(out, '}');
}

static void put_spans(struct buf *out, struct str text)
{
    AUTO(arena_closep) struct arena *scratch = arena_open(LIMIT_NOTEBOOK_TEXT + KIB);
    struct ansi_reader reader;
    struct ansi_span span;
    size_t count = 0;
    bool more = false;

    if (!scratch || !ansi_begin(scratch, cut(text, LIMIT_NOTEBOOK_TEXT), &reader)) {
        out->failed = true;
        return;
    }
    json_write_key(out, "spans");
    buf_addc(out, '[');
    while (!more && ansi_next(&reader, &span)) {
        more = count++ == SPANS_MAX;
        if (!more)
            add_span(out, &span);
    }
    buf_addc(out, ']');
    json_write_flag(out, "cut", more || text.len > LIMIT_NOTEBOOK_TEXT);
}

static void open_part(struct buf *out, const char *kind)
{
    buf_addc(out, '{');
    json_write_text(out, "kind", str_of(kind));
}

static void dropped(struct buf *out, struct str mime, const char *note)
{
    open_part(out, "dropped");
    json_write_some(out, "mime", cut(mime, 200));
    json_write_text(out, "note", str_of(note));
}

/* What can be made of a form, in the order in which one is chosen. A picture is before HTML since
 * that of plots is often a script that never runs here. */
enum use {
    USE_IMAGE,
    USE_HTML,
    USE_MARKDOWN,
    USE_SVG,
    USE_LATEX,
    USE_JSON,
    USE_ACTIVE,
    USE_TEXT,
    USE_OTHER,
    USE_COUNT
};

static enum use use_of(struct str mime)
{
    static const struct {
        struct str mime;
        enum use use;
    } known[] = {
        {{"image/png", 9}, USE_IMAGE},
        {{"image/jpeg", 10}, USE_IMAGE},
        {{"image/gif", 9}, USE_IMAGE},
        {{"image/webp", 10}, USE_IMAGE},
        {{"text/html", 9}, USE_HTML},
        {{"text/markdown", 13}, USE_MARKDOWN},
        {{"image/svg+xml", 13}, USE_SVG},
        {{"text/latex", 10}, USE_LATEX},
        {{"application/json", 16}, USE_JSON},
        {{"application/geo+json", 20}, USE_JSON},
        {{"application/javascript", 22}, USE_ACTIVE},
        {{"application/x-javascript", 24}, USE_ACTIVE},
        {{"text/javascript", 15}, USE_ACTIVE},
        {{"application/vnd.jupyter.widget-view+json", 40}, USE_ACTIVE},
        {{"application/vnd.jupyter.stderr", 30}, USE_TEXT},
    };

    for (size_t i = 0; i < COUNT(known); i++)
        if (str_eq_nocase(mime, known[i].mime))
            return known[i].use;
    return str_starts(mime, S("text/")) ? USE_TEXT : USE_OTHER;
}

static bool is_text(const struct notebook_form *form, struct err *why)
{
    if (!form->text.ptr)
        (void)fail(why, ERR_INVALID, "not a text");
    return form->text.ptr;
}

static bool write_image(struct buf *out, const struct notebook_form *form, struct err *why)
{
    AUTO(arena_closep) struct arena *scratch = arena_open(SCRATCH_MAX);
    struct image image;
    struct str data;

    if (!is_text(form, why))
        return false;
    if (form->text.len > LIMIT_NOTEBOOK_PICTURE) {
        (void)fail(why, ERR_TOO_BIG, "a picture of %zu KiB in base64 is over the limit of %zu",
                   form->text.len / KIB, LIMIT_NOTEBOOK_PICTURE / KIB);
        return false;
    }
    if (!scratch || image_parse_base64(scratch, form->text, &image, why))
        return false;
    data = text_base64(scratch, image.bytes);
    if (!data.ptr)
        return false;
    open_part(out, "image");
    json_write_text(out, "mime", str_of(image_mime(image.type)));
    json_write_int(out, "width", image.width);
    json_write_int(out, "height", image.height);
    json_write_text(out, "data", data);
    return true;
}

/* Markup that is cut would be other markup. */
static bool write_markup(struct buf *out, const char *kind, const struct notebook_form *form,
                         struct err *why)
{
    if (!is_text(form, why))
        return false;
    if (form->text.len > LIMIT_NOTEBOOK_TEXT) {
        (void)fail(why, ERR_TOO_BIG, "%zu KiB of it are over the limit of %zu",
                   form->text.len / KIB, LIMIT_NOTEBOOK_TEXT / KIB);
        return false;
    }
    open_part(out, kind);
    json_write_text(out, "text", form->text);
    return true;
}

static bool write_json(struct buf *out, const struct notebook_form *form)
{
    AUTO(buf_done) struct buf text = BUF_INIT(8 * LIMIT_NOTEBOOK_TEXT);

    if (form->value)
        json_canonical(&text, form->value);
    open_part(out, "json");
    put_long(out, form->value && buf_ok(&text) ? buf_str(&text)
                  : form->text.ptr             ? form->text
                                               : S(""));
    return true;
}

static bool write_text(struct buf *out, struct str stream, struct str text)
{
    open_part(out, "text");
    json_write_some(out, "stream", stream);
    put_spans(out, text);
    return true;
}

/* Begins a part, and leaves it open; false, and nothing written, when the form is not what its type
 * says. */
static bool write_form(struct buf *out, const struct notebook_form *form, struct err *why)
{
    switch (use_of(form->mime)) {
    case USE_IMAGE:
        return write_image(out, form, why);
    case USE_HTML:
        return write_markup(out, "html", form, why);
    case USE_MARKDOWN:
        return write_markup(out, "markdown", form, why);
    case USE_SVG:
        return write_markup(out, "svg", form, why);
    case USE_LATEX:
        return write_markup(out, "latex", form, why);
    case USE_JSON:
        return write_json(out, form);
    case USE_TEXT:
        return is_text(form, why) && write_text(out, S(""), form->text);
    case USE_ACTIVE:
        dropped(out, form->mime, "programs in a notebook are not run");
        return true;
    case USE_OTHER:
    case USE_COUNT:
        break;
    }
    dropped(out, form->mime, "there is no viewer for this type");
    return true;
}

static const struct notebook_form *plain_of(const struct notebook_bundle *b)
{
    for (size_t i = 0; i < b->count; i++)
        if (str_eq(b->forms[i].mime, S("text/plain")) && b->forms[i].text.ptr)
            return &b->forms[i];
    return NULL;
}

/* One part of a value's many forms: the first in the order of `enum use` that holds. */
static void write_bundle(struct buf *out, const struct notebook_bundle *b)
{
    const struct notebook_form *plain = plain_of(b), *chosen = NULL;
    struct err why = {0};

    for (enum use use = 0; !chosen && use < USE_COUNT; use++)
        for (size_t i = 0; !chosen && i < b->count; i++)
            if (use_of(b->forms[i].mime) == use && write_form(out, &b->forms[i], &why))
                chosen = &b->forms[i];
    if (!chosen)
        dropped(out, b->count ? b->forms[0].mime : S(""),
                why.msg[0] ? why.msg : "there is nothing to show");
    else if (why.msg[0] && use_of(chosen->mime) != USE_ACTIVE && use_of(chosen->mime) != USE_OTHER)
        json_write_text(out, "note", str_of(why.msg)); /* what was dropped has a note of its own */
    if (plain && chosen != plain) {
        json_write_key(out, "fallback");
        (void)write_text(out, S(""), plain->text);
        buf_addc(out, '}');
    }
}

static void write_error(struct buf *out, const struct notebook_output *o)
{
    open_part(out, "error");
    json_write_some(out, "name", cut(o->name, KIB));
    json_write_some(out, "message", cut(o->text, 16 * KIB));
    put_spans(out, o->traceback);
}

static void write_output(struct buf *out, const struct notebook_output *o)
{
    switch (o->kind) {
    case NOTEBOOK_STREAM:
        (void)write_text(out, cut(o->name, KIB), o->text);
        break;
    case NOTEBOOK_DATA:
        write_bundle(out, &o->data);
        break;
    case NOTEBOOK_ERROR:
        write_error(out, o);
        break;
    case NOTEBOOK_OUTPUT_UNKNOWN:
        dropped(out, S(""), "an output of a kind that is not known yet");
        break;
    }
    if (o->execution_count >= 0)
        json_write_int(out, "execution_count", o->execution_count);
    buf_addc(out, '}');
}

/* --- cells ------------------------------------------------------------------------------------ */

/* room: bytes that the cell may take. */
static void write_outputs(struct buf *out, const struct notebook_cell *cell, size_t room)
{
    AUTO(buf_done) struct buf part = BUF_INIT(LIMIT_NOTEBOOK_VIEW);
    size_t i;

    json_write_key(out, "outputs");
    buf_addc(out, '[');
    for (i = 0; i < cell->output_count; i++) {
        buf_clear(&part);
        write_output(&part, &cell->outputs[i]);
        if (!buf_ok(&part)) {
            buf_clear(&part);
            dropped(&part, S(""), "too large to be shown");
            buf_addc(&part, '}');
        }
        if (out->len + part.len > room)
            break;
        json_write_next(out);
        buf_add(out, buf_str(&part));
    }
    buf_addc(out, ']');
    if (i < cell->output_count)
        json_write_int(out, "left_out", (int64_t)(cell->output_count - i));
}

/* An SVG among attachments is in base64 as pictures are, and here in readable form. */
static bool write_svg_attachment(struct buf *out, struct notebook_form form)
{
    AUTO(arena_closep) struct arena *scratch = arena_open(SCRATCH_MAX);
    struct str text = {NULL, 0};

    if (scratch && form.text.ptr && form.text.len <= LIMIT_NOTEBOOK_PICTURE)
        text = text_unbase64(scratch, form.text);
    if (!text.ptr || !text_is_utf8(text) || str_has(text, 0))
        return false;
    form.text = text;
    return write_markup(out, "svg", &form, NULL);
}

static void write_attachment(struct buf *out, const struct notebook_bundle *b)
{
    for (size_t i = 0; i < b->count; i++) {
        if (use_of(b->forms[i].mime) == USE_SVG && write_svg_attachment(out, b->forms[i])) {
            buf_addc(out, '}');
            return;
        }
    }
    write_bundle(out, b);
    buf_addc(out, '}');
}

static void write_attachments(struct buf *out, const struct notebook_cell *cell, size_t room)
{
    AUTO(buf_done) struct buf part = BUF_INIT(LIMIT_NOTEBOOK_VIEW);

    if (!cell->attachment_count)
        return;
    json_write_key(out, "attachments");
    buf_addc(out, '{');
    for (size_t i = 0; i < cell->attachment_count; i++) {
        const struct notebook_attachment *a = &cell->attachments[i];

        buf_clear(&part);
        json_string_literal(&part, a->name);
        buf_addc(&part, ':');
        write_attachment(&part, &a->data);
        if (!buf_ok(&part) || out->len + part.len > room)
            continue;
        json_write_next(out);
        buf_add(out, buf_str(&part));
    }
    buf_addc(out, '}');
}

static void write_cell(struct buf *out, const struct notebook *nb, const struct notebook_cell *cell,
                       size_t room)
{
    static const char *const kinds[] = {"code", "markdown", "raw", "unknown"};

    open_part(out, kinds[cell->kind]);
    json_write_some(out, "id", cell->id);
    put_long(out, cell->source);
    json_write_some(out, "mime", cut(cell->raw_mime, KIB));
    if (cell->kind == NOTEBOOK_CODE) {
        json_write_some(out, "language",
                        cut(cell->language.len ? cell->language : nb->language, KIB));
        if (cell->execution_count >= 0)
            json_write_int(out, "execution_count", cell->execution_count);
        write_outputs(out, cell, room);
    }
    write_attachments(out, cell, room);
    buf_addc(out, '}');
}

static void write_head(struct buf *out, const struct notebook *nb)
{
    buf_addf(out, "{\"format\":[%" PRId64 ",%" PRId64 "]", nb->major, nb->minor);
    json_write_some(out, "title", cut(nb->title, KIB));
    json_write_some(out, "kernel", cut(nb->kernel, KIB));
    json_write_some(out, "kernel_title", cut(nb->kernel_title, KIB));
    json_write_some(out, "language", cut(nb->language, KIB));
    json_write_some(out, "language_version", cut(nb->language_version, KIB));
    if (!nb->author_count)
        return;
    json_write_key(out, "authors");
    buf_addc(out, '[');
    for (size_t i = 0; i < nb->author_count; i++)
        json_write_item(out, cut(nb->authors[i], KIB));
    buf_addc(out, ']');
}

void notebook_view(const struct notebook *nb, struct buf *out)
{
    AUTO(buf_done) struct buf text = BUF_INIT(2 * LIMIT_NOTEBOOK_VIEW);
    size_t i, start = out->len;

    write_head(out, nb);
    json_write_key(out, "cells");
    buf_addc(out, '[');
    for (i = 0; i < nb->cell_count; i++) {
        size_t used = out->len - start;
        size_t room = used < LIMIT_NOTEBOOK_VIEW ? LIMIT_NOTEBOOK_VIEW - used : 0;

        buf_clear(&text);
        write_cell(&text, nb, &nb->cells[i], room);
        if (!buf_ok(&text) || text.len > room)
            break;
        json_write_next(out);
        buf_add(out, buf_str(&text));
    }
    buf_addc(out, ']');
    if (i < nb->cell_count)
        json_write_int(out, "left_out", (int64_t)(nb->cell_count - i));
    buf_addc(out, '}');
}

/* --- thumbnail -------------------------------------------------------------------------------- */

static bool picture_in(struct arena *mem, const struct notebook_bundle *b, struct image *ret)
{
    for (size_t i = 0; i < b->count; i++) {
        const struct notebook_form *form = &b->forms[i];
        AUTO(arena_closep) struct arena *scratch = NULL;
        struct image got;

        if (use_of(form->mime) != USE_IMAGE || !form->text.ptr ||
            form->text.len > LIMIT_NOTEBOOK_PICTURE)
            continue;
        scratch = arena_open(SCRATCH_MAX);
        if (!scratch || image_parse_base64(scratch, form->text, &got, NULL) ||
            got.bytes.len > LIMIT_NOTEBOOK_THUMBNAIL)
            continue;
        got.bytes = str_dup(mem, got.bytes);
        if (!got.bytes.ptr)
            return false;
        *ret = got;
        return true;
    }
    return false;
}

bool notebook_thumbnail(struct arena *mem, const struct notebook *nb, struct image *ret)
{
    for (size_t i = 0; i < nb->cell_count; i++)
        for (size_t j = 0; j < nb->cells[i].output_count; j++)
            if (picture_in(mem, &nb->cells[i].outputs[j].data, ret))
                return true;
    for (size_t i = 0; i < nb->cell_count; i++)
        for (size_t j = 0; j < nb->cells[i].attachment_count; j++)
            if (picture_in(mem, &nb->cells[i].attachments[j].data, ret))
                return true;
    return false;
}
