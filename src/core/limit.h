/* limit.h: what an access token is limited to beside its scopes: packages, labels, one group. Its
 * owner may do more; the token may not.
 *
 * Kept as blank-separated words, as "package:acme/tool label:dev group:acme/ci", where it is stored
 * and in an actor; none of the names can hold a blank. */
#ifndef CORE_LIMIT_H
#define CORE_LIMIT_H
#include "core/access.h"

struct limit_request {
    const struct str *packages; /* "owner/name"; need not exist */
    size_t package_count;
    const struct str *labels;
    size_t label_count;
    struct str group; /* "organization/name"; empty: none */
};
/* The words, in lower case but for names of packages; empty if nothing is asked for.
 * ERR_UNPROCESSABLE (field "limits") names what is no name. */
enum err_code limit_join(struct arena *mem, const struct limit_request *req, struct str *ret_limits,
                         struct err *err) MUST_USE;
/* Takes the next word apart: "package", "acme/tool". False at the end. */
bool limit_next(struct str *rest, struct str *ret_kind, struct str *ret_value);

/* Without limits, each is true of everything. The package may be empty: then it is about whatever
 * else the owner has, which no token has that is limited to packages or labels. */
bool limit_allows_package(struct str limits, struct str owner, struct str package);
bool limit_allows_label(struct str limits, struct str label);
bool limit_has_labels(struct str limits);
/* The labels, blank-separated; empty: it is limited to none. ERR_NOMEM. */
enum err_code limit_labels(struct arena *mem, struct str limits, struct str *ret,
                           struct err *err) MUST_USE;
/* False: it is limited to no group. */
bool limit_group(struct str limits, struct str *ret_organization, struct str *ret_group);

/* May a token that is limited so be used for a right at all? ERR_DENIED names the token and the
 * limit. Asks the database only for what a group may do with a package: workers only then. What the
 * token's owner may do is another question (access_check asks both). */
enum err_code limit_check(struct app *app, struct arena *mem, const struct actor *actor,
                          enum right right, const struct access_object *object,
                          struct err *err) MUST_USE;
/* Takes out of what the token's owner sees of an account (*view, which lies in mem and is replaced)
 * what is not public and not within the limits to packages, to a group and to labels. Of labels: a
 * package that the limits do not name must have a file that carries one. (Which of its files are
 * told is for core/label_sight; which channels, for limit_allows_label.) */
enum err_code limit_view(struct tx *tx, struct arena *mem, struct str limits,
                         const struct account_row *owner, struct view *view,
                         struct err *err) MUST_USE;
/* Is a package that is not public, of a number, within those limits? */
struct limit_object {
    struct str owner, package;
    int64_t package_id;
};
enum err_code limit_shows(struct tx *tx, struct arena *mem, struct str limits,
                          const struct limit_object *object, bool *ret_shows,
                          struct err *err) MUST_USE;
/* Has the file one of the labels that the limits are to, if to any? */
enum err_code limit_allows_file(struct tx *tx, struct arena *mem, struct str limits,
                                int64_t file_id, bool *ret_allows, struct err *err) MUST_USE;
/* May the token publish to this label, or take something out of it? ERR_DENIED. */
enum err_code limit_check_label(const struct actor *actor, struct str label,
                                struct err *err) MUST_USE;

#endif
