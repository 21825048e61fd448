/* path.c: cuts and decodes a request target in one copy of it. */
#include "http/path.h"

#include "base/text.h"
#include "format/fields.h"

/* Skips "http://authority" of the absolute form. Which host a request means is said by its Host
 * header; the target's authority is not looked at. */
static bool skip_authority(struct str *target)
{
    size_t scheme = 0, i;

    if (target->len && target->ptr[0] == '/')
        return true;
    if (str_eq_nocase(str_sub(*target, 0, 7), S("http://")))
        scheme = 7;
    else if (str_eq_nocase(str_sub(*target, 0, 8), S("https://")))
        scheme = 8;
    for (i = scheme; i < target->len && target->ptr[i] != '/' && target->ptr[i] != '?'; i++)
        ;
    if (!scheme || i == scheme)
        return false;
    *target = str_from(*target, i);
    return true;
}

/* Percent-decodes in place; false when an escape is malformed or hides a separator. */
static bool decode(char *segment, size_t *len)
{
    size_t n = 0;

    for (size_t i = 0; i < *len; i++) {
        char c = segment[i];

        if (c == '%') {
            if (!text_unhex(str_sub((struct str){segment, *len}, i + 1, 2), &c, 1))
                return false;
            if (c == '/')
                return false;
            i += 2;
        }
        segment[n++] = c;
    }
    *len = n;
    return true;
}

/* The rules that hold for a decoded segment, whatever its spelling was. */
static bool segment_is_plain(struct str s)
{
    return s.len && !str_eq(s, S(".")) && !str_eq(s, S("..")) && !text_has_control(s) &&
           !str_has(s, '\\') && text_is_utf8(s);
}

/* text: an own copy of everything after the first "/". */
static enum err_code cut_segments(char *text, size_t len, struct path *p, struct err *err)
{
    size_t start = 0;

    while (start < len) {
        const char *slash = memchr(text + start, '/', len - start);
        size_t raw = slash ? (size_t)(slash - text) - start : len - start;
        size_t size = raw;

        if (p->count == LIMIT_PATH_SEGMENTS)
            return fail(err, ERR_TOO_BIG, "path has more than %d segments", LIMIT_PATH_SEGMENTS);
        if (!decode(text + start, &size))
            return fail(err, ERR_INVALID, "path has a malformed escape, or an escaped \"/\"");
        p->seg[p->count] = (struct str){text + start, size};
        if (!segment_is_plain(p->seg[p->count]))
            return fail(err, ERR_INVALID,
                        "path has an empty, \".\", \"..\" or otherwise unusable segment");
        p->count++;
        p->trailing_slash = slash != NULL;
        start += raw + 1;
    }
    return OK;
}

enum err_code path_parse(struct arena *mem, struct str target, struct path *ret_path,
                         struct err *err)
{
    struct path p = {.trailing_slash = true, .query = {"", 0}};
    struct str path;
    char *copy;
    enum err_code code;

    if (!skip_authority(&target))
        return fail(err, ERR_INVALID, "target is neither \"/path\" nor \"http://host/path\"");
    if (str_cut(&target, '?', &path))
        p.query = target;
    else
        path = target;
    if (str_has(path, '#'))
        return fail(err, ERR_INVALID, "path has a \"#\""); /* some proxies would cut there */
    if (path.len > LIMIT_PATH)
        return fail(err, ERR_TOO_BIG, "path is longer than %d bytes", LIMIT_PATH);
    path = str_from(path, 1);
    copy = arena_array(mem, char, path.len);
    if (!copy)
        return fail(err, ERR_NOMEM, "out of memory");
    if (path.len)
        memcpy(copy, path.ptr, path.len);
    code = cut_segments(copy, path.len, &p, err);
    if (code == OK)
        *ret_path = p;
    return code;
}

struct str path_tail(struct arena *mem, const struct path *p, size_t from)
{
    size_t len = 0, at = 0;
    char *out;

    for (size_t i = from; i < p->count; i++)
        len += p->seg[i].len + (i > from);
    out = arena_array(mem, char, len);
    if (!out)
        return (struct str){0};
    for (size_t i = from; i < p->count; i++) {
        if (i > from)
            out[at++] = '/';
        memcpy(out + at, p->seg[i].ptr, p->seg[i].len);
        at += p->seg[i].len;
    }
    return (struct str){out, len};
}

bool path_query(struct arena *mem, const struct path *p, struct str name, struct str *ret_value)
{
    return field_form(mem, p->query, name, ret_value);
}
