/* envfile_entry.h: what the readers of the formats of format/envfile have in common: how an
 * environment grows, and how one requirement is read. */
#ifndef FORMAT_ENVFILE_ENTRY_H
#define FORMAT_ENVFILE_ENTRY_H
#include "format/envfile.h"

struct envfile_reading {
    struct arena *mem;
    struct envfile *file;
    size_t room;  /* of file->entries */
    bool secrets; /* a password or token was left out */
};

enum err_code envfile_add(struct envfile_reading *r, const struct envfile_entry *e,
                          struct err *err) MUST_USE;
/* Adds a text once. */
enum err_code envfile_add_text(struct envfile_reading *r, struct envfile_texts *list, struct str s,
                               struct err *err) MUST_USE;
/* The first few are kept. */
enum err_code envfile_note(struct envfile_reading *r, const char *fmt, ...) PRINTF(2, 3) MUST_USE;

/* A text without the passwords ("https://user:secret@host") and tokens ("/t/secret/") of the URLs
 * in it; names of variables ("/t/${TOKEN}/") stay. ptr NULL when out of memory. */
struct str envfile_masked(struct envfile_reading *r, struct str s);

/* "numpy >=1.20", "channel::numpy", or the URL of a package. The rest of e is kept. */
enum err_code envfile_add_conda(struct envfile_reading *r, struct str spec,
                                const struct envfile_entry *e, struct err *err) MUST_USE;
/* A line of a requirements file, without comments; empty ones add nothing. */
enum err_code envfile_add_pip(struct envfile_reading *r, struct str requirement,
                              const struct envfile_entry *e, struct err *err) MUST_USE;

/* Name, version, build, platform and channel of ".../linux-64/numpy-2.0-0.conda", which may be a
 * path. Fills url too. */
enum err_code envfile_package_url(struct envfile_reading *r, struct str url,
                                  struct envfile_entry *e, struct err *err) MUST_USE;
/* "#md5" or "#sha256:..." behind a URL, as conda writes them; or the bare digits. */
enum err_code envfile_hash(struct str hash, struct envfile_entry *e, struct err *err) MUST_USE;

#endif
