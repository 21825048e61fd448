#include "index/conda_notices.h"

#include "base/clock.h"
#include "format/json.h"
#include "store/notice.h"

/* CEP 6 says "expires_at", conda reads "expired_at". */
static void add_notice(struct buf *out, const struct notice_row *n)
{
    char created[CLOCK_TEXT_MAX], expires[CLOCK_TEXT_MAX];

    clock_iso(n->created_ms, created);
    clock_iso(n->expires_ms, expires);
    buf_addf(out,
             "{\"created_at\":\"%s\",\"expired_at\":\"%s\",\"expires_at\":\"%s\",\"id\":", created,
             expires, expires);
    json_string_literal(out, n->uuid);
    buf_addz(out, ",\"level\":");
    json_string_literal(out, n->level);
    buf_addz(out, ",\"message\":");
    json_string_literal(out, n->message);
    buf_addc(out, '}');
}

enum err_code conda_notices_write(struct tx *tx, struct arena *mem, int64_t account_id,
                                  int64_t now_ms, struct buf *out, int64_t *ret_until_ms,
                                  struct err *err)
{
    const struct notice_filter shown = {account_id, S("published"), now_ms};
    struct notice_list list;
    int64_t until = 0;
    enum err_code code = notice_page(tx, mem, &shown, 0, CONDA_NOTICES_MAX, &list, err);

    if (code)
        return code;
    buf_addz(out, "{\"notices\":[");
    for (size_t i = 0; i < list.count; i++) {
        if (i)
            buf_addc(out, ',');
        add_notice(out, &list.rows[i]);
        if (!until || list.rows[i].expires_ms < until)
            until = list.rows[i].expires_ms;
    }
    buf_addz(out, "]}");
    *ret_until_ms = until;
    return OK;
}
