#include "web/routes.h"

#include "base/limits.h"
#include "format/json.h"
#include "web/handlers.h"
#include "web/web.h"

#define API     (CRED_TOKEN | CRED_SESSION)
#define TOOL    (API | CRED_KEY)
#define CHANNEL (CRED_TOKEN | CRED_PATH_TOKEN | CRED_SESSION)
#define READ    SCOPE_API_READ
#define WRITE   SCOPE_API_WRITE
#define GROUPS  SCOPE_API_GROUPS
#define LOOK    SCOPES_LOOK
#define PUBLISH SCOPES_PUBLISH
#define JSON    LIMIT_JSON_BODY

/* clang-format off */
static const struct route routes[] = {
    /* method, pattern, credentials, right, scope, body, errors, handler, operation */
    {HTTP_GET, "/", CRED_IGNORED, RIGHT_ANYONE, 0, 0, ERRORS_HTML, get_landing, "landing", NULL, NULL},
    {HTTP_GET, "/healthz", CRED_IGNORED, RIGHT_ANYONE, 0, 0, ERRORS_PROBLEM, get_healthz, "healthz", NULL, NULL},
    {HTTP_GET, "/readyz", CRED_IGNORED, RIGHT_ANYONE, 0, 0, ERRORS_PROBLEM, get_readyz, "readyz", NULL, NULL},
    {HTTP_GET, "/setup/{code}", CRED_IGNORED, RIGHT_ANYONE, 0, 0, ERRORS_HTML, get_setup, "setupForm", NULL, NULL},
    {HTTP_POST, "/setup/{code}", CRED_IGNORED, RIGHT_ANYONE, 0, JSON, ERRORS_HTML, post_setup, "setupFinish", NULL, NULL},

    {HTTP_POST, "/api/v1/accounts", CRED_IGNORED, RIGHT_ANYONE, 0, JSON, ERRORS_PROBLEM, post_account, "signUp", NULL, NULL},
    {HTTP_GET, "/api/v1/accounts/{owner}", API, RIGHT_ANYONE, READ, 0, ERRORS_PROBLEM, get_account, "getAccount", NULL, NULL},
    {HTTP_PATCH, "/api/v1/accounts/{owner}", API, RIGHT_OWN, WRITE, JSON, ERRORS_PROBLEM, patch_account, "changeAccount", NULL, NULL},
    {HTTP_DELETE, "/api/v1/accounts/{owner}", CRED_SESSION | CRED_PASSWORD, RIGHT_OWN, 0, JSON, ERRORS_PROBLEM, delete_account, "deleteAccount", NULL, NULL},
    {HTTP_POST, "/api/v1/session", CRED_IGNORED, RIGHT_ANYONE, 0, JSON, ERRORS_PROBLEM, post_session, "signIn", NULL, NULL},
    {HTTP_GET, "/api/v1/session", API, RIGHT_SELF, READ, 0, ERRORS_PROBLEM, get_session, "whoAmI", NULL, NULL},
    {HTTP_DELETE, "/api/v1/session", CRED_SESSION, RIGHT_SELF, 0, 0, ERRORS_PROBLEM, delete_session, "signOut", NULL, NULL},
    {HTTP_POST, "/api/v1/organizations", API, RIGHT_SIGNED_IN, WRITE, JSON, ERRORS_PROBLEM, post_organization, "createOrganization", NULL, NULL},
    {HTTP_DELETE, "/api/v1/organizations/{owner}/membership", API, RIGHT_MEMBER, GROUPS, 0, ERRORS_PROBLEM, delete_membership, "leaveOrganization", NULL, NULL},
    {HTTP_DELETE, "/api/v1/organizations/{owner}", CRED_SESSION | CRED_PASSWORD, RIGHT_OWN, 0, JSON, ERRORS_PROBLEM, delete_organization, "deleteOrganization", NULL, NULL},
    {HTTP_GET, "/api/v1/organizations/{owner}/members", API, RIGHT_MEMBER, READ, 0, ERRORS_PROBLEM, get_members, "listMembers", NULL, NULL},
    {HTTP_DELETE, "/api/v1/organizations/{owner}/members/{login}", API, RIGHT_OWN, GROUPS, 0, ERRORS_PROBLEM, delete_member, "removeMember", NULL, NULL},
    {HTTP_GET, "/api/v1/notifications", API, RIGHT_SIGNED_IN, READ, 0, ERRORS_PROBLEM, get_notifications, "listNotifications", NULL, NULL},
    {HTTP_POST, "/api/v1/notifications/read", API, RIGHT_SIGNED_IN, WRITE, JSON, ERRORS_PROBLEM, post_notifications_read, "readNotifications", NULL, NULL},
    {HTTP_GET, "/api/v1/sessions", API, RIGHT_SIGNED_IN, READ, 0, ERRORS_PROBLEM, get_sessions, "listSessions", NULL, NULL},
    {HTTP_DELETE, "/api/v1/sessions/{id}", API, RIGHT_SIGNED_IN, WRITE, 0, ERRORS_PROBLEM, delete_session_by_id, "endSession", NULL, NULL},
    {HTTP_GET, "/api/v1/security-log", API, RIGHT_SIGNED_IN, READ, 0, ERRORS_PROBLEM, get_own_security_log, "readOwnSecurityLog", NULL, NULL},
    {HTTP_GET, "/api/v1/accounts/{owner}/security-log", API, RIGHT_OWN, READ, 0, ERRORS_PROBLEM, get_account_security_log, "readSecurityLog", NULL, NULL},
    {HTTP_GET, "/api/v1/admin/security-log", API, RIGHT_SUPERUSER, READ, 0, ERRORS_PROBLEM, get_admin_security_log, "readWholeSecurityLog", NULL, NULL},
    {HTTP_PUT, "/api/v1/admin/users/{login}/suspension", API, RIGHT_SUPERUSER, WRITE, 0, ERRORS_PROBLEM, put_suspension, "suspendUser", NULL, NULL},
    {HTTP_DELETE, "/api/v1/admin/users/{login}/suspension", API, RIGHT_SUPERUSER, WRITE, 0, ERRORS_PROBLEM, delete_suspension, "resumeUser", NULL, NULL},
    {HTTP_POST, "/api/v1/packages/{owner}/upload", API, RIGHT_SELF, PUBLISH, 0, ERRORS_PROBLEM, finish_upload, "uploadFile", open_form_upload, sink_intake},
    {HTTP_PUT, "/api/v1/files/{owner}/{filename...}", API, RIGHT_SELF, PUBLISH, 0, ERRORS_PROBLEM, finish_upload, "putFile", open_body_upload, sink_intake},
    {HTTP_POST, "/api/v1/upload/{owner}", TOOL, RIGHT_SELF, PUBLISH, 0, ERRORS_PROBLEM, finish_upload, "uploadAsToPrefix", open_prefix_upload, sink_intake},
    {HTTP_POST, "/api/v1/upload/{owner}/label/{label...}", TOOL, RIGHT_SELF, PUBLISH, 0, ERRORS_PROBLEM, finish_upload, "uploadAsToPrefixLabel", open_prefix_upload, sink_intake},
    {HTTP_POST, "/api/channels/{owner}/upload/{conda_file}", TOOL, RIGHT_SELF, PUBLISH, 0, ERRORS_PROBLEM, finish_upload, "uploadAsToQuetz", open_quetz_upload, sink_intake},
    {HTTP_POST, "/api/channels/{owner}/files/", TOOL, RIGHT_SELF, PUBLISH, 0, ERRORS_PROBLEM, post_quetz_files, "uploadFilesAsToQuetz", open_quetz_files, sink_intake},
    {HTTP_PUT, "/artifactory/{owner}/{rest...}", TOOL, RIGHT_SELF, PUBLISH, 0, ERRORS_PROBLEM, finish_upload, "putAsToArtifactory", open_artifactory_upload, sink_intake},
    {HTTP_PUT, "/conda/{owner}/{rest...}", TOOL, RIGHT_SELF, PUBLISH, 0, ERRORS_PROBLEM, finish_upload, "putChannelFile", open_artifactory_upload, sink_intake},

    {HTTP_GET, "/api/v1/accounts/{owner}/notices", API, RIGHT_ANYONE, READ, 0, ERRORS_PROBLEM, get_notices, "listNotices", NULL, NULL},
    {HTTP_POST, "/api/v1/accounts/{owner}/notices", API, RIGHT_ADMIN, WRITE, JSON, ERRORS_PROBLEM, post_notice, "createNotice", NULL, NULL},
    {HTTP_GET, "/api/v1/accounts/{owner}/notices/{notice}", API, RIGHT_ANYONE, READ, 0, ERRORS_PROBLEM, get_notice, "getNotice", NULL, NULL},
    {HTTP_PATCH, "/api/v1/accounts/{owner}/notices/{notice}", API, RIGHT_ADMIN, WRITE, JSON, ERRORS_PROBLEM, patch_notice, "changeNotice", NULL, NULL},
    {HTTP_DELETE, "/api/v1/accounts/{owner}/notices/{notice}", API, RIGHT_ADMIN, WRITE, JSON, ERRORS_PROBLEM, delete_notice, "removeNotice", NULL, NULL},

    {HTTP_GET, "/api/v1/search", API, RIGHT_ANYONE, READ, 0, ERRORS_PROBLEM, get_search, "searchPackages", NULL, NULL},
    {HTTP_PUT, "/api/v1/packages/{owner}/{package}/access", API, RIGHT_ADMIN, WRITE, JSON, ERRORS_PROBLEM, put_package_access, "setPackageAccess", NULL, NULL},
    {HTTP_GET, "/api/v1/packages/{owner}/{package}/downloads", API, RIGHT_READ, READ, 0, ERRORS_PROBLEM, get_package_downloads, "packageDownloads", NULL, NULL},
    {HTTP_GET, "/api/v1/accounts/{owner}/downloads", API, RIGHT_ANYONE, READ, 0, ERRORS_PROBLEM, get_account_downloads, "accountDownloads", NULL, NULL},
    {HTTP_GET, "/api/v1/favorites", API, RIGHT_SIGNED_IN, READ, 0, ERRORS_PROBLEM, get_own_favorites, "listOwnFavorites", NULL, NULL},
    {HTTP_GET, "/api/v1/accounts/{owner}/favorites", API, RIGHT_ANYONE, READ, 0, ERRORS_PROBLEM, get_account_favorites, "listFavorites", NULL, NULL},
    {HTTP_PUT, "/api/v1/favorites/{owner}/{package}", API, RIGHT_SIGNED_IN, WRITE, 0, ERRORS_PROBLEM, put_favorite, "addFavorite", NULL, NULL},
    {HTTP_DELETE, "/api/v1/favorites/{owner}/{package}", API, RIGHT_SIGNED_IN, WRITE, 0, ERRORS_PROBLEM, delete_favorite, "removeFavorite", NULL, NULL},
    {HTTP_POST, "/api/v1/packages/{owner}/{package}/transfer", API, RIGHT_ADMIN, WRITE, JSON, ERRORS_PROBLEM, post_package_transfer, "transferPackage", NULL, NULL},
    {HTTP_GET, "/api/v1/transfers", API, RIGHT_SIGNED_IN, READ, 0, ERRORS_PROBLEM, get_transfers, "listTransfers", NULL, NULL},
    {HTTP_POST, "/api/v1/transfers/{id}/accept", API, RIGHT_SIGNED_IN, WRITE, 0, ERRORS_PROBLEM, post_transfer_accept, "acceptTransfer", NULL, NULL},
    {HTTP_DELETE, "/api/v1/transfers/{id}", API, RIGHT_SIGNED_IN, WRITE, 0, ERRORS_PROBLEM, delete_transfer, "endTransfer", NULL, NULL},
    {HTTP_GET, "/badges/{owner}/{package}/{badge}", CHANNEL, RIGHT_READ, SCOPES_GLANCE, 0, ERRORS_PROBLEM, get_badge, "getBadge", NULL, NULL},
    {HTTP_GET, "/api/v1/trash/{owner}", API, RIGHT_SIGNED_IN, READ, 0, ERRORS_PROBLEM, get_trash, "listTrash", NULL, NULL},
    {HTTP_POST, "/api/v1/trash/{owner}/{id}/restore", API, RIGHT_SIGNED_IN, WRITE, JSON, ERRORS_PROBLEM, post_trash_restore, "restoreTrash", NULL, NULL},
    {HTTP_DELETE, "/api/v1/trash/{owner}/{id}", API, RIGHT_SIGNED_IN, WRITE, 0, ERRORS_PROBLEM, delete_trash_item, "deleteTrash", NULL, NULL},
    {HTTP_GET, "/api/v1/accounts/{owner}/retention", API, RIGHT_OWN, READ, 0, ERRORS_PROBLEM, get_retention, "getRetention", NULL, NULL},
    {HTTP_PUT, "/api/v1/accounts/{owner}/retention", API, RIGHT_OWN, WRITE, JSON, ERRORS_PROBLEM, put_retention, "setRetention", NULL, NULL},
    {HTTP_DELETE, "/api/v1/accounts/{owner}/retention", API, RIGHT_OWN, WRITE, 0, ERRORS_PROBLEM, delete_retention, "clearRetention", NULL, NULL},
    {HTTP_POST, "/api/v1/accounts/{owner}/retention/preview", API, RIGHT_OWN, WRITE, JSON, ERRORS_PROBLEM, post_retention_preview, "previewRetention", NULL, NULL},
    {HTTP_POST, "/api/v1/accounts/{owner}/retention/run", API, RIGHT_OWN, WRITE, JSON, ERRORS_PROBLEM, post_retention_run, "runRetention", NULL, NULL},
    {HTTP_GET, "/api/v1/packages/{owner}/{package}/retention", API, RIGHT_ADMIN, READ, 0, ERRORS_PROBLEM, get_retention, "getPackageRetention", NULL, NULL},
    {HTTP_PUT, "/api/v1/packages/{owner}/{package}/retention", API, RIGHT_ADMIN, WRITE, JSON, ERRORS_PROBLEM, put_retention, "setPackageRetention", NULL, NULL},
    {HTTP_DELETE, "/api/v1/packages/{owner}/{package}/retention", API, RIGHT_ADMIN, WRITE, 0, ERRORS_PROBLEM, delete_retention, "clearPackageRetention", NULL, NULL},
    {HTTP_POST, "/api/v1/packages/{owner}/{package}/retention/preview", API, RIGHT_ADMIN, WRITE, JSON, ERRORS_PROBLEM, post_retention_preview, "previewPackageRetention", NULL, NULL},
    {HTTP_POST, "/api/v1/packages/{owner}/{package}/retention/run", API, RIGHT_ADMIN, WRITE, JSON, ERRORS_PROBLEM, post_retention_run, "runPackageRetention", NULL, NULL},
    {HTTP_GET, "/api/v1/accounts/{owner}/usage", API, RIGHT_OWN, READ, 0, ERRORS_PROBLEM, get_usage, "getUsage", NULL, NULL},
    {HTTP_PUT, "/api/v1/admin/accounts/{login}/quota", API, RIGHT_SUPERUSER, WRITE, JSON, ERRORS_PROBLEM, put_quota, "setQuota", NULL, NULL},

    {HTTP_GET, "/api/v1/labels/{owner}", API, RIGHT_ANYONE, READ, 0, ERRORS_PROBLEM, get_v1_labels, "listLabelsWithCounts", NULL, NULL},
    {HTTP_GET, "/api/v1/labels/{owner}/{label...}", API, RIGHT_ANYONE, READ, 0, ERRORS_PROBLEM, get_v1_label, "listFilesOfLabel", NULL, NULL},
    {HTTP_PUT, "/api/v1/labels/{owner}/{label...}", API, RIGHT_WRITE, WRITE, 0, ERRORS_PROBLEM, put_v1_label, "createLabel", NULL, NULL},
    /* What these change is named in the body: core/ asks whether the caller may. */
    {HTTP_GET, "/api/v1/channels/{owner}/generations", API, RIGHT_ANYONE, READ, 0, ERRORS_PROBLEM, get_v1_generations, "listGenerations", NULL, NULL},
    {HTTP_POST, "/api/v1/channels/{owner}/rollback", API, RIGHT_WRITE, WRITE, JSON, ERRORS_PROBLEM, post_v1_rollback, "rollBackChannel", NULL, NULL},
    {HTTP_POST, "/api/v1/files/{owner}/labels", API, RIGHT_SELF, WRITE, JSON, ERRORS_PROBLEM, post_file_labels, "changeLabelsOfFiles", NULL, NULL},
    {HTTP_POST, "/api/v1/files/{owner}/copies", API, RIGHT_SELF, WRITE, JSON, ERRORS_PROBLEM, post_file_copies, "copyChosenFiles", NULL, NULL},
    {HTTP_POST, "/api/v1/files/{owner}/removals", API, RIGHT_SELF, WRITE, JSON, ERRORS_PROBLEM, post_file_removals, "removeFiles", NULL, NULL},
    {HTTP_GET, "/api/v1/notebooks/{owner}/{package}/{version}/{basename}", API, RIGHT_READ, READ, 0, ERRORS_PROBLEM, get_notebook, "viewNotebook", NULL, NULL},
    {HTTP_GET, "/api/v1/notebooks/{owner}/{package}/{version}/{basename}/thumbnail", API, RIGHT_READ, READ, 0, ERRORS_PROBLEM, get_notebook_thumbnail, "getNotebookThumbnail", NULL, NULL},
    {HTTP_GET, "/api/v1/environments/{owner}/{package}/{version}/{basename}", API, RIGHT_READ, READ, 0, ERRORS_PROBLEM, get_environment, "viewEnvironment", NULL, NULL},

    {HTTP_GET, "/api", CRED_IGNORED, RIGHT_ANYONE, 0, 0, ERRORS_PROBLEM, get_api_root, "apiRoot", NULL, NULL},
    {HTTP_GET, "/api/authentication-type", CRED_IGNORED, RIGHT_ANYONE, 0, 0, ERRORS_PROBLEM, get_authentication_type, "authenticationType", NULL, NULL},
    {HTTP_GET, "/api/scopes", CRED_IGNORED, RIGHT_ANYONE, 0, 0, ERRORS_PROBLEM, get_scopes, "listScopes", NULL, NULL},
    {HTTP_POST, "/api/authentications", CRED_PASSWORD | CRED_SESSION, RIGHT_SIGNED_IN, 0, JSON, ERRORS_PROBLEM, post_authentications, "createToken", NULL, NULL},
    {HTTP_GET, "/api/authentications", API, RIGHT_SIGNED_IN, READ, 0, ERRORS_PROBLEM, get_authentications, "listTokens", NULL, NULL},
    {HTTP_DELETE, "/api/authentications", CRED_TOKEN, RIGHT_SELF, 0, JSON, ERRORS_PROBLEM, delete_authentications, "revokeThisToken", NULL, NULL},
    {HTTP_DELETE, "/api/authentications/name/{name...}", API, RIGHT_SIGNED_IN, WRITE, JSON, ERRORS_PROBLEM, delete_authentication_by_name, "revokeToken", NULL, NULL},
    {HTTP_GET, "/api/authentications/org/{owner}", API, RIGHT_OWN, READ, 0, ERRORS_PROBLEM, get_organization_tokens, "listOrganizationTokens", NULL, NULL},
    {HTTP_DELETE, "/api/authentications/org/{owner}/name/{name...}", API, RIGHT_OWN, WRITE, JSON, ERRORS_PROBLEM, delete_organization_token, "revokeOrganizationToken", NULL, NULL},
    {HTTP_GET, "/api/authentication", CRED_TOKEN, RIGHT_SELF, READ, 0, ERRORS_PROBLEM, get_authentication, "thisToken", NULL, NULL},

    {HTTP_GET, "/api/user", API, RIGHT_SELF, LOOK, 0, ERRORS_PROBLEM, get_user, "getOwnUser", NULL, NULL},
    {HTTP_GET, "/api/user/orgs", API, RIGHT_SELF, READ, 0, ERRORS_PROBLEM, get_user_orgs, "listOwnOrganizations", NULL, NULL},
    {HTTP_GET, "/api/user/{login}", API, RIGHT_ANYONE, LOOK, 0, ERRORS_PROBLEM, get_user_by_login, "getUser", NULL, NULL},
    {HTTP_GET, "/api/users/{login}/orgs", API, RIGHT_ANYONE, READ, 0, ERRORS_PROBLEM, get_user_orgs_by_login, "listOrganizations", NULL, NULL},

    {HTTP_GET, "/api/search", API, RIGHT_ANYONE, READ, 0, ERRORS_PROBLEM, get_anaconda_search, "searchPackagesByName", NULL, NULL},
    {HTTP_GET, "/api/packages", API, RIGHT_SELF, READ, 0, ERRORS_PROBLEM, get_own_packages, "listOwnPackages", NULL, NULL},
    {HTTP_GET, "/api/packages/{owner}", API, RIGHT_ANYONE, READ, 0, ERRORS_PROBLEM, get_packages, "listPackages", NULL, NULL},
    {HTTP_GET, "/api/packages/{owner}/{package}/collaborators", API, RIGHT_ADMIN, READ, 0, ERRORS_PROBLEM, get_collaborators, "listCollaborators", NULL, NULL},
    {HTTP_PUT, "/api/packages/{owner}/{package}/collaborators/{login}", API, RIGHT_ADMIN, WRITE, JSON, ERRORS_PROBLEM, put_collaborator, "addCollaborator", NULL, NULL},
    {HTTP_DELETE, "/api/packages/{owner}/{package}/collaborators/{login}", API, RIGHT_ADMIN, WRITE, JSON, ERRORS_PROBLEM, delete_collaborator, "removeCollaborator", NULL, NULL},
    {HTTP_GET, "/api/package/{owner}/{package}", API, RIGHT_READ, LOOK, 0, ERRORS_PROBLEM, get_package, "getPackage", NULL, NULL},
    {HTTP_POST, "/api/package/{owner}/{package}", API, RIGHT_WRITE, PUBLISH, JSON, ERRORS_PROBLEM, post_package, "createPackage", NULL, NULL},
    {HTTP_PATCH, "/api/package/{owner}/{package}", API, RIGHT_WRITE, WRITE, JSON, ERRORS_PROBLEM, patch_package, "updatePackage", NULL, NULL},
    {HTTP_DELETE, "/api/package/{owner}/{package}", API, RIGHT_WRITE, WRITE, JSON, ERRORS_PROBLEM, delete_package, "removePackage", NULL, NULL},
    {HTTP_GET, "/api/release/{owner}/{package}/{version}", API, RIGHT_READ, LOOK, 0, ERRORS_PROBLEM, get_release, "getRelease", NULL, NULL},
    {HTTP_POST, "/api/release/{owner}/{package}/{version}", API, RIGHT_WRITE, PUBLISH, JSON, ERRORS_PROBLEM, post_release, "createRelease", NULL, NULL},
    {HTTP_PATCH, "/api/release/{owner}/{package}/{version}", API, RIGHT_WRITE, PUBLISH, JSON, ERRORS_PROBLEM, patch_release, "updateRelease", NULL, NULL},
    {HTTP_DELETE, "/api/release/{owner}/{package}/{version}", API, RIGHT_WRITE, WRITE, JSON, ERRORS_PROBLEM, delete_release, "removeRelease", NULL, NULL},
    {HTTP_GET, "/api/dist/{owner}/{package}/{version}/{basename...}", API, RIGHT_READ, LOOK, 0, ERRORS_PROBLEM, get_dist, "getFile", NULL, NULL},
    {HTTP_DELETE, "/api/dist/{owner}/{package}/{version}/-/{id}", API, RIGHT_WRITE, PUBLISH, JSON, ERRORS_PROBLEM, delete_dist_by_id, "removeFileById", NULL, NULL},
    {HTTP_DELETE, "/api/dist/{owner}/{package}/{version}/{basename...}", API, RIGHT_WRITE, PUBLISH, JSON, ERRORS_PROBLEM, delete_dist, "removeFile", NULL, NULL},
    {HTTP_GET, "/api/download/{owner}/{package}/{version}/{basename...}", CHANNEL, RIGHT_READ, READ, 0, ERRORS_PROBLEM, get_download, "downloadFile", NULL, NULL},
    {HTTP_GET, "/api/channels/{owner}", API, RIGHT_ANYONE, READ, 0, ERRORS_PROBLEM, get_labels, "listLabels", NULL, NULL},
    {HTTP_GET, "/api/channels/{owner}/{label...}", API, RIGHT_ANYONE, READ, 0, ERRORS_PROBLEM, get_label, "showLabel", NULL, NULL},
    {HTTP_POST, "/api/channels/{owner}/{label...}/lock", API, RIGHT_ADMIN, WRITE, JSON, ERRORS_PROBLEM, post_label_lock, "lockLabel", NULL, NULL},
    {HTTP_DELETE, "/api/channels/{owner}/{label...}/lock", API, RIGHT_ADMIN, WRITE, JSON, ERRORS_PROBLEM, delete_label_lock, "unlockLabel", NULL, NULL},
    {HTTP_POST, "/api/channels/{owner}/{label...}/copy/{to...}", API, RIGHT_WRITE, WRITE, JSON, ERRORS_PROBLEM, post_label_copy, "copyLabel", NULL, NULL},
    /* What these change is named in the body: core/ asks whether the caller may. */
    {HTTP_POST, "/api/channels/{owner}/{label...}", API, RIGHT_SELF, WRITE, JSON, ERRORS_PROBLEM, post_label, "addLabel", NULL, NULL},
    {HTTP_DELETE, "/api/channels/{owner}/{label...}", API, RIGHT_SELF, WRITE, JSON, ERRORS_PROBLEM, delete_label, "removeLabel", NULL, NULL},
    {HTTP_POST, "/api/copy/package/{owner}/{package}/{version}/{basename...}", API, RIGHT_SELF, WRITE, JSON, ERRORS_PROBLEM, post_copy, "copyFiles", NULL, NULL},
    {HTTP_PUT, "/api/copy/package/{owner}/{package}/{version}/{basename...}", API, RIGHT_SELF, WRITE, JSON, ERRORS_PROBLEM, put_copy, "copyAndReplaceFiles", NULL, NULL},
    {HTTP_PATCH, "/api/copy/package/{owner}/{package}/{version}/{basename...}", API, RIGHT_SELF, WRITE, JSON, ERRORS_PROBLEM, patch_copy, "copyMissingFiles", NULL, NULL},
    {HTTP_POST, "/api/stage/{owner}/{package}/{version}/{basename...}", API, RIGHT_WRITE, PUBLISH, JSON, ERRORS_PROBLEM, post_stage, "stageFile", NULL, NULL},
    {HTTP_POST, "/api/upload/{ticket}", CRED_IGNORED, RIGHT_ANYONE, 0, 0, ERRORS_XML, post_upload, "sendFile", open_upload, sink_upload},
    {HTTP_POST, "/api/commit/{owner}/{package}/{version}/{basename...}", API, RIGHT_WRITE, PUBLISH, JSON, ERRORS_PROBLEM, post_commit, "commitFile", NULL, NULL},

    {HTTP_GET, "/api/groups", API, RIGHT_SIGNED_IN, READ, 0, ERRORS_PROBLEM, get_own_groups, "listOwnGroups", NULL, NULL},
    {HTTP_GET, "/api/groups/{owner}", API, RIGHT_MEMBER, READ, 0, ERRORS_PROBLEM, get_groups, "listGroups", NULL, NULL},
    {HTTP_GET, "/api/group/{owner}/{group}", API, RIGHT_MEMBER, READ, 0, ERRORS_PROBLEM, get_group, "getGroup", NULL, NULL},
    {HTTP_POST, "/api/group/{owner}/{group}", API, RIGHT_OWN, GROUPS, JSON, ERRORS_PROBLEM, post_group, "createGroup", NULL, NULL},
    {HTTP_DELETE, "/api/group/{owner}/{group}", API, RIGHT_OWN, GROUPS, JSON, ERRORS_PROBLEM, delete_group, "removeGroup", NULL, NULL},
    {HTTP_GET, "/api/group/{owner}/{group}/members", API, RIGHT_MEMBER, READ, 0, ERRORS_PROBLEM, get_group_members, "listGroupMembers", NULL, NULL},
    {HTTP_GET, "/api/group/{owner}/{group}/members/{login}", API, RIGHT_MEMBER, READ, 0, ERRORS_PROBLEM, get_group_member, "isGroupMember", NULL, NULL},
    {HTTP_PUT, "/api/group/{owner}/{group}/members/{login}", API, RIGHT_GROUP_ADMIN, GROUPS, JSON, ERRORS_PROBLEM, put_group_member, "addGroupMember", NULL, NULL},
    {HTTP_DELETE, "/api/group/{owner}/{group}/members/{login}", API, RIGHT_GROUP_ADMIN, GROUPS, JSON, ERRORS_PROBLEM, delete_group_member, "removeGroupMember", NULL, NULL},
    {HTTP_GET, "/api/group/{owner}/{group}/packages", API, RIGHT_MEMBER, READ, 0, ERRORS_PROBLEM, get_group_packages, "listGroupPackages", NULL, NULL},
    {HTTP_PUT, "/api/group/{owner}/{group}/packages/{package}", API, RIGHT_OWN, GROUPS, JSON, ERRORS_PROBLEM, put_group_package, "addGroupPackage", NULL, NULL},
    {HTTP_DELETE, "/api/group/{owner}/{group}/packages/{package}", API, RIGHT_OWN, GROUPS, JSON, ERRORS_PROBLEM, delete_group_package, "removeGroupPackage", NULL, NULL},

    {HTTP_GET, "/api/apps/{owner}/projects", API, RIGHT_ANYONE, LOOK, 0, ERRORS_PROBLEM, get_projects, "listProjects", NULL, NULL},
    {HTTP_POST, "/api/apps/{owner}/projects", API, RIGHT_SELF, PUBLISH, JSON, ERRORS_PROBLEM, post_projects, "createProject", NULL, NULL},
    {HTTP_GET, "/api/apps/{owner}/projects/{package}", API, RIGHT_READ, LOOK, 0, ERRORS_PROBLEM, get_package, "getProject", NULL, NULL},
    {HTTP_POST, "/api/apps/{owner}/projects/{package}/stage", API, RIGHT_WRITE, PUBLISH, JSON, ERRORS_PROBLEM, post_project_stage, "stageProject", NULL, NULL},
    {HTTP_POST, "/api/apps/{owner}/projects/{package}/commit", API, RIGHT_WRITE, PUBLISH, JSON, ERRORS_PROBLEM, post_project_commit_named, "commitNamedProject", NULL, NULL},
    {HTTP_POST, "/api/apps/{owner}/projects/{package}/commit/{id}", API, RIGHT_WRITE, PUBLISH, JSON, ERRORS_PROBLEM, post_project_commit, "commitProject", NULL, NULL},

    /* Last of those under /api: an owner's name stands where theirs have a word, which none can have. */
    {HTTP_GET, "/api/{owner}/notices", API, RIGHT_ANYONE, READ, 0, ERRORS_PROBLEM, get_notices, "listChannelNotices", NULL, NULL},
    {HTTP_POST, "/api/{owner}/notices", API, RIGHT_ADMIN, WRITE, JSON, ERRORS_PROBLEM, post_notice, "createChannelNotice", NULL, NULL},
    {HTTP_GET, "/api/{owner}/notices/{notice}", API, RIGHT_ANYONE, READ, 0, ERRORS_PROBLEM, get_notice, "getChannelNotice", NULL, NULL},
    {HTTP_PATCH, "/api/{owner}/notices/{notice}", API, RIGHT_ADMIN, WRITE, JSON, ERRORS_PROBLEM, patch_notice, "changeChannelNotice", NULL, NULL},
    {HTTP_DELETE, "/api/{owner}/notices/{notice}", API, RIGHT_ADMIN, WRITE, JSON, ERRORS_PROBLEM, delete_notice, "removeChannelNotice", NULL, NULL},
    {HTTP_POST, "/api/{owner}/notices/{notice}/publish", API, RIGHT_ADMIN, WRITE, JSON, ERRORS_PROBLEM, publish_notice, "publishChannelNotice", NULL, NULL},
    {HTTP_POST, "/api/{owner}/notices/{notice}/archive", API, RIGHT_ADMIN, WRITE, JSON, ERRORS_PROBLEM, archive_notice, "archiveChannelNotice", NULL, NULL},

    {HTTP_GET, "/conda/{owner}/{rest...}", CHANNEL, RIGHT_ANYONE, SCOPE_CONDA_DOWNLOAD, 0, ERRORS_PROBLEM, get_conda, "getChannelFile", NULL, NULL},
    {HTTP_GET, "/cran/{owner}/{rest...}", CHANNEL, RIGHT_ANYONE, SCOPE_CRAN_DOWNLOAD, 0, ERRORS_TEXT, get_cran, "getCranFile", NULL, NULL},
    {HTTP_PUT, "/cran/{owner}/{rest...}", TOOL | CRED_PATH_TOKEN, RIGHT_SELF, PUBLISH, 0, ERRORS_PROBLEM, finish_upload, "putCranFile", open_cran_upload, sink_intake},
};
/* clang-format on */

/* Takes the next "/"-separated part off a pattern that begins with "/". */
static bool next_part(struct str *pattern, struct str *ret_part)
{
    if (pattern->len == 0)
        return false;
    *pattern = str_from(*pattern, 1);
    if (!str_cut(pattern, '/', ret_part)) {
        *ret_part = *pattern;
        *pattern = str_from(*pattern, pattern->len);
        return true;
    }
    *pattern = (struct str){pattern->ptr - 1, pattern->len + 1}; /* keep the "/" */
    return true;
}

/* Logins are stored in lower case: whatever is compared with, or made of, the one in a URL must
 * not differ by how it was typed. */
static struct str fold_login(struct call *c, struct str param, struct str value)
{
    if (str_eq(param, S("{owner}")) || str_eq(param, S("{login}")))
        return str_lower(c->mem, value);
    return value;
}

static bool fits_from(struct str pattern, struct call *c, size_t i);

/* A tail that other parts follow ends where they fit, as far to the right as can be: what it names
 * may hold the same words as the pattern. */
static bool fits_tail(struct str pattern, struct call *c, size_t i)
{
    size_t params = c->param_count;
    struct path head = c->path;

    for (size_t end = c->path.count; pattern.len && end-- > i + 1;) {
        head.count = end;
        c->param_count = params;
        c->params[c->param_count++] = path_tail(c->mem, &head, i);
        if (c->params[params].ptr && fits_from(pattern, c, end))
            return true;
    }
    return false;
}

/* What a parameter takes: "{conda_file}" only what ends as a conda package does, so that it leaves
 * other names to the rows below. */
static bool takes(struct str param, struct str value)
{
    return !str_eq(param, S("{conda_file}")) || str_ends(value, S(".conda")) ||
           str_ends(value, S(".tar.bz2"));
}

static bool fits_from(struct str pattern, struct call *c, size_t i)
{
    struct str part;

    while (next_part(&pattern, &part)) {
        if (str_ends(part, S("...}"))) {
            if (pattern.len)
                return fits_tail(pattern, c, i);
            c->params[c->param_count++] = path_tail(c->mem, &c->path, i);
            return i <= c->path.count && c->params[c->param_count - 1].ptr;
        }
        if (part.len == 0) /* the pattern ends with "/" */
            return i == c->path.count && c->path.trailing_slash;
        if (i >= c->path.count || !takes(part, c->path.seg[i]))
            return false;
        if (part.len && part.ptr[0] == '{')
            c->params[c->param_count++] = fold_login(c, part, c->path.seg[i]);
        else if (!str_eq(part, c->path.seg[i]))
            return false;
        i++;
    }
    return i == c->path.count;
}

/* Does the path fit the row's pattern? Fills params as it goes. */
static bool fits(const struct route *r, struct call *c)
{
    struct str pattern = str_of(r->pattern);

    c->param_count = 0;
    return str_eq(pattern, S("/")) ? c->path.count == 0 : fits_from(pattern, c, 0);
}

static bool answers(const struct route *r, enum http_method m)
{
    return r->method == m || (r->method == HTTP_GET && m == HTTP_HEAD);
}

/* The value of Allow: each method once, though several rows may fit the same path. */
static struct str allow_of(struct call *c, unsigned methods)
{
    struct str allow = S("");

    for (unsigned m = 0; m < HTTP_OTHER; m++) {
        if (!(methods & 1U << m))
            continue;
        allow = str_fmt(c->mem, STR_FMT "%s%s", STR_ARG(allow), allow.len ? ", " : "",
                        m == HTTP_GET ? "GET, HEAD" : http_method_name((enum http_method)m));
    }
    return allow;
}

enum err_code routes_match(struct call *c, struct str *ret_allow, struct err *err)
{
    unsigned methods = 0; /* bits of those that are possible */
    struct str allow;

    for (size_t i = 0; i < COUNT(routes); i++) {
        if (!fits(&routes[i], c))
            continue;
        if (answers(&routes[i], c->ex->method)) {
            c->route = &routes[i];
            return OK;
        }
        methods |= 1U << routes[i].method;
    }
    c->param_count = 0;
    if (!methods)
        return fail(err, ERR_NOT_FOUND, "there is nothing at this address");
    allow = allow_of(c, methods);
    if (!allow.len)
        return fail(err, ERR_NOMEM, "out of memory");
    *ret_allow = allow;
    return fail(err, ERR_INVALID, "method " STR_FMT " is not possible here; possible: " STR_FMT,
                STR_ARG(c->ex->method_text), STR_ARG(allow));
}

struct str call_param(const struct call *c, const char *name)
{
    struct str pattern = str_of(c->route->pattern), part;
    size_t i = 0;

    while (next_part(&pattern, &part) && i < c->param_count) {
        if (part.len == 0 || part.ptr[0] != '{')
            continue;
        part = str_sub(part, 1, part.len - 2);
        if (str_ends(part, S("...")))
            part.len -= 3;
        if (str_eq(part, str_of(name)))
            return c->params[i];
        i++;
    }
    return S("");
}

static void print_creds(struct buf *out, unsigned creds)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {{CRED_SESSION, "session"},
                 {CRED_TOKEN, "token"},
                 {CRED_PATH_TOKEN, "path-token"},
                 {CRED_PASSWORD, "password"},
                 {CRED_KEY, "key"}};
    const char *sep = "";

    for (size_t i = 0; i < COUNT(names); i++) {
        if (!(creds & names[i].bit))
            continue;
        buf_addf(out, "%s\"%s\"", sep, names[i].name);
        sep = ", ";
    }
}

void web_print_routes(struct buf *out)
{
    buf_addz(out, "[\n");
    for (size_t i = 0; i < COUNT(routes); i++) {
        const struct route *r = &routes[i];
        buf_addf(out, "  {\"method\": \"%s\", \"pattern\": \"%s\", \"creds\": [",
                 http_method_name(r->method), r->pattern);
        print_creds(out, r->creds);
        buf_addf(
            out,
            "], \"right\": \"%s\", \"scope\": %u, \"body_max\": %zu, \"operation\": \"%s\"}%s\n",
            access_right_name(r->right), r->scope, r->body_max, r->operation,
            i + 1 < COUNT(routes) ? "," : "");
    }
    buf_addz(out, "]\n");
}
