#include "unit.h"

#include "base/limits.h"
#include "base/text.h"
#include "format/rds.h"

/* What serialize(x, NULL, version = 2) of R 4.2.2 writes after the header. */
static const char named_ints[] =
    "0000020d0000000200000001fffffffe000004020000000100040009000000056e616d6573000000"
    "1000000002000400090000000161000400090000000162000000fe";
static const char matrix[] =
    "000002100000000400040009000000017800000009ffffffff0000800900000002c3a90004000900"
    "0000017a0000040200000001000400090000000364696d0000000d00000002000000020000000200"
    "00040200000001000400090000000864696d6e616d65730000001300000002000000100000000200"
    "04000900000002723100040009000000027232000000100000000200040009000000026331000400"
    "09000000026332000000fe";
static const char no_rows[] =
    "00000210000000000000040200000001000400090000000364696d0000000d000000020000000000"
    "0000020000040200000001000400090000000864696d6e616d65730000001300000002000000fe00"
    "000010000000020004000900000002633100040009000000026332000000fe";
static const char frames[] =
    "000002130000000200000313000000020000000e0000000240280000000000004008000000000000"
    "0000030e0000000241d7d784002000003ff000000000000000000402000000010004000900000005"
    "636c61737300000010000000020004000900000007504f53495863740004000900000006504f5349"
    "5874000000fe000004020000000100040009000000056e616d657300000010000000020004000900"
    "00000473697a6500040009000000056d74696d6500000402000000010004000900000009726f772e"
    "6e616d65730000001000000002000400090000000c612f615f312e7461722e677a00040009000000"
    "016200000402000001ff0000001000000001000400090000000a646174612e6672616d65000000fe"
    "00000313000000020000000e00000002402800000000000040080000000000000000030e00000002"
    "41d7d784002000003ff000000000000000000402000001ff00000010000000020004000900000007"
    "504f53495863740004000900000006504f53495874000000fe00000402000002ff00000010000000"
    "02000400090000000473697a6500040009000000056d74696d6500000402000003ff000000100000"
    "0002000400090000000c612f615f312e7461722e677a00040009000000016200000402000001ff00"
    "00001000000001000400090000000a646174612e6672616d65000000fe00000402000002ff000000"
    "1000000002000400090000000170000400090000000171000000fe";

static void assert_written(const struct buf *b, const char *hex)
{
    static const char header[] = "X\n\0\0\0\2\0\3\5\0\0\2\3";
    AUTO(arena_closep) struct arena *a = arena_open(64 * KIB);
    struct str expected = str_of(hex), body = str_from(buf_str(b), sizeof(header));
    char *is = arena_alloc(a, 2 * body.len + 1, 1);

    assert_true(buf_ok(b));
    assert_true(
        str_eq(str_sub(buf_str(b), 0, sizeof(header)), (struct str){header, sizeof(header)}));
    text_hex(body.ptr, body.len, is);
    assert_string_equal(is, expected.ptr);
}

static void named_ints_are_as_r_writes_them(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(KIB);
    struct rds r;

    (void)state;
    rds_begin(&r, &b); /* c(a = 1L, b = -2L) */
    rds_ints(&r, 2, RDS_ATTRIBUTES);
    rds_int(&r, 1);
    rds_int(&r, -2);
    rds_attribute(&r, "names");
    rds_strings(&r, 2, RDS_PLAIN);
    rds_string(&r, S("a"));
    rds_string(&r, S("b"));
    rds_attributes_end(&r);
    assert_written(&b, named_ints);
}

static void put_two(struct rds *r, const char *one, const char *other, enum rds_with with)
{
    rds_strings(r, 2, with);
    rds_string(r, str_of(one));
    rds_string(r, str_of(other));
}

static void put_shape(struct rds *r, int32_t rows)
{
    rds_attribute(r, "dim");
    rds_ints(r, 2, RDS_PLAIN);
    rds_int(r, rows);
    rds_int(r, 2);
    rds_attribute(r, "dimnames");
    rds_list(r, 2, RDS_PLAIN);
    if (rows)
        put_two(r, "r1", "r2", RDS_PLAIN);
    else
        rds_null(r);
    put_two(r, "c1", "c2", RDS_PLAIN);
    rds_attributes_end(r);
}

/* NA, and a string that is not ASCII. */
static void matrices_of_strings_are_as_r_writes_them(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(KIB), none = BUF_INIT(KIB);
    struct rds r;

    (void)state;
    rds_begin(&r, &b);
    rds_strings(&r, 4, RDS_ATTRIBUTES);
    rds_string(&r, S("x"));
    rds_string(&r, (struct str){0});
    rds_string(&r, S("é"));
    rds_string(&r, S("z"));
    put_shape(&r, 2);
    assert_written(&b, matrix);
    rds_begin(&r, &none);
    rds_strings(&r, 0, RDS_ATTRIBUTES);
    put_shape(&r, 0);
    assert_written(&none, no_rows);
}

static void put_frame(struct rds *r)
{
    rds_list(r, 2, RDS_OBJECT);
    rds_doubles(r, 2, RDS_PLAIN);
    rds_double(r, 12);
    rds_double(r, 3);
    rds_doubles(r, 2, RDS_OBJECT);
    rds_double(r, 1600000000.5);
    rds_double(r, 1);
    rds_attribute(r, "class");
    put_two(r, "POSIXct", "POSIXt", RDS_PLAIN);
    rds_attributes_end(r);
    rds_attribute(r, "names");
    put_two(r, "size", "mtime", RDS_PLAIN);
    rds_attribute(r, "row.names");
    put_two(r, "a/a_1.tar.gz", "b", RDS_PLAIN);
    rds_attribute(r, "class");
    rds_strings(r, 1, RDS_PLAIN);
    rds_string(r, S("data.frame"));
    rds_attributes_end(r);
}

/* A name that was written before is referred to. */
static void lists_of_data_frames_are_as_r_writes_them(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(4 * KIB);
    struct rds r;

    (void)state;
    rds_begin(&r, &b);
    rds_list(&r, 2, RDS_ATTRIBUTES);
    put_frame(&r);
    put_frame(&r);
    rds_attribute(&r, "names");
    put_two(&r, "p", "q", RDS_PLAIN);
    rds_attributes_end(&r);
    assert_written(&b, frames);
}

static void what_does_not_fit_shows_in_the_buffer(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(20);
    struct rds r;

    (void)state;
    rds_begin(&r, &b);
    rds_strings(&r, 1, RDS_PLAIN);
    rds_string(&r, S("x"));
    assert_false(buf_ok(&b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(named_ints_are_as_r_writes_them),
        cmocka_unit_test(matrices_of_strings_are_as_r_writes_them),
        cmocka_unit_test(lists_of_data_frames_are_as_r_writes_them),
        cmocka_unit_test(what_does_not_fit_shows_in_the_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
