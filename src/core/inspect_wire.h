/* inspect_wire.h: the messages between the server, the inspector process and its children.
 *
 * A request is trusted: it comes from the server, out of the same binary. An answer is not: it
 * comes from a process that may have been taken over by the archive it read. */
#ifndef CORE_INSPECT_WIRE_H
#define CORE_INSPECT_WIRE_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "core/inspected.h"

#define INSPECT_KIND_MAX 16

/* One datagram, together with two descriptors: the archive, and a pipe for the answer. */
struct inspect_request {
    uint64_t size;
    uint32_t kind_len, name_len;
    char kind[INSPECT_KIND_MAX];
    char name[LIMIT_FILENAME];
};
#define INSPECT_REQUEST_FDS 2

/* A datagram of this one byte, without descriptors, is sent back as it is. */
#define INSPECT_PING 'p'

/* Most bytes of an answer: every text at its limit. */
#define INSPECT_ANSWER_MAX (INSPECTED_TEXTS * LIMIT_INFO_MEMBER + KIB)

/* What an uploader is told when the child ended without an answer, or ran out of memory. */
#define INSPECT_OVER_LIMITS "the file could not be read within its limits of time and memory"

void inspect_wire_success(const struct inspected *found, struct buf *out);
void inspect_wire_failure(enum err_code code, const char *msg, struct buf *out);

/* Reads either. The failure that the child tells is returned as such. *ret_malformed: the bytes
 * are neither (cut off, too long, a code that no child gives); then the result is ERR_INVALID. */
enum err_code inspect_wire_parse(struct arena *mem, struct str bytes, struct inspected *ret,
                                 bool *ret_malformed, struct err *err) MUST_USE;

#endif
