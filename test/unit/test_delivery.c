/* What all trees of files answer alike; their contents are for the tests of each. */
#include "web_fixture.h"

#include "web/delivery.h"

static struct call call_of(struct site *s, enum credential credential)
{
    return (struct call){
        .web = s->web, .app = &s->core->app, .mem = s->core->mem, .credential = credential};
}

static void caching_follows_who_may_see_it(void **state)
{
    struct site *s = *state;
    struct call token = call_of(s, CRED_TOKEN), session = call_of(s, CRED_SESSION);

    assert_str(delivery_cache_control(&token, ACCESS_PUBLIC, 60),
               "public, max-age=60, must-revalidate");
    assert_str(delivery_cache_control(&token, ACCESS_AUTHENTICATED, 60), "max-age=60");
    assert_str(delivery_cache_control(&token, ACCESS_PRIVATE, 0), "max-age=0");
    assert_str(delivery_cache_control(&session, ACCESS_PRIVATE, 60), "private, max-age=60");
}

static void a_channel_is_there_for_who_sees_a_file_in_it(void **state)
{
    struct site *s = *state;
    struct core *f = s->core;
    struct call c = call_of(s, CRED_NONE);
    struct channel ch = {0};
    AUTO(tx_endp) struct tx *tx = NULL;

    (void)core_user(f, "alice");
    c.path.seg[1] = S("alice");
    c.path.count = 2;
    must(f, tx_begin(f->app.db, TX_READ, &tx, &f->err));
    must(f, delivery_channel(&c, tx, S("alice"), S("main"), &ch, &f->err));
    assert_str(ch.owner, "alice");
    assert_str(ch.label, "main");
    assert_int_equal(delivery_channel(&c, tx, S("alice"), S("dev"), &ch, NULL), ERR_NOT_FOUND);
    c.path.seg[1] = S("bob");
    assert_int_equal(delivery_channel(&c, tx, S("bob"), S("main"), &ch, NULL), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SITE(caching_follows_who_may_see_it),
        WITH_SITE(a_channel_is_there_for_who_sees_a_file_in_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
