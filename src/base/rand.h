/* rand.h: unpredictable bytes and identifiers, from the kernel. */
#ifndef BASE_RAND_H
#define BASE_RAND_H
#include "base/common.h"

void rand_bytes(void *out, size_t len); /* aborts if the kernel has none to give */

/* len characters of [A-Za-z0-9], each uniformly chosen (5.95 bits), and a NUL: out[len + 1]. */
void rand_text(char *out, size_t len);

#define RAND_UUID 36
/* A UUID of version 4 (RFC 9562 5.4), in its usual form, and a NUL: out[RAND_UUID + 1]. */
void rand_uuid(char *out);

#endif
