#include "core/statistics.h"

#include "base/clock.h"
#include "format/fields.h"

enum { DAY_MS = 24 * 3600 * 1000, DATE_LEN = 10, WEEK = 7, MONTH = 31 };

/* ---- time ---- */

struct str statistics_date(int64_t day, char *out)
{
    return str_sub(clock_rfc3339(day * DAY_MS, out), 0, DATE_LEN);
}

/* The first day of the week or month that the day is in; of a day, itself. */
static int64_t begin_of(struct str by, int64_t day)
{
    char text[CLOCK_TEXT_MAX];
    uint64_t of_month = 1;

    if (str_eq(by, S("week")))
        return day - (day + 3) % WEEK; /* 1970-01-01 was a Thursday */
    if (!str_eq(by, S("month")))
        return day;
    (void)str_u64(str_sub(statistics_date(day, text), DATE_LEN - 2, 2), MONTH, &of_month);
    return day - (int64_t)of_month + 1;
}

/* start: as begin_of gives it. */
static int64_t begin_after(struct str by, int64_t start)
{
    if (str_eq(by, S("week")))
        return start + WEEK;
    return str_eq(by, S("month")) ? begin_of(by, start + MONTH) : start + 1;
}

static int64_t begin_by_default(struct str by, int64_t last_day)
{
    const int pieces = str_eq(by, S("day")) ? 30 : 12;
    int64_t start = begin_of(by, last_day);

    for (int i = 1; i < pieces; i++)
        start = begin_of(by, start - 1);
    return start > 0 ? start : 0;
}

static enum err_code read_date(const char *field, struct str text, int64_t *ret_day,
                               struct err *err)
{
    int64_t first_ms = -1, last_ms;

    if (text.len == DATE_LEN && field_moment(text, &first_ms, &last_ms) && first_ms >= 0) {
        *ret_day = first_ms / DAY_MS;
        return OK;
    }
    return fail_field(err, field, "%s is a date since 1970, as 2026-09-01, not \"" STR_FMT "\"",
                      field, STR_ARG(text));
}

static enum err_code read_span(const struct statistics_request *req, struct str by, int64_t today,
                               struct download_span *ret, struct err *err)
{
    struct download_span span = {.last_day = today};
    enum err_code rc = req->to.len ? read_date("to", req->to, &span.last_day, err) : OK;

    if (rc)
        return rc;
    span.first_day = begin_by_default(by, span.last_day);
    if (req->from.len && (rc = read_date("from", req->from, &span.first_day, err)))
        return rc;
    if (span.first_day > span.last_day)
        return fail_field(err, "from", "from is after to");
    span.first_day = begin_of(by, span.first_day);
    if (span.first_day < 0) /* the week that begins in 1969 */
        span.first_day = 0;
    if (span.last_day - span.first_day >= STATISTICS_DAYS_MAX)
        return fail_field(err, "from", "from and to are more than %d days apart",
                          (int)STATISTICS_DAYS_MAX);
    *ret = span;
    return OK;
}

enum err_code statistics_time_read(struct arena *mem, const struct statistics_request *req,
                                   int64_t today, struct statistics_time *ret, struct err *err)
{
    struct statistics_time time = {.by = req->by.len ? req->by : S("day")};
    enum err_code rc;

    if (!str_eq(time.by, S("day")) && !str_eq(time.by, S("week")) && !str_eq(time.by, S("month")))
        return fail_field(err, "by", "by is day, week or month, not \"" STR_FMT "\"",
                          STR_ARG(time.by));
    if ((rc = read_span(req, time.by, today, &time.span, err)))
        return rc;
    time.starts = arena_array(mem, int64_t, (size_t)(time.span.last_day - time.span.first_day + 1));
    if (!time.starts)
        return fail(err, ERR_NOMEM, "out of memory");
    for (int64_t day = time.span.first_day; day <= time.span.last_day;
         day = begin_after(time.by, begin_of(time.by, day)))
        time.starts[time.count++] = day;
    *ret = time;
    return OK;
}

/* Which piece the day is in. */
static size_t piece_of(const struct statistics_time *time, int64_t day)
{
    size_t low = 0, high = time->count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (time->starts[middle] <= day)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* ---- series ---- */

static enum err_code series_init(struct arena *mem, const struct statistics_time *time,
                                 struct statistics_series *s, struct err *err)
{
    s->counts = arena_array(mem, int64_t, time->count);
    return s->counts ? OK : fail(err, ERR_NOMEM, "out of memory");
}

static void series_add(const struct statistics_time *time, struct statistics_series *s, int64_t day,
                       int64_t count)
{
    s->counts[piece_of(time, day)] += count;
    s->sum += count;
}

static enum err_code read_group(struct str name, enum download_group *ret, struct err *err)
{
    static const struct {
        const char *name;
        enum download_group group;
    } groups[] = {{"", DOWNLOADS_ALL},
                  {"client", DOWNLOADS_BY_CLIENT},
                  {"version", DOWNLOADS_BY_VERSION},
                  {"platform", DOWNLOADS_BY_PLATFORM},
                  {"file", DOWNLOADS_BY_FILE}};

    for (size_t i = 0; i < COUNT(groups); i++)
        if (str_eq(name, str_of(groups[i].name))) {
            *ret = groups[i].group;
            return OK;
        }
    return fail_field(err, "group",
                      "group is version, platform, client or file, not \"" STR_FMT "\"",
                      STR_ARG(name));
}

static enum err_code fill_all(struct tx *tx, struct package_statistics *p, int64_t package_id,
                              struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code rc =
        download_query_package(tx, DOWNLOADS_ALL, package_id, p->time.span, &rows, err);

    while (!rc && rows_next(rows))
        series_add(&p->time, &p->all, rows_int(rows, DOWNLOAD_DAY), rows_int(rows, DOWNLOAD_COUNT));
    return rc ? rc : rows_error(rows, err);
}

/* Room for the groups, for the rest of them, and for what is removed: in this order. */
static enum err_code make_series(struct tx *tx, struct arena *mem, enum download_group group,
                                 int64_t package_id, struct package_statistics *p, struct err *err)
{
    struct download_sum_list top;
    enum err_code rc = download_list_groups(tx, mem, group, package_id, p->time.span,
                                            STATISTICS_SERIES_MAX, &top, err);

    if (rc)
        return rc;
    p->series_count = top.count + 2;
    p->series = arena_array(mem, struct statistics_series, p->series_count);
    if (!p->series)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; !rc && i < p->series_count; i++) {
        struct statistics_series *s = &p->series[i];

        s->kind = i < top.count ? SERIES_GROUP : i == top.count ? SERIES_REST : SERIES_REMOVED;
        s->name = i < top.count ? top.rows[i].name : S("");
        rc = series_init(mem, &p->time, s, err);
    }
    return rc;
}

/* The series of a group's name: that of the rest, if it has none of its own. */
static struct statistics_series *series_of(struct package_statistics *p, struct str name)
{
    size_t groups = p->series_count - 2;

    for (size_t i = 0; i < groups; i++)
        if (str_eq(p->series[i].name, name))
            return &p->series[i];
    return &p->series[groups];
}

static enum err_code fill_series(struct tx *tx, enum download_group group, int64_t package_id,
                                 struct package_statistics *p, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code rc = download_query_package(tx, group, package_id, p->time.span, &rows, err);

    while (!rc && rows_next(rows))
        series_add(&p->time, series_of(p, rows_text(rows, DOWNLOAD_NAME)),
                   rows_int(rows, DOWNLOAD_DAY), rows_int(rows, DOWNLOAD_COUNT));
    return rc ? rc : rows_error(rows, err);
}

/* What the package had, and none of its files has. */
static void fill_removed(struct package_statistics *p)
{
    struct statistics_series *removed = &p->series[p->series_count - 1];

    for (size_t piece = 0; piece < p->time.count; piece++) {
        int64_t left = p->all.counts[piece];

        for (size_t i = 0; i + 1 < p->series_count; i++)
            left -= p->series[i].counts[piece];
        removed->counts[piece] = left;
        removed->sum += left;
    }
}

static void drop_empty(struct package_statistics *p)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->series_count; i++)
        if (p->series[i].sum)
            p->series[kept++] = p->series[i];
    p->series_count = kept;
}

enum err_code statistics_of_package(struct tx *tx, struct arena *mem, int64_t package_id,
                                    const struct statistics_request *req, int64_t today,
                                    struct package_statistics *ret, struct err *err)
{
    struct package_statistics p = {.all = {.name = S("")}};
    enum download_group group;
    enum err_code rc;

    if ((rc = read_group(req->group, &group, err)) ||
        (rc = statistics_time_read(mem, req, today, &p.time, err)) ||
        (rc = series_init(mem, &p.time, &p.all, err)) ||
        (rc = download_total(tx, package_id, &p.total, err)) ||
        (rc = fill_all(tx, &p, package_id, err)))
        return rc;
    if (group != DOWNLOADS_ALL) {
        if ((rc = make_series(tx, mem, group, package_id, &p, err)) ||
            (rc = fill_series(tx, group, package_id, &p, err)))
            return rc;
        fill_removed(&p);
        drop_empty(&p);
    }
    *ret = p;
    return OK;
}

/* ---- accounts ---- */

/* Leaves those that the view shows. */
static void keep_shown(const struct view *view, struct account_statistics *a)
{
    size_t kept = 0;

    for (size_t i = 0; i < a->packages.count; i++) {
        const struct downloaded_package *p = &a->packages.rows[i];

        if (!view_shows(view, p->access, p->id))
            continue;
        a->total += p->total;
        a->packages.rows[kept++] = *p;
    }
    a->packages.count = kept;
}

static enum err_code fill_account(struct tx *tx, int64_t account_id, const struct view *view,
                                  struct account_statistics *a, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code rc = download_query_account(tx, account_id, a->time.span, &rows, err);

    while (!rc && rows_next(rows)) {
        enum access_level access;

        if (access_level_parse(rows_text(rows, DOWNLOAD_ACCOUNT_ACCESS), &access) &&
            view_shows(view, access, rows_int(rows, DOWNLOAD_ACCOUNT_PACKAGE_ID)))
            series_add(&a->time, &a->all, rows_int(rows, DOWNLOAD_ACCOUNT_DAY),
                       rows_int(rows, DOWNLOAD_ACCOUNT_COUNT));
    }
    return rc ? rc : rows_error(rows, err);
}

enum err_code statistics_of_account(struct tx *tx, struct arena *mem, int64_t account_id,
                                    const struct view *view, const struct statistics_request *req,
                                    int64_t today, struct account_statistics *ret, struct err *err)
{
    struct account_statistics a = {.all = {.name = S("")}};
    enum err_code rc;

    if ((rc = statistics_time_read(mem, req, today, &a.time, err)) ||
        (rc = series_init(mem, &a.time, &a.all, err)) ||
        (rc = download_list_packages(tx, mem, account_id, a.time.span, &a.packages, err)) ||
        (rc = fill_account(tx, account_id, view, &a, err)))
        return rc;
    keep_shown(view, &a);
    *ret = a;
    return OK;
}
