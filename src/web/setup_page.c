/* setup_page.c: the page behind the one-time link, where the first administrator is created. */
#include "base/limits.h"
#include "base/text.h"
#include "config.h"
#include "core/session.h"
#include "core/setup.h"
#include "format/fields.h"
#include "web/handlers.h"
#include "web/reply.h"

static void add_input(struct buf *b, const char *label, const char *name, const char *type,
                      struct str value)
{
    buf_addf(b, "<p><label>%s<br><input name=\"%s\" type=\"%s\" required value=\"", label, name,
             type);
    text_html(b, value);
    buf_addz(b, "\"></label></p>\n");
}

static enum err_code form_page(struct call *c, unsigned status, const struct signup *in,
                               const struct signup_errors *errors, struct err *err)
{
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);

    buf_addz(&b, "<p>Create the first administrator of this server. This link works once.</p>\n");
    for (size_t i = 0; i < errors->count; i++) {
        buf_addz(&b, "<p><strong>");
        text_html(&b, errors->items[i].message);
        buf_addz(&b, "</strong></p>\n");
    }
    buf_addz(&b, "<form method=\"post\">\n");
    add_input(&b, "Username", "login", "text", in->login);
    add_input(&b, "E-mail", "email", "email", in->email);
    add_input(&b, "Password", "password", "password", S(""));
    add_input(&b, "Password again", "password_again", "password", S(""));
    buf_addz(&b, "<p><button>Create administrator</button></p>\n</form>\n");
    if (!buf_ok(&b))
        return fail(err, ERR_NOMEM, "out of memory");
    return reply_html(c, status, S("Set up Terrarium"), buf_str(&b), err);
}

enum err_code get_setup(struct call *c, struct err *err)
{
    struct signup empty = {0};
    struct signup_errors none = {0};
    enum err_code rc = setup_admit(c->app, call_param(c, "code"), c->ex->remote, err);

    return rc ? rc : form_page(c, 200, &empty, &none, err);
}

static struct str field(struct call *c, const char *name)
{
    struct str v = S("");

    (void)field_form(c->mem, c->ex->body, str_of(name),
                     &v); /* absent: empty, and refused as such */
    return v;
}

enum err_code post_setup(struct call *c, struct err *err)
{
    AUTO(buf_done) struct buf b = BUF_INIT(64 * KIB);
    struct signup in = {.login = field(c, "login"),
                        .email = field(c, "email"),
                        .password = field(c, "password"),
                        .password_again = field(c, "password_again"),
                        .accept_terms = true}; /* who runs the server sets its terms */
    struct signup_errors errors = {0};
    struct str secret;
    int64_t id;
    enum err_code rc =
        setup_finish(c->app, c->mem, call_param(c, "code"), &in, c->ex->remote, &id, &errors, err);

    if (rc == ERR_UNPROCESSABLE)
        return form_page(c, 422, &in, &errors, err);
    if (rc)
        return rc;
    struct actor self = {.account_id = id,
                         .login = str_lower(c->mem, in.login),
                         .superuser = true,
                         .remote = c->ex->remote};
    if ((rc = session_start(c->app, c->mem, &self, http_header(c->ex, "User-Agent"), &secret, err)))
        return rc;
    buf_addz(&b, "<p>The administrator <strong>");
    text_html(&b, self.login);
    buf_addz(&b, "</strong> was created. Go to the <a href=\"/\">start page</a>.</p>\n");
    if ((rc = reply_html(c, 201, S("Terrarium is ready"), buf_str(&b), err)))
        return rc;
    return reply_cookie(c, secret, c->app->config->session_days * 86400, err);
}
