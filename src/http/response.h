/* response.h: an answer, immutable once it was handed over and therefore shareable.
 *
 * One response may be sent on many connections at once: what is the same for everybody (a 304,
 * a small document) is built once and referenced. Each function that makes a response returns
 * one reference, or NULL when out of memory. */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H
#include "base/common.h"
#include "base/err.h"
#include "base/str.h"

struct http_response; /* begins with struct shared: use shared_ref, shared_unref */
void http_response_unrefp(struct http_response **r); /* for AUTO */

struct http_response *http_response_bytes(unsigned status, struct str body) MUST_USE; /* copies */
/* Bytes [offset, offset + len) of an open file; owns fd from now on, also on failure. Such a
 * response is for one exchange. */
struct http_response *http_response_file(unsigned status, int fd, uint64_t offset,
                                         uint64_t len) MUST_USE;
/* Content that lies elsewhere, fetched in pieces of up to HTTP_PIECE while it is sent. read is
 * called on workers, one call at a time for each response, always for the next piece; it fills all
 * of out. After a failure the connection is cut, which tells the client that the body is not whole.
 */
#define HTTP_PIECE ((size_t)1 << 20)
struct http_source {
    /* Begins with struct shared; a response keeps a reference. */
    void *object;
    enum err_code (*read)(void *object, uint64_t offset, size_t len, char *out, struct err *err);
    size_t memory; /* about how many bytes the object takes, for caches */
};
/* Bytes [offset, offset + len) of a source. Such a response is for one exchange. */
struct http_response *http_response_pieces(unsigned status, const struct http_source *source,
                                           uint64_t offset, uint64_t len) MUST_USE;
/* Adds a header. False when out of memory or when the value holds CR, LF or NUL (then the
 * response must not be sent). An empty value adds nothing. Only before the response is first sent.
 * Date, Connection and Content-Length are not the caller's. */
bool http_response_header(struct http_response *r, const char *name, struct str value) MUST_USE;

/* A response of one exchange, which may still get a header that others must not have: r itself if
 * it can be on one exchange only (a file, pieces), else another one with the same status, headers
 * and bytes (which are not copied). One reference; NULL when out of memory. */
struct http_response *http_response_own(struct http_response *r) MUST_USE;

unsigned http_response_status(const struct http_response *r);
uint64_t http_response_size(const struct http_response *r);   /* bytes of the body */
struct str http_response_body(const struct http_response *r); /* of a bytes response; else empty */

#endif
