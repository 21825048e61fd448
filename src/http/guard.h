/* guard.h: is this request one that every HTTP program in front of us reads the same way?
 *
 * libmicrohttpd 0.9.75 parses leniently and in place: it takes bare LF for a line end, joins
 * folded lines, cuts values at a NUL, takes a line that begins with a NUL for the end of the
 * headers, and prefers Transfer-Encoding to Content-Length. The guard is told where in the
 * library's buffer each part was found and accepts only what leaves no byte unexplained:
 *
 *   METHOD SP target SP HTTP/1.x CR LF  *( name ":" blanks value CR LF )  CR LF
 *
 * One thing it cannot see: by then the library has written NULs over the line ends, so a NUL in
 * the place of a CR or LF, or of an empty line's, passes for it. The lines are cut where all who
 * do not refuse a NUL would cut them.
 *
 * It knows nothing of the library: the adapter calls it part by part, and so does its fuzzer. */
#ifndef HTTP_GUARD_H
#define HTTP_GUARD_H
#include "base/err.h"
#include "base/str.h"

/* What the headers say about the message's body. */
struct guard_framing {
    bool has_body; /* a length over 0, or chunked */
    bool chunked;
    bool expects_continue; /* the client waits for "100 Continue" (RFC 9110 10.1.1) */
    uint64_t length;       /* 0 if chunked */
};

struct guard {
    const char *start; /* of the request line */
    const char *next;  /* where the next line must begin */
    unsigned status;   /* 0: nothing wrong so far */
    const char *wrong; /* why not */
    bool version_1_1;  /* or later */
    unsigned hosts, lengths, codings;
    struct guard_framing framing;
};

/* method and version lie in the buffer as they were found, and so did the target, at target_at;
 * target is a copy of it, since the library has cut it at its "?" by now. */
void guard_begin(struct guard *g, struct str method, const char *target_at, struct str target,
                 struct str version);
/* The next header, in order; value without the blanks before it. */
void guard_header(struct guard *g, struct str name, struct str value);
/* header_size: bytes from the method to the end of the empty line. Returns 0 and the framing, or
 * the status to refuse with (400, 414, 431, 501) and the reason in err. */
unsigned guard_end(struct guard *g, size_t header_size, struct guard_framing *ret_framing,
                   struct err *err);

#endif
