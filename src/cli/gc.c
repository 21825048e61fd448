/* gc.c: `terrarium gc`. Works beside a running server. */
#include "core/gc.h"

#include "base/limits.h"
#include "cli/cli.h"

static void add_json(struct buf *b, const struct gc_options *options, const struct gc_report *r)
{
    buf_addf(b,
             "{\"dry_run\":%s,\"blobs\":%llu,\"bytes\":%llu,\"kept\":%llu,"
             "\"abandoned_uploads\":%llu}\n",
             options->dry_run ? "true" : "false", (unsigned long long)r->blobs,
             (unsigned long long)r->bytes, (unsigned long long)r->kept,
             (unsigned long long)r->uploads);
}

/* "removed 12 orphan blobs, 3.4 GiB" */
static void add_text(struct buf *b, const struct gc_options *options, const struct gc_report *r)
{
    buf_addf(b, "%s %llu orphan blob%s, ", options->dry_run ? "would remove" : "removed",
             (unsigned long long)r->blobs, r->blobs == 1 ? "" : "s");
    cli_add_size(b, r->bytes);
    buf_addc(b, '\n');
    if (r->kept)
        buf_addf(b, "left %llu that came into use meanwhile, or may; run it again for the rest\n",
                 (unsigned long long)r->kept);
    if (r->uploads)
        buf_addf(b, "ended %llu abandoned upload%s\n", (unsigned long long)r->uploads,
                 r->uploads == 1 ? "" : "s");
}

int cli_gc(struct cli *cli)
{
    AUTO(buf_done) struct buf b = BUF_INIT(KIB);
    struct gc_options options = {.older_than_ms = GC_ABANDONED_MS};
    bool json = false;
    const struct cli_flag flags[] = {{"dry-run", NULL, &options.dry_run}, {"json", NULL, &json}};
    struct gc_report report = {0};
    struct cli_args args;
    struct config config;
    struct app app = {0};
    struct err err = {0};
    enum err_code code;

    if (!cli_parse(cli, flags, COUNT(flags), &args))
        return CLI_USAGE;
    if (args.word_count)
        return cli_usage(cli, "gc takes flags only");
    if (!cli_config(cli, &args, &config, NULL))
        return CLI_USAGE;
    if (!cli_open_stores(cli, &config, &app))
        return CLI_FAILED;
    code = gc_orphans(&app, &options, &report, &err);
    app_close(&app);
    if (code)
        return cli_fail(cli, &err);
    if (json)
        add_json(&b, &options, &report);
    else
        add_text(&b, &options, &report);
    return cli_print(cli, &b);
}
