/* What is taken for a picture has a type and a size within bounds. */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "format/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open(4 * MIB);
    struct str in = {(const char *)data, size};
    struct image image = {0};
    struct err err = {0};

    if (image_parse(in, &image, &err)) {
        assert(!image.width && err.msg[0]);
    } else {
        assert(image.width && image.height && image.bytes.len == size);
        assert((uint64_t)image.width * image.height <= LIMIT_IMAGE_PIXELS);
        assert(str_starts(str_of(image_mime(image.type)), S("image/")));
    }
    if (!image_parse_base64(mem, in, &image, &err))
        assert(image.width && image.height && image.bytes.len < size);
    return 0;
}
