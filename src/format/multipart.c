/* multipart.c: a state for each place of the grammar. In a part's bytes the scanner searches for
 * the delimiter (CRLF "--" boundary) in whole chunks; a delimiter that a chunk's end cuts in two
 * is remembered by how much of it was seen. Its first byte, CR, does not occur in it again, so
 * a false start never hides a true one. */
#include "format/multipart.h"

#include "base/limits.h"
#include "base/text.h"
#include "format/fields.h"

#define BOUNDARY_MAX 70 /* RFC 2046 5.1.1 */

enum place {
    AT_START,    /* before the first delimiter, which has no CRLF of its own */
    AFTER_DELIM, /* "\r\n" begins a part, "--" closes */
    IN_HEADERS,  /* of a part, up to the empty line */
    IN_DATA,     /* of a part, up to the delimiter */
    AFTER_CLOSE, /* at most one CRLF */
    BEHIND,      /* nothing may come any more */
};

struct multipart {
    struct arena *mem;
    struct multipart_events ev;
    enum place place;
    char delim[4 + BOUNDARY_MAX];
    size_t delim_len;
    size_t matched; /* bytes of the delimiter, of "\r\n" or of "--" seen so far */
    bool closing;   /* after a delimiter: a "-" was seen */
    size_t parts;
    char headers[LIMIT_PART_HEADERS];
    size_t headers_len;
    struct str part_headers; /* in headers, of the part that begins */
    enum err_code failed;    /* nothing is done any more */
};

/* bchars of RFC 2046 5.1.1; a blank must not be the last. */
static bool boundary_is_valid(struct str b)
{
    if (!b.len || b.len > BOUNDARY_MAX || b.ptr[b.len - 1] == ' ')
        return false;
    for (size_t i = 0; i < b.len; i++) {
        char c = b.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (c && strchr("'()+_,-./:=? ", c))))
            return false;
    }
    return true;
}

static bool media_type_is(struct str content_type, struct str type)
{
    struct str head;

    return str_eq_nocase(str_trim(str_cut(&content_type, ';', &head) ? head : content_type), type);
}

enum err_code multipart_open(struct arena *mem, struct str content_type,
                             const struct multipart_events *ev, struct multipart **ret_scanner,
                             struct err *err)
{
    struct multipart *m;
    struct str boundary;

    if (!media_type_is(content_type, S("multipart/form-data")))
        return fail(err, ERR_INVALID, "content type \"" STR_FMT "\" is not multipart/form-data",
                    STR_ARG(content_type));
    if (!field_param(mem, content_type, S("boundary"), &boundary) || !boundary_is_valid(boundary))
        return fail(err, ERR_INVALID, "multipart boundary is missing or malformed");
    m = arena_new(mem, struct multipart);
    if (!m)
        return fail(err, ERR_NOMEM, "out of memory");
    m->mem = mem;
    m->ev = *ev;
    memcpy(m->delim, "\r\n--", 4);
    memcpy(m->delim + 4, boundary.ptr, boundary.len);
    m->delim_len = 4 + boundary.len;
    m->matched = 2; /* as if a CRLF had come before the body */
    *ret_scanner = m;
    return OK;
}

/* --- headers of a part ------------------------------------------------------------------------ */

struct part_headers {
    struct str disposition, type, encoding; /* ptr == NULL: absent */
};

static enum err_code keep_header(struct str *slot, struct str value, struct err *err)
{
    if (slot->ptr)
        return fail(err, ERR_INVALID, "part has a header twice");
    *slot = value;
    return OK;
}

static enum err_code parse_header(struct str line, struct part_headers *h, struct err *err)
{
    struct str name;

    if (!str_cut(&line, ':', &name) || !name.len || str_has(name, ' ') || str_has(name, '\t') ||
        text_has_control(name))
        return fail(err, ERR_INVALID, "part has a malformed header");
    line = str_trim(line);
    for (size_t i = 0; i < line.len; i++)
        if ((unsigned char)line.ptr[i] < 0x20 && line.ptr[i] != '\t')
            return fail(err, ERR_INVALID, "part has a control character in a header");
    if (str_eq_nocase(name, S("Content-Disposition")))
        return keep_header(&h->disposition, line, err);
    if (str_eq_nocase(name, S("Content-Type")))
        return keep_header(&h->type, line, err);
    if (str_eq_nocase(name, S("Content-Transfer-Encoding")))
        return keep_header(&h->encoding, line, err);
    return OK;
}

/* text: lines, each with its CRLF. */
static enum err_code parse_headers(struct str text, struct part_headers *h, struct err *err)
{
    struct str line;

    while (str_cut(&text, '\n', &line)) {
        if (!line.len || line.ptr[line.len - 1] != '\r')
            return fail(err, ERR_INVALID, "part has a header line without CR LF");
        line.len--;
        if (parse_header(line, h, err))
            return ERR_INVALID;
    }
    return OK;
}

static enum err_code check_headers(const struct part_headers *h, struct err *err)
{
    if (!h->disposition.ptr || !media_type_is(h->disposition, S("form-data")))
        return fail(err, ERR_INVALID, "part has no Content-Disposition: form-data");
    if (h->type.ptr && str_eq_nocase(str_sub(h->type, 0, 10), S("multipart/")))
        return fail(err, ERR_INVALID, "part is a multipart itself");
    /* Deprecated by RFC 7578 4.7; the harmless values are what some clients add to each part. */
    if (h->encoding.ptr && !str_eq_nocase(h->encoding, S("binary")) &&
        !str_eq_nocase(h->encoding, S("8bit")) && !str_eq_nocase(h->encoding, S("7bit")))
        return fail(err, ERR_INVALID, "part has Content-Transfer-Encoding \"" STR_FMT "\"",
                    STR_ARG(h->encoding));
    return OK;
}

static bool text_is_plain(struct str s)
{
    return !text_has_control(s) && text_is_utf8(s);
}

/* A part whose filename is given twice must not pass as one without a filename. */
static bool mentions_filename(struct arena *mem, struct str disposition)
{
    struct str lower = str_lower(mem, disposition);

    return !lower.ptr || memmem(lower.ptr, lower.len, "filename=", 9);
}

struct str multipart_header(const struct multipart *m, struct str name)
{
    struct str rest = m->part_headers, line, found;

    while (str_cut(&rest, '\n', &line))
        if (str_cut(&line, ':', &found) && str_eq_nocase(found, name))
            return str_trim(str_sub(line, 0, line.len - 1)); /* lines end with CR */
    return (struct str){NULL, 0};
}

static enum err_code begin_part(struct multipart *m, struct err *err)
{
    struct part_headers h = {0};
    struct str name, filename = {NULL, 0};

    if (++m->parts > LIMIT_FORM_FIELDS)
        return fail(err, ERR_TOO_BIG, "form has more than %d parts", LIMIT_FORM_FIELDS);
    if (parse_headers((struct str){m->headers, m->headers_len}, &h, err) || check_headers(&h, err))
        return ERR_INVALID;
    if (!field_param(m->mem, h.disposition, S("name"), &name) || !text_is_plain(name))
        return fail(err, ERR_INVALID, "part has no usable name");
    if (field_param(m->mem, h.disposition, S("filename"), &filename)) {
        if (!text_is_plain(filename))
            return fail(err, ERR_INVALID, "part has no usable filename");
    } else if (mentions_filename(m->mem, h.disposition)) {
        return fail(err, ERR_INVALID, "part has a malformed filename");
    }
    m->part_headers = (struct str){m->headers, m->headers_len};
    m->headers_len = 0;
    m->matched = 0;
    m->place = IN_DATA;
    return m->ev.part(m->ev.ctx, name, filename, err);
}

/* One byte of a part's headers. They end with an empty line, which may be the first one. */
static enum err_code take_header_byte(struct multipart *m, char c, struct err *err)
{
    bool empty_line;

    if (m->headers_len == sizeof(m->headers))
        return fail(err, ERR_TOO_BIG, "headers of a part are longer than %zu bytes",
                    sizeof(m->headers));
    m->headers[m->headers_len++] = c;
    if (c != '\n')
        return OK;
    empty_line = m->headers_len >= 2 && m->headers[m->headers_len - 2] == '\r' &&
                 (m->headers_len == 2 || m->headers[m->headers_len - 3] == '\n');
    if (!empty_line)
        return OK;
    m->headers_len -= 2;
    return begin_part(m, err);
}

/* --- bytes of a part -------------------------------------------------------------------------- */

static enum err_code emit(struct multipart *m, struct str bytes, struct err *err)
{
    return bytes.len ? m->ev.data(m->ev.ctx, bytes, err) : OK;
}

static enum err_code end_part(struct multipart *m, struct err *err)
{
    m->place = AFTER_DELIM;
    m->matched = 0;
    m->closing = false;
    return m->ev.part_end(m->ev.ctx, err);
}

/* Goes on with a delimiter that began in an earlier chunk. */
static enum err_code continue_delim(struct multipart *m, struct str *chunk, struct err *err)
{
    struct str seen = {m->delim, m->matched};

    while (chunk->len && m->matched < m->delim_len && chunk->ptr[0] == m->delim[m->matched]) {
        *chunk = str_from(*chunk, 1);
        m->matched++;
    }
    if (m->matched == m->delim_len)
        return end_part(m, err);
    if (!chunk->len)
        return OK;
    seen.len = m->matched; /* it was data after all, and equal to what we know */
    m->matched = 0;
    return emit(m, seen, err);
}

/* Length of the longest end of s that a delimiter begins with. */
static size_t begun_delim(const struct multipart *m, struct str s)
{
    struct str tail = s.len < m->delim_len ? s : str_from(s, s.len - m->delim_len + 1);
    const char *cr = tail.len ? memrchr(tail.ptr, '\r', tail.len) : NULL;
    size_t len;

    if (!cr)
        return 0;
    len = (size_t)(tail.ptr + tail.len - cr);
    return memcmp(cr, m->delim, len) ? 0 : len;
}

static enum err_code take_data(struct multipart *m, struct str *chunk, struct err *err)
{
    const char *at;
    struct str data;
    enum err_code code;

    if (m->matched)
        return continue_delim(m, chunk, err);
    at = memmem(chunk->ptr, chunk->len, m->delim, m->delim_len);
    if (at) {
        data = str_sub(*chunk, 0, (size_t)(at - chunk->ptr));
        *chunk = str_from(*chunk, data.len + m->delim_len);
        code = emit(m, data, err);
        return code ? code : end_part(m, err);
    }
    m->matched = begun_delim(m, *chunk);
    data = str_sub(*chunk, 0, chunk->len - m->matched);
    *chunk = str_from(*chunk, chunk->len);
    return emit(m, data, err);
}

/* --- the rest of the grammar ------------------------------------------------------------------ */

static enum err_code take_start_byte(struct multipart *m, char c, struct err *err)
{
    if (c != m->delim[m->matched])
        return fail(err, ERR_INVALID, "form does not begin with its boundary");
    if (++m->matched == m->delim_len) {
        m->place = AFTER_DELIM;
        m->matched = 0;
    }
    return OK;
}

static enum err_code take_delim_byte(struct multipart *m, char c, struct err *err)
{
    if (!m->matched)
        m->closing = c == '-';
    if (c != (m->closing ? "--" : "\r\n")[m->matched])
        return fail(err, ERR_INVALID, "boundary is not followed by a line end");
    if (++m->matched == 2) {
        m->place = m->closing ? AFTER_CLOSE : IN_HEADERS;
        m->matched = 0;
    }
    return OK;
}

static enum err_code take_close_byte(struct multipart *m, char c, struct err *err)
{
    if (c != "\r\n"[m->matched])
        return fail(err, ERR_INVALID, "form has bytes after its end");
    if (++m->matched == 2)
        m->place = BEHIND;
    return OK;
}

static enum err_code take_byte(struct multipart *m, char c, struct err *err)
{
    switch (m->place) {
    case AT_START:
        return take_start_byte(m, c, err);
    case AFTER_DELIM:
        return take_delim_byte(m, c, err);
    case IN_HEADERS:
        return take_header_byte(m, c, err);
    case AFTER_CLOSE:
        return take_close_byte(m, c, err);
    case IN_DATA: /* taken in runs, not here */
    case BEHIND:
        break;
    }
    return fail(err, ERR_INVALID, "form has bytes after its end");
}

enum err_code multipart_feed(struct multipart *m, struct str chunk, struct err *err)
{
    if (m->failed)
        return fail(err, m->failed, "form was refused already");
    while (chunk.len && !m->failed) {
        if (m->place == IN_DATA) {
            m->failed = take_data(m, &chunk, err);
        } else {
            m->failed = take_byte(m, chunk.ptr[0], err);
            chunk = str_from(chunk, 1);
        }
    }
    return m->failed;
}

enum err_code multipart_finish(struct multipart *m, struct err *err)
{
    if (m->failed)
        return fail(err, m->failed, "form was refused already");
    if (m->place == BEHIND || (m->place == AFTER_CLOSE && !m->matched))
        return OK;
    return fail(err, ERR_INVALID, "form is cut off before its closing boundary");
}
