/* s3_address.h: where a bucket is, as settings name it. Pure; strings of results lie in mem. */
#ifndef BLOB_S3_ADDRESS_H
#define BLOB_S3_ADDRESS_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* "s3://bucket" or "s3://bucket/prefix": prefix comes without "/" at its ends, and may be empty.
 * ERR_INVALID for names that no bucket has, and for prefixes that some server or client would
 * read as others ("//", "/./", control characters). */
enum err_code s3_bucket_parse(struct arena *mem, struct str url, struct str *ret_bucket,
                              struct str *ret_prefix, struct err *err) MUST_USE;

struct s3_address {
    struct str base; /* "https://host" or "http://host:9000": what a URL begins with */
    struct str host; /* "host:9000": the header Host */
    struct str root; /* path of the bucket: "/bucket", or empty if the host names it */
};
struct s3_where {
    struct str endpoint; /* "http[s]://host[:port]"; empty: AWS, by region */
    struct str region;
    struct str bucket;
    bool path_style;
};
enum err_code s3_address_make(struct arena *mem, const struct s3_where *where,
                              struct s3_address *ret, struct err *err) MUST_USE;

/* "/bucket/key", percent-encoded; ptr NULL when out of memory. key empty: the bucket itself. */
struct str s3_address_path(struct arena *mem, const struct s3_address *a, struct str key);

#endif
