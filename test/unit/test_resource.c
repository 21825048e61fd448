/* A repeated read does no work; a change is seen by the next one. */
#include "web_fixture.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/work.h"
#include "core/inspect.h"
#include "format/gzip.h"
#include "format/zstd.h"
#include "http/conn.h"
#include "web/resource.h"

#define REPODATA "/conda/alice/noarch/repodata.json"
#define PACKAGE  "/conda/alice/noarch/p-1-0.tar.bz2"
#define DOWNLOAD "/api/download/alice/p/1/noarch/p-1-0.tar.bz2"
#define ZSTD     "Accept-Encoding: deflate, gzip, br, zstd\r\n"
#define GZIP     "Accept-Encoding: deflate, gzip, br\r\n"

static struct actor publish_tiny(struct site *s)
{
    struct actor alice = core_user(s->core, "alice");
    const struct core_spec tiny = {.name = "p", .version = "1", .build = "0", .subdir = "noarch"};

    (void)core_publish(s->core, &alice, &tiny);
    return alice;
}

static void publish_more(struct site *s, const struct actor *who, const char *name)
{
    (void)core_publish(
        s->core, who,
        &(struct core_spec){.name = name, .version = "1", .build = "0", .subdir = "noarch"});
}

/* Asks twice; the second answer is the same and costs no statement. */
static struct answer get_twice(struct site *s, const char *target, const char *headers)
{
    struct answer first = get(s, target, headers), second;
    unsigned before = sql_statements();

    second = get(s, target, headers);
    assert_int_equal(sql_statements(), before);
    assert_int_equal(second.status, first.status);
    assert_true(str_eq(second.body, first.body));
    assert_true(str_eq(header(&second, "ETag"), header(&first, "ETag")));
    return second;
}

static void costs_nothing(struct site *s, unsigned status, const char *method, const char *target,
                          const char *headers)
{
    unsigned before = sql_statements();

    (void)request_for(s, status, method, target, headers, S(""));
    assert_int_equal(sql_statements(), before);
}

/* ---- answers from memory --------------------------------------------------------------------- */

static void a_repeated_read_costs_no_sql(void **state)
{
    struct site *s = *state;
    struct actor alice = publish_tiny(s);
    const char *token = make_token(s, &alice, "t", "conda:download");
    const char *in_path = str_fmt(s->core->mem, "/t/%s/alice/noarch/repodata.json", token).ptr;
    const char *if_none_match;
    struct answer r = get_twice(s, REPODATA, "");

    assert_int_equal(r.status, 200);
    if_none_match =
        str_fmt(s->core->mem, "If-None-Match: " STR_FMT "\r\n", STR_ARG(header(&r, "ETag"))).ptr;
    costs_nothing(s, 200, "HEAD", REPODATA, "");
    costs_nothing(s, 304, "GET", REPODATA, if_none_match);
    costs_nothing(s, 206, "GET", REPODATA, "Range: bytes=0-9\r\n");
    costs_nothing(s, 200, "GET", "/%63onda/alice/noarch/repodata%2ejson?x=y", "");
    /* By whoever is known to be allowed. */
    (void)get_for(s, 200, REPODATA, with_token(s, token));
    costs_nothing(s, 200, "GET", REPODATA, with_token(s, token));
    costs_nothing(s, 200, "GET", in_path, "");
    costs_nothing(s, 200, "GET", REPODATA, with_basic(s, "x", token));
    /* Packages are sent from their files. */
    assert_int_equal(get_twice(s, PACKAGE, "").status, 200);
    costs_nothing(s, 206, "GET", PACKAGE, "Range: bytes=-4\r\n");
}

/* ---- downloads ------------------------------------------------------------------------------- */

/* Also those that cost nothing, and are answered on the event thread. */
static void what_sends_a_package_from_its_beginning_is_a_download(void **state)
{
    static const struct {
        const char *method, *target, *headers;
        unsigned status;
        int counts;
    } cases[] = {
        {"GET", PACKAGE, "", 200, 1},
        {"GET", PACKAGE, "Range: bytes=0-\r\n", 206, 1},
        {"GET", PACKAGE, "Range: bytes=0-9\r\n", 206, 1},
        {"GET", PACKAGE, "Range: bytes=-99999\r\n", 206, 1},
        {"GET", PACKAGE, "Range: bytes=0-1,5-6\r\n", 200, 1},
        {"GET", PACKAGE, "Range: bytes=9-\r\nIf-Range: \"other\"\r\n", 200, 1},
        {"GET", PACKAGE, "Range: bytes=1-\r\n", 206, 0},
        {"GET", PACKAGE, "Range: bytes=-4\r\n", 206, 0},
        {"GET", PACKAGE, "Range: bytes=99999-\r\n", 416, 0},
        {"GET", PACKAGE, "If-None-Match: *\r\n", 304, 0},
        {"HEAD", PACKAGE, "", 200, 0},
        {"GET", "/conda/alice/noarch/none-1-0.tar.bz2", "", 404, 0},
        {"GET", REPODATA, "", 200, 0},
        {"GET", "/conda/alice/noarch/", "", 200, 0},
        {"GET", DOWNLOAD, "", 200, 1},
        {"GET", DOWNLOAD, "Range: bytes=1-\r\n", 206, 0},
        {"GET", DOWNLOAD, "If-None-Match: *\r\n", 304, 0},
        {"HEAD", DOWNLOAD, "", 200, 0},
        {"GET", "/api/dist/alice/p/1/noarch/p-1-0.tar.bz2", "", 200, 0},
    };
    struct site *s = *state;
    int64_t counted = 0;

    (void)publish_tiny(s);
    for (int round = 0; round < 2; round++) /* once more, from memory */
        for (size_t i = 0; i < COUNT(cases); i++) {
            int64_t now;

            (void)request_for(s, cases[i].status, cases[i].method, cases[i].target,
                              cases[i].headers, S(""));
            now = downloads(s);
            if (now != counted + cases[i].counts)
                print_error("%s %s %s\n", cases[i].method, cases[i].target, cases[i].headers);
            assert_int_equal(now, counted + cases[i].counts);
            counted = now;
        }
}

/* Nor is what fills the caches a reason to empty them. */
static void counting_costs_no_sql(void **state)
{
    struct site *s = *state;

    (void)publish_tiny(s);
    (void)get_for(s, 200, PACKAGE, "");
    costs_nothing(s, 200, "GET", PACKAGE, "");
    assert_int_equal(downloads(s), 2);
    costs_nothing(s, 200, "GET", PACKAGE, "User-Agent: conda/24.1.2\r\n");
    assert_int_equal(downloads(s), 3);
    assert_str(CORE_TEXT(s->core, "SELECT client || ' ' || count FROM download ORDER BY client"),
               "conda 1, other 2");
}

/* ---- what is kept for a time ----------------------------------------------------------------- */

static struct resource *made_of(struct str bytes, unsigned seconds)
{
    const struct http_entity_desc d = {.etag = S("e"), .content_type = S("x/y"), .bytes = bytes};
    struct resource *r = resource_entity(http_entity_new(&d));

    resource_keep_for(r, seconds);
    return r;
}

/* A change alone would not tell that its time is over; and what follows takes its place. */
static void what_is_kept_for_a_time_is_forgotten_after_it(void **state)
{
    struct site *s = *state;
    struct http_conn conn = {0};
    struct http_exchange ex = {.mem = s->core->mem, .conn = &conn};
    struct call c = {.web = s->web, .app = &s->core->app, .ex = &ex, .mem = s->core->mem};
    struct err *err = &s->core->err;

    must(s->core, resource_answer(&c, S("k"), made_of(S("old"), 0), err));
    assert_str(http_response_body(ex.response), "old");
    assert_false(resource_answer_cached(&c, S("k")));
    must(s->core, resource_answer(&c, S("k"), made_of(S("new"), 3600), err));
    assert_true(resource_answer_cached(&c, S("k")));
    assert_str(http_response_body(ex.response), "new");
    http_response_unrefp(&ex.response);
    resource_keep_for(NULL, 1);
    resource_count_for(NULL, 1, 1, 1);
}

struct stall {
    struct work_item item;
    sem_t stalled, go;
};

static void stall(struct work_item *item)
{
    struct stall *st = (struct stall *)(void *)item;

    assert_int_equal(sem_post(&st->stalled), 0);
    while (sem_wait(&st->go))
        continue;
}

/* Nor a worker: those may all be busy with uploads. */
static void a_repeated_read_waits_for_no_worker(void **state)
{
    struct site *s = *state;
    struct stall *stalls = arena_array(s->core->mem, struct stall, SITE_WORKERS);
    struct actor alice = publish_tiny(s);
    const char *token = with_token(s, make_token(s, &alice, "t", NULL));

    assert_non_null(stalls);
    (void)get_for(s, 200, REPODATA, token);
    (void)get_for(s, 200, REPODATA, ZSTD);
    (void)get_for(s, 404, "/conda/alice/noarch/none", "");
    for (int i = 0; i < SITE_WORKERS; i++) {
        stalls[i] = (struct stall){.item = {.fn = stall}};
        assert_int_equal(sem_init(&stalls[i].stalled, 0, 0), 0);
        assert_int_equal(sem_init(&stalls[i].go, 0, 0), 0);
        assert_true(work_submit(s->core->app.work, &stalls[i].item));
    }
    for (int i = 0; i < SITE_WORKERS; i++)
        while (sem_wait(&stalls[i].stalled))
            continue;
    (void)get_for(s, 200, REPODATA, token);
    (void)get_for(s, 200, REPODATA, ZSTD);
    (void)get_for(s, 404, "/conda/alice/noarch/none", "");
    for (int i = 0; i < SITE_WORKERS; i++)
        assert_int_equal(sem_post(&stalls[i].go), 0);
}

/* What is remembered is no way around the judgement of who asks. */
static void memory_answers_only_who_may(void **state)
{
    struct site *s = *state;
    struct actor alice = publish_tiny(s);
    const char *reader = with_token(s, make_token(s, &alice, "r", "api:read"));

    (void)get_for(s, 200, REPODATA, "");
    for (int i = 0; i < 2; i++) {
        (void)get_for(s, 403, REPODATA, reader);
        (void)get_for(s, 401, REPODATA, "Authorization: token x\r\n");
        (void)get_for(s, 401, REPODATA, "Authorization: x\r\n");
        (void)get_for(s, 401, REPODATA, with_basic(s, "alice", "password"));
        (void)get_for(s, 401, "/t/x/alice/noarch/repodata.json", "");
        (void)request_for(s, 405, "POST", REPODATA, "", S(""));
    }
}

static void a_slash_at_the_end_is_another_address(void **state)
{
    struct site *s = *state;

    (void)publish_tiny(s);
    for (int i = 0; i < 2; i++) {
        (void)get_for(s, 200, REPODATA, "");
        (void)get_for(s, 404, REPODATA "/", "");
        (void)get_for(s, 404, "/conda/alice/noarch", "");
        (void)get_for(s, 200, "/conda/alice/noarch/", "");
        (void)get_for(s, 301, "/conda/alice", "");
        (void)get_for(s, 200, "/conda/alice/", "");
    }
}

/* ---- changes --------------------------------------------------------------------------------- */

static void a_change_is_seen_by_the_next_read(void **state)
{
    struct site *s = *state;
    struct actor alice = publish_tiny(s);
    struct answer before = get_twice(s, REPODATA, ""), after;
    const char *token = with_token(s, make_token(s, &alice, "t", NULL));

    publish_more(s, &alice, "q");
    after = get_twice(s, REPODATA, "");
    assert_false(body_has(&before, "q-1-0"));
    assert_true(body_has(&after, "q-1-0"));
    assert_false(str_eq(header(&before, "ETag"), header(&after, "ETag")));
    (void)get_twice(s, PACKAGE, "");
    (void)request_for(s, 201, "DELETE", "/api/package/alice/p", token, S(""));
    (void)get_for(s, 404, PACKAGE, "");
    after = get_twice(s, REPODATA, "");
    assert_false(body_has(&after, "p-1-0"));
}

/* Which rows it was is not asked: the document is found again, and is the same. */
static void any_change_makes_memory_be_checked(void **state)
{
    struct site *s = *state;
    struct answer before, after;
    unsigned statements;

    (void)publish_tiny(s);
    before = get_twice(s, REPODATA, "");
    (void)core_user(s->core, "somebody");
    statements = sql_statements();
    after = get(s, REPODATA, "");
    assert_true(sql_statements() > statements);
    assert_true(str_eq(header(&before, "ETag"), header(&after, "ETag")));
    (void)get_twice(s, REPODATA, "");
}

/* conda asks for the same missing files on each run. */
static void a_refusal_is_remembered_until_something_changes(void **state)
{
    struct site *s = *state;
    struct actor alice = publish_tiny(s);
    const char *target = "/conda/alice/noarch/q-1-0.tar.bz2";

    assert_int_equal(get_twice(s, target, "").status, 404);
    costs_nothing(s, 404, "HEAD", target, "");
    assert_int_equal(get_twice(s, "/conda/alice/noarch/current_repodata.json", ZSTD).status, 404);
    assert_int_equal(get_twice(s, "/conda/nobody/noarch/repodata.json", "").status, 404);
    publish_more(s, &alice, "q");
    assert_int_equal(get_twice(s, target, "").status, 200);
    (void)core_user(s->core, "nobody");
    assert_int_equal(get_twice(s, "/conda/nobody/noarch/repodata.json", "").status, 200);
}

/* ---- representations ------------------------------------------------------------------------- */

static void the_zstd_coding_is_a_representation_of_its_own(void **state)
{
    struct site *s = *state;
    AUTO(buf_done) struct buf plain = BUF_INIT(MIB);
    struct answer json, coded, file;
    const char *if_none_match;

    (void)publish_tiny(s);
    json = get_twice(s, REPODATA, "");
    coded = get_twice(s, REPODATA, ZSTD);
    file = get_twice(s, REPODATA ".zst", "");
    assert_false(has_header(&json, "Content-Encoding"));
    assert_str(header(&coded, "Content-Encoding"), "zstd");
    assert_str(header(&coded, "Content-Type"), "application/json");
    assert_str(header(&coded, "Vary"), "Accept-Encoding, Authorization, Cookie");
    assert_str(header(&json, "Vary"), "Accept-Encoding, Authorization, Cookie");
    assert_true(str_eq(coded.body, file.body));
    must(s->core, zstd_unpack(coded.body, &plain, &s->core->err));
    assert_true(str_eq(buf_str(&plain), json.body));
    assert_false(str_eq(header(&json, "ETag"), header(&coded, "ETag")));
    assert_false(str_eq(header(&file, "ETag"), header(&coded, "ETag")));
    if_none_match =
        str_fmt(s->core->mem, "If-None-Match: " STR_FMT "\r\n", STR_ARG(header(&json, "ETag"))).ptr;
    (void)get_for(s, 304, REPODATA, if_none_match);
    (void)get_for(s, 200, REPODATA, lines(s, ZSTD, if_none_match));
}

/* Likewise, for who does not take zstd. */
static void the_gzip_coding_is_a_representation_of_its_own(void **state)
{
    struct site *s = *state;
    static const char *const declined[] = {"Accept-Encoding: gzip\r\n",
                                           "Accept-Encoding: zstd;q=0, gzip\r\n", GZIP};
    AUTO(buf_done) struct buf plain = BUF_INIT(MIB);
    struct answer json, coded, zstd;

    (void)publish_tiny(s);
    json = get_twice(s, REPODATA, "");
    zstd = get_twice(s, REPODATA, ZSTD);
    for (size_t i = 0; i < COUNT(declined); i++) {
        coded = get_twice(s, REPODATA, declined[i]);
        assert_str(header(&coded, "Content-Encoding"), "gzip");
        assert_str(header(&coded, "Content-Type"), "application/json");
        assert_str(header(&coded, "Vary"), "Accept-Encoding, Authorization, Cookie");
        buf_clear(&plain);
        must(s->core, gzip_unpack(coded.body, &plain, &s->core->err));
        assert_true(str_eq(buf_str(&plain), json.body));
        assert_false(str_eq(header(&json, "ETag"), header(&coded, "ETag")));
        assert_false(str_eq(header(&zstd, "ETag"), header(&coded, "ETag")));
    }
    (void)get_for(s, 304, REPODATA,
                  lines(s, GZIP,
                        str_fmt(s->core->mem, "If-None-Match: " STR_FMT "\r\n",
                                STR_ARG(header(&coded, "ETag")))
                            .ptr));
}

static void only_json_is_coded_and_only_for_who_takes_it(void **state)
{
    struct site *s = *state;
    static const char *const declined[] = {"Accept-Encoding: br\r\n",
                                           "Accept-Encoding: zstd;q=0, gzip;q=0\r\n",
                                           "Accept-Encoding: \r\n"};
    static const char *const plain[] = {"/conda/alice/noarch/repodata.json.zst", PACKAGE,
                                        "/conda/alice/noarch/repodata_shards.msgpack.zst",
                                        "/conda/alice/noarch/index.html"};
    struct answer r;

    (void)publish_tiny(s);
    for (size_t i = 0; i < COUNT(declined); i++) {
        r = get_for(s, 200, REPODATA, declined[i]);
        assert_false(has_header(&r, "Content-Encoding"));
    }
    r = get_for(s, 200, REPODATA, "Accept-Encoding: *\r\n");
    assert_str(header(&r, "Content-Encoding"), "zstd");
    for (size_t i = 0; i < COUNT(plain); i++) {
        r = get_for(s, 200, plain[i], ZSTD);
        assert_false(has_header(&r, "Content-Encoding"));
        r = get_for(s, 200, plain[i], GZIP);
        assert_false(has_header(&r, "Content-Encoding"));
        costs_nothing(s, 200, "GET", plain[i], "");
    }
}

/* ---- readers and a writer -------------------------------------------------------------------- */

enum { READERS = 2, PUBLISHED = 4 };

struct reader {
    pthread_t thread;
    struct core core;
    struct site site;
    atomic_bool *stop;
    unsigned reads, wrong; /* a package that was listed is not there any more */
};

static unsigned listed(const struct answer *r)
{
    unsigned n = 0;
    char name[] = "\"p0-1-0.tar.bz2\":";

    while (n < PUBLISHED && body_has(r, name)) {
        name[2]++;
        n++;
    }
    return n;
}

static void *read_on(void *arg)
{
    struct reader *r = arg;
    unsigned seen = 0;

    while (!atomic_load(r->stop)) {
        struct answer reply = get(&r->site, REPODATA, "");
        unsigned now = listed(&reply);

        r->wrong += reply.status != 200 || now < seen;
        seen = now;
        r->reads++;
        (void)usleep(500);
    }
    return NULL;
}

static void readers_see_each_state_whole_and_in_order(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    struct reader readers[READERS];
    atomic_bool stop = false;

    for (int i = 0; i < READERS; i++) {
        readers[i] = (struct reader){.core = *s->core, .site = *s, .stop = &stop};
        readers[i].core.mem = arena_open(512 * MIB);
        readers[i].site.core = &readers[i].core;
        readers[i].site.fd = -1;
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]), 0);
    }
    for (int i = 0; i < PUBLISHED; i++) {
        struct answer r;

        publish_more(s, &alice, str_fmt(s->core->mem, "p%d", i).ptr);
        r = get_for(s, 200, REPODATA, "");
        assert_int_equal(listed(&r), i + 1);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
        assert_true(readers[i].reads > 0);
        assert_int_equal(readers[i].wrong, 0);
        assert_int_equal(close(readers[i].site.fd), 0);
        arena_close(readers[i].core.mem);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(a_repeated_read_costs_no_sql),
        WITH_PUBLISHING(what_sends_a_package_from_its_beginning_is_a_download),
        WITH_PUBLISHING(counting_costs_no_sql),
        WITH_SITE(what_is_kept_for_a_time_is_forgotten_after_it),
        WITH_PUBLISHING(a_repeated_read_waits_for_no_worker),
        WITH_PUBLISHING(memory_answers_only_who_may),
        WITH_PUBLISHING(a_slash_at_the_end_is_another_address),
        WITH_PUBLISHING(a_change_is_seen_by_the_next_read),
        WITH_PUBLISHING(any_change_makes_memory_be_checked),
        WITH_PUBLISHING(a_refusal_is_remembered_until_something_changes),
        WITH_PUBLISHING(the_zstd_coding_is_a_representation_of_its_own),
        WITH_PUBLISHING(the_gzip_coding_is_a_representation_of_its_own),
        WITH_PUBLISHING(only_json_is_coded_and_only_for_who_takes_it),
        WITH_PUBLISHING(readers_see_each_state_whole_and_in_order),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
