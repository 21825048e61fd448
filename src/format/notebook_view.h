/* notebook_view.h: what a page shows of a notebook, as data that nobody has to trust.
 *
 * A notebook may hold any HTML and script. The view is JSON in which every text is a text, and
 * every part says by its "kind" what it is: the page decides how to show that kind, and never
 * inserts a text as markup.
 *
 *   notebook  {format: [4, 5], title, kernel, kernel_title, language, language_version, authors,
 *              cells, left_out}            left_out: how many cells had no room at the end
 *   cell      {kind: "code", id, text, language, execution_count, outputs, left_out}
 *             {kind: "markdown", id, text, attachments: {name: part}}
 *             {kind: "raw", id, text, mime, attachments}
 *             {kind: "unknown", id, text}
 *   part      {kind: "text", stream, spans: [{text, fg, bg, bold, italic, underline}]}
 *             {kind: "error", name, message, spans}
 *             {kind: "image", mime, width, height, data}      data: base64; verified by its bytes
 *             {kind: "markdown" | "latex" | "json", text}
 *             {kind: "html" | "svg", text}                    untrusted: for a sandboxed frame only
 *             {kind: "dropped", mime, note}                   not shown, and why
 *
 * An output may have "execution_count", "note" (a richer form that could not be shown) and
 * "fallback" (a part of kind "text", for where the first is not wanted). A text that is too long is
 * cut, and has "cut": true beside it. What is empty, false or unknown is left out, but for text,
 * spans, cells and outputs. */
#ifndef FORMAT_NOTEBOOK_VIEW_H
#define FORMAT_NOTEBOOK_VIEW_H
#include "base/buf.h"
#include "format/image.h"
#include "format/notebook.h"

/* Appends the view, at most LIMIT_NOTEBOOK_VIEW and a little. What is too large or needs too much
 * memory is left out, and that is said where it would be; out tells whether the rest had room. */
void notebook_view(const struct notebook *nb, struct buf *out);

/* The first picture among the outputs, else among the attachments, that is one by its bytes and of
 * at most LIMIT_NOTEBOOK_THUMBNAIL. False if there is none. */
bool notebook_thumbnail(struct arena *mem, const struct notebook *nb, struct image *ret) MUST_USE;

#endif
