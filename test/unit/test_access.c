/* The one rule of who may do what, as tables. */
#include "core_fixture.h"

#include "core/access.h"
#include "core/organization.h"
#include "core/scope.h"

static enum err_code check(struct core *f, const struct actor *actor, enum right right,
                           unsigned scope, struct access_object object)
{
    enum err_code rc;

    f->err = (struct err){0};
    rc = access_check(&f->app, f->mem, actor, right, scope, &object, &f->err);
    assert_int_equal(f->err.code, rc);
    return rc;
}

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
    struct core *f = *state;
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

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct access_object object = {.owner = str_of(cases[i].owner)};
        enum err_code code = check(f, cases[i].actor, cases[i].right, cases[i].scope, object);

        if (code != cases[i].expected)
            print_error("case %zu: %s\n", i, f->err.msg);
        assert_int_equal(code, cases[i].expected);
    }
}

static void a_refusal_says_what_is_missing(void **state)
{
    const struct actor anonymous = {0}, alice = person("alice", false),
                       reader = holder("alice", false, "api:read conda");
    struct access_object own = {.owner = S("alice")}, other = {.owner = S("bob")},
                         package = {S("bob"), S("x"), S("")}, none = {.owner = S("")};
    struct core *f = *state;

    assert_int_equal(check(f, &reader, RIGHT_WRITE, SCOPE_API_WRITE, own), ERR_DENIED);
    assert_string_equal(f->err.msg, "the token \"ci\" does not have the scope for this; it has: "
                                    "api:read conda");
    assert_int_equal(check(f, &alice, RIGHT_WRITE, 0, other), ERR_DENIED);
    assert_string_equal(f->err.msg, "\"alice\" may not publish or change anything under \"bob\"");
    assert_int_equal(check(f, &alice, RIGHT_WRITE, 0, package), ERR_DENIED);
    assert_string_equal(f->err.msg, "\"alice\" may not publish or change \"bob/x\"");
    assert_int_equal(check(f, &alice, RIGHT_ADMIN, 0, package), ERR_DENIED);
    assert_string_equal(f->err.msg, "\"alice\" may not say who may change this package of \"bob\"");
    assert_int_equal(check(f, &alice, RIGHT_OWN, 0, other), ERR_DENIED);
    assert_string_equal(f->err.msg, "\"alice\" may not administer \"bob\"");
    assert_int_equal(check(f, &alice, RIGHT_MEMBER, 0, other), ERR_DENIED);
    assert_string_equal(f->err.msg, "\"alice\" may not see the groups of \"bob\"");
    assert_int_equal(check(f, &alice, RIGHT_SUPERUSER, 0, none), ERR_DENIED);
    assert_string_equal(f->err.msg, "\"alice\" is not an administrator of this server");
    assert_int_equal(check(f, &anonymous, RIGHT_SIGNED_IN, 0, none), ERR_UNAUTHENTICATED);
    assert_string_equal(f->err.msg, "sign in first: this needs an account");
}

/* ---- organizations --------------------------------------------------------------------------- */

/* acme: alice owns it; bob reads all, carol writes all, dave administers "tool", eve collaborates
 * on "tool", frank is in a group that may write "tool"; grace has nothing to do with it. */
struct people {
    struct actor alice, bob, carol, dave, eve, frank, grace;
};

static void add_group(struct core *f, const struct actor *owner, const char *name,
                      const char *permission, bool all, const struct actor *member)
{
    const struct group_entry entry = {S("acme"), str_of(name), member->login};
    const struct group_entry tool = {S("acme"), str_of(name), S("tool")};

    must(f, group_create(&f->app, f->mem, owner, S("acme"), str_of(name), str_of(permission), all,
                         &f->err));
    must(f, group_admit(&f->app, f->mem, owner, &entry, &f->err));
    if (!all)
        must(f, group_include(&f->app, f->mem, owner, &tool, &f->err));
}

static struct people found_acme(struct core *f)
{
    struct people p = {core_user(f, "alice"), core_user(f, "bob"), core_user(f, "carol"),
                       core_user(f, "dave"),  core_user(f, "eve"), core_user(f, "frank"),
                       core_user(f, "grace")};
    const struct new_organization acme = {S("acme"), S("Acme"), S("")};
    struct package_row package;

    must(f, organization_create(&f->app, f->mem, &p.alice, &acme, &f->err));
    must(f, package_create(&f->app, f->mem, &p.alice, S("acme"), S("tool"), S(""), NULL, &package,
                           &f->err));
    must(f, package_create(&f->app, f->mem, &p.alice, S("acme"), S("other"), S(""), NULL, &package,
                           &f->err));
    add_group(f, &p.alice, "readers", "read", true, &p.bob);
    add_group(f, &p.alice, "writers", "write", true, &p.carol);
    add_group(f, &p.alice, "leads", "admin", false, &p.dave);
    add_group(f, &p.alice, "helpers", "write", false, &p.frank);
    must(f, collaborator_add(&f->app, f->mem, &p.alice, S("acme"), S("tool"), S("eve"), S("write"),
                             &f->err));
    return p;
}

static void groups_and_collaborators_decide(void **state)
{
    struct core *f = *state;
    struct people p = found_acme(f);
    const struct {
        enum right right;
        const char *package, *group;
        const char *may; /* initials of those who may, of all seven */
    } cases[] = {
        {RIGHT_MEMBER, "", "", "abcdf"},         {RIGHT_MEMBER, "", "leads", "abcdf"},
        {RIGHT_WRITE, "tool", "", "acdef"},      {RIGHT_WRITE, "other", "", "ac"},
        {RIGHT_WRITE, "new", "", "ac"},          {RIGHT_WRITE, "", "", "ac"},
        {RIGHT_ADMIN, "tool", "", "ad"},         {RIGHT_ADMIN, "other", "", "a"},
        {RIGHT_OWN, "", "leads", "a"},           {RIGHT_OWN, "tool", "leads", "a"},
        {RIGHT_GROUP_ADMIN, "", "leads", "ad"},  {RIGHT_GROUP_ADMIN, "", "LEADS", "ad"},
        {RIGHT_GROUP_ADMIN, "", "writers", "a"}, {RIGHT_GROUP_ADMIN, "", "owners", "a"},
        {RIGHT_GROUP_ADMIN, "", "absent", "a"},  {RIGHT_SUPERUSER, "", "", ""},
    };
    const struct actor *all[] = {&p.alice, &p.bob, &p.carol, &p.dave, &p.eve, &p.frank, &p.grace};

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct access_object object = {S("acme"), str_of(cases[i].package), str_of(cases[i].group)};
        char may[COUNT(all) + 1] = "";
        size_t count = 0;

        for (size_t who = 0; who < COUNT(all); who++) {
            enum err_code code = check(f, all[who], cases[i].right, 0, object);

            assert_true(code == OK || code == ERR_DENIED);
            if (code == OK)
                may[count++] = all[who]->login.ptr[0];
        }
        if (strcmp(may, cases[i].may) != 0)
            print_error("case %zu\n", i);
        assert_string_equal(may, cases[i].may);
    }
}

static void who_makes_a_package_is_a_setting(void **state)
{
    struct core *f = *state;
    struct people p = found_acme(f);
    const struct actor *all[] = {&p.alice, &p.bob, &p.carol, &p.dave, &p.eve, &p.frank, &p.grace};
    static const struct {
        const char *creators;
        const char *may; /* make "new" */
    } cases[] = {{"owners", "a"}, {"writers", "ac"}, {"members", "abcdf"}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(tx_endp) struct tx *tx = core_begin(f, TX_WRITE);
        struct account_row acme;
        char may[COUNT(all) + 1] = "", change_other[COUNT(all) + 1] = "";
        size_t makers = 0, changers = 0;

        must(f, account_by_login(tx, f->mem, S("acme"), &acme, &f->err));
        acme.package_creators = str_of(cases[i].creators);
        must(f, account_set_profile(tx, &acme, &f->err));
        must(f, tx_commit(&tx, &f->err));
        for (size_t who = 0; who < COUNT(all); who++) {
            if (!check(f, all[who], RIGHT_WRITE, 0,
                       (struct access_object){S("acme"), S("new"), S("")}))
                may[makers++] = all[who]->login.ptr[0];
            if (!check(f, all[who], RIGHT_WRITE, 0,
                       (struct access_object){S("acme"), S("other"), S("")}))
                change_other[changers++] = all[who]->login.ptr[0];
        }
        assert_string_equal(may, cases[i].may);
        assert_string_equal(change_other, "ac"); /* as ever */
    }
}

/* Of a package with the same name under another owner, or of another organization, nothing. */
static void a_right_ends_at_its_organization(void **state)
{
    struct core *f = *state;
    struct people p = found_acme(f);
    const struct new_organization umbrella = {S("umbrella"), S(""), S("")};
    const struct access_object theirs = {S("umbrella"), S("tool"), S("owners")},
                               nobodys = {S("nobody"), S("tool"), S("")};
    struct package_row package;

    must(f, organization_create(&f->app, f->mem, &p.grace, &umbrella, &f->err));
    must(f, package_create(&f->app, f->mem, &p.grace, S("umbrella"), S("tool"), S(""), NULL,
                           &package, &f->err));
    for (enum right right = RIGHT_MEMBER; right <= RIGHT_OWN; right++) {
        assert_int_equal(check(f, &p.alice, right, 0, theirs), ERR_DENIED);
        assert_int_equal(check(f, &p.carol, right, 0, theirs), ERR_DENIED);
        assert_int_equal(check(f, &p.eve, right, 0, theirs), ERR_DENIED);
        assert_int_equal(check(f, &p.grace, right, 0, theirs), OK);
        assert_int_equal(check(f, &p.alice, right, 0, nobodys), ERR_DENIED);
    }
}

static void what_is_taken_away_is_gone_at_once(void **state)
{
    struct core *f = *state;
    struct people p = found_acme(f);
    const struct access_object tool = {S("acme"), S("tool"), S("")};
    const struct group_entry carol = {S("acme"), S("writers"), S("carol")},
                             helpers_tool = {S("acme"), S("helpers"), S("tool")};

    must(f, group_dismiss(&f->app, f->mem, &p.alice, &carol, &f->err));
    assert_int_equal(check(f, &p.carol, RIGHT_WRITE, 0, tool), ERR_DENIED);
    must(f, group_exclude(&f->app, f->mem, &p.alice, &helpers_tool, &f->err));
    assert_int_equal(check(f, &p.frank, RIGHT_WRITE, 0, tool), ERR_DENIED);
    must(f,
         collaborator_remove(&f->app, f->mem, &p.alice, S("acme"), S("tool"), S("eve"), &f->err));
    assert_int_equal(check(f, &p.eve, RIGHT_WRITE, 0, tool), ERR_DENIED);
    must(f, group_drop(&f->app, f->mem, &p.alice, S("acme"), S("leads"), &f->err));
    assert_int_equal(check(f, &p.dave, RIGHT_WRITE, 0, tool), ERR_DENIED);
}

/* What the owner of a token may not, the token may not either; and no more than its scopes. */
static void a_token_may_no_more_than_its_owner(void **state)
{
    struct core *f = *state;
    struct people p = found_acme(f);
    const struct access_object tool = {S("acme"), S("tool"), S("leads")};
    struct actor token = p.dave;

    token.token_id = 9;
    token.token_name = S("ci");
    token.scopes = S("api:write");
    assert_int_equal(check(f, &token, RIGHT_WRITE, SCOPE_API_WRITE, tool), OK);
    assert_int_equal(check(f, &token, RIGHT_GROUP_ADMIN, SCOPE_API_GROUPS, tool), ERR_DENIED);
    assert_int_equal(check(f, &token, RIGHT_OWN, SCOPE_API_WRITE, tool), ERR_DENIED);
    token.scopes = S("api:modify-group");
    assert_int_equal(check(f, &token, RIGHT_GROUP_ADMIN, SCOPE_API_GROUPS, tool), OK);
    assert_int_equal(check(f, &token, RIGHT_WRITE, SCOPE_API_WRITE, tool), ERR_DENIED);
}

/* ---- what is seen ---------------------------------------------------------------------------- */

enum { SEEN_PACKAGES = 4, SEEN_CALLERS = 12 };

/* acme of alice's has packages of each access. */
struct sights {
    int64_t ids[SEEN_PACKAGES]; /* of pub, auth, priv, hidden; the last two are private */
    struct account_row acme;
    struct {
        struct actor actor;
        const char *sees;       /* initials of what RIGHT_READ opens */
        enum access_level view; /* how wide access_view is */
        const char *also;       /* initials of the private ones that it names */
    } callers[SEEN_CALLERS];
};
static const char *const seen_names[SEEN_PACKAGES] = {"pub", "auth", "priv", "hidden"};

static int64_t package_as(struct core *f, const struct actor *actor, const char *owner,
                          const char *name, const char *access)
{
    struct package_row package;

    must(f, package_create(&f->app, f->mem, actor, str_of(owner), str_of(name), str_of(access),
                           NULL, &package, &f->err));
    return package.id;
}

static struct account_row account_of(struct core *f, const char *login)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    struct account_row row;

    must(f, account_by_login(tx, f->mem, str_of(login), &row, &f->err));
    return row;
}

static void let_in(struct core *f, const struct actor *owner, const char *group,
                   const char *permission, bool all, const char *package,
                   const struct actor *member)
{
    const struct group_entry entry = {S("acme"), str_of(group), member->login};
    const struct group_entry chosen = {S("acme"), str_of(group), str_of(package)};

    must(f, group_create(&f->app, f->mem, owner, S("acme"), str_of(group), str_of(permission), all,
                         &f->err));
    must(f, group_admit(&f->app, f->mem, owner, &entry, &f->err));
    if (!all)
        must(f, group_include(&f->app, f->mem, owner, &chosen, &f->err));
}

static void collaborate(struct core *f, const struct actor *owner, const char *package,
                        const struct actor *user, const char *permission)
{
    must(f, collaborator_add(&f->app, f->mem, owner, S("acme"), str_of(package), user->login,
                             str_of(permission), &f->err));
}

static struct sights hide_some(struct core *f)
{
    struct actor alice = core_user(f, "alice"), reader = core_user(f, "reader"),
                 chosen = core_user(f, "chosen"), admin = core_user(f, "admin"),
                 looker = core_user(f, "looker"), writer = core_user(f, "writer"),
                 both = core_user(f, "both"), useless = core_user(f, "useless"),
                 stranger = core_user(f, "stranger");
    struct actor boss = core_user(f, "boss"), own = {.login = S("acme")}, nobody = {0};
    const struct new_organization acme = {S("acme"), S("Acme"), S("")};
    struct sights s;

    must(f, organization_create(&f->app, f->mem, &alice, &acme, &f->err));
    s.acme = account_of(f, "acme");
    s.ids[0] = package_as(f, &alice, "acme", "pub", "public");
    s.ids[1] = package_as(f, &alice, "acme", "auth", "authenticated");
    s.ids[2] = package_as(f, &alice, "acme", "priv", "private");
    s.ids[3] = package_as(f, &alice, "acme", "hidden", "private");
    own.account_id = s.acme.id;
    own.token_id = 9;
    boss.superuser = true;
    let_in(f, &alice, "readers", "read", true, "", &reader);
    let_in(f, &alice, "some", "read", false, "priv", &chosen);
    let_in(f, &alice, "leads", "admin", false, "hidden", &admin);
    let_in(f, &alice, "mixed", "write", false, "hidden", &both);
    let_in(f, &alice, "of-pub", "write", false, "pub", &useless);
    collaborate(f, &alice, "priv", &looker, "read");
    collaborate(f, &alice, "hidden", &writer, "write");
    collaborate(f, &alice, "priv", &both, "read");
    memcpy(s.callers,
           (__typeof__(s.callers)){
               {nobody, "p", ACCESS_PUBLIC, ""},
               {stranger, "pa", ACCESS_AUTHENTICATED, ""},
               {alice, "paph", ACCESS_PRIVATE, ""},
               {own, "paph", ACCESS_PRIVATE, ""},
               {boss, "paph", ACCESS_PRIVATE, ""},
               {reader, "paph", ACCESS_PRIVATE, ""},
               {chosen, "pap", ACCESS_AUTHENTICATED, "p"},
               {admin, "pah", ACCESS_AUTHENTICATED, "h"},
               {looker, "pap", ACCESS_AUTHENTICATED, "p"},
               {writer, "pah", ACCESS_AUTHENTICATED, "h"},
               {both, "paph", ACCESS_AUTHENTICATED, "ph"},
               {useless, "pa", ACCESS_AUTHENTICATED, ""},
           },
           sizeof s.callers);
    return s;
}

static void who_may_see_a_package_may_read_it(void **state)
{
    struct core *f = *state;
    struct sights s = hide_some(f);

    for (size_t i = 0; i < SEEN_CALLERS; i++) {
        char sees[SEEN_PACKAGES + 1] = "";
        size_t count = 0;

        for (size_t p = 0; p < SEEN_PACKAGES; p++) {
            struct access_object object = {S("acme"), str_of(seen_names[p]), S("")};
            enum err_code code = check(f, &s.callers[i].actor, RIGHT_READ, 0, object);

            assert_true(code == OK || code == ERR_NOT_FOUND);
            if (code == OK)
                sees[count++] = seen_names[p][0];
        }
        if (strcmp(sees, s.callers[i].sees) != 0)
            print_error("caller %zu\n", i);
        assert_string_equal(sees, s.callers[i].sees);
    }
}

/* Also to somebody who could sign in. */
static void what_is_hidden_is_not_there(void **state)
{
    struct core *f = *state;
    struct sights s = hide_some(f);
    const struct actor *const callers[] = {&s.callers[0].actor, &s.callers[1].actor};
    static const char *const objects[][2] = {
        {"acme", "hidden"}, {"acme", "absent"}, {"absent", "hidden"}};

    for (size_t c = 0; c < COUNT(callers); c++)
        for (size_t i = 0; i < COUNT(objects); i++) {
            struct access_object object = {str_of(objects[i][0]), str_of(objects[i][1]), S("")};

            assert_int_equal(check(f, callers[c], RIGHT_READ, 0, object), ERR_NOT_FOUND);
            assert_string_equal(
                f->err.msg,
                str_fmt(f->mem, "there is no package \"%s/%s\"", objects[i][0], objects[i][1]).ptr);
        }
}

static void a_token_for_something_else_sees_nothing(void **state)
{
    struct core *f = *state;
    const struct actor conda = holder("alice", false, "conda");
    const struct access_object object = {S("alice"), S("x"), S("")};

    assert_int_equal(check(f, &conda, RIGHT_READ, SCOPE_API_READ, object), ERR_DENIED);
}

static struct view view_of(struct core *f, const struct actor *actor,
                           const struct account_row *owner)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    struct view view;

    must(f, access_view(tx, f->mem, actor, owner, &view, &f->err));
    return view;
}

static void a_view_shows_what_may_be_read(void **state)
{
    struct core *f = *state;
    struct sights s = hide_some(f);

    for (size_t i = 0; i < SEEN_CALLERS; i++) {
        struct view view = view_of(f, &s.callers[i].actor, &s.acme);
        const char *also = s.callers[i].also, *sees = s.callers[i].sees;

        assert_int_equal(view.widest, s.callers[i].view);
        assert_int_equal(view.also_count, strlen(also));
        for (size_t n = 0; n < view.also_count; n++)
            assert_int_equal(view.also[n], s.ids[also[n] == 'p' ? 2 : 3]);
        for (size_t p = 0; p < SEEN_PACKAGES; p++) {
            static const enum access_level levels[SEEN_PACKAGES] = {
                ACCESS_PUBLIC, ACCESS_AUTHENTICATED, ACCESS_PRIVATE, ACCESS_PRIVATE};

            if (*sees == seen_names[p][0]) {
                assert_true(view_shows(&view, levels[p], s.ids[p]));
                sees++;
            } else {
                assert_false(view_shows(&view, levels[p], s.ids[p]));
            }
        }
    }
}

/* Then a document is made, found and kept in memory once for all of them. */
static void where_nothing_is_hidden_all_have_the_view_of_everybody(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob"),
                 boss = core_user(f, "boss"), nobody = {0};
    const struct actor *const callers[] = {&alice, &bob, &boss, &nobody};
    struct account_row account = account_of(f, "alice");

    boss.superuser = true;
    for (int round = 0; round < 2; round++) { /* without packages, and with a public one */
        for (size_t i = 0; i < COUNT(callers); i++) {
            struct view view = view_of(f, callers[i], &account);

            assert_int_equal(view.widest, ACCESS_PUBLIC);
            assert_int_equal(view.also_count, 0);
        }
        (void)package_as(f, &alice, "alice", "x", "public");
        (void)package_as(f, &bob, "bob", "y", "private"); /* of another owner: it does not count */
    }
    (void)package_as(f, &alice, "alice", "z", "authenticated");
    for (size_t i = 0; i < COUNT(callers); i++)
        assert_int_equal(view_of(f, callers[i], &account).widest,
                         callers[i] == &nobody ? ACCESS_PUBLIC : ACCESS_AUTHENTICATED);
}

static void without_authenticated_packages_a_stranger_has_the_view_of_everybody(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct account_row account = account_of(f, "alice");

    (void)package_as(f, &alice, "alice", "x", "private");
    assert_int_equal(view_of(f, &bob, &account).widest, ACCESS_PUBLIC);
    assert_int_equal(view_of(f, &alice, &account).widest, ACCESS_PRIVATE);
}

static void rights_have_names(void **state)
{
    (void)state;
    assert_string_equal(access_right_name(RIGHT_ANYONE), "anyone");
    assert_string_equal(access_right_name(RIGHT_SIGNED_IN), "signed-in");
    assert_string_equal(access_right_name(RIGHT_READ), "read");
    assert_string_equal(access_right_name(RIGHT_WRITE), "write");
    assert_string_equal(access_right_name(RIGHT_MEMBER), "member");
    assert_string_equal(access_right_name(RIGHT_ADMIN), "admin");
    assert_string_equal(access_right_name(RIGHT_GROUP_ADMIN), "group-admin");
    assert_string_equal(access_right_name(RIGHT_OWN), "own");
    assert_string_equal(access_right_name(RIGHT_SUPERUSER), "superuser");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(right_and_scope_decide_together),
        WITH_CORE(a_refusal_says_what_is_missing),
        WITH_CORE(groups_and_collaborators_decide),
        WITH_CORE(who_makes_a_package_is_a_setting),
        WITH_CORE(a_right_ends_at_its_organization),
        WITH_CORE(what_is_taken_away_is_gone_at_once),
        WITH_CORE(a_token_may_no_more_than_its_owner),
        WITH_CORE(who_may_see_a_package_may_read_it),
        WITH_CORE(what_is_hidden_is_not_there),
        WITH_CORE(a_token_for_something_else_sees_nothing),
        WITH_CORE(a_view_shows_what_may_be_read),
        WITH_CORE(where_nothing_is_hidden_all_have_the_view_of_everybody),
        WITH_CORE(without_authenticated_packages_a_stranger_has_the_view_of_everybody),
        cmocka_unit_test(rights_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
