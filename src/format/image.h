/* image.h: is this a picture that a browser may be given, judged by its bytes?
 *
 * Only raster formats are known. SVG is a document that can hold scripts, and so never one here. */
#ifndef FORMAT_IMAGE_H
#define FORMAT_IMAGE_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum image_type { IMAGE_PNG, IMAGE_JPEG, IMAGE_GIF, IMAGE_WEBP };

struct image {
    enum image_type type;
    uint32_t width, height; /* in pixels, both above 0 */
    struct str bytes;       /* as given */
};

/* Reads the head of a picture. What the bytes claim to be elsewhere (a MIME type, a file name) is
 * of no account. ERR_INVALID when they are of no known format or end before the size is told,
 * ERR_TOO_BIG over LIMIT_IMAGE_PIXELS. */
enum err_code image_parse(struct str bytes, struct image *ret, struct err *err) MUST_USE;
/* The same of base64, with blanks and line ends anywhere (RFC 2045); bytes are in mem. */
enum err_code image_parse_base64(struct arena *mem, struct str text, struct image *ret,
                                 struct err *err) MUST_USE;

const char *image_mime(enum image_type type); /* "image/png" */

#endif
