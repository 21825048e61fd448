/* The parts of a file name rejoin to it, and each is good by itself; the order of versions is
 * total. */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/text.h"
#include "format/cran_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_filename(struct str in)
{
    struct cran_filename f;

    if (cran_filename_parse(in, &f, NULL))
        return;
    assert(in.len <= LIMIT_CRAN_FILENAME && !text_has_control(in) && !str_has(in, '/'));
    assert(!cran_check_package(f.package, NULL) && !cran_check_version(f.version, NULL));
    assert(f.package.ptr == in.ptr && f.version.ptr == f.package.ptr + f.package.len + 1);
    assert(str_ends(in, str_of(cran_form_ext(f.form))));
    assert((f.form == CRAN_LINUX) == (f.platform.len > 0));
}

static void check_tree(struct str in)
{
    struct cran_tree t;

    if (cran_tree_parse(in, &t, NULL))
        return;
    assert(str_eq(t.path, in) && in.len <= LIMIT_CRAN_TREE && !text_has_control(in));
    assert(!t.system.len == !t.r_version.len && (t.system.len || !t.flavour.len));
    for (struct str rest = in, part; str_next(&rest, '/', &part);)
        assert(part.len && part.ptr[0] != '.');
}

static int cmp(struct str a, struct str b)
{
    int order = cran_version_cmp(a, b);

    assert(order == -cran_version_cmp(b, a));
    return order;
}

static void check_order(struct str in)
{
    struct str v[3];

    for (size_t n = 0; n < COUNT(v); n++)
        if (!str_next(&in, '\n', &v[n]) || cran_check_version(v[n], NULL))
            return;
    assert(!cmp(v[0], v[0]));
    if (cmp(v[0], v[1]) <= 0 && cmp(v[1], v[2]) <= 0)
        assert(cmp(v[0], v[2]) <= 0);
    if (cmp(v[0], v[1]) >= 0 && cmp(v[1], v[2]) >= 0)
        assert(cmp(v[0], v[2]) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = {(const char *)data, size};

    check_filename(in);
    check_tree(in);
    check_order(in);
    return 0;
}
