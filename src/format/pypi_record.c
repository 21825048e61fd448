#include "format/pypi_record.h"

#include <stdlib.h>

/* --- RECORD ----------------------------------------------------------------------------------- */

/* Takes the first cell of a row, and the rest of the row, off the front. Quoted cells may hold line
 * ends, and '""' for a quote. out: room for the cell. */
static bool take_row(struct str *rest, char *out, size_t *ret_len)
{
    bool quoted = false, first = true;
    size_t len = 0, i = 0;

    for (; i < rest->len; i++) {
        char c = rest->ptr[i];

        if (c == '"') {
            bool doubled = quoted && i + 1 < rest->len && rest->ptr[i + 1] == '"';

            if (!doubled) {
                quoted = !quoted;
                continue;
            }
            i++;
        } else if (!quoted && (c == '\n' || c == '\r')) {
            break;
        } else if (!quoted && c == ',') {
            first = false;
        }
        if (first)
            out[len++] = c == '\\' ? '/' : c; /* as some tools on Windows wrote */
    }
    *rest = str_from(*rest, i + 1);
    *ret_len = len;
    return !quoted;
}

static int cmp_paths(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

enum err_code pypi_record_parse(struct arena *mem, struct str text, struct pypi_record *ret,
                                struct err *err)
{
    char *out = arena_alloc(mem, text.len + 1, 1); /* cells are no longer than the text */
    struct pypi_record r = {0};
    size_t rows = 1;

    for (size_t i = 0; i < text.len; i++)
        rows += text.ptr[i] == '\n' || text.ptr[i] == '\r';
    r.paths = arena_array(mem, struct str, rows);
    if (!out || !r.paths)
        return fail(err, ERR_NOMEM, "out of memory");
    while (text.len) {
        size_t len;

        if (!take_row(&text, out, &len))
            return fail(err, ERR_INVALID, "RECORD is not CSV: a quote is not closed");
        if (len)
            r.paths[r.count++] = (struct str){out, len};
        out += len;
    }
    qsort(r.paths, r.count, sizeof(*r.paths), cmp_paths);
    *ret = r;
    return OK;
}

bool pypi_record_has(const struct pypi_record *r, struct str path)
{
    return r->count && bsearch(&path, r->paths, r->count, sizeof(*r->paths), cmp_paths);
}

/* --- entry_points.txt ------------------------------------------------------------------------- */

static bool is_command_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || (unsigned char)c >= 0x80;
}

static bool is_command(struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!is_command_char(name.ptr[i]))
            return false;
    return name.len && !str_eq(name, S(".")) && !str_eq(name, S(".."));
}

static struct str take_line(struct str *rest)
{
    struct str line = {rest->ptr, 0};

    while (line.len < rest->len && rest->ptr[line.len] != '\n' && rest->ptr[line.len] != '\r')
        line.len++;
    *rest = str_from(*rest, line.len + 1);
    return line;
}

enum err_code pypi_check_commands(struct str text, struct err *err)
{
    bool commands = false;

    while (text.len) {
        struct str line = str_trim(take_line(&text)), name;

        if (!line.len || line.ptr[0] == '#' || line.ptr[0] == ';')
            continue;
        if (line.ptr[0] == '[')
            commands =
                str_starts(line, S("[console_scripts]")) || str_starts(line, S("[gui_scripts]"));
        else if (commands && str_cut(&line, '=', &name) && !is_command(str_trim(name)))
            return fail(err, ERR_INVALID,
                        "entry_points.txt: command \"" STR_FMT "\" has a character other than "
                        "letters, digits, \".\", \"_\" and \"-\"",
                        STR_ARG(str_trim(name)));
    }
    return OK;
}
