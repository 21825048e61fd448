/* version.c: `terrarium version`. */
#include <archive.h>
#include <jansson.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <sodium.h>
#include <sqlite3.h>
#include <zstd.h>

#include "cli/cli.h"

int cli_version(struct cli *cli)
{
    AUTO(buf_done) struct buf b = BUF_INIT(4096);
    struct cli_args args;

    if (!cli_parse(cli, NULL, 0, &args))
        return CLI_USAGE;
    if (args.word_count || args.setting_count)
        return cli_usage(cli, "version takes no arguments");
    buf_addz(&b, "terrarium " TERRARIUM_VERSION "\n");
    buf_addf(&b, "libmicrohttpd %s\n", MHD_get_version());
    buf_addf(&b, "sqlite %s\n", sqlite3_libversion());
    buf_addf(&b, "jansson %s\n", jansson_version_str());
    buf_addf(&b, "%s\n", archive_version_string());
    buf_addf(&b, "zstd %s\n", ZSTD_versionString());
    buf_addf(&b, "%s\n", OpenSSL_version(OPENSSL_VERSION));
    buf_addf(&b, "libsodium %s\n", sodium_version_string());
    return cli_print(cli, &b);
}
