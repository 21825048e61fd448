/* Creating and removing packages, releases and files, and what goes with them. */
#include "core_fixture.h"

#include <pthread.h>

#include "base/limits.h"
#include "base/mem.h"
#include "core/inspect.h"
#include "format/json.h"
#include "store/file.h"

#define SPEC(name_, version_, build_, subdir_)                                                     \
    ((struct core_spec){                                                                           \
        .name = (name_), .version = (version_), .build = (build_), .subdir = (subdir_)})

static enum err_code create(struct core *f, const struct actor *actor, const char *owner,
                            const char *name, const json_t *attrs, struct package_row *ret)
{
    return package_create(&f->app, f->mem, actor, str_of(owner), str_of(name), S(""), attrs, ret,
                          &f->err);
}

static enum err_code create_release(struct core *f, const struct actor *actor, const char *package,
                                    const char *version, struct release_row *ret)
{
    return release_create(&f->app, f->mem, actor, actor->login, str_of(package), str_of(version),
                          NULL, ret, &f->err);
}

static enum err_code remove_file(struct core *f, const struct actor *actor,
                                 const struct core_spec *spec)
{
    struct file_path path = core_path(f, str_z(f->mem, actor->login), spec);
    struct file_row removed;

    return file_remove(&f->app, f->mem, actor, &path, &removed, &f->err);
}

/* The actions since the last look, oldest first. */
static struct str audited(struct core *f)
{
    struct str all = CORE_TEXT(f, "SELECT action || ' ' || object FROM audit ORDER BY id");

    CORE_CHANGE(f, "DELETE FROM audit");
    return all;
}

/* ---- creating -------------------------------------------------------------------------------- */

static void a_package_is_created_once_within_its_account(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    AUTO(json_decrefp)
    json_t *attrs = json_pack("{s:s, s:s}", "summary", "A test.", "license", "MIT");
    struct package_row package;

    must(f, create(f, &alice, "alice", "x", attrs, &package));
    assert_str(package.owner, "alice");
    assert_str(package.name, "x");
    assert_str(package.summary, "A test.");
    assert_str(package.attrs, "{\"license\":\"MIT\",\"summary\":\"A test.\"}");
    assert_str(package.latest_version, "");
    assert_str(audited(f), "package.create alice/x");
    must(f, create(f, &alice, "alice", "x", NULL, &package)); /* as it is; nothing is written */
    assert_str(package.attrs, "{\"license\":\"MIT\",\"summary\":\"A test.\"}");
    assert_str(audited(f), "");
    must(f, create(f, &bob, "bob", "x", NULL, &package));
    assert_str(package.attrs, "{}");
    assert_str(audited(f), "package.create bob/x");
}

static void packages_and_releases_need_good_names_and_parents(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    static const char *const names[] = {"", "a b", "../x", ".x", "x-", "x/y", "\xc3\xa4"};
    static const char *const versions[] = {"", "1 0", "-1", "1.", "../1", "1/0", "1%30"};
    struct package_row package;
    struct release_row release;
    struct str before;

    must(f, create(f, &alice, "alice", "x", NULL, &package));
    before = core_rows(f);
    for (size_t i = 0; i < COUNT(names); i++)
        must_fail(f, create(f, &alice, "alice", names[i], NULL, &package), ERR_INVALID, "");
    for (size_t i = 0; i < COUNT(versions); i++)
        must_fail(f, create_release(f, &alice, "x", versions[i], &release), ERR_INVALID, "");
    must_fail(f, create(f, &alice, "nobody", "x", NULL, &package), ERR_NOT_FOUND,
              "there is no account \"nobody\"");
    must_fail(f, create_release(f, &alice, "y", "1.0", &release), ERR_NOT_FOUND,
              "there is no package \"alice/y\"");
    assert_true(str_eq(core_rows(f), before));
}

static void a_release_is_created_once_within_its_package(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct package_row package;
    struct release_row release;

    must(f, create(f, &alice, "alice", "x", NULL, &package));
    must(f, create_release(f, &alice, "x", "1!2.0+cu118", &release));
    assert_str(release.version, "1!2.0+cu118");
    assert_str(release.attrs, "{}");
    assert_int_equal(release.package_id, package.id);
    assert_str(audited(f), "package.create alice/x, release.create alice/x/1!2.0+cu118");
    must(f, create_release(f, &alice, "x", "1!2.0+cu118", &release));
    assert_int_equal(release.package_id, package.id);
    assert_str(audited(f), "");
}

static void attributes_are_bounded(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    char *text = mem_get(600 * 1024);
    AUTO(json_decrefp) json_t *attrs = json_object();
    struct package_row package;

    memset(text, 'x', 600 * 1024 - 1);
    assert_int_equal(json_object_set_new(attrs, "readme", json_string(text)), 0);
    must_fail(f, create(f, &alice, "alice", "x", attrs, &package), ERR_TOO_BIG,
              "the attributes exceed 524288 bytes");
    mem_free(text);
}

/* Half a character would make every page about the package impossible. */
static void a_long_summary_is_cut_between_characters(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    AUTO(json_decrefp) json_t *attrs = json_object();
    struct package_row package;
    char text[2003];

    memset(text, 'x', sizeof(text));
    memcpy(text + 1999, "\xc3\xa4", 3);
    assert_int_equal(json_object_set_new(attrs, "summary", json_string(text)), 0);
    must(f, create(f, &alice, "alice", "x", attrs, &package));
    assert_int_equal(package.summary.len, 1999);
}

static enum err_code require(struct core *f, const struct file_path *path, struct file_row *ret)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);

    return file_require(tx, f->mem, path, ret, &f->err);
}

static void a_file_is_found_only_where_it_belongs(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x = SPEC("x", "1.0", "0", "noarch"), y = SPEC("y", "1.0", "0", "noarch"),
                     x2 = SPEC("x", "2.0", "0", "noarch");
    struct file_path path = core_path(f, "alice", &x), wrong;
    struct file_row file = core_publish(f, &alice, &x), found = {0};

    (void)core_publish(f, &alice, &y);
    (void)core_publish(f, &alice, &x2);
    must(f, require(f, &path, &found));
    assert_int_equal(found.id, file.id);
    wrong = path;
    wrong.package = S("y");
    must_fail(f, require(f, &wrong, &found), ERR_NOT_FOUND,
              "there is no file \"alice/y/1.0/noarch/x-1.0-0.tar.bz2\"");
    wrong = path;
    wrong.version = S("2.0");
    must_fail(f, require(f, &wrong, &found), ERR_NOT_FOUND, "there is no file");
    wrong = path;
    wrong.owner = S("bob");
    must_fail(f, require(f, &wrong, &found), ERR_NOT_FOUND, "there is no package \"bob/x\"");
}

/* ---- removing -------------------------------------------------------------------------------- */

static void a_removed_file_is_gone_from_rows_index_and_disk(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec one = SPEC("x", "1.0", "0", "noarch"), two = SPEC("x", "1.0", "1", "noarch");
    struct file_path path = core_path(f, "alice", &one);
    struct file_row file = core_publish(f, &alice, &one), kept = core_publish(f, &alice, &two),
                    removed = {0};

    f->config.trash_days = 0;
    (void)audited(f);
    must(f, file_remove(&f->app, f->mem, &alice, &path, &removed, &f->err));
    assert_int_equal(removed.id, file.id);
    assert_str(audited(f), "file.delete alice/x/1.0/noarch/x-1.0-0.tar.bz2");
    assert_false(core_listed(f, "alice", "main", "noarch", "x-1.0-0.tar.bz2"));
    assert_true(core_listed(f, "alice", "main", "noarch", "x-1.0-1.tar.bz2"));
    assert_false(core_has_blob(f, file.sha256));
    assert_true(core_has_blob(f, kept.sha256));
    assert_str(CORE_TEXT(f, "SELECT name_key FROM retired_name"), "noarch/x-1.0-0.tar.bz2");
    /* Its package and its release stay, even when they are empty. */
    must(f, remove_file(f, &alice, &two));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM package"), 1);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM release"), 1);
    core_check_bytes(f);
}

static void what_is_not_there_cannot_be_removed(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x = SPEC("x", "1.0", "0", "noarch"), other = SPEC("x", "1.0", "1", "noarch");
    struct str before;

    (void)core_publish(f, &alice, &x);
    before = core_rows(f);
    must_fail(f, remove_file(f, &alice, &other), ERR_NOT_FOUND, "there is no file");
    must_fail(f, release_remove(&f->app, f->mem, &alice, S("alice"), S("x"), S("2.0"), &f->err),
              ERR_NOT_FOUND, "there is no release \"alice/x/2.0\"");
    must_fail(f, release_remove(&f->app, f->mem, &alice, S("alice"), S("y"), S("1.0"), &f->err),
              ERR_NOT_FOUND, "there is no package \"alice/y\"");
    must_fail(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("y"), &f->err),
              ERR_NOT_FOUND, "there is no package \"alice/y\"");
    assert_true(str_eq(core_rows(f), before));
}

static void a_removed_release_takes_its_files_along(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec linux1 = SPEC("x", "1.0", "0", "linux-64"),
                     any1 = SPEC("x", "1.0", "0", "noarch"), any2 = SPEC("x", "2.0", "0", "noarch");
    struct file_row one = core_publish(f, &alice, &linux1), two = core_publish(f, &alice, &any1);

    f->config.trash_days = 0;
    (void)core_publish(f, &alice, &any2);
    (void)audited(f);
    must(f, release_remove(&f->app, f->mem, &alice, S("alice"), S("x"), S("1.0"), &f->err));
    assert_false(core_listed(f, "alice", "main", "linux-64", "x-1.0-0.tar.bz2"));
    assert_false(core_listed(f, "alice", "main", "noarch", "x-1.0-0.tar.bz2"));
    assert_true(core_listed(f, "alice", "main", "noarch", "x-2.0-0.tar.bz2"));
    assert_false(core_has_blob(f, one.sha256));
    assert_false(core_has_blob(f, two.sha256));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM release"), 1);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM retired_name"), 2);
    assert_str(CORE_TEXT(f, "SELECT latest_version FROM package"), "2.0");
    assert_str(audited(f), "file.delete alice/x/1.0/linux-64/x-1.0-0.tar.bz2, "
                           "file.delete alice/x/1.0/noarch/x-1.0-0.tar.bz2, "
                           "release.delete alice/x/1.0");
    core_check_bytes(f);
}

static void a_removed_package_takes_everything_along(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x1 = SPEC("x", "1.0", "0", "noarch"), x2 = SPEC("x", "2.0", "0", "noarch"),
                     y = SPEC("y", "1.0", "0", "noarch");
    struct file_row one = core_publish(f, &alice, &x1), two = core_publish(f, &alice, &x2),
                    other = core_publish(f, &alice, &y);

    f->config.trash_days = 0;
    (void)audited(f);
    must(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("x"), &f->err));
    assert_false(core_listed(f, "alice", "main", "noarch", "x-1.0-0.tar.bz2"));
    assert_false(core_listed(f, "alice", "main", "noarch", "x-2.0-0.tar.bz2"));
    assert_true(core_listed(f, "alice", "main", "noarch", "y-1.0-0.tar.bz2"));
    assert_false(core_has_blob(f, one.sha256));
    assert_false(core_has_blob(f, two.sha256));
    assert_true(core_has_blob(f, other.sha256));
    assert_str(CORE_TEXT(f, "SELECT name FROM package"), "y");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM release"), 1);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM retired_name"), 2);
    assert_str(audited(f), "file.delete alice/x/1.0/noarch/x-1.0-0.tar.bz2, "
                           "file.delete alice/x/2.0/noarch/x-2.0-0.tar.bz2, "
                           "package.delete alice/x");
    core_check_bytes(f);
}

static void uploads_under_way_end_with_what_they_belong_to(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x1 = SPEC("x", "1.0", "0", "noarch"), x2 = SPEC("x", "2.0", "0", "noarch");
    struct file_path one = core_path(f, "alice", &x1), two = core_path(f, "alice", &x2);
    struct str bytes1 = core_package(f, &x1), bytes2 = core_package(f, &x2);

    (void)core_upload(f, &alice, &one, bytes1);
    (void)core_upload(f, &alice, &two, bytes2);
    must(f, release_remove(&f->app, f->mem, &alice, S("alice"), S("x"), S("1.0"), &f->err));
    assert_false(core_has_blob(f, core_sha256(f, bytes1)));
    assert_true(core_has_blob(f, core_sha256(f, bytes2)));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM upload"), 1);
    must(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("x"), &f->err));
    assert_false(core_has_blob(f, core_sha256(f, bytes2)));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM upload"), 0);
}

static void an_empty_package_and_release_can_be_removed(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &SPEC("x", "1.0", "0", "noarch"));

    core_release(f, &alice, &path);
    must(f, release_remove(&f->app, f->mem, &alice, S("alice"), S("x"), S("1.0"), &f->err));
    must(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("x"), &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM package"), 0);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM index_doc"), 0);
}

static void bytes_that_another_owner_has_too_stay(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct core_spec x = SPEC("x", "1.0", "0", "noarch");
    struct file_row file = core_publish(f, &alice, &x);

    f->config.trash_days = 0;
    assert_true(str_eq(core_publish(f, &bob, &x).sha256, file.sha256));
    must(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("x"), &f->err));
    assert_true(core_has_blob(f, file.sha256));
    assert_true(core_listed(f, "bob", "main", "noarch", "x-1.0-0.tar.bz2"));
    must(f, remove_file(f, &bob, &x));
    assert_false(core_has_blob(f, file.sha256));
    core_check_bytes(f);
}

static void bytes_that_are_being_uploaded_again_stay(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct core_spec x = SPEC("x", "1.0", "0", "noarch");
    struct file_path bobs = core_path(f, "bob", &x);
    struct file_row file = core_publish(f, &alice, &x);
    struct staged staged = core_upload(f, &bob, &bobs, core_package(f, &x));

    must(f, remove_file(f, &alice, &x));
    assert_true(core_has_blob(f, file.sha256));
    must(f, publish_commit(&f->app, f->mem, &bob, &bobs, staged.dist_id, &file, &f->err));
    core_check_bytes(f);
}

static void an_upload_dies_with_its_package(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x = SPEC("x", "1.0", "0", "noarch");
    struct file_path path = core_path(f, "alice", &x);
    struct staged staged = core_upload(f, &alice, &path, core_package(f, &x));
    struct file_row file;

    must(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("x"), &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM upload"), 0);
    core_release(f, &alice, &path); /* another package of that name */
    must_fail(f, publish_commit(&f->app, f->mem, &alice, &path, staged.dist_id, &file, &f->err),
              ERR_NOT_FOUND, "no staged upload");
}

static void every_label_of_a_removed_file_is_updated(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x = SPEC("x", "1.0", "0", "linux-64");
    struct file_path path = core_path(f, "alice", &x);
    const struct str labels[] = {S("dev"), S("main")};
    struct stage_request req = {.type = S("conda"), .labels = labels, .label_count = 2};
    struct staged staged;
    struct file_row file;

    core_release(f, &alice, &path);
    must(f, publish_stage(&f->app, f->mem, &alice, &path, &req, &staged, &f->err));
    must(f, core_send(f, staged.ticket, core_package(f, &x)));
    must(f, publish_commit(&f->app, f->mem, &alice, &path, staged.dist_id, &file, &f->err));
    assert_true(core_listed(f, "alice", "dev", "linux-64", "x-1.0-0.tar.bz2"));
    assert_true(core_listed(f, "alice", "main", "linux-64", "x-1.0-0.tar.bz2"));
    must(f, remove_file(f, &alice, &x));
    assert_false(core_listed(f, "alice", "dev", "linux-64", "x-1.0-0.tar.bz2"));
    assert_false(core_listed(f, "alice", "main", "linux-64", "x-1.0-0.tar.bz2"));
}

/* ---- what a package says of itself ----------------------------------------------------------- */

static struct str summary_and_version(struct core *f)
{
    return CORE_TEXT(f, "SELECT summary || '|' || latest_version FROM package");
}

static void the_newest_version_speaks_for_its_package(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec nine = SPEC("x", "1.9", "0", "noarch"), ten = SPEC("x", "1.10", "0", "noarch"),
                     rc = SPEC("x", "2.0rc1", "0", "noarch"), old = SPEC("x", "0.1", "0", "noarch");

    nine.about = "{\"summary\":\"nine\"}";
    ten.about = "{\"summary\":\"ten\"}";
    rc.about = "{\"summary\":\"candidate\"}";
    (void)core_publish(f, &alice, &ten);
    assert_str(summary_and_version(f), "ten|1.10");
    (void)core_publish(f, &alice, &nine);
    assert_str(summary_and_version(f), "ten|1.10"); /* conda's order, not that of letters */
    (void)core_publish(f, &alice, &rc);
    assert_str(summary_and_version(f), "candidate|2.0rc1");
    (void)core_publish(f, &alice, &old); /* without a summary of its own */
    must(f, remove_file(f, &alice, &rc));
    assert_str(summary_and_version(f), "ten|1.10");
    must(f, release_remove(&f->app, f->mem, &alice, S("alice"), S("x"), S("1.10"), &f->err));
    assert_str(summary_and_version(f), "nine|1.9");
    must(f, remove_file(f, &alice, &nine));
    assert_str(summary_and_version(f), "nine|0.1"); /* better the last words than none */
    must(f, remove_file(f, &alice, &old));
    assert_str(summary_and_version(f), "nine|");
}

static void of_equal_versions_the_latest_upload_speaks(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec one = SPEC("x", "1.0", "0", "noarch"), two = SPEC("x", "1.0", "1", "noarch");

    one.about = "{\"summary\":\"one\"}";
    two.about = "{\"summary\":\"two\"}";
    (void)core_publish(f, &alice, &two);
    (void)core_publish(f, &alice, &one);
    assert_str(summary_and_version(f), "one|1.0");
}

/* ---- who may see it -------------------------------------------------------------------------- */

static enum err_code create_as(struct core *f, const struct actor *actor, const char *name,
                               const char *access, struct package_row *ret)
{
    return package_create(&f->app, f->mem, actor, actor->login, str_of(name), str_of(access), NULL,
                          ret, &f->err);
}

static enum err_code change_access(struct core *f, const struct actor *actor, const char *name,
                                   enum access_level access)
{
    return package_change_access(&f->app, f->mem, actor, actor->login, str_of(name), access,
                                 &f->err);
}

static const struct view views[ACCESS_LEVELS] = {
    {.widest = ACCESS_PUBLIC}, {.widest = ACCESS_AUTHENTICATED}, {.widest = ACCESS_PRIVATE}};

/* Is the file of x in the index of a label, as each view has it? "-yy" */
static struct str listed(struct core *f, const char *label, const char *subdir)
{
    static const char in_it[] = "\"x-1.0-0.tar.bz2\"";
    struct str all = S("");

    for (unsigned v = 0; v < ACCESS_LEVELS; v++) {
        struct str doc = core_document_in(f, &views[v], "alice", label, subdir, "repodata.json");
        bool is = doc.ptr && memmem(doc.ptr, doc.len, in_it, strlen(in_it));

        all = str_fmt(f->mem, STR_FMT "%s", STR_ARG(all), is ? "y" : "-");
    }
    return all;
}

static void access_of_a_new_package_is_asked_for_or_a_habit(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct package_row package;

    must(f, create_as(f, &alice, "a", "", &package));
    assert_int_equal(package.access, ACCESS_PUBLIC);
    f->config.default_access = S("authenticated");
    must(f, create_as(f, &alice, "b", "", &package));
    assert_int_equal(package.access, ACCESS_AUTHENTICATED);
    CORE_CHANGE(f, "UPDATE account SET default_access = 'private'");
    must(f, create_as(f, &alice, "c", "", &package));
    assert_int_equal(package.access, ACCESS_PRIVATE);
    must(f, create_as(f, &alice, "d", "public", &package));
    assert_int_equal(package.access, ACCESS_PUBLIC);
    must(f, create_as(f, &alice, "d", "private", &package)); /* as it is */
    assert_int_equal(package.access, ACCESS_PUBLIC);
    assert_str(CORE_TEXT(f, "SELECT detail FROM audit ORDER BY id"),
               "public, authenticated, private, public");
}

static void an_unknown_access_is_refused_by_its_field(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct package_row package;
    enum access_level level = ACCESS_AUTHENTICATED;

    must_fail(f, create_as(f, &alice, "x", "secret", &package), ERR_UNPROCESSABLE,
              "access \"secret\" is not \"public\", \"authenticated\" or \"private\"");
    assert_string_equal(f->err.field, "access");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM package"), 0);
    must_fail(f, package_read_access(S("Public"), &level, &f->err), ERR_UNPROCESSABLE,
              "access \"Public\" is not");
    assert_string_equal(f->err.field, "access");
    assert_int_equal(level, ACCESS_AUTHENTICATED);
    must(f, package_read_access(S("private"), &level, &f->err));
    assert_int_equal(level, ACCESS_PRIVATE);
}

static void a_change_of_access_is_on_record_once(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct package_row package;
    struct str before;

    must(f, create_as(f, &alice, "x", "", &package));
    CORE_CHANGE(f, "DELETE FROM audit");
    must(f, change_access(f, &alice, "x", ACCESS_PRIVATE));
    assert_str(CORE_TEXT(f, "SELECT action || ' ' || object || ': ' || detail FROM audit"),
               "package.access alice/x: public to private");
    assert_str(CORE_TEXT(f, "SELECT access FROM package"), "private");
    before = core_rows(f);
    must(f, change_access(f, &alice, "x", ACCESS_PRIVATE)); /* it is that already */
    must_fail(f, change_access(f, &alice, "y", ACCESS_PUBLIC), ERR_NOT_FOUND,
              "there is no package \"alice/y\"");
    assert_true(str_eq(core_rows(f), before));
}

static void every_index_follows_the_access(void **state)
{
    static const struct {
        enum access_level access;
        const char *listed;
    } steps[] = {{ACCESS_PRIVATE, "--y"}, {ACCESS_AUTHENTICATED, "-yy"},
                 {ACCESS_PUBLIC, "yyy"},  {ACCESS_AUTHENTICATED, "-yy"},
                 {ACCESS_PRIVATE, "--y"}, {ACCESS_PUBLIC, "yyy"}};
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x = SPEC("x", "1.0", "0", "linux-64"), any = SPEC("x", "1.0", "0", "noarch");
    struct file_path path = core_path(f, "alice", &x);
    const struct str labels[] = {S("dev"), S("main")};
    struct stage_request req = {.type = S("conda"), .labels = labels, .label_count = 2};
    struct staged staged;
    struct file_row file;

    core_release(f, &alice, &path);
    must(f, publish_stage(&f->app, f->mem, &alice, &path, &req, &staged, &f->err));
    must(f, core_send(f, staged.ticket, core_package(f, &x)));
    must(f, publish_commit(&f->app, f->mem, &alice, &path, staged.dist_id, &file, &f->err));
    (void)core_publish(f, &alice, &any);
    for (size_t i = 0; i < COUNT(steps); i++) {
        must(f, change_access(f, &alice, "x", steps[i].access));
        assert_str(listed(f, "dev", "linux-64"), steps[i].listed);
        assert_str(listed(f, "main", "linux-64"), steps[i].listed);
        assert_str(listed(f, "main", "noarch"), steps[i].listed);
        core_check_bytes(f);
    }
}

static void a_label_is_known_when_its_package_is(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x = SPEC("x", "1.0", "0", "noarch");
    struct file_path path = core_path(f, "alice", &x);
    const struct str labels[] = {S("dev")};
    struct stage_request req = {.type = S("conda"), .labels = labels, .label_count = 1};
    struct package_row package;
    struct staged staged;
    struct file_row file;

    must(f, create_as(f, &alice, "x", "private", &package));
    core_release(f, &alice, &path);
    must(f, publish_stage(&f->app, f->mem, &alice, &path, &req, &staged, &f->err));
    must(f, core_send(f, staged.ticket, core_package(f, &x)));
    must(f, publish_commit(&f->app, f->mem, &alice, &path, staged.dist_id, &file, &f->err));
    assert_str(CORE_TEXT(f, "SELECT access FROM label WHERE name = 'dev'"), "private");
    must(f, change_access(f, &alice, "x", ACCESS_AUTHENTICATED));
    assert_str(CORE_TEXT(f, "SELECT access FROM label WHERE name = 'dev'"), "authenticated");
    must(f, change_access(f, &alice, "x", ACCESS_PRIVATE));
    assert_str(CORE_TEXT(f, "SELECT access FROM label WHERE name = 'dev'"), "authenticated");
}

/* Shards are kept for a week after they were replaced; those of what is hidden now are not. */
static void no_shard_of_before_is_left_for_those_who_may_not_see_it(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x = SPEC("x", "1.0", "0", "noarch"), x2 = SPEC("x", "2.0", "0", "noarch"),
                     y = SPEC("y", "1.0", "0", "noarch"), y2 = SPEC("y", "2.0", "0", "noarch");
    struct str old, of_y;

    (void)core_publish(f, &alice, &x);
    (void)core_publish(f, &alice, &y);
    old = CORE_TEXT(f, "SELECT name FROM index_doc WHERE package = 'x'");
    of_y = CORE_TEXT(f, "SELECT name FROM index_doc WHERE package = 'y'");
    (void)core_publish(f, &alice, &x2);
    (void)core_publish(f, &alice, &y2);
    assert_non_null(core_document(f, "alice", "main", "noarch", str_z(f->mem, old)).ptr);
    must(f, change_access(f, &alice, "x", ACCESS_AUTHENTICATED));
    assert_null(core_document(f, "alice", "main", "noarch", str_z(f->mem, old)).ptr);
    assert_non_null(core_document(f, "alice", "main", "noarch", str_z(f->mem, of_y)).ptr);
    assert_str(CORE_TEXT(f, "SELECT access FROM index_doc WHERE package = 'x'"), "authenticated");
    must(f, change_access(f, &alice, "x", ACCESS_PRIVATE));
    assert_str(CORE_TEXT(f, "SELECT access FROM index_doc WHERE package = 'x'"), "private");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM index_doc WHERE package = 'y'"), 2);
}

static void a_change_of_access_survives_every_failed_allocation(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x = SPEC("x", "1.0", "0", "noarch");
    struct str before;
    enum err_code code = ERR_NOMEM;

    (void)core_publish(f, &alice, &x);
    before = core_rows(f);
    for (long n = 1; code; n++) {
        struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
        struct err err = {0};

        assert_non_null(mem);
        mem_fail_at(n);
        code =
            package_change_access(&f->app, mem, &alice, S("alice"), S("x"), ACCESS_PRIVATE, &err);
        mem_fail_at(0);
        arena_close(mem);
        assert_true(code == OK || code == ERR_NOMEM);
        assert_int_equal(str_eq(core_rows(f), before), code != OK);
        assert_true(n < 5000);
    }
    assert_str(listed(f, "main", "noarch"), "--y");
    core_check_bytes(f);
}

/* ---- when things fail, and at once ----------------------------------------------------------- */

static void a_removal_survives_every_failed_allocation(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x = SPEC("x", "1.0", "0", "noarch"), y = SPEC("x", "2.0", "0", "noarch");
    struct str before;
    enum err_code code = ERR_NOMEM;

    (void)core_publish(f, &alice, &x);
    (void)core_publish(f, &alice, &y);
    before = core_rows(f);
    for (long n = 1; code; n++) {
        struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
        struct err err = {0};

        assert_non_null(mem);
        mem_fail_at(n);
        code = package_remove(&f->app, mem, &alice, S("alice"), S("x"), &err);
        mem_fail_at(0);
        arena_close(mem);
        if (code && code != ERR_NOMEM)
            print_error("allocation %ld: %s\n", n, err.msg);
        assert_true(code == OK || code == ERR_NOMEM);
        assert_int_equal(str_eq(core_rows(f), before), code != OK);
        core_check_bytes(f);
        assert_true(n < 2000);
    }
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM file"), 0);
    assert_false(core_listed(f, "alice", "main", "noarch", "x-1.0-0.tar.bz2"));
}

struct remover {
    struct core *f;
    struct arena *mem;
    const struct actor *actor;
    pthread_barrier_t *start;
    struct err err;
    enum err_code code;
};

static void *remove_in_thread(void *arg)
{
    struct remover *r = arg;

    (void)pthread_barrier_wait(r->start);
    r->code = package_remove(&r->f->app, r->mem, r->actor, S("alice"), S("x"), &r->err);
    return NULL;
}

static void of_two_who_remove_at_once_one_does(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x = SPEC("x", "1.0", "0", "noarch");
    struct remover both[2];
    pthread_barrier_t start;
    pthread_t threads[2];

    (void)core_publish(f, &alice, &x);
    assert_int_equal(pthread_barrier_init(&start, NULL, 2), 0);
    for (size_t i = 0; i < 2; i++) {
        both[i] = (struct remover){
            .f = f, .mem = arena_open(LIMIT_REQUEST_MEMORY), .actor = &alice, .start = &start};
        assert_non_null(both[i].mem);
        assert_int_equal(pthread_create(&threads[i], NULL, remove_in_thread, &both[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        arena_close(both[i].mem);
    }
    assert_int_equal(pthread_barrier_destroy(&start), 0);
    assert_true((both[0].code == OK) != (both[1].code == OK));
    assert_int_equal(both[both[0].code == OK].code, ERR_NOT_FOUND);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM audit WHERE action = 'package.delete'"),
                     1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(a_package_is_created_once_within_its_account),
        WITH_CORE(packages_and_releases_need_good_names_and_parents),
        WITH_CORE(a_release_is_created_once_within_its_package),
        WITH_CORE(attributes_are_bounded),
        WITH_CORE(a_long_summary_is_cut_between_characters),
        WITH_INSPECTOR(a_file_is_found_only_where_it_belongs),
        WITH_INSPECTOR(a_removed_file_is_gone_from_rows_index_and_disk),
        WITH_INSPECTOR(what_is_not_there_cannot_be_removed),
        WITH_INSPECTOR(a_removed_release_takes_its_files_along),
        WITH_INSPECTOR(a_removed_package_takes_everything_along),
        WITH_CORE(uploads_under_way_end_with_what_they_belong_to),
        WITH_CORE(an_empty_package_and_release_can_be_removed),
        WITH_INSPECTOR(bytes_that_another_owner_has_too_stay),
        WITH_INSPECTOR(bytes_that_are_being_uploaded_again_stay),
        WITH_INSPECTOR(an_upload_dies_with_its_package),
        WITH_INSPECTOR(every_label_of_a_removed_file_is_updated),
        WITH_INSPECTOR(the_newest_version_speaks_for_its_package),
        WITH_INSPECTOR(of_equal_versions_the_latest_upload_speaks),
        WITH_CORE(access_of_a_new_package_is_asked_for_or_a_habit),
        WITH_CORE(an_unknown_access_is_refused_by_its_field),
        WITH_CORE(a_change_of_access_is_on_record_once),
        WITH_INSPECTOR(every_index_follows_the_access),
        WITH_INSPECTOR(a_label_is_known_when_its_package_is),
        WITH_INSPECTOR(no_shard_of_before_is_left_for_those_who_may_not_see_it),
        WITH_INSPECTOR(a_change_of_access_survives_every_failed_allocation),
        WITH_INSPECTOR(a_removal_survives_every_failed_allocation),
        WITH_INSPECTOR(of_two_who_remove_at_once_one_does),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
