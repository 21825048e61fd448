#include "unit.h"

#include "base/err.h"
#include "base/mem.h"
#include "store/db_pg_url.h"

#define ADDED                                                                                      \
    "connect_timeout=5&keepalives_idle=15&keepalives_interval=5&keepalives_count=3&"               \
    "tcp_user_timeout=20000&application_name=terrarium&client_encoding=UTF8"

static void settings_that_lack_are_added(void **state)
{
    static const struct {
        const char *url, *completed;
    } cases[] = {
        {"postgresql://", "postgresql://?" ADDED},
        {"postgresql://host", "postgresql://host?" ADDED},
        {"postgresql://host/", "postgresql://host/?" ADDED},
        {"postgresql://u:p%40@host:5433/db", "postgresql://u:p%40@host:5433/db?" ADDED},
        {"postgresql://a:1,b:2/db", "postgresql://a:1,b:2/db?" ADDED},
        {"postgresql://host/db?", "postgresql://host/db?" ADDED},
        {"postgresql://host/db?sslmode=verify-full",
         "postgresql://host/db?sslmode=verify-full&" ADDED},
        {"postgresql:///db?host=/run/x&", "postgresql:///db?host=/run/x&" ADDED},
        {"postgresql:///db?user=a@b", "postgresql:///db?user=a@b&" ADDED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err = {0};
        char *conninfo = NULL;

        assert_int_equal(pg_url_complete(str_of(cases[i].url), &conninfo, &err), OK);
        assert_string_equal(conninfo, cases[i].completed);
        mem_free(conninfo);
    }
}

static void settings_of_the_url_are_kept(void **state)
{
    static const char url[] =
        "postgresql://host/db?keepalives_idle=1&connect_timeout=77&client_encoding=auto"
        "&application_name=x%20y&tcp_user_timeout=0&keepalives_count=9&keepalives_interval=2";
    struct err err = {0};
    char *conninfo = NULL;

    (void)state;
    assert_int_equal(pg_url_complete(str_of(url), &conninfo, &err), OK);
    assert_string_equal(conninfo, url);
    mem_free(conninfo);
}

static void url_that_cannot_be_read_is_refused_without_its_password(void **state)
{
    static const struct {
        const char *url, *why;
    } cases[] = {
        {"postgresql://u:secret%zz@host/db", "invalid percent-encoded token"},
        {"postgresql://u:secret%00@host/db", "forbidden value %00 in percent-encoded value"},
        {"postgresql://u:secret@[::1/db", "end of string reached when looking for matching \"]\" "
                                          "in IPv6 host address in URI"},
        {"postgresql://u:secret@host/db?sslmod=x", "invalid URI query parameter"},
        {"postgresql://u:secret@host/db?password", "missing key/value separator \"=\" in URI query "
                                                   "parameter"},
        /* a bare @ / : in the password "sec@ret" and the like */
        {"postgresql://u:sec@ret@host/db", "write @ : / ? # and % of a password as %40"},
        {"postgresql://u:sec/ret@host/db", "write @"},
        {"postgresql://u:sec?r@et@host/db", "write @"},
        {"postgresql://u:12/ret@host/db", "write @"},
        {"postgresql://u:se/cret", "write @"},
        {"postgresql://host:sec?user=u", "write @"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err = {0};
        char *conninfo = NULL;

        assert_int_equal(pg_url_complete(str_of(cases[i].url), &conninfo, &err), ERR_INVALID);
        assert_null(conninfo);
        if (!strstr(err.msg, cases[i].why))
            print_error("%s\n", err.msg);
        assert_non_null(strstr(err.msg, cases[i].why));
        assert_null(strstr(err.msg, "sec"));
        assert_null(strstr(err.msg, "ret"));
        assert_null(strstr(err.msg, "12"));
    }
}

static void url_past_all_measure_is_refused(void **state)
{
    AUTO(arena_closep) struct arena *mem = arena_open(1 << 20);
    char *text = arena_alloc(mem, 100000, 1), *conninfo = NULL;
    struct err err = {0};

    (void)state;
    memset(text, 'a', 100000);
    assert_int_equal(pg_url_complete((struct str){text, 100000}, &conninfo, &err), ERR_INVALID);
    assert_int_equal(pg_url_complete(S("postgresql://a\0b/db"), &conninfo, &err), ERR_INVALID);
    assert_null(conninfo);
}

static void lack_of_memory_is_told(void **state)
{
    struct err err = {0};
    char *conninfo = NULL;
    enum err_code code = ERR_NOMEM;

    (void)state;
    for (long n = 1; code == ERR_NOMEM; n++) {
        mem_fail_at(n);
        code = pg_url_complete(S("postgresql://host/db"), &conninfo, &err);
        mem_fail_at(0);
        assert_true(code == OK || (code == ERR_NOMEM && !conninfo));
        assert_true(n < 100);
    }
    mem_free(conninfo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_that_lack_are_added),
        cmocka_unit_test(settings_of_the_url_are_kept),
        cmocka_unit_test(url_that_cannot_be_read_is_refused_without_its_password),
        cmocka_unit_test(url_past_all_measure_is_refused),
        cmocka_unit_test(lack_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
