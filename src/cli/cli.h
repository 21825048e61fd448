/* cli.h: the program's commands, one file each, and how they read their arguments.
 *
 * Every command takes the server's settings as flags (config.h) besides its own. Results go to
 * cli->out, everything said about them to cli->err. */
#ifndef CLI_CLI_H
#define CLI_CLI_H
#include <stdio.h>

#include "app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "config.h"

enum cli_exit { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

struct cli {
    const char *program; /* as it was called: "build/terrarium" */
    struct arena *mem;   /* for the life of the command */
    FILE *in, *out, *err;
    const struct cli_command *command;
    int argc; /* arguments after the command's name */
    char **argv;
};

struct cli_command {
    const char *name;
    const char *usage;   /* what follows the name: "LOGIN --email EMAIL"; NULL: not in the help */
    const char *summary; /* one line */
    const char *options; /* help lines of the command's own flags, or NULL */
    int (*run)(struct cli *cli);
};

/* A flag of a command's own. Exactly one of the two targets is set. */
struct cli_flag {
    const char *name;  /* without dashes */
    struct str *value; /* "--name VALUE" or "--name=VALUE"; left alone when not given */
    bool *on;          /* "--name" */
};
enum { CLI_WORDS_MAX = 8, CLI_SETTINGS_MAX = 64 };
struct cli_args {
    struct str words[CLI_WORDS_MAX]; /* what is not a flag, in order */
    size_t word_count;
    struct str config_file;
    struct config_flag settings[CLI_SETTINGS_MAX]; /* flags of no other meaning */
    size_t setting_count;
};

/* Runs argv[1]. Returns the exit status. */
int cli_main(int argc, char **argv, FILE *in, FILE *out, FILE *err);

/* Sorts the arguments. False, with the reason said, when they cannot be understood. */
bool cli_parse(struct cli *cli, const struct cli_flag *flags, size_t flag_count,
               struct cli_args *ret_args) MUST_USE;
/* The settings in force. False, with the reason said. ret_origins may be NULL. */
bool cli_config(struct cli *cli, const struct cli_args *args, struct config *ret_config,
                const struct config_origins **ret_origins) MUST_USE;

/* Opens database and blobs, beside a running server. False, with the reason said; also when there
 * is no data folder: a mistyped one must not be made, and then found to be in order. */
bool cli_open_stores(struct cli *cli, const struct config *config, struct app *ret_app) MUST_USE;

/* Each says what is wrong and returns the status to end with. */
int cli_usage(struct cli *cli, const char *fmt, ...) PRINTF(2, 3);
int cli_fail(struct cli *cli, const struct err *err);

/* Writes a buffer out; CLI_FAILED, with the reason said, when it overflowed or cannot be written.
 */
int cli_print(struct cli *cli, const struct buf *b);

/* Appends a number of bytes for people: "812 B", "3.4 GiB". */
void cli_add_size(struct buf *b, uint64_t bytes);

/* `terrarium admin log`, on an opened database. */
struct history_request;
int cli_admin_log(struct cli *cli, struct app *app, struct history_request *req);

int cli_serve(struct cli *cli);
int cli_admin(struct cli *cli);
int cli_verify(struct cli *cli);
int cli_gc(struct cli *cli);
int cli_rebuild(struct cli *cli);
int cli_migrate(struct cli *cli);
int cli_config_show(struct cli *cli);
int cli_version(struct cli *cli);
int cli_routes(struct cli *cli);
int cli_inspector(struct cli *cli);

#endif
