/* Handles are told from each other by their addresses; only where a connection matters is there a
 * server. */
#include "s3_stub.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "base/mem.h"
#include "blob/s3_pool.h"

static size_t ignore(char *ptr, size_t size, size_t count, void *ctx)
{
    (void)ptr, (void)ctx;
    return size * count;
}

/* GET of a URL with a handle of the pool; the status, or 0 if there is no answer. */
static long get(CURL *handle, const char *url)
{
    long status = 0;

    assert_int_equal(curl_easy_setopt(handle, CURLOPT_URL, url), CURLE_OK);
    assert_int_equal(curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L), CURLE_OK);
    assert_int_equal(curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, ignore), CURLE_OK);
    (void)curl_easy_perform(handle);
    assert_int_equal(curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status), CURLE_OK);
    return status;
}

/* --- turns --------------------------------------------------------------------------------- */

static void the_handle_given_last_is_taken_next(void **state)
{
    struct s3_pool *p = s3_pool_open(3);
    CURL *a, *b, *c;

    (void)state;
    assert_non_null(p);
    a = s3_pool_take(p);
    b = s3_pool_take(p);
    assert_non_null(a);
    assert_non_null(b);
    assert_ptr_not_equal(a, b);
    s3_pool_give(p, b);
    s3_pool_give(p, a);
    assert_ptr_equal(s3_pool_take(p), a);
    assert_ptr_equal(s3_pool_take(p), b);
    c = s3_pool_take(p);
    assert_non_null(c);
    assert_ptr_not_equal(c, a);
    assert_ptr_not_equal(c, b);
    s3_pool_give(p, a);
    s3_pool_give(p, b);
    s3_pool_give(p, c);
    s3_pool_close(p);
    s3_pool_close(NULL);
}

struct waiter {
    struct s3_pool *pool;
    pthread_t thread;
    atomic_bool took;
    CURL *handle;
};

static void *wait_for_a_handle(void *arg)
{
    struct waiter *w = arg;

    w->handle = s3_pool_take(w->pool);
    atomic_store(&w->took, true);
    return NULL;
}

static void who_waits_gets_the_handle_that_is_given_back(void **state)
{
    struct s3_pool *p = s3_pool_open(2);
    struct waiter waiters[2] = {{.pool = p}, {.pool = p}};
    CURL *handles[2];

    (void)state;
    assert_non_null(p);
    for (size_t i = 0; i < COUNT(handles); i++)
        handles[i] = s3_pool_take(p);
    for (size_t i = 0; i < COUNT(waiters); i++)
        assert_int_equal(pthread_create(&waiters[i].thread, NULL, wait_for_a_handle, &waiters[i]),
                         0);
    assert_false(atomic_load(&waiters[0].took) || atomic_load(&waiters[1].took));
    for (size_t i = 0; i < COUNT(handles); i++)
        s3_pool_give(p, handles[i]);
    for (size_t i = 0; i < COUNT(waiters); i++)
        assert_int_equal(pthread_join(waiters[i].thread, NULL), 0);
    assert_ptr_not_equal(waiters[0].handle, waiters[1].handle);
    for (size_t i = 0; i < COUNT(waiters); i++) {
        assert_true(waiters[i].handle == handles[0] || waiters[i].handle == handles[1]);
        s3_pool_give(p, waiters[i].handle);
    }
    s3_pool_close(p);
}

enum { MANY = 8, TURNS = 300, MOST = 3 };

struct crowd {
    struct s3_pool *pool;
    atomic_int now, most, failed;
    _Atomic(CURL *) seen[MOST];
};

/* Is it one of the first MOST handles that were seen? */
static bool is_known(struct crowd *c, CURL *handle)
{
    for (size_t i = 0; i < MOST; i++) {
        CURL *there = NULL;

        if (atomic_compare_exchange_strong(&c->seen[i], &there, handle) || there == handle)
            return true;
    }
    return false;
}

static void *take_turns(void *arg)
{
    struct crowd *c = arg;

    for (int i = 0; i < TURNS; i++) {
        CURL *handle = s3_pool_take(c->pool);
        int now = atomic_fetch_add(&c->now, 1) + 1, most = atomic_load(&c->most);

        while (now > most && !atomic_compare_exchange_weak(&c->most, &most, now))
            ;
        atomic_fetch_add(&c->failed, !handle || !is_known(c, handle));
        /* Writes to it, so that it is seen when two have the same. */
        atomic_fetch_add(&c->failed, curl_easy_setopt(handle, CURLOPT_PRIVATE, &now) != CURLE_OK);
        atomic_fetch_sub(&c->now, 1);
        s3_pool_give(c->pool, handle);
    }
    return NULL;
}

static void many_threads_never_have_more_handles_than_there_may_be(void **state)
{
    struct crowd c = {.pool = s3_pool_open(MOST)};
    pthread_t threads[MANY];

    (void)state;
    assert_non_null(c.pool);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_turns, &c), 0);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&c.failed), 0);
    assert_true(atomic_load(&c.most) <= MOST);
    s3_pool_close(c.pool);
}

/* --- handles ------------------------------------------------------------------------------- */

static void handles_come_back_without_options(void **state)
{
    struct s3_stub *f = *state;
    struct s3_pool *p = s3_pool_open(1);
    struct stub_request rq;
    CURL *handle;
    char *mine;

    s3_stub_answer(f, 200, "", S("hello"));
    assert_non_null(p);
    handle = s3_pool_take(p);
    assert_int_equal(curl_easy_setopt(handle, CURLOPT_PRIVATE, f), CURLE_OK);
    assert_int_equal(curl_easy_setopt(handle, CURLOPT_USERPWD, "somebody:secret"), CURLE_OK);
    assert_int_equal(curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, "PATCH"), CURLE_OK);
    assert_int_equal(get(handle, f->options.address.base.ptr), 200);
    s3_pool_give(p, handle);
    assert_ptr_equal(s3_pool_take(p), handle);
    assert_int_equal(curl_easy_getinfo(handle, CURLINFO_PRIVATE, &mine), CURLE_OK);
    assert_null(mine);
    assert_int_equal(get(handle, f->options.address.base.ptr), 200);
    s3_pool_give(p, handle);
    s3_pool_close(p);
    assert_string_equal(s3_stub_lines(f), "PATCH /, GET /");
    rq = s3_stub_request(f, 0);
    assert_str(stub_header(&rq, "authorization"), "Basic c29tZWJvZHk6c2VjcmV0");
    rq = s3_stub_request(f, 1);
    assert_str(stub_header(&rq, "authorization"), "");
}

static void connections_stay_with_their_handles(void **state)
{
    struct s3_stub *f = *state;
    struct s3_pool *p = s3_pool_open(2);

    s3_stub_answer(f, 200, "", S("hello"));
    assert_non_null(p);
    for (int i = 0; i < 5; i++) {
        CURL *handle = s3_pool_take(p);

        assert_int_equal(get(handle, f->options.address.base.ptr), 200);
        s3_pool_give(p, handle);
    }
    s3_pool_close(p);
    assert_int_equal(atomic_load(&f->connections), 1);
}

enum { REQUESTS = 15 };

static void *send_often(void *arg)
{
    AUTO(s3_answer_done) struct s3_answer answer = S3_ANSWER_INIT;
    const struct s3_request rq = {.method = S("GET"), .key = S("key")};
    struct s3_stub *f = arg;
    long failed = 0;

    for (int i = 0; i < REQUESTS; i++)
        failed += s3_client_send(f->client, &rq, &answer, NULL, NULL) != OK ||
                  !str_eq(buf_str(&answer.body), S("hello"));
    return (void *)failed; /* NOLINT(performance-no-int-to-ptr): a number on its way */
}

static void threads_of_a_client_share_its_two_connections(void **state)
{
    struct s3_stub *f = *state;
    pthread_t threads[MANY];

    s3_stub_answer(f, 200, "", S("hello"));
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_often, f), 0);
    for (size_t i = 0; i < MANY; i++) {
        void *failed = f;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_in_range(atomic_load(&f->connections), 1, 2);
}

/* A name that no resolver knows, told to one handle. */
static void names_are_looked_up_once_for_all_handles(void **state)
{
    struct s3_stub *f = *state;
    struct s3_pool *p = s3_pool_open(2);
    struct str host = f->options.address.host, ip, port;
    struct curl_slist *known;
    CURL *a, *b;
    char *url;

    s3_stub_answer(f, 200, "", S("hello"));
    assert_non_null(p);
    assert_true(str_cut_last(host, ':', &ip, &port));
    known = curl_slist_append(
        NULL, str_fmt(f->mem, "store.invalid:" STR_FMT ":127.0.0.1", STR_ARG(port)).ptr);
    assert_non_null(known);
    url = str_z(f->mem, str_fmt(f->mem, "http://store.invalid:" STR_FMT "/", STR_ARG(port)));
    a = s3_pool_take(p);
    b = s3_pool_take(p);
    assert_int_equal(curl_easy_setopt(a, CURLOPT_RESOLVE, known), CURLE_OK);
    assert_int_equal(get(a, url), 200);
    assert_int_equal(get(b, url), 200);
    s3_pool_give(p, a);
    s3_pool_give(p, b);
    a = s3_pool_take(p);
    assert_int_equal(get(a, url), 200); /* also after it was given back */
    s3_pool_give(p, a);
    s3_pool_close(p);
    curl_slist_free_all(known);
}

/* --- memory -------------------------------------------------------------------------------- */

static void opening_without_memory_fails_and_leaves_nothing(void **state)
{
    struct s3_pool *p = NULL;
    long n = 0;

    (void)state;
    while (!p) {
        mem_fail_at(++n);
        p = s3_pool_open(3);
    }
    mem_fail_at(0);
    assert_int_equal(n, 3); /* the pool, the stack */
    s3_pool_close(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_handle_given_last_is_taken_next),
        cmocka_unit_test(who_waits_gets_the_handle_that_is_given_back),
        cmocka_unit_test(many_threads_never_have_more_handles_than_there_may_be),
        cmocka_unit_test_setup_teardown(handles_come_back_without_options, s3_stub_enter,
                                        s3_stub_leave),
        cmocka_unit_test_setup_teardown(connections_stay_with_their_handles, s3_stub_enter,
                                        s3_stub_leave),
        cmocka_unit_test_setup_teardown(threads_of_a_client_share_its_two_connections,
                                        s3_stub_enter, s3_stub_leave),
        cmocka_unit_test_setup_teardown(names_are_looked_up_once_for_all_handles, s3_stub_enter,
                                        s3_stub_leave),
        cmocka_unit_test(opening_without_memory_fails_and_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
