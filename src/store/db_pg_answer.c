/* db_pg_answer.c: libpq's own waits have no end; these look up once a second. */
#include "store/db_pg_answer.h"

#include <poll.h>

#include "store/turn.h"

#define LOOK_MS 1000
/* A server that is only overloaded may leave somebody else without an answer for some seconds. */
#define PATIENCE_MS 6000

/* Until something can be read; false: in vain. since_ms: when the wait for this answer began. */
static bool wait_to_read(const PGconn *pq, const atomic_bool *silent, int64_t since_ms)
{
    struct pollfd fd = {.fd = PQsocket(pq), .events = POLLIN};

    while (poll(&fd, 1, LOOK_MS) <= 0) /* -1: interrupted */
        if (silent && atomic_load(silent) && turn_now_ms() - since_ms >= PATIENCE_MS)
            return false;
    return true;
}

PGresult *pg_answer(PGconn *pq, int sent, const atomic_bool *silent, bool *ret_in_vain)
{
    PGresult *result = NULL, *next;
    int64_t since_ms = turn_now_ms();

    if (!sent)
        return NULL;
    do {
        while (PQisBusy(pq)) {
            if (!wait_to_read(pq, silent, since_ms)) {
                *ret_in_vain = true;
                PQclear(result);
                return NULL;
            }
            if (!PQconsumeInput(pq))
                break; /* PQgetResult says it */
        }
        next = PQgetResult(pq);
        if (next) {
            PQclear(result);
            result = next;
        }
    } while (next);
    return result;
}
