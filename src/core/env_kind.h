/* env_kind.h: files that say what an environment consists of (format/envfile), see core/kind.h.
 *
 * They are named within their release, like plain files. Its reader knows one more word than the
 * name of the kind, for core/preview: "env/view" gives format/envfile_view with the requirements.
 */
#ifndef CORE_ENV_KIND_H
#define CORE_ENV_KIND_H
#include "core/kind.h"

extern const struct kind env_kind;

#endif
