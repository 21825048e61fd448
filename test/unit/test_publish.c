/* The way of a file into the repository: announced, received, committed. */
#include "core_fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "blob/blob.h"
#include "core/account.h"
#include "core/inspect.h"
#include "format/json.h"

static const struct core_spec tiny = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};
/* Other bytes of the same package. */
static const struct core_spec other = {"x", "1.0", "0", "noarch", NULL, NULL, "filler"};

static enum err_code stage(struct core *f, const struct actor *actor, const struct file_path *path,
                           const struct stage_request *req, struct staged *ret)
{
    return publish_stage(&f->app, f->mem, actor, path, req, ret, &f->err);
}

static enum err_code commit(struct core *f, const struct actor *actor, const struct file_path *path,
                            const struct staged *staged, struct file_row *ret)
{
    return publish_commit(&f->app, f->mem, actor, path, staged->dist_id, ret, &f->err);
}

static int64_t uploads(struct core *f)
{
    return CORE_NUMBER(f, "SELECT COUNT(*) FROM upload");
}

static int64_t files(struct core *f)
{
    return CORE_NUMBER(f, "SELECT COUNT(*) FROM file");
}

/* ---- stage ----------------------------------------------------------------------------------- */

static void a_stage_makes_a_ticket_that_is_stored_as_its_hash(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &tiny);
    struct staged one, two;

    core_release(f, &alice, &path);
    one = core_stage(f, &alice, &path);
    two = core_stage(f, &alice, &path); /* until one is committed the name is free */
    assert_int_equal(one.ticket.len, 40);
    assert_int_equal(one.dist_id.len, 24);
    assert_false(str_eq(one.ticket, two.ticket));
    assert_false(str_eq(one.dist_id, two.dist_id));
    assert_true(str_eq(core_sha256(f, one.ticket),
                       CORE_HEX(f, "SELECT ticket_hash FROM upload ORDER BY id")));
    assert_str(CORE_TEXT(f, "SELECT labels || attrs || sha256 || declared_sha256 FROM upload"),
               "[\"main\"]{}, [\"main\"]{}");
    assert_int_equal(CORE_NUMBER(f, "SELECT expires_ms - created_ms FROM upload"),
                     24 * 3600 * 1000);
}

static void what_is_declared_is_kept_for_the_commit(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &tiny);
    const struct str labels[] = {S("Dev"), S("rc/2"), S("dev")};
    AUTO(json_decrefp) json_t *attrs = json_pack("{s:i, s:s}", "build_number", 0, "arch", "x");
    struct stage_request req = {.type = S("conda"),
                                .description = S("words"),
                                .labels = labels,
                                .label_count = 3,
                                .sha256 = core_sha256(f, S("bytes")),
                                .attrs = attrs};
    struct staged staged;

    core_release(f, &alice, &path);
    must(f, stage(f, &alice, &path, &req, &staged));
    assert_str(CORE_TEXT(f, "SELECT labels || attrs || description FROM upload"),
               "[\"dev\",\"rc/2\",\"dev\"]{\"arch\":\"x\",\"build_number\":0}words");
    assert_true(str_eq(CORE_TEXT(f, "SELECT declared_sha256 FROM upload"), req.sha256));
}

static void a_stage_against_the_rules_is_refused(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    static const struct {
        const char *package, *version, *basename, *refusal;
        enum err_code code;
    } cases[] = {
        {"x", "1.0", "x-1.0-0.tar.bz2", "does not begin with its subdir", ERR_INVALID},
        {"x", "1.0", "", "does not begin with its subdir", ERR_INVALID},
        {"x", "1.0", "noarch/", "", ERR_INVALID},
        {"x", "1.0", "/x-1.0-0.tar.bz2", "", ERR_INVALID},
        {"x", "1.0", "a/noarch/x-1.0-0.tar.bz2", "", ERR_INVALID},
        {"x", "1.0", "../x-1.0-0.tar.bz2", "", ERR_INVALID},
        {"x", "1.0", "NOARCH/x-1.0-0.tar.bz2", "", ERR_INVALID},
        {"x", "1.0", "noarch/x-1.0-0.zip", "", ERR_INVALID},
        {"x", "1.0", "noarch/x-1.0.conda", "", ERR_INVALID},
        {"x", "1.0", "noarch/y-1.0-0.conda", "does not belong to package \"x\"", ERR_INVALID},
        {"x", "1.0", "noarch/x-1.1-0.conda", "does not belong to package \"x\"", ERR_INVALID},
        {"x", "1.0", "noarch/x-y-1.0-0.conda", "does not belong to package \"x\"", ERR_INVALID},
        {"y", "1.0", "noarch/y-1.0-0.conda", "there is no package \"alice/y\"", ERR_NOT_FOUND},
        {"x", "2.0", "noarch/x-2.0-0.conda", "there is no release \"alice/x/2.0\"", ERR_NOT_FOUND},
    };
    struct file_path made = core_path(f, "alice", &tiny), nobodys = made;
    struct stage_request req = {.type = S("conda")};
    struct staged staged;

    core_release(f, &alice, &made);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct file_path path = {S("alice"), str_of(cases[i].package), str_of(cases[i].version),
                                 str_of(cases[i].basename)};

        must_fail(f, stage(f, &alice, &path, &req, &staged), cases[i].code, cases[i].refusal);
    }
    nobodys.owner = S("bob");
    must_fail(f, stage(f, &alice, &nobodys, &req, &staged), ERR_NOT_FOUND,
              "there is no package \"bob/x\"");
    assert_int_equal(uploads(f), 0);
}

static void a_stage_of_bad_type_digest_or_labels_is_refused(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &tiny);
    static const char *const types[] = {"", "exe", "Conda", "conda "};
    static const char *const digests[] = {"0", "z", "ABCDEF"};
    static const char *const labels[] = {"",  "a b",    "a//b",       "..",
                                         "t", "noarch", "x/linux-64", "\xff"};
    struct str many[21];
    struct stage_request req;
    struct staged staged;

    core_release(f, &alice, &path);
    for (size_t i = 0; i < COUNT(types); i++) {
        req = (struct stage_request){.type = str_of(types[i])};
        must_fail(f, stage(f, &alice, &path, &req, &staged), ERR_INVALID, "are not accepted");
    }
    for (size_t i = 0; i < COUNT(digests); i++) {
        req = (struct stage_request){.type = S("conda"), .sha256 = str_of(digests[i])};
        must_fail(f, stage(f, &alice, &path, &req, &staged), ERR_INVALID, "hexadecimal digits");
    }
    for (size_t i = 0; i < COUNT(labels); i++) {
        struct str pair[] = {S("dev"), str_of(labels[i])};

        req = (struct stage_request){.type = S("conda"), .labels = pair, .label_count = 2};
        must_fail(f, stage(f, &alice, &path, &req, &staged), ERR_INVALID, "label");
    }
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = S("dev");
    req = (struct stage_request){.type = S("conda"), .labels = many, .label_count = 21};
    must_fail(f, stage(f, &alice, &path, &req, &staged), ERR_INVALID, "21 labels are too many");
    req.label_count = 20;
    must(f, stage(f, &alice, &path, &req, &staged));
    assert_int_equal(uploads(f), 1);
}

static void a_taken_name_is_refused_unless_the_bytes_are_declared_the_same(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &tiny);
    struct stage_request req = {.type = S("conda")};
    struct file_row file = core_publish(f, &alice, &tiny);
    struct staged staged;

    must_fail(f, stage(f, &alice, &path, &req, &staged), ERR_CONFLICT,
              "the file \"alice/x/1.0/noarch/x-1.0-0.tar.bz2\" exists already, with other content");
    req.sha256 = core_sha256(f, S("other bytes"));
    must_fail(f, stage(f, &alice, &path, &req, &staged), ERR_CONFLICT, "exists already");
    req.sha256 = file.sha256;
    must(f, stage(f, &alice, &path, &req, &staged));
    assert_int_equal(uploads(f), 1);
}

static void an_expired_ticket_is_none_any_more(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &tiny);
    struct staged staged = core_upload(f, &alice, &path, S("never committed"));
    struct file_row file;

    CORE_CHANGE(f, "UPDATE upload SET expires_ms = 1");
    must_fail(f, core_send(f, staged.ticket, S("x")), ERR_NOT_FOUND, "unknown or has expired");
    must_fail(f, commit(f, &alice, &path, &staged, &file), ERR_NOT_FOUND, "no staged upload");
}

/* ---- receive --------------------------------------------------------------------------------- */

/* Sends bytes with a form's own idea of size and digest. */
static enum err_code send_as(struct core *f, struct str ticket, const char *bytes, int64_t size,
                             const char *md5_base64)
{
    struct receiver *r;

    must(f, publish_receive(&f->app, f->mem, ticket, &r, &f->err));
    enum err_code code = receiver_write(r, str_of(bytes), &f->err);
    if (!code)
        code = receiver_finish(r, size, str_of(md5_base64), &f->err);
    receiver_close(r);
    return code;
}

static void bytes_that_differ_from_what_was_said_are_not_kept(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &tiny);
    struct str digest = core_sha256(f, S("hello"));
    struct stage_request req = {.type = S("conda"), .sha256 = digest};
    struct staged staged;

    core_release(f, &alice, &path);
    must(f, stage(f, &alice, &path, &req, &staged));
    must_fail(f, send_as(f, staged.ticket, "hello", 4, ""), ERR_INVALID,
              "Content-Length says 4 bytes, 5 arrived");
    must_fail(f, send_as(f, staged.ticket, "hello", 6, ""), ERR_INVALID,
              "Content-Length says 6 bytes, 5 arrived");
    must_fail(f, send_as(f, staged.ticket, "hello", 5, "XUFAKrxLKna5cZ2REBfFkx=="), ERR_INVALID,
              "Content-MD5");
    must_fail(f, send_as(f, staged.ticket, "hello", 5, "aGVsbG8="), ERR_INVALID,
              "is not the base64 of 16 bytes");
    must_fail(f, send_as(f, staged.ticket, "hello", 5, "!"), ERR_INVALID, "Content-MD5");
    must_fail(f, send_as(f, staged.ticket, "hello", 5, "AAAAAAAAAAAAAAAAAAAAAA=="), ERR_INVALID,
              "Content-MD5 says 00000000000000000000000000000000, the bytes have "
              "5d41402abc4b2a76b9719d911017c592");
    must_fail(f, send_as(f, staged.ticket, "hullo", 5, ""), ERR_INVALID, "sha256 was announced as");
    assert_false(core_has_blob(f, digest));
    assert_false(core_has_blob(f, core_sha256(f, S("hullo"))));
    /* The ticket is not used up by failures. */
    must(f, send_as(f, staged.ticket, "hello", 5, "XUFAKrxLKna5cZ2REBfFkg=="));
    assert_true(core_has_blob(f, digest));
    assert_str(CORE_TEXT(f, "SELECT md5 || ' ' || size FROM upload"),
               "5d41402abc4b2a76b9719d911017c592 5");
}

static void a_file_over_the_limit_is_refused_and_cannot_be_finished(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &tiny);
    struct receiver *r;
    struct staged staged;

    f->config.upload_max = 8;
    core_release(f, &alice, &path);
    staged = core_stage(f, &alice, &path);
    must(f, publish_receive(&f->app, f->mem, staged.ticket, &r, &f->err));
    must(f, receiver_write(r, S("12345678"), &f->err));
    must_fail(f, receiver_write(r, S("9"), &f->err), ERR_TOO_BIG, "(8 bytes)");
    must_fail(f, receiver_finish(r, -1, S(""), &f->err), ERR_TOO_BIG, "(8 bytes)");
    receiver_close(r);
    must(f, core_send(f, staged.ticket, S("12345678")));
}

static void a_ticket_takes_bytes_once(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &tiny);
    struct staged staged = core_upload(f, &alice, &path, S("first"));

    must_fail(f, core_send(f, staged.ticket, S("second")), ERR_CONFLICT, "received already");
    assert_int_equal(CORE_NUMBER(f, "SELECT size FROM upload"), 5);
    assert_false(core_has_blob(f, core_sha256(f, S("second"))));
}

static void of_two_who_send_at_once_the_later_is_refused(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &tiny);
    struct receiver *one, *two;
    struct staged staged;

    core_release(f, &alice, &path);
    staged = core_stage(f, &alice, &path);
    must(f, publish_receive(&f->app, f->mem, staged.ticket, &one, &f->err));
    must(f, publish_receive(&f->app, f->mem, staged.ticket, &two, &f->err));
    must(f, receiver_write(one, S("one"), &f->err));
    must(f, receiver_write(two, S("two"), &f->err));
    must(f, receiver_finish(two, -1, S(""), &f->err));
    must_fail(f, receiver_finish(one, -1, S(""), &f->err), ERR_CONFLICT, "has ended meanwhile");
    receiver_close(one);
    receiver_close(two);
    assert_false(core_has_blob(f, core_sha256(f, S("one"))));
    assert_true(core_has_blob(f, core_sha256(f, S("two"))));
}

static void a_guessed_ticket_is_unknown(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &tiny);
    struct staged staged;

    core_release(f, &alice, &path);
    staged = core_stage(f, &alice, &path);
    must_fail(f, core_send(f, S("guess"), S("x")), ERR_NOT_FOUND, "unknown or has expired");
    must_fail(f, core_send(f, staged.dist_id, S("x")), ERR_NOT_FOUND, "unknown or has expired");
    must_fail(f, core_send(f, S(""), S("x")), ERR_NOT_FOUND, "unknown or has expired");
}

/* ---- commit ---------------------------------------------------------------------------------- */

static void a_committed_file_is_in_rows_index_and_record(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec spec = tiny;
    struct str bytes;
    struct file_row file;
    uint64_t before;

    spec.about = "{\"summary\":\"A test.\"}";
    bytes = core_package(f, &spec);
    before = db_generation(f->app.db);
    file = core_publish(f, &alice, &spec);
    assert_true(db_generation(f->app.db) > before);
    assert_str(file.owner, "alice");
    assert_str(file.package, "x");
    assert_str(file.version, "1.0");
    assert_str(file.basename, "noarch/x-1.0-0.tar.bz2");
    assert_int_equal(file.size, bytes.len);
    assert_int_equal(file.uploader_id, alice.account_id);
    assert_true(str_eq(file.sha256, core_sha256(f, bytes)));
    assert_true(core_listed(f, "alice", "main", "noarch", "x-1.0-0.tar.bz2"));
    assert_str(CORE_TEXT(f, "SELECT summary || '|' || attrs || '|' || latest_version FROM package"),
               "A test.|{\"summary\":\"A test.\"}|1.0");
    assert_str(CORE_TEXT(f, "SELECT actor || '|' || action || '|' || object FROM audit "
                            "ORDER BY id DESC LIMIT 1"),
               "alice|file.create|alice/x/1.0/noarch/x-1.0-0.tar.bz2");
    assert_int_equal(uploads(f), 0);
    core_check_bytes(f);
}

static void nothing_is_visible_before_the_commit(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &tiny);

    (void)core_upload(f, &alice, &path, core_package(f, &tiny));
    assert_int_equal(files(f), 0);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM index_doc"), 0);
    assert_str(CORE_TEXT(f, "SELECT latest_version FROM package"), "");
}

static void labels_make_channels(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &tiny);
    const struct str labels[] = {S("Dev"), S("rc/2"), S("dev")};
    struct stage_request req = {.type = S("conda"), .labels = labels, .label_count = 3};
    struct staged staged;
    struct file_row file;

    core_release(f, &alice, &path);
    must(f, stage(f, &alice, &path, &req, &staged));
    must(f, core_send(f, staged.ticket, core_package(f, &tiny)));
    must(f, commit(f, &alice, &path, &staged, &file));
    assert_true(core_listed(f, "alice", "dev", "noarch", "x-1.0-0.tar.bz2"));
    assert_true(core_listed(f, "alice", "rc/2", "noarch", "x-1.0-0.tar.bz2"));
    assert_false(core_listed(f, "alice", "main", "noarch", "x-1.0-0.tar.bz2"));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM file_label"), 2);
}

static void a_refused_package_leaves_nothing(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &tiny);
    struct core_spec mismatched = tiny;
    struct str hostile[3];

    mismatched.index = "{\"name\":\"y\",\"version\":\"1.0\",\"build\":\"0\",\"build_number\":0}";
    hostile[0] = S("not an archive");
    hostile[1] = core_package(f, &mismatched);
    hostile[2] = str_sub(core_package(f, &tiny), 0, 200);
    for (size_t i = 0; i < COUNT(hostile); i++) {
        struct staged staged = core_upload(f, &alice, &path, hostile[i]);
        struct file_row file;

        must_fail(f, commit(f, &alice, &path, &staged, &file), ERR_INVALID, "");
        assert_int_equal(uploads(f), 0);
        assert_int_equal(files(f), 0);
        assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM index_doc"), 0);
        assert_false(core_has_blob(f, core_sha256(f, hostile[i])));
        must_fail(f, commit(f, &alice, &path, &staged, &file), ERR_NOT_FOUND, "no staged upload");
    }
    (void)core_publish(f, &alice, &tiny);
}

static void a_commit_needs_its_own_upload(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct core_spec second = tiny;
    struct file_path path = core_path(f, "alice", &tiny), bobs = core_path(f, "bob", &tiny), next;
    struct staged staged, of_bob, unsent = {.dist_id = S("guess")};
    struct file_row file;

    second.build = "1";
    next = core_path(f, "alice", &second);
    staged = core_upload(f, &alice, &path, core_package(f, &tiny));
    of_bob = core_upload(f, &bob, &bobs, core_package(f, &tiny));
    must_fail(f, commit(f, &alice, &path, &unsent, &file), ERR_NOT_FOUND, "\"guess\"");
    /* Another's upload, or one's own under another name, is as good as none. */
    must_fail(f, commit(f, &alice, &path, &of_bob, &file), ERR_NOT_FOUND, "no staged upload");
    must_fail(f, commit(f, &alice, &next, &staged, &file), ERR_NOT_FOUND, "no staged upload");
    unsent = core_stage(f, &alice, &next);
    must_fail(f, commit(f, &alice, &next, &unsent, &file), ERR_INVALID, "not been received yet");
    assert_int_equal(files(f), 0);
    assert_int_equal(uploads(f), 3);
    must(f, commit(f, &alice, &path, &staged, &file));
    must(f, commit(f, &bob, &bobs, &of_bob, &file));
}

static void the_same_bytes_again_succeed_and_add_their_labels(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &tiny);
    struct file_row file = core_publish(f, &alice, &tiny), again;
    const struct str labels[] = {S("dev")};
    struct stage_request req = {
        .type = S("conda"), .labels = labels, .label_count = 1, .sha256 = file.sha256};
    struct staged staged;

    must(f, stage(f, &alice, &path, &req, &staged));
    must(f, core_send(f, staged.ticket, core_package(f, &tiny)));
    must(f, commit(f, &alice, &path, &staged, &again));
    assert_int_equal(again.id, file.id);
    assert_int_equal(again.uploaded_ms, file.uploaded_ms);
    assert_int_equal(files(f), 1);
    assert_true(core_listed(f, "alice", "main", "noarch", "x-1.0-0.tar.bz2"));
    assert_true(core_listed(f, "alice", "dev", "noarch", "x-1.0-0.tar.bz2"));
    core_check_bytes(f);
}

static void other_bytes_under_a_name_taken_meanwhile_conflict(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &tiny);
    struct staged late = core_upload(f, &alice, &path, core_package(f, &other));
    struct file_row first = core_publish(f, &alice, &tiny), file;

    must_fail(f, commit(f, &alice, &path, &late, &file), ERR_CONFLICT, "with other content");
    assert_true(core_has_blob(f, first.sha256));
    assert_false(core_has_blob(f, core_sha256(f, core_package(f, &other))));
    assert_int_equal(uploads(f), 0);
    assert_true(str_eq(CORE_TEXT(f, "SELECT sha256 FROM file"), first.sha256));
}

static void a_removed_name_is_free_again_or_stays_reserved(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &tiny);
    struct stage_request req = {.type = S("conda")};
    struct file_row file = core_publish(f, &alice, &tiny);
    struct staged staged;

    /* Forced, as clients do it: remove, then upload. */
    must(f, file_remove(&f->app, f->mem, &alice, &path, &file, &f->err));
    assert_false(core_listed(f, "alice", "main", "noarch", "x-1.0-0.tar.bz2"));
    file = core_publish(f, &alice, &other);
    assert_true(str_eq(file.sha256, core_sha256(f, core_package(f, &other))));
    assert_true(core_listed(f, "alice", "main", "noarch", "x-1.0-0.tar.bz2"));

    must(f, file_remove(&f->app, f->mem, &alice, &path, &file, &f->err));
    f->config.reuse_removed_names = false;
    must_fail(f, stage(f, &alice, &path, &req, &staged), ERR_CONFLICT, "stays reserved");
    req.sha256 = file.sha256; /* not even the same bytes */
    must_fail(f, stage(f, &alice, &path, &req, &staged), ERR_CONFLICT, "stays reserved");
    assert_int_equal(files(f), 0);
}

/* A name that was removed between stage and commit is as reserved as before. */
static void a_name_retired_after_the_stage_is_refused_at_the_commit(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &tiny);
    struct staged late;
    struct file_row file;

    f->config.reuse_removed_names = false;
    late = core_upload(f, &alice, &path, core_package(f, &other));
    file = core_publish(f, &alice, &tiny);
    must(f, file_remove(&f->app, f->mem, &alice, &path, &file, &f->err));
    must_fail(f, commit(f, &alice, &path, &late, &file), ERR_CONFLICT, "stays reserved");
    assert_int_equal(uploads(f), 0);
    assert_false(core_has_blob(f, core_sha256(f, core_package(f, &other))));
}

/* ---- races ----------------------------------------------------------------------------------- */

struct committer {
    struct core *f;
    struct arena *mem;
    const struct actor *actor;
    const struct file_path *path;
    struct str dist_id;
    pthread_barrier_t *start;
    struct err err;
    enum err_code code;
};

static void *commit_in_thread(void *arg)
{
    struct committer *c = arg;
    struct file_row file;

    (void)pthread_barrier_wait(c->start);
    c->code = publish_commit(&c->f->app, c->mem, c->actor, c->path, c->dist_id, &file, &c->err);
    return NULL;
}

static void commit_both(struct core *f, const struct actor *actor, struct committer both[2])
{
    pthread_barrier_t start;
    pthread_t threads[2];

    assert_int_equal(pthread_barrier_init(&start, NULL, 2), 0);
    for (size_t i = 0; i < 2; i++) {
        both[i].f = f;
        both[i].actor = actor;
        both[i].mem = arena_open(LIMIT_REQUEST_MEMORY);
        both[i].start = &start;
        assert_non_null(both[i].mem);
        assert_int_equal(pthread_create(&threads[i], NULL, commit_in_thread, &both[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        arena_close(both[i].mem);
    }
    assert_int_equal(pthread_barrier_destroy(&start), 0);
}

static void of_two_different_packages_under_one_name_one_wins(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &tiny);
    struct committer both[2] = {
        {.path = &path, .dist_id = core_upload(f, &alice, &path, core_package(f, &tiny)).dist_id},
        {.path = &path, .dist_id = core_upload(f, &alice, &path, core_package(f, &other)).dist_id},
    };

    commit_both(f, &alice, both);
    assert_true((both[0].code == OK) != (both[1].code == OK));
    assert_int_equal(both[both[0].code == OK].code, ERR_CONFLICT);
    assert_int_equal(files(f), 1);
    assert_int_equal(uploads(f), 0);
    core_check_bytes(f);
}

static void two_packages_at_once_are_both_in_the_index(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec second = {"y", "2.0", "1", "noarch", NULL, NULL, NULL};
    struct file_path paths[2] = {core_path(f, "alice", &tiny), core_path(f, "alice", &second)};
    struct committer both[2] = {
        {.path = &paths[0],
         .dist_id = core_upload(f, &alice, &paths[0], core_package(f, &tiny)).dist_id},
        {.path = &paths[1],
         .dist_id = core_upload(f, &alice, &paths[1], core_package(f, &second)).dist_id},
    };

    commit_both(f, &alice, both);
    assert_int_equal(both[0].code, OK);
    assert_int_equal(both[1].code, OK);
    assert_true(core_listed(f, "alice", "main", "noarch", "x-1.0-0.tar.bz2"));
    assert_true(core_listed(f, "alice", "main", "noarch", "y-2.0-1.tar.bz2"));
    core_check_bytes(f);
}

static void one_upload_committed_twice_at_once_is_committed_once(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &tiny);
    struct staged staged = core_upload(f, &alice, &path, core_package(f, &tiny));
    struct committer both[2] = {{.path = &path, .dist_id = staged.dist_id},
                                {.path = &path, .dist_id = staged.dist_id}};

    commit_both(f, &alice, both);
    assert_true((both[0].code == OK) != (both[1].code == OK));
    assert_int_equal(both[both[0].code == OK].code, ERR_NOT_FOUND);
    assert_int_equal(files(f), 1);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM audit WHERE action = 'file.create'"), 1);
    core_check_bytes(f);
}

/* ---- when things fail ------------------------------------------------------------------------ */

/* Each allocation fails once. The upload stays good for another try, and nothing is half done. */
static void a_commit_survives_every_failed_allocation(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &tiny);
    struct staged staged = core_upload(f, &alice, &path, core_package(f, &tiny));
    struct str before = core_rows(f);
    enum err_code code = ERR_NOMEM;
    long n = 0;

    while (code) {
        struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
        struct file_row file;
        struct err err = {0};

        assert_non_null(mem);
        mem_fail_at(++n);
        code = publish_commit(&f->app, mem, &alice, &path, staged.dist_id, &file, &err);
        mem_fail_at(0);
        arena_close(mem);
        if (code && code != ERR_NOMEM)
            print_error("allocation %ld: %s\n", n, err.msg);
        assert_true(code == OK || code == ERR_NOMEM);
        assert_int_equal(str_eq(core_rows(f), before), code != OK);
        core_check_bytes(f);
        assert_true(n < 2000);
    }
    assert_true(n > 20); /* something did fail */
    assert_true(core_listed(f, "alice", "main", "noarch", "x-1.0-0.tar.bz2"));
}

static void a_stage_and_a_receipt_survive_every_failed_allocation(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &tiny);
    const struct str labels[] = {S("Dev")};
    struct stage_request req = {.type = S("conda"), .labels = labels, .label_count = 1};
    struct str before;
    enum err_code code = ERR_NOMEM;

    core_release(f, &alice, &path);
    before = core_rows(f);
    for (long n = 1; code; n++) {
        struct arena *mem;
        struct receiver *r = NULL;
        struct staged staged;
        struct err err = {0};

        mem_fail_at(n);
        mem = arena_open(LIMIT_REQUEST_MEMORY);
        code = mem ? publish_stage(&f->app, mem, &alice, &path, &req, &staged, &err) : ERR_NOMEM;
        if (!code)
            code = publish_receive(&f->app, mem, staged.ticket, &r, &err);
        if (!code)
            code = receiver_write(r, S("bytes"), &err);
        if (!code)
            code = receiver_finish(r, 5, S("SzpiGLs+OnMD6KFxpg/Pkg=="), &err);
        mem_fail_at(0);
        if (r)
            receiver_close(r);
        arena_close(mem);
        if (code && code != ERR_NOMEM)
            print_error("allocation %ld: %s\n", n, err.msg);
        assert_true(code == OK || code == ERR_NOMEM);
        assert_true(n < 1000);
        assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM upload WHERE sha256 <> ''"), !code);
        CORE_CHANGE(f, "DELETE FROM upload WHERE sha256 = ''");
    }
    assert_false(str_eq(core_rows(f), before));
    core_check_bytes(f);
}

/* The first failure of the steps of an upload, while the point of this fault is watched. */
static enum err_code publish_with_fault(struct core *f, const struct actor *actor,
                                        const struct core_spec *spec, const char *fault)
{
    struct file_path path = core_path(f, "alice", spec);
    struct stage_request req = {.type = S("conda")};
    struct str bytes = core_package(f, spec);
    struct staged staged;
    struct file_row file;
    enum err_code code;

    core_release(f, actor, &path);
    assert_int_equal(setenv("TERRARIUM_FAULT", fault, 1), 0);
    code = stage(f, actor, &path, &req, &staged);
    if (!code)
        code = core_send(f, staged.ticket, bytes);
    if (!code)
        code = commit(f, actor, &path, &staged, &file);
    assert_int_equal(unsetenv("TERRARIUM_FAULT"), 0);
    return code;
}

/* Lets the n-th pass of a point fail, with growing n, until a publish has fewer passes. (Blobs are
 * put side by side: there are more passes while one fails.) */
static void sweep_point(struct core *f, const struct actor *actor, const char *point)
{
    enum err_code code = ERR_IO;

    for (unsigned n = 1; code; n++) {
        const char *what = n % 2 ? "EIO" : "ENOSPC";
        struct core_spec spec = tiny;
        struct str fault = str_fmt(f->mem, "%s:%llu:%s", point, fault_passes() + n, what);
        int64_t before = files(f);

        spec.build = str_fmt(f->mem, "%lld", (long long)before).ptr;
        code = publish_with_fault(f, actor, &spec, fault.ptr);
        assert_int_equal(files(f), before + (code == OK));
        core_check_bytes(f);
        assert_true(n < 40);
        if (code) { /* the next try goes through */
            assert_true(code == ERR_IO || code == ERR_NO_SPACE);
            (void)core_publish(f, actor, &spec);
        } else {
            assert_true(n > 1);
        }
        assert_true(core_listed(f, "alice", "main", "noarch",
                                str_fmt(f->mem, "x-1.0-%s.tar.bz2", spec.build).ptr));
    }
}

static void a_publish_survives_every_failing_disk(void **state)
{
    static const char *const points[] = {"blob.write", "blob.fsync", "blob.rename",
                                         "blob.fsync_folder", "db.commit"};
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

#ifndef TERRARIUM_FAULTS
    print_message("skipped: built without fault points\n");
    skip();
#endif
    for (size_t p = 0; p < COUNT(points); p++)
        sweep_point(f, &alice, points[p]);
    core_check_bytes(f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(a_stage_makes_a_ticket_that_is_stored_as_its_hash),
        WITH_CORE(what_is_declared_is_kept_for_the_commit),
        WITH_CORE(a_stage_against_the_rules_is_refused),
        WITH_CORE(a_stage_of_bad_type_digest_or_labels_is_refused),
        WITH_INSPECTOR(a_taken_name_is_refused_unless_the_bytes_are_declared_the_same),
        WITH_CORE(an_expired_ticket_is_none_any_more),
        WITH_CORE(bytes_that_differ_from_what_was_said_are_not_kept),
        WITH_CORE(a_file_over_the_limit_is_refused_and_cannot_be_finished),
        WITH_CORE(a_ticket_takes_bytes_once),
        WITH_CORE(of_two_who_send_at_once_the_later_is_refused),
        WITH_CORE(a_guessed_ticket_is_unknown),
        WITH_INSPECTOR(a_committed_file_is_in_rows_index_and_record),
        WITH_CORE(nothing_is_visible_before_the_commit),
        WITH_INSPECTOR(labels_make_channels),
        WITH_INSPECTOR(a_refused_package_leaves_nothing),
        WITH_INSPECTOR(a_commit_needs_its_own_upload),
        WITH_INSPECTOR(the_same_bytes_again_succeed_and_add_their_labels),
        WITH_INSPECTOR(other_bytes_under_a_name_taken_meanwhile_conflict),
        WITH_INSPECTOR(a_removed_name_is_free_again_or_stays_reserved),
        WITH_INSPECTOR(a_name_retired_after_the_stage_is_refused_at_the_commit),
        WITH_INSPECTOR(of_two_different_packages_under_one_name_one_wins),
        WITH_INSPECTOR(two_packages_at_once_are_both_in_the_index),
        WITH_INSPECTOR(one_upload_committed_twice_at_once_is_committed_once),
        WITH_INSPECTOR(a_commit_survives_every_failed_allocation),
        WITH_CORE(a_stage_and_a_receipt_survive_every_failed_allocation),
        WITH_INSPECTOR(a_publish_survives_every_failing_disk),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
