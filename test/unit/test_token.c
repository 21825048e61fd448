/* Access tokens, from making to revoking. */
#include "core_fixture.h"

#include "base/clock.h"
#include "core/organization.h"
#include "core/token.h"

#define DAY_MS (INT64_C(86400) * 1000)

static enum err_code create(struct core *f, const struct actor *actor, const char *name,
                            bool replace, struct str *ret)
{
    struct token_request req = {.name = str_of(name), .replace = replace};

    return token_create(&f->app, f->mem, actor, &req, ret, &f->err);
}

static struct str created(struct core *f, const struct actor *actor, const char *name)
{
    struct str token = {0};

    must(f, create(f, actor, name, false, &token));
    return token;
}

static enum err_code identify(struct core *f, struct str token, struct actor *ret)
{
    int64_t expires_ms;

    return token_identify(&f->app, f->mem, token, S("192.0.2.7"), ret, &expires_ms, &f->err);
}

/* ---- the form -------------------------------------------------------------------------------- */

static void a_made_token_looks_right_and_no_changed_one_does(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct str token = created(f, &alice, "ci");

    assert_int_equal(token.len, TOKEN_LEN);
    assert_true(str_starts(token, S("tr-")));
    assert_true(token_looks_right(token));
    for (size_t i = 0; i < token.len; i++) {
        struct str copy = str_dup(f->mem, token);
        char *c = str_z(f->mem, copy);

        c[i] = c[i] == 'x' ? 'y' : 'x';
        if (token_looks_right((struct str){c, TOKEN_LEN}))
            print_error("with byte %zu changed\n", i);
        assert_false(token_looks_right((struct str){c, TOKEN_LEN}));
    }
    assert_false(token_looks_right(str_sub(token, 0, TOKEN_LEN - 1)));
    assert_false(token_looks_right(str_fmt(f->mem, STR_FMT "0", STR_ARG(token))));
    assert_false(token_looks_right(S("")));
}

static void the_checksum_is_the_documented_one(void **state)
{
    (void)state;
    /* crc32 of forty letters A in base 62, most significant digit first */
    assert_true(token_looks_right(S("tr-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA0mipaC")));
    assert_false(token_looks_right(S("tr-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA000000")));
    /* Right but for the alphabet: conda would cut it in a URL. */
    assert_false(token_looks_right(S("tr-/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA1VFteq")));
}

/* ---- making ---------------------------------------------------------------------------------- */

static void a_token_is_stored_as_its_hash_alone(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct str token = created(f, &alice, "ci");

    assert_int_equal(CORE_NUMBER(f, "SELECT length(hash) FROM token"), 32);
    assert_true(str_eq(core_sha256(f, token), CORE_HEX(f, "SELECT hash FROM token")));
    assert_str(CORE_TEXT(f, "SELECT action || ' ' || object FROM audit ORDER BY id DESC LIMIT 1"),
               "token.create ci");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM audit"), 1);
}

static void the_holder_of_a_token_is_its_account(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), got = {0};
    const struct str scopes[] = {S("conda"), S("api:read")};
    struct token_request req = {.name = S("ci"), .scopes = scopes, .scope_count = 2};
    struct str token;

    (void)core_user(f, "bob");
    must(f, token_create(&f->app, f->mem, &alice, &req, &token, &f->err));
    must(f, identify(f, token, &got));
    assert_int_equal(got.account_id, alice.account_id);
    assert_str(got.login, "alice");
    assert_false(got.superuser);
    assert_true(got.token_id > 0);
    assert_int_equal(got.session_id, 0);
    assert_str(got.token_name, "ci");
    assert_str(got.scopes, "api:read conda");
}

static void bad_requests_are_refused_by_field(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct str unknown[] = {S("everything")};
    char longest[202];
    struct str token;
    struct token_request negative = {.name = S("ci"), .max_age_seconds = -1},
                         scopes = {.name = S("ci"), .scopes = unknown, .scope_count = 1};

    must_fail(f, create(f, &alice, "", false, &token), ERR_UNPROCESSABLE, "needs a name");
    assert_string_equal(f->err.field, "note");
    must_fail(f, create(f, &alice, "two\nlines", false, &token), ERR_UNPROCESSABLE, "needs a name");
    memset(longest, 'n', 201);
    longest[201] = '\0';
    must_fail(f, create(f, &alice, longest, false, &token), ERR_UNPROCESSABLE, "1 to 200");
    longest[200] = '\0';
    must(f, create(f, &alice, longest, false, &token));
    must_fail(f, token_create(&f->app, f->mem, &alice, &negative, &token, &f->err),
              ERR_UNPROCESSABLE, "max-age is -1");
    assert_string_equal(f->err.field, "max-age");
    must_fail(f, token_create(&f->app, f->mem, &alice, &scopes, &token, &f->err), ERR_UNPROCESSABLE,
              "\"everything\"");
    assert_string_equal(f->err.field, "scopes");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM token"), 1);
}

static void a_name_that_exists_is_refused_or_replaced(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob"), got;
    struct str first = created(f, &alice, "ci"), second, of_bob;

    must_fail(f, create(f, &alice, "ci", false, &second), ERR_CONFLICT,
              "a token named \"ci\" exists already");
    must(f, identify(f, first, &got));
    of_bob = created(f, &bob, "ci"); /* names are unique within an account */
    must(f, create(f, &alice, "ci", true, &second));
    must_fail(f, identify(f, first, &got), ERR_UNAUTHENTICATED, "unknown, revoked or expired");
    must(f, identify(f, second, &got));
    must(f, identify(f, of_bob, &got));
    must(f, create(f, &alice, "fresh", true, &second)); /* nothing to replace is fine */
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM token"), 3);
}

static void a_long_host_name_is_cut_between_characters(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    char hostname[202];
    struct token_request req = {.name = S("ci"), .hostname = {hostname, 201}};
    struct str token;

    memset(hostname, 'h', sizeof(hostname));
    memcpy(hostname + 199, "\xc3\xa4", 2);
    must(f, token_create(&f->app, f->mem, &alice, &req, &token, &f->err));
    assert_int_equal(CORE_TEXT(f, "SELECT hostname FROM token").len, 199);
}

/* ---- ending ---------------------------------------------------------------------------------- */

static int64_t life_ms(struct core *f, int64_t max_age_seconds)
{
    struct actor alice = {.account_id = 1, .login = S("alice")};
    struct token_request req = {
        .name = S("age"), .max_age_seconds = max_age_seconds, .replace = true};
    struct str token;

    must(f, token_create(&f->app, f->mem, &alice, &req, &token, &f->err));
    return CORE_NUMBER(f, "SELECT expires_ms - created_ms FROM token");
}

static void a_token_lives_as_long_as_asked_or_as_the_setting_says(void **state)
{
    struct core *f = *state;

    (void)core_user(f, "alice");
    f->config.token_days = 30;
    assert_int_equal(life_ms(f, 0), 30 * DAY_MS);
    assert_int_equal(life_ms(f, 1), 1000);
    assert_int_equal(life_ms(f, 86400 * 400), 400 * DAY_MS);
    assert_int_equal(life_ms(f, INT64_MAX), 30 * DAY_MS); /* no overflow, no eternity */
}

static void an_expired_token_is_refused(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), got;
    struct str token = created(f, &alice, "ci");

    must(f, identify(f, token, &got));
    CORE_CHANGE(f, "UPDATE token SET expires_ms = 1");
    must_fail(f, identify(f, token, &got), ERR_UNAUTHENTICATED, "unknown, revoked or expired");
    CORE_CHANGE(f, "UPDATE token SET expires_ms = 0"); /* never */
    must(f, identify(f, token, &got));
}

static void an_unknown_token_is_refused(void **state)
{
    struct core *f = *state;
    struct actor got;

    must_fail(f, identify(f, S("tr-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA0mipaC"), &got),
              ERR_UNAUTHENTICATED, "unknown, revoked or expired");
    must_fail(f, identify(f, S("nonsense"), &got), ERR_UNAUTHENTICATED,
              "unknown, revoked or expired");
}

static void a_revoked_token_is_dead_and_the_generation_moves(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), got;
    struct str token = created(f, &alice, "ci");
    uint64_t before = db_generation(f->app.db);

    must(f, identify(f, token, &got));
    assert_int_equal(db_generation(f->app.db), before);
    must(f, token_revoke_own(&f->app, &got, &f->err));
    assert_true(db_generation(f->app.db) > before);
    must_fail(f, identify(f, token, &got), ERR_UNAUTHENTICATED, "revoked");
    assert_str(CORE_TEXT(f, "SELECT action || ' ' || object || ' ' || token_name FROM audit "
                            "WHERE action <> 'token.refused' ORDER BY id DESC LIMIT 1"),
               "token.delete ci ci");
}

static void only_a_token_can_revoke_itself(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    must_fail(f, token_revoke_own(&f->app, &alice, &f->err), ERR_UNAUTHENTICATED,
              "no access token was sent");
}

static void revoking_by_name_finds_own_tokens_only(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob"), got;
    struct str token = created(f, &alice, "ci");

    must_fail(f, token_revoke_named(&f->app, f->mem, &bob, S(""), S("ci"), &f->err), ERR_NOT_FOUND,
              "there is no token named \"ci\"");
    must(f, identify(f, token, &got));
    must(f, token_revoke_named(&f->app, f->mem, &alice, S(""), S("ci"), &f->err));
    must_fail(f, identify(f, token, &got), ERR_UNAUTHENTICATED, "revoked");
    must_fail(f, token_revoke_named(&f->app, f->mem, &alice, S(""), S("ci"), &f->err),
              ERR_NOT_FOUND, "\"ci\"");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM audit WHERE action = 'token.delete'"), 1);
}

/* ---- afterwards ------------------------------------------------------------------------------ */

#define REFUSALS                                                                                   \
    "SELECT actor || ' ' || token_name || ' ' || remote || ' ' || object || ' ' || detail "        \
    "FROM audit WHERE action = 'token.refused' ORDER BY id"

static void a_revoked_token_is_recognised_and_its_name_is_free(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), got;
    struct str first = created(f, &alice, "ci"), second;
    struct tx *writer;
    uint64_t before;

    must(f, token_revoke_named(&f->app, f->mem, &alice, S(""), S("ci"), &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM token"), 0);
    assert_true(str_eq(CORE_HEX(f, "SELECT hash FROM revoked_token"), core_sha256(f, first)));
    second = created(f, &alice, "ci");
    before = db_generation(f->app.db);
    must_fail(f, identify(f, first, &got), ERR_UNAUTHENTICATED,
              "the access token is unknown, revoked or expired");
    assert_str(CORE_TEXT(f, REFUSALS), "alice ci 192.0.2.7 ci revoked");
    assert_int_equal(db_generation(f->app.db), before);
    must(f, identify(f, second, &got));
    must_fail(f, identify(f, first, &got), ERR_UNAUTHENTICATED,
              "unknown"); /* again: no second row */
    assert_str(CORE_TEXT(f, REFUSALS), "alice ci 192.0.2.7 ci revoked");
    /* Nor does it wait for its turn to write. */
    writer = core_begin(f, TX_WRITE);
    must_fail(f, identify(f, first, &got), ERR_UNAUTHENTICATED, "unknown");
    tx_endp(&writer);
    CORE_CHANGE(f, "UPDATE revoked_token SET refused_ms = refused_ms - 3600000");
    must_fail(f, identify(f, first, &got), ERR_UNAUTHENTICATED, "unknown");
    assert_str(CORE_TEXT(f, REFUSALS),
               "alice ci 192.0.2.7 ci revoked, alice ci 192.0.2.7 ci revoked");
}

static void the_use_of_an_expired_token_goes_on_record(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), got;
    struct str token = created(f, &alice, "ci");
    uint64_t before;

    CORE_CHANGE(f, "UPDATE token SET expires_ms = 1");
    before = db_generation(f->app.db);
    for (int i = 0; i < 3; i++)
        must_fail(f, identify(f, token, &got), ERR_UNAUTHENTICATED,
                  "the access token is unknown, revoked or expired");
    assert_str(CORE_TEXT(f, REFUSALS), "alice ci 192.0.2.7 ci expired");
    assert_int_equal(db_generation(f->app.db), before);
    CORE_CHANGE(f, "UPDATE token SET refused_ms = refused_ms - 3600000");
    must_fail(f, identify(f, token, &got), ERR_UNAUTHENTICATED, "expired");
    assert_str(CORE_TEXT(f, REFUSALS),
               "alice ci 192.0.2.7 ci expired, alice ci 192.0.2.7 ci expired");
    /* Revoked after that, it is one more token that somebody still has. */
    must(f, token_revoke_named(&f->app, f->mem, &alice, S(""), S("ci"), &f->err));
    must_fail(f, identify(f, token, &got), ERR_UNAUTHENTICATED, "revoked");
    assert_str(CORE_TEXT(f, "SELECT detail FROM audit WHERE action = 'token.refused' "
                            "ORDER BY id DESC LIMIT 1"),
               "revoked");
}

static void a_replaced_token_is_a_revoked_one(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), got;
    struct str first = created(f, &alice, "cli"), second;

    must(f, create(f, &alice, "cli", true, &second));
    must_fail(f, identify(f, first, &got), ERR_UNAUTHENTICATED, "revoked");
    assert_str(CORE_TEXT(f, REFUSALS), "alice cli 192.0.2.7 cli revoked");
}

static void what_was_never_a_token_leaves_nothing(void **state)
{
    struct core *f = *state;
    struct actor got;

    must_fail(f, identify(f, S("tr-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA0mipaC"), &got),
              ERR_UNAUTHENTICATED, "the access token is unknown, revoked or expired");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM audit"), 0);
}

static void revoked_tokens_are_forgotten_after_ninety_days(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    bool any = true;
    uint64_t before;
    struct tx *tx;

    for (int i = 0; i < 3; i++) {
        (void)created(f, &alice, "ci");
        must(f, token_revoke_named(&f->app, f->mem, &alice, S(""), S("ci"), &f->err));
    }
    CORE_CHANGE(f, "UPDATE revoked_token SET revoked_ms = id");
    before = db_generation(f->app.db);
    tx = core_begin(f, TX_READ);
    must(f, token_any_forgotten(tx, TOKEN_KEEP_MS, &any, &f->err));
    assert_false(any);
    must(f, token_any_forgotten(tx, TOKEN_KEEP_MS + 1, &any, &f->err));
    assert_true(any);
    tx_endp(&tx);
    must(f, token_sweep_forgotten(&f->app, TOKEN_KEEP_MS + 2, &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT MIN(id) FROM revoked_token"), 3);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM revoked_token"), 1);
    assert_int_equal(db_generation(f->app.db), before);
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void limits_are_kept_and_told(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), got;
    const struct str package = S("alice/tool"), label = S("dev"), scope = S("conda:upload");
    const struct token_request req = {.name = S("ci"),
                                      .scopes = &scope,
                                      .scope_count = 1,
                                      .limits = {&package, 1, &label, 1, S("")}},
                               wrong = {.name = S("x"), .limits = {&label, 1, NULL, 0, S("")}};
    struct str token;

    must(f, token_create(&f->app, f->mem, &alice, &req, &token, &f->err));
    must(f, identify(f, token, &got));
    assert_str(got.limits, "package:alice/tool label:dev");
    assert_str(CORE_TEXT(f, "SELECT detail FROM audit WHERE action = 'token.create'"),
               "conda:upload, limited to package:alice/tool label:dev");
    must_fail(f, token_create(&f->app, f->mem, &alice, &wrong, &token, &f->err), ERR_UNPROCESSABLE,
              "a token cannot be limited to the package \"dev\"");
}

/* Whether there is a group is for its organization to know. */
static void a_group_to_be_limited_to_is_one_that_may_be_known(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob"), root = bob;
    const struct new_organization acme = {S("acme"), S(""), S("")};
    const char *const unknown =
        "there is no group \"acme/owners\" in an organization that you are in";
    struct token_request owners = {.name = S("ci"), .limits = {.group = S("acme/owners")}},
                         gone = {.name = S("ci2"), .limits = {.group = S("acme/gone")}};
    struct str token;

    must(f, organization_create(&f->app, f->mem, &alice, &acme, &f->err));
    must(f, token_create(&f->app, f->mem, &alice, &owners, &token, &f->err));
    must_fail(f, token_create(&f->app, f->mem, &alice, &gone, &token, &f->err), ERR_UNPROCESSABLE,
              "there is no group \"acme/gone\"");
    assert_string_equal(f->err.field, "limits");
    must_fail(f, token_create(&f->app, f->mem, &bob, &owners, &token, &f->err), ERR_UNPROCESSABLE,
              unknown);
    root.superuser = true;
    must(f, token_create(&f->app, f->mem, &root, &owners, &token, &f->err));
}

/* ---- of organizations ------------------------------------------------------------------------ */

static void a_token_of_an_organization_is_its_own(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), got;
    const struct new_organization acme = {S("acme"), S(""), S("")};
    struct token_request req = {.organization = S("acme"), .name = S("ci"), .replace = true};
    struct str mine = created(f, &alice, "ci"), theirs, again;

    must(f, organization_create(&f->app, f->mem, &alice, &acme, &f->err));
    must(f, token_create(&f->app, f->mem, &alice, &req, &theirs, &f->err));
    assert_str(CORE_TEXT(f, "SELECT actor || ' ' || action || ' ' || object FROM audit "
                            "ORDER BY id DESC LIMIT 1"),
               "alice token.create acme/ci");
    must(f, identify(f, mine, &got)); /* names are an account's own */
    assert_str(got.login, "alice");
    must(f, identify(f, theirs, &got));
    assert_str(got.login, "acme");
    assert_false(got.superuser);
    must(f, token_create(&f->app, f->mem, &alice, &req, &again, &f->err));
    must_fail(f, identify(f, theirs, &got), ERR_UNAUTHENTICATED, "revoked");
    must(f, token_revoke_named(&f->app, f->mem, &alice, S("acme"), S("ci"), &f->err));
    assert_str(CORE_TEXT(f, "SELECT action || ' ' || object FROM audit ORDER BY id DESC LIMIT 1"),
               "token.delete acme/ci");
    must_fail(f, identify(f, again, &got), ERR_UNAUTHENTICATED, "revoked");
    must(f, identify(f, mine, &got));
    must_fail(f, token_revoke_named(&f->app, f->mem, &alice, S("acme"), S("ci"), &f->err),
              ERR_NOT_FOUND, "there is no token named \"ci\"");
    req.organization = S("alice");
    must_fail(f, token_create(&f->app, f->mem, &alice, &req, &theirs, &f->err), ERR_NOT_FOUND,
              "\"alice\" is a user, not an organization");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(a_made_token_looks_right_and_no_changed_one_does),
        cmocka_unit_test(the_checksum_is_the_documented_one),
        WITH_CORE(a_token_is_stored_as_its_hash_alone),
        WITH_CORE(the_holder_of_a_token_is_its_account),
        WITH_CORE(bad_requests_are_refused_by_field),
        WITH_CORE(a_name_that_exists_is_refused_or_replaced),
        WITH_CORE(a_long_host_name_is_cut_between_characters),
        WITH_CORE(a_token_lives_as_long_as_asked_or_as_the_setting_says),
        WITH_CORE(an_expired_token_is_refused),
        WITH_CORE(an_unknown_token_is_refused),
        WITH_CORE(a_revoked_token_is_dead_and_the_generation_moves),
        WITH_CORE(only_a_token_can_revoke_itself),
        WITH_CORE(revoking_by_name_finds_own_tokens_only),
        WITH_CORE(a_revoked_token_is_recognised_and_its_name_is_free),
        WITH_CORE(the_use_of_an_expired_token_goes_on_record),
        WITH_CORE(a_replaced_token_is_a_revoked_one),
        WITH_CORE(what_was_never_a_token_leaves_nothing),
        WITH_CORE(revoked_tokens_are_forgotten_after_ninety_days),
        WITH_CORE(limits_are_kept_and_told),
        WITH_CORE(a_group_to_be_limited_to_is_one_that_may_be_known),
        WITH_CORE(a_token_of_an_organization_is_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
