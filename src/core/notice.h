/* notice.h: what an account tells those who install from its channels: news, warnings, a date when
 * something ends. (What somebody is told himself is in core/notify.)
 *
 * One begins as a draft, or published; what is published may be archived, and published again. Each
 * ends by itself at its moment: from then on no client is given it. What is deleted cannot be
 * changed any more. */
#ifndef CORE_NOTICE_H
#define CORE_NOTICE_H
#include "app.h"
#include "base/arena.h"
#include "core/actor.h"
#include "store/notice.h"

#define NOTICE_MESSAGE_MAX 600 /* characters */

/* Values as they were sent; ptr NULL: not given. */
struct notice_change {
    struct str message;    /* lines of text without control characters: terminals show it */
    struct str level;      /* "info", "warning", "critical" */
    struct str expires_at; /* a moment to come (field_moment) */
    struct str status;     /* "published", "archived" */
};
/* Message and expires_at must be given; the level is else "info". status: "draft", as without any,
 * or "published". ERR_UNPROCESSABLE names the field; ERR_CONFLICT: the account has
 * CONDA_NOTICES_MAX of them. */
enum err_code notice_create(struct app *app, struct arena *mem, const struct actor *actor,
                            struct str login, const struct notice_change *in,
                            struct notice_row *ret, struct err *err) MUST_USE;
/* What is given becomes so; what is so already is no change. ERR_NOT_FOUND, also for one that is
 * deleted; ERR_CONFLICT: a draft is archived. */
enum err_code notice_edit(struct app *app, struct arena *mem, const struct actor *actor,
                          struct str login, struct str uuid, const struct notice_change *in,
                          struct notice_row *ret, struct err *err) MUST_USE;
/* ERR_NOT_FOUND. Its writers still find it by its status, until a hundred newer ones are deleted.
 */
enum err_code notice_delete(struct app *app, struct arena *mem, const struct actor *actor,
                            struct str login, struct str uuid, struct err *err) MUST_USE;

/* That there is no such notice, in words for people: also of one that the caller may not see. */
enum err_code notice_missing(struct str login, struct str uuid, struct err *err) MUST_USE;

#endif
