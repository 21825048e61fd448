/* access_level.h: who may see a package, as its row says; and what of an account's packages
 * somebody sees. Who sees how much is decided by core/access. */
#ifndef STORE_ACCESS_LEVEL_H
#define STORE_ACCESS_LEVEL_H
#include "base/common.h"
#include "base/str.h"

enum access_level {
    ACCESS_PUBLIC,        /* everybody */
    ACCESS_AUTHENTICATED, /* whoever is signed in */
    ACCESS_PRIVATE,       /* those who were let in */
};
#define ACCESS_LEVELS (ACCESS_PRIVATE + 1)

/* "public", "authenticated", "private": as in rows, API and pages. */
struct str access_level_name(enum access_level level);
/* False when it is no such name; then *ret is untouched. */
bool access_level_parse(struct str name, enum access_level *ret) MUST_USE;

/* Every package whose access is at most `widest`, and of the others those whose numbers are in
 * `also`, which is sorted and borrowed. With ACCESS_PRIVATE that is all of them. */
struct view {
    enum access_level widest;
    const int64_t *also;
    size_t also_count;
};
bool view_shows(const struct view *v, enum access_level access, int64_t package_id);

/* What somebody sees of everybody's packages: those whose access is at most `widest`, all of some
 * accounts, and some others by their numbers. */
struct reach {
    enum access_level widest;
    const int64_t *accounts, *packages; /* borrowed, like */
    size_t account_count, package_count;
    const int64_t *owners; /* the accounts that have any of what is past the widest; some twice */
    size_t owner_count;
    struct str labels; /* blank-separated: of what is not public, only packages with files under one
                          of these; empty: under whatever */
};

#endif
