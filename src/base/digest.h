/* digest.h: SHA-256 and MD5, one-shot and streaming (OpenSSL EVP, algorithms fetched once). */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H
#include "base/common.h"
#include "base/str.h"

#define SHA256_LEN 32
#define MD5_LEN    16
#define SHA256_HEX 64 /* without the NUL */
#define MD5_HEX    32

void digest_sha256(struct str data, uint8_t out[SHA256_LEN]);
void digest_sha256_hex(struct str data, char out[SHA256_HEX + 1]);

/* Both digests of a stream in one pass. */
struct digest;
struct digest *digest_open(void) MUST_USE; /* NULL when out of memory */
void digest_close(struct digest *d);       /* accepts NULL */
void digest_closep(struct digest **d);
void digest_add(struct digest *d, struct str chunk);
/* Lower-case hex, NUL-terminated. Call once, at the end. */
void digest_finish(struct digest *d, char sha256[SHA256_HEX + 1], char md5[MD5_HEX + 1]);

/* Equality in time that depends on the length only. */
bool digest_equal(const void *a, const void *b, size_t len);

#endif
