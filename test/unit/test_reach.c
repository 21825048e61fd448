/* Whatever an account's view shows of it is in reach, and nothing else. */
#include "core_fixture.h"

#include "core/access.h"
#include "core/organization.h"
#include "core/reach.h"

enum { PACKAGES = 5, CALLERS = 22 };

/* acme of alice's has the first four, bob the last. */
struct world {
    struct account_row acme, bob;
    struct {
        struct actor actor;
        const char *limits; /* of its token; empty: none */
        const char *sees;   /* initials of packages */
    } callers[CALLERS];
    int64_t ids[PACKAGES];
};
static const struct {
    const char *name;
    enum access_level access;
} packages[PACKAGES] = {{"pub", ACCESS_PUBLIC},
                        {"auth", ACCESS_AUTHENTICATED},
                        {"rest", ACCESS_PRIVATE},
                        {"hidden", ACCESS_PRIVATE},
                        {"secret", ACCESS_PRIVATE}};

static const struct account_row *owner_of(const struct world *w, size_t package)
{
    return package < PACKAGES - 1 ? &w->acme : &w->bob;
}

static struct account_row account_of(struct core *f, const char *login)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    struct account_row row;

    must(f, account_by_login(tx, f->mem, str_of(login), &row, &f->err));
    return row;
}

static void add_packages(struct core *f, struct world *w, const struct actor *alice,
                         const struct actor *bob)
{
    struct package_row row;

    for (size_t i = 0; i < PACKAGES; i++) {
        const struct account_row *owner = owner_of(w, i);

        must(f, package_create(&f->app, f->mem, owner == &w->acme ? alice : bob, owner->login,
                               str_of(packages[i].name), access_level_name(packages[i].access),
                               NULL, &row, &f->err));
        w->ids[i] = row.id;
    }
}

/* package empty: the group is for all of them. */
static void let_in(struct core *f, const struct actor *owner, const char *group,
                   const char *package, const struct actor *member)
{
    const struct group_entry entry = {S("acme"), str_of(group), member->login},
                             chosen = {S("acme"), str_of(group), str_of(package)};
    const bool all = !*package;

    must(f,
         group_create(&f->app, f->mem, owner, S("acme"), str_of(group), S("read"), all, &f->err));
    must(f, group_admit(&f->app, f->mem, owner, &entry, &f->err));
    if (!all)
        must(f, group_include(&f->app, f->mem, owner, &chosen, &f->err));
}

static void collaborate(struct core *f, const struct actor *owner, const char *package,
                        const struct actor *user)
{
    must(f, collaborator_add(&f->app, f->mem, owner, S("acme"), str_of(package), user->login,
                             S("read"), &f->err));
}

static struct world make_world(struct core *f)
{
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob"),
                 member = core_user(f, "member"), chosen = core_user(f, "chosen"),
                 helper = core_user(f, "helper"), both = core_user(f, "both"),
                 useless = core_user(f, "useless"), stranger = core_user(f, "stranger"),
                 boss = core_user(f, "boss"), nobody = {0}, acme = {.login = S("acme")};
    const struct new_organization organization = {S("acme"), S("Acme"), S("")};
    struct world w;

    must(f, organization_create(&f->app, f->mem, &alice, &organization, &f->err));
    w.acme = account_of(f, "acme");
    w.bob = account_of(f, "bob");
    acme.account_id = w.acme.id;
    boss.superuser = true;
    add_packages(f, &w, &alice, &bob);
    let_in(f, &alice, "readers", "", &member);
    let_in(f, &alice, "some", "rest", &chosen);
    let_in(f, &alice, "mixed", "hidden", &both);
    let_in(f, &alice, "of-pub", "pub", &useless);
    collaborate(f, &alice, "hidden", &helper);
    collaborate(f, &alice, "rest", &both);
    memcpy(w.callers,
           (__typeof__(w.callers)){
               {nobody, "", "p"},
               {stranger, "", "pa"},
               {alice, "", "parh"}, /* owns the organization */
               {acme, "", "parh"},  /* is it */
               {bob, "", "pas"},
               {boss, "", "parhs"},
               {member, "", "parh"},
               {chosen, "", "par"},
               {helper, "", "pah"},
               {both, "", "parh"},
               {useless, "", "pa"},
               {stranger, "package:acme/hidden", "p"},
               {chosen, "package:acme/hidden", "p"},
               {chosen, "package:acme/auth package:acme/rest", "par"},
               {member, "package:acme/hidden package:bob/secret", "ph"},
               {member, "group:acme/some", "pr"},
               {member, "package:acme/hidden group:acme/some", "p"},
               {alice, "package:absent/x package:acme/auth", "pa"},
               {member, "label:dev", "p"},                    /* nothing has a file under it */
               {member, "package:acme/auth label:dev", "pa"}, /* it is named */
               {boss, "package:bob/secret package:acme/rest package:bob/secret", "prs"},
               {boss, "group:acme/absent", "p"},
           },
           sizeof w.callers);
    for (size_t i = 0; i < CALLERS; i++) {
        w.callers[i].actor.limits = str_of(w.callers[i].limits);
        w.callers[i].actor.token_id = *w.callers[i].limits ? 9 : 0;
    }
    return w;
}

static bool has(const int64_t *numbers, size_t count, int64_t number)
{
    for (size_t i = 0; i < count; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

/* Also says so of its account if it is past the widest. */
static bool in_reach(const struct world *w, const struct reach *r, size_t package)
{
    const int64_t owner = owner_of(w, package)->id;

    if (packages[package].access != ACCESS_PUBLIC && r->labels.len)
        return false; /* no package has files here */
    if (packages[package].access <= r->widest)
        return true;
    if (!has(r->accounts, r->account_count, owner) &&
        !has(r->packages, r->package_count, w->ids[package]))
        return false;
    assert_true(has(r->owners, r->owner_count, owner));
    return true;
}

static void what_a_view_shows_is_in_reach(void **state)
{
    struct core *f = *state;
    struct world w = make_world(f);

    for (size_t i = 0; i < CALLERS; i++) {
        const struct actor *actor = &w.callers[i].actor;
        AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
        char shown[PACKAGES + 1] = "", reached[PACKAGES + 1] = "";
        struct reach reach;

        must(f, reach_of(tx, f->mem, actor, &reach, &f->err));
        for (size_t p = 0; p < PACKAGES; p++) {
            struct view view;

            must(f, access_view(tx, f->mem, actor, owner_of(&w, p), &view, &f->err));
            if (view_shows(&view, packages[p].access, w.ids[p]))
                shown[strlen(shown)] = packages[p].name[0];
            if (in_reach(&w, &reach, p))
                reached[strlen(reached)] = packages[p].name[0];
        }
        if (strcmp(reached, w.callers[i].sees) != 0)
            print_error("caller %zu\n", i);
        assert_string_equal(reached, w.callers[i].sees);
        assert_string_equal(shown, reached);
    }
}

/* So that the store need not look at what is of no use. */
static void a_reach_says_no_more_than_it_must(void **state)
{
    struct core *f = *state;
    struct world w = make_world(f);
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    struct reach r;

    must(f, reach_of(tx, f->mem, &w.callers[0].actor, &r, &f->err));
    assert_int_equal(r.widest, ACCESS_PUBLIC);
    assert_int_equal(r.account_count + r.package_count + r.owner_count, 0);
    must(f, reach_of(tx, f->mem, &w.callers[5].actor, &r, &f->err));
    assert_int_equal(r.widest, ACCESS_PRIVATE);
    assert_int_equal(r.account_count + r.package_count + r.owner_count, 0);
    must(f, reach_of(tx, f->mem, &w.callers[7].actor, &r, &f->err));
    assert_int_equal(r.widest, ACCESS_AUTHENTICATED);
    assert_int_equal(r.account_count, 1); /* its own */
    assert_int_equal(r.accounts[0], w.callers[7].actor.account_id);
    assert_int_equal(r.package_count, 1);
    assert_int_equal(r.packages[0], w.ids[2]);
    /* Of a limited token nothing is whole; what is named twice in a row is read once. */
    must(f, reach_of(tx, f->mem, &w.callers[13].actor, &r, &f->err));
    assert_int_equal(r.widest, ACCESS_PUBLIC);
    assert_int_equal(r.account_count, 0);
    assert_int_equal(r.package_count, 2);
    assert_int_equal(r.packages[0], w.ids[1]);
    assert_int_equal(r.packages[1], w.ids[2]);
    assert_int_equal(r.owner_count, 1);
    assert_int_equal(r.owners[0], w.acme.id);
}

static void what_is_taken_away_is_out_of_reach(void **state)
{
    struct core *f = *state;
    struct world w = make_world(f);
    const struct actor *alice = &w.callers[2].actor;
    const struct group_entry member = {S("acme"), S("readers"), S("member")},
                             rest = {S("acme"), S("some"), S("rest")};
    static const size_t callers[] = {6, 7, 8}; /* member, chosen, helper */

    must(f, group_dismiss(&f->app, f->mem, alice, &member, &f->err));
    must(f, group_exclude(&f->app, f->mem, alice, &rest, &f->err));
    must(f,
         collaborator_remove(&f->app, f->mem, alice, S("acme"), S("hidden"), S("helper"), &f->err));
    for (size_t i = 0; i < COUNT(callers); i++) {
        AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
        struct reach reach;

        must(f, reach_of(tx, f->mem, &w.callers[callers[i]].actor, &reach, &f->err));
        for (size_t p = 0; p < PACKAGES; p++)
            assert_int_equal(in_reach(&w, &reach, p), packages[p].access < ACCESS_PRIVATE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(what_a_view_shows_is_in_reach),
        WITH_CORE(a_reach_says_no_more_than_it_must),
        WITH_CORE(what_is_taken_away_is_out_of_reach),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
