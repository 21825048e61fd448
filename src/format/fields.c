/* fields.c: one small parser per header field, each over a cursor that only moves forward. */
#include "format/fields.h"

#include <assert.h>

#include "base/text.h"

/* tchar of RFC 9110 5.6.2. */
static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void skip_blanks(struct str *s)
{
    while (s->len && is_blank(s->ptr[0]))
        *s = str_from(*s, 1);
}

/* Takes one given character off the front. */
static bool take_char(struct str *s, char c)
{
    if (!s->len || s->ptr[0] != c)
        return false;
    *s = str_from(*s, 1);
    return true;
}

/* Takes a token (5.6.2) off the front; empty when there is none. */
static struct str take_token(struct str *s)
{
    size_t n = 0;
    struct str token;

    while (n < s->len && is_token_char(s->ptr[n]))
        n++;
    token = str_sub(*s, 0, n);
    *s = str_from(*s, n);
    return token;
}

/* --- dates ------------------------------------------------------------------------------------ */

struct date {
    unsigned year, month, day, hour, minute, second; /* month, day from 1 */
};

/* Takes exactly n digits off the front. */
static bool take_digits(struct str *s, size_t n, unsigned *ret_value)
{
    unsigned value = 0;

    if (s->len < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(s->ptr[i]))
            return false;
        value = value * 10 + (unsigned)(s->ptr[i] - '0');
    }
    *s = str_from(*s, n);
    *ret_value = value;
    return true;
}

static bool take_text(struct str *s, struct str text)
{
    if (!str_starts(*s, text))
        return false;
    *s = str_from(*s, text.len);
    return true;
}

static bool take_month(struct str *s, unsigned *ret_month)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (unsigned i = 0; i < 12; i++) {
        if (take_text(s, (struct str){names + (size_t)3 * i, 3})) {
            *ret_month = i + 1;
            return true;
        }
    }
    return false;
}

static bool take_day_name(struct str *s, bool whole)
{
    static const char *const names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                        "Friday", "Saturday", "Sunday"};

    for (size_t i = 0; i < COUNT(names); i++)
        if (take_text(s, whole ? str_of(names[i]) : (struct str){names[i], 3}))
            return true;
    return false;
}

static bool take_time(struct str *s, struct date *d)
{
    return take_digits(s, 2, &d->hour) && take_char(s, ':') && take_digits(s, 2, &d->minute) &&
           take_char(s, ':') && take_digits(s, 2, &d->second);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool imf_date(struct str s, struct date *d)
{
    return take_day_name(&s, false) && take_text(&s, S(", ")) && take_digits(&s, 2, &d->day) &&
           take_char(&s, ' ') && take_month(&s, &d->month) && take_char(&s, ' ') &&
           take_digits(&s, 4, &d->year) && take_char(&s, ' ') && take_time(&s, d) &&
           str_eq(s, S(" GMT"));
}

/* "Sunday, 06-Nov-94 08:49:37 GMT". Two digits of a year are read as 1970 to 2069: a rule that
 * depends on today's date (5.6.7) would make this function impure for a form nobody sends. */
static bool rfc850_date(struct str s, struct date *d)
{
    if (!(take_day_name(&s, true) && take_text(&s, S(", ")) && take_digits(&s, 2, &d->day) &&
          take_char(&s, '-') && take_month(&s, &d->month) && take_char(&s, '-') &&
          take_digits(&s, 2, &d->year) && take_char(&s, ' ') && take_time(&s, d)))
        return false;
    d->year += d->year < 70 ? 2000 : 1900;
    return str_eq(s, S(" GMT"));
}

/* "Sun Nov  6 08:49:37 1994" */
static bool asctime_date(struct str s, struct date *d)
{
    bool day;

    if (!(take_day_name(&s, false) && take_char(&s, ' ') && take_month(&s, &d->month) &&
          take_char(&s, ' ')))
        return false;
    day = take_char(&s, ' ') ? take_digits(&s, 1, &d->day) : take_digits(&s, 2, &d->day);
    return day && take_char(&s, ' ') && take_time(&s, d) && take_char(&s, ' ') &&
           take_digits(&s, 4, &d->year) && !s.len;
}

static bool date_is_real(const struct date *d)
{
    static const unsigned char days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = d->year % 4 == 0 && (d->year % 100 != 0 || d->year % 400 == 0);

    if (d->month < 1 || d->month > 12 || d->day < 1 || d->day > days[d->month - 1])
        return false;
    if (d->month == 2 && d->day == 29 && !leap)
        return false;
    return d->hour < 24 && d->minute < 60 && d->second <= 60; /* 60: a leap second */
}

/* Days from 1970-01-01, in the Gregorian calendar; years start in March so that a leap day is
 * the last one. */
static int64_t date_days(const struct date *d)
{
    int64_t year = (int64_t)d->year - (d->month <= 2 ? 1 : 0);
    int64_t month = ((int64_t)d->month + 9) % 12;

    return year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 +
           (int64_t)d->day - 1 - 719468;
}

bool field_http_date(struct str s, int64_t *ret_unix_ms)
{
    struct date d = {0};
    int64_t seconds;

    if (!imf_date(s, &d) && !rfc850_date(s, &d) && !asctime_date(s, &d))
        return false;
    if (!d.year || !date_is_real(&d))
        return false;
    seconds = date_days(&d) * 86400 + (int64_t)d.hour * 3600 + (int64_t)d.minute * 60 + d.second;
    *ret_unix_ms = seconds * 1000;
    return true;
}

/* Takes the fraction of a second, if there is one, as milliseconds from *ret_first; so many they
 * are. What is smaller than a millisecond is read and left out. */
static bool take_fraction(struct str *s, unsigned *ret_first, unsigned *ret_span)
{
    static const unsigned weights[] = {100, 10, 1};
    unsigned first = 0, span = 1000, digit;
    size_t n = 0;

    if (take_char(s, '.')) {
        for (; take_digits(s, 1, &digit); n++)
            if (n < COUNT(weights)) {
                first += digit * weights[n];
                span = weights[n];
            }
        if (!n)
            return false;
    }
    *ret_first = first;
    *ret_span = span;
    return true;
}

/* Takes "Z", or "+hh:mm" as minutes. */
static bool take_offset(struct str *s, int *ret_minutes)
{
    unsigned hours, minutes;
    bool west = s->len && s->ptr[0] == '-';

    *ret_minutes = 0;
    if (take_char(s, 'Z') || take_char(s, 'z'))
        return true;
    if (!(take_char(s, '+') || take_char(s, '-')) || !take_digits(s, 2, &hours) ||
        !take_char(s, ':') || !take_digits(s, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ret_minutes = (int)(hours * 60 + minutes) * (west ? -1 : 1);
    return true;
}

bool field_moment(struct str s, int64_t *ret_first_ms, int64_t *ret_last_ms)
{
    struct date d = {0};
    unsigned fraction = 0, span = 24 * 3600 * 1000;
    int offset = 0;
    int64_t first;

    if (!(take_digits(&s, 4, &d.year) && take_char(&s, '-') && take_digits(&s, 2, &d.month) &&
          take_char(&s, '-') && take_digits(&s, 2, &d.day)))
        return false;
    if (s.len &&
        (!(take_char(&s, 'T') || take_char(&s, 't') || take_char(&s, ' ')) || !take_time(&s, &d) ||
         !take_fraction(&s, &fraction, &span) || !take_offset(&s, &offset)))
        return false;
    if (s.len || !d.year || !date_is_real(&d))
        return false;
    first = date_days(&d) * 86400 + (int64_t)d.hour * 3600 + (int64_t)d.minute * 60 + d.second;
    first = (first - (int64_t)offset * 60) * 1000 + fraction;
    *ret_first_ms = first;
    *ret_last_ms = first + span - 1;
    return true;
}

/* --- ranges ----------------------------------------------------------------------------------- */

/* Takes decimal digits; false when there are none. Too large a number becomes UINT64_MAX: it is
 * well-formed and lies behind the end of everything. */
static bool take_position(struct str *s, uint64_t *ret_value)
{
    uint64_t value = 0;
    size_t n = 0;

    for (; n < s->len && is_digit(s->ptr[n]); n++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(s->ptr[n] - '0'), &value))
            value = UINT64_MAX;
    if (!n)
        return false;
    *s = str_from(*s, n);
    *ret_value = value;
    return true;
}

static enum range_kind suffix_range(struct str s, uint64_t size, uint64_t *ret_first,
                                    uint64_t *ret_last)
{
    uint64_t n;

    if (!take_position(&s, &n) || s.len)
        return RANGE_NONE;
    if (!n)
        return RANGE_UNSATISFIABLE;
    if (!size)
        return RANGE_NONE; /* all of nothing: no Content-Range can say that */
    *ret_first = n < size ? size - n : 0;
    *ret_last = size - 1;
    return RANGE_PART;
}

enum range_kind field_range(struct str s, uint64_t size, uint64_t *ret_first, uint64_t *ret_last)
{
    struct str unit;
    uint64_t first, last = UINT64_MAX;

    s = str_trim(s);
    if (!str_cut(&s, '=', &unit) || !str_eq_nocase(unit, S("bytes")))
        return RANGE_NONE;
    s = str_trim(s);
    if (take_char(&s, '-'))
        return suffix_range(s, size, ret_first, ret_last);
    if (!take_position(&s, &first) || !take_char(&s, '-'))
        return RANGE_NONE;
    if (s.len && (!take_position(&s, &last) || s.len || last < first))
        return RANGE_NONE;
    if (first >= size)
        return RANGE_UNSATISFIABLE;
    *ret_first = first;
    *ret_last = last < size ? last : size - 1;
    return RANGE_PART;
}

/* --- lists ------------------------------------------------------------------------------------ */

/* Takes [W/]"opaque" off the front. */
static bool take_etag(struct str *s, bool *ret_weak, struct str *ret_opaque)
{
    struct str rest = *s, opaque;

    *ret_weak = take_text(&rest, S("W/"));
    if (!take_char(&rest, '"') || !str_cut(&rest, '"', &opaque))
        return false;
    *ret_opaque = opaque;
    *s = rest;
    return true;
}

bool field_etag_list_has(struct str list, struct str etag, bool weak)
{
    list = str_trim(list);
    if (str_eq(list, S("*")))
        return true;
    while (list.len) {
        struct str opaque;
        bool is_weak;

        skip_blanks(&list);
        if (take_char(&list, ','))
            continue; /* empty elements are allowed (5.6.1.2) */
        if (!take_etag(&list, &is_weak, &opaque))
            return false;
        if ((weak || !is_weak) && str_eq(opaque, etag))
            return true;
        skip_blanks(&list);
        if (list.len && !take_char(&list, ','))
            return false;
    }
    return false;
}

/* qvalue of 12.4.2 in thousandths: 0, 1, 0.5, 1.000. */
static bool parse_quality(struct str s, unsigned *ret_quality)
{
    unsigned value, scale = 100;

    if (!take_digits(&s, 1, &value) || value > 1)
        return false;
    value *= 1000;
    if (s.len && !take_char(&s, '.'))
        return false;
    if (s.len > 3)
        return false;
    for (; s.len; scale /= 10) {
        unsigned digit;

        if (!take_digits(&s, 1, &digit))
            return false;
        value += digit * scale;
    }
    if (value > 1000)
        return false;
    *ret_quality = value;
    return true;
}

unsigned field_accepts_coding(struct str accept, struct str coding)
{
    unsigned any = 0;
    struct str item;

    while (str_next(&accept, ',', &item)) {
        struct str name, rest = str_trim(item);
        unsigned quality = 1000;

        if (str_cut(&rest, ';', &name)) {
            rest = str_trim(rest);
            if (!(take_text(&rest, S("q=")) || take_text(&rest, S("Q="))) ||
                !parse_quality(rest, &quality))
                continue;
        } else {
            name = rest;
        }
        name = str_trim(name);
        if (str_eq_nocase(name, coding))
            return quality;
        if (str_eq(name, S("*")))
            any = quality;
    }
    return any;
}

/* --- credentials ------------------------------------------------------------------------------ */

bool field_authorization(struct str s, struct str *ret_scheme, struct str *ret_rest)
{
    struct str rest = str_trim(s);
    struct str scheme = take_token(&rest);

    if (!scheme.len || (rest.len && !is_blank(rest.ptr[0])))
        return false;
    *ret_scheme = scheme;
    *ret_rest = str_trim(rest);
    return true;
}

/* Latin-1 bytes as UTF-8; ptr == NULL when out of memory. */
static struct str from_latin1(struct arena *mem, struct str s)
{
    char *out = s.len <= SIZE_MAX / 2 ? arena_array(mem, char, 2 * s.len) : NULL;
    size_t n = 0;

    if (!out)
        return (struct str){0};
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if (c < 0x80) {
            out[n++] = (char)c;
        } else {
            out[n++] = (char)(0xc0 | c >> 6);
            out[n++] = (char)(0x80 | (c & 0x3f));
        }
    }
    return (struct str){out, n};
}

bool field_basic(struct arena *mem, struct str rest, struct str *ret_user, struct str *ret_password)
{
    struct str text = text_unbase64(mem, str_trim(rest));
    struct str user;

    if (!text.ptr || text_has_control(text))
        return false;
    if (!text_is_utf8(text)) {
        text = from_latin1(mem, text);
        if (!text.ptr)
            return false;
    }
    if (!str_cut(&text, ':', &user))
        return false;
    *ret_user = user;
    *ret_password = text;
    return true;
}

bool field_cookie(struct str s, struct str name, struct str *ret_value)
{
    struct str item;

    while (str_next(&s, ';', &item)) {
        struct str key, value = str_trim(item);

        if (!str_cut(&value, '=', &key) || !str_eq(key, name))
            continue;
        if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
            value = str_sub(value, 1, value.len - 2);
        *ret_value = value;
        return true;
    }
    return false;
}

/* --- parameters ------------------------------------------------------------------------------- */

/* Takes a quoted string (5.6.4) off the front, unescaped into the arena. */
static bool take_quoted(struct arena *mem, struct str *s, struct str *ret_value)
{
    char *out = arena_array(mem, char, s->len);
    size_t n = 0;

    if (!out || !take_char(s, '"'))
        return false;
    while (s->len && s->ptr[0] != '"') {
        if (s->ptr[0] == '\\')
            *s = str_from(*s, 1);
        if (!s->len || (unsigned char)s->ptr[0] < 0x20 || s->ptr[0] == 0x7f)
            return false;
        out[n++] = s->ptr[0];
        *s = str_from(*s, 1);
    }
    *ret_value = (struct str){out, n};
    return take_char(s, '"');
}

/* Takes one "; name=value" off the front. At the end: true with an empty name. */
static bool take_param(struct arena *mem, struct str *s, struct str *ret_name,
                       struct str *ret_value)
{
    struct str name = {"", 0}, value = {"", 0};

    skip_blanks(s);
    while (take_char(s, ';'))
        skip_blanks(s);
    if (s->len) {
        name = take_token(s);
        if (!name.len || !take_char(s, '='))
            return false;
        if (s->len && s->ptr[0] == '"') {
            if (!take_quoted(mem, s, &value))
                return false;
        } else {
            value = take_token(s);
            if (!value.len)
                return false;
        }
        skip_blanks(s);
        if (s->len && s->ptr[0] != ';')
            return false;
    }
    *ret_name = name;
    *ret_value = value;
    return true;
}

/* A parameter given twice counts as malformed: whoever reads the other one would disagree. */
bool field_param(struct arena *mem, struct str s, struct str name, struct str *ret_value)
{
    struct str found = {0}, key, value, head;

    assert(name.len);
    if (!str_cut(&s, ';', &head))
        return false;
    do {
        if (!take_param(mem, &s, &key, &value))
            return false;
        if (!str_eq_nocase(key, name))
            continue;
        if (found.ptr)
            return false;
        found = value;
    } while (key.len);
    if (!found.ptr)
        return false;
    *ret_value = found;
    return true;
}

bool field_form(struct arena *mem, struct str body, struct str name, struct str *ret_value)
{
    struct str item;

    while (str_next(&body, '&', &item)) {
        struct str key, value = item;

        if (!str_cut(&value, '=', &key)) {
            key = item;
            value = S("");
        }
        key = text_unpercent(mem, key, true);
        if (!key.ptr || !str_eq(key, name))
            continue;
        value = text_unpercent(mem, value, true);
        if (!value.ptr)
            return false;
        *ret_value = value;
        return true;
    }
    return false;
}
