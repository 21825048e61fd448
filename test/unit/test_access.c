/* The one rule of who may do what, as a table. */
#include "unit.h"

#include <stdio.h>

#include "core/access.h"
#include "core/scope.h"

static struct actor person(const char *login, bool superuser)
{
    return (struct actor){.account_id = 7, .login = str_of(login), .superuser = superuser};
}

static struct actor holder(const char *login, bool superuser, const char *scopes)
{
    struct actor a = person(login, superuser);

    a.token_id = 9;
    a.token_name = S("ci");
    a.scopes = str_of(scopes);
    return a;
}

static void right_and_scope_decide_together(void **state)
{
    const struct actor anonymous = {0}, alice = person("alice", false),
                       admin = person("root", true), full = holder("alice", false, ""),
                       reader = holder("alice", false, "api:read"),
                       writer = holder("alice", false, "api"),
                       conda = holder("alice", false, "conda"),
                       admin_reader = holder("root", true, "api:read");
    const struct {
        const struct actor *actor;
        enum right right;
        unsigned scope;
        const char *owner;
        enum err_code expected;
    } cases[] = {
        {&anonymous, RIGHT_ANYONE, SCOPE_NONE, "", OK},
        {&anonymous, RIGHT_ANYONE, SCOPE_API_READ, "alice", OK},
        {&anonymous, RIGHT_SIGNED_IN, SCOPE_NONE, "", ERR_UNAUTHENTICATED},
        {&anonymous, RIGHT_WRITE, SCOPE_API_WRITE, "alice", ERR_UNAUTHENTICATED},
        {&anonymous, RIGHT_WRITE, SCOPE_API_WRITE, "", ERR_UNAUTHENTICATED},
        {&anonymous, RIGHT_SUPERUSER, SCOPE_NONE, "", ERR_UNAUTHENTICATED},

        {&alice, RIGHT_ANYONE, SCOPE_API_READ, "bob", OK},
        {&alice, RIGHT_SIGNED_IN, SCOPE_API_WRITE, "", OK},
        {&alice, RIGHT_WRITE, SCOPE_API_WRITE, "alice", OK},
        {&alice, RIGHT_WRITE, SCOPE_API_WRITE, "bob", ERR_DENIED},
        {&alice, RIGHT_WRITE, SCOPE_API_WRITE, "alice2", ERR_DENIED},
        {&alice, RIGHT_WRITE, SCOPE_API_WRITE, "Alice", ERR_DENIED},
        {&alice, RIGHT_WRITE, SCOPE_API_WRITE, "", ERR_DENIED},
        {&alice, RIGHT_SUPERUSER, SCOPE_NONE, "alice", ERR_DENIED},

        {&admin, RIGHT_WRITE, SCOPE_API_WRITE, "bob", OK},
        {&admin, RIGHT_SUPERUSER, SCOPE_NONE, "", OK},

        {&full, RIGHT_WRITE, SCOPE_API_WRITE, "alice", OK},
        {&full, RIGHT_WRITE, SCOPE_API_WRITE, "bob", ERR_DENIED},
        {&reader, RIGHT_SIGNED_IN, SCOPE_API_READ, "", OK},
        {&reader, RIGHT_SIGNED_IN, SCOPE_NONE, "", OK},
        {&reader, RIGHT_WRITE, SCOPE_API_WRITE, "alice", ERR_DENIED},
        /* What anybody may read is still not for a token that was made for something else. */
        {&reader, RIGHT_ANYONE, SCOPE_CONDA_DOWNLOAD, "", ERR_DENIED},
        {&conda, RIGHT_ANYONE, SCOPE_CONDA_DOWNLOAD, "", OK},
        {&conda, RIGHT_ANYONE, SCOPE_API_READ, "", ERR_DENIED},
        {&writer, RIGHT_WRITE, SCOPE_API_WRITE, "alice", OK},
        {&writer, RIGHT_WRITE, SCOPE_API_WRITE, "bob", ERR_DENIED},
        /* A limited token of an administrator is as limited as any. */
        {&admin_reader, RIGHT_WRITE, SCOPE_API_WRITE, "bob", ERR_DENIED},
        {&admin_reader, RIGHT_WRITE, SCOPE_API_READ, "bob", OK},
        {&admin_reader, RIGHT_SUPERUSER, SCOPE_API_WRITE, "", ERR_DENIED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err = {0};
        enum err_code code = access_check(cases[i].actor, cases[i].right, cases[i].scope,
                                          str_of(cases[i].owner), &err);

        if (code != cases[i].expected)
            print_error("case %zu: %s\n", i, err.msg);
        assert_int_equal(code, cases[i].expected);
        assert_int_equal(err.code, cases[i].expected);
    }
}

static void a_refusal_says_what_is_missing(void **state)
{
    const struct actor anonymous = {0}, alice = person("alice", false),
                       reader = holder("alice", false, "api:read conda");
    struct err err;

    (void)state;
    assert_int_equal(access_check(&reader, RIGHT_WRITE, SCOPE_API_WRITE, S("alice"), &err),
                     ERR_DENIED);
    assert_string_equal(err.msg, "the token \"ci\" does not have the scope for this; it has: "
                                 "api:read conda");
    assert_int_equal(access_check(&alice, RIGHT_WRITE, 0, S("bob"), &err), ERR_DENIED);
    assert_string_equal(err.msg, "\"alice\" may not publish or change anything under \"bob\"");
    assert_int_equal(access_check(&alice, RIGHT_SUPERUSER, 0, S(""), &err), ERR_DENIED);
    assert_string_equal(err.msg, "\"alice\" is not an administrator of this server");
    assert_int_equal(access_check(&anonymous, RIGHT_SIGNED_IN, 0, S(""), &err),
                     ERR_UNAUTHENTICATED);
    assert_string_equal(err.msg, "sign in first: this needs an account");
}

static void rights_have_names(void **state)
{
    (void)state;
    assert_string_equal(access_right_name(RIGHT_ANYONE), "anyone");
    assert_string_equal(access_right_name(RIGHT_SIGNED_IN), "signed-in");
    assert_string_equal(access_right_name(RIGHT_WRITE), "write");
    assert_string_equal(access_right_name(RIGHT_SUPERUSER), "superuser");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_and_scope_decide_together),
        cmocka_unit_test(a_refusal_says_what_is_missing),
        cmocka_unit_test(rights_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
