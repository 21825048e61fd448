/* refused.h: a known caller who wanted to change something without the right or the scope for it,
 * on record. */
#ifndef WEB_REFUSED_H
#define WEB_REFUSED_H
#include "web/call.h"

/* Puts the failure on record, if it is one of that kind. The answer does not depend on it. */
void refused_record(struct call *c, const struct err *err);

#endif
