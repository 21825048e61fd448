/* config_show.c: `terrarium config`. */
#include "base/limits.h"
#include "cli/cli.h"

int cli_config_show(struct cli *cli)
{
    AUTO(buf_done) struct buf b = BUF_INIT(64 * KIB);
    const struct config_origins *origins;
    bool example = false;
    const struct cli_flag flags[] = {{"example", NULL, &example}};
    struct cli_args args;
    struct config config;

    if (!cli_parse(cli, flags, COUNT(flags), &args))
        return CLI_USAGE;
    if (args.word_count)
        return cli_usage(cli, "config takes flags only");
    if (example) {
        config_print_example(&b);
        return cli_print(cli, &b);
    }
    if (!cli_config(cli, &args, &config, &origins))
        return CLI_USAGE;
    config_print(&config, origins, &b);
    return cli_print(cli, &b);
}
