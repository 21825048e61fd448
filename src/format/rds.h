/* rds.h: values in the form in which R saves them ("R Internals", 1.8: serialization, XDR, version
 * 2, which every R since 2.3.0 reads). Only written, never read: reading one can run code.
 *
 * A value is written from the outside in: a vector is announced with its length, its elements
 * follow, and then, if it was announced with RDS_ATTRIBUTES, its attributes up to
 * rds_attributes_end(). The caller keeps that order; a failure shows in the buffer. */
#ifndef FORMAT_RDS_H
#define FORMAT_RDS_H
#include "base/buf.h"
#include "base/str.h"

#define RDS_SYMBOLS 8 /* different names of attributes in one value */

struct rds {
    struct buf *out;
    const char *symbols[RDS_SYMBOLS]; /* those written: R counts them, and refers to the number */
    unsigned symbol_count;
};
void rds_begin(struct rds *r, struct buf *out); /* the header; one value follows */

/* What comes with a vector. RDS_OBJECT: attributes, "class" among them. */
enum rds_with { RDS_PLAIN, RDS_ATTRIBUTES, RDS_OBJECT };
void rds_null(struct rds *r);
void rds_list(struct rds *r, size_t length, enum rds_with with);    /* of any values */
void rds_strings(struct rds *r, size_t length, enum rds_with with); /* of rds_string() */
void rds_ints(struct rds *r, size_t length, enum rds_with with);    /* of rds_int() */
void rds_doubles(struct rds *r, size_t length, enum rds_with with); /* of rds_double() */
void rds_string(struct rds *r, struct str s);                       /* UTF-8; ptr NULL: NA */
void rds_int(struct rds *r, int32_t v);
void rds_double(struct rds *r, double v);

/* name: static. One value follows. */
void rds_attribute(struct rds *r, const char *name);
void rds_attributes_end(struct rds *r);

#endif
