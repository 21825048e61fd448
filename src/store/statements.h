/* statements.h: the statements of each file of store/. Internal to store/. */
#ifndef STORE_STATEMENTS_H
#define STORE_STATEMENTS_H
#include "store/db.h"

extern const struct stmt_list account_statements;
extern const struct stmt_list audit_statements;
extern const struct stmt_list copy_statements;
extern const struct stmt_list credential_statements;
extern const struct stmt_list download_statements;
extern const struct stmt_list favorite_statements;
extern const struct stmt_list file_statements;
extern const struct stmt_list generation_statements;
extern const struct stmt_list grant_statements;
extern const struct stmt_list group_statements;
extern const struct stmt_list index_doc_statements;
extern const struct stmt_list index_list_statements;
extern const struct stmt_list label_statements;
extern const struct stmt_list job_statements;
extern const struct stmt_list mail_statements;
extern const struct stmt_list mark_statements;
extern const struct stmt_list migrate_statements;
extern const struct stmt_list node_statements;
extern const struct stmt_list notice_statements;
extern const struct stmt_list notification_statements;
extern const struct stmt_list offer_statements;
extern const struct stmt_list package_statements;
extern const struct stmt_list retention_statements;
extern const struct stmt_list search_statements;
extern const struct stmt_list search_find_statements;
extern const struct stmt_list session_statements;
extern const struct stmt_list space_statements;
extern const struct stmt_list survey_statements;
extern const struct stmt_list told_statements;
extern const struct stmt_list transfer_statements;
extern const struct stmt_list trash_statements;
extern const struct stmt_list upload_statements;

#endif
