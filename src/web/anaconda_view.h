/* anaconda_view.h: rows as the JSON that anaconda-client reads and prints. Each gives a new
 * reference. What is in here is shown to anybody who may see the package: nothing private. */
#ifndef WEB_ANACONDA_VIEW_H
#define WEB_ANACONDA_VIEW_H
#include "core/publish.h"
#include "store/account.h"
#include "store/file.h"
#include "store/package.h"
#include "store/search_find.h"
#include "web/call.h"

/* The words of a blank-separated text as a list. */
json_t *view_words(struct str words);
/* "2015-11-19 18:22:23.061000+00:00"; null for 0. */
json_t *view_date(int64_t unix_ms);

struct file_path call_file_path(
    const struct call *c); /* owner, package, version, basename of the URL */

/* The file that the URL names, if the caller may have it: a route with RIGHT_READ has asked about
 * the package, and this asks about labels that the token is limited to. ERR_NOT_FOUND. */
enum err_code call_find_file(struct call *c, const struct file_path *path, struct file_row *ret,
                             struct err *err) MUST_USE;

/* A user or organization, as anybody may see it. */
json_t *view_account(const struct account_row *a);
enum err_code view_package(struct call *c, struct tx *tx, const struct package_row *p, json_t **ret,
                           struct err *err) MUST_USE;
enum err_code view_package_summary(struct call *c, struct tx *tx, const struct package_row *p,
                                   json_t **ret, struct err *err) MUST_USE;
/* The same of a package that was found. */
json_t *view_found_package(struct call *c, const struct search_row *p);
enum err_code view_release(struct call *c, struct tx *tx, const struct release_row *r, json_t **ret,
                           struct err *err) MUST_USE;
enum err_code view_file(struct call *c, struct tx *tx, const struct file_row *f, json_t **ret,
                        struct err *err) MUST_USE;
/* Where the file is to be had, absolute: in its channel, or of its release. ptr NULL: no memory. */
struct str view_download_url(struct call *c, const struct file_row *f);

#endif
