#include "format/cran_name.h"

#include "base/limits.h"

/* R holds the numbers of a version in its integers. */
#define NUMBER_MAX INT32_MAX

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alnum(char c)
{
    return is_letter(c) || is_digit(c);
}

static bool is_package_char(char c)
{
    return is_alnum(c) || c == '.';
}

static bool is_segment_char(char c)
{
    return is_alnum(c) || c == '.' || c == '_' || c == '+' || c == '-';
}

static bool only(struct str s, bool (*allowed)(char c))
{
    for (size_t i = 0; i < s.len; i++)
        if (!allowed(s.ptr[i]))
            return false;
    return true;
}

/* what: "package name". */
static enum err_code check_length(const char *what, struct str s, size_t max, struct err *err)
{
    if (!s.len)
        return fail(err, ERR_INVALID, "%s is empty", what);
    if (s.len > max)
        return fail(err, ERR_INVALID, "%s \"" STR_FMT "\" is longer than %zu bytes", what,
                    STR_ARG(s), max);
    return OK;
}

enum err_code cran_check_package(struct str s, struct err *err)
{
    enum err_code rc = check_length("package name", s, LIMIT_CRAN_NAME, err);

    if (rc)
        return rc;
    if (s.len < 2 || !is_letter(s.ptr[0]) || s.ptr[s.len - 1] == '.' || !only(s, is_package_char))
        return fail(err, ERR_INVALID,
                    "package name \"" STR_FMT "\" is not at least two letters, digits and dots, "
                    "a letter first and no dot last",
                    STR_ARG(s));
    return OK;
}

/* ---- Versions -------------------------------------------------------------------------------- */

/* Two or more runs of digits, with one "." or "-" between. */
static bool is_version(struct str s)
{
    size_t digits = 0, numbers = 0;

    for (size_t i = 0; i < s.len; i++)
        if (is_digit(s.ptr[i]))
            numbers += digits++ == 0;
        else if (digits && (s.ptr[i] == '.' || s.ptr[i] == '-'))
            digits = 0;
        else
            return false;
    return digits && numbers >= 2;
}

/* Takes the next number of a version off *rest, and what parts it from the one after. */
static bool next_number(struct str *rest, struct str *ret)
{
    size_t len = 0;

    if (!rest->len)
        return false;
    while (len < rest->len && is_digit(rest->ptr[len]))
        len++;
    *ret = str_sub(*rest, 0, len);
    *rest = str_from(*rest, len + 1);
    return true;
}

enum err_code cran_check_version(struct str s, struct err *err)
{
    enum err_code rc = check_length("version", s, LIMIT_CRAN_VERSION, err);
    struct str rest = s, number;
    uint64_t value;

    if (rc)
        return rc;
    if (!is_version(s))
        return fail(err, ERR_INVALID,
                    "version \"" STR_FMT
                    "\" is not two or more numbers with \".\" or \"-\" between",
                    STR_ARG(s));
    while (next_number(&rest, &number))
        if (!str_u64(number, NUMBER_MAX, &value))
            return fail(err, ERR_INVALID,
                        "version \"" STR_FMT "\" has a number over %d, which R cannot hold",
                        STR_ARG(s), NUMBER_MAX);
    return OK;
}

int cran_version_cmp(struct str a, struct str b)
{
    struct str x, y;

    for (;;) {
        bool more_a = next_number(&a, &x), more_b = next_number(&b, &y);
        uint64_t v = 0, w = 0;

        if (!more_a || !more_b)
            return (int)more_a - (int)more_b;
        /* Both were checked to be numbers that fit. */
        (void)str_u64(x, NUMBER_MAX, &v);
        (void)str_u64(y, NUMBER_MAX, &w);
        if (v != w)
            return v < w ? -1 : 1;
    }
}

/* ---- Files ----------------------------------------------------------------------------------- */

const char *cran_form_ext(enum cran_form f)
{
    if (f == CRAN_ZIP)
        return ".zip";
    return f == CRAN_TGZ ? ".tgz" : ".tar.gz";
}

const char *cran_form_tree(enum cran_form f)
{
    static const char *const trees[] = {[CRAN_TAR_GZ] = "src/contrib",
                                        [CRAN_ZIP] = "bin/windows/contrib/X.Y",
                                        [CRAN_TGZ] = "bin/macosx/FLAVOUR/contrib/X.Y",
                                        [CRAN_LINUX] = "bin/linux/DISTRIBUTION/contrib/X.Y"};

    return trees[f];
}

static bool cut_extension(struct str in, struct cran_filename *file, struct str *ret_stem)
{
    static const enum cran_form forms[] = {CRAN_TAR_GZ, CRAN_ZIP, CRAN_TGZ};

    for (size_t i = 0; i < COUNT(forms); i++) {
        struct str ext = str_of(cran_form_ext(forms[i]));

        if (str_ends(in, ext)) {
            file->form = forms[i];
            *ret_stem = str_sub(in, 0, in.len - ext.len);
            return true;
        }
    }
    return false;
}

/* Neither names nor versions have an underscore, so the first two of them part a file name. */
static bool cut_platform(struct str rest, struct cran_filename *file)
{
    if (!str_cut(&rest, '_', &file->version)) {
        file->version = rest;
        return true;
    }
    if (file->form != CRAN_TAR_GZ || !str_starts(rest, S("R_")))
        return false;
    file->form = CRAN_LINUX;
    file->platform = str_from(rest, 2);
    return file->platform.len && only(file->platform, is_segment_char);
}

enum err_code cran_filename_parse(struct str in, struct cran_filename *ret, struct err *err)
{
    struct cran_filename file = {0};
    struct str stem;
    enum err_code rc = check_length("file name", in, LIMIT_CRAN_FILENAME, err);

    if (rc)
        return rc;
    if (!cut_extension(in, &file, &stem))
        return fail(err, ERR_INVALID,
                    "file name \"" STR_FMT "\" ends in none of \".tar.gz\", \".zip\" and \".tgz\"",
                    STR_ARG(in));
    if (!str_cut(&stem, '_', &file.package) || !cut_platform(stem, &file))
        return fail(err, ERR_INVALID, "file name \"" STR_FMT "\" is not Package_Version%s",
                    STR_ARG(in), cran_form_ext(file.form));
    rc = cran_check_package(file.package, err);
    if (!rc)
        rc = cran_check_version(file.version, err);
    if (!rc)
        *ret = file;
    return rc;
}

/* ---- Trees ----------------------------------------------------------------------------------- */

static bool is_segment(struct str s)
{
    return s.len && s.ptr[0] != '.' && only(s, is_segment_char);
}

/* "4.2": the minor versions of R share their libraries. */
static bool is_r_version(struct str s)
{
    struct str major;

    return str_cut(&s, '.', &major) && major.len && s.len && only(major, is_digit) &&
           only(s, is_digit);
}

/* "bin/SYSTEM[/FLAVOUR]/contrib/X.Y" */
static bool parse_binary(struct str in, struct cran_tree *tree)
{
    struct str parts[5], part;
    size_t count = 0;

    while (str_next(&in, '/', &part)) {
        if (count == COUNT(parts))
            return false;
        parts[count++] = part;
    }
    if (count < 4)
        return false;
    tree->system = parts[1];
    tree->flavour = count == 5 ? parts[2] : (struct str){0};
    tree->r_version = parts[count - 1];
    return str_eq(parts[0], S("bin")) && is_segment(tree->system) &&
           (count == 4 || is_segment(tree->flavour)) && str_eq(parts[count - 2], S("contrib")) &&
           is_r_version(tree->r_version);
}

enum err_code cran_tree_parse(struct str in, struct cran_tree *ret, struct err *err)
{
    struct cran_tree tree = {.path = in};
    enum err_code rc = check_length("tree", in, LIMIT_CRAN_TREE, err);

    if (rc)
        return rc;
    if (!str_eq(in, S("src/contrib")) && !parse_binary(in, &tree))
        return fail(err, ERR_INVALID,
                    "tree \"" STR_FMT "\" is neither \"src/contrib\" nor of the form "
                    "bin/SYSTEM/contrib/X.Y or bin/SYSTEM/FLAVOUR/contrib/X.Y",
                    STR_ARG(in));
    *ret = tree;
    return OK;
}

enum err_code cran_tree_admits(const struct cran_tree *tree, const struct cran_filename *file,
                               struct err *err)
{
    enum cran_form want = CRAN_TAR_GZ;
    bool fits;

    if (str_eq(tree->system, S("windows")))
        want = CRAN_ZIP;
    else if (str_eq(tree->system, S("macosx")))
        want = CRAN_TGZ;
    fits =
        file->form == want || (file->form == CRAN_LINUX && want == CRAN_TAR_GZ && tree->system.len);
    if (fits)
        return OK;
    return fail(err, ERR_INVALID,
                "file \"" STR_FMT "_" STR_FMT "%s" STR_FMT "%s\" does not belong in " STR_FMT
                ", which has files Package_Version%s; its place is %s",
                STR_ARG(file->package), STR_ARG(file->version),
                file->form == CRAN_LINUX ? "_R_" : "", STR_ARG(file->platform),
                cran_form_ext(file->form), STR_ARG(tree->path), cran_form_ext(want),
                cran_form_tree(file->form));
}
