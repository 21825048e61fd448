/* web_fixture.h: what the tests of src/web begin with: a server inside the test program, on an
 * empty folder and a port of its own, and a client that sends what it is told over one connection
 * and shows all that comes back. Each helper must succeed, or the test fails. */
#ifndef TEST_WEB_FIXTURE_H
#define TEST_WEB_FIXTURE_H
#include "core_fixture.h"

#include <jansson.h>

#include "http/http.h"
#include "http_fixture.h"
#include "web/web.h"

enum { SITE_WORKERS = 2 };

struct site {
    struct core *core; /* the parts below src/web; its settings may be changed at any time */
    struct web *web;
    struct http_server *http;
    struct str address;
    unsigned asked; /* requests sent: each leaves one line in the log */
    int log_fd;
    int fd; /* of the client's connection; -1: none yet */
};

/* With an inspector only if packages are committed. */
int site_open(void **state);
int site_open_inspecting(void **state);
int site_close(void **state);
#define WITH_SITE(test) cmocka_unit_test_setup_teardown(test, site_open, site_close)
#define WITH_PUBLISHING(test)                                                                      \
    cmocka_unit_test_setup_teardown(test, site_open_inspecting, site_close)

/* ---- requests -------------------------------------------------------------------------------- */

struct answer {
    unsigned status;
    struct str body;
    struct reply *reply; /* all of it; lives as long as the site */
};

/* headers: whole lines, each with its "\r\n", or "". Host is added unless there, Content-Length if
 * there is a body. */
struct answer request(struct site *s, const char *method, const char *target, const char *headers,
                      struct str body);
struct answer get(struct site *s, const char *target, const char *headers);
/* The same, checking the status. */
struct answer request_for(struct site *s, unsigned status, const char *method, const char *target,
                          const char *headers, struct str body);
struct answer get_for(struct site *s, unsigned status, const char *target, const char *headers);

struct str header(const struct answer *r, const char *name); /* ptr NULL when absent */
bool has_header(const struct answer *r, const char *name);
bool body_has(const struct answer *r, const char *text);
json_t *json_body(struct site *s, const struct answer *r); /* lives as long as the site */
struct str json_member(struct site *s, const struct answer *r, const char *key); /* a string */

/* ---- callers --------------------------------------------------------------------------------- */

#define PASSWORD "correct horse battery"
struct actor sign_up(struct site *s, const char *login); /* with PASSWORD; slow, as hashing is */
/* A new token; scope: one name, or NULL for everything. */
const char *make_token(struct site *s, const struct actor *who, const char *name,
                       const char *scope);
const char *make_cookie(struct site *s, const struct actor *who); /* its value */
/* Header lines. */
const char *with_token(struct site *s, const char *token);
const char *with_cookie(struct site *s, const char *secret);
const char *with_basic(struct site *s, const char *user, const char *password);
const char *lines(struct site *s, const char *first, const char *second); /* both */

/* ---- what happened inside -------------------------------------------------------------------- */

/* The log's line about the last request, and all lines so far; waits for them. */
struct str log_line(struct site *s);
struct str log_text(struct site *s);
bool text_has(struct str text, const char *part);

/* Downloads of all packages so far. */
int64_t downloads(struct site *s);

/* SQL statements that this process has begun so far, but for those that watch the generation. */
unsigned sql_statements(void);

#endif
