/* project.h: uploads of Anaconda projects, as clients of their time do them: these know the name of
 * a project and nothing of releases. Each upload is one of its own, with the moment as version. */
#ifndef CORE_PROJECT_H
#define CORE_PROJECT_H
#include "app.h"
#include "base/arena.h"
#include "core/actor.h"
#include "core/publish.h"

/* Makes the release and announces the file. Errors as publish_stage. */
enum err_code project_stage(struct app *app, struct arena *mem, const struct actor *actor,
                            struct str owner, struct str name, struct str basename,
                            struct staged *ret, struct err *err) MUST_USE;
/* Ends an upload of which only the handle is known. Errors as publish_commit. */
enum err_code project_commit(struct app *app, struct arena *mem, const struct actor *actor,
                             struct str owner, struct str name, struct str dist_id,
                             struct file_row *ret, struct err *err) MUST_USE;

#endif
