#include "unit.h"

#include "base/limits.h"
#include "format/pypi_zip.h"
#include "make_archive.h"

static int enter(void **state)
{
    *state = arena_open(64 * MIB);
    return *state ? 0 : -1;
}

static int leave(void **state)
{
    arena_close(*state);
    return 0;
}

static enum err_code opened(struct arena *a, struct str bytes, struct zip *ret, struct err *err)
{
    struct zip_source from = zip_source_mem(&bytes);

    return pypi_zip_open(a, &from, ret, err);
}

static void every_member_is_read_through(void **state)
{
    struct arena *a = *state;
    struct zip_layout layout = {
        ZIP_PARTS({.name = "a", .data = S("first")},
                  {.name = "b", .data = S("second"), .packed = make_deflated(a, S("second"))},
                  {.name = "c",
                   .data = S("third"),
                   .packed = make_deflated(a, S("third")),
                   .descriptor = true})};
    struct str good = make_zip(a, &layout), bad;
    struct zip z;
    struct err err;

    assert_int_equal(opened(a, good, &z, NULL), OK);
    assert_int_equal(z.count, 3);
    bad = make_patched(a, good, (size_t)z.members[1].data_offset, 1, 0xff);
    assert_int_equal(opened(a, bad, &z, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "ZIP member \"b\" is damaged"));
    bad = make_patched(a, good, (size_t)z.members[0].data_offset, 1, 'F');
    assert_int_equal(opened(a, bad, &z, &err), ERR_INVALID);
    assert_string_equal(err.msg, "ZIP member \"a\" does not match its CRC");
}

/* Before anything is unpacked. */
static void bombs_are_refused_by_what_they_declare(void **state)
{
    struct arena *a = *state;
    struct str data = make_run(a, 0, 8), bomb;
    struct zip_layout layout = {
        ZIP_PARTS({.name = "a", .data = data, .packed = make_deflated(a, data)})};
    struct zip z;
    struct err err;

    bomb = make_patched(a, make_zip(a, &layout), 22, 4, 100 * MIB);
    bomb = make_patched(a, bomb, zip_central(bomb, 0) + 24, 4, 100 * MIB);
    assert_int_equal(opened(a, bomb, &z, &err), ERR_TOO_BIG);
    assert_non_null(strstr(err.msg, "unpacks to more than 671"));
}

static void text_of_a_member_is_copied_up_to_a_maximum(void **state)
{
    struct arena *a = *state;
    struct zip_layout layout = {ZIP_PARTS({.name = "a", .data = S("first")})};
    struct str bytes = make_zip(a, &layout), text = {0};
    struct zip_source from = zip_source_mem(&bytes);
    struct zip z;

    assert_int_equal(pypi_zip_open(a, &from, &z, NULL), OK);
    assert_int_equal(pypi_zip_text(a, &from, &z.members[0], 4, &text, NULL), ERR_TOO_BIG);
    assert_null(text.ptr);
    assert_int_equal(pypi_zip_text(a, &from, &z.members[0], 5, &text, NULL), OK);
    assert_str(text, "first");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_is_read_through),
        cmocka_unit_test(bombs_are_refused_by_what_they_declare),
        cmocka_unit_test(text_of_a_member_is_copied_up_to_a_maximum),
    };

    return cmocka_run_group_tests_name("pypi_zip", tests, enter, leave);
}
