/* One good wheel, then one rule broken at a time. */
#include "unit.h"

#include "base/limits.h"
#include "format/pypi_wheel.h"
#include "make_archive.h"

#define INFO     "demo_pkg-1.0.dist-info"
#define METADATA "Metadata-Version: 2.4\nName: demo-pkg\nVersion: 1.0\nLicense-File: LICENSE\n"
#define WHEEL    "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"
#define POINTS   "[console_scripts]\ndemo = demo:main\n"

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

enum { CODE, META, TAGS, COMMANDS, LICENSE, RECORD, MEMBERS };

/* A member per row, in this order; a test changes one. name NULL: left out. */
struct wheel {
    struct zip_part parts[MEMBERS];
};

static struct wheel good_wheel(void)
{
    return (struct wheel){{
        [CODE] = {.name = "demo/__init__.py", .data = S("pass\n")},
        [META] = {.name = INFO "/METADATA", .data = S(METADATA)},
        [TAGS] = {.name = INFO "/WHEEL", .data = S(WHEEL)},
        [COMMANDS] = {.name = INFO "/entry_points.txt", .data = S(POINTS)},
        [LICENSE] = {.name = INFO "/licenses/LICENSE", .data = S("free")},
        [RECORD] = {.name = INFO "/RECORD",
                    .data = S("demo/__init__.py,,\n" INFO "/METADATA,,\n" INFO "/WHEEL,,\n" INFO
                              "/entry_points.txt,,\n" INFO "/licenses/LICENSE,,\n" INFO
                              "/RECORD,,\nabsent.py,,\n")},
    }};
}

static struct str wheel_bytes(struct arena *a, const struct wheel *w)
{
    struct zip_part parts[MEMBERS];
    struct zip_layout layout = {.parts = parts};

    for (size_t i = 0; i < MEMBERS; i++)
        if (w->parts[i].name)
            parts[layout.count++] = w->parts[i];
    return make_zip(a, &layout);
}

static enum err_code read_wheel(struct arena *a, const struct wheel *w, const char *name,
                                struct str *ret, struct err *err)
{
    struct str bytes = wheel_bytes(a, w);
    struct zip_source from = zip_source_mem(&bytes);
    struct pypi_filename file;

    assert_int_equal(pypi_filename_parse(a, str_of(name), S(""), &file, NULL), OK);
    return pypi_wheel_read(a, &from, &file, ret, err);
}

static void refused(struct arena *a, const struct wheel *w, const char *why)
{
    struct str metadata = {0};
    struct err err = {0};

    assert_int_equal(read_wheel(a, w, "Demo_Pkg-1-py3-none-any.whl", &metadata, &err), ERR_INVALID);
    if (!strstr(err.msg, why))
        print_error("%s\n", err.msg);
    assert_non_null(strstr(err.msg, why));
    assert_null(metadata.ptr);
}

static void good_wheel_gives_its_metadata(void **state)
{
    struct wheel w = good_wheel();
    struct str metadata = {0};

    assert_int_equal(read_wheel(*state, &w, "demo_pkg-1.0-py3-none-any.whl", &metadata, NULL), OK);
    assert_str(metadata, METADATA);
}

static void folder_must_be_one(void **state)
{
    struct wheel w = good_wheel();

    w.parts[LICENSE] = (struct zip_part){.name = "other-1.0.dist-info/METADATA", .data = S("x")};
    refused(*state, &w, "two .dist-info folders: \"" INFO "\" and \"other-1.0.dist-info\"");
    w.parts[LICENSE].name = "DEMO_pkg-1.0.DIST-INFO/METADATA"; /* the same on some disks */
    refused(*state, &w, "two .dist-info folders");
    w = (struct wheel){{[CODE] = {.name = "a.py", .data = S("x")}}};
    refused(*state, &w, "the wheel has no .dist-info folder");
    w.parts[CODE].name = ".dist-info/METADATA";
    refused(*state, &w, "the wheel has no .dist-info folder");
}

static void folder_must_be_named_like_the_file(void **state)
{
    static const char *const bad[] = {
        "other-1.0.dist-info/METADATA", "demo_pkg-1.1.dist-info/METADATA",
        "demo_pkg.dist-info/METADATA", "demo_pkg-x.dist-info/METADATA"};

    for (size_t i = 0; i < COUNT(bad); i++) {
        struct wheel w = {{[META] = {.name = bad[i], .data = S(METADATA)}}};

        refused(*state, &w, "is not that of \"Demo_Pkg\" 1, as the file name says");
    }
}

static void what_installers_need_must_be_there(void **state)
{
    static const struct {
        size_t part;
        const char *why;
    } cases[] = {
        {META, "the wheel has no \"" INFO "/METADATA\""},
        {TAGS, "the wheel has no \"" INFO "/WHEEL\""},
        {RECORD, "the wheel has no \"" INFO "/RECORD\""},
        {LICENSE, "License-File \"LICENSE\": the wheel has no \"" INFO "/licenses/LICENSE\""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct wheel w = good_wheel();

        w.parts[cases[i].part].name = NULL;
        refused(*state, &w, cases[i].why);
    }
}

static void names_in_the_folder_are_spelled_one_way(void **state)
{
    struct wheel w = good_wheel();

    w.parts[LICENSE] = (struct zip_part){.name = INFO "/metadata", .data = S("x")};
    refused(*state, &w, "member \"" INFO "/metadata\" should be spelled \"" INFO "/METADATA\"");
}

static void wheel_version_must_be_the_first(void **state)
{
    static const char *const bad[] = {"Wheel-Version: 2.0\n", "Root-Is-Purelib: true\n",
                                      "Wheel-Version: 10.0\n", ""};

    for (size_t i = 0; i < COUNT(bad); i++) {
        struct wheel w = good_wheel();

        w.parts[TAGS].data = str_of(bad[i]);
        refused(*state, &w, "is not 1.x, which installers can read");
    }
}

static void older_wheel_version_passes(void **state)
{
    struct wheel w = good_wheel();
    struct str metadata;

    w.parts[TAGS].data = S("Wheel-Version: 0.1\n");
    assert_int_equal(read_wheel(*state, &w, "demo_pkg-1-py3-none-any.whl", &metadata, NULL), OK);
}

static void unlisted_files_are_refused(void **state)
{
    struct wheel w = good_wheel();

    w.parts[CODE].name = "demo/hidden.py";
    refused(*state, &w, "file \"demo/hidden.py\" is not listed in RECORD");
    w.parts[CODE].name = INFO "/RECORD.other";
    refused(*state, &w, "is not listed in RECORD");
    w = good_wheel();
    w.parts[RECORD].data = S("\"demo/__init__.py");
    refused(*state, &w, "RECORD is not CSV");
}

static void signatures_and_folders_need_not_be_listed(void **state)
{
    static const char *const good[] = {INFO "/RECORD.jws", INFO "/RECORD.p7s", "demo/", "a/b/"};

    for (size_t i = 0; i < COUNT(good); i++) {
        struct wheel w = good_wheel();
        struct str metadata;

        w.parts[CODE] = (struct zip_part){.name = good[i], .data = S("")};
        assert_int_equal(read_wheel(*state, &w, "demo_pkg-1-py3-none-any.whl", &metadata, NULL),
                         OK);
    }
}

static void commands_with_paths_are_refused(void **state)
{
    struct wheel w = good_wheel();

    w.parts[COMMANDS].data = S("[console_scripts]\n../../bin/sh = demo:main\n");
    refused(*state, &w, "entry_points.txt: command \"../../bin/sh\"");
}

static void license_files_are_asked_for_from_metadata_2_4_on(void **state)
{
    static const char *const good[] = {"Metadata-Version: 2.1\nLicense-File: x\n",
                                       "Metadata-Version: 2.3\nLicense-File: x\n",
                                       "Metadata-Version: 1.4\nLicense-File: x\n"};
    struct wheel w = good_wheel();
    struct str metadata;

    for (size_t i = 0; i < COUNT(good); i++) {
        w.parts[META].data = str_of(good[i]);
        assert_int_equal(read_wheel(*state, &w, "demo_pkg-1-py3-none-any.whl", &metadata, NULL),
                         OK);
    }
    w.parts[META].data = S("Metadata-Version: 2.10\nLicense-File: x\n");
    refused(*state, &w, "License-File \"x\"");
}

static void texts_over_their_limit_are_refused(void **state)
{
    struct wheel w = good_wheel();
    struct str metadata;

    w.parts[META].data = make_run(*state, 'x', LIMIT_INFO_MEMBER + 1);
    assert_int_equal(read_wheel(*state, &w, "demo_pkg-1-py3-none-any.whl", &metadata, NULL),
                     ERR_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_wheel_gives_its_metadata),
        cmocka_unit_test(folder_must_be_one),
        cmocka_unit_test(folder_must_be_named_like_the_file),
        cmocka_unit_test(what_installers_need_must_be_there),
        cmocka_unit_test(names_in_the_folder_are_spelled_one_way),
        cmocka_unit_test(wheel_version_must_be_the_first),
        cmocka_unit_test(older_wheel_version_passes),
        cmocka_unit_test(unlisted_files_are_refused),
        cmocka_unit_test(signatures_and_folders_need_not_be_listed),
        cmocka_unit_test(commands_with_paths_are_refused),
        cmocka_unit_test(license_files_are_asked_for_from_metadata_2_4_on),
        cmocka_unit_test(texts_over_their_limit_are_refused),
    };

    return cmocka_run_group_tests_name("pypi_wheel", tests, enter, leave);
}
