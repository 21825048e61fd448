/* text.h: encodings of bytes as text. All functions are pure. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H
#include "base/buf.h"
#include "base/common.h"
#include "base/str.h"

void text_hex(const void *bytes, size_t len, char *out); /* out[2 * len + 1], lower case */
bool text_unhex(struct str hex, void *out,
                size_t out_len);            /* exactly 2 * out_len digits, either case */
bool text_is_hex(struct str s, size_t len); /* exactly len lower-case digits */

/* Standard base64 with padding (RFC 4648). Decoding refuses anything not canonical in alphabet
 * and padding; ptr == NULL on malformed input or no memory. */
struct str text_base64(struct arena *a, struct str bytes);
struct str text_unbase64(struct arena *a, struct str text);

/* Percent-decodes once (RFC 3986 2.1); '+' stays '+' unless plus_is_space (HTML forms only).
 * ptr == NULL on a malformed escape or no memory. */
struct str text_unpercent(struct arena *a, struct str s, bool plus_is_space);
/* Appends s with everything but unreserved characters and those in keep percent-encoded. */
void text_percent(struct buf *out, struct str s, const char *keep);

bool text_is_utf8(struct str s);     /* well-formed: no overlong forms, no surrogates */
bool text_has_control(struct str s); /* any byte below 0x20, or 0x7f */

void text_html(struct buf *out,
               struct str s); /* & < > " ' escaped: safe in text and quoted attributes */
void text_xml(struct buf *out,
              struct str s); /* the same, control characters that XML forbids become '?' */

/* Appends a URL without the secrets that one of a database can hold: the password before the "@",
 * and the parameters whose names end with "password". */
void text_url_masked(struct buf *out, struct str url);

uint32_t text_crc32(struct str s); /* CRC-32 of zlib */

#endif
