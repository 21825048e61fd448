/* conda_html.c: see conda_html.h. */
#include "index/conda_html.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "format/json.h"

/* One item of the feed: a description is as long as a package makes it. */
#define RSS_ITEM_MAX (8 * LIMIT_INFO_MEMBER)

/* Columns of the channel's page; the subdirs that most people look for. */
static const char *const shown_subdirs[] = {"linux-64", "osx-64", "osx-arm64", "win-64", "noarch"};

static const char *const subdir_documents[] = {
    "repodata.json",        "repodata.json.zst",           "run_exports.json",
    "run_exports.json.zst", "repodata_shards.msgpack.zst",
};

/* Text from outside, in HTML: control characters have no meaning there and confuse readers. */
static void add_text(struct buf *out, struct str s)
{
    text_xml(out, s);
}

static bool is_web_address(struct str s)
{
    bool web = str_eq_nocase(str_sub(s, 0, 8), S("https://")) ||
               str_eq_nocase(str_sub(s, 0, 7), S("http://"));

    return web && !text_has_control(s);
}

/* label as a link if url is a web address, else bare (or nothing, if only a link makes sense). */
static void add_link(struct buf *out, struct str url, struct str label, bool bare)
{
    if (!is_web_address(url)) {
        if (bare)
            add_text(out, label);
        return;
    }
    buf_addz(out, "<a rel=\"nofollow noopener noreferrer\" href=\"");
    add_text(out, url);
    buf_addz(out, "\">");
    add_text(out, label);
    buf_addz(out, "</a>");
}

/* A link to something below the page's own folder. */
static void add_relative(struct buf *out, struct str path, const char *tail, struct str label)
{
    buf_addz(out, "<a href=\"");
    text_percent(out, path, "");
    buf_addz(out, tail);
    buf_addz(out, "\">");
    add_text(out, label);
    buf_addz(out, "</a>");
}

static void cell(struct buf *out, struct str s)
{
    buf_addz(out, "<td>");
    add_text(out, s);
    buf_addz(out, "</td>");
}

/* 2026-09-01 12:00:00 UTC */
static void add_time(struct buf *out, int64_t ms)
{
    char date[CLOCK_TEXT_MAX];
    struct str s = clock_rfc3339(ms, date);

    buf_add(out, str_sub(s, 0, 10));
    buf_addc(out, ' ');
    buf_add(out, str_sub(s, 11, 8));
    buf_addz(out, " UTC");
}

/* 812 B, 4.5 KB, 12.0 MB */
static void add_size(struct buf *out, int64_t size)
{
    static const char *const units[] = {"KB", "MB", "GB", "TB"};
    uint64_t whole = size < 0 ? 0 : (uint64_t)size, tenths = 0;
    size_t unit = 0;

    if (whole < 1024) {
        buf_addf(out, "%" PRIu64 " B", whole);
        return;
    }
    while (whole >= 1024 * (uint64_t)1024 && unit + 1 < COUNT(units)) {
        whole /= 1024;
        unit++;
    }
    tenths = whole * 10 / 1024;
    buf_addf(out, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, units[unit]);
}

static void page_begin(struct buf *out, struct str title, struct str subtitle)
{
    buf_addz(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<title>");
    for (int i = 0; i < 2; i++) {
        add_text(out, title);
        if (subtitle.len) {
            buf_addc(out, '/');
            add_text(out, subtitle);
        }
        buf_addz(out, i == 0 ? "</title>\n</head>\n<body>\n<h1>" : "</h1>\n");
    }
}

static void page_end(struct buf *out, size_t count, const char *what, int64_t newest_ms)
{
    buf_addf(out, "</tbody>\n</table>\n<p>%zu %s", count, what);
    if (count) {
        buf_addz(out, ", updated ");
        add_time(out, newest_ms);
    }
    buf_addz(out, "</p>\n</body>\n</html>\n");
}

void conda_subdir_page_init(struct conda_subdir_page *p)
{
    *p = (struct conda_subdir_page){.rows = BUF_INIT(LIMIT_INDEX_DOCUMENT)};
}

void conda_subdir_page_done(struct conda_subdir_page *p)
{
    buf_done(&p->rows);
}

void conda_subdir_page_row(const struct conda_row *row, struct buf *out)
{
    buf_addz(out, "<tr><td>");
    add_relative(out, row->filename, "", row->filename);
    buf_addz(out, "</td><td>");
    add_size(out, row->size);
    buf_addz(out, "</td><td>");
    add_time(out, row->uploaded_ms);
    buf_addz(out, "</td>");
    cell(out, row->sha256);
    cell(out, row->md5);
    buf_addz(out, "</tr>\n");
}

void conda_subdir_page_add(struct conda_subdir_page *p, const struct conda_row *row)
{
    conda_subdir_page_row(row, &p->rows);
    p->count++;
    if (row->uploaded_ms > p->newest_ms)
        p->newest_ms = row->uploaded_ms;
}

void conda_subdir_page_begin(struct str channel, struct str subdir, struct buf *out)
{
    page_begin(out, channel, subdir);
    buf_addz(out, "<p><a href=\"../index.html\">all packages</a>");
    for (size_t i = 0; i < COUNT(subdir_documents); i++) {
        buf_addc(out, '\n');
        add_relative(out, str_of(subdir_documents[i]), "", str_of(subdir_documents[i]));
    }
    buf_addz(out, "</p>\n<table>\n<thead>\n<tr><th>Filename</th><th>Size</th><th>Uploaded</th>"
                  "<th>SHA256</th><th>MD5</th></tr>\n</thead>\n<tbody>\n");
}

void conda_subdir_page_end(size_t count, int64_t newest_ms, struct buf *out)
{
    page_end(out, count, "files", newest_ms);
}

void conda_subdir_page_write(const struct conda_subdir_page *p, struct str channel,
                             struct str subdir, struct buf *out)
{
    conda_subdir_page_begin(channel, subdir, out);
    buf_add(out, buf_str(&p->rows));
    conda_subdir_page_end(p->count, p->newest_ms, out);
    if (!buf_ok(&p->rows))
        out->failed = true;
}

void conda_channel_page_init(struct conda_channel_page *p)
{
    *p = (struct conda_channel_page){.rows = BUF_INIT(LIMIT_INDEX_DOCUMENT)};
}

void conda_channel_page_done(struct conda_channel_page *p)
{
    buf_done(&p->rows);
}

static bool has_subdir(const json_t *subdirs, const char *subdir)
{
    for (size_t i = 0; i < json_array_size(subdirs); i++)
        if (str_eq(json_str(json_array_get(subdirs, i)), str_of(subdir)))
            return true;
    return false;
}

void conda_channel_page_row(const struct conda_package *package, struct buf *out)
{
    const json_t *entry = package->entry, *subdirs = json_object_get(entry, "subdirs");

    buf_addz(out, "<tr><td>");
    add_link(out, json_get_str(entry, "home"), package->name, true);
    buf_addz(out, "</td>");
    cell(out, json_get_str(entry, "version"));
    buf_addz(out, "<td>");
    add_link(out, json_get_str(entry, "doc_url"), S("doc"), false);
    buf_addz(out, "</td><td>");
    add_link(out, json_get_str(entry, "dev_url"), S("dev"), false);
    buf_addz(out, "</td>");
    cell(out, json_get_str(entry, "license"));
    for (size_t i = 0; i < COUNT(shown_subdirs); i++)
        cell(out, has_subdir(subdirs, shown_subdirs[i]) ? S("X") : S(""));
    cell(out, json_get_str(entry, "summary"));
    buf_addz(out, "</tr>\n");
}

void conda_channel_page_add(struct conda_channel_page *p, const struct conda_package *package)
{
    conda_channel_page_row(package, &p->rows);
    p->count++;
    if (package->uploaded_ms > p->newest_ms)
        p->newest_ms = package->uploaded_ms;
}

void conda_channel_page_begin(struct str channel, const json_t *subdirs, struct buf *out)
{
    page_begin(out, channel, S(""));
    buf_addz(out,
             "<p><a href=\"rss.xml\">RSS feed</a>\n<a href=\"channeldata.json\">channeldata.json"
             "</a></p>\n<p>");
    for (size_t i = 0; i < json_array_size(subdirs); i++) {
        struct str subdir = json_str(json_array_get(subdirs, i));

        if (i)
            buf_addc(out, '\n');
        add_relative(out, subdir, "/index.html", subdir);
    }
    buf_addz(out, "</p>\n<table>\n<thead>\n<tr><th>Package</th><th>Latest version</th>"
                  "<th>Doc</th><th>Dev</th><th>License</th>");
    for (size_t i = 0; i < COUNT(shown_subdirs); i++)
        buf_addf(out, "<th>%s</th>", shown_subdirs[i]);
    buf_addz(out, "<th>Summary</th></tr>\n</thead>\n<tbody>\n");
}

void conda_channel_page_end(size_t count, int64_t newest_ms, struct buf *out)
{
    page_end(out, count, "packages", newest_ms);
}

void conda_channel_page_write(const struct conda_channel_page *p, struct str channel,
                              const json_t *subdirs, struct buf *out)
{
    conda_channel_page_begin(channel, subdirs, out);
    buf_add(out, buf_str(&p->rows));
    conda_channel_page_end(p->count, p->newest_ms, out);
    if (!buf_ok(&p->rows))
        out->failed = true;
}

void conda_rss_init(struct conda_rss *r)
{
    *r = (struct conda_rss){0};
}

void conda_rss_done(struct conda_rss *r)
{
    for (size_t i = 0; i < r->count; i++)
        buf_done(&r->items[i].text);
    r->count = 0;
}

static void element(struct buf *out, const char *name, struct str text)
{
    buf_addf(out, "<%s>", name);
    text_xml(out, text);
    buf_addf(out, "</%s>\n", name);
}

static struct str first_text(const json_t *entry, const char *key, const char *other)
{
    struct str s = json_get_str(entry, key);

    return s.len ? s : json_get_str(entry, other);
}

/* "numpy 2.1.0 [linux-64, win-64]" */
static void rss_title(struct buf *out, const struct conda_package *package)
{
    const json_t *subdirs = json_object_get(package->entry, "subdirs");

    buf_addz(out, "<title>");
    text_xml(out, package->name);
    buf_addc(out, ' ');
    text_xml(out, json_get_str(package->entry, "version"));
    buf_addz(out, " [");
    for (size_t i = 0; i < json_array_size(subdirs); i++) {
        if (i)
            buf_addz(out, ", ");
        text_xml(out, json_str(json_array_get(subdirs, i)));
    }
    buf_addz(out, "]</title>\n");
}

static void rss_item(struct buf *out, struct str channel, const struct conda_package *package)
{
    const json_t *entry = package->entry;
    struct str text = first_text(entry, "description", "summary");
    struct str link = first_text(entry, "doc_url", "home");
    char date[CLOCK_TEXT_MAX];

    buf_addz(out, "<item>\n");
    rss_title(out, package);
    element(out, "description", text.len ? text : S("No description."));
    if (is_web_address(link))
        element(out, "link", link);
    if (is_web_address(json_get_str(entry, "dev_url")))
        element(out, "comments", json_get_str(entry, "dev_url"));
    buf_addz(out, "<guid isPermaLink=\"false\">");
    text_xml(out, channel);
    buf_addc(out, '/');
    text_xml(out, package->name);
    buf_addc(out, '/');
    text_xml(out, json_get_str(entry, "version"));
    buf_addf(out, "/%" PRId64 "</guid>\n", package->uploaded_ms);
    element(out, "pubDate", clock_http(package->uploaded_ms, date));
    buf_addz(out, "</item>\n");
}

/* Ranked by our own clock: the time of a build is what its maker says, even the year 9999. */
void conda_rss_add(struct conda_rss *r, struct str channel, const struct conda_package *package)
{
    struct buf text = BUF_INIT(RSS_ITEM_MAX);
    size_t at = r->count;

    while (at > 0 && r->items[at - 1].uploaded_ms < package->uploaded_ms)
        at--;
    if (at == CONDA_RSS_ITEMS)
        return;
    rss_item(&text, channel, package);
    if (r->count == CONDA_RSS_ITEMS)
        buf_done(&r->items[--r->count].text);
    memmove(&r->items[at + 1], &r->items[at], (r->count - at) * sizeof r->items[0]);
    r->items[at].uploaded_ms = package->uploaded_ms;
    r->items[at].text = text;
    r->count++;
}

void conda_rss_write(const struct conda_rss *r, struct str channel, struct buf *out)
{
    char date[CLOCK_TEXT_MAX];

    buf_addz(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\">\n<channel>\n");
    element(out, "title", channel);
    element(out, "link", S("index.html"));
    buf_addz(out, "<description>The most recent updates of ");
    text_xml(out, channel);
    buf_addz(out, ".</description>\n");
    if (r->count)
        element(out, "lastBuildDate", clock_http(r->items[0].uploaded_ms, date));
    for (size_t i = 0; i < r->count; i++) {
        buf_add(out, buf_str(&r->items[i].text));
        if (!buf_ok(&r->items[i].text))
            out->failed = true;
    }
    buf_addz(out, "</channel>\n</rss>\n");
}
