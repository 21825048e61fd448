/* blob_fixture.h: a store of blobs in a new folder, or on the S3 server that the environment names.
 */
#ifndef TEST_BLOB_FIXTURE_H
#define TEST_BLOB_FIXTURE_H
#include "unit.h"

#include "blob/blob.h"

#define HELLO_SHA256 "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define HELLO_MD5    "5d41402abc4b2a76b9719d911017c592"
#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define EMPTY_MD5    "d41d8cd98f00b204e9800998ecf8427e"

struct blobs {
    struct arena *mem;
    struct blob_store *store; /* open */
    struct blob_place place;  /* how it was opened */
    char folder[64];
    char dir[80]; /* of the store, in folder */
    struct err err;
};

#define must(f, call)                                                                              \
    do {                                                                                           \
        enum err_code code_ = (call);                                                              \
        if (code_)                                                                                 \
            print_error("%s: %s\n", #call, (f)->err.msg);                                          \
        assert_int_equal(code_, OK);                                                               \
    } while (0)

/* Setups: a store in a folder; one on S3 (not open, and the test to be skipped, without a server:
 * TERRARIUM_TEST_S3 is "http://host:port/bucket", with TERRARIUM_TEST_S3_KEY and _SECRET). */
int blobs_enter_folder(void **state);
int blobs_enter_s3(void **state);
int blobs_leave(void **state);
void blobs_skip_without_store(const struct blobs *f);
/* Closes the store and opens it again. */
void blobs_reopen(struct blobs *f, enum blob_use use);

/* Files (none that begin with a dot) in a folder of the store's. */
int blobs_count(const struct blobs *f, const char *sub);
/* blob_get tells exactly these bytes. */
void blobs_assert_content(struct blobs *f, const char *sha256, struct str expected);
bool blobs_is_there(struct blobs *f, const char *sha256);
/* Bytes that nobody else has: a pattern begun with a seed, in mem. */
struct str blobs_pattern(struct blobs *f, size_t len, unsigned seed);

#endif
