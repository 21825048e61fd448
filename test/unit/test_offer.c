#include "store_fixture.h"

#include "base/buf.h"
#include "store/label.h"
#include "store/offer.h"

static int64_t offer_file(struct fixture *f, struct tx *tx, int64_t account, int64_t package,
                          const char *version, const char *subdir, const char *type)
{
    struct release_row release;
    int64_t release_id, id;
    struct file_row row = {.account_id = account,
                           .package_id = package,
                           .type = str_of(type),
                           .subdir = str_of(subdir),
                           .filename = str_fmt(f->mem, "x-%s-0.conda", version),
                           .sha256 = digest_of(f->mem, 'a'),
                           .md5 = S("d41d8cd98f00b204e9800998ecf8427e"),
                           .record = S("{}"),
                           .run_exports = S("{}"),
                           .about = S("{}"),
                           .facts = S("{}"),
                           .description = S("")};

    if (release_find(tx, f->mem, package, str_of(version), &release, NULL) == OK)
        release_id = release.id;
    else
        must(f, release_insert(tx, package, str_of(version), S("{}"), 1, &release_id, &f->err));
    row.release_id = release_id;
    row.basename = row.name_key = str_fmt(f->mem, "%s/%s-x-%s-0.conda", subdir, type, version);
    must(f, file_insert(tx, &row, &id, &f->err));
    return id;
}

static void assert_offer(struct fixture *f, struct tx *tx, int64_t account, const char *label,
                         const char *type, const char *name, const char *expected)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    AUTO(buf_done) struct buf out = BUF_INIT(KIB);

    must(f, offer_query(tx, account, str_of(label), str_of(type), str_of(name), &rows, &f->err));
    while (rows_next(rows)) {
        buf_addz(&out, out.len ? ", " : "");
        buf_add(&out, rows_text(rows, OFFER_PACKAGE));
        buf_addc(&out, ' ');
        buf_add(&out, rows_text(rows, OFFER_ACCESS));
        buf_addc(&out, ' ');
        buf_add(&out, rows_text(rows, OFFER_VERSION));
        buf_addc(&out, ' ');
        buf_add(&out, rows_text(rows, OFFER_SUBDIR));
        assert_true(rows_int(rows, OFFER_PACKAGE_ID) > 0);
        assert_true(str_starts(rows_text(rows, OFFER_FILENAME), S("x-")));
    }
    must(f, rows_error(rows, &f->err));
    assert_str(buf_str(&out), expected);
}

static void a_package_is_found_in_the_channels_of_its_files(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob"), x, main_id, dev,
            file;

    must(f, package_insert(tx, alice, S("Xy"), ACCESS_PRIVATE, S(""), S("{}"), 1, &x, &f->err));
    must(f, label_ensure(tx, alice, S("main"), &main_id, &f->err));
    must(f, label_ensure(tx, alice, S("dev"), &dev, &f->err));
    file = offer_file(f, tx, alice, x, "2", "noarch", "conda");
    must(f, label_attach(tx, file, main_id, ACCESS_PUBLIC, &f->err));
    file = offer_file(f, tx, alice, x, "1", "win-64", "conda");
    must(f, label_attach(tx, file, main_id, ACCESS_PUBLIC, &f->err));
    file = offer_file(f, tx, alice, x, "1", "linux-64", "conda");
    must(f, label_attach(tx, file, main_id, ACCESS_PUBLIC, &f->err));
    file = offer_file(f, tx, alice, x, "3", "noarch", "conda");
    must(f, label_attach(tx, file, dev, ACCESS_PUBLIC, &f->err));
    file = offer_file(f, tx, alice, x, "4", "", "pypi");
    must(f, label_attach(tx, file, main_id, ACCESS_PUBLIC, &f->err));

    assert_offer(f, tx, alice, "main", "conda", "xY",
                 "Xy private 1 linux-64, Xy private 1 win-64, Xy private 2 noarch");
    assert_offer(f, tx, alice, "dev", "conda", "xy", "Xy private 3 noarch");
    assert_offer(f, tx, alice, "main", "pypi", "xy", "Xy private 4 ");
    assert_offer(f, tx, alice, "none", "conda", "xy", "");
    assert_offer(f, tx, alice, "main", "conda", "x", "");
    assert_offer(f, tx, bob, "main", "conda", "xy", "");
    tx_endp(&tx);
}

static void assert_projects(struct fixture *f, struct tx *tx, int64_t account, const char *label,
                            const char *project, const char *expected)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    AUTO(buf_done) struct buf out = BUF_INIT(KIB);

    must(f, offer_query_project(tx, account, str_of(label), str_of(project), &rows, &f->err));
    while (rows_next(rows)) {
        buf_addz(&out, out.len ? ", " : "");
        buf_add(&out, rows_text(rows, OFFER_PACKAGE));
        buf_addc(&out, ' ');
        buf_add(&out, rows_text(rows, OFFER_VERSION));
    }
    must(f, rows_error(rows, &f->err));
    assert_str(buf_str(&out), expected);
}

static void a_project_is_found_by_its_normal_name(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), one, two, label;

    must(f, package_insert(tx, alice, S("A.B"), ACCESS_PUBLIC, S(""), S("{}"), 1, &one, &f->err));
    must(f, package_insert(tx, alice, S("a-b-c"), ACCESS_PUBLIC, S(""), S("{}"), 1, &two, &f->err));
    must(f, label_ensure(tx, alice, S("main"), &label, &f->err));
    must(f, label_attach(tx, offer_file(f, tx, alice, one, "2", "a-b", "pypi"), label,
                         ACCESS_PUBLIC, &f->err));
    must(f, label_attach(tx, offer_file(f, tx, alice, one, "1", "a-b", "pypi"), label,
                         ACCESS_PUBLIC, &f->err));
    must(f, label_attach(tx, offer_file(f, tx, alice, two, "3", "a-b-c", "pypi"), label,
                         ACCESS_PUBLIC, &f->err));
    must(f, label_attach(tx, offer_file(f, tx, alice, two, "4", "a-b", "conda"), label,
                         ACCESS_PUBLIC, &f->err));
    assert_projects(f, tx, alice, "main", "a-b", "A.B 1, A.B 2");
    assert_projects(f, tx, alice, "main", "a-b-c", "a-b-c 3");
    assert_projects(f, tx, alice, "main", "a", "");
    assert_projects(f, tx, alice, "dev", "a-b", "");
    assert_projects(f, tx, alice + 1, "main", "a-b", "");
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(a_package_is_found_in_the_channels_of_its_files),
        WITH_DATABASE(a_project_is_found_by_its_normal_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
