/* The store and the rows side by side. */
#include "core_fixture.h"

#include "blob/blob.h"
#include "core/inventory.h"

/* Texts whose digests all begin with 2c: found by trying. */
static struct str text_of(struct core *f, unsigned part, unsigned nth)
{
    char sha256[SHA256_HEX + 1], digits[3];

    (void)snprintf(digits, sizeof digits, "%02x", part);
    for (unsigned i = 0;; i++) {
        struct str text = str_fmt(f->mem, "%u", i);

        digest_sha256_hex(text, sha256);
        if (memcmp(sha256, digits, 2) == 0 && nth-- == 0)
            return text;
    }
}

static struct str put(struct core *f, struct str text)
{
    struct blob_id id;

    must(f, blob_put(f->app.blobs, text, &id, &f->err));
    return str_dup(f->mem, str_of(id.sha256));
}

/* A row that names these bytes. */
static void name(struct core *f, struct str sha256)
{
    static const struct stmt garbage = {
        "name_blob", "INSERT INTO index_garbage (sha256, retired_ms) VALUES ($1, 1)", "t", ""};
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_WRITE);

    must(f, db_exec(tx, &garbage, DB_ARGS(db_text(sha256)), NULL, &f->err));
    must(f, tx_commit(&tx, &f->err));
}

static void an_empty_site_holds_nothing(void **state)
{
    struct core *f = *state;
    struct inventory inv;
    struct holding h;

    for (unsigned part = 0; part < INVENTORY_PARTS; part++) {
        must(f, inventory_take(&f->app, f->mem, part, &inv, &f->err));
        assert_false(inventory_next(&inv, &h));
        assert_false(inventory_next(&inv, &h));
    }
}

static void stored_and_named_meet_in_order(void **state)
{
    struct core *f = *state;
    struct str digests[6];
    struct inventory inv;
    struct holding h;
    char last[SHA256_HEX + 1] = "";
    size_t n = 0;

    /* 0, 1: stored; 2, 3: both, 3 twice; 4, 5: named. */
    for (unsigned i = 0; i < COUNT(digests); i++) {
        struct str text = text_of(f, 0x2c, i);

        digests[i] = i < 4 ? put(f, text) : core_sha256(f, text);
        if (i >= 2)
            name(f, digests[i]);
    }
    name(f, digests[3]);
    (void)put(f, text_of(f, 0x2b, 0));
    (void)put(f, text_of(f, 0x2d, 0));
    name(f, core_sha256(f, text_of(f, 0x2d, 1)));
    must(f, inventory_take(&f->app, f->mem, 0x2c, &inv, &f->err));
    for (; inventory_next(&inv, &h); n++) {
        size_t i = 0;

        while (i < COUNT(digests) && !str_eq(digests[i], str_of(h.sha256)))
            i++;
        assert_true(i < COUNT(digests));
        assert_true(strcmp(last, h.sha256) < 0);
        memcpy(last, h.sha256, sizeof last);
        assert_int_equal(h.stored != NULL, i < 4);
        if (h.stored)
            assert_int_equal(h.stored->size, text_of(f, 0x2c, (unsigned)i).len);
        assert_int_equal(h.row_count, i < 2 ? 0 : i == 3 ? 2 : 1);
        for (size_t r = 0; r < h.row_count; r++)
            assert_string_equal(h.rows[r].sha256, h.sha256);
    }
    assert_int_equal(n, COUNT(digests));
}

static void many_blobs_are_listed(void **state)
{
    struct core *f = *state;
    struct inventory inv;
    struct holding h;
    size_t n = 0;

    for (unsigned i = 0; i < 150; i++) /* more than the list has room for at first */
        (void)put(f, text_of(f, 0xff, i));
    must(f, inventory_take(&f->app, f->mem, 0xff, &inv, &f->err));
    while (inventory_next(&inv, &h))
        n++;
    assert_int_equal(n, 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(an_empty_site_holds_nothing),
        WITH_CORE(stored_and_named_meet_in_order),
        WITH_CORE(many_blobs_are_listed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
