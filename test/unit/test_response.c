#include "unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/mem.h"
#include "http/wire.h"

static void bytes_are_copied(void **state)
{
    char text[] = "hello";
    AUTO(http_response_unrefp)
    struct http_response *r = http_response_bytes(201, (struct str){text, 5});

    (void)state;
    text[0] = 'j';
    assert_non_null(r);
    assert_int_equal(http_response_status(r), 201);
    assert_int_equal(http_response_size(r), 5);
    assert_str(http_response_body(r), "hello");
}

static void empty_body_is_fine(void **state)
{
    AUTO(http_response_unrefp)
    struct http_response *r = http_response_bytes(204, (struct str){NULL, 0});

    (void)state;
    assert_non_null(r);
    assert_int_equal(http_response_size(r), 0);
    assert_str(http_response_body(r), "");
}

static void headers_cannot_carry_line_ends(void **state)
{
    AUTO(http_response_unrefp) struct http_response *r = http_response_bytes(200, S("x"));

    (void)state;
    assert_true(http_response_header(r, "X-A", S("plain \xc3\xa4 \"quoted\"")));
    assert_false(http_response_header(r, "X-A", S("a\r\nX-B: c")));
    assert_false(http_response_header(r, "X-A", S("a\nb")));
    assert_false(http_response_header(r, "X-A", S("a\rb")));
    assert_false(http_response_header(r, "X-A", S("a\0b")));
    assert_true(http_response_header(r, "X-A", S(""))); /* adds nothing */
}

static void answer_is_printed_whole(void **state)
{
    AUTO(http_response_unrefp) struct http_response *r = http_response_bytes(413, S("too big\n"));
    AUTO(buf_done) struct buf out = BUF_INIT(4096);
    struct str text, line;

    (void)state;
    assert_true(http_response_header(r, "Content-Type", S("text/plain")));
    http_response_print(r, &out);
    text = buf_str(&out);
    assert_true(str_cut(&text, '\n', &line));
    assert_true(str_starts(line, S("HTTP/1.1 413 ")));
    assert_true(str_cut(&text, '\n', &line));
    assert_true(str_starts(line, S("Date: ")) && str_ends(line, S(" GMT\r")));
    assert_str(text, "Connection: close\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\n"
                     "too big\n");
}

static void bodiless_answers_have_no_length(void **state)
{
    AUTO(http_response_unrefp) struct http_response *r = http_response_bytes(204, S(""));
    AUTO(buf_done) struct buf out = BUF_INIT(4096);

    (void)state;
    http_response_print(r, &out);
    assert_true(str_ends(buf_str(&out), S("Connection: close\r\n\r\n")));
}

static void descriptor_is_closed_with_the_last_reference(void **state)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct http_response *r = http_response_file(200, fd, 0, 10);

    (void)state;
    assert_non_null(r);
    assert_int_equal(http_response_size(r), 10);
    assert_str(http_response_body(r), "");
    assert_ptr_equal(shared_ref(r), r);
    shared_unref(r);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    http_response_unrefp(&r);
    assert_null(r);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void descriptor_of_an_empty_range_is_closed_at_once(void **state)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    AUTO(http_response_unrefp) struct http_response *r = http_response_file(200, fd, 0, 0);

    (void)state;
    assert_non_null(r);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void impossible_range_is_refused_and_closes(void **state)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_null(http_response_file(200, fd, UINT64_MAX, 10));
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void head_has_a_size_without_bytes(void **state)
{
    AUTO(http_response_unrefp) struct http_response *r = http_response_head(304, 1000);

    (void)state;
    assert_int_equal(http_response_size(r), 1000);
    assert_str(http_response_body(r), "");
}

struct counted {
    struct shared shared;
    int reads, released;
};

static void release(struct shared *self)
{
    ((struct counted *)self)->released++;
}

static enum err_code read_never(void *object, uint64_t offset, size_t len, char *out,
                                struct err *err)
{
    (void)offset;
    (void)len;
    (void)out;
    ((struct counted *)object)->reads++;
    return fail(err, ERR_IO, "not to be read");
}

static void pieces_keep_their_source(void **state)
{
    struct counted object = {0};
    struct http_source source = {&object, read_never, sizeof object};
    struct http_response *r;

    (void)state;
    shared_init(&object.shared, release);
    r = http_response_pieces(206, &source, 5, 3 * HTTP_PIECE);
    assert_non_null(r);
    assert_int_equal(http_response_status(r), 206);
    assert_int_equal(http_response_size(r), 3 * HTTP_PIECE);
    assert_str(http_response_body(r), "");
    shared_unref(&object);
    assert_int_equal(object.released, 0);
    http_response_unrefp(&r);
    assert_int_equal(object.released, 1);
    assert_int_equal(object.reads, 0);
}

static void no_pieces_need_no_source(void **state)
{
    struct counted object = {0};
    struct http_source source = {&object, read_never, sizeof object};
    AUTO(http_response_unrefp) struct http_response *r = NULL;

    (void)state;
    shared_init(&object.shared, release);
    r = http_response_pieces(200, &source, 0, 0);
    assert_non_null(r);
    assert_int_equal(http_response_size(r), 0);
    shared_unref(&object);
    assert_int_equal(object.released, 1);
}

static struct str printed(const struct http_response *r, struct buf *out)
{
    struct str text;

    http_response_print(r, out);
    text = buf_str(out);
    for (size_t i = 0; i + 19 < text.len; i++)
        if (str_starts(str_from(text, i), S("Connection: close\r\n")))
            return str_from(text, i + 19);
    return S("");
}

/* The bytes are those of the first, and stay as long as anybody has them. */
static void a_response_of_ones_own_has_headers_of_its_own(void **state)
{
    struct http_response *r = http_response_bytes(200, S("hello")), *own;
    AUTO(buf_done) struct buf first = BUF_INIT(4096);
    AUTO(buf_done) struct buf second = BUF_INIT(4096);

    (void)state;
    assert_true(http_response_header(r, "X-A", S("a")));
    assert_true(http_response_header(r, "X-A", S("again")));
    own = http_response_own(r);
    assert_non_null(own);
    assert_true(own != r);
    assert_true(http_response_header(own, "X-B", S("b")));
    assert_str(printed(r, &first), "X-A: a\r\nX-A: again\r\nContent-Length: 5\r\n\r\nhello");
    assert_ptr_equal(http_response_body(own).ptr, http_response_body(r).ptr);
    http_response_unrefp(&r);
    assert_str(printed(own, &second),
               "X-A: a\r\nX-A: again\r\nX-B: b\r\nContent-Length: 5\r\n\r\nhello");
    assert_int_equal(http_response_size(own), 5);
    http_response_unrefp(&own);
}

static void what_is_for_one_exchange_is_its_own_already(void **state)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct http_response *file = http_response_file(200, fd, 0, 10), *own, *head, *nothing;

    (void)state;
    own = http_response_own(file);
    assert_ptr_equal(own, file);
    http_response_unrefp(&own);
    http_response_unrefp(&file);
    head = http_response_head(304, 77);
    own = http_response_own(head);
    assert_true(own && own != head);
    assert_int_equal(http_response_status(own), 304);
    assert_int_equal(http_response_size(own), 77);
    http_response_unrefp(&own);
    http_response_unrefp(&head);
    nothing = http_response_bytes(204, S(""));
    own = http_response_own(nothing);
    assert_true(own && own != nothing);
    assert_int_equal(http_response_status(own), 204);
    http_response_unrefp(&own);
    http_response_unrefp(&nothing);
}

static void lack_of_memory_gives_none_of_ones_own(void **state)
{
    struct http_response *r = http_response_bytes(200, S("hello"));

    (void)state;
    assert_true(http_response_header(r, "X-A", S("a")));
    for (long n = 1; n <= 2; n++) {
        mem_fail_at(n);
        assert_null(http_response_own(r));
    }
    mem_fail_at(0);
    assert_str(http_response_body(r), "hello");
    http_response_unrefp(&r);
}

static void lack_of_memory_keeps_no_source(void **state)
{
    struct counted object = {0};
    struct http_source source = {&object, read_never, sizeof object};

    (void)state;
    shared_init(&object.shared, release);
    for (long n = 1; n <= 2; n++) {
        mem_fail_at(n);
        assert_null(http_response_pieces(200, &source, 0, 10));
    }
    mem_fail_at(0);
    shared_unref(&object);
    assert_int_equal(object.released, 1);
}

static void lack_of_memory_gives_no_response(void **state)
{
    (void)state;
    for (long n = 1; n <= 2; n++) {
        mem_fail_at(n);
        assert_null(http_response_bytes(200, S("x")));
    }
    mem_fail_at(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_copied),
        cmocka_unit_test(empty_body_is_fine),
        cmocka_unit_test(headers_cannot_carry_line_ends),
        cmocka_unit_test(answer_is_printed_whole),
        cmocka_unit_test(bodiless_answers_have_no_length),
        cmocka_unit_test(descriptor_is_closed_with_the_last_reference),
        cmocka_unit_test(descriptor_of_an_empty_range_is_closed_at_once),
        cmocka_unit_test(impossible_range_is_refused_and_closes),
        cmocka_unit_test(head_has_a_size_without_bytes),
        cmocka_unit_test(pieces_keep_their_source),
        cmocka_unit_test(no_pieces_need_no_source),
        cmocka_unit_test(a_response_of_ones_own_has_headers_of_its_own),
        cmocka_unit_test(what_is_for_one_exchange_is_its_own_already),
        cmocka_unit_test(lack_of_memory_gives_none_of_ones_own),
        cmocka_unit_test(lack_of_memory_keeps_no_source),
        cmocka_unit_test(lack_of_memory_gives_no_response),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
