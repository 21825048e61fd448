/* What a token that is limited to labels is told of packages that are not public. Each surface:
 * test/api/test_search.py. */
#include "core_fixture.h"

#include "core/inspect.h"
#include "core/label_sight.h"

static void only_what_is_not_public_and_only_by_labels(void **state)
{
    const struct actor whole = {.limits = S("")}, named = {.limits = S("package:alice/p")},
                       limited = {.limits = S("package:alice/p label:dev")};

    (void)state;
    assert_false(label_sight_is_less(&whole, ACCESS_PRIVATE));
    assert_false(label_sight_is_less(&named, ACCESS_PRIVATE));
    assert_false(label_sight_is_less(&limited, ACCESS_PUBLIC));
    assert_true(label_sight_is_less(&limited, ACCESS_AUTHENTICATED));
    assert_true(label_sight_is_less(&limited, ACCESS_PRIVATE));
}

static void files_say_what_they_are(void **state)
{
    struct core *f = *state;
    struct file_row rows[] = {
        {.version = S("1.10"), .type = S("conda"), .subdir = S("noarch")},
        {.version = S("1.9"), .type = S("pypi"), .subdir = S("")},
        {.version = S("1.2"), .type = S("conda"), .subdir = S("noarch")},
        {.version = S("1.3"), .type = S("conda"), .subdir = S("osx-64")},
    };
    const struct file_list files = {rows, COUNT(rows)}, none = {NULL, 0};
    struct label_sight sight;

    must(f, label_sight_of_files(f->mem, &files, &sight, &f->err));
    assert_str(sight.types, "conda pypi");
    assert_str(sight.platforms, "noarch osx-64");
    assert_str(sight.latest_version, "1.10");
    must(f, label_sight_of_files(f->mem, &none, &sight, &f->err));
    assert_str(sight.types, "");
    assert_str(sight.latest_version, "");
}

static void files_under_other_labels_are_left_out(void **state)
{
    static const struct core_spec spec = {
        .name = "p", .version = "1", .build = "0", .subdir = "noarch"};
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    AUTO(tx_endp) struct tx *tx = NULL;
    struct label_sight sight;
    int64_t id;

    (void)core_publish(f, &alice, &spec); /* under main */
    CORE_CHANGE(f, "UPDATE package SET access = 'private'");
    id = CORE_NUMBER(f, "SELECT id FROM package");
    tx = core_begin(f, TX_READ);
    alice.limits = S("label:dev");
    must(f, label_sight_of(tx, f->mem, &alice, id, &sight, &f->err));
    assert_str(sight.latest_version, "");
    alice.limits = S("label:dev label:main");
    must(f, label_sight_of(tx, f->mem, &alice, id, &sight, &f->err));
    assert_str(sight.latest_version, "1");
    assert_str(sight.platforms, "noarch");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_not_public_and_only_by_labels),
        WITH_CORE(files_say_what_they_are),
        WITH_INSPECTOR(files_under_other_labels_are_left_out),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
