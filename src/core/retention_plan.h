/* retention_plan.h: which files of a package its rules let go, and why each other one stays. Pure:
 * it decides, and changes nothing.
 *
 * A rule is for the files that fit its names. It lets a file go if that is not among its newest,
 * and was uploaded more days ago than it says; of what it does not say, it lets all go. The newest
 * are counted by the order of versions, never by date. A file goes only if there is a rule for it,
 * and all rules for it let it go. However old, what carries a locked label stays; so does what is
 * newest in its subdir: of the newest version there, the newest build of each variant. */
#ifndef CORE_RETENTION_PLAN_H
#define CORE_RETENTION_PLAN_H
#include "format/retention_rule.h"
#include "store/file.h"
#include "store/label.h"

struct retention_file {
    const struct file_row *row; /* as lists have it */
    const struct label_row *labels;
    size_t label_count;
};

enum retention_why {
    WHY_RULE,    /* it goes: `rule` is the first that says so */
    WHY_NO_RULE, /* none is for it */
    WHY_NEWEST,  /* `rule` counts it among the newest */
    WHY_DAYS,    /* for `rule` it is too young */
    WHY_LOCKED,  /* it carries a locked label */
    WHY_LAST,    /* it is the newest in its subdir */
};
const char *retention_why_name(enum retention_why why); /* "rule", "no-rule", "newest" ... */

struct retention_verdict {
    enum retention_why why;
    const struct retention_rule *rule; /* NULL: it is not for a rule's sake */
};

/* Fills ret[count], one for each file of the package, all of which must be there. ERR_CONFLICT: a
 * version or a record cannot be read; then nothing is decided. */
enum err_code retention_plan(struct arena *mem, const struct retention_rules *rules,
                             struct str package, const struct retention_file *files, size_t count,
                             int64_t now_ms, struct retention_verdict *ret,
                             struct err *err) MUST_USE;

#endif
