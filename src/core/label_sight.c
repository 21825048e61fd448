#include "core/label_sight.h"

#include "core/limit.h"
#include "format/version_order.h"
#include "store/search_find.h"

bool label_sight_is_less(const struct actor *actor, enum access_level access)
{
    return access != ACCESS_PUBLIC && limit_has_labels(actor->limits);
}

enum err_code label_sight_files(struct tx *tx, struct arena *mem, const struct actor *actor,
                                struct file_list *files, struct err *err)
{
    size_t kept = 0;
    enum err_code rc = OK;

    for (size_t i = 0; !rc && i < files->count; i++) {
        bool told = true;

        if (label_sight_is_less(actor, files->rows[i].access))
            rc = limit_allows_file(tx, mem, actor->limits, files->rows[i].id, &told, err);
        if (!rc && told)
            files->rows[kept++] = files->rows[i];
    }
    if (!rc)
        files->count = kept;
    return rc;
}

/* False: out of memory. */
static bool add_word(struct arena *mem, struct str *words, struct str word)
{
    struct str rest = *words, known;

    while (words->len && str_next(&rest, ' ', &known))
        if (str_eq(known, word))
            return true;
    *words =
        str_fmt(mem, STR_FMT "%s" STR_FMT, STR_ARG(*words), words->len ? " " : "", STR_ARG(word));
    return words->ptr;
}

static enum err_code add_file(struct arena *mem, const struct file_row *f, struct label_sight *s,
                              struct err *err)
{
    if (add_word(mem, &s->types, f->type) &&
        (!str_eq(f->type, S("conda")) || add_word(mem, &s->platforms, f->subdir)))
        return OK;
    return fail(err, ERR_NOMEM, "out of memory");
}

enum err_code label_sight_of_files(struct arena *mem, const struct file_list *files,
                                   struct label_sight *ret, struct err *err)
{
    struct label_sight s = {S(""), S(""), S("")};
    struct version_order best, v;
    enum err_code rc = OK;

    for (size_t i = 0; !rc && i < files->count; i++) {
        const struct file_row *f = &files->rows[i];

        if ((rc = add_file(mem, f, &s, err)) || (rc = version_order_of(mem, f->version, &v, err)))
            return rc;
        if (i == 0 || version_order_cmp(&v, &best) >= 0) {
            best = v;
            s.latest_version = f->version;
        }
    }
    *ret = s;
    return OK;
}

/* Of a list of labels, those that the token is limited to. */
static struct str allowed(struct arena *mem, const struct actor *actor, struct str labels)
{
    struct str rest = labels, label, kept = S("");

    while (kept.ptr && labels.len && str_next(&rest, ' ', &label))
        if (limit_allows_label(actor->limits, label) && !add_word(mem, &kept, label))
            return kept;
    return kept;
}

enum err_code label_sight_props(struct tx *tx, struct arena *mem, const struct actor *actor,
                                struct search_props *p, struct err *err)
{
    struct label_sight sight;
    enum err_code rc;

    if (!label_sight_is_less(actor, p->access))
        return OK;
    if ((rc = label_sight_of(tx, mem, actor, p->package_id, &sight, err)))
        return rc;
    p->types = sight.types;
    p->platforms = sight.platforms;
    p->labels = allowed(mem, actor, p->labels);
    return p->labels.ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

enum err_code label_sight_of(struct tx *tx, struct arena *mem, const struct actor *actor,
                             int64_t package_id, struct label_sight *ret, struct err *err)
{
    struct file_list files;
    enum err_code rc = file_list_by_package(tx, mem, package_id, &files, err);

    if (rc || (rc = label_sight_files(tx, mem, actor, &files, err)))
        return rc;
    return label_sight_of_files(mem, &files, ret, err);
}
