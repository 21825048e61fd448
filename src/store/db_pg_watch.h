/* db_pg_watch.h: how the nodes on one PostgreSQL hear of each other's writes. Internal to store/.
 *
 * Each serving node has one connection that listens, and a row in the table node with the time
 * (of the database's clock) until which it may trust its caches: its lease, which the listening
 * connection itself renews. A commit that changed something carries a notification; whoever hears
 * it moves its generation and acknowledges. The writer's tx_commit returns once every node whose
 * lease is running has acknowledged, or the lease of those that have not is over. A node whose own
 * lease is over (by its own steady clock, counted from before it asked for it) trusts nothing: so
 * after an answer "it is done" no node anywhere shows what was before. */
#ifndef STORE_DB_PG_WATCH_H
#define STORE_DB_PG_WATCH_H
#include <libpq-fe.h> /* first: it uses what banned.h bans */

#include <stdatomic.h>

#include "base/log.h"
#include "store/db.h"

#define PG_LEASE_MS   2000 /* how long a node may trust without a renewal */
#define PG_RENEW_MS   500
#define PG_MARGIN_MS  250 /* what a writer adds to a lease before it counts as over */
#define PG_NOTICE_MAX 128

struct pg_watch;

/* conninfo: a URL that libpq has read before (pg_url_complete), because what it cannot read it
 * would quote in the log; copied. node: the name for people; each opening is another node.
 * Connects, listens and takes the first lease in a thread of its own, and goes on doing so when the
 * connection is lost. node NULL: a command, without a thread: it announces and does not wait.
 * The table node must exist by the time the thread uses it; until then it tries again. */
enum err_code pg_watch_open(const char *conninfo, const char *node, const struct log *log,
                            struct pg_watch **ret_watch, struct err *err) MUST_USE;
/* Gives the lease back; accepts NULL. While the database cannot be reached this may take as long as
 * an attempt to connect (connect_timeout of each host). */
void pg_watch_close(struct pg_watch *w);

/* See db_generation. Any thread, does not block. */
uint64_t pg_watch_generation(struct pg_watch *w);

/* Whether the server has been asked in vain for seconds: then it is no use to
 * wait for it in another connection either. Lives as long as the watch; NULL for a command, which
 * does not know. */
const atomic_bool *pg_watch_silent(const struct pg_watch *w);

/* The NOTIFY statement (without semicolon) that a changing transaction runs right before its
 * COMMIT, and the number to await it by. Each announced number must be awaited or dropped. */
uint64_t pg_watch_announce(struct pg_watch *w, char notice[PG_NOTICE_MAX]);
/* After the COMMIT, on the same idle connection: moves this node's generation at once, then waits
 * for the others. Cannot fail: what cannot be asked is waited for as long as a lease may run (and
 * conn may be busy for good). */
void pg_watch_await(struct pg_watch *w, PGconn *conn, uint64_t number);
/* Instead, when the transaction was not committed, or nobody knows whether it was: then unknown.
 * This node's generation then moves at once, and again if it turns out to be committed later. */
void pg_watch_drop(struct pg_watch *w, uint64_t number, bool unknown);

#endif
