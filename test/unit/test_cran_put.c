/* Packages of R that are put to the address that they are to have. */
#include "web_fixture.h"

#include "base/limits.h"
#include "core/inspect.h"
#include "cran_fixture.h"

#define BASE    "/cran/alice/"
#define TREE    BASE "src/contrib/"
#define WINDOWS BASE "bin/windows/contrib/4.2/"
#define FOO     "Package: foo\nVersion: 1.0\n"
#define BUILT   FOO "Built: R 4.2.1; ; x; unix\n"

static const char *token_of(struct site *s, const char *login)
{
    struct actor who = core_user(s->core, login);

    return with_token(s, make_token(s, &who, "t", NULL));
}

static void is_refused(struct site *s, unsigned status, const char *target, const char *token,
                       struct str bytes, const char *says)
{
    struct answer r = request_for(s, status, "PUT", target, token, bytes);

    if (!body_has(&r, says))
        print_error("%s: " STR_FMT "\n", target, STR_ARG(r.body));
    assert_true(body_has(&r, says));
}

static void what_is_put_is_there(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice");
    struct str bytes = make_cran(s->core->mem, "foo", FOO, NULL);
    struct answer r;

    (void)get_for(s, 404, TREE "foo_1.0.tar.gz", "");
    r = request_for(s, 201, "PUT", TREE "foo_1.0.tar.gz", alice, bytes);
    assert_str(json_member(s, &r, "basename"), "foo_1.0.tar.gz");
    r = get_for(s, 200, TREE "foo_1.0.tar.gz", "");
    assert_true(str_eq(r.body, bytes));
    r = get_for(s, 200, TREE "PACKAGES", "");
    assert_true(body_has(&r, "Package: foo\nVersion: 1.0\n"));
    (void)request_for(s, 200, "PUT", TREE "foo_1.0.tar.gz", alice, bytes);
    is_refused(s, 409, TREE "foo_1.0.tar.gz", alice,
               make_cran(s->core->mem, "foo", FOO "Title: Other\n", NULL), "with other content");
    (void)request_for(s, 200, "PUT", BASE "label/dev/1/src/contrib/foo_1.0.tar.gz", alice, bytes);
    (void)get_for(s, 200, BASE "label/dev/1/src/contrib/foo_1.0.tar.gz", "");
}

static void a_binary_is_named_with_its_tree(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice");
    struct str bytes = make_cran(s->core->mem, "foo", BUILT, NULL);
    static const char *const trees[] = {"bin/linux/4.2-a/contrib/4.2",
                                        "bin/linux/4.2-b/contrib/4.2"};

    for (size_t i = 0; i < COUNT(trees); i++) {
        const char *name = str_fmt(s->core->mem, "%s/foo_1.0.tar.gz", trees[i]).ptr;
        const char *target = str_fmt(s->core->mem, BASE "%s", name).ptr;
        struct answer r = request_for(s, 201, "PUT", target, alice, bytes);

        assert_str(json_member(s, &r, "basename"), name);
        (void)get_for(s, 200, target, "");
    }
}

/* As anaconda-client names it, which puts no tree before it. */
static void a_file_keeps_the_name_that_it_has(void **state)
{
    struct site *s = *state;
    struct core *f = s->core;
    struct actor who = core_user(f, "alice");
    const char *alice = with_token(s, make_token(s, &who, "t", NULL));
    struct str bytes =
        make_cran(f->mem, "foo", FOO "Built: R 4.2.1; aarch64-apple-darwin20; x; unix\n", NULL);
    const struct file_path path = {S("alice"), S("foo"), S("1.0"), S("foo_1.0.tgz")};
    const char *target = BASE "bin/macosx/big-sur-arm64/contrib/4.2/foo_1.0.tgz";
    struct file_row row;
    struct answer r;

    must(f, cran_publish(f, &who, &path, NULL, bytes, &row));
    r = request_for(s, 200, "PUT", target, alice, bytes);
    assert_str(json_member(s, &r, "basename"), "foo_1.0.tgz");
    assert_str(CORE_TEXT(f, "SELECT object FROM audit WHERE action = 'file.create' ORDER BY id"),
               "alice/foo/1.0/foo_1.0.tgz, alice/foo/1.0/foo_1.0.tgz");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM file"), 1);
}

static void what_belongs_elsewhere_is_told_where(void **state)
{
    static const struct {
        unsigned status;
        const char *target, *says;
    } cases[] = {
        {400, TREE "foo_1.0.zip", "its place is bin/windows/contrib/X.Y"},
        {400, WINDOWS "foo_1.0.tar.gz", "its place is src/contrib"},
        {400, TREE "PACKAGES.gz", "is made here, of the packages in src/contrib"},
        {400, TREE "Archive/foo/foo_1.0.tar.gz",
         "put to the same place as newer ones, src/contrib"},
        {400, TREE, "ends in none of"},
        {404, BASE "foo_1.0.tar.gz", "is put to src/contrib/foo_1.0.tar.gz"},
        {404, TREE "Archive/bar/foo_1.0.tar.gz", "is put to src/contrib/foo_1.0.tar.gz"},
        {400, BASE "bin/linux/x/contrib/4.2/foo_1.0.tar.gz", "it belongs in src/contrib"},
        {422, TREE "foo_1.0.tar.gz?labl=dev", "labl"},
        {422, TREE "foo_1.0.tar.gz?type=file", "type is given twice"},
    };
    struct site *s = *state;
    const char *alice = token_of(s, "alice");
    struct str bytes = make_cran(s->core->mem, "foo", FOO, NULL);

    for (size_t i = 0; i < COUNT(cases); i++)
        is_refused(s, cases[i].status, cases[i].target, alice, bytes, cases[i].says);
    is_refused(s, 404, TREE "foo_1.0.tar.gz", lines(s, alice, "X-Checksum-Deploy: true\r\n"), S(""),
               "send the bytes");
    assert_int_equal(CORE_NUMBER(s->core, "SELECT COUNT(*) FROM package"), 0);
}

/* The token in the address of a repository may publish, if it may. */
static void who_may_not_is_refused(void **state)
{
    struct site *s = *state;
    struct core *f = s->core;
    struct actor alice = core_user(f, "alice");
    const char *bob = token_of(s, "bob");
    const char *upload = make_token(s, &alice, "up", "cran:upload");
    const char *reads = make_token(s, &alice, "down", "cran");
    struct str bytes = make_cran(f->mem, "foo", FOO, NULL);

    is_refused(s, 401, TREE "foo_1.0.tar.gz", "", bytes, "");
    is_refused(s, 403, TREE "foo_1.0.tar.gz", bob, bytes, "may not publish or change");
    is_refused(s, 403, str_fmt(f->mem, "/t/%s" TREE "foo_1.0.tar.gz", reads).ptr, "", bytes,
               "scope");
    (void)request_for(s, 201, "PUT", str_fmt(f->mem, "/t/%s" TREE "foo_1.0.tar.gz", upload).ptr, "",
                      bytes);
    assert_false(text_has(log_text(s), upload + 3));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(what_is_put_is_there),
        WITH_PUBLISHING(a_binary_is_named_with_its_tree),
        WITH_PUBLISHING(a_file_keeps_the_name_that_it_has),
        WITH_PUBLISHING(what_belongs_elsewhere_is_told_where),
        WITH_PUBLISHING(who_may_not_is_refused),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
