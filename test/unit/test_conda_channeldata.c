/* channeldata.json (CEP 38): what remains of many builds in the one entry of a package. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "format/json.h"
#include "index/conda_channeldata.h"

struct fixture {
    struct conda_channeldata *data;
    char seen[100]; /* packages that the sink got, with their newest upload */
    struct err err;
};

static void see(void *ctx, const struct conda_package *package)
{
    struct fixture *f = ctx;
    size_t len = strlen(f->seen);

    snprintf(f->seen + len, sizeof f->seen - len, STR_FMT "@%d ", STR_ARG(package->name),
             (int)package->uploaded_ms);
    assert_non_null(json_object_get(package->entry, "version"));
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    assert_int_equal(conda_channeldata_open((struct conda_package_sink){see, f}, &f->data, &f->err),
                     OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    conda_channeldata_close(f->data);
    free(f);
    return 0;
}

/* A row in short: "name-version-build" in a subdir, with JSON members of its record. */
struct sample {
    const char *package, *version, *subdir, *filename, *record, *about, *facts, *run_exports;
    int64_t built_ms, uploaded_ms;
};

static enum err_code try_add(struct fixture *f, const struct sample *s)
{
    struct conda_row row = {
        .package = str_of(s->package),
        .version = str_of(s->version),
        .subdir = str_of(s->subdir ? s->subdir : "noarch"),
        .filename = str_of(s->filename ? s->filename : "x.conda"),
        .record = str_of(s->record ? s->record : "{}"),
        .about = str_of(s->about),
        .facts = str_of(s->facts),
        .run_exports = str_of(s->run_exports),
        .built_ms = s->built_ms,
        .uploaded_ms = s->uploaded_ms,
    };

    return conda_channeldata_add(f->data, &row, &f->err);
}

static void add(struct fixture *f, struct sample s)
{
    assert_int_equal(try_add(f, &s), OK);
}

static json_t *finish(struct fixture *f)
{
    struct buf b = BUF_INIT(MIB);
    json_t *v = NULL;

    assert_int_equal(conda_channeldata_end(f->data, &f->err), OK);
    assert_int_equal(conda_channeldata_write(f->data, &b, &f->err), OK);
    assert_true(buf_ok(&b));
    assert_int_equal(b.ptr[b.len - 1], '\n');
    b.len--;
    assert_int_equal(json_parse_object(buf_str(&b), &v, &f->err), OK);
    buf_done(&b);
    return v;
}

/* The entry of package "p", in canonical form. */
static void assert_entry(struct fixture *f, const char *expected)
{
    json_t *v = finish(f);
    struct buf b = BUF_INIT(MIB);

    json_canonical(&b, json_object_get(json_object_get(v, "packages"), "p"));
    buf_addc(&b, '\0');
    assert_string_equal(b.ptr, expected);
    buf_done(&b);
    json_decref(v);
}

/* Member key of the entry of package "p". */
static void assert_member(struct fixture *f, const char *key, const char *expected)
{
    json_t *v = finish(f), *member;
    struct buf b = BUF_INIT(MIB);

    member = json_object_get(json_object_get(json_object_get(v, "packages"), "p"), key);
    if (member)
        json_canonical(&b, member);
    buf_addc(&b, '\0');
    assert_string_equal(b.ptr, expected);
    buf_done(&b);
    json_decref(v);
}

#define NO_FLAGS(tail) "\"activate.d\":false,\"binary_prefix\":false,\"deactivate.d\":false" tail

static void an_empty_channel_has_noarch(void **state)
{
    struct fixture *f = *state;
    struct buf b = BUF_INIT(KIB);

    assert_int_equal(conda_channeldata_end(f->data, &f->err), OK);
    assert_int_equal(conda_channeldata_write(f->data, &b, &f->err), OK);
    buf_addc(&b, '\0');
    assert_string_equal(b.ptr,
                        "{\"channeldata_version\":1,\"packages\":{},\"subdirs\":[\"noarch\"]}\n");
    buf_done(&b);
}

static void an_entry_has_what_the_format_requires(void **state)
{
    struct fixture *f = *state;

    add(f, (struct sample){.package = "p", .version = "1", .subdir = "linux-64"});
    assert_entry(f, "{" NO_FLAGS(",\"post_link\":false,\"pre_link\":false,\"pre_unlink\":false,"
                                 "\"run_exports\":{},\"subdirs\":[\"linux-64\"],"
                                 "\"text_prefix\":false,\"timestamp\":0,\"version\":\"1\"}"));
}

static void texts_come_from_record_then_facts_then_about(void **state)
{
    struct fixture *f = *state;

    add(f, (struct sample){
               .package = "p",
               .version = "1",
               .record = "{\"license\":\"R\",\"name\":\"p\",\"depends\":[\"q\"],\"summary\":\"\"}",
               .facts = "{\"license\":\"F\",\"source_url\":\"https://f\",\"activate.d\":true,"
                        "\"text_prefix\":true,\"post_link\":false}",
               .about = "{\"license\":\"A\",\"source_url\":\"https://a\",\"home\":\"https://h\","
                        "\"tags\":[\"t\"],\"keywords\":[],\"extra\":\"no\",\"doc_url\":5,"
                        "\"summary\":\"\\n two\\nlines \\t\"}"});
    assert_entry(f, "{\"activate.d\":true,\"binary_prefix\":false,\"deactivate.d\":false,"
                    "\"home\":\"https://h\",\"license\":\"R\",\"post_link\":false,"
                    "\"pre_link\":false,\"pre_unlink\":false,\"run_exports\":{},"
                    "\"source_url\":\"https://f\",\"subdirs\":[\"noarch\"],"
                    "\"summary\":\"two lines\",\"tags\":[\"t\"],\"text_prefix\":true,"
                    "\"timestamp\":0,\"version\":\"1\"}");
}

static void the_highest_version_wins_whatever_the_order_of_rows(void **state)
{
    struct fixture *f = *state;

    add(f, (struct sample){.package = "p", .version = "1.10", .about = "{\"summary\":\"ten\"}"});
    add(f, (struct sample){.package = "p",
                           .version = "1.9",
                           .built_ms = 1700000000000,
                           .about = "{\"summary\":\"nine\",\"home\":\"https://nine\"}"});
    assert_member(f, "version", "\"1.10\"");
    assert_member(f, "summary", "\"ten\"");
    assert_member(f, "home", "\"https://nine\""); /* the highest that has one */
    assert_member(f, "timestamp", "1700000000");  /* the newest build of all */
}

static void a_later_row_of_a_higher_version_wins(void **state)
{
    struct fixture *f = *state;

    add(f, (struct sample){.package = "p", .version = "1.10", .about = "{\"summary\":\"ten\"}"});
    add(f, (struct sample){.package = "p", .version = "2", .about = "{\"summary\":\"two\"}"});
    assert_member(f, "version", "\"2\"");
    assert_member(f, "summary", "\"two\"");
}

static void the_newest_build_of_a_version_speaks_for_it(void **state)
{
    struct fixture *f = *state;
    const char *subdir = "linux-64";

    add(f, (struct sample){.package = "p",
                           .version = "1",
                           .subdir = subdir,
                           .filename = "p-1-0.conda",
                           .built_ms = 1700000001999,
                           .about = "{\"summary\":\"old\"}"});
    add(f, (struct sample){.package = "p",
                           .version = "1",
                           .subdir = subdir,
                           .filename = "p-1-1.conda",
                           .built_ms = 1700000003999,
                           .about = "{\"summary\":\"new\"}",
                           .uploaded_ms = 3});
    add(f, (struct sample){.package = "p",
                           .version = "1",
                           .subdir = subdir,
                           .filename = "p-1-2.conda",
                           .built_ms = 1700000002999,
                           .about = "{\"summary\":\"middle\"}",
                           .facts = "{\"pre_link\":true}",
                           .uploaded_ms = 8});
    assert_member(f, "summary", "\"new\"");
    assert_member(f, "pre_link", "false");
    assert_member(f, "timestamp", "1700000003");
    assert_string_equal(f->seen, "p@8 ");
}

static void of_equal_builds_the_conda_file_speaks(void **state)
{
    struct fixture *f = *state;

    add(f, (struct sample){.package = "p",
                           .version = "1",
                           .filename = "p-1-0.tar.bz2",
                           .about = "{\"summary\":\"old format\"}"});
    add(f, (struct sample){.package = "p",
                           .version = "1",
                           .filename = "p-1-1.conda",
                           .about = "{\"summary\":\"new format\"}"});
    assert_member(f, "summary", "\"new format\"");
}

static void of_equal_files_the_first_name_speaks(void **state)
{
    struct fixture *f = *state;

    add(f, (struct sample){.package = "p",
                           .version = "1",
                           .filename = "p-1-1.conda",
                           .about = "{\"summary\":\"one\"}"});
    add(f, (struct sample){.package = "p",
                           .version = "1",
                           .filename = "p-1-0.conda",
                           .about = "{\"summary\":\"zero\"}"});
    assert_member(f, "summary", "\"zero\"");
}

static void of_equal_versions_the_newest_subdir_speaks(void **state)
{
    struct fixture *f = *state;

    add(f, (struct sample){.package = "p",
                           .version = "1",
                           .subdir = "linux-64",
                           .built_ms = 1700000002000,
                           .about = "{\"summary\":\"linux\"}"});
    add(f, (struct sample){.package = "p",
                           .version = "1",
                           .subdir = "osx-64",
                           .built_ms = 1700000003000,
                           .about = "{\"summary\":\"mac\"}"});
    add(f, (struct sample){.package = "p",
                           .version = "1",
                           .subdir = "win-64",
                           .built_ms = 1700000001000,
                           .about = "{\"summary\":\"windows\"}"});
    assert_member(f, "summary", "\"mac\"");
}

static void subdirs_flags_and_run_exports_are_joined(void **state)
{
    struct fixture *f = *state;

    add(f, (struct sample){.package = "p",
                           .version = "1",
                           .subdir = "linux-64",
                           .facts = "{\"pre_link\":true}",
                           .run_exports = "{\"weak\":[\"p 1\"]}"});
    add(f,
        (struct sample){.package = "p", .version = "1", .subdir = "win-64", .run_exports = "{}"});
    add(f, (struct sample){.package = "p",
                           .version = "2",
                           .subdir = "osx-64",
                           .facts = "{\"binary_prefix\":true}",
                           .run_exports = "{\"strong\":[\"p 2\"]}"});
    assert_entry(f, "{\"activate.d\":false,\"binary_prefix\":true,\"deactivate.d\":false,"
                    "\"post_link\":false,\"pre_link\":true,\"pre_unlink\":false,"
                    "\"run_exports\":{\"1\":{\"weak\":[\"p 1\"]},\"2\":{\"strong\":[\"p 2\"]}},"
                    "\"subdirs\":[\"linux-64\",\"osx-64\",\"win-64\"],\"text_prefix\":false,"
                    "\"timestamp\":0,\"version\":\"2\"}");
}

static void times_of_old_builds_are_seconds_already(void **state)
{
    struct fixture *f = *state;

    add(f, (struct sample){.package = "p", .version = "1", .built_ms = 253402300799});
    assert_member(f, "timestamp", "253402300799");
}

static void packages_and_subdirs_are_sorted(void **state)
{
    struct fixture *f = *state;
    struct buf b = BUF_INIT(MIB);
    json_t *subdirs;

    add(f, (struct sample){.package = "a", .version = "1", .subdir = "win-64", .uploaded_ms = 1});
    add(f, (struct sample){.package = "a-b", .version = "1", .subdir = "linux-64"});
    add(f, (struct sample){.package = "a.c", .version = "1", .subdir = "osx-64", .uploaded_ms = 2});
    json_decref(finish(f));
    assert_string_equal(f->seen, "a@1 a-b@0 a.c@2 ");
    subdirs = conda_channeldata_subdirs(f->data);
    json_canonical(&b, subdirs);
    buf_addc(&b, '\0');
    assert_string_equal(b.ptr, "[\"linux-64\",\"noarch\",\"osx-64\",\"win-64\"]");
    buf_done(&b);
    json_decref(subdirs);
}

static void rows_out_of_order_are_refused(void **state)
{
    struct fixture *f = *state;

    add(f, (struct sample){.package = "b", .version = "1"});
    assert_int_equal(try_add(f, &(struct sample){.package = "a", .version = "1"}), ERR_INVALID);
}

static void malformed_texts_are_refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(try_add(f, &(struct sample){.package = "a", .version = "1", .about = "[]"}),
                     ERR_INVALID);
    assert_int_equal(
        try_add(f, &(struct sample){.package = "a", .version = "1", .run_exports = "{"}),
        ERR_INVALID);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_empty_channel_has_noarch),
        TEST(an_entry_has_what_the_format_requires),
        TEST(texts_come_from_record_then_facts_then_about),
        TEST(the_highest_version_wins_whatever_the_order_of_rows),
        TEST(a_later_row_of_a_higher_version_wins),
        TEST(the_newest_build_of_a_version_speaks_for_it),
        TEST(of_equal_builds_the_conda_file_speaks),
        TEST(of_equal_files_the_first_name_speaks),
        TEST(of_equal_versions_the_newest_subdir_speaks),
        TEST(subdirs_flags_and_run_exports_are_joined),
        TEST(times_of_old_builds_are_seconds_already),
        TEST(packages_and_subdirs_are_sorted),
        TEST(rows_out_of_order_are_refused),
        TEST(malformed_texts_are_refused),
    };

    return cmocka_run_group_tests_name("conda_channeldata", tests, NULL, NULL);
}
