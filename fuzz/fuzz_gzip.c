/* Any data survives packing, and whatever unpacks can be packed again. */
#include <assert.h>

#include "base/limits.h"
#include "format/gzip.h"

#define CONTENT_MAX MIB

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(struct str content)
{
    AUTO(buf_done) struct buf packed = BUF_INIT(2 * CONTENT_MAX);
    AUTO(buf_done) struct buf again = BUF_INIT(CONTENT_MAX);

    if (gzip_pack(content, 6, &packed, NULL) || gzip_unpack(buf_str(&packed), &again, NULL))
        abort();
    assert(str_eq(buf_str(&again), content));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(buf_done) struct buf content = BUF_INIT(CONTENT_MAX);
    struct str bytes = {(const char *)data, size};

    check_round_trip(str_sub(bytes, 0, CONTENT_MAX));
    if (gzip_unpack(bytes, &content, NULL) == OK)
        check_round_trip(buf_str(&content));
    else
        assert(content.len == 0);
    return 0;
}
