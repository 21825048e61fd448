/* The sharded index: decoded again, it says what the rows say, in the types clients demand. */
#include "unit.h"

#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "format/json.h"
#include "format/zstd.h"
#include "index/conda_shards.h"

#define SHA256 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define MD5    "0123456789abcdef0123456789abcdef"

/* What the sink got: shards decoded to text, in order, and their names. */
struct shards {
    struct conda_shards builder;
    char *text[4];
    char name[4][SHA256_HEX + 1];
    char package[4][16];
    int64_t newest_ms[4];
    size_t count;
    char *index;
    enum err_code refuse; /* what the sink answers */
};

static int setup(void **state)
{
    struct shards *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    conda_shards_init(&s->builder);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct shards *s = *state;

    conda_shards_done(&s->builder);
    for (size_t i = 0; i < COUNT(s->text); i++)
        free(s->text[i]);
    free(s->index);
    free(s);
    return 0;
}

static void print(struct buf *out, const msgpack_object *o)
{
    char hex[2 * SHA256_LEN + 1];

    switch (o->type) {
    case MSGPACK_OBJECT_MAP:
        buf_addc(out, '{');
        for (uint32_t i = 0; i < o->via.map.size; i++) {
            print(out, &o->via.map.ptr[i].key);
            buf_addc(out, ':');
            print(out, &o->via.map.ptr[i].val);
            buf_addz(out, i + 1 < o->via.map.size ? "," : "");
        }
        buf_addc(out, '}');
        break;
    case MSGPACK_OBJECT_ARRAY:
        buf_addc(out, '[');
        for (uint32_t i = 0; i < o->via.array.size; i++) {
            print(out, &o->via.array.ptr[i]);
            buf_addz(out, i + 1 < o->via.array.size ? "," : "");
        }
        buf_addc(out, ']');
        break;
    case MSGPACK_OBJECT_STR:
        json_string_literal(out, (struct str){o->via.str.ptr, o->via.str.size});
        break;
    case MSGPACK_OBJECT_BIN:
        assert_true(o->via.bin.size <= SHA256_LEN);
        text_hex(o->via.bin.ptr, o->via.bin.size, hex);
        buf_addf(out, "<%s>", hex);
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        buf_add_u64(out, o->via.u64);
        break;
    case MSGPACK_OBJECT_NIL:
    case MSGPACK_OBJECT_BOOLEAN:
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
    case MSGPACK_OBJECT_EXT:
    default:
        print_error("unexpected type %d\n", (int)o->type);
        assert_true(false);
    }
}

/* Decodes one frame that holds one value into text: JSON, with <hex> for byte strings. */
static char *decode(struct str frame)
{
    struct buf plain = BUF_INIT(MIB), text = BUF_INIT(MIB);
    msgpack_unpacked value;
    size_t used = 0;
    char *copy;

    assert_int_equal(zstd_unpack(frame, &plain, NULL), OK);
    msgpack_unpacked_init(&value);
    assert_int_equal(msgpack_unpack_next(&value, plain.ptr, plain.len, &used),
                     MSGPACK_UNPACK_SUCCESS);
    assert_int_equal(used, plain.len);
    print(&text, &value.data);
    msgpack_unpacked_destroy(&value);
    buf_addc(&text, '\0');
    assert_true(buf_ok(&text));
    copy = strdup(text.ptr);
    buf_done(&plain);
    buf_done(&text);
    return copy;
}

static enum err_code keep(void *ctx, const struct conda_shard *shard, struct err *err)
{
    struct shards *s = ctx;
    uint8_t real[SHA256_LEN];

    (void)err;
    digest_sha256(shard->bytes, real);
    assert_memory_equal(shard->sha256, real, SHA256_LEN);
    assert_true(s->count < COUNT(s->text));
    text_hex(shard->sha256, SHA256_LEN, s->name[s->count]);
    (void)snprintf(s->package[s->count], sizeof s->package[0], STR_FMT, STR_ARG(shard->package));
    s->newest_ms[s->count] = shard->newest_ms;
    s->text[s->count++] = decode(shard->bytes);
    return s->refuse;
}

static void add(struct shards *s, const char *package, const char *filename, int64_t uploaded_ms)
{
    struct conda_row row = {
        .filename = str_of(filename),
        .package = str_of(package),
        .sha256 = S(SHA256),
        .md5 = S(MD5),
        .record = S("{\"depends\":[],\"legacy_bz2_md5\":\"" MD5 "\",\"timestamp\":5}"),
        .run_exports = S("{\"weak\":[\"z\"]}"),
        .size = 7,
        .uploaded_ms = uploaded_ms};
    json_t *record = NULL;

    assert_int_equal(conda_row_record(&row, &record, NULL), OK);
    assert_int_equal(conda_shards_add(&s->builder, &row, record, NULL), OK);
    assert_null(json_object_get(record, "run_exports"));
    json_decref(record);
}

static enum err_code write_all(struct shards *s)
{
    struct buf frame = BUF_INIT(MIB);
    enum err_code code = conda_shards_write(&s->builder, S("linux-64"),
                                            (struct conda_shard_sink){keep, s}, &frame, NULL);

    if (code == OK)
        s->index = decode(buf_str(&frame));
    buf_done(&frame);
    return code;
}

static void the_index_of_an_empty_subdir_has_every_member(void **state)
{
    struct shards *s = *state;

    assert_int_equal(write_all(s), OK);
    assert_int_equal(s->count, 0);
    assert_string_equal(s->index,
                        "{\"info\":{\"base_url\":\"\",\"created_at\":\"1970-01-01T00:00:00.000Z\","
                        "\"shards_base_url\":\"./shards/\",\"subdir\":\"linux-64\"},"
                        "\"shards\":{},\"version\":1}");
}

#define RECORD(at)                                                                                 \
    "{\"depends\":[],\"indexed_timestamp\":" at ",\"legacy_bz2_md5\":<" MD5 ">,\"md5\":<" MD5 ">," \
    "\"run_exports\":{\"weak\":[\"z\"]},\"sha256\":<" SHA256 ">,\"size\":7,\"timestamp\":5}"

static void each_package_is_one_shard_with_both_maps(void **state)
{
    struct shards *s = *state;
    char expected[600];

    /* Files of one package need not follow each other in the order of filenames. */
    add(s, "foo", "foo-1-0.conda", 1700000000000);
    add(s, "foo-bar", "foo-bar-1-0.tar.bz2", 1700000000009);
    add(s, "foo", "foo-c1-0.conda", 1700000000001);
    assert_int_equal(write_all(s), OK);
    assert_int_equal(s->count, 2);
    assert_string_equal(s->text[0],
                        "{\"packages\":{},\"packages.conda\":{"
                        "\"foo-1-0.conda\":" RECORD("1700000000000") ","
                                                                     "\"foo-c1-0.conda\":" RECORD(
                                                                         "1700000000001") "}}");
    assert_string_equal(
        s->text[1], "{\"packages\":{"
                    "\"foo-bar-1-0.tar.bz2\":" RECORD("1700000000009") "},"
                                                                       "\"packages.conda\":{}}");
    snprintf(expected, sizeof expected,
             "{\"info\":{\"base_url\":\"\",\"created_at\":\"2023-11-14T22:13:20.009Z\","
             "\"shards_base_url\":\"./shards/\",\"subdir\":\"linux-64\"},"
             "\"shards\":{\"foo\":<%s>,\"foo-bar\":<%s>},\"version\":1}",
             s->name[0], s->name[1]);
    assert_string_equal(s->index, expected);
    assert_string_equal(s->package[0], "foo");
    assert_string_equal(s->package[1], "foo-bar");
    assert_int_equal(s->newest_ms[0], 1700000000001);
    assert_int_equal(s->newest_ms[1], 1700000000009);
}

/* The index in parts is the index. */
static void the_index_can_be_written_in_parts(void **state)
{
    struct shards *s = *state;
    struct buf plain = BUF_INIT(MIB), frame = BUF_INIT(MIB);
    uint8_t sha256[SHA256_LEN];
    char *index;

    add(s, "foo", "foo-1-0.conda", 1700000000000);
    add(s, "foo-bar", "foo-bar-1-0.tar.bz2", 1700000000009);
    assert_int_equal(write_all(s), OK);
    conda_shards_begin(S("linux-64"), 2, 1700000000009, &plain);
    for (size_t i = 0; i < s->count; i++) {
        assert_true(text_unhex(str_of(s->name[i]), sha256, sizeof sha256));
        conda_shards_member(str_of(s->package[i]), sha256, &plain);
    }
    conda_shards_end(&plain);
    assert_int_equal(zstd_pack(buf_str(&plain), 3, &frame, NULL), OK);
    index = decode(buf_str(&frame));
    assert_string_equal(index, s->index);
    free(index);
    buf_done(&plain);
    buf_done(&frame);
}

/* Without the index, the same shards. */
static void shards_can_be_had_alone(void **state)
{
    struct shards *s = *state;

    add(s, "y", "y-1-0.conda", 2);
    add(s, "x", "x-1-0.conda", 3);
    assert_int_equal(write_all(s), OK);
    assert_int_equal(conda_shards_each(&s->builder, (struct conda_shard_sink){keep, s}, NULL), OK);
    assert_int_equal(s->count, 4);
    assert_string_equal(s->package[2], "x");
    assert_string_equal(s->name[2], s->name[0]);
    assert_string_equal(s->name[3], s->name[1]);
}

static void an_old_file_with_a_new_twin_is_left_out(void **state)
{
    struct shards *s = *state;

    add(s, "x", "x-1-0.a.conda", 1);
    add(s, "x", "x-1-0.conda", 2);
    add(s, "x", "x-1-0.d.tar.bz2", 3);
    add(s, "x", "x-1-0.tar.bz2", 4); /* the twin of the second; others stand between */
    add(s, "x", "x-1-1.tar.bz2", 5);
    add(s, "x", "x-1-10.conda", 6);
    assert_int_equal(write_all(s), OK);
    assert_int_equal(s->count, 1);
    assert_string_equal(
        s->text[0], "{\"packages\":{\"x-1-0.d.tar.bz2\":" RECORD(
                        "3") ","
                             "\"x-1-1.tar.bz2\":" RECORD(
                                 "5") "},\"packages.conda\":{"
                                      "\"x-1-0.a.conda\":" RECORD("1") ",\"x-1-0.conda\":" RECORD(
                                          "2") ","
                                               "\"x-1-10.conda\":" RECORD("6") "}}");
}

static void every_one_of_many_twins_is_found(void **state)
{
    struct shards *s = *state;
    char name[40];

    for (int i = 0; i < 37; i++)
        for (int v2 = 0; v2 < 2; v2++) {
            snprintf(name, sizeof name, "x-1-%d.%s", i, v2 ? "conda" : "tar.bz2");
            add(s, "x", name, 1);
        }
    assert_int_equal(write_all(s), OK);
    assert_non_null(strstr(s->text[0], "{\"packages\":{},\"packages.conda\":{"));
}

static void the_order_of_rows_changes_nothing(void **state)
{
    struct shards *s = *state;
    char first[SHA256_HEX + 1];

    add(s, "x", "x-1-0.conda", 2);
    add(s, "x", "x-1-0.tar.bz2", 4);
    add(s, "x", "x-2-0.conda", 3);
    assert_int_equal(write_all(s), OK);
    memcpy(first, s->name[0], sizeof first);
    conda_shards_done(&s->builder);
    conda_shards_init(&s->builder);
    add(s, "x", "x-2-0.conda", 3);
    add(s, "x", "x-1-0.tar.bz2", 4);
    add(s, "x", "x-1-0.conda", 2);
    free(s->index);
    assert_int_equal(write_all(s), OK);
    assert_string_equal(s->name[1], first);
}

static void a_shard_does_not_change_with_other_packages(void **state)
{
    struct shards *s = *state;

    add(s, "x", "x-1-0.conda", 2);
    assert_int_equal(write_all(s), OK);
    free(s->index);
    add(s, "y", "y-1-0.conda", 9);
    assert_int_equal(write_all(s), OK);
    assert_int_equal(s->count, 3);
    assert_string_equal(s->name[0], s->name[1]);
    assert_string_not_equal(s->name[1], s->name[2]);
}

static void the_error_of_a_sink_is_handed_on(void **state)
{
    struct shards *s = *state;

    s->refuse = ERR_NO_SPACE;
    add(s, "x", "x-1-0.conda", 2);
    add(s, "y", "y-1-0.conda", 2);
    assert_int_equal(write_all(s), ERR_NO_SPACE);
    assert_int_equal(s->count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_index_of_an_empty_subdir_has_every_member, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(each_package_is_one_shard_with_both_maps, setup, teardown),
        cmocka_unit_test_setup_teardown(the_index_can_be_written_in_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(shards_can_be_had_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(an_old_file_with_a_new_twin_is_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(every_one_of_many_twins_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(the_order_of_rows_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_shard_does_not_change_with_other_packages, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_error_of_a_sink_is_handed_on, setup, teardown),
    };

    return cmocka_run_group_tests_name("conda_shards", tests, NULL, NULL);
}
