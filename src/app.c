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
#include "core/inspect.h"
#include "store/db.h"

#define LOCK_NAME     "terrarium.lock"
#define DATABASE_NAME "terrarium.db"
#define BLOBS_NAME    "blobs"
/* Descriptor 0 is standard input, so a lock never has it and a zeroed app holds none. */
#define NO_LOCK (-1)

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

static enum err_code open_database(struct app *app, const struct layout *l, struct err *err)
{
    const char *path = layout_path(l, DATABASE_NAME);
    struct str url = path ? str_fmt(l->mem, "sqlite://%s", path) : (struct str){0};

    if (!url.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    return db_open(url, /* create= */ true, &app->db, err);
}

/* What only a server has. The inspector comes first: it forks, and threads come with the rest. */
static enum err_code open_serving(struct app *app, const struct layout *l, struct err *err)
{
    const struct config *config = app->config;
    const char *blobs = layout_path(l, BLOBS_NAME);
    enum err_code code;

    if (!blobs)
        return fail(err, ERR_NOMEM, "out of memory");
    code = take_lock(app, l, err);
    if (!code)
        code = inspector_open(&app->log, &app->inspector, err);
    if (!code)
        code = open_database(app, l, err);
    if (!code)
        code = blob_open(blobs, /* for_writing= */ true, &app->blobs, err);
    if (code)
        return code;
    /* Each connection has at most one item waiting. */
    app->work = work_open((unsigned)config->workers, (size_t)config->connections_max);
    if (!app->work)
        return fail(err, ERR_NOMEM, "cannot start %lld worker threads", (long long)config->workers);
    return OK;
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
    code = open_folder(&layout, config, err);
    if (!code)
        code =
            use == APP_SERVE ? open_serving(app, &layout, err) : open_database(app, &layout, err);
    if (code)
        app_close(app);
    return code;
}

void app_close(struct app *app)
{
    if (app->work)
        work_close(app->work);
    if (app->inspector)
        inspector_close(app->inspector);
    if (app->blobs)
        blob_close(app->blobs);
    if (app->db)
        db_close(app->db);
    if (app->lock_fd > 0)
        (void)close(app->lock_fd); /* the lock ends with its descriptor, whatever close says */
    *app = (struct app){.lock_fd = NO_LOCK};
}
