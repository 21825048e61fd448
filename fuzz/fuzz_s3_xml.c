/* What parses is well-formed text, and is the same when it is written anew. */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/text.h"
#include "blob/s3_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(struct buf *out, const char *name, struct str text)
{
    buf_addf(out, "<%s>", name);
    text_xml(out, text);
    buf_addf(out, "</%s>", name);
}

/* text_xml puts "?" for control characters. */
static bool is_same(struct str written, struct str read)
{
    return text_has_control(written) || str_eq(written, read);
}

static void check_objects(struct arena *mem, const struct s3_objects *page)
{
    AUTO(buf_done) struct buf xml = BUF_INIT(16 * MIB);
    struct s3_objects again;

    buf_addz(&xml, "<ListBucketResult>");
    for (size_t i = 0; i < page->count; i++) {
        assert(text_is_utf8(page->items[i].key));
        buf_addz(&xml, "<Contents>");
        add(&xml, "Key", page->items[i].key);
        buf_addf(&xml, "<Size>%llu</Size></Contents>", (unsigned long long)page->items[i].size);
    }
    buf_addf(&xml, "<IsTruncated>%s</IsTruncated>", page->more ? "true" : "false");
    add(&xml, "NextContinuationToken", page->next);
    buf_addz(&xml, "</ListBucketResult>");
    assert(buf_ok(&xml));
    assert(s3_xml_objects(mem, buf_str(&xml), &again, NULL) == OK);
    assert(again.count == page->count && again.more == page->more);
    assert(is_same(page->next, again.next));
    for (size_t i = 0; i < page->count; i++)
        assert(is_same(page->items[i].key, again.items[i].key) &&
               again.items[i].size == page->items[i].size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open(64 * MIB);
    const struct str xml = {(const char *)data, size};
    char code[S3_CODE_MAX + 1];
    struct s3_objects objects;
    struct s3_uploads uploads;
    struct str id = {0};

    assert(mem);
    s3_xml_error(xml, code);
    assert(str_of(code).len <= S3_CODE_MAX && !text_has_control(str_of(code)));
    if (s3_xml_objects(mem, xml, &objects, NULL) == OK)
        check_objects(mem, &objects);
    if (s3_xml_uploads(mem, xml, &uploads, NULL) == OK)
        for (size_t i = 0; i < uploads.count; i++)
            assert(uploads.items[i].key.len && text_is_utf8(uploads.items[i].id));
    assert(s3_xml_upload_id(mem, xml, &id, NULL) != OK || (id.len && text_is_utf8(id)));
    /* A document is of one kind only. */
    assert(s3_xml_completed(mem, xml, NULL) != OK || (!id.len && !code[0]));
    return 0;
}
