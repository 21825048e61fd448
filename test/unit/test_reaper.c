#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/reaper.h"

#define SECOND UINT64_C(1000000)

/* A watched connection (ours) and its peer, and a clock that only the test moves. */
struct world {
    struct reaper *reaper;
    struct watch watch;
    int ours, peer;
    uint64_t now;
};

static void world_open(struct world *w, struct reaper_limits limits)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(addr);
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    *w = (struct world){.reaper = reaper_open(&limits)};
    assert_non_null(w->reaper);
    assert_int_equal(bind(listener, (struct sockaddr *)&addr, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&addr, &len), 0);
    w->peer = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(w->peer, (struct sockaddr *)&addr, len), 0);
    w->ours = accept(listener, NULL, NULL);
    assert_true(w->ours >= 0);
    (void)close(listener);
    reaper_add(w->reaper, &w->watch, w->ours);
    w->now = clock_mono_us();
    reaper_tick(w->reaper, w->now);
}

static void world_close(struct world *w)
{
    reaper_remove(w->reaper, &w->watch);
    reaper_close(w->reaper);
    (void)close(w->ours);
    (void)close(w->peer);
}

/* Lets the reaper look once a second, and says whether the connection is cut then. */
static bool cut_after(struct world *w, unsigned seconds)
{
    struct pollfd p = {.fd = w->peer, .events = POLLRDHUP};

    for (unsigned i = 0; i < seconds; i++) {
        w->now += SECOND;
        reaper_tick(w->reaper, w->now);
    }
    return poll(&p, 1, 0) == 1 && (p.revents & (POLLRDHUP | POLLHUP));
}

static const struct reaper_limits usual = {5 * SECOND, 10 * SECOND, 100};

static void phase(struct world *w, enum watch_phase p)
{
    watch_set(&w->watch, p);
    reaper_tick(w->reaper, w->now); /* sees the change now, not a second late */
}

static void late_headers_are_cut(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, usual);
    assert_false(cut_after(&w, 4));
    assert_true(cut_after(&w, 2));
    world_close(&w);
}

static void idle_connection_stays(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, usual);
    phase(&w, WATCH_IDLE);
    assert_false(cut_after(&w, 1000)); /* its end is the library's idle timeout */
    world_close(&w);
}

static void trickled_headers_are_cut_after_an_idle_time(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, usual);
    phase(&w, WATCH_IDLE);
    assert_false(cut_after(&w, 100));
    for (unsigned i = 0; i < 5; i++) { /* a byte each second */
        assert_int_equal(send(w.peer, "G", 1, 0), 1);
        while (recv(w.ours, &(char){0}, 1, 0) != 1)
            ;
        assert_false(cut_after(&w, 1));
    }
    assert_true(cut_after(&w, 1));
    world_close(&w);
}

static void request_line_does_not_start_the_deadline_again(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, usual);
    phase(&w, WATCH_IDLE);
    assert_int_equal(send(w.peer, "G", 1, 0), 1);
    while (recv(w.ours, &(char){0}, 1, 0) != 1)
        ;
    assert_false(cut_after(&w, 4));
    watch_set(&w.watch, WATCH_HEADERS);
    assert_false(cut_after(&w, 1));
    assert_true(cut_after(&w, 2));
    world_close(&w);
}

static void slow_body_is_cut_after_a_window(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, usual);
    phase(&w, WATCH_BODY);
    atomic_fetch_add(&w.watch.received, 999);
    assert_false(cut_after(&w, 9));
    assert_true(cut_after(&w, 1));
    world_close(&w);
}

static void body_at_the_minimum_rate_stays(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, usual);
    phase(&w, WATCH_BODY);
    for (unsigned i = 0; i < 30; i++) {
        atomic_fetch_add(&w.watch.received, 1000);
        assert_false(cut_after(&w, 10));
    }
    assert_true(cut_after(&w, 10)); /* and no longer than that */
    world_close(&w);
}

static void time_at_a_worker_does_not_count(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, usual);
    phase(&w, WATCH_BODY);
    assert_false(cut_after(&w, 9));
    phase(&w, WATCH_BUSY);
    assert_false(cut_after(&w, 1000));
    phase(&w, WATCH_BODY);
    assert_false(cut_after(&w, 9));
    assert_true(cut_after(&w, 1));
    world_close(&w);
}

static void reader_that_takes_nothing_is_cut(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, usual);
    phase(&w, WATCH_ANSWER);
    assert_false(cut_after(&w, 9));
    assert_true(cut_after(&w, 1));
    world_close(&w);
}

static void reader_that_acknowledges_stays(void **state)
{
    struct world w;
    char bytes[2000] = {0};

    (void)state;
    world_open(&w, usual);
    phase(&w, WATCH_ANSWER);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(send(w.ours, bytes, sizeof(bytes), 0), sizeof(bytes));
        for (size_t n = 0; n < sizeof(bytes);)
            n += (size_t)recv(w.peer, bytes, sizeof(bytes), 0);
        (void)usleep(60000); /* the acknowledgement may be delayed by 40 ms */
        assert_false(cut_after(&w, 10));
    }
    assert_true(cut_after(&w, 10));
    world_close(&w);
}

/* For reading, the peer's end of the connection stays open. */
static bool cut_after_the_peers_end(enum watch_phase p)
{
    struct world w;
    bool cut;

    world_open(&w, usual);
    phase(&w, p);
    assert_false(cut_after(&w, 2));
    assert_int_equal(shutdown(w.peer, SHUT_WR), 0);
    (void)usleep(10000);
    assert_false(cut_after(&w, 1)); /* time for the event thread to see it */
    cut = cut_after(&w, 1);
    world_close(&w);
    return cut;
}

static void peer_that_has_closed_is_not_waited_for(void **state)
{
    (void)state;
    assert_true(cut_after_the_peers_end(WATCH_HEADERS));
    assert_true(cut_after_the_peers_end(WATCH_IDLE));
    assert_true(cut_after_the_peers_end(WATCH_BODY));
    assert_false(cut_after_the_peers_end(WATCH_BUSY));
    assert_false(cut_after_the_peers_end(WATCH_ANSWER)); /* it may be reading */
}

static void no_minimum_rate_cuts_nobody(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, (struct reaper_limits){5 * SECOND, 10 * SECOND, 0});
    phase(&w, WATCH_BODY);
    assert_false(cut_after(&w, 1000));
    phase(&w, WATCH_ANSWER);
    assert_false(cut_after(&w, 1000));
    world_close(&w);
}

static void idle_ones_or_all_are_cut_on_demand(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, usual);
    phase(&w, WATCH_BUSY);
    reaper_cut(w.reaper, true);
    assert_false(cut_after(&w, 0));
    phase(&w, WATCH_IDLE);
    reaper_cut(w.reaper, true);
    assert_true(cut_after(&w, 0));
    world_close(&w);

    world_open(&w, usual);
    phase(&w, WATCH_BUSY);
    reaper_cut(w.reaper, false);
    assert_true(cut_after(&w, 0));
    world_close(&w);
}

static void thread_looks_each_second(void **state)
{
    struct world w;
    struct pollfd p;

    (void)state;
    world_open(&w, (struct reaper_limits){SECOND / 10, 10 * SECOND, 100});
    assert_true(reaper_start(w.reaper));
    p = (struct pollfd){.fd = w.peer, .events = POLLRDHUP};
    assert_int_equal(poll(&p, 1, 3000), 1);
    world_close(&w);
}

static void connections_are_removed_from_any_place(void **state)
{
    struct reaper *r = reaper_open(&usual);
    struct watch w[4] = {0};

    (void)state;
    for (int i = 0; i < 4; i++)
        reaper_add(r, &w[i], -1);
    reaper_remove(r, &w[1]);
    reaper_remove(r, &w[3]);
    reaper_remove(r, &w[0]);
    reaper_tick(r, clock_mono_us());
    reaper_remove(r, &w[2]);
    reaper_tick(r, clock_mono_us());
    reaper_close(r);
    reaper_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(late_headers_are_cut),
        cmocka_unit_test(idle_connection_stays),
        cmocka_unit_test(trickled_headers_are_cut_after_an_idle_time),
        cmocka_unit_test(request_line_does_not_start_the_deadline_again),
        cmocka_unit_test(slow_body_is_cut_after_a_window),
        cmocka_unit_test(body_at_the_minimum_rate_stays),
        cmocka_unit_test(time_at_a_worker_does_not_count),
        cmocka_unit_test(reader_that_takes_nothing_is_cut),
        cmocka_unit_test(reader_that_acknowledges_stays),
        cmocka_unit_test(peer_that_has_closed_is_not_waited_for),
        cmocka_unit_test(no_minimum_rate_cuts_nobody),
        cmocka_unit_test(idle_ones_or_all_are_cut_on_demand),
        cmocka_unit_test(thread_looks_each_second),
        cmocka_unit_test(connections_are_removed_from_any_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
