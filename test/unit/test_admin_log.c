/* `terrarium admin log`. */
#include "core_fixture.h"

#include "cli_run.h"
#include "core/audit.h"

static void add_event(struct core *f, const char *login, const char *object, const char *detail)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_WRITE);
    struct actor who = {.login = str_of(login), .token_name = S("ci"), .remote = S("192.0.2.1")};

    must(f, audit_add(tx, &who, "x.do", str_of(object), str_of(detail), &f->err));
    must(f, tx_commit(&tx, &f->err));
}

static void show(struct core *f, struct cli_run *r, const char *flag, const char *value)
{
    CORE_CHANGE(f, "UPDATE audit SET time_ms = id");
    CLI_RUN(r, "", "admin", "log", "--data", f->folder, "--db", str_z(f->mem, f->config.db), flag,
            value);
}

static void lines_are_safe_for_terminals(void **state)
{
    struct core *f = *state;
    struct cli_run r;

    add_event(f, "alice", "a\x1b[31mb", "c\nd");
    add_event(f, "", "", "");
    show(f, &r, NULL, NULL);
    assert_string_equal(r.err, "");
    assert_string_equal(r.out,
                        "1970-01-01T00:00:00.002Z - (token ci) 192.0.2.1 x.do -\n"
                        "1970-01-01T00:00:00.001Z alice (token ci) 192.0.2.1 x.do a?[31mb: c?d\n");
    assert_int_equal(r.status, 0);
    cli_run_done(&r);
}

static void filters_and_forms_are_those_of_the_api(void **state)
{
    struct core *f = *state;
    struct cli_run r;

    add_event(f, "alice", "a", "");
    add_event(f, "bob", "b", "");
    show(f, &r, "--actor", "bob");
    assert_string_equal(r.out, "1970-01-01T00:00:00.002Z bob (token ci) 192.0.2.1 x.do b\n");
    cli_run_done(&r);
    show(f, &r, "--json", NULL);
    assert_non_null(strstr(r.out, "{\"account\":\"\",\"action\":\"x.do\",\"actor\":\"bob\""));
    cli_run_done(&r);
    show(f, &r, "--format", "csv");
    assert_true(str_starts(str_of(r.out), S("\"time\",\"account\",")));
    cli_run_done(&r);
    show(f, &r, "--since", "soon");
    assert_int_equal(r.status, 1);
    assert_non_null(strstr(r.err, "since is a date or a moment"));
    cli_run_done(&r);
    show(f, &r, "--limit", "x");
    assert_int_equal(r.status, 1);
    assert_non_null(strstr(r.err, "limit is a number from 1 to 1000, not \"x\""));
    cli_run_done(&r);
    show(f, &r, "--limit", "1");
    assert_string_equal(r.err, "older ones: --before 2-2\n");
    cli_run_done(&r);
    show(f, &r, "--before", "2-2");
    assert_string_equal(r.out, "1970-01-01T00:00:00.001Z alice (token ci) 192.0.2.1 x.do a\n");
    cli_run_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(lines_are_safe_for_terminals),
        WITH_CORE(filters_and_forms_are_those_of_the_api),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
