/* entity.h: one representation of a resource, and the rules by which a client gets it.
 *
 * Conditional requests, ranges and HEAD as RFC 9110 says (8.8, 13, 14): strong validators;
 * If-None-Match wins over If-Modified-Since; a single range, suffix ranges longer than the file
 * give all of it as 206; a failing If-Range gives 200; several ranges give 200 with everything. */
#ifndef HTTP_ENTITY_H
#define HTTP_ENTITY_H
#include "base/cache.h"
#include "base/str.h"
#include "http/http.h"

struct http_entity_desc {
    struct str etag;     /* opaque part, without quotes, 1 to 200 bytes; differs per URL and
                            representation */
    int64_t modified_ms; /* Unix time; 0: no Last-Modified */
    struct str content_type;
    struct str content_encoding; /* may be empty */
    struct str cache_control;
    struct str vary;           /* may be empty */
    struct str disposition;    /* Content-Disposition; may be empty */
    struct str policy;         /* Content-Security-Policy; may be empty */
    struct str bytes;          /* the content (copied) ... */
    struct str file;           /* ... or a path to open for each request, if not empty ... */
    struct http_source source; /* ... or what gives it piece by piece, if its object is not NULL */
    uint64_t size;             /* of the file or the source; ignored for bytes */
    bool cors;                 /* pages of any origin may read it, and see its ETag */
};

/* Begins with struct shared: immutable, reference-counted, one copy for all threads. */
struct http_entity;
struct http_entity *http_entity_new(const struct http_entity_desc *d) MUST_USE; /* copies all */
void http_entity_unrefp(struct http_entity **e);

/* Sets ex->response: 200, 206, 304 or 416. Never blocks for an entity of bytes; opens the file
 * of a file entity. ERR_IO when the file cannot be opened, ERR_NOMEM. */
enum err_code http_entity_send(struct http_exchange *ex, struct http_entity *e,
                               struct err *err) MUST_USE;
/* About how many bytes of memory it takes, for caches. */
size_t http_entity_memory(const struct http_entity *e);

#endif
