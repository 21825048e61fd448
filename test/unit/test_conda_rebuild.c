/* A place that is made anew is the one that changes made, and what is right already stays. */
#include "channel_fixture.h"
#include "core_fixture.h"

#include "blob/blob.h"

static const struct channel_file files[] = {
    {"pub", "1", "0", "noarch", true, CHANNEL_NOW},
    {"auth", "1", "0", "noarch", true, CHANNEL_NOW + 1},
    {"priv", "1", "0", "noarch", false, CHANNEL_NOW + 2},
    {"pub", "2", "0", "noarch", false, CHANNEL_NOW + 3},
    {"other", "1", "0", "noarch", true, CHANNEL_NOW + 4},
    {"other", "2", "0", "linux-64", true, CHANNEL_NOW + 5},
};
static const char *const places[] = {"noarch", "linux-64", ""};

/* A channel that came to be file by file, with packages of each access. */
static int setup(void **state)
{
    struct channels *f;

    if (channels_open(state))
        return -1;
    f = *state;
    for (size_t i = 0; i < COUNT(files); i++) {
        struct index_change change = {str_of(files[i].name), channel_filename(f->mem, &files[i])};

        (void)channel_add(f, &files[i]);
        if (str_eq(change.package, S("auth")))
            channel_set_access(f, "auth", ACCESS_AUTHENTICATED);
        if (str_eq(change.package, S("priv")))
            channel_set_access(f, "priv", ACCESS_PRIVATE);
        f->now_ms++;
        channel_update(f, files[i].subdir, &change, 1);
    }
    channel_commit(f);
    f->now_ms += 1000;
    return 0;
}

static void rebuild_all(struct channels *f)
{
    for (size_t i = 0; i < COUNT(places); i++)
        channel_rebuild(f, places[i]);
}

/* All that is current, but for numbers and times. */
static struct str current(struct channels *f)
{
    return channel_text(f,
                        "SELECT access || ' ' || subdir || '/' || name || ' ' || sha256 || ' ' || "
                        "CAST(size AS TEXT) FROM index_doc WHERE retired_ms IS NULL UNION ALL "
                        "SELECT access || ' ' || subdir || '/' || name || ' ' || mark || ' ' || "
                        "CAST(items AS TEXT) FROM index_list ORDER BY 1");
}

/* The chunks of all lists but one in public noarch, with their numbers. */
static struct str chunks_but(struct channels *f, const char *list)
{
    return channel_text(
        f, str_fmt(f->mem,
                   "SELECT CAST(c.id AS TEXT) || ' ' || c.sha256 FROM index_chunk c "
                   "JOIN index_list l ON l.id = c.list_id WHERE NOT (l.access = 'public'"
                   " AND l.subdir = 'noarch' AND l.name = '%s') ORDER BY c.id",
                   list)
               .ptr);
}

static void what_is_right_stays_to_the_last_row(void **state)
{
    struct channels *f = *state;
    struct str before = core_rows(f->core);

    rebuild_all(f);
    channel_commit(f);
    assert_true(str_eq(core_rows(f->core), before));
}

static void what_is_made_from_nothing_is_what_changes_made(void **state)
{
    struct channels *f = *state;
    struct str before = current(f);

    channel_run(f, "DELETE FROM index_doc; DELETE FROM index_chunk; DELETE FROM index_list");
    rebuild_all(f);
    assert_true(str_eq(current(f), before));
    channel_assert_right(f);
}

static void what_is_damaged_is_mended(void **state)
{
    static const char *const damages[] = {
        "DELETE FROM index_chunk",
        "DELETE FROM index_chunk WHERE list_id IN (SELECT id FROM index_list WHERE name = 'page')",
        "UPDATE index_chunk SET first_key = 'q' || first_key, size = 1, items = 9, text_size = 7",
        "UPDATE index_chunk SET sha256 = (SELECT MIN(sha256) FROM file)",
        "UPDATE index_list SET items = 9, chunks = 0, text_size = 7, newest_ms = 1",
        "UPDATE index_list SET mark = (SELECT MIN(sha256) FROM file)",
        "DELETE FROM index_chunk; DELETE FROM index_list WHERE access = 'private'",
        "DELETE FROM index_doc WHERE name LIKE '%.json'",
        "UPDATE index_doc SET sha256 = (SELECT MIN(sha256) FROM file), size = 1",
        "DELETE FROM index_doc WHERE name LIKE 'shards/%'",
        "UPDATE index_doc SET retired_ms = 1 WHERE access <> 'public'",
    };
    struct channels *f = *state;
    struct str before = current(f);

    for (size_t i = 0; i < COUNT(damages); i++) {
        channel_run(f, damages[i]);
        assert_false(str_eq(current(f), before) && !channel_differences(f).len);
        rebuild_all(f);
        if (!str_eq(current(f), before))
            print_error("%s\n", damages[i]);
        assert_true(str_eq(current(f), before));
        channel_assert_right(f);
        tx_endp(&f->tx);
        f->tx = core_begin(f->core, TX_WRITE);
    }
}

/* One list is mended, and no chunk of another is written again. */
static void what_is_not_damaged_is_not_touched(void **state)
{
    struct channels *f = *state;
    struct str before = chunks_but(f, "packages");

    channel_run(f, "UPDATE index_chunk SET size = 1 WHERE list_id = (SELECT id FROM index_list "
                   "WHERE access = 'public' AND subdir = 'noarch' AND name = 'packages')");
    rebuild_all(f);
    assert_true(str_eq(chunks_but(f, "packages"), before));
    assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM index_past_chunk WHERE size = 1"), 1);
    channel_assert_right(f);
}

/* The rows say that they are there. */
static void bytes_that_are_gone_are_put_again(void **state)
{
    struct channels *f = *state;
    struct str digests = channel_text(f, "SELECT sha256 FROM index_chunk UNION SELECT sha256 FROM "
                                         "index_doc WHERE package <> '' AND retired_ms IS NULL");
    struct str rest = digests, sha256;
    struct str before;
    size_t count = 0;

    channel_commit(f);
    before = core_rows(f->core);
    while (str_next(&rest, '\n', &sha256) && sha256.len) {
        must(f, blob_remove(f->core->app.blobs, sha256, &f->err));
        assert_false(core_has_blob(f->core, sha256));
    }
    rebuild_all(f);
    channel_commit(f);
    for (rest = digests; str_next(&rest, '\n', &sha256) && sha256.len; count++)
        assert_true(core_has_blob(f->core, sha256));
    assert_true(count > 20);
    assert_true(str_eq(core_rows(f->core), before));
    channel_assert_right(f);
}

/* They can be read on until they are swept. */
static void shards_that_are_no_longer_made_are_retired(void **state)
{
    struct channels *f = *state;
    const char *sql = "SELECT COUNT(*) FROM index_doc WHERE retired_ms IS NOT NULL AND package = "
                      "'other' AND subdir = 'noarch' AND access = 'public'";
    const char *all = "SELECT COUNT(*) FROM index_doc WHERE retired_ms IS NOT NULL AND package <> "
                      "''";
    int64_t before = channel_number(f, all);

    channel_run(f, "DELETE FROM file WHERE filename = 'other-1-0.conda'");
    channel_rebuild(f, "noarch");
    assert_int_equal(channel_number(f, sql), 1);
    assert_int_equal(channel_number(f, all), before + 1); /* and no other */
    assert_int_equal(channel_number(f, "SELECT MAX(retired_ms) FROM index_doc"), f->now_ms);
    channel_rebuild(f, "");
    channel_assert_right(f);
}

/* A shard is of the narrowest view that shows its package: elsewhere it is retired. */
static void shards_of_another_access_move(void **state)
{
    const char *of_pub =
        "SELECT access FROM index_doc WHERE package = 'pub' AND retired_ms IS NULL";
    struct channels *f = *state;

    channel_set_access(f, "pub", ACCESS_PRIVATE);
    rebuild_all(f);
    assert_str(channel_text(f, of_pub), "private\n");
    channel_assert_right(f);
    channel_set_access(f, "pub", ACCESS_AUTHENTICATED);
    rebuild_all(f);
    assert_str(channel_text(f, of_pub), "authenticated\n");
    channel_assert_right(f);
}

static void a_place_that_became_empty_has_empty_lists(void **state)
{
    struct channels *f = *state;

    channel_run(f, "DELETE FROM file");
    rebuild_all(f);
    assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM index_chunk"), 0);
    /* Each view that has lists keeps them: of noarch and of the channel three, of linux-64 one. */
    assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM index_list"), 3 * 6 + 3 * 2 + 6);
    assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM index_doc WHERE retired_ms IS NULL "
                                       "AND access <> 'public'"),
                     0);
    channel_assert_right(f);
}

/* Where there never was a file nothing is made, in no view. */
static void a_place_without_files_gets_nothing(void **state)
{
    struct channels *f = *state;
    struct str before = core_rows(f->core);

    channel_rebuild(f, "osx-64");
    f->ch.label = S("dev");
    rebuild_all(f);
    channel_commit(f);
    assert_true(str_eq(core_rows(f->core), before));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, channels_close)
    const struct CMUnitTest tests[] = {
        TEST(what_is_right_stays_to_the_last_row),
        TEST(what_is_made_from_nothing_is_what_changes_made),
        TEST(what_is_damaged_is_mended),
        TEST(what_is_not_damaged_is_not_touched),
        TEST(bytes_that_are_gone_are_put_again),
        TEST(shards_that_are_no_longer_made_are_retired),
        TEST(shards_of_another_access_move),
        TEST(a_place_that_became_empty_has_empty_lists),
        TEST(a_place_without_files_gets_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
