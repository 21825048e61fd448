/* upload.h: rows of staged uploads: announced, then received, then committed (row gone). */
#ifndef STORE_UPLOAD_H
#define STORE_UPLOAD_H
#include "base/arena.h"
#include "store/db.h"

struct upload_row {
    int64_t id;
    struct str ticket_hash; /* SHA-256 (32 bytes) of the secret in post_url */
    struct str dist_id;     /* public handle, echoed by the client at commit */
    int64_t account_id, uploader_id, package_id, release_id;
    struct str type, basename;  /* see core/kind */
    struct str declared_sha256; /* hex; empty when the client said none */
    struct str attrs;           /* JSON object the client declared */
    struct str labels;          /* JSON array of label names */
    struct str description;
    struct str sha256, md5; /* of the received bytes; empty until then */
    int64_t size, created_ms, expires_ms;
};
enum err_code upload_insert(struct tx *tx, const struct upload_row *row, struct err *err) MUST_USE;
enum err_code upload_by_ticket(struct tx *tx, struct arena *mem, struct str ticket_hash,
                               int64_t now_ms, struct upload_row *ret, struct err *err) MUST_USE;
enum err_code upload_by_dist_id(struct tx *tx, struct arena *mem, struct str dist_id,
                                int64_t now_ms, struct upload_row *ret, struct err *err) MUST_USE;
/* Records the received bytes. ERR_NOT_FOUND when the row is gone, ERR_CONFLICT when bytes were
 * received already. */
enum err_code upload_received(struct tx *tx, int64_t id, struct str sha256, struct str md5,
                              int64_t size, struct err *err) MUST_USE;
enum err_code upload_delete(struct tx *tx, int64_t id, struct err *err) MUST_USE;
/* Is any row past its expiry? */
enum err_code upload_any_expired(struct tx *tx, int64_t now_ms, bool *ret_any,
                                 struct err *err) MUST_USE;
/* Removes rows past their expiry, at most `max`; the digests of their bytes (may still be used
 * elsewhere: ask file_blob_used) lie in mem. */
struct digest_list {
    struct str *items;
    size_t count;
};
/* Copies digest to the end of list (zeroed at first), all in mem. */
enum err_code digest_list_add(struct arena *mem, struct digest_list *list, struct str digest,
                              struct err *err) MUST_USE;
enum err_code upload_delete_expired(struct tx *tx, struct arena *mem, int64_t now_ms, int64_t max,
                                    struct digest_list *ret, struct err *err) MUST_USE;
/* Removes all rows of a release, or with release_id 0 of a package; digests as above. */
enum err_code upload_delete_all(struct tx *tx, struct arena *mem, int64_t package_id,
                                int64_t release_id, struct digest_list *ret,
                                struct err *err) MUST_USE;

#endif
