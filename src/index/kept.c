#include "index/kept.h"

#include <stdlib.h>

#include "store/file.h"
#include "store/index_list.h"

static int doc_cmp(const void *a, const void *b)
{
    const struct index_doc_row *x = a, *y = b;

    return str_cmp(x->name, y->name);
}

static enum err_code load_list(struct tx *tx, struct arena *mem, const struct index_place *place,
                               struct kept_list *ret, struct err *err)
{
    struct kept_list list = {0};
    enum err_code code = index_doc_list(tx, mem, place, &list.docs, err);
    size_t n = list.docs.count;

    if (code)
        return code;
    list.met = arena_array(mem, bool, n ? n : 1);
    if (!list.met)
        return fail(err, ERR_NOMEM, "out of memory for %zu index documents", n);
    if (n)
        qsort(list.docs.rows, n, sizeof list.docs.rows[0], doc_cmp);
    *ret = list;
    return OK;
}

/* A view without files of its own in this place is the narrower one there, and one that never
 * showed a file has no documents, so that nobody learns from them that there is something else.
 * What was made is compared in every case: it may be all that is left, where the narrower one has
 * none. */
static enum err_code is_wanted(struct tx *tx, const struct kept *k, bool *ret, struct err *err)
{
    const struct index_place *p = &k->place;

    enum err_code code = OK;

    *ret = k->own.docs.count > 0;
    if (!*ret)
        code = index_list_in_view(tx, p, ret, err);
    return code || *ret
               ? code
               : file_channel_any(tx, p->account_id, p->label, p->subdir, p->access, ret, err);
}

enum err_code kept_load(struct tx *tx, struct arena *mem, const struct channel *ch,
                        struct str subdir, enum access_level level, struct kept *ret,
                        struct err *err)
{
    struct kept k = {.place = {ch->account_id, ch->label, level, subdir}};
    struct index_place narrower = k.place;
    bool wanted = false;
    enum err_code code = load_list(tx, mem, &k.place, &k.own, err);

    if (code == OK)
        code = is_wanted(tx, &k, &wanted, err);
    for (unsigned i = 0; code == OK && wanted && i < level; i++) {
        narrower.access = (enum access_level)i;
        code = load_list(tx, mem, &narrower, &k.narrower[i], err);
    }
    k.wanted = wanted;
    if (code == OK)
        *ret = k;
    return code;
}

static size_t find(const struct kept_list *list, struct str name)
{
    const struct index_doc_row key = {.name = name}, *found = NULL;
    size_t n = list->docs.count;

    if (n)
        found = bsearch(&key, list->docs.rows, n, sizeof key, doc_cmp);
    return found ? (size_t)(found - list->docs.rows) : n;
}

const struct index_doc_row *kept_narrower(const struct kept *k, struct str name)
{
    for (unsigned i = k->place.access; i-- > 0;) {
        const struct kept_list *list = &k->narrower[i];
        size_t at = find(list, name);

        if (at < list->docs.count)
            return &list->docs.rows[at];
    }
    return NULL;
}

const struct index_doc_row *kept_meet(struct kept *k, struct str name)
{
    size_t at = find(&k->own, name);

    if (at == k->own.docs.count)
        return NULL;
    k->own.met[at] = true;
    return &k->own.docs.rows[at];
}
