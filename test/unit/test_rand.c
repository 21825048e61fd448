#include "unit.h"

#include "base/rand.h"

static void bytes_differ_and_stay_in_bounds(void **state)
{
    unsigned char a[34] = {0}, b[34] = {0};

    (void)state;
    rand_bytes(a + 1, 32);
    rand_bytes(b + 1, 32);
    assert_memory_not_equal(a, b, 34);
    assert_int_equal(a[0] | a[33] | b[0] | b[33], 0);
    rand_bytes(a, 0);
}

static void large_requests_are_filled_to_the_end(void **state)
{
    static unsigned char bytes[1 << 20]; /* more than getrandom(2) gives at once to a signal */
    unsigned any = 0;

    (void)state;
    rand_bytes(bytes, sizeof(bytes));
    for (size_t i = sizeof(bytes) - 64; i < sizeof(bytes); i++)
        any |= bytes[i];
    assert_true(any);
}

static void text_has_its_length_and_alphabet(void **state)
{
    char text[101], canary[3] = {'x', 'x', 'x'};

    (void)state;
    for (size_t len = 0; len <= 100; len++) {
        memset(text, '#', sizeof(text));
        rand_text(text, len);
        assert_int_equal(strlen(text), len);
        for (size_t i = 0; i < len; i++)
            assert_true((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'A' && text[i] <= 'Z') ||
                        (text[i] >= 'a' && text[i] <= 'z'));
    }
    rand_text(canary, 1);
    assert_int_equal(canary[2], 'x');
}

static void all_letters_are_equally_likely(void **state)
{
    static char text[62 * 2000 + 1];
    unsigned counts[256] = {0};
    double chi_square = 0;
    int seen = 0;

    (void)state;
    rand_text(text, sizeof(text) - 1);
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        counts[(unsigned char)text[i]]++;
    for (size_t c = 0; c < 256; c++) {
        double off = (double)counts[c] - 2000;

        if (!counts[c])
            continue;
        seen++;
        chi_square += off * off / 2000;
    }
    assert_int_equal(seen, 62);
    /* 61 degrees of freedom: an honest source is above 150 once in 10^9 runs. Taking bytes
     * modulo 62 would give about 700. */
    assert_true(chi_square < 150);
}

static void uuids_have_their_form_and_differ(void **state)
{
    char a[RAND_UUID + 2] = {0}, b[RAND_UUID + 1];

    (void)state;
    a[RAND_UUID + 1] = 'x';
    for (int round = 0; round < 100; round++) {
        rand_uuid(a);
        rand_uuid(b);
        assert_int_equal(strlen(a), RAND_UUID);
        assert_int_equal(strspn(a, "0123456789abcdef-"), RAND_UUID);
        for (size_t i = 0; i < RAND_UUID; i++)
            assert_int_equal(a[i] == '-', i == 8 || i == 13 || i == 18 || i == 23);
        assert_int_equal(a[14], '4');
        assert_non_null(strchr("89ab", a[19]));
        assert_string_not_equal(a, b);
    }
    assert_int_equal(a[RAND_UUID + 1], 'x');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_differ_and_stay_in_bounds),
        cmocka_unit_test(large_requests_are_filled_to_the_end),
        cmocka_unit_test(text_has_its_length_and_alphabet),
        cmocka_unit_test(all_letters_are_equally_likely),
        cmocka_unit_test(uuids_have_their_form_and_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
