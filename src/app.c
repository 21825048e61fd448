/* app.c: opens the parts in the order in which they lean on each other; closes them backwards. */
#include "app.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/work.h"
#include "blob/blob.h"
#include "config.h"
#include "core/downloads.h"
#include "core/inspect.h"
#include "core/mark.h"
#include "core/throttle.h"
#include "core/token_use.h"
#include "store/db.h"

#define LOCK_NAME     "terrarium.lock"
#define DATABASE_NAME "terrarium.db"
#define BLOBS_NAME    "blobs"
#define SPOOL_NAME    "spool" /* what is local of blobs that lie elsewhere */
/* Descriptor 0 is standard input, so a lock never has it and a zeroed app holds none. */
#define NO_LOCK (-1)
/* To write what would be lost otherwise. */
#define LAST_TRIES 3

/* Paths of the parts, under the data folder. */
struct layout {
    struct arena *mem;
    char dir[PATH_MAX]; /* absolute: the process may change its folder, a database URL may not */
};

/* NULL when out of memory. */
static const char *layout_path(const struct layout *l, const char *name)
{
    return str_fmt(l->mem, "%s/%s", l->dir, name).ptr;
}

static enum err_code open_folder(struct layout *l, const struct config *config, struct err *err)
{
    const char *dir = str_z(l->mem, config->data);
    struct err cause = {0};

    if (!dir)
        return fail(err, ERR_NOMEM, "out of memory");
    if (fs_mkdirs(dir, &cause))
        return fail(err, cause.code, "cannot create the data folder \"%s\": %s", dir, cause.msg);
    if (!realpath(dir, l->dir))
        return fail_errno(err, "cannot find the data folder \"%s\"", dir);
    return OK;
}

static enum err_code take_lock(struct app *app, const struct layout *l, struct err *err)
{
    const char *path = layout_path(l, LOCK_NAME);
    struct err cause = {0};
    enum err_code code;

    if (!path)
        return fail(err, ERR_NOMEM, "out of memory");
    code = fs_lock(path, &app->lock_fd, &cause);
    if (code == ERR_BUSY)
        return fail(err, code, "another server uses the data folder \"%s\": %s", l->dir, cause.msg);
    if (code)
        return fail(err, code, "cannot lock the data folder \"%s\": %s", l->dir, cause.msg);
    return OK;
}

/* The part of a name that tells processes on one host apart comes last. */
static void name_node(struct app *app)
{
    char host[64] = "";

    if (app->config->node.len) {
        (void)snprintf(app->node, sizeof(app->node), STR_FMT, STR_ARG(app->config->node));
        return;
    }
    if (gethostname(host, sizeof(host) - 1))
        (void)snprintf(host, sizeof(host), "localhost");
    (void)snprintf(app->node, sizeof(app->node), "%s/%d", host, (int)getpid());
}

static enum err_code open_database(struct app *app, const struct layout *l, bool serving,
                                   struct err *err)
{
    const struct config *config = app->config;
    const struct db_options options = {.node = serving ? app->node : NULL,
                                       .connections = (int)config->db_connections,
                                       .statement_ms = (int)config->statement_seconds * 1000,
                                       .log = &app->log};
    const char *path = layout_path(l, DATABASE_NAME);
    struct str url = path ? str_fmt(l->mem, "sqlite://%s", path) : (struct str){0};

    if (!url.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    return db_open(config->db.len ? config->db : url, /* create= */ true, &options, &app->db, err);
}

/* A setting, or what the tools of AWS take from the environment. Only before threads are started.
 */
static struct str setting_or_env(const struct config *config, struct str setting, const char *env)
{
    return config->s3_key_id.len ? setting : str_of(getenv(env));
}

bool app_blob_place(const struct config *config, struct arena *mem, const char *data_dir,
                    struct blob_place *ret_place)
{
    bool remote = config->blobs.len;
    struct str dir = str_fmt(mem, "%s/%s", data_dir, remote ? SPOOL_NAME : BLOBS_NAME);

    *ret_place = (struct blob_place){
        .dir = dir.ptr,
        .url = config->blobs,
        .endpoint = config->s3_endpoint,
        .public_endpoint = config->s3_public_endpoint,
        .region = config->s3_region,
        .key_id = setting_or_env(config, config->s3_key_id, "AWS_ACCESS_KEY_ID"),
        .secret = setting_or_env(config, config->s3_secret, "AWS_SECRET_ACCESS_KEY"),
        .session_token = setting_or_env(config, config->s3_session_token, "AWS_SESSION_TOKEN"),
        .path_style = config->s3_path_style,
        .cache_max = (uint64_t)config->cache_max,
    };
    return dir.ptr;
}

/* A command must find the store that the servers use; but what lies in one folder belongs together.
 */
static enum err_code open_blobs(struct app *app, const struct layout *l, enum app_use use,
                                struct err *err)
{
    const struct config *config = app->config;
    bool serving = use == APP_SERVE, together = !config->db.len && !config->blobs.len;
    struct blob_place place;
    enum err_code code;

    if (!app_blob_place(config, l->mem, l->dir, &place))
        return fail(err, ERR_NOMEM, "out of memory");
    code = blob_open(&place, serving ? BLOB_SERVE : BLOB_COMMAND, &app->blobs, err);
    if (code || use == APP_MOVE)
        return code;
    return mark_check(app, place.url.len ? place.url : str_of(place.dir), serving || together, err);
}

/* What only a server has. The inspector comes first: it forks, and threads come with the rest. */
static enum err_code open_serving(struct app *app, const struct layout *l, struct err *err)
{
    const struct config *config = app->config;
    enum err_code code = take_lock(app, l, err);

    if (!code)
        code = inspector_open(&app->log, &app->inspector, err);
    if (!code)
        code = open_database(app, l, /* serving= */ true, err);
    if (!code)
        code = open_blobs(app, l, APP_SERVE, err);
    if (code)
        return code;
    app->throttle = throttle_open();
    if (!app->throttle)
        return fail(err, ERR_NOMEM, "out of memory");
    /* Each connection has at most one item waiting. */
    app->work = work_open((unsigned)config->workers, (size_t)config->connections_max);
    if (!app->work)
        return fail(err, ERR_NOMEM, "cannot start %lld worker threads", (long long)config->workers);
    app->token_uses = token_uses_open();
    app->downloads = downloads_open(DOWNLOAD_COUNTERS);
    return app->token_uses && app->downloads ? OK : fail(err, ERR_NOMEM, "out of memory");
}

static enum err_code open_parts(struct app *app, const struct layout *l, enum app_use use,
                                struct err *err)
{
    enum err_code code = OK;

    if (use == APP_SERVE)
        return open_serving(app, l, err);
    if (use == APP_MOVE && !app->config->db.len)
        code = take_lock(app, l, err);
    if (!code)
        code = open_database(app, l, /* serving= */ false, err);
    if (!code && use != APP_COMMAND)
        code = open_blobs(app, l, use, err);
    return code;
}

enum err_code app_open(struct app *app, const struct config *config, enum app_use use,
                       struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    struct layout layout = {.mem = mem};
    enum err_code code;

    *app = (struct app){.config = config, .lock_fd = NO_LOCK};
    app->log = (struct log){.fd = STDERR_FILENO, .level = config->log_level};
    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory");
    name_node(app);
    code = open_folder(&layout, config, err);
    if (!code)
        code = open_parts(app, &layout, use, err);
    if (code)
        app_close(app);
    return code;
}

/* Those since the last time that a job did it. */
static void write_token_uses(struct app *app)
{
    struct err err = {0};

    if (app->token_uses && app->db && token_uses_flush(app, &err))
        log_err(&app->log, LOG_ERROR, "token_uses_lost", &err);
    token_uses_close(app->token_uses);
}

/* The same of these, which nobody counts again: so another transaction that is in the way is no
 * reason to give up. */
static void write_downloads(struct app *app)
{
    struct err err = {0};
    enum err_code code = app->downloads && app->db ? downloads_flush(app, &err) : OK;

    for (int i = 1; i < LAST_TRIES && code == ERR_COLLISION; i++)
        code = downloads_flush(app, &err);
    if (code)
        log_err(&app->log, LOG_ERROR, "downloads_lost", &err);
    downloads_close(app->downloads);
}

void app_close(struct app *app)
{
    if (app->work)
        work_close(app->work);
    write_token_uses(app);
    write_downloads(app);
    if (app->inspector)
        inspector_close(app->inspector);
    throttle_close(app->throttle);
    if (app->blobs)
        blob_close(app->blobs);
    if (app->db)
        db_close(app->db);
    if (app->lock_fd > 0)
        (void)close(app->lock_fd); /* the lock ends with its descriptor, whatever close says */
    *app = (struct app){.lock_fd = NO_LOCK};
}
