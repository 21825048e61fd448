#include "unit.h"

#include "base/limits.h"
#include "format/gzip.h"
#include "index/cran_documents.h"

#define RECORD(version)                                                                            \
    "{\"fields\":{\"Package\":\"ab\",\"Version\":\"" version "\"},\"type\":\"source\"}"

static void trees_are_told_from_subdirs_of_conda(void **state)
{
    (void)state;
    assert_true(cran_is_subdir(S("cran/src/contrib")));
    assert_false(cran_is_subdir(S("cran-64")));
    assert_false(cran_is_subdir(S("")));
    assert_int_equal(cran_kinds_of(S("cran/src/contrib"))->count, 5);
    assert_int_equal(cran_kinds_of(S("cran/bin/windows/contrib/4.2"))->count, 3);
}

static void documents_have_media_types(void **state)
{
    (void)state;
    assert_str(cran_media_type(S("PACKAGES")), "text/plain; charset=utf-8");
    assert_str(cran_media_type(S("PACKAGES.gz")), "application/octet-stream");
    assert_str(cran_media_type(S("Meta/archive.rds")), "application/octet-stream");
    assert_null(cran_media_type(S("PACKAGES.xz")).ptr);
    assert_null(cran_media_type(S("")).ptr);
}

static void every_document_is_made_of_the_rows(void **state)
{
    static const char *const names[] = {"PACKAGES", "PACKAGES.gz", "PACKAGES.rds",
                                        "Meta/archive.rds", "Meta/current.rds"};
    static const char *const holds[] = {"Version: 1.1\nMD5sum: m\n", "Version: 1.1\n", "1.1",
                                        "ab/ab_1.0.tar.gz", "ab_1.1.tar.gz"};
    const struct document_kinds *kinds = cran_kinds_of(S("cran/src/contrib"));
    AUTO(cran_packages_closep) struct cran_packages *docs = NULL;
    struct conda_row rows[] = {
        {.filename = S("ab_1.0.tar.gz"), .md5 = S("m"), .record = S(RECORD("1.0"))},
        {.filename = S("ab_1.1.tar.gz"), .md5 = S("m"), .record = S(RECORD("1.1"))}};

    (void)state;
    assert_int_equal(cran_documents_open(S("cran/src/contrib"), &docs, NULL), OK);
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(cran_documents_add(docs, &rows[i], NULL), OK);
    cran_packages_end(docs);
    for (size_t i = 0; i < kinds->count; i++) {
        AUTO(buf_done) struct buf made = BUF_INIT(MIB), plain = BUF_INIT(MIB);

        assert_str(kinds->all[i].name, names[i]);
        assert_false(kinds->all[i].packed);
        assert_int_equal(kinds->all[i].write(docs, &made, NULL), OK);
        if (i == 0)
            buf_add(&plain, buf_str(&made));
        else
            assert_int_equal(gzip_unpack(buf_str(&made), &plain, NULL), OK);
        assert_non_null(memmem(plain.ptr, plain.len, holds[i], strlen(holds[i])));
    }
}

static void a_row_that_is_no_json_is_an_error(void **state)
{
    AUTO(cran_packages_closep) struct cran_packages *docs = NULL;
    struct conda_row row = {.filename = S("ab_1.0.tar.gz"), .record = S("x")};

    (void)state;
    assert_int_equal(cran_documents_open(S("cran/src/contrib"), &docs, NULL), OK);
    assert_int_equal(cran_documents_add(docs, &row, NULL), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_are_told_from_subdirs_of_conda),
        cmocka_unit_test(documents_have_media_types),
        cmocka_unit_test(every_document_is_made_of_the_rows),
        cmocka_unit_test(a_row_that_is_no_json_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
