/* db_pg_url.c: what is added to a URL, and how its password stays out of messages. */
#include <libpq-fe.h> /* first: it uses what banned.h bans */

#include "store/db_pg_url.h"

#include "base/buf.h"
#include "base/limits.h"

#define LIMIT_URL (64 * KIB)

/* A host that vanished without a word is noticed within half a minute, by each kind of wait. */
static const struct {
    const char *name, *value;
} additions[] = {
    {"connect_timeout", "5"},    {"keepalives_idle", "15"},     {"keepalives_interval", "5"},
    {"keepalives_count", "3"},   {"tcp_user_timeout", "20000"}, {"application_name", "terrarium"},
    {"client_encoding", "UTF8"},
};

static void free_options(PQconninfoOption **options)
{
    PQconninfoFree(*options); /* accepts NULL */
}

/* NULL when the URL does not say. */
static const char *option(const PQconninfoOption *options, const char *name)
{
    for (; options->keyword; options++)
        if (str_eq(str_of(options->keyword), str_of(name)))
            return options->val;
    return NULL;
}

/* libpq quotes what it could not read, which may be the password: the words before say enough. */
static enum err_code unreadable(const char *why, struct err *err)
{
    const char *quoted = why ? strstr(why, ": \"") : NULL;
    int len = quoted ? (int)(quoted - why) : 0;

    if (!len)
        return fail(err, ERR_INVALID, "the URL of the database cannot be read");
    return fail(err, ERR_INVALID, "the URL of the database cannot be read: %.*s", len, why);
}

/* A password with a bare @ or / in it moves what follows into the host, the port or the name of the
 * database, and all of these are shown when something fails. url: "postgresql://..." */
static bool spills(struct str url)
{
    struct str rest = str_from(url, strlen("postgresql://"));
    size_t credentials = 0, query = 0;

    while (credentials < rest.len && !str_has(S("@/"), rest.ptr[credentials]))
        credentials++;
    if (credentials < rest.len && rest.ptr[credentials] == '@')
        rest = str_from(rest, credentials + 1);
    while (query < rest.len && rest.ptr[query] != '?')
        query++;
    return str_has(str_sub(rest, 0, query), '@');
}

static bool is_port_list(const char *ports)
{
    return !ports || strspn(ports, "0123456789,") == strlen(ports);
}

static void add_missing(struct buf *b, const PQconninfoOption *options)
{
    struct str so_far = buf_str(b);
    char sep = str_has(so_far, '?') ? '&' : '?';

    if (str_ends(so_far, S("?")) || str_ends(so_far, S("&")))
        sep = '\0';
    for (size_t i = 0; i < COUNT(additions); i++) {
        if (option(options, additions[i].name))
            continue;
        if (sep)
            buf_addc(b, sep);
        buf_addf(b, "%s=%s", additions[i].name, additions[i].value);
        sep = '&';
    }
}

enum err_code pg_url_complete(struct str url, char **ret_conninfo, struct err *err)
{
    AUTO(buf_done) struct buf b = BUF_INIT(LIMIT_URL);
    AUTO(free_options) PQconninfoOption *options = NULL;
    char *why = NULL, *conninfo;
    size_t len;

    if (url.len > LIMIT_URL / 2 || str_has(url, '\0'))
        return unreadable(NULL, err);
    buf_add(&b, url);
    buf_addc(&b, '\0');
    if (!buf_ok(&b))
        return fail(err, ERR_NOMEM, "out of memory");
    options = PQconninfoParse(b.ptr, &why);
    if (!options) {
        (void)unreadable(why, err);
        PQfreemem(why);
        return ERR_INVALID;
    }
    if (spills(url) || !is_port_list(option(options, "port")))
        return fail(err, ERR_INVALID,
                    "the URL of the database cannot be read: write @ : / ? # and %% of a password "
                    "as %%40 %%3A %%2F %%3F %%23 and %%25");
    b.len--; /* the NUL */
    add_missing(&b, options);
    conninfo = buf_take(&b, &len);
    if (!conninfo)
        return fail(err, ERR_NOMEM, "out of memory");
    *ret_conninfo = conninfo;
    return OK;
}
