/* handlers.h: the handlers that the route table names, by the file they are in. Each sets
 * c->ex->response, or returns a failure that dispatch turns into the route's form of error. */
#ifndef WEB_HANDLERS_H
#define WEB_HANDLERS_H
#include "web/call.h"

#define HANDLER(name) enum err_code name(struct call *c, struct err *err) MUST_USE

/* health.c */
HANDLER(get_landing);
HANDLER(get_healthz);
HANDLER(get_readyz);
/* setup_page.c */
HANDLER(get_setup);
HANDLER(post_setup);
/* api_account.c */
HANDLER(post_account);
HANDLER(post_session);
HANDLER(get_session);
HANDLER(delete_session);
HANDLER(get_account);
HANDLER(patch_account);
/* anaconda_auth.c */
HANDLER(get_api_root);
HANDLER(get_authentication_type);
HANDLER(post_authentications);
HANDLER(get_authentications);
HANDLER(get_authentication);
HANDLER(delete_authentications);
HANDLER(delete_authentication_by_name);
HANDLER(get_organization_tokens);
HANDLER(delete_organization_token);
HANDLER(get_scopes);
HANDLER(get_user);
HANDLER(get_user_by_login);
HANDLER(get_user_orgs);
HANDLER(get_user_orgs_by_login);
/* anaconda_package.c */
HANDLER(get_package);
HANDLER(post_package);
HANDLER(patch_package);
HANDLER(delete_package);
HANDLER(get_own_packages);
HANDLER(get_packages);
HANDLER(get_release);
HANDLER(post_release);
HANDLER(patch_release);
HANDLER(delete_release);
HANDLER(get_dist);
HANDLER(delete_dist);
HANDLER(delete_dist_by_id);
HANDLER(get_download);
/* anaconda_label.c */
HANDLER(get_labels);
HANDLER(get_label);
HANDLER(post_label);
HANDLER(delete_label);
HANDLER(post_label_copy);
HANDLER(post_label_lock);
HANDLER(delete_label_lock);
/* anaconda_copy.c */
HANDLER(post_copy);
HANDLER(put_copy);
HANDLER(patch_copy);
/* anaconda_search.c */
HANDLER(get_anaconda_search);
/* anaconda_upload.c */
HANDLER(post_stage);
HANDLER(post_upload);
HANDLER(post_commit);
enum err_code open_upload(struct call *c, uint64_t *ret_body_max, struct err *err) MUST_USE;
enum err_code sink_upload(struct http_exchange *ex, struct str chunk, struct err *err) MUST_USE;
/* anaconda_group.c */
HANDLER(get_own_groups);
HANDLER(get_groups);
HANDLER(get_group);
HANDLER(post_group);
HANDLER(delete_group);
HANDLER(get_group_members);
HANDLER(get_group_member);
HANDLER(put_group_member);
HANDLER(delete_group_member);
HANDLER(get_group_packages);
HANDLER(put_group_package);
HANDLER(delete_group_package);
HANDLER(get_collaborators);
HANDLER(put_collaborator);
HANDLER(delete_collaborator);
/* anaconda_project.c */
HANDLER(get_projects);
HANDLER(post_projects);
HANDLER(post_project_stage);
HANDLER(post_project_commit);
HANDLER(post_project_commit_named);
/* intake.c */
enum err_code sink_intake(struct http_exchange *ex, struct str chunk, struct err *err) MUST_USE;
/* api_upload.c */
enum err_code open_form_upload(struct call *c, uint64_t *ret_body_max, struct err *err) MUST_USE;
enum err_code open_body_upload(struct call *c, uint64_t *ret_body_max, struct err *err) MUST_USE;
HANDLER(finish_upload);
/* foreign_upload.c */
enum err_code open_quetz_upload(struct call *c, uint64_t *ret_body_max, struct err *err) MUST_USE;
enum err_code open_quetz_files(struct call *c, uint64_t *ret_body_max, struct err *err) MUST_USE;
HANDLER(post_quetz_files);
enum err_code open_prefix_upload(struct call *c, uint64_t *ret_body_max, struct err *err) MUST_USE;
enum err_code open_artifactory_upload(struct call *c, uint64_t *ret_body_max,
                                      struct err *err) MUST_USE;
/* anaconda_notice.c */
HANDLER(get_notices);
HANDLER(post_notice);
HANDLER(get_notice);
HANDLER(patch_notice);
HANDLER(delete_notice);
HANDLER(publish_notice);
HANDLER(archive_notice);
/* api_organization.c */
HANDLER(post_organization);
HANDLER(delete_membership);
/* api_label.c */
HANDLER(get_v1_labels);
HANDLER(get_v1_label);
HANDLER(put_v1_label);
HANDLER(get_v1_generations);
HANDLER(post_v1_rollback);
/* api_file.c */
HANDLER(post_file_labels);
HANDLER(post_file_copies);
HANDLER(post_file_removals);
/* api_package.c */
HANDLER(put_package_access);
/* api_trash.c */
HANDLER(get_trash);
HANDLER(post_trash_restore);
HANDLER(delete_trash_item);
/* api_retention.c: of the account, or of the package that the path names */
HANDLER(get_retention);
HANDLER(put_retention);
HANDLER(delete_retention);
HANDLER(post_retention_preview);
HANDLER(post_retention_run);
/* api_quota.c */
HANDLER(get_usage);
HANDLER(put_quota);
/* api_search.c */
HANDLER(get_search);
/* api_security.c */
HANDLER(get_own_security_log);
HANDLER(get_account_security_log);
HANDLER(get_admin_security_log);
HANDLER(get_sessions);
HANDLER(delete_session_by_id);
HANDLER(put_suspension);
HANDLER(delete_suspension);
HANDLER(get_members);
HANDLER(delete_member);
/* api_removal.c */
HANDLER(delete_account);
HANDLER(delete_organization);
/* api_notification.c */
HANDLER(get_notifications);
HANDLER(post_notifications_read);
/* api_statistics.c */
HANDLER(get_package_downloads);
HANDLER(get_account_downloads);
/* api_favorite.c */
HANDLER(put_favorite);
HANDLER(delete_favorite);
HANDLER(get_own_favorites);
HANDLER(get_account_favorites);
/* api_transfer.c */
HANDLER(post_package_transfer);
HANDLER(get_transfers);
HANDLER(post_transfer_accept);
HANDLER(delete_transfer);
/* badge_get.c */
HANDLER(get_badge);
/* api_notebook.c */
HANDLER(get_notebook);
HANDLER(get_notebook_thumbnail);
/* api_environment.c */
HANDLER(get_environment);
/* conda_get.c */
HANDLER(get_conda);
/* cran_get.c */
HANDLER(get_cran);
/* cran_put.c */
enum err_code open_cran_upload(struct call *c, uint64_t *ret_body_max, struct err *err) MUST_USE;

#undef HANDLER
#endif
