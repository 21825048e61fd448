/* anaconda-client's groups and collaborators: the exact statuses and bodies that it goes by. */
#include "web_fixture.h"

#include "core/organization.h"

#define DEVS "/api/group/acme/devs"

/* The header line of a token of somebody new. */
static const char *token_of(struct site *s, const char *login)
{
    struct actor who = core_user(s->core, login);

    return with_token(s, make_token(s, &who, "t", NULL));
}

/* The header line of a token of alice, who owns acme, which has a package. */
static const char *owner_of_acme(struct site *s)
{
    struct core *f = s->core;
    struct actor alice = core_user(f, "alice");
    const struct new_organization acme = {S("acme"), S("Acme"), S("")};
    struct package_row package;

    must(f, organization_create(&f->app, f->mem, &alice, &acme, &f->err));
    must(f, package_create(&f->app, f->mem, &alice, S("acme"), S("tool"), S(""), NULL, &package,
                           &f->err));
    return with_token(s, make_token(s, &alice, "t", NULL));
}

static void groups_are_made_shown_and_removed(void **state)
{
    struct site *s = *state;
    const char *token = owner_of_acme(s);
    struct answer r = request_for(s, 204, "POST", DEVS, token, S("{\"perms\": \"write\"}"));

    assert_str(r.body, "");
    r = get_for(s, 200, DEVS, token);
    assert_str(r.body, "{\"all_packages\":false,\"members_count\":0,\"name\":\"devs\","
                       "\"organization\":\"acme\",\"permission\":\"write\",\"repos_count\":0}");
    (void)request_for(s, 204, "POST", "/api/group/acme/all", token, S("{\"all_packages\": true}"));
    r = get_for(s, 200, "/api/groups/acme", token);
    assert_str(r.body,
               "{\"groups\":["
               "{\"all_packages\":true,\"members_count\":0,\"name\":\"all\",\"organization\":"
               "\"acme\",\"permission\":\"read\",\"repos_count\":0},"
               "{\"all_packages\":false,\"members_count\":0,\"name\":\"devs\",\"organization\":"
               "\"acme\",\"permission\":\"write\",\"repos_count\":0},"
               "{\"all_packages\":true,\"members_count\":1,\"name\":\"owners\",\"organization\":"
               "\"acme\",\"permission\":\"admin\",\"repos_count\":0}]}");
    (void)request_for(s, 204, "DELETE", DEVS, token, S(""));
    r = get_for(s, 404, DEVS, token);
    assert_str(json_member(s, &r, "error"), "there is no group \"acme/devs\"");
    r = request_for(s, 409, "DELETE", "/api/group/acme/owners", token, S(""));
    assert_str(json_member(s, &r, "error"), "every organization has the group \"owners\"");
    r = request_for(s, 422, "POST", DEVS, token, S("{\"perms\": \"root\"}"));
    assert_str(json_member(s, &r, "field"), "perms");
}

/* The client sends no body, and says that it is JSON. */
static void members_are_added_listed_and_removed(void **state)
{
    struct site *s = *state;
    const char *token = lines(s, owner_of_acme(s), "Content-Type: application/json\r\n");
    const char *bob = token_of(s, "bob");
    struct answer r;

    (void)request_for(s, 204, "POST", DEVS, token, S("{}"));
    (void)get_for(s, 404, DEVS "/members/bob", token);
    (void)request_for(s, 204, "PUT", DEVS "/members/Bob", token, S(""));
    (void)get_for(s, 204, DEVS "/members/bob", token);
    r = get_for(s, 200, DEVS "/members", token);
    assert_str(r.body, "[{\"login\":\"bob\",\"name\":\"\"}]");
    r = get_for(s, 200, "/api/groups", bob);
    assert_true(body_has(&r, "\"name\":\"devs\""));
    assert_false(body_has(&r, "\"name\":\"owners\""));
    (void)request_for(s, 204, "DELETE", DEVS "/members/bob", token, S(""));
    r = get_for(s, 200, DEVS "/members", token);
    assert_str(r.body, "[]");
    r = get_for(s, 200, "/api/groups", bob);
    assert_str(r.body, "{\"groups\":[]}");
}

static void packages_are_added_listed_and_removed(void **state)
{
    struct site *s = *state;
    const char *token = owner_of_acme(s);
    struct answer r;

    (void)request_for(s, 204, "POST", DEVS, token, S("{}"));
    (void)request_for(s, 204, "PUT", DEVS "/packages/tool", token, S(""));
    r = get_for(s, 200, DEVS "/packages", token);
    assert_str(r.body, "[{\"full_name\":\"acme/tool\",\"summary\":\"\"}]");
    r = request_for(s, 404, "PUT", DEVS "/packages/absent", token, S(""));
    assert_str(json_member(s, &r, "error"), "there is no package \"acme/absent\"");
    (void)request_for(s, 204, "DELETE", DEVS "/packages/tool", token, S(""));
    r = get_for(s, 200, DEVS "/packages", token);
    assert_str(r.body, "[]");
}

/* What a caller does not see he cannot count either. */
static void hidden_packages_of_a_group_are_neither_listed_nor_counted(void **state)
{
    struct site *s = *state;
    const char *token = owner_of_acme(s), *bob = token_of(s, "bob");
    const struct {
        const char *token;
        int64_t count;
    } callers[] = {{token, 2}, {bob, 1}};

    (void)request_for(s, 200, "POST", "/api/package/acme/secret", token, S("{\"public\": false}"));
    (void)request_for(s, 204, "POST", DEVS, token, S("{}"));
    (void)request_for(s, 204, "PUT", DEVS "/packages/tool", token, S(""));
    (void)request_for(s, 204, "PUT", DEVS "/packages/secret", token, S(""));
    (void)request_for(s, 204, "POST", "/api/group/acme/guests", token, S("{}"));
    (void)request_for(s, 204, "PUT", "/api/group/acme/guests/members/bob", token, S(""));
    for (size_t i = 0; i < COUNT(callers); i++) {
        struct answer r = get_for(s, 200, DEVS, callers[i].token);
        const json_t *groups;

        assert_int_equal(json_integer_value(json_object_get(json_body(s, &r), "repos_count")),
                         callers[i].count);
        r = get_for(s, 200, "/api/groups/acme", callers[i].token);
        groups = json_object_get(json_body(s, &r), "groups");
        assert_int_equal(json_array_size(groups), 3); /* devs, guests, owners */
        assert_int_equal(
            json_integer_value(json_object_get(json_array_get(groups, 0), "repos_count")),
            callers[i].count);
        r = get_for(s, 200, DEVS "/packages", callers[i].token);
        assert_int_equal(json_array_size(json_body(s, &r)), callers[i].count);
        assert_int_equal(body_has(&r, "acme/secret"), callers[i].count == 2);
    }
    /* Whoever is let into the group is let into the package. */
    (void)request_for(s, 204, "PUT", DEVS "/members/bob", token, S(""));
    {
        struct answer r = get_for(s, 200, DEVS "/packages", bob);

        assert_true(body_has(&r, "acme/secret"));
    }
}

static void a_collaborator_may_be_let_in_to_read_alone(void **state)
{
    struct site *s = *state;
    const char *token = owner_of_acme(s), *bob = token_of(s, "bob");
    static const char path[] = "/api/packages/acme/secret/collaborators/bob";
    struct answer r;

    (void)request_for(s, 200, "POST", "/api/package/acme/secret", token, S("{\"public\": false}"));
    (void)get_for(s, 404, "/api/package/acme/secret", bob);
    (void)request_for(s, 201, "PUT", path, token, S("{\"permission\": \"read\"}"));
    r = get_for(s, 200, "/api/packages/acme/secret/collaborators", token);
    assert_str(r.body, "[{\"login\":\"bob\",\"permission\":\"read\"}]");
    (void)get_for(s, 200, "/api/package/acme/secret", bob);
    (void)request_for(s, 403, "POST", "/api/package/acme/secret", bob, S("{}"));
    r = request_for(s, 422, "PUT", path, token, S("{\"permission\": \"admin\"}"));
    assert_str(json_member(s, &r, "field"), "permission");
}

static void collaborators_are_added_listed_and_removed(void **state)
{
    struct site *s = *state;
    const char *token = owner_of_acme(s);
    struct answer r;

    (void)token_of(s, "bob");
    (void)request_for(s, 201, "PUT", "/api/packages/acme/tool/collaborators/bob", token, S(""));
    r = get_for(s, 200, "/api/packages/acme/tool/collaborators", token);
    assert_str(r.body, "[{\"login\":\"bob\",\"permission\":\"write\"}]");
    (void)request_for(s, 201, "DELETE", "/api/packages/acme/tool/collaborators/bob", token, S(""));
    r = get_for(s, 200, "/api/packages/acme/tool/collaborators", token);
    assert_str(r.body, "[]");
}

static void organizations_of_a_user_are_listed_once(void **state)
{
    struct site *s = *state;
    const char *token = owner_of_acme(s);
    struct answer r;

    (void)request_for(s, 204, "POST", DEVS, token, S("{}"));
    (void)request_for(s, 204, "PUT", DEVS "/members/alice", token, S(""));
    r = get_for(s, 200, "/api/user/orgs", token);
    assert_str(r.body, "[{\"login\":\"acme\"}]");
    r = get_for(s, 200, "/api/users/alice/orgs", "");
    assert_str(r.body, "[{\"login\":\"acme\"}]");
    r = get_for(s, 200, "/api/user/acme", "");
    assert_str(json_member(s, &r, "user_type"), "org");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SITE(groups_are_made_shown_and_removed),
        WITH_SITE(members_are_added_listed_and_removed),
        WITH_SITE(packages_are_added_listed_and_removed),
        WITH_SITE(hidden_packages_of_a_group_are_neither_listed_nor_counted),
        WITH_SITE(a_collaborator_may_be_let_in_to_read_alone),
        WITH_SITE(collaborators_are_added_listed_and_removed),
        WITH_SITE(organizations_of_a_user_are_listed_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
