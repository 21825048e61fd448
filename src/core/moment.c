#include "core/moment.h"

#include "format/fields.h"
#include "store/generation.h"

static bool read_time(struct arena *mem, struct str text, int64_t *ret_ms)
{
    static const char *const endings[] = {"", "Z", ":00Z"};
    int64_t first;

    for (size_t i = 0; i < COUNT(endings); i++) {
        struct str whole = str_fmt(mem, "%.*s%s", (int)text.len, text.ptr, endings[i]);

        if (!whole.ptr || !field_moment(whole, &first, ret_ms))
            continue;
        if (i == 2) /* the whole minute */
            *ret_ms += INT64_C(59) * 1000;
        return true;
    }
    return false;
}

/* Says what can be had instead. */
static enum err_code not_kept(struct tx *tx, struct arena *mem, int64_t account_id, struct str text,
                              struct err *err)
{
    struct generation_list first = {0};
    enum err_code rc = generation_oldest(tx, mem, account_id, &first, err);

    if (rc)
        return rc;
    if (!first.count)
        return fail(err, ERR_NOT_FOUND, "nothing is known of \"" STR_FMT "\"", STR_ARG(text));
    return fail(err, ERR_NOT_FOUND,
                "\"" STR_FMT "\" cannot be had: what is kept begins with gen-%lld", STR_ARG(text),
                (long long)first.rows[0].number);
}

enum err_code moment_find(struct tx *tx, struct arena *mem, int64_t account_id, struct str text,
                          int64_t *ret_number, struct err *err)
{
    const struct str prefix = S("gen-");
    struct generation_row row;
    uint64_t number = 0;
    int64_t ms = 0;
    enum err_code rc;

    if (str_starts(text, prefix) && str_u64(str_from(text, prefix.len), INT64_MAX, &number))
        rc = generation_find(tx, mem, account_id, (int64_t)number, &row, err);
    else if (text.len < 64 && read_time(mem, text, &ms))
        rc = generation_at(tx, mem, account_id, ms, &row, err);
    else
        return fail(err, ERR_INVALID,
                    "\"" STR_FMT "\" is no state of a channel: it takes gen-12, 2026-09-01, or "
                    "2026-09-01T12:00",
                    STR_ARG(text));
    if (rc == ERR_NOT_FOUND)
        return not_kept(tx, mem, account_id, text, err);
    if (rc == OK)
        *ret_number = row.number;
    return rc;
}
