/* What is put on record of a known caller who was denied a change, and what is not. */
#include "web_fixture.h"

#include "web/call.h"
#include "web/refused.h"
#include "web/routes.h"

/* A call as it is when its right was denied, of a route made up here. */
static struct call denied(struct core *f, struct http_exchange *ex, const struct route *route,
                          const struct actor *who)
{
    return (struct call){.app = &f->app, .ex = ex, .mem = f->mem, .route = route, .actor = *who};
}

static void only_changes_by_somebody_are_recorded(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), nobody = {.remote = S("192.0.2.9")};
    static const struct route route = {.pattern = "/x", .operation = "doIt"};
    struct http_exchange ex = {.method = HTTP_POST};
    struct err denial = {0}, other = {0};
    struct call c = denied(f, &ex, &route, &alice);

    (void)!fail(&denial, ERR_DENIED, "no");
    (void)!fail(&other, ERR_CONFLICT, "no");
    refused_record(&c, &other);
    ex.method = HTTP_GET;
    refused_record(&c, &denial);
    ex.method = HTTP_HEAD;
    refused_record(&c, &denial);
    ex.method = HTTP_POST;
    c.route = NULL;
    refused_record(&c, &denial);
    c = denied(f, &ex, &route, &nobody);
    refused_record(&c, &denial);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM audit"), 0);
    c = denied(f, &ex, &route, &alice);
    refused_record(&c, &denial);
    assert_str(CORE_TEXT(f,
                         "SELECT account || '|' || actor || '|' || action || '|' || object || '|' "
                         "|| detail FROM audit"),
               "alice|alice|access.denied||doIt: no");
}

static void the_object_is_what_the_path_names(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    static const struct {
        struct route route;
        const char *params[2], *object, *account;
    } cases[] = {
        {{.pattern = "/x/{owner}/{package}", .operation = "o"}, {"bob", "p"}, "bob/p", "bob"},
        {{.pattern = "/x/{owner}/{group}", .operation = "o"}, {"bob", "g"}, "bob/g", "bob"},
        {{.pattern = "/x/{owner}", .operation = "o"}, {"bob"}, "bob", "bob"},
        {{.pattern = "/x/{owner}", .operation = "o"}, {"nobody"}, "nobody", ""},
        {{.pattern = "/x/{login}", .operation = "o"}, {"bob"}, "bob", "alice"},
    };
    struct http_exchange ex = {.method = HTTP_DELETE};
    struct err denial = {0};

    (void)core_user(f, "bob");
    (void)!fail(&denial, ERR_DENIED, "no");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct call c = denied(f, &ex, &cases[i].route, &alice);

        for (size_t k = 0; k < 2 && cases[i].params[k]; k++)
            c.params[c.param_count++] = str_of(cases[i].params[k]);
        refused_record(&c, &denial);
        assert_str(
            CORE_TEXT(f, "SELECT account || '|' || object FROM audit ORDER BY id DESC LIMIT 1"),
            str_fmt(f->mem, "%s|%s", cases[i].account, cases[i].object).ptr);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(only_changes_by_somebody_are_recorded),
        WITH_CORE(the_object_is_what_the_path_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
