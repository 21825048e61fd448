/* notices.json, to the byte. */
#include "store_fixture.h"

#include "index/conda_notices.h"
#include "store/notice.h"

#define T0   INT64_C(1788264000123) /* 2026-09-01T12:00:00 */
#define HOUR (INT64_C(3600) * 1000)

static void add(struct fixture *f, struct tx *tx, int64_t account, const char *uuid,
                const char *status, const char *message, int64_t expires_ms)
{
    const struct notice_row row = {.account_id = account,
                                   .uuid = str_of(uuid),
                                   .status = str_of(status),
                                   .level = S("warning"),
                                   .message = str_of(message),
                                   .expires_ms = expires_ms,
                                   .created_ms = T0,
                                   .updated_ms = T0};

    must(f, notice_insert(tx, &row, &f->err));
}

static struct str document(struct fixture *f, struct tx *tx, int64_t account, int64_t now_ms,
                           int64_t *ret_until_ms)
{
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);

    must(f, conda_notices_write(tx, f->mem, account, now_ms, &b, ret_until_ms, &f->err));
    assert_true(buf_ok(&b));
    return str_dup(f->mem, buf_str(&b));
}

#define ONE                                                                                        \
    "{\"created_at\":\"2026-09-01T12:00:00+00:00\",\"expired_at\":\"2026-09-01T14:00:00+00:00\","  \
    "\"expires_at\":\"2026-09-01T14:00:00+00:00\",\"id\":\"00000000-0000-4000-8000-000000000001\"" \
    ",\"level\":\"warning\",\"message\":\"a \\\"b\\\"\\n\\u00e9\"}"
#define TWO                                                                                        \
    "{\"created_at\":\"2026-09-01T12:00:00+00:00\",\"expired_at\":\"2026-09-01T13:00:00+00:00\","  \
    "\"expires_at\":\"2026-09-01T13:00:00+00:00\",\"id\":\"00000000-0000-4000-8000-000000000002\"" \
    ",\"level\":\"warning\",\"message\":\"two\"}"

static void what_is_published_and_has_not_ended_is_told(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob"), until = 77;

    assert_str(document(f, tx, alice, T0, &until), "{\"notices\":[]}");
    assert_int_equal(until, 0);
    add(f, tx, alice, "00000000-0000-4000-8000-000000000001", "published", "a \"b\"\n\xc3\xa9",
        T0 + 2 * HOUR);
    add(f, tx, alice, "00000000-0000-4000-8000-000000000002", "published", "two", T0 + HOUR);
    add(f, tx, alice, "00000000-0000-4000-8000-000000000003", "draft", "no", T0 + HOUR);
    add(f, tx, alice, "00000000-0000-4000-8000-000000000004", "archived", "no", T0 + HOUR);
    add(f, tx, alice, "00000000-0000-4000-8000-000000000005", "deleted", "no", T0 + HOUR);
    add(f, tx, bob, "00000000-0000-4000-8000-000000000006", "published", "no", T0 + HOUR);
    assert_str(document(f, tx, alice, T0, &until), "{\"notices\":[" TWO "," ONE "]}");
    assert_int_equal(until, T0 + HOUR);
    assert_str(document(f, tx, alice, T0 + HOUR, &until), "{\"notices\":[" ONE "]}");
    assert_int_equal(until, T0 + 2 * HOUR);
    assert_str(document(f, tx, alice, T0 + 2 * HOUR, &until), "{\"notices\":[]}");
    assert_int_equal(until, 0);
    tx_endp(&tx);
}

/* Clients read a megabyte of it. */
static void the_largest_document_is_less_than_a_megabyte(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), until = 0;
    char message[4 * 600 + 1] = "";
    struct str all;

    for (size_t i = 0; i < 600; i++)
        memcpy(message + 4 * i, "\xf0\x9f\x98\x80", 5);
    for (int i = 0; i < CONDA_NOTICES_MAX; i++)
        add(f, tx, alice, str_fmt(f->mem, "00000000-0000-4000-8000-%012d", i).ptr, "published",
            message, T0 + HOUR);
    all = document(f, tx, alice, T0, &until);
    assert_true(all.len > MIB / 2 && all.len < MIB);
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(what_is_published_and_has_not_ended_is_told),
        WITH_DATABASE(the_largest_document_is_less_than_a_megabyte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
