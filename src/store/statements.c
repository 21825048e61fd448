/* statements.c: every statement of the program, so that all can be checked against an engine. */
#include "store/statements.h"

/* clang-format off */
const struct stmt_list *const all_statements[] = {
    &account_statements,
    &audit_statements,
    &copy_statements,
    &credential_statements,
    &download_statements,
    &favorite_statements,
    &file_statements,
    &grant_statements,
    &group_statements,
    &index_doc_statements,
    &label_statements,
    &job_statements,
    &mail_statements,
    &mark_statements,
    &migrate_statements,
    &node_statements,
    &notice_statements,
    &notification_statements,
    &offer_statements,
    &package_statements,
    &retention_statements,
    &search_statements,
    &search_find_statements,
    &session_statements,
    &space_statements,
    &survey_statements,
    &told_statements,
    &transfer_statements,
    &trash_statements,
    &upload_statements,
    NULL,
};
/* clang-format on */
