#include "core_fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/text.h"
#include "blob/blob.h"
#include "cli_run.h"
#include "core/inspect.h"
#include "core/mark.h"
#include "index/index.h"
#include "make_archive.h"
#include "read_document.h"
#include "store/account.h"
#include "store/db_engine.h"
#include "trust.h"

#define BLOB_MAX (64 * MIB)

/* ---- opening --------------------------------------------------------------------------------- */

struct str core_path_in(struct core *f, const char *name)
{
    struct str path = str_fmt(f->mem, "%s/%s", f->folder, name);

    assert_non_null(path.ptr);
    return path;
}

bool core_is_sqlite(const struct core *f)
{
    (void)f;
    return !str_of(getenv("TERRARIUM_TEST_DB_URL")).len;
}

/* Numbers begin anew, as in a new database. */
static void empty_database(struct core *f)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_WRITE);

    must(f,
         tx_script(tx,
                   "TRUNCATE account, retired_login, setup_code, audit, index_garbage, blob_mark, "
                   "mail_outbox, search_terms, search_terms_1, search_terms_2, search_terms_3, "
                   "search_word RESTART IDENTITY CASCADE; UPDATE search_level SET floor = 0; "
                   "UPDATE search_progress SET form = 0, filled = 0",
                   &f->err));
    must(f, tx_commit(&tx, &f->err));
}

static void open_database(struct core *f)
{
    struct str url = str_of(getenv("TERRARIUM_TEST_DB_URL"));
    const struct db_options options = {.node = "test"};
    bool shared = url.len;

    if (!shared)
        url = str_fmt(f->mem, "sqlite://" STR_FMT, STR_ARG(core_path_in(f, "terrarium.db")));
    f->config.db = shared ? url : S("");
    must(f, db_open(url, true, &options, &f->app.db, &f->err));
    if (shared)
        empty_database(f);
    wait_for_trust(f->app.db);
}

void core_open_blobs(struct core *f, const char *folder, struct blob_store **ret)
{
    const struct blob_place place = {.dir = core_path_in(f, folder).ptr};

    must(f, blob_open(&place, BLOB_SERVE, ret, &f->err));
}

int core_open(void **state)
{
    struct core *f = calloc(1, sizeof(*f));
    const struct config_origins *origins;
    struct config_flag flag = {.name = S("data")};

    assert_non_null(f);
    f->mem = arena_open(512 * MIB);
    assert_non_null(f->mem);
    f->folder = temp_folder();
    flag.value = str_of(f->folder);
    must(f, config_load(f->mem, S(""), &flag, 1, &f->config, &origins, &f->err));
    f->app = (struct app){
        .config = &f->config, .log = {.fd = STDERR_FILENO, .level = LOG_ERROR}, .lock_fd = -1};
    open_database(f);
    core_open_blobs(f, "blobs", &f->app.blobs);
    *state = f;
    return 0;
}

void core_mark_store(struct core *f)
{
    must(f, mark_check(&f->app, str_of(f->folder), true, &f->err));
}

int core_open_inspecting(void **state)
{
    struct core *f;

    if (core_open(state))
        return -1;
    f = *state;
    must(f, inspector_open(&f->app.log, &f->app.inspector, &f->err));
    return 0;
}

int core_close(void **state)
{
    struct core *f = *state;

    /* A test that failed may have left transactions open: then the database cannot be closed, and
     * the program must live on to tell the failure. */
    if (f->app.db && atomic_load(&f->app.db->transactions))
        f->app.db = NULL;
    app_close(&f->app);
    temp_folder_remove(f->folder);
    arena_close(f->mem);
    free(f);
    return 0;
}

bool core_is_inspector(int argc, char **argv)
{
    return argc == 2 && str_eq(str_of(argv[1]), S("inspector"));
}

bool core_says(const struct core *f, const char *text)
{
    return strstr(f->err.msg, text) != NULL;
}

/* ---- rows ------------------------------------------------------------------------------------ */

struct tx *core_begin(struct core *f, enum tx_mode mode)
{
    struct tx *tx = NULL;

    must(f, tx_begin(f->app.db, mode, &tx, &f->err));
    return tx;
}

struct actor core_user(struct core *f, const char *login)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_WRITE);
    struct account_row row = {
        .login = str_of(login),
        .kind = S("user"),
        .email = str_fmt(f->mem, "%s@example.org", login),
        .created_ms = clock_now_ms(),
    };
    struct actor actor = {.login = row.login, .remote = S("192.0.2.1")};

    must(f, account_insert(tx, &row, S("1"), &actor.account_id, &f->err));
    must(f, tx_commit(&tx, &f->err));
    return actor;
}

int64_t core_number(struct core *f, const struct stmt *s)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    AUTO(rows_endp) struct rows *rows = NULL;

    must(f, db_one(tx, s, DB_NO_ARGS, &rows, &f->err));
    return rows_int(rows, 0);
}

struct str core_text(struct core *f, const struct stmt *s)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    AUTO(rows_endp) struct rows *rows = NULL;
    AUTO(buf_done) struct buf all = BUF_INIT(MIB);

    must(f, db_query(tx, s, DB_NO_ARGS, &rows, &f->err));
    while (rows_next(rows)) {
        buf_addz(&all, all.len ? ", " : "");
        buf_add(&all, rows_text(rows, 0));
    }
    must(f, rows_error(rows, &f->err));
    assert_true(buf_ok(&all));
    return str_dup(f->mem, buf_str(&all));
}

struct str core_hex(struct core *f, const struct stmt *s)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    AUTO(rows_endp) struct rows *rows = NULL;
    struct str bytes;
    char *hex;

    must(f, db_one(tx, s, DB_NO_ARGS, &rows, &f->err));
    bytes = rows_bytes(rows, 0);
    hex = arena_alloc(f->mem, 2 * bytes.len + 1, 1);
    assert_non_null(hex);
    text_hex((const uint8_t *)bytes.ptr, bytes.len, hex);
    return (struct str){hex, 2 * bytes.len};
}

void core_change(struct core *f, const struct stmt *s)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_WRITE);

    must(f, db_exec(tx, s, DB_NO_ARGS, NULL, &f->err));
    must(f, tx_commit(&tx, &f->err));
}

/* A statement made up here: a database keeps what it has seen of a statement as long as it is open,
 * so equal ones are one. */
static const struct stmt *made_up(struct core *f, const char *cols, const char *sql)
{
    struct stmt *s;

    for (size_t i = 0; i < f->made_count; i++)
        if (!strcmp(f->made[i]->sql, sql))
            return f->made[i];
    s = arena_new(f->mem, struct stmt);
    assert_non_null(s);
    assert_true(f->made_count < COUNT(f->made));
    *s = (struct stmt){"made_up", str_fmt(f->mem, "%s", sql).ptr, "", cols};
    f->made[f->made_count++] = s;
    return s;
}

static struct rows *query(struct core *f, struct tx *tx, const char *sql)
{
    struct rows *rows = NULL;

    assert_non_null(sql);
    must(f, db_query(tx, made_up(f, "t", sql), DB_NO_ARGS, &rows, &f->err));
    return rows;
}

/* SQL for a whole row as one text. */
static const char *row_text(struct core *f, struct tx *tx, struct arena *mem, const char *table)
{
    AUTO(rows_endp) struct rows *columns = NULL;
    struct str sql = S("''");

    if (!core_is_sqlite(f))
        return "CAST(t.* AS TEXT)";
    columns = query(f, tx, str_fmt(mem, "SELECT name FROM pragma_table_info('%s')", table).ptr);
    while (rows_next(columns))
        sql = str_fmt(mem, "%s || '|' || quote(\"" STR_FMT "\")", sql.ptr,
                      STR_ARG(rows_text(columns, 0)));
    must(f, rows_error(columns, &f->err));
    return sql.ptr;
}

static void add_table(struct core *f, struct tx *tx, struct arena *mem, struct digest *d,
                      const char *table)
{
    AUTO(rows_endp)
    struct rows *rows = query(
        f, tx,
        str_fmt(mem, "SELECT %s FROM \"%s\" t ORDER BY 1", row_text(f, tx, mem, table), table).ptr);

    digest_add(d, str_of(table));
    while (rows_next(rows)) {
        struct str text = rows_text(rows, 0);

        digest_add(d, (struct str){(const char *)&text.len, sizeof(text.len)});
        digest_add(d, text);
    }
    must(f, rows_error(rows, &f->err));
}

struct str core_rows(struct core *f)
{
    AUTO(arena_closep) struct arena *mem = arena_open(64 * MIB);
    AUTO(digest_closep) struct digest *d = digest_open();
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    AUTO(rows_endp) struct rows *tables = NULL;
    char sha256[SHA256_HEX + 1], md5[MD5_HEX + 1];

    assert_non_null(mem);
    assert_non_null(d);
    /* A node takes its lease when it likes. */
    tables = query(f, tx,
                   core_is_sqlite(f)
                       ? "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
                       : "SELECT CAST(tablename AS TEXT) FROM pg_tables "
                         "WHERE schemaname = 'public' AND tablename <> 'node' ORDER BY 1");
    while (rows_next(tables))
        add_table(f, tx, mem, d, str_z(mem, rows_text(tables, 0)));
    must(f, rows_error(tables, &f->err));
    digest_finish(d, sha256, md5);
    return str_dup(f->mem, str_of(sha256));
}

/* ---- bytes ----------------------------------------------------------------------------------- */

bool core_has_blob(struct core *f, struct str sha256)
{
    uint64_t size;

    return blob_stat(f->app.blobs, sha256, &size, &f->err) == OK;
}

struct str core_read_blob(struct core *f, struct str sha256)
{
    struct str bytes = {0};

    must(f, blob_read(f->app.blobs, f->mem, sha256, BLOB_MAX, &bytes, &f->err));
    return bytes;
}

void core_break_blob(struct core *f, struct str sha256, struct str bytes)
{
    struct str path = {0};
    FILE *file;

    must(f, blob_path(f->app.blobs, f->mem, sha256, &path, &f->err));
    file = fopen(path.ptr, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
}

void core_check_bytes(struct core *f)
{
    static const struct stmt named = {
        "named",
        "SELECT sha256, size FROM file UNION ALL "
        "SELECT sha256, size FROM index_doc WHERE composed = 0 UNION ALL "
        "SELECT sha256, size FROM index_chunk UNION ALL "
        "SELECT sha256, size FROM index_past_chunk UNION ALL SELECT sha256, size FROM trash_file "
        "UNION ALL SELECT sha256, size FROM upload WHERE sha256 <> ''",
        "", "ti"};
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    AUTO(rows_endp) struct rows *rows = NULL;

    must(f, db_query(tx, &named, DB_NO_ARGS, &rows, &f->err));
    while (rows_next(rows)) {
        struct str bytes = core_read_blob(f, rows_text(rows, 0));
        char sha256[SHA256_HEX + 1];

        digest_sha256_hex(bytes, sha256);
        assert_str(rows_text(rows, 0), sha256);
        assert_int_equal(rows_int(rows, 1), bytes.len);
    }
    must(f, rows_error(rows, &f->err));
}

/* rss.xml, which has no row: it is made. */
static struct str read_feed(struct core *f, struct tx *tx, const struct channel *ch,
                            const struct view *view)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    enum access_level access;
    enum err_code code = index_feed(tx, f->app.blobs, ch, view->widest, &out, &access, &f->err);

    if (code == ERR_NOT_FOUND)
        return (struct str){0};
    must(f, code);
    assert_true(buf_ok(&out));
    return str_dup(f->mem, buf_str(&out));
}

struct str core_document_in(struct core *f, const struct view *view, const char *owner,
                            const char *label, const char *subdir, const char *name)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    struct channel ch = {.owner = str_of(owner), .label = str_of(label)};
    struct account_row account;
    struct index_doc_row doc;
    struct str bytes = {0};
    enum access_level access;
    enum err_code code;

    must(f, account_by_login(tx, f->mem, ch.owner, &account, &f->err));
    ch.account_id = account.id;
    if (!*subdir && !strcmp(name, "rss.xml"))
        return read_feed(f, tx, &ch, view);
    code = index_find(tx, f->mem, &ch, str_of(subdir), str_of(name), view, &doc, &access, &f->err);
    if (code == ERR_NOT_FOUND)
        return (struct str){0};
    must(f, code);
    must(f, read_document(&(struct document_place){tx, f->app.blobs, &ch, str_of(subdir)}, f->mem,
                          &doc, access, &bytes, &f->err));
    return bytes;
}

struct str core_document(struct core *f, const char *owner, const char *label, const char *subdir,
                         const char *name)
{
    static const struct view everybody = {.widest = ACCESS_PUBLIC};

    return core_document_in(f, &everybody, owner, label, subdir, name);
}

bool core_listed(struct core *f, const char *owner, const char *label, const char *subdir,
                 const char *filename)
{
    struct str doc = core_document(f, owner, label, subdir, "repodata.json");
    struct str quoted = str_fmt(f->mem, "\"%s\":{", filename);

    return doc.ptr && memmem(doc.ptr, doc.len, quoted.ptr, quoted.len);
}

/* ---- packages -------------------------------------------------------------------------------- */

struct str core_package(struct core *f, const struct core_spec *spec)
{
    struct str index =
        spec->index
            ? str_of(spec->index)
            : str_fmt(f->mem,
                      "{\"name\":\"%s\",\"version\":\"%s\",\"build\":\"%s\",\"build_number\":0,"
                      "\"depends\":[],\"subdir\":\"%s\"}",
                      spec->name, spec->version, spec->build, spec->subdir);
    const struct tar_part parts[] = {
        {.name = "info/index.json", .data = index},
        {.name = "info/files", .data = S("")},
        {.name = "info/about.json", .data = str_of(spec->about ? spec->about : "{}")},
        {.name = "share/filler", .data = str_of(spec->filler)},
    };

    return make_bzip2(f->mem, make_tar(f->mem, parts, COUNT(parts)));
}

struct file_path core_path(struct core *f, const char *owner, const struct core_spec *spec)
{
    return (struct file_path){
        .owner = str_of(owner),
        .package = str_of(spec->name),
        .version = str_of(spec->version),
        .basename = str_fmt(f->mem, "%s/%s-%s-%s.tar.bz2", spec->subdir, spec->name, spec->version,
                            spec->build),
    };
}

struct str core_sha256(struct core *f, struct str bytes)
{
    char hex[SHA256_HEX + 1];

    digest_sha256_hex(bytes, hex);
    return str_dup(f->mem, str_of(hex));
}

void core_release(struct core *f, const struct actor *actor, const struct file_path *path)
{
    struct package_row package;
    struct release_row release;
    enum err_code code = package_create(&f->app, f->mem, actor, path->owner, path->package, S(""),
                                        NULL, &package, &f->err);

    if (code != ERR_CONFLICT)
        must(f, code);
    code = release_create(&f->app, f->mem, actor, path->owner, path->package, path->version, NULL,
                          &release, &f->err);
    if (code != ERR_CONFLICT)
        must(f, code);
}

struct staged core_stage(struct core *f, const struct actor *actor, const struct file_path *path)
{
    struct stage_request req = {.type = S("conda")};
    struct staged staged = {0};

    must(f, publish_stage(&f->app, f->mem, actor, path, &req, &staged, &f->err));
    return staged;
}

enum err_code core_send(struct core *f, struct str ticket, struct str bytes)
{
    struct receiver *r;
    enum err_code code = publish_receive(&f->app, f->mem, ticket, &r, &f->err);

    if (code)
        return code;
    code = receiver_write(r, bytes, &f->err);
    if (!code)
        code = receiver_finish(r, -1, S(""), &f->err);
    receiver_close(r);
    return code;
}

struct staged core_upload(struct core *f, const struct actor *actor, const struct file_path *path,
                          struct str bytes)
{
    struct staged staged;

    core_release(f, actor, path);
    staged = core_stage(f, actor, path);
    must(f, core_send(f, staged.ticket, bytes));
    return staged;
}

enum err_code core_try_publish(struct core *f, const struct actor *actor,
                               const struct file_path *path, struct str bytes, struct file_row *ret)
{
    struct staged staged = core_upload(f, actor, path, bytes);

    return publish_commit(&f->app, f->mem, actor, path, staged.dist_id, ret, &f->err);
}

struct file_row core_publish(struct core *f, const struct actor *actor,
                             const struct core_spec *spec)
{
    struct file_path path = core_path(f, str_z(f->mem, actor->login), spec);
    struct file_row file = {0};

    must(f, core_try_publish(f, actor, &path, core_package(f, spec), &file));
    return file;
}
