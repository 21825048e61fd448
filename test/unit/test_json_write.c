#include "unit.h"

#include "base/limits.h"
#include "format/json_write.h"

static void commas_are_where_they_belong(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(KIB);

    (void)state;
    buf_addc(&out, '{');
    json_write_text(&out, "a", S("x:"));
    json_write_some(&out, "left", S(""));
    json_write_some(&out, "b", S("\xc3\xa9\n[{"));
    json_write_int(&out, "n", -5);
    json_write_flag(&out, "off", false);
    json_write_flag(&out, "on", true);
    json_write_key(&out, "list");
    buf_addc(&out, '[');
    json_write_item(&out, S("1"));
    json_write_item(&out, S(""));
    json_write_next(&out);
    buf_addz(&out, "{}]}");
    assert_str(buf_str(&out), "{\"a\":\"x:\",\"b\":\"\\u00e9\\n[{\",\"n\":-5,\"on\":true,"
                              "\"list\":[\"1\",\"\",{}]}");
}

static void what_is_no_text_fails_the_buffer(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(KIB);

    (void)state;
    json_write_item(&out, S("\xff"));
    assert_false(buf_ok(&out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_are_where_they_belong),
        cmocka_unit_test(what_is_no_text_fails_the_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
