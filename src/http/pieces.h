/* pieces.h: the body of an answer that is fetched piece by piece while it is sent; for the
 * adapter's own files only.
 *
 * Two pieces are in memory at most: one that the library is sending (its block), and one that a
 * worker fetches meanwhile (ours). The first is fetched when the library wants the first byte, and
 * the next one as soon as the library has taken the one before. When it is not there in time, the
 * connection is suspended until it is; so no thread waits, neither the event thread for the source
 * nor a worker for the client.
 *
 * Who may free what: there are two references at most, the library's response's and that of a
 * worker with a piece to fetch. Either may be the last, so the buffer, the source's object and the
 * pieces themselves go on the thread that gives up last. The connection and the exchange belong to
 * the event thread and may be gone while a worker fetches; it touches the connection only to resume
 * it, and one that is suspended stays. The server stays too, as the fetch takes part in at_work. */
#ifndef HTTP_PIECES_H
#define HTTP_PIECES_H
#include <sys/types.h>

#include "http/response.h"

struct http_conn;
struct pieces;

/* Bytes [offset, offset + size) of a source, size > 0; takes a reference to its object. NULL when
 * out of memory. */
struct pieces *pieces_new(const struct http_source *source, uint64_t offset,
                          uint64_t size) MUST_USE;
/* The connection on which they are about to be sent. Once. */
void pieces_attach(struct pieces *p, struct http_conn *c);
/* How much the library should want at a time. */
size_t pieces_block(const struct pieces *p);
/* The library's content reader and free callback; ctx: the pieces. */
ssize_t pieces_read(void *ctx, uint64_t pos, char *out, size_t max);
void pieces_drop(void *ctx);

#endif
