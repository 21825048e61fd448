/* The files of CRAN-like repositories, and what comes with each. */
#include "web_fixture.h"

#include "base/limits.h"
#include "core/inspect.h"
#include "core/package.h"
#include "cran_fixture.h"
#include "format/gzip.h"

#define TREE "/cran/alice/src/contrib/"

static void publish(struct site *s, const struct actor *who, const char *package,
                    const char *version)
{
    struct core *f = s->core;
    struct str text = str_fmt(f->mem, "Package: %s\nVersion: %s\n", package, version);
    struct file_path path = {S("alice"), str_of(package), str_of(version),
                             str_fmt(f->mem, "%s_%s.tar.gz", package, version)};
    struct file_row row;

    must(f, cran_publish(f, who, &path, NULL, make_cran(f->mem, package, text.ptr, NULL), &row));
}

static void an_index_and_its_files_are_there(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    struct answer r;

    publish(s, &alice, "foo", "1.0");
    publish(s, &alice, "foo", "1.1");
    r = get_for(s, 200, TREE "PACKAGES", "");
    assert_true(body_has(&r, "Package: foo\nVersion: 1.1\n"));
    assert_false(body_has(&r, "1.0"));
    assert_str(header(&r, "Content-Type"), "text/plain; charset=utf-8");
    assert_str(header(&r, "Cache-Control"), "public, max-age=0, must-revalidate");
    assert_str(header(&r, "Vary"), "Authorization, Cookie");
    r = get_for(s, 200, TREE "foo_1.0.tar.gz", "");
    assert_str(header(&r, "Content-Type"), "application/octet-stream");
    assert_false(has_header(&r, "Content-Encoding"));
    r = get_for(s, 200, TREE "Archive/foo/foo_1.0.tar.gz", "Accept-Encoding: gzip\r\n");
    assert_false(has_header(&r, "Content-Encoding"));
    (void)get_for(s, 404, TREE "Archive/bar/foo_1.0.tar.gz", "");
    (void)get_for(s, 404, "/cran/alice/label/dev/src/contrib/PACKAGES", "");
}

static void a_tree_without_files_is_empty(void **state)
{
    struct site *s = *state;
    AUTO(buf_done) struct buf rds = BUF_INIT(MIB);
    struct answer r;

    (void)core_user(s->core, "alice");
    r = get_for(s, 200, "/cran/alice/bin/windows/contrib/4.9/PACKAGES", "");
    assert_int_equal(r.body.len, 0);
    r = get_for(s, 200, TREE "PACKAGES.rds", "");
    must(s->core, gzip_unpack(r.body, &rds, &s->core->err));
    assert_true(str_starts(buf_str(&rds), S("X\n")));
    (void)get_for(s, 404, "/cran/alice/bin/windows/contrib/4.9/Meta/archive.rds", "");
    (void)get_for(s, 404, "/cran/bob/src/contrib/PACKAGES", "");
}

static void a_read_again_asks_no_database(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    static const char *const targets[] = {TREE "PACKAGES.rds", TREE "foo_1.0.tar.gz",
                                          TREE "none_1.0.tar.gz"};
    unsigned before;

    publish(s, &alice, "foo", "1.0");
    for (size_t i = 0; i < COUNT(targets); i++) {
        (void)get(s, targets[i], "");
        before = sql_statements();
        (void)get(s, targets[i], "");
        assert_int_equal(sql_statements(), before);
    }
}

/* Somebody who was let in to one private package has an index of his own. */
static void views_that_are_not_kept_are_made(void **state)
{
    struct site *s = *state;
    struct core *f = s->core;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    const char *token = make_token(s, &alice, "t", NULL), *guest = make_token(s, &bob, "t", NULL);
    struct answer r;

    publish(s, &alice, "open", "1.0");
    publish(s, &alice, "other", "1.0");
    publish(s, &alice, "shared", "1.0");
    must(f, package_change_access(&f->app, f->mem, &alice, S("alice"), S("shared"), ACCESS_PRIVATE,
                                  &f->err));
    must(f, package_change_access(&f->app, f->mem, &alice, S("alice"), S("other"), ACCESS_PRIVATE,
                                  &f->err));
    (void)request_for(s, 201, "PUT", "/api/packages/alice/shared/collaborators/bob",
                      lines(s, with_token(s, token), "Content-Type: application/json\r\n"),
                      S("{\"permission\":\"read\"}"));
    r = get_for(s, 200, TREE "PACKAGES", with_token(s, guest));
    assert_true(body_has(&r, "Package: open\n") && body_has(&r, "Package: shared\n"));
    assert_false(body_has(&r, "other"));
    assert_false(text_has(header(&r, "Cache-Control"), "public"));
    r = get_for(s, 200, TREE "shared_1.0.tar.gz", with_token(s, guest));
    assert_false(text_has(header(&r, "Cache-Control"), "public"));
    (void)get_for(s, 404, TREE "other_1.0.tar.gz", with_token(s, guest));
    r = get_for(s, 200, TREE "PACKAGES", "");
    assert_false(body_has(&r, "shared"));
    (void)get_for(s, 404, TREE "shared_1.0.tar.gz", "");
}

static void refusals_are_two_lines_of_text(void **state)
{
    struct site *s = *state;
    struct answer r;

    (void)core_user(s->core, "alice");
    r = get_for(s, 404, TREE "foo_1.0.tar.gz", "");
    assert_str(header(&r, "Content-Type"), "text/plain; charset=utf-8");
    assert_str(r.body, "Not Found\nthere is no \"foo_1.0.tar.gz\" in src/contrib of \"alice\"\n");
    r = get_for(s, 401, TREE "PACKAGES", with_token(s, "tr-wrong"));
    assert_true(str_starts(r.body, S("Unauthorized\n")));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(an_index_and_its_files_are_there),
        WITH_SITE(a_tree_without_files_is_empty),
        WITH_PUBLISHING(a_read_again_asks_no_database),
        WITH_PUBLISHING(views_that_are_not_kept_are_made),
        WITH_SITE(refusals_are_two_lines_of_text),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
