#include "format/envfile_entry.h"

#include <stdarg.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/text.h"
#include "format/conda_name.h"
#include "format/conda_spec.h"

#define TEXTS_MAX 1000
#define NOTES_MAX 20
#define LINE_MAX  4096 /* of a requirement; those of pip with many hashes are cut into lines */

/* --- growing ---------------------------------------------------------------------------------- */

enum err_code envfile_add(struct envfile_reading *r, const struct envfile_entry *e, struct err *err)
{
    struct envfile *f = r->file;

    if (f->count == LIMIT_ENVFILE_ENTRIES)
        return fail(err, ERR_TOO_BIG, "line %d: more than %d requirements", e->line,
                    LIMIT_ENVFILE_ENTRIES);
    if (f->count == r->room) {
        size_t room = r->room ? 2 * r->room : 32;
        struct envfile_entry *more = arena_array(r->mem, struct envfile_entry, room);

        if (!more)
            return fail(err, ERR_NOMEM, "out of memory");
        if (f->count)
            memcpy(more, f->entries, f->count * sizeof(*more));
        f->entries = more;
        r->room = room;
    }
    f->entries[f->count++] = *e;
    return OK;
}

enum err_code envfile_add_text(struct envfile_reading *r, struct envfile_texts *list, struct str s,
                               struct err *err)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_eq(list->items[i], s))
            return OK;
    if (list->count == TEXTS_MAX)
        return fail(err, ERR_TOO_BIG, "more than %d channels, platforms or variables", TEXTS_MAX);
    if (!(list->count & (list->count - 1))) { /* full at 0, 1, 2, 4 ... */
        struct str *more = arena_array(r->mem, struct str, list->count ? 2 * list->count : 1);

        if (!more)
            return fail(err, ERR_NOMEM, "out of memory");
        if (list->count)
            memcpy(more, list->items, list->count * sizeof(*more));
        list->items = more;
    }
    list->items[list->count++] = s;
    return OK;
}

enum err_code envfile_note(struct envfile_reading *r, const char *fmt, ...)
{
    char text[512];
    struct str note;
    va_list args;

    if (r->file->notes.count == NOTES_MAX)
        return OK;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args); /* a long note is cut */
    va_end(args);
    note = str_dup(r->mem, str_of(text));
    return note.ptr ? envfile_add_text(r, &r->file->notes, note, NULL) : ERR_NOMEM;
}

/* --- secrets ---------------------------------------------------------------------------------- */

static size_t find(struct str s, size_t from, struct str what)
{
    for (; from + what.len <= s.len; from++)
        if (str_starts(str_from(s, from), what))
            return from;
    return s.len;
}

static size_t span_until(struct str s, size_t from, const char *stops)
{
    while (from < s.len && !strchr(stops, s.ptr[from]))
        from++;
    return from;
}

/* "$TOKEN" and "${TOKEN}" are filled in by who has the secret. */
static bool is_variable(struct str s)
{
    return str_starts(s, S("$")) || str_starts(s, S("%"));
}

/* Behind "://": the user and password before an "@", then each "/t/" and what follows it. */
static void mask_url(struct envfile_reading *r, struct str url, struct buf *out)
{
    size_t authority = span_until(url, 0, "/?#"), at;
    struct str host = str_sub(url, 0, authority), user;

    if (str_cut_last(host, '@', &user, &host)) {
        bool kept = is_variable(user);

        buf_add(out, kept ? user : S("***"));
        buf_addc(out, '@');
        r->secrets = r->secrets || !kept;
    }
    buf_add(out, host);
    url = str_from(url, authority);
    while ((at = find(url, 0, S("/t/"))) < url.len) {
        size_t end = span_until(url, at + 3, "/?# ");
        struct str token = str_sub(url, at + 3, end - at - 3);
        bool kept = !token.len || is_variable(token);

        buf_add(out, str_sub(url, 0, at + 3));
        buf_add(out, kept ? token : S("***"));
        r->secrets = r->secrets || !kept;
        url = str_from(url, end);
    }
    buf_add(out, url);
}

struct str envfile_masked(struct envfile_reading *r, struct str s)
{
    AUTO(buf_done) struct buf out = BUF_INIT(4 * s.len + 16);
    struct str rest = s;
    size_t at;

    if (find(s, 0, S("://")) == s.len)
        return str_dup(r->mem, s);
    while ((at = find(rest, 0, S("://"))) < rest.len) {
        size_t end = span_until(rest, at + 3, " \"'<>");

        buf_add(&out, str_sub(rest, 0, at + 3));
        mask_url(r, str_sub(rest, at + 3, end - at - 3), &out);
        rest = str_from(rest, end);
    }
    buf_add(&out, rest);
    return buf_ok(&out) ? str_dup(r->mem, buf_str(&out)) : (struct str){NULL, 0};
}

/* --- conda ------------------------------------------------------------------------------------ */

enum err_code envfile_hash(struct str hash, struct envfile_entry *e, struct err *err)
{
    if (str_starts(hash, S("sha256:")))
        hash = str_from(hash, 7);
    if (text_is_hex(hash, 32))
        e->md5 = hash;
    else if (text_is_hex(hash, 64))
        e->sha256 = hash;
    else
        return fail(err, ERR_INVALID,
                    "line %d: \"" STR_FMT "\" is no MD5 or SHA-256 in lower-case digits", e->line,
                    STR_ARG(hash));
    return OK;
}

/* The part of a URL or path behind its last slash; Windows has another. */
static void split_place(struct str url, struct str *ret_place, struct str *ret_name)
{
    if (!str_cut_last(url, '/', ret_place, ret_name) &&
        !str_cut_last(url, '\\', ret_place, ret_name)) {
        *ret_place = S("");
        *ret_name = url;
    }
}

enum err_code envfile_package_url(struct envfile_reading *r, struct str url,
                                  struct envfile_entry *e, struct err *err)
{
    struct str place, name, channel, subdir, plain;
    struct conda_filename file;
    struct err why = {0};

    if (text_has_control(url))
        return fail(err, ERR_INVALID, "line %d: a URL has a control character", e->line);
    e->url = envfile_masked(r, url);
    if (!e->url.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    split_place(e->url, &place, &name);
    plain = text_unpercent(r->mem, name, false);
    if (!plain.ptr || conda_filename_parse(plain, &file, &why))
        return fail(err, ERR_INVALID, "line %d: \"" STR_FMT "\" is no conda package: %s", e->line,
                    STR_ARG(e->url), why.msg[0] ? why.msg : "its escapes are broken");
    e->name = file.name;
    e->version = file.version;
    e->build = file.build;
    split_place(place, &channel, &subdir);
    if (conda_known_subdir(subdir)) {
        e->channel = channel;
        if (!e->platform.len)
            e->platform = subdir;
    }
    return OK;
}

static bool is_package_url(struct str s)
{
    return find(s, 0, S("://")) < s.len && (str_ends(s, S(".conda")) || str_ends(s, S(".tar.bz2")));
}

/* "channel::spec": the channel may be a URL with a port, so the last "::" before a bracket counts.
 */
static void cut_channel(struct str *spec, struct str *ret_channel)
{
    size_t end = span_until(*spec, 0, "["), at = 0, last = spec->len;

    while ((at = find(str_sub(*spec, 0, end), at, S("::"))) < end)
        last = at++;
    *ret_channel = S("");
    if (last == spec->len)
        return;
    *ret_channel = str_trim(str_sub(*spec, 0, last));
    *spec = str_from(*spec, last + 2);
}

enum err_code envfile_add_conda(struct envfile_reading *r, struct str spec,
                                const struct envfile_entry *e, struct err *err)
{
    struct envfile_entry entry = *e;
    struct conda_spec parsed;
    struct str channel;
    struct err why = {0};
    enum err_code code;

    entry.manager = ENVFILE_CONDA;
    spec = str_trim(spec);
    if (is_package_url(spec)) {
        if ((code = envfile_package_url(r, spec, &entry, err)))
            return code;
        entry.spec = entry.url;
        return envfile_add(r, &entry, err);
    }
    cut_channel(&spec, &channel);
    if (text_has_control(channel))
        return fail(err, ERR_INVALID, "line %d: a channel has a control character", e->line);
    if ((code = conda_spec_parse(r->mem, spec, &parsed, &why)))
        return fail(err, code, "line %d: %s", e->line, why.msg);
    entry.name = parsed.name;
    entry.spec = str_dup(r->mem, spec);
    entry.channel = envfile_masked(r, channel);
    if (!entry.spec.ptr || !entry.channel.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    return envfile_add(r, &entry, err);
}

/* --- pip -------------------------------------------------------------------------------------- */

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

/* PEP 508: a name, and then extras, a version, "@ URL", a marker or an option of pip's. Empty when
 * it is an option, a path or a URL; ptr NULL when it is none of all. */
static struct str pip_name(struct str s)
{
    size_t n = 0;

    if (str_starts(s, S("-")) || str_starts(s, S(".")) || find(s, 0, S("://")) < find(s, 0, S("@")))
        return S("");
    while (n < s.len && is_name_char(s.ptr[n]))
        n++;
    if (n < s.len && (s.ptr[n] == '/' || s.ptr[n] == '\\' || s.ptr[n] == ':' || s.ptr[n] == '+'))
        return S("");
    if (!n || (n < s.len && !strchr(" \t[(=<>!~;@,", s.ptr[n])))
        return (struct str){NULL, 0};
    return str_sub(s, 0, n);
}

enum err_code envfile_add_pip(struct envfile_reading *r, struct str requirement,
                              const struct envfile_entry *e, struct err *err)
{
    struct envfile_entry entry = *e;
    struct str head, url;

    entry.manager = ENVFILE_PIP;
    requirement = str_trim(requirement);
    if (!requirement.len)
        return OK;
    if (requirement.len > LINE_MAX)
        return fail(err, ERR_TOO_BIG, "line %d: a requirement of %zu bytes; the limit is %d",
                    e->line, requirement.len, LINE_MAX);
    entry.spec = envfile_masked(r, requirement);
    if (!entry.spec.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    entry.name = pip_name(entry.spec);
    if (!entry.name.ptr || text_has_control(entry.spec))
        return fail(err, ERR_INVALID,
                    "line %d: \"" STR_FMT "\" is no requirement that pip reads, like \"name==1.0\"",
                    e->line, STR_ARG(entry.spec));
    url = entry.spec;
    if (entry.name.len && str_cut(&url, '@', &head) && find(url, 0, S("://")) < url.len) {
        url = str_trim(url);
        entry.url = str_sub(url, 0, span_until(url, 0, " \t"));
    }
    return envfile_add(r, &entry, err);
}
