/* `terrarium verify`: what it prints, and how it ends. */
#include "core_fixture.h"

#include <jansson.h>

#include "blob/blob.h"
#include "cli_run.h"
#include "core/inspect.h"

static const struct core_spec x1 = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};

static void verify(struct core *f, struct cli_run *r, const char *flag)
{
    CLI_RUN(r, "", "verify", "--data", f->folder, "--db", str_z(f->mem, f->config.db), flag);
    assert_string_equal(r->err, "");
}

static void assert_verify(struct core *f, const char *flag, int status, const char *out)
{
    struct cli_run r;

    verify(f, &r, flag);
    assert_string_equal(r.out, out);
    assert_int_equal(r.status, status);
    cli_run_done(&r);
}

static void a_sound_site_is_well(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    core_mark_store(f);
    assert_verify(f, NULL, 0,
                  "verified 0 files, 0 uploads, 0 documents, 0 channels: all is well\n");
    core_publish(f, &alice, &x1);
    assert_verify(f, NULL, 0, "verified 1 file, 0 uploads, 7 documents, 1 channel: all is well\n");
    assert_verify(f, "--quick", 0,
                  "verified 1 file, 0 uploads, 7 documents, 1 channel: all is well\n");
}

static void each_problem_is_a_line(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct file_row x = core_publish(f, &alice, &x1);
    const char *sha256 = str_z(f->mem, x.sha256);

    core_mark_store(f);
    must(f, blob_remove(f->app.blobs, x.sha256, &f->err));
    assert_verify(f, NULL, 1,
                  str_fmt(f->mem,
                          "missing  alice/x/1.0/noarch/x-1.0-0.tar.bz2  sha256:%s\n"
                          "verified 1 file, 0 uploads, 7 documents, 1 channel: 1 problem\n",
                          sha256)
                      .ptr);
    core_publish(f, &bob, &x1);
    core_break_blob(f, x.sha256, S("x"));
    assert_verify(f, "--quick", 1,
                  str_fmt(f->mem,
                          "size  alice/x/1.0/noarch/x-1.0-0.tar.bz2  sha256:%s, 1 bytes instead of "
                          "%lld\n"
                          "size  bob/x/1.0/noarch/x-1.0-0.tar.bz2  sha256:%s, 1 bytes instead of "
                          "%lld\n"
                          "verified 2 files, 0 uploads, 14 documents, 2 channels: 2 problems\n",
                          sha256, (long long)x.size, sha256, (long long)x.size)
                      .ptr);
}

static void orphans_are_mentioned(void **state)
{
    struct core *f = *state;
    struct blob_id id;

    core_mark_store(f);
    must(f, blob_put(f->app.blobs, S("one"), &id, &f->err));
    assert_verify(f, NULL, 0,
                  "1 orphan blob, 3 B: `terrarium gc` removes what nothing names\n"
                  "verified 0 files, 0 uploads, 0 documents, 0 channels: all is well\n");
}

static json_t *line(const char **text)
{
    json_error_t error;
    json_t *object = json_loads(*text, JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &error);

    assert_true(json_is_object(object));
    *text += error.position;
    assert_int_equal(**text, '\n');
    *text += 1;
    return object;
}

static void assert_member(const json_t *object, const char *key, const char *value)
{
    assert_string_equal(json_string_value(json_object_get(object, key)), value);
}

static void in_json_there_is_an_object_on_each_line(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct cli_run r;
    const char *at;
    json_t *object;

    core_mark_store(f);
    core_publish(f, &alice, &x1);
    CORE_CHANGE(f, "UPDATE package SET latest_version = 'a \"quote\"'");
    verify(f, &r, "--json");
    assert_int_equal(r.status, 1);
    at = r.out;
    object = line(&at);
    assert_int_equal(json_object_size(object), 4);
    assert_member(object, "event", "problem");
    assert_member(object, "kind", "latest");
    assert_member(object, "subject", "alice/x");
    assert_member(object, "detail", "says version \"a \"quote\"\", its files give \"1.0\"");
    json_decref(object);
    object = line(&at);
    assert_int_equal(json_object_size(object), 12);
    assert_member(object, "event", "summary");
    assert_true(json_is_false(json_object_get(object, "quick")));
    assert_int_equal(json_integer_value(json_object_get(object, "files")), 1);
    assert_int_equal(json_integer_value(json_object_get(object, "trash")), 0);
    assert_int_equal(json_integer_value(json_object_get(object, "uploads")), 0);
    assert_int_equal(json_integer_value(json_object_get(object, "documents")), 7);
    assert_int_equal(json_integer_value(json_object_get(object, "channels")), 1);
    assert_int_equal(json_integer_value(json_object_get(object, "packages")), 1);
    assert_true(json_integer_value(json_object_get(object, "bytes")) > 1000);
    assert_int_equal(json_integer_value(json_object_get(object, "orphans")), 0);
    assert_int_equal(json_integer_value(json_object_get(object, "orphan_bytes")), 0);
    assert_int_equal(json_integer_value(json_object_get(object, "problems")), 1);
    json_decref(object);
    assert_string_equal(at, "");
    cli_run_done(&r);
}

static void it_takes_flags_only(void **state)
{
    struct core *f = *state;
    struct cli_run r;

    CLI_RUN(&r, "", "verify", "--data", f->folder, "everything");
    assert_int_equal(r.status, 2);
    assert_string_equal(r.err,
                        "terrarium: verify takes flags only\nTry: terrarium verify --help\n");
    cli_run_done(&r);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(a_sound_site_is_well),
        WITH_INSPECTOR(each_problem_is_a_line),
        WITH_CORE(orphans_are_mentioned),
        WITH_INSPECTOR(in_json_there_is_an_object_on_each_line),
        WITH_CORE(it_takes_flags_only),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
