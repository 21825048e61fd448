/* content.h: how the bytes of a blob get from its store to a client.
 *
 * Small ones are kept in memory with their entity. Others are sent from a file, the store's own or
 * a local copy; from a remote store, large ones are read in pieces while they are sent, or their
 * readers are sent there by a link, if the settings say so. */
#ifndef WEB_CONTENT_H
#define WEB_CONTENT_H
#include "http/entity.h"
#include "web/call.h"

/* Sets the content of d: bytes, file or source, and size. Bytes lie in the call's memory. May wait
 * for a remote store. ERR_IO when the store lacks what a row promises. */
enum err_code content_load(struct call *c, struct str sha256, int64_t size,
                           struct http_entity_desc *d, struct err *err) MUST_USE;
/* Gives up what content_load has taken, once an entity was made of d. */
void content_done(struct http_entity_desc *d);

/* The value of Content-Disposition for a file that is to be saved under this name (RFC 6266), in
 * the call's memory; NULL pointer: no memory. The name has passed kind_check_filename. */
struct str content_disposition(struct call *c, struct str filename);
/* The answer that was just set sends a file: counts it as a download, if it sends the bytes from
 * the first on, or sends the client to where they are. So a download that is interrupted and gone
 * on with counts once; HEAD, a 304, and other ranges do not. */
void content_count(struct call *c, int64_t file_id, int64_t package_id, int64_t size);

/* Is this to be answered with a link (resource_link)? */
bool content_is_linked(const struct call *c, int64_t size);

#endif
