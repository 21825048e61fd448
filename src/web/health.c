/* health.c: is the process there, may traffic come, and what is this place. */
#include "base/text.h"
#include "store/db.h"
#include "web/handlers.h"
#include "web/reply.h"

enum err_code get_healthz(struct call *c, struct err *err)
{
    return reply_bytes(c, 200, "text/plain", S("ok\n"), err);
}

/* Ready: the database answers and no stop was asked for. Not ready is no failure to be logged. */
enum err_code get_readyz(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;

    if (atomic_load(&c->web->draining))
        return reply_bytes(c, 503, "text/plain", S("the server is stopping\n"), err);
    if (tx_begin(c->app->db, TX_READ, &tx, NULL))
        return reply_bytes(c, 503, "text/plain", S("the database does not answer\n"), err);
    return reply_bytes(c, 200, "text/plain", S("ready\n"), err);
}

enum err_code get_landing(struct call *c, struct err *err)
{
    AUTO(buf_done) struct buf b = BUF_INIT(64 * 1024);
    struct str base = call_base_url(c);

    buf_addz(&b, "<p>A home for packages.</p>\n<h2>Install</h2>\n<pre>conda install --channel ");
    text_html(&b, base);
    buf_addz(&b, "/conda/OWNER PACKAGE</pre>\n<h2>Publish</h2>\n<pre>anaconda config --set url ");
    text_html(&b, base);
    buf_addz(&b, "/api\nanaconda org login --username NAME\nanaconda upload PACKAGE.conda</pre>\n");
    if (!buf_ok(&b))
        return fail(err, ERR_NOMEM, "out of memory");
    return reply_html(c, 200, S("Terrarium"), buf_str(&b), err);
}
