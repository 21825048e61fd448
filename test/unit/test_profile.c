/* Profiles: which values are good, and what is on record. */
#include "core_fixture.h"

#include "core/organization.h"
#include "core/profile.h"

static enum err_code set(struct core *f, const struct actor *who, const char *login,
                         const char *name, const char *value, struct account_row *ret)
{
    const struct profile_field field = {name, str_of(value)};

    f->err = (struct err){0};
    return profile_change(&f->app, f->mem, who, str_of(login), &field, 1, ret, &f->err);
}

static void what_changed_is_on_record_by_name(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct profile_field fields[] = {
        {"url", S("https://a.example")}, {"name", S("Alice")}, {"company", S("")}};
    struct account_row row = {0};

    must(f, profile_change(&f->app, f->mem, &alice, S("alice"), fields, 3, &row, &f->err));
    assert_str(row.url, "https://a.example");
    assert_str(row.name, "Alice");
    assert_str(CORE_TEXT(f, "SELECT name || '|' || company || '|' || location || '|' || url || '|' "
                            "|| description || '|' || package_creators FROM account"),
               "Alice|||https://a.example||writers");
    must(f, set(f, &alice, "alice", "name", "Alice", &row)); /* is so already */
    must(f, set(f, &alice, "alice", "url", "", &row));
    assert_str(row.url, "");
    assert_str(CORE_TEXT(f, "SELECT actor || ' ' || action || ' ' || object || ' ' || detail "
                            "FROM audit ORDER BY id"),
               "alice account.profile alice url, name, alice account.profile alice url");
    must_fail(f, set(f, &alice, "nobody", "name", "x", &row), ERR_NOT_FOUND,
              "there is no account \"nobody\"");
}

static void one_refused_field_leaves_all_as_they_were(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct profile_field fields[] = {{"name", S("Alice")}, {"nick", S("Al")}};
    struct account_row row = {.id = 77};
    struct str rows = core_rows(f);

    must_fail(f, profile_change(&f->app, f->mem, &alice, S("alice"), fields, 2, &row, &f->err),
              ERR_UNPROCESSABLE, "the profile of \"alice\" has no field \"nick\"");
    assert_string_equal(f->err.field, "nick");
    assert_int_equal(row.id, 77);
    assert_true(str_eq(core_rows(f), rows));
}

static void an_address_is_one_of_the_web(void **state)
{
    static const char *const good[] = {"http://a", "HTTPS://a.example:8080/b?c=d@e#f",
                                       "https://a.example?x", "https://[::1]/"};
    static const char *const bad[] = {
        "a.example",       "http:/a",        "http://",           "http:///a",  "http://?a",
        "ftp://a.example", "javascript://a", " http://a",         "http://a b", "http://u@a",
        "http://u:p@a/",   "http://a/\"",    "http://a/<script>", "http://a\n/"};
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct account_row row;

    for (size_t i = 0; i < COUNT(good); i++)
        must(f, set(f, &alice, "alice", "url", good[i], &row));
    for (size_t i = 0; i < COUNT(bad); i++) {
        must_fail(f, set(f, &alice, "alice", "url", bad[i], &row), ERR_UNPROCESSABLE,
                  "is not an address");
        assert_string_equal(f->err.field, "url");
    }
}

static void texts_have_a_length_and_one_line_but_the_description(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    char text[4002];
    struct account_row row;

    memset(text, 'x', sizeof(text));
    text[4001] = '\0';
    must_fail(f, set(f, &alice, "alice", "description", text, &row), ERR_UNPROCESSABLE,
              "\"description\" is at most 4000 bytes");
    text[4000] = '\0';
    must(f, set(f, &alice, "alice", "description", text, &row));
    must(f, set(f, &alice, "alice", "description", "a\r\n\tb", &row));
    must_fail(f, set(f, &alice, "alice", "description", "a\x1b[1m", &row), ERR_UNPROCESSABLE,
              "text");
    text[201] = '\0';
    must_fail(f, set(f, &alice, "alice", "name", text, &row), ERR_UNPROCESSABLE,
              "\"name\" is at most 200 bytes of text in one line");
    text[200] = '\0';
    must(f, set(f, &alice, "alice", "name", text, &row));
    must_fail(f, set(f, &alice, "alice", "location", "a\nb", &row), ERR_UNPROCESSABLE, "one line");
}

static void settings_are_of_organizations(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct new_organization acme = {S("acme"), S(""), S("")};
    struct account_row row;

    must(f, organization_create(&f->app, f->mem, &alice, &acme, &f->err));
    must(f, set(f, &alice, "acme", "package_creators", "members", &row));
    assert_str(row.package_creators, "members");
    must_fail(f, set(f, &alice, "acme", "package_creators", "all", &row), ERR_UNPROCESSABLE,
              "packages are created by \"owners\", \"writers\" or \"members\", not \"all\"");
    must_fail(f, set(f, &alice, "alice", "package_creators", "members", &row), ERR_UNPROCESSABLE,
              "no field \"package_creators\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(what_changed_is_on_record_by_name),
        WITH_CORE(one_refused_field_leaves_all_as_they_were),
        WITH_CORE(an_address_is_one_of_the_web),
        WITH_CORE(texts_have_a_length_and_one_line_but_the_description),
        WITH_CORE(settings_are_of_organizations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
