/* envfile.h: files that say what an environment consists of, all read into one model.
 *
 *   environment.yml    of conda env (docs.conda.io, "Creating an environment file manually"), with
 *                      mamba's "sel(win): spec" and conda-lock's "platforms"
 *   explicit list      "@EXPLICIT" and package URLs with hashes (conda list --explicit, conda-lock)
 *   list of specs      one MatchSpec in a line (conda create --file)
 *   requirements.txt   of pip: name and text of each requirement
 *   conda-lock.yml     version 1, all platforms
 *   pixi.lock          versions 4 to 6, all environments and platforms
 *
 * Nothing in such a file is followed: no URL is fetched, no other file is read. Passwords and
 * tokens in URLs do not get into the model. */
#ifndef FORMAT_ENVFILE_H
#define FORMAT_ENVFILE_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum envfile_format {
    ENVFILE_ENVIRONMENT,
    ENVFILE_EXPLICIT,
    ENVFILE_SPECS,
    ENVFILE_REQUIREMENTS,
    ENVFILE_CONDA_LOCK,
    ENVFILE_PIXI_LOCK,
};
enum envfile_manager { ENVFILE_CONDA, ENVFILE_PIP };

/* Texts are empty where the file says nothing. */
struct envfile_entry {
    enum envfile_manager manager;
    int line;        /* from 1 */
    struct str name; /* of the package; empty of pip's options, paths and bare URLs */
    struct str spec; /* of a conda entry: what conda_spec_parse() reads; of pip: the whole line */
    struct str channel; /* of "channel::spec", or the URL of the channel that a package URL is in */
    struct str version; /* of a locked package, and its build string */
    struct str build;
    struct str url;
    struct str md5, sha256; /* lower-case hex */
    struct str platform;    /* a subdir, or a selector of mamba's: "win", "unix" */
    struct str group;       /* conda-lock: the category; pixi: the environment */
};
struct envfile_texts {
    struct str *items;
    size_t count;
};
struct envfile {
    enum envfile_format format;
    struct str name, prefix;
    struct envfile_texts channels;  /* names or URLs, as they are written */
    struct envfile_texts platforms; /* for which it is meant or locked */
    struct envfile_texts variables; /* names only: values are often secrets */
    struct envfile_texts notes;     /* sentences for who uploads: what was not understood */
    struct envfile_entry *entries;
    size_t count;
};

/* filename: its end and its words help to tell a requirements.txt from a list of specs. ERR_INVALID
 * with "line 3: ..." and what would be right; ERR_TOO_BIG over a limit of limits.h. */
enum err_code envfile_parse(struct arena *mem, struct str filename, struct str text,
                            struct envfile *ret, struct err *err) MUST_USE;

const char *envfile_format_name(enum envfile_format format); /* "conda-lock" */

#endif
