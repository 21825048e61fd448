#include "unit.h"

#include "format/address.h"

static void addresses_are_read_and_printed(void **state)
{
    static const char *const same[][2] = {
        {"192.0.2.1", "192.0.2.1"},
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"::1", "::1"},
        {"::", "::"},
        {"2001:DB8:0:0::1", "2001:db8::1"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"::ffff:c000:201", "192.0.2.1"},
    };
    static const char *const bad[] = {"",
                                      " 1.2.3.4",
                                      "1.2.3",
                                      "1.2.3.4.5",
                                      "256.1.1.1",
                                      "::1%lo",
                                      "[::1]",
                                      "1.2.3.4:80",
                                      "localhost",
                                      "1.2.3.4/8",
                                      ":::",
                                      "2001:db8:0:0:0:0:0:0:1",
                                      "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb"};
    char out[ADDRESS_TEXT_MAX];
    struct address a;

    (void)state;
    for (size_t i = 0; i < COUNT(same); i++) {
        assert_true(address_parse(str_of(same[i][0]), &a));
        assert_str(address_print(&a, out), same[i][1]);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(address_parse(str_of(bad[i]), &a));
    assert_false(address_parse(S("1.2.3.4\0"), &a));
}

static bool within(const char *nets, const char *address)
{
    struct address_nets n;
    struct address a;

    assert_int_equal(address_nets_parse(str_of(nets), &n, NULL), OK);
    assert_true(address_parse(str_of(address), &a));
    return address_nets_have(&n, &a);
}

static void networks_hold_what_is_in_them(void **state)
{
    (void)state;
    assert_false(within("", "127.0.0.1"));
    assert_true(within("127.0.0.1", "127.0.0.1"));
    assert_false(within("127.0.0.1", "127.0.0.2"));
    assert_true(within("10.0.0.0/8", "10.255.0.1"));
    assert_false(within("10.0.0.0/8", "11.0.0.0"));
    assert_true(within("10.1.2.3/8", "10.9.9.9")); /* what is behind the bits says nothing */
    assert_true(within("192.0.2.128/25", "192.0.2.200"));
    assert_false(within("192.0.2.128/25", "192.0.2.127"));
    assert_true(within("0.0.0.0/0", "1.2.3.4"));
    assert_false(within("0.0.0.0/0", "::1"));
    assert_true(within("::/0", "::1"));
    assert_true(within("fd00::/8", "fdff::1"));
    assert_false(within("fd00::/8", "fe00::1"));
    assert_true(within("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(within("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(within(" 1.1.1.1 ,,2.2.2.0/24  3.3.3.3,", "2.2.2.9"));
    assert_true(within("1.1.1.1, 3.3.3.3", "::ffff:3.3.3.3"));
}

static void what_is_no_network_is_quoted(void **state)
{
    static const char *const bad[] = {"10.0.0.0/33", "10.0.0.0/",    "10.0.0.0/x", "::/129", "/8",
                                      "10.0.0.0/-1", "10.0.0.0/8/8", "proxy",      "*"};
    struct address_nets n;
    struct err err;
    char many[65 * 8 + 1] = "";

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(address_nets_parse(str_of(bad[i]), &n, &err), ERR_INVALID);
        assert_non_null(strstr(err.msg, bad[i]));
    }
    for (int i = 0; i < 65; i++)
        memcpy(many + 8 * i, "1.2.3.4,", 9);
    assert_int_equal(address_nets_parse(str_of(many), &n, &err), ERR_INVALID);
    assert_string_equal(err.msg, "there are more than 64 networks");
}

/* Who is it, when 10.0.0.0/8 and ::1 are proxies of ours? */
static void check(const char *peer, const char *forwarded, const char *client)
{
    char out[ADDRESS_TEXT_MAX];
    struct address_nets ours;

    assert_int_equal(address_nets_parse(S("10.0.0.0/8, ::1"), &ours, NULL), OK);
    assert_str(address_behind(&ours, str_of(peer), str_of(forwarded), out), client);
}

static void the_rightmost_hop_that_is_not_trusted_is_the_client(void **state)
{
    (void)state;
    check("10.0.0.1", "192.0.2.7", "192.0.2.7");
    check("10.0.0.1", "192.0.2.7, 10.0.0.2", "192.0.2.7");
    check("::1", " 2001:DB8::7 ,10.0.0.2,10.0.0.3", "2001:db8::7");
    check("10.0.0.1", "192.0.2.7:4711", "192.0.2.7");
    check("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7");
    check("10.0.0.1", "[2001:db8::7]", "2001:db8::7");
    check("10.0.0.1", "10.0.0.9, 10.0.0.2", "10.0.0.9"); /* one of ours itself */
    check("10.0.0.1", "", "10.0.0.1");
}

/* Whatever the client has written in front of what proxies wrote. */
static void nobody_can_say_to_be_somebody_else(void **state)
{
    (void)state;
    check("192.0.2.7", "198.51.100.1", "192.0.2.7");
    check("192.0.2.7", "10.0.0.1", "192.0.2.7");
    check("10.0.0.1", "198.51.100.1, 192.0.2.7", "192.0.2.7");
    check("10.0.0.1", "198.51.100.1,10.0.0.5,192.0.2.7,10.0.0.2", "192.0.2.7");
    check("10.0.0.1", "198.51.100.1, unknown", "10.0.0.1");
    check("10.0.0.1", "198.51.100.1, unknown, 10.0.0.2", "10.0.0.2");
    check("10.0.0.1", "198.51.100.1,", "10.0.0.1");
    check("10.0.0.1", "198.51.100.1, 192.0.2.7:x:y", "10.0.0.1");
    check("", "198.51.100.1", "");
}

static void nobody_is_believed_unless_told_so(void **state)
{
    struct address_nets none = {.count = 0};
    char out[ADDRESS_TEXT_MAX];

    (void)state;
    assert_str(address_behind(&none, S("127.0.0.1"), S("192.0.2.7"), out), "127.0.0.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_printed),
        cmocka_unit_test(networks_hold_what_is_in_them),
        cmocka_unit_test(what_is_no_network_is_quoted),
        cmocka_unit_test(the_rightmost_hop_that_is_not_trusted_is_the_client),
        cmocka_unit_test(nobody_can_say_to_be_somebody_else),
        cmocka_unit_test(nobody_is_believed_unless_told_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
