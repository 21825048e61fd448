/* app.h: the parts of a running program, opened and closed in order. Passed instead of globals. */
#ifndef APP_H
#define APP_H
#include "base/err.h"
#include "base/log.h"

struct config;
struct db;
struct blob_store;
struct inspector;
struct work_pool;
struct web;

struct app {
    const struct config *config;
    struct log log;
    struct db *db;
    struct blob_store *blobs;    /* NULL in commands that only touch the database */
    struct inspector *inspector; /* NULL unless serving */
    struct work_pool *work;      /* NULL unless serving */
    int lock_fd;                 /* of <data>/terrarium.lock; -1 unless serving */
};

enum app_use {
    APP_COMMAND, /* database only, beside a running server */
    APP_SERVE,   /* everything, alone on this data folder */
};
/* Creates the data folder and what is in it if need be. On failure nothing is left open. */
enum err_code app_open(struct app *app, const struct config *config, enum app_use use,
                       struct err *err) MUST_USE;
void app_close(struct app *app); /* accepts a zeroed or half-opened app */

#endif
