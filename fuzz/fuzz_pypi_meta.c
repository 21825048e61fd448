/* Metadata that is read gives JSON that can be kept: well-formed text, and no address but of the
 * web. */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/text.h"
#include "format/json.h"
#include "format/pypi_meta.h"
#include "format/pypi_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is written can be read again, and is the same. */
static void check_json(const json_t *v)
{
    AUTO(buf_done) struct buf text = BUF_INIT(64 * MIB);
    AUTO(json_decrefp) json_t *again = NULL;

    json_canonical(&text, v);
    assert(buf_ok(&text));
    assert(!json_parse_object(buf_str(&text), &again, NULL));
    assert(json_equal(v, again));
}

static void check_address(const json_t *about, const char *key)
{
    struct str s = json_get_str(about, key);

    assert(!s.ptr || str_eq_nocase(str_sub(s, 0, 7), S("http://")) ||
           str_eq_nocase(str_sub(s, 0, 8), S("https://")));
    assert(!text_has_control(s));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open(64 * MIB);
    struct str in = {(const char *)data, size};
    struct pypi_meta m = {0};
    struct err err = {0};

    if (pypi_meta_parse(mem, in, &m, &err)) {
        assert(!m.about && err.msg[0]);
        return 0;
    }
    assert(!pypi_check_name(m.name, NULL) && m.parsed);
    assert(!text_has_control(m.requires_python) && !str_has(m.requires_python, '"'));
    check_json(m.about);
    check_json(m.dependencies);
    check_address(m.about, "home");
    check_address(m.about, "dev_url");
    check_address(m.about, "doc_url");
    check_address(m.about, "download_url");
    assert(!text_has_control(json_get_str(m.about, "summary")));
    pypi_meta_done(&m);
    return 0;
}
