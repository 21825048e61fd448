/* conda_html.h: the pages of a channel for people: index.html of a subdir and of the channel, and
 * rss.xml.
 *
 * Everything shown comes from packages, so everything is escaped; there are no scripts and no
 * styles (the content security policy allows none); only http(s) addresses become links, and all
 * others are relative, so that a page is right under any host and mount. */
#ifndef INDEX_CONDA_HTML_H
#define INDEX_CONDA_HTML_H
#include "index/conda_channeldata.h"
#include "index/conda_row.h"

/* index.html of a subdir: a table of its files. A zeroed one is not ready: init. */
struct conda_subdir_page {
    struct buf rows;
    size_t count;
    int64_t newest_ms;
};
void conda_subdir_page_init(struct conda_subdir_page *p);
void conda_subdir_page_done(struct conda_subdir_page *p);
void conda_subdir_page_add(struct conda_subdir_page *p,
                           const struct conda_row *row); /* sorted by filename */
/* channel: its name, for the title. Failures show in out, here and below. */
void conda_subdir_page_write(const struct conda_subdir_page *p, struct str channel,
                             struct str subdir, struct buf *out);

/* The same in parts: what stands before the rows, a row, what stands after them. */
void conda_subdir_page_begin(struct str channel, struct str subdir, struct buf *out);
void conda_subdir_page_row(const struct conda_row *row, struct buf *out);
void conda_subdir_page_end(size_t count, int64_t newest_ms, struct buf *out);

/* index.html of a channel: a table of its packages. */
struct conda_channel_page {
    struct buf rows;
    size_t count;
    int64_t newest_ms;
};
void conda_channel_page_init(struct conda_channel_page *p);
void conda_channel_page_done(struct conda_channel_page *p);
void conda_channel_page_add(struct conda_channel_page *p,
                            const struct conda_package *package); /* sorted by name */
/* subdirs: array of strings. */
void conda_channel_page_write(const struct conda_channel_page *p, struct str channel,
                              const json_t *subdirs, struct buf *out);

void conda_channel_page_begin(struct str channel, const json_t *subdirs, struct buf *out);
void conda_channel_page_row(const struct conda_package *package, struct buf *out);
void conda_channel_page_end(size_t count, int64_t newest_ms, struct buf *out);

/* rss.xml: the packages that got a file last, newest first (RSS 2.0). */
#define CONDA_RSS_ITEMS 100
struct conda_rss {
    struct {
        int64_t uploaded_ms;
        struct buf text; /* the whole <item> */
    } items[CONDA_RSS_ITEMS];
    size_t count;
};
void conda_rss_init(struct conda_rss *r);
void conda_rss_done(struct conda_rss *r);
/* channel: part of each item's identity. */
void conda_rss_add(struct conda_rss *r, struct str channel, const struct conda_package *package);
void conda_rss_write(const struct conda_rss *r, struct str channel, struct buf *out);

#endif
