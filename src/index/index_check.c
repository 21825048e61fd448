/* index_check.c: are the documents of a channel those that its rows give? */
#include "base/limits.h"
#include "index/documents.h"
#include "store/survey.h"

struct check {
    struct str subdir;
    bool bare; /* no subdir has files or documents */
    struct document_set current;
    index_differs_fn *differs;
    void *ctx;
};

static enum err_code compare(void *check, struct str name, struct str bytes, struct err *err)
{
    struct check *c = check;
    const struct index_doc_row *row = documents_meet(&c->current, name);
    char sha256[SHA256_HEX + 1];

    (void)err;
    digest_sha256_hex(bytes, sha256);
    if (!row || !str_eq(row->sha256, str_of(sha256)) || row->size != (int64_t)bytes.len)
        c->differs(c->ctx, c->subdir, name);
    return OK;
}

/* base says whom to tell. */
static enum err_code check_subdir(struct tx *tx, const struct channel *ch, const struct check *base,
                                  struct str subdir, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(DOCUMENT_LIST_MEMORY);
    struct check c = *base;
    const struct index_doc_list *list = &c.current.list;
    enum err_code code;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory for an index");
    c.subdir = subdir;
    code = documents_current(tx, mem, ch, subdir, &c.current, err);
    /* A channel that never had anything has no documents, and needs none. */
    if (code == OK && c.bare && !list->count)
        return OK;
    if (code == OK)
        code = documents_make(tx, ch, subdir, (struct document_sink){compare, &c}, err);
    for (size_t i = 0; code == OK && i < list->count; i++)
        if (!c.current.met[i])
            c.differs(c.ctx, subdir, list->rows[i].name);
    return code;
}

enum err_code index_check(struct tx *tx, const struct channel *ch, index_differs_fn *differs,
                          void *ctx, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    struct check c = {.differs = differs, .ctx = ctx};
    struct surveyed_subdirs subdirs = {0};
    enum err_code code;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory for the list of subdirs");
    code = survey_subdirs(tx, mem, ch->account_id, ch->label, &subdirs, err);
    c.bare = !subdirs.count;
    for (size_t i = 0; code == OK && i < subdirs.count; i++)
        code = check_subdir(tx, ch, &c, subdirs.items[i], err);
    return code ? code : check_subdir(tx, ch, &c, S(""), err);
}
