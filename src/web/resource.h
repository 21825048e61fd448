/* resource.h: what a channel URL leads to, kept in memory so that a repeated read does no work.
 *
 * The key is the canonical path (decoded, without a token), the representation, the view that the
 * caller has, and, where that is not everybody's, whether he came with a cookie; the value holds
 * until the data's generation moves, or until a moment of its own. A resource is an entity, a
 * refusal (a 404 that many clients ask for on each run) or a link. */
#ifndef WEB_RESOURCE_H
#define WEB_RESOURCE_H
#include "base/cache.h"
#include "http/entity.h"
#include "web/call.h"

struct resource; /* begins with struct shared */

/* Each takes one reference (also on failure) and returns one; NULL when out of memory. */
struct resource *resource_entity(struct http_entity *e) MUST_USE;
struct resource *resource_refusal(struct http_response *r) MUST_USE;
/* Sends clients to a remote store, by a link that is made for each of them. Copies sha256. */
struct resource *resource_link(struct str sha256) MUST_USE;

/* It is answered with for so many seconds at most, whatever changes or not. Before it is given to
 * resource_answer; accepts NULL. */
void resource_keep_for(struct resource *r, unsigned seconds);
/* The same until a moment; 0: as long as nothing changes. r may be NULL. Returns r. */
struct resource *resource_until(struct resource *r, int64_t unix_ms);
/* From now on each answer with it is counted as a download of this file (content_count). Before it
 * is given to resource_answer; accepts NULL. */
void resource_count_for(struct resource *r, int64_t file_id, int64_t package_id, int64_t size);

/* The call's path and representation, in its arena: ptr NULL when out of memory. Differs by the
 * coding of JSON, the one choice of representation that there is. */
struct str resource_name(struct call *c);
/* The same with what the caller sees (c->sight): under which a resource is kept. */
struct str resource_key(struct call *c);
/* The coding in which JSON is sent: zstd if the client takes it, else gzip if it does. */
enum resource_coding { CODING_NONE, CODING_ZSTD, CODING_GZIP };
enum resource_coding resource_coding(const struct call *c);

/* Answers from memory if it is there under the call's generation. False: not there. */
bool resource_answer_cached(struct call *c, struct str key);
/* Answers with r and keeps it under the key. Takes the reference. */
enum err_code resource_answer(struct call *c, struct str key, struct resource *r,
                              struct err *err) MUST_USE;

#endif
