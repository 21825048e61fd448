#include "store_fixture.h"

static void all_files_with_statements_are_listed(void **state)
{
    static const struct {
        const char *file, *first;
    } expected[] = {
        {"account", "account_by_login"},
        {"audit", "audit_insert"},
        {"copy", "copy_read_account"},
        {"credential", "session_insert"},
        {"download", "download_add_package_day"},
        {"favorite", "favorite_put"},
        {"file", "file_insert"},
        {"generation", "generation_newest"},
        {"grant", "grant_list"},
        {"group", "group_find"},
        {"index_doc", "index_doc_find"},
        {"index_list", "index_list_find"},
        {"label", "label_add"},
        {"job", "job_create"},
        {"mail", "mail_insert"},
        {"mark", "mark_find"},
        {"migrate", "schema_version_newest"},
        {"node", "node_list"},
        {"notice", "notice_insert"},
        {"notification", "notification_insert"},
        {"offer", "offer_of_package"},
        {"package", "package_find"},
        {"retention", "retention_of_account"},
        {"search", "search_facts"},
        {"search_find", "search_in_level_1"},
        {"session", "session_list"},
        {"space", "space_add_blob"},
        {"survey", "survey_named"},
        {"told", "told_put"},
        {"transfer", "transfer_insert"},
        {"trash", "trash_insert"},
        {"upload", "upload_insert"},
    };
    size_t n = 0;

    (void)state;
    for (; all_statements[n]; n++) {
        assert_true(n < COUNT(expected));
        assert_string_equal(all_statements[n]->stmts[0].name, expected[n].first);
    }
    assert_int_equal(n, COUNT(expected));
}

static void each_statement_has_a_name_of_its_own_and_a_valid_signature(void **state)
{
    const struct stmt *seen[1024];
    size_t count = 0;

    (void)state;
    for (size_t l = 0; all_statements[l]; l++)
        for (size_t i = 0; i < all_statements[l]->count; i++) {
            const struct stmt *s = &all_statements[l]->stmts[i];

            assert_non_null(s->name);
            assert_int_equal(strspn(s->params, "itbITB"), strlen(s->params));
            assert_int_equal(strspn(s->cols, "itbITB"), strlen(s->cols));
            for (size_t k = 0; k < count; k++)
                assert_string_not_equal(seen[k]->name, s->name);
            assert_true(count < COUNT(seen));
            seen[count++] = s;
        }
    assert_true(count > 60);
}

/* What db_open does too; here each failure is named. */
static void each_statement_fits_the_engine(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_READ);

    for (size_t l = 0; all_statements[l]; l++)
        for (size_t i = 0; i < all_statements[l]->count; i++)
            must(f, f->db->engine->check(tx, &all_statements[l]->stmts[i], &f->err));
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_files_with_statements_are_listed),
        cmocka_unit_test(each_statement_has_a_name_of_its_own_and_a_valid_signature),
        WITH_DATABASE(each_statement_fits_the_engine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
