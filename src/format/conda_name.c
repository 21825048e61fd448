/* conda_name.c: scanners for the names of CEP 26.
 *
 * The rules are CEP 26's to the letter: all 32,676 package names of conda-forge in 2026 and the
 * file names of 95,000 published packages keep them, so no leniency for real data is needed.
 * One rule goes beyond its regular expressions: its prose forbids two separators in a row, the
 * expression lets "_-x" and "_.x" through; here they are refused. */
#include "format/conda_name.h"

#include "base/limits.h"
#include "base/text.h"

const char *const conda_known_subdirs[] = {
    "noarch",
    /* conda */
    "linux-32", "linux-64", "linux-aarch64", "linux-armv6l", "linux-armv7l", "linux-ppc64",
    "linux-ppc64le", "linux-riscv64", "linux-s390x", "osx-64", "osx-arm64", "win-32", "win-64",
    "win-arm64", "freebsd-64", "emscripten-wasm32", "wasi-wasm32", "zos-z",
    /* rattler besides */
    "linux-loongarch64", "linux-riscv32", "linux-ppc", "linux-sparc", "freebsd-32", "freebsd-arm64",
    "ios-arm64", "iossimulator-64", "iossimulator-arm64", "android-32", "android-64",
    "android-aarch64", "android-armv7a", "emscripten-wasm64", NULL};

/* Without regard to case, as conda looks for them in URLs. */
bool conda_known_subdir(struct str s)
{
    for (size_t i = 0; conda_known_subdirs[i]; i++)
        if (str_eq_nocase(s, str_of(conda_known_subdirs[i])))
            return true;
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_name_char(char c)
{
    return is_lower(c) || is_digit(c);
}

static bool is_separator(char c)
{
    return c == '.' || c == '_' || c == '-';
}

static bool is_version_char(char c)
{
    return is_lower(c) || is_digit(c) || c == '.' || c == '_' || c == '+' || c == '!';
}

static bool is_build_char(char c)
{
    return is_lower(c) || is_upper(c) || is_digit(c) || c == '_' || c == '.' || c == '+';
}

static bool is_label_char(char c)
{
    return is_lower(c) || is_upper(c) || is_digit(c) || is_separator(c) || c == '/';
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
        return fail(err, ERR_INVALID, "the %s is empty", what);
    if (s.len > max)
        return fail(err, ERR_INVALID, "%s \"" STR_FMT "\" has %zu characters, more than %zu", what,
                    STR_ARG(s), s.len, max);
    return OK;
}

enum err_code conda_check_name(struct str s, struct err *err)
{
    enum err_code code = check_length("package name", s, LIMIT_CONDA_NAME, err);

    if (code)
        return code;
    if (!is_name_char(s.ptr[0]) && s.ptr[0] != '_')
        return fail(err, ERR_INVALID,
                    "package name \"" STR_FMT "\" does not begin with a-z, 0-9 or \"_\"",
                    STR_ARG(s));
    for (size_t i = 0; i < s.len; i++) {
        if (!is_name_char(s.ptr[i]) && !is_separator(s.ptr[i]))
            return fail(err, ERR_INVALID,
                        "package name \"" STR_FMT "\" has a character other than a-z, 0-9, "
                        "\".\", \"_\" and \"-\"",
                        STR_ARG(s));
        if (i && is_separator(s.ptr[i]) && is_separator(s.ptr[i - 1]))
            return fail(err, ERR_INVALID,
                        "package name \"" STR_FMT "\" has two separators in a row", STR_ARG(s));
    }
    return OK;
}

enum err_code conda_check_version_text(struct str s, struct err *err)
{
    enum err_code code = check_length("version", s, LIMIT_CONDA_VERSION, err);

    if (code)
        return code;
    if (!only(s, is_version_char))
        return fail(err, ERR_INVALID,
                    "version \"" STR_FMT "\" has a character other than a-z, 0-9, \".\", \"_\", "
                    "\"+\" and \"!\"",
                    STR_ARG(s));
    return OK;
}

enum err_code conda_check_build(struct str s, struct err *err)
{
    enum err_code code = check_length("build string", s, LIMIT_CONDA_BUILD, err);

    if (code)
        return code;
    if (!only(s, is_build_char))
        return fail(err, ERR_INVALID,
                    "build string \"" STR_FMT "\" has a character other than A-Z, a-z, 0-9, "
                    "\"_\", \".\" and \"+\"",
                    STR_ARG(s));
    return OK;
}

enum err_code conda_check_subdir(struct str s, struct err *err)
{
    enum err_code code = check_length("subdir", s, LIMIT_CONDA_SUBDIR, err);
    struct str platform, arch = s;

    if (code)
        return code;
    if (str_eq(s, S("noarch")))
        return OK;
    if (!str_cut(&arch, '-', &platform) || !platform.len || !arch.len ||
        !only(platform, is_name_char) || !only(arch, is_name_char))
        return fail(err, ERR_INVALID,
                    "subdir \"" STR_FMT "\" is neither \"noarch\" nor of the form "
                    "platform-architecture",
                    STR_ARG(s));
    return OK;
}

/* NULL if a client takes this path segment of a label for a plain name; else why it does not. */
static const char *label_part_problem(struct str part)
{
    if (!part.len)
        return "has an empty part";
    if (str_eq(part, S(".")) || str_eq(part, S("..")))
        return "has a part that is \".\" or \"..\"";
    if (conda_known_subdir(part))
        return "has a part that is the name of a subdir";
    if (str_eq_nocase(part, S("t")))
        return "has the part \"t\", which clients read as the begin of a token";
    if (str_eq_nocase(part, S("lock")) || str_eq_nocase(part, S("copy")))
        return "has the part \"lock\" or \"copy\", which stand behind labels in addresses";
    if (str_ends(part, S(".conda")) || str_ends(part, S(".tar.bz2")))
        return "has a part that ends like a package file";
    return NULL;
}

enum err_code conda_check_label(struct str s, struct err *err)
{
    enum err_code code = check_length("label", s, LIMIT_CONDA_LABEL, err);
    struct str rest = s, part;

    if (code)
        return code;
    if (!is_lower(s.ptr[0]) && !is_upper(s.ptr[0]))
        return fail(err, ERR_INVALID, "label \"" STR_FMT "\" does not begin with a letter",
                    STR_ARG(s));
    if (!only(s, is_label_char))
        return fail(err, ERR_INVALID,
                    "label \"" STR_FMT "\" has a character other than A-Z, a-z, 0-9, \"_\", "
                    "\"-\", \".\" and \"/\"",
                    STR_ARG(s));
    if (str_eq(s, S("nolabel")))
        return fail(err, ERR_INVALID, "label \"nolabel\" is reserved (CEP 26)");
    while (str_next(&rest, '/', &part)) {
        const char *problem = label_part_problem(part);

        if (problem)
            return fail(err, ERR_INVALID, "label \"" STR_FMT "\" %s", STR_ARG(s), problem);
    }
    return OK;
}

const char *conda_format_ext(enum conda_format f)
{
    return f == CONDA_V2 ? ".conda" : ".tar.bz2";
}

static bool cut_extension(struct str in, struct conda_filename *name)
{
    static const enum conda_format formats[] = {CONDA_TAR_BZ2, CONDA_V2};

    for (size_t i = 0; i < COUNT(formats); i++) {
        struct str ext = str_of(conda_format_ext(formats[i]));

        if (str_ends(in, ext)) {
            name->format = formats[i];
            name->stem = str_sub(in, 0, in.len - ext.len);
            return true;
        }
    }
    return false;
}

enum err_code conda_filename_parse(struct str in, struct conda_filename *ret, struct err *err)
{
    struct conda_filename name = {0};
    struct str head;
    enum err_code code = check_length("file name", in, LIMIT_CONDA_FILENAME, err);

    if (code)
        return code;
    if (!cut_extension(in, &name))
        return fail(err, ERR_INVALID,
                    "file name \"" STR_FMT "\" ends in neither \".conda\" nor \".tar.bz2\"",
                    STR_ARG(in));
    if (!str_cut_last(name.stem, '-', &head, &name.build) ||
        !str_cut_last(head, '-', &name.name, &name.version))
        return fail(err, ERR_INVALID, "file name \"" STR_FMT "\" is not name-version-build",
                    STR_ARG(in));
    if ((code = conda_check_name(name.name, err)) ||
        (code = conda_check_version_text(name.version, err)) ||
        (code = conda_check_build(name.build, err)))
        return code;
    *ret = name;
    return OK;
}
