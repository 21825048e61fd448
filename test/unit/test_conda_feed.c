/* rss.xml, which is made from some chunks of channeldata.json, is the one that all rows give. */
#include "channel_fixture.h"
#include "core_fixture.h"

#include "blob/blob.h"
#include "index/conda_html.h"
#include "index/conda_lists.h"
#include "index/list_write.h"

static enum err_code try_feed(struct channels *f, enum access_level widest, struct buf *out,
                              enum access_level *ret_access)
{
    return index_feed(f->tx, f->core->app.blobs, &f->ch, widest, out, ret_access, &f->err);
}

/* *ret_access: whose feed it is. */
static struct str feed_of(struct channels *f, enum access_level widest,
                          enum access_level *ret_access)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);

    must(f, try_feed(f, widest, &out, ret_access));
    return str_dup(f->mem, buf_str(&out));
}

/* As all rows give it. */
static struct str plain_of(struct channels *f, enum access_level widest)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    const struct view view = {.widest = widest};
    bool also;

    must(f, documents_make_one(f->tx, &f->ch, S(""), &view, S("rss.xml"), &out, &also, &f->err));
    return str_dup(f->mem, buf_str(&out));
}

static struct str feed(struct channels *f)
{
    enum access_level access;
    struct str is = feed_of(f, ACCESS_PUBLIC, &access), should = plain_of(f, ACCESS_PUBLIC);

    assert_int_equal(access, ACCESS_PUBLIC);
    assert_true(is.len > 0);
    assert_true(str_eq(is, should));
    return is;
}

/* The packages of the items, each after a blank. */
static struct str packages_in(struct channels *f, struct str feed)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    struct str line, name, begin = S("<title>");
    bool item = false;

    while (str_next(&feed, '\n', &line)) {
        item = item || str_eq(line, S("<item>"));
        if (!item || !str_starts(line, begin))
            continue;
        line = str_from(line, begin.len);
        assert_true(str_cut(&line, ' ', &name));
        buf_addc(&out, ' ');
        buf_add(&out, name);
    }
    assert_true(buf_ok(&out));
    return str_dup(f->mem, buf_str(&out));
}

static void add_as(struct channels *f, const char *name, int64_t ms, enum access_level access)
{
    const struct channel_file file = {name, "1", "0", "noarch", true, ms};

    (void)channel_add(f, &file);
    channel_set_access(f, name, access);
}

static void add(struct channels *f, const char *name, int64_t ms)
{
    add_as(f, name, ms, ACCESS_PUBLIC);
}

/* A feed is of the channel: its subdirs need not be made. */
static void update(struct channels *f)
{
    channel_rebuild(f, "");
}

/* ---- what it says ---- */

static void a_package_is_one_item(void **state)
{
    struct channels *f = *state;
    const struct channel_file more = {"x", "2", "0", "linux-64", false, INT64_C(1700000061000)};

    f->ch.label = S("dev");
    add(f, "x", INT64_C(1700000000000));
    update(f);
    channel_publish(f, &more);
    assert_str(feed(f),
               "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\">\n<channel>\n"
               "<title>alice/label/dev</title>\n<link>index.html</link>\n"
               "<description>The most recent updates of alice/label/dev.</description>\n"
               "<lastBuildDate>Tue, 14 Nov 2023 22:14:21 GMT</lastBuildDate>\n"
               "<item>\n<title>x 2 [linux-64, noarch]</title>\n"
               "<description>&lt;x&gt; &amp; co</description>\n<link>https://example.org/4</link>\n"
               "<guid isPermaLink=\"false\">alice/label/dev/x/2/1700000061000</guid>\n"
               "<pubDate>Tue, 14 Nov 2023 22:14:21 GMT</pubDate>\n</item>\n</channel>\n</rss>\n");
}

static void the_newest_come_first_and_of_a_time_by_name(void **state)
{
    struct channels *f = *state;

    add(f, "old", 1000);
    add(f, "b", 2000);
    add(f, "new", 3000);
    add(f, "c", 2000);
    add(f, "a", 2000);
    add(f, "b-b", 2000);
    update(f);
    assert_str(packages_in(f, feed(f)), " new a b b-b c old");
    channel_run(f, "UPDATE file SET uploaded_ms = 4000 WHERE filename = 'b-1-0.conda'");
    update(f);
    assert_str(packages_in(f, feed(f)), " b new a b-b c old");
}

/* ---- many ---- */

static void a_hundred_are_told_and_no_more(void **state)
{
    struct channels *f = *state;
    AUTO(buf_done) struct buf expected = BUF_INIT(MIB);

    for (int i = 0; i < CONDA_RSS_ITEMS; i++)
        add(f, str_fmt(f->mem, "p%d", i).ptr, CHANNEL_NOW - i);
    update(f);
    for (int i = 0; i < CONDA_RSS_ITEMS; i++)
        buf_addf(&expected, " p%d", i);
    assert_true(buf_ok(&expected));
    assert_true(str_eq(packages_in(f, feed(f)), buf_str(&expected)));
    add(f, "late", CHANNEL_NOW - CONDA_RSS_ITEMS);
    update(f);
    assert_true(str_eq(packages_in(f, feed(f)), buf_str(&expected)));
    channel_run(f, "UPDATE file SET uploaded_ms = uploaded_ms + 99999 WHERE filename LIKE 'late%'");
    update(f);
    assert_true(str_starts(packages_in(f, feed(f)), S(" late p0 p1 ")));
    assert_true(str_ends(packages_in(f, feed(f)), S(" p97 p98")));
}

enum { CHUNKS = 110 };

/* Packages that each begin a chunk of the list, with two more each that do not. */
static void add_chunks(struct channels *f, int64_t (*time)(struct chance *c, int i))
{
    const struct list_kind *kind = &conda_list_kinds[CONDA_CHANNELDATA];
    int added = 0;

    chance_begin(&f->chance, 7);
    for (unsigned n = 0; added < CHUNKS; n++) {
        struct str name = str_fmt(f->mem, "p%04u", n);

        if (!list_cuts_before(kind, name))
            continue;
        add(f, name.ptr, time(&f->chance, 3 * added));
        add(f, str_fmt(f->mem, "%s-a", name.ptr).ptr, time(&f->chance, 3 * added + 1));
        add(f, str_fmt(f->mem, "%s-b", name.ptr).ptr, time(&f->chance, 3 * added + 2));
        added++;
    }
    update(f);
    assert_true(channel_number(f, "SELECT COUNT(*) FROM index_chunk c JOIN index_list l ON l.id = "
                                  "c.list_id WHERE l.name = 'channeldata'") >= CHUNKS);
    f->chance.over = true;
}

static int64_t any_time(struct chance *c, int i)
{
    (void)i;
    return CHANNEL_NOW + (int64_t)chance_below(c, 100000);
}

static int64_t the_same(struct chance *c, int i)
{
    (void)c;
    (void)i;
    return CHANNEL_NOW;
}

/* The later by name the newer: what is wanted is in the last chunks. */
static int64_t by_number(struct chance *c, int i)
{
    (void)c;
    return CHANNEL_NOW + i;
}

static void more_chunks_than_items_give_the_same_feed(void **state,
                                                      int64_t (*time)(struct chance *, int))
{
    struct channels *f = *state;

    add_chunks(f, time);
    (void)feed(f);
}

static void feeds_of_times_at_random(void **state)
{
    more_chunks_than_items_give_the_same_feed(state, any_time);
}

static void feeds_of_one_time(void **state)
{
    more_chunks_than_items_give_the_same_feed(state, the_same);
}

static void feeds_whose_last_chunks_are_the_newest(void **state)
{
    more_chunks_than_items_give_the_same_feed(state, by_number);
}

/* ---- views, and none ---- */

static void a_view_is_told_of_its_own_packages(void **state)
{
    static const char *const expected[] = {" pub2 pub", " auth pub2 pub", " priv auth pub2 pub"};
    struct channels *f = *state;
    enum access_level access = ACCESS_PRIVATE;

    add(f, "pub", 1000);
    add(f, "pub2", 2000);
    update(f);
    for (unsigned v = 0; v < ACCESS_LEVELS; v++) {
        assert_str(packages_in(f, feed_of(f, (enum access_level)v, &access)), " pub2 pub");
        assert_int_equal(access, ACCESS_PUBLIC); /* it is everybody's */
    }
    add_as(f, "auth", 3000, ACCESS_AUTHENTICATED);
    add_as(f, "priv", 4000, ACCESS_PRIVATE);
    update(f);
    for (unsigned v = 0; v < ACCESS_LEVELS; v++) {
        struct str is = feed_of(f, (enum access_level)v, &access);

        assert_str(packages_in(f, is), expected[v]);
        assert_true(str_eq(is, plain_of(f, (enum access_level)v)));
        assert_int_equal(access, v);
    }
}

/* Where everything is hidden, others have no feed. */
static void a_channel_without_packages_has_none(void **state)
{
    struct channels *f = *state;
    AUTO(buf_done) struct buf out = BUF_INIT(KIB);
    enum access_level access = ACCESS_AUTHENTICATED;

    assert_int_equal(try_feed(f, ACCESS_PRIVATE, &out, &access), ERR_NOT_FOUND);
    add_as(f, "priv", 1000, ACCESS_PRIVATE);
    update(f);
    assert_int_equal(try_feed(f, ACCESS_PUBLIC, &out, &access), ERR_NOT_FOUND);
    assert_int_equal(try_feed(f, ACCESS_AUTHENTICATED, &out, &access), ERR_NOT_FOUND);
    assert_int_equal(out.len, 0);
    assert_int_equal(access, ACCESS_AUTHENTICATED); /* untouched */
    assert_str(packages_in(f, feed_of(f, ACCESS_PRIVATE, &access)), " priv");
}

static void a_channel_that_became_empty_tells_nothing(void **state)
{
    struct channels *f = *state;
    const struct channel_file file = {"x", "1", "0", "noarch", true, CHANNEL_NOW};
    AUTO(buf_done) struct buf empty = BUF_INIT(KIB);

    channel_publish(f, &file);
    channel_unpublish(f, &file);
    must(f, index_empty(&f->ch, S(""), S("rss.xml"), &empty, &f->err));
    assert_true(str_eq(feed(f), buf_str(&empty)));
}

static void a_chunk_that_is_lost_is_told(void **state)
{
    struct channels *f = *state;
    AUTO(buf_done) struct buf out = BUF_INIT(KIB);
    enum access_level access;

    add(f, "x", 1000);
    update(f);
    channel_commit(f);
    must(f,
         blob_remove(f->core->app.blobs,
                     CORE_TEXT(f->core, "SELECT c.sha256 FROM index_chunk c JOIN index_list l ON "
                                        "l.id = c.list_id WHERE l.name = 'channeldata'"),
                     &f->err));
    assert_int_equal(try_feed(f, ACCESS_PUBLIC, &out, &access), ERR_IO);
    assert_int_equal(out.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CHANNEL(a_package_is_one_item),
        WITH_CHANNEL(the_newest_come_first_and_of_a_time_by_name),
        WITH_CHANNEL(a_hundred_are_told_and_no_more),
        WITH_CHANNEL(feeds_of_times_at_random),
        WITH_CHANNEL(feeds_of_one_time),
        WITH_CHANNEL(feeds_whose_last_chunks_are_the_newest),
        WITH_CHANNEL(a_view_is_told_of_its_own_packages),
        WITH_CHANNEL(a_channel_without_packages_has_none),
        WITH_CHANNEL(a_channel_that_became_empty_tells_nothing),
        WITH_CHANNEL(a_chunk_that_is_lost_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
