/* sandbox.h: a process gives up everything but computing, for good.
 *
 * Afterwards it may read its descriptor 0 at any offset, write to its descriptor 1, and use
 * memory. It cannot open, connect, start, signal or map anything; a system call outside the short
 * list of sandbox.c kills it. */
#ifndef CORE_SANDBOX_H
#define CORE_SANDBOX_H
#include "base/err.h"

/* Builds of these kinds reserve terabytes of addresses, and need a few more system calls. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_SANITIZED 1
#endif

/* The system call filter, made once and used by any number of children. */
struct sandbox;
enum err_code sandbox_open(struct sandbox **ret, struct err *err) MUST_USE;
void sandbox_close(struct sandbox *s); /* accepts NULL; processes in it stay in it */

/* For a child that has set up descriptors 0 and 1. memory: bytes of address space (no limit in
 * sanitizer builds); seconds: of processor time, and on the clock. There is no way back; on
 * failure the caller must end. */
enum err_code sandbox_enter(const struct sandbox *s, uint64_t memory, unsigned seconds,
                            struct err *err) MUST_USE;

#endif
