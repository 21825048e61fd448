#include "core_fixture.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/text.h"
#include "blob/blob.h"
#include "cli_run.h"
#include "core/inspect.h"
#include "make_archive.h"
#include "store/account.h"

#define BLOB_MAX (64 * MIB)

/* ---- opening --------------------------------------------------------------------------------- */

static const char *path_in(struct core *f, const char *name)
{
    const char *path = str_fmt(f->mem, "%s/%s", f->folder, name).ptr;

    assert_non_null(path);
    return path;
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
    must(f, db_open(str_fmt(f->mem, "sqlite://%s", path_in(f, "terrarium.db")), true, &f->app.db,
                    &f->err));
    must(f, blob_open(path_in(f, "blobs"), true, &f->app.blobs, &f->err));
    *state = f;
    return 0;
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
    enum err_code code = db_one(tx, s, DB_NO_ARGS, &rows, &f->err);

    if (code == ERR_NOT_FOUND)
        return S("");
    must(f, code);
    return str_dup(f->mem, rows_text(rows, 0));
}

void core_change(struct core *f, const struct stmt *s)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_WRITE);

    must(f, db_exec(tx, s, DB_NO_ARGS, NULL, &f->err));
    must(f, tx_commit(&tx, &f->err));
}

static void add_column(struct digest *d, sqlite3_stmt *s, int column)
{
    int type = sqlite3_column_type(s, column);
    const char *bytes = sqlite3_column_blob(s, column); /* the text of a number */
    size_t len = (size_t)sqlite3_column_bytes(s, column);

    digest_add(d, (struct str){(const char *)&type, sizeof(type)});
    digest_add(d, (struct str){(const char *)&len, sizeof(len)});
    if (len)
        digest_add(d, (struct str){bytes, len});
}

static void add_table(struct digest *d, sqlite3 *db, const char *name)
{
    char *sql = sqlite3_mprintf("SELECT * FROM \"%w\" ORDER BY 1, 2", name);
    sqlite3_stmt *s = NULL;

    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    digest_add(d, str_of(name));
    while (sqlite3_step(s) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(s); i++)
            add_column(d, s, i);
    assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
    sqlite3_free(sql);
}

struct str core_rows(struct core *f)
{
    AUTO(digest_closep) struct digest *d = digest_open();
    char sha256[SHA256_HEX + 1], md5[MD5_HEX + 1];
    sqlite3_stmt *tables = NULL;
    sqlite3 *db = NULL;

    assert_non_null(d);
    assert_int_equal(sqlite3_open_v2(path_in(f, "terrarium.db"), &db, SQLITE_OPEN_READONLY, NULL),
                     SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
                           -1, &tables, NULL),
        SQLITE_OK);
    while (sqlite3_step(tables) == SQLITE_ROW)
        add_table(d, db, (const char *)sqlite3_column_text(tables, 0));
    assert_int_equal(sqlite3_finalize(tables), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    digest_finish(d, sha256, md5);
    return str_dup(f->mem, str_of(sha256));
}

/* ---- bytes ----------------------------------------------------------------------------------- */

bool core_has_blob(struct core *f, struct str sha256)
{
    AUTO(fd_closep) int fd = -1;
    uint64_t size;

    return blob_get(f->app.blobs, sha256, &fd, &size, &f->err) == OK;
}

struct str core_read_blob(struct core *f, struct str sha256)
{
    struct str path = blob_path(f->app.blobs, f->mem, sha256), bytes = {0};

    assert_non_null(path.ptr);
    must(f, fs_read(f->mem, path.ptr, BLOB_MAX, &bytes, &f->err));
    return bytes;
}

void core_check_bytes(struct core *f)
{
    static const struct stmt named = {
        "named",
        "SELECT sha256, size FROM file UNION ALL SELECT sha256, size FROM index_doc "
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

struct str core_document(struct core *f, const char *owner, const char *label, const char *subdir,
                         const char *name)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    struct account_row account;
    struct index_doc_row doc;
    enum err_code code;

    must(f, account_by_login(tx, f->mem, str_of(owner), &account, &f->err));
    code = index_doc_find(tx, f->mem, account.id, str_of(label), str_of(subdir), str_of(name), &doc,
                          &f->err);
    if (code == ERR_NOT_FOUND)
        return (struct str){0};
    must(f, code);
    return core_read_blob(f, doc.sha256);
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
    enum err_code code =
        package_create(&f->app, f->mem, actor, path->owner, path->package, NULL, &package, &f->err);

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
