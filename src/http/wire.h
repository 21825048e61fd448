/* wire.h: what the adapter's own files know of a response beyond response.h. */
#ifndef HTTP_WIRE_H
#define HTTP_WIRE_H
#include "base/buf.h"
#include "http/response.h"

struct MHD_Response;
struct http_conn;

/* The library's object; lives as long as the response. */
struct MHD_Response *http_response_mhd(const struct http_response *r);

/* The connection on which it is about to be sent; for a response of pieces, which may be sent only
 * once. */
void http_response_attach(struct http_response *r, struct http_conn *c);

/* The head of an answer whose body would have `size` bytes: for 304, and for HEAD of a file or of
 * a source. */
struct http_response *http_response_head(unsigned status, uint64_t size) MUST_USE;

/* Appends the whole answer as sent on a connection that is closed afterwards; without the body
 * if it is a file or comes in pieces. */
void http_response_print(const struct http_response *r, struct buf *out);

#endif
