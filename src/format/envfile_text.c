#include "format/envfile_text.h"

#include "format/conda_name.h"

struct lines {
    struct str rest;
    int number;
};

/* Without its end; blanks around it are gone. */
static bool next_line(struct lines *l, struct str *ret)
{
    if (!str_next(&l->rest, '\n', ret))
        return false;
    l->number++;
    if (str_ends(*ret, S("\r")))
        ret->len--;
    *ret = str_trim(*ret);
    return true;
}

/* A "#" at the beginning or after a blank begins a comment; one in a URL does not. */
static struct str without_comment(struct str line)
{
    for (size_t i = 0; i < line.len; i++)
        if (line.ptr[i] == '#' && (!i || line.ptr[i - 1] == ' ' || line.ptr[i - 1] == '\t'))
            return str_trim(str_sub(line, 0, i));
    return line;
}

bool envfile_is_explicit(struct str text)
{
    struct lines l = {.rest = text};
    struct str line;

    while (next_line(&l, &line))
        if (str_eq(line, S("@EXPLICIT")))
            return true;
    return false;
}

/* conda-lock puts what conda does not read into comments: "# platform: linux-64" and
 * "# pip name @ URL --hash=sha256:...". */
static enum err_code read_comment(struct envfile_reading *r, struct str comment,
                                  const struct envfile_entry *e, struct err *err)
{
    struct str text = str_trim(str_from(comment, 1));

    if (str_starts(text, S("platform:"))) {
        text = str_trim(str_from(text, 9));
        return conda_known_subdir(text) ? envfile_add_text(r, &r->file->platforms, text, err) : OK;
    }
    if (str_starts(text, S("pip ")) && str_has(text, '@'))
        return envfile_add_pip(r, str_from(text, 4), e, err);
    return OK;
}

/* URL or path, and a hash behind "#" (conda/base/constants and its EXPLICIT_URL pattern). */
static enum err_code read_explicit_line(struct envfile_reading *r, struct str line,
                                        struct envfile_entry *e, struct err *err)
{
    struct str url = line;
    enum err_code code;

    if (str_cut(&line, '#', &url)) {
        if ((code = envfile_hash(line, e, err)))
            return code;
    }
    if ((code = envfile_package_url(r, url, e, err)))
        return code;
    e->spec = e->url;
    return envfile_add(r, e, err);
}

enum err_code envfile_read_explicit(struct envfile_reading *r, struct str text, struct err *err)
{
    struct lines l = {.rest = text};
    struct str line;
    enum err_code code = OK;

    r->file->format = ENVFILE_EXPLICIT;
    while (!code && next_line(&l, &line)) {
        struct envfile_entry e = {.line = l.number};

        if (str_starts(line, S("#")))
            code = read_comment(r, line, &e, err);
        else if (line.len && !str_eq(line, S("@EXPLICIT")))
            code = read_explicit_line(r, line, &e, err);
    }
    return code;
}

enum err_code envfile_read_specs(struct envfile_reading *r, struct str text, struct err *err)
{
    struct lines l = {.rest = text};
    struct str line;
    enum err_code code = OK;

    r->file->format = ENVFILE_SPECS;
    while (!code && next_line(&l, &line)) {
        struct envfile_entry e = {.line = l.number};

        line = without_comment(line);
        if (line.len)
            code = envfile_add_conda(r, line, &e, err);
    }
    return code;
}

/* A "\" at its end joins a line with the next (pip, "Requirements File Format"). */
enum err_code envfile_read_requirements(struct envfile_reading *r, struct str text, struct err *err)
{
    struct lines l = {.rest = text};
    struct str line, head = {NULL, 0};
    struct envfile_entry e = {0};
    enum err_code code = OK;

    r->file->format = ENVFILE_REQUIREMENTS;
    while (!code && next_line(&l, &line)) {
        bool goes_on = str_ends(line, S("\\"));

        if (goes_on)
            line.len--;
        if (head.ptr) /* hashes and options follow: what is required stands in the first line */
            line = head;
        else
            e.line = l.number;
        head = goes_on ? line : (struct str){NULL, 0};
        if (!goes_on)
            code = envfile_add_pip(r, without_comment(line), &e, err);
    }
    return !code && head.ptr ? envfile_add_pip(r, without_comment(head), &e, err) : code;
}
