#include "unit.h"

#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "format/unpack_file.h"
#include "make_archive.h"

static enum err_code read_all(int fd, uint64_t size, struct buf *out, struct err *err)
{
    AUTO(unpack_file_closep) struct unpack_file *f = NULL;
    struct str piece = {0};
    struct unpack_source from;
    enum err_code rc = unpack_file_open(fd, size, &f, err);

    if (rc)
        return rc;
    from = unpack_file_source(f);
    do {
        rc = from.next(from.ctx, &piece, err);
        if (!rc)
            buf_add(out, piece);
    } while (!rc && piece.len);
    return rc;
}

static void pieces_are_the_file_and_its_position_stays(void **state)
{
    static const size_t sizes[] = {0, 1, 256 * KIB, 256 * KIB + 1, 700 * KIB};
    AUTO(arena_closep) struct arena *a = arena_open(8 * MIB);

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        AUTO(buf_done) struct buf out = BUF_INIT(MIB);
        struct str bytes = make_run(a, 'x', sizes[i]);
        AUTO(fd_closep) int fd = make_fd(bytes);

        assert_int_equal(lseek(fd, 5, SEEK_SET), 5);
        assert_int_equal(read_all(fd, bytes.len, &out, NULL), OK);
        assert_true(str_eq(buf_str(&out), bytes));
        assert_int_equal(lseek(fd, 0, SEEK_CUR), 5);
    }
}

static void bytes_beyond_the_size_are_not_read(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    AUTO(fd_closep) int fd = make_fd(S("12345678"));

    (void)state;
    assert_int_equal(read_all(fd, 5, &out, NULL), OK);
    assert_str(buf_str(&out), "12345");
}

static void file_that_is_too_short_or_cannot_be_read_is_an_error(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    AUTO(fd_closep) int fd = make_fd(S("12345678"));
    struct err err = {0};

    (void)state;
    assert_int_equal(read_all(fd, 9, &out, &err), ERR_IO);
    assert_string_equal(err.msg, "the file is shorter than it was said to be");
    assert_int_equal(read_all(-1, 9, &out, &err), ERR_IO);
    assert_string_equal(err.msg, "could not read the file: Bad file descriptor");
}

static void lack_of_memory_is_told(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    enum err_code rc;

    (void)state;
    mem_fail_at(1);
    rc = read_all(-1, 9, &out, NULL);
    mem_fail_at(0);
    assert_int_equal(rc, ERR_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_the_file_and_its_position_stays),
        cmocka_unit_test(bytes_beyond_the_size_are_not_read),
        cmocka_unit_test(file_that_is_too_short_or_cannot_be_read_is_an_error),
        cmocka_unit_test(lack_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
