/* routes.c: `terrarium routes`. */
#include "base/limits.h"
#include "cli/cli.h"
#include "web/web.h"

int cli_routes(struct cli *cli)
{
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);
    struct cli_args args;

    if (!cli_parse(cli, NULL, 0, &args))
        return CLI_USAGE;
    if (args.word_count || args.setting_count)
        return cli_usage(cli, "routes takes no arguments");
    web_print_routes(&b);
    return cli_print(cli, &b);
}
