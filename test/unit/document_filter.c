#include "document_filter.h"

#include <stdlib.h>

#include "base/limits.h"
#include "format/json.h"
#include "format/msgpack.h"
#include "index/conda_shards.h"
#include "unit.h"

/* Members of a map go whose key is the package, or begins with it. */
static void strike_members(json_t *map, const char *package)
{
    const char *key;
    json_t *value;
    void *next;
    size_t len = strlen(package);

    json_object_foreach_safe(map, next, key, value) if (!strncmp(key, package, len) &&
                                                        (!key[len] || key[len] == '-'))
        assert_int_equal(json_object_del(map, key), 0);
}

void filter_json(struct str text, const struct struck *s, struct buf *out)
{
    AUTO(json_decrefp) json_t *doc = NULL;

    assert_int_equal(json_parse(text, &doc, NULL), OK);
    for (size_t i = 0; i < s->count; i++) {
        strike_members(json_object_get(doc, "packages"), s->names[i]);
        strike_members(json_object_get(doc, "packages.conda"), s->names[i]);
    }
    json_canonical(out, doc);
    if (str_ends(text, S("\n")))
        buf_addc(out, '\n');
}

static bool tells(struct str line, const char *package, bool of_files)
{
    char mark[128];
    int len = snprintf(mark, sizeof mark, ">%s%s", package, of_files ? "-" : "<");

    return str_starts(line, S("<tr><td>")) && memmem(line.ptr, line.len, mark, (size_t)len);
}

void filter_rows(struct str text, const struct struck *s, bool of_files, struct buf *out)
{
    struct str line;

    while (str_next(&text, '\n', &line)) {
        bool struck = false;

        if (str_eq(line, S("</tbody>")))
            return;
        for (size_t i = 0; i < s->count; i++)
            struck = struck || tells(line, s->names[i], of_files);
        if (struck)
            continue;
        buf_add(out, line);
        buf_addc(out, '\n');
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void filter_shard_index(struct str text, struct str subdir, const char **names, size_t count,
                        int64_t newest_ms, struct buf *out)
{
    qsort(names, count, sizeof *names, by_name);
    conda_shards_begin(subdir, count, newest_ms, out);
    for (size_t i = 0; i < count; i++) {
        AUTO(buf_done) struct buf key = BUF_INIT(KIB);
        const char *at;

        mp_str(&key, str_of(names[i]));
        buf_addz(&key, "\xc4\x20"); /* 32 bytes follow */
        at = memmem(text.ptr, text.len, buf_str(&key).ptr, buf_str(&key).len);
        assert_non_null(at);
        buf_add(out, (struct str){at, buf_str(&key).len + SHA256_LEN});
    }
    conda_shards_end(out);
}
