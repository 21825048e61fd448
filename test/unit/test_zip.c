/* One good archive, then one rule broken at a time. */
#include "unit.h"

#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "format/zip.h"
#include "make_archive.h"

/* Fields, by their offset in a local and in a central header, and in the end record. */
enum {
    L_FLAGS = 6,
    L_METHOD = 8,
    L_TIME = 10,
    L_CRC = 14,
    L_PACKED = 18,
    L_SIZE = 22,
    C_FLAGS = 8,
    C_METHOD = 10,
    C_CRC = 16,
    C_PACKED = 20,
    C_SIZE = 24,
    C_COMMENT_LEN = 32,
    C_DISK = 34,
    C_OFFSET = 42,
    E_DISK = 4,
    E_COUNT_DISK = 8,
    E_COUNT = 10,
    E_SIZE = 12,
    E_OFFSET = 16,
    E_COMMENT_LEN = 20,
};

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

static struct str two_members(struct arena *a)
{
    struct zip_layout layout = {
        ZIP_PARTS({.name = "a.txt", .data = S("first")}, {.name = "b/c.txt", .data = S("second")})};

    return make_zip(a, &layout);
}

static enum err_code read_bytes(struct arena *a, struct str bytes, struct zip *ret, struct err *err)
{
    struct zip_source from = zip_source_mem(&bytes);

    return zip_read(a, &from, 4, 0, ret, err);
}

static void refused_at(struct arena *a, struct str bytes, enum err_code code, const char *msg,
                       int line)
{
    struct zip z = {0};
    struct err err = {0};
    enum err_code rc = read_bytes(a, bytes, &z, &err);

    if (rc != code || !strstr(err.msg, msg))
        print_error("line %d: %s \"%s\"\n", line, err_slug(rc), err.msg);
    assert_int_equal(rc, code);
    assert_non_null(strstr(err.msg, msg));
    assert_null(z.members);
}
#define refused(a, bytes, msg) refused_at((a), (bytes), ERR_INVALID, (msg), __LINE__)

static void accepted_at(struct arena *a, struct str bytes, size_t count, int line)
{
    struct zip z = {0};
    struct err err = {0};

    if (read_bytes(a, bytes, &z, &err))
        print_error("line %d: \"%s\"\n", line, err.msg);
    assert_int_equal(err.code, OK);
    assert_int_equal(z.count, count);
}
#define accepted(a, bytes, count) accepted_at((a), (bytes), (count), __LINE__)

static void members_are_told_with_names_sizes_and_places(void **state)
{
    struct arena *a = *state;
    struct str bytes = two_members(a);
    struct zip z;

    assert_int_equal(read_bytes(a, bytes, &z, NULL), OK);
    assert_int_equal(z.count, 2);
    assert_str(z.members[0].name, "a.txt");
    assert_int_equal(z.members[0].data_offset, 30 + 5);
    assert_int_equal(z.members[0].size, 5);
    assert_int_equal(z.members[0].packed_size, 5);
    assert_int_equal(z.members[0].method, ZIP_STORED);
    assert_int_equal(z.members[0].crc32, text_crc32(S("first")));
    assert_str(z.members[1].name, "b/c.txt");
    assert_int_equal(z.members[1].data_offset, 30 + 5 + 5 + 30 + 7);
    assert_ptr_equal(zip_find(&z, S("b/c.txt")), &z.members[1]);
    assert_null(zip_find(&z, S("b/c.tx")));
}

static void a_file_is_read_without_moving_its_position(void **state)
{
    struct arena *a = *state;
    struct str bytes = two_members(a);
    int fd = make_fd(bytes);
    struct zip_source from = zip_source_fd(&fd, bytes.len);
    struct zip z;

    assert_int_equal(lseek(fd, 3, SEEK_SET), 3);
    assert_int_equal(zip_read(a, &from, 4, 0, &z, NULL), OK);
    assert_int_equal(z.count, 2);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 3);
    assert_int_equal(ftruncate(fd, (off_t)bytes.len - 1), 0); /* shrinks under our hands */
    assert_int_equal(zip_read(a, &from, 4, 0, &z, NULL), ERR_IO);
    (void)close(fd);
}

static void sizes_may_be_in_zip64_fields(void **state)
{
    struct arena *a = *state;
    struct zip_layout layout = {ZIP_PARTS({.name = "a.txt", .data = S("first"), .zip64 = true}),
                                .zip64_end = true};
    struct str bytes = make_zip(a, &layout);
    struct zip z;

    assert_int_equal(read_bytes(a, bytes, &z, NULL), OK);
    assert_int_equal(z.members[0].size, 5);
    assert_int_equal(z.members[0].data_offset, 30 + 5 + 20);
    refused(a, make_patched(a, bytes, 30 + 5 + 4, 8, 6), "two sizes"); /* local header: 6 bytes */
}

static void zip64_fields_may_repeat_or_be_zero_when_not_needed(void **state)
{
    struct arena *a = *state;
    const struct {
        struct str extra;
        bool good;
    } cases[] = {
        {S("\1\0\20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), true}, /* as real packages have it */
        {S("\1\0\20\0\5\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0"), true},
        {S("\1\0\20\0\6\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0"), false}, /* another size */
        {S("\1\0\4\0\0\0\0\0"), false},
        {S("\1\0\0\0\1\0\0\0"), false}, /* twice */
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct zip_layout layout = {
            ZIP_PARTS({.name = "a", .data = S("first"), .extra = cases[i].extra})};

        if (cases[i].good)
            accepted(a, make_zip(a, &layout), 1);
        else
            refused(a, make_zip(a, &layout), "malformed ZIP64 sizes");
    }
}

static void zip64_end_record_must_lie_before_its_locator_and_agree(void **state)
{
    struct arena *a = *state;
    struct zip_layout layout = {ZIP_PARTS({.name = "a", .data = S("x")}), .zip64_end = true};
    struct str good = make_zip(a, &layout);
    size_t end = zip_end(good), locator = end - 20, end64 = locator - 56;

    accepted(a, good, 1);
    accepted(a, make_patched(a, good, end + E_COUNT_DISK, 4, 0x00010001), 1);
    refused(a, make_patched(a, good, end + E_COUNT_DISK, 4, 0x00020002), "end records differ");
    refused(a, make_patched(a, good, end + E_SIZE, 4, 1), "end records differ");
    refused(a, make_patched(a, good, end + E_OFFSET, 4, 1), "end records differ");
    refused(a, make_patched(a, good, locator + 8, 8, end64 - 1), "ZIP64 end record");
    refused(a, make_patched(a, good, locator + 4, 4, 1), "ZIP64 end record");
    refused(a, make_patched(a, good, locator + 16, 4, 2), "ZIP64 end record");
    refused(a, make_patched(a, good, end64, 4, 0), "ZIP64 end record");
    refused(a, make_patched(a, good, end64 + 4, 8, 45), "ZIP64 end record");
    refused(a, make_patched(a, good, end64 + 24, 8, 2), "ZIP64 end record");
    /* Without its locator nothing says that the full fields mean anything else. */
    refused(a, make_patched(a, good, locator, 4, 0), "central directory is not where");
}

static void bytes_outside_the_members_are_refused(void **state)
{
    struct arena *a = *state;
    struct zip_layout before = {ZIP_PARTS({.name = "a", .data = S("x")}), .before = S("#!/bin/sh")};
    struct zip_layout gap = {ZIP_PARTS({.name = "a", .data = S("x")}), .gap = S("?")};
    struct zip_layout after = {ZIP_PARTS({.name = "a", .data = S("x")}), .after = S("?")};
    struct str good = two_members(a);

    refused(a, make_zip(a, &before), "bytes before ZIP member \"a\"");
    refused(a, make_joined(a, S("#!/bin/sh"), good), "central directory is not where");
    refused(a, make_zip(a, &gap), "bytes between");
    refused(a, make_zip(a, &after), "does not end as a ZIP");
    refused(a, make_patched(a, good, zip_end(good) + E_COMMENT_LEN, 2, 1), "does not end as a ZIP");
    refused(a, str_sub(good, 0, good.len - 1), "does not end as a ZIP");
    refused(a, str_sub(good, 0, 21), "too short");
    refused(a, S(""), "too short");
    refused(a, make_joined(a, good, good), "central directory is not where");
    refused(a, make_patched(a, make_joined(a, good, S("!")), zip_end(good) + E_COMMENT_LEN, 2, 1),
            "does not end as a ZIP");
}

static void every_possible_cut_is_refused(void **state)
{
    struct arena *a = *state;
    struct str good = two_members(a);
    struct zip z;

    for (size_t len = 0; len < good.len; len++)
        assert_int_equal(read_bytes(a, str_sub(good, 0, len), &z, NULL), ERR_INVALID);
}

static void overlapping_members_are_refused(void **state)
{
    struct arena *a = *state;
    struct zip_layout layout = {
        ZIP_PARTS({.name = "a", .data = S("12345")}, {.name = "b", .data = S("67890")})};
    struct str good = make_zip(a, &layout), bad;

    bad = make_patched(a, good, zip_central(good, 1) + C_OFFSET, 4, 0);
    refused(a, bad, "differs between its header");
    /* a claims to reach over b, in both of its headers */
    bad = make_patched(a, good, L_PACKED, 8, 0x0000000600000006);
    bad = make_patched(a, bad, zip_central(good, 0) + C_PACKED, 8, 0x0000000600000006);
    refused(a, bad, "member \"b\", or it overlaps");
    /* ... or over the central directory */
    bad = make_patched(a, good, L_PACKED, 8, 0x0000ffff0000ffff);
    bad = make_patched(a, bad, zip_central(good, 0) + C_PACKED, 8, 0x0000ffff0000ffff);
    refused(a, bad, "reaches beyond its room");
}

static void local_header_must_say_what_the_central_one_says(void **state)
{
    static const struct {
        size_t offset;
        unsigned width;
        uint64_t value;
    } changes[] = {
        {L_FLAGS, 2, 0x0800},
        {L_METHOD, 2, 8},
        {L_TIME, 2, 1},
        {L_CRC, 4, 1},
        {L_PACKED, 8, 0x0000000400000004},
    };
    struct arena *a = *state;
    struct str good = two_members(a);
    struct zip_layout other_name = {
        ZIP_PARTS({.name = "a.txt", .data = S("x"), .local_name = "b.txt"})};

    for (size_t i = 0; i < COUNT(changes); i++)
        refused(a, make_patched(a, good, changes[i].offset, changes[i].width, changes[i].value),
                "differs between its header");
    refused(a, make_zip(a, &other_name), "differs between its header");
    refused(a, make_patched(a, good, 0, 4, 0), "no ZIP member at byte 0");
}

static void directory_must_be_exactly_the_declared_entries(void **state)
{
    struct arena *a = *state;
    struct str good = two_members(a);
    size_t end = zip_end(good), second = zip_central(good, 1);

    refused(a, make_patched(a, good, end + E_COUNT_DISK, 4, 0x00010001), "bytes after");
    refused(a, make_patched(a, good, end + E_COUNT_DISK, 4, 0x00030003), "more ZIP members");
    refused(a, make_patched(a, good, end + E_COUNT_DISK, 2, 1), "several disks");
    refused(a, make_patched(a, good, end + E_DISK, 2, 1), "several disks");
    refused(a, make_patched(a, good, end + E_OFFSET, 4, second), "not where");
    refused(a, make_patched(a, good, second + C_COMMENT_LEN, 2, 1), "a member has a comment");
    refused(a, make_patched(a, good, second + C_DISK, 2, 1), "malformed");
    refused(a, make_patched(a, good, second, 4, 0), "malformed");
    refused(a, make_patched(a, good, second + 28, 2, 0xffff), "cut off");
}

static void more_members_than_allowed_are_refused_before_they_are_read(void **state)
{
    struct arena *a = *state;
    struct str good = two_members(a);

    refused_at(a, make_patched(a, good, zip_end(good) + E_COUNT_DISK, 4, 0x00050005), ERR_TOO_BIG,
               "more than 4", __LINE__);
}

static void encryption_and_data_descriptors_are_refused(void **state)
{
    struct arena *a = *state;
    struct str good = two_members(a), bad;
    size_t central = zip_central(good, 0);

    for (unsigned bit = 0; bit < 16; bit++) {
        bad = make_patched(a, good, L_FLAGS, 2, 1u << bit);
        bad = make_patched(a, bad, central + C_FLAGS, 2, 1u << bit);
        if (bit == 1 || bit == 2 || bit == 11)
            accepted(a, bad, 2);
        else
            refused(a, bad, bit == 3 ? "data descriptor" : "encrypted or of an unknown kind");
    }
}

static void method_is_told_and_left_to_the_caller(void **state)
{
    struct arena *a = *state;
    struct str good = two_members(a), other;
    struct zip z;

    other = make_patched(a, good, L_METHOD, 2, ZIP_DEFLATED);
    other = make_patched(a, other, zip_central(good, 0) + C_METHOD, 2, ZIP_DEFLATED);
    assert_int_equal(read_bytes(a, other, &z, NULL), OK);
    assert_int_equal(z.members[0].method, ZIP_DEFLATED);
    other = make_patched(a, good, L_SIZE, 4, 6);
    other = make_patched(a, other, zip_central(good, 0) + C_SIZE, 4, 6);
    refused(a, other, "stored, but with two sizes");
}

static void names_must_be_plain_relative_paths(void **state)
{
    static const char *const bad[] = {"",      "/a",       "../a", "a/../b", "a/..", ".", "./a",
                                      "a//b",  "a\\b",     "c:/a", "c:",     "a\nb", "/", "..",
                                      "a\x7f", "\xc3\xa4", "a//",  "\\a",    "a/./b"};
    static const char *const good[] = {"a", "a/b", "a..b", "...", "a b", ".hidden", "a/b.c:d"};
    struct arena *a = *state;

    for (size_t i = 0; i < COUNT(bad); i++) {
        struct zip_layout layout = {ZIP_PARTS({.name = bad[i], .data = S("")})};

        refused(a, make_zip(a, &layout), "not a plain relative path");
    }
    for (size_t i = 0; i < COUNT(good); i++) {
        struct zip_layout layout = {ZIP_PARTS({.name = good[i], .data = S("x")})};

        accepted(a, make_zip(a, &layout), 1);
    }
}

static void names_beyond_ascii_need_the_flag_and_utf8(void **state)
{
    struct arena *a = *state;
    struct zip_layout utf8 = {ZIP_PARTS({.name = "\xc3\xa4", .data = S("x")})};
    struct zip_layout latin1 = {ZIP_PARTS({.name = "\xe4", .data = S("x")})};
    struct str bytes = make_zip(a, &utf8);

    bytes = make_patched(a, bytes, L_FLAGS, 2, 0x0800);
    accepted(a, make_patched(a, bytes, zip_central(bytes, 0) + C_FLAGS, 2, 0x0800), 1);
    bytes = make_patched(a, make_zip(a, &latin1), L_FLAGS, 2, 0x0800);
    refused(a, make_patched(a, bytes, zip_central(bytes, 0) + C_FLAGS, 2, 0x0800),
            "not a plain relative path");
}

static void folders_are_allowed_but_hold_nothing(void **state)
{
    struct arena *a = *state;
    struct zip_layout empty = {ZIP_PARTS({.name = "a/", .data = S("")})};
    struct zip_layout full = {ZIP_PARTS({.name = "a/", .data = S("x")})};

    accepted(a, make_zip(a, &empty), 1);
    refused(a, make_zip(a, &full), "folder with content");
}

static void duplicate_names_are_refused(void **state)
{
    struct arena *a = *state;
    struct zip_layout layout = {ZIP_PARTS({.name = "a", .data = S("1")},
                                          {.name = "b", .data = S("2")},
                                          {.name = "a", .data = S("3")})};

    refused(a, make_zip(a, &layout), "two ZIP members are named \"a\"");
}

static void extra_fields_must_fill_their_room_and_give_no_second_name(void **state)
{
    struct arena *a = *state;
    struct zip_layout unicode = {
        ZIP_PARTS({.name = "a", .data = S("1"), .extra = S("\x75\x70\6\0\1\0\0\0\0b")})};
    struct zip_layout cut = {ZIP_PARTS({.name = "a", .data = S("1"), .extra = S("xx\1")})};
    struct zip_layout beyond = {ZIP_PARTS({.name = "a", .data = S("1"), .extra = S("xx\1\0")})};
    struct zip_layout other = {ZIP_PARTS({.name = "a", .data = S("1"), .extra = S("UT\1\0\1")})};

    refused(a, make_zip(a, &unicode), "second name");
    refused(a, make_zip(a, &cut), "malformed extra");
    refused(a, make_zip(a, &beyond), "malformed extra");
    accepted(a, make_zip(a, &other), 1);
}

static enum err_code read_allowing_descriptors(struct arena *a, struct str bytes, struct zip *ret,
                                               struct err *err)
{
    struct zip_source from = zip_source_mem(&bytes);

    return zip_read(a, &from, 4, ZIP_DESCRIPTORS, ret, err);
}

static void descriptors_pass_where_they_are_allowed(void **state)
{
    struct arena *a = *state;
    struct str packed = make_deflated(a, S("first"));
    struct zip_layout layout = {
        ZIP_PARTS({.name = "a", .data = S("first"), .packed = packed, .descriptor = true},
                  {.name = "b", .data = S("second")})};
    struct str bytes = make_zip(a, &layout);
    struct zip z;

    assert_int_equal(read_allowing_descriptors(a, bytes, &z, NULL), OK);
    assert_true(z.members[0].descriptor);
    assert_int_equal(z.members[0].packed_size, packed.len);
    assert_int_equal(z.members[0].size, 5);
    assert_false(z.members[1].descriptor);
    assert_int_equal(z.members[1].data_offset, 31 + packed.len + 16 + 31);
    refused(a, bytes, "data descriptor"); /* not where they are not */
}

static void descriptor_must_say_what_the_directory_says(void **state)
{
    struct arena *a = *state;
    struct str packed = make_deflated(a, S("first"));
    struct zip_layout layout = {
        ZIP_PARTS({.name = "a", .data = S("first"), .packed = packed, .descriptor = true})};
    struct str good = make_zip(a, &layout);
    size_t descriptor = 31 + packed.len;
    struct err err;
    struct zip z;

    for (size_t field = 0; field < 16; field += 4) {
        struct str bad = make_patched(a, good, descriptor + field, 4, 1);

        assert_int_equal(read_allowing_descriptors(a, bad, &z, &err), ERR_INVALID);
        assert_non_null(strstr(err.msg, "between its data descriptor and the central directory"));
    }
}

static void header_with_a_descriptor_leaves_open_or_agrees(void **state)
{
    struct arena *a = *state;
    struct zip_layout layout = {ZIP_PARTS({.name = "a",
                                           .data = S("first"),
                                           .packed = make_deflated(a, S("first")),
                                           .descriptor = true})};
    struct str good = make_zip(a, &layout);
    struct err err;
    struct zip z;

    assert_int_equal(read_allowing_descriptors(a, make_patched(a, good, L_SIZE, 4, 5), &z, &err),
                     OK);
    for (size_t field = L_CRC; field <= L_SIZE; field += 4) {
        struct str bad = make_patched(a, good, field, 4, 1);

        assert_int_equal(read_allowing_descriptors(a, bad, &z, &err), ERR_INVALID);
        assert_non_null(strstr(err.msg, "differs between its header"));
    }
}

static void descriptor_after_stored_bytes_is_refused_anywhere(void **state)
{
    struct arena *a = *state;
    struct zip_layout layout = {ZIP_PARTS({.name = "a", .data = S("first"), .descriptor = true})};
    struct err err;
    struct zip z;

    assert_int_equal(read_allowing_descriptors(a, make_zip(a, &layout), &z, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "data descriptor"));
}

static void an_archive_without_members_is_well_formed(void **state)
{
    struct zip_layout nothing = {0};

    accepted(*state, make_zip(*state, &nothing), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_told_with_names_sizes_and_places),
        cmocka_unit_test(a_file_is_read_without_moving_its_position),
        cmocka_unit_test(sizes_may_be_in_zip64_fields),
        cmocka_unit_test(zip64_fields_may_repeat_or_be_zero_when_not_needed),
        cmocka_unit_test(zip64_end_record_must_lie_before_its_locator_and_agree),
        cmocka_unit_test(bytes_outside_the_members_are_refused),
        cmocka_unit_test(every_possible_cut_is_refused),
        cmocka_unit_test(overlapping_members_are_refused),
        cmocka_unit_test(local_header_must_say_what_the_central_one_says),
        cmocka_unit_test(directory_must_be_exactly_the_declared_entries),
        cmocka_unit_test(more_members_than_allowed_are_refused_before_they_are_read),
        cmocka_unit_test(encryption_and_data_descriptors_are_refused),
        cmocka_unit_test(descriptors_pass_where_they_are_allowed),
        cmocka_unit_test(descriptor_must_say_what_the_directory_says),
        cmocka_unit_test(header_with_a_descriptor_leaves_open_or_agrees),
        cmocka_unit_test(descriptor_after_stored_bytes_is_refused_anywhere),
        cmocka_unit_test(method_is_told_and_left_to_the_caller),
        cmocka_unit_test(names_must_be_plain_relative_paths),
        cmocka_unit_test(names_beyond_ascii_need_the_flag_and_utf8),
        cmocka_unit_test(folders_are_allowed_but_hold_nothing),
        cmocka_unit_test(duplicate_names_are_refused),
        cmocka_unit_test(extra_fields_must_fill_their_room_and_give_no_second_name),
        cmocka_unit_test(an_archive_without_members_is_well_formed),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
