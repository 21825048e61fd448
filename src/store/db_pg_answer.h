/* db_pg_answer.h: waiting for the answer to a statement, but not for a server that answers nobody.
 * Internal to store/.
 *
 * A server that is halted, or behind a network that swallows everything, would be waited for until
 * TCP gives up, or without end on a socket of the same machine. */
#ifndef STORE_DB_PG_ANSWER_H
#define STORE_DB_PG_ANSWER_H
#include <libpq-fe.h> /* first: it uses what banned.h bans */

#include <stdatomic.h>

#include "base/common.h"

/* As PQexec and its like end: the last result of what PQsend... (whose result is `sent`) has sent;
 * NULL when nothing was, when memory or the connection is lost, or when it was waited for in vain:
 * then *ret_in_vain is set (and left alone otherwise), and the connection is of no more use.
 * silent: whether somebody else has found out that the server does not answer; NULL: nobody can. */
PGresult *pg_answer(PGconn *pq, int sent, const atomic_bool *silent, bool *ret_in_vain) MUST_USE;

#endif
