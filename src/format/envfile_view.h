/* envfile_view.h: an environment as JSON: what the API answers, less what the server knows. */
#ifndef FORMAT_ENVFILE_VIEW_H
#define FORMAT_ENVFILE_VIEW_H
#include "base/buf.h"
#include "format/envfile.h"

/* Appends {"format", "name", "prefix", "channels", "platforms", "variables", "notes", "conda",
 * "pip", "entries", "left_out"}: conda and pip count all entries, of which at most max are listed,
 * and left_out says how many are not. What an entry does not have is left out of it; "locked" is
 * one that names a package by its URL. */
void envfile_view(const struct envfile *f, size_t max, struct buf *out);

#endif
