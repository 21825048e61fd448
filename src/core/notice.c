#include "core/notice.h"

#include "base/clock.h"
#include "base/rand.h"
#include "core/account.h"
#include "core/audit.h"
#include "format/fields.h"
#include "index/conda_notices.h"

enum { DELETED_KEPT = 100, DETAIL_MAX = 100 };

static bool is(struct str s, const char *word)
{
    return str_eq(s, str_of(word));
}

enum err_code notice_missing(struct str login, struct str uuid, struct err *err)
{
    return fail(err, ERR_NOT_FOUND, "there is no notice \"" STR_FMT "\" of \"" STR_FMT "\"",
                STR_ARG(uuid), STR_ARG(login));
}

/* ---- what may be said ---- */

/* conda prints it to a terminal, which must not take a part of it for a command: no C0 and C1
 * controls but the end of a line. s: UTF-8. */
static bool is_printable(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if ((c < ' ' && c != '\n') || c == 0x7f)
            return false;
        if (c == 0xc2 && i + 1 < s.len && (unsigned char)s.ptr[i + 1] < 0xa0)
            return false; /* U+0080 to U+009F */
    }
    return true;
}

static size_t count_characters(struct str utf8)
{
    size_t n = 0;

    for (size_t i = 0; i < utf8.len; i++)
        n += ((unsigned char)utf8.ptr[i] & 0xc0) != 0x80;
    return n;
}

static bool is_blank(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] != ' ' && s.ptr[i] != '\n')
            return false;
    return true;
}

static enum err_code set_message(struct notice_row *row, const struct notice_change *in,
                                 struct err *err)
{
    if (!in->message.ptr)
        return OK;
    if (is_blank(in->message))
        return fail_field(err, "message", "the message is empty");
    if (!is_printable(in->message))
        return fail_field(err, "message",
                          "the message has a control character; only ends of lines may be in it");
    if (count_characters(in->message) > NOTICE_MESSAGE_MAX)
        return fail_field(err, "message", "the message has %zu characters; %d are possible",
                          count_characters(in->message), NOTICE_MESSAGE_MAX);
    row->message = in->message;
    return OK;
}

static enum err_code set_level(struct notice_row *row, const struct notice_change *in,
                               struct err *err)
{
    if (!in->level.ptr)
        return OK;
    if (!is(in->level, "info") && !is(in->level, "warning") && !is(in->level, "critical"))
        return fail_field(err, "level",
                          "the level is \"info\", \"warning\" or \"critical\", not \"" STR_FMT "\"",
                          STR_ARG(in->level));
    row->level = in->level;
    return OK;
}

static enum err_code set_end(struct notice_row *row, const struct notice_change *in, int64_t now_ms,
                             struct err *err)
{
    int64_t last;

    if (!in->expires_at.ptr)
        return OK;
    if (!field_moment(in->expires_at, &row->expires_ms, &last))
        return fail_field(err, "expires_at",
                          "expires_at is a moment as 2026-09-01T12:00:00Z, not \"" STR_FMT "\"",
                          STR_ARG(in->expires_at));
    if (row->expires_ms <= now_ms)
        return fail_field(err, "expires_at", "\"" STR_FMT "\" is past: nobody would see the notice",
                          STR_ARG(in->expires_at));
    return OK;
}

/* fresh: it was not there before. */
static enum err_code set_status(struct notice_row *row, const struct notice_change *in, bool fresh,
                                int64_t now_ms, struct err *err)
{
    const char *other = fresh ? "draft" : "archived";
    char end[CLOCK_TEXT_MAX];

    if (!in->status.ptr || str_eq(in->status, row->status))
        return OK;
    if (!is(in->status, "published") && !is(in->status, other))
        return fail_field(err, "status",
                          "the status becomes \"published\" or \"%s\", not \"" STR_FMT "\"", other,
                          STR_ARG(in->status));
    if (is(in->status, "archived") && is(row->status, "draft"))
        return fail(err, ERR_CONFLICT,
                    "a draft cannot be archived, because nobody has seen it; it can be deleted");
    if (is(in->status, "published") && row->expires_ms <= now_ms)
        return fail_field(err, "expires_at",
                          "the notice has ended, at %s: give it a later end to publish it",
                          clock_iso(row->expires_ms, end).ptr);
    row->status = in->status;
    return OK;
}

static enum err_code apply(struct notice_row *row, const struct notice_change *in, bool fresh,
                           struct err *err)
{
    int64_t now = clock_now_ms();
    enum err_code rc;

    if ((rc = set_message(row, in, err)) || (rc = set_level(row, in, err)) ||
        (rc = set_end(row, in, now, err)) || (rc = set_status(row, in, fresh, now, err)))
        return rc;
    row->updated_ms = now;
    return OK;
}

/* ---- the deeds ---- */

/* Drafts and what is archived are in no answer that is kept. */
static bool is_public(const struct notice_row *row)
{
    return is(row->status, "published");
}

static enum err_code finish(struct tx **tx, struct arena *mem, const struct actor *actor,
                            struct str login, const struct notice_row *row, const char *action,
                            struct str detail, bool seen, struct err *err)
{
    struct str object =
        str_fmt(mem, STR_FMT "/notices/" STR_FMT, STR_ARG(login), STR_ARG(row->uuid));
    enum err_code rc = audit_add_of(*tx, actor, row->account_id, action, object, detail, err);

    if (rc)
        return rc;
    if (!seen)
        tx_quiet(*tx);
    return tx_commit(tx, err);
}

static enum err_code check_room(struct tx *tx, int64_t account_id, struct str login,
                                struct err *err)
{
    const struct notice_filter all = {.account_id = account_id, .status = S("")};
    int64_t count = 0;
    enum err_code rc = notice_count(tx, &all, &count, err);

    if (!rc && count >= CONDA_NOTICES_MAX)
        return fail(err, ERR_CONFLICT,
                    "\"" STR_FMT "\" has %d notices already, which is the most; delete old ones",
                    STR_ARG(login), CONDA_NOTICES_MAX);
    return rc;
}

enum err_code notice_create(struct app *app, struct arena *mem, const struct actor *actor,
                            struct str login, const struct notice_change *in,
                            struct notice_row *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    char uuid[RAND_UUID + 1];
    struct notice_row row = {.level = S("info"), .status = S("draft")};
    struct account_row account;
    enum err_code rc;

    if (!in->message.ptr)
        return fail_field(err, "message", "a notice needs a message");
    if (!in->expires_at.ptr)
        return fail_field(err, "expires_at", "a notice needs a moment at which it ends");
    rand_uuid(uuid);
    row.uuid = str_dup(mem, str_of(uuid));
    if (!row.uuid.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = apply(&row, in, /* fresh= */ true, err)) ||
        (rc = tx_begin_part(app->db, login, &tx, err)) ||
        (rc = account_require(tx, mem, login, &account, err)))
        return rc;
    row.account_id = account.id;
    row.created_ms = row.updated_ms;
    if ((rc = check_room(tx, account.id, login, err)) || (rc = notice_insert(tx, &row, err)) ||
        (rc = finish(&tx, mem, actor, login, &row, "notice.create", row.status, is_public(&row),
                     err)))
        return rc;
    *ret = row;
    return OK;
}

/* The notice, unless it is deleted, in the transaction that changes it. */
static enum err_code begin(struct app *app, struct arena *mem, struct str login, struct str uuid,
                           struct tx **ret_tx, struct notice_row *ret, struct err *err)
{
    struct account_row account;
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, login, ret_tx, err)) ||
        (rc = account_require(*ret_tx, mem, login, &account, err)))
        return rc;
    rc = notice_find(*ret_tx, mem, account.id, uuid, ret, err);
    if (rc == ERR_NOT_FOUND || (!rc && is(ret->status, "deleted")))
        return notice_missing(login, uuid, err);
    return rc;
}

static void add_word(struct buf *out, bool changed, const char *word)
{
    if (changed)
        buf_addf(out, "%s%s", out->len ? ", " : "", word);
}

enum err_code notice_edit(struct app *app, struct arena *mem, const struct actor *actor,
                          struct str login, struct str uuid, const struct notice_change *in,
                          struct notice_row *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    AUTO(buf_done) struct buf changed = BUF_INIT(DETAIL_MAX);
    struct notice_row old, row;
    const char *action = "notice.change";
    bool moved;
    enum err_code rc = begin(app, mem, login, uuid, &tx, &old, err);

    row = old;
    if (rc || (rc = apply(&row, in, /* fresh= */ false, err)))
        return rc;
    add_word(&changed, !str_eq(row.message, old.message), "message");
    add_word(&changed, !str_eq(row.level, old.level), "level");
    add_word(&changed, row.expires_ms != old.expires_ms, "expires_at");
    moved = !str_eq(row.status, old.status);
    if (moved)
        action = is_public(&row) ? "notice.publish" : "notice.archive";
    if (!buf_ok(&changed))
        return fail(err, ERR_NOMEM, "out of memory");
    if (!moved && !changed.len) {
        *ret = old;
        return OK;
    }
    if ((rc = notice_update(tx, &row, err)) ||
        (rc = finish(&tx, mem, actor, login, &row, action, buf_str(&changed),
                     is_public(&old) || is_public(&row), err)))
        return rc;
    *ret = row;
    return OK;
}

enum err_code notice_delete(struct app *app, struct arena *mem, const struct actor *actor,
                            struct str login, struct str uuid, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct notice_row row;
    bool seen;
    enum err_code rc = begin(app, mem, login, uuid, &tx, &row, err);

    if (rc)
        return rc;
    seen = is_public(&row);
    row.status = S("deleted");
    row.updated_ms = clock_now_ms();
    if ((rc = notice_update(tx, &row, err)) ||
        (rc = notice_trim_deleted(tx, row.account_id, DELETED_KEPT, err)))
        return rc;
    return finish(&tx, mem, actor, login, &row, "notice.delete", S(""), seen, err);
}
