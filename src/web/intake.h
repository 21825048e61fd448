/* intake.h: requests that bring files to be published at once (core/deposit): as their body, or as
 * parts of a form. A handler's open() says which it is; sink_intake takes the bytes; its run()
 * publishes what has come. */
#ifndef WEB_INTAKE_H
#define WEB_INTAKE_H
#include "core/deposit.h"
#include "format/multipart.h"
#include "web/call.h"

#define INTAKE_FILES 32 /* of one form; each is a file on disk until all of it has come */

struct intake_file {
    struct incoming *in;
    struct str filename, sha256; /* sha256: as a header of its part says it, or empty */
};
struct intake {
    struct call *c;
    struct deposit said;  /* of all files, without filename */
    struct str *labels;   /* said.labels */
    unsigned given;       /* bits of the fields that were given */
    bool lenient;         /* what is not known is not looked at, but for: */
    const char *unwanted; /* a field that must not be dropped quietly; NULL: none */
    const char *file_field;
    size_t files_max;
    struct intake_file files[INTAKE_FILES];
    size_t count;
    struct multipart *scanner; /* NULL: the body is the file */
    struct str field;          /* the part that is being read, unless it is a file */
    struct buf value;
};

/* For the account in the parameter "owner"; becomes c->state. lenient: of a tool that may say more
 * than is known here. */
enum err_code intake_open(struct call *c, bool lenient, struct intake **ret,
                          struct err *err) MUST_USE;
/* Takes one thing that is said: package, version, type, label (again and again), summary,
 * description, access, sha256, force (true or false). ERR_UNPROCESSABLE, with err->field where
 * there is one. */
enum err_code intake_say(struct intake *it, struct str name, struct str value,
                         struct err *err) MUST_USE;
/* The same of each parameter of the query. */
enum err_code intake_query(struct intake *it, struct err *err) MUST_USE;

/* A header whose value the bytes must have as their SHA-256, unless it was said before. */
enum err_code intake_digest(struct intake *it, const char *header, struct err *err) MUST_USE;
/* The headers of Artifactory's clients: X-Checksum-Sha256; and X-Checksum-Deploy, "you have these
 * bytes, I need not send them": ERR_NOT_FOUND, so that they are sent. */
enum err_code intake_deploy(struct intake *it, struct err *err) MUST_USE;

/* Each sets *ret_body_max. The body is a file of this name: whether it may be published is judged
 * before it comes. */
enum err_code intake_body(struct intake *it, struct str filename, uint64_t *ret_body_max,
                          struct err *err) MUST_USE;
/* The body is a form with at most files_max files in fields of this name (static); other fields say
 * what intake_say knows. */
enum err_code intake_form(struct intake *it, const char *file_field, size_t files_max,
                          uint64_t *ret_body_max, struct err *err) MUST_USE;
bool intake_is_form(const struct call *c); /* as the request's Content-Type says */

/* The sink of the routes (handlers.h): sink_intake. */

/* The whole body is there: a form must have its end, and a file. */
enum err_code intake_end(struct intake *it, struct err *err) MUST_USE;
/* Publishes the i-th file; *ret: its view, with "url" beside; *ret_status: 201, or 200 if it was
 * there already. */
enum err_code intake_publish(struct intake *it, size_t i, json_t **ret, unsigned *ret_status,
                             struct err *err) MUST_USE;
/* Publishes the one file and answers with its view. */
enum err_code intake_reply(struct intake *it, struct err *err) MUST_USE;

#endif
