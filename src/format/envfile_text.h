/* envfile_text.h: the formats of format/envfile that are lists of lines. */
#ifndef FORMAT_ENVFILE_TEXT_H
#define FORMAT_ENVFILE_TEXT_H
#include "format/envfile_entry.h"

/* Has it the line "@EXPLICIT"? */
bool envfile_is_explicit(struct str text);
enum err_code envfile_read_explicit(struct envfile_reading *r, struct str text,
                                    struct err *err) MUST_USE;
enum err_code envfile_read_specs(struct envfile_reading *r, struct str text,
                                 struct err *err) MUST_USE;
enum err_code envfile_read_requirements(struct envfile_reading *r, struct str text,
                                        struct err *err) MUST_USE;

#endif
