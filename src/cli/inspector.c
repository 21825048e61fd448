/* inspector.c: the hidden command that core/inspect starts as its helper process. */
#include "cli/cli.h"
#include "core/inspect.h"

int cli_inspector(struct cli *cli)
{
    (void)cli; /* the helper speaks over its control socket alone */
    return inspector_main();
}
