#include "core/retention_plan.h"

#include "format/version_order.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

const char *retention_why_name(enum retention_why why)
{
    static const char *const names[] = {
        [WHY_RULE] = "rule", [WHY_NO_RULE] = "no-rule", [WHY_NEWEST] = "newest",
        [WHY_DAYS] = "days", [WHY_LOCKED] = "locked",   [WHY_LAST] = "last",
    };
    return names[why];
}

/* What is compared of a file. */
struct entry {
    const struct retention_file *file;
    struct version_order version;
    struct str variant; /* its build without the number of the rebuild */
    int64_t build;      /* that number */
    size_t index;       /* in the files */
    enum retention_per per;
};

/* ---- reading files ---- */

/* "py311h06a4308_1" is a rebuild of "py311h06a4308_0": the hash is that of the variant. */
static struct str variant_of(struct str build)
{
    size_t end = build.len;

    while (end && build.ptr[end - 1] >= '0' && build.ptr[end - 1] <= '9')
        end--;
    if (end == build.len || (end && build.ptr[end - 1] != '_'))
        return end ? build : S("");
    return str_sub(build, 0, end ? end - 1 : 0);
}

static enum err_code read_entry(struct arena *mem, const struct retention_file *f,
                                struct entry *ret, struct err *err)
{
    AUTO(json_decrefp) json_t *record = NULL;
    enum err_code rc = version_order_of(mem, f->row->version, &ret->version, err);

    ret->file = f;
    if (rc || !str_eq(f->row->type, S("conda"))) {
        ret->variant = f->row->filename; /* nothing is a rebuild of something else */
        return rc;
    }
    if ((rc = json_parse_object(f->row->record, &record, err)))
        return rc;
    ret->build = json_integer_value(json_object_get(record, "build_number"));
    ret->variant = str_dup(mem, variant_of(json_get_str(record, "build")));
    return ret->variant.ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

static enum err_code read_entries(struct arena *mem, const struct retention_file *files,
                                  size_t count, struct entry *ret, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        enum err_code rc = read_entry(mem, &files[i], &ret[i], err);

        if (rc == ERR_NOMEM)
            return rc;
        if (rc)
            return fail(err, ERR_CONFLICT, "\"" STR_FMT "\" cannot be compared: %s",
                        STR_ARG(files[i].row->basename), err ? err->msg : "");
        ret[i].index = i;
    }
    return OK;
}

/* ---- the newest ---- */

/* Files in the same group are counted together. */
static int group_cmp(const struct entry *a, const struct entry *b)
{
    const struct file_row *x = a->file->row, *y = b->file->row;
    int order = str_cmp(x->type, y->type);

    if (!order && a->per != PER_PACKAGE)
        order = str_cmp(x->subdir, y->subdir);
    if (!order && (a->per == PER_BUILD || a->per == PER_RELEASE))
        order = str_cmp(a->variant, b->variant);
    if (!order && a->per == PER_RELEASE)
        order = version_order_cmp(&a->version, &b->version);
    return order;
}

/* Files of the same unit count as one. */
static int unit_cmp(const struct entry *a, const struct entry *b)
{
    if (a->per == PER_RELEASE)
        return a->build < b->build ? -1 : a->build > b->build;
    return version_order_cmp(&a->version, &b->version);
}

/* By group, the newest first. */
static int newest_first(const void *a, const void *b)
{
    const struct entry *const *x = a, *const *y = b;
    int order = group_cmp(*x, *y);

    return order ? order : unit_cmp(*y, *x);
}

/* Sets ret_newest of those among the n newest units of their groups; list is put in another order.
 */
static void mark_newest(struct entry **list, size_t count, enum retention_per per, int64_t n,
                        bool *ret_newest)
{
    int64_t units = 0;

    for (size_t i = 0; i < count; i++)
        list[i]->per = per;
    if (count)
        qsort(list, count, sizeof(struct entry *), newest_first);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || group_cmp(list[i - 1], list[i]) != 0)
            units = 1;
        else if (unit_cmp(list[i - 1], list[i]) != 0)
            units++;
        ret_newest[list[i]->index] = units <= n;
    }
}

/* ---- one rule ---- */

/* A file that carries other labels as well would be taken from those, too. */
static bool fits_labels(const struct retention_rule *rule, const struct retention_file *f)
{
    if (!rule->labels.count)
        return true;
    for (size_t i = 0; i < f->label_count; i++)
        if (!retention_matches_any(&rule->labels, f->labels[i].name))
            return false;
    return f->label_count > 0;
}

/* For all files of a package. */
struct plan {
    struct entry *entries, **list; /* list: room for a choice of them */
    bool *newest;
    size_t count;
    int64_t now_ms;
    struct retention_verdict *verdicts;
};

/* A file that one rule keeps is kept; a later rule only has a say while it would go. */
static void judge(const struct plan *p, const struct retention_rule *rule, const struct entry *e)
{
    struct retention_verdict *v = &p->verdicts[e->index];
    bool is_young = e->file->row->uploaded_ms > p->now_ms - rule->keep_days * DAY_MS;

    if (v->why != WHY_NO_RULE && v->why != WHY_RULE)
        return;
    if (rule->keep_newest && p->newest[e->index])
        *v = (struct retention_verdict){WHY_NEWEST, rule};
    else if (rule->keep_days && is_young)
        *v = (struct retention_verdict){WHY_DAYS, rule};
    else if (v->why == WHY_NO_RULE)
        *v = (struct retention_verdict){WHY_RULE, rule};
}

static void apply(const struct plan *p, const struct retention_rule *rule, struct str package)
{
    size_t n = 0;

    if (!retention_matches_any(&rule->packages, package))
        return;
    for (size_t i = 0; i < p->count; i++)
        if (fits_labels(rule, p->entries[i].file) &&
            retention_matches_any(&rule->versions, p->entries[i].file->row->version))
            p->list[n++] = &p->entries[i];
    mark_newest(p->list, n, rule->per, rule->keep_newest, p->newest);
    for (size_t i = 0; i < n; i++)
        judge(p, rule, p->list[i]);
}

/* ---- what no rule can let go ---- */

static bool is_locked(const struct retention_file *f)
{
    for (size_t i = 0; i < f->label_count; i++)
        if (f->labels[i].locked)
            return true;
    return false;
}

static void keep_last(const struct plan *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->count; i++)
        p->list[i] = &p->entries[i];
    mark_newest(p->list, p->count, PER_SUBDIR, 1, p->newest);
    for (size_t i = 0; i < p->count; i++)
        if (p->newest[i])
            p->list[n++] = &p->entries[i];
    mark_newest(p->list, n, PER_RELEASE, 1, p->newest);
    for (size_t i = 0; i < n; i++) {
        struct retention_verdict *v = &p->verdicts[p->list[i]->index];

        if (v->why == WHY_RULE && p->newest[p->list[i]->index])
            *v = (struct retention_verdict){WHY_LAST, NULL};
    }
}

enum err_code retention_plan(struct arena *mem, const struct retention_rules *rules,
                             struct str package, const struct retention_file *files, size_t count,
                             int64_t now_ms, struct retention_verdict *ret, struct err *err)
{
    struct plan p = {.entries = arena_array(mem, struct entry, count + 1),
                     .list = arena_array(mem, struct entry *, count + 1),
                     .newest = arena_array(mem, bool, count + 1),
                     .count = count,
                     .now_ms = now_ms,
                     .verdicts = ret};
    enum err_code rc;

    if (!p.entries || !p.list || !p.newest)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = read_entries(mem, files, count, p.entries, err)))
        return rc;
    for (size_t i = 0; i < count; i++)
        ret[i] = (struct retention_verdict){WHY_NO_RULE, NULL};
    for (size_t i = 0; i < rules->count; i++)
        apply(&p, &rules->items[i], package);
    for (size_t i = 0; i < count; i++)
        if (ret[i].why == WHY_RULE && is_locked(&files[i]))
            ret[i] = (struct retention_verdict){WHY_LOCKED, NULL};
    keep_last(&p);
    return OK;
}
