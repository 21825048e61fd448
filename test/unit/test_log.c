#include "unit.h"

#include <fcntl.h>
#include <regex.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

/* A log that writes into a pipe, and what came out of it. */
struct tap {
    struct log log;
    int out;
    char text[64 * 1024];
};

static int open_tap(void **state)
{
    struct tap *t = mem_new(struct tap);
    int fds[2];

    if (!t || pipe2(fds, O_CLOEXEC | O_NONBLOCK))
        return -1;
    t->log = (struct log){.fd = fds[1], .level = LOG_INFO};
    t->out = fds[0];
    *state = t;
    return 0;
}

static int close_tap(void **state)
{
    struct tap *t = *state;

    (void)close(t->log.fd);
    (void)close(t->out);
    mem_free(t);
    return 0;
}

static const char *drain(struct tap *t)
{
    ssize_t n = read(t->out, t->text, sizeof(t->text) - 1);

    t->text[n > 0 ? n : 0] = '\0';
    return t->text;
}

/* The line without its time, which every line must begin with. */
static const char *drain_after_time(struct tap *t)
{
    const char *text = drain(t);
    const char *level = strstr(text, " level=");
    regex_t re;

    assert_int_equal(regcomp(&re,
                             "^time=[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
                             "[.][0-9]{3}Z level=",
                             REG_EXTENDED | REG_NOSUB),
                     0);
    assert_int_equal(regexec(&re, text, 0, NULL, 0), 0);
    regfree(&re);
    assert_non_null(level);
    return level + 1;
}

static void line_begins_with_time_level_and_event(void **state)
{
    struct tap *t = *state;
    struct log_line l;

    log_begin(&l, &t->log, LOG_INFO, "request");
    log_str(&l, "path", S("/main/noarch"));
    log_u64(&l, "status", 304);
    log_ms(&l, "ms", 12345);
    log_ms(&l, "wait", 7);
    log_end(&l);
    assert_string_equal(drain_after_time(t),
                        "level=info event=request path=/main/noarch status=304 "
                        "ms=12.345 wait=0.007\n");
}

static void lines_below_the_level_are_not_written(void **state)
{
    struct tap *t = *state;

    mem_fail_at(0);
    log_msg(&t->log, LOG_DEBUG, "quiet", "%d", 1);
    assert_int_equal(mem_count(), 0);
    mem_fail_at(0);
    assert_string_equal(drain(t), "");
    log_msg(NULL, LOG_ERROR, "nowhere", "%d", 1);
    t->log.level = LOG_ERROR;
    log_msg(&t->log, LOG_WARN, "quiet", "%d", 1);
    assert_string_equal(drain(t), "");
    log_msg(&t->log, LOG_ERROR, "loud", "%d", 1);
    assert_string_equal(drain_after_time(t), "level=error event=loud msg=1\n");
}

static const char *logged_value(struct tap *t, struct str value)
{
    struct log_line l;

    log_begin(&l, &t->log, LOG_INFO, "e");
    log_str(&l, "v", value);
    log_end(&l);
    return drain_after_time(t) + strlen("level=info event=e ");
}

static void values_are_quoted_when_needed(void **state)
{
    struct tap *t = *state;

    assert_string_equal(logged_value(t, S("a-b/c:d")), "v=a-b/c:d\n");
    assert_string_equal(logged_value(t, S("")), "v=\"\"\n");
    assert_string_equal(logged_value(t, S("a b")), "v=\"a b\"\n");
    assert_string_equal(logged_value(t, S("a=b")), "v=\"a=b\"\n");
    assert_string_equal(logged_value(t, S("a\"b")), "v=\"a\\\"b\"\n");
    assert_string_equal(logged_value(t, S("a\\b")), "v=\"a\\\\b\"\n");
    assert_string_equal(logged_value(t, S("\xc3\xa4")), "v=\"\xc3\xa4\"\n");
}

static void no_value_can_forge_a_line(void **state)
{
    struct tap *t = *state;

    assert_string_equal(logged_value(t, S("x\nlevel=error\r\t\x1b[0m\0\x7f")),
                        "v=\"x\\nlevel=error\\x0d\\x09\\x1b[0m\\x00\\x7f\"\n");
    assert_string_equal(logged_value(t, S("\xff\xc3\xa4")), "v=\"\\xff\\xc3\\xa4\"\n");
    /* U+009B is ESC [ for some terminals; U+00A0 is a letter */
    assert_string_equal(logged_value(t, S("\xc2\x9b\xc2\xa0")), "v=\"\\xc2\\x9b\xc2\xa0\"\n");
}

static void every_byte_gives_one_printable_line(void **state)
{
    struct tap *t = *state;

    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        const char *text = logged_value(t, (struct str){&byte, 1});
        size_t len = strlen(text);

        assert_true(len > 2 && text[len - 1] == '\n');
        assert_false(text_has_control((struct str){text, len - 1}));
        assert_true(text_is_utf8(str_of(text)));
    }
}

static void long_value_is_cut_between_characters(void **state)
{
    struct tap *t = *state;
    char value[3001];
    const char *text;

    for (size_t i = 0; i < 3000; i += 3)
        memcpy(value + i, "\xe2\x82\xac", 3);
    value[3000] = '\0';
    text = logged_value(t, str_of(value));
    assert_int_equal(strlen(text), strlen("v=\"\"\n") + 1023); /* 341 characters of 3 bytes */
    assert_true(text_is_utf8(str_of(text)));
}

static void lost_line_leaves_a_trace(void **state)
{
    struct tap *t = *state;
    struct log_line l;

    log_begin(&l, &t->log, LOG_INFO, "big");
    for (int i = 0; i < 100; i++)
        log_str(&l, "v",
                S("0123456789012345678901234567890123456789012345678901234567890123456789"
                  "0123456789012345678901234567890123456789012345678901234567890123456789"
                  "0123456789012345678901234567890123456789012345678901234567890123456789"));
    log_end(&l);
    assert_string_equal(drain_after_time(t), "level=error event=log_line_lost\n");
    mem_fail_at(1);
    log_msg(&t->log, LOG_INFO, "oom", "x");
    mem_fail_at(0);
    assert_string_equal(drain_after_time(t), "level=error event=log_line_lost\n");
}

static void failure_is_logged_with_its_place(void **state)
{
    struct tap *t = *state;
    struct err e = {.code = ERR_CONFLICT, .line = 12, .file = "src/x.c", .msg = "it \"was\" there"};

    log_err(&t->log, LOG_WARN, "publish", &e);
    assert_string_equal(drain_after_time(t),
                        "level=warn event=publish error=conflict msg=\"it \\\"was\\\" there\" "
                        "file=src/x.c line=12\n");
    e = (struct err){.code = ERR_UNPROCESSABLE, .field = "email", .msg = "bad"};
    log_err(&t->log, LOG_WARN, "signup", &e);
    assert_string_equal(drain_after_time(t),
                        "level=warn event=signup error=unprocessable field=email msg=bad\n");
}

static void levels_have_names(void **state)
{
    enum log_level level = LOG_INFO;

    (void)state;
    assert_true(log_level_parse(S("error"), &level) && level == LOG_ERROR);
    assert_true(log_level_parse(S("warn"), &level) && level == LOG_WARN);
    assert_true(log_level_parse(S("info"), &level) && level == LOG_INFO);
    assert_true(log_level_parse(S("debug"), &level) && level == LOG_DEBUG);
    assert_false(log_level_parse(S("Error"), &level));
    assert_false(log_level_parse(S(""), &level));
    assert_int_equal(level, LOG_DEBUG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(line_begins_with_time_level_and_event, open_tap, close_tap),
        cmocka_unit_test_setup_teardown(lines_below_the_level_are_not_written, open_tap, close_tap),
        cmocka_unit_test_setup_teardown(values_are_quoted_when_needed, open_tap, close_tap),
        cmocka_unit_test_setup_teardown(no_value_can_forge_a_line, open_tap, close_tap),
        cmocka_unit_test_setup_teardown(every_byte_gives_one_printable_line, open_tap, close_tap),
        cmocka_unit_test_setup_teardown(long_value_is_cut_between_characters, open_tap, close_tap),
        cmocka_unit_test_setup_teardown(lost_line_leaves_a_trace, open_tap, close_tap),
        cmocka_unit_test_setup_teardown(failure_is_logged_with_its_place, open_tap, close_tap),
        cmocka_unit_test(levels_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
