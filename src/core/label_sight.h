/* label_sight.h: what a token that is limited to labels is told of a package that is not public:
 * the files under those labels, and what they say of it. Which packages there are for it at all is
 * decided by core/access. */
#ifndef CORE_LABEL_SIGHT_H
#define CORE_LABEL_SIGHT_H
#include "core/actor.h"
#include "store/file.h"
#include "store/package.h"

/* Is the actor told less of a package of this access than others who see it? */
bool label_sight_is_less(const struct actor *actor, enum access_level access);
/* Leaves in the list, in its order, what the actor is told of. */
enum err_code label_sight_files(struct tx *tx, struct arena *mem, const struct actor *actor,
                                struct file_list *files, struct err *err) MUST_USE;

/* What a package's files say of it. */
struct label_sight {
    struct str types, platforms; /* blank-separated, each once */
    struct str latest_version;   /* empty: none */
};
/* Of files that the actor is told of. Texts lie in mem. */
enum err_code label_sight_of_files(struct arena *mem, const struct file_list *files,
                                   struct label_sight *ret, struct err *err) MUST_USE;
/* The row says no more than those files do, whom the actor is told of. */
struct search_props;
enum err_code label_sight_props(struct tx *tx, struct arena *mem, const struct actor *actor,
                                struct search_props *p, struct err *err) MUST_USE;
/* Of those of a package. */
enum err_code label_sight_of(struct tx *tx, struct arena *mem, const struct actor *actor,
                             int64_t package_id, struct label_sight *ret, struct err *err) MUST_USE;

#endif
