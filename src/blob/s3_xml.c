/* s3_xml.c: a small strict scanner, which calls a function at the end of each element. */
#include "blob/s3_xml.h"

#include "base/text.h"

/* ListMultipartUploadsResult/Upload/Initiator/ID is the deepest that we know of. */
#define DEPTH_MAX 16
/* S3 gives up to 1,000 entries on a page. */
#define ENTRIES_MAX 10000

/* An element that ends. */
struct xml_at {
    struct str names[DEPTH_MAX]; /* from the root to it, without prefixes of name spaces */
    size_t depth;
    bool leaf;       /* no elements in it */
    struct str text; /* of a leaf, decoded */
};
typedef enum err_code xml_fn(void *ctx, const struct xml_at *at, struct err *err);

struct xml {
    struct arena *mem;
    struct str rest;
    struct xml_at at;
    const char *text; /* where the text of the innermost element begins */
    bool closed;      /* the root has ended */
};

static enum err_code malformed(struct err *err, const char *what)
{
    return fail(err, ERR_INVALID, "malformed XML: %s", what);
}

static enum err_code out_of_memory(struct err *err)
{
    return fail(err, ERR_NOMEM, "out of memory");
}

/* --- text ---------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_blank_all(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_blank(s.ptr[i]))
            return false;
    return true;
}

static bool is_char(uint32_t c)
{
    if (c < 0x20)
        return c == '\t' || c == '\n' || c == '\r';
    return c < 0xd800 || (c > 0xdfff && c < 0xfffe) || (c > 0xffff && c <= 0x10ffff);
}

static bool is_text(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_char((unsigned char)s.ptr[i]))
            return false;
    return text_is_utf8(s);
}

static size_t put_utf8(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* Of "#x41" or "#65". */
static bool parse_number(struct str ref, uint32_t *ret)
{
    bool hex = ref.len > 1 && ref.ptr[1] == 'x';
    struct str digits = str_from(ref, hex ? 2 : 1);
    uint32_t value = 0;

    if (!digits.len || digits.len > 7)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.ptr[i];
        uint32_t digit = c >= '0' && c <= '9'          ? (uint32_t)(c - '0')
                         : hex && c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                         : hex && c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10
                                                       : 99;
        if (digit == 99)
            return false;
        value = value * (hex ? 16 : 10) + digit;
    }
    *ret = value;
    return is_char(value);
}

/* What stands between "&" and ";". */
static bool parse_reference(struct str ref, uint32_t *ret)
{
    static const struct {
        const char *name;
        char c;
    } entities[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};

    if (ref.len && ref.ptr[0] == '#')
        return parse_number(ref, ret);
    for (size_t i = 0; i < COUNT(entities); i++)
        if (str_eq(ref, str_of(entities[i].name))) {
            *ret = (uint32_t)entities[i].c;
            return true;
        }
    return false;
}

static enum err_code decode(struct arena *mem, struct str raw, struct str *ret, struct err *err)
{
    size_t len = 0;
    struct str head;
    uint32_t c;
    char *out;

    if (!str_has(raw, '&')) {
        *ret = raw;
        return OK;
    }
    out = arena_alloc(mem, raw.len, 1); /* no reference is shorter than what it stands for */
    if (!out)
        return out_of_memory(err);
    while (str_cut(&raw, '&', &head)) {
        memcpy(out + len, head.ptr, head.len);
        len += head.len;
        if (!str_cut(&raw, ';', &head) || !parse_reference(head, &c))
            return malformed(err, "an unknown entity");
        len += put_utf8(c, out + len);
    }
    if (raw.len)
        memcpy(out + len, raw.ptr, raw.len);
    *ret = (struct str){out, len + raw.len};
    return OK;
}

/* --- elements ------------------------------------------------------------------------------ */

static void skip_blanks(struct str *s)
{
    while (s->len && is_blank(s->ptr[0]))
        *s = str_from(*s, 1);
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ':';
}

/* Takes a name off rest, without its prefix; false if there is none. */
static bool take_name(struct str *rest, struct str *ret_name)
{
    struct str name, prefix;
    size_t n = 0;

    while (n < rest->len && is_name_char(rest->ptr[n]))
        n++;
    name = str_sub(*rest, 0, n);
    *rest = str_from(*rest, n);
    (void)str_cut(&name, ':', &prefix); /* most have none */
    *ret_name = name;
    return name.len > 0;
}

/* Skips attributes up to ">" or "/>"; false if they are malformed. */
static bool skip_attributes(struct str *rest)
{
    struct str name, value;

    for (;;) {
        skip_blanks(rest);
        if (!rest->len || rest->ptr[0] == '>' || rest->ptr[0] == '/')
            return rest->len > 0;
        if (!take_name(rest, &name))
            return false;
        skip_blanks(rest);
        if (!rest->len || rest->ptr[0] != '=')
            return false;
        *rest = str_from(*rest, 1);
        skip_blanks(rest);
        if (!rest->len || (rest->ptr[0] != '"' && rest->ptr[0] != '\''))
            return false;
        char quote = rest->ptr[0];
        *rest = str_from(*rest, 1);
        if (!str_cut(rest, quote, &value) || str_has(value, '<'))
            return false;
    }
}

static enum err_code end_element(struct xml *x, struct str raw, xml_fn *fn, void *ctx,
                                 struct err *err)
{
    enum err_code code = OK;

    x->at.text = (struct str){0};
    if (x->at.leaf)
        code = decode(x->mem, raw, &x->at.text, err);
    if (code == OK)
        code = fn(ctx, &x->at, err);
    x->at.depth--;
    x->at.leaf = false; /* what it lies in */
    x->closed = x->at.depth == 0;
    return code;
}

/* At "</". raw: what stands before it. */
static enum err_code read_end(struct xml *x, struct str raw, xml_fn *fn, void *ctx, struct err *err)
{
    struct str name;

    x->rest = str_from(x->rest, 2);
    if (!take_name(&x->rest, &name) || !x->at.depth || !str_eq(name, x->at.names[x->at.depth - 1]))
        return malformed(err, "elements are not nested");
    skip_blanks(&x->rest);
    if (!str_starts(x->rest, S(">")))
        return malformed(err, "an end tag is cut off");
    x->rest = str_from(x->rest, 1);
    return end_element(x, raw, fn, ctx, err);
}

/* At "<". */
static enum err_code read_start(struct xml *x, xml_fn *fn, void *ctx, struct err *err)
{
    struct str name;

    x->rest = str_from(x->rest, 1);
    if (x->closed)
        return malformed(err, "something follows the root");
    if (x->at.depth == DEPTH_MAX)
        return malformed(err, "it is nested too deeply");
    if (!take_name(&x->rest, &name) || !skip_attributes(&x->rest))
        return malformed(err, "a start tag"); /* also <!DOCTYPE, <![CDATA[, <!--, <? */
    x->at.names[x->at.depth++] = name;
    x->at.leaf = true;
    if (str_starts(x->rest, S("/>"))) {
        x->rest = str_from(x->rest, 2);
        return end_element(x, S(""), fn, ctx, err);
    }
    if (!str_starts(x->rest, S(">")))
        return malformed(err, "a start tag");
    x->rest = str_from(x->rest, 1);
    return OK;
}

/* Skips a byte order mark and the declaration. */
static enum err_code skip_prolog(struct str *rest, struct err *err)
{
    struct str head;

    if (str_starts(*rest, S("\xef\xbb\xbf")))
        *rest = str_from(*rest, 3);
    if (!str_starts(*rest, S("<?xml ")))
        return OK;
    if (!str_cut(rest, '>', &head) || !str_ends(head, S("?")))
        return malformed(err, "the declaration");
    return OK;
}

/* Calls fn at the end of each element. */
static enum err_code walk(struct arena *mem, struct str xml, xml_fn *fn, void *ctx, struct err *err)
{
    struct xml x = {.mem = mem, .rest = xml};
    enum err_code code;

    if (!is_text(xml))
        return malformed(err, "forbidden characters");
    code = skip_prolog(&x.rest, err);
    while (code == OK && x.rest.len) {
        struct str raw = x.rest;

        while (x.rest.len && x.rest.ptr[0] != '<')
            x.rest = str_from(x.rest, 1);
        raw.len -= x.rest.len;
        if (!x.at.depth && !is_blank_all(raw))
            return malformed(err, "text outside the root");
        if (!x.rest.len)
            break;
        code = str_starts(x.rest, S("</")) ? read_end(&x, raw, fn, ctx, err)
                                           : read_start(&x, fn, ctx, err);
    }
    if (code == OK && !x.closed)
        return malformed(err, "it ends too early");
    return code;
}

static bool is_at(const struct xml_at *at, const char *a, const char *b, const char *c)
{
    const char *const names[] = {a, b, c};
    size_t depth = c ? 3 : b ? 2 : 1;

    if (at->depth != depth)
        return false;
    for (size_t i = 0; i < depth; i++)
        if (!str_eq(at->names[i], str_of(names[i])))
            return false;
    return true;
}

/* --- fields -------------------------------------------------------------------------------- */

static enum err_code read_bool(struct str text, bool *ret, struct err *err)
{
    *ret = str_eq(text, S("true"));
    return *ret || str_eq(text, S("false")) ? OK : malformed(err, "neither true nor false");
}

/* Exactly len digits off the front of *rest. */
static bool take_digits(struct str *rest, size_t len, int *ret)
{
    uint64_t value;

    if (!str_u64(str_sub(*rest, 0, len), 9999, &value) || rest->len < len)
        return false;
    *rest = str_from(*rest, len);
    *ret = (int)value;
    return true;
}

static bool take_char(struct str *rest, char c)
{
    bool is = rest->len && rest->ptr[0] == c;

    if (is)
        *rest = str_from(*rest, 1);
    return is;
}

/* "2010-11-10T20:48:33.000Z", with any number of digits of the second. */
static enum err_code read_time(struct str text, int64_t *ret_ms, struct err *err)
{
    struct str rest = text;
    struct tm tm = {0};

    if (!take_digits(&rest, 4, &tm.tm_year) || !take_char(&rest, '-') ||
        !take_digits(&rest, 2, &tm.tm_mon) || !take_char(&rest, '-') ||
        !take_digits(&rest, 2, &tm.tm_mday) || !take_char(&rest, 'T') ||
        !take_digits(&rest, 2, &tm.tm_hour) || !take_char(&rest, ':') ||
        !take_digits(&rest, 2, &tm.tm_min) || !take_char(&rest, ':') ||
        !take_digits(&rest, 2, &tm.tm_sec))
        return malformed(err, "a time");
    if (take_char(&rest, '.'))
        while (rest.len && rest.ptr[0] >= '0' && rest.ptr[0] <= '9')
            rest = str_from(rest, 1);
    if (!str_eq(rest, S("Z")) || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
        tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
        return malformed(err, "a time");
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *ret_ms = (int64_t)timegm(&tm) * 1000;
    return OK;
}

/* Room for one more entry of a list in mem; NULL when out of memory. */
static void *grow(struct arena *mem, void *items, size_t count, size_t size)
{
    void *more;

    if (count & (count - 1)) /* the room is a power of two */
        return items;
    more = arena_alloc_array(mem, count ? 2 * count : 1, size, _Alignof(max_align_t));
    if (more && count)
        memcpy(more, items, count * size);
    return more;
}

/* --- documents ----------------------------------------------------------------------------- */

static bool is_plain_code(struct str code)
{
    if (!code.len || code.len > S3_CODE_MAX)
        return false;
    for (size_t i = 0; i < code.len; i++)
        if (!is_name_char(code.ptr[i]))
            return false;
    return true;
}

static enum err_code note_code(void *ctx, const struct xml_at *at, struct err *err)
{
    char *code = ctx;

    (void)err;
    if (is_at(at, "Error", "Code", NULL) && is_plain_code(at->text))
        (void)snprintf(code, S3_CODE_MAX + 1, "%.*s", (int)at->text.len, at->text.ptr);
    return OK;
}

void s3_xml_error(struct str xml, char ret_code[S3_CODE_MAX + 1])
{
    AUTO(arena_closep) struct arena *mem = arena_open(2 * xml.len + 1024);
    char code[S3_CODE_MAX + 1] = "";

    ret_code[0] = '\0';
    if (mem && walk(mem, xml, note_code, code, NULL) == OK)
        memcpy(ret_code, code, sizeof(code));
}

struct objects_reader {
    struct arena *mem;
    struct s3_objects page;
    struct s3_object entry;
    bool has_key, has_size, is_list;
};

static enum err_code end_object(struct objects_reader *r, struct err *err)
{
    struct s3_object *items;

    if (!r->has_key || !r->has_size)
        return malformed(err, "an object without a key or a size");
    if (r->page.count == ENTRIES_MAX)
        return malformed(err, "too many entries on a page");
    items = grow(r->mem, r->page.items, r->page.count, sizeof(*items));
    if (!items)
        return out_of_memory(err);
    items[r->page.count++] = r->entry;
    r->page.items = items;
    r->has_key = r->has_size = false;
    return OK;
}

static enum err_code note_objects(void *ctx, const struct xml_at *at, struct err *err)
{
    static const char root[] = "ListBucketResult";
    struct objects_reader *r = ctx;

    if (is_at(at, root, "Contents", "Key")) {
        r->entry.key = at->text;
        r->has_key = true;
    } else if (is_at(at, root, "Contents", "Size")) {
        r->has_size = str_u64(at->text, INT64_MAX, &r->entry.size);
    } else if (is_at(at, root, "Contents", NULL)) {
        return end_object(r, err);
    } else if (is_at(at, root, "IsTruncated", NULL)) {
        return read_bool(at->text, &r->page.more, err);
    } else if (is_at(at, root, "NextContinuationToken", NULL)) {
        r->page.next = at->text;
    } else if (is_at(at, root, NULL, NULL)) {
        r->is_list = true;
    }
    return OK;
}

enum err_code s3_xml_objects(struct arena *mem, struct str xml, struct s3_objects *ret,
                             struct err *err)
{
    struct objects_reader r = {.mem = mem};
    enum err_code code = walk(mem, xml, note_objects, &r, err);

    if (code)
        return code;
    if (!r.is_list)
        return fail(err, ERR_INVALID, "not a list of objects");
    if (r.page.more && !r.page.next.len)
        return fail(err, ERR_INVALID, "a list of objects that does not say how it goes on");
    *ret = r.page;
    return OK;
}

struct uploads_reader {
    struct arena *mem;
    struct s3_uploads page;
    struct s3_upload entry;
    bool has_time, is_list;
};

static enum err_code end_upload(struct uploads_reader *r, struct err *err)
{
    struct s3_upload *items;

    if (!r->entry.key.len || !r->entry.id.len || !r->has_time)
        return malformed(err, "an upload without a key, an id or a time");
    if (r->page.count == ENTRIES_MAX)
        return malformed(err, "too many entries on a page");
    items = grow(r->mem, r->page.items, r->page.count, sizeof(*items));
    if (!items)
        return out_of_memory(err);
    items[r->page.count++] = r->entry;
    r->page.items = items;
    r->entry = (struct s3_upload){0};
    r->has_time = false;
    return OK;
}

static enum err_code note_uploads(void *ctx, const struct xml_at *at, struct err *err)
{
    static const char root[] = "ListMultipartUploadsResult";
    struct uploads_reader *r = ctx;

    if (is_at(at, root, "Upload", "Key")) {
        r->entry.key = at->text;
    } else if (is_at(at, root, "Upload", "UploadId")) {
        r->entry.id = at->text;
    } else if (is_at(at, root, "Upload", "Initiated")) {
        r->has_time = true;
        return read_time(at->text, &r->entry.begun_ms, err);
    } else if (is_at(at, root, "Upload", NULL)) {
        return end_upload(r, err);
    } else if (is_at(at, root, "IsTruncated", NULL)) {
        return read_bool(at->text, &r->page.more, err);
    } else if (is_at(at, root, "NextKeyMarker", NULL)) {
        r->page.next_key = at->text;
    } else if (is_at(at, root, "NextUploadIdMarker", NULL)) {
        r->page.next_id = at->text;
    } else if (is_at(at, root, NULL, NULL)) {
        r->is_list = true;
    }
    return OK;
}

enum err_code s3_xml_uploads(struct arena *mem, struct str xml, struct s3_uploads *ret,
                             struct err *err)
{
    struct uploads_reader r = {.mem = mem};
    enum err_code code = walk(mem, xml, note_uploads, &r, err);

    if (code)
        return code;
    if (!r.is_list)
        return fail(err, ERR_INVALID, "not a list of uploads");
    if (r.page.more && !r.page.next_key.len && !r.page.next_id.len)
        return fail(err, ERR_INVALID, "a list of uploads that does not say how it goes on");
    *ret = r.page;
    return OK;
}

static enum err_code note_upload_id(void *ctx, const struct xml_at *at, struct err *err)
{
    struct str *id = ctx;

    (void)err;
    if (is_at(at, "InitiateMultipartUploadResult", "UploadId", NULL))
        *id = at->text;
    return OK;
}

enum err_code s3_xml_upload_id(struct arena *mem, struct str xml, struct str *ret_id,
                               struct err *err)
{
    struct str id = {0};
    enum err_code code = walk(mem, xml, note_upload_id, &id, err);

    if (code)
        return code;
    if (!id.len)
        return fail(err, ERR_INVALID, "no id of an upload");
    *ret_id = id;
    return OK;
}

static enum err_code note_completed(void *ctx, const struct xml_at *at, struct err *err)
{
    bool *completed = ctx;

    (void)err;
    if (is_at(at, "CompleteMultipartUploadResult", NULL, NULL))
        *completed = true;
    return OK;
}

enum err_code s3_xml_completed(struct arena *mem, struct str xml, struct err *err)
{
    bool completed = false;
    enum err_code code = walk(mem, xml, note_completed, &completed, err);

    if (code)
        return code;
    return completed ? OK : fail(err, ERR_INVALID, "the upload was not completed");
}
