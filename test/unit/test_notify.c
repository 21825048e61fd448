/* Notices: what they say, and who reads them. */
#include "core_fixture.h"

#include "core/notify.h"

static void tell(struct core *f, const struct actor *by, const struct actor *whom,
                 const struct notice *notice)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_WRITE);

    must(f, notify(tx, f->mem, by, whom->account_id, notice, &f->err));
    must(f, tx_commit(&tx, &f->err));
}

static void a_notice_says_who_did_what_to_whom(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    const struct notice group = {"added_to_group", .owner = S("acme"), .group = S("devs")},
                        package = {"made_collaborator", .owner = S("acme"), .package = S("x")};

    tell(f, &alice, &bob, &group);
    tell(f, &bob, &bob, &group); /* knows it */
    tell(f, &alice, &bob, &package);
    assert_str(CORE_TEXT(f, "SELECT a.login || ' ' || n.kind || ' ' || n.parameters FROM "
                            "notification n JOIN account a ON a.id = n.account_id ORDER BY n.id"),
               "bob added_to_group {\"by\":\"alice\",\"group\":\"devs\",\"owner\":\"acme\"}, "
               "bob made_collaborator {\"by\":\"alice\",\"owner\":\"acme\",\"package\":\"x\"}");
}

static void reading_touches_the_reader_s_own_and_no_cache(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    const struct notice notice = {"made_owner", .owner = S("acme")};
    int64_t ids[2];
    uint64_t before;

    tell(f, &alice, &bob, &notice);
    tell(f, &bob, &alice, &notice);
    tell(f, &alice, &bob, &notice);
    ids[0] = CORE_NUMBER(f, "SELECT MIN(id) FROM notification");
    ids[1] = ids[0] + 1; /* of alice */
    before = db_generation(f->app.db);
    must(f, notify_mark_read(&f->app, &bob, ids, 2, &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM notification WHERE read_ms > 0"), 1);
    must(f, notify_mark_read(&f->app, &bob, NULL, 0, &f->err));
    must(f, notify_mark_read(&f->app, &bob, NULL, 0, &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM notification WHERE read_ms > 0"), 2);
    assert_int_equal(db_generation(f->app.db), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(a_notice_says_who_did_what_to_whom),
        WITH_CORE(reading_touches_the_reader_s_own_and_no_cache),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
