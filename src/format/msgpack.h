/* msgpack.h: deterministic MessagePack out (smallest encodings, keys in the order given).
 *
 * A text, byte string, map or array over 2^32 - 1 has no encoding: it fails the buffer. */
#ifndef FORMAT_MSGPACK_H
#define FORMAT_MSGPACK_H
#include <jansson.h>

#include "base/buf.h"
#include "base/str.h"

void mp_map(struct buf *out, size_t pairs);
void mp_array(struct buf *out, size_t items);
void mp_str(struct buf *out, struct str s);
void mp_bin(struct buf *out, struct str bytes);
void mp_int(struct buf *out, int64_t v);
void mp_nil(struct buf *out);
void mp_bool(struct buf *out, bool v);
void mp_json(struct buf *out, const json_t *v); /* objects with their keys sorted by code point */
/* As mp_json of an object, but those of its own members that are named in hex_keys
 * (NULL-terminated) and hold hex digits are written as the bytes they stand for. */
void mp_json_hex(struct buf *out, const json_t *object, const char *const *hex_keys);

#endif
