/* cran_get.c: the files of CRAN-like repositories: indexes and packages. */
#include "base/digest.h"
#include "base/limits.h"
#include "index/cran_documents.h"
#include "store/file.h"
#include "web/cran_path.h"
#include "web/delivery.h"
#include "web/handlers.h"
#include "web/reply.h"

/* R asks for an index once in a session; whoever keeps one longer asks whether it is still so. */
#define INDEX_MAX_AGE 0

/* What is at a path. The bytes of a blob are fetched once the transaction has ended: they may be
 * far away. */
struct found {
    struct buf made; /* a document of this view alone, or an empty one; else: */
    bool in_store;
    struct delivered file; /* of a document, too */
};

static void found_done(struct found *f)
{
    buf_done(&f->made);
}

/* ---- indexes ---- */

static enum err_code answer_document(struct call *c, const struct cran_path *p,
                                     const struct found *f, struct err *err)
{
    char hex[SHA256_HEX + 1];
    struct http_entity_desc d = {
        .modified_ms = f->file.modified_ms,
        .content_type = cran_media_type(p->document),
        .cache_control = delivery_cache_control(c, f->file.access, INDEX_MAX_AGE),
        .vary = S("Authorization, Cookie"), /* the same address has other content for others */
    };

    if (f->in_store)
        return delivery_answer_blob(c, &d, f->file.sha256, f->file.size, "", err);
    d.bytes = buf_str(&f->made);
    digest_sha256_hex(d.bytes, hex);
    return delivery_answer(c, &d, str_of(hex), "", err);
}

/* The one that is made for the caller, if he sees something that no kept one has; else the kept
 * one; else an empty one: a tree that nobody has put a file into yet is one without packages. */
static enum err_code find_document(struct call *c, struct tx *tx, const struct channel *ch,
                                   const struct cran_path *p, struct found *ret, struct err *err)
{
    struct str subdir = str_fmt(c->mem, CRAN_SUBDIR STR_FMT, STR_ARG(p->tree));
    struct index_doc_row doc;
    bool made = false;
    enum err_code rc = OK;

    if (!subdir.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if (c->sight.view.also_count)
        rc = index_make(tx, ch, subdir, p->document, &c->sight.view, &ret->made, &made, err);
    if (rc || made) {
        ret->file.access = ACCESS_PRIVATE;
        return rc;
    }
    buf_clear(&ret->made);
    rc = index_find(tx, c->mem, ch, subdir, p->document, &c->sight.view, &doc, &ret->file.access,
                    err);
    if (rc == ERR_NOT_FOUND) {
        ret->file.access = ACCESS_PUBLIC;
        return index_empty(ch, subdir, p->document, &ret->made, err);
    }
    ret->in_store = true;
    if (!rc)
        ret->file = (struct delivered){.sha256 = doc.sha256,
                                       .size = doc.size,
                                       .modified_ms = doc.modified_ms,
                                       .access = ret->file.access};
    return rc;
}

/* ---- packages ---- */

static enum err_code find_file(struct call *c, struct tx *tx, const struct channel *ch,
                               const struct cran_path *p, struct found *ret, struct err *err)
{
    const struct file_name name = {
        ch->account_id, S("r"),
        str_fmt(c->mem, STR_FMT "/%.*s", STR_ARG(p->tree), (int)p->filename.len, p->filename.ptr)};
    struct file_row file;
    enum err_code rc;

    if (!name.key.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = file_in_channel(tx, c->mem, &name, ch->label, &file, err)))
        return rc;
    if (!view_shows(&c->sight.view, file.access, file.package_id))
        return ERR_NOT_FOUND;
    ret->in_store = true;
    ret->file = (struct delivered){.sha256 = file.sha256,
                                   .size = file.size,
                                   .modified_ms = file.uploaded_ms,
                                   .access = file.access,
                                   .file_id = file.id,
                                   .package_id = file.package_id};
    return OK;
}

/* ---- */

static enum err_code find(struct call *c, const struct cran_path *p, struct found *ret,
                          struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct channel ch;
    enum err_code rc = tx_begin(c->app->db, TX_READ, &tx, err);

    if (rc || (rc = delivery_channel(c, tx, p->owner, p->label, &ch, err)))
        return rc;
    return p->document.len ? find_document(c, tx, &ch, p, ret, err)
                           : find_file(c, tx, &ch, p, ret, err);
}

static enum err_code answer(struct call *c, const struct cran_path *p, struct err *err)
{
    AUTO(found_done) struct found found = {.made = BUF_INIT(LIMIT_INDEX_DOCUMENT)};
    enum err_code rc = find(c, p, &found, err);

    if (rc)
        return rc;
    if (!buf_ok(&found.made))
        return fail(err, ERR_NOMEM, "out of memory");
    return p->document.len ? answer_document(c, p, &found, err)
                           : delivery_answer_file(c, &found.file, err);
}

enum err_code get_cran(struct call *c, struct err *err)
{
    struct cran_path p = {0};
    enum err_code rc = cran_path_parse(c->mem, &c->path, &p, err);

    if (!rc)
        rc = answer(c, &p, err);
    if (rc == ERR_NOT_FOUND && p.tree.len)
        (void)fail(
            err, ERR_NOT_FOUND, "there is no \"" STR_FMT "\" in " STR_FMT " of \"" STR_FMT "\"",
            STR_ARG(p.document.len ? p.document : p.filename), STR_ARG(p.tree), STR_ARG(p.owner));
    /* Clients ask for the same missing files on each run: the refusal is kept like an answer. */
    return rc == ERR_NOT_FOUND ? delivery_refuse(c, reply_text_error(404, err), err) : rc;
}
