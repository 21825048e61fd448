#include "unit.h"

#include "base/buf.h"
#include "base/limits.h"
#include "format/multipart.h"

#define TYPE "multipart/form-data; boundary=XX"

/* What was called back, as text: "[name|filename]bytes." for each part. */
struct record {
    struct buf out;
    enum err_code refuse_data; /* what data() says */
};

static enum err_code on_part(void *ctx, struct str name, struct str filename, struct err *err)
{
    struct record *r = ctx;

    (void)err;
    buf_addc(&r->out, '[');
    buf_add(&r->out, name);
    if (filename.ptr) {
        buf_addc(&r->out, '|');
        buf_add(&r->out, filename);
    }
    buf_addc(&r->out, ']');
    return OK;
}

static enum err_code on_data(void *ctx, struct str bytes, struct err *err)
{
    struct record *r = ctx;

    assert_true(bytes.len > 0);
    buf_add(&r->out, bytes);
    return r->refuse_data ? fail(err, r->refuse_data, "no") : OK;
}

static enum err_code on_end(void *ctx, struct err *err)
{
    struct record *r = ctx;

    (void)err;
    buf_addc(&r->out, '.');
    return OK;
}

/* Feeds body in chunks of `step` bytes; the record ends with "!" and the slug after a failure. */
static void scan(struct record *r, const char *type, struct str body, size_t step)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    struct multipart_events ev = {r, on_part, on_data, on_end};
    struct multipart *m;
    struct err err = {0};
    enum err_code code = multipart_open(mem, str_of(type), &ev, &m, &err);

    for (size_t at = 0; code == OK && at < body.len; at += step)
        code = multipart_feed(m, str_sub(body, at, step), &err);
    if (code == OK)
        code = multipart_finish(m, &err);
    if (code) {
        assert_int_equal(err.code, code);
        buf_addf(&r->out, "!%s", err_slug(code));
    }
}

/* The outcome must not depend on where chunks are cut, except for bytes already passed on when
 * something is refused. */
static void expect(const char *type, struct str body, const char *outcome)
{
    for (size_t step = 1; step <= body.len + 1; step++) {
        struct record r = {.out = BUF_INIT(MIB)};

        scan(&r, type, body, step);
        assert_str(buf_str(&r.out), outcome);
        buf_done(&r.out);
    }
}

#define PART(headers, bytes) "--XX\r\n" headers "\r\n\r\n" bytes "\r\n"
#define FIELD(name)          "Content-Disposition: form-data; name=\"" name "\""
#define CLOSE                "--XX--\r\n"

static void parts_are_told_in_order(void **state)
{
    (void)state;
    expect(TYPE,
           S(PART(FIELD("a"), "1") PART(FIELD("b"), "")
                 PART(FIELD("file") "; filename=\"osx-64/x.conda\"", "bytes") CLOSE),
           "[a]1.[b].[file|osx-64/x.conda]bytes.");
}

static void headers_may_be_written_in_other_ways(void **state)
{
    (void)state;
    expect(TYPE,
           S(PART("content-disposition:form-data;name=a\r\nContent-Type: text/plain\r\n"
                  "Content-Transfer-Encoding: binary\r\nX-Other: y",
                  "1") "--XX--"),
           "[a]1.");
    expect("Multipart/Form-Data; charset=utf-8; boundary=\"X X\"",
           S("--X X\r\n" FIELD("\xc3\xa4") "\r\n\r\n1\r\n--X X--"), "[\xc3\xa4]1.");
}

static void almost_delimiters_are_data(void **state)
{
    (void)state;
    expect(TYPE, S(PART(FIELD("a"), "\r\n\r\n--X\r\n--Y\r--XX\n--XX\r\r\n-") CLOSE),
           "[a]\r\n\r\n--X\r\n--Y\r--XX\n--XX\r\r\n-.");
}

static void boundary_must_be_there_and_valid(void **state)
{
    static const char *const types[] = {
        "",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=\"a \"",
        "multipart/form-data; boundary=\"a\xff\"",
        "multipart/form-data; boundary=a; boundary=b",
        "multipart/mixed; boundary=XX",
        "application/json",
        ("multipart/form-data; boundary="
         "00000000001111111111222222222233333333334444444444555555555566666666667")};

    (void)state;
    for (size_t i = 0; i < COUNT(types); i++)
        expect(types[i], S(PART(FIELD("a"), "1") CLOSE), "!invalid");
    expect("multipart/form-data; boundary="
           "0000000000111111111122222222223333333333444444444455555555556666666666",
           S("--0000000000111111111122222222223333333333444444444455555555556666666666--"), "");
}

static void body_must_begin_with_its_boundary(void **state)
{
    (void)state;
    expect(TYPE, S("x" PART(FIELD("a"), "1") CLOSE), "!invalid");
    expect(TYPE, S("\r\n" PART(FIELD("a"), "1") CLOSE), "!invalid");
    expect(TYPE, S("--XY\r\n"), "!invalid");
    expect(TYPE, S(""), "!invalid");
}

static void body_must_be_closed(void **state)
{
    (void)state;
    expect(TYPE, S("--XX"), "!invalid");
    expect(TYPE, S("--XX\r\n" FIELD("a") "\r\n"), "!invalid");
    expect(TYPE, S(PART(FIELD("a"), "1") "--XX\r\n"), "[a]1.!invalid");
    expect(TYPE, S(PART(FIELD("a"), "1") "--XX-"), "[a]1.!invalid");
    expect(TYPE, S(PART(FIELD("a"), "1") "--XX--\r"), "[a]1.!invalid");
}

static void nothing_may_follow_the_close(void **state)
{
    (void)state;
    expect(TYPE, S(PART(FIELD("a"), "1") CLOSE "x"), "[a]1.!invalid");
    expect(TYPE, S(PART(FIELD("a"), "1") "--XX--x"), "[a]1.!invalid");
    expect(TYPE, S(PART(FIELD("a"), "1") CLOSE "\r\n"), "[a]1.!invalid");
}

static void delimiter_must_end_its_line(void **state)
{
    (void)state;
    expect(TYPE, S(PART(FIELD("a"), "1") "--XXY\r\n"), "[a]1.!invalid");
    expect(TYPE, S(PART(FIELD("a"), "1") "--XX \r\n"), "[a]1.!invalid");
    expect(TYPE, S(PART(FIELD("a"), "1") "--XX\n"), "[a]1.!invalid");
}

static void parts_without_a_usable_name_are_refused(void **state)
{
    static const char *const headers[] = {
        "X: y",
        "Content-Disposition: form-data",
        "Content-Disposition: attachment; name=\"a\"",
        "Content-Disposition: form-data; name=\"a\"; name=\"b\"",
        "Content-Disposition: form-data; name=\"\xff\"",
        "Content-Disposition: form-data; name=\"a\"; filename=\"b\"; filename=\"c\"",
        "Content-Disposition: form-data; name=\"a\"; Filename=\"b\"; filename=\"c\"",
        "Content-Disposition: form-data; name=\"a\"; filename=\"\xff\"",
        "Content-Disposition: form-data; name=\"a\"; filename=\"b",
        FIELD("a") "\r\n" FIELD("a"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(headers); i++) {
        struct buf body = BUF_INIT(KIB);

        buf_addf(&body, "--XX\r\n%s\r\n\r\n1\r\n" CLOSE, headers[i]);
        expect(TYPE, buf_str(&body), "!invalid");
        buf_done(&body);
    }
    expect(TYPE, S("--XX\r\n\r\n1\r\n" CLOSE), "!invalid"); /* no headers at all */
}

static void nested_and_encoded_parts_are_refused(void **state)
{
    (void)state;
    expect(TYPE, S(PART(FIELD("a") "\r\nContent-Type: Multipart/mixed; boundary=Y", "1") CLOSE),
           "!invalid");
    expect(TYPE, S(PART(FIELD("a") "\r\nContent-Transfer-Encoding: base64", "1") CLOSE),
           "!invalid");
}

static void malformed_header_lines_are_refused(void **state)
{
    (void)state;
    expect(TYPE, S(PART(FIELD("a") "\r\nno colon", "1") CLOSE), "!invalid");
    expect(TYPE, S(PART(FIELD("a") "\r\nX : y", "1") CLOSE), "!invalid");
    expect(TYPE, S(PART(FIELD("a") "\r\n: y", "1") CLOSE), "!invalid");
    expect(TYPE, S(PART(FIELD("a") "\r\nX: y\0z", "1") CLOSE), "!invalid");
    expect(TYPE, S(PART(FIELD("a") "\r\nX: y\rz", "1") CLOSE), "!invalid");
    expect(TYPE, S(PART(FIELD("a") "\r\nX: y\n Y: z", "1") CLOSE), "!invalid");
    expect(TYPE, S(PART(FIELD("a") "\r\n folded: y", "1") CLOSE), "!invalid");
}

static void headers_are_bounded(void **state)
{
    struct buf body = BUF_INIT(MIB);
    struct record r = {.out = BUF_INIT(MIB)};

    (void)state;
    buf_addz(&body, "--XX\r\n" FIELD("a") "\r\nX: ");
    for (size_t i = 0; i < LIMIT_PART_HEADERS; i++)
        buf_addc(&body, 'y');
    scan(&r, TYPE, buf_str(&body), 4096);
    assert_str(buf_str(&r.out), "!too_big");
    buf_done(&body);
    buf_done(&r.out);
}

static void number_of_parts_is_bounded(void **state)
{
    struct buf body = BUF_INIT(MIB);
    struct record r = {.out = BUF_INIT(MIB)};

    (void)state;
    for (size_t i = 0; i < LIMIT_FORM_FIELDS; i++)
        buf_addz(&body, PART(FIELD("a"), "1"));
    scan(&r, TYPE, buf_str(&body), 100);
    assert_true(str_ends(buf_str(&r.out), S("[a]1!invalid"))); /* only not closed */
    buf_clear(&r.out);
    buf_addz(&body, PART(FIELD("a"), "1"));
    scan(&r, TYPE, buf_str(&body), 100);
    assert_true(str_ends(buf_str(&r.out), S("[a]1.!too_big")));
    buf_done(&body);
    buf_done(&r.out);
}

static void data_is_passed_on_without_waiting(void **state)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    struct record r = {.out = BUF_INIT(MIB)};
    struct multipart_events ev = {&r, on_part, on_data, on_end};
    struct multipart *m;
    struct err err = {0};

    (void)state;
    assert_int_equal(multipart_open(mem, S(TYPE), &ev, &m, &err), OK);
    assert_int_equal(multipart_feed(m, S("--XX\r\n" FIELD("a") "\r\n\r\nhello\r\n--X"), &err), OK);
    assert_str(buf_str(&r.out), "[a]hello"); /* what may be a delimiter is held back */
    assert_int_equal(multipart_feed(m, S("Y"), &err), OK);
    assert_str(buf_str(&r.out), "[a]hello\r\n--XY");
    buf_done(&r.out);
}

static void refusal_of_data_is_passed_on_and_final(void **state)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    struct record r = {.out = BUF_INIT(MIB), .refuse_data = ERR_NO_SPACE};
    struct multipart_events ev = {&r, on_part, on_data, on_end};
    struct multipart *m;
    struct err err = {0};

    (void)state;
    assert_int_equal(multipart_open(mem, S(TYPE), &ev, &m, &err), OK);
    assert_int_equal(multipart_feed(m, S("--XX\r\n" FIELD("a") "\r\n\r\nhello\r\n--XX"), &err),
                     ERR_NO_SPACE);
    assert_str(buf_str(&r.out), "[a]hello");
    assert_int_equal(multipart_feed(m, S("--XX--"), &err), ERR_NO_SPACE);
    assert_int_equal(multipart_finish(m, &err), ERR_NO_SPACE);
    assert_str(buf_str(&r.out), "[a]hello");
    buf_done(&r.out);
}

/* ---- other headers --------------------------------------------------------------------------- */

struct header_wish {
    struct multipart *m;
    const char *name;
    struct buf found;
};

static enum err_code on_part_with_headers(void *ctx, struct str name, struct str filename,
                                          struct err *err)
{
    struct header_wish *w = ctx;
    struct str value = multipart_header(w->m, str_of(w->name));

    (void)name;
    (void)filename;
    (void)err;
    buf_addz(&w->found, value.ptr ? "=" : "none");
    buf_add(&w->found, value);
    return OK;
}

static enum err_code on_no_data(void *ctx, struct str bytes, struct err *err)
{
    (void)ctx;
    (void)bytes;
    (void)err;
    return OK;
}

static enum err_code on_no_end(void *ctx, struct err *err)
{
    (void)ctx;
    (void)err;
    return OK;
}

static void a_part_has_other_headers_too(void **state)
{
    static const struct {
        const char *name, *found;
    } cases[] = {{"x-file-sha256", "=ab c"},
                 {"X-FILE-NAME", "="},
                 {"X-File", "none"},
                 {"", "none"},
                 {"Content-Type", "=text/plain"}};
    const struct str body =
        S("--XX\r\nX-File-SHA256: \tab c \r\nContent-Disposition: form-data; name=f\r\n"
          "X-File-Name:\r\nContent-Type:text/plain\r\n\r\nbytes\r\n--XX--");

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(arena_closep) struct arena *mem = arena_open(MIB);
        struct header_wish w = {.name = cases[i].name, .found = BUF_INIT(MIB)};
        struct multipart_events ev = {&w, on_part_with_headers, on_no_data, on_no_end};

        assert_int_equal(multipart_open(mem, S(TYPE), &ev, &w.m, NULL), OK);
        for (size_t at = 0; at < body.len; at++)
            assert_int_equal(multipart_feed(w.m, str_sub(body, at, 1), NULL), OK);
        assert_str(buf_str(&w.found), cases[i].found);
        buf_done(&w.found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_told_in_order),
        cmocka_unit_test(headers_may_be_written_in_other_ways),
        cmocka_unit_test(almost_delimiters_are_data),
        cmocka_unit_test(boundary_must_be_there_and_valid),
        cmocka_unit_test(body_must_begin_with_its_boundary),
        cmocka_unit_test(body_must_be_closed),
        cmocka_unit_test(nothing_may_follow_the_close),
        cmocka_unit_test(delimiter_must_end_its_line),
        cmocka_unit_test(parts_without_a_usable_name_are_refused),
        cmocka_unit_test(nested_and_encoded_parts_are_refused),
        cmocka_unit_test(malformed_header_lines_are_refused),
        cmocka_unit_test(headers_are_bounded),
        cmocka_unit_test(number_of_parts_is_bounded),
        cmocka_unit_test(data_is_passed_on_without_waiting),
        cmocka_unit_test(refusal_of_data_is_passed_on_and_final),
        cmocka_unit_test(a_part_has_other_headers_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
