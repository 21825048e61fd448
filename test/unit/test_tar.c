#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "format/tar.h"
#include "make_archive.h"

static int enter(void **state)
{
    *state = arena_open(256 * MIB);
    return *state ? 0 : -1;
}

static int leave(void **state)
{
    arena_close(*state);
    return 0;
}

/* A record of a pax header, which begins with its own length. */
static struct str pax(struct arena *a, const char *key, struct str value)
{
    size_t rest = strlen(" =\n") + strlen(key) + value.len, len = rest + 1;

    while (len != rest + (size_t)snprintf(NULL, 0, "%zu", len))
        len++;
    return str_fmt(a, "%zu %s=%.*s\n", len, key, (int)value.len, value.ptr);
}

/* Reads a whole archive; writes "type path size content" lines to out. */
static enum err_code list(struct arena *a, struct str tar_bytes, struct buf *out, struct err *err)
{
    AUTO(unpack_closep) struct unpack *u = NULL;
    AUTO(tar_closep) struct tar *t = NULL;
    struct str packed = make_zstd(a, tar_bytes);
    struct unpack_source from = unpack_source_mem(&packed);
    bool more = true;
    enum err_code rc = unpack_open(UNPACK_ZSTD, &from, 256 * MIB, &u, err);

    if (!rc)
        rc = tar_open(u, &t, err);
    while (!rc) {
        struct tar_member m;

        rc = tar_next(t, &m, &more, err);
        if (rc || !more)
            break;
        buf_addf(out, "%d %.*s %d ", (int)m.type, (int)m.path.len, m.path.ptr, (int)m.size);
        rc = tar_content(t, out, err);
        buf_addc(out, '\n');
    }
    return rc;
}

static void refused_at(struct arena *a, struct str tar_bytes, enum err_code code, const char *msg,
                       int line)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    struct err err = {0};
    enum err_code rc = list(a, tar_bytes, &out, &err);

    if (rc != code || !strstr(err.msg, msg))
        print_error("line %d: %s \"%s\"\n", line, err_slug(rc), err.msg);
    assert_int_equal(rc, code);
    assert_non_null(strstr(err.msg, msg));
}
#define refused(a, bytes, msg) refused_at((a), (bytes), ERR_INVALID, (msg), __LINE__)

static void members_come_in_order_with_their_content(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    struct arena *a = *state;
    struct str bytes = MAKE_TAR(a, {"info", S(""), '5', NULL}, {"info/a.txt", S("hello"), 0, NULL},
                                {"l", S(""), '2', "info/a.txt"}, {"h", S(""), '1', "info/a.txt"},
                                {"last", S(""), 0, NULL});

    assert_int_equal(list(a, bytes, &out, NULL), OK);
    assert_str(buf_str(&out), "1 info 0 \n0 info/a.txt 5 hello\n2 l 0 \n3 h 0 \n0 last 0 \n");
}

static void names_are_normalised(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    struct arena *a = *state;
    struct str bytes = MAKE_TAR(a, {"./", S(""), '5', NULL}, {"./a//b/./c", S("x"), 0, NULL},
                                {"d/", S(""), '5', NULL}, {"e/...", S(""), 0, NULL});

    assert_int_equal(list(a, bytes, &out, NULL), OK);
    assert_str(buf_str(&out), "1  0 \n0 a/b/c 1 x\n1 d 0 \n0 e/... 0 \n");
}

static void names_that_leave_their_folder_are_refused(void **state)
{
    static const char *const absolute[] = {"/a", "\\a", "c:/a", "C:a", "\\\\host\\a"};
    static const char *const climbing[] = {"..",       "../a",     "a/../b", "a/..",
                                           "..\\a\\b", "a\\..\\b", "a/b\\.."};
    struct arena *a = *state;

    for (size_t i = 0; i < COUNT(absolute); i++)
        refused(a, MAKE_TAR(a, {absolute[i], S("x"), 0, NULL}), "is absolute");
    for (size_t i = 0; i < COUNT(climbing); i++)
        refused(a, MAKE_TAR(a, {climbing[i], S("x"), 0, NULL}), "has a segment \"..\"");
    refused(a, MAKE_TAR(a, {"a\nb", S("x"), 0, NULL}), "has a control character");
    refused(a, MAKE_TAR(a, {".", S("x"), 0, NULL}), "names no file");
}

static void odd_but_harmless_names_are_fine(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    struct arena *a = *state;
    struct str bytes =
        MAKE_TAR(a, {"system\\x2dsetup.slice", S(""), 0, NULL}, {"Foo::Bar.3", S(""), 0, NULL},
                 {"\xe4\xff", S(""), 0, NULL}, {"\xe2\x9d\xa4", S(""), 0, NULL});

    assert_int_equal(list(a, bytes, &out, NULL), OK);
}

static void devices_fifos_and_sockets_are_refused(void **state)
{
    struct arena *a = *state;

    refused(a, MAKE_TAR(a, {"dev/x", S(""), '3', NULL}), "is a device, fifo or socket");
    refused(a, MAKE_TAR(a, {"dev/x", S(""), '4', NULL}), "is a device, fifo or socket");
    refused(a, MAKE_TAR(a, {"dev/x", S(""), '6', NULL}), "is a device, fifo or socket");
}

static void long_names_of_pax_are_read_and_checked(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    struct arena *a = *state;
    struct str record = pax(a, "path", make_run(a, 'n', 300));

    assert_int_equal(record.len, 310);
    assert_int_equal(
        list(a, MAKE_TAR(a, {"x", record, 'x', NULL}, {"short", S("!"), 0, NULL}), &out, NULL), OK);
    assert_int_equal(out.len, strlen("0 ") + 300 + strlen(" 1 !\n"));
    record = pax(a, "path", S("../../pwned"));
    refused(a, MAKE_TAR(a, {"x", record, 'x', NULL}, {"short", S("!"), 0, NULL}),
            "has a segment \"..\"");
    record = pax(a, "path", make_run(a, 'n', 5000));
    refused(a, MAKE_TAR(a, {"x", record, 'x', NULL}, {"short", S("!"), 0, NULL}), "is too long");
}

static void content_over_the_maximum_is_refused(void **state)
{
    struct arena *a = *state;

    refused_at(a, MAKE_TAR(a, {"big", make_run(a, 'x', MIB + 1), 0, NULL}), ERR_TOO_BIG,
               "member \"big\" is larger than 1048576 bytes", __LINE__);
}

static void damage_is_refused(void **state)
{
    struct arena *a = *state;
    struct str good = MAKE_TAR(a, {"a", S("hello"), 0, NULL}, {"b", S("world"), 0, NULL});

    refused(a, S("this is no tar archive, however one looks at it"), "not a well-formed tar");
    refused(a, make_patched(a, good, 1024 + 5, 1, '!'), "not a well-formed tar"); /* checksum */
    refused(a, str_sub(good, 0, 512 + 3), "not a well-formed tar");
    refused(a, str_sub(good, 0, 1024 + 100), "not a well-formed tar");
}

static void only_zeros_may_follow_the_end(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    struct arena *a = *state;
    struct str good = MAKE_TAR(a, {"a", S("hello"), 0, NULL});
    struct str zeros = make_run(a, '\0', 700 * KIB);

    assert_int_equal(list(a, make_joined(a, good, zeros), &out, NULL), OK);
    assert_int_equal(list(a, str_sub(good, 0, good.len - 512), &out, NULL), OK);
    assert_int_equal(list(a, str_sub(good, 0, good.len - 1024), &out, NULL), OK);
    refused(a, make_joined(a, good, S("x")), "bytes after the end");
    refused(a, make_joined(a, make_joined(a, good, zeros), S("x")), "bytes after the end");
    refused(a, make_joined(a, good, good), "bytes after the end"); /* a second archive */
    refused(a, make_joined(a, str_sub(good, 0, good.len - 512), good), "bytes after the end");
    refused(a, make_joined(a, str_sub(good, 0, good.len - 512), S("x")), "bytes after the end");
}

static void sparse_files_are_not_read(void **state)
{
    static const struct {
        const char *map, *size;
    } cases[] = {{"1000,4", "1004"}, {"0,4", "1000000000000"}, {"0,2,8,2", "10"}};
    struct arena *a = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str records = pax(a, "GNU.sparse.map", str_of(cases[i].map));

        records = make_joined(a, records, pax(a, "GNU.sparse.size", str_of(cases[i].size)));
        refused(a, MAKE_TAR(a, {"x", records, 'x', NULL}, {"stored", S("data"), 0, NULL}),
                "sparse file");
    }
}

static void an_archive_without_members_has_none(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);

    assert_int_equal(list(*state, make_tar(*state, NULL, 0), &out, NULL), OK);
    assert_int_equal(out.len, 0);
}

static void failures_of_unpacking_are_passed_on(void **state)
{
    AUTO(unpack_closep) struct unpack *u = NULL;
    AUTO(tar_closep) struct tar *t = NULL;
    struct arena *a = *state;
    struct str packed = make_zstd(a, MAKE_TAR(a, {"a", make_run(a, 'x', MIB), 0, NULL}));
    struct unpack_source from = unpack_source_mem(&packed);
    struct tar_member m;
    struct err err = {0};
    bool more = true;

    assert_int_equal(unpack_open(UNPACK_ZSTD, &from, 300000, &u, NULL), OK);
    assert_int_equal(tar_open(u, &t, NULL), OK);
    assert_int_equal(tar_next(t, &m, &more, NULL), OK);
    assert_int_equal(tar_next(t, &m, &more, &err), ERR_TOO_BIG); /* while it skips a's content */
    assert_string_equal(err.msg, "unpacks to more than 300000 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_come_in_order_with_their_content),
        cmocka_unit_test(names_are_normalised),
        cmocka_unit_test(names_that_leave_their_folder_are_refused),
        cmocka_unit_test(odd_but_harmless_names_are_fine),
        cmocka_unit_test(devices_fifos_and_sockets_are_refused),
        cmocka_unit_test(long_names_of_pax_are_read_and_checked),
        cmocka_unit_test(content_over_the_maximum_is_refused),
        cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(only_zeros_may_follow_the_end),
        cmocka_unit_test(sparse_files_are_not_read),
        cmocka_unit_test(an_archive_without_members_has_none),
        cmocka_unit_test(failures_of_unpacking_are_passed_on),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
