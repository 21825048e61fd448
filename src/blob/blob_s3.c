/* blob_s3.c: blobs as objects of a bucket: <prefix>/ab/<sha256>, where ab are its first digits.
 *
 * <dir>/tmp holds what is being received, be it from a client or from S3, and <dir>/cache (see
 * blob_cache.h) copies of what was. All of it can be lost without loss of data. */
#include "blob/blob_s3.h"

#include <assert.h>
#include <limits.h>
#include <sodium.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "blob/blob_cache.h"
#include "blob/blob_engine.h"
#include "blob/s3_list.h"

/* Threads beyond that many wait for each other. */
#define CONNECTIONS  32
#define STORE_MEMORY (64 * KIB)
#define URL_MAX      (32 * KIB)
#define KEY_MAX      1024 /* of S3 */
#define TOKEN_MAX    (8 * KIB)

struct bucket {
    struct blob_store store;
    struct arena *mem;       /* of the strings */
    struct str prefix;       /* of all keys: empty, or with a "/" at its end */
    struct s3_address links; /* the bucket as clients reach it */
    struct s3_credentials who;
    char *secret; /* who.secret, to be wiped */
    struct blob_s3_tuning tuning;
    struct s3_client *client;
    struct blob_cache *cache; /* NULL for a command */
};

static struct bucket *bucket_of(struct blob_store *b)
{
    return (struct bucket *)b;
}

static enum err_code out_of_memory(struct err *err)
{
    return fail(err, ERR_NOMEM, "out of memory");
}

/* Writes the key of a blob; out[KEY_MAX] is long enough because prefixes are half of that. */
static struct str key_of(const struct bucket *b, struct str sha256, char out[KEY_MAX])
{
    int len = snprintf(out, KEY_MAX, "%.*s%.2s/%.*s", (int)b->prefix.len, b->prefix.ptr, sha256.ptr,
                       SHA256_HEX, sha256.ptr);

    assert(sha256.len == SHA256_HEX && len > 0 && len < KEY_MAX);
    return (struct str){out, (size_t)len};
}

/* What a failure of the client's means here. sha256: of the blob that may be absent, or empty. Once
 * the store is open, being refused is a failure of the server's like others: no caller of ours
 * lacks a right. */
static enum err_code translate(enum err_code code, const struct err *why, struct str sha256,
                               struct err *err)
{
    if (code == OK)
        return OK;
    if (code == ERR_NOT_FOUND && sha256.len)
        return blob_absent(sha256, err);
    if (code == ERR_DENIED || code == ERR_NOT_FOUND)
        return fail(err, ERR_IO, "%s", why->msg);
    if (err)
        *err = *why;
    return code;
}

/* --- opening ------------------------------------------------------------------------------- */

static bool is_header_value(struct str s, size_t max)
{
    return s.len <= max && !text_has_control(s);
}

static enum err_code keep_credentials(struct bucket *b, const struct blob_place *place,
                                      struct err *err)
{
    if (!place->key_id.len || !place->secret.len)
        return fail(err, ERR_INVALID, "S3 needs an access key and its secret");
    if (!is_header_value(place->key_id, 256) || str_has(place->key_id, '/') ||
        place->secret.len > S3_SECRET_MAX || !is_header_value(place->session_token, TOKEN_MAX))
        return fail(err, ERR_INVALID, "the S3 access key, its secret or its token is malformed");
    b->secret = arena_alloc(b->mem, place->secret.len, 1);
    b->who.key_id = str_dup(b->mem, place->key_id);
    b->who.session_token = str_dup(b->mem, place->session_token);
    b->who.region = str_dup(b->mem, place->region.len ? place->region : S("us-east-1"));
    if (!b->secret || !b->who.key_id.ptr || !b->who.session_token.ptr || !b->who.region.ptr)
        return out_of_memory(err);
    memcpy(b->secret, place->secret.ptr, place->secret.len);
    b->who.secret = (struct str){b->secret, place->secret.len};
    return OK;
}

static enum err_code find_bucket(struct bucket *b, const struct blob_place *place,
                                 struct s3_address *ret, struct err *err)
{
    struct s3_where where = {
        .endpoint = place->endpoint, .region = b->who.region, .path_style = place->path_style};
    enum err_code code = s3_bucket_parse(b->mem, place->url, &where.bucket, &b->prefix, err);

    if (code)
        return code;
    if (b->prefix.len)
        b->prefix = str_fmt(b->mem, "%.*s/", (int)b->prefix.len, b->prefix.ptr);
    if (!b->prefix.ptr)
        return out_of_memory(err);
    code = s3_address_make(b->mem, &where, ret, err);
    if (place->public_endpoint.len)
        where.endpoint = place->public_endpoint;
    return code ? code : s3_address_make(b->mem, &where, &b->links, err);
}

static enum err_code prepare_folders(struct bucket *b, const struct blob_place *place,
                                     enum blob_use use, struct err *err)
{
    char path[PATH_MAX];
    enum err_code code;
    int len = snprintf(path, sizeof(path), "%s/tmp", place->dir);

    if (!place->dir[0] || len < 0 || (size_t)len >= sizeof(path))
        return fail(err, ERR_INVALID, "the path of the folder beside S3 is empty or too long");
    b->store.tmp = mem_dup(path, (size_t)len);
    if (!b->store.tmp)
        return out_of_memory(err);
    code = fs_mkdirs(path, err);
    if (code || use == BLOB_COMMAND)
        return code;
    code = fs_empty_dir(path, err);
    (void)snprintf(path, sizeof(path), "%s/cache", place->dir);
    return code ? code : blob_cache_open(path, place->cache_max, &b->cache, err);
}

/* Is there a bucket, and may we look into it? A list tells more than HEAD, which has no body. */
static enum err_code ask_for_bucket(struct bucket *b, struct err *err)
{
    AUTO(s3_answer_done) struct s3_answer answer = S3_ANSWER_INIT;
    AUTO(arena_closep) struct arena *mem = arena_open(STORE_MEMORY);
    const struct s3_field params[] = {
        {S("list-type"), S("2")}, {S("max-keys"), S("1")}, {S("prefix"), b->prefix}};
    const struct s3_request rq = {.method = S("GET"), .params = {params, COUNT(params)}};
    struct s3_objects page;
    enum err_code code =
        mem ? s3_client_send(b->client, &rq, &answer, NULL, err) : out_of_memory(err);

    if (code)
        return code;
    code = s3_xml_objects(mem, buf_str(&answer.body), &page, err);
    if (code == ERR_INVALID)
        return fail(err, ERR_IO, "what answers is no S3 server: its list of a bucket is none");
    return code;
}

static enum err_code set_up(struct bucket *b, const struct blob_place *place, enum blob_use use,
                            struct err *err)
{
    struct s3_options options = {.timing = b->tuning.timing, .connections = CONNECTIONS};
    enum err_code code;

    b->mem = arena_open(STORE_MEMORY);
    if (!b->mem)
        return out_of_memory(err);
    if ((code = keep_credentials(b, place, err)) ||
        (code = find_bucket(b, place, &options.address, err)) ||
        (code = prepare_folders(b, place, use, err)))
        return code;
    options.who = b->who;
    b->client = s3_client_open(&options);
    return b->client ? ask_for_bucket(b, err) : out_of_memory(err);
}

enum err_code blob_s3_open(const struct blob_place *place, enum blob_use use,
                           const struct blob_s3_tuning *tuning, struct blob_store **ret_store,
                           struct err *err)
{
    AUTO(blob_closep) struct blob_store *store = NULL;
    struct bucket *b = mem_new(struct bucket);
    enum err_code code;

    if (!b)
        return out_of_memory(err);
    store = &b->store;
    store->engine = &blob_s3;
    store->nameless = use == BLOB_COMMAND; /* a server may be using the folder */
    b->tuning = *tuning;
    code = set_up(b, place, use, err);
    if (code == OK)
        *ret_store = TAKE(store);
    return code;
}

static enum err_code bucket_open(const struct blob_place *place, enum blob_use use,
                                 struct blob_store **ret_store, struct err *err)
{
    const struct blob_s3_tuning tuning = {S3_TIMING, S3_PARTS};

    return blob_s3_open(place, use, &tuning, ret_store, err);
}

static void bucket_close(struct blob_store *store)
{
    struct bucket *b = bucket_of(store);

    s3_client_close(b->client);
    blob_cache_close(b->cache);
    if (b->secret)
        sodium_memzero(b->secret, b->who.secret.len);
    arena_close(b->mem);
    mem_free(b);
}

/* --- writing ------------------------------------------------------------------------------- */

static enum err_code bucket_stat(struct blob_store *store, struct str sha256, uint64_t *ret_size,
                                 struct err *err)
{
    struct bucket *b = bucket_of(store);
    char key[KEY_MAX];
    struct err why = {0};
    enum err_code code = s3_head(b->client, key_of(b, sha256, key), ret_size, &why);

    return translate(code, &why, sha256, err);
}

static enum err_code bucket_has(struct blob_store *store, const struct blob_id *id, bool *ret_there,
                                struct err *err)
{
    uint64_t size = 0;
    enum err_code code = bucket_stat(store, str_of(id->sha256), &size, err);

    if (code && code != ERR_NOT_FOUND)
        return code;
    *ret_there = code == OK && size == id->size; /* of another size it is damaged */
    return OK;
}

/* Uploads the file of a writer unless S3 has it. */
static enum err_code store_file(struct blob_writer *w, struct err *err)
{
    struct bucket *b = bucket_of(w->store);
    const struct blob_id *id = &w->file.id;
    const struct s3_file file = {w->file.fd, id->size, str_of(id->sha256)};
    char key[KEY_MAX];
    bool there = false;
    struct err why = {0};
    enum err_code code = w->held ? OK : bucket_has(w->store, id, &there, err);

    if (code || there)
        return code;
    code = s3_upload(b->client, &b->tuning.parts, key_of(b, file.sha256, key), &file, &why);
    return translate(code, &why, S(""), err);
}

static enum err_code bucket_publish(struct blob_writer *w, struct err *err)
{
    struct bucket *b = bucket_of(w->store);
    enum err_code code = w->held ? OK : store_file(w, err); /* gc may have been faster */
    bool copied = false;

    if (code)
        return code;
    w->state = PUBLISHED;
    if (b->cache && blob_cache_keeps(b->cache, w->file.id.size))
        copied = blob_cache_add(b->cache, &w->file, NULL) == OK;
    (void)copied; /* the bytes are stored: a copy that is missing is made when it is asked for */
    return OK;
}

/* --- reading ------------------------------------------------------------------------------- */

/* A blob on its way to a file. */
struct download {
    struct bucket *b;
    bool to_keep; /* no use without a copy that stays */
    struct spool file;
};

static enum err_code download_begin(void *ctx, uint64_t total, struct err *err)
{
    struct download *d = ctx;

    if (d->to_keep && (!d->b->cache || !blob_cache_keeps(d->b->cache, total)))
        return fail(err, ERR_TOO_BIG, "no local copy is kept of %ju bytes", (uintmax_t)total);
    return OK;
}

static enum err_code download_write(void *ctx, struct str chunk, struct err *err)
{
    struct download *d = ctx;

    return spool_write(&d->file, chunk, err);
}

static enum err_code wrong_digest(struct str sha256, struct err *err)
{
    return fail(err, ERR_IO, "what S3 stores for " STR_FMT " has another digest", STR_ARG(sha256));
}

/* One object through the client, to a sink. */
static enum err_code receive(struct bucket *b, struct str sha256, const struct s3_sink *sink,
                             struct err *err)
{
    AUTO(s3_answer_done) struct s3_answer answer = S3_ANSWER_INIT;
    char key[KEY_MAX];
    const struct s3_request rq = {.method = S("GET"), .key = key_of(b, sha256, key), .sink = sink};
    struct err why = {0};
    enum err_code code = s3_client_send(b->client, &rq, &answer, NULL, &why);

    return translate(code, &why, sha256, err);
}

/* Fills d->file with bytes that have the digest. */
static enum err_code download(struct download *d, struct str sha256, struct err *err)
{
    const struct s3_sink sink = {download_begin, download_write, d};
    bool nameless = !d->b->cache;
    enum err_code code;

    for (unsigned i = 0; i < d->b->tuning.timing.tries; i++) {
        spool_done(&d->file);
        code = spool_open(&d->file, d->b->store.tmp, nameless, NULL, err);
        if (code == OK)
            code = receive(d->b, sha256, &sink, err);
        if (code)
            return code;
        spool_finish(&d->file);
        if (str_eq(str_of(d->file.id.sha256), sha256))
            return OK;
    }
    return wrong_digest(sha256, err);
}

/* A descriptor with all the bytes, of which a copy stays if there is room. */
static enum err_code fetch(struct bucket *b, struct str sha256, bool to_keep, int *ret_fd,
                           uint64_t *ret_size, struct err *err)
{
    struct download d = {.b = b, .to_keep = to_keep, .file = SPOOL_INIT};
    enum err_code code = download(&d, sha256, err);

    if (code == OK && b->cache && blob_cache_keeps(b->cache, d.file.id.size))
        code = blob_cache_add(b->cache, &d.file, err);
    if (code == OK && lseek(d.file.fd, 0, SEEK_SET) < 0)
        code = fail_errno(err, "cannot read a local copy");
    if (code == OK) {
        *ret_size = d.file.id.size;
        *ret_fd = fd_take(&d.file.fd);
        if (d.file.path)
            (void)unlink(d.file.path);
    }
    spool_done(&d.file);
    return code;
}

/* With the copy claimed by us: another may just have made it. */
static enum err_code find_or_fetch(struct bucket *b, struct str sha256, bool to_keep, int *ret_fd,
                                   uint64_t *ret_size, struct err *err)
{
    enum err_code code = blob_cache_get(b->cache, sha256, ret_fd, ret_size, err);

    return code == ERR_NOT_FOUND ? fetch(b, sha256, to_keep, ret_fd, ret_size, err) : code;
}

static enum err_code obtain(struct bucket *b, struct str sha256, bool to_keep, int *ret_fd,
                            uint64_t *ret_size, struct err *err)
{
    struct err why = {0};

    if (!b->cache)
        return fetch(b, sha256, to_keep, ret_fd, ret_size, err);
    for (;;) {
        enum err_code code = blob_cache_get(b->cache, sha256, ret_fd, ret_size, &why);

        if (code == OK)
            return OK;
        if (blob_cache_begin(b->cache, sha256, &code, &why)) {
            code = find_or_fetch(b, sha256, to_keep, ret_fd, ret_size, &why);
            blob_cache_end(b->cache, sha256, code, &why);
            if (code && err)
                *err = why;
            return code;
        }
        if (code && (to_keep || code != ERR_TOO_BIG)) {
            if (err)
                *err = why;
            return code;
        }
    }
}

static enum err_code bucket_get(struct blob_store *store, struct str sha256, int *ret_fd,
                                uint64_t *ret_size, struct err *err)
{
    return obtain(bucket_of(store), sha256, false, ret_fd, ret_size, err);
}

static enum err_code bucket_path(struct blob_store *store, struct arena *mem, struct str sha256,
                                 struct str *ret_path, struct err *err)
{
    struct bucket *b = bucket_of(store);
    AUTO(fd_closep) int fd = -1;
    char path[PATH_MAX];
    uint64_t size;
    enum err_code code = obtain(b, sha256, true, &fd, &size, err);
    char *copy;

    if (code)
        return code;
    blob_cache_path(b->cache, sha256, path);
    copy = str_z(mem, str_of(path));
    if (!copy)
        return out_of_memory(err);
    *ret_path = str_of(copy);
    return OK;
}

/* A blob, or a part of one, on its way to memory. */
struct bytes {
    struct arena *mem; /* NULL: there is room for what was asked for */
    size_t max;
    char *out;
    size_t room, len;
};

static enum err_code bytes_begin(void *ctx, uint64_t total, struct err *err)
{
    struct bytes *b = ctx;

    if (!b->mem || (b->out && total <= b->room))
        return OK;
    if (total > b->max)
        return fail(err, ERR_TOO_BIG, "there are %ju bytes, more than %zu", (uintmax_t)total,
                    b->max);
    b->room = (size_t)total;
    b->out = arena_alloc(b->mem, b->room + 1, 1);
    return b->out ? OK : out_of_memory(err);
}

static enum err_code bytes_write(void *ctx, struct str chunk, struct err *err)
{
    struct bytes *b = ctx;

    (void)err;
    assert(chunk.len <= b->room - b->len); /* no more than the total, or what was asked for */
    memcpy(b->out + b->len, chunk.ptr, chunk.len);
    b->len += chunk.len;
    return OK;
}

static enum err_code read_remote(struct bucket *b, struct str sha256, struct bytes *bytes,
                                 struct err *err)
{
    const struct s3_sink sink = {bytes_begin, bytes_write, bytes};
    char is[SHA256_HEX + 1];

    for (unsigned i = 0; i < b->tuning.timing.tries; i++) {
        enum err_code code;

        bytes->len = 0;
        code = receive(b, sha256, &sink, err);
        if (code)
            return code;
        digest_sha256_hex((struct str){bytes->out, bytes->len}, is);
        if (str_eq(str_of(is), sha256))
            return OK;
    }
    return wrong_digest(sha256, err);
}

static enum err_code bucket_read(struct blob_store *store, struct arena *mem, struct str sha256,
                                 size_t max, struct str *ret_bytes, struct err *err)
{
    struct bucket *b = bucket_of(store);
    struct bytes bytes = {.mem = mem, .max = max};
    AUTO(fd_closep) int fd = -1;
    uint64_t size;
    enum err_code code;

    if (b->cache && blob_cache_get(b->cache, sha256, &fd, &size, NULL) == OK)
        return blob_fd_read(fd, mem, max, ret_bytes, err);
    code = read_remote(b, sha256, &bytes, err);
    if (code == OK)
        *ret_bytes = (struct str){bytes.out, bytes.len};
    return code;
}

/* No bytes, but are there so many before them? */
static enum err_code read_nothing(struct blob_store *store, struct str sha256, uint64_t offset,
                                  struct err *err)
{
    uint64_t size = 0;
    enum err_code code = bucket_stat(store, sha256, &size, err);

    if (code == OK && offset > size)
        return fail(err, ERR_INVALID, "bytes past the end are asked for");
    return code;
}

static enum err_code bucket_read_at(struct blob_store *store, struct str sha256, uint64_t offset,
                                    size_t len, char *out, struct err *err)
{
    AUTO(s3_answer_done) struct s3_answer answer = S3_ANSWER_INIT;
    struct bucket *b = bucket_of(store);
    struct bytes bytes = {.out = out, .room = len};
    const struct s3_sink sink = {bytes_begin, bytes_write, &bytes};
    AUTO(fd_closep) int fd = -1;
    struct err why = {0};
    char key[KEY_MAX];
    uint64_t size;

    if (b->cache && blob_cache_get(b->cache, sha256, &fd, &size, NULL) == OK)
        return blob_fd_read_at(fd, offset, len, out, err);
    if (!len)
        return read_nothing(store, sha256, offset, err);
    const struct s3_request rq = {.method = S("GET"),
                                  .key = key_of(b, sha256, key),
                                  .sink = &sink,
                                  .first = offset,
                                  .len = len};
    enum err_code code = s3_client_send(b->client, &rq, &answer, NULL, &why);
    return translate(code, &why, sha256, err);
}

static enum err_code bucket_link(struct blob_store *store, struct arena *mem,
                                 const struct blob_link_want *want, struct str *ret_url,
                                 struct err *err)
{
    AUTO(buf_done) struct buf url = BUF_INIT(URL_MAX);
    struct bucket *b = bucket_of(store);
    struct s3_field params[2];
    struct s3_fields fields = {params, 0};
    char key[KEY_MAX];
    struct str path = s3_address_path(mem, &b->links, key_of(b, want->sha256, key)), copy;

    if (!path.ptr)
        return out_of_memory(err);
    if (want->type.len)
        params[fields.count++] = (struct s3_field){S("response-content-type"), want->type};
    if (want->disposition.len)
        params[fields.count++] =
            (struct s3_field){S("response-content-disposition"), want->disposition};
    buf_add(&url, b->links.base);
    buf_add(&url, path);
    buf_addc(&url, '?');
    s3_presign(&url, &b->who, (struct s3_field){b->links.host, path}, fields, want->seconds,
               clock_now_ms());
    copy = buf_ok(&url) ? str_dup(mem, buf_str(&url)) : (struct str){0};
    if (!copy.ptr)
        return out_of_memory(err);
    *ret_url = copy;
    return OK;
}

/* --- removing and listing ------------------------------------------------------------------ */

static enum err_code bucket_remove(struct blob_store *store, struct str sha256, struct err *err)
{
    AUTO(s3_answer_done) struct s3_answer answer = S3_ANSWER_INIT;
    struct bucket *b = bucket_of(store);
    char key[KEY_MAX];
    const struct s3_request rq = {.method = S("DELETE"), .key = key_of(b, sha256, key)};
    struct err why = {0};
    enum err_code code = s3_client_send(b->client, &rq, &answer, NULL, &why);

    if (b->cache)
        blob_cache_drop(b->cache, sha256);
    return code == ERR_NOT_FOUND ? OK : translate(code, &why, sha256, err);
}

static enum err_code bucket_list(struct blob_store *store, struct str first_digits,
                                 blob_list_fn *fn, void *ctx, struct err *err)
{
    struct bucket *b = bucket_of(store);

    return s3_list_blobs(b->client, b->prefix, first_digits, fn, ctx, err);
}

static enum err_code bucket_sweep(struct blob_store *store, int64_t before_ms, size_t *ret_count,
                                  struct err *err)
{
    struct bucket *b = bucket_of(store);

    return s3_end_uploads(b->client, b->prefix, before_ms, ret_count, err);
}

const struct blob_engine blob_s3 = {
    .open = bucket_open,
    .close = bucket_close,
    .has = bucket_has,
    .sync = store_file,
    .publish = bucket_publish,
    .stat = bucket_stat,
    .get = bucket_get,
    .read = bucket_read,
    .read_at = bucket_read_at,
    .path = bucket_path,
    .link = bucket_link,
    .remove = bucket_remove,
    .list = bucket_list,
    .sweep = bucket_sweep,
};
