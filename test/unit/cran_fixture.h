/* cran_fixture.h: packages of R for tests. */
#ifndef TEST_CRAN_FIXTURE_H
#define TEST_CRAN_FIXTURE_H
#include "core_fixture.h"

/* The bytes of a source package with this DESCRIPTION; source: of a file to compile, or NULL. */
struct str make_cran(struct arena *a, const char *package, const char *description,
                     const char *source);

/* All steps of an upload to "alice", with package and release. label NULL: main. */
enum err_code cran_publish(struct core *f, const struct actor *actor, const struct file_path *path,
                           const char *label, struct str bytes, struct file_row *ret);

#endif
