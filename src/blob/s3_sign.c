/* s3_sign.c: AWS Signature Version 4, as the API reference of S3 describes it ("Authenticating
 * Requests"). */
#include "blob/s3_sign.h"

#include <assert.h>
#include <sodium.h>

#include "base/limits.h"
#include "base/text.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
/* The longest of our requests has a session token of some 2 KiB. */
#define CANONICAL_MAX (64 * KIB)
#define DAY_LEN       8 /* of a stamp */
#define KEY_PREFIX    "AWS4"

void s3_stamp(int64_t now_ms, char out[S3_STAMP_LEN + 1])
{
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm tm;

    if (!gmtime_r(&seconds, &tm) || tm.tm_year < 0 || tm.tm_year > 9999 - 1900)
        tm = (struct tm){.tm_year = 70, .tm_mday = 1};
    (void)strftime(out, S3_STAMP_LEN + 1, "%Y%m%dT%H%M%SZ", &tm);
}

/* --- canonical forms ----------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    const struct s3_field *x = a, *y = b;

    return str_cmp(x->name, y->name);
}

/* Copies the fields in the order of their names, which is that of their encoded names as these are
 * the same. */
static void sort(struct s3_fields fields, struct s3_field out[S3_FIELDS_MAX])
{
    assert(fields.count <= S3_FIELDS_MAX);
    if (fields.count)
        memcpy(out, fields.items, fields.count * sizeof(*out));
    qsort(out, fields.count, sizeof(*out), by_name);
}

void s3_query(struct buf *out, struct s3_fields params)
{
    struct s3_field sorted[S3_FIELDS_MAX];

    sort(params, sorted);
    for (size_t i = 0; i < params.count; i++) {
        if (i)
            buf_addc(out, '&');
        text_percent(out, sorted[i].name, "");
        buf_addc(out, '=');
        text_percent(out, sorted[i].value, "");
    }
}

static void add_names(struct buf *out, const struct s3_field *sorted, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_addc(out, ';');
        buf_add(out, sorted[i].name);
    }
}

static void add_canonical(struct buf *out, const struct s3_message *m)
{
    struct s3_field headers[S3_FIELDS_MAX];

    sort(m->headers, headers);
    buf_add(out, m->method);
    buf_addc(out, '\n');
    buf_add(out, m->path);
    buf_addc(out, '\n');
    s3_query(out, m->params);
    buf_addc(out, '\n');
    for (size_t i = 0; i < m->headers.count; i++) {
        buf_add(out, headers[i].name);
        buf_addc(out, ':');
        buf_add(out, headers[i].value);
        buf_addc(out, '\n');
    }
    buf_addc(out, '\n');
    add_names(out, headers, m->headers.count);
    buf_addc(out, '\n');
    buf_add(out, m->payload);
}

/* --- keys and signatures ------------------------------------------------------------------- */

/* libsodium's needs no memory, so that it cannot fail. */
static void hmac(struct str key, struct str text, unsigned char out[SHA256_LEN])
{
    crypto_auth_hmacsha256_state state;

    (void)crypto_auth_hmacsha256_init(&state, (const unsigned char *)key.ptr, key.len);
    (void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)text.ptr, text.len);
    (void)crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof(state));
}

/* The key of one day, region and service. */
static void derive(const struct s3_credentials *who, struct str day, unsigned char key[SHA256_LEN])
{
    const struct str steps[] = {who->region, S("s3"), S("aws4_request")};
    char first[sizeof(KEY_PREFIX) + S3_SECRET_MAX] = KEY_PREFIX;

    assert(who->secret.len <= S3_SECRET_MAX);
    if (who->secret.len)
        memcpy(first + sizeof(KEY_PREFIX) - 1, who->secret.ptr, who->secret.len);
    hmac((struct str){first, sizeof(KEY_PREFIX) - 1 + who->secret.len}, day, key);
    sodium_memzero(first, sizeof(first));
    for (size_t i = 0; i < COUNT(steps); i++)
        hmac((struct str){(const char *)key, SHA256_LEN}, steps[i], key);
}

static void add_scope(struct buf *out, const struct s3_credentials *who, struct str day)
{
    buf_add(out, day);
    buf_addc(out, '/');
    buf_add(out, who->region);
    buf_addz(out, "/s3/aws4_request");
}

/* Appends the signature of a message, which out already says everything about. */
static void add_signature(struct buf *out, const struct s3_credentials *who,
                          const struct s3_message *m, struct str stamp)
{
    AUTO(buf_done) struct buf canonical = BUF_INIT(CANONICAL_MAX), text = BUF_INIT(CANONICAL_MAX);
    const struct str day = str_sub(stamp, 0, DAY_LEN);
    unsigned char key[SHA256_LEN], signature[SHA256_LEN];
    char hex[SHA256_HEX + 1];

    add_canonical(&canonical, m);
    digest_sha256_hex(buf_str(&canonical), hex);
    buf_addz(&text, ALGORITHM "\n");
    buf_add(&text, stamp);
    buf_addc(&text, '\n');
    add_scope(&text, who, day);
    buf_addc(&text, '\n');
    buf_addz(&text, hex);
    if (!buf_ok(&canonical) || !buf_ok(&text)) {
        out->failed = true;
        return;
    }
    derive(who, day, key);
    hmac((struct str){(const char *)key, sizeof(key)}, buf_str(&text), signature);
    sodium_memzero(key, sizeof(key));
    text_hex(signature, sizeof(signature), hex);
    buf_addz(out, hex);
}

void s3_sign(struct buf *out, const struct s3_credentials *who, const struct s3_message *m,
             int64_t now_ms)
{
    struct s3_field headers[S3_FIELDS_MAX];
    char stamp[S3_STAMP_LEN + 1];

    s3_stamp(now_ms, stamp);
    sort(m->headers, headers);
    buf_addz(out, ALGORITHM " Credential=");
    buf_add(out, who->key_id);
    buf_addc(out, '/');
    add_scope(out, who, (struct str){stamp, DAY_LEN});
    buf_addz(out, ",SignedHeaders=");
    add_names(out, headers, m->headers.count);
    buf_addz(out, ",Signature=");
    add_signature(out, who, m, str_of(stamp));
}

void s3_presign(struct buf *out, const struct s3_credentials *who, struct s3_field host_and_path,
                struct s3_fields params, unsigned seconds, int64_t now_ms)
{
    AUTO(buf_done) struct buf credential = BUF_INIT(CANONICAL_MAX);
    const struct s3_field host = {S("host"), host_and_path.name};
    struct s3_field all[S3_FIELDS_MAX];
    char stamp[S3_STAMP_LEN + 1], expires[16];
    struct s3_message m = {.method = S("GET"),
                           .path = host_and_path.value,
                           .params = {all, params.count},
                           .headers = {&host, 1},
                           .payload = S("UNSIGNED-PAYLOAD")};

    assert(params.count <= S3_FIELDS_MAX - 6);
    s3_stamp(now_ms, stamp);
    (void)snprintf(expires, sizeof(expires), "%u", seconds);
    buf_add(&credential, who->key_id);
    buf_addc(&credential, '/');
    add_scope(&credential, who, (struct str){stamp, DAY_LEN});
    if (params.count)
        memcpy(all, params.items, params.count * sizeof(*all));
    all[m.params.count++] = (struct s3_field){S("X-Amz-Algorithm"), S(ALGORITHM)};
    all[m.params.count++] = (struct s3_field){S("X-Amz-Credential"), buf_str(&credential)};
    all[m.params.count++] = (struct s3_field){S("X-Amz-Date"), str_of(stamp)};
    all[m.params.count++] = (struct s3_field){S("X-Amz-Expires"), str_of(expires)};
    all[m.params.count++] = (struct s3_field){S("X-Amz-SignedHeaders"), S("host")};
    if (who->session_token.len)
        all[m.params.count++] = (struct s3_field){S("X-Amz-Security-Token"), who->session_token};
    if (!buf_ok(&credential))
        out->failed = true;
    s3_query(out, m.params);
    buf_addz(out, "&X-Amz-Signature=");
    add_signature(out, who, &m, str_of(stamp));
}
