/* pypi_codecs.c: what our codecs make of Python's texts, for test_pypi_codecs.py to compare.
 *
 * Reads lines of "question<TAB>argument[<TAB>argument]" and answers each with a line: "no<TAB>why",
 * or "ok" and what was found. */
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "format/json.h"
#include "format/pypi_filename.h"
#include "format/pypi_meta.h"
#include "format/pypi_name.h"
#include "format/pypi_requirement.h"

#define LINE_ROOM (64 * 1024)

static enum err_code answer_name(struct arena *a, struct str s, struct buf *out, struct err *err)
{
    enum err_code rc = pypi_check_name(s, err);

    buf_add(out, pypi_normalise_name(a, s));
    return rc;
}

static enum err_code answer_version(struct arena *a, struct str s, struct buf *out, struct err *err)
{
    const struct pypi_version *v;
    enum err_code rc = pypi_version_parse(a, s, &v, err);

    if (rc)
        return rc;
    pypi_version_add(out, v);
    buf_addf(out, "\t%d", pypi_version_is_final(v));
    return OK;
}

static enum err_code answer_compare(struct arena *a, struct str s, struct buf *out, struct err *err)
{
    const struct pypi_version *x, *y;
    struct str first;
    int order;
    enum err_code rc;

    if (!str_cut(&s, '\t', &first))
        return fail(err, ERR_INVALID, "two versions are compared");
    rc = pypi_version_parse(a, first, &x, err);
    if (!rc)
        rc = pypi_version_parse(a, s, &y, err);
    if (rc)
        return rc;
    order = pypi_version_cmp(x, y);
    buf_addf(out, "%d", (order > 0) - (order < 0));
    return OK;
}

static enum err_code answer_filename(struct arena *a, struct str s, struct buf *out,
                                     struct err *err)
{
    struct pypi_filename f;
    enum err_code rc = pypi_filename_parse(a, s, (struct str){0}, &f, err);

    if (rc)
        return rc;
    buf_addf(out, "%s\t", pypi_packagetype(f.kind));
    buf_add(out, pypi_normalise_name(a, f.name));
    buf_addc(out, '\t');
    pypi_version_add(out, f.parsed);
    buf_addf(out, "\t" STR_FMT "\t" STR_FMT "\t" STR_FMT "\t" STR_FMT, STR_ARG(f.build),
             STR_ARG(f.python), STR_ARG(f.abi), STR_ARG(f.platform));
    return OK;
}

static enum err_code answer_specifiers(struct arena *a, struct str s, struct buf *out,
                                       struct err *err)
{
    struct pypi_specifiers found;
    enum err_code rc = pypi_specifiers_parse(a, s, &found, err);

    for (size_t i = 0; !rc && i < found.count; i++)
        buf_addf(out, "%s" STR_FMT STR_FMT, i ? "," : "", STR_ARG(found.items[i].op),
                 STR_ARG(found.items[i].version));
    return rc;
}

static enum err_code answer_requirement(struct arena *a, struct str s, struct buf *out,
                                        struct err *err)
{
    struct pypi_requirement q;
    enum err_code rc = pypi_requirement_parse(a, s, &q, err);

    if (rc)
        return rc;
    buf_addf(out, STR_FMT "\t" STR_FMT "\t", STR_ARG(q.name), STR_ARG(q.extras));
    for (size_t i = 0; i < q.specifiers.count; i++)
        buf_addf(out, "%s" STR_FMT STR_FMT, i ? "," : "", STR_ARG(q.specifiers.items[i].op),
                 STR_ARG(q.specifiers.items[i].version));
    buf_addf(out, "\t" STR_FMT "\t" STR_FMT "\t" STR_FMT, STR_ARG(q.url), STR_ARG(q.marker),
             STR_ARG(q.extra));
    return OK;
}

/* The argument is a file. */
static enum err_code answer_meta(struct arena *a, struct str s, struct buf *out, struct err *err)
{
    struct pypi_meta m;
    struct str text;
    enum err_code rc = fs_read(a, str_z(a, s), LIMIT_INFO_MEMBER, &text, err);

    if (!rc)
        rc = pypi_meta_parse(a, text, &m, err);
    if (rc)
        return rc;
    buf_add(out, m.name);
    buf_addc(out, '\t');
    pypi_version_add(out, m.parsed);
    buf_addc(out, '\t');
    json_canonical(out, m.about);
    buf_addc(out, '\t');
    json_canonical(out, m.dependencies);
    pypi_meta_done(&m);
    return OK;
}

static const struct question {
    const char *word;
    enum err_code (*answer)(struct arena *a, struct str s, struct buf *out, struct err *err);
} questions[] = {
    {"name", answer_name},
    {"version", answer_version},
    {"compare", answer_compare},
    {"filename", answer_filename},
    {"specifiers", answer_specifiers},
    {"requirement", answer_requirement},
    {"meta", answer_meta},
};

static void answer_line(struct str line)
{
    AUTO(arena_closep) struct arena *a = arena_open(64 * MIB);
    AUTO(buf_done) struct buf out = BUF_INIT(64 * MIB);
    struct err err = {0};
    struct str word;
    enum err_code rc = ERR_INVALID;

    if (a && str_cut(&line, '\t', &word))
        for (size_t i = 0; i < COUNT(questions); i++)
            if (str_eq(word, str_of(questions[i].word)))
                rc = questions[i].answer(a, line, &out, &err);
    if (rc)
        (void)printf("no\t%s\n", err.msg);
    else
        (void)printf("ok\t%.*s\n", (int)out.len, buf_str(&out).ptr);
}

int main(void)
{
    static char line[LINE_ROOM];

    while (fgets(line, sizeof(line), stdin))
        answer_line((struct str){line, strcspn(line, "\n")});
    return ferror(stdin) || fflush(stdout) ? 1 : 0;
}
