/* inspect_helper.h: the inspector process, which forks one sandboxed child per archive.
 *
 * It exists because a fork of the server itself would copy the memory map of a large process
 * with threads, and leave every secret of the server readable in the child. */
#ifndef CORE_INSPECT_HELPER_H
#define CORE_INSPECT_HELPER_H
#include "core/inspected.h"

/* Seconds that a child has for an archive of this size. */
unsigned inspect_seconds(uint64_t size);

/* Serves requests (inspect_wire.h) with this reader, kind_read or what a test puts in its place,
 * until the other end of the socket is closed. Returns the exit status of the process. */
int inspect_helper_run(int control, inspect_reader *reader);

#endif
