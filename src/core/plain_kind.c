#include "core/plain_kind.h"

#include "core/scope.h"

enum err_code plain_place(struct arena *mem, const struct file_path *path, struct file_row *ret,
                          struct err *err)
{
    enum err_code rc = kind_check_filename(path->basename, err);
    /* Folded like the name of the package: one package has one name space, however it is typed. */
    struct str package = str_lower(mem, path->package);
    struct str key = str_fmt(mem, STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(package),
                             STR_ARG(path->version), STR_ARG(path->basename));

    if (rc)
        return rc;
    if (!package.ptr || !key.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    ret->subdir = S("");
    ret->filename = path->basename;
    ret->name_key = key;
    return OK;
}

#define PLAIN(word)                                                                                \
    {                                                                                              \
        .name = {(word), sizeof(word) - 1}, .upload = SCOPE_FILES_UPLOAD, .place = plain_place     \
    }
const struct kind file_kind = PLAIN("file");
const struct kind installer_kind = PLAIN("installer");
const struct kind project_kind = PLAIN("project");
