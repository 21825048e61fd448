/* The table of URLs: which row a path and method lead to, with which parameters. */
#include "unit.h"

#include <jansson.h>

#include "base/limits.h"
#include "format/json.h"
#include "web/handlers.h"
#include "web/routes.h"
#include "web/web.h"

struct scene {
    struct arena *mem;
    struct http_exchange ex;
    struct call call;
    struct str allow;
    struct err err;
};

static int setup(void **state)
{
    struct arena *mem = arena_open(64 * MIB);
    struct scene *s = mem ? arena_new(mem, struct scene) : NULL;

    assert_non_null(s);
    s->mem = mem;
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;

    arena_close(s->mem);
    return 0;
}

static enum err_code match(struct scene *s, enum http_method method, const char *target)
{
    s->ex = (struct http_exchange){
        .mem = s->mem, .method = method, .method_text = str_of(http_method_name(method))};
    s->call = (struct call){.ex = &s->ex, .mem = s->mem};
    s->allow = (struct str){0};
    s->err = (struct err){0};
    assert_int_equal(path_parse(s->mem, str_of(target), &s->call.path, &s->err), OK);
    return routes_match(&s->call, &s->allow, &s->err);
}

static const char *operation(struct scene *s, enum http_method method, const char *target)
{
    enum err_code code = match(s, method, target);

    if (code)
        print_error("%s %s: %s\n", http_method_name(method), target, s->err.msg);
    assert_int_equal(code, OK);
    return s->call.route->operation;
}

static void each_url_leads_to_its_operation(void **state)
{
    struct scene *s = *state;
    static const struct {
        enum http_method method;
        const char *target, *operation;
    } cases[] = {
        {HTTP_GET, "/", "landing"},
        {HTTP_HEAD, "/", "landing"},
        {HTTP_GET, "/?x=/healthz", "landing"},
        {HTTP_GET, "http://host/healthz", "healthz"},
        {HTTP_GET, "/setup/abc", "setupForm"},
        {HTTP_POST, "/setup/abc", "setupFinish"},
        {HTTP_POST, "/api/v1/session", "signIn"},
        {HTTP_GET, "/api/v1/session", "whoAmI"},
        {HTTP_DELETE, "/api/v1/session", "signOut"},
        {HTTP_HEAD, "/api", "apiRoot"},
        {HTTP_HEAD, "/api/", "apiRoot"},
        {HTTP_GET, "/api/user", "getOwnUser"},
        {HTTP_GET, "/api/user/orgs", "listOwnOrganizations"},
        {HTTP_GET, "/api/user/org", "getUser"},
        {HTTP_GET, "/api/user/%6frgs", "listOwnOrganizations"},
        {HTTP_GET, "/api/users/alice/orgs", "listOrganizations"},
        {HTTP_GET, "/api/packages", "listOwnPackages"},
        {HTTP_GET, "/api/packages/alice", "listPackages"},
        {HTTP_DELETE, "/api/authentications", "revokeThisToken"},
        {HTTP_DELETE, "/api/authentications/name/a/b", "revokeToken"},
        {HTTP_POST, "/api/upload/ticket", "sendFile"},
        {HTTP_GET, "/api/channels/o", "listLabels"},
        {HTTP_GET, "/api/channels/o/a/b", "showLabel"},
        {HTTP_GET, "/api/channels/o/a/lock", "showLabel"},
        {HTTP_POST, "/api/channels/o/a/b", "addLabel"},
        {HTTP_POST, "/api/channels/o/lock", "addLabel"},
        {HTTP_POST, "/api/channels/o/copy/a", "addLabel"},
        {HTTP_DELETE, "/api/channels/o/a/copy/b", "removeLabel"},
        {HTTP_POST, "/api/channels/o/a/b/lock", "lockLabel"},
        {HTTP_DELETE, "/api/channels/o/a/b/lock", "unlockLabel"},
        {HTTP_POST, "/api/channels/o/a/copy/b", "copyLabel"},
        {HTTP_POST, "/api/copy/package/o/p/1", "copyFiles"},
        {HTTP_PUT, "/api/copy/package/o/p/1/", "copyAndReplaceFiles"},
        {HTTP_PATCH, "/api/copy/package/o/p/1/noarch/p", "copyMissingFiles"},
        {HTTP_DELETE, "/api/dist/o/p/1/-/17", "removeFileById"},
        {HTTP_DELETE, "/api/dist/o/p/1/-/17/x", "removeFile"},
        {HTTP_GET, "/api/v1/labels/o/a/b", "listFilesOfLabel"},
        {HTTP_GET, "/conda/alice", "getChannelFile"},
        {HTTP_GET, "/conda/alice/", "getChannelFile"},
        {HTTP_HEAD, "/conda/alice/label/a/b/noarch/repodata.json", "getChannelFile"},
        {HTTP_PUT, "/conda/alice/noarch/p-1-0.conda", "putChannelFile"},
        {HTTP_POST, "/api/channels/alice/upload/p-1-0.conda", "uploadAsToQuetz"},
        {HTTP_POST, "/api/channels/alice/upload/p-1-0.tar.bz2", "uploadAsToQuetz"},
        {HTTP_POST, "/api/channels/alice/files/", "uploadFilesAsToQuetz"},
        {HTTP_GET, "/api/packages/notices", "listPackages"},
        {HTTP_GET, "/api/alice/notices", "listChannelNotices"},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(operation(s, cases[i].method, cases[i].target), cases[i].operation);
}

static void parameters_are_the_decoded_segments(void **state)
{
    struct scene *s = *state;

    (void)operation(s, HTTP_GET, "/api/release/al%69ce/p-%2Bx/1%212.0+cu118");
    assert_int_equal(s->call.param_count, 3);
    assert_str(call_param(&s->call, "owner"), "alice");
    assert_str(call_param(&s->call, "package"), "p-+x");
    assert_str(call_param(&s->call, "version"), "1!2.0+cu118"); /* a plus is no blank */
    assert_str(call_param(&s->call, "basename"), "");
    assert_str(call_param(&s->call, "own"), "");
}

/* Labels may hold "/": what stands behind one is looked for from the end. */
static void a_tail_ends_before_the_last_words_that_follow_it(void **state)
{
    static const struct {
        const char *target, *label, *to;
    } cases[] = {
        {"/api/channels/O/a/copy/b", "a", "b"},
        {"/api/channels/o/Rel/x/copy/rel/y", "Rel/x", "rel/y"},
        {"/api/channels/o/a/copy/b/copy/c", "a/copy/b", "c"},
        {"/api/channels/o/copy/copy/c", "copy", "c"},
        {"/api/channels/o/a/copy/lock", "a/copy", ""}, /* a lock */
        {"/api/channels/o/a/b/lock", "a/b", ""},
        {"/api/channels/o/lock/lock", "lock", ""},
        {"/api/channels/o/a/copy/", "a", ""}, /* a copy, to no label */
        {"/api/channels/o/a", "a", ""},
    };
    struct scene *s = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        (void)operation(s, HTTP_POST, cases[i].target);
        assert_str(call_param(&s->call, "owner"), "o");
        assert_str(call_param(&s->call, "label"), cases[i].label);
        assert_str(call_param(&s->call, "to"), cases[i].to);
    }
    (void)operation(s, HTTP_PUT, "/api/copy/package/o/p/1/");
    assert_int_equal(s->call.param_count, 4);
    assert_str(call_param(&s->call, "basename"), "");
}

static void logins_are_folded_and_nothing_else(void **state)
{
    struct scene *s = *state;

    (void)operation(s, HTTP_GET, "/api/dist/ALI%43E/Pkg/1.0RC/linux-64/P-1.0RC-0.conda");
    assert_str(call_param(&s->call, "owner"), "alice");
    assert_str(call_param(&s->call, "package"), "Pkg");
    assert_str(call_param(&s->call, "version"), "1.0RC");
    assert_str(call_param(&s->call, "basename"), "linux-64/P-1.0RC-0.conda");
    (void)operation(s, HTTP_GET, "/api/users/Bob/orgs");
    assert_str(call_param(&s->call, "login"), "bob");
    (void)operation(s, HTTP_POST, "/setup/AbC");
    assert_str(call_param(&s->call, "code"), "AbC");
}

static void a_tail_takes_all_that_is_left(void **state)
{
    struct scene *s = *state;
    static const char *const tails[][2] = {
        {"/api/dist/o/p/1/linux-64/p-1-0.conda", "linux-64/p-1-0.conda"},
        {"/api/dist/o/p/1/x", "x"},
        {"/api/dist/o/p/1/a/b/c/d/", "a/b/c/d"},
        {"/api/dist/o/p/1", ""},
        {"/api/dist/o/p/1/", ""},
    };

    for (size_t i = 0; i < COUNT(tails); i++) {
        assert_string_equal(operation(s, HTTP_GET, tails[i][0]), "getFile");
        assert_int_equal(s->call.param_count, 4);
        assert_str(call_param(&s->call, "version"), "1");
        assert_str(call_param(&s->call, "basename"), tails[i][1]);
    }
    (void)operation(s, HTTP_DELETE, "/api/authentications/name/binstar_client:me@host/x%20y");
    assert_str(call_param(&s->call, "name"), "binstar_client:me@host/x y");
}

static void what_is_no_url_of_ours_is_not_found(void **state)
{
    struct scene *s = *state;
    static const char *const targets[] = {"/index.html",
                                          "/API",
                                          "/api/v1",
                                          "/api/v2/session",
                                          "/setup",
                                          "/setup/a/b",
                                          "/api/upload",
                                          "/api/upload/a/b",
                                          "/conda",
                                          "/api/package/o",
                                          "/api/package",
                                          "/api/dist/o/p",
                                          "/api/stage/o/p",
                                          "/api/channels",
                                          "/api/users/alice",
                                          "/api/users/alice/orgs/x",
                                          "/api/release/o/p/1/x"};

    for (size_t i = 0; i < COUNT(targets); i++)
        for (int m = HTTP_GET; m <= HTTP_OTHER; m++) {
            assert_int_equal(match(s, (enum http_method)m, targets[i]), ERR_NOT_FOUND);
            assert_null(s->call.route);
            assert_null(s->allow.ptr);
            assert_int_equal(s->call.param_count, 0);
        }
}

static void a_wrong_method_names_the_right_ones_once(void **state)
{
    struct scene *s = *state;
    static const struct {
        enum http_method method;
        const char *target, *allow;
    } cases[] = {
        {HTTP_POST, "/healthz", "GET, HEAD"},
        {HTTP_PUT, "/setup/abc", "GET, HEAD, POST"},
        {HTTP_PATCH, "/api/v1/session", "GET, HEAD, POST, DELETE"},
        {HTTP_GET, "/api/v1/accounts", "POST"},
        {HTTP_GET, "/api/upload/ticket", "POST"},
        {HTTP_OPTIONS, "/api/package/o/p", "GET, HEAD, POST, PATCH, DELETE"},
        {HTTP_PUT, "/api/channels/o/a/lock", "GET, HEAD, POST, DELETE"},
        {HTTP_OTHER, "/conda/alice/noarch/repodata.json", "GET, HEAD, PUT"},
        /* two rows fit this path */
        {HTTP_DELETE, "/api/user/orgs", "GET, HEAD"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(match(s, cases[i].method, cases[i].target), ERR_INVALID);
        assert_str(s->allow, cases[i].allow);
        assert_null(s->call.route); /* nothing that could be run */
        assert_int_equal(s->call.param_count, 0);
    }
}

/* ---- properties of the table ----------------------------------------------------------------- */

static json_t *table(void)
{
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);
    json_t *v = NULL;
    struct err err = {0};

    web_print_routes(&b);
    assert_true(buf_ok(&b));
    assert_int_equal(json_parse(buf_str(&b), &v, &err), OK);
    assert_true(json_array_size(v) > 30);
    return v;
}

/* A path that fits the pattern: each parameter is its own name, as far as it takes that. */
static const char *example(struct scene *s, const char *pattern)
{
    AUTO(buf_done) struct buf b = BUF_INIT(KIB);
    bool package = strstr(pattern, "{conda_file}");

    for (; *pattern; pattern++)
        if (*pattern != '{' && *pattern != '}' && *pattern != '.')
            buf_addc(&b, *pattern);
    buf_addz(&b, package ? ".conda" : "");
    return str_z(s->mem, buf_str(&b));
}

static enum http_method method_of(const char *name)
{
    for (int m = HTTP_GET; m < HTTP_OTHER; m++)
        if (!strcmp(http_method_name((enum http_method)m), name))
            return (enum http_method)m;
    return HTTP_OTHER;
}

static void no_row_is_hidden_by_another(void **state)
{
    struct scene *s = *state;
    AUTO(json_decrefp) json_t *rows = table();
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        enum http_method m = method_of(json_string_value(json_object_get(row, "method")));
        const char *pattern = json_string_value(json_object_get(row, "pattern"));

        assert_string_equal(operation(s, m, example(s, pattern)),
                            json_string_value(json_object_get(row, "operation")));
    }
}

/* What changes something needs somebody who may: but for what a stranger begins with (signing up
 * and in, the set-up link, a ticket), which asks for its own secret. */
static void every_writing_row_needs_a_right(void **state)
{
    struct scene *s = *state;
    AUTO(json_decrefp) json_t *rows = table();
    static const char *const open[] = {"setupFinish", "signUp", "signIn", "sendFile"};
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        const char *name = json_string_value(json_object_get(row, "operation"));
        enum http_method m = method_of(json_string_value(json_object_get(row, "method")));
        const char *pattern = json_string_value(json_object_get(row, "pattern"));
        bool is_open = false;

        (void)operation(s, m, example(s, pattern));
        for (size_t j = 0; j < COUNT(open); j++)
            is_open = is_open || !strcmp(open[j], name);
        if (m == HTTP_GET)
            assert_false(s->call.route->creds & CRED_PATH_TOKEN && !strstr(pattern, "/conda/") &&
                         !strstr(pattern, "/cran/") && !strstr(pattern, "/badges/") &&
                         !strstr(pattern, "/api/download/"));
        else
            assert_int_equal(s->call.route->right == RIGHT_ANYONE, is_open);
        if (s->call.route->right == RIGHT_WRITE) {
            assert_str(call_param(&s->call, "owner"), "owner");
            assert_true(s->call.route->scope & SCOPE_API_WRITE);
            assert_int_equal(s->call.route->creds, CRED_TOKEN | CRED_SESSION);
        }
        if (s->call.route->right == RIGHT_ANYONE && s->call.route->creds != CRED_IGNORED)
            assert_int_not_equal(s->call.route->scope, 0);
        assert_false(s->call.route->creds & CRED_MALFORMED);
    }
}

static void only_uploads_stream(void **state)
{
    struct scene *s = *state;
    AUTO(json_decrefp) json_t *rows = table();
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        enum http_method m = method_of(json_string_value(json_object_get(row, "method")));
        const char *pattern = json_string_value(json_object_get(row, "pattern"));
        bool staged, at_once;

        (void)operation(s, m, example(s, pattern));
        staged = s->call.route->run == post_upload;
        at_once = s->call.route->run == finish_upload || s->call.route->run == post_quetz_files;
        assert_int_equal(s->call.route->open == open_upload, staged);
        assert_int_equal(s->call.route->sink == sink_upload, staged);
        assert_int_equal(s->call.route->sink == sink_intake, at_once);
        assert_int_equal(s->call.route->open != NULL, staged || at_once);
        assert_int_equal(s->call.route->errors == ERRORS_XML, staged);
        assert_true(s->call.route->body_max <= LIMIT_JSON_BODY);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(each_url_leads_to_its_operation),
        CASE(parameters_are_the_decoded_segments),
        CASE(logins_are_folded_and_nothing_else),
        CASE(a_tail_takes_all_that_is_left),
        CASE(a_tail_ends_before_the_last_words_that_follow_it),
        CASE(what_is_no_url_of_ours_is_not_found),
        CASE(a_wrong_method_names_the_right_ones_once),
        CASE(no_row_is_hidden_by_another),
        CASE(every_writing_row_needs_a_right),
        CASE(only_uploads_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
