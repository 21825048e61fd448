#include "format/pypi_headers.h"

#include "base/limits.h"
#include "base/text.h"

#define FOLD_INDENT 8 /* of distutils and setuptools */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

/* --- lines ------------------------------------------------------------------------------------ */

/* UTF-8 with "\n" for every line end. Room: Latin-1 takes twice the bytes. */
static struct str normalise(struct arena *mem, struct str text)
{
    bool latin1 = !text_is_utf8(text);
    char *out = arena_alloc(mem, 2 * text.len + 1, 1);
    size_t len = 0;

    for (size_t i = 0; out && i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c == '\r') {
            out[len++] = '\n';
            if (i + 1 < text.len && text.ptr[i + 1] == '\n')
                i++;
        } else if (latin1 && c >= 0x80) {
            out[len++] = (char)(0xc0 | c >> 6);
            out[len++] = (char)(0x80 | (c & 0x3f));
        } else {
            out[len++] = (char)c;
        }
    }
    return (struct str){out, len};
}

/* Takes a line off the front, without its end. */
static struct str take_line(struct str *rest)
{
    struct str line = *rest;

    if (str_cut(rest, '\n', &line))
        return line;
    *rest = str_from(*rest, rest->len);
    return line;
}

/* A name is printable ASCII without blanks, and a colon follows. */
static bool is_header(struct str line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (line.ptr[i] == ':')
            return true;
        if (line.ptr[i] <= ' ' || line.ptr[i] > '~')
            return false;
    }
    return false;
}

static size_t count_lines(struct str text)
{
    size_t n = 1;

    for (size_t i = 0; i < text.len; i++)
        n += text.ptr[i] == '\n';
    return n;
}

/* Takes one header with its folded lines. A folded line before any header is nothing's. */
static bool take_header(struct str *rest, struct pypi_header *ret)
{
    struct str line = take_line(rest);
    const char *end = line.ptr + line.len;
    bool folded = line.len && is_blank(line.ptr[0]);

    while (rest->len && is_blank(rest->ptr[0])) {
        struct str more = take_line(rest);

        end = more.ptr + more.len;
    }
    if (folded)
        return false;
    ret->value = line;
    (void)str_cut(&ret->value, ':', &ret->name); /* is_header() found it */
    ret->value.len = (size_t)(end - ret->value.ptr);
    while (ret->value.len && is_blank(ret->value.ptr[0]))
        ret->value = str_from(ret->value, 1);
    return ret->name.len > 0;
}

enum err_code pypi_headers_parse(struct arena *mem, struct str text, struct pypi_headers *ret,
                                 struct err *err)
{
    struct pypi_headers h = {0};
    struct str rest = normalise(mem, text);
    size_t room = count_lines(rest);

    if (room > LIMIT_PYPI_HEADERS)
        room = LIMIT_PYPI_HEADERS;
    h.items = arena_array(mem, struct pypi_header, room);
    if (!rest.ptr || !h.items)
        return fail(err, ERR_NOMEM, "out of memory");
    while (rest.len && rest.ptr[0] != '\n') {
        struct str peek = rest, line = take_line(&peek);
        struct pypi_header header;

        if (!is_blank(line.ptr[0]) && !is_header(line))
            break;
        if (!take_header(&rest, &header))
            continue;
        if (h.count == room)
            return fail(err, ERR_TOO_BIG, "more than %d header lines", LIMIT_PYPI_HEADERS);
        h.items[h.count++] = header;
    }
    h.body = rest.len && rest.ptr[0] == '\n' ? str_from(rest, 1) : rest;
    *ret = h;
    return OK;
}

size_t pypi_headers_find(const struct pypi_headers *h, struct str name, struct str *ret_value)
{
    size_t n = 0;

    for (size_t i = 0; i < h->count; i++)
        if (str_eq_nocase(h->items[i].name, name) && n++ == 0)
            *ret_value = h->items[i].value;
    return n;
}

/* --- values ----------------------------------------------------------------------------------- */

struct str pypi_header_line(struct arena *mem, struct str value)
{
    char *out = arena_alloc(mem, value.len + 1, 1);
    size_t len = 0;

    if (!out)
        return (struct str){0};
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] == '\n') {
            while (len && out[len - 1] == ' ')
                len--;
            while (i + 1 < value.len && (is_blank(value.ptr[i + 1]) || value.ptr[i + 1] == '\n'))
                i++;
            out[len++] = ' ';
        } else {
            out[len++] = is_control(value.ptr[i]) ? ' ' : value.ptr[i];
        }
    }
    return str_trim((struct str){out, len});
}

/* Without what folding put before a line. */
static struct str unindented(struct str line)
{
    size_t n = 0;

    while (n < line.len && n < FOLD_INDENT && is_blank(line.ptr[n]))
        n++;
    if (n == FOLD_INDENT - 1 && n < line.len && line.ptr[n] == '|')
        n++;
    return str_from(line, n);
}

static struct str clean_lines(struct arena *mem, struct str text, bool folded)
{
    char *out = arena_alloc(mem, text.len + 1, 1);
    size_t len = 0;

    if (!out)
        return (struct str){0};
    for (bool first = true; text.len; first = false) {
        struct str line = take_line(&text);

        if (!first)
            out[len++] = '\n';
        if (!first && folded)
            line = unindented(line);
        for (size_t i = 0; i < line.len; i++)
            if (!is_control(line.ptr[i]) || line.ptr[i] == '\t')
                out[len++] = line.ptr[i];
    }
    return (struct str){out, len};
}

struct str pypi_header_lines(struct arena *mem, struct str value)
{
    return clean_lines(mem, value, /* folded= */ true);
}

struct str pypi_body_lines(struct arena *mem, struct str body)
{
    return clean_lines(mem, body, /* folded= */ false);
}
