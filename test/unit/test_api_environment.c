/* /api/v1/environments: what an environment asks for, and what of it is here. */
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

#define VIEW "/api/v1/environments/alice/doc/1/environment.yml"

static void an_environment_is_told_with_what_is_here(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const struct core_spec spec = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};
    struct str text = str_fmt(s->core->mem,
                              "channels: ['http://" STR_FMT "/conda/alice']\n"
                              "dependencies: [x, y]\n",
                              STR_ARG(s->address));
    struct answer r;

    (void)core_publish(s->core, &alice, &spec);
    publish(s, &alice, "env", "environment.yml", text);
    r = get_for(s, 200, VIEW, "");
    assert_true(body_has(&r, "\"account\":\"alice\""));
    assert_true(body_has(&r, "\"state\":\"present\""));
    assert_true(body_has(&r, "\"state\":\"absent\""));
    assert_true(body_has(&r, "/api/download/alice/doc/1/environment.yml\""));
    r = get_for(s, 200, "/api/download/alice/doc/1/environment.yml", "");
    assert_true(str_eq(r.body, text));
}

static void what_is_no_environment_is_not_found(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    struct answer r;

    publish(s, &alice, "file", "environment.yml", S("dependencies: []"));
    r = get_for(s, 404, VIEW, "");
    assert_str(json_member(s, &r, "error"),
               "\"environment.yml\" is a file of type \"file\", not an environment");
    (void)get_for(s, 404, "/api/v1/environments/alice/none/1/environment.yml", "");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(an_environment_is_told_with_what_is_here),
        WITH_PUBLISHING(what_is_no_environment_is_not_found),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
