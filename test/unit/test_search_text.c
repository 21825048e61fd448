/* How text is folded, cut into words, and told as terms. */
#include "unit.h"

#include "base/limits.h"
#include "base/text.h"
#include "format/search_text.h"

static struct arena *mem;

static int open_memory(void **state)
{
    (void)state;
    mem = arena_open(MIB);
    return mem ? 0 : -1;
}

static int close_memory(void **state)
{
    (void)state;
    arena_close(mem);
    return 0;
}

static void names_and_texts_have_keys(void **state)
{
    static const struct {
        const char *text, *key;
    } cases[] = {
        {"", ""},
        {"numpy", "numpy"},
        {"Scikit_Learn", "scikit-learn"},
        {"  zope.interface--x ", "zope-interface-x"},
        {"-_.", ""},
        {"python3.12", "python3-12"},
        {"C++", "cpp"},
        {"libstdc++-ng", "libstdcpp-ng"},
        {"a + b", "a-b"},
        {"++x", "x"},
        {"Größe MASSE ẞ", "grosse-masse-ẞ"},
        {"Ærø Łódź Þórr ĳssel", "aero-lodz-thorr-ijssel"},
        {"nai\xcc\x88ve", "naive"}, /* the accent is a character of its own */
        {"Ελληνικά ΌΣΟΣ", "ελληνικά-όσοσ"},
        {"ПРИВЕТ Ёж", "привет-ёж"},
        {"数据分析 data", "数-据-分-析-data"},
        {"データ", "デ-ー-タ"},
        {"한국어", "한-국-어"},
        {"ＰＹＴＨＯＮ３", "python3"},
        {"don’t stop…", "don-t-stop"},
        {"a\xe2\x80\x8b"
         "b",
         "ab"}, /* a blank without width */
        {"🐍 snake ×2", "snake-2"},
        {"100 %/day", "100-day"},
        {"x\xff\xfe"
         "y",
         "x-y"},
        {"x\xc3", "x"},
        {"\xed\xa0\x80z", "z"}, /* half a surrogate pair */
        {"\xc0\xafz\xf8\x88\x80\x80\x80q\xf4\x90\x80\x80", "z-q"},
        {"tab\tnewline\nquote\"'", "tab-newline-quote"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_str(search_key(mem, str_of(cases[i].text)), cases[i].key);
    assert_str(search_key(mem, (struct str){"a\0b", 3}), "a-b");
}

static void a_word_has_an_end(void **state)
{
    char text[200];
    struct str key;

    (void)state;
    memset(text, 'a', sizeof text);
    key = search_key(mem, (struct str){text, sizeof text});
    assert_int_equal(key.len, SEARCH_WORD_MAX);
    text[SEARCH_WORD_MAX - 1] = '\xd0'; /* two bytes that would not fit */
    text[SEARCH_WORD_MAX] = '\xb6';
    text[SEARCH_WORD_MAX + 1] = ' ';
    key = search_key(mem, (struct str){text, sizeof text});
    assert_int_equal(key.ptr[SEARCH_WORD_MAX - 1], '-');
    assert_true(text_is_utf8(key));
}

static void what_is_typed_may_end_between_words(void **state)
{
    static const struct {
        const char *text, *key;
    } cases[] = {{"r-", "r-"},     {"r ", "r"},         {"Zope. ", "zope-"},
                 {"a_b_", "a-b-"}, {"numpy!", "numpy"}, {"-", ""},
                 {"", ""},         {"c++", "cpp"}};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_str(search_query_key(mem, str_of(cases[i].text)), cases[i].key);
}

static void words_come_once_and_not_too_many(void **state)
{
    struct search_words w;

    (void)state;
    assert_true(search_split(mem, S("to-be-or-not-to-be-"), 10, &w));
    assert_int_equal(w.count, 4);
    assert_str(w.items[0], "to");
    assert_str(w.items[3], "not");
    assert_true(search_split(mem, S("a-b-c"), 2, &w));
    assert_int_equal(w.count, 2);
    assert_true(search_split(mem, S(""), 2, &w));
    assert_int_equal(w.count, 0);
    assert_true(search_is_stop_word(S("the")));
    assert_false(search_is_stop_word(S("then")));
}

static struct str taken(struct buf *b)
{
    struct str text;

    assert_true(buf_ok(b));
    text = str_dup(mem, buf_str(b));
    buf_done(b);
    return text;
}

static struct str terms_of(enum search_part part, const char *word, bool in_name)
{
    struct buf b = BUF_INIT(KIB);

    search_add_word(&b, part, str_of(word), in_name);
    return taken(&b);
}

static struct str query_of(enum search_part part, const char *word)
{
    struct buf b = BUF_INIT(KIB);

    search_add_word_query(&b, part, str_of(word));
    return taken(&b);
}

static void words_are_found_by_their_beginnings(void **state)
{
    (void)state;
    assert_str(terms_of(SEARCH_NAME, "tensorflow", true),
               " nt nte nten ntens ntenso ntensor ntensorf ntensorfl ntensorflo "
               "ntensorflow");
    assert_str(terms_of(SEARCH_TEXT, "tensor", false), " sten stens stenso");
    assert_str(terms_of(SEARCH_KEYWORD, "ai", false), " kai");
    assert_str(terms_of(SEARCH_TEXT, "r", false), " sr");
    assert_str(terms_of(SEARCH_TEXT, "größe", false), " sgrö sgröß sgröße");
    assert_str(query_of(SEARCH_NAME, "t"), " nt");
    assert_str(query_of(SEARCH_NAME, "tensor"), " ntensor");
    assert_str(query_of(SEARCH_TEXT, "tensorboard"), " stensorb");
    assert_str(query_of(SEARCH_NAME, "tensorboard"), " ntensorboar");
    assert_str(query_of(SEARCH_TEXT, "größ"), " sgröß");
}

/* Whatever begins a word, its term is among those of the word. */
static void each_beginning_has_its_term(void **state)
{
    static const char *const words[] = {"a",  "ab",     "abc",         "größenwahn",
                                        "数", "привет", "abcdefghijkl"};

    (void)state;
    for (size_t i = 0; i < COUNT(words); i++) {
        struct str word = str_of(words[i]), terms = terms_of(SEARCH_NAME, words[i], true);

        for (size_t len = 1; len <= word.len; len++) {
            struct str start = str_sub(word, 0, len), query, all;

            if (!text_is_utf8(start))
                continue;
            query = query_of(SEARCH_NAME, str_fmt(mem, STR_FMT, STR_ARG(start)).ptr);
            all = str_fmt(mem, STR_FMT " ", STR_ARG(terms));
            query = str_fmt(mem, STR_FMT " ", STR_ARG(query));
            assert_non_null(strstr(all.ptr, query.ptr));
        }
    }
}

static void names_are_found_as_a_whole_and_by_their_beginning(void **state)
{
    struct buf b = BUF_INIT(KIB);

    (void)state;
    search_add_name(&b, S("python-dateutil"));
    assert_str(taken(&b), " epythondateutil bp bpy bpyt bpyth bpytho bpythond bpythondat "
                          "bpythondateut");
    search_add_name(&b, S("r"));
    assert_str(taken(&b), " er br");
    search_add_name_query(&b, S("python-dateutil"));
    assert_str(taken(&b), " epythondateutil");
    search_add_beginning_query(&b, S("python-"));
    assert_str(taken(&b), " bpytho");
    search_add_beginning_query(&b, S("r-"));
    assert_str(taken(&b), " br");
    search_add_beginning_query(&b, S("python-dateutil"));
    assert_str(taken(&b), " bpythondateut");
}

/* A name that is longer than a word may be is cut between two characters. */
static void long_names_have_terms_that_are_text(void **state)
{
    struct buf key = BUF_INIT(KIB), b = BUF_INIT(KIB);

    (void)state;
    for (int i = 0; i < 30; i++)
        buf_addz(&key, i % 2 ? "ж-" : "xж");
    search_add_name(&b, buf_str(&key));
    search_add_name_query(&b, buf_str(&key));
    assert_true(text_is_utf8(taken(&b)));
    buf_done(&key);
}

static void properties_are_told_apart(void **state)
{
    struct buf b = BUF_INIT(KIB);

    (void)state;
    search_add_tag(&b, 'p', S("linux-64"));
    search_add_tag(&b, 'l', S("release/xyz"));
    search_add_tag(&b, 'l', S("Größe"));
    assert_str(taken(&b), " plinuxz2d64 lreleasez2fxyz7a lz47röße");
}

static void mistyped_words_share_a_stem(void **state)
{
    struct buf b = BUF_INIT(KIB);

    (void)state;
    search_add_stems(&b, S("pandas"));
    assert_str(taken(&b), " pandas andas pndas padas panas pands panda");
    search_add_stems(&b, S("tensorflow"));
    assert_str(taken(&b), " tensor ensor tnsor tesor tenor tensr tenso");
    search_add_stems(&b, S("book"));
    assert_str(taken(&b), " book ook bok boo");
    assert_true(search_is_correctable(S("book")));
    assert_false(search_is_correctable(S("boo")));
    assert_false(search_is_correctable(S("größe")));
}

static void distances_count_letters_and_swaps(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned distance;
    } cases[] = {
        {"numpy", "numpy", 0},  {"numpy", "numpi", 1},    {"numpy", "nmupy", 1},
        {"numpy", "numpyy", 1}, {"numpy", "nupy", 1},     {"numpy", "nuypm", 2},
        {"ab", "ba", 1},        {"abc", "cab", 2},        {"", "abc", 3},
        {"abc", "", 3},         {"kitten", "sitting", 3}, {"abcdef", "ghijkl", 4},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str a = str_of(cases[i].a), b = str_of(cases[i].b);

        assert_int_equal(search_distance(a, b, 3), cases[i].distance);
        assert_int_equal(search_distance(b, a, 3), cases[i].distance);
    }
}

#define WITH_MEMORY(test) cmocka_unit_test_setup_teardown(test, open_memory, close_memory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MEMORY(names_and_texts_have_keys),
        WITH_MEMORY(a_word_has_an_end),
        WITH_MEMORY(what_is_typed_may_end_between_words),
        WITH_MEMORY(words_come_once_and_not_too_many),
        WITH_MEMORY(words_are_found_by_their_beginnings),
        WITH_MEMORY(each_beginning_has_its_term),
        WITH_MEMORY(names_are_found_as_a_whole_and_by_their_beginning),
        WITH_MEMORY(long_names_have_terms_that_are_text),
        WITH_MEMORY(properties_are_told_apart),
        WITH_MEMORY(mistyped_words_share_a_stem),
        WITH_MEMORY(distances_count_letters_and_swaps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
