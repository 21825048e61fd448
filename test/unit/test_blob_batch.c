/* Blobs that are put together: all of them, or a failure that says why. */
#include "blob_fixture.h"

#include "base/limits.h"
#include "base/mem.h"
#include "blob/blob_batch.h"

#define WITH_STORES(test)                                                                          \
    {#test, test, blobs_enter_folder, blobs_leave, NULL},                                          \
    {                                                                                              \
#test "_on_s3", test, blobs_enter_s3, blobs_leave, NULL                                    \
    }

static struct str sha256_of(struct blobs *f, struct str data)
{
    char hex[SHA256_HEX + 1];

    digest_sha256_hex(data, hex);
    return str_of(str_z(f->mem, str_of(hex))); /* with a NUL */
}

static struct blob_batch *open_batch(struct blobs *f)
{
    struct blob_batch *b = NULL;

    must(f, blob_batch_open(f->store, &b, &f->err));
    return b;
}

static struct str add(struct blobs *f, struct blob_batch *b, struct str data)
{
    struct str sha256 = sha256_of(f, data);

    must(f, blob_batch_add(b, sha256, data, &f->err));
    return sha256;
}

static void nothing_is_there_before_the_flush_and_all_after_it(void **state)
{
    struct blobs *f = *state;
    AUTO(blob_batch_closep) struct blob_batch *b = NULL;
    struct str data[20], sha256[20];

    blobs_skip_without_store(f);
    b = open_batch(f);
    for (unsigned i = 0; i < COUNT(data); i++) {
        data[i] = blobs_pattern(f, 100 + i, i);
        sha256[i] = add(f, b, data[i]);
    }
    for (size_t i = 0; i < COUNT(data); i++) {
        assert_false(blobs_is_there(f, sha256[i].ptr));
        assert_true(str_eq(blob_batch_find(b, sha256[i]), data[i]));
    }
    must(f, blob_batch_flush(b, &f->err));
    for (size_t i = 0; i < COUNT(data); i++) {
        blobs_assert_content(f, sha256[i].ptr, data[i]);
        assert_null(blob_batch_find(b, sha256[i]).ptr);
    }
    must(f, blob_batch_flush(b, &f->err)); /* of none */
}

static void equal_blobs_are_one(void **state)
{
    struct blobs *f = *state;
    AUTO(blob_batch_closep) struct blob_batch *b = NULL;
    struct blob_id id;

    blobs_skip_without_store(f);
    b = open_batch(f);
    must(f, blob_put(f->store, S("hello"), &id, &f->err)); /* there already */
    (void)add(f, b, S("hello"));
    (void)add(f, b, S("hello"));
    must(f, blob_batch_flush(b, &f->err));
    blobs_assert_content(f, HELLO_SHA256, S("hello"));
}

static void what_is_not_flushed_is_dropped(void **state)
{
    struct blobs *f = *state;
    struct blob_batch *b;

    blobs_skip_without_store(f);
    b = open_batch(f);
    (void)add(f, b, S("hello"));
    blob_batch_close(b);
    assert_false(blobs_is_there(f, HELLO_SHA256));
    blob_batch_close(NULL);
}

static void many_are_flushed_on_the_way(void **state)
{
    struct blobs *f = *state;
    AUTO(blob_batch_closep) struct blob_batch *b = open_batch(f);
    struct str first = add(f, b, blobs_pattern(f, 50, 0));

    for (unsigned i = 1; i < 200; i++)
        (void)add(f, b, blobs_pattern(f, 50, i));
    assert_true(blobs_is_there(f, first.ptr));
    first = add(f, b, blobs_pattern(f, 10 * MIB, 1000));
    (void)add(f, b, blobs_pattern(f, 10 * MIB, 1001));
    assert_true(blobs_is_there(f, first.ptr));
    must(f, blob_batch_flush(b, &f->err));
    first = add(f, b, blobs_pattern(f, 20 * MIB, 1002)); /* larger than all may be together */
    must(f, blob_batch_flush(b, &f->err));
    assert_true(blobs_is_there(f, first.ptr));
}

static void a_full_memory_loses_nothing_that_was_promised(void **state)
{
    struct blobs *f = *state;

    for (long n = 1;; n++) {
        AUTO(blob_batch_closep) struct blob_batch *b = open_batch(f);
        struct str one = blobs_pattern(f, 40, 1), two = blobs_pattern(f, 40, 2);
        struct str first = add(f, b, one), second = add(f, b, two);
        enum err_code code;

        mem_fail_at(n);
        code = blob_batch_flush(b, &f->err);
        mem_fail_at(0);
        if (code == OK) {
            blobs_assert_content(f, first.ptr, one);
            blobs_assert_content(f, second.ptr, two);
            assert_true(n > 1);
            return;
        }
        assert_int_equal(code, ERR_NOMEM);
        assert_true(f->err.msg[0]);
        must(f, blob_remove(f->store, first, &f->err));
        must(f, blob_remove(f->store, second, &f->err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORES(nothing_is_there_before_the_flush_and_all_after_it),
        WITH_STORES(equal_blobs_are_one),
        WITH_STORES(what_is_not_flushed_is_dropped),
        cmocka_unit_test_setup_teardown(many_are_flushed_on_the_way, blobs_enter_folder,
                                        blobs_leave),
        cmocka_unit_test_setup_teardown(a_full_memory_loses_nothing_that_was_promised,
                                        blobs_enter_folder, blobs_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
