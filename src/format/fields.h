/* fields.h: the values of HTTP header fields, parsed strictly (RFC 9110). */
#ifndef FORMAT_FIELDS_H
#define FORMAT_FIELDS_H
#include "base/arena.h"
#include "base/str.h"

/* IMF-fixdate, RFC 850 and asctime forms (5.6.7). False when malformed. */
bool field_http_date(struct str s, int64_t *ret_unix_ms);

/* "2026-09-01", "2026-09-01T12:00:00Z" or "2026-09-01T14:00:00.5+02:00" (RFC 3339; a bare date is
 * one of UTC): the first and last milliseconds of the day, the second or the fraction that it
 * names. False when malformed, or no such day. */
bool field_moment(struct str s, int64_t *ret_first_ms, int64_t *ret_last_ms);

/* "Range: bytes=..." (14.1.2) against a known size. */
enum range_kind {
    RANGE_NONE,          /* no range, another unit, several ranges or malformed: send everything */
    RANGE_PART,          /* one satisfiable range: [*ret_first, *ret_last] */
    RANGE_UNSATISFIABLE, /* answer 416 */
};
enum range_kind field_range(struct str s, uint64_t size, uint64_t *ret_first, uint64_t *ret_last);

/* Does an If-None-Match / If-Match list hold this opaque tag, or "*"? weak: compare weakly
 * (13.1.2). */
bool field_etag_list_has(struct str list, struct str etag, bool weak);

/* Quality (0 to 1000) of a coding in Accept-Encoding (12.5.3); "*" counts; absent coding: 0. */
unsigned field_accepts_coding(struct str accept, struct str coding);

/* "Authorization: Scheme rest": false when there is no scheme. */
bool field_authorization(struct str s, struct str *ret_scheme, struct str *ret_rest);
/* user and password of a Basic value; the bytes are UTF-8, or else read as Latin-1 (RFC 7617;
 * requests sends Latin-1). The password may hold ':'. False when malformed. */
bool field_basic(struct arena *mem, struct str rest, struct str *ret_user,
                 struct str *ret_password);

/* One cookie of a Cookie header (RFC 6265). False when absent. */
bool field_cookie(struct str s, struct str name, struct str *ret_value);

/* A parameter of a header such as Content-Type or Content-Disposition: unquoted, unescaped.
 * False when absent or malformed. */
bool field_param(struct arena *mem, struct str s, struct str name, struct str *ret_value);

/* "a=1&b=2" (application/x-www-form-urlencoded): first value of name; false when absent. */
bool field_form(struct arena *mem, struct str body, struct str name, struct str *ret_value);

#endif
