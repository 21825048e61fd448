/* index_check.c: are the documents of a channel those that its rows give? */
#include "base/limits.h"
#include "index/conda_check.h"
#include "index/cran_documents.h"
#include "index/documents.h"
#include "index/kept.h"
#include "store/survey.h"

struct check {
    struct kept kept;
    index_differs_fn *differs;
    void *ctx;
};

static enum err_code compare(void *check, const struct document *doc, struct err *err)
{
    struct check *c = check;
    const struct index_doc_row *row = kept_narrower(&c->kept, doc->name);
    char sha256[SHA256_HEX + 1];

    (void)err;
    digest_sha256_hex(doc->bytes, sha256);
    if (row && str_eq(row->sha256, str_of(sha256)))
        return OK; /* and none of its own is to be met */
    row = kept_meet(&c->kept, doc->name);
    if (!row || !str_eq(row->sha256, str_of(sha256)) || row->size != (int64_t)doc->bytes.len)
        c->differs(c->ctx, &c->kept.place, doc->name);
    return OK;
}

/* base says whom to tell. */
static enum err_code check_view(struct tx *tx, const struct channel *ch, const struct check *base,
                                struct str subdir, enum access_level level, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(KEPT_MEMORY);
    const struct view view = {.widest = level};
    struct check c = *base;
    const struct kept_list *own = &c.kept.own;
    enum err_code code;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory for an index");
    code = kept_load(tx, mem, ch, subdir, level, &c.kept, err);
    if (code == OK && c.kept.wanted)
        code = documents_make(tx, ch, subdir, &view, (struct document_sink){compare, &c}, err);
    for (size_t i = 0; code == OK && i < own->docs.count; i++)
        if (!own->met[i])
            c.differs(c.ctx, &c.kept.place, own->docs.rows[i].name);
    return code;
}

static enum err_code check_views(struct tx *tx, const struct channel *ch, const struct check *base,
                                 struct str subdir, struct err *err)
{
    const struct conda_engine e = {{.tx = tx}, ch, subdir};
    bool known = false;
    enum err_code code = cran_is_subdir(subdir) ? OK : conda_engine_knows(&e, &known, err);

    if (code || known)
        return code ? code : conda_check(&e, base->differs, base->ctx, err);
    for (unsigned level = 0; code == OK && level < ACCESS_LEVELS; level++)
        code = check_view(tx, ch, base, subdir, (enum access_level)level, err);
    return code;
}

enum err_code index_check(struct tx *tx, const struct channel *ch, index_differs_fn *differs,
                          void *ctx, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    const struct check c = {.differs = differs, .ctx = ctx};
    struct surveyed_subdirs subdirs = {0};
    enum err_code code;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory for the list of subdirs");
    code = survey_subdirs(tx, mem, ch->account_id, ch->label, &subdirs, err);
    for (size_t i = 0; code == OK && i < subdirs.count; i++)
        code = check_views(tx, ch, &c, subdirs.items[i], err);
    return code ? code : check_views(tx, ch, &c, S(""), err);
}
