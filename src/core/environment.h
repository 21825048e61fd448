/* environment.h: which requirements of an environment this server has, as far as the asker sees.
 *
 * Of each requirement the answer is one of
 *
 * - present: a package here meets it: owner, package, the newest version that fits, its platforms;
 * of a locked one "differs" if the bytes here are not those that were locked
 * - hidden: the same, but not everybody who sees the environment sees that package
 * - absent: every channel that it may come from is here, and none has it
 * - elsewhere: it may come from a channel, an index or an address of another server
 * - unknown: there are too many requirements to look all of them up
 *
 * A channel is here if it is an address of this server, or a bare name that is an account's. What
 * the asker may not see is not there for him, so it is absent or elsewhere like what is not: hidden
 * is told to those alone who see it. */
#ifndef CORE_ENVIRONMENT_H
#define CORE_ENVIRONMENT_H
#include <jansson.h>

#include "app.h"
#include "base/arena.h"
#include "core/actor.h"
#include "store/access_level.h"

struct environment_question {
    const struct actor *actor;
    struct str owner;    /* of the file: pip's requirements are looked for among its packages too */
    struct str base_url; /* under which clients reach this server */
    enum access_level access; /* of the environment: who sees it */
};

/* Adds "here" to each entry of an environment in the form of format/envfile_view, which may hold
 * anything, and says of each channel which account it is. */
enum err_code environment_resolve(struct app *app, struct arena *mem,
                                  const struct environment_question *question, json_t *environment,
                                  struct err *err) MUST_USE;

/* The account and label that a channel of this server means: "acme", "acme/label/dev",
 * "https://this.server/conda/acme/label/dev/noarch", with a token or without. False: another's.
 * Both are in lower case, in mem. */
bool environment_channel(struct arena *mem, struct str base_url, struct str channel,
                         struct str *ret_account, struct str *ret_label);

#endif
