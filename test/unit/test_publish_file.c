/* Files that were not announced: one transaction from nothing to the index. */
#include "core_fixture.h"

#include "blob/blob.h"
#include "core/gc.h"
#include "core/inspect.h"
#include "core/label.h"
#include "core/publish_file.h"

static const struct core_spec tiny = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};
/* Other bytes of the same package. */
static const struct core_spec other = {"x", "1.0", "0", "noarch", NULL, NULL, "filler"};

#define NAME "x-1.0-0.tar.bz2"

static enum err_code publish(struct core *f, const struct actor *actor, const char *basename,
                             const struct publish_request *req, struct str bytes,
                             struct file_row *ret, enum publish_outcome *ret_outcome)
{
    AUTO(blob_writer_closep) struct blob_writer *w = NULL;
    const struct file_path path = {S("alice"), S("x"), S("1.0"), str_of(basename)};
    struct received received = {0};

    f->err = (struct err){0};
    must(f, blob_writer_open(f->app.blobs, &w, &f->err));
    must(f, blob_writer_write(w, bytes, &f->err));
    must(f, blob_writer_sync(w, &received.id, &f->err));
    received.writer = w;
    return publish_file(&f->app, f->mem, actor, &path, req, &received, ret, ret_outcome, &f->err);
}

static struct publish_request conda_request(void)
{
    return (struct publish_request){.file = {.type = S("conda")}};
}

static struct str labels(struct core *f)
{
    return CORE_TEXT(f, "SELECT l.name FROM file_label fl JOIN label l ON l.id = fl.label_id "
                        "ORDER BY l.name");
}

static struct str records(struct core *f)
{
    return CORE_TEXT(f, "SELECT action || ' ' || object FROM audit ORDER BY id");
}

static void package_and_release_are_made_with_the_file(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct str dev[] = {S("Dev")};
    struct publish_request req = {
        .file = {.type = S("conda"), .description = S("words"), .labels = dev, .label_count = 1},
        .summary = S("A summary."),
        .access = S("authenticated"),
    };
    struct file_row file;
    enum publish_outcome outcome = PUBLISH_SAME;

    must(f, publish(f, &alice, NAME, &req, core_package(f, &tiny), &file, &outcome));
    assert_int_equal(outcome, PUBLISH_NEW);
    assert_str(file.basename, "noarch/" NAME);
    assert_str(file.subdir, "noarch");
    assert_str(file.version, "1.0");
    assert_str(file.description, "words");
    assert_str(labels(f), "dev");
    assert_str(CORE_TEXT(f, "SELECT name || ' ' || access || ' ' || summary FROM package"),
               "x authenticated A summary.");
    assert_str(records(f), "package.create alice/x, release.create alice/x/1.0, "
                           "file.create alice/x/1.0/noarch/" NAME);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM upload"), 0);
    core_check_bytes(f);
}

static void the_index_has_it_at_once(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct publish_request req = conda_request();
    struct file_row file;
    enum publish_outcome outcome;

    must(f, publish(f, &alice, "noarch/" NAME, &req, core_package(f, &tiny), &file, &outcome));
    assert_true(core_listed(f, "alice", "main", "noarch", NAME));
    must_fail(f,
              publish(f, &alice, "linux-64/" NAME, &req, core_package(f, &tiny), &file, &outcome),
              ERR_INVALID, "subdir");
    assert_false(core_listed(f, "alice", "main", "linux-64", NAME));
}

static void the_same_bytes_again_may_bring_labels(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct str dev[] = {S("dev")};
    struct publish_request req = conda_request();
    struct file_row first, again;
    enum publish_outcome outcome;

    must(f, publish(f, &alice, NAME, &req, core_package(f, &tiny), &first, &outcome));
    req.file.labels = dev;
    req.file.label_count = 1;
    must(f, publish(f, &alice, NAME, &req, core_package(f, &tiny), &again, &outcome));
    assert_int_equal(outcome, PUBLISH_SAME);
    assert_int_equal(again.id, first.id);
    assert_str(labels(f), "dev, main");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM file"), 1);
}

static void other_bytes_are_refused_and_leave_nothing(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct publish_request req = conda_request();
    struct str bytes = core_package(f, &other), all;
    struct file_row file;
    enum publish_outcome outcome;

    must(f, publish(f, &alice, NAME, &req, core_package(f, &tiny), &file, &outcome));
    all = core_rows(f);
    must_fail(f, publish(f, &alice, NAME, &req, bytes, &file, &outcome), ERR_CONFLICT,
              "the file \"alice/x/1.0/noarch/" NAME "\" exists already, with other content");
    assert_true(str_eq(core_rows(f), all));
    assert_false(core_has_blob(f, core_sha256(f, bytes)));
}

static void forced_bytes_take_the_place_and_the_labels(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct str two[] = {S("dev"), S("rc")}, main_only[] = {S("main")};
    struct publish_request req = conda_request();
    struct str old = core_package(f, &tiny), new = core_package(f, &other);
    struct file_row file;
    enum publish_outcome outcome;

    f->config.trash_days = 0;
    req.file.labels = two;
    req.file.label_count = 2;
    must(f, publish(f, &alice, NAME, &req, old, &file, &outcome));
    req.file.label_count = 0;
    req.force = true;
    must(f, publish(f, &alice, NAME, &req, new, &file, &outcome));
    assert_int_equal(outcome, PUBLISH_REPLACED);
    assert_true(str_eq(file.sha256, core_sha256(f, new)));
    assert_str(labels(f), "dev, rc");
    assert_true(core_listed(f, "alice", "dev", "noarch", NAME));
    assert_false(core_has_blob(f, core_sha256(f, old)));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM file"), 1);
    req.file.labels = main_only;
    req.file.label_count = 1;
    must(f, publish(f, &alice, NAME, &req, old, &file, &outcome));
    assert_int_equal(outcome, PUBLISH_REPLACED);
    assert_str(labels(f), "main");
    assert_false(core_listed(f, "alice", "dev", "noarch", NAME));
    must(f, publish(f, &alice, NAME, &req, old, &file, &outcome));
    assert_int_equal(outcome, PUBLISH_SAME);
    core_check_bytes(f);
}

static void what_gives_way_is_in_the_trash(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct publish_request req = conda_request();
    struct str old = core_package(f, &tiny);
    struct file_row file;
    enum publish_outcome outcome;

    must(f, publish(f, &alice, NAME, &req, old, &file, &outcome));
    req.force = true;
    must(f, publish(f, &alice, NAME, &req, core_package(f, &other), &file, &outcome));
    assert_str(CORE_TEXT(f, "SELECT basename || ' ' || remover || ' ' || reason FROM trash"),
               "noarch/" NAME " alice replaced by an upload");
    assert_true(core_has_blob(f, core_sha256(f, old)));
    core_check_bytes(f);
}

static void a_file_takes_room_in_its_account(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct publish_request req = conda_request();
    struct str old = core_package(f, &tiny);
    struct file_row file;
    enum publish_outcome outcome;

    f->config.quota = 10;
    must_fail(f, publish(f, &alice, NAME, &req, old, &file, &outcome), ERR_TOO_BIG,
              "the quota of this account is 10 bytes, of which it uses 0");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM package"), 0);
    assert_false(core_has_blob(f, core_sha256(f, old)));
    f->config.quota = (int64_t)old.len;
    must(f, publish(f, &alice, NAME, &req, old, &file, &outcome));
    must(f, publish(f, &alice, NAME, &req, old, &file, &outcome)); /* nothing more */
    req.force = true; /* what gives way stays in the trash, where it counts */
    must_fail(f, publish(f, &alice, NAME, &req, core_package(f, &other), &file, &outcome),
              ERR_TOO_BIG, "there is no room");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM trash"), 0);
    assert_true(core_listed(f, "alice", "main", "noarch", NAME));
    core_check_bytes(f);
}

static void a_locked_label_is_neither_given_nor_lost(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct str dev[] = {S("dev")};
    struct publish_request req = conda_request();
    struct str all;
    struct file_row file;
    enum publish_outcome outcome;

    must(f, publish(f, &alice, NAME, &req, core_package(f, &tiny), &file, &outcome));
    must(f, label_create(&f->app, f->mem, &alice, S("alice"), S("dev"), &f->err));
    must(f, label_lock(&f->app, f->mem, &alice, S("alice"), S("main"), true, &f->err));
    must(f, label_lock(&f->app, f->mem, &alice, S("alice"), S("dev"), true, &f->err));
    all = core_rows(f);
    req.force = true;
    must_fail(f, publish(f, &alice, NAME, &req, core_package(f, &other), &file, &outcome),
              ERR_DENIED, "locked");
    req.file.labels = dev;
    req.file.label_count = 1;
    must_fail(f, publish(f, &alice, NAME, &req, core_package(f, &tiny), &file, &outcome),
              ERR_DENIED, "locked");
    assert_true(str_eq(core_rows(f), all));
}

/* Force is no way around what stays reserved, nor around the limits of a token. */
static void force_does_not_do_everything(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), limited = alice;
    const struct str dev[] = {S("dev")};
    struct publish_request req = {.file = {.type = S("conda"), .labels = dev, .label_count = 1},
                                  .force = true};
    struct file_path path = core_path(f, "alice", &tiny);
    struct file_row file;
    enum publish_outcome outcome;

    must(f, publish(f, &alice, NAME, &(struct publish_request){.file = {.type = S("conda")}},
                    core_package(f, &tiny), &file, &outcome));
    limited.token_id = 1;
    limited.token_name = S("t");
    limited.limits = S("label:dev");
    must_fail(f, publish(f, &limited, NAME, &req, core_package(f, &other), &file, &outcome),
              ERR_DENIED, "may not change what has the label \"main\"");
    f->config.reuse_removed_names = false;
    must_fail(f, publish(f, &alice, NAME, &req, core_package(f, &other), &file, &outcome),
              ERR_CONFLICT, "no other bytes ever take its name");
    must(f, file_remove(&f->app, f->mem, &alice, &path, &file, &f->err));
    must_fail(f, publish(f, &alice, NAME, &req, core_package(f, &other), &file, &outcome),
              ERR_CONFLICT, "was used by a removed file and stays reserved");
}

static void a_refused_file_leaves_nothing_at_all(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct core_spec foreign = {"y", "1.0", "0", "noarch", NULL, NULL, NULL};
    const struct core_spec homeless = {
        .name = "x",
        .version = "1.0",
        .build = "0",
        .index = "{\"name\":\"x\",\"version\":\"1.0\",\"build\":\"0\",\"build_number\":0}"};
    const struct str bad_label[] = {S("a b")};
    struct publish_request req = conda_request();
    struct str all = core_rows(f), package = core_package(f, &tiny);
    struct file_row file;
    enum publish_outcome outcome;

    must_fail(f, publish(f, &alice, NAME, &req, S("no package"), &file, &outcome), ERR_INVALID, "");
    must_fail(f, publish(f, &alice, NAME, &req, core_package(f, &foreign), &file, &outcome),
              ERR_INVALID, "");
    must_fail(f, publish(f, &alice, "y-1.0-0.conda", &req, package, &file, &outcome), ERR_INVALID,
              "does not belong to package \"x\" version \"1.0\"");
    must_fail(f, publish(f, &alice, NAME, &req, core_package(f, &homeless), &file, &outcome),
              ERR_INVALID, "names no subdir; upload it as \"linux-64/" NAME "\"");
    must_fail(f, publish(f, &alice, "../" NAME, &req, package, &file, &outcome), ERR_INVALID,
              "subdir");
    req.file.sha256 = core_sha256(f, S("others"));
    must_fail(f, publish(f, &alice, NAME, &req, package, &file, &outcome), ERR_INVALID,
              "sha256 was declared as");
    assert_string_equal(f->err.field, "sha256");
    req = conda_request();
    req.file.type = S("exe");
    must_fail(f, publish(f, &alice, NAME, &req, package, &file, &outcome), ERR_INVALID, "\"exe\"");
    req = conda_request();
    req.file.labels = bad_label;
    req.file.label_count = 1;
    must_fail(f, publish(f, &alice, NAME, &req, package, &file, &outcome), ERR_INVALID, "a b");
    req = conda_request();
    req.access = S("secret");
    must_fail(f, publish(f, &alice, NAME, &req, package, &file, &outcome), ERR_UNPROCESSABLE,
              "access \"secret\"");
    assert_true(str_eq(core_rows(f), all));
    assert_false(core_has_blob(f, core_sha256(f, package)));
}

static void a_token_publishes_its_kinds_alone(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct publish_request req = conda_request();
    struct file_row file;
    enum publish_outcome outcome;

    alice.token_id = 1;
    alice.token_name = S("t");
    alice.scopes = S("files:upload");
    must_fail(f, publish(f, &alice, NAME, &req, core_package(f, &tiny), &file, &outcome),
              ERR_DENIED, "files of type \"conda\"");
}

/* Nothing is read of them; each release has names of its own. */
static void plain_files_are_kept_as_they_are(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct publish_request req = {.file = {.type = S("file")}, .summary = S("Numbers.")};
    struct file_row file;
    enum publish_outcome outcome;

    must(f, publish(f, &alice, "data.csv", &req, S("1,2"), &file, &outcome));
    assert_int_equal(outcome, PUBLISH_NEW);
    assert_str(file.type, "file");
    assert_str(file.subdir, "");
    assert_true(str_eq(core_read_blob(f, file.sha256), S("1,2")));
    assert_str(CORE_TEXT(f, "SELECT summary || ' ' || attrs FROM package"),
               "Numbers. {\"package_types\":[\"file\"],\"summary\":\"Numbers.\"}");
    must_fail(f, publish(f, &alice, "a/data.csv", &req, S("1,2"), &file, &outcome), ERR_INVALID,
              "file name \"a/data.csv\" is not allowed");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(package_and_release_are_made_with_the_file),
        WITH_INSPECTOR(the_index_has_it_at_once),
        WITH_INSPECTOR(the_same_bytes_again_may_bring_labels),
        WITH_INSPECTOR(other_bytes_are_refused_and_leave_nothing),
        WITH_INSPECTOR(forced_bytes_take_the_place_and_the_labels),
        WITH_INSPECTOR(what_gives_way_is_in_the_trash),
        WITH_INSPECTOR(a_file_takes_room_in_its_account),
        WITH_INSPECTOR(a_locked_label_is_neither_given_nor_lost),
        WITH_INSPECTOR(force_does_not_do_everything),
        WITH_INSPECTOR(a_refused_file_leaves_nothing_at_all),
        WITH_INSPECTOR(a_token_publishes_its_kinds_alone),
        WITH_INSPECTOR(plain_files_are_kept_as_they_are),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
