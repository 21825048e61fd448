/* core_fixture.h: what the tests of src/core begin with: the parts of a server on an empty folder,
 * without its threads, and short ways to fill them. Each short way must succeed, or the test fails
 * and shows why not.
 *
 * The database is that of the environment variable TERRARIUM_TEST_DB_URL (PostgreSQL; it is
 * emptied!), or a new SQLite file. */
#ifndef TEST_CORE_FIXTURE_H
#define TEST_CORE_FIXTURE_H
#include "unit.h"

#include "app.h"
#include "base/arena.h"
#include "config.h"
#include "core/actor.h"
#include "core/package.h"
#include "core/publish.h"
#include "store/access_level.h"
#include "store/db.h"
#include "store/index_doc.h"

struct blob_store;

struct core {
    struct arena *mem;
    char *folder;
    struct config config; /* the defaults, but for the data folder; a test may change it */
    struct app app;
    struct err err;
    const struct stmt *made[256]; /* of core_rows */
    size_t made_count;
};

/* Database and blob store; with a running inspector too. */
int core_open(void **state);
int core_open_inspecting(void **state);
int core_close(void **state);
#define WITH_CORE(test)      cmocka_unit_test_setup_teardown(test, core_open, core_close)
#define WITH_INSPECTOR(test) cmocka_unit_test_setup_teardown(test, core_open_inspecting, core_close)

bool core_is_sqlite(const struct core *f);
struct str core_path_in(struct core *f, const char *name); /* of the folder; NUL-terminated */
/* Another store of blobs, in a folder of its own. */
void core_open_blobs(struct core *f, const char *folder, struct blob_store **ret);

/* As the first server does, so that commands find the store to be that of the database. */
void core_mark_store(struct core *f);

/* The inspector is the test program itself, started with this word: main() begins with
 * `if (core_is_inspector(argc, argv)) return inspector_main();`. */
bool core_is_inspector(int argc, char **argv);

/* Runs a call that must succeed; shows why it did not. */
#define must(f, call)                                                                              \
    do {                                                                                           \
        enum err_code code_ = (call);                                                              \
        if (code_)                                                                                 \
            print_error("%s: %s\n", #call, (f)->err.msg);                                          \
        assert_int_equal(code_, OK);                                                               \
    } while (0)

/* Runs a call that must fail so, with this text somewhere in its message. */
#define must_fail(f, call, why, text)                                                              \
    do {                                                                                           \
        (f)->err = (struct err){0};                                                                \
        assert_int_equal((call), (why));                                                           \
        assert_int_equal((f)->err.code, (why));                                                    \
        if (!core_says(f, text))                                                                   \
            print_error("the failure says: %s\n", (f)->err.msg);                                   \
        assert_true(core_says(f, text));                                                           \
    } while (0)
bool core_says(const struct core *f, const char *text);

struct tx *core_begin(struct core *f, enum tx_mode mode);

/* An account that cannot sign in by password, as the actor of its session. */
struct actor core_user(struct core *f, const char *login);

/* The one number that a statement gives: CORE_NUMBER(f, "SELECT COUNT(*) FROM file"). */
int64_t core_number(struct core *f, const struct stmt *s);
#define CORE_NUMBER(f, sql)                                                                        \
    __extension__({                                                                                \
        static const struct stmt stmt_ = {"number", (sql), "", "i"};                               \
        core_number((f), &stmt_);                                                                  \
    })
/* The texts of all rows, with ", " between them. */
struct str core_text(struct core *f, const struct stmt *s);
#define CORE_TEXT(f, sql)                                                                          \
    __extension__({                                                                                \
        static const struct stmt stmt_ = {"text", (sql), "", "t"};                                 \
        core_text((f), &stmt_);                                                                    \
    })
/* The bytes of the first row, in hex. */
struct str core_hex(struct core *f, const struct stmt *s);
#define CORE_HEX(f, sql)                                                                           \
    __extension__({                                                                                \
        static const struct stmt stmt_ = {"bytes", (sql), "", "b"};                                \
        core_hex((f), &stmt_);                                                                     \
    })
/* Changes rows behind the back of the code under test. */
#define CORE_CHANGE(f, sql)                                                                        \
    do {                                                                                           \
        static const struct stmt stmt_ = {"change", (sql), "", ""};                                \
        core_change((f), &stmt_);                                                                  \
    } while (0)
void core_change(struct core *f, const struct stmt *s);

/* A digest of every row of the database, to see that nothing changed. */
struct str core_rows(struct core *f);

/* Every row that names bytes has them, with the digest and size that it says. */
void core_check_bytes(struct core *f);
bool core_has_blob(struct core *f, struct str sha256);
struct str core_read_blob(struct core *f, struct str sha256);
/* Puts other bytes in place of those of a digest, as a failing disk would. */
void core_break_blob(struct core *f, struct str sha256, struct str bytes);
/* A document of an index, as somebody with this view sees it; ptr NULL when there is none. */
struct str core_document_in(struct core *f, const struct view *view, const char *owner,
                            const char *label, const char *subdir, const char *name);
/* As everybody does. */
struct str core_document(struct core *f, const char *owner, const char *label, const char *subdir,
                         const char *name);
/* Is the file name in the subdir's repodata.json? */
bool core_listed(struct core *f, const char *owner, const char *label, const char *subdir,
                 const char *filename);

/* ---- packages ---- */

struct core_spec {
    const char *name, *version, *build, *subdir;
    const char *about;  /* info/about.json; NULL: none */
    const char *index;  /* instead of the info/index.json that fits; NULL: that */
    const char *filler; /* makes other bytes of the same package; NULL: none */
};
/* name-version-build.tar.bz2. */
struct str core_package(struct core *f, const struct core_spec *spec);
/* owner/name/version/subdir/name-version-build.tar.bz2 */
struct file_path core_path(struct core *f, const char *owner, const struct core_spec *spec);

struct str core_sha256(struct core *f, struct str bytes);

/* The package and the release, unless they exist. */
void core_release(struct core *f, const struct actor *actor, const struct file_path *path);
/* Steps of an upload; with no more said about the file than that it is a conda package. */
struct staged core_stage(struct core *f, const struct actor *actor, const struct file_path *path);
enum err_code core_send(struct core *f, struct str ticket, struct str bytes);
/* Package, release, stage and bytes: all but the commit. */
struct staged core_upload(struct core *f, const struct actor *actor, const struct file_path *path,
                          struct str bytes);
enum err_code core_try_publish(struct core *f, const struct actor *actor,
                               const struct file_path *path, struct str bytes,
                               struct file_row *ret);
struct file_row core_publish(struct core *f, const struct actor *actor,
                             const struct core_spec *spec);

#endif
