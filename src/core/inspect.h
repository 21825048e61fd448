/* inspect.h: reads an uploaded file in a child process that can do nothing else.
 *
 * A small helper process ("terrarium inspector", started from our own binary before any threads
 * matter) forks one child per archive. The child drops to rlimits (memory, CPU, no files) and a
 * seccomp filter that allows memory, reading its one descriptor, and writing the result. */
#ifndef CORE_INSPECT_H
#define CORE_INSPECT_H
#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "core/inspected.h"

struct inspector;
enum err_code inspector_open(struct log *log, struct inspector **ret, struct err *err) MUST_USE;
void inspector_close(struct inspector *in); /* waits for the helper process to end */
void inspector_closep(struct inspector **in);

/* Reads a file of a kind (core/kind) that is uploaded under this name. fd stays the caller's. Any
 * thread; blocks until done or until the limits end it (30 s plus 1 s per MiB; 512 MiB of memory).
 * The texts are still outside bytes. Errors of the kind's reader, ERR_INVALID when the child had to
 * be ended or ran out of its memory, ERR_BUSY when none could be started. */
enum err_code inspect_file(struct inspector *in, struct arena *mem, int fd, uint64_t size,
                           struct str kind, struct str filename, struct inspected *ret,
                           struct err *err) MUST_USE;

/* The helper's main loop (hidden command "inspector"); control socket on descriptor 3. */
int inspector_main(void);

#endif
