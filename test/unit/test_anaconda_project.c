/* /api/apps, as anaconda-client 1.5 to 1.13 calls it. */
#include "web_fixture.h"

#include "base/limits.h"
#include "format/json.h"
#include "make_form.h"

#define PROJECTS "/api/apps/alice/projects"

static const char *token_of(struct site *s, const char *login)
{
    struct actor who = core_user(s->core, login);

    return with_token(s, make_token(s, &who, "t", NULL));
}

/* Stages and sends; the handle. */
static struct str send(struct site *s, const char *token, const char *bytes)
{
    AUTO(buf_done) struct buf form = BUF_INIT(MIB);
    struct answer r = request_for(s, 200, "POST", PROJECTS "/fit/stage", token,
                                  S("{\"basename\": \"fit.tar\", \"configuration\": {}}"));
    struct str url = json_member(s, &r, "post_url"), id = json_member(s, &r, "dist_id");
    struct str base = str_fmt(s->core->mem, "http://" STR_FMT, STR_ARG(s->address));

    assert_true(str_starts(url, base));
    form_field(&form, "revision_id", id);
    form_part(&form, "file", "; filename=\"fit.tar\"", str_of(bytes));
    form_end(&form);
    (void)request_for(s, 201, "POST", str_z(s->core->mem, str_from(url, base.len)), FORM_TYPE,
                      buf_str(&form));
    return id;
}

static void a_project_is_made_and_uploaded(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice");
    struct str id;
    struct answer r;

    (void)get_for(s, 404, PROJECTS "/fit", alice);
    (void)request_for(s, 404, "POST", PROJECTS "/fit/stage", alice, S("{\"basename\": \"x\"}"));
    r = request_for(s, 201, "POST", PROJECTS, alice,
                    S("{\"name\": \"fit\", \"access\": \"public\", "
                      "\"profile\": {\"summary\": \"Curves\", \"description\": \"\"}}"));
    assert_str(json_member(s, &r, "access"), "public");
    r = get_for(s, 200, PROJECTS "/fit", "");
    assert_str(json_member(s, &r, "summary"), "Curves");
    r = get_for(s, 200, PROJECTS, "");
    assert_str(r.body, "[]");
    id = send(s, alice, "one");
    r = request_for(s, 201, "POST",
                    str_fmt(s->core->mem, PROJECTS "/fit/commit/" STR_FMT, STR_ARG(id)).ptr, alice,
                    S("{}"));
    assert_str(json_member(s, &r, "type"), "project");
    assert_true(str_starts(json_member(s, &r, "url"), S("http://")));
    id = send(s, alice, "two");
    (void)request_for(s, 201, "POST", PROJECTS "/fit/commit", alice,
                      str_fmt(s->core->mem, "{\"revision_id\": \"" STR_FMT "\"}", STR_ARG(id)));
    r = get_for(s, 200, PROJECTS, "");
    assert_true(body_has(&r, "\"full_name\":\"alice/fit\""));
    assert_int_equal(CORE_NUMBER(s->core, "SELECT COUNT(*) FROM file"), 2);
}

static void who_may_not_is_told(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice"), *bob = token_of(s, "bob");
    struct answer r = request_for(s, 403, "POST", PROJECTS, bob, S("{\"name\": \"fit\"}"));

    assert_str(json_member(s, &r, "error"), "\"bob\" may not publish or change \"alice/fit\"");
    (void)request_for(s, 401, "POST", PROJECTS, "", S("{\"name\": \"fit\"}"));
    (void)request_for(s, 400, "POST", PROJECTS, alice, S("{\"name\": \"My fit\"}"));
    r = request_for(s, 400, "POST", PROJECTS "/My%20fit/stage", alice,
                    S("{\"basename\": \"My fit.tar\"}"));
    assert_true(body_has(&r, "package name \\\"My fit\\\" is not allowed"));
    (void)request_for(s, 201, "POST", PROJECTS, alice,
                      S("{\"name\": \"fit\", \"access\": \"private\"}"));
    (void)get_for(s, 404, PROJECTS "/fit", bob);
    (void)request_for(s, 403, "POST", PROJECTS "/fit/stage", bob, S("{\"basename\": \"x\"}"));
    (void)send(s, alice, "one");
    (void)request_for(s, 404, "POST", PROJECTS "/fit/commit/none", alice, S("{}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SITE(a_project_is_made_and_uploaded),
        WITH_SITE(who_may_not_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
