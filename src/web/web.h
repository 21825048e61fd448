/* web.h: what each URL does. Made by `terrarium serve`, called by http/ through struct http_app. */
#ifndef WEB_WEB_H
#define WEB_WEB_H
#include "app.h"
#include "http/http.h"

struct web;
enum err_code web_open(struct app *app, struct web **ret_web, struct err *err) MUST_USE;
void web_close(struct web *w);
struct http_app web_http_app(struct web *w);
/* From now on /readyz answers 503, so that load balancers turn away while requests finish. */
void web_drain(struct web *w);

/* Appends the route table as JSON (for `terrarium routes`, and for the tests that walk it). */
void web_print_routes(struct buf *out);

#endif
