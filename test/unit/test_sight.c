/* What a caller sees of an owner is asked once for each state of the data, and has a name. */
#include "web_fixture.h"

#include "base/limits.h"
#include "base/mem.h"
#include "core/organization.h"
#include "store/account.h"
#include "web/sight.h"

static struct call call_of(struct site *s, struct arena *mem, const struct actor *actor)
{
    return (struct call){.web = s->web,
                         .app = &s->core->app,
                         .mem = mem,
                         .actor = *actor,
                         .generation = db_generation(s->core->app.db)};
}

/* Of acme. */
static void load(struct call *c)
{
    struct err err = {0};
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row acme;

    assert_int_equal(tx_begin(c->app->db, TX_READ, &tx, &err), OK);
    assert_int_equal(account_by_login(tx, c->mem, S("acme"), &acme, &err), OK);
    assert_int_equal(sight_load(c, tx, S("acme"), &acme, &err), OK);
}

/* The tag of what somebody sees of acme, in the test's memory. */
static struct str tag(struct site *s, const struct actor *actor)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    struct call c = call_of(s, mem, actor);

    load(&c);
    return str_dup(s->core->mem, c.sight.tag);
}

static bool is_cached(struct site *s, const struct actor *actor, const char *owner)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    struct call c = call_of(s, mem, actor);

    return sight_cached(&c, str_of(owner));
}

static int64_t make_package(struct site *s, const struct actor *alice, const char *name,
                            const char *access)
{
    struct core *f = s->core;
    struct package_row package;

    must(f, package_create(&f->app, f->mem, alice, S("acme"), str_of(name), str_of(access), NULL,
                           &package, &f->err));
    return package.id;
}

static void let_in(struct site *s, const struct actor *alice, const char *package,
                   const struct actor *user)
{
    struct core *f = s->core;

    must(f, collaborator_add(&f->app, f->mem, alice, S("acme"), str_of(package), user->login,
                             S("read"), &f->err));
}

/* Alice, who owns acme, which has two private packages and one that is public. */
static struct actor found_acme(struct site *s, int64_t *ret_priv)
{
    struct core *f = s->core;
    struct actor alice = core_user(f, "alice");
    const struct new_organization acme = {S("acme"), S("Acme"), S("")};

    must(f, organization_create(&f->app, f->mem, &alice, &acme, &f->err));
    (void)make_package(s, &alice, "pub", "public");
    *ret_priv = make_package(s, &alice, "priv", "private");
    (void)make_package(s, &alice, "hidden", "private");
    return alice;
}

static void visitors_see_what_everybody_does_without_a_question(void **state)
{
    struct site *s = *state;
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    const struct actor nobody = {0};
    struct call c = call_of(s, mem, &nobody);
    unsigned before = sql_statements();

    assert_true(sight_cached(&c, S("acme")));
    assert_int_equal(c.sight.view.widest, ACCESS_PUBLIC);
    assert_int_equal(c.sight.view.also_count, 0);
    assert_int_equal(c.sight.tag.len, 0);
    assert_int_equal(sql_statements(), before);
}

static void what_was_asked_is_known_until_something_changes(void **state)
{
    struct site *s = *state;
    int64_t priv;
    struct actor alice = found_acme(s, &priv), bob = core_user(s->core, "bob");
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    struct call first, second;
    unsigned before;

    let_in(s, &alice, "priv", &bob);
    assert_false(is_cached(s, &bob, "acme"));
    first = call_of(s, mem, &bob);
    load(&first);
    second = call_of(s, mem, &bob);
    before = sql_statements();
    assert_true(sight_cached(&second, S("acme")));
    assert_int_equal(sql_statements(), before);
    assert_int_equal(second.sight.view.widest, ACCESS_PUBLIC);
    assert_int_equal(second.sight.view.also_count, 1);
    assert_int_equal(second.sight.view.also[0], priv);
    assert_true(str_eq(second.sight.tag, first.sight.tag));
    let_in(s, &alice, "hidden", &bob);
    assert_false(is_cached(s, &bob, "acme"));
    assert_int_equal(second.sight.view.also_count, 1); /* a call under way keeps its own */
}

static void each_caller_and_owner_is_known_apart(void **state)
{
    struct site *s = *state;
    int64_t priv;
    struct actor alice = found_acme(s, &priv), bob = core_user(s->core, "bob"), token = alice;

    (void)tag(s, &alice);
    token.token_id = 9;
    assert_true(is_cached(s, &alice, "acme"));
    assert_false(is_cached(s, &bob, "acme"));
    assert_false(is_cached(s, &token, "acme")); /* it may see less */
    assert_false(is_cached(s, &alice, "alice"));
}

static void of_an_owner_that_is_not_there_nothing_more_is_seen(void **state)
{
    struct site *s = *state;
    int64_t priv;
    struct actor alice = found_acme(s, &priv);
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    struct call c = call_of(s, mem, &alice);
    struct tx *tx = core_begin(s->core, TX_READ);

    must(s->core, sight_load(&c, tx, S("absent"), NULL, &s->core->err));
    tx_endp(&tx);
    assert_int_equal(c.sight.view.widest, ACCESS_PUBLIC);
    assert_int_equal(c.sight.tag.len, 0);
    assert_true(is_cached(s, &alice, "absent"));
}

static void equal_views_have_equal_tags_and_no_others(void **state)
{
    struct site *s = *state;
    int64_t priv;
    struct actor alice = found_acme(s, &priv), boss = core_user(s->core, "boss"),
                 stranger = core_user(s->core, "stranger"), one = core_user(s->core, "one"),
                 same = core_user(s->core, "same"), other = core_user(s->core, "other"),
                 both = core_user(s->core, "both");
    const struct actor *const different[] = {&alice, &stranger, &one, &other, &both};
    struct str tags[COUNT(different)], of_one;

    boss.superuser = true;
    let_in(s, &alice, "priv", &one);
    let_in(s, &alice, "priv", &same);
    let_in(s, &alice, "hidden", &other);
    let_in(s, &alice, "priv", &both);
    let_in(s, &alice, "hidden", &both);
    for (size_t i = 0; i < COUNT(different); i++) {
        tags[i] = tag(s, different[i]);
        for (size_t n = 0; n < i; n++)
            assert_false(str_eq(tags[i], tags[n]));
    }
    assert_str(tags[1], ""); /* nothing is for whoever is signed in: that of everybody */
    assert_true(str_eq(tag(s, &boss), tags[0]));
    of_one = tags[2];
    assert_true(str_eq(tag(s, &same), of_one));
    /* The same chosen packages, but more beside them. */
    (void)make_package(s, &alice, "auth", "authenticated");
    assert_false(str_eq(tag(s, &one), of_one));
    assert_true(str_eq(tag(s, &same), tag(s, &one)));
    assert_int_not_equal(tag(s, &stranger).len, 0);
}

static void without_memory_it_is_a_failure(void **state)
{
    struct site *s = *state;
    int64_t priv;
    struct actor alice = found_acme(s, &priv);
    enum err_code code = ERR_NOMEM;

    for (long n = 1; code; n++) {
        AUTO(arena_closep) struct arena *mem = arena_open(MIB);
        struct call c = call_of(s, mem, &alice);
        struct account_row acme;
        struct tx *tx = core_begin(s->core, TX_READ);

        must(s->core, account_by_login(tx, mem, S("acme"), &acme, &s->core->err));
        mem_fail_at(n);
        code = sight_load(&c, tx, S("acme"), &acme, &s->core->err);
        mem_fail_at(0);
        tx_endp(&tx);
        assert_true(code == OK || code == ERR_NOMEM);
        if (code)
            assert_int_equal(c.sight.view.widest, ACCESS_PUBLIC);
        else
            assert_int_equal(c.sight.view.widest, ACCESS_PRIVATE);
        assert_true(n < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SITE(visitors_see_what_everybody_does_without_a_question),
        WITH_SITE(what_was_asked_is_known_until_something_changes),
        WITH_SITE(each_caller_and_owner_is_known_apart),
        WITH_SITE(of_an_owner_that_is_not_there_nothing_more_is_seen),
        WITH_SITE(equal_views_have_equal_tags_and_no_others),
        WITH_SITE(without_memory_it_is_a_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
