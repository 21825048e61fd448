/* Content that is what the headers say, and every way in which it may not be. */
#include "unit.h"

#include <dirent.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "format/zip_content.h"
#include "make_archive.h"

enum { L_CRC = 14, L_PACKED = 18, L_SIZE = 22, C_CRC = 16, C_PACKED = 20, C_SIZE = 24 };

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

/* The archive of one member. */
static struct str one(struct arena *a, struct str data, struct str packed)
{
    struct zip_layout layout = {ZIP_PARTS({.name = "a", .data = data, .packed = packed})};

    return make_zip(a, &layout);
}

/* Changes a sum in both headers of the one member. */
static struct str changed(struct arena *a, struct str bytes, size_t local, size_t central,
                          uint64_t value)
{
    bytes = make_patched(a, bytes, local, 4, value);
    return make_patched(a, bytes, zip_central(bytes, 0) + central, 4, value);
}

static enum err_code content(struct arena *a, struct str bytes, struct buf *out, struct err *err)
{
    struct zip_source from = zip_source_mem(&bytes);
    struct zip z;
    enum err_code rc;

    assert_int_equal(zip_read(a, &from, 4, ZIP_DESCRIPTORS, &z, NULL), OK);
    assert_int_equal(z.count, 1);
    rc = zip_content(&from, &z.members[0], out, err);
    if (rc != ERR_TOO_BIG)
        assert_int_equal(zip_verify(&from, &z.members[0], NULL), rc);
    return rc;
}

static void refused(struct arena *a, struct str bytes, const char *msg)
{
    AUTO(buf_done) struct buf out = BUF_INIT(1 * MIB);
    struct err err = {0};

    buf_add(&out, S("before"));
    assert_int_equal(content(a, bytes, &out, &err), ERR_INVALID);
    if (!strstr(err.msg, msg))
        print_error("\"%s\" is not \"%s\"\n", err.msg, msg);
    assert_non_null(strstr(err.msg, msg));
    assert_str(buf_str(&out), "before");
}

static void content_is_appended(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(12);
    struct arena *a = *state;

    assert_int_equal(content(a, one(a, S("stored"), S("")), &out, NULL), OK);
    assert_int_equal(content(a, one(a, S("packed"), make_deflated(a, S("packed"))), &out, NULL),
                     OK);
    assert_str(buf_str(&out), "storedpacked");
}

static void content_of_many_pieces_is_whole(void **state)
{
    AUTO(buf_done) struct buf data = BUF_INIT(1 * MIB), out = BUF_INIT(1 * MIB);
    struct arena *a = *state;
    uint32_t x = 1;

    while (data.len < 700 * KIB) { /* does not pack well: many pieces on both sides */
        x = x * 1664525 + 1013904223;
        buf_addc(&data, (char)(x >> 24));
    }
    assert_int_equal(content(a, one(a, buf_str(&data), S("")), &out, NULL), OK);
    assert_true(str_eq(buf_str(&out), buf_str(&data)));
    buf_clear(&out);
    assert_int_equal(
        content(a, one(a, buf_str(&data), make_deflated(a, buf_str(&data))), &out, NULL), OK);
    assert_true(str_eq(buf_str(&out), buf_str(&data)));
}

static void empty_content_is_well(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(0);
    struct arena *a = *state;

    assert_int_equal(content(a, one(a, S(""), S("")), &out, NULL), OK);
    assert_int_equal(content(a, one(a, S(""), make_deflated(a, S(""))), &out, NULL), OK);
    assert_int_equal(out.len, 0);
}

static void content_over_the_ceiling_is_not_read(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(5);
    struct arena *a = *state;
    struct err err;

    buf_add(&out, S("!"));
    assert_int_equal(content(a, one(a, S("12345"), S("")), &out, &err), ERR_TOO_BIG);
    assert_string_equal(err.msg, "\"a\" is larger than 5 bytes");
    assert_str(buf_str(&out), "!");
}

static void a_bomb_ends_at_its_declared_size(void **state)
{
    struct arena *a = *state;
    struct str bomb = make_deflated(a, make_run(a, 0, 8 * MIB));

    refused(a, one(a, S("small"), bomb), "is larger than it is said to be");
}

static void another_crc_or_size_is_refused(void **state)
{
    struct arena *a = *state;
    struct str stored = one(a, S("first"), S(""));
    struct str packed = one(a, S("first"), make_deflated(a, S("first")));

    refused(a, changed(a, stored, L_CRC, C_CRC, 1), "does not match its CRC");
    refused(a, changed(a, packed, L_CRC, C_CRC, 1), "does not match its CRC");
    refused(a, changed(a, packed, L_SIZE, C_SIZE, 6), "is smaller than it is said to be");
    refused(a, changed(a, packed, L_SIZE, C_SIZE, 4), "is larger than it is said to be");
}

static void packed_bytes_must_be_one_whole_stream(void **state)
{
    struct arena *a = *state;
    struct str good = make_deflated(a, S("first"));

    refused(a, one(a, S("first"), make_joined(a, good, S("x"))), "has bytes after the end");
    refused(a, one(a, S("first"), make_joined(a, good, good)), "has bytes after the end");
    refused(a, one(a, S("first"), str_sub(good, 0, good.len - 1)), "is cut off");
    refused(a, one(a, S("first"), S("\xff\xff\xff\xff")), "is damaged: invalid block type");
}

static void other_methods_are_refused(void **state)
{
    struct arena *a = *state;
    struct str bytes = one(a, S("first"), S(""));

    bytes = make_patched(a, bytes, 8, 2, 12);
    bytes = make_patched(a, bytes, zip_central(bytes, 0) + 10, 2, 12);
    refused(a, bytes, "packed by method 12; only stored and deflated ones are read");
}

static void failed_allocations_are_told(void **state)
{
    struct arena *a = *state;
    struct str bytes = one(a, S("first"), make_deflated(a, S("first")));
    struct zip_source from = zip_source_mem(&bytes);
    struct zip z;
    long allocations;

    assert_int_equal(zip_read(a, &from, 4, 0, &z, NULL), OK);
    mem_fail_at(0);
    assert_int_equal(zip_verify(&from, &z.members[0], NULL), OK);
    allocations = mem_count();
    assert_true(allocations >= 2);
    for (long n = 1; n <= allocations; n++) {
        mem_fail_at(n);
        assert_int_equal(zip_verify(&from, &z.members[0], NULL), ERR_NOMEM);
    }
    mem_fail_at(0);
}

/* ---- The judge's archives -------------------------------------------------------------------- */

/* What warehouse judges otherwise: it accepts the first three, and refuses the last. */
static const struct {
    const char *name;
    enum err_code verdict;
} otherwise[] = {
    {"comment.zip", ERR_INVALID},           /* in the end record */
    {"short_usize.zip", ERR_INVALID},       /* its content is longer than it is said to be */
    {"short_usize_zip64.zip", ERR_INVALID}, /* the same, stored */
    {"zip64_extra_too_long.zip", OK}, /* surplus values that repeat what is known; real ones do */
};

static enum err_code verdict(struct str bytes)
{
    AUTO(arena_closep) struct arena *a = arena_open(1 * MIB);
    struct zip_source from = zip_source_mem(&bytes);
    struct zip z = {0};
    enum err_code rc = zip_read(a, &from, 100, ZIP_DESCRIPTORS, &z, NULL);

    for (size_t i = 0; !rc && i < z.count; i++)
        rc = zip_verify(&from, &z.members[i], NULL);
    return rc;
}

static void judge_file(const char *folder, const char *name, enum err_code expected)
{
    AUTO(arena_closep) struct arena *a = arena_open(1 * MIB);
    struct str bytes;
    char path[1024];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(fs_read(a, path, 1 * MIB, &bytes, NULL), OK);
    for (size_t i = 0; i < COUNT(otherwise); i++)
        if (strcmp(name, otherwise[i].name) == 0)
            expected = otherwise[i].verdict;
    if (verdict(bytes) != expected)
        print_error("%s: not the expected verdict\n", name);
    assert_int_equal(verdict(bytes), expected);
}

static size_t judge_folder(const char *folder, enum err_code expected)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    size_t count = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.') {
            judge_file(folder, entry->d_name, expected);
            count++;
        }
    (void)closedir(dir);
    return count;
}

static void what_warehouse_refuses_is_refused(void **state)
{
    const char *data = getenv("TERRARIUM_TEST_DATA");
    char folder[1024];

    (void)state;
    (void)snprintf(folder, sizeof(folder), "%s/pypi/warehouse-tests/unit/utils/zipdata/accept",
                   data ? data : "");
    if (!data || access(folder, R_OK) != 0) {
        print_message("skipped: no real data (TERRARIUM_TEST_DATA)\n");
        skip();
    }
    assert_int_equal(judge_folder(folder, OK), 10);
    (void)snprintf(folder, sizeof(folder), "%s/pypi/warehouse-tests/unit/utils/zipdata/reject",
                   data);
    assert_int_equal(judge_folder(folder, ERR_INVALID), 35);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_is_appended),
        cmocka_unit_test(content_of_many_pieces_is_whole),
        cmocka_unit_test(empty_content_is_well),
        cmocka_unit_test(content_over_the_ceiling_is_not_read),
        cmocka_unit_test(a_bomb_ends_at_its_declared_size),
        cmocka_unit_test(another_crc_or_size_is_refused),
        cmocka_unit_test(packed_bytes_must_be_one_whole_stream),
        cmocka_unit_test(other_methods_are_refused),
        cmocka_unit_test(failed_allocations_are_told),
        cmocka_unit_test(what_warehouse_refuses_is_refused),
    };

    return cmocka_run_group_tests_name("zip_content", tests, enter, leave);
}
