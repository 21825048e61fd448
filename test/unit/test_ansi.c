#include "unit.h"

#include "base/buf.h"
#include "base/limits.h"
#include "format/ansi.h"

/* "text{fg,bg,biu}" of each span, where it has a style. */
static struct str shown(struct buf *out, struct str text)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    struct ansi_reader r;
    struct ansi_span span;
    char name[ANSI_COLOR_NAME];

    buf_clear(out);
    assert_true(ansi_begin(mem, text, &r));
    while (ansi_next(&r, &span)) {
        const struct ansi_style *s = &span.style;

        assert_true(span.text.len > 0);
        buf_add(out, span.text);
        if (!s->fg && !s->bg && !s->bold && !s->italic && !s->underline)
            continue;
        buf_addc(out, '{');
        buf_add(out, ansi_color_name(s->fg, name));
        buf_addc(out, ',');
        buf_add(out, ansi_color_name(s->bg, name));
        buf_addf(out, ",%s%s%s}", s->bold ? "b" : "", s->italic ? "i" : "",
                 s->underline ? "u" : "");
    }
    return buf_str(out);
}

struct example {
    struct str text;
    const char *shown;
};
static void check(const struct example *examples, size_t count)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);

    for (size_t i = 0; i < count; i++)
        assert_str(shown(&out, examples[i].text), examples[i].shown);
}

static void colours_and_weights_are_kept(void **state)
{
    const struct example examples[] = {
        {S("plain"), "plain"},
        {S(""), ""},
        {S("\x1b[31mred\x1b[0m."), "red{red,,}."},
        {S("\x1b[0;31mred\x1b[m."), "red{red,,}."},
        {S("\x1b[1;31;43mx\x1b[22;39my\x1b[49mz"), "x{red,yellow,b}y{,yellow,}z"},
        {S("\x1b[3;4mx\x1b[23;24my"), "x{,,iu}y"},
        {S("\x1b[95;102mx"), "x{bright-magenta,bright-green,}"},
        {S("\x1b[38;5;9mx"), "x{bright-red,,}"},
        {S("\x1b[38;5;16mx\x1b[48;5;231my"), "x{#000000,,}y{#000000,#ffffff,}"},
        {S("\x1b[38;5;28;1mx"), "x{#008700,,b}"},
        {S("\x1b[38;5;244mx"), "x{#808080,,}"},
        {S("\x1b[38;2;1;2;254;1mx"), "x{#0102fe,,b}"},
        {S("\x1b[38:5:1mx"), "x{red,,}"},
        {S("\x1b[7mx\x1b[27my"), "x{white,black,}y"},
        {S("\x1b[7;31mx"), "x{white,red,}"},
        {S("\x1b[31m\x1b[1mx"), "x{red,,b}"},
        {S("\x1b[38;5mx\x1b[38;5;999my\x1b[38;2;1mz"), "xyz"},
        {S("\x1b[99999999999999999999;31mx"), "x{red,,}"},
    };

    (void)state;
    check(examples, COUNT(examples));
}

static void what_a_terminal_would_act_on_is_left_out(void **state)
{
    const struct example examples[] = {
        {S("a\x1b]8;;javascript:alert(1)\ax\x1b]8;;\ab"), "axb"},
        {S("a\x1b]0;title\x1b\\b"), "ab"},
        {S("a\x1b]0;never ended\nb"), "a\nb"},
        {S("a\x1bP1$q\x1b\\b\x1b^x\x1b\\c\x1b_y\x1b\\d\x1bXz\x1b\\e"), "abcde"},
        {S("a\x1b[2Jb\x1b[10;20Hc\x1b[?25ld\x1b[>4;2me"), "abcde"},
        {S("a\x1b"
           "cb\x1b(Bc"),
         "abBc"},
        {S("a\x1b"), "a"},
        {S("a\x1b["), "a"},
        {S("a\x1b[3"), "a"},
        {S("a\x1b[3\nb"), "a\nb"},
        {S("a\x01\x02\x7f\tb\v\fc\0d"), "a\tbcd"},
        {S("\x1b\xc3\xa9"), "\xc3\xa9"},
    };

    (void)state;
    check(examples, COUNT(examples));
}

static void lines_that_are_written_over_show_what_was_last(void **state)
{
    const struct example examples[] = {
        {S("one\r\ntwo\r\n"), "one\ntwo\n"},
        {S(" 10%\r 50%\r100%\n"), "100%\n"},
        {S("first\n 10%\r 50%"), "first\n 50%"},
        {S("done\r"), "done"},
        {S("ab\bc"), "ac"},
        {S("\b\bx\n\b\by"), "x\ny"},
        {S("a\xc3\xa9\bx"), "ax"},
        {S("a\xe2\x82\xac\b\bx"), "x"},
    };

    (void)state;
    check(examples, COUNT(examples));
}

static void lack_of_memory_is_told(void **state)
{
    AUTO(arena_closep) struct arena *mem = arena_open(64);
    struct ansi_reader r;

    (void)state;
    assert_false(ansi_begin(mem, (struct str){"", MIB}, &r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(colours_and_weights_are_kept),
        cmocka_unit_test(what_a_terminal_would_act_on_is_left_out),
        cmocka_unit_test(lines_that_are_written_over_show_what_was_last),
        cmocka_unit_test(lack_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
