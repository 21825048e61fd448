/* The rule for passwords, and argon2id. */
#include "unit.h"

#include <pthread.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/limits.h"
#include "core/password.h"

enum { MIN = 8 };

static int setup(void **state)
{
    *state = arena_open(MIB);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    arena_close(*state);
    return 0;
}

/* ---- the rule -------------------------------------------------------------------------------- */

static struct str repeated(struct arena *mem, const char *piece, size_t times)
{
    size_t len = strlen(piece);
    char *text = arena_alloc(mem, len * times, 1);

    assert_non_null(text);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * len, piece, len);
    return (struct str){text, len * times};
}

static void good_passwords_pass(void **state)
{
    static const char *const good[] = {
        "correct horse",
        "8 chars!",
        "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f",
        "passwords",
        "alicealice",
        "aaaaaaab",
        " leading and trailing ",
    };

    for (size_t i = 0; i < COUNT(good); i++) {
        struct err err = {0};
        enum err_code code = password_check(str_of(good[i]), S("alice"), MIN, &err);

        if (code)
            print_error("\"%s\": %s\n", good[i], err.msg);
        assert_int_equal(code, OK);
    }
    assert_int_equal(password_check(repeated(*state, "ab", 512), S("alice"), MIN, NULL), OK);
}

static void refused(struct str password, const char *login, int64_t min, const char *why)
{
    struct err err = {0};

    assert_int_equal(password_check(password, str_of(login), min, &err), ERR_UNPROCESSABLE);
    assert_string_equal(err.field, "password");
    assert_string_equal(err.msg, why);
}

static void bad_passwords_are_refused_each_with_its_reason(void **state)
{
    refused(S(""), "alice", MIN, "the password has 0 characters; at least 8 are needed");
    refused(S("seven77"), "alice", MIN, "the password has 7 characters; at least 8 are needed");
    /* Characters are counted, not bytes: this has eight bytes. */
    refused(S("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f"), "alice", MIN,
            "the password has 4 characters; at least 8 are needed");
    refused(S("eleven char"), "alice", 12,
            "the password has 11 characters; at least 12 are needed");
    refused(repeated(*state, "abcde", 205), "alice", MIN,
            "the password has 1025 bytes; at most 1024 are allowed");
    refused(S("not utf-8 \xff\xfe"), "alice", MIN, "the password is not valid UTF-8");
    refused(S("zzzzzzzzz"), "alice", MIN, "the password is one character repeated");
    refused(S("AliceSmith"), "alicesmith", MIN, "the password is the same as the username");
    refused(S("password1"), "alice", MIN,
            "this password is among the commonest of all; choose another");
    refused(S("PassWord1"), "alice", MIN,
            "this password is among the commonest of all; choose another");
    refused(S("1234567"), "alice", 7,
            "this password is among the commonest of all; choose another");
}

/* ---- hashes ---------------------------------------------------------------------------------- */

static struct str hash_of(struct arena *mem, const char *password)
{
    struct str hash = {0};
    struct err err = {0};

    assert_int_equal(password_hash(mem, str_of(password), &hash, &err), OK);
    return hash;
}

static bool verifies(struct str hash, struct str password)
{
    return password_verify(hash, password, NULL) == OK;
}

static void a_hash_names_its_cost_and_is_new_each_time(void **state)
{
    struct str one = hash_of(*state, "correct horse"), two = hash_of(*state, "correct horse");

    assert_true(str_starts(one, S("$argon2id$v=19$m=19456,t=2,p=1$")));
    assert_false(str_eq(one, two));
    assert_true(verifies(one, S("correct horse")));
    assert_true(verifies(two, S("correct horse")));
}

static void only_the_very_password_verifies(void **state)
{
    struct str hash = hash_of(*state, "correct horse");
    static const char *const wrong[] = {"", "correct hors", "correct horse ", "Correct horse",
                                        "correct\nhorse"};

    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_false(verifies(hash, str_of(wrong[i])));
    assert_false(verifies(hash, (struct str){"correct horse\0", 14}));
    assert_false(verifies(hash, repeated(*state, "ab", 513)));
}

static void what_is_no_hash_never_verifies(void **state)
{
    static const char *const hashes[] = {
        "",
        "x",
        "correct horse",
        "$argon2id$",
        "$argon2id$v=19$m=19456,t=2,p=1$",
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$",
    };

    for (size_t i = 0; i < COUNT(hashes); i++) {
        assert_false(verifies(str_of(hashes[i]), S("")));
        assert_false(verifies(str_of(hashes[i]), S("correct horse")));
    }
    assert_false(verifies(repeated(*state, "x", 4000), S("correct horse")));
}

/* The shortest of a few runs: what the work itself takes. */
static uint64_t verify_us(struct str hash)
{
    uint64_t best = UINT64_MAX;

    for (int i = 0; i < 5; i++) {
        uint64_t start = clock_mono_us(), took;

        assert_false(verifies(hash, S("not this one")));
        took = clock_mono_us() - start;
        best = took < best ? took : best;
    }
    return best;
}

static void an_unknown_account_takes_as_long_as_a_wrong_password(void **state)
{
    uint64_t known = verify_us(hash_of(*state, "correct horse")), unknown = verify_us(S(""));

    if (unknown < known / 2 || unknown > known * 2)
        print_error("known %llu us, unknown %llu us\n", (unsigned long long)known,
                    (unsigned long long)unknown);
    assert_true(unknown >= known / 2);
    assert_true(unknown <= known * 2);
}

static void hashing_without_memory_is_told(void **state)
{
    struct arena *tiny = arena_open(1);
    struct str hash = S("untouched");
    struct err err;

    (void)state;
    assert_non_null(tiny);
    assert_int_equal(password_hash(tiny, S("correct horse"), &hash, &err), ERR_NOMEM);
    assert_str(hash, "untouched");
    arena_close(tiny);
}

static void *verify_in_thread(void *hash)
{
    const struct str *h = hash;

    return verifies(*h, S("correct horse")) ? hash : NULL;
}

static void more_threads_than_may_hash_at_once_all_get_their_answer(void **state)
{
    struct str hash = hash_of(*state, "correct horse");
    pthread_t threads[6];

    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, verify_in_thread, &hash), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *right = NULL;

        assert_int_equal(pthread_join(threads[i], &right), 0);
        assert_ptr_equal(right, &hash);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

struct attempt {
    struct str hash;
    enum err_code code;
};

static void *attempt_in_thread(void *arg)
{
    struct attempt *a = arg;

    a->code = password_verify(a->hash, S("correct horse"), NULL);
    return NULL;
}

static void a_flood_is_turned_away_and_not_made_to_wait(void **state)
{
    struct str hash = hash_of(*state, "correct horse");
    struct attempt attempts[60];
    pthread_t threads[COUNT(attempts)];
    size_t right = 0, busy = 0;

    for (size_t i = 0; i < COUNT(threads); i++) {
        attempts[i] = (struct attempt){.hash = hash};
        assert_int_equal(pthread_create(&threads[i], NULL, attempt_in_thread, &attempts[i]), 0);
    }
    for (size_t i = 0; i < COUNT(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        right += attempts[i].code == OK;
        busy += attempts[i].code == ERR_BUSY;
    }
    assert_int_equal(right + busy, COUNT(threads));
    assert_true(right >= 6); /* two that compute and four that wait */
    assert_true(busy > 0);
    assert_true(verifies(hash, S("correct horse"))); /* nobody is left inside */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(good_passwords_pass),
        CASE(bad_passwords_are_refused_each_with_its_reason),
        CASE(a_hash_names_its_cost_and_is_new_each_time),
        CASE(only_the_very_password_verifies),
        CASE(what_is_no_hash_never_verifies),
        CASE(an_unknown_account_takes_as_long_as_a_wrong_password),
        CASE(hashing_without_memory_is_told),
        CASE(more_threads_than_may_hash_at_once_all_get_their_answer),
        CASE(a_flood_is_turned_away_and_not_made_to_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
