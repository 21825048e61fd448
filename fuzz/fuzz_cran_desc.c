/* What is read can be written as a record that reads the same, and says no more than one package.
 */
#include <assert.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/text.h"
#include "format/cran_built.h"
#include "format/cran_desc.h"
#include "format/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_value(struct buf *out, const char *name, struct str value)
{
    struct str line;

    buf_addz(out, name);
    buf_addc(out, ':');
    for (bool first = true; str_next(&value, '\n', &line); first = false) {
        if (!first)
            buf_addz(out, "\n ");
        buf_add(out, line);
    }
    buf_addc(out, '\n');
}

/* All in UTF-8: the record must not say otherwise any more. */
static void check_round_trip(json_t *fields)
{
    AUTO(buf_done) struct buf text = BUF_INIT(LIMIT_INFO_MEMBER);
    json_t *again = NULL, *value;
    const char *name;

    (void)json_object_del(fields, "Encoding");
    json_object_foreach(fields, name, value) write_value(&text, name, json_str(value));
    if (!buf_ok(&text))
        return;
    if (cran_desc_parse(buf_str(&text), &again, NULL))
        abort();
    assert(json_equal(fields, again));
    json_decref(again);
}

static void check_lines(struct arena *mem, const json_t *fields)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)fields, name, value)
    {
        struct str line = cran_desc_line(mem, fields, name);

        assert(!text_has_control(line) && line.len <= json_str(value).len);
        assert(str_trim(line).len == line.len && text_is_utf8(line));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open(64 * MIB);
    struct str in = {(const char *)data, size};
    struct cran_filename file;
    struct err err = {0};
    json_t *fields = NULL;
    struct str tree = {0};

    assert(!cran_filename_parse(S("evil_1.0.zip"), &file, NULL));
    if (cran_desc_parse(in, &fields, &err)) {
        assert(!fields && err.msg[0]);
        return 0;
    }
    if (!cran_desc_check(fields, &file, NULL) &&
        !cran_built_tree(mem, fields, &file, &tree, NULL)) {
        struct cran_tree parsed;

        if (!cran_tree_parse(tree, &parsed, NULL))
            assert(!cran_tree_admits(&parsed, &file, NULL) &&
                   !cran_built_check(fields, &parsed, NULL));
    }
    check_lines(mem, fields);
    check_round_trip(fields);
    json_decref(fields);
    return 0;
}
