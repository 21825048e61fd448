/* What somebody may have meant. */
#include "core_fixture.h"

#include "core/search_spell.h"
#include "format/json.h"

/* The guesses for blank-separated words: "numpy:1, numba:1". */
static const char *guesses(struct core *f, const char *text)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    struct search_words words;
    struct search_guesses found;
    struct str all = S("");

    assert_true(search_split(f->mem, search_key(f->mem, str_of(text)), 6, &words));
    must(f, search_guess(tx, f->mem, &words, &found, &f->err));
    for (size_t i = 0; i < found.count; i++) {
        const struct search_guess *g = &found.items[i];

        for (size_t k = 0; k < g->words.count; k++)
            all = str_fmt(f->mem, STR_FMT "%s" STR_FMT, STR_ARG(all),
                          k         ? "-"
                          : all.len ? ", "
                                    : "",
                          STR_ARG(g->words.items[k]));
        all = str_fmt(f->mem, STR_FMT ":%u", STR_ARG(all), g->mistakes);
    }
    return all.ptr;
}

static void make(struct core *f, const struct actor *actor, const char *name)
{
    struct package_row row;

    must(f, package_create(&f->app, f->mem, actor, actor->login, str_of(name), S(""), NULL, &row,
                           &f->err));
}

static void one_letter_is_mistyped_in_each_way(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    static const struct {
        const char *typed, *meant;
    } cases[] = {
        {"numpi", "numpy:1"},
        {"nmupy", "numpy:1"},
        {"nupy", "numpy:1"},
        {"nuumpy", "numpy:1"},
        {"umpy", "numpy:1"},
        {"numpyy", "numpy:1"},
        {"numpy", ""},
        /* as it is */ {"nuypm", ""}, /* two in a short word */
        {"tensroflow", "tensorflow:1"},
        {"tesnorflwo", "tensorflow:2"},
        {"tensorfloww", "tensorflow:1"},
        {"ensorflow", "tensorflow:1"},
        {"tnsr", ""},
        {"xyz", ""},
        {"nump", "numpy:1"},
        {"größe", ""},
    };

    make(f, &alice, "numpy");
    make(f, &alice, "tensorflow");
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (strcmp(guesses(f, cases[i].typed), cases[i].meant) != 0)
            print_error("%s\n", cases[i].typed);
        assert_string_equal(guesses(f, cases[i].typed), cases[i].meant);
    }
}

static void a_word_that_is_not_typed_to_its_end_is_guessed(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    make(f, &alice, "tensorflow");
    make(f, &alice, "tensorboard");
    assert_string_equal(guesses(f, "tesnorb"), "tensorboard:1");
    assert_string_equal(guesses(f, "tesnor"), "tensorflow:1, tensorboard:1"); /* shorter first */
    assert_string_equal(guesses(f, "tesnor x"), "");                          /* that one is */
}

static void words_are_corrected_together(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    make(f, &alice, "pytorch-lightning");
    make(f, &alice, "pytorcx");
    assert_string_equal(guesses(f, "pytorch lightnign"),
                        "pytorch-lightning:1, pytorcx-lightning:2");
    assert_string_equal(guesses(f, "pytroch lightnign"), "pytorch-lightning:2");
    assert_string_equal(guesses(f, "pytroch x"), "pytorch-x:1");
}

static void there_is_an_end_to_it(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct str typed[] = {S("wordz"), S("morez")};
    const struct search_words words = {typed, 2};
    struct search_guesses found;
    struct tx *tx;

    for (char c = 'a'; c < 'a' + 20; c++) {
        char name[] = "word_-more_";

        name[4] = name[10] = c;
        make(f, &alice, name);
    }
    tx = core_begin(f, TX_READ);
    must(f, search_guess(tx, f->mem, &words, &found, &f->err));
    assert_int_equal(found.count, SEARCH_GUESSES);
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(one_letter_is_mistyped_in_each_way),
        WITH_CORE(a_word_that_is_not_typed_to_its_end_is_guessed),
        WITH_CORE(words_are_corrected_together),
        WITH_CORE(there_is_an_end_to_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
