/* pypi_filename.c: from the end of the name: its extension, then what that allows before it. */
#include "format/pypi_filename.h"

#include "base/limits.h"
#include "format/pypi_name.h"

static const struct extension {
    const char *text;
    enum pypi_kind kind;
    enum pypi_packing packing;
} extensions[] = {
    {".whl", PYPI_WHEEL, PYPI_ZIP}, {".tar.gz", PYPI_SDIST, PYPI_TAR_GZ},
    {".zip", PYPI_SDIST, PYPI_ZIP}, {".tar.bz2", PYPI_SDIST, PYPI_TAR_BZ2},
    {".egg", PYPI_EGG, PYPI_ZIP},
};

#define WHEEL_PARTS     5 /* name-version-python-abi-platform */
#define WHEEL_PARTS_MAX 6 /* name-version-build-python-abi-platform */

const char *pypi_packagetype(enum pypi_kind kind)
{
    static const char *const words[] = {
        [PYPI_WHEEL] = "bdist_wheel", [PYPI_SDIST] = "sdist", [PYPI_EGG] = "bdist_egg"};

    return words[kind];
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

static bool is_name_char(char c)
{
    return is_word_char(c) || c == '.';
}

static bool is_file_char(char c)
{
    return is_name_char(c) || c == '-' || c == '+' || c == '!';
}

static bool only(struct str s, bool (*allowed)(char c))
{
    for (size_t i = 0; i < s.len; i++)
        if (!allowed(s.ptr[i]))
            return false;
    return true;
}

static enum err_code refuse(struct str in, const char *why, struct err *err)
{
    return fail(err, ERR_INVALID, "file name \"" STR_FMT "\" %s", STR_ARG(in), why);
}

/* "py2.py3": words joined by ".". */
static bool is_tag_set(struct str s)
{
    struct str tag;

    if (!s.len)
        return false;
    while (str_next(&s, '.', &tag))
        if (!tag.len || !only(tag, is_word_char))
            return false;
    return true;
}

static bool is_separator(char c)
{
    return c == '.' || c == '_';
}

/* Escaped names have "_" for each run of separators. A run tells that somebody did not escape. */
static bool has_run(struct str s)
{
    for (size_t i = 1; i < s.len; i++)
        if (is_separator(s.ptr[i - 1]) && is_separator(s.ptr[i]))
            return true;
    return false;
}

static enum err_code check_name(struct str in, struct str name, struct err *err)
{
    struct err why = {0};

    if (pypi_check_name(name, &why))
        return fail(err, ERR_INVALID, "file name \"" STR_FMT "\": %s", STR_ARG(in), why.msg);
    return OK;
}

/* The name of a wheel or an egg, in which "-" cannot stand. */
static enum err_code check_escaped_name(struct str in, struct str name, struct err *err)
{
    if (!name.len || !only(name, is_name_char) || has_run(name))
        return refuse(in, "begins with something else than an escaped project name", err);
    return check_name(in, name, err);
}

static enum err_code parse_version(struct arena *mem, struct str in, struct str version,
                                   const struct pypi_version **ret, struct err *err)
{
    struct err why = {0};
    enum err_code rc = pypi_version_parse(mem, version, ret, &why);

    return rc ? fail(err, rc, "file name \"" STR_FMT "\": %s", STR_ARG(in), why.msg) : OK;
}

/* --- wheels ----------------------------------------------------------------------------------- */

/* The parts between dashes; *ret_count is more than the room if there are more. */
static void split(struct str s, struct str *parts, size_t room, size_t *ret_count)
{
    struct str part;
    size_t n = 0;

    for (; str_next(&s, '-', &part); n++)
        if (n < room)
            parts[n] = part;
    *ret_count = n;
}

static enum err_code parse_wheel(struct arena *mem, struct str in, struct str stem,
                                 struct pypi_filename *f, struct err *err)
{
    struct str parts[WHEEL_PARTS_MAX];
    size_t count;
    enum err_code rc;

    split(stem, parts, COUNT(parts), &count);
    if (count != WHEEL_PARTS && count != WHEEL_PARTS_MAX)
        return refuse(in, "is not name-version[-build]-python-abi-platform.whl", err);
    f->name = parts[0];
    f->version = parts[1];
    f->python = parts[count - 3];
    f->abi = parts[count - 2];
    f->platform = parts[count - 1];
    rc = check_escaped_name(in, f->name, err);
    if (!rc)
        rc = parse_version(mem, in, f->version, &f->parsed, err);
    if (rc)
        return rc;
    if (count == WHEEL_PARTS_MAX) {
        f->build = parts[2];
        if (!f->build.len || !is_digit(f->build.ptr[0]) || !only(f->build, is_name_char))
            return refuse(in, "has a build tag that does not begin with a digit", err);
    }
    if (!is_tag_set(f->python) || !is_tag_set(f->abi) || !is_tag_set(f->platform))
        return refuse(in, "has a tag that is not letters, digits and \"_\"", err);
    return OK;
}

/* --- source distributions --------------------------------------------------------------------- */

/* A version may begin after each dash; the last is tried first. */
static enum err_code parse_sdist(struct arena *mem, struct str in, struct str stem,
                                 struct str project, struct pypi_filename *f, struct err *err)
{
    struct str head = stem, tail;
    bool any = false;

    while (str_cut_last(head, '-', &head, &tail)) {
        struct str version = str_from(stem, head.len + 1);
        enum err_code rc = pypi_version_parse(mem, version, &f->parsed, NULL);

        if (rc == ERR_NOMEM)
            return fail(err, ERR_NOMEM, "out of memory");
        if (rc || pypi_check_name(head, NULL))
            continue;
        any = true;
        if (project.len && !pypi_same_name(head, project))
            continue;
        f->name = head;
        f->version = version;
        return OK;
    }
    if (!any)
        return refuse(in, "is not name-version.tar.gz, with a version that Python's tools can read",
                      err);
    return fail(err, ERR_INVALID,
                "file name \"" STR_FMT "\" is not that of project \"" STR_FMT "\"", STR_ARG(in),
                STR_ARG(project));
}

/* --- eggs ------------------------------------------------------------------------------------- */

/* Of a version too, "-" is written as "_". */
static enum err_code parse_egg_version(struct arena *mem, struct str in, struct str version,
                                       const struct pypi_version **ret, struct err *err)
{
    char *with_dashes = str_z(mem, version);

    if (!with_dashes)
        return fail(err, ERR_NOMEM, "out of memory");
    if (!pypi_version_parse(mem, version, ret, NULL))
        return OK; /* whatever else it was: the second look tells */
    for (size_t i = 0; i < version.len; i++)
        if (with_dashes[i] == '_')
            with_dashes[i] = '-';
    return parse_version(mem, in, (struct str){with_dashes, version.len}, ret, err);
}

static bool is_egg_python(struct str s)
{
    struct str digits = str_from(s, 2);

    return str_starts(s, S("py")) && is_tag_set(digits) && is_digit(digits.ptr[0]);
}

static enum err_code parse_egg(struct arena *mem, struct str in, struct str stem,
                               struct pypi_filename *f, struct err *err)
{
    struct str rest = stem;
    enum err_code rc;

    if (!str_next(&rest, '-', &f->name) || !str_next(&rest, '-', &f->version))
        return refuse(in, "is not name-version[-python[-platform]].egg", err);
    rc = check_escaped_name(in, f->name, err);
    if (!rc)
        rc = parse_egg_version(mem, in, f->version, &f->parsed, err);
    if (rc || !rest.ptr)
        return rc;
    (void)str_next(&rest, '-', &f->python); /* there is one */
    if (!is_egg_python(f->python) || (rest.ptr && !rest.len))
        return refuse(in, "is not name-version[-python[-platform]].egg", err);
    f->platform = rest; /* dashes and all */
    return OK;
}

/* ---------------------------------------------------------------------------------------------- */

static const struct extension *find_extension(struct str in)
{
    for (size_t i = 0; i < COUNT(extensions); i++)
        if (str_ends(in, str_of(extensions[i].text)))
            return &extensions[i];
    return NULL;
}

static enum err_code check_whole(struct str in, struct err *err)
{
    if (in.len > LIMIT_PYPI_FILENAME)
        return fail(err, ERR_INVALID, "file name \"" STR_FMT "\" has %zu characters, more than %d",
                    STR_ARG(in), in.len, LIMIT_PYPI_FILENAME);
    if (!only(in, is_file_char) || (in.len && in.ptr[0] == '.'))
        return refuse(in,
                      "has a character other than A-Z, a-z, 0-9, \".\", \"_\", \"-\", \"+\" and "
                      "\"!\", or begins with a dot",
                      err);
    return OK;
}

enum err_code pypi_filename_parse(struct arena *mem, struct str in, struct str project,
                                  struct pypi_filename *ret, struct err *err)
{
    const struct extension *extension = find_extension(in);
    struct pypi_filename f = {0};
    struct str stem;
    enum err_code rc = check_whole(in, err);

    if (rc)
        return rc;
    if (!extension)
        return refuse(in, "ends in none of .whl, .tar.gz, .zip, .tar.bz2 and .egg", err);
    f.kind = extension->kind;
    f.packing = extension->packing;
    stem = str_sub(in, 0, in.len - strlen(extension->text));
    if (f.kind == PYPI_WHEEL)
        rc = parse_wheel(mem, in, stem, &f, err);
    else if (f.kind == PYPI_SDIST)
        rc = parse_sdist(mem, in, stem, project, &f, err);
    else
        rc = parse_egg(mem, in, stem, &f, err);
    if (!rc && project.len && !pypi_same_name(f.name, project))
        rc = fail(err, ERR_INVALID,
                  "file name \"" STR_FMT "\" is not that of project \"" STR_FMT "\"", STR_ARG(in),
                  STR_ARG(project));
    if (!rc)
        *ret = f;
    return rc;
}
