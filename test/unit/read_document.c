#include "read_document.h"

#include "unit.h"

#include "base/cache.h"
#include "base/limits.h"

enum err_code read_body(struct index_body *body, struct arena *mem, struct str *ret,
                        struct err *err)
{
    size_t size = (size_t)index_body_size(body);
    char *bytes = arena_array(mem, char, size + 1);
    enum err_code code;

    assert_non_null(bytes);
    code = index_body_read(body, 0, size, bytes, err);
    if (code == OK)
        *ret = (struct str){bytes, size};
    return code;
}

enum err_code read_document(const struct document_place *place, struct arena *mem,
                            const struct index_doc_row *row, enum access_level access,
                            struct str *ret, struct err *err)
{
    struct index_body *body = NULL;
    struct str bytes = {0};
    enum err_code code;

    if (!row->composed)
        return blob_read(place->blobs, mem, row->sha256, 64 * MIB, ret, err);
    code = index_open(place->tx, place->blobs, place->ch, place->subdir, row->name, access,
                      INDEX_TEXT, &body, err);
    if (code)
        return code;
    code = read_body(body, mem, &bytes, err);
    shared_unref(body);
    if (code)
        return code;
    assert_int_equal(bytes.len, row->size);
    *ret = bytes;
    return OK;
}
