/* Badges: pictures whose text is what it should be, and nothing else. */
#include "unit.h"

#include "base/limits.h"
#include "base/text.h"
#include "format/badge.h"

static struct buf draw(struct str label, struct str value, enum badge_color color)
{
    struct buf b = BUF_INIT(64 * KIB);

    badge_write(&b, &(struct badge){label, value, color});
    assert_true(buf_ok(&b));
    buf_addc(&b, '\0'); /* for strstr */
    return b;
}

static void has(struct str label, struct str value, const char *part)
{
    AUTO(buf_done) struct buf b = draw(label, value, BADGE_BLUE);

    if (!strstr(b.ptr, part))
        print_error("%s\nhas no %s\n", b.ptr, part);
    assert_non_null(strstr(b.ptr, part));
}

static void the_whole_picture(void **state)
{
    AUTO(buf_done) struct buf b = draw(S("version"), S("1.0"), BADGE_BLUE);

    (void)state;
    assert_string_equal(
        b.ptr,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"83\" height=\"20\" "
        "viewBox=\"0 0 83 20\" role=\"img\" aria-label=\"version: 1.0\">"
        "<title>version: 1.0</title>"
        "<path fill=\"#3d4450\" d=\"M3 0h50v20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z\"/>"
        "<path fill=\"#1c64a8\" d=\"M53 0h27a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H53z\"/>"
        "<g fill=\"#fff\" font-family=\"DejaVu Sans,Verdana,Geneva,sans-serif\" font-size=\"11\">"
        "<text x=\"6\" y=\"14\" textLength=\"40.3\">version</text>"
        "<text x=\"59\" y=\"14\" textLength=\"17.5\">1.0</text></g></svg>\n");
}

static void colours_differ(void **state)
{
    AUTO(buf_done) struct buf green = draw(S("a"), S("b"), BADGE_GREEN);
    AUTO(buf_done) struct buf grey = draw(S("a"), S("b"), BADGE_GREY);

    (void)state;
    assert_non_null(strstr(green.ptr, "<path fill=\"#23713c\""));
    assert_non_null(strstr(grey.ptr, "<path fill=\"#5b6573\""));
}

static void markup_is_text(void **state)
{
    (void)state;
    has(S("a&b"), S("<i>\"'"), "aria-label=\"a&amp;b: &lt;i&gt;&quot;&#39;\"");
    has(S("a&b"), S("<i>\"'"), "<title>a&amp;b: &lt;i&gt;&quot;&#39;</title>");
    has(S("a&b"), S("<i>\"'"), ">&lt;i&gt;&quot;&#39;</text>");
}

static void what_cannot_be_shown_is_a_question_mark(void **state)
{
    static const struct {
        struct str value;
        const char *title;
    } cases[] = {
        {{"a\0b\tc\x7f", 6}, "x: a?b?c?"},
        {{"\xff\xfe", 2}, "x: ?"},
        {{"a\xc2\x85z", 4}, "x: a?z"}, /* a control of ISO 8859 */
        {{"\xe2\x80\xae"
          "0.1",
          6},
         "x: ?0.1"},                     /* read on from right to left */
        {{"a\xef\xbf\xbe", 4}, "x: a?"}, /* no character */
        {{"\xef\xbb\xbf"
          "a",
          4},
         "x: ?a"}, /* a mark of byte order */
        {{"\xf0\x9f\x98\x80", 4}, "x: \xf0\x9f\x98\x80"},
        {{"", 0}, "x: "},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char wanted[64];

        (void)snprintf(wanted, sizeof wanted, "<title>%s</title>", cases[i].title);
        has(S("x"), cases[i].value, wanted);
    }
}

static void long_texts_are_cut(void **state)
{
    char text[2 * BADGE_TEXT_MAX + 1], wanted[2 * BADGE_TEXT_MAX + 32];

    (void)state;
    memset(text, 'm', sizeof text);
    (void)snprintf(wanted, sizeof wanted, ">%.*s</text>", BADGE_TEXT_MAX, text);
    has(S("x"), (struct str){text, BADGE_TEXT_MAX}, wanted);
    (void)snprintf(wanted, sizeof wanted, ">%.*s...</text>", BADGE_TEXT_MAX - 1, text);
    has(S("x"), (struct str){text, BADGE_TEXT_MAX + 1}, wanted);
    has(S("x"), (struct str){text, sizeof text}, wanted);
}

/* Each letter counts: other scripts, too. */
static void boxes_are_as_wide_as_their_texts(void **state)
{
    (void)state;
    has(S(""), S(""), "width=\"24\"");
    has(S("i"), S("W"), "width=\"39\"");                       /* 3.1 and 10.9 */
    has(S("~"), S("\xc3\xa9"), "width=\"41\"");                /* 9.2 and 7.0 */
    has(S(""), S("\xe7\x89\x88\xe6\x9c\xac"), "width=\"46\""); /* twice 11.0 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_picture),
        cmocka_unit_test(colours_differ),
        cmocka_unit_test(markup_is_text),
        cmocka_unit_test(what_cannot_be_shown_is_a_question_mark),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(boxes_are_as_wide_as_their_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
