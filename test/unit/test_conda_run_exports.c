/* run_exports.json (CEP 12): every file, with what it exports. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "index/conda_run_exports.h"

static void assert_document(const struct conda_run_exports *d, const char *expected)
{
    struct buf b = BUF_INIT(MIB);

    conda_run_exports_write(d, S("linux-64"), &b);
    assert_true(buf_ok(&b));
    buf_addc(&b, '\0');
    assert_string_equal(b.ptr, expected);
    buf_done(&b);
}

static void an_empty_subdir_has_both_maps(void **state)
{
    struct conda_run_exports d;

    (void)state;
    conda_run_exports_init(&d);
    assert_document(&d, "{\"info\":{\"subdir\":\"linux-64\",\"version\":1},"
                        "\"packages\":{},\"packages.conda\":{}}");
    conda_run_exports_done(&d);
}

static void files_that_export_nothing_are_there_too(void **state)
{
    struct conda_row weak = {.filename = S("a-1-0.conda"),
                             .run_exports = S("{\"weak\":[\"a >=1\"]}")};
    struct conda_row none = {.filename = S("a-1-0.tar.bz2"), .run_exports = S("{}")};
    struct conda_row absent = {.filename = S("b-1-0.conda")};
    struct conda_run_exports d;

    (void)state;
    conda_run_exports_init(&d);
    conda_run_exports_add(&d, &weak);
    conda_run_exports_add(&d, &none);
    conda_run_exports_add(&d, &absent);
    assert_document(&d, "{\"info\":{\"subdir\":\"linux-64\",\"version\":1},"
                        "\"packages\":{\"a-1-0.tar.bz2\":{\"run_exports\":{}}},"
                        "\"packages.conda\":{"
                        "\"a-1-0.conda\":{\"run_exports\":{\"weak\":[\"a >=1\"]}},"
                        "\"b-1-0.conda\":{\"run_exports\":{}}}}");
    conda_run_exports_done(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_subdir_has_both_maps),
        cmocka_unit_test(files_that_export_nothing_are_there_too),
    };

    return cmocka_run_group_tests_name("conda_run_exports", tests, NULL, NULL);
}
