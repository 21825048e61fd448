/* Pages of a channel: complete, and inert whatever a package says. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "index/conda_html.h"

static const char *text_of(struct buf *b)
{
    buf_addc(b, '\0');
    assert_true(buf_ok(b));
    return b->ptr;
}

static void assert_has(const char *page, const char *part)
{
    if (!strstr(page, part))
        print_error("\"%s\" is not in:\n%s\n", part, page);
    assert_non_null(strstr(page, part));
}

static void assert_has_not(const char *page, const char *part)
{
    if (strstr(page, part))
        print_error("\"%s\" is in:\n%s\n", part, page);
    assert_null(strstr(page, part));
}

static void a_subdir_page_lists_its_files(void **state)
{
    struct conda_subdir_page p;
    struct conda_row row = {.filename = S("x-1!2.0-a+b.conda"),
                            .sha256 = S("aa"),
                            .md5 = S("bb"),
                            .size = 1023,
                            .uploaded_ms = 1700000000999};
    struct buf b = BUF_INIT(MIB);

    (void)state;
    conda_subdir_page_init(&p);
    conda_subdir_page_add(&p, &row);
    conda_subdir_page_write(&p, S("alice"), S("linux-64"), &b);
    assert_string_equal(
        text_of(&b),
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>alice/linux-64</title>\n</head>\n<body>\n<h1>alice/linux-64</h1>\n"
        "<p><a href=\"../index.html\">all packages</a>\n"
        "<a href=\"repodata.json\">repodata.json</a>\n"
        "<a href=\"repodata.json.zst\">repodata.json.zst</a>\n"
        "<a href=\"run_exports.json\">run_exports.json</a>\n"
        "<a href=\"run_exports.json.zst\">run_exports.json.zst</a>\n"
        "<a href=\"repodata_shards.msgpack.zst\">repodata_shards.msgpack.zst</a></p>\n"
        "<table>\n<thead>\n<tr><th>Filename</th><th>Size</th><th>Uploaded</th>"
        "<th>SHA256</th><th>MD5</th></tr>\n</thead>\n<tbody>\n"
        "<tr><td><a href=\"x-1%212.0-a%2Bb.conda\">x-1!2.0-a+b.conda</a></td><td>1023 B</td>"
        "<td>2023-11-14 22:13:20 UTC</td><td>aa</td><td>bb</td></tr>\n"
        "</tbody>\n</table>\n<p>1 files, updated 2023-11-14 22:13:20 UTC</p>\n</body>\n</html>\n");
    buf_done(&b);
    conda_subdir_page_done(&p);
}

static void sizes_are_told_in_fitting_units(void **state)
{
    static const struct {
        int64_t size;
        const char *text;
    } cases[] = {
        {0, "<td>0 B</td>"},
        {1024, "<td>1.0 KB</td>"},
        {1536, "<td>1.5 KB</td>"},
        {1048575, "<td>1023.9 KB</td>"},
        {1048576, "<td>1.0 MB</td>"},
        {INT64_C(5) << 30, "<td>5.0 GB</td>"},
        {INT64_C(3) << 50, "<td>3072.0 TB</td>"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct conda_row row = {.filename = S("x"), .size = cases[i].size};
        struct conda_subdir_page p;

        conda_subdir_page_init(&p);
        conda_subdir_page_add(&p, &row);
        assert_has(text_of(&p.rows), cases[i].text);
        conda_subdir_page_done(&p);
    }
}

static json_t *entry(const char *text)
{
    json_t *v = json_loads(text, 0, NULL);

    assert_non_null(v);
    return v;
}

static void a_channel_page_lists_its_packages(void **state)
{
    json_t *e = entry("{\"home\":\"https://h/\",\"doc_url\":\"http://d?a&b\",\"dev_url\":\"\","
                      "\"license\":\"MIT\",\"summary\":\"a <b>\",\"version\":\"1.0\","
                      "\"subdirs\":[\"noarch\",\"win-64\",\"zos-z\"]}");
    json_t *subdirs = entry("[\"noarch\",\"win-64\",\"zos-z\"]");
    struct conda_package package = {S("x"), e, 1700000000999};
    struct conda_channel_page p;
    struct buf b = BUF_INIT(MIB);
    const char *page;

    (void)state;
    conda_channel_page_init(&p);
    conda_channel_page_add(&p, &package);
    conda_channel_page_write(&p, S("alice/label/dev"), subdirs, &b);
    page = text_of(&b);
    assert_has(page, "<h1>alice/label/dev</h1>");
    assert_has(page, "<a href=\"zos-z/index.html\">zos-z</a>");
    assert_has(page, "<a href=\"rss.xml\">RSS feed</a>");
    assert_has(page, "<a href=\"channeldata.json\">");
    assert_has(page, "<th>linux-64</th><th>osx-64</th><th>osx-arm64</th><th>win-64</th>"
                     "<th>noarch</th>");
    assert_has(page,
               "<tr><td><a rel=\"nofollow noopener noreferrer\" href=\"https://h/\">x</a></td>"
               "<td>1.0</td>"
               "<td><a rel=\"nofollow noopener noreferrer\" href=\"http://d?a&amp;b\">doc</a></td>"
               "<td></td><td>MIT</td><td></td><td></td><td></td><td>X</td><td>X</td>"
               "<td>a &lt;b&gt;</td></tr>\n");
    assert_has(page, "<p>1 packages, updated 2023-11-14 22:13:20 UTC</p>");
    buf_done(&b);
    conda_channel_page_done(&p);
    json_decref(e);
    json_decref(subdirs);
}

static void only_web_addresses_become_links(void **state)
{
    static const char *const evil[] = {
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "data:text/html,x",
        "//host/x",
        "/x",
        " https://x",
        "https:/x",
        "ftp://x",
        "https://x\\u0001",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(evil); i++) {
        struct conda_channel_page p;
        struct conda_rss r;
        char text[200];
        json_t *e;

        snprintf(text, sizeof text, "{\"home\":\"%s\",\"doc_url\":\"%s\",\"dev_url\":\"%s\"}",
                 evil[i], evil[i], evil[i]);
        e = entry(text);
        conda_channel_page_init(&p);
        conda_rss_init(&r);
        conda_channel_page_add(&p, &(struct conda_package){S("x"), e, 1});
        assert_has_not(text_of(&p.rows), "href");
        assert_has(p.rows.ptr, "<td>x</td>");
        conda_rss_add(&r, S("alice"), &(struct conda_package){S("x"), e, 1});
        assert_has_not(text_of(&r.items[0].text), "<link>");
        assert_has_not(r.items[0].text.ptr, "<comments>");
        conda_channel_page_done(&p);
        conda_rss_done(&r);
        json_decref(e);
    }
}

static void markup_and_control_characters_are_inert(void **state)
{
    json_t *e = entry("{\"home\":\"https://h/\\\"onclick='x'><script>\","
                      "\"license\":\"</td><script>\",\"summary\":\"&\\u001b[31m\\u0007\","
                      "\"version\":\"<\",\"subdirs\":[\"<x>\"]}");
    struct conda_package package = {S("<img>"), e, 1};
    struct conda_channel_page p;
    struct conda_rss r;
    struct buf b = BUF_INIT(MIB);

    (void)state;
    conda_channel_page_init(&p);
    conda_rss_init(&r);
    conda_channel_page_add(&p, &package);
    conda_rss_add(&r, S("<alice>"), &package);
    assert_has(text_of(&p.rows), "href=\"https://h/&quot;onclick=");
    assert_has(p.rows.ptr, "&amp;?[31m");
    conda_rss_write(&r, S("<alice>"), &b);
    assert_has(text_of(&b), "<title>&lt;img&gt; &lt; [&lt;x&gt;]</title>");
    for (size_t i = 0; i < 2; i++) {
        const char *page = i ? b.ptr : p.rows.ptr;

        assert_has_not(page, "<script");
        assert_has_not(page, "<img");
        assert_has_not(page, "<x>");
        assert_has_not(page, "<alice>");
        assert_has_not(page, "\033");
    }
    buf_done(&b);
    conda_channel_page_done(&p);
    conda_rss_done(&r);
    json_decref(e);
}

static void pages_have_no_scripts_and_no_styles(void **state)
{
    struct conda_subdir_page s;
    struct conda_channel_page c;
    struct buf b = BUF_INIT(MIB);
    json_t *subdirs = entry("[]");

    (void)state;
    conda_subdir_page_init(&s);
    conda_channel_page_init(&c);
    conda_subdir_page_write(&s, S("a"), S("noarch"), &b);
    conda_channel_page_write(&c, S("a"), subdirs, &b);
    assert_has_not(text_of(&b), "style");
    assert_has_not(b.ptr, "script");
    assert_has_not(b.ptr, "href=\"/");
    assert_has(b.ptr, "<p>0 files</p>");
    assert_has(b.ptr, "<p>0 packages</p>");
    buf_done(&b);
    conda_subdir_page_done(&s);
    conda_channel_page_done(&c);
    json_decref(subdirs);
}

static void a_feed_item_tells_of_its_package(void **state)
{
    json_t *e = entry("{\"summary\":\"short\",\"home\":\"https://h\",\"dev_url\":\"https://d\","
                      "\"version\":\"1.0\",\"subdirs\":[\"noarch\",\"win-64\"]}");
    struct conda_rss r;
    struct buf b = BUF_INIT(MIB);

    (void)state;
    conda_rss_init(&r);
    conda_rss_add(&r, S("alice"), &(struct conda_package){S("x"), e, 1700000000999});
    conda_rss_write(&r, S("alice"), &b);
    assert_string_equal(text_of(&b),
                        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\">\n"
                        "<channel>\n<title>alice</title>\n<link>index.html</link>\n"
                        "<description>The most recent updates of alice.</description>\n"
                        "<lastBuildDate>Tue, 14 Nov 2023 22:13:20 GMT</lastBuildDate>\n"
                        "<item>\n<title>x 1.0 [noarch, win-64]</title>\n"
                        "<description>short</description>\n<link>https://h</link>\n"
                        "<comments>https://d</comments>\n"
                        "<guid isPermaLink=\"false\">alice/x/1.0/1700000000999</guid>\n"
                        "<pubDate>Tue, 14 Nov 2023 22:13:20 GMT</pubDate>\n</item>\n"
                        "</channel>\n</rss>\n");
    buf_done(&b);
    conda_rss_done(&r);
    json_decref(e);
}

static void the_feed_keeps_the_newest_hundred(void **state)
{
    json_t *e = entry("{\"version\":\"1\"}");
    struct conda_rss r;
    char name[20];

    (void)state;
    conda_rss_init(&r);
    for (int i = 0; i < 250; i++) {
        snprintf(name, sizeof name, "p%03d", i);
        /* 0, 37, 74 ... 250 different times in no order */
        conda_rss_add(&r, S("a"), &(struct conda_package){str_of(name), e, i * 37 % 250});
    }
    assert_int_equal(r.count, CONDA_RSS_ITEMS);
    for (size_t i = 0; i < r.count; i++)
        assert_int_equal(r.items[i].uploaded_ms, 249 - (int)i);
    conda_rss_done(&r);
    json_decref(e);
}

static void equal_times_are_told_by_name(void **state)
{
    json_t *e = entry("{\"version\":\"1\"}");
    struct conda_rss r;

    (void)state;
    conda_rss_init(&r);
    conda_rss_add(&r, S("ch"), &(struct conda_package){S("aa"), e, 5});
    conda_rss_add(&r, S("ch"), &(struct conda_package){S("bb"), e, 5});
    conda_rss_add(&r, S("ch"), &(struct conda_package){S("cc"), e, 6});
    assert_has(text_of(&r.items[0].text), "<title>cc ");
    assert_has(text_of(&r.items[1].text), "<title>aa ");
    assert_has(text_of(&r.items[2].text), "<title>bb ");
    conda_rss_done(&r);
    json_decref(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subdir_page_lists_its_files),
        cmocka_unit_test(sizes_are_told_in_fitting_units),
        cmocka_unit_test(a_channel_page_lists_its_packages),
        cmocka_unit_test(only_web_addresses_become_links),
        cmocka_unit_test(markup_and_control_characters_are_inert),
        cmocka_unit_test(pages_have_no_scripts_and_no_styles),
        cmocka_unit_test(a_feed_item_tells_of_its_package),
        cmocka_unit_test(the_feed_keeps_the_newest_hundred),
        cmocka_unit_test(equal_times_are_told_by_name),
    };

    return cmocka_run_group_tests_name("conda_html", tests, NULL, NULL);
}
