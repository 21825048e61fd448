/* Settings: where their values come from, which one wins, and what is refused. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "cli_run.h"
#include "config.h"

#define HINT "; \"terrarium config --example\" lists all"

struct fixture {
    struct arena *mem;
    char *folder;
    struct config config;
    const struct config_origins *origins;
    struct err err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    f->mem = arena_open(MIB);
    f->folder = temp_folder();
    *state = f;
    return f->mem ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    arena_close(f->mem);
    temp_folder_remove(f->folder);
    free(f);
    return 0;
}

static enum err_code load(struct fixture *f, const char *file, const struct config_flag *flags,
                          size_t count)
{
    return config_load(f->mem, str_of(file), flags, count, &f->config, &f->origins, &f->err);
}

static enum err_code load_flag(struct fixture *f, const char *name, const char *value)
{
    struct config_flag flag = {str_of(name), str_of(value)};

    return load(f, "", &flag, 1);
}

/* Writes a file into the fixture's folder; returns its path. */
static const char *write_file(struct fixture *f, const char *name, const char *text)
{
    const char *path = str_fmt(f->mem, "%s/%s", f->folder, name).ptr;

    assert_non_null(path);
    assert_int_equal(fs_write_durable(path, str_of(text), &f->err), OK);
    return path;
}

static void defaults_are_those_of_the_header(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(load(f, "", NULL, 0), OK);
    assert_str(f->config.data, "data");
    assert_str(f->config.db, "");
    assert_str(f->config.blobs, "");
    assert_str(f->config.node, "");
    assert_str(f->config.listen, "127.0.0.1:8080");
    assert_str(f->config.public_url, "");
    assert_int_equal(f->config.log_level, LOG_INFO);
    assert_int_equal(f->config.threads, 0);
    assert_int_equal(f->config.workers, 8);
    assert_int_equal(f->config.connections_max, 4096);
    assert_int_equal(f->config.header_seconds, 15);
    assert_int_equal(f->config.idle_seconds, 75);
    assert_int_equal(f->config.min_rate, 512);
    assert_int_equal(f->config.shutdown_seconds, 20);
    assert_int_equal(f->config.db_connections, 24);
    assert_int_equal(f->config.statement_seconds, 60);
    assert_str(f->config.s3_endpoint, "");
    assert_str(f->config.s3_public_endpoint, "");
    assert_str(f->config.s3_region, "us-east-1");
    assert_str(f->config.s3_key_id, "");
    assert_str(f->config.s3_secret, "");
    assert_str(f->config.s3_session_token, "");
    assert_true(f->config.s3_path_style);
    assert_false(f->config.s3_delivery);
    assert_int_equal(f->config.s3_link_seconds, 300);
    assert_int_equal(f->config.cache_max, 10 * (int64_t)GIB);
    assert_int_equal(f->config.upload_max, 20 * (int64_t)GIB);
    assert_int_equal(f->config.upload_hours, 24);
    assert_str(f->config.default_access, "public");
    assert_true(f->config.registration);
    assert_int_equal(f->config.password_min, 8);
    assert_str(f->config.terms_version, "1");
    assert_int_equal(f->config.session_days, 14);
    assert_int_equal(f->config.token_days, 365);
    assert_int_equal(f->config.index_max_age, 0);
    assert_true(f->config.reuse_removed_names);
    assert_int_equal(f->config.trash_days, 30);
    assert_int_equal(f->config.history_days, 7);
    assert_int_equal(f->config.quota, 0);
}

static void a_file_wins_over_defaults_the_environment_over_it_and_flags_over_all(void **state)
{
    struct fixture *f = *state;
    const char *path = write_file(f, "a.conf",
                                  "workers = 2\nthreads = 2\n\n"
                                  "# a comment\n  idle_seconds =  2  \r\n");
    struct config_flag flag = {S("threads"), S("4")};
    AUTO(buf_done) struct buf b = BUF_INIT(64 * KIB);

    assert_int_equal(setenv("TERRARIUM_WORKERS", "3", 1), 0);
    assert_int_equal(setenv("TERRARIUM_THREADS", "3", 1), 0);
    assert_int_equal(load(f, path, &flag, 1), OK);
    assert_int_equal(unsetenv("TERRARIUM_WORKERS"), 0);
    assert_int_equal(unsetenv("TERRARIUM_THREADS"), 0);
    assert_int_equal(f->config.idle_seconds, 2);
    assert_int_equal(f->config.workers, 3);
    assert_int_equal(f->config.threads, 4);

    config_print(&f->config, f->origins, &b);
    buf_addc(&b, '\0');
    assert_true(buf_ok(&b));
    assert_non_null(strstr(b.ptr, "threads = 4    # flag --threads\n"));
    assert_non_null(strstr(b.ptr, "workers = 3    # environment TERRARIUM_WORKERS\n"));
    assert_non_null(strstr(b.ptr, "token_days = 365    # default\n"));
    assert_non_null(strstr(b.ptr, str_fmt(f->mem, "idle_seconds = 2    # %s:5\n", path).ptr));
}

static void the_file_in_the_data_folder_is_found(void **state)
{
    struct fixture *f = *state;

    (void)write_file(f, "terrarium.conf", "token-days = 30\nupload_max = 5M\n");
    assert_int_equal(load_flag(f, "data", f->folder), OK);
    assert_int_equal(f->config.token_days, 30);
    assert_int_equal(f->config.upload_max, 5 * MIB);
    assert_str(f->config.data, f->folder);
}

static void a_file_cannot_move_the_data_folder_that_it_lies_in(void **state)
{
    struct fixture *f = *state;

    (void)write_file(f, "terrarium.conf", "data = /elsewhere\n");
    assert_int_equal(load_flag(f, "data", f->folder), ERR_INVALID);
    assert_non_null(strstr(f->err.msg, "/terrarium.conf:1: data is the folder"));
}

static void a_named_file_may_set_the_data_folder(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(load(f, write_file(f, "b.conf", "data = /srv/t\n"), NULL, 0), OK);
    assert_str(f->config.data, "/srv/t");
}

static void a_long_data_folder_is_not_cut(void **state)
{
    struct fixture *f = *state;
    char name[301], file[340];

    memset(name, 'x', 300);
    name[300] = '\0';
    (void)snprintf(file, sizeof(file), "data = /%s\n", name);
    assert_int_equal(load(f, write_file(f, "c.conf", file), NULL, 0), OK);
    assert_int_equal(f->config.data.len, 301);
}

static void a_missing_named_file_is_refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(load(f, "/nonexistent/t.conf", NULL, 0), ERR_INVALID);
    assert_string_equal(f->err.msg, "there is no configuration file \"/nonexistent/t.conf\"");
}

static void an_unknown_name_is_refused_with_its_origin(void **state)
{
    struct fixture *f = *state;
    const char *path = write_file(f, "d.conf", "\n\nlistn = 1\n");

    assert_int_equal(load(f, path, NULL, 0), ERR_INVALID);
    assert_string_equal(f->err.msg,
                        str_fmt(f->mem, "%s:3: there is no setting \"listn\"" HINT, path).ptr);
    assert_int_equal(load_flag(f, "listn", "1"), ERR_INVALID);
    assert_string_equal(f->err.msg, "flag --listn: there is no setting \"listn\"" HINT);
    assert_int_equal(setenv("TERRARIUM_LISTN", "1", 1), 0);
    assert_int_equal(load(f, "", NULL, 0), ERR_INVALID);
    assert_int_equal(unsetenv("TERRARIUM_LISTN"), 0);
    assert_string_equal(f->err.msg,
                        "environment TERRARIUM_LISTN: there is no setting \"LISTN\"" HINT);
}

static void a_line_without_equals_sign_is_refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(load(f, write_file(f, "e.conf", "workers 3\n"), NULL, 0), ERR_INVALID);
    assert_non_null(strstr(f->err.msg, "e.conf:1: \"workers 3\" is not \"name = value\""));
}

static void variables_of_container_platforms_are_not_settings(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(setenv("TERRARIUM_PORT", "tcp://10.0.0.1:80", 1), 0);
    assert_int_equal(setenv("TERRARIUM_SERVICE_HOST", "10.0.0.1", 1), 0);
    assert_int_equal(load(f, "", NULL, 0), OK);
    assert_int_equal(unsetenv("TERRARIUM_PORT"), 0);
    assert_int_equal(unsetenv("TERRARIUM_SERVICE_HOST"), 0);
}

static void sizes_take_a_unit(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } good[] = {{"1024", 1024},
                {"64K", 65536},
                {"5M", 5 * (int64_t)MIB},
                {"20G", 20 * (int64_t)GIB},
                {"1024T", 1024 * 1024 * (int64_t)GIB}};
    static const char *const bad[] = {"",    "G",    "20g",  "20GB",  "1.5G",
                                      "-1K", "1023", "20 G", "1025T", "99999999999999999999"};
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT(good); i++) {
        assert_int_equal(load_flag(f, "upload-max", good[i].text), OK);
        assert_int_equal(f->config.upload_max, good[i].bytes);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(load_flag(f, "upload-max", bad[i]), ERR_INVALID);
    assert_string_equal(
        f->err.msg, "flag --upload-max: upload_max cannot be \"99999999999999999999\": it takes "
                    "a size from 1K to 1024T, as 512, 64K, 20G");
}

static void values_outside_their_range_or_type_are_refused(void **state)
{
    static const struct {
        const char *name, *value;
    } bad[] = {{"password-min", "6"},
               {"workers", "0"},
               {"workers", "257"},
               {"workers", "two"},
               {"threads", "-1"},
               {"listen", "8080"},
               {"listen", ":8080"},
               {"listen", "127.0.0.1:65536"},
               {"listen", "http://x:80"},
               {"public-url", "packages.example.org"},
               {"public-url", "https://"},
               {"public-url", "https:///x"},
               {"public-url", "https://x/"},
               {"public-url", "https://x?y"},
               {"public-url", "https://a b"},
               {"log-level", "loud"},
               {"registration", "yes"},
               {"default-access", ""},
               {"default-access", "publi"},
               {"default-access", "Private"},
               {"default-access", "public|private"},
               {"reuse-removed-names", "open"},
               {"trusted-proxies", "10.0.0.0/33"},
               {"trusted-proxies", "127.0.0.1; 10.0.0.1"},
               {"trusted-proxies", "localhost"},
               {"sign-in-rate", "10"},
               {"sign-in-rate", "10/week"},
               {"sign-in-rate", "-1/minute"},
               {"token-rate", "60001/minute"},
               {"db", "mysql://u:p@h/d"},
               {"db", "/var/lib/x.db"},
               {"s3-endpoint", "s3.example.org"},
               {"s3-region", ""},
               {"s3-path-style", "yes"},
               {"s3-delivery", "both"},
               {"s3-link-seconds", "604801"},
               {"data", ""},
               {"data", "a\nb"},
               {"terms-version", "\xff"}};
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(load_flag(f, bad[i].name, bad[i].value), ERR_INVALID);
    assert_int_equal(load_flag(f, "registration", "maybe"), ERR_INVALID);
    assert_string_equal(f->err.msg, "flag --registration: registration cannot be \"maybe\": it "
                                    "takes open or closed");
    assert_int_equal(load_flag(f, "workers", "9999"), ERR_INVALID);
    assert_string_equal(f->err.msg, "flag --workers: workers cannot be \"9999\": it takes a number "
                                    "from 1 to 256");
}

static void an_access_is_one_of_three_words(void **state)
{
    static const char *const words[] = {"public", "authenticated", "private"};
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT(words); i++) {
        assert_int_equal(load_flag(f, "default-access", words[i]), OK);
        assert_str(f->config.default_access, words[i]);
    }
    assert_int_equal(load_flag(f, "default-access", "secret"), ERR_INVALID);
    assert_string_equal(f->err.msg, "flag --default-access: default_access cannot be \"secret\": "
                                    "it takes one of public|authenticated|private");
}

static void values_at_the_edges_are_taken(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(load_flag(f, "password-min", "7"), OK);
    assert_int_equal(load_flag(f, "workers", "256"), OK);
    assert_int_equal(f->config.workers, 256);
    assert_int_equal(load_flag(f, "listen", "[::1]:0"), OK);
    assert_int_equal(load_flag(f, "public-url", "http://x/base"), OK);
    assert_int_equal(load_flag(f, "log-level", "debug"), OK);
    assert_int_equal(f->config.log_level, LOG_DEBUG);
    assert_int_equal(load_flag(f, "registration", "closed"), OK);
    assert_false(f->config.registration);
    assert_int_equal(load_flag(f, "reuse_removed_names", "no"), OK);
    assert_false(f->config.reuse_removed_names);
}

static void secrets_are_never_printed(void **state)
{
    struct fixture *f = *state;
    const char *path = write_file(f, "s.conf",
                                  "db = postgresql://u:hidden1@h/d\n"
                                  "s3_secret = hidden2\ns3_session_token = hidden3\n");
    AUTO(buf_done) struct buf b = BUF_INIT(64 * KIB);

    assert_int_equal(load(f, path, NULL, 0), OK);
    assert_str(f->config.s3_secret, "hidden2");
    config_print(&f->config, f->origins, &b);
    buf_addc(&b, '\0');
    assert_null(strstr(b.ptr, "hidden"));
    assert_non_null(strstr(b.ptr, "\ndb = postgresql://u:***@h/d    # "));
    assert_non_null(strstr(b.ptr, "\ns3_secret = ***    # "));
    assert_int_equal(load_flag(f, "db", "mysql://u:hidden@h/d"), ERR_INVALID);
    assert_string_equal(f->err.msg,
                        "flag --db: db cannot be \"mysql://u:***@h/d\": it takes nothing, or "
                        "postgresql://[user[:password]@]host[:port]/database");
    assert_int_equal(load_flag(f, "s3-secret", "hidden\n"), ERR_INVALID);
    assert_null(strstr(f->err.msg, "hidden"));
}

/* The example says each default: taken whole, with its lines made active, it changes nothing. */
static void the_example_file_holds_the_defaults(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_done) struct buf example = BUF_INIT(64 * KIB);
    AUTO(buf_done) struct buf active = BUF_INIT(64 * KIB);
    struct str rest, line;
    struct config before;
    size_t count = 0;

    assert_int_equal(load(f, "", NULL, 0), OK);
    before = f->config;
    config_print_example(&example);
    assert_true(buf_ok(&example));
    rest = buf_str(&example);
    while (str_next(&rest, '\n', &line)) {
        struct str name, value = str_from(line, 2);

        if (!str_starts(line, S("# ")) || !str_cut(&value, '=', &name) ||
            str_has(str_trim(name), ' '))
            continue;
        buf_add(&active, str_from(line, 2));
        buf_addc(&active, '\n');
        count++;
    }
    assert_int_equal(count, 48);
    buf_addc(&active, '\0');
    assert_int_equal(load(f, write_file(f, "f.conf", active.ptr), NULL, 0), OK);
    assert_str(f->config.listen, "127.0.0.1:8080");
    assert_int_equal(f->config.upload_max, before.upload_max);
    assert_int_equal(f->config.token_days, before.token_days);
}

static void every_setting_has_a_help_line(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(64 * KIB);
    size_t lines = 0;

    (void)state;
    config_print_flags(&b);
    for (size_t i = 0; i < b.len; i++)
        lines += b.ptr[i] == '\n';
    buf_addc(&b, '\0');
    assert_int_equal(lines, 48);
    assert_non_null(strstr(b.ptr, "  --upload-max SIZE               largest file that is accepted "
                                  "(20G)\n"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(secrets_are_never_printed),
        CASE(defaults_are_those_of_the_header),
        CASE(a_file_wins_over_defaults_the_environment_over_it_and_flags_over_all),
        CASE(the_file_in_the_data_folder_is_found),
        CASE(a_file_cannot_move_the_data_folder_that_it_lies_in),
        CASE(a_named_file_may_set_the_data_folder),
        CASE(a_long_data_folder_is_not_cut),
        CASE(a_missing_named_file_is_refused),
        CASE(an_unknown_name_is_refused_with_its_origin),
        CASE(a_line_without_equals_sign_is_refused),
        CASE(variables_of_container_platforms_are_not_settings),
        CASE(sizes_take_a_unit),
        CASE(values_outside_their_range_or_type_are_refused),
        CASE(an_access_is_one_of_three_words),
        CASE(values_at_the_edges_are_taken),
        CASE(the_example_file_holds_the_defaults),
        CASE(every_setting_has_a_help_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
