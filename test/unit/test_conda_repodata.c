/* repodata.json: the bytes that json.dumps(sort_keys=True, separators=(",", ":")) gives. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "format/json.h"
#include "index/conda_repodata.h"

#define SHA256 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define MD5    "0123456789abcdef0123456789abcdef"

static void add(struct conda_repodata *d, const char *filename, const char *record)
{
    struct conda_row row = {.filename = str_of(filename),
                            .sha256 = S(SHA256),
                            .md5 = S(MD5),
                            .record = str_of(record),
                            .size = 7,
                            .uploaded_ms = 1700000000123};
    json_t *full = NULL;

    assert_int_equal(conda_row_record(&row, &full, NULL), OK);
    conda_repodata_add(d, &row, full);
    json_decref(full);
}

static void assert_document(const struct conda_repodata *d, const char *subdir,
                            const char *expected)
{
    struct buf b = BUF_INIT(MIB);

    conda_repodata_write(d, str_of(subdir), &b);
    assert_true(buf_ok(&b));
    buf_addc(&b, '\0');
    assert_string_equal(b.ptr, expected);
    buf_done(&b);
}

static void an_empty_subdir_has_both_maps(void **state)
{
    struct conda_repodata d;

    (void)state;
    conda_repodata_init(&d);
    assert_document(&d, "noarch",
                    "{\"info\":{\"subdir\":\"noarch\"},\"packages\":{},\"packages.conda\":{},"
                    "\"removed\":[],\"repodata_version\":1}");
    conda_repodata_done(&d);
}

static void records_are_sorted_and_escaped_and_no_newline_ends_it(void **state)
{
    struct conda_repodata d;

    (void)state;
    conda_repodata_init(&d);
    add(&d, "a-1-0.conda", "{\"depends\":[\"b >=1\"],\"license\":\"\\u00a9 \\\"x\\\"\"}");
    add(&d, "a-1-0.tar.bz2", "{\"depends\":[]}");
    add(&d, "b-2-0.conda", "{\"version\":\"2\"}");
    assert_document(
        &d, "linux-64",
        "{\"info\":{\"subdir\":\"linux-64\"},"
        "\"packages\":{\"a-1-0.tar.bz2\":{\"depends\":[],\"indexed_timestamp\":1700000000123,"
        "\"md5\":\"" MD5 "\",\"sha256\":\"" SHA256 "\",\"size\":7}},"
        "\"packages.conda\":{"
        "\"a-1-0.conda\":{\"depends\":[\"b >=1\"],\"indexed_timestamp\":1700000000123,"
        "\"license\":\"\\u00a9 \\\"x\\\"\",\"md5\":\"" MD5 "\",\"sha256\":\"" SHA256
        "\",\"size\":7},"
        "\"b-2-0.conda\":{\"indexed_timestamp\":1700000000123,\"md5\":\"" MD5
        "\",\"sha256\":\"" SHA256 "\",\"size\":7,\"version\":\"2\"}},"
        "\"removed\":[],\"repodata_version\":1}");
    conda_repodata_done(&d);
}

static void writing_twice_gives_the_same(void **state)
{
    struct conda_repodata d;
    struct buf a = BUF_INIT(KIB), b = BUF_INIT(KIB);

    (void)state;
    conda_repodata_init(&d);
    add(&d, "a-1-0.conda", "{}");
    conda_repodata_write(&d, S("noarch"), &a);
    conda_repodata_write(&d, S("noarch"), &b);
    assert_true(buf_ok(&a) && str_eq(buf_str(&a), buf_str(&b)));
    buf_done(&a);
    buf_done(&b);
    conda_repodata_done(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_subdir_has_both_maps),
        cmocka_unit_test(records_are_sorted_and_escaped_and_no_newline_ends_it),
        cmocka_unit_test(writing_twice_gives_the_same),
    };

    return cmocka_run_group_tests_name("conda_repodata", tests, NULL, NULL);
}
