/* blob_engine.h: what a store behind blob.h provides. Internal to blob/.
 *
 * blob.c keeps what no store may do differently: it refuses what is no digest, and leads a writer
 * from receiving (into a file in the store's folder of temporary files) to publishing. An engine
 * embeds struct blob_store as the first member of its own. */
#ifndef BLOB_BLOB_ENGINE_H
#define BLOB_BLOB_ENGINE_H
#include "blob/blob.h"
#include "blob/spool.h"

struct blob_store {
    const struct blob_engine *engine;
    char *tmp;     /* where writers receive; freed by blob.c */
    bool nameless; /* writers leave no file behind even if the process dies */
};

struct blob_writer {
    struct blob_store *store;
    struct spool file;
    enum { WRITING, SYNCED, PUBLISHED, FAILED } state;
    /* blob_put: the bytes are not there, and as the caller holds their digest nobody removes them
     * between sync and publish. */
    bool held;
};

struct blob_link_want {
    struct str sha256;
    unsigned seconds;
    struct str type, disposition;
};

struct blob_engine {
    /* Sets tmp. On failure nothing is left. */
    enum err_code (*open)(const struct blob_place *place, enum blob_use use,
                          struct blob_store **ret_store, struct err *err);
    void (*close)(struct blob_store *b); /* also of one that was opened by half */

    /* Are exactly these bytes there, and durable? */
    enum err_code (*has)(struct blob_store *b, const struct blob_id *id, bool *ret_there,
                         struct err *err);
    /* The two steps of a writer, whose file is whole. publish may take the file. */
    enum err_code (*sync)(struct blob_writer *w, struct err *err);
    enum err_code (*publish)(struct blob_writer *w, struct err *err);

    /* As in blob.h; sha256 is a digest. */
    enum err_code (*stat)(struct blob_store *b, struct str sha256, uint64_t *ret_size,
                          struct err *err);
    enum err_code (*get)(struct blob_store *b, struct str sha256, int *ret_fd, uint64_t *ret_size,
                         struct err *err);
    enum err_code (*read)(struct blob_store *b, struct arena *mem, struct str sha256, size_t max,
                          struct str *ret_bytes, struct err *err);
    enum err_code (*read_at)(struct blob_store *b, struct str sha256, uint64_t offset, size_t len,
                             char *out, struct err *err);
    enum err_code (*path)(struct blob_store *b, struct arena *mem, struct str sha256,
                          struct str *ret_path, struct err *err);
    /* NULL: the store is not remote. */
    enum err_code (*link)(struct blob_store *b, struct arena *mem,
                          const struct blob_link_want *want, struct str *ret_url, struct err *err);
    enum err_code (*remove)(struct blob_store *b, struct str sha256, struct err *err);
    enum err_code (*list)(struct blob_store *b, struct str first_digits, blob_list_fn *fn,
                          void *ctx, struct err *err);
    enum err_code (*sweep)(struct blob_store *b, int64_t before_ms, size_t *ret_count,
                           struct err *err);
};
extern const struct blob_engine blob_fs, blob_s3;

/* For engines: reading from a descriptor, as blob_read and blob_read_at. */
enum err_code blob_fd_read(int fd, struct arena *mem, size_t max, struct str *ret_bytes,
                           struct err *err) MUST_USE;
enum err_code blob_fd_read_at(int fd, uint64_t offset, size_t len, char *out,
                              struct err *err) MUST_USE;
/* "no bytes have the digest ..." */
enum err_code blob_absent(struct str sha256, struct err *err);

#endif
