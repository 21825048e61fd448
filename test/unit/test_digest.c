#include "unit.h"

#include <openssl/crypto.h>

#include "base/digest.h"
#include "base/mem.h"

#define SHA256_EMPTY   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA256_ABC     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SHA256_MILLION "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
#define MD5_EMPTY      "d41d8cd98f00b204e9800998ecf8427e"
#define MD5_ABC        "900150983cd24fb0d6963f7d28e17f72"
#define MD5_MILLION    "7707d6ae4e027c70eea2a935c2296f21"

static bool openssl_has_no_memory;

static void *openssl_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return openssl_has_no_memory ? NULL : mem_get(size);
}

static void *openssl_realloc(void *p, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return openssl_has_no_memory ? NULL : mem_resize(p, size);
}

static void openssl_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    mem_free(p);
}

static void known_answers_of_the_one_shot_digest(void **state)
{
    char hex[SHA256_HEX + 1];

    (void)state;
    digest_sha256_hex(S(""), hex);
    assert_string_equal(hex, SHA256_EMPTY);
    digest_sha256_hex((struct str){NULL, 0}, hex);
    assert_string_equal(hex, SHA256_EMPTY);
    digest_sha256_hex(S("abc"), hex);
    assert_string_equal(hex, SHA256_ABC);
}

static void raw_digest_is_the_same(void **state)
{
    uint8_t out[SHA256_LEN];

    (void)state;
    digest_sha256(S("abc"), out);
    assert_int_equal(out[0], 0xba);
    assert_int_equal(out[31], 0xad);
}

static void one_shot_digest_needs_no_memory(void **state)
{
    char hex[SHA256_HEX + 1];

    (void)state;
    openssl_has_no_memory = true;
    digest_sha256_hex(S("abc"), hex);
    assert_string_equal(hex, SHA256_ABC);
    digest_sha256_hex((struct str){NULL, 0}, hex);
    assert_string_equal(hex, SHA256_EMPTY);
    assert_null(digest_open());
    openssl_has_no_memory = false;
}

static void stream_digest(size_t chunk, size_t total, char *sha256, char *md5)
{
    static const char letters[] =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    AUTO(digest_closep) struct digest *d = digest_open();

    assert_non_null(d);
    assert_true(chunk <= sizeof(letters) - 1);
    while (total) {
        size_t n = chunk < total ? chunk : total;

        digest_add(d, (struct str){letters, n});
        digest_add(d, S(""));
        total -= n;
    }
    digest_finish(d, sha256, md5);
}

static void stream_gives_both_digests_however_it_is_cut(void **state)
{
    char sha256[SHA256_HEX + 1], md5[MD5_HEX + 1];

    (void)state;
    stream_digest(63, 1000000, sha256, md5);
    assert_string_equal(sha256, SHA256_MILLION);
    assert_string_equal(md5, MD5_MILLION);
    stream_digest(1, 1000000, sha256, md5);
    assert_string_equal(sha256, SHA256_MILLION);
    assert_string_equal(md5, MD5_MILLION);
    stream_digest(1, 0, sha256, md5);
    assert_string_equal(sha256, SHA256_EMPTY);
    assert_string_equal(md5, MD5_EMPTY);
}

static void stream_agrees_with_one_shot(void **state)
{
    AUTO(digest_closep) struct digest *d = digest_open();
    char sha256[SHA256_HEX + 1], md5[MD5_HEX + 1];

    (void)state;
    digest_add(d, S("a"));
    digest_add(d, S("bc"));
    digest_finish(d, sha256, md5);
    assert_string_equal(sha256, SHA256_ABC);
    assert_string_equal(md5, MD5_ABC);
}

static void out_of_memory_is_reported(void **state)
{
    (void)state;
    for (long n = 1;; n++) { /* OpenSSL's allocations are counted too */
        struct digest *d;

        mem_fail_at(n);
        d = digest_open();
        if (d) {
            assert_true(n > 2);
            digest_close(d);
            break;
        }
    }
    mem_fail_at(0);
    digest_close(NULL);
}

static void equality_looks_at_every_byte(void **state)
{
    char a[32] = {0}, b[32] = {0};

    (void)state;
    assert_true(digest_equal(a, b, 32));
    for (size_t i = 0; i < 32; i++) {
        b[i] = 1;
        assert_false(digest_equal(a, b, 32));
        b[i] = 0;
    }
    assert_true(digest_equal(a, b, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers_of_the_one_shot_digest),
        cmocka_unit_test(raw_digest_is_the_same),
        cmocka_unit_test(one_shot_digest_needs_no_memory),
        cmocka_unit_test(stream_gives_both_digests_however_it_is_cut),
        cmocka_unit_test(stream_agrees_with_one_shot),
        cmocka_unit_test(out_of_memory_is_reported),
        cmocka_unit_test(equality_looks_at_every_byte),
    };

    if (!CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
