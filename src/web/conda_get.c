/* conda_get.c: the files of conda channels: indexes, shards, packages. */
#include "base/clock.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/text.h"
#include "config.h"
#include "core/moment.h"
#include "format/conda_name.h"
#include "index/conda_notices.h"
#include "index/index.h"
#include "store/file.h"
#include "web/delivery.h"
#include "web/handlers.h"
#include "web/reply.h"
#include "web/resource.h"

/* "/conda/<owner>[/label/<label>][/<subdir>]/<name>", taken apart. */
struct target {
    struct str owner, label;
    struct str subdir; /* empty: the channel itself */
    struct str name;   /* "repodata.json", "shards/<sha256>.msgpack.zst", "x-1-0.conda" */
};

/* Labels may hold "/", so the path is read from its end: the name, then the subdir, then what is
 * left after "label". A word that looks like a subdir but is not a known one may also be the last
 * part of a label: any_subdir decides. ERR_NOT_FOUND (and *ret is set all the same) when it is no
 * path of a channel. */
static enum err_code parse_target(struct call *c, bool any_subdir, struct target *ret,
                                  struct err *err)
{
    struct path p = c->path;
    const size_t first = 2;
    struct target t = {
        .owner = p.seg[1], .label = S("main"), .subdir = S(""), .name = S("index.html")};

    if (p.count > first && !p.trailing_slash)
        t.name = p.seg[--p.count];
    if (p.count > first && str_eq(p.seg[p.count - 1], S("shards"))) {
        struct str shard = str_fmt(c->mem, "shards/" STR_FMT, STR_ARG(t.name));
        if (index_media_type(shard).ptr) {
            t.name = shard;
            p.count--;
        }
    }
    if (p.count > first && conda_check_subdir(p.seg[p.count - 1], NULL) == OK &&
        (any_subdir || p.count == first + 1 || conda_known_subdir(p.seg[p.count - 1])))
        t.subdir = p.seg[--p.count];
    if (p.count > first)
        t.label = str_lower(c->mem, path_tail(c->mem, &p, first + 1));
    *ret = t;
    if (!t.label.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if (p.count > first && (!str_eq(p.seg[first], S("label")) || conda_check_label(t.label, NULL)))
        return ERR_NOT_FOUND;
    return OK;
}

static struct str page_policy(struct str type)
{
    return str_starts(type, S("text/html")) ? S(REPLY_PAGE_POLICY) : S("");
}

/* until_ms: when it ends by itself, which caches should know; 0: never. */
static struct str cache_control(const struct call *c, enum access_level access, int64_t until_ms)
{
    int64_t age = c->app->config->index_max_age;
    int64_t left = until_ms ? (until_ms - clock_now_ms()) / 1000 : age;

    if (left < age)
        age = left > 0 ? left : 0;
    return delivery_cache_control(c, access, age);
}

/* The same address has other content for other callers. */
static struct str index_vary(struct str type)
{
    return str_eq(type, S("application/json")) ? S("Accept-Encoding, Authorization, Cookie")
                                               : S("Authorization, Cookie");
}

/* ---- a generated document ---- */

/* What the rows say of a target. The bytes of a blob are fetched once the transaction has ended:
 * they may be far away. */
struct found {
    enum { FOUND_DOC, FOUND_MADE, FOUND_EMPTY, FOUND_NOTICES, FOUND_PACKAGE, FOUND_NO_MOMENT } kind;
    struct channel channel; /* FOUND_EMPTY */
    struct buf made;        /* FOUND_MADE: for this view alone; FOUND_NOTICES: for all */
    int64_t until_ms;       /* FOUND_NOTICES: when the first of them ends; 0: none does */
    enum access_level access;
    struct str sha256;
    int64_t size, modified_ms;
    int64_t file_id, package_id; /* FOUND_PACKAGE */
    struct index_body *body;     /* FOUND_DOC: of a composed document; else NULL */
    enum resource_coding coding; /* that a document is in */
};

static const char *coding(const struct found *f)
{
    return f->coding == CODING_ZSTD ? "zstd" : f->coding == CODING_GZIP ? "gzip" : "";
}

/* The content of a composed document. */
static enum err_code answer_body(struct call *c, const struct found *f, struct http_entity_desc *d,
                                 struct err *err)
{
    size_t size = (size_t)index_body_size(f->body);
    char *bytes;
    enum err_code rc;

    d->size = size;
    if (size > LIMIT_CACHED_BODY) {
        d->source =
            (struct http_source){shared_ref(f->body), index_body_read, index_body_memory(f->body)};
        return delivery_answer(c, d, f->sha256, coding(f), err);
    }
    bytes = arena_array(c->mem, char, size + 1);
    if (!bytes)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = index_body_read(f->body, 0, size, bytes, err)))
        return rc;
    d->bytes = (struct str){bytes, size};
    return delivery_answer(c, d, f->sha256, coding(f), err);
}

static enum err_code answer_doc(struct call *c, const struct target *t, const struct found *f,
                                struct err *err)
{
    bool shard = str_starts(t->name, S("shards/"));
    struct str type = index_media_type(t->name);
    struct http_entity_desc d = {
        .modified_ms = f->modified_ms,
        .content_type = type,
        .content_encoding = str_of(coding(f)),
        .cache_control = shard && f->access == ACCESS_PUBLIC ? S(DELIVERY_IMMUTABLE)
                                                             : cache_control(c, f->access, 0),
        .vary = shard ? S("") : index_vary(type),
        .policy = page_policy(type),
    };

    if (f->body)
        return answer_body(c, f, &d, err);
    return delivery_answer_blob(c, &d, f->sha256, f->size, coding(f), err);
}

/* A document whose bytes are at hand. */
static enum err_code answer_bytes(struct call *c, const struct target *t, const struct found *f,
                                  struct str bytes, struct err *err)
{
    struct str type = index_media_type(t->name);
    char hex[SHA256_HEX + 1];
    struct http_entity_desc d = {
        .content_type = type,
        .content_encoding = str_of(coding(f)),
        .cache_control = cache_control(c, f->access, f->until_ms),
        .vary = index_vary(type),
        .policy = page_policy(type),
        .bytes = bytes,
    };

    digest_sha256_hex(bytes, hex);
    return delivery_answer_until(c, &d, str_of(hex), coding(f), f->until_ms, err);
}

static enum err_code answer_empty(struct call *c, const struct target *t, const struct found *f,
                                  struct err *err)
{
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);
    enum err_code rc = index_empty(&f->channel, t->subdir, t->name, &b, err);

    if (rc)
        return rc;
    if (!buf_ok(&b))
        return fail(err, ERR_NOMEM, "out of memory");
    return answer_bytes(c, t, f, buf_str(&b), err);
}

static const enum index_form forms[] = {
    [CODING_NONE] = INDEX_TEXT, [CODING_ZSTD] = INDEX_ZSTD, [CODING_GZIP] = INDEX_GZIP};

static enum err_code find_named_doc(struct call *c, struct tx *tx, const struct target *t,
                                    struct str name, struct found *ret, struct err *err)
{
    struct index_doc_row doc;
    enum err_code rc = index_find(tx, c->mem, &ret->channel, t->subdir, name, &c->sight.view, &doc,
                                  &ret->access, err);

    if (rc)
        return rc;
    ret->kind = FOUND_DOC;
    ret->sha256 = doc.sha256;
    ret->size = doc.size;
    ret->modified_ms = doc.modified_ms;
    if (!doc.composed)
        return OK;
    ret->coding = resource_coding(c);
    return index_open(tx, c->app->blobs, &ret->channel, t->subdir, name, ret->access,
                      forms[ret->coding], &ret->body, err);
}

/* What is not kept, but made of what is. */
static enum err_code find_feed(struct call *c, struct tx *tx, struct found *ret, struct err *err)
{
    enum err_code rc = index_feed(tx, c->app->blobs, &ret->channel, c->sight.view.widest,
                                  &ret->made, &ret->access, err);

    if (!rc)
        ret->kind = FOUND_MADE;
    return rc;
}

/* A document of a view that is not kept. ERR_NOT_FOUND: none that differs from those that are. */
static enum err_code make_named_doc(struct call *c, struct tx *tx, const struct target *t,
                                    struct str name, struct found *ret, struct err *err)
{
    bool made = false;
    enum err_code rc;

    buf_clear(&ret->made);
    rc = index_make(tx, &ret->channel, t->subdir, name, &c->sight.view, &ret->made, &made, err);
    if (rc || !made)
        return rc ? rc : ERR_NOT_FOUND;
    ret->kind = FOUND_MADE;
    ret->access = ACCESS_PRIVATE;
    return OK;
}

/* A file of the account, if the caller sees it. */
static enum err_code show_file(const struct call *c, const struct file_row *file, struct found *ret)
{
    if (!view_shows(&c->sight.view, file->access, file->package_id))
        return ERR_NOT_FOUND;
    ret->kind = FOUND_PACKAGE;
    ret->access = file->access;
    ret->sha256 = file->sha256;
    ret->size = file->size;
    ret->modified_ms = file->uploaded_ms;
    ret->file_id = file->id;
    ret->package_id = file->package_id;
    return OK;
}

/* ---- as it was ---- */

static enum err_code find_past_doc(struct call *c, struct tx *tx, const struct target *t,
                                   int64_t number, struct found *ret, struct err *err)
{
    const struct index_past_wanted wanted = {t->subdir, t->name, &c->sight.view, number,
                                             forms[resource_coding(c)]};
    struct index_past past;
    enum err_code rc =
        index_open_past(tx, c->app->blobs, &ret->channel, &wanted, &past, &ret->made, err);

    if (rc == ERR_NOT_FOUND) {
        ret->kind = FOUND_EMPTY;
        ret->access = ACCESS_PUBLIC;
        return OK;
    }
    if (rc)
        return rc;
    ret->access = c->sight.view.widest;
    ret->body = past.body;
    ret->kind = past.body ? FOUND_DOC : FOUND_MADE;
    ret->coding = resource_coding(c);
    if (!past.body && ret->coding == CODING_GZIP) /* what is made is not made so */
        ret->coding = CODING_NONE;
    ret->sha256 = str_dup(c->mem, str_of(past.digest));
    return ret->sha256.ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

static enum err_code find_past_package(struct call *c, struct tx *tx, const struct target *t,
                                       int64_t number, struct found *ret, struct err *err)
{
    struct file_row file;
    const struct file_name name = {
        ret->channel.account_id, S("conda"),
        str_fmt(c->mem, STR_FMT "/" STR_FMT, STR_ARG(t->subdir), STR_ARG(t->name))};
    bool had = false;
    enum err_code rc;

    if (!name.key.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    /* Not from the trash: who removes a file may have good reasons that nobody has it any more. */
    if ((rc = file_find(tx, c->mem, &name, &file, err)) ||
        (rc = index_had_file(tx, c->app->blobs, &ret->channel, &file, c->sight.view.widest, number,
                             &had, err)))
        return rc;
    return had ? show_file(c, &file, ret) : ERR_NOT_FOUND;
}

/* Shards are had under their digests, whatever lists them. */
static enum err_code find_past(struct call *c, struct tx *tx, const struct target *t,
                               struct found *ret, struct err *err)
{
    int64_t number = 0;
    enum err_code rc = moment_find(tx, c->mem, ret->channel.account_id, c->moment, &number, err);

    if (rc == ERR_NOT_FOUND)
        ret->kind = FOUND_NO_MOMENT;
    if (rc)
        return rc == ERR_NOT_FOUND ? OK : rc;
    if (index_media_type(t->name).ptr && !str_eq(t->name, S("rss.xml")))
        return find_past_doc(c, tx, t, number, ret, err);
    return find_past_package(c, tx, t, number, ret, err);
}

typedef enum err_code find_doc_fn(struct call *c, struct tx *tx, const struct target *t,
                                  struct str name, struct found *ret, struct err *err);

/* Of a document that is not composed, the .zst is also the JSON in the zstd coding. */
static enum err_code find_coded(struct call *c, struct tx *tx, const struct target *t,
                                find_doc_fn *find, struct found *ret, struct err *err)
{
    enum err_code rc = ERR_NOT_FOUND;

    ret->coding = CODING_NONE;
    if (resource_coding(c) == CODING_ZSTD) {
        struct str name = str_fmt(c->mem, STR_FMT ".zst", STR_ARG(t->name));
        rc = find(c, tx, t, name, ret, err);
        ret->coding = rc == OK ? CODING_ZSTD : CODING_NONE;
    }
    return rc == ERR_NOT_FOUND ? find(c, tx, t, t->name, ret, err) : rc;
}

static enum err_code find_doc(struct call *c, struct tx *tx, const struct target *t,
                              struct found *ret, struct err *err)
{
    bool shard = str_starts(t->name, S("shards/"));
    enum err_code rc = ERR_NOT_FOUND;

    if (c->sight.view.also_count && !shard)
        rc = find_coded(c, tx, t, make_named_doc, ret, err);
    if (rc == ERR_NOT_FOUND)
        rc = find_coded(c, tx, t, find_named_doc, ret, err);
    if (rc == ERR_NOT_FOUND && !t->subdir.len && str_eq(t->name, S("rss.xml")))
        rc = find_feed(c, tx, ret, err);
    if (rc != ERR_NOT_FOUND)
        return rc;
    ret->kind = FOUND_EMPTY;
    ret->access = ACCESS_PUBLIC;
    return OK;
}

static enum err_code find_notices(struct call *c, struct tx *tx, struct found *ret, struct err *err)
{
    ret->kind = FOUND_NOTICES;
    ret->access = ACCESS_PUBLIC;
    return conda_notices_write(tx, c->mem, ret->channel.account_id, clock_now_ms(), &ret->made,
                               &ret->until_ms, err);
}

/* ---- a package ---- */

static enum err_code find_package(struct call *c, struct tx *tx, const struct target *t,
                                  struct found *ret, struct err *err)
{
    struct file_row file;
    const struct file_name name = {
        ret->channel.account_id, S("conda"),
        str_fmt(c->mem, STR_FMT "/" STR_FMT, STR_ARG(t->subdir), STR_ARG(t->name))};
    enum err_code rc;

    if (!name.key.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = file_in_channel(tx, c->mem, &name, ret->channel.label, &file, err)))
        return rc;
    return show_file(c, &file, ret);
}

static enum err_code answer_package(struct call *c, const struct found *f, struct err *err)
{
    const struct delivered file = {.sha256 = f->sha256,
                                   .size = f->size,
                                   .modified_ms = f->modified_ms,
                                   .access = f->access,
                                   .file_id = f->file_id,
                                   .package_id = f->package_id};

    return delivery_answer_file(c, &file, err);
}

/* ---- */

static enum err_code find(struct call *c, const struct target *t, struct found *ret,
                          struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin(c->app->db, TX_READ, &tx, err);

    if (rc || (rc = delivery_channel(c, tx, t->owner, t->label, &ret->channel, err)))
        return rc;
    if (!t->subdir.len && str_eq(t->name, S("notices.json")))
        return find_notices(c, tx, ret, err);
    if (c->moment.len && !str_starts(t->name, S("shards/")))
        return find_past(c, tx, t, ret, err);
    if (str_starts(t->name, S("shards/")) || index_media_type(t->name).ptr)
        return find_doc(c, tx, t, ret, err);
    return find_package(c, tx, t, ret, err);
}

static void found_done(struct found *f)
{
    buf_done(&f->made);
    shared_unref(f->body);
}

static enum err_code answer_found(struct call *c, const struct target *t, const struct found *f,
                                  struct err *err)
{
    switch (f->kind) {
    case FOUND_DOC:
        return answer_doc(c, t, f, err);
    case FOUND_MADE:
    case FOUND_NOTICES:
        if (!buf_ok(&f->made))
            return fail(err, ERR_NOMEM, "out of memory");
        return answer_bytes(c, t, f, buf_str(&f->made), err);
    case FOUND_EMPTY:
        return answer_empty(c, t, f, err);
    case FOUND_NO_MOMENT: /* err says so */
        return delivery_refuse(c, reply_problem(404, err, NULL), err);
    case FOUND_PACKAGE:
        break;
    }
    return answer_package(c, f, err);
}

static enum err_code find_target(struct call *c, bool any_subdir, struct target *ret,
                                 struct err *err)
{
    AUTO(found_done) struct found found = {.made = BUF_INIT(LIMIT_INDEX_DOCUMENT)};
    enum err_code rc = parse_target(c, any_subdir, ret, err);

    if (!rc)
        rc = find(c, ret, &found, err);
    return rc ? rc : answer_found(c, ret, &found, err);
}

/* The links of a channel's page are relative to its folder. So is this one, and keeps a token that
 * stands before it. */
static enum err_code redirect_to_folder(struct call *c, struct err *err)
{
    AUTO(buf_done) struct buf b = BUF_INIT(4 * LIMIT_PATH);
    enum err_code rc = reply_empty(c, 301, err);

    text_percent(&b, c->path.seg[1], "");
    buf_addc(&b, '/');
    if (rc)
        return rc;
    if (!buf_ok(&b) || !http_response_header(c->ex->response, "Location", buf_str(&b)))
        return fail(err, ERR_NOMEM, "out of memory");
    return OK;
}

enum err_code get_conda(struct call *c, struct err *err)
{
    struct target t = {0};
    enum err_code rc;

    if (c->path.count == 2 && !c->path.trailing_slash)
        return redirect_to_folder(c, err);
    rc = find_target(c, false, &t, err);
    if (rc == ERR_NOT_FOUND && !t.subdir.len)
        rc = find_target(c, true, &t, err);
    if (rc != ERR_NOT_FOUND)
        return rc;
    /* Clients ask for the same missing files on each run: the refusal is kept like an answer. */
    (void)fail(err, ERR_NOT_FOUND,
               "there is no \"" STR_FMT "\" in channel \"" STR_FMT "\"%s" STR_FMT, STR_ARG(t.name),
               STR_ARG(t.owner), t.subdir.len ? ", subdir " : "", STR_ARG(t.subdir));
    return delivery_refuse(c, reply_problem(404, err, NULL), err);
}
