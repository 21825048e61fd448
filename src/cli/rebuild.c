/* rebuild.c: `terrarium rebuild`. Works beside a running server. */
#include "core/rebuild.h"

#include "base/limits.h"
#include "cli/cli.h"

/* "alice", "alice/label/dev" */
static void split(struct str word, struct str *ret_owner, struct str *ret_label)
{
    const struct str between = S("label/");
    struct str rest = word;

    *ret_owner = word;
    *ret_label = (struct str){0};
    if (!str_cut(&rest, '/', ret_owner))
        return;
    *ret_label = str_starts(rest, between) ? str_from(rest, between.len) : rest;
}

int cli_rebuild(struct cli *cli)
{
    AUTO(buf_done) struct buf b = BUF_INIT(KIB);
    struct rebuild_report report = {0};
    struct str owner = {0}, label = {0};
    struct cli_args args;
    struct config config;
    struct app app = {0};
    struct err err = {0};
    enum err_code code;

    if (!cli_parse(cli, NULL, 0, &args))
        return CLI_USAGE;
    if (args.word_count > 1)
        return cli_usage(cli, "rebuild takes one channel at most");
    if (args.word_count)
        split(args.words[0], &owner, &label);
    if (!cli_config(cli, &args, &config, NULL))
        return CLI_USAGE;
    if (!cli_open_stores(cli, &config, &app))
        return CLI_FAILED;
    code = rebuild_indexes(&app, owner, label, &report, &err);
    app_close(&app);
    if (code)
        return cli_fail(cli, &err);
    buf_addf(&b, "made the indexes of %llu channel%s anew\n", (unsigned long long)report.channels,
             report.channels == 1 ? "" : "s");
    return cli_print(cli, &b);
}
