/* What the rows of files, shards and packages put into the lists of a place, to the letter. */
#include "unit.h"

#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "format/json.h"
#include "index/conda_lists.h"

#define SHA256 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define MD5    "0123456789abcdef0123456789abcdef"

/* What was handed on: "list key@ms text", one line each; the item with the number `fail_at` (from 1
 * on) is refused. */
struct seen {
    struct buf text;
    size_t items, fail_at;
};

static enum err_code see(void *seen, enum conda_list list, const struct chunk_item *item,
                         struct err *err)
{
    struct seen *s = seen;

    if (++s->items == s->fail_at)
        return fail(err, ERR_CONFLICT, "enough");
    buf_addf(&s->text, STR_FMT " " STR_FMT "@%lld ", STR_ARG(conda_list_kinds[list].name),
             STR_ARG(item->key), (long long)item->ms);
    buf_add(&s->text, item->text);
    buf_addc(&s->text, '\n');
    return OK;
}

static int setup(void **state)
{
    struct seen *s = calloc(1, sizeof *s);

    assert_non_null(s);
    s->text = BUF_INIT(64 * KIB);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct seen *s = *state;

    buf_done(&s->text);
    free(s);
    return 0;
}

static struct conda_item_sink sink_of(struct seen *s)
{
    return (struct conda_item_sink){see, s};
}

static void assert_seen(const struct seen *s, const char *expected)
{
    assert_true(buf_ok(&s->text));
    assert_str(buf_str(&s->text), expected);
}

/* ---- which lists there are ---- */

static void a_place_has_lists_of_its_own(void **state)
{
    static const char *const names[] = {
        "packages", "packages.conda", "run_exports", "run_exports.conda",
        "shards",   "page",           "channeldata", "page",
    };
    unsigned first = 99;

    (void)state;
    assert_int_equal(conda_lists_of(S("noarch"), &first), 6);
    assert_int_equal(first, 0);
    assert_int_equal(conda_lists_of(S(""), &first), CONDA_LISTS);
    assert_int_equal(first, 6);
    assert_int_equal(COUNT(names), CONDA_LISTS);
    for (unsigned i = 0; i < CONDA_LISTS; i++)
        assert_str(conda_list_kinds[i].name, names[i]);
}

/* What is JSON is sent as gzip, too, with commas between its members; other items follow each other
 * as they are. */
static void json_is_separated_and_has_gzip(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CONDA_LISTS; i++) {
        const struct list_kind *kind = &conda_list_kinds[i];
        bool json = i != CONDA_SHARDS && i != CONDA_PAGE && i != CONDA_CHANNEL_PAGE;

        assert_str(kind->form.separator, json ? "," : "");
        assert_int_equal(kind->form.gzip, json);
        assert_in_range(kind->cut_bits, 1, 24); /* as many as digests are asked for */
    }
}

/* ---- files ---- */

static struct conda_row file(const char *filename)
{
    return (struct conda_row){
        .filename = str_of(filename),
        .sha256 = S(SHA256),
        .md5 = S(MD5),
        .record = S("{\"name\":\"x\",\"depends\":[\"y\"]}"),
        .run_exports = S("{\"weak\":[\"x >=1\"]}"),
        .size = 1536,
        .uploaded_ms = INT64_C(1700000000123),
    };
}

static enum err_code try_file(struct seen *s, const struct conda_row *row, struct err *err)
{
    AUTO(json_decrefp) json_t *record = NULL;

    assert_int_equal(conda_row_record(row, &record, err), OK);
    return conda_lists_file(row, record, sink_of(s), err);
}

#define RECORD                                                                                     \
    "{\"depends\":[\"y\"],\"indexed_timestamp\":1700000000123,\"md5\":\"" MD5                      \
    "\",\"name\":\"x\",\"sha256\":\"" SHA256 "\",\"size\":1536}"
#define ROW(filename)                                                                              \
    "<tr><td><a href=\"" filename "\">" filename                                                   \
    "</a></td><td>1.5 KB</td><td>2023-11-14 22:13:20 UTC</td><td>" SHA256 "</td><td>" MD5          \
    "</td></tr>\n"

static void a_file_of_the_new_format_is_in_three_lists(void **state)
{
    const struct conda_row row = file("x-1-0.conda");
    struct err err;

    assert_int_equal(try_file(*state, &row, &err), OK);
    assert_seen(*state, "packages.conda x-1-0.conda@1700000000123 \"x-1-0.conda\":" RECORD "\n"
                        "run_exports.conda x-1-0.conda@1700000000123 "
                        "\"x-1-0.conda\":{\"run_exports\":{\"weak\":[\"x >=1\"]}}\n"
                        "page x-1-0.conda@1700000000123 " ROW("x-1-0.conda") "\n");
}

static void a_file_of_the_old_format_is_in_three_others(void **state)
{
    struct conda_row row = file("x-1-0.tar.bz2");
    struct err err;

    row.run_exports = S("");
    assert_int_equal(try_file(*state, &row, &err), OK);
    assert_seen(*state, "packages x-1-0.tar.bz2@1700000000123 \"x-1-0.tar.bz2\":" RECORD "\n"
                        "run_exports x-1-0.tar.bz2@1700000000123 "
                        "\"x-1-0.tar.bz2\":{\"run_exports\":{}}\n"
                        "page x-1-0.tar.bz2@1700000000123 " ROW("x-1-0.tar.bz2") "\n");
}

/* A clock before 1970: a time of an item is not negative, but what the record says stays. */
static void a_time_is_not_negative(void **state)
{
    struct conda_row row = file("x-1-0.conda");
    struct seen *s = *state;
    struct str text, line;
    struct err err;

    row.uploaded_ms = -1;
    assert_int_equal(try_file(s, &row, &err), OK);
    text = buf_str(&s->text);
    assert_true(str_next(&text, '\n', &line));
    assert_true(str_starts(line, S("packages.conda x-1-0.conda@0 \"x-1-0.conda\":{\"depends\":["
                                   "\"y\"],\"indexed_timestamp\":-1,")));
    assert_true(str_next(&text, '\n', &line));
    assert_true(str_starts(line, S("run_exports.conda x-1-0.conda@0 ")));
    assert_true(str_next(&text, '\n', &line));
    assert_true(str_starts(line, S("page x-1-0.conda@0 ")));
}

/* ---- shards ---- */

/* A member of a map of MessagePack: a string, and 32 bytes. */
static void a_shard_is_in_the_shard_index(void **state)
{
    static const char expected[] = "shards x-y@5 \xa3x-y\xc4\x20"
                                   "0123456789abcdef0123456789ABCDEF\n";
    uint8_t sha256[SHA256_LEN];
    struct err err;

    memcpy(sha256, "0123456789abcdef0123456789ABCDEF", SHA256_LEN);
    assert_int_equal(conda_lists_shard(S("x-y"), sha256, 5, sink_of(*state), &err), OK);
    assert_seen(*state, expected);
}

/* ---- packages ---- */

#define ENTRY                                                                                      \
    "{\"home\":\"https://example.org/\",\"license\":\"MIT\",\"subdirs\":[\"linux-64\","            \
    "\"noarch\"],\"summary\":\"<x> & co\",\"version\":\"1.0\"}"

static enum err_code try_package(struct seen *s, struct err *err)
{
    AUTO(json_decrefp) json_t *entry = NULL;
    struct conda_package package = {.name = S("x"), .uploaded_ms = 7};

    assert_int_equal(json_parse_object(S(ENTRY), &entry, err), OK);
    package.entry = entry;
    return conda_lists_package(&package, sink_of(s), err);
}

static void a_package_is_in_both_lists_of_a_channel(void **state)
{
    struct err err;

    assert_int_equal(try_package(*state, &err), OK);
    assert_seen(*state, "channeldata x@7 \"x\":" ENTRY "\n"
                        "page x@7 <tr><td><a rel=\"nofollow noopener noreferrer\" "
                        "href=\"https://example.org/\">x</a></td><td>1.0</td><td></td><td></td>"
                        "<td>MIT</td><td>X</td><td></td><td></td><td></td><td>X</td>"
                        "<td>&lt;x&gt; &amp; co</td></tr>\n\n");
}

/* ---- failures ---- */

static void a_sink_that_fails_is_not_called_again(void **state)
{
    const struct conda_row row = file("x-1-0.conda");
    struct seen *s = *state;
    struct err err = {0};

    for (s->fail_at = 1; s->fail_at <= 3; s->fail_at++) {
        s->items = 0;
        assert_int_equal(try_file(s, &row, &err), ERR_CONFLICT);
        assert_string_equal(err.msg, "enough");
        assert_int_equal(s->items, s->fail_at);
    }
    for (s->fail_at = 1; s->fail_at <= 2; s->fail_at++) {
        s->items = 0;
        assert_int_equal(try_package(s, &err), ERR_CONFLICT);
        assert_int_equal(s->items, s->fail_at);
    }
    s->fail_at = 1;
    s->items = 0;
    assert_int_equal(conda_lists_shard(S("x"), (const uint8_t *)SHA256, 0, sink_of(s), &err),
                     ERR_CONFLICT);
}

/* Each allocation fails in turn: no item is handed on that is not whole. */
static void lack_of_memory_is_told(void **state)
{
    const struct conda_row row = file("x-1-0.conda");
    AUTO(json_decrefp) json_t *record = NULL;
    enum err_code code = ERR_NOMEM;
    struct str whole;
    struct seen *s = *state;
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    struct err err;
    long n;

    assert_int_equal(conda_row_record(&row, &record, &err), OK);
    assert_int_equal(conda_lists_file(&row, record, sink_of(s), &err), OK);
    whole = str_dup(mem, buf_str(&s->text));
    for (n = 1; code; n++) {
        buf_clear(&s->text);
        mem_fail_at(n);
        code = conda_lists_file(&row, record, sink_of(s), &err);
        mem_fail_at(0);
        assert_true(code == OK || code == ERR_NOMEM);
        assert_true(str_starts(whole, buf_str(&s->text)));
    }
    assert_true(n > 2);
    assert_true(str_eq(buf_str(&s->text), whole));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_place_has_lists_of_its_own),
        TEST(json_is_separated_and_has_gzip),
        TEST(a_file_of_the_new_format_is_in_three_lists),
        TEST(a_file_of_the_old_format_is_in_three_others),
        TEST(a_time_is_not_negative),
        TEST(a_shard_is_in_the_shard_index),
        TEST(a_package_is_in_both_lists_of_a_channel),
        TEST(a_sink_that_fails_is_not_called_again),
        TEST(lack_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
