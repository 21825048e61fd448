/* kind.h: the kinds of files that a package can hold, and what sets one apart from another.
 *
 * A kind is named by the word that anaconda-client uses: conda, pypi, r, ipynb, env, project,
 * installer, file. What is the same for all (labels, access, limits, removal) asks nothing here. */
#ifndef CORE_KIND_H
#define CORE_KIND_H
#include <jansson.h>

#include "app.h"
#include "core/actor.h"
#include "core/inspect.h"
#include "store/file.h"
#include "store/upload.h"

/* owner/package/version/basename as the URL says. */
struct file_path {
    struct str owner, package, version, basename;
};

struct kind {
    struct str name;
    unsigned upload; /* the scope (core/scope) that publishes this kind and nothing else */
    /* May a package that holds this kind have this name? ERR_INVALID. NULL: any. */
    enum err_code (*check_package)(struct str name, struct err *err);
    /* Judges the path, and fills subdir, filename and name_key of *ret. ERR_INVALID. */
    enum err_code (*place)(struct arena *mem, const struct file_path *path, struct file_row *ret,
                           struct err *err);
    /* name_key is "project/name": clients take all files of a project for one package, whatever
     * packages they are in here (core/namesake). */
    bool by_project;
    /* The same for a file that comes by its own name, which may leave open where it stands: then
     * describe tells. NULL: as place. */
    enum err_code (*place_unread)(struct arena *mem, const struct file_path *path,
                                  struct file_row *ret, struct err *err);
    /* Runs in the sandboxed child: reads the file on fd. NULL: nothing is read of this kind. Errors
     * as inspect_file. */
    inspect_reader *read;
    /* Makes of what was read, and of what was declared, the record, run_exports, about, facts and
     * build time of the row, which was placed; and its basename, where that depends on what was
     * read. ERR_INVALID, ERR_TOO_BIG: refused. NULL with read. */
    enum err_code (*describe)(struct arena *mem, const struct upload_row *upload,
                              const struct inspected *inspected, struct file_row *ret,
                              struct err *err);
};

/* NULL: there is none of this name. */
const struct kind *kind_find(struct str name);
/* The same, with an error that names all. ERR_INVALID. */
enum err_code kind_require(struct str name, const struct kind **ret, struct err *err) MUST_USE;
/* The same for a filter: also as older clients and servers call it ("PyPI", "cran"), and
 * ERR_UNPROCESSABLE with the field. */
enum err_code kind_of_filter(const char *field, struct str name, const struct kind **ret,
                             struct err *err) MUST_USE;

/* May the actor's token publish this kind? ERR_DENIED. (The route let in whoever may publish any.)
 */
enum err_code kind_check_scope(const struct kind *k, const struct actor *actor,
                               struct err *err) MUST_USE;

/* A new package of these kinds, as its creator declared them (attrs: object with a list of names in
 * "package_types", of which unknown ones are ignored; or NULL): is its name good for them, and may
 * the actor's token publish them? ERR_INVALID, ERR_DENIED. */
enum err_code kind_check_new(const struct actor *actor, struct str name, const json_t *attrs,
                             struct err *err) MUST_USE;

/* Where a file of this kind stands: type, subdir, filename, name_key. ERR_INVALID. */
enum err_code kind_place(const struct kind *k, struct arena *mem, const struct file_path *path,
                         struct file_row *ret, struct err *err) MUST_USE;
/* Where one stands that comes by its own name: kind_inspect completes it. ERR_INVALID. */
enum err_code kind_place_unread(const struct kind *k, struct arena *mem,
                                const struct file_path *path, struct file_row *ret,
                                struct err *err) MUST_USE;
/* Reads the bytes of an upload in the sandbox and adds to a file that was placed what it says of
 * itself. ERR_INVALID, ERR_TOO_BIG: refused. */
enum err_code kind_inspect(const struct kind *k, struct app *app, struct arena *mem,
                           const struct upload_row *upload, struct file_row *file,
                           struct err *err) MUST_USE;
/* The same of `size` bytes that can be read from fd. */
enum err_code kind_inspect_fd(const struct kind *k, struct app *app, struct arena *mem, int fd,
                              uint64_t size, const struct upload_row *upload, struct file_row *file,
                              struct err *err) MUST_USE;
/* For describe: JSON as the text that rows keep (sorted keys, no blanks), in mem. ERR_NOMEM. */
enum err_code kind_canonical(struct arena *mem, const json_t *v, struct str *ret,
                             struct err *err) MUST_USE;
/* For describe: the object in a text of the child's, with these keys alone, where they are of the
 * type; no larger than a row should be. ERR_INVALID, ERR_NOMEM. */
struct kind_key {
    const char *name;
    json_type type;
};
enum err_code kind_record(struct arena *mem, struct str text, const struct kind_key *keys,
                          size_t count, struct str *ret, struct err *err) MUST_USE;
/* The reader of every kind, for the inspector process: `kind` is a name, or "name/word" for a view
 * of such a file (core/preview). */
inspect_reader kind_read;

/* What names of packages and versions have in common, whatever they hold: letters, digits and
 * "._+-" ("!" too in versions, for epochs). ERR_INVALID with the value and the rule. */
enum err_code kind_check_package(struct str name, struct err *err) MUST_USE;
enum err_code kind_check_version(struct str version, struct err *err) MUST_USE;
/* The last part of a path, under which people save the file: UTF-8 without control characters,
 * separators, and what URLs and shells take for something else. ERR_INVALID. */
enum err_code kind_check_filename(struct str filename, struct err *err) MUST_USE;

#endif
