#include "unit.h"

#include "core/inspect_wire.h"
#include "make_archive.h"

static int enter(void **state)
{
    *state = arena_open(64 * MIB);
    return *state ? 0 : -1;
}

static int leave(void **state)
{
    arena_close(*state);
    return 0;
}

static struct inspected sample(void)
{
    return (struct inspected){
        .flags = 0x80000005,
        .texts = {S("{}"), S("about"), S(""), S("a\0b"), S("\x89PNG"), S("last")},
    };
}

static struct str success(struct arena *a, const struct inspected *found)
{
    AUTO(buf_done) struct buf b = BUF_INIT(INSPECT_ANSWER_MAX);

    inspect_wire_success(found, &b);
    return str_dup(a, buf_str(&b));
}

static struct str failure(struct arena *a, enum err_code code, const char *msg)
{
    AUTO(buf_done) struct buf b = BUF_INIT(INSPECT_ANSWER_MAX);

    inspect_wire_failure(code, msg, &b);
    return str_dup(a, buf_str(&b));
}

static void what_was_found_arrives_as_it_was_sent(void **state)
{
    struct inspected in = sample(), out = {0};
    bool malformed = true;

    assert_int_equal(inspect_wire_parse(*state, success(*state, &in), &out, &malformed, NULL), OK);
    assert_false(malformed);
    assert_int_equal(out.flags, 0x80000005);
    for (size_t i = 0; i < INSPECTED_TEXTS; i++)
        assert_true(str_eq(out.texts[i], in.texts[i]));
}

static void a_failure_arrives_with_its_code_and_reason(void **state)
{
    struct inspected out = {0};
    struct err err = {0};
    bool malformed = true;
    struct str bytes = failure(*state, ERR_TOO_BIG, "it is\nlarge %s");

    assert_int_equal(inspect_wire_parse(*state, bytes, &out, &malformed, &err), ERR_TOO_BIG);
    assert_false(malformed);
    assert_string_equal(err.msg, "it is?large %s"); /* one line, and no format of ours */
    assert_null(out.texts[0].ptr);
}

static void malformed_at(struct arena *a, struct str bytes, int line)
{
    struct inspected out = {0};
    struct err err = {0};
    bool malformed = false;
    enum err_code rc = inspect_wire_parse(a, bytes, &out, &malformed, &err);

    if (rc != ERR_INVALID || !malformed)
        print_error("line %d: %s\n", line, err_slug(rc));
    assert_int_equal(rc, ERR_INVALID);
    assert_true(malformed);
    assert_null(out.texts[0].ptr);
}
#define malformed(a, bytes) malformed_at((a), (bytes), __LINE__)

static void answers_cut_anywhere_or_too_long_are_malformed(void **state)
{
    struct inspected in = sample();
    struct str answers[] = {success(*state, &in), failure(*state, ERR_INVALID, "why")};

    for (size_t i = 0; i < COUNT(answers); i++) {
        for (size_t len = 0; len < answers[i].len; len++)
            malformed(*state, str_sub(answers[i], 0, len));
        malformed(*state, make_joined(*state, answers[i], S("x")));
    }
}

static void values_that_no_child_sends_are_malformed(void **state)
{
    struct arena *a = *state;
    struct inspected in = sample();
    struct str good = success(a, &in), bad = failure(a, ERR_INVALID, "why");

    malformed(a, make_patched(a, good, 0, 1, 0));           /* magic */
    malformed(a, make_patched(a, bad, 4, 4, ERR_DENIED));   /* a code of other modules */
    malformed(a, make_patched(a, bad, 4, 4, ERR_CODE_MAX)); /* no code at all */
    malformed(a, make_patched(a, bad, 4, 4, 0xffffffff));
    malformed(a, make_patched(a, bad, 8, 4, 1));            /* flags of a failure */
    malformed(a, make_patched(a, good, 12, 4, 0xffffffff)); /* a length beyond all bytes */
    in.texts[0] = S("");
    malformed(a, success(a, &in));
    malformed(a, failure(a, ERR_INVALID, str_z(a, make_run(a, 'x', 5000))));
}

static void texts_over_their_limit_are_malformed(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(2 * INSPECT_ANSWER_MAX);
    struct inspected in = sample();

    in.texts[3] = make_run(*state, 'x', LIMIT_INFO_MEMBER + 1);
    inspect_wire_success(&in, &b);
    malformed(*state, buf_str(&b));
}

static void a_full_arena_is_a_lack_of_memory_and_not_malformed(void **state)
{
    AUTO(arena_closep) struct arena *small = arena_open(KIB);
    struct inspected in = sample(), out = {0};
    bool malformed = true;

    in.texts[3] = make_run(*state, 'x', 2 * KIB);
    assert_int_equal(inspect_wire_parse(small, success(*state, &in), &out, &malformed, NULL),
                     ERR_NOMEM);
    assert_false(malformed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_found_arrives_as_it_was_sent),
        cmocka_unit_test(a_failure_arrives_with_its_code_and_reason),
        cmocka_unit_test(answers_cut_anywhere_or_too_long_are_malformed),
        cmocka_unit_test(values_that_no_child_sends_are_malformed),
        cmocka_unit_test(texts_over_their_limit_are_malformed),
        cmocka_unit_test(a_full_arena_is_a_lack_of_memory_and_not_malformed),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
