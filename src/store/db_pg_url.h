/* db_pg_url.h: the URL of a PostgreSQL database as libpq is given it. Internal to store/. */
#ifndef STORE_DB_PG_URL_H
#define STORE_DB_PG_URL_H
#include "base/err.h"
#include "base/str.h"

/* url: "postgresql://..." in all that libpq reads. The result is url with those settings added that
 * it lacks and that a server wants (an end to every wait for the network); free it with mem_free.
 * ERR_INVALID when it cannot be read, also when it looks as if a part of the password would be
 * taken for something else and so be shown. */
enum err_code pg_url_complete(struct str url, char **ret_conninfo, struct err *err) MUST_USE;

#endif
