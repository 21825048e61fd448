/* Files that come in one request: what is found out about them, and who may send them. */
#include "core_fixture.h"

#include "core/deposit.h"
#include "core/inspect.h"
#include "core/organization.h"

static const struct core_spec tiny = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};

static enum err_code deposit(struct core *f, const struct actor *actor, const struct deposit *d,
                             struct str bytes, struct file_row *ret)
{
    enum publish_outcome outcome;
    struct incoming *in = NULL;
    enum err_code rc;

    f->err = (struct err){0};
    if ((rc = incoming_open(&f->app, f->mem, &in, &f->err)) ||
        (rc = incoming_write(in, str_sub(bytes, 0, 3), &f->err)) ||
        (rc = incoming_write(in, str_from(bytes, 3), &f->err)))
        return rc;
    return deposit_finish(in, actor, d, ret, &outcome, &f->err);
}

static void all_is_found_out_from_the_file(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct deposit d = {.owner = S("alice"), .filename = S("x-1.0-0.tar.bz2")};
    struct file_row file;

    must(f, deposit_check(&f->app, f->mem, &alice, &d, &f->err));
    must(f, deposit(f, &alice, &d, core_package(f, &tiny), &file));
    assert_str(file.package, "x");
    assert_str(file.version, "1.0");
    assert_str(file.basename, "noarch/x-1.0-0.tar.bz2");
    assert_true(core_listed(f, "alice", "main", "noarch", "x-1.0-0.tar.bz2"));
}

static void files_without_a_version_get_the_moment(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct deposit d = {.owner = S("alice"), .filename = S("Sales.csv")};
    struct file_row one, two, three;

    must(f, deposit(f, &alice, &d, S("1,2"), &one));
    assert_str(one.package, "sales");
    assert_str(one.type, "file");
    assert_int_equal(one.version.len, 17);
    assert_true(str_starts(one.version, S("20")));
    /* Within a second, but never under one version. */
    must(f, deposit(f, &alice, &d, S("3,4"), &two));
    must(f, deposit(f, &alice, &d, S("5,6"), &three));
    assert_false(str_eq(two.version, one.version));
    assert_false(str_eq(three.version, two.version));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM release"), 3);
}

static void what_is_said_is_used(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct deposit d = {.owner = S("alice"),
                        .filename = S("x-1.0-0.tar.bz2"),
                        .type = S("file"),
                        .package = S("mirror"),
                        .version = S("7"),
                        .sha256 = S("")};
    struct file_row file;

    d.sha256 = core_sha256(f, S("bytes"));
    must(f, deposit(f, &alice, &d, S("bytes"), &file));
    assert_str(file.type, "file");
    assert_str(file.package, "mirror");
    assert_str(file.version, "7");
    assert_str(file.basename, "x-1.0-0.tar.bz2");
}

static void each_refusal_names_its_field(void **state)
{
    static const char digits[] = "0000000000000000000000000000000000000000000000000000000000000000";
    const struct str bad_label[] = {S("a b")};
    const struct {
        struct deposit d;
        enum err_code code;
        const char *field, *says;
    } cases[] = {
        {{.filename = S("x.csv"), .type = S("exe")}, ERR_INVALID, "type", "\"exe\""},
        {{.filename = S("x.csv"), .package = S("a b")}, ERR_INVALID, "package", "\"a b\""},
        {{.filename = S("x.csv"), .version = S("1/2")}, ERR_INVALID, "version", "\"1/2\""},
        {{.filename = S("x.csv"), .labels = bad_label, .label_count = 1},
         ERR_INVALID,
         "label",
         "a b"},
        {{.filename = S("x.csv"), .access = S("secret")},
         ERR_UNPROCESSABLE,
         "access",
         "\"secret\""},
        {{.filename = S("x.csv"), .sha256 = S("0")},
         ERR_UNPROCESSABLE,
         "sha256",
         "64 hexadecimal digits"},
        {{.filename = S("")}, ERR_UNPROCESSABLE, "file", "no name"},
        {{.filename = S("---")}, ERR_UNPROCESSABLE, "package", "say which it is for"},
        {{.filename = S("x.conda")}, ERR_INVALID, "file", "with type=file it is kept as it is"},
        {{.filename = S("x.conda"), .type = S("conda")}, ERR_INVALID, "file", "x.conda"},
    };
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct str all = core_rows(f);
    struct deposit d = {.owner = S("alice"), .filename = S("x-1.0-0.tar.bz2")};
    struct file_row file;

    for (size_t i = 0; i < COUNT(cases); i++) {
        d = cases[i].d;
        d.owner = S("alice");
        must_fail(f, deposit_check(&f->app, f->mem, &alice, &d, &f->err), cases[i].code,
                  cases[i].says);
        assert_string_equal(f->err.field, cases[i].field);
        must_fail(f, deposit(f, &alice, &d, S("bytes"), &file), cases[i].code, cases[i].says);
        assert_string_equal(f->err.field, cases[i].field);
    }
    d = (struct deposit){.owner = S("alice"), .filename = S("x-1.0-0.tar.bz2")};
    must_fail(f, deposit(f, &alice, &d, S("no package"), &file), ERR_INVALID,
              "(its name is that of a file of type conda; with type=file it is kept as it is)");
    assert_string_equal(f->err.field, "file");
    d.sha256 = str_of(digits);
    must_fail(f, deposit(f, &alice, &d, core_package(f, &tiny), &file), ERR_INVALID,
              "sha256 was declared as 000");
    assert_string_equal(f->err.field, "sha256");
    assert_true(str_eq(core_rows(f), all));
}

static void only_who_may_write_the_package_sends_it(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob"), nobody = {0};
    struct deposit d = {.owner = S("alice"), .filename = S("x-1.0-0.tar.bz2")};
    struct file_row file;

    must_fail(f, deposit_check(&f->app, f->mem, &nobody, &d, &f->err), ERR_UNAUTHENTICATED,
              "sign in first");
    must_fail(f, deposit_check(&f->app, f->mem, &bob, &d, &f->err), ERR_DENIED,
              "\"bob\" may not publish or change \"alice/x\"");
    must_fail(f, deposit(f, &bob, &d, core_package(f, &tiny), &file), ERR_DENIED, "\"bob\"");
    must(f, deposit(f, &alice, &d, core_package(f, &tiny), &file));
    must(f, collaborator_add(&f->app, f->mem, &alice, S("alice"), S("x"), S("bob"), S("write"),
                             &f->err));
    must(f, deposit_check(&f->app, f->mem, &bob, &d, &f->err));
    d = (struct deposit){.owner = S("alice"), .filename = S("notes.txt")};
    must_fail(f, deposit(f, &bob, &d, S("notes"), &file), ERR_DENIED, "\"alice/notes\"");
    d.package = S("x");
    must(f, deposit(f, &bob, &d, S("notes"), &file));
    bob.token_id = 1;
    bob.token_name = S("t");
    bob.scopes = S("conda:upload");
    must_fail(f, deposit(f, &bob, &d, S("more"), &file), ERR_DENIED, "files of type \"file\"");
}

static void it_is_clear_whose_a_file_is_once_its_package_is(void **state)
{
    struct core *f = *state;
    struct deposit d = {.owner = S("alice"), .filename = S("noarch/x-1.0-0.conda")};

    assert_true(deposit_is_clear(f->mem, &d));
    d.filename = S("notes.txt");
    assert_false(deposit_is_clear(f->mem, &d));
    d.package = S("x");
    assert_true(deposit_is_clear(f->mem, &d));
    d = (struct deposit){.owner = S("alice"), .filename = S("x.conda")};
    assert_false(deposit_is_clear(f->mem, &d));
}

static void more_bytes_than_the_settings_allow_are_refused(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct deposit d = {.owner = S("alice"), .filename = S("x.csv")};
    struct file_row file;

    f->config.upload_max = 5;
    must(f, deposit(f, &alice, &d, S("12345"), &file));
    must_fail(f, deposit(f, &alice, &d, S("123456"), &file), ERR_TOO_BIG,
              "larger than this server accepts (5 bytes)");
}

static void what_the_account_has_no_room_for_is_refused_as_it_comes(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct deposit d = {.owner = S("alice"), .filename = S("x.csv")};
    struct incoming *in;
    struct file_row file;

    must(f, deposit(f, &alice, &d, S("12345"), &file));
    f->config.quota = 8;
    must(f, incoming_open(&f->app, f->mem, &in, &f->err));
    must(f, incoming_heed_quota(in, &d, &f->err));
    must(f, incoming_write(in, S("123"), &f->err));
    must_fail(f, incoming_write(in, S("4"), &f->err), ERR_TOO_BIG, "of which it uses 5");
    /* What it has already takes no room. */
    d.sha256 = file.sha256;
    must(f, incoming_open(&f->app, f->mem, &in, &f->err));
    must(f, incoming_heed_quota(in, &d, &f->err));
    must(f, incoming_write(in, S("12345"), &f->err));
    /* Nobody says so of an account that is not there. */
    d.owner = S("nobody");
    must(f, incoming_heed_quota(in, &d, &f->err));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(all_is_found_out_from_the_file),
        WITH_CORE(files_without_a_version_get_the_moment),
        WITH_CORE(what_is_said_is_used),
        WITH_INSPECTOR(each_refusal_names_its_field),
        WITH_INSPECTOR(only_who_may_write_the_package_sends_it),
        WITH_CORE(it_is_clear_whose_a_file_is_once_its_package_is),
        WITH_CORE(more_bytes_than_the_settings_allow_are_refused),
        WITH_CORE(what_the_account_has_no_room_for_is_refused_as_it_comes),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
