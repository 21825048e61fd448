/* Python distributions through the whole of an upload; a real inspector reads them. */
#include "core_fixture.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/text.h"
#include "core/pypi_kind.h"
#include "format/json.h"
#include "make_archive.h"

#define SDIST                                                                                      \
    "Metadata-Version: 2.1\nName: My.Pkg\nVersion: 1.0\nSummary: A test.\nRequires-Dist: a>1\n"

/* A source distribution with this PKG-INFO. */
static struct str sdist(struct core *f, const char *metadata)
{
    return make_gzip(f->mem, MAKE_TAR(f->mem, {.name = "d/PKG-INFO", .data = str_of(metadata)}));
}

static struct str wheel(struct core *f)
{
    struct zip_layout layout = {
        ZIP_PARTS({.name = "my_pkg-1.0.dist-info/METADATA", .data = S(SDIST)},
                  {.name = "my_pkg-1.0.dist-info/WHEEL", .data = S("Wheel-Version: 1.0\n")},
                  {.name = "my_pkg-1.0.dist-info/RECORD",
                   .data = S("my_pkg-1.0.dist-info/METADATA,,\nmy_pkg-1.0.dist-info/WHEEL,,\n")})};

    return make_zip(f->mem, &layout);
}

/* Where a file is to be published, and what is said of it. */
struct wish {
    const char *package, *version, *basename, *attrs;
};

static enum err_code publish(struct core *f, const struct actor *actor, const struct wish *w,
                             struct str bytes, struct file_row *ret)
{
    AUTO(json_decrefp) json_t *attrs = NULL;
    const struct file_path path = {S("alice"), str_of(w->package), str_of(w->version),
                                   str_of(w->basename)};
    struct stage_request req = {.type = S("pypi"), .sha256 = core_sha256(f, bytes)};
    struct staged staged;
    enum err_code rc;

    if (w->attrs)
        must(f, json_parse(str_of(w->attrs), &attrs, &f->err));
    req.attrs = attrs;
    core_release(f, actor, &path);
    rc = publish_stage(&f->app, f->mem, actor, &path, &req, &staged, &f->err);
    if (!rc)
        rc = core_send(f, staged.ticket, bytes);
    if (!rc)
        rc = publish_commit(&f->app, f->mem, actor, &path, staged.dist_id, ret, &f->err);
    return rc;
}

static void a_row_holds_what_the_distribution_says(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct wish w = {"my-pkg", "1.0", "my_pkg-1.0-py3-none-any.whl", NULL};
    AUTO(json_decrefp) json_t *facts = NULL;
    struct file_row row;

    must(f, publish(f, &alice, &w, wheel(f), &row));
    assert_str(row.type, "pypi");
    assert_str(row.name_key, "my-pkg/my_pkg-1.0-py3-none-any.whl");
    assert_str(row.filename, "my_pkg-1.0-py3-none-any.whl");
    assert_str(row.subdir, "");
    assert_str(row.record, "{\"abi\":null,\"build_no\":0,\"packagetype\":\"bdist_wheel\","
                           "\"platform\":null,\"python_version\":\"py3\"}");
    assert_str(row.about, "{\"requires_dist\":[\"a>1\"],\"summary\":\"A test.\"}");
    assert_str(row.run_exports, "{}");
    must(f, json_parse_object(row.facts, &facts, &f->err));
    assert_str(text_unbase64(f->mem, json_get_str(facts, "metadata")), SDIST);
    assert_true(str_eq(json_get_str(facts, "metadata_sha256"), core_sha256(f, S(SDIST))));
    assert_int_equal(
        json_array_size(json_object_get(json_object_get(facts, "dependencies"), "depends")), 1);
    assert_str(CORE_TEXT(f, "SELECT latest_version FROM package"), "1.0");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM index_doc"), 0); /* in no index yet */
    core_check_bytes(f);
}

static void names_and_versions_are_compared_as_clients_compare_them(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    static const struct {
        struct wish w;
        const char *refusal;
    } cases[] = {
        {{"my-pkg", "1.0", "My.Pkg-1.0.0.tar.gz", NULL}, NULL},
        {{"my-pkg", "1", "my_pkg-1.0.tar.gz", NULL}, NULL},
        {{"my-pkg", "1.0", "other-1.0.tar.gz", NULL}, "is not that of project \"my-pkg\""},
        {{"my-pkg", "1.1", "my_pkg-1.0.tar.gz", NULL}, "does not belong to release \"1.1\""},
        {{"my-pkg", "1.1", "my_pkg-1.1.tar.gz", NULL},
         "the metadata is of version \"1.0\", but the file name says \"1.1\""},
        {{"my-pkg", "x", "my_pkg-1.0.tar.gz", NULL}, "version \"x\" is not one"},
        {{"my-pkg-1", "2", "my-pkg-1-2.tar.gz", NULL},
         "the metadata is of project \"My.Pkg\", but the file name says \"my-pkg-1\""},
        {{"my-pkg", "1.0", "my_pkg-1.0.exe", NULL}, "ends in none of .whl"},
        {{"my-pkg", "1.0", "linux-64/my_pkg-1.0.tar.gz", NULL}, "has a character other than"},
        {{"my__x_", "1.0", "my__x_-1.0.tar.gz", NULL}, "does not begin and end with a letter"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct file_row row;

        if (cases[i].refusal)
            must_fail(f, publish(f, &alice, &cases[i].w, sdist(f, SDIST), &row), ERR_INVALID,
                      cases[i].refusal);
        else
            must(f, publish(f, &alice, &cases[i].w, sdist(f, SDIST), &row));
    }
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM file"), 2);
}

static void what_was_declared_must_agree_where_it_says_something(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    static const struct {
        const char *attrs, *refusal;
    } cases[] = {
        {"{\"packagetype\":\"bdist_wheel\",\"python_version\":\"py2\"}", "another python_version"},
        {"{\"packagetype\":\"sdist\"}", "another packagetype"},
        {"{\"build_no\":\"1\"}", "another build_no"},
        {"{\"abi\":\"cp311\"}", "another abi"},
        {"{\"packagetype\":\"bdist_wheel\",\"python_version\":\"py3\",\"build_no\":0,\"abi\":null,"
         "\"binstar_build\":\"7\"}",
         NULL},
        {"{}", NULL},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct wish w = {"my-pkg", "1.0", "my_pkg-1.0-py3-none-any.whl", cases[i].attrs};
        struct file_row row;

        if (cases[i].refusal)
            must_fail(f, publish(f, &alice, &w, wheel(f), &row), ERR_INVALID, cases[i].refusal);
        else
            must(f, publish(f, &alice, &w, wheel(f), &row));
    }
}

/* The oldest and the newest client say of each ZIP file that it is an egg. */
static void what_is_declared_of_zip_files_is_not_looked_at(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct zip_layout layout = {ZIP_PARTS({.name = "d/PKG-INFO", .data = S(SDIST)})};
    struct zip_layout egg = {ZIP_PARTS({.name = "EGG-INFO/PKG-INFO", .data = S(SDIST)})};
    const char *attrs = "{\"packagetype\":\"bdist_egg\",\"python_version\":\"source\"}";
    const struct wish zip = {"my-pkg", "1.0", "my_pkg-1.0.zip", attrs};
    const struct wish egg_wish = {"my-pkg", "1.0", "my_pkg-1.0-py3.8.egg", attrs};
    struct file_row row;

    must(f, publish(f, &alice, &zip, make_zip(f->mem, &layout), &row));
    assert_str(row.record, "{\"packagetype\":\"sdist\",\"python_version\":\"source\"}");
    must(f, publish(f, &alice, &egg_wish, make_zip(f->mem, &egg), &row));
    assert_str(row.record, "{\"packagetype\":\"bdist_egg\",\"python_version\":\"py3.8\"}");
}

static void a_file_name_is_used_once_in_any_case(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct wish one = {"my-pkg", "1.0", "my_pkg-1.0.tar.gz", NULL};
    const struct wish two = {"my-pkg", "1.0", "My_Pkg-1.0.tar.gz", NULL};
    const struct wish three = {"my-pkg", "1", "my_pkg-1.0.tar.gz", NULL};
    struct file_row row, again;

    must(f, publish(f, &alice, &one, sdist(f, SDIST), &row));
    must(f, publish(f, &alice, &one, sdist(f, SDIST), &again));
    assert_int_equal(again.id, row.id);
    must_fail(f, publish(f, &alice, &one, sdist(f, SDIST "Author: other\n"), &row), ERR_CONFLICT,
              "exists already, with other content");
    must_fail(f, publish(f, &alice, &two, sdist(f, SDIST "Author: other\n"), &row), ERR_CONFLICT,
              "exists already");
    must_fail(f, publish(f, &alice, &three, sdist(f, SDIST), &row), ERR_CONFLICT, "exists already");
}

/* anaconda-client names packages as the metadata of the one file does. */
static void files_of_a_project_may_be_in_several_packages(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct wish one = {"my-pkg", "1.0", "my_pkg-1.0.tar.gz", NULL};
    const struct wish two = {"My_Pkg", "1.0", "my_pkg-1.0.zip", NULL};
    const struct wish again = {"My_Pkg", "1.0", "my_pkg-1.0.tar.gz", NULL};
    struct zip_layout layout = {ZIP_PARTS({.name = "d/PKG-INFO", .data = S(SDIST)})};
    struct file_row row;

    must(f, publish(f, &alice, &one, sdist(f, SDIST), &row));
    must(f, publish(f, &alice, &two, make_zip(f->mem, &layout), &row));
    assert_str(row.name_key, "my-pkg/my_pkg-1.0.zip");
    must_fail(f, publish(f, &alice, &again, sdist(f, SDIST), &row), ERR_CONFLICT,
              "exists already, in another package or release");
    assert_str(CORE_TEXT(f, "SELECT name FROM package ORDER BY name"), "My_Pkg, my-pkg");
}

static void one_package_holds_files_of_conda_too(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct core_spec conda = {"my-pkg", "1.0", "0", "noarch", NULL, NULL, NULL};
    const struct wish w = {"my-pkg", "1.0", "my_pkg-1.0-py3-none-any.whl", NULL};
    struct file_row row;

    (void)core_publish(f, &alice, &conda);
    must(f, publish(f, &alice, &w, wheel(f), &row));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM package"), 1);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM release"), 1);
    assert_str(CORE_TEXT(f, "SELECT type FROM file ORDER BY type"), "conda, pypi");
    assert_true(core_listed(f, "alice", "main", "noarch", "my-pkg-1.0-0.tar.bz2"));
    assert_false(core_listed(f, "alice", "main", "noarch", "my_pkg-1.0-py3-none-any.whl"));
}

static void archives_are_read_in_the_sandbox(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct wish w = {"my-pkg", "1.0", "my_pkg-1.0.tar.gz", NULL};
    const struct wish bz2 = {"my-pkg", "1.0", "my_pkg-1.0.tar.bz2", NULL};
    const struct wish zipped = {"my-pkg", "1.0", "my_pkg-1.0.zip", NULL};
    struct str tar = MAKE_TAR(f->mem, {.name = "d/PKG-INFO", .data = S(SDIST)});
    struct zip_layout deflated = {ZIP_PARTS({.name = "d/PKG-INFO",
                                             .data = S(SDIST),
                                             .packed = make_deflated(f->mem, S(SDIST)),
                                             .descriptor = true})};
    struct file_row row;

    must_fail(f, publish(f, &alice, &w, S("no archive"), &row), ERR_INVALID, "gzip");
    must_fail(f, publish(f, &alice, &w, sdist(f, ""), &row), ERR_INVALID, "is empty");
    must_fail(f, publish(f, &alice, &w, sdist(f, "Name: My.Pkg\n"), &row), ERR_INVALID,
              "no field \"Metadata-Version\"");
    must(f, publish(f, &alice, &bz2, make_bzip2(f->mem, tar), &row));
    must(f, publish(f, &alice, &zipped, make_zip(f->mem, &deflated), &row));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM file"), 2);
    core_check_bytes(f);
}

/* As large ones have thousands. Sorting them must ask the system for nothing. */
static void wheels_of_many_files_are_read_in_the_sandbox(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct wish w = {"my-pkg", "1.0", "my_pkg-1.0-py3-none-any.whl", NULL};
    struct zip_part parts[1000] = {
        {.name = "my_pkg-1.0.dist-info/METADATA", .data = S(SDIST)},
        {.name = "my_pkg-1.0.dist-info/WHEEL", .data = S("Wheel-Version: 1.0\n")},
    };
    struct zip_layout layout = {.parts = parts, .count = COUNT(parts)};
    AUTO(buf_done) struct buf record = BUF_INIT(64 * KIB);
    struct file_row row;

    for (size_t i = 0; i < COUNT(parts); i++) {
        if (i >= 3)
            parts[i].name = str_z(f->mem, str_fmt(f->mem, "my_pkg/%zu.py", i));
        if (i != 2)
            buf_addf(&record, "%s,,\n", parts[i].name);
    }
    parts[2] = (struct zip_part){.name = "my_pkg-1.0.dist-info/RECORD", .data = buf_str(&record)};
    must(f, publish(f, &alice, &w, make_zip(f->mem, &layout), &row));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(a_row_holds_what_the_distribution_says),
        WITH_INSPECTOR(names_and_versions_are_compared_as_clients_compare_them),
        WITH_INSPECTOR(what_was_declared_must_agree_where_it_says_something),
        WITH_INSPECTOR(what_is_declared_of_zip_files_is_not_looked_at),
        WITH_INSPECTOR(a_file_name_is_used_once_in_any_case),
        WITH_INSPECTOR(files_of_a_project_may_be_in_several_packages),
        WITH_INSPECTOR(one_package_holds_files_of_conda_too),
        WITH_INSPECTOR(archives_are_read_in_the_sandbox),
        WITH_INSPECTOR(wheels_of_many_files_are_read_in_the_sandbox),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
