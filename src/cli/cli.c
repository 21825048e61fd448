/* cli.c: the command table, help, and the parsing of arguments that all commands share. */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"

#define HELP_MAX (32 * KIB)

static const struct cli_command commands[] = {
    {"serve", "[--config FILE] [--SETTING VALUE...]", "runs the server", NULL, cli_serve},
    {"admin", "user create|reset-password|set-superuser|suspend|resume|list|delete ..., or log",
     "administers accounts, and shows what was done",
     "  user create LOGIN --email EMAIL [--superuser] [--password-stdin]\n"
     "  user reset-password LOGIN [--password-stdin]\n"
     "  user set-superuser LOGIN [--off]\n"
     "  user suspend|resume LOGIN\n"
     "  user list [--json]\n"
     "  user delete LOGIN --yes LOGIN\n"
     "  org delete LOGIN --yes LOGIN\n"
     "  login free LOGIN                lets others have the login of a deleted account\n"
     "  log [--action ACTION] [--actor LOGIN] [--object OBJECT] [--address ADDRESS]\n"
     "      [--since DATE] [--until DATE] [--limit N] [--before PLACE] [--format json|csv]\n"
     "Without --password-stdin a one-time password is made up and printed once.\n",
     cli_admin},
    {"verify", "[--quick] [--json]",
     "checks that all that was published is there, byte for byte, and the indexes true",
     "  --quick                         looks whether files are there and of the right size, but\n"
     "                                  does not read them\n"
     "  --json                          prints one JSON object for each problem, and a summary\n"
     "It changes nothing, may run beside the server, and ends with status 1 if it found a "
     "problem.\n",
     cli_verify},
    {"gc", "[--dry-run] [--json]", "removes stored bytes that nothing names any more",
     "  --dry-run                       only says how much there is\n"
     "  --json                          prints a JSON object\n"
     "It may run beside the server, and beside uploads on other servers of the same store.\n",
     cli_gc},
    {"rebuild", "[OWNER[/label/LABEL]]", "makes indexes anew from the files they list",
     "Of every channel, of an owner's, or of one label's. What is right already stays as it is. "
     "It\n"
     "may run beside the server; publishing to a channel waits while that is made.\n",
     cli_rebuild},
    {"migrate", "--from WHERE [--from-blobs WHERE] --to WHERE [--blobs WHERE]",
     "moves everything to another place, while no server runs",
     "  --from WHERE, --to WHERE        a data folder, or postgresql://...\n"
     "  --from-blobs, --blobs WHERE     where the files are, and are to be: s3://bucket/prefix;\n"
     "                                  without it in the data folder\n"
     "The target must be empty. Cut short, it goes on where it was when it is run again.\n",
     cli_migrate},
    {"config", "[--example]", "prints the settings in force, each with its origin",
     "  --example                       prints a commented configuration file instead\n",
     cli_config_show},
    {"version", "", "prints the version and those of the libraries in use", NULL, cli_version},
    {"routes", "", "prints the table of all URLs as JSON", NULL, cli_routes},
    {"inspector", NULL, "reads uploaded archives for the server, which starts it", NULL,
     cli_inspector},
};

/* --- messages ----------------------------------------------------------------------------- */

int cli_print(struct cli *cli, const struct buf *b)
{
    struct str s = buf_str(b);

    if (!buf_ok(b)) {
        (void)fprintf(cli->err, "terrarium: out of memory\n");
        return CLI_FAILED;
    }
    if (fwrite(s.ptr, 1, s.len, cli->out) != s.len || fflush(cli->out) != 0) {
        (void)fprintf(cli->err, "terrarium: cannot write: %s\n", strerror(errno));
        return CLI_FAILED;
    }
    return CLI_OK;
}

int cli_fail(struct cli *cli, const struct err *err)
{
    (void)fprintf(cli->err, "terrarium: %s\n", err->msg);
    return CLI_FAILED;
}

int cli_usage(struct cli *cli, const char *fmt, ...)
{
    const char *name = cli->command ? cli->command->name : NULL;
    va_list ap;

    (void)fprintf(cli->err, "terrarium: ");
    va_start(ap, fmt);
    (void)vfprintf(cli->err, fmt, ap);
    va_end(ap);
    (void)fprintf(cli->err, "\nTry: terrarium %s%s--help\n", name ? name : "", name ? " " : "");
    return CLI_USAGE;
}

static int help_all(struct cli *cli)
{
    AUTO(buf_done) struct buf b = BUF_INIT(HELP_MAX);

    buf_addz(&b, "Terrarium, a package repository server.\n\n"
                 "usage: terrarium COMMAND [ARGUMENTS]\n\n");
    for (size_t i = 0; i < COUNT(commands); i++)
        if (commands[i].usage)
            buf_addf(&b, "  %-10s %s\n", commands[i].name, commands[i].summary);
    buf_addz(&b, "\n`terrarium COMMAND --help` tells more.\n");
    return cli_print(cli, &b);
}

static int help_command(struct cli *cli)
{
    AUTO(buf_done) struct buf b = BUF_INIT(HELP_MAX);
    const struct cli_command *c = cli->command;

    buf_addf(&b, "usage: terrarium %s %s\n\nIt %s.\n", c->name, c->usage ? c->usage : "",
             c->summary);
    if (c->options)
        buf_addf(&b, "\n%s", c->options);
    buf_addz(&b, "\nSettings, each with its default:\n"
                 "  --config FILE                   configuration file (terrarium.conf in the "
                 "data folder)\n");
    config_print_flags(&b);
    return cli_print(cli, &b);
}

/* --- arguments ---------------------------------------------------------------------------- */

/* "--name=value" or "--name value"; false when no value is there. */
static bool flag_value(struct cli *cli, int *i, struct str *name, struct str *ret_value)
{
    struct str rest = *name;
    struct str head;

    if (str_cut(&rest, '=', &head)) {
        *name = head;
        *ret_value = rest;
        return true;
    }
    if (*i + 1 >= cli->argc)
        return false;
    *ret_value = str_of(cli->argv[++*i]);
    return true;
}

static const struct cli_flag *flag_find(const struct cli_flag *flags, size_t count, struct str arg)
{
    struct str name = arg, rest = arg;

    if (str_cut(&rest, '=', &name) && !name.len)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (str_eq(name, str_of(flags[i].name)))
            return &flags[i];
    return NULL;
}

static bool parse_flag(struct cli *cli, int *i, const struct cli_flag *flag, struct cli_args *args)
{
    struct str name = str_from(str_of(cli->argv[*i]), 2), value;

    if (flag && flag->on) {
        if (str_has(name, '=')) {
            (void)cli_usage(cli, "--%s takes no value", flag->name);
            return false;
        }
        *flag->on = true;
        return true;
    }
    if (!flag_value(cli, i, &name, &value)) {
        (void)cli_usage(cli, "--" STR_FMT " needs a value", STR_ARG(name));
        return false;
    }
    if (flag) {
        *flag->value = value;
    } else if (str_eq(name, S("config"))) {
        args->config_file = value;
    } else if (args->setting_count == CLI_SETTINGS_MAX) {
        (void)cli_usage(cli, "too many flags");
        return false;
    } else {
        args->settings[args->setting_count++] = (struct config_flag){name, value};
    }
    return true;
}

bool cli_parse(struct cli *cli, const struct cli_flag *flags, size_t flag_count,
               struct cli_args *ret_args)
{
    struct cli_args args = {0};

    for (int i = 0; i < cli->argc; i++) {
        struct str arg = str_of(cli->argv[i]);

        if (str_starts(arg, S("--")) && arg.len > 2) {
            if (!parse_flag(cli, &i, flag_find(flags, flag_count, str_from(arg, 2)), &args))
                return false;
        } else if (str_starts(arg, S("-")) || args.word_count == CLI_WORDS_MAX) {
            (void)cli_usage(cli, "\"" STR_FMT "\" is not understood", STR_ARG(arg));
            return false;
        } else {
            args.words[args.word_count++] = arg;
        }
    }
    *ret_args = args;
    return true;
}

bool cli_config(struct cli *cli, const struct cli_args *args, struct config *ret_config,
                const struct config_origins **ret_origins)
{
    const struct config_origins *origins;
    struct err err = {0};

    if (config_load(cli->mem, args->config_file, args->settings, args->setting_count, ret_config,
                    &origins, &err)) {
        (void)cli_fail(cli, &err);
        return false;
    }
    if (ret_origins)
        *ret_origins = origins;
    return true;
}

/* --- stores ------------------------------------------------------------------------------- */

bool cli_open_stores(struct cli *cli, const struct config *config, struct app *ret_app)
{
    const char *data = str_z(cli->mem, config->data);
    struct err err = {0};

    if (!data)
        (void)fail(&err, ERR_NOMEM, "out of memory");
    else if (!config->db.len && access(data, F_OK) != 0)
        (void)fail(&err, ERR_NOT_FOUND, "there is no data folder \"%s\"", data);
    else
        err.code = app_open(ret_app, config, APP_STORES, &err);
    if (err.code)
        (void)cli_fail(cli, &err);
    return !err.code;
}

void cli_add_size(struct buf *b, uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
    uint64_t size = bytes;
    size_t unit = 0;

    if (bytes < 1024) {
        buf_add_u64(b, bytes);
        buf_addz(b, " B");
        return;
    }
    for (; size >= (uint64_t)1024 * 1024 && unit + 1 < COUNT(units); unit++)
        size /= 1024;
    buf_add_u64(b, size / 1024);
    buf_addf(b, ".%u %s", (unsigned)(size % 1024 * 10 / 1024), units[unit]);
}

/* --- entry -------------------------------------------------------------------------------- */

static bool wants_help(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (str_eq(str_of(argv[i]), S("--help")) || str_eq(str_of(argv[i]), S("-h")))
            return true;
    return false;
}

static int run(struct cli *cli, struct str name)
{
    if (str_eq(name, S("--help")) || str_eq(name, S("-h")) || str_eq(name, S("help")))
        return help_all(cli);
    if (str_eq(name, S("--version")))
        name = S("version");
    for (size_t i = 0; i < COUNT(commands); i++) {
        if (!str_eq(name, str_of(commands[i].name)))
            continue;
        cli->command = &commands[i];
        return wants_help(cli->argc, cli->argv) ? help_command(cli) : commands[i].run(cli);
    }
    return cli_usage(cli, "there is no command \"" STR_FMT "\"", STR_ARG(name));
}

int cli_main(int argc, char **argv, FILE *in, FILE *out, FILE *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    struct cli cli = {
        .program = argc ? argv[0] : "terrarium", .mem = mem, .in = in, .out = out, .err = err};

    if (!mem) {
        (void)fprintf(err, "terrarium: out of memory\n");
        return CLI_FAILED;
    }
    if (argc < 2) {
        cli.out = err;
        (void)help_all(&cli);
        return CLI_USAGE;
    }
    cli.argc = argc - 2;
    cli.argv = argv + 2;
    return run(&cli, str_of(argv[1]));
}
