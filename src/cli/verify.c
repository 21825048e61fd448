/* verify.c: `terrarium verify`. Works beside a running server. */
#include "core/verify.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "format/json.h"

#define PROGRESS_US 200000 /* at most five lines a second */

struct printer {
    struct cli *cli;
    bool json, quick;
    bool terminal; /* somebody watches */
    bool failed;   /* what was found could not be printed */
    uint64_t shown_us;
};

static void clear_progress(struct printer *p)
{
    if (p->shown_us)
        (void)fprintf(p->cli->err, "\r\033[K");
    p->shown_us = 0;
}

static void print(struct printer *p, const struct buf *b)
{
    clear_progress(p);
    p->failed |= cli_print(p->cli, b) != CLI_OK;
}

/* "missing  alice/x/1.0/noarch/x-1.0-0.conda  sha256:..." */
static void print_finding(void *printer, const struct verify_finding *f)
{
    AUTO(buf_done) struct buf b = BUF_INIT(64 * KIB);
    struct printer *p = printer;

    if (p->json) {
        buf_addf(&b, "{\"event\":\"problem\",\"kind\":\"%s\",\"subject\":", f->kind);
        json_string_literal(&b, f->subject);
        buf_addz(&b, ",\"detail\":");
        json_string_literal(&b, f->detail);
        buf_addz(&b, "}\n");
    } else {
        buf_addf(&b, "%s  ", f->kind);
        buf_add(&b, f->subject);
        buf_addz(&b, "  ");
        buf_add(&b, f->detail);
        buf_addc(&b, '\n');
    }
    print(p, &b);
}

static void show_progress(void *printer, const struct verify_report *r)
{
    AUTO(buf_done) struct buf b = BUF_INIT(KIB);
    struct printer *p = printer;
    uint64_t now = clock_mono_us();

    if (!p->terminal || (p->shown_us && now - p->shown_us < PROGRESS_US))
        return;
    p->shown_us = now;
    buf_addf(&b, "\r\033[K%llu files, %llu uploads, %llu documents, %llu channels, ",
             (unsigned long long)r->files, (unsigned long long)r->uploads,
             (unsigned long long)r->documents, (unsigned long long)r->channels);
    cli_add_size(&b, r->bytes);
    buf_addz(&b, " read");
    (void)fwrite(b.ptr, 1, b.len, p->cli->err); /* only for the eye */
    (void)fflush(p->cli->err);
}

static void add_json(struct buf *b, const struct printer *p, const struct verify_report *r)
{
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {
        {"files", r->files},         {"trash", r->trash},       {"uploads", r->uploads},
        {"documents", r->documents}, {"channels", r->channels}, {"packages", r->packages},
        {"bytes", r->bytes},         {"orphans", r->orphans},   {"orphan_bytes", r->orphan_bytes},
        {"problems", r->problems},
    };

    buf_addf(b, "{\"event\":\"summary\",\"quick\":%s", p->quick ? "true" : "false");
    for (size_t i = 0; i < COUNT(counts); i++) {
        buf_addf(b, ",\"%s\":", counts[i].name);
        buf_add_u64(b, counts[i].value);
    }
    buf_addz(b, "}\n");
}

static void add_count(struct buf *b, uint64_t count, const char *one, const char *many)
{
    buf_add_u64(b, count);
    buf_addf(b, " %s", count == 1 ? one : many);
}

static void add_text(struct buf *b, const struct verify_report *r)
{
    if (r->orphans) {
        add_count(b, r->orphans, "orphan blob, ", "orphan blobs, ");
        cli_add_size(b, r->orphan_bytes);
        buf_addz(b, ": `terrarium gc` removes what nothing names\n");
    }
    buf_addz(b, "verified ");
    add_count(b, r->files, "file, ", "files, ");
    if (r->trash)
        add_count(b, r->trash, "file in the trash, ", "files in the trash, ");
    add_count(b, r->uploads, "upload, ", "uploads, ");
    add_count(b, r->documents, "document, ", "documents, ");
    add_count(b, r->channels, "channel: ", "channels: ");
    if (r->problems)
        add_count(b, r->problems, "problem\n", "problems\n");
    else
        buf_addz(b, "all is well\n");
}

static int verify(struct printer *p, struct app *app)
{
    AUTO(buf_done) struct buf b = BUF_INIT(64 * KIB);
    const struct verify_options options = {p->quick, print_finding, show_progress, p};
    struct verify_report report = {0};
    struct err err = {0};

    if (verify_all(app, &options, &report, &err)) {
        clear_progress(p);
        return cli_fail(p->cli, &err);
    }
    if (p->json)
        add_json(&b, p, &report);
    else
        add_text(&b, &report);
    print(p, &b);
    return report.problems || p->failed ? CLI_FAILED : CLI_OK;
}

int cli_verify(struct cli *cli)
{
    struct printer p = {.cli = cli};
    const struct cli_flag flags[] = {{"quick", NULL, &p.quick}, {"json", NULL, &p.json}};
    struct cli_args args;
    struct config config;
    struct app app = {0};
    int fd = fileno(cli->err), status;

    p.terminal = fd >= 0 && isatty(fd);
    if (!cli_parse(cli, flags, COUNT(flags), &args))
        return CLI_USAGE;
    if (args.word_count)
        return cli_usage(cli, "verify takes flags only");
    if (!cli_config(cli, &args, &config, NULL))
        return CLI_USAGE;
    if (!cli_open_stores(cli, &config, &app))
        return CLI_FAILED;
    status = verify(&p, &app);
    app_close(&app);
    return status;
}
