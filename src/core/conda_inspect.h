/* conda_inspect.h: what a received conda package says of itself, judged and made into a row. */
#ifndef CORE_CONDA_INSPECT_H
#define CORE_CONDA_INSPECT_H
#include "app.h"
#include "base/arena.h"
#include "store/file.h"
#include "store/upload.h"

/* Reads the upload's bytes in the sandbox and fills what comes from the package: type, subdir,
 * filename, record, run_exports, about, facts, build time. ERR_INVALID, ERR_TOO_BIG: refused. */
enum err_code conda_inspect_file(struct app *app, struct arena *mem,
                                 const struct upload_row *upload, struct file_row *ret,
                                 struct err *err) MUST_USE;

#endif
