/* channel_fixture.h: what the tests of conda's indexes begin with: the channel alice/main, a write
 * transaction that is under way, and short ways to put rows of files into it (files of conda have
 * no bytes here: indexes are made from rows). */
#ifndef TEST_CHANNEL_FIXTURE_H
#define TEST_CHANNEL_FIXTURE_H
#include "chance.h"
#include "core_fixture.h"

#include "base/limits.h"
#include "index/conda_engine.h"
#include "index/documents.h"

#define CHANNEL_NOW INT64_C(1700000000000)

struct channels {
    struct core *core;
    struct arena *mem; /* of core */
    struct tx *tx;
    struct channel ch; /* whose rows and documents are meant: its label may be changed */
    int64_t now_ms;    /* CHANNEL_NOW at first */
    struct chance chance;
    struct err err;
};

int channels_open(void **state);
int channels_close(void **state);
#define WITH_CHANNEL(test) cmocka_unit_test_setup_teardown(test, channels_open, channels_close)

/* ---- rows ---- */

/* name-version-build.conda or .tar.bz2 */
struct channel_file {
    const char *name, *version, *build, *subdir;
    bool v2;
    int64_t uploaded_ms;
};
struct str channel_filename(struct arena *mem, const struct channel_file *file);
/* The row of a file, its release, and its package (public, unless it is there), with the channel's
 * label. What it says of itself differs by its name. */
int64_t channel_add(struct channels *f, const struct channel_file *file);
/* The number of a package, which must be there. */
int64_t channel_package(struct channels *f, const char *name);
void channel_set_access(struct channels *f, const char *name, enum access_level access);
/* The number that a query gives; the texts, a line each; what a script changes. */
int64_t channel_number(struct channels *f, const char *sql);
struct str channel_text(struct channels *f, const char *sql);
void channel_run(struct channels *f, const char *sql);
/* Ends the transaction, and begins another. */
void channel_commit(struct channels *f);

/* ---- the engine ---- */

/* Files of a subdir of the channel that changed; count 0: all. */
void channel_update(struct channels *f, const char *subdir, const struct index_change *changes,
                    size_t count);
/* The row comes, and the indexes are brought up to it. */
void channel_publish(struct channels *f, const struct channel_file *file);
/* It goes likewise. */
void channel_unpublish(struct channels *f, const struct channel_file *file);
/* A place of the channel as an engine, without a batch: to look at. */
struct conda_engine channel_engine(struct channels *f, const char *subdir);
/* Makes that place alone anew, as of the next generation. */
void channel_rebuild(struct channels *f, const char *subdir);

/* ---- documents ---- */

/* What index_check says of the channel, one line each: "private: noarch/repodata.json". */
struct str channel_differences(struct channels *f);
/* Each document, in each view and form, is what the rows give by the plain way, and nothing is told
 * by index_check. Where there is none, the plain one is empty. */
void channel_assert_right(struct channels *f);
/* Name, digest and time of each current document of an access, and of the mark of each list: "one
 * line each". */
struct str channel_snapshot(struct channels *f, enum access_level access);

#endif
