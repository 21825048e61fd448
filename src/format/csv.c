#include "format/csv.h"

/* Also of the fullwidth forms of these signs: some spreadsheets fold them. */
static bool is_formula(struct str s)
{
    static const char *const signs[] = {"=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"};

    if (s.len && ((unsigned char)s.ptr[0] < 0x20 || s.ptr[0] == 0x7f))
        return true;
    for (size_t i = 0; i < COUNT(signs); i++)
        if (str_starts(s, str_of(signs[i])))
            return true;
    return false;
}

static void add_cell(struct buf *out, struct str s)
{
    buf_addc(out, '"');
    if (is_formula(s))
        buf_addc(out, '\'');
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '"')
            buf_addc(out, '"');
        buf_addc(out, s.ptr[i]);
    }
    buf_addc(out, '"');
}

void csv_add_line(struct buf *out, const struct str *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_addc(out, ',');
        add_cell(out, cells[i]);
    }
    buf_addz(out, "\r\n");
}
