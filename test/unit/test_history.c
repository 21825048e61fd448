/* The security log as people read it. */
#include "core_fixture.h"

#include "base/clock.h"
#include "core/audit.h"
#include "core/history.h"
#include "format/json.h"

static void add_event(struct core *f, const char *action, const char *object)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_WRITE);
    struct actor alice = {.account_id = 7, .login = S("alice"), .remote = S("192.0.2.1")};

    must(f, audit_add(tx, &alice, action, str_of(object), S(""), &f->err));
    must(f, tx_commit(&tx, &f->err));
}

static struct history_page read_page(struct core *f, const struct history_request *req)
{
    struct history_page page = {.next = S("")};

    must(f, history_read(&f->app, f->mem, 0, req, &page, &f->err));
    return page;
}

static size_t count(struct core *f, const struct history_request *req)
{
    return read_page(f, req).events.count;
}

static void pages_lead_from_one_to_the_next(void **state)
{
    struct core *f = *state;
    struct history_request req = {.limit = S("2")};
    struct history_page page;

    for (int i = 0; i < 5; i++)
        add_event(f, "x.do", str_fmt(f->mem, "o%d", i).ptr);
    for (int i = 4; i >= 0; i -= 2) {
        page = read_page(f, &req);
        assert_int_equal(page.events.count, i ? 2 : 1);
        assert_str(page.events.rows[0].object, str_fmt(f->mem, "o%d", i).ptr);
        assert_int_equal(page.next.len > 0, i > 0);
        req.before = page.next;
    }
}

static void a_page_has_a_hundred_unless_told_otherwise(void **state)
{
    struct core *f = *state;
    struct history_request req = {0};

    for (int i = 0; i < 101; i++)
        add_event(f, "x.do", "o");
    assert_int_equal(count(f, &req), HISTORY_LIMIT);
    req.format = S("csv");
    assert_int_equal(count(f, &req), 101);
    req.format = S("json");
    req.limit = S("1000");
    assert_int_equal(count(f, &req), 101);
}

static void dates_hold_their_whole_day(void **state)
{
    struct core *f = *state;
    static const struct {
        const char *since, *until;
        size_t count;
    } cases[] = {
        {"2026-09-01", "2026-09-01", 3},
        {"", "2026-08-31", 1},
        {"2026-09-02", "", 1},
        {"2026-09-01T12:00:00Z", "2026-09-01T12:00:00Z", 1},
        {"2026-09-01T14:00:00+02:00", "2026-09-01T23:59:59.998Z", 1},
        {"2026-09-01T12:00:01Z", "2026-09-01T23:59:59.999Z", 1},
    };
    static const char *const moments[] = {"2026-08-31T23:59:59.999Z", "2026-09-01T00:00:00.000Z",
                                          "2026-09-01T12:00:00.500Z", "2026-09-01T23:59:59.999Z",
                                          "2026-09-02T00:00:00.000Z"};

    for (size_t i = 0; i < COUNT(moments); i++)
        add_event(f, "x.do", moments[i]);
    CORE_CHANGE(f,
                "UPDATE audit SET time_ms = 1788220799999 + CASE WHEN object = "
                "'2026-09-01T00:00:00.000Z' THEN 1 WHEN object = '2026-09-01T12:00:00.500Z' THEN "
                "43200501 WHEN object = '2026-09-01T23:59:59.999Z' THEN 86400000 WHEN object = "
                "'2026-09-02T00:00:00.000Z' THEN 86400001 ELSE 0 END");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct history_request req = {.since = str_of(cases[i].since),
                                      .until = str_of(cases[i].until)};
        struct history_page page = read_page(f, &req);

        assert_int_equal(page.events.count, cases[i].count);
        for (size_t k = 0; k < page.events.count; k++) { /* the moments are what they are called */
            char text[CLOCK_TEXT_MAX];

            assert_true(str_eq(clock_rfc3339(page.events.rows[k].time_ms, text),
                               page.events.rows[k].object));
        }
    }
}

static void what_is_not_understood_is_named(void **state)
{
    struct core *f = *state;
    static const struct {
        const char *field, *value;
    } bad[] = {{"since", "x"},  {"until", "2026-02-30"}, {"limit", "0"},    {"limit", "1001"},
               {"limit", "-1"}, {"before", "12"},        {"before", "a-b"}, {"format", "xml"}};

    for (size_t i = 0; i < COUNT(bad); i++) {
        struct history_request req = {0};
        struct history_field fields[HISTORY_FIELDS];
        struct history_page page;

        history_fields(&req, fields);
        for (size_t k = 0; k < HISTORY_FIELDS; k++)
            if (!strcmp(fields[k].name, bad[i].field))
                *fields[k].text = str_of(bad[i].value);
        must_fail(f, history_read(&f->app, f->mem, 0, &req, &page, &f->err), ERR_UNPROCESSABLE,
                  bad[i].value);
        assert_string_equal(f->err.field, bad[i].field);
    }
}

static void events_are_written_as_json_and_csv(void **state)
{
    struct core *f = *state;
    AUTO(buf_done) struct buf csv = BUF_INIT(4096);
    AUTO(buf_done) struct buf json = BUF_INIT(4096);
    struct history_request req = {.format = S("csv")};
    struct history_page page;
    json_t *event;

    add_event(f, "x.do", "=1+1");
    CORE_CHANGE(f, "UPDATE audit SET time_ms = 0");
    page = read_page(f, &req);
    assert_true(page.csv);
    history_add_csv(&csv, &page, true);
    history_add_csv(&csv, &page, false);
    assert_str(
        buf_str(&csv),
        "\"time\",\"account\",\"actor\",\"token\",\"address\",\"action\",\"object\",\"detail\"\r\n"
        "\"1970-01-01T00:00:00.000Z\",\"\",\"alice\",\"\",\"192.0.2.1\",\"x.do\",\"'=1+1\",\"\"\r\n"
        "\"1970-01-01T00:00:00.000Z\",\"\",\"alice\",\"\",\"192.0.2.1\",\"x.do\",\"'=1+1\","
        "\"\"\r\n");
    event = history_event_json(&page.events.rows[0]);
    json_canonical(&json, event);
    json_decref(event);
    assert_str(
        buf_str(&json),
        "{\"account\":\"\",\"action\":\"x.do\",\"actor\":\"alice\",\"address\":\"192.0.2.1\","
        "\"detail\":\"\",\"object\":\"=1+1\",\"time\":\"1970-01-01T00:00:00.000Z\",\"token\":"
        "\"\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(pages_lead_from_one_to_the_next),
        WITH_CORE(a_page_has_a_hundred_unless_told_otherwise),
        WITH_CORE(dates_hold_their_whole_day),
        WITH_CORE(what_is_not_understood_is_named),
        WITH_CORE(events_are_written_as_json_and_csv),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
