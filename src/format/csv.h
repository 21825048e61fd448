/* csv.h: lines of comma-separated values (RFC 4180), safe to open in a spreadsheet. */
#ifndef FORMAT_CSV_H
#define FORMAT_CSV_H
#include "base/buf.h"
#include "base/str.h"

/* Appends one line, every cell in quotes. A cell that a spreadsheet would take for a formula (it
 * begins with = + - @ or a control character) gets a "'" before it, which makes it a text. */
void csv_add_line(struct buf *out, const struct str *cells, size_t count);

#endif
