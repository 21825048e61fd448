/* zstd.h: one buffer to one zstd frame and back (RFC 8878). */
#ifndef FORMAT_ZSTD_H
#define FORMAT_ZSTD_H
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* Appends one frame, content size pledged, no checksum. level: 1 to 19. Deterministic. */
enum err_code zstd_pack(struct str data, int level, struct buf *out, struct err *err) MUST_USE;
/* Appends the content of the frame(s); bounded by out's maximum and LIMIT_ZSTD_WINDOW_LOG. */
enum err_code zstd_unpack(struct str data, struct buf *out, struct err *err) MUST_USE;

#endif
