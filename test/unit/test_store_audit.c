#include "store_fixture.h"

#include "store/audit.h"
#include "store/statements.h"

static const struct stmt all = {"all",
                                "SELECT time_ms, actor_id, actor, token_name, remote, action, "
                                "object, detail FROM audit ORDER BY id",
                                "", "iitttttt"};

static void audit_row_holds_who_what_and_where(void **state)
{
    struct fixture *f = *state;
    struct rows *rows = NULL;
    struct tx *tx = begin(f, TX_WRITE);
    struct audit_row row = {
        .actor_id = 4, /* of an account that need not exist any more */
        .actor = S("alice"),
        .token_name = S("ci"),
        .remote = S("192.0.2.1"),
        .action = S("file.create"),
        .object = S("alice/numpy/1.0/linux-64/numpy-1.0-0.conda"),
        .detail = S("d"),
        .time_ms = 1234,
    };

    must(f, audit_insert(tx, &row, &f->err));
    commit(f, &tx);
    tx = begin(f, TX_READ);
    must(f, db_one(tx, &all, DB_NO_ARGS, &rows, &f->err));
    assert_int_equal(rows_int(rows, 0), 1234);
    assert_int_equal(rows_int(rows, 1), 4);
    assert_str(rows_text(rows, 2), "alice");
    assert_str(rows_text(rows, 3), "ci");
    assert_str(rows_text(rows, 4), "192.0.2.1");
    assert_str(rows_text(rows, 5), "file.create");
    assert_str(rows_text(rows, 6), "alice/numpy/1.0/linux-64/numpy-1.0-0.conda");
    assert_str(rows_text(rows, 7), "d");
    assert_false(rows_next(rows));
    rows_endp(&rows);
    tx_endp(&tx);
}

static void audit_row_shares_the_fate_of_its_action(void **state)
{
    struct fixture *f = *state;
    struct rows *rows = NULL;
    struct tx *tx = begin(f, TX_WRITE);
    struct audit_row row = {.actor = S("admin command"), .action = S("account.create")};

    (void)add_account(f, tx, "alice");
    must(f, audit_insert(tx, &row, &f->err));
    tx_endp(&tx);
    tx = begin(f, TX_READ);
    assert_int_equal(db_one(tx, &all, DB_NO_ARGS, &rows, NULL), ERR_NOT_FOUND);
    tx_endp(&tx);
}

static void audit_row_without_an_action_is_refused(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct audit_row row = {.actor = S("x")};

    assert_int_equal(audit_insert(tx, &row, &f->err), ERR_INVALID);
    tx_endp(&tx);
}

/* --- reading ------------------------------------------------------------------------------- */

/* count rows, one a millisecond from 1000; of the account, by the actor. */
static void add_rows(struct fixture *f, int64_t account, const char *actor, const char *action,
                     int count)
{
    struct tx *tx = begin(f, TX_WRITE);

    for (int i = 0; i < count; i++) {
        struct audit_row row = {.actor = str_of(actor),
                                .action = str_of(action),
                                .object = str_fmt(f->mem, "%s%d", action, i),
                                .remote = S("192.0.2.1"),
                                .account_id = account,
                                .time_ms = 1000 + i};

        must(f, audit_insert(tx, &row, &f->err));
    }
    commit(f, &tx);
}

static struct audit_filter everything(void)
{
    return (struct audit_filter){.action = S(""),
                                 .actor = S(""),
                                 .object = S(""),
                                 .remote = S(""),
                                 .since_ms = INT64_MIN,
                                 .before_ms = INT64_MAX,
                                 .before_id = INT64_MAX};
}

static struct audit_list list(struct fixture *f, const struct audit_filter *filter, int64_t max)
{
    struct audit_list found = {0};
    struct tx *tx = begin(f, TX_READ);

    must(f, audit_list(tx, f->mem, filter, max, &found, &f->err));
    tx_endp(&tx);
    return found;
}

static void a_row_has_the_login_of_its_account_for_good(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t id = add_account(f, tx, "alice");
    struct audit_filter filter = everything();
    struct audit_list found;

    commit(f, &tx);
    add_rows(f, id, "bob", "x.do", 1);
    add_rows(f, id + 1, "bob", "x.do", 1); /* there is none */
    run_script(f, "DELETE FROM account;");
    filter.account_id = id;
    found = list(f, &filter, 10);
    assert_int_equal(found.count, 1);
    assert_str(found.rows[0].account, "alice");
    assert_int_equal(found.rows[0].account_id, id);
    filter.account_id = id + 1;
    found = list(f, &filter, 10);
    assert_int_equal(found.count, 1);
    assert_str(found.rows[0].account, "");
}

static void the_newest_rows_come_first_and_pages_meet(void **state)
{
    struct fixture *f = *state;
    struct audit_filter filter = everything();
    struct audit_list page;
    int seen = 0;

    add_rows(f, 1, "alice", "x.", 5);
    add_rows(f, 2, "alice", "y.", 5); /* at the same times, with higher numbers */
    do {
        page = list(f, &filter, 3);
        for (size_t i = 0; i < page.count; i++, seen++)
            assert_str(page.rows[i].object,
                       str_fmt(f->mem, "%s.%d", seen % 2 ? "x" : "y", 4 - seen / 2).ptr);
        filter.before_ms = page.next_ms;
        filter.before_id = page.next_id;
    } while (page.more);
    assert_int_equal(seen, 10);
    filter = everything();
    filter.account_id = 2;
    page = list(f, &filter, 5);
    assert_int_equal(page.count, 5);
    assert_false(page.more);
}

static void filters_hold_for_whole_texts_but_for_a_prefix_of_actions(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *action, *actor, *object, *remote;
        size_t count;
    } cases[] = {
        {"", "", "", "", 5},         {"a.do", "", "", "", 2},   {"a.", "", "", "", 2},
        {"a", "", "", "", 0},        {"a.d", "", "", "", 0},    {"%.", "", "", "", 0},
        {"_.do", "", "", "", 0},     {"", "alice", "", "", 2},  {"", "ali", "", "", 0},
        {"", "", "a.do1", "", 1},    {"", "", "a.do", "", 0},   {"", "", "", "192.0.2.1", 5},
        {"", "", "", "192.0.2.", 0}, {"ab.", "bob", "", "", 3}, {"a.", "bob", "", "", 0},
    };

    add_rows(f, 1, "alice", "a.do", 2);
    add_rows(f, 1, "bob", "ab.do", 3);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct audit_filter filter = everything();

        filter.action = str_of(cases[i].action);
        filter.actor = str_of(cases[i].actor);
        filter.object = str_of(cases[i].object);
        filter.remote = str_of(cases[i].remote);
        assert_int_equal(list(f, &filter, 100).count, cases[i].count);
    }
}

static void the_first_moment_is_within(void **state)
{
    struct fixture *f = *state;
    struct audit_filter filter = everything();

    add_rows(f, 1, "alice", "x.", 5);
    filter.since_ms = 1001;
    filter.before_ms = 1003;
    assert_int_equal(list(f, &filter, 100).count, 3); /* all of 1003: before_id is the last */
    filter.before_id = 1;
    assert_int_equal(list(f, &filter, 100).count, 2);
}

/* What hardly any row passes is looked for in windows, which meet as pages do. */
static void a_rare_row_is_found_window_by_window(void **state)
{
    struct fixture *f = *state;
    struct audit_filter filter = everything();
    struct audit_list page;

    add_rows(f, 1, "alice", "rare", 1);
    add_rows(f, 1, "alice", "x.", AUDIT_WINDOW);
    for (int of_account = 0; of_account < 2; of_account++) {
        filter = everything();
        filter.account_id = of_account;
        filter.action = S("rare");
        page = list(f, &filter, 10);
        assert_int_equal(page.count, 0);
        assert_true(page.more);
        filter.before_ms = page.next_ms;
        filter.before_id = page.next_id;
        page = list(f, &filter, 10);
        assert_int_equal(page.count, 1);
        assert_false(page.more);
    }
}

/* The log may be as long as it likes: reading walks an index of it, as far as the window goes. */
static void reading_walks_an_index(void **state)
{
    struct fixture *f = *state;

    if (!fixture_is_sqlite(f)) {
        print_message(
            "skipped: PostgreSQL plans by what the table holds, which is next to nothing\n");
        skip();
    }
    for (size_t i = 1; i < audit_statements.count; i++) {
        const char *index =
            strstr(audit_statements.stmts[i].sql, "account_id = $4")
                ? "INDEX audit_by_account (account_id=? AND time_ms>? AND time_ms<?)"
                : "INDEX audit_by_time (time_ms>? AND time_ms<?)";
        struct stmt *plan = arena_new(f->mem, struct stmt); /* the database remembers it */
        struct db_val args[11];
        struct tx *tx = begin(f, TX_READ);
        struct rows *rows = NULL;
        size_t count = strlen(audit_statements.stmts[i].params), found = 0;

        assert_non_null(plan);
        *plan = audit_statements.stmts[i];
        plan->sql = str_fmt(f->mem, "EXPLAIN QUERY PLAN %s", plan->sql).ptr;
        plan->cols = "iiit";
        for (size_t k = 0; k < count; k++)
            args[k] = plan->params[k] == 'i' ? db_int(1) : db_text(S(""));
        must(f, db_query(tx, plan, args, count, &rows, &f->err));
        while (rows_next(rows)) {
            struct str step = rows_text(rows, 3);

            found += memmem(step.ptr, step.len, index, strlen(index)) != NULL;
        }
        must(f, rows_error(rows, &f->err));
        assert_int_equal(found, 1);
        rows_endp(&rows);
        tx_endp(&tx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(audit_row_holds_who_what_and_where),
        WITH_DATABASE(audit_row_shares_the_fate_of_its_action),
        WITH_DATABASE(audit_row_without_an_action_is_refused),
        WITH_DATABASE(a_row_has_the_login_of_its_account_for_good),
        WITH_DATABASE(the_newest_rows_come_first_and_pages_meet),
        WITH_DATABASE(filters_hold_for_whole_texts_but_for_a_prefix_of_actions),
        WITH_DATABASE(the_first_moment_is_within),
        WITH_DATABASE(a_rare_row_is_found_window_by_window),
        WITH_DATABASE(reading_walks_an_index),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
