/* Environment files through a real inspector: their rows, and what is shown of them. */
#include "core_fixture.h"

#include "blob/blob.h"
#include "core/env_kind.h"
#include "core/preview.h"

static enum err_code inspect(struct core *f, const char *name, struct str bytes,
                             struct file_row *ret)
{
    const struct file_path path = {S("alice"), S("x"), S("1"), str_of(name)};
    struct upload_row upload = {.basename = path.basename, .attrs = S("{}")};
    struct blob_id id;
    enum err_code rc;

    must(f, blob_put(f->app.blobs, bytes, &id, &f->err));
    ret->sha256 = upload.sha256 = str_dup(f->mem, str_of(id.sha256));
    rc = kind_place(&env_kind, f->mem, &path, ret, &f->err);
    return rc ? rc : kind_inspect(&env_kind, &f->app, f->mem, &upload, ret, &f->err);
}

static void a_row_tells_all_but_the_requirements(void **state)
{
    struct core *f = *state;
    struct file_row row = {0};
    struct str text;

    must(f, inspect(f, "environment.yml",
                    S("name: n\nchannels: [c]\ndependencies: [a, b, {pip: [d]}]\n"), &row));
    assert_str(row.type, "env");
    assert_str(row.record, "{\"channels\":[\"c\"],\"conda\":2,\"format\":\"environment\","
                           "\"name\":\"n\",\"notes\":[],\"pip\":1,\"platforms\":[],"
                           "\"variables\":[]}");
    assert_str(row.about, "{}");
    must(f, preview_make(&f->app, f->mem, &row, S("env/view"), &text, &f->err));
    assert_true(
        str_ends(text, S("{\"manager\":\"pip\",\"line\":3,\"name\":\"d\",\"spec\":\"d\"}]}")));
    must(f, inspect(f, "requirements.txt", S("d==1"), &row));
    assert_true(
        str_starts(row.record, S("{\"channels\":[],\"conda\":0,\"format\":\"requirements\"")));
}

static void what_is_none_is_refused(void **state)
{
    struct core *f = *state;
    struct file_row row = {0};

    must_fail(f, inspect(f, "environment.yml", S("a: !!python/object:x 1"), &row), ERR_INVALID,
              "line 1: the tag \"tag:yaml.org,2002:python/object:x\" is not allowed");
    must_fail(f, inspect(f, "environment.yml", S(""), &row), ERR_INVALID, "it is empty");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(a_row_tells_all_but_the_requirements),
        WITH_INSPECTOR(what_is_none_is_refused),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
