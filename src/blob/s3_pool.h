/* s3_pool.h: libcurl's handles, which keep their connections: a bounded number, for any thread. */
#ifndef BLOB_S3_POOL_H
#define BLOB_S3_POOL_H
#include <curl/curl.h>

#include "base/common.h"

struct s3_pool;

/* max: most handles at once, and so connections. NULL when out of memory. */
struct s3_pool *s3_pool_open(unsigned max) MUST_USE;
void s3_pool_close(struct s3_pool *p); /* all were given back; accepts NULL */

/* A handle without any options but those that all share, for one request. Waits until one is free.
 * NULL when out of memory. */
CURL *s3_pool_take(struct s3_pool *p) MUST_USE;
void s3_pool_give(struct s3_pool *p, CURL *handle);

#endif
