/* offer.h: what a channel has of a package, to see whether it meets a requirement. */
#ifndef STORE_OFFER_H
#define STORE_OFFER_H
#include "store/db.h"

/* The files of a type that carry a label and belong to the account's package of this name, however
 * it is written: by version, which are together, and by subdir. Whoever asks has to see whether
 * they may be shown. Columns: OFFER_*. */
enum { OFFER_PACKAGE_ID, OFFER_ACCESS, OFFER_PACKAGE, OFFER_VERSION, OFFER_SUBDIR, OFFER_FILENAME };
enum err_code offer_query(struct tx *tx, int64_t account_id, struct str label, struct str type,
                          struct str package, struct rows **ret_rows, struct err *err) MUST_USE;

/* The same of a Python project, by its normal name (PEP 503): files of type "pypi", whose versions
 * follow each other too. */
enum err_code offer_query_project(struct tx *tx, int64_t account_id, struct str label,
                                  struct str project, struct rows **ret_rows,
                                  struct err *err) MUST_USE;

#endif
