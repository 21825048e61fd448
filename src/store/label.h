/* label.h: labels of an account (lower case), and the files that carry them. */
#ifndef STORE_LABEL_H
#define STORE_LABEL_H
#include "base/arena.h"
#include "store/access_level.h"
#include "store/db.h"

struct label_row {
    int64_t id; /* 0: "main", which is there before any file makes it a row */
    struct str name;
    bool locked;
    enum access_level access; /* the widest that packages of its files ever had; of "main" public */
};
struct label_list {
    struct label_row *rows;
    size_t count;
};
/* The number of the label, which is made when there is none. */
enum err_code label_ensure(struct tx *tx, int64_t account_id, struct str name, int64_t *ret_id,
                           struct err *err) MUST_USE;
/* ERR_NOT_FOUND; never for "main". */
enum err_code label_find(struct tx *tx, struct arena *mem, int64_t account_id, struct str name,
                         struct label_row *ret, struct err *err) MUST_USE;
/* Again: no effect. access: of the file's package, to which the label's widens. */
enum err_code label_attach(struct tx *tx, int64_t file_id, int64_t label_id,
                           enum access_level access, struct err *err) MUST_USE;
/* Widens all labels of a package's files to its access. */
enum err_code label_widen(struct tx *tx, int64_t package_id, enum access_level access,
                          struct err *err) MUST_USE;
/* May whoever has this view know of the label? */
enum err_code label_shown(struct tx *tx, const struct label_row *label, const struct view *view,
                          bool *ret_shown, struct err *err) MUST_USE;
/* Both by name; that of an account always holds "main". */
enum err_code label_list(struct tx *tx, struct arena *mem, int64_t account_id,
                         struct label_list *ret, struct err *err) MUST_USE;
enum err_code label_list_by_file(struct tx *tx, struct arena *mem, int64_t file_id,
                                 struct label_list *ret, struct err *err) MUST_USE;

#endif
