/* The URLs of conda channels: how a path is read, and what comes with each kind of file. */
#include "web_fixture.h"

#include "core/inspect.h"
#include "core/organization.h"
#include "core/publish.h"

#define NOARCH "/conda/alice/noarch/"

static const struct core_spec tiny = {
    .name = "p", .version = "1", .build = "0", .subdir = "noarch"};

/* A package in one channel of its owner. */
static void publish_to(struct site *s, const struct actor *who, const struct core_spec *spec,
                       const char *label)
{
    struct core *f = s->core;
    struct file_path path = core_path(f, str_z(f->mem, who->login), spec);
    struct str labels = str_of(label);
    struct stage_request req = {.type = S("conda"), .labels = &labels, .label_count = 1};
    struct staged staged;
    struct file_row file;

    core_release(f, who, &path);
    must(f, publish_stage(&f->app, f->mem, who, &path, &req, &staged, &f->err));
    must(f, core_send(f, staged.ticket, core_package(f, spec)));
    must(f, publish_commit(&f->app, f->mem, who, &path, staged.dist_id, &file, &f->err));
}

static void statuses_are(struct site *s, const char *const *targets, unsigned status)
{
    for (; *targets; targets++)
        (void)get_for(s, status, *targets, "");
}

/* ---- reading a path -------------------------------------------------------------------------- */

static void every_form_of_path_leads_to_the_channel(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");

    publish_to(s, &alice, &tiny, "main");
    publish_to(s, &alice, &(struct core_spec){"q", "1", "0", "noarch", NULL, NULL, NULL},
               "Dev/nightly.2");
    statuses_are(s,
                 (const char *const[]){"/conda/alice/",
                                       "/conda/alice/index.html",
                                       "/conda/alice/channeldata.json",
                                       "/conda/alice/rss.xml",
                                       "/conda/alice/noarch/",
                                       "/conda/alice/noarch/index.html",
                                       "/conda/alice/noarch/p-1-0.tar.bz2",
                                       "/conda/alice/noarch/%70-1-0%2etar.bz2",
                                       "/conda/alice/win-64/repodata.json",
                                       "/conda/Alice/noarch/repodata.json",
                                       "/conda/alice/label/main/",
                                       "/conda/alice/label/main/channeldata.json",
                                       "/conda/alice/label/main/noarch/",
                                       "/conda/alice/label/main/noarch/p-1-0.tar.bz2",
                                       "/conda/alice/label/MAIN/noarch/repodata.json",
                                       "/conda/alice/label/dev/nightly.2/",
                                       "/conda/alice/label/dev/nightly.2/rss.xml",
                                       "/conda/alice/label/Dev/Nightly.2/noarch/repodata.json",
                                       "/conda/alice/label/dev/nightly.2/noarch/q-1-0.tar.bz2",
                                       "/conda/alice/label/dev/nightly.2/osx-arm64/repodata.json",
                                       NULL},
                 200);
}

static void other_paths_lead_nowhere(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");

    publish_to(s, &alice, &tiny, "main");
    statuses_are(
        s,
        (const char *const[]){
            "/conda/nobody/", "/conda/nobody/noarch/repodata.json", "/conda/alice/noarch",
            "/conda/alice/repodata.json", "/conda/alice/noarch/channeldata.json",
            "/conda/alice/noarch/repodata.json/", "/conda/alice/noarch/noarch/repodata.json",
            "/conda/alice/no-such/repodata.json", "/conda/alice/UPPER-64/repodata.json",
            "/conda/alice/noarch/current_repodata.json", "/conda/alice/noarch/repodata.json.bz2",
            "/conda/alice/linux-64/p-1-0.tar.bz2", "/conda/alice/noarch/p-1-0.conda",
            "/conda/alice/p-1-0.tar.bz2", "/conda/alice/main/noarch/repodata.json",
            "/conda/alice/label", "/conda/alice/label/", "/conda/alice/label/main",
            "/conda/alice/label/noarch/repodata.json",
            "/conda/alice/label/none/noarch/repodata.json",
            "/conda/alice/labels/main/noarch/repodata.json",
            "/conda/alice/label/nolabel/noarch/repodata.json",
            /* a label may not have the name of a subdir */
            "/conda/alice/label/linux-64/noarch/repodata.json", "/conda/alice/label/linux-64/",
            "/conda/alice/label/main/linux-64/noarch/repodata.json",
            "/conda/alice/label/main/label/main/noarch/repodata.json", NULL},
        404);
}

/* Relative links of the page lead astray without it. */
static void a_channel_without_its_slash_is_redirected(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *token = make_token(s, &alice, "t", NULL);
    struct answer r = get_for(s, 301, "/conda/alice", "");

    assert_str(header(&r, "Location"), "alice/");
    r = get_for(s, 301, str_fmt(s->core->mem, "/t/%s/alice", token).ptr, "");
    assert_str(header(&r, "Location"), "alice/");
    r = get_for(s, 301, "/conda/%68ttp:%3Fx%20%23%C3%A4", "");
    assert_str(header(&r, "Location"), "http%3A%3Fx%20%23%C3%A4/");
}

/* The label's words "shards" and "foo-99" are no part of the file's name or subdir. */
static void words_that_may_be_two_things_are_both_tried(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const struct core_spec odd = {"q", "1", "0", "foo-99", NULL, NULL, NULL};

    publish_to(s, &alice, &odd, "dev");
    publish_to(s, &alice, &(struct core_spec){"r", "1", "0", "noarch", NULL, NULL, NULL},
               "dev/foo-99");
    publish_to(s, &alice, &(struct core_spec){"t", "1", "0", "noarch", NULL, NULL, NULL},
               "x/shards");
    publish_to(s, &alice, &(struct core_spec){"u", "1", "0", "foo-99", NULL, NULL, NULL}, "main");
    statuses_are(s,
                 (const char *const[]){
                     "/conda/alice/foo-99/repodata.json", "/conda/alice/foo-99/u-1-0.tar.bz2",
                     "/conda/alice/label/dev/foo-99/repodata.json",
                     "/conda/alice/label/dev/foo-99/q-1-0.tar.bz2",
                     "/conda/alice/label/dev/foo-99/noarch/r-1-0.tar.bz2",
                     "/conda/alice/label/dev/foo-99/channeldata.json",
                     "/conda/alice/label/x/shards/channeldata.json", "/conda/alice/label/x/shards/",
                     "/conda/alice/label/x/shards/noarch/t-1-0.tar.bz2", NULL},
                 200);
    statuses_are(s,
                 (const char *const[]){"/conda/alice/label/dev/foo-99/r-1-0.tar.bz2",
                                       "/conda/alice/label/dev/noarch/q-1-0.tar.bz2",
                                       "/conda/alice/shards/channeldata.json", NULL},
                 404);
}

/* ---- what is in a channel -------------------------------------------------------------------- */

static void a_file_is_in_the_channels_of_its_labels_alone(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    struct answer r;

    publish_to(s, &alice, &tiny, "dev");
    (void)get_for(s, 200, "/conda/alice/label/dev/noarch/p-1-0.tar.bz2", "");
    (void)get_for(s, 404, "/conda/alice/noarch/p-1-0.tar.bz2", "");
    (void)get_for(s, 404, "/conda/alice/label/main/noarch/p-1-0.tar.bz2", "");
    r = get_for(s, 200, "/conda/alice/label/dev/noarch/repodata.json", "");
    assert_true(body_has(&r, "\"p-1-0.tar.bz2\":{"));
    r = get_for(s, 200, "/conda/alice/noarch/repodata.json", "");
    assert_false(body_has(&r, "p-1-0"));
}

static void an_empty_channel_has_every_document(void **state)
{
    struct site *s = *state;
    struct answer r;

    (void)core_user(s->core, "alice");
    r = get_for(s, 200, "/conda/alice/linux-riscv64/repodata.json", "");
    assert_str(r.body, "{\"info\":{\"subdir\":\"linux-riscv64\"},\"packages\":{},"
                       "\"packages.conda\":{},\"removed\":[],\"repodata_version\":1}");
    r = get_for(s, 200, "/conda/alice/noarch/run_exports.json", "");
    assert_str(r.body, "{\"info\":{\"subdir\":\"noarch\",\"version\":1},\"packages\":{},"
                       "\"packages.conda\":{}}");
    r = get_for(s, 200, "/conda/alice/channeldata.json", "");
    assert_true(body_has(&r, "\"packages\":{}"));
    r = get_for(s, 200, "/conda/alice/notices.json", "");
    assert_str(r.body, "{\"notices\":[]}");
    statuses_are(s,
                 (const char *const[]){"/conda/alice/noarch/repodata.json.zst",
                                       "/conda/alice/noarch/run_exports.json.zst",
                                       "/conda/alice/noarch/repodata_shards.msgpack.zst",
                                       "/conda/alice/win-arm64/repodata_shards.msgpack.zst",
                                       "/conda/alice/noarch/", "/conda/alice/", NULL},
                 200);
}

static void shards_are_found_by_their_digest(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *name, *target;
    struct answer r;

    publish_to(s, &alice, &tiny, "main");
    name = str_z(s->core->mem, CORE_TEXT(s->core, "SELECT name FROM index_doc WHERE subdir = "
                                                  "'noarch' AND name LIKE 'shards/%'"));
    target = str_fmt(s->core->mem, "/conda/alice/noarch/%s", name).ptr;
    r = get_for(s, 200, target, "");
    assert_str(str_fmt(s->core->mem, "shards/" STR_FMT ".msgpack.zst",
                       STR_ARG(core_sha256(s->core, r.body))),
               name);
    (void)get_for(s, 200, str_fmt(s->core->mem, "/conda/alice/label/main/noarch/%s", name).ptr, "");
    (void)get_for(s, 404, str_fmt(s->core->mem, "/conda/alice/linux-64/%s", name).ptr, "");
    (void)get_for(s, 404, str_fmt(s->core->mem, "/conda/alice/%s", name).ptr, "");
    (void)get_for(s, 404, str_fmt(s->core->mem, "/conda/alice/noarch/%s", name + 7).ptr, "");
    (void)get_for(s, 404, "/conda/alice/noarch/shards/", "");
    (void)get_for(s, 404, "/conda/alice/noarch/shards/x.msgpack.zst", "");
    (void)get_for(s, 404, "/conda/alice/noarch/shards/repodata.json", "");
    /* Clients trust an index for a day: what it named stays. */
    publish_to(s, &alice, &(struct core_spec){"p", "2", "0", "noarch", NULL, NULL, NULL}, "main");
    (void)get_for(s, 200, target, "");
}

/* ---- headers --------------------------------------------------------------------------------- */

static void headers_are(struct site *s, const char *target, const char *type, const char *caching,
                        const char *vary)
{
    struct answer r = get_for(s, 200, target, "");
    struct str etag = header(&r, "ETag");

    assert_str(header(&r, "Content-Type"), type);
    assert_str(header(&r, "Cache-Control"), caching);
    assert_str(header(&r, "Vary"), vary);
    assert_true(etag.len > 10 && etag.ptr[0] == '"' && etag.ptr[etag.len - 1] == '"');
    /* What is made when it is asked for has no time of its own. */
    assert_int_equal(has_header(&r, "Last-Modified"), strcmp(type, "application/rss+xml") != 0);
    assert_false(has_header(&r, "Content-Encoding"));
    assert_false(has_header(&r, "Set-Cookie"));
    assert_str(header(&r, "Accept-Ranges"), "bytes");
    assert_str(header(&r, "X-Content-Type-Options"), "nosniff");
    assert_str(header(&r, "Access-Control-Allow-Origin"), "*");
    assert_str(header(&r, "Access-Control-Expose-Headers"), "ETag");
    assert_int_equal(has_header(&r, "Content-Security-Policy"), !strncmp(type, "text/html", 9));
}

static void each_kind_of_file_has_its_headers(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *index = "public, max-age=77, must-revalidate";
    const char *forever = "public, max-age=31536000, immutable";
    /* Other callers may see other documents; a shard or package is the same to all who may. */
    const char *plain = "Authorization, Cookie";
    const char *coded = "Accept-Encoding, Authorization, Cookie";
    struct str shard;

    s->core->config.index_max_age = 77;
    publish_to(s, &alice, &tiny, "main");
    shard = CORE_TEXT(s->core, "SELECT name FROM index_doc WHERE name LIKE 'shards/%'");
    headers_are(s, NOARCH "repodata.json", "application/json", index, coded);
    headers_are(s, NOARCH "repodata.json.zst", "application/zstd", index, plain);
    headers_are(s, NOARCH "run_exports.json", "application/json", index, coded);
    headers_are(s, NOARCH "run_exports.json.zst", "application/zstd", index, plain);
    headers_are(s, NOARCH "repodata_shards.msgpack.zst", "application/octet-stream", index, plain);
    headers_are(s, NOARCH "index.html", "text/html; charset=utf-8", index, plain);
    headers_are(s, "/conda/alice/channeldata.json", "application/json", index, coded);
    headers_are(s, "/conda/alice/index.html", "text/html; charset=utf-8", index, plain);
    headers_are(s, "/conda/alice/rss.xml", "application/rss+xml", index, plain);
    headers_are(s, str_fmt(s->core->mem, NOARCH STR_FMT, STR_ARG(shard)).ptr,
                "application/octet-stream", forever, "");
    headers_are(s, NOARCH "p-1-0.tar.bz2", "application/octet-stream", "public, max-age=3600", "");
    /* Where no name is ever used twice, a package never changes. */
    s->core->config.reuse_removed_names = false;
    headers_are(s, "/conda/alice/label/main/noarch/p-1-0.tar.bz2", "application/octet-stream",
                forever, "");
}

/* No cache that serves others may keep it. */
static void what_is_not_for_everybody_has_headers_of_its_own(void **state)
{
    struct site *s = *state;
    struct core *f = s->core;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    const char *callers[] = {
        with_token(s, make_token(s, &alice, "t", NULL)), with_cookie(s, make_cookie(s, &alice)),
        with_token(s, make_token(s, &bob, "t", NULL)), with_cookie(s, make_cookie(s, &bob))};
    const char *targets[4] = {NOARCH "repodata.json", NOARCH "p-1-0.tar.bz2",
                              "/conda/alice/channeldata.json"};
    struct answer r;

    f->config.index_max_age = 77;
    publish_to(s, &alice, &tiny, "main");
    targets[3] = str_fmt(f->mem, NOARCH STR_FMT,
                         STR_ARG(CORE_TEXT(f, "SELECT name FROM index_doc WHERE package = 'p'")))
                     .ptr;
    must(f, package_change_access(&f->app, f->mem, &alice, S("alice"), S("p"), ACCESS_PRIVATE,
                                  &f->err));
    must(f, collaborator_add(&f->app, f->mem, &alice, S("alice"), S("p"), S("bob"), S("read"),
                             &f->err)); /* for whom documents are made */
    for (size_t i = 0; i < COUNT(callers); i++)
        for (size_t t = 0; t < COUNT(targets); t++) {
            r = get_for(s, 200, targets[t], callers[i]);
            assert_str(header(&r, "Cache-Control"), i % 2 ? "private, max-age=77" : "max-age=77");
            assert_str(header(&r, "Vary"), t % 2 ? "" : "Accept-Encoding, Authorization, Cookie");
            assert_true(t % 2 || body_has(&r, "\"p\""));
        }
    r = get_for(s, 404, targets[1], "");
    assert_str(header(&r, "Cache-Control"), "no-store");
    (void)get_for(s, 404, targets[3], "");
}

/* An answer that one caller was given is not what another gets. */
static void each_caller_gets_the_view_that_is_his(void **state)
{
    struct site *s = *state;
    struct core *f = s->core;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    const char *callers[] = {"", with_token(s, make_token(s, &bob, "t", NULL)),
                             with_token(s, make_token(s, &alice, "t", NULL))};
    static const char *const names[] = {"p", "q", "r"}; /* each caller sees one more */
    static const enum access_level levels[] = {ACCESS_PUBLIC, ACCESS_AUTHENTICATED, ACCESS_PRIVATE};
    struct str etags[COUNT(callers)];

    for (size_t i = 0; i < COUNT(names); i++) {
        publish_to(s, &alice, &(struct core_spec){names[i], "1", "0", "noarch", NULL, NULL, NULL},
                   "main");
        must(f, package_change_access(&f->app, f->mem, &alice, S("alice"), str_of(names[i]),
                                      levels[i], &f->err));
    }
    for (int round = 0; round < 2; round++) /* the second time from memory */
        for (size_t i = 0; i < COUNT(callers); i++) {
            struct answer r = get_for(s, 200, NOARCH "repodata.json", callers[i]);
            const json_t *files = json_object_get(json_body(s, &r), "packages");

            assert_int_equal(json_object_size(files), i + 1);
            if (round)
                assert_true(str_eq(header(&r, "ETag"), etags[i]));
            etags[i] = header(&r, "ETag");
            for (size_t n = 0; n < i; n++)
                assert_false(str_eq(etags[i], etags[n]));
            for (size_t n = 0; n < COUNT(names); n++)
                (void)get_for(s, n <= i ? 200 : 404,
                              str_fmt(f->mem, NOARCH "%s-1-0.tar.bz2", names[n]).ptr, callers[i]);
        }
}

static void what_is_missing_is_told_shortly_and_not_kept(void **state)
{
    struct site *s = *state;
    struct answer r;

    (void)core_user(s->core, "alice");
    for (int i = 0; i < 2; i++) { /* made, and remembered */
        r = get_for(s, 404, "/conda/alice/noarch/p-1-0.conda", "");
        assert_str(header(&r, "Content-Type"), "application/problem+json");
        assert_str(header(&r, "Cache-Control"), "no-store");
        assert_str(json_member(s, &r, "detail"),
                   "there is no \"p-1-0.conda\" in channel \"alice\", subdir noarch");
        assert_false(has_header(&r, "ETag"));
    }
    /* Absent and unknown look the same. */
    r = get_for(s, 404, "/conda/nobody/noarch/p-1-0.conda", "");
    assert_str(json_member(s, &r, "detail"),
               "there is no \"p-1-0.conda\" in channel \"nobody\", subdir noarch");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(every_form_of_path_leads_to_the_channel),
        WITH_PUBLISHING(other_paths_lead_nowhere),
        WITH_SITE(a_channel_without_its_slash_is_redirected),
        WITH_PUBLISHING(words_that_may_be_two_things_are_both_tried),
        WITH_PUBLISHING(a_file_is_in_the_channels_of_its_labels_alone),
        WITH_SITE(an_empty_channel_has_every_document),
        WITH_PUBLISHING(shards_are_found_by_their_digest),
        WITH_PUBLISHING(each_kind_of_file_has_its_headers),
        WITH_PUBLISHING(what_is_not_for_everybody_has_headers_of_its_own),
        WITH_PUBLISHING(each_caller_gets_the_view_that_is_his),
        WITH_SITE(what_is_missing_is_told_shortly_and_not_kept),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
