/* verify.h: does everything that the rows promise exist, and is what is derived what it should be?
 * Changes nothing. Beside running servers it gives no false alarms. */
#ifndef CORE_VERIFY_H
#define CORE_VERIFY_H
#include "app.h"
#include "base/err.h"
#include "base/str.h"

/* Something that is not as it should be. Texts are valid for the call only. */
struct verify_finding {
    const char *kind;   /* "missing", "size", "damaged", "md5", "unreadable": of the bytes of a row;
                           "index": of a document; "latest": of a package; "space": of an account */
    struct str subject; /* "alice/x/1.0/noarch/x-1.0-0.conda"; of what is in the trash, after
                           "trash: " */
    struct str detail;  /* "sha256:..., 12 bytes instead of 15" */
};
/* What was looked at. */
struct verify_report {
    uint64_t files, trash, uploads, documents; /* rows whose bytes were looked at */
    uint64_t packages, channels;
    uint64_t bytes;                 /* that were read */
    uint64_t orphans, orphan_bytes; /* in the store, but named by no row: no problem, see gc.h */
    uint64_t problems;
};
struct verify_options {
    bool quick; /* bytes must be there and of the right size: they are not read */
    void (*found)(void *ctx, const struct verify_finding *finding);
    void (*progress)(void *ctx, const struct verify_report *so_far); /* often; may be NULL */
    void *ctx;
};
/* ERR_BUSY, ERR_IO, ERR_NOMEM when it could not be looked; problems are no failure. */
enum err_code verify_all(struct app *app, const struct verify_options *options,
                         struct verify_report *ret_report, struct err *err) MUST_USE;

#endif
