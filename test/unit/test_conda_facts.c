#include "unit.h"

#include "format/conda_facts.h"

/* The facts as one text: "activate_d text_prefix". */
static void assert_facts_at(const struct conda_archive *f, const char *expected, int line)
{
    char text[200];

    (void)snprintf(text, sizeof(text), "%s%s%s%s%s%s%s", f->activate_d ? "activate_d " : "",
                   f->deactivate_d ? "deactivate_d " : "", f->pre_link ? "pre_link " : "",
                   f->post_link ? "post_link " : "", f->pre_unlink ? "pre_unlink " : "",
                   f->binary_prefix ? "binary_prefix " : "", f->text_prefix ? "text_prefix " : "");
    if (strcmp(text, expected) != 0)
        print_error("line %d: \"%s\", should be \"%s\"\n", line, text, expected);
    assert_string_equal(text, expected);
}
#define assert_facts(f, expected) assert_facts_at((f), (expected), __LINE__)

static void paths_of_scripts_are_recognised(void **state)
{
    static const struct {
        const char *path, *facts;
    } cases[] = {
        {"etc/conda/activate.d/x.sh", "activate_d "},
        {"etc/conda/deactivate.d/x.bat", "deactivate_d "},
        {"bin/.pkg-pre-link.sh", "pre_link "},
        {"bin/.pkg-post-link.sh", "post_link "},
        {"Scripts/.pkg-post-link.bat", "post_link "},
        {"bin/.pkg-pre-unlink.sh", "pre_unlink "},
        {"bin/pkg-post-link.sh", ""}, /* not hidden */
        {"bin/.pkg-post-link", ""},   /* no ending */
        {".pkg-post-link.sh", ""},    /* in no folder */
        {"etc/conda/activate.d", ""}, /* the folder itself */
        {"x/etc/conda/activate.d/y", ""},
        {"", ""},
        {"/.", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct conda_archive facts = {0};

        conda_facts_path(str_of(cases[i].path), &facts);
        assert_facts(&facts, cases[i].facts);
    }
}

static void lists_of_files_are_read_line_by_line(void **state)
{
    struct conda_archive facts = {0};

    (void)state;
    conda_facts_files(S("bin/x\nbin/.x-post-link.sh\r\netc/conda/activate.d/x.sh"), &facts);
    assert_facts(&facts, "activate_d post_link ");
    facts = (struct conda_archive){0};
    conda_facts_files(S(""), &facts);
    assert_facts(&facts, "");
}

static void prefix_lists_have_two_forms(void **state)
{
    struct conda_archive facts = {0};

    (void)state;
    conda_facts_has_prefix(S("/opt/placeholder binary lib/x.so\n"), &facts);
    assert_facts(&facts, "binary_prefix ");
    facts = (struct conda_archive){0};
    conda_facts_has_prefix(S("/opt/placeholder text bin/x\r\n\n"), &facts);
    assert_facts(&facts, "text_prefix ");
    facts = (struct conda_archive){0};
    conda_facts_has_prefix(S("bin/x\n"), &facts);
    assert_facts(&facts, "text_prefix ");
    facts = (struct conda_archive){0};
    conda_facts_has_prefix(S("\n\n"), &facts);
    assert_facts(&facts, "");
}

static void paths_json_tells_prefixes_and_scripts(void **state)
{
    struct conda_archive facts = {0};

    (void)state;
    assert_true(conda_facts_paths_json(
        S("{\"paths_version\": 1, \"paths\": ["
          "{\"_path\": \"bin/x\", \"prefix_placeholder\": \"/opt/p\", \"file_mode\": \"binary\"},"
          "{\"_path\": \"etc\\/conda\\/deactivate.d\\/x.sh\", \"file_mode\": \"text\"}]}"),
        &facts));
    assert_facts(&facts, "deactivate_d binary_prefix ");
}

static void other_forms_of_paths_json_give_no_facts(void **state)
{
    const struct str cases[] = {
        S(""),
        S("[]"),
        S("{}"),
        S("{\"paths\": {}}"),
        S("{\"paths\": [\"etc/conda/activate.d/x\"]"),
        S("not json"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct conda_archive facts = {0};

        assert_false(conda_facts_paths_json(cases[i], &facts));
        assert_facts(&facts, "");
    }
}

static void entries_of_wrong_types_are_passed_over(void **state)
{
    struct conda_archive facts = {0};

    (void)state;
    assert_true(conda_facts_paths_json(
        S("{\"paths\": [1, null, \"x\", [], {}, {\"_path\": 7}, {\"prefix_placeholder\": \"p\"},"
          "{\"prefix_placeholder\": \"p\", \"file_mode\": 1}, {\"_path\": "
          "\"bin/.x-pre-link.sh\"}]}"),
        &facts));
    assert_facts(&facts, "pre_link ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_of_scripts_are_recognised),
        cmocka_unit_test(lists_of_files_are_read_line_by_line),
        cmocka_unit_test(prefix_lists_have_two_forms),
        cmocka_unit_test(paths_json_tells_prefixes_and_scripts),
        cmocka_unit_test(other_forms_of_paths_json_give_no_facts),
        cmocka_unit_test(entries_of_wrong_types_are_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
