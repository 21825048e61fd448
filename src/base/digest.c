/* digest.c: OpenSSL's implementations, which use the processor's SHA instructions. */
#include "base/digest.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sodium.h>

#include "base/mem.h"
#include "base/text.h"

/* Looking an algorithm up costs more than hashing a token. The handles are made once, never
 * change, and live as long as the process. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256_algorithm, *md5_algorithm;

static void fetch_algorithms(void)
{
    sha256_algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    md5_algorithm = EVP_MD_fetch(NULL, "MD5", NULL);
    if (!sha256_algorithm || !md5_algorithm)
        abort(); /* an OpenSSL without them cannot run this program at all */
}

static void need_algorithms(void)
{
    if (pthread_once(&once, fetch_algorithms))
        abort(); /* cannot fail */
}

void digest_sha256(struct str data, uint8_t out[SHA256_LEN])
{
    need_algorithms();
    if (EVP_Digest(data.ptr, data.len, out, NULL, sha256_algorithm, NULL) == 1)
        return;
    /* OpenSSL could not get its memory. libsodium is slower, but needs none. */
    (void)crypto_hash_sha256(out, (const unsigned char *)data.ptr, data.len); /* always 0 */
}

void digest_sha256_hex(struct str data, char out[SHA256_HEX + 1])
{
    uint8_t bytes[SHA256_LEN];

    digest_sha256(data, bytes);
    text_hex(bytes, sizeof(bytes), out);
}

struct digest {
    EVP_MD_CTX *sha256, *md5;
};

struct digest *digest_open(void)
{
    AUTO(digest_closep) struct digest *d = mem_new(struct digest);

    need_algorithms();
    if (!d)
        return NULL;
    d->sha256 = EVP_MD_CTX_new();
    d->md5 = EVP_MD_CTX_new();
    if (!d->sha256 || !d->md5 || EVP_DigestInit_ex2(d->sha256, sha256_algorithm, NULL) != 1 ||
        EVP_DigestInit_ex2(d->md5, md5_algorithm, NULL) != 1)
        return NULL;
    return TAKE(d);
}

void digest_close(struct digest *d)
{
    if (!d)
        return;
    EVP_MD_CTX_free(d->sha256);
    EVP_MD_CTX_free(d->md5);
    mem_free(d);
}

void digest_closep(struct digest **d)
{
    digest_close(*d);
    *d = NULL;
}

void digest_add(struct digest *d, struct str chunk)
{
    if (!chunk.len)
        return;
    /* Neither needs memory, so neither can fail; a wrong digest must never get out. */
    if (EVP_DigestUpdate(d->sha256, chunk.ptr, chunk.len) != 1 ||
        EVP_DigestUpdate(d->md5, chunk.ptr, chunk.len) != 1)
        abort();
}

void digest_finish(struct digest *d, char sha256[SHA256_HEX + 1], char md5[MD5_HEX + 1])
{
    uint8_t sha256_bytes[SHA256_LEN], md5_bytes[MD5_LEN];

    assert(EVP_MD_CTX_get_size(d->sha256) == SHA256_LEN && EVP_MD_CTX_get_size(d->md5) == MD5_LEN);
    if (EVP_DigestFinal_ex(d->sha256, sha256_bytes, NULL) != 1 ||
        EVP_DigestFinal_ex(d->md5, md5_bytes, NULL) != 1)
        abort(); /* as in digest_add() */
    text_hex(sha256_bytes, sizeof(sha256_bytes), sha256);
    text_hex(md5_bytes, sizeof(md5_bytes), md5);
}

bool digest_equal(const void *a, const void *b, size_t len)
{
    return !CRYPTO_memcmp(a, b, len);
}
