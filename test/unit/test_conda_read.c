/* What all rows of a place put into its lists: each list in the order of its keys, of the packages
 * that a view shows, and each shard before its item. */
#include "channel_fixture.h"
#include "core_fixture.h"

#include "base/text.h"
#include "index/conda_lists.h"
#include "index/conda_read.h"

/* In byte order one name is before another that begins with it, whatever follows; files and
 * packages are in orders of their own. */
static const struct channel_file files[] = {
    {"b", "1", "0", "noarch", true, 5000},    {"a-b", "1", "0", "noarch", true, 4000},
    {"a", "1", "0", "noarch", false, 1000},   {"a", "1", "0", "noarch", true, 3000},
    {"a.c", "10", "0", "noarch", false, 700}, {"a_d", "2", "0", "noarch", true, 600},
    {"a", "2", "0", "linux-64", true, 6000},  {"a-b", "2", "0", "noarch", false, 4500},
    {"a", "3", "0", "noarch", true, 2000},    {"a-1", "1", "0", "noarch", true, 800},
};

static int setup(void **state)
{
    struct channels *f;

    if (channels_open(state))
        return -1;
    f = *state;
    for (size_t i = 0; i < COUNT(files); i++)
        (void)channel_add(f, &files[i]);
    channel_set_access(f, "a_d", ACCESS_AUTHENTICATED);
    channel_set_access(f, "a.c", ACCESS_PRIVATE);
    return 0;
}

/* What was handed on: keys and times of each list, one after another; and the package of each shard
 * whose item did not come yet. */
struct seen {
    struct buf lists[CONDA_LISTS];
    struct buf package;
    uint8_t sha256[SHA256_LEN];
    size_t shards, left; /* items and shards until one fails; SIZE_MAX: none does */
};

static void seen_init(struct seen *s)
{
    *s = (struct seen){.package = BUF_INIT(KIB), .left = SIZE_MAX};
    for (size_t i = 0; i < CONDA_LISTS; i++)
        s->lists[i] = BUF_INIT(64 * KIB);
}

static void seen_done(struct seen *s)
{
    for (size_t i = 0; i < CONDA_LISTS; i++)
        buf_done(&s->lists[i]);
    buf_done(&s->package);
}

static enum err_code see_item(void *seen, enum conda_list list, const struct chunk_item *item,
                              struct err *err)
{
    struct seen *s = seen;

    if (s->left-- == 0)
        return fail(err, ERR_CONFLICT, "enough");
    assert_true(item->text.len > 0);
    buf_addf(&s->lists[list], " " STR_FMT "@%d", STR_ARG(item->key), (int)item->ms);
    if (list == CONDA_SHARDS) {
        /* It is the one that the last shard is of, and says its digest. */
        assert_true(str_eq(buf_str(&s->package), item->key));
        assert_true(str_ends(item->text, (struct str){(const char *)s->sha256, SHA256_LEN}));
        buf_clear(&s->package);
    }
    return OK;
}

static enum err_code see_shard(void *seen, const struct conda_shard *shard, struct err *err)
{
    struct seen *s = seen;
    char hex[SHA256_HEX + 1], is[SHA256_HEX + 1];

    if (s->left-- == 0)
        return fail(err, ERR_CONFLICT, "enough");
    assert_int_equal(s->package.len, 0); /* the item of the one before came */
    buf_add(&s->package, shard->package);
    memcpy(s->sha256, shard->sha256, SHA256_LEN);
    text_hex(shard->sha256, SHA256_LEN, hex);
    digest_sha256_hex(shard->bytes, is);
    assert_string_equal(hex, is);
    s->shards++;
    return OK;
}

static enum err_code try_read(struct channels *f, const char *subdir, enum access_level level,
                              struct seen *s)
{
    const struct conda_engine e = channel_engine(f, subdir);

    return conda_read(&e, level, (struct conda_item_sink){see_item, s},
                      (struct conda_shard_sink){see_shard, s}, &f->err);
}

/* What the lists of a place got, by number; NULL: nothing. */
static void assert_read(struct channels *f, const char *subdir, enum access_level level,
                        const char *const expected[CONDA_LISTS], size_t shards)
{
    AUTO(seen_done) struct seen s;

    seen_init(&s);
    must(f, try_read(f, subdir, level, &s));
    for (size_t i = 0; i < CONDA_LISTS; i++) {
        assert_true(buf_ok(&s.lists[i]));
        assert_str(buf_str(&s.lists[i]), expected[i] ? expected[i] : "");
    }
    assert_int_equal(s.shards, shards);
    assert_int_equal(s.package.len, 0);
}

static void a_subdir_is_read_in_the_order_of_keys(void **state)
{
    static const char *const expected[CONDA_LISTS] = {
        [CONDA_PACKAGES] = " a-1-0.tar.bz2@1000 a-b-2-0.tar.bz2@4500 a.c-10-0.tar.bz2@700",
        [CONDA_PACKAGES_CONDA] = " a-1-0.conda@3000 a-1-1-0.conda@800 a-3-0.conda@2000 "
                                 "a-b-1-0.conda@4000 a_d-2-0.conda@600 b-1-0.conda@5000",
        [CONDA_EXPORTS] = " a-1-0.tar.bz2@1000 a-b-2-0.tar.bz2@4500 a.c-10-0.tar.bz2@700",
        [CONDA_EXPORTS_CONDA] = " a-1-0.conda@3000 a-1-1-0.conda@800 a-3-0.conda@2000 "
                                "a-b-1-0.conda@4000 a_d-2-0.conda@600 b-1-0.conda@5000",
        /* A package is as new as the newest of its files. */
        [CONDA_SHARDS] = " a@3000 a-1@800 a-b@4500 a.c@700 a_d@600 b@5000",
        [CONDA_PAGE] = " a-1-0.conda@3000 a-1-0.tar.bz2@1000 a-1-1-0.conda@800 a-3-0.conda@2000 "
                       "a-b-1-0.conda@4000 "
                       "a-b-2-0.tar.bz2@4500 a.c-10-0.tar.bz2@700 a_d-2-0.conda@600 "
                       "b-1-0.conda@5000",
    };

    assert_read(*state, "noarch", ACCESS_PRIVATE, expected, 6);
}

static void a_channel_is_read_by_package_over_all_subdirs(void **state)
{
    static const char *const expected[CONDA_LISTS] = {
        [CONDA_CHANNELDATA] = " a@6000 a-1@800 a-b@4500 a.c@700 a_d@600 b@5000",
        [CONDA_CHANNEL_PAGE] = " a@6000 a-1@800 a-b@4500 a.c@700 a_d@600 b@5000",
    };

    assert_read(*state, "", ACCESS_PRIVATE, expected, 0);
}

static void a_view_reads_what_it_shows(void **state)
{
    static const char *const everybody[CONDA_LISTS] = {
        [CONDA_PACKAGES] = " a-1-0.tar.bz2@1000 a-b-2-0.tar.bz2@4500",
        [CONDA_PACKAGES_CONDA] = " a-1-0.conda@3000 a-1-1-0.conda@800 a-3-0.conda@2000 "
                                 "a-b-1-0.conda@4000 b-1-0.conda@5000",
        [CONDA_EXPORTS] = " a-1-0.tar.bz2@1000 a-b-2-0.tar.bz2@4500",
        [CONDA_EXPORTS_CONDA] = " a-1-0.conda@3000 a-1-1-0.conda@800 a-3-0.conda@2000 "
                                "a-b-1-0.conda@4000 b-1-0.conda@5000",
        [CONDA_SHARDS] = " a@3000 a-1@800 a-b@4500 b@5000",
        [CONDA_PAGE] = " a-1-0.conda@3000 a-1-0.tar.bz2@1000 a-1-1-0.conda@800 a-3-0.conda@2000 "
                       "a-b-1-0.conda@4000 "
                       "a-b-2-0.tar.bz2@4500 b-1-0.conda@5000",
    };
    static const char *const signed_in[CONDA_LISTS] = {
        [CONDA_CHANNELDATA] = " a@6000 a-1@800 a-b@4500 a_d@600 b@5000",
        [CONDA_CHANNEL_PAGE] = " a@6000 a-1@800 a-b@4500 a_d@600 b@5000",
    };
    static const char *const hidden[CONDA_LISTS] = {NULL};
    struct channels *f = *state;

    assert_read(f, "noarch", ACCESS_PUBLIC, everybody, 4);
    assert_read(f, "", ACCESS_AUTHENTICATED, signed_in, 0);
    channel_set_access(f, "a", ACCESS_PRIVATE);
    assert_read(f, "linux-64", ACCESS_AUTHENTICATED, hidden, 0);
}

static void where_there_is_no_file_nothing_is_read(void **state)
{
    static const char *const nothing[CONDA_LISTS] = {NULL};
    struct channels *f = *state;

    assert_read(f, "osx-64", ACCESS_PRIVATE, nothing, 0);
    f->ch.label = S("dev");
    assert_read(f, "noarch", ACCESS_PRIVATE, nothing, 0);
    assert_read(f, "", ACCESS_PRIVATE, nothing, 0);
}

/* Wherever it comes: none is called again, and its failure is that of the reading. */
static void a_sink_that_fails_ends_the_reading(void **state)
{
    static const struct {
        const char *subdir;
        size_t calls;
    } places[] = {{"noarch", 9 * 3 + 6 * 2}, {"", 6 * 2}};
    struct channels *f = *state;

    for (size_t i = 0; i < COUNT(places); i++)
        for (size_t n = 0; n <= places[i].calls; n++) {
            AUTO(seen_done) struct seen s;
            enum err_code code;

            seen_init(&s);
            s.left = n;
            f->err = (struct err){0};
            code = try_read(f, places[i].subdir, ACCESS_PRIVATE, &s);
            if (n == places[i].calls) {
                assert_int_equal(code, OK);
                assert_int_equal(s.left, 0);
                continue;
            }
            assert_int_equal(code, ERR_CONFLICT);
            assert_string_equal(f->err.msg, "enough");
            assert_true(s.left == SIZE_MAX);
        }
}

/* One that is damaged ends it, too. */
static void a_row_that_cannot_be_read_is_told(void **state)
{
    static const char *const places[] = {"noarch", ""};
    struct channels *f = *state;

    channel_run(f, "UPDATE file SET record = 'no record' WHERE filename = 'a_d-2-0.conda'");
    for (size_t i = 0; i < COUNT(places); i++) {
        AUTO(seen_done) struct seen s;

        seen_init(&s);
        assert_int_equal(try_read(f, places[i], ACCESS_PRIVATE, &s), ERR_INVALID);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, channels_close)
    const struct CMUnitTest tests[] = {
        TEST(a_subdir_is_read_in_the_order_of_keys),
        TEST(a_channel_is_read_by_package_over_all_subdirs),
        TEST(a_view_reads_what_it_shows),
        TEST(where_there_is_no_file_nothing_is_read),
        TEST(a_sink_that_fails_ends_the_reading),
        TEST(a_row_that_cannot_be_read_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
