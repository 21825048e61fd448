/* What owners say of their packages and releases, beside what the files say. */
#include "core_fixture.h"

#include "base/mem.h"
#include "core/edit.h"
#include "core/inspect.h"
#include "format/json.h"

#define ABOUT                                                                                      \
    "{\"summary\": \"By the file.\", \"license\": \"BSD\", \"home\": \"https://x.example\"}"

static struct file_row publish(struct core *f, const struct actor *alice, const char *version,
                               const char *about)
{
    struct core_spec spec = {
        .name = "x", .version = version, .build = "0", .subdir = "noarch", .about = about};

    return core_publish(f, alice, &spec);
}

static enum err_code edit(struct core *f, const struct actor *actor, const char *text,
                          struct package_row *ret)
{
    AUTO(json_decrefp) json_t *attrs = NULL;

    must(f, json_parse_object(str_of(text), &attrs, &f->err));
    return edit_package(&f->app, f->mem, actor, S("alice"), S("x"), attrs, ret, &f->err);
}

static enum err_code edit_1(struct core *f, const struct actor *actor, const char *text)
{
    AUTO(json_decrefp) json_t *attrs = NULL;

    must(f, json_parse_object(str_of(text), &attrs, &f->err));
    return edit_release(&f->app, f->mem, actor, S("alice"), S("x"), S("1.0"), attrs, &f->err);
}

static struct str lay(struct core *f, const char *over, const char *under)
{
    struct str both;

    must(f, edit_lay_over(f->mem, str_of(over), str_of(under), &both, &f->err));
    return both;
}

static void one_object_is_laid_over_another(void **state)
{
    struct core *f = *state;
    struct str both;

    assert_str(lay(f, "{}", "{}"), "{}");
    assert_str(lay(f, "{\"a\":1}", "{}"), "{\"a\":1}");
    assert_str(lay(f, "{}", "{\"a\":1}"), "{\"a\":1}");
    assert_str(lay(f, "{\"a\":1,\"b\":null}", "{\"a\":2,\"b\":3,\"c\":{}}"),
               "{\"a\":1,\"b\":null,\"c\":{}}");
    must_fail(f, edit_lay_over(f->mem, S("[]"), S("{}"), &both, &f->err), ERR_INVALID,
              "not an object");
}

static void what_is_set_stays_when_newer_files_come(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct package_row package;

    (void)publish(f, &alice, "1.0", ABOUT);
    must(f, edit(f, &alice, "{\"summary\": \"By alice.\", \"license\": \"MIT\", \"own\": [1]}",
                 &package));
    assert_str(package.summary, "By alice.");
    assert_str(package.attrs, "{\"home\":\"https://x.example\",\"license\":\"MIT\",\"own\":[1],"
                              "\"summary\":\"By alice.\"}");
    (void)publish(
        f, &alice, "2.0",
        "{\"summary\": \"Newer.\", \"license\": \"GPL\", \"doc_url\": \"https://d.example\"}");
    assert_str(CORE_TEXT(f, "SELECT summary || attrs FROM package"),
               "By alice.{\"doc_url\":\"https://d.example\",\"license\":\"MIT\",\"own\":[1],"
               "\"summary\":\"By alice.\"}");
    must(f, edit(f, &alice, "{\"summary\": null, \"own\": null, \"never\": null}", &package));
    assert_str(package.summary, "Newer.");
    assert_str(package.attrs,
               "{\"doc_url\":\"https://d.example\",\"license\":\"MIT\",\"summary\":\"Newer.\"}");
    assert_str(package.edits, "{\"license\":\"MIT\"}");
    assert_str(CORE_TEXT(f, "SELECT object || ' ' || detail FROM audit "
                            "WHERE action = 'package.update' ORDER BY id"),
               "alice/x summary, license, own, alice/x summary, own, never");
}

static void a_package_without_files_has_its_own_words(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    AUTO(json_decrefp) json_t *attrs = json_pack("{s:s, s:s}", "summary", "Made.", "home", "h");
    struct package_row package;

    must(f, package_create(&f->app, f->mem, &alice, S("alice"), S("x"), S(""), attrs, &package,
                           &f->err));
    must(f, edit(f, &alice, "{\"home\": null, \"license\": \"MIT\"}", &package));
    assert_str(package.summary, "Made.");
    assert_str(package.attrs, "{\"license\":\"MIT\",\"summary\":\"Made.\"}");
    must(f, edit(f, &alice, "{\"summary\": null}", &package));
    assert_str(package.summary, "");
    assert_str(package.attrs, "{\"license\":\"MIT\"}");
}

static void a_license_may_be_told_in_parts(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct package_row package;

    (void)publish(f, &alice, "1.0", ABOUT);
    must(
        f,
        edit(f, &alice,
             "{\"license\": {\"name\": \"MIT\", \"url\": \"https://m.example\", \"family\": null}, "
             "\"name\": \"other\", \"package_types\": [\"pypi\"], \"version\": \"7\"}",
             &package));
    assert_str(package.edits, "{\"license\":\"MIT\",\"license_url\":\"https://m.example\"}");
    assert_str(package.name, "x");
}

static void what_must_be_a_text_is_one(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    static const char *const wrong[] = {"summary", "description", "license",
                                        "home",    "license_url", "icon"};
    struct package_row package;
    struct str before;

    (void)publish(f, &alice, "1.0", ABOUT);
    before = core_rows(f);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct str text = str_fmt(f->mem, "{\"%s\": [\"x\"]}", wrong[i]);

        must_fail(f, edit(f, &alice, text.ptr, &package), ERR_UNPROCESSABLE, "must be a text");
        assert_string_equal(f->err.field, wrong[i]);
        must_fail(f, edit_1(f, &alice, text.ptr), ERR_UNPROCESSABLE, "must be a text");
    }
    assert_true(str_eq(core_rows(f), before));
}

static void edits_are_bounded_and_what_files_say_is_not(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    char *text = mem_get(600 * 1024);
    struct str big, about;
    struct package_row package;

    memset(text, 'x', 600 * 1024 - 1);
    text[600 * 1024 - 1] = '\0';
    big = str_fmt(f->mem, "{\"description\": \"%s\"}", text);
    about = str_fmt(f->mem, "{\"description\": \"%s\", \"summary\": \"s\"}", text);
    mem_free(text);
    (void)publish(f, &alice, "1.0", about.ptr);
    must_fail(f, edit(f, &alice, big.ptr, &package), ERR_TOO_BIG, "exceed 524288 bytes");
    must(f, edit(f, &alice, "{\"summary\": \"t\"}", &package));
    assert_true(package.attrs.len > 60 * 1024); /* as much as is kept of what files say */
    assert_str(package.summary, "t");
    must_fail(f, edit_1(f, &alice, big.ptr), ERR_TOO_BIG, "exceed 524288 bytes");
}

static void a_release_keeps_what_it_is_told(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    (void)publish(f, &alice, "1.0", ABOUT);
    must(f, edit_1(f, &alice, "{\"description\": \"First.\", \"summary\": \"One.\"}"));
    must(f, edit_1(f, &alice, "{\"summary\": null, \"license\": \"MIT\"}"));
    assert_str(CORE_TEXT(f, "SELECT attrs FROM release"),
               "{\"description\":\"First.\",\"license\":\"MIT\"}");
    assert_str(CORE_TEXT(f, "SELECT object || ' ' || detail FROM audit "
                            "WHERE action = 'release.update' ORDER BY id"),
               "alice/x/1.0 description, summary, alice/x/1.0 summary, license");
}

static void what_is_not_there_cannot_be_edited(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct package_row package;

    must_fail(f, edit(f, &alice, "{}", &package), ERR_NOT_FOUND, "there is no package \"alice/x\"");
    must_fail(f, edit_1(f, &alice, "{}"), ERR_NOT_FOUND, "there is no package \"alice/x\"");
    (void)publish(f, &alice, "2.0", ABOUT);
    must_fail(f, edit_1(f, &alice, "{}"), ERR_NOT_FOUND, "there is no release \"alice/x/1.0\"");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(one_object_is_laid_over_another),
        WITH_INSPECTOR(what_is_set_stays_when_newer_files_come),
        WITH_CORE(a_package_without_files_has_its_own_words),
        WITH_INSPECTOR(a_license_may_be_told_in_parts),
        WITH_INSPECTOR(what_must_be_a_text_is_one),
        WITH_INSPECTOR(edits_are_bounded_and_what_files_say_is_not),
        WITH_INSPECTOR(a_release_keeps_what_it_is_told),
        WITH_INSPECTOR(what_is_not_there_cannot_be_edited),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
