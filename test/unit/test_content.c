/* How blobs reach clients, by their size and by where they lie. */
#include "core_fixture.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/rand.h"
#include "blob/blob.h"
#include "web/content.h"

static struct web web;

static struct call call_of(struct core *f)
{
    web = (struct web){.app = &f->app};
    return (struct call){.web = &web, .app = &f->app, .mem = f->mem};
}

/* Bytes of this size in the store; fill makes the first of them differ. */
static struct str put(struct core *f, size_t size, char fill)
{
    struct blob_id id;
    char *bytes = arena_alloc(f->mem, size, 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i / 1024 + i);
    bytes[0] = fill;
    must(f, blob_put(f->app.blobs, (struct str){bytes, size}, &id, &f->err));
    return str_dup(f->mem, str_of(id.sha256));
}

static void small_content_is_held_in_memory(void **state)
{
    struct core *f = *state;
    struct call c = call_of(f);
    struct http_entity_desc d = {0};
    struct str sha256 = put(f, LIMIT_CACHED_BODY, 'a');

    must(f, content_load(&c, sha256, LIMIT_CACHED_BODY, &d, &f->err));
    assert_int_equal(d.bytes.len, LIMIT_CACHED_BODY);
    assert_int_equal(d.bytes.ptr[0], 'a');
    assert_int_equal(d.file.len, 0);
    assert_null(d.source.object);
    content_done(&d);
}

static void larger_content_is_a_file(void **state)
{
    struct core *f = *state;
    struct call c = call_of(f);
    struct http_entity_desc d = {0};
    struct str sha256 = put(f, LIMIT_CACHED_BODY + 1, 'b');

    must(f, content_load(&c, sha256, LIMIT_CACHED_BODY + 1, &d, &f->err));
    assert_int_equal(d.bytes.len, 0);
    assert_true(str_ends(d.file, sha256));
    assert_int_equal(d.size, LIMIT_CACHED_BODY + 1);
    content_done(&d);
}

static void what_a_row_promises_and_the_store_lacks_is_our_fault(void **state)
{
    struct core *f = *state;
    struct call c = call_of(f);
    struct http_entity_desc d = {0};
    struct str sha256 = core_sha256(f, S("never stored"));

    must_fail(f, content_load(&c, sha256, 10, &d, &f->err), ERR_IO, "is missing from its store");
}

static void a_folder_has_no_links(void **state)
{
    struct core *f = *state;
    struct call c = call_of(f);

    f->config.s3_delivery = true;
    assert_false(content_is_linked(&c, 1 << 30));
}

/* ---- a remote store ---- */

/* NULL without a server: TERRARIUM_TEST_S3 is "http://host:port/bucket". */
static struct blob_store *remote_blobs(struct core *f, uint64_t cache_max)
{
    struct str endpoint, bucket, where = str_of(getenv("TERRARIUM_TEST_S3"));
    struct blob_store *blobs = NULL;
    char prefix[13];

    if (!str_cut_last(where, '/', &endpoint, &bucket))
        return NULL;
    rand_text(prefix, sizeof prefix - 1);
    const struct blob_place place = {
        .dir = str_fmt(f->mem, "%s/spool", f->folder).ptr,
        .url = str_fmt(f->mem, "s3://" STR_FMT "/%s", STR_ARG(bucket), prefix),
        .endpoint = endpoint,
        .key_id = str_of(getenv("TERRARIUM_TEST_S3_KEY")),
        .secret = str_of(getenv("TERRARIUM_TEST_S3_SECRET")),
        .path_style = true,
        .cache_max = cache_max,
    };
    must(f, blob_open(&place, BLOB_SERVE, &blobs, &f->err));
    return blobs;
}

static int open_remote(void **state)
{
    struct core *f;

    if (core_open(state))
        return -1;
    f = *state;
    blob_closep(&f->app.blobs);
    f->app.blobs = remote_blobs(f, 256 * MIB);
    return 0;
}

static void skip_without_remote(const struct core *f)
{
    if (f->app.blobs)
        return;
    print_message("skipped: TERRARIUM_TEST_S3 names no S3 server\n");
    skip();
}

static void large_remote_content_is_read_in_pieces(void **state)
{
    struct core *f = *state;
    struct call c = call_of(f);
    struct http_entity_desc d = {0};
    const size_t size = 32 * MIB;
    struct str sha256;
    char piece[100];

    skip_without_remote(f);
    sha256 = put(f, size, 'c');
    must(f, content_load(&c, sha256, (int64_t)size, &d, &f->err));
    assert_non_null(d.source.object);
    assert_int_equal(d.size, size);
    must(f, d.source.read(d.source.object, 0, 1, piece, &f->err));
    assert_int_equal(piece[0], 'c');
    must(f, d.source.read(d.source.object, size - 100, 100, piece, &f->err));
    assert_int_equal(piece[99], (char)((size - 1) / 1024 + size - 1));
    content_done(&d);
    assert_null(d.source.object);
}

static void middling_remote_content_is_a_local_copy(void **state)
{
    struct core *f = *state;
    struct call c = call_of(f);
    struct http_entity_desc d = {0};
    struct str sha256;

    skip_without_remote(f);
    sha256 = put(f, MIB, 'd');
    must(f, content_load(&c, sha256, MIB, &d, &f->err));
    assert_true(str_ends(d.file, sha256));
    assert_null(d.source.object);
}

static void what_is_too_large_for_a_copy_is_read_in_pieces(void **state)
{
    struct core *f = *state;
    struct call c = call_of(f);
    struct http_entity_desc d = {0};
    struct str sha256;

    skip_without_remote(f);
    blob_closep(&f->app.blobs);
    f->app.blobs = remote_blobs(f, 0);
    sha256 = put(f, MIB, 'e');
    must(f, content_load(&c, sha256, MIB, &d, &f->err));
    assert_non_null(d.source.object);
    content_done(&d);
}

static void links_are_for_large_remote_content_if_the_settings_say_so(void **state)
{
    struct core *f = *state;
    struct call c = call_of(f);

    skip_without_remote(f);
    assert_false(content_is_linked(&c, 1 << 30));
    f->config.s3_delivery = true;
    assert_true(content_is_linked(&c, LIMIT_CACHED_BODY + 1));
    assert_false(content_is_linked(&c, LIMIT_CACHED_BODY));
}

#define WITH_REMOTE(test) cmocka_unit_test_setup_teardown(test, open_remote, core_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(small_content_is_held_in_memory),
        WITH_CORE(larger_content_is_a_file),
        WITH_CORE(what_a_row_promises_and_the_store_lacks_is_our_fault),
        WITH_CORE(a_folder_has_no_links),
        WITH_REMOTE(large_remote_content_is_read_in_pieces),
        WITH_REMOTE(middling_remote_content_is_a_local_copy),
        WITH_REMOTE(what_is_too_large_for_a_copy_is_read_in_pieces),
        WITH_REMOTE(links_are_for_large_remote_content_if_the_settings_say_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
