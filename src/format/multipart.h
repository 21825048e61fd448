/* multipart.h: a streaming, bounded scanner for multipart/form-data (RFC 7578, RFC 2046 5.1).
 *
 * Feed it chunks of any size; it calls back with parts and their bytes and keeps no more than a
 * part's headers. Refused: missing or overlong boundary, headers over LIMIT_PART_HEADERS, parts
 * without a name, nested multiparts, bytes after the close, a body without a close. */
#ifndef FORMAT_MULTIPART_H
#define FORMAT_MULTIPART_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct multipart_events {
    void *ctx;
    /* A part begins. filename.ptr == NULL: an ordinary field. Both are valid during the call. */
    enum err_code (*part)(void *ctx, struct str name, struct str filename, struct err *err);
    enum err_code (*data)(void *ctx, struct str bytes, struct err *err); /* some of its bytes */
    enum err_code (*part_end)(void *ctx, struct err *err);
};

struct multipart;
/* content_type: the request's header. The scanner lives in mem. */
enum err_code multipart_open(struct arena *mem, struct str content_type,
                             const struct multipart_events *ev, struct multipart **ret_scanner,
                             struct err *err) MUST_USE;
/* Another header of the part that begins, its value without blanks around it: during the call of
 * `part` alone. ptr NULL when absent. name: any case. */
struct str multipart_header(const struct multipart *m, struct str name);
enum err_code multipart_feed(struct multipart *m, struct str chunk, struct err *err) MUST_USE;
enum err_code multipart_finish(struct multipart *m,
                               struct err *err) MUST_USE; /* closed properly? */

#endif
