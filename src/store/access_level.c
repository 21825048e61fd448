#include "store/access_level.h"

#include <stdlib.h>

static const char *const names[] = {[ACCESS_PUBLIC] = "public",
                                    [ACCESS_AUTHENTICATED] = "authenticated",
                                    [ACCESS_PRIVATE] = "private"};

struct str access_level_name(enum access_level level)
{
    return str_of(names[level]);
}

bool access_level_parse(struct str name, enum access_level *ret)
{
    for (size_t i = 0; i < COUNT(names); i++) {
        if (!str_eq(name, str_of(names[i])))
            continue;
        *ret = (enum access_level)i;
        return true;
    }
    return false;
}

static int by_number(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

bool view_shows(const struct view *v, enum access_level access, int64_t package_id)
{
    if (access <= v->widest)
        return true;
    return v->also_count > 0 &&
           bsearch(&package_id, v->also, v->also_count, sizeof package_id, by_number);
}
