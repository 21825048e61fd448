/* Each parser of a field's value stays inside its input, and what it returns obeys its promise. */
#include <assert.h>

#include "base/clock.h"
#include "base/text.h"
#include "format/fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_range(struct str s, uint64_t size)
{
    uint64_t first = 0, last = 0;

    if (field_range(s, size, &first, &last) == RANGE_PART)
        assert(first <= last && last < size);
}

static void check_moment(struct str s)
{
    char text[CLOCK_TEXT_MAX];
    int64_t first, last, again, end;

    if (!field_moment(s, &first, &last))
        return;
    assert(first <= last && last - first < 86400000);
    if (field_moment(clock_rfc3339(first, text), &again,
                     &end)) /* unless an offset left the years */
        assert(again == first && end == first);
}

static void check_date(struct str s)
{
    char text[CLOCK_TEXT_MAX];
    int64_t ms, again;

    if (!field_http_date(s, &ms))
        return;
    assert(field_http_date(clock_http(ms, text), &again) && again == ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open((size_t)64 << 20);
    struct str s = {(const char *)data, size}, a = {0}, b = {0};

    assert(mem);
    check_date(s);
    check_moment(s);
    check_range(s, 0);
    check_range(s, 1000);
    (void)!field_etag_list_has(s, S("abc"), true);
    assert(!field_etag_list_has(s, S("abc"), false) || field_etag_list_has(s, S("abc"), true));
    assert(field_accepts_coding(s, S("gzip")) <= 1000);
    if (field_authorization(s, &a, &b)) {
        assert(a.len && a.len + b.len <= size);
        if (field_basic(mem, b, &a, &b))
            assert(text_is_utf8(a) && text_is_utf8(b) && !str_has(a, ':'));
    }
    if (field_cookie(s, S("session"), &a))
        assert(a.len <= size && !str_has(a, ';'));
    if (field_param(mem, s, S("boundary"), &a))
        assert(a.len <= size && !text_has_control(a));
    if (field_form(mem, s, S("a"), &a))
        assert(a.len <= size);
    return 0;
}
