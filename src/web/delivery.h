/* delivery.h: what the trees of files that clients install from have in common: channels, and
 * CRAN-like repositories. */
#ifndef WEB_DELIVERY_H
#define WEB_DELIVERY_H
#include "http/entity.h"
#include "index/index.h"
#include "web/call.h"

#define DELIVERY_IMMUTABLE "public, max-age=31536000, immutable"

/* The files of an owner that carry a label. Looks up what the caller sees of the owner, which is
 * nothing when it is not there. ERR_NOT_FOUND: no such owner or label, or the caller sees no file
 * that carries it. */
enum err_code delivery_channel(struct call *c, struct tx *tx, struct str owner, struct str label,
                               struct channel *ret, struct err *err) MUST_USE;

/* What not everybody may have is kept by no cache that serves others: without "public" none keeps
 * an answer to a request with an Authorization header (RFC 9111 3.5); a cookie needs to be told.
 * Nor "private" for all, which has clients that judge a request by its address ask each time.
 * ptr NULL: no memory. */
struct str delivery_cache_control(const struct call *c, enum access_level access, int64_t max_age);
/* Answers with an entity, takes what d holds, and keeps the answer for the next who asks. digest:
 * of its bytes; form: what tells two representations of them apart, or "". */
enum err_code delivery_answer(struct call *c, struct http_entity_desc *d, struct str digest,
                              const char *form, struct err *err) MUST_USE;
/* The same, but kept only until that moment; 0: as the former. */
enum err_code delivery_answer_until(struct call *c, struct http_entity_desc *d, struct str digest,
                                    const char *form, int64_t until_ms, struct err *err) MUST_USE;
/* As delivery_answer with the bytes of a blob, from wherever they lie. */
enum err_code delivery_answer_blob(struct call *c, struct http_entity_desc *d, struct str sha256,
                                   int64_t size, const char *form, struct err *err) MUST_USE;

/* A file that was published, as the rows say. */
struct delivered {
    struct str sha256;
    int64_t size, modified_ms;
    enum access_level access; /* of its package */
    int64_t file_id, package_id;
};
/* Sends it, or sends the client where it lies; either counts as a download. Caches keep it for
 * ever, unless a forced upload can put other bytes under its name. */
enum err_code delivery_answer_file(struct call *c, const struct delivered *f,
                                   struct err *err) MUST_USE;
/* What clients ask for on each run and is not there: the refusal r, whose reference is taken, is
 * kept like an answer. */
enum err_code delivery_refuse(struct call *c, struct http_response *r, struct err *err) MUST_USE;

#endif
