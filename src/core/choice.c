#include "core/choice.h"

#include "core/access.h"
#include "core/package.h"

struct str choice_name(struct arena *mem, struct str owner, const struct choice *c)
{
    if (!c->package.len)
        return owner;
    return str_fmt(mem, STR_FMT "/" STR_FMT "%s" STR_FMT "%s" STR_FMT, STR_ARG(owner),
                   STR_ARG(c->package), c->version.len ? "/" : "", STR_ARG(c->version),
                   c->basename.len ? "/" : "", STR_ARG(c->basename));
}

bool choice_errors_add(struct choice_errors *errors, struct arena *mem, size_t index,
                       const struct err *e, struct err *first)
{
    bool about_it = e->code == ERR_NOT_FOUND || e->code == ERR_UNPROCESSABLE ||
                    e->code == ERR_INVALID || e->code == ERR_DENIED || e->code == ERR_CONFLICT;
    struct choice_error *item = about_it ? arena_new(mem, struct choice_error) : NULL;
    struct str message = item ? str_dup(mem, str_of(e->msg)) : (struct str){0};

    if (!first->code || !about_it)
        *first = *e;
    if (!about_it)
        return false;
    if (!message.ptr) {
        (void)fail(first, ERR_NOMEM, "out of memory");
        return false;
    }
    *item = (struct choice_error){.index = index, .message = message};
    if (errors->last)
        errors->last->next = item;
    else
        errors->head = item;
    errors->last = item;
    return true;
}

enum err_code choice_errors_end(const struct err *first, struct err *err)
{
    if (first->code && err)
        *err = *first;
    return first->code;
}

static enum err_code check_form(const struct choice *c, struct err *err)
{
    if (c->version.len && !c->package.len)
        return fail_field(err, "version",
                          "version \"" STR_FMT "\" is of no package: name that, too",
                          STR_ARG(c->version));
    if (c->basename.len && !c->version.len)
        return fail_field(err, "basename", "file \"" STR_FMT "\" is of no release: name that, too",
                          STR_ARG(c->basename));
    return OK;
}

/* Each package is asked about once, where its choices stand together. */
enum err_code choices_check(struct app *app, struct arena *mem, const struct actor *actor,
                            const struct choices *in, struct choice_errors *ret_errors,
                            struct err *err)
{
    struct err first = {0}, right = {0};
    bool may = false;

    for (size_t i = 0; i < in->count; i++) {
        const struct access_object object = {.owner = in->owner, .package = in->items[i].package};
        struct err form = {0};

        if (!i || !str_eq(in->items[i - 1].package, object.package)) {
            right = (struct err){0};
            may = access_check(app, mem, actor, RIGHT_WRITE, 0, &object, &right) == OK;
        }
        if (check_form(&in->items[i], &form) || !may)
            if (!choice_errors_add(ret_errors, mem, i, may ? &form : &right, &first))
                break;
    }
    return choice_errors_end(&first, err);
}

static enum err_code find_one(struct tx *tx, struct arena *mem, const struct account_row *owner,
                              const struct choice *c, const struct view *view, struct file_set *ret,
                              struct err *err)
{
    const struct file_path path = {owner->login, c->package, c->version, c->basename};
    struct package_row package;
    struct release_row release;
    struct file_row file;
    enum err_code rc;

    *ret = (struct file_set){OF_ACCOUNT, owner->id};
    if (!c->package.len)
        return OK;
    if ((rc = package_require(tx, mem, owner->login, c->package, &package, err)))
        return rc;
    if (view && !view_shows(view, package.access, package.id))
        return package_missing(owner->login, c->package, err);
    *ret = (struct file_set){OF_PACKAGE, package.id};
    if (!c->version.len)
        return OK;
    if ((rc = release_require(tx, mem, &package, c->version, &release, err)))
        return rc;
    *ret = (struct file_set){OF_RELEASE, release.id};
    if (!c->basename.len)
        return OK;
    if ((rc = file_require(tx, mem, &path, &file, err)))
        return rc;
    *ret = (struct file_set){OF_FILE, file.id};
    return OK;
}

enum err_code choices_find(struct tx *tx, struct arena *mem, const struct account_row *owner,
                           const struct choices *in, const struct view *view, struct file_set **ret,
                           struct choice_errors *ret_errors, struct err *err)
{
    struct file_set *sets = arena_array(mem, struct file_set, in->count ? in->count : 1);
    struct err first = {0};

    if (!sets)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < in->count; i++) {
        struct err e = {0};

        if (find_one(tx, mem, owner, &in->items[i], view, &sets[i], &e) &&
            !choice_errors_add(ret_errors, mem, i, &e, &first))
            break;
    }
    *ret = sets;
    return choice_errors_end(&first, err);
}
