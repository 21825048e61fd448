/* What a transaction touched: indexes are brought up to it once, as one generation that says by
 * whom and what. */
#include "channel_fixture.h"
#include "core_fixture.h"

#include "core/touched.h"
#include "store/generation.h"
#include "store/label.h"

static const struct channel_file x1 = {"x", "1.0", "0", "noarch", true, CHANNEL_NOW};
static const struct channel_file x2 = {"x", "2.0", "0", "linux-64", true, CHANNEL_NOW};
static const struct channel_file y1 = {"y", "1.0", "0", "noarch", false, CHANNEL_NOW};

static struct touched *open_touched(struct channels *f)
{
    struct touched *t = touched_open(f->mem, f->ch.account_id, f->ch.owner, S("carol"));

    assert_non_null(t);
    return t;
}

static struct file_row file_of(struct channels *f, const struct channel_file *file)
{
    return (struct file_row){.package = str_of(file->name),
                             .subdir = str_of(file->subdir),
                             .filename = channel_filename(f->mem, file)};
}

static void add(struct channels *f, struct touched *t, const char *label,
                const struct channel_file *file)
{
    const struct file_row row = file_of(f, file);

    must(f, touched_add(t, str_of(label), &row, &f->err));
}

static void update(struct channels *f, struct touched *t)
{
    must(f, touched_update(t, &f->core->app, f->tx, &f->err));
}

static int64_t newest(struct channels *f)
{
    int64_t number;

    must(f, generation_newest(f->tx, f->ch.account_id, &number, &f->err));
    return number;
}

static int by_text(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* "carol: main/noarch/x:x-1.0-0.conda": who made a generation, and what it changed, sorted. */
static struct str told(struct channels *f, int64_t number)
{
    struct generation_row row = {0};
    struct generation_change_list list = {0};
    struct str *lines, text;

    must(f, generation_find(f->tx, f->mem, f->ch.account_id, number, &row, &f->err));
    must(f, generation_changes(f->tx, f->mem, f->ch.account_id, number, 999, &list, &f->err));
    lines = arena_array(f->mem, struct str, list.count + 1);
    assert_non_null(lines);
    for (size_t i = 0; i < list.count; i++) {
        const struct generation_change *it = &list.rows[i];

        lines[i] = str_fmt(f->mem, STR_FMT "/" STR_FMT "/" STR_FMT ":" STR_FMT, STR_ARG(it->label),
                           STR_ARG(it->subdir), STR_ARG(it->package), STR_ARG(it->filename));
    }
    if (list.count)
        qsort(lines, list.count, sizeof *lines, by_text);
    text = str_fmt(f->mem, STR_FMT ":", STR_ARG(row.actor));
    for (size_t i = 0; i < list.count; i++)
        text = str_fmt(f->mem, STR_FMT " " STR_FMT, STR_ARG(text), STR_ARG(lines[i]));
    return text;
}

static void label_file(struct channels *f, int64_t file, const char *label)
{
    int64_t id;

    must(f, label_ensure(f->tx, f->ch.account_id, str_of(label), &id, &f->err));
    must(f, label_attach(f->tx, file, id, ACCESS_PUBLIC, &f->err));
}

/* ---- */

static void all_that_is_touched_is_one_generation(void **state)
{
    struct channels *f = *state;
    struct touched *t = open_touched(f);

    label_file(f, channel_add(f, &x1), "dev");
    (void)channel_add(f, &x2);
    (void)channel_add(f, &y1);
    add(f, t, "main", &x1);
    add(f, t, "dev", &x1);
    add(f, t, "main", &x2);
    add(f, t, "main", &y1);
    update(f, t);
    assert_int_equal(newest(f), 1);
    assert_str(told(f, 1), "carol: dev/noarch/x:x-1.0-0.conda main/linux-64/x:x-2.0-0.conda "
                           "main/noarch/x:x-1.0-0.conda main/noarch/y:y-1.0-0.tar.bz2");
    channel_assert_right(f);
    f->ch.label = S("dev");
    channel_assert_right(f);
}

static void a_file_is_touched_in_every_channel_that_has_it(void **state)
{
    struct channels *f = *state;
    struct touched *t = open_touched(f);
    struct file_row row = file_of(f, &x1);

    row.id = channel_add(f, &x1);
    row.package_id = channel_package(f, "x");
    label_file(f, row.id, "dev");
    label_file(f, row.id, "rel/1");
    row.package = S("X"); /* as somebody wrote it */
    must(f, touched_file(t, f->tx, &row, &f->err));
    update(f, t);
    assert_str(told(f, 1), "carol: dev/noarch/x:x-1.0-0.conda main/noarch/x:x-1.0-0.conda "
                           "rel/1/noarch/x:x-1.0-0.conda");
    f->ch.label = S("rel/1");
    channel_assert_right(f);
}

static void what_changes_no_index_is_no_generation(void **state)
{
    struct channels *f = *state;
    struct touched *t = open_touched(f);
    struct file_row wheel = {.id = 1, .package = S("w"), .subdir = S(""), .filename = S("w.whl")};

    update(f, t); /* nothing is touched */
    must(f, touched_add(t, S("main"), &wheel, &f->err));
    must(f, touched_file(t, f->tx, &wheel, &f->err));
    must(f, touched_subdir(t, S("main"), S(""), &f->err));
    update(f, t); /* nothing that an index has */
    assert_int_equal(newest(f), 0);
    channel_publish(f, &x1);
    assert_int_equal(newest(f), 1);
    t = open_touched(f);
    add(f, t, "main", &x1); /* it is there already */
    must(f, touched_subdir(t, S("main"), S("linux-64"), &f->err));
    update(f, t);
    assert_int_equal(newest(f), 1);
    assert_str(told(f, 1), ":"); /* the fixture did not say by whom */
    assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM generation_change"), 0);
}

static void a_file_that_is_touched_twice_is_told_once(void **state)
{
    struct channels *f = *state;
    struct touched *t = open_touched(f);

    (void)channel_add(f, &y1);
    (void)channel_add(f, &x1);
    add(f, t, "main", &y1);
    for (int i = 0; i < 150; i++)
        add(f, t, "main", &x1);
    add(f, t, "main", &y1);
    update(f, t);
    assert_str(told(f, 1), "carol: main/noarch/x:x-1.0-0.conda main/noarch/y:y-1.0-0.tar.bz2");
    channel_assert_right(f);
}

static void of_many_files_it_is_said_that_all_may_have_changed(void **state)
{
    struct channels *f = *state;
    struct touched *t = open_touched(f);

    for (int i = 0; i < 201; i++) {
        const struct channel_file file = {
            "x", str_fmt(f->mem, "%d", i).ptr, "0", "noarch", true, CHANNEL_NOW};

        (void)channel_add(f, &file);
        if (i == 199) { /* so many are told */
            for (int k = 0; k < 200; k++) {
                struct channel_file known = file;

                known.version = str_fmt(f->mem, "%d", k).ptr;
                add(f, t, "main", &known);
            }
            update(f, t);
            assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM generation_change"), 200);
        }
        add(f, t, "main", &file);
    }
    (void)channel_add(f, &x2);
    must(f, touched_subdir(t, S("main"), S("linux-64"), &f->err)); /* all of it */
    update(f, t);
    assert_int_equal(newest(f), 2);
    assert_str(told(f, 2), "carol: main/linux-64/: main/noarch/:");
    channel_assert_right(f);
}

static void a_label_that_goes_is_a_generation(void **state)
{
    struct channels *f = *state;
    struct channel dev = f->ch;
    const struct file_set all = {OF_ACCOUNT, f->ch.account_id};
    struct touched *t = open_touched(f);
    int64_t id, changes;

    label_file(f, channel_add(f, &x1), "dev");
    add(f, t, "main", &x1);
    add(f, t, "dev", &x1);
    update(f, t);
    must(f, label_ensure(f->tx, f->ch.account_id, S("dev"), &id, &f->err));
    must(f, label_detach_set(f->tx, &all, id, &changes, &f->err));
    dev.label = S("dev");
    must(f, touched_drop(f->tx, &dev, S("dave"), &f->err));
    assert_int_equal(newest(f), 2);
    assert_str(told(f, 2), "dave: dev//:");
    channel_assert_right(f); /* main */
    f->ch.label = S("dev");
    channel_assert_right(f);
}

static int64_t hidden_number(struct channels *f)
{
    return channel_number(f, "SELECT number FROM generation_hidden WHERE package = 'x'");
}

static void a_package_is_hidden_up_to_the_next_generation(void **state)
{
    struct channels *f = *state;
    struct touched *t;

    must(f, touched_hide(f->tx, f->ch.account_id, S("x"), &f->err));
    assert_int_equal(hidden_number(f), 1); /* there is none before it */
    channel_publish(f, &x1);
    channel_publish(f, &y1);
    channel_set_access(f, "x", ACCESS_PRIVATE);
    must(f, touched_hide(f->tx, f->ch.account_id, S("x"), &f->err));
    assert_int_equal(hidden_number(f), 3);
    t = open_touched(f);
    add(f, t, "main", &x1);
    update(f, t);
    assert_int_equal(newest(f), 3);
    must(f, touched_hide(f->tx, f->ch.account_id, S("x"), &f->err)); /* or afterwards */
    assert_int_equal(hidden_number(f), 4);
    channel_assert_right(f);
}

/* Whoever had the name before may have been seen by more. */
static void a_name_that_is_had_again_is_hidden_unless_all_see_it(void **state)
{
    static const struct {
        enum access_level access;
        int64_t hidden;
    } cases[] = {{ACCESS_PUBLIC, 0}, {ACCESS_AUTHENTICATED, 1}, {ACCESS_PRIVATE, 1}};
    struct channels *f = *state;

    channel_publish(f, &x1);
    for (size_t i = 0; i < COUNT(cases); i++) {
        channel_run(f, "DELETE FROM generation_hidden");
        must(f, touched_forget_former(f->tx, f->ch.account_id, S("x"), cases[i].access, &f->err));
        assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM generation_hidden "
                                           "WHERE package = 'x' AND number = 2"),
                         cases[i].hidden);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CHANNEL(all_that_is_touched_is_one_generation),
        WITH_CHANNEL(a_file_is_touched_in_every_channel_that_has_it),
        WITH_CHANNEL(what_changes_no_index_is_no_generation),
        WITH_CHANNEL(a_file_that_is_touched_twice_is_told_once),
        WITH_CHANNEL(of_many_files_it_is_said_that_all_may_have_changed),
        WITH_CHANNEL(a_label_that_goes_is_a_generation),
        WITH_CHANNEL(a_package_is_hidden_up_to_the_next_generation),
        WITH_CHANNEL(a_name_that_is_had_again_is_hidden_unless_all_see_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
