/* app.h: the parts of a running program, opened and closed in order. Passed instead of globals. */
#ifndef APP_H
#define APP_H
#include "base/err.h"
#include "base/log.h"

struct arena;
struct blob_place;
struct blob_store;
struct config;
struct db;
struct downloads;
struct inspector;
struct token_uses;
struct throttle;
struct work_pool;
struct web;

enum { NODE_NAME_MAX = 80 };

struct app {
    const struct config *config;
    struct log log;
    struct db *db;
    struct blob_store *blobs;      /* NULL for APP_COMMAND */
    struct inspector *inspector;   /* NULL unless serving */
    struct work_pool *work;        /* NULL unless serving */
    struct token_uses *token_uses; /* NULL unless serving */
    struct downloads *downloads;   /* NULL unless serving: then nothing is counted */
    struct throttle *throttle;     /* NULL unless serving: then nothing is limited */
    int lock_fd;                   /* of <data>/terrarium.lock; -1 unless serving */
    char node[NODE_NAME_MAX];      /* names this process among those that share a database */
};

enum app_use {
    APP_COMMAND, /* database only, beside a running server */
    APP_STORES,  /* database and blobs, beside a running server */
    APP_MOVE,    /* database and blobs, alone on the data folder, whatever mark they have */
    APP_SERVE,   /* everything, alone on this data folder */
};
/* Creates the data folder and what is in it if need be. On failure nothing is left open. */
enum err_code app_open(struct app *app, const struct config *config, enum app_use use,
                       struct err *err) MUST_USE;
/* How the settings say that blobs are kept, for a data folder; strings in mem. False: no memory. */
bool app_blob_place(const struct config *config, struct arena *mem, const char *data_dir,
                    struct blob_place *ret_place) MUST_USE;
void app_close(struct app *app); /* accepts a zeroed or half-opened app */

#endif
