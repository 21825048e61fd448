/* Packages that change their owner: what moves, what ends, what is in the way. */
#include "core_fixture.h"

#include "base/clock.h"
#include "core/access.h"
#include "core/downloads.h"
#include "core/inspect.h"
#include "core/organization.h"
#include "core/transfer.h"
#include "core/trash_restore.h"
#include "core/verify.h"
#include "make_archive.h"
#include "store/label.h"

static const struct core_spec tiny = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};
#define FILENAME "x-1.0-0.tar.bz2"

/* alice has a package, and owns the organization acme. */
struct stage {
    struct actor alice, bob;
    struct file_row file;
};

static struct stage set(struct core *f)
{
    const struct new_organization acme = {S("acme"), S(""), S("")};
    struct stage s = {.alice = core_user(f, "alice"), .bob = core_user(f, "bob")};

    must(f, organization_create(&f->app, f->mem, &s.alice, &acme, &f->err));
    s.file = core_publish(f, &s.alice, &tiny);
    CORE_CHANGE(f, "DELETE FROM audit");
    CORE_CHANGE(f, "DELETE FROM notification");
    return s;
}

static enum err_code give(struct core *f, const struct actor *who, const char *owner,
                          const char *to, struct transfer_result *ret)
{
    f->err = (struct err){0};
    return transfer_package(&f->app, f->mem, who, str_of(owner), S("x"), str_of(to), ret, &f->err);
}

static enum err_code accept(struct core *f, const struct actor *who, int64_t id)
{
    struct transfer_result ret;

    f->err = (struct err){0};
    return transfer_accept(&f->app, f->mem, who, id, &ret, &f->err);
}

static enum err_code end(struct core *f, const struct actor *who, int64_t id)
{
    f->err = (struct err){0};
    return transfer_end(&f->app, f->mem, who, id, &f->err);
}

static int64_t offer(struct core *f, const struct actor *who, const char *owner, const char *to)
{
    struct transfer_result ret = {0};

    must(f, give(f, who, owner, to, &ret));
    assert_true(ret.offer_id > 0);
    assert_str(ret.target, to);
    return ret.offer_id;
}

static void admit(struct core *f, const struct actor *owner, const char *group,
                  const char *permission, const char *login, bool all)
{
    const struct group_entry entry = {S("acme"), str_of(group), str_of(login)};

    must(f, group_create(&f->app, f->mem, owner, S("acme"), str_of(group), str_of(permission), all,
                         &f->err));
    must(f, group_admit(&f->app, f->mem, owner, &entry, &f->err));
}

static bool sees(struct core *f, const struct actor *who, const char *owner)
{
    const struct access_object object = {.owner = str_of(owner), .package = S("x")};

    return access_check(&f->app, f->mem, who, RIGHT_READ, 0, &object, NULL) == OK;
}

static bool may_write(struct core *f, const struct actor *who, const char *owner)
{
    const struct access_object object = {.owner = str_of(owner), .package = S("x")};

    return access_check(&f->app, f->mem, who, RIGHT_WRITE, 0, &object, NULL) == OK;
}

static void fail_on_finding(void *ctx, const struct verify_finding *finding)
{
    (void)ctx;
    print_error("%s: " STR_FMT " " STR_FMT "\n", finding->kind, STR_ARG(finding->subject),
                STR_ARG(finding->detail));
    assert_true(str_eq(str_of(finding->kind), S("nothing")));
}

/* Every row has its bytes, and every index is what its rows give. */
static void all_is_well(struct core *f)
{
    const struct verify_options options = {.found = fail_on_finding};
    struct verify_report report;

    must(f, verify_all(&f->app, &options, &report, &f->err));
}

#define OWNERS_OF_X                                                                                \
    "SELECT a.login FROM package p JOIN account a ON a.id = p.account_id WHERE p.name = 'x'"
#define AUDIT                                                                                      \
    "SELECT a.login || ': ' || u.actor || ' ' || u.action || ' ' || u.object || ' ' || u.detail "  \
    "FROM audit u JOIN account a ON a.id = u.account_id ORDER BY u.id"
#define NOTICES                                                                                    \
    "SELECT a.login || ' ' || n.kind || ' ' || n.parameters FROM notification n "                  \
    "JOIN account a ON a.id = n.account_id ORDER BY n.id"

/* ---- at once ---- */

static void it_goes_at_once_where_its_giver_may_create_packages(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    struct transfer_result ret = {.offer_id = 9};
    int64_t id = CORE_NUMBER(f, "SELECT id FROM package");
    uint64_t generation = db_generation(f->app.db);

    must(f, give(f, &s.alice, "alice", "Acme", &ret));
    assert_int_equal(ret.offer_id, 0);
    assert_str(ret.owner, "alice");
    assert_str(ret.package, "x");
    assert_str(ret.target, "acme");
    assert_true(db_generation(f->app.db) != generation);
    assert_str(CORE_TEXT(f, OWNERS_OF_X), "acme");
    assert_int_equal(CORE_NUMBER(f, "SELECT id FROM package"), id);
    assert_int_equal(CORE_NUMBER(f, "SELECT id FROM file"), s.file.id);
    assert_true(core_listed(f, "acme", "main", "noarch", FILENAME));
    assert_false(core_listed(f, "alice", "main", "noarch", FILENAME));
    assert_false(sees(f, &s.alice, "alice"));
    assert_true(sees(f, &(struct actor){0}, "acme"));
    assert_str(CORE_TEXT(f, AUDIT), "alice: alice package.transfer alice/x to acme, "
                                    "acme: alice package.transfer acme/x from alice");
    assert_str(CORE_TEXT(f, NOTICES), ""); /* nobody is told of what he does himself */
    all_is_well(f);
}

/* Documents, and what was served of the package before. */
static void nothing_is_left_where_it_was(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    struct transfer_result ret;

    core_publish(f, &s.alice, &(struct core_spec){"x", "2.0", "0", "noarch", NULL, NULL, NULL});
    assert_true(CORE_NUMBER(f, "SELECT COUNT(*) FROM index_doc WHERE package = 'x' "
                               "AND retired_ms IS NOT NULL") > 0);
    must(f, give(f, &s.alice, "alice", "acme", &ret));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM index_doc d JOIN account a "
                                    "ON a.id = d.account_id WHERE a.login = 'alice' "
                                    "AND d.package = 'x'"),
                     0);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM index_doc d JOIN account a "
                                    "ON a.id = d.account_id WHERE a.login = 'acme' "
                                    "AND d.package = 'x' AND d.retired_ms IS NULL"),
                     1);
    all_is_well(f);
}

static void labels_go_along(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    struct str labels[] = {S("dev"), S("main")};
    struct core_spec more = {"x", "2.0", "0", "linux-64", NULL, NULL, NULL};
    struct file_path path = core_path(f, "alice", &more);
    struct stage_request req = {.type = S("conda"), .labels = labels, .label_count = 2};
    struct transfer_result ret;
    struct staged staged;
    struct file_row file;

    core_release(f, &s.alice, &path);
    must(f, publish_stage(&f->app, f->mem, &s.alice, &path, &req, &staged, &f->err));
    must(f, core_send(f, staged.ticket, core_package(f, &more)));
    must(f, publish_commit(&f->app, f->mem, &s.alice, &path, staged.dist_id, &file, &f->err));
    must(f, give(f, &s.alice, "alice", "acme", &ret));
    assert_true(core_listed(f, "acme", "dev", "linux-64", "x-2.0-0.tar.bz2"));
    assert_true(core_listed(f, "acme", "main", "linux-64", "x-2.0-0.tar.bz2"));
    assert_false(core_listed(f, "acme", "dev", "noarch", FILENAME));
    assert_str(CORE_TEXT(f, "SELECT DISTINCT a.login || '/' || l.name || ' ' || l.access "
                            "FROM file_label fl JOIN label l ON l.id = fl.label_id "
                            "JOIN account a ON a.id = l.account_id ORDER BY 1"),
               "acme/dev public, acme/main public");
    all_is_well(f);
}

/* Whoever has seen the old names in the old channel must not be given other bytes under them; the
 * package itself may come back. */
static void its_names_stay_reserved_and_it_can_come_back(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    struct core_spec other = {"x", "1.0", "0", "noarch", NULL, NULL, "other bytes"};
    struct file_path path = core_path(f, "alice", &other);
    struct stage_request req = {.type = S("conda")};
    struct transfer_result ret;
    struct staged staged;

    f->config.reuse_removed_names = false;
    must(f, give(f, &s.alice, "alice", "acme", &ret));
    core_release(f, &s.alice, &path);
    must_fail(f, publish_stage(&f->app, f->mem, &s.alice, &path, &req, &staged, &f->err),
              ERR_CONFLICT, "was used by a removed file and stays reserved");
    must(f, package_remove(&f->app, f->mem, &s.alice, S("alice"), S("x"), &f->err));
    must(f, give(f, &s.alice, "acme", "alice", &ret));
    assert_true(core_listed(f, "alice", "main", "noarch", FILENAME));
    assert_false(core_listed(f, "acme", "main", "noarch", FILENAME));
    all_is_well(f);
}

static void uploads_under_way_are_dropped(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    struct core_spec more = {"x", "2.0", "0", "noarch", NULL, NULL, NULL};
    struct file_path path = core_path(f, "alice", &more), there = path;
    struct staged staged = core_upload(f, &s.alice, &path, S("some bytes"));
    struct transfer_result ret;
    struct file_row file;

    must(f, give(f, &s.alice, "alice", "acme", &ret));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM upload"), 0);
    assert_false(core_has_blob(f, core_sha256(f, S("some bytes"))));
    must_fail(f, publish_commit(&f->app, f->mem, &s.alice, &path, staged.dist_id, &file, &f->err),
              ERR_NOT_FOUND, "there is no package \"alice/x\"");
    there.owner = S("acme");
    must_fail(f, publish_commit(&f->app, f->mem, &s.alice, &there, staged.dist_id, &file, &f->err),
              ERR_NOT_FOUND, "there is no staged upload");
}

static void what_is_known_of_it_stays(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    struct transfer_result ret;

    f->app.downloads = downloads_open(DOWNLOAD_COUNTERS);
    assert_non_null(f->app.downloads);
    downloads_count_on(f->app.downloads, s.file.id, s.file.package_id, 20000, S("pip/1"));
    must(f, downloads_flush(&f->app, &f->err));
    downloads_count_on(f->app.downloads, s.file.id, s.file.package_id, 20000, S("pip/1"));
    CORE_CHANGE(f, "INSERT INTO favorite (account_id, package_id, created_ms) "
                   "SELECT a.id, p.id, 5 FROM account a, package p WHERE a.login = 'bob'");
    must(f, give(f, &s.alice, "alice", "acme", &ret));
    must(f, downloads_flush(&f->app, &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT count FROM download_total"), 2);
    assert_int_equal(CORE_NUMBER(f, "SELECT count FROM package_download_total"), 2);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM favorite"), 1);
}

/* ---- rights ---- */

static void rights_of_the_owner_s_people_end_and_those_of_guests_stay(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    struct actor mary = core_user(f, "mary"), carl = core_user(f, "carl"),
                 gina = core_user(f, "gina");
    const struct group_entry chosen = {S("acme"), S("some"), S("x")};
    struct transfer_result ret;

    must(f, give(f, &s.alice, "alice", "acme", &ret));
    must(f, package_change_access(&f->app, f->mem, &s.alice, S("acme"), S("x"), ACCESS_PRIVATE,
                                  &f->err));
    admit(f, &s.alice, "all", "write", "mary", true);
    admit(f, &s.alice, "some", "write", "carl", false);
    must(f, group_include(&f->app, f->mem, &s.alice, &chosen, &f->err));
    must(f, collaborator_add(&f->app, f->mem, &s.alice, S("acme"), S("x"), S("mary"), S("write"),
                             &f->err));
    must(f, collaborator_add(&f->app, f->mem, &s.alice, S("acme"), S("x"), S("gina"), S("write"),
                             &f->err));
    assert_true(may_write(f, &mary, "acme") && may_write(f, &carl, "acme"));
    must(f, give(f, &s.alice, "acme", "alice", &ret));
    assert_false(sees(f, &mary, "alice") || sees(f, &carl, "alice") || sees(f, &s.bob, "alice"));
    assert_false(sees(f, &mary, "acme") || sees(f, &carl, "acme") || sees(f, &s.alice, "acme"));
    assert_true(sees(f, &gina, "alice") && may_write(f, &gina, "alice"));
    assert_true(sees(f, &s.alice, "alice"));
    /* Its channel tells strangers nothing of it. */
    assert_false(core_listed(f, "alice", "main", "noarch", FILENAME));
    all_is_well(f);
}

/* ---- offers ---- */

/* A file that shares its bytes with one that stays, and one that was removed before. */
static void its_trash_goes_along_and_comes_back(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    struct core_spec two = {"x", "2.0", "0", "noarch", NULL, NULL, NULL},
                     y = {"y", "1.0", "0", "noarch", NULL, NULL, NULL};
    struct file_path path = core_path(f, "alice", &two);
    struct transfer_result ret = {0};
    struct file_row removed;
    struct trash_row item;

    (void)core_publish(f, &s.alice, &two);
    (void)core_publish(f, &s.alice, &y);
    must(f, file_remove(&f->app, f->mem, &s.alice, &path, &removed, &f->err));
    must(f, give(f, &s.alice, "alice", "acme", &ret));
    all_is_well(f);
    must_fail(f, trash_restore(&f->app, f->mem, &s.alice, S("alice"), S("1"), &item, &f->err),
              ERR_NOT_FOUND, "the trash of \"alice\" has no number 1");
    must(f, trash_restore(&f->app, f->mem, &s.alice, S("acme"), S("1"), &item, &f->err));
    assert_true(core_listed(f, "acme", "main", "noarch", "x-2.0-0.tar.bz2"));
    assert_true(core_has_blob(f, removed.sha256));
    all_is_well(f);
    must(f, give(f, &s.alice, "acme", "alice", &ret));
    all_is_well(f);
}

static void it_takes_room_where_it_goes(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    struct transfer_result ret = {0};
    struct str before = core_rows(f);

    f->config.quota = s.file.size - 1;
    must_fail(f, give(f, &s.alice, "alice", "acme", &ret), ERR_TOO_BIG,
              "the quota of the new owner is");
    assert_true(str_eq(core_rows(f), before));
    f->config.quota = s.file.size;
    must(f, give(f, &s.alice, "alice", "acme", &ret));
    all_is_well(f);
}

static void to_others_it_is_offered(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    uint64_t generation = db_generation(f->app.db);
    int64_t id = offer(f, &s.alice, "alice", "bob");
    struct transfer_view view;

    assert_int_equal(db_generation(f->app.db), generation);
    assert_str(CORE_TEXT(f, OWNERS_OF_X), "alice");
    assert_str(CORE_TEXT(f, AUDIT), "alice: alice package.offer alice/x to bob");
    assert_str(CORE_TEXT(f, NOTICES),
               "bob package_offered "
               "{\"by\":\"alice\",\"owner\":\"alice\",\"package\":\"x\",\"target\":\"bob\"}");
    assert_int_equal(offer(f, &s.alice, "alice", "bob"), id); /* once more: the same */
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM notification"), 1);
    must(f, transfer_view(&f->app, f->mem, &s.bob, &view, &f->err));
    assert_int_equal(view.incoming.count, 1);
    assert_int_equal(view.incoming.rows[0].id, id);
    assert_int_equal(view.outgoing.count, 0);
    must(f, transfer_view(&f->app, f->mem, &s.alice, &view, &f->err));
    assert_int_equal(view.incoming.count, 0);
    assert_int_equal(view.outgoing.count, 1);
    CORE_CHANGE(f, "DELETE FROM notification");
    CORE_CHANGE(f, "DELETE FROM audit");
    must(f, accept(f, &s.bob, id));
    assert_str(CORE_TEXT(f, OWNERS_OF_X), "bob");
    assert_true(core_listed(f, "bob", "main", "noarch", FILENAME));
    assert_str(CORE_TEXT(f, AUDIT), "alice: bob package.transfer alice/x to bob, "
                                    "bob: bob package.transfer bob/x from alice");
    assert_str(CORE_TEXT(f, NOTICES),
               "alice package_transferred "
               "{\"by\":\"bob\",\"owner\":\"alice\",\"package\":\"x\",\"target\":\"bob\"}");
    must_fail(f, accept(f, &s.bob, id), ERR_NOT_FOUND, "there is no offer 1 for you");
    all_is_well(f);
}

static void an_offer_is_for_nobody_else(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    struct actor eve = core_user(f, "eve");
    int64_t id = offer(f, &s.alice, "alice", "bob");
    struct str rows = core_rows(f);
    struct transfer_view view;

    must_fail(f, accept(f, &eve, id), ERR_NOT_FOUND, "there is no offer 1 for you");
    must_fail(f, accept(f, &s.alice, id), ERR_NOT_FOUND, "there is no offer 1 for you");
    must_fail(f, end(f, &eve, id), ERR_NOT_FOUND, "there is no offer 1 for you");
    must_fail(f, accept(f, &s.bob, id + 1), ERR_NOT_FOUND, "there is no offer 2 for you");
    must(f, transfer_view(&f->app, f->mem, &eve, &view, &f->err));
    assert_int_equal(view.incoming.count + view.outgoing.count, 0);
    assert_true(str_eq(core_rows(f), rows));
}

static void it_can_be_declined_and_withdrawn(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    int64_t id = offer(f, &s.alice, "alice", "bob");

    CORE_CHANGE(f, "DELETE FROM notification");
    must(f, end(f, &s.bob, id));
    assert_str(CORE_TEXT(f, NOTICES),
               "alice transfer_declined "
               "{\"by\":\"bob\",\"owner\":\"alice\",\"package\":\"x\",\"target\":\"bob\"}");
    must_fail(f, accept(f, &s.bob, id), ERR_NOT_FOUND, "there is no offer");
    CORE_CHANGE(f, "DELETE FROM notification");
    id = offer(f, &s.alice, "alice", "bob");
    must(f, end(f, &s.alice, id));
    must_fail(f, accept(f, &s.bob, id), ERR_NOT_FOUND, "there is no offer");
    must_fail(f, end(f, &s.bob, id), ERR_NOT_FOUND, "there is no offer");
    assert_str(
        CORE_TEXT(f, "SELECT actor || ' ' || action || ' ' || detail FROM audit ORDER BY id"),
        "alice package.offer to bob, bob package.offer_end declined, "
        "alice package.offer to bob, alice package.offer_end withdrawn");
    assert_str(CORE_TEXT(f, OWNERS_OF_X), "alice");
}

static void an_offer_ends_after_a_month(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    int64_t id = offer(f, &s.alice, "alice", "bob"), again;
    struct transfer_view view;

    CORE_CHANGE(f,
                "UPDATE transfer SET created_ms = created_ms - 1 - 30 * CAST(86400000 AS BIGINT)");
    must_fail(f, accept(f, &s.bob, id), ERR_NOT_FOUND, "there is no offer");
    must(f, transfer_view(&f->app, f->mem, &s.bob, &view, &f->err));
    assert_int_equal(view.incoming.count, 0);
    (void)core_user(f, "carl");
    again = offer(f, &s.alice, "alice", "carl"); /* nothing is in the way */
    assert_int_not_equal(again, id);
}

/* Who could give it away when he offered it, and cannot any more. */
static void an_offer_holds_no_longer_than_the_right_to_it(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    struct actor adam = core_user(f, "adam");
    const struct group_entry entry = {S("acme"), S("admins"), S("adam")};
    struct transfer_result ret;
    int64_t id;

    must(f, give(f, &s.alice, "alice", "acme", &ret));
    admit(f, &s.alice, "admins", "admin", "adam", true);
    id = offer(f, &adam, "acme", "bob");
    must(f, group_dismiss(&f->app, f->mem, &s.alice, &entry, &f->err));
    must_fail(f, accept(f, &s.bob, id), ERR_CONFLICT,
              "the offer does not hold: \"adam\" may not give \"acme/x\" away any more");
    must(f, group_admit(&f->app, f->mem, &s.alice, &entry, &f->err));
    CORE_CHANGE(f, "UPDATE account SET suspended_ms = 5 WHERE login = 'adam'");
    must_fail(f, accept(f, &s.bob, id), ERR_CONFLICT, "the offer does not hold");
    CORE_CHANGE(f, "UPDATE account SET suspended_ms = 0 WHERE login = 'adam'");
    CORE_CHANGE(f, "DELETE FROM notification");
    must(f, accept(f, &s.bob, id));
    assert_str(CORE_TEXT(f, "SELECT a.login FROM notification n JOIN account a "
                            "ON a.id = n.account_id ORDER BY a.login"),
               "adam, alice");
    assert_str(CORE_TEXT(f, OWNERS_OF_X), "bob");
}

/* Whoever may create packages in it accepts for an organization; its owners are told. */
static void an_organization_accepts_by_its_people(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    struct actor mary = core_user(f, "mary"), will = core_user(f, "will");
    struct transfer_result ret;
    struct transfer_view view;
    int64_t id;

    admit(f, &s.alice, "readers", "read", "mary", true);
    admit(f, &s.alice, "writers", "write", "will", true);
    CORE_CHANGE(f, "DELETE FROM notification");
    CORE_CHANGE(f, "UPDATE account SET package_creators = 'owners' WHERE login = 'acme'");
    core_publish(f, &s.bob, &tiny);
    id = offer(f, &s.bob, "bob", "acme");
    assert_str(CORE_TEXT(f, NOTICES),
               "alice package_offered "
               "{\"by\":\"bob\",\"owner\":\"bob\",\"package\":\"x\",\"target\":\"acme\"}");
    must(f, transfer_view(&f->app, f->mem, &will, &view, &f->err));
    assert_int_equal(view.incoming.count, 0);
    must_fail(f, accept(f, &will, id), ERR_NOT_FOUND, "there is no offer");
    CORE_CHANGE(f, "UPDATE account SET package_creators = 'writers' WHERE login = 'acme'");
    must_fail(f, accept(f, &mary, id), ERR_NOT_FOUND, "there is no offer");
    must(f, transfer_view(&f->app, f->mem, &will, &view, &f->err));
    assert_int_equal(view.incoming.count, 1);
    must(f, transfer_accept(&f->app, f->mem, &will, id, &ret, &f->err));
    assert_str(ret.owner, "bob");
    assert_str(ret.target, "acme");
    assert_true(core_listed(f, "acme", "main", "noarch", FILENAME));
    assert_true(core_listed(f, "alice", "main", "noarch", FILENAME)); /* hers is another */
}

/* ---- what is in the way ---- */

static void it_is_refused_with_the_reason(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    struct transfer_result ret;
    struct str rows;

    core_publish(f, &s.bob, &tiny);
    (void)core_user(f, "carl");
    (void)offer(f, &s.bob, "bob", "carl");
    rows = core_rows(f);
    must_fail(f, give(f, &s.alice, "alice", "alice", &ret), ERR_CONFLICT,
              "\"alice/x\" is \"alice\"'s already");
    must_fail(f, give(f, &s.alice, "alice", "nobody", &ret), ERR_UNPROCESSABLE,
              "there is no account \"nobody\"");
    assert_string_equal(f->err.field, "to");
    must_fail(f, give(f, &s.bob, "bob", "alice", &ret), ERR_CONFLICT,
              "\"bob/x\" is offered to \"carl\": withdraw that offer first");
    must_fail(
        f, transfer_package(&f->app, f->mem, &s.alice, S("alice"), S("y"), S("bob"), &ret, &f->err),
        ERR_NOT_FOUND, "there is no package \"alice/y\"");
    assert_true(str_eq(core_rows(f), rows));
}

static void a_package_of_that_name_is_in_the_way(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    struct file_row there = core_publish(f, &s.bob, &tiny);
    int64_t id = offer(f, &s.alice, "alice", "bob");
    struct str rows = core_rows(f);

    (void)there;
    must_fail(f, accept(f, &s.bob, id), ERR_CONFLICT,
              "\"alice/x\" cannot be transferred to \"bob\": it has a package \"x\"");
    assert_true(str_eq(core_rows(f), rows));
    must(f, package_remove(&f->app, f->mem, &s.bob, S("bob"), S("x"), &f->err));
    must(f, accept(f, &s.bob, id)); /* the removed file had the same bytes */
}

/* Sends the source distribution of my-pkg under a spelling of its name. */
static void publish_sdist(struct core *f, const struct actor *who, const char *package,
                          const char *version)
{
    const char *info =
        str_fmt(f->mem, "Metadata-Version: 2.1\nName: my-pkg\nVersion: %s\n", version).ptr;
    struct str bytes =
        make_gzip(f->mem, MAKE_TAR(f->mem, {.name = "d/PKG-INFO", .data = str_of(info)}));
    struct str basename = str_fmt(f->mem, "my_pkg-%s.tar.gz", version);
    const struct file_path path = {who->login, str_of(package), str_of(version), basename};
    const struct stage_request req = {.type = S("pypi")};
    struct staged staged;
    struct file_row file;

    core_release(f, who, &path);
    must(f, publish_stage(&f->app, f->mem, who, &path, &req, &staged, &f->err));
    must(f, core_send(f, staged.ticket, bytes));
    must(f, publish_commit(&f->app, f->mem, who, &path, staged.dist_id, &file, &f->err));
}

/* pip would find the files of both under one name. */
static void a_project_that_clients_take_for_the_same_is_in_the_way(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    struct transfer_result ret;

    publish_sdist(f, &s.alice, "my-pkg", "1.0");
    publish_sdist(f, &s.bob, "my_pkg", "2.0");
    must(f, transfer_package(&f->app, f->mem, &s.alice, S("alice"), S("my-pkg"), S("bob"), &ret,
                             &f->err));
    must_fail(f, accept(f, &s.bob, ret.offer_id), ERR_CONFLICT,
              "another package there has files of what clients take for the same project, "
              "\"my-pkg\"");
    must(f, package_remove(&f->app, f->mem, &s.bob, S("bob"), S("my_pkg"), &f->err));
    must(f, accept(f, &s.bob, ret.offer_id));
    assert_str(CORE_TEXT(f, "SELECT a.login || '/' || f.name_key FROM file f JOIN account a "
                            "ON a.id = f.account_id WHERE f.type = 'pypi'"),
               "bob/my-pkg/my_pkg-1.0.tar.gz");
}

static void the_name_of_a_removed_file_is_in_the_way(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    struct core_spec other = {"x", "1.0", "0", "noarch", NULL, NULL, "other bytes"};
    int64_t id;

    f->config.reuse_removed_names = false;
    core_publish(f, &s.bob, &other);
    must(f, package_remove(&f->app, f->mem, &s.bob, S("bob"), S("x"), &f->err));
    id = offer(f, &s.alice, "alice", "bob");
    must_fail(f, accept(f, &s.bob, id), ERR_CONFLICT,
              "a removed file with other content stays reserved there, by the name "
              "\"noarch/" FILENAME "\"");
    f->config.reuse_removed_names = true;
    must(f, accept(f, &s.bob, id));
}

static void a_locked_label_is_in_the_way_on_both_sides(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    struct core_spec unrelated = {"y", "1.0", "0", "noarch", NULL, NULL, NULL};
    struct transfer_result ret;

    CORE_CHANGE(f, "UPDATE label SET locked = 1");
    must_fail(f, give(f, &s.alice, "alice", "acme", &ret), ERR_DENIED,
              "its files have a label that is locked, \"main\"");
    core_publish(f, &s.bob, &unrelated); /* whose main is another */
    CORE_CHANGE(f, "UPDATE label SET locked = 1 - locked");
    must_fail(f, accept(f, &s.bob, offer(f, &s.alice, "alice", "bob")), ERR_DENIED,
              "its files have a label that is locked there, \"main\"");
}

static void offers_have_an_end(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    struct transfer_result ret;

    for (int i = 0; i < TRANSFER_OFFERS_MAX; i++) {
        struct str name = str_fmt(f->mem, "p%d", i);
        struct package_row package;

        must(f, package_create(&f->app, f->mem, &s.alice, S("alice"), name, S(""), NULL, &package,
                               &f->err));
        must(f, transfer_package(&f->app, f->mem, &s.alice, S("alice"), name, S("bob"), &ret,
                                 &f->err));
    }
    must_fail(f, give(f, &s.alice, "alice", "bob", &ret), ERR_CONFLICT,
              "\"alice\" has offered 100 packages that nobody has accepted yet");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(it_goes_at_once_where_its_giver_may_create_packages),
        WITH_INSPECTOR(nothing_is_left_where_it_was),
        WITH_INSPECTOR(labels_go_along),
        WITH_INSPECTOR(its_names_stay_reserved_and_it_can_come_back),
        WITH_INSPECTOR(uploads_under_way_are_dropped),
        WITH_INSPECTOR(what_is_known_of_it_stays),
        WITH_INSPECTOR(rights_of_the_owner_s_people_end_and_those_of_guests_stay),
        WITH_INSPECTOR(its_trash_goes_along_and_comes_back),
        WITH_INSPECTOR(it_takes_room_where_it_goes),
        WITH_INSPECTOR(to_others_it_is_offered),
        WITH_INSPECTOR(an_offer_is_for_nobody_else),
        WITH_INSPECTOR(it_can_be_declined_and_withdrawn),
        WITH_INSPECTOR(an_offer_ends_after_a_month),
        WITH_INSPECTOR(an_offer_holds_no_longer_than_the_right_to_it),
        WITH_INSPECTOR(an_organization_accepts_by_its_people),
        WITH_INSPECTOR(it_is_refused_with_the_reason),
        WITH_INSPECTOR(a_package_of_that_name_is_in_the_way),
        WITH_INSPECTOR(a_project_that_clients_take_for_the_same_is_in_the_way),
        WITH_INSPECTOR(the_name_of_a_removed_file_is_in_the_way),
        WITH_INSPECTOR(a_locked_label_is_in_the_way_on_both_sides),
        WITH_INSPECTOR(offers_have_an_end),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
