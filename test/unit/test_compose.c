/* What composed documents are of: which there are, their parts, sizes and digests. */
#include "channel_fixture.h"
#include "core_fixture.h"

#include "base/cache.h"
#include "base/mem.h"
#include "format/stitch.h"
#include "index/compose.h"
#include "read_document.h"

static const struct channel_file x1 = {"x", "1", "0", "linux-64", true, CHANNEL_NOW},
                                 y1 = {"y", "1", "0", "linux-64", false, CHANNEL_NOW + 5},
                                 z1 = {"z", "1", "0", "osx-64", true, CHANNEL_NOW + 7};

static struct composition compose_it(struct channels *f, const char *subdir, const char *name,
                                     enum access_level access)
{
    const struct index_place place = {f->ch.account_id, f->ch.label, access, str_of(subdir)};
    struct composition c = {0};

    must(f, compose(f->tx, f->mem, &f->ch, &place, str_of(name), 0, &c, &f->err));
    return c;
}

/* Its texts, and its lists as "[name: items]". */
static struct str parts_of(struct channels *f, const struct composition *c)
{
    struct str all = S("");

    assert_true(c->count <= COMPOSE_PARTS);
    for (size_t i = 0; i < c->count; i++) {
        const struct compose_part *p = &c->parts[i];

        all = p->kind ? str_fmt(f->mem, STR_FMT "[" STR_FMT ": %lld]", STR_ARG(all),
                                STR_ARG(p->kind->name), (long long)p->list.items)
                      : str_fmt(f->mem, STR_FMT STR_FMT, STR_ARG(all), STR_ARG(p->text));
    }
    return all;
}

static struct str digest_of(struct channels *f, const struct composition *c, enum index_form form)
{
    char digest[SHA256_HEX + 1];

    must(f, compose_digest(c, form, digest, &f->err));
    assert_int_equal(strlen(digest), SHA256_HEX);
    return str_dup(f->mem, str_of(digest));
}

/* ---- which there are ---- */

static void places_have_their_documents(void **state)
{
    static const struct {
        const char *subdir, *name;
        size_t number;
        bool text, zstd;
    } all[] = {
        {"linux-64", "repodata.json", 0, true, true},
        {"linux-64", "run_exports.json", 1, true, true},
        {"linux-64", "repodata_shards.msgpack.zst", 2, false, false},
        {"linux-64", "index.html", 3, true, false},
        {"", "channeldata.json", 0, true, false},
        {"", "index.html", 1, true, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        struct composed_name name = compose_name(str_of(all[i].subdir), all[i].number);

        assert_str(name.name, all[i].name);
        assert_int_equal(name.text, all[i].text);
        assert_int_equal(name.zstd, all[i].zstd);
    }
    assert_null(compose_name(S("linux-64"), 4).name.ptr);
    assert_null(compose_name(S(""), 2).name.ptr);
    assert_null(compose_name(S(""), SIZE_MAX).name.ptr);
}

static void other_names_are_not_composed(void **state)
{
    static const char *const names[][2] = {{"linux-64", ""},
                                           {"linux-64", "repodata.json.zst"},
                                           {"linux-64", "rss.xml"},
                                           {"linux-64", "repodata"},
                                           {"linux-64", "channeldata.json"},
                                           {"", "repodata.json"},
                                           {"", "rss.xml"},
                                           {"", "notices.json"}};
    struct channels *f = *state;
    struct composition c = {.count = 77};

    channel_publish(f, &x1);
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct index_place place = {f->ch.account_id, f->ch.label, ACCESS_PUBLIC,
                                          str_of(names[i][0])};

        assert_int_equal(
            compose(f->tx, f->mem, &f->ch, &place, str_of(names[i][1]), 0, &c, &f->err),
            ERR_NOT_FOUND);
    }
    assert_int_equal(c.count, 77); /* untouched */
}

static void a_whole_name_says_the_form(void **state)
{
    static const struct {
        const char *name;
        enum index_form wanted, is;
        enum err_code code;
    } cases[] = {
        {"repodata.json", INDEX_TEXT, INDEX_TEXT, OK},
        {"repodata.json", INDEX_GZIP, INDEX_GZIP, OK},
        {"repodata.json.zst", INDEX_TEXT, INDEX_ZSTD, OK},
        {"repodata.json.zst", INDEX_GZIP, INDEX_ZSTD, OK},
        {"repodata_shards.msgpack.zst", INDEX_TEXT, INDEX_ZSTD, OK},
        {"run_exports.json.zst", INDEX_TEXT, INDEX_ZSTD, OK},
        {"index.html", INDEX_TEXT, INDEX_TEXT, OK},
        {"index.html.zst", INDEX_TEXT, 0, ERR_NOT_FOUND},
        {"repodata_shards.msgpack", INDEX_TEXT, 0, ERR_NOT_FOUND},
        {"repodata.json.zst.zst", INDEX_TEXT, 0, ERR_NOT_FOUND},
        {".zst", INDEX_TEXT, 0, ERR_NOT_FOUND},
    };
    struct channels *f = *state;
    const struct index_place place = {f->ch.account_id, f->ch.label, ACCESS_PUBLIC, S("linux-64")};

    channel_publish(f, &x1);
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum index_form form = cases[i].wanted;
        struct composition c;

        assert_int_equal(compose_named(f->tx, f->mem, &f->ch, &place, str_of(cases[i].name), 0,
                                       &form, &c, &f->err),
                         cases[i].code);
        if (!cases[i].code)
            assert_int_equal(form, cases[i].is);
    }
}

/* ---- what they are of ---- */

static void documents_are_texts_around_lists(void **state)
{
    struct channels *f = *state;
    struct composition c;

    channel_publish(f, &x1);
    channel_publish(f, &y1);
    channel_publish(f, &z1);
    c = compose_it(f, "linux-64", "repodata.json", ACCESS_PUBLIC);
    assert_str(parts_of(f, &c), "{\"info\":{\"subdir\":\"linux-64\"},\"packages\":{[packages: 1]},"
                                "\"packages.conda\":{[packages.conda: 1]},\"removed\":[],"
                                "\"repodata_version\":1}");
    c = compose_it(f, "linux-64", "run_exports.json", ACCESS_PUBLIC);
    assert_str(parts_of(f, &c), "{\"info\":{\"subdir\":\"linux-64\",\"version\":1},\"packages\":{"
                                "[run_exports: 1]},\"packages.conda\":{[run_exports.conda: 1]}}");
    c = compose_it(f, "", "channeldata.json", ACCESS_PUBLIC);
    assert_str(parts_of(f, &c), "{\"channeldata_version\":1,\"packages\":{[channeldata: 3]},"
                                "\"subdirs\":[\"linux-64\",\"noarch\",\"osx-64\"]}\n");
    c = compose_it(f, "linux-64", "index.html", ACCESS_PUBLIC);
    assert_int_equal(c.count, 3);
    assert_int_equal(c.parts[1].list.items, 2);
    c = compose_it(f, "", "index.html", ACCESS_PUBLIC);
    assert_int_equal(c.count, 3);
    assert_int_equal(c.parts[1].list.items, 3);
    c = compose_it(f, "linux-64", "repodata_shards.msgpack.zst", ACCESS_PUBLIC);
    assert_int_equal(c.count, 3);
    assert_int_equal(c.parts[1].list.items, 2);
    assert_non_null(
        memmem(c.parts[0].text.ptr, c.parts[0].text.len, "2023-11-14T22:13:20.005Z", 24));
}

static void a_place_without_lists_is_empty(void **state)
{
    static const char *const names[][2] = {{"osx-64", "repodata.json"},
                                           {"osx-64", "run_exports.json"},
                                           {"osx-64", "index.html"},
                                           {"", "channeldata.json"},
                                           {"", "index.html"}};
    struct channels *f = *state;

    for (size_t i = 0; i < COUNT(names); i++) {
        struct composition c = compose_it(f, names[i][0], names[i][1], ACCESS_PRIVATE);
        AUTO(buf_done) struct buf empty = BUF_INIT(MIB);
        struct index_body *body = NULL;
        struct str bytes = {0};

        must(f, index_empty(&f->ch, str_of(names[i][0]), str_of(names[i][1]), &empty, &f->err));
        must(f, compose_body(f->tx, f->core->app.blobs, &c, INDEX_TEXT, &body, &f->err));
        must(f, read_body(body, f->mem, &bytes, &f->err));
        assert_true(str_eq(bytes, buf_str(&empty)));
        assert_int_equal(compose_size(&c, INDEX_TEXT), bytes.len);
        shared_unref(body);
    }
}

/* noarch is always among them, wherever it stands; none but those with files that are shown. */
static void the_subdirs_of_a_channel_are_those_with_files(void **state)
{
    static const struct channel_file aix = {"a", "1", "0", "aix-ppc64", true, CHANNEL_NOW},
                                     zos = {"b", "1", "0", "zos-z", true, CHANNEL_NOW},
                                     noarch = {"c", "1", "0", "noarch", true, CHANNEL_NOW};
    struct channels *f = *state;
    const struct index_change a = {S("a"), channel_filename(f->mem, &aix)};
#define SUBDIRS(access) (compose_it(f, "", "channeldata.json", (access)).parts[2].text)
    assert_str(SUBDIRS(ACCESS_PUBLIC), "},\"subdirs\":[\"noarch\"]}\n");
    channel_publish(f, &aix);
    assert_str(SUBDIRS(ACCESS_PUBLIC), "},\"subdirs\":[\"aix-ppc64\",\"noarch\"]}\n");
    channel_publish(f, &zos);
    assert_str(SUBDIRS(ACCESS_PUBLIC), "},\"subdirs\":[\"aix-ppc64\",\"noarch\",\"zos-z\"]}\n");
    channel_publish(f, &noarch);
    assert_str(SUBDIRS(ACCESS_PUBLIC), "},\"subdirs\":[\"aix-ppc64\",\"noarch\",\"zos-z\"]}\n");
    channel_set_access(f, "a", ACCESS_PRIVATE);
    channel_update(f, "aix-ppc64", &a, 1);
    assert_str(SUBDIRS(ACCESS_PUBLIC), "},\"subdirs\":[\"noarch\",\"zos-z\"]}\n");
    assert_str(SUBDIRS(ACCESS_AUTHENTICATED), "},\"subdirs\":[\"noarch\",\"zos-z\"]}\n");
    assert_str(SUBDIRS(ACCESS_PRIVATE), "},\"subdirs\":[\"aix-ppc64\",\"noarch\",\"zos-z\"]}\n");
    channel_unpublish(f, &zos);
    assert_str(SUBDIRS(ACCESS_PUBLIC), "},\"subdirs\":[\"noarch\"]}\n");
#undef SUBDIRS
}

static void each_view_has_its_lists(void **state)
{
    struct channels *f = *state;
    const struct index_change y = {S("y"), channel_filename(f->mem, &y1)};
    struct composition public, signed_in, private;

    channel_publish(f, &x1);
    channel_publish(f, &y1);
    channel_set_access(f, "y", ACCESS_PRIVATE);
    channel_update(f, "linux-64", &y, 1);
    public = compose_it(f, "linux-64", "repodata.json", ACCESS_PUBLIC);
    signed_in = compose_it(f, "linux-64", "repodata.json", ACCESS_AUTHENTICATED);
    private = compose_it(f, "linux-64", "repodata.json", ACCESS_PRIVATE);
    assert_int_equal(public.parts[1].list.items, 0);
    assert_int_equal(private.parts[1].list.items, 1);
    assert_true(str_eq(digest_of(f, &public, INDEX_TEXT), digest_of(f, &signed_in, INDEX_TEXT)));
    assert_false(str_eq(digest_of(f, &public, INDEX_TEXT), digest_of(f, &private, INDEX_TEXT)));
}

/* ---- what they come to ---- */

/* Made up: a text, a list of two chunks, a text. */
static struct composition made_up(void)
{
    static const struct list_kind kind = {{"kind", 4}, {{", ", 2}, true}, 3};

    return (struct composition){
        .parts = {{.text = S("begin")},
                  {.kind = &kind,
                   .list = {1, 5, 2, 1000, 300, 400, 9,
                            S("1111111111111111111111111111111111111111111111111111111111111111"),
                            3}},
                  {.text = S("end")}},
        .count = 3};
}

static void sizes_are_sums(void **state)
{
    struct composition c = made_up();

    (void)state;
    assert_int_equal(compose_size(&c, INDEX_TEXT), 5 + 1000 + 2 + 3);
    assert_int_equal(compose_size(&c, INDEX_ZSTD), ZSTD_HEAD_SIZE + zstd_stored_size(5) + 300 +
                                                       zstd_stored_size(2) + zstd_stored_size(3) +
                                                       ZSTD_END_SIZE);
    assert_int_equal(compose_size(&c, INDEX_GZIP), GZIP_HEAD_SIZE + gzip_stored_size(5) + 400 +
                                                       gzip_stored_size(2) + gzip_stored_size(3) +
                                                       GZIP_END_SIZE);
    c.parts[1].list = (struct index_list_row){.mark = INDEX_MARK_EMPTY};
    assert_int_equal(compose_size(&c, INDEX_TEXT), 8); /* no separator */
    c.count = 0;
    assert_int_equal(compose_size(&c, INDEX_TEXT), 0);
}

static void only_lists_with_gzip_are_had_in_it(void **state)
{
    static const struct list_kind bare = {{"bare", 4}, {{"", 0}, false}, 3};
    struct composition c = made_up();

    (void)state;
    assert_true(compose_has(&c, INDEX_TEXT) && compose_has(&c, INDEX_ZSTD) &&
                compose_has(&c, INDEX_GZIP));
    c.parts[1].kind = &bare;
    assert_true(compose_has(&c, INDEX_TEXT) && compose_has(&c, INDEX_ZSTD));
    assert_false(compose_has(&c, INDEX_GZIP));
}

/* It differs as soon as the bytes do, and not for what is not in them. */
static void digests_are_of_the_bytes(void **state)
{
    struct channels *f = *state;
    struct composition c = made_up(), other;
    struct str digest = digest_of(f, &c, INDEX_TEXT);

    assert_true(str_eq(digest_of(f, &c, INDEX_TEXT), digest));
    assert_false(str_eq(digest_of(f, &c, INDEX_ZSTD), digest));
    assert_false(str_eq(digest_of(f, &c, INDEX_GZIP), digest));
    other = c;
    other.parts[1].list.id = 99;
    other.parts[1].list.since = 99;
    other.generation = 4;
    assert_true(str_eq(digest_of(f, &other, INDEX_TEXT), digest));
#define DIFFERS(change)                                                                            \
    do {                                                                                           \
        other = made_up();                                                                         \
        change;                                                                                    \
        assert_false(str_eq(digest_of(f, &other, INDEX_TEXT), digest));                            \
    } while (0)
    DIFFERS(other.parts[0].text = S("begin "));
    DIFFERS(other.parts[2].text = S(""));
    DIFFERS(other.parts[1].list.mark = INDEX_MARK_EMPTY);
    DIFFERS(other.count = 2);
    /* Nor can a text be taken for a list, or for two. */
    DIFFERS(other.parts[1] = (struct compose_part){.text = c.parts[1].list.mark});
    DIFFERS(other.parts[0].text = S("begin\nt3 end"));
#undef DIFFERS
}

/* Each allocation fails in turn. */
static void lack_of_memory_is_told(void **state)
{
    static const char *const names[][2] = {{"linux-64", "repodata.json"},
                                           {"linux-64", "repodata_shards.msgpack.zst"},
                                           {"linux-64", "index.html"},
                                           {"", "channeldata.json"},
                                           {"", "index.html"}};
    struct channels *f = *state;

    channel_publish(f, &x1);
    channel_commit(f);
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct index_place place = {f->ch.account_id, f->ch.label, ACCESS_PUBLIC,
                                          str_of(names[i][0])};
        enum err_code code = ERR_NOMEM;

        for (long n = 1; code; n++) {
            AUTO(arena_closep) struct arena *mem = arena_open(MIB);
            struct composition c = {.count = 77};
            char digest[SHA256_HEX + 1];

            mem_fail_at(n);
            code = compose(f->tx, mem, &f->ch, &place, str_of(names[i][1]), 0, &c, &f->err);
            if (code == OK)
                code = compose_digest(&c, INDEX_TEXT, digest, &f->err);
            mem_fail_at(0);
            assert_true(code == OK || code == ERR_NOMEM);
            tx_endp(&f->tx); /* a statement that failed ends it */
            f->tx = core_begin(f->core, TX_WRITE);
            assert_true(n < 2000);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_have_their_documents),
        WITH_CHANNEL(other_names_are_not_composed),
        WITH_CHANNEL(a_whole_name_says_the_form),
        WITH_CHANNEL(documents_are_texts_around_lists),
        WITH_CHANNEL(a_place_without_lists_is_empty),
        WITH_CHANNEL(the_subdirs_of_a_channel_are_those_with_files),
        WITH_CHANNEL(each_view_has_its_lists),
        cmocka_unit_test(sizes_are_sums),
        cmocka_unit_test(only_lists_with_gzip_are_had_in_it),
        WITH_CHANNEL(digests_are_of_the_bytes),
        WITH_CHANNEL(lack_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
