/* Channels that change file by file are those that all their rows give. After each of many random
 * changes every document, in every view and form, is compared with what the plain way makes of the
 * rows. */
#include "channel_fixture.h"
#include "core_fixture.h"

#include "base/mem.h"
#include "index/conda_lists.h"
#include "index/list_write.h"
#include "store/db_engine.h"
#include "store/label.h"
#include "store/package.h"

/* ---- random changes ---- */

enum { NAMES = 7, CHANGES = 1100 };

static const char *const labels[] = {"main", "dev"};
static const char *const subdirs[] = {"noarch", "linux-64", "osx-64"};

struct run {
    struct channels *f;
    struct arena *mem; /* of the step */
    char names[NAMES][16];
    /* What changed in this step, for each label and subdir. */
    struct index_change changes[COUNT(labels)][COUNT(subdirs)][CHANGES];
    size_t count[COUNT(labels)][COUNT(subdirs)];
    bool dropped; /* "dev", which has no documents until it comes again */
};

static size_t subdir_number(struct str subdir)
{
    size_t i = 0;

    while (!str_eq(subdir, str_of(subdirs[i])))
        assert_true(++i < COUNT(subdirs));
    return i;
}

static void note_at(struct run *r, size_t label, struct str subdir, struct str package,
                    struct str filename)
{
    size_t s = subdir_number(subdir), *count = &r->count[label][s];

    assert_true(*count < CHANGES);
    r->changes[label][s][(*count)++] = (struct index_change){package, filename};
}

/* A file as the rows have it. */
struct row {
    int64_t id;
    struct str package, subdir, filename;
};

/* The rows that a query gives: id, package, subdir, filename. */
static size_t rows_of(struct run *r, const struct stmt *s, int64_t arg, struct row *ret, size_t max)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    size_t count = 0;

    must(r->f, db_query(r->f->tx, s, DB_ARGS(db_int(arg)), &rows, &r->f->err));
    while (rows_next(rows)) {
        assert_true(count < max);
        ret[count++] =
            (struct row){rows_int(rows, 0), str_dup(r->mem, rows_text(rows, 1)),
                         str_dup(r->mem, rows_text(rows, 2)), str_dup(r->mem, rows_text(rows, 3))};
    }
    must(r->f, rows_error(rows, &r->f->err));
    return count;
}

#define ROWS(where)                                                                                \
    "SELECT f.id, p.name, f.subdir, f.filename FROM file f JOIN package p ON p.id = "              \
    "f.package_id " where
static const struct stmt all_rows = {"rows", ROWS("WHERE f.id > $1 ORDER BY f.id"), "i", "ittt"};
static const struct stmt of_package = {"rows", ROWS("WHERE p.id = $1 ORDER BY f.id"), "i", "ittt"};
static const struct stmt newest = {
    "rows", ROWS("WHERE f.id > $1 ORDER BY f.uploaded_ms DESC, f.id DESC LIMIT 1"), "i", "ittt"};
#define ROWS_MAX 400

/* Notes a file in the channels that carry it. */
static void note(struct run *r, const struct row *row)
{
    for (size_t l = 0; l < COUNT(labels); l++) {
        static const struct stmt carries = {
            "carries",
            "SELECT 1 FROM file_label fl JOIN label l ON l.id = fl.label_id "
            "WHERE fl.file_id = $1 AND l.name = $2",
            "it", "i"};
        AUTO(rows_endp) struct rows *rows = NULL;
        enum err_code code =
            db_one(r->f->tx, &carries, DB_ARGS(db_int(row->id), db_text(str_of(labels[l]))), &rows,
                   &r->f->err);

        if (code == OK)
            note_at(r, l, row->subdir, row->package, row->filename);
    }
}

static void run_sql(struct run *r, const char *sql, int64_t number)
{
    struct str text = str_fmt(r->mem, "%s %lld", sql, (long long)number);

    must(r->f, tx_script(r->f->tx, text.ptr, &r->f->err));
}

static void remove_row(struct run *r, const struct row *row)
{
    note(r, row);
    must(r->f, file_delete(r->f->tx, row->id, &r->f->err));
}

/* Some file, or none if there is none. */
static bool pick(struct run *r, struct row *ret)
{
    static struct row rows[ROWS_MAX];
    size_t count = rows_of(r, &all_rows, 0, rows, COUNT(rows));

    if (count)
        *ret = rows[chance_below(&r->f->chance, count)];
    return count > 0;
}

static struct row row_of(struct run *r, int64_t id, const struct channel_file *file)
{
    return (struct row){id, str_of(file->name), str_of(file->subdir),
                        channel_filename(r->mem, file)};
}

/* Does a key begin a chunk, in each list that it may be in? Chosen at random hardly any does. */
static bool begins_chunks(struct str key)
{
    for (unsigned list = 0; list < CONDA_LISTS; list++)
        if (!list_cuts_before(&conda_list_kinds[list], key))
            return false;
    return true;
}

/* A file that is not there yet, in one channel or in both; or in its place another of that name. */
static void add_file(struct run *r)
{
    struct channels *f = r->f;
    struct chance *c = &f->chance;
    char version[8], build[16];
    struct channel_file file = {r->names[chance_below(c, NAMES)],
                                version,
                                build,
                                subdirs[chance_below(c, COUNT(subdirs))],
                                chance_one_in(c, 2),
                                CHANNEL_NOW + (int64_t)chance_below(c, 40) * 1000};
    struct file_name name = {f->ch.account_id, S("conda"), {0}};
    struct file_row there;
    struct row row;
    int64_t label;
    bool cuts;

    (void)snprintf(version, sizeof version, "%zu.0", chance_below(c, 3));
    (void)snprintf(build, sizeof build, "%zu", chance_below(c, 3));
    cuts = chance_one_in(c, 4);
    for (unsigned i = 0; cuts && !begins_chunks(channel_filename(r->mem, &file)); i++)
        (void)snprintf(build, sizeof build, "b%u", i);
    name.key = str_fmt(r->mem, "%s/%s", file.subdir, channel_filename(r->mem, &file).ptr);
    if (file_find(f->tx, r->mem, &name, &there, &f->err) == OK) {
        row = row_of(r, there.id, &file);
        remove_row(r, &row);
    }
    f->ch.label = str_of(labels[chance_below(c, COUNT(labels))]);
    row = row_of(r, channel_add(f, &file), &file);
    if (chance_one_in(c, 3)) {
        must(f, label_ensure(f->tx, f->ch.account_id, S("dev"), &label, &f->err));
        must(f, label_attach(f->tx, row.id, label, ACCESS_PUBLIC, &f->err));
    }
    note(r, &row);
}

/* The same build in the other format, if it is not there. */
static void add_twin(struct run *r)
{
    struct channels *f = r->f;
    struct row row;
    struct str stem, rest = {0}, version = {0}, build = {0}, name = {0};
    struct channel_file file = {0};
    struct file_row there;
    struct file_name key = {f->ch.account_id, S("conda"), {0}};

    if (!pick(r, &row))
        return;
    file.v2 = !str_ends(row.filename, S(".conda"));
    stem = str_sub(row.filename, 0,
                   row.filename.len - (file.v2 ? S(".tar.bz2").len : S(".conda").len));
    assert_true(str_cut_last(stem, '-', &rest, &build) && str_cut_last(rest, '-', &name, &version));
    file.name = str_z(r->mem, name);
    file.version = str_z(r->mem, version);
    file.build = str_z(r->mem, build);
    file.subdir = str_z(r->mem, row.subdir);
    file.uploaded_ms = CHANNEL_NOW + (int64_t)chance_below(&f->chance, 40) * 1000;
    key.key = str_fmt(r->mem, "%s/%s", file.subdir, channel_filename(r->mem, &file).ptr);
    if (file_find(f->tx, r->mem, &key, &there, &f->err) == OK)
        return;
    f->ch.label = S("main");
    row = row_of(r, channel_add(f, &file), &file);
    note(r, &row);
}

static void remove_some_file(struct run *r)
{
    struct row row;

    if (pick(r, &row))
        remove_row(r, &row);
}

static void remove_newest(struct run *r)
{
    struct row row;

    if (rows_of(r, &newest, 0, &row, 1))
        remove_row(r, &row);
}

/* What a row says of itself changes. */
static void change_file(struct run *r)
{
    struct row row;

    if (!pick(r, &row))
        return;
    run_sql(r,
            "UPDATE file SET size = size + 1, uploaded_ms = uploaded_ms + 500 WHERE id =", row.id);
    note(r, &row);
}

/* It comes to a channel, or leaves it. */
static void change_label(struct run *r)
{
    struct channels *f = r->f;
    size_t l = chance_below(&f->chance, COUNT(labels));
    struct row row;
    int64_t label, changed = 0;

    if (!pick(r, &row))
        return;
    must(f, label_ensure(f->tx, f->ch.account_id, str_of(labels[l]), &label, &f->err));
    must(f, label_detach_set(f->tx, &(struct file_set){OF_FILE, row.id}, label, &changed, &f->err));
    if (!changed)
        must(f, label_attach(f->tx, row.id, label, ACCESS_PUBLIC, &f->err));
    note_at(r, l, row.subdir, row.package, row.filename);
}

static bool pick_package(struct run *r, int64_t *ret_id)
{
    struct channels *f = r->f;
    struct package_row package;
    const char *name = r->names[chance_below(&f->chance, NAMES)];

    if (package_find(f->tx, r->mem, f->ch.owner, str_of(name), &package, &f->err))
        return false;
    *ret_id = package.id;
    return true;
}

static void note_package(struct run *r, int64_t id)
{
    static struct row rows[ROWS_MAX];
    size_t count = rows_of(r, &of_package, id, rows, COUNT(rows));

    for (size_t i = 0; i < count; i++)
        note(r, &rows[i]);
}

static void change_access(struct run *r)
{
    struct channels *f = r->f;
    int64_t id;

    if (!pick_package(r, &id))
        return;
    note_package(r, id);
    must(f, package_set_access(
                f->tx, id, (enum access_level)chance_below(&f->chance, ACCESS_LEVELS), &f->err));
}

static void remove_package(struct run *r)
{
    int64_t id;

    if (!pick_package(r, &id))
        return;
    note_package(r, id);
    must(r->f, package_delete(r->f->tx, id, &r->f->err));
}

/* The label goes, and with it its documents. */
static void drop_label(struct run *r)
{
    struct channels *f = r->f;

    f->ch.label = S("dev");
    must(f, index_drop(f->tx, &f->ch, f->now_ms, &f->err));
    must(f, tx_script(f->tx, "DELETE FROM label WHERE name = 'dev'", &f->err));
    memset(r->count[1], 0, sizeof r->count[1]);
    r->dropped = true;
}

static const struct {
    unsigned often;
    void (*fn)(struct run *r);
} operations[] = {
    {40, add_file},      {8, add_twin},       {16, remove_some_file},
    {4, remove_newest},  {10, change_file},   {12, change_label},
    {10, change_access}, {3, remove_package}, {1, drop_label},
};

static void operate(struct run *r)
{
    size_t all = 0, at;

    for (size_t i = 0; i < COUNT(operations); i++)
        all += operations[i].often;
    at = chance_below(&r->f->chance, all);
    for (size_t i = 0; i < COUNT(operations); i++) {
        if (at < operations[i].often) {
            operations[i].fn(r);
            return;
        }
        at -= operations[i].often;
    }
}

/* Also in ways that nothing needs: files that did not change, twice the same, more changes than are
 * looked at one by one. */
static void overstate(struct run *r)
{
    struct chance *c = &r->f->chance;
    struct row row;

    if (chance_one_in(c, 6) && pick(r, &row))
        note(r, &row);
    for (size_t l = 0; l < COUNT(labels); l++)
        for (size_t s = 0; s < COUNT(subdirs); s++) {
            struct index_change *changes = r->changes[l][s];
            size_t count = r->count[l][s], wanted = chance_one_in(c, 8) ? 2 * count : count;

            if (chance_one_in(c, 60))
                wanted = 1001;
            for (size_t n = count; count && n < wanted && n < CHANGES; n++)
                changes[r->count[l][s]++] = changes[n % count];
        }
}

static void update_all(struct run *r)
{
    struct channels *f = r->f;

    for (size_t l = 0; l < COUNT(labels); l++) {
        f->ch.label = str_of(labels[l]);
        for (size_t s = 0; s < COUNT(subdirs); s++)
            if (r->count[l][s]) {
                channel_update(f, subdirs[s], r->changes[l][s], r->count[l][s]);
                r->dropped = r->dropped && l != 1;
            }
        if (chance_one_in(&f->chance, 60) && (l != 1 || !r->dropped))
            must(f, index_rebuild(f->tx, f->core->app.blobs, &f->ch, f->now_ms, &f->err));
    }
}

static void run_steps(struct channels *f, uint64_t seed, size_t steps)
{
    struct run *r = calloc(1, sizeof *r);

    assert_non_null(r);
    r->f = f;
    chance_begin(&f->chance, seed);
    for (size_t i = 0; i < NAMES; i++)
        for (unsigned n = 0; !n || (i % 2 && !begins_chunks(str_of(r->names[i]))); n++)
            (void)snprintf(r->names[i], sizeof r->names[i], "p%zu-%u", i, n);
    for (f->chance.step = 0; f->chance.step < steps; f->chance.step++) {
        AUTO(arena_closep) struct arena *mem = arena_open(64 * MIB);
        struct arena *keep = f->mem;

        assert_non_null(mem);
        r->mem = f->mem = mem;
        memset(r->count, 0, sizeof r->count);
        for (size_t n = chance_one_in(&f->chance, 5) ? 1 + chance_below(&f->chance, 12) : 1; n; n--)
            operate(r);
        overstate(r);
        f->now_ms += 1000;
        update_all(r);
        for (size_t l = 0; l < COUNT(labels); l++) {
            f->ch.label = str_of(labels[l]);
            if (l != 1 || !r->dropped)
                channel_assert_right(f);
        }
        f->mem = keep;
    }
    free(r);
    f->chance.over = true;
}

static void random_changes_add_up_to_what_the_rows_give(void **state)
{
    struct channels *f = *state;

    run_steps(f, 1, core_is_sqlite(f->core) ? 300 : 80); /* a server answers later than a library */
}

/* ---- what a change costs ---- */

enum { FILES = 5000 };

static struct channel_file nth_file(struct channels *f, int n)
{
    return (struct channel_file){str_fmt(f->mem, "name%d", n % 1000).ptr,
                                 "1.0",
                                 str_fmt(f->mem, "%d", n / 1000).ptr,
                                 "linux-64",
                                 true,
                                 CHANNEL_NOW + n};
}

/* A channel with some thousand files of a thousand packages. */
static void fill(struct channels *f)
{
    for (int n = 0; n < FILES; n++) {
        const struct channel_file file = nth_file(f, n);

        (void)channel_add(f, &file);
    }
    channel_run(f, "ANALYZE"); /* as a database does by itself, which does not grow in a moment */
    channel_update(f, "linux-64", NULL, 0);
    channel_run(f, "DELETE FROM index_past_chunk");
}

static int64_t chunks(struct channels *f)
{
    return channel_number(f, "SELECT COUNT(*) FROM index_chunk");
}

/* Chunks that went since the last question; and those that came, by their numbers. */
struct replaced {
    int64_t removed, added;
};
static struct replaced replaced(struct channels *f, int64_t last)
{
    struct replaced r = {.removed = channel_number(f, "SELECT COUNT(*) FROM index_past_chunk")};
    const char *sql =
        str_fmt(f->mem, "SELECT COUNT(*) FROM index_chunk WHERE id > %lld", (long long)last).ptr;

    r.added = channel_number(f, sql);
    channel_run(f, "DELETE FROM index_past_chunk");
    return r;
}

static int64_t newest_chunk(struct channels *f)
{
    return channel_number(f, "SELECT MAX(id) FROM index_chunk");
}

/* Is the chunk that a key belongs to one that begins and ends where keys say so, with room for
 * more? Where a chunk is cut for its size, what follows is cut anew, up to where a key says so. */
static bool has_room(struct channels *f, const char *subdir, enum conda_list list, struct str key)
{
    const struct list_kind *kind = &conda_list_kinds[list];
    const struct index_place place = {f->ch.account_id, f->ch.label, ACCESS_PUBLIC, str_of(subdir)};
    struct index_list_row row;
    struct index_chunk_row chunk, next;
    enum err_code code;

    must(f, index_list_find(f->tx, f->mem, &place, kind->name, &row, &f->err));
    if (index_chunk_at(f->tx, f->mem, row.id, key, &chunk, &f->err) ||
        chunk.text_size > (int64_t)LIST_CHUNK_MAX - 4096)
        return false;
    if (!list_cuts_before(kind, chunk.first_key) &&
        index_chunk_before(f->tx, f->mem, row.id, chunk.first_key, &next, &f->err) == OK)
        return false; /* nor is it the first */
    code = index_chunk_after(f->tx, f->mem, row.id, key, &next, &f->err);
    return code == ERR_NOT_FOUND || list_cuts_before(kind, next.first_key);
}

static bool is_ordinary(struct channels *f, const struct channel_file *file)
{
    struct str filename = channel_filename(f->mem, file), package = str_of(file->name);

    /* The one list whose keys cut most often cuts wherever another does. */
    return !list_cuts_before(&conda_list_kinds[CONDA_PACKAGES_CONDA], filename) &&
           has_room(f, file->subdir, CONDA_PACKAGES_CONDA, filename) &&
           has_room(f, file->subdir, CONDA_EXPORTS_CONDA, filename) &&
           has_room(f, file->subdir, CONDA_PAGE, filename) &&
           has_room(f, file->subdir, CONDA_SHARDS, package) &&
           has_room(f, "", CONDA_CHANNELDATA, package) &&
           has_room(f, "", CONDA_CHANNEL_PAGE, package);
}

static void a_change_rewrites_one_chunk_of_each_list(void **state)
{
    struct channels *f = *state;
    struct replaced r;
    int64_t before;
    int tried = 0;

    fill(f);
    assert_true(chunks(f) > 50);
    for (int n = 0; n < 1000 && tried < 25; n++) {
        struct channel_file file = nth_file(f, n);

        file.version = "2.0";
        if (!is_ordinary(f, &file))
            continue;
        tried++;
        f->now_ms++;
        before = newest_chunk(f);
        channel_publish(f, &file);
        r = replaced(f, before);
        assert_int_equal(r.removed, 6); /* of four lists of the subdir, and two of the channel */
        assert_int_equal(r.added, 6);
        before = newest_chunk(f);
        channel_unpublish(f, &file);
        r = replaced(f, before);
        assert_int_equal(r.removed, 6);
        assert_int_equal(r.added, 6);
    }
    assert_int_equal(tried, 25);
    assert_int_equal(channel_differences(f).len, 0);
    channel_assert_right(f);
}

/* Packages that come and go anywhere, many at a time. */
static void many_changes_of_a_large_channel_add_up(void **state)
{
    struct channels *f = *state;
    struct index_change changes[50];
    int64_t before;

    fill(f);
    before = chunks(f);
    chance_begin(&f->chance, 5);
    for (int round = 0; round < 8; round++) {
        for (size_t i = 0; i < COUNT(changes); i++) {
            struct channel_file file = nth_file(f, (int)chance_below(&f->chance, FILES));

            if (chance_one_in(&f->chance, 2)) {
                file.version = str_fmt(f->mem, "3.%d.%zu", round, i).ptr;
                file.v2 = chance_one_in(&f->chance, 2);
                (void)channel_add(f, &file);
            } else {
                channel_run(f, str_fmt(f->mem, "DELETE FROM file WHERE filename = '%s'",
                                       channel_filename(f->mem, &file).ptr)
                                   .ptr);
            }
            changes[i] = (struct index_change){str_of(file.name), channel_filename(f->mem, &file)};
        }
        channel_update(f, "linux-64", changes, COUNT(changes));
        assert_int_equal(channel_differences(f).len, 0);
    }
    assert_true(before > 20);
    channel_assert_right(f);
    f->chance.over = true;
}

/* ---- views ---- */

static const struct channel_file pub = {"pub", "1", "0", "noarch", true, CHANNEL_NOW},
                                 auth = {"auth", "1", "0", "noarch", true, CHANNEL_NOW + 1},
                                 priv = {"priv", "1", "0", "noarch", false, CHANNEL_NOW + 2},
                                 priv2 = {"priv", "1", "0", "noarch", true, CHANNEL_NOW + 9},
                                 elsewhere = {"priv", "1", "0", "osx-64", true, CHANNEL_NOW + 3};

/* A package of another access, with its first file. */
static void publish_as(struct channels *f, const struct channel_file *file,
                       enum access_level access)
{
    const struct index_change change = {str_of(file->name), channel_filename(f->mem, file)};

    (void)channel_add(f, file);
    channel_set_access(f, file->name, access);
    channel_update(f, file->subdir, &change, 1);
}

/* Rows of what everybody sees: their digests, times, and numbers. An ETag is made of them. */
static void what_is_hidden_does_not_touch_what_everybody_sees(void **state)
{
    struct channels *f = *state;
    const struct index_change change = {S("auth"), channel_filename(f->mem, &auth)};
    struct str before, signed_in;

    channel_publish(f, &pub);
    before = channel_snapshot(f, ACCESS_PUBLIC);
    f->now_ms++;
    publish_as(f, &auth, ACCESS_AUTHENTICATED);
    assert_true(str_eq(channel_snapshot(f, ACCESS_PUBLIC), before));
    signed_in = channel_snapshot(f, ACCESS_AUTHENTICATED);
    assert_true(signed_in.len > 0);
    f->now_ms++;
    publish_as(f, &priv, ACCESS_PRIVATE);
    channel_publish(f, &priv2);
    channel_publish(f, &elsewhere);
    f->now_ms++;
    channel_unpublish(f, &priv);
    assert_true(str_eq(channel_snapshot(f, ACCESS_PUBLIC), before));
    assert_true(str_eq(channel_snapshot(f, ACCESS_AUTHENTICATED), signed_in));
    channel_assert_right(f);
    f->now_ms++;
    channel_set_access(f, "auth", ACCESS_PRIVATE);
    channel_update(f, "noarch", &change, 1);
    assert_true(str_eq(channel_snapshot(f, ACCESS_PUBLIC), before));
    assert_false(str_eq(channel_snapshot(f, ACCESS_AUTHENTICATED), signed_in));
    channel_assert_right(f);
    channel_set_access(f, "auth", ACCESS_PUBLIC);
    channel_update(f, "noarch", &change, 1);
    assert_false(str_eq(channel_snapshot(f, ACCESS_PUBLIC), before)); /* and now it does */
    channel_assert_right(f);
}

/* A view is kept from its first package on: it begins with what the narrower one has. */
static void views_are_kept_that_ever_had_a_package(void **state)
{
    struct channels *f = *state;

    channel_publish(f, &pub);
    assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM index_list"), 8);
    publish_as(f, &auth, ACCESS_AUTHENTICATED);
    assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM index_list"), 16);
    publish_as(f, &elsewhere, ACCESS_PRIVATE);
    assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM index_list WHERE access = 'private' "
                                       "AND subdir = 'noarch'"),
                     0);
    assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM index_list"), 24);
    channel_assert_right(f);
    channel_unpublish(f, &auth);
    channel_unpublish(f, &elsewhere);
    assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM index_list"), 24);
    /* What is the same again as everybody's is not kept twice. */
    assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM index_doc WHERE retired_ms IS NULL "
                                       "AND access = 'authenticated'"),
                     0);
    channel_assert_right(f);
}

/* A shard is where those look who may see the package, and nowhere else. */
static void a_shard_is_in_the_narrowest_view_of_its_package(void **state)
{
    static const char *const levels[] = {"public", "authenticated", "private"};
    struct channels *f = *state;
    const struct index_change change = {S("pub"), channel_filename(f->mem, &pub)};

    channel_publish(f, &pub);
    publish_as(f, &priv, ACCESS_PRIVATE);
    for (size_t i = 0; i < 20; i++) {
        size_t level = (i * 7 + 1) % COUNT(levels);
        const char *sql = "SELECT COUNT(*) FROM index_doc WHERE package = 'pub' AND "
                          "retired_ms IS NULL";

        channel_set_access(f, "pub", (enum access_level)level);
        channel_update(f, "noarch", &change, 1);
        assert_int_equal(channel_number(f, sql), 1);
        assert_int_equal(
            channel_number(f, str_fmt(f->mem, "%s AND access = '%s'", sql, levels[level]).ptr), 1);
        channel_assert_right(f);
    }
    channel_run(f, "DELETE FROM package WHERE name = 'pub'");
    channel_update(f, "noarch", &change, 1);
    assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM index_doc WHERE package = 'pub' AND "
                                       "retired_ms IS NULL"),
                     0);
    channel_assert_right(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CHANNEL(random_changes_add_up_to_what_the_rows_give),
        WITH_CHANNEL(a_change_rewrites_one_chunk_of_each_list),
        WITH_CHANNEL(many_changes_of_a_large_channel_add_up),
        WITH_CHANNEL(what_is_hidden_does_not_touch_what_everybody_sees),
        WITH_CHANNEL(views_are_kept_that_ever_had_a_package),
        WITH_CHANNEL(a_shard_is_in_the_narrowest_view_of_its_package),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
