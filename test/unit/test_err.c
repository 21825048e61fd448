#include "unit.h"

#include <errno.h>

#include "base/err.h"
#include "base/text.h"

static void failure_carries_code_message_and_place(void **state)
{
    struct err e = {.field = "old"};
    int line = __LINE__ + 1;
    enum err_code code = fail(&e, ERR_CONFLICT, "file \"%s\" exists", "a.conda");

    (void)state;
    assert_int_equal(code, ERR_CONFLICT);
    assert_int_equal(e.code, ERR_CONFLICT);
    assert_string_equal(e.msg, "file \"a.conda\" exists");
    assert_int_equal(e.line, line);
    assert_string_equal(e.file, __FILE__);
    assert_null(e.field);
}

static void nobody_has_to_ask_for_details(void **state)
{
    (void)state;
    errno = EIO;
    assert_int_equal(fail(NULL, ERR_DENIED, "x"), ERR_DENIED);
    assert_int_equal(fail_errno(NULL, "x"), ERR_IO);
    assert_int_equal(fail_field(NULL, "email", "x"), ERR_UNPROCESSABLE);
}

static void field_is_named(void **state)
{
    struct err e = {0};

    (void)state;
    assert_int_equal(fail_field(&e, "email", "no \"@\" in \"%s\"", "x"), ERR_UNPROCESSABLE);
    assert_int_equal(e.code, ERR_UNPROCESSABLE);
    assert_string_equal(e.field, "email");
    assert_string_equal(e.msg, "no \"@\" in \"x\"");
}

static void errno_is_explained_and_kept(void **state)
{
    struct err e = {0};

    (void)state;
    errno = EACCES;
    assert_int_equal(fail_errno(&e, "cannot open \"%s\"", "x"), ERR_IO);
    assert_string_equal(e.msg, "cannot open \"x\": Permission denied");
    assert_int_equal(errno, EACCES);
    errno = 99999;
    assert_int_equal(fail_errno(&e, "y"), ERR_IO);
    assert_string_equal(e.msg, "y: unknown error");
}

static void full_disk_has_a_code_of_its_own(void **state)
{
    struct err e = {0};

    (void)state;
    errno = ENOSPC;
    assert_int_equal(fail_errno(&e, "x"), ERR_NO_SPACE);
    errno = EDQUOT;
    assert_int_equal(fail_errno(&e, "x"), ERR_NO_SPACE);
    assert_int_equal(e.code, ERR_NO_SPACE);
}

static void message_may_be_wrapped_in_place(void **state)
{
    struct err e = {0};

    (void)state;
    (void)fail(&e, ERR_INVALID, "inner");
    (void)fail(&e, e.code, "outer: %s", e.msg);
    assert_string_equal(e.msg, "outer: inner");
    errno = EIO;
    (void)fail_errno(&e, "again: %s", e.msg);
    assert_string_equal(e.msg, "again: outer: inner: Input/output error");
}

static void message_is_one_line(void **state)
{
    struct err e = {0};

    (void)state;
    (void)fail(&e, ERR_INVALID, "name \"%s\"", "a\nb\rc\x1b\x7f");
    assert_string_equal(e.msg, "name \"a?b?c??\"");
}

static void message_is_utf8_whatever_is_quoted(void **state)
{
    struct err e = {0};

    (void)state;
    (void)fail(&e, ERR_INVALID, "%s",
               "\xc3\xa4 \xff \xc3 \xe2\x82\xac \xf0\x9f\x98\x80 \xed\xa0\x80");
    assert_string_equal(e.msg, "\xc3\xa4 ? ? \xe2\x82\xac \xf0\x9f\x98\x80 ???");
}

static void long_message_is_cut_into_valid_utf8(void **state)
{
    char text[1001];
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < 1000; i += 2)
        memcpy(text + i, "\xc3\xa4", 2);
    text[1000] = '\0';
    (void)fail(&e, ERR_INVALID, "%s", text);
    assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);
    assert_true(text_is_utf8(str_of(e.msg)));
    assert_memory_equal(e.msg, text, 398);
    assert_int_equal(e.msg[398], '?');
}

static void every_code_has_its_slug(void **state)
{
    static const char *const slugs[ERR_CODE_MAX] = {
        "ok",      "out_of_memory", "io",        "invalid",         "unprocessable",
        "too_big", "not_found",     "conflict",  "unauthenticated", "denied",
        "limited", "busy",          "collision", "no_space"};

    (void)state;
    for (int i = 0; i < ERR_CODE_MAX; i++)
        assert_string_equal(err_slug((enum err_code)i), slugs[i]);
    assert_string_equal(err_slug(ERR_CODE_MAX), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failure_carries_code_message_and_place),
        cmocka_unit_test(nobody_has_to_ask_for_details),
        cmocka_unit_test(field_is_named),
        cmocka_unit_test(errno_is_explained_and_kept),
        cmocka_unit_test(full_disk_has_a_code_of_its_own),
        cmocka_unit_test(message_may_be_wrapped_in_place),
        cmocka_unit_test(message_is_one_line),
        cmocka_unit_test(message_is_utf8_whatever_is_quoted),
        cmocka_unit_test(long_message_is_cut_into_valid_utf8),
        cmocka_unit_test(every_code_has_its_slug),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
