/* /api/v1: files in one request. */
#include "web_fixture.h"

#include "base/limits.h"
#include "core/inspect.h"
#include "make_form.h"

static const struct core_spec tiny = {
    .name = "p", .version = "1", .build = "0", .subdir = "noarch"};
static const struct core_spec other = {
    .name = "p", .version = "1", .build = "0", .subdir = "noarch", .filler = "filler"};

#define FILE_NAME "p-1-0.tar.bz2"
#define PUT       "/api/v1/files/alice/"

static const char *token_of(struct site *s, const char *login)
{
    struct actor who = core_user(s->core, login);

    return with_token(s, make_token(s, &who, "t", NULL));
}

static void a_package_is_put_and_put_again(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice");
    struct str bytes = core_package(s->core, &tiny), others = core_package(s->core, &other);
    struct answer r = request_for(s, 201, "PUT", PUT FILE_NAME, alice, bytes);

    assert_str(json_member(s, &r, "full_name"), "alice/p/1/noarch/" FILE_NAME);
    assert_str(json_member(s, &r, "type"), "conda");
    assert_true(str_eq(json_member(s, &r, "sha256"), core_sha256(s->core, bytes)));
    r = get_for(s, 200, "/conda/alice/noarch/" FILE_NAME, "");
    assert_true(str_eq(r.body, bytes));
    (void)request_for(s, 200, "PUT", PUT "noarch/" FILE_NAME, alice, bytes);
    r = request_for(s, 409, "PUT", PUT FILE_NAME, alice, others);
    assert_true(body_has(&r, "exists already, with other content"));
    (void)request_for(s, 201, "PUT", PUT FILE_NAME "?force=true", alice, others);
    r = get_for(s, 200, "/conda/alice/noarch/" FILE_NAME, "");
    assert_true(str_eq(r.body, others));
}

static void a_form_brings_a_package(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice");
    AUTO(buf_done) struct buf form = BUF_INIT(MIB);
    struct answer r;

    form_part(&form, "file",
              "; filename=\"" FILE_NAME "\"\r\nContent-Type: application/octet-stream",
              core_package(s->core, &tiny));
    form_end(&form);
    r = request_for(s, 201, "POST", "/api/v1/packages/alice/upload", lines(s, alice, FORM_TYPE),
                    buf_str(&form));
    assert_str(json_member(s, &r, "full_name"), "alice/p/1/noarch/" FILE_NAME);
    r = request_for(s, 400, "PUT", PUT FILE_NAME, alice, S("no package"));
    assert_str(json_member(s, &r, "field"), "file");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(a_package_is_put_and_put_again),
        WITH_PUBLISHING(a_form_brings_a_package),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
