/* Entries have a text that pip or conda reads, from a line of the file; texts have no control
 * characters. */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/text.h"
#include "format/conda_spec.h"
#include "format/envfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_entry(struct arena *mem, const struct envfile_entry *e)
{
    struct conda_spec spec;

    assert(e->line > 0 && e->spec.len);
    assert(!text_has_control(e->spec) && !text_has_control(e->channel));
    assert(!text_has_control(e->url) && !text_has_control(e->name));
    assert(!e->md5.len || text_is_hex(e->md5, 32));
    assert(!e->sha256.len || text_is_hex(e->sha256, 64));
    if (e->manager == ENVFILE_CONDA && !e->url.len)
        assert(!conda_spec_parse(mem, e->spec, &spec, NULL) && str_eq(spec.name, e->name));
}

static void check(const char *filename, struct str text)
{
    AUTO(arena_closep) struct arena *mem = arena_open(64 * MIB);
    struct envfile file = {0};
    struct err err = {0};

    if (envfile_parse(mem, str_of(filename), text, &file, &err)) {
        assert(!file.count && err.msg[0]);
        return;
    }
    assert(envfile_format_name(file.format)[0]);
    assert(!text_has_control(file.name) && !str_has(file.name, '/'));
    for (size_t i = 0; i < file.count; i++)
        check_entry(mem, &file.entries[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};

    check("environment.yml", text);
    check("spec.txt", text);
    check("requirements.txt", text);
    return 0;
}
