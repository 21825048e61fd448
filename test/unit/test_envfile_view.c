#include "unit.h"

#include "base/limits.h"
#include "format/envfile_view.h"

static void everything_is_listed(void **state)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    struct envfile f;

    (void)state;
    assert_int_equal(envfile_parse(mem, S("environment.yml"),
                                   S("name: n\nchannels: [c]\nprefix: /p\nvariables: {K: v}\n"
                                     "platforms: [noarch]\nother: 1\ndependencies:\n- a::b >=1\n"
                                     "- https://h/c/noarch/d-1-0.conda\n- sel(win): e\n"
                                     "- pip: [f @ https://h/f.whl]\n"),
                                   &f, NULL),
                     OK);
    envfile_view(&f, 10, &out);
    assert_str(buf_str(&out),
               "{\"format\":\"environment\",\"name\":\"n\",\"prefix\":\"/p\",\"channels\":[\"c\"],"
               "\"platforms\":[\"noarch\"],\"variables\":[\"K\"],"
               "\"notes\":[\"line 6: the key \\\"other\\\" is not read\"],\"conda\":3,\"pip\":1,"
               "\"entries\":["
               "{\"manager\":\"conda\",\"line\":8,\"name\":\"b\",\"spec\":\"b >=1\","
               "\"channel\":\"a\"},"
               "{\"manager\":\"conda\",\"line\":9,\"name\":\"d\","
               "\"spec\":\"https://h/c/noarch/d-1-0.conda\",\"channel\":\"https://h/c\","
               "\"version\":\"1\",\"build\":\"0\",\"locked\":true,\"platform\":\"noarch\"},"
               "{\"manager\":\"conda\",\"line\":10,\"name\":\"e\",\"spec\":\"e\","
               "\"platform\":\"win\"},"
               "{\"manager\":\"pip\",\"line\":11,\"name\":\"f\",\"spec\":\"f @ https://h/f.whl\","
               "\"url\":\"https://h/f.whl\"}]}");
}

static void long_lists_are_cut(void **state)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    struct envfile f;

    (void)state;
    assert_int_equal(envfile_parse(mem, S("x.txt"), S("a\nb\nc\n"), &f, NULL), OK);
    envfile_view(&f, 1, &out);
    assert_str(buf_str(&out),
               "{\"format\":\"specs\",\"channels\":[],\"platforms\":[],\"variables\":[],"
               "\"notes\":[],\"conda\":3,\"pip\":0,\"entries\":[{\"manager\":\"conda\",\"line\":1,"
               "\"name\":\"a\",\"spec\":\"a\"}],\"left_out\":2}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_listed),
        cmocka_unit_test(long_lists_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
