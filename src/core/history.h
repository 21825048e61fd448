/* history.h: the security log as people read it: filters in words, pages, and lines for export. */
#ifndef CORE_HISTORY_H
#define CORE_HISTORY_H
#include <jansson.h>

#include "app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "store/audit.h"

/* A page that was asked for. Empty texts: not asked for. */
struct history_request {
    struct str action; /* "file.create"; "file." for all that begin so */
    struct str actor, object, address;
    struct str since, until; /* a date, or a moment (RFC 3339); both are within */
    struct str before;       /* the place to go on from, as a page before it said */
    struct str limit;        /* events of the page */
    struct str format;       /* "json", "csv" */
};
enum { HISTORY_FIELDS = 9 };
/* The request's texts by name, for whoever reads them out of a query or a command line. */
struct history_field {
    const char *name;
    struct str *text;
};
void history_fields(struct history_request *req, struct history_field ret[HISTORY_FIELDS]);

struct history_page {
    struct audit_list events; /* the newest first */
    struct str next;          /* `before` of the page after this; empty: there is none */
    bool csv;                 /* was asked for */
};
enum { HISTORY_LIMIT = 100, HISTORY_LIMIT_MAX = 1000, HISTORY_CSV_MAX = 10000 };

/* account_id: 0: of all accounts. ERR_UNPROCESSABLE names the field that cannot be understood. */
enum err_code history_read(struct app *app, struct arena *mem, int64_t account_id,
                           const struct history_request *req, struct history_page *ret,
                           struct err *err) MUST_USE;

/* One event as JSON; a new reference, NULL when out of memory. */
json_t *history_event_json(const struct audit_row *event);
/* Appends the page as CSV; head: with a line of names before it. */
void history_add_csv(struct buf *out, const struct history_page *page, bool head);

#endif
