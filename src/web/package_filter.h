/* package_filter.h: what lists of an account's packages leave out, as their query says. */
#ifndef WEB_PACKAGE_FILTER_H
#define WEB_PACKAGE_FILTER_H
#include "store/package.h"
#include "web/call.h"

/* What anaconda-client may ask for (contracts of its user_packages): all that is asked must be true
 * of a package. */
struct package_filter {
    struct str package_types; /* "conda,pypi": it holds one of these; empty: whatever */
    struct str type;          /* it holds this; empty: whatever */
    struct str platform;      /* it has a conda package for this subdir; empty: or none */
    bool asks_access;
    enum access_level access;
};

/* Reads platform, package_type (which may come several times, or with commas), type and access from
 * the query of a call. ERR_UNPROCESSABLE names the field that is wrong. */
enum err_code package_filter_read(struct call *c, struct package_filter *ret,
                                  struct err *err) MUST_USE;
/* *ret: is all of it true of the package? */
enum err_code package_filter_passes(const struct package_filter *f, struct tx *tx,
                                    struct arena *mem, const struct package_row *p, bool *ret,
                                    struct err *err) MUST_USE;

#endif
