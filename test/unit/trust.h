/* trust.h: for tests that look at the generation of a database. */
#ifndef TEST_TRUST_H
#define TEST_TRUST_H
#include "unit.h"

#include <unistd.h>

#include "store/db.h"

/* Until caches may be trusted, where that has to be settled with other nodes first: from then on
 * the generation moves with writes only. */
static inline void wait_for_trust(struct db *db)
{
    bool trusted = false;

    for (int i = 0; i < 5000 && !trusted; i++) {
        trusted = db_generation(db) == db_generation(db);
        if (!trusted)
            (void)usleep(1000);
    }
    assert_true(trusted);
}

#endif
