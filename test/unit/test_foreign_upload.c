/* Uploads in the ways of quetz, prefix.dev and Artifactory. */
#include "web_fixture.h"

#include "base/limits.h"
#include "core/inspect.h"
#include "make_form.h"

static const struct core_spec tiny = {
    .name = "p", .version = "1", .build = "0", .subdir = "noarch"};
static const struct core_spec second = {
    .name = "q", .version = "1", .build = "0", .subdir = "noarch"};

#define P "p-1-0.tar.bz2"
#define Q "q-1-0.tar.bz2"

/* Header lines with the token, for a header of this name. */
static const char *key_of(struct site *s, const char *login, const char *name)
{
    struct actor who = core_user(s->core, login);

    return str_fmt(s->core->mem, "%s%s\r\n", name, make_token(s, &who, "t", NULL)).ptr;
}

static void is_listed(struct site *s, const char *label, const char *filename)
{
    assert_true(core_listed(s->core, "alice", label, "noarch", filename));
}

static void quetz_takes_a_body_and_a_digest(void **state)
{
    struct site *s = *state;
    const char *key = key_of(s, "alice", "X-API-Key: ");
    struct str bytes = core_package(s->core, &tiny), sha256 = core_sha256(s->core, bytes);
    const char *target =
        str_fmt(s->core->mem,
                "/api/channels/alice/upload/" P "?force=False&sha256=" STR_FMT "&unknown=1",
                STR_ARG(sha256))
            .ptr;

    (void)request_for(s, 201, "POST", target, key, bytes);
    is_listed(s, "main", P);
    (void)request_for(s, 200, "POST", target, key, bytes);
    (void)request_for(s, 400, "POST", target, key, S("other bytes"));
    (void)request_for(s, 401, "POST", target, "", bytes);
    (void)request_for(s, 401, "POST", target, "X-API-Key: tr-wrong\r\n", bytes);
}

static void quetz_takes_many_files_of_a_form(void **state)
{
    struct site *s = *state;
    const char *key = key_of(s, "alice", "X-API-Key: ");
    AUTO(buf_done) struct buf form = BUF_INIT(MIB);
    struct answer r;

    form_part(&form, "files", "; filename=\"" P "\"", core_package(s->core, &tiny));
    form_part(&form, "files", "; filename=\"" Q "\"", core_package(s->core, &second));
    form_field(&form, "force", S("false"));
    form_end(&form);
    r = request_for(s, 201, "POST", "/api/channels/alice/files/", lines(s, key, FORM_TYPE),
                    buf_str(&form));
    assert_true(body_has(&r, "noarch/" P));
    assert_true(body_has(&r, "noarch/" Q));
    is_listed(s, "main", P);
    is_listed(s, "main", Q);
}

static void prefix_takes_a_form_or_a_body_with_headers(void **state)
{
    struct site *s = *state;
    const char *bearer = key_of(s, "alice", "Authorization: Bearer ");
    struct str bytes = core_package(s->core, &tiny), sha256 = core_sha256(s->core, bytes);
    struct str wrong = core_sha256(s->core, S("others"));
    AUTO(buf_done) struct buf form = BUF_INIT(MIB);
    struct answer r;

    form_part(&form, "file",
              str_fmt(s->core->mem,
                      "; filename=\"" P "\"\r\nX-File-Name: " P "\r\nX-File-SHA256: " STR_FMT,
                      STR_ARG(wrong))
                  .ptr,
              bytes);
    form_end(&form);
    r = request_for(s, 400, "POST", "/api/v1/upload/alice", lines(s, bearer, FORM_TYPE),
                    buf_str(&form));
    assert_true(body_has(&r, "sha256 was declared as"));
    buf_clear(&form);
    form_part(&form, "file", "; filename=\"" P "\"", bytes);
    form_end(&form);
    (void)request_for(s, 201, "POST", "/api/v1/upload/alice", lines(s, bearer, FORM_TYPE),
                      buf_str(&form));
    is_listed(s, "main", P);
    (void)request_for(
        s, 200, "POST", "/api/v1/upload/alice/label/dev/1?force=true",
        lines(s, bearer,
              str_fmt(s->core->mem, "X-File-Name: " P "\r\nX-File-SHA256: " STR_FMT "\r\n",
                      STR_ARG(sha256))
                  .ptr),
        bytes);
    is_listed(s, "dev/1", P);
    buf_clear(&form);
    form_part(&form, "file", "; filename=\"" Q "\"", core_package(s->core, &second));
    form_field(&form, "attestation", S("{}"));
    form_end(&form);
    r = request_for(s, 422, "POST", "/api/v1/upload/alice", lines(s, bearer, FORM_TYPE),
                    buf_str(&form));
    assert_str(json_member(s, &r, "field"), "attestation");
    assert_false(core_listed(s->core, "alice", "main", "noarch", Q));
}

static void artifactory_takes_a_path(void **state)
{
    struct site *s = *state;
    const char *key = key_of(s, "alice", "X-JFrog-Art-Api: ");
    struct str bytes = core_package(s->core, &tiny), sha256 = core_sha256(s->core, bytes);
    const char *digest =
        str_fmt(s->core->mem, "X-Checksum-Sha256: " STR_FMT "\r\n", STR_ARG(sha256)).ptr;
    struct answer r;

    r = request_for(s, 404, "PUT", "/artifactory/alice/noarch/" P,
                    lines(s, key, lines(s, "X-Checksum-Deploy: true\r\n", digest)), S(""));
    assert_true(body_has(&r, "send the bytes"));
    (void)request_for(s, 201, "PUT", "/artifactory/alice/noarch/" P, lines(s, key, digest), bytes);
    (void)request_for(s, 200, "PUT", "/conda/alice/label/dev/1/noarch/" P, key, bytes);
    is_listed(s, "main", P);
    is_listed(s, "dev/1", P);
    (void)request_for(s, 200, "PUT", "/conda/alice/" P, key, bytes);
    (void)request_for(s, 400, "PUT", "/conda/alice/linux-64/" P, key, bytes);
    (void)request_for(s, 404, "PUT", "/conda/alice/label/" P, key, bytes);
    r = request_for(s, 400, "PUT", "/artifactory/alice/generic/x.bin", key, bytes);
    assert_true(body_has(&r, "x.bin"));
    (void)request_for(s, 400, "PUT", "/artifactory/alice/noarch/" P, lines(s, key, digest),
                      S("other bytes"));
}

/* A key in a header is looked at where the row says so, and nowhere else. */
static void keys_count_for_uploads_alone(void **state)
{
    struct site *s = *state;
    const char *key = key_of(s, "alice", "X-API-Key: ");

    (void)get_for(s, 401, "/api/user", key);
    (void)get_for(s, 200, "/conda/alice/notices.json", key);
    assert_false(text_has(log_line(s), "who="));
    (void)get_for(s, 200, "/conda/alice/notices.json", "X-API-Key: wrong\r\n");
    (void)request_for(s, 400, "PUT", "/conda/alice/noarch/" P, key, S("no package"));
    assert_true(text_has(log_line(s), "who=alice token=t"));
    (void)request_for(s, 401, "PUT", "/conda/alice/noarch/" P, "X-API-Key: wrong\r\n", S("x"));
    (void)request_for(s, 401, "PUT", "/conda/alice/noarch/" P,
                      lines(s, key, "Authorization: Bearer wrong\r\n"), S("x"));
    assert_false(text_has(log_text(s), "tr-"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(quetz_takes_a_body_and_a_digest),
        WITH_PUBLISHING(quetz_takes_many_files_of_a_form),
        WITH_PUBLISHING(prefix_takes_a_form_or_a_body_with_headers),
        WITH_PUBLISHING(artifactory_takes_a_path),
        WITH_PUBLISHING(keys_count_for_uploads_alone),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
