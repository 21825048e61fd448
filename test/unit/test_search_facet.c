/* What packages that were found have in common. Who counts for whom: test/api/test_search.py. */

#include "core_fixture.h"

#include "core/search_facet.h"

static const struct actor nobody = {0};

static void what_is_asked_for_is_read(void **state)
{
    struct core *f = *state;
    struct facet_wish wish;

    must(f, facet_read(S(""), &wish, &f->err));
    assert_false(wish.any);
    must(f, facet_read(S("label,type,label"), &wish, &f->err));
    assert_true(wish.any && wish.of[FACET_LABEL] && wish.of[FACET_TYPE]);
    assert_false(wish.of[FACET_OWNER]);
    must_fail(f, facet_read(S("type,"), &wish, &f->err), ERR_UNPROCESSABLE, "not \"\"");
    must_fail(f, facet_read(S("colour"), &wish, &f->err), ERR_UNPROCESSABLE, "not \"colour\"");
    assert_string_equal(f->err.field, "facets");
}

static struct search_hits hits_of(struct core *f, int64_t first, size_t count)
{
    struct search_hits hits = {arena_array(f->mem, struct search_hit, count + 1), count};

    for (size_t i = 0; i < count; i++)
        hits.rows[i] = (struct search_hit){.package_id = first + (int64_t)i};
    return hits;
}

/* "alice 2, bob 1" */
static const char *shown(struct core *f, const struct facet_values *values)
{
    struct str text = S("");

    for (size_t i = 0; i < values->count; i++)
        text = str_fmt(f->mem, "%.*s%s%.*s %lld", (int)text.len, text.ptr, i ? ", " : "",
                       (int)values->items[i].value.len, values->items[i].value.ptr,
                       (long long)values->items[i].count);
    return text.ptr;
}

static void most_come_first_and_what_is_past_the_cap_does_not_count(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    AUTO(tx_endp) struct tx *tx = NULL;
    struct search_facets facets;
    struct facet_wish wish;
    struct search_hits hits;

    for (int i = 0; i < FACET_PACKAGES_MAX + 2; i++) {
        struct file_path path = {.owner = i < 2 ? S("bob") : S("alice"),
                                 .package = str_fmt(f->mem, "p%d", i),
                                 .version = S("1")};

        core_release(f, i < 2 ? &bob : &alice, &path);
    }
    must(f, facet_read(S("owner,access,label"), &wish, &f->err));
    tx = core_begin(f, TX_READ);
    hits = hits_of(f, CORE_NUMBER(f, "SELECT MIN(id) FROM package"), 5);
    must(f, facet_count(tx, f->mem, &nobody, &wish, &hits, &facets, &f->err));
    assert_string_equal(shown(f, &facets.of[FACET_OWNER]), "alice 3, bob 2");
    assert_string_equal(shown(f, &facets.of[FACET_ACCESS]), "public 5");
    assert_int_equal(facets.of[FACET_LABEL].count, 0);
    assert_int_equal(facets.packages, 5);
    assert_true(facets.is_exact && facets.of[FACET_OWNER].is_all);
    hits = hits_of(f, hits.rows[0].package_id, FACET_PACKAGES_MAX + 1);
    must(f, facet_count(tx, f->mem, &nobody, &wish, &hits, &facets, &f->err));
    assert_int_equal(facets.packages, FACET_PACKAGES_MAX);
    assert_false(facets.is_exact);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(what_is_asked_for_is_read),
        WITH_CORE(most_come_first_and_what_is_past_the_cap_does_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
