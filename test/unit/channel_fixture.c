#include "channel_fixture.h"

#include "base/cache.h"
#include "format/gzip.h"
#include "format/zstd.h"
#include "index/compose.h"
#include "read_document.h"
#include "store/db_engine.h"
#include "store/generation.h"
#include "store/label.h"
#include "store/package.h"

int channels_open(void **state)
{
    struct channels *f = calloc(1, sizeof *f);
    struct actor alice;
    void *core = NULL;

    assert_non_null(f);
    if (core_open(&core))
        return -1;
    f->core = core;
    f->mem = f->core->mem;
    alice = core_user(f->core, "alice");
    f->ch = (struct channel){alice.account_id, S("alice"), S("main"), 0};
    f->now_ms = CHANNEL_NOW;
    f->tx = core_begin(f->core, TX_WRITE);
    *state = f;
    return 0;
}

int channels_close(void **state)
{
    struct channels *f = *state;
    void *core = f->core;

    chance_tell(&f->chance);
    tx_endp(&f->tx);
    free(f);
    return core_close(&core);
}

/* ---- rows ------------------------------------------------------------------------------------ */

struct str channel_filename(struct arena *mem, const struct channel_file *file)
{
    struct str name = str_fmt(mem, "%s-%s-%s.%s", file->name, file->version, file->build,
                              file->v2 ? "conda" : "tar.bz2");

    assert_non_null(name.ptr);
    return name;
}

/* The ids of a package and release, made at first use. */
static enum access_level ensure_release(struct channels *f, const struct channel_file *file,
                                        struct file_row *row)
{
    struct package_row package = {.access = ACCESS_PUBLIC};
    struct release_row release;
    struct str name = str_of(file->name), version = str_of(file->version);

    if (package_find(f->tx, f->mem, f->ch.owner, name, &package, &f->err))
        must(f, package_insert(f->tx, f->ch.account_id, name, package.access, S(""), S("{}"),
                               CHANNEL_NOW, &package.id, &f->err));
    if (release_find(f->tx, f->mem, package.id, version, &release, &f->err))
        must(f, release_insert(f->tx, package.id, version, S("{}"), CHANNEL_NOW, &release.id,
                               &f->err));
    row->package_id = package.id;
    row->release_id = release.id;
    return package.access;
}

int64_t channel_add(struct channels *f, const struct channel_file *file)
{
    struct str filename = channel_filename(f->mem, file);
    struct str basename = str_fmt(f->mem, "%s/%s", file->subdir, filename.ptr);
    char sha256[SHA256_HEX + 1];
    struct file_row row = {
        .account_id = f->ch.account_id,
        .type = S("conda"),
        .name_key = basename,
        .basename = basename,
        .subdir = str_of(file->subdir),
        .filename = filename,
        .sha256 = {sha256, SHA256_HEX},
        .description = S(""),
        .uploaded_ms = file->uploaded_ms,
        .uploader_id = f->ch.account_id,
    };
    enum access_level access = ensure_release(f, file, &row);
    int64_t id, label;
    unsigned n;

    digest_sha256_hex(basename, sha256);
    n = (unsigned)sha256[0] % 16;
    row.md5 = str_sub(row.sha256, 0, 32);
    row.size = 100 + n;
    row.build_timestamp_ms = n % 2 ? file->uploaded_ms - n : 0;
    row.record =
        str_fmt(f->mem,
                "{\"build\":\"%s\",\"build_number\":%u,\"depends\":[\"python >=3.%u\"],"
                "\"license\":\"MIT\",\"name\":\"%s\",\"subdir\":\"%s\",\"version\":\"%s\"}",
                file->build, n, n, file->name, file->subdir, file->version);
    row.run_exports =
        n % 3 ? S("{}") : str_fmt(f->mem, "{\"weak\":[\"%s >=%s\"]}", file->name, file->version);
    row.about = str_fmt(f->mem, "{\"home\":\"https://example.org/%u\",\"summary\":\"<%s> & co\"}",
                        n, file->name);
    row.facts = n % 5 ? S("{}") : S("{\"activate.d\":true,\"binary_prefix\":true}");
    must(f, file_insert(f->tx, &row, &id, &f->err));
    must(f, label_ensure(f->tx, f->ch.account_id, f->ch.label, &label, &f->err));
    must(f, label_attach(f->tx, id, label, access, &f->err));
    return id;
}

int64_t channel_package(struct channels *f, const char *name)
{
    struct package_row row;

    must(f, package_find(f->tx, f->mem, f->ch.owner, str_of(name), &row, &f->err));
    return row.id;
}

void channel_set_access(struct channels *f, const char *name, enum access_level access)
{
    must(f, package_set_access(f->tx, channel_package(f, name), access, &f->err));
}

void channel_run(struct channels *f, const char *sql)
{
    must(f, tx_script(f->tx, sql, &f->err));
}

int64_t channel_number(struct channels *f, const char *sql)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct stmt *s = arena_new(f->mem, struct stmt);

    assert_non_null(s);
    *s = (struct stmt){"number", str_z(f->mem, str_of(sql)), "", "i"};
    must(f, db_one(f->tx, s, DB_NO_ARGS, &rows, &f->err));
    return rows_int(rows, 0);
}

/* The texts of a query, a line each. */
static struct str lines_of(struct channels *f, const struct stmt *s, const struct db_val *args,
                           size_t nargs)
{
    AUTO(buf_done) struct buf b = BUF_INIT(16 * MIB);
    AUTO(rows_endp) struct rows *rows = NULL;

    must(f, db_query(f->tx, s, args, nargs, &rows, &f->err));
    while (rows_next(rows)) {
        buf_add(&b, rows_text(rows, 0));
        buf_addc(&b, '\n');
    }
    must(f, rows_error(rows, &f->err));
    assert_true(buf_ok(&b));
    return str_dup(f->mem, buf_str(&b));
}

struct str channel_text(struct channels *f, const char *sql)
{
    struct stmt *s = arena_new(f->mem, struct stmt);

    assert_non_null(s);
    *s = (struct stmt){"text", str_z(f->mem, str_of(sql)), "", "t"};
    return lines_of(f, s, DB_NO_ARGS);
}

void channel_commit(struct channels *f)
{
    must(f, tx_commit(&f->tx, &f->err));
    f->tx = core_begin(f->core, TX_WRITE);
}

/* ---- the engine ------------------------------------------------------------------------------ */

void channel_update(struct channels *f, const char *subdir, const struct index_change *changes,
                    size_t count)
{
    must(f, index_update(f->tx, f->core->app.blobs, &f->ch, str_of(subdir), count ? changes : NULL,
                         count, f->now_ms, &f->err));
}

static void update_file(struct channels *f, const struct channel_file *file)
{
    const struct index_change change = {str_of(file->name), channel_filename(f->mem, file)};

    channel_update(f, file->subdir, &change, 1);
}

void channel_publish(struct channels *f, const struct channel_file *file)
{
    (void)channel_add(f, file);
    update_file(f, file);
}

void channel_unpublish(struct channels *f, const struct channel_file *file)
{
    const struct file_name name = {
        f->ch.account_id, S("conda"),
        str_fmt(f->mem, "%s/%s", file->subdir, channel_filename(f->mem, file).ptr)};
    struct file_row row;

    must(f, file_find(f->tx, f->mem, &name, &row, &f->err));
    must(f, file_delete(f->tx, row.id, &f->err));
    update_file(f, file);
}

struct conda_engine channel_engine(struct channels *f, const char *subdir)
{
    return (struct conda_engine){
        {.tx = f->tx, .blobs = f->core->app.blobs, .now_ms = f->now_ms}, &f->ch, str_of(subdir)};
}

void channel_rebuild(struct channels *f, const char *subdir)
{
    AUTO(blob_batch_closep) struct blob_batch *batch = NULL;
    struct conda_engine e = channel_engine(f, subdir);

    must(f, blob_batch_open(e.store.blobs, &batch, &f->err));
    e.store.batch = batch;
    e.store.account_id = f->ch.account_id;
    must(f, generation_newest(f->tx, f->ch.account_id, &e.store.generation, &f->err));
    e.store.generation++;
    must(f, conda_engine_rebuild(&e, &f->err));
    must(f, blob_batch_flush(batch, &f->err));
}

/* ---- documents ------------------------------------------------------------------------------- */

static void note(void *ctx, const struct index_place *place, struct str name)
{
    struct buf *b = ctx;

    if (place->access != ACCESS_PUBLIC)
        buf_addf(b, STR_FMT ": ", STR_ARG(access_level_name(place->access)));
    buf_addf(b, STR_FMT "/" STR_FMT "\n", STR_ARG(place->subdir), STR_ARG(name));
}

struct str channel_differences(struct channels *f)
{
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);

    must(f, index_check(f->tx, &f->ch, note, &b, &f->err));
    assert_true(buf_ok(&b));
    return str_dup(f->mem, buf_str(&b));
}

struct str channel_snapshot(struct channels *f, enum access_level access)
{
    static const struct stmt docs = {
        "snapshot",
        "SELECT subdir || '/' || name || ' ' || sha256 || ' ' || CAST(modified_ms AS TEXT) "
        "FROM index_doc WHERE account_id = $1 AND label = $2 AND access = $3 AND retired_ms IS "
        "NULL "
        "UNION ALL SELECT subdir || '/' || name || ' ' || mark || ' ' || CAST(id AS TEXT) "
        "FROM index_list WHERE account_id = $1 AND label = $2 AND access = $3 ORDER BY 1",
        "itt", "t"};

    return lines_of(f, &docs,
                    DB_ARGS(db_int(f->ch.account_id), db_text(f->ch.label),
                            db_text(access_level_name(access))));
}

/* What is compared of one place in one view. */
struct compared {
    struct channels *f;
    struct arena *mem;
    struct str subdir;
    const struct view *view;
};

static void assert_same(const struct compared *c, struct str name, struct str is, struct str should)
{
    if (str_eq(is, should))
        return;
    print_error(STR_FMT "/" STR_FMT " of the view %d\nis     " STR_FMT "\nshould be " STR_FMT "\n",
                STR_ARG(c->subdir), STR_ARG(name), (int)c->view->widest, STR_ARG(is),
                STR_ARG(should));
    assert_true(str_eq(is, should));
}

/* Decompressed, if its name says that it is compressed. */
static struct str text_of(const struct compared *c, struct str name, struct str bytes)
{
    AUTO(buf_done) struct buf plain = BUF_INIT(64 * MIB);

    if (!str_ends(name, S(".zst")))
        return bytes;
    must(c->f, zstd_unpack(bytes, &plain, &c->f->err));
    return str_dup(c->mem, buf_str(&plain));
}

static struct str body_of(const struct compared *c, struct str name, enum access_level access,
                          enum index_form form)
{
    struct channels *f = c->f;
    struct index_body *body = NULL;
    struct str bytes = {0};

    must(f, index_open(f->tx, f->core->app.blobs, &f->ch, c->subdir, name, access, form, &body,
                       &f->err));
    must(f, read_body(body, c->mem, &bytes, &f->err));
    shared_unref(body);
    return bytes;
}

/* Whether a document is in a form, told by who composes it. */
static bool has_form(const struct compared *c, struct str name, enum index_form form)
{
    struct channels *f = c->f;
    const struct index_place place = {f->ch.account_id, f->ch.label, c->view->widest, c->subdir};
    struct composition comp;
    enum err_code code = compose(f->tx, c->mem, &f->ch, &place, name, 0, &comp, &f->err);

    return code == OK && compose_has(&comp, form);
}

static void compare_composed(const struct compared *c, const struct index_doc_row *row,
                             enum access_level access, struct str text)
{
    AUTO(buf_done) struct buf plain = BUF_INIT(64 * MIB);
    bool json = str_ends(row->name, S(".json"));
    struct str bytes = body_of(c, row->name, access, INDEX_TEXT);

    assert_int_equal(bytes.len, row->size);
    assert_same(c, row->name, text_of(c, row->name, bytes), text);
    assert_true(!json || has_form(c, row->name, INDEX_GZIP));
    if (str_ends(row->name, S(".zst")))
        return;
    must(c->f, zstd_unpack(body_of(c, row->name, access, INDEX_ZSTD), &plain, &c->f->err));
    assert_same(c, row->name, buf_str(&plain), text);
    if (!has_form(c, row->name, INDEX_GZIP))
        return;
    buf_clear(&plain);
    must(c->f, gzip_unpack(body_of(c, row->name, access, INDEX_GZIP), &plain, &c->f->err));
    assert_same(c, row->name, buf_str(&plain), text);
}

static void compare_feed(const struct compared *c, struct str should)
{
    AUTO(buf_done) struct buf feed = BUF_INIT(MIB);
    struct channels *f = c->f;
    enum access_level access;
    enum err_code code =
        index_feed(f->tx, f->core->app.blobs, &f->ch, c->view->widest, &feed, &access, &f->err);

    if (code == ERR_NOT_FOUND)
        must(f, index_empty(&f->ch, S(""), S("rss.xml"), &feed, &f->err));
    else
        must(f, code);
    assert_same(c, S("rss.xml"), buf_str(&feed), should);
}

static enum err_code compare(void *compared, const struct document *doc, struct err *err)
{
    const struct compared *c = compared;
    AUTO(buf_done) struct buf empty = BUF_INIT(MIB);
    struct channels *f = c->f;
    struct index_doc_row row;
    enum access_level access = ACCESS_PRIVATE;
    struct str text = text_of(c, doc->name, doc->bytes), bytes = {0};
    enum err_code code;

    (void)err;
    if (str_eq(doc->name, S("rss.xml"))) {
        compare_feed(c, text);
        return OK;
    }
    code = index_find(f->tx, c->mem, &f->ch, c->subdir, doc->name, c->view, &row, &access, &f->err);
    if (code == ERR_NOT_FOUND) {
        must(f, index_empty(&f->ch, c->subdir, doc->name, &empty, &f->err));
        assert_same(c, doc->name, text_of(c, doc->name, buf_str(&empty)), text);
        return OK;
    }
    must(f, code);
    assert_true(access <= c->view->widest);
    assert_true(str_eq(row.package, doc->package));
    assert_int_equal(row.composed, !doc->package.len);
    if (row.composed) {
        compare_composed(c, &row, access, text);
        return OK;
    }
    must(f, blob_read(f->core->app.blobs, c->mem, row.sha256, 64 * MIB, &bytes, &f->err));
    assert_int_equal(row.size, doc->bytes.len);
    assert_same(c, doc->name, bytes, doc->bytes);
    return OK;
}

void channel_assert_right(struct channels *f)
{
    static const char *const subdirs[] = {"", "noarch", "linux-64", "osx-64"};
    struct str differences = channel_differences(f);

    if (differences.len)
        print_error("differ: " STR_FMT, STR_ARG(differences));
    assert_int_equal(differences.len, 0);
    for (size_t i = 0; i < COUNT(subdirs); i++)
        for (unsigned v = 0; v < ACCESS_LEVELS; v++) {
            AUTO(arena_closep) struct arena *own = arena_open(512 * MIB);
            const struct view view = {.widest = (enum access_level)v};
            struct compared c = {f, own, str_of(subdirs[i]), &view};

            assert_non_null(own);
            must(f, documents_make(f->tx, &f->ch, c.subdir, &view,
                                   (struct document_sink){compare, &c}, &f->err));
        }
}
