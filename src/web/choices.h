/* choices.h: files as the bodies of requests name them: {"package", "version", "basename"}. */
#ifndef WEB_CHOICES_H
#define WEB_CHOICES_H
#include "core/choice.h"
#include "web/call.h"

/* A name that is null or left out means all of its level: so nothing may look as if it were left
 * out, neither an empty name nor one under a key that is not known. ERR_UNPROCESSABLE. */
enum err_code choices_read_one(struct call *c, const json_t *object, struct choice *ret,
                               struct err *err) MUST_USE;
/* The member "files" of a body, 1 to CHOICES_MAX of them, of the owner in the path. */
#define CHOICES_MAX 1000
enum err_code choices_read(struct call *c, const json_t *body, struct choices *ret,
                           struct err *err) MUST_USE;

/* The same again, as a new reference; NULL when out of memory. */
json_t *choices_json(const struct choice *choice);
/* What is wrong with which of them becomes `errors` of the answer: {"index", "detail"} each. */
void choices_note_errors(struct call *c, const struct choice_errors *errors);

#endif
