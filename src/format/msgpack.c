/* msgpack.c: see msgpack.h. msgpack-c chooses the encodings; this file chooses order and types. */
#include "format/msgpack.h"

#include <msgpack.h>

#include "base/mem.h"
#include "base/text.h"
#include "format/json.h"

static int append(void *data, const char *bytes, size_t len)
{
    buf_add(data, (struct str){bytes, len});
    return 0; /* the buffer itself remembers a failure */
}

static msgpack_packer packer(struct buf *out)
{
    msgpack_packer pk;

    msgpack_packer_init(&pk, out, append);
    return pk;
}

/* Lengths are at most 32 bits in the format; msgpack-c would cut a longer one off silently. */
static bool fits(struct buf *out, size_t n)
{
    if (n > UINT32_MAX)
        out->failed = true;
    return n <= UINT32_MAX;
}

void mp_map(struct buf *out, size_t pairs)
{
    msgpack_packer pk = packer(out);

    if (fits(out, pairs))
        msgpack_pack_map(&pk, pairs);
}

void mp_array(struct buf *out, size_t items)
{
    msgpack_packer pk = packer(out);

    if (fits(out, items))
        msgpack_pack_array(&pk, items);
}

void mp_str(struct buf *out, struct str s)
{
    msgpack_packer pk = packer(out);

    if (!fits(out, s.len))
        return;
    msgpack_pack_str(&pk, s.len);
    buf_add(out, s);
}

void mp_bin(struct buf *out, struct str bytes)
{
    msgpack_packer pk = packer(out);

    if (!fits(out, bytes.len))
        return;
    msgpack_pack_bin(&pk, bytes.len);
    buf_add(out, bytes);
}

void mp_int(struct buf *out, int64_t v)
{
    msgpack_packer pk = packer(out);

    msgpack_pack_int64(&pk, v);
}

void mp_nil(struct buf *out)
{
    msgpack_packer pk = packer(out);

    msgpack_pack_nil(&pk);
}

void mp_bool(struct buf *out, bool v)
{
    msgpack_packer pk = packer(out);

    if (v)
        msgpack_pack_true(&pk);
    else
        msgpack_pack_false(&pk);
}

static void pack_real(struct buf *out, double v)
{
    msgpack_packer pk = packer(out);

    msgpack_pack_double(&pk, v);
}

struct member {
    const char *key;
    const json_t *value;
};

/* UTF-8 in byte order is in code point order. */
static int member_cmp(const void *a, const void *b)
{
    const struct member *x = a, *y = b;

    return strcmp(x->key, y->key);
}

/* The members sorted by key, on the heap; NULL, and out failed, when out of memory. */
static struct member *members_sorted(struct buf *out, const json_t *object, size_t count)
{
    /* jansson's iterators take no const, though they change nothing. */
    union {
        const json_t *in;
        json_t *use;
    } o = {.in = object};
    struct member *all = mem_get(count * sizeof *all);
    size_t n = 0;

    if (!all) {
        out->failed = true;
        return NULL;
    }
    for (void *it = json_object_iter(o.use); it && n < count; it = json_object_iter_next(o.use, it))
        all[n++] = (struct member){json_object_iter_key(it), json_object_iter_value(it)};
    qsort(all, n, sizeof *all, member_cmp);
    return all;
}

static bool is_listed(const char *key, const char *const *list)
{
    for (; list && *list; list++)
        if (strcmp(key, *list) == 0)
            return true;
    return false;
}

/* Writes a hex text as bytes; false, and nothing written, when it is not one. */
static bool pack_hex(struct buf *out, const json_t *v)
{
    uint8_t bytes[64];
    struct str hex = json_str(v);

    if (!hex.ptr || hex.len % 2 || hex.len / 2 > sizeof bytes ||
        !text_unhex(hex, bytes, hex.len / 2))
        return false;
    mp_bin(out, (struct str){(const char *)bytes, hex.len / 2});
    return true;
}

void mp_json_hex(struct buf *out, const json_t *object, const char *const *hex_keys)
{
    size_t count = json_object_size(object);
    struct member *all;

    mp_map(out, count);
    if (!count)
        return;
    all = members_sorted(out, object, count);
    for (size_t i = 0; all && i < count; i++) {
        mp_str(out, str_of(all[i].key));
        if (!is_listed(all[i].key, hex_keys) || !pack_hex(out, all[i].value))
            mp_json(out, all[i].value);
    }
    mem_free(all);
}

void mp_json(struct buf *out, const json_t *v)
{
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        mp_json_hex(out, v, NULL);
        break;
    case JSON_ARRAY:
        mp_array(out, json_array_size(v));
        for (size_t i = 0; i < json_array_size(v); i++)
            mp_json(out, json_array_get(v, i));
        break;
    case JSON_STRING:
        mp_str(out, json_str(v));
        break;
    case JSON_INTEGER:
        mp_int(out, json_integer_value(v));
        break;
    case JSON_REAL:
        pack_real(out, json_real_value(v));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        mp_bool(out, json_is_true(v));
        break;
    case JSON_NULL:
        mp_nil(out);
        break;
    }
}
