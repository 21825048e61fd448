/* An account may store so much, and no more, however it comes. */
#include "core_fixture.h"

#include "blob/blob.h"
#include "core/inspect.h"
#include "core/quota.h"

#define SPEC(name_, version_)                                                                      \
    ((struct core_spec){.name = (name_), .version = (version_), .build = "0", .subdir = "noarch"})

static struct quota quota_of(struct core *f, const struct actor *who)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    struct quota q;

    must(f, quota_find(&f->app, tx, who->account_id, &q, &f->err));
    return q;
}

static void set(struct core *f, const struct actor *who, int64_t limit)
{
    must(f, quota_set(&f->app, f->mem, who, who->login, limit, &f->err));
}

static void the_settings_hold_unless_an_account_has_its_own(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct quota q = quota_of(f, &alice);

    assert_int_equal(q.limit, 0);
    assert_false(q.own);
    f->config.quota = 500;
    set(f, &alice, 700);
    q = quota_of(f, &alice);
    assert_int_equal(q.limit, 700);
    assert_true(q.own);
    assert_int_equal(quota_of(f, &bob).limit, 500);
    set(f, &alice, 0); /* as much as there is */
    assert_int_equal(quota_of(f, &alice).limit, 0);
    assert_true(quota_of(f, &alice).own);
    set(f, &alice, -1);
    assert_int_equal(quota_of(f, &alice).limit, 500);
    assert_str(CORE_TEXT(f, "SELECT action || ' ' || object || ' ' || detail FROM audit "
                            "WHERE action = 'account.quota' ORDER BY id"),
               "account.quota alice 700 bytes, account.quota alice no limit, "
               "account.quota alice as the settings say");
    must_fail(f, quota_set(&f->app, f->mem, &alice, S("nobody"), 1, &f->err), ERR_NOT_FOUND,
              "nobody");
}

static void what_would_go_over_it_is_refused_at_the_end(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x = SPEC("x", "1.0"), y = SPEC("y", "1.0");
    struct file_path path = core_path(f, "alice", &y);
    struct str bytes = core_package(f, &y);
    struct file_row one = core_publish(f, &alice, &x), file;
    struct staged staged = core_upload(f, &alice, &path, bytes);
    struct str text =
        str_fmt(f->mem,
                "the quota of this account is %lld bytes, of which it uses %lld, "
                "with its trash; there is no room for the %zu bytes of this file",
                (long long)one.size + (long long)bytes.len - 1, (long long)one.size, bytes.len);

    set(f, &alice, one.size + (int64_t)bytes.len - 1);
    must_fail(f, publish_commit(&f->app, f->mem, &alice, &path, staged.dist_id, &file, &f->err),
              ERR_TOO_BIG, text.ptr);
    assert_int_equal(quota_of(f, &alice).used, one.size);
    assert_false(core_has_blob(f, core_sha256(f, bytes)));
    set(f, &alice, one.size + (int64_t)bytes.len);
    must(f, core_try_publish(f, &alice, &path, bytes, &file));
    assert_int_equal(quota_of(f, &alice).used, one.size + file.size);
}

static void it_is_refused_as_soon_as_that_is_known(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x = SPEC("x", "1.0"), y = SPEC("y", "1.0");
    struct file_path path = core_path(f, "alice", &y);
    struct stage_request req = {.type = S("conda")};
    struct str bytes = core_package(f, &y);
    struct file_row one = core_publish(f, &alice, &x);
    struct staged staged;
    struct receiver *r = NULL;

    core_release(f, &alice, &path);
    set(f, &alice, one.size + 10);
    staged = core_stage(f, &alice, &path);
    must(f, publish_receive(&f->app, f->mem, staged.ticket, &r, &f->err));
    must(f, receiver_write(r, str_sub(bytes, 0, 10), &f->err));
    must_fail(f, receiver_write(r, str_sub(bytes, 10, 1), &f->err), ERR_TOO_BIG,
              "there is no room for the 11 bytes of this file");
    receiver_close(r);
    /* Somebody else may have used the room while the bytes came. */
    set(f, &alice, one.size + (int64_t)bytes.len);
    must(f, publish_receive(&f->app, f->mem, staged.ticket, &r, &f->err));
    must(f, receiver_write(r, bytes, &f->err));
    set(f, &alice, one.size);
    must_fail(f, receiver_finish(r, -1, S(""), &f->err), ERR_TOO_BIG, "there is no room for the");
    receiver_close(r);
    assert_false(core_has_blob(f, core_sha256(f, bytes)));
    must_fail(f, publish_stage(&f->app, f->mem, &alice, &path, &req, &staged, &f->err), ERR_TOO_BIG,
              "there is no room for another file");
}

static void bytes_that_are_there_take_no_room(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x = SPEC("x", "1.0");
    struct file_path path = core_path(f, "alice", &x);
    struct str bytes = core_package(f, &x);
    struct file_row one = core_publish(f, &alice, &x), removed;
    struct stage_request req = {.type = S("conda"), .sha256 = one.sha256};
    struct staged staged;

    must(f, file_remove(&f->app, f->mem, &alice, &path, &removed, &f->err));
    set(f, &alice, one.size);
    /* Announced with their digest; the trash has them. */
    must(f, publish_stage(&f->app, f->mem, &alice, &path, &req, &staged, &f->err));
    must(f, core_send(f, staged.ticket, bytes));
    must(f, publish_commit(&f->app, f->mem, &alice, &path, staged.dist_id, &removed, &f->err));
    assert_int_equal(quota_of(f, &alice).used, one.size);
}

static void usage_tells_files_by_type_and_the_trash(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x = SPEC("x", "1.0"), y = SPEC("y", "1.0");
    struct file_path path = core_path(f, "alice", &y);
    struct file_row one = core_publish(f, &alice, &x), two = core_publish(f, &alice, &y);
    struct usage usage;

    must(f, file_remove(&f->app, f->mem, &alice, &path, &two, &f->err));
    must(f, quota_usage(&f->app, f->mem, S("alice"), &usage, &f->err));
    assert_int_equal(usage.quota.used, one.size + two.size);
    assert_int_equal(usage.types.count, 1);
    assert_str(usage.types.rows[0].type, "conda");
    assert_int_equal(usage.types.rows[0].files, 1);
    assert_int_equal(usage.types.rows[0].bytes, one.size);
    assert_int_equal(usage.trash.files, 1);
    assert_int_equal(usage.trash.bytes, two.size);
    must_fail(f, quota_usage(&f->app, f->mem, S("nobody"), &usage, &f->err), ERR_NOT_FOUND,
              "nobody");
}

static void room_is_what_is_left(void **state)
{
    const struct quota none = {.used = 5}, some = {.used = 5, .limit = 9},
                       over = {.used = 10, .limit = 9};
    struct err err = {0};

    (void)state;
    assert_int_equal(quota_admit(&none, INT64_MAX, &err), OK);
    assert_int_equal(quota_admit(&some, 4, &err), OK);
    assert_int_equal(quota_admit(&some, 5, &err), ERR_TOO_BIG);
    assert_int_equal(quota_admit(&some, INT64_MAX, &err), ERR_TOO_BIG);
    assert_int_equal(quota_admit(&over, 0, &err), ERR_TOO_BIG);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(the_settings_hold_unless_an_account_has_its_own),
        WITH_INSPECTOR(what_would_go_over_it_is_refused_at_the_end),
        WITH_INSPECTOR(it_is_refused_as_soon_as_that_is_known),
        WITH_INSPECTOR(bytes_that_are_there_take_no_room),
        WITH_INSPECTOR(usage_tells_files_by_type_and_the_trash),
        cmocka_unit_test(room_is_what_is_left),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
