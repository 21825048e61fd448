/* /api/v1/notebooks: what is shown of a notebook, and to whom. */
#include "web_fixture.h"

/* Publishes bytes as alice's file of a type: package "doc", version 1. */
static void publish(struct site *s, const struct actor *who, const char *type, const char *basename,
                    struct str bytes)
{
    struct core *f = s->core;
    const struct file_path path = {S("alice"), S("doc"), S("1"), str_of(basename)};
    const struct stage_request req = {.type = str_of(type), .sha256 = core_sha256(f, bytes)};
    struct staged staged;
    struct file_row file;

    core_release(f, who, &path);
    must(f, publish_stage(&f->app, f->mem, who, &path, &req, &staged, &f->err));
    must(f, core_send(f, staged.ticket, bytes));
    must(f, publish_commit(&f->app, f->mem, who, &path, staged.dist_id, &file, &f->err));
}

#define VIEW "/api/v1/notebooks/alice/doc/1/x.ipynb"
#define PLOT                                                                                       \
    "{\"nbformat\":4,\"cells\":[{\"cell_type\":\"code\",\"source\":\"p\",\"outputs\":[{"           \
    "\"output_type\":\"display_data\",\"data\":{\"image/gif\":\"R0lGODlhAQABAAAAACw=\"}}]}]}"

static void a_notebook_is_shown_and_then_known(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    struct answer r;
    const char *tag;

    publish(s, &alice, "ipynb", "x.ipynb", S(PLOT));
    r = get_for(s, 200, VIEW, "");
    assert_str(r.body,
               "{\"format\":[4,0],\"cells\":[{\"kind\":\"code\",\"text\":\"p\",\"outputs\":["
               "{\"kind\":\"image\",\"mime\":\"image/gif\",\"width\":1,\"height\":1,"
               "\"data\":\"R0lGODlhAQABAAAAACw=\"}]}]}");
    assert_str(header(&r, "Content-Type"), "application/json");
    assert_str(header(&r, "Cache-Control"), "private, no-cache");
    tag = str_fmt(s->core->mem, "If-None-Match: " STR_FMT "\r\n", STR_ARG(header(&r, "ETag"))).ptr;
    (void)get_for(s, 304, VIEW, tag);
    r = get_for(s, 200, VIEW "/thumbnail", tag); /* another representation */
    assert_str(header(&r, "Content-Type"), "image/gif");
    assert_str(header(&r, "Content-Security-Policy"), "default-src 'none'; sandbox");
    assert_int_equal(r.body.len, 14);
    tag = str_fmt(s->core->mem, "If-None-Match: " STR_FMT "\r\n", STR_ARG(header(&r, "ETag"))).ptr;
    (void)get_for(s, 304, VIEW "/thumbnail", tag);
}

static void what_is_no_notebook_is_not_found(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    struct answer r;

    publish(s, &alice, "file", "x.ipynb", S(PLOT));
    r = get_for(s, 404, VIEW, "");
    assert_str(json_member(s, &r, "error"),
               "\"x.ipynb\" is a file of type \"file\", not a notebook");
    (void)get_for(s, 404, VIEW "/thumbnail", "");
    (void)get_for(s, 404, "/api/v1/notebooks/alice/doc/1/y.ipynb", "");
    publish(s, &alice, "ipynb", "z.ipynb", S("{\"nbformat\":4,\"cells\":[]}"));
    r = get_for(s, 404, "/api/v1/notebooks/alice/doc/1/z.ipynb/thumbnail", "");
    assert_str(json_member(s, &r, "error"), "the notebook \"z.ipynb\" has no picture");
}

static void who_may_not_see_it_is_told_of_none(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    struct answer hidden, absent;

    publish(s, &alice, "ipynb", "x.ipynb", S(PLOT));
    must(s->core, package_change_access(&s->core->app, s->core->mem, &alice, S("alice"), S("doc"),
                                        ACCESS_PRIVATE, &s->core->err));
    hidden = get_for(s, 404, VIEW, "");
    absent = get_for(s, 404, "/api/v1/notebooks/alice/doc/1/none.ipynb", "");
    assert_str(json_member(s, &hidden, "error"), "there is no package \"alice/doc\"");
    assert_str(hidden.body, absent.body.ptr);
    (void)get_for(s, 200, VIEW, with_token(s, make_token(s, &alice, "t", NULL)));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(a_notebook_is_shown_and_then_known),
        WITH_PUBLISHING(what_is_no_notebook_is_not_found),
        WITH_PUBLISHING(who_may_not_see_it_is_told_of_none),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
