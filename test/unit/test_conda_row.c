/* A file's row as the index builders see it, and the pair of package maps. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "format/json.h"
#include "index/conda_row.h"

#define SHA256 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define MD5    "0123456789abcdef0123456789abcdef"

static struct conda_row sample(void)
{
    return (struct conda_row){
        .filename = S("x-1-0.conda"),
        .sha256 = S(SHA256),
        .md5 = S(MD5),
        .record = S("{\"name\":\"x\",\"timestamp\":5}"),
        .size = 1234,
        .uploaded_ms = 1700000000123,
    };
}

static void assert_text(const struct buf *b, const char *expected)
{
    assert_true(buf_ok(b));
    assert_int_equal(b->len, strlen(expected));
    assert_memory_equal(b->ptr, expected, b->len);
}

static void the_record_gets_what_the_server_knows(void **state)
{
    struct conda_row row = sample();
    struct buf b = BUF_INIT(KIB);
    json_t *record = NULL;

    (void)state;
    assert_int_equal(conda_row_record(&row, &record, NULL), OK);
    json_canonical(&b, record);
    assert_text(&b, "{\"indexed_timestamp\":1700000000123,\"md5\":\"" MD5 "\",\"name\":\"x\","
                    "\"sha256\":\"" SHA256 "\",\"size\":1234,\"timestamp\":5}");
    buf_done(&b);
    json_decref(record);
}

static void a_package_cannot_say_what_the_server_knows(void **state)
{
    struct conda_row row = sample();
    struct buf b = BUF_INIT(KIB);
    json_t *record = NULL;

    (void)state;
    row.record = S("{\"indexed_timestamp\":1,\"md5\":\"x\",\"sha256\":\"x\",\"size\":-1}");
    assert_int_equal(conda_row_record(&row, &record, NULL), OK);
    json_canonical(&b, record);
    assert_text(&b, "{\"indexed_timestamp\":1700000000123,\"md5\":\"" MD5 "\","
                    "\"sha256\":\"" SHA256 "\",\"size\":1234}");
    buf_done(&b);
    json_decref(record);
}

static void a_malformed_old_digest_is_left_out(void **state)
{
    struct conda_row row = sample();
    json_t *record = NULL;

    (void)state;
    row.record = S("{\"legacy_bz2_md5\":\"" MD5 "\"}");
    assert_int_equal(conda_row_record(&row, &record, NULL), OK);
    assert_string_equal(json_string_value(json_object_get(record, "legacy_bz2_md5")), MD5);
    json_decref(record);
    row.record = S("{\"legacy_bz2_md5\":\"0123\"}");
    assert_int_equal(conda_row_record(&row, &record, NULL), OK);
    assert_null(json_object_get(record, "legacy_bz2_md5"));
    json_decref(record);
}

static void a_row_with_a_bad_digest_or_record_is_refused(void **state)
{
    struct conda_row row = sample();
    json_t *record = NULL;
    struct err err = {0};

    (void)state;
    row.sha256 = S("abc");
    assert_int_equal(conda_row_record(&row, &record, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "x-1-0.conda"));
    row = sample();
    row.md5 = S("");
    assert_int_equal(conda_row_record(&row, &record, &err), ERR_INVALID);
    row = sample();
    row.record = S("[]");
    assert_int_equal(conda_row_record(&row, &record, &err), ERR_INVALID);
    assert_null(record);
}

static void rows_go_to_the_map_of_their_format(void **state)
{
    struct conda_row row = sample();
    struct conda_maps m;
    struct buf b = BUF_INIT(KIB);

    (void)state;
    conda_maps_init(&m);
    conda_maps_write(&m, &b);
    assert_text(&b, "\"packages\":{},\"packages.conda\":{}");
    assert_true(conda_row_is_v2(&row));
    buf_addc(conda_maps_add(&m, &row), '1');
    row.filename = S("x-1-0.tar.bz2");
    assert_false(conda_row_is_v2(&row));
    buf_addc(conda_maps_add(&m, &row), '2');
    row.filename = S("y-1-0.conda");
    buf_addc(conda_maps_add(&m, &row), '3');
    buf_clear(&b);
    conda_maps_write(&m, &b);
    assert_text(&b, "\"packages\":{\"x-1-0.tar.bz2\":2},"
                    "\"packages.conda\":{\"x-1-0.conda\":1,\"y-1-0.conda\":3}");
    buf_done(&b);
    conda_maps_done(&m);
}

static void a_map_that_overflowed_fails_the_document(void **state)
{
    struct conda_row row = sample();
    struct conda_maps m;
    struct buf b = BUF_INIT(KIB);

    (void)state;
    conda_maps_init(&m);
    m.packages_conda.max = 4;
    conda_maps_add(&m, &row);
    conda_maps_write(&m, &b);
    assert_false(buf_ok(&b));
    buf_done(&b);
    conda_maps_done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_record_gets_what_the_server_knows),
        cmocka_unit_test(a_package_cannot_say_what_the_server_knows),
        cmocka_unit_test(a_malformed_old_digest_is_left_out),
        cmocka_unit_test(a_row_with_a_bad_digest_or_record_is_refused),
        cmocka_unit_test(rows_go_to_the_map_of_their_format),
        cmocka_unit_test(a_map_that_overflowed_fails_the_document),
    };

    return cmocka_run_group_tests_name("conda_row", tests, NULL, NULL);
}
