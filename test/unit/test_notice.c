/* What channels tell: which words are good, what follows on what, and what is on record. */
#include "core_fixture.h"

#include "base/clock.h"
#include "core/notice.h"
#include "index/conda_notices.h"

#define LATER "2999-01-01T00:00:00+00:00"

static enum err_code create(struct core *f, const struct actor *who, const struct notice_change *in,
                            struct notice_row *ret)
{
    f->err = (struct err){0};
    return notice_create(&f->app, f->mem, who, S("alice"), in, ret, &f->err);
}

static enum err_code edit(struct core *f, const struct actor *who, struct str uuid,
                          const struct notice_change *in, struct notice_row *ret)
{
    f->err = (struct err){0};
    return notice_edit(&f->app, f->mem, who, S("alice"), uuid, in, ret, &f->err);
}

static struct notice_row make(struct core *f, const struct actor *who, const char *message)
{
    const struct notice_change in = {.message = str_of(message), .expires_at = S(LATER)};
    struct notice_row row = {0};

    must(f, create(f, who, &in, &row));
    return row;
}

static struct str all_notices(struct core *f)
{
    return CORE_TEXT(f, "SELECT status || ' ' || level || ' ' || message FROM channel_notice "
                        "ORDER BY id");
}

static struct str records(struct core *f)
{
    return CORE_TEXT(f, "SELECT actor || ' ' || substr(action, 8) || ' ' || detail FROM audit "
                        "WHERE action LIKE 'notice.%' ORDER BY id");
}

static void one_is_a_draft_of_level_info_until_told_otherwise(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct notice_change loud = {S("Fire\nsale."), S("critical"), S("2999-01-01"),
                                       S("published")};
    struct notice_row row = make(f, &alice, "Hi."), other = {0};

    assert_str(row.status, "draft");
    assert_str(row.level, "info");
    assert_str(row.message, "Hi.");
    assert_int_equal(row.uuid.len, 36);
    assert_int_equal(row.expires_ms, INT64_C(32472144000000));
    assert_true(row.created_ms > INT64_C(1700000000000));
    assert_int_equal(row.updated_ms, row.created_ms);
    must(f, create(f, &alice, &loud, &other));
    assert_str(other.status, "published");
    assert_int_equal(other.expires_ms, INT64_C(32472144000000));
    assert_str(all_notices(f), "draft info Hi., published critical Fire\nsale.");
    assert_str(records(f), "alice create draft, alice create published");
    assert_str(CORE_TEXT(f, "SELECT object FROM audit WHERE detail = 'draft'"),
               str_fmt(f->mem, "alice/notices/" STR_FMT, STR_ARG(row.uuid)).ptr);
}

static void each_value_is_judged(void **state)
{
    const struct {
        struct notice_change in;
        const char *field, *says;
    } bad[] = {
        {{.message = S(" \n ")}, "message", "the message is empty"},
        {{.message = S("a\x1b[2J")}, "message", "control character"},
        {{.message = S("a\tb")}, "message", "control character"},
        {{.message = S("a\x7f")}, "message", "control character"},
        {{.message = S("\xc2\x9b"
                       "2J")},
         "message",
         "control character"},
        {{.level = S("loud")}, "level", "\"info\", \"warning\" or \"critical\", not \"loud\""},
        {{.expires_at = S("soon")}, "expires_at", "2026-09-01T12:00:00Z, not \"soon\""},
        {{.expires_at = S("2999-01-01T00:00:00")}, "expires_at", "expires_at is a moment as"},
        {{.expires_at = S("2020-01-01T00:00:00Z")}, "expires_at", "is past"},
        {{.status = S("deleted")}, "status", "\"published\" or \"archived\", not \"deleted\""},
    };
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct notice_row row = make(f, &alice, "Hi."), same = {.id = 77};
    struct str all = core_rows(f);

    for (size_t i = 0; i < COUNT(bad); i++) {
        must_fail(f, edit(f, &alice, row.uuid, &bad[i].in, &same), ERR_UNPROCESSABLE, bad[i].says);
        assert_string_equal(f->err.field, bad[i].field);
    }
    must_fail(f, create(f, &alice, &(struct notice_change){.expires_at = S(LATER)}, &same),
              ERR_UNPROCESSABLE, "needs a message");
    assert_string_equal(f->err.field, "message");
    must_fail(f, create(f, &alice, &(struct notice_change){.message = S("a")}, &same),
              ERR_UNPROCESSABLE, "needs a moment at which it ends");
    assert_string_equal(f->err.field, "expires_at");
    must_fail(f,
              create(f, &alice,
                     &(struct notice_change){
                         .message = S("a"), .expires_at = S(LATER), .status = S("archived")},
                     &same),
              ERR_UNPROCESSABLE, "\"published\" or \"draft\", not \"archived\"");
    must_fail(f,
              notice_create(&f->app, f->mem, &alice, S("nobody"),
                            &(struct notice_change){.message = S("a"), .expires_at = S(LATER)},
                            &same, &f->err),
              ERR_NOT_FOUND, "there is no account \"nobody\"");
    assert_int_equal(same.id, 77);
    assert_true(str_eq(core_rows(f), all));
}

/* Clients count them so, too. */
static void a_message_has_600_characters_at_most_however_long_each_is(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct notice_row row = make(f, &alice, "Hi.");
    char text[4 * (NOTICE_MESSAGE_MAX + 1)];
    struct notice_change in = {.message = {text, 4 * (size_t)NOTICE_MESSAGE_MAX}};

    for (size_t i = 0; i < sizeof text; i += 4)
        memcpy(text + i, "\xf0\x9f\x98\x80", 4);
    must(f, edit(f, &alice, row.uuid, &in, &row));
    assert_true(str_eq(row.message, in.message));
    in.message.len += 4;
    must_fail(f, edit(f, &alice, row.uuid, &in, &row), ERR_UNPROCESSABLE,
              "the message has 601 characters; 600 are possible");
}

static void published_and_archived_follow_each_other(void **state)
{
    const struct notice_change publish = {.status = S("published")},
                               archive = {.status = S("archived")};
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct notice_row row = make(f, &alice, "Hi.");
    struct str all;

    must_fail(f, edit(f, &alice, row.uuid, &archive, &row), ERR_CONFLICT,
              "a draft cannot be archived");
    must(f, edit(f, &alice, row.uuid, &publish, &row));
    assert_str(row.status, "published");
    all = core_rows(f);
    must(f, edit(f, &alice, row.uuid, &publish, &row)); /* again: nothing is written */
    assert_true(str_eq(core_rows(f), all));
    must(f, edit(f, &alice, row.uuid, &archive, &row));
    assert_str(row.status, "archived");
    must(f, edit(f, &alice, row.uuid,
                 &(struct notice_change){S("Ho."), S("warning"), S("2998-01-01"), S("published")},
                 &row));
    must(f, edit(f, &alice, row.uuid, &(struct notice_change){.level = S("info")}, &row));
    assert_str(all_notices(f), "published info Ho.");
    assert_str(records(f), "alice create draft, alice publish , alice archive , "
                           "alice publish message, level, expires_at, alice change level");
}

static void what_has_ended_needs_a_later_end_to_be_published(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct notice_row row = make(f, &alice, "Hi.");
    struct notice_change in = {.status = S("published")};

    CORE_CHANGE(f, "UPDATE channel_notice SET expires_ms = 1788264000000 - 31536000000");
    must_fail(f, edit(f, &alice, row.uuid, &in, &row), ERR_UNPROCESSABLE,
              "has ended, at 2025-09-01T12:00:00+00:00: give it a later end");
    assert_string_equal(f->err.field, "expires_at");
    in.expires_at = S(LATER);
    must(f, edit(f, &alice, row.uuid, &in, &row));
    assert_str(row.status, "published");
}

static void what_is_deleted_is_gone_for_all_that_change(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct notice_row row = make(f, &alice, "Hi.");
    const char *says =
        str_fmt(f->mem, "there is no notice \"" STR_FMT "\" of \"alice\"", STR_ARG(row.uuid)).ptr;

    must_fail(f, notice_delete(&f->app, f->mem, &bob, S("bob"), row.uuid, &f->err), ERR_NOT_FOUND,
              "of \"bob\"");
    must(f, notice_delete(&f->app, f->mem, &alice, S("alice"), row.uuid, &f->err));
    must_fail(f, notice_delete(&f->app, f->mem, &alice, S("alice"), row.uuid, &f->err),
              ERR_NOT_FOUND, says);
    must_fail(f, edit(f, &alice, row.uuid, &(struct notice_change){.status = S("published")}, &row),
              ERR_NOT_FOUND, says);
    assert_str(all_notices(f), "deleted info Hi.");
    assert_str(records(f), "alice create draft, alice delete ");
}

static void an_account_has_so_many_and_room_where_one_is_deleted(void **state)
{
    const struct notice_change in = {.message = S("more"), .expires_at = S(LATER)};
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct notice_row row = {0};

    for (int i = 0; i < CONDA_NOTICES_MAX; i++)
        row = make(f, &alice, "Hi.");
    must_fail(f, create(f, &alice, &in, &row), ERR_CONFLICT,
              "\"alice\" has 100 notices already, which is the most");
    must(f, notice_create(&f->app, f->mem, &bob, S("bob"), &in, &(struct notice_row){0}, &f->err));
    must(f, notice_delete(&f->app, f->mem, &alice, S("alice"), row.uuid, &f->err));
    must(f, create(f, &alice, &in, &row));
}

/* A draft empties no cache, on this node or another. */
static void only_what_clients_are_given_moves_the_generation(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    uint64_t before = db_generation(f->app.db);
    struct notice_row row = make(f, &alice, "Hi.");

    must(f, edit(f, &alice, row.uuid, &(struct notice_change){.message = S("Ho.")}, &row));
    assert_int_equal(db_generation(f->app.db), before);
    must(f, edit(f, &alice, row.uuid, &(struct notice_change){.status = S("published")}, &row));
    assert_int_not_equal(db_generation(f->app.db), before);
    before = db_generation(f->app.db);
    must(f, edit(f, &alice, row.uuid, &(struct notice_change){.message = S("Hu.")}, &row));
    assert_int_not_equal(db_generation(f->app.db), before);
    before = db_generation(f->app.db);
    must(f, notice_delete(&f->app, f->mem, &alice, S("alice"), row.uuid, &f->err));
    assert_int_not_equal(db_generation(f->app.db), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(one_is_a_draft_of_level_info_until_told_otherwise),
        WITH_CORE(each_value_is_judged),
        WITH_CORE(a_message_has_600_characters_at_most_however_long_each_is),
        WITH_CORE(published_and_archived_follow_each_other),
        WITH_CORE(what_has_ended_needs_a_later_end_to_be_published),
        WITH_CORE(what_is_deleted_is_gone_for_all_that_change),
        WITH_CORE(an_account_has_so_many_and_room_where_one_is_deleted),
        WITH_CORE(only_what_clients_are_given_moves_the_generation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
