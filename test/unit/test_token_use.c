/* The last use of a token: what is noted, and what reaches its row. */
#include "core_fixture.h"

#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/token.h"
#include "core/token_use.h"

static void clients_are_known_by_their_user_agent(void **state)
{
    static const struct {
        const char *agent, *client;
    } cases[] = {
        {"conda/24.1.2 requests/2.31.0 CPython/3.11.7 Linux/6.1 debian/12 glibc/2.36", "conda"},
        {"conda/4.6.14 requests/2.21.0", "conda"},
        {"mamba/2.0.5 libcurl/8.10", "mamba"},
        {"libmamba/2.1.0", "mamba"},
        {"micromamba/1.5.8 libcurl/8.5", "mamba"},
        {"pixi/0.40.0", "pixi"},
        {"rattler/0.28.1", "rattler"},
        {"rattler-build/0.35", "rattler"},
        {"py-rattler/0.9", "rattler"},
        {"Anaconda-Client/1.12.3 (+https://anaconda.org)", "anaconda-client"},
        {"pip/24.0 {\"ci\":null}", "pip"},
        {"uv/0.4.1 {}", "uv"},
        {"twine/5.0.0 pkginfo/1.9 requests/2.31", "twine"},
        {"poetry/1.8.2 CPython/3.11", "poetry"},
        {"R/4.3.1 (ubuntu-22.04) R (4.3.1 x86_64-pc-linux-gnu x86_64 linux-gnu)", "R"},
        {"R (4.3.1 x86_64-pc-linux-gnu x86_64 linux-gnu)", "R"},
        {"libcurl/8.5 r-curl/5.2 httr/1.4", "R"},
        {"Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0", "browser"},
        {"python-requests/2.32.0", "other"},
        {"curl/8.5.0", "other"},
        {"condax/1", "other"},
        {"con", "other"},
        {"", "other"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(token_use_client(str_of(cases[i].agent)), cases[i].client);
}

/* ---- what reaches the rows ------------------------------------------------------------------- */

static int open_uses(void **state)
{
    struct core *f;

    if (core_open(state))
        return -1;
    f = *state;
    f->app.token_uses = token_uses_open();
    return f->app.token_uses ? 0 : -1;
}

#define WITH_USES(test) cmocka_unit_test_setup_teardown(test, open_uses, core_close)

static void make_tokens(struct core *f, int count)
{
    struct actor alice = core_user(f, "alice");

    for (int i = 0; i < count; i++) {
        struct token_request req = {.name = str_fmt(f->mem, "t%04d", i)};
        struct str token;

        must(f, token_create(&f->app, f->mem, &alice, &req, &token, &f->err));
    }
}

#define USES                                                                                       \
    "SELECT name || ' ' || last_used_from || ' ' || last_used_by FROM token "                      \
    "WHERE last_used_ms IS NOT NULL ORDER BY id"

static void a_use_is_written_with_the_next_flush(void **state)
{
    struct core *f = *state;
    int64_t before, now;
    uint64_t generation;

    make_tokens(f, 2);
    before = clock_now_ms();
    generation = db_generation(f->app.db);
    token_uses_note(f->app.token_uses, 2, S("192.0.2.1"), S("pip/24.0"));
    token_uses_note(f->app.token_uses, 2, S("192.0.2.2"), S("conda/24.1"));
    assert_str(CORE_TEXT(f, USES), "");
    must(f, token_uses_flush(&f->app, &f->err));
    assert_str(CORE_TEXT(f, USES), "t0001 192.0.2.2 conda");
    now = CORE_NUMBER(f, "SELECT last_used_ms FROM token WHERE id = 2");
    assert_true(now >= before && now <= clock_now_ms());
    assert_int_equal(db_generation(f->app.db), generation);
    token_uses_note(f->app.token_uses, 1, S("2001:db8::1"), S(""));
    must(f, token_uses_flush(&f->app, &f->err));
    assert_str(CORE_TEXT(f, USES), "t0000 2001:db8::1 other, t0001 192.0.2.2 conda");
}

/* Another node may have written a later one. */
static void an_earlier_use_does_not_replace_a_later_one(void **state)
{
    struct core *f = *state;

    make_tokens(f, 1);
    CORE_CHANGE(f, "UPDATE token SET last_used_ms = 9000000000000, last_used_from = 'there', "
                   "last_used_by = 'uv'");
    token_uses_note(f->app.token_uses, 1, S("here"), S("pip/1"));
    must(f, token_uses_flush(&f->app, &f->err));
    assert_str(CORE_TEXT(f, USES), "t0000 there uv");
}

static void the_use_of_a_token_that_is_gone_is_forgotten(void **state)
{
    struct core *f = *state;

    make_tokens(f, 1);
    token_uses_note(f->app.token_uses, 77, S("192.0.2.1"), S("pip/1"));
    must(f, token_uses_flush(&f->app, &f->err));
    assert_str(CORE_TEXT(f, USES), "");
}

static void more_than_one_transaction_holds_is_written_too(void **state)
{
    enum { TOKENS = 40, NOTED = 9000 };
    struct core *f = *state;

    make_tokens(f, TOKENS);
    for (int i = NOTED; i > 0; i--)
        token_uses_note(f->app.token_uses, i, S("192.0.2.1"), S("pip/1"));
    must(f, token_uses_flush(&f->app, &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM token WHERE last_used_by = 'pip'"),
                     TOKENS);
}

/* The end of a server is a flush, too. */
static void closing_writes_what_is_left(void **state)
{
    struct core *f = *state;
    struct str text;
    struct app again = f->app;

    make_tokens(f, 1);
    token_uses_note(f->app.token_uses, 1, S("192.0.2.1"), S("uv/1"));
    app_close(&f->app);
    again.blobs = NULL;
    again.token_uses = NULL;
    f->app = again;
    must(f, db_open(f->config.db.len ? f->config.db
                                     : str_fmt(f->mem, "sqlite://" STR_FMT,
                                               STR_ARG(core_path_in(f, "terrarium.db"))),
                    false, NULL, &f->app.db, &f->err));
    text = CORE_TEXT(f, USES);
    assert_str(text, "t0000 192.0.2.1 uv");
}

/* A database that fails loses nothing. */
static void what_could_not_be_written_is_written_later(void **state)
{
    struct core *f = *state;
    struct err ignored = {0};

    make_tokens(f, 2);
    token_uses_note(f->app.token_uses, 1, S("192.0.2.1"), S("uv/1"));
    token_uses_note(f->app.token_uses, 2, S("192.0.2.1"), S("uv/1"));
    CORE_CHANGE(f, "ALTER TABLE token RENAME COLUMN last_used_by TO hidden");
    assert_int_not_equal(token_uses_flush(&f->app, &ignored), OK);
    token_uses_note(f->app.token_uses, 2, S("192.0.2.9"), S("pip/1"));
    CORE_CHANGE(f, "ALTER TABLE token RENAME COLUMN hidden TO last_used_by");
    must(f, token_uses_flush(&f->app, &f->err));
    assert_str(CORE_TEXT(f, USES), "t0000 192.0.2.1 uv, t0001 192.0.2.9 pip");
}

static void lack_of_memory_forgets(void **state)
{
    struct core *f = *state;

    make_tokens(f, 1);
    mem_fail_at(1);
    token_uses_note(f->app.token_uses, 1, S("192.0.2.1"), S("uv/1"));
    mem_fail_at(1);
    assert_null(token_uses_open());
    mem_fail_at(0);
    token_uses_note(NULL, 1, S("192.0.2.1"), S("uv/1"));
    must(f, token_uses_flush(&f->app, &f->err));
    assert_str(CORE_TEXT(f, USES), "");
}

static void *note_many(void *uses)
{
    for (int round = 0; round < 200; round++)
        for (int64_t id = 1; id <= 50; id++)
            token_uses_note(uses, id, S("192.0.2.1"), S("uv/1"));
    return NULL;
}

static void threads_note_while_it_is_written(void **state)
{
    struct core *f = *state;
    pthread_t threads[3];

    make_tokens(f, 50);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, note_many, f->app.token_uses), 0);
    for (int i = 0; i < 5; i++)
        must(f, token_uses_flush(&f->app, &f->err));
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    must(f, token_uses_flush(&f->app, &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM token WHERE last_used_by = 'uv'"), 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_are_known_by_their_user_agent),
        WITH_USES(a_use_is_written_with_the_next_flush),
        WITH_USES(an_earlier_use_does_not_replace_a_later_one),
        WITH_USES(the_use_of_a_token_that_is_gone_is_forgotten),
        WITH_USES(more_than_one_transaction_holds_is_written_too),
        WITH_USES(closing_writes_what_is_left),
        WITH_USES(what_could_not_be_written_is_written_later),
        WITH_USES(lack_of_memory_forgets),
        WITH_USES(threads_note_while_it_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
