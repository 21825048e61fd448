#include "core/namesake.h"

#include "core/access.h"
#include "core/scope.h"

static enum err_code find_others(struct tx *tx, struct arena *mem, const struct namesakes *n,
                                 struct name_list *ret, struct err *err)
{
    return file_packages_below(tx, mem, &n->project, n->package_id, ret, err);
}

static enum err_code find_first(struct app *app, struct arena *mem, struct namesakes *n,
                                struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin(app->db, TX_READ, &tx, err);

    return rc ? rc : find_others(tx, mem, n, &n->others, err);
}

/* The other package is not named: the actor may not see it. */
static enum err_code deny(const struct actor *actor, const struct namesakes *n, struct str owner,
                          struct err *err)
{
    return fail(err, ERR_DENIED,
                "\"" STR_FMT "\" may not publish files of the project \"" STR_FMT "\" of \"" STR_FMT
                "\": it has others, under another spelling of its name",
                STR_ARG(actor->login), STR_ARG(n->project.key), STR_ARG(owner));
}

enum err_code namesakes_check(struct app *app, struct arena *mem, const struct actor *actor,
                              const struct kind *kind, struct str owner,
                              const struct file_row *file, struct namesakes *ret, struct err *err)
{
    struct namesakes n = {kind, file->package_id, {file->account_id, file->type, {0}}, {0}};
    struct str rest = file->name_key;
    enum err_code rc = OK;

    if (kind->by_project && str_cut(&rest, '/', &n.project.key))
        rc = find_first(app, mem, &n, err);
    for (size_t i = 0; !rc && i < n.others.count; i++) {
        const struct access_object other = {.owner = owner, .package = n.others.names[i]};

        rc = access_check(app, mem, actor, RIGHT_WRITE, SCOPE_API_WRITE | kind->upload, &other,
                          NULL);
        if (rc == ERR_DENIED)
            rc = deny(actor, &n, owner, err);
        else if (rc)
            rc = fail(err, rc, "could not find out who may publish to \"" STR_FMT "\"",
                      STR_ARG(n.project.key));
    }
    if (!rc)
        *ret = n;
    return rc;
}

static bool has(const struct name_list *list, struct str name)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_eq(list->names[i], name))
            return true;
    return false;
}

enum err_code namesakes_check_again(struct tx *tx, struct arena *mem, const struct namesakes *n,
                                    struct err *err)
{
    struct name_list now = {0};
    enum err_code rc = n->kind->by_project ? find_others(tx, mem, n, &now, err) : OK;

    for (size_t i = 0; !rc && i < now.count; i++)
        if (!has(&n->others, now.names[i]))
            rc = fail(err, ERR_BUSY,
                      "files of the project \"" STR_FMT "\" were published under another spelling "
                      "of its name meanwhile; try again",
                      STR_ARG(n->project.key));
    return rc;
}
