/* envfile_lock.h: the lock files of format/envfile that are YAML: conda-lock's and pixi's. */
#ifndef FORMAT_ENVFILE_LOCK_H
#define FORMAT_ENVFILE_LOCK_H
#include "format/envfile_entry.h"
#include "format/yaml.h"

/* root is a map with a "version". */
enum err_code envfile_read_conda_lock(struct envfile_reading *r, const struct yaml *root,
                                      struct err *err) MUST_USE;
enum err_code envfile_read_pixi_lock(struct envfile_reading *r, const struct yaml *root,
                                     struct err *err) MUST_USE;

/* A list of texts under a key; absent or null: none. Names the line and the key otherwise. */
enum err_code envfile_read_texts(struct envfile_reading *r, const struct yaml *map, const char *key,
                                 struct envfile_texts *list, struct err *err) MUST_USE;

#endif
