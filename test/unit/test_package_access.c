/* Who may see a package: at first, and when that changes. */
#include "core_fixture.h"

#include "base/limits.h"
#include "base/mem.h"
#include "core/inspect.h"

#define SPEC(name_, version_, build_, subdir_)                                                     \
    ((struct core_spec){                                                                           \
        .name = (name_), .version = (version_), .build = (build_), .subdir = (subdir_)})

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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(access_of_a_new_package_is_asked_for_or_a_habit),
        WITH_CORE(an_unknown_access_is_refused_by_its_field),
        WITH_CORE(a_change_of_access_is_on_record_once),
        WITH_INSPECTOR(every_index_follows_the_access),
        WITH_INSPECTOR(a_label_is_known_when_its_package_is),
        WITH_INSPECTOR(no_shard_of_before_is_left_for_those_who_may_not_see_it),
        WITH_INSPECTOR(a_change_of_access_survives_every_failed_allocation),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
