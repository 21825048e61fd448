/* token_use.h: when, from where and by what kind of client each token was last used.
 *
 * A use is noted in memory, on whatever thread finds it, and written to the rows now and then: a
 * write for each request would cost more than most requests. What is not written yet when a process
 * is killed is lost, a minute's uses at most. */
#ifndef CORE_TOKEN_USE_H
#define CORE_TOKEN_USE_H
#include "app.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct token_uses;
struct token_uses *token_uses_open(void) MUST_USE; /* NULL when out of memory */
void token_uses_close(struct token_uses *u);       /* accepts NULL */

/* agent: the request's User-Agent. Never blocks for longer than a moment; any thread. Forgets
 * quietly when memory is short. u may be NULL: then nothing is noted. */
void token_uses_note(struct token_uses *u, int64_t token_id, struct str remote, struct str agent);
/* Writes what was noted since the last time. What fails is noted again. */
enum err_code token_uses_flush(struct app *app, struct err *err) MUST_USE;

/* "conda", "mamba", "pixi", "rattler", "anaconda-client", "pip", "uv", "twine", "poetry", "R",
 * "browser"; "other" for whatever else. */
const char *token_use_client(struct str agent);

#endif
