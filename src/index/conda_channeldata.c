/* conda_channeldata.c: see conda_channeldata.h.
 *
 * Rows arrive as package > (version, subdir) > builds. Three levels of state follow them: the
 * newest build of the pair under way, the package under way, and the text of finished entries. */
#include "index/conda_channeldata.h"

#include "base/limits.h"
#include "base/mem.h"
#include "format/conda_version.h"
#include "format/json.h"

/* Versions and names of one package while its rows pass. A version takes under 1 KiB; no package
 * of conda-forge has more than 5,000. */
#define PACKAGE_MEMORY (64 * MIB)

/* Times up to this one (9999-12-31 in seconds) are seconds, as old builds recorded them. */
#define LAST_SECOND INT64_C(253402300799)

static const char *const text_keys[] = {
    "description", "dev_url",        "doc_source_url", "doc_url",       "home",
    "icon_hash",   "icon_url",       "identifiers",    "keywords",      "license",
    "source_url",  "source_git_url", "summary",        "recipe_origin", "tags",
};
static const char *const flag_keys[] = {
    "activate.d", "binary_prefix", "deactivate.d", "post_link",
    "pre_link",   "pre_unlink",    "text_prefix",
};

/* How new a build is: by version (CEP 33), then by time. */
struct rank {
    const struct conda_version *version; /* NULL: lowest */
    int64_t seconds;
};

/* The newest build so far of one version in one subdir. */
struct build {
    struct str version, subdir, filename;
    bool v2;
    int64_t built_ms;
    json_t *record, *facts, *about, *run_exports;
};

struct package {
    struct arena *mem; /* NULL: none under way */
    struct str name;
    struct build build; /* under way if build.record */
    struct rank rank;   /* of `version` */
    struct str version;
    json_t *texts[COUNT(text_keys)];
    struct rank text_ranks[COUNT(text_keys)];
    bool flags[COUNT(flag_keys)];
    json_t *run_exports; /* version -> object */
    json_t *subdirs;     /* a set: subdir -> true */
    int64_t seconds, uploaded_ms;
};

struct conda_channeldata {
    struct conda_package_sink sink;
    struct buf packages; /* the inside of "packages" */
    json_t *subdirs;     /* a set */
    struct package now;
};

static void build_done(struct build *b)
{
    json_decref(b->record);
    json_decref(b->facts);
    json_decref(b->about);
    json_decref(b->run_exports);
    *b = (struct build){0};
}

static void package_done(struct package *p)
{
    build_done(&p->build);
    for (size_t i = 0; i < COUNT(text_keys); i++)
        json_decref(p->texts[i]);
    json_decref(p->run_exports);
    json_decref(p->subdirs);
    arena_close(p->mem);
    *p = (struct package){0};
}

enum err_code conda_channeldata_open(struct conda_package_sink sink,
                                     struct conda_channeldata **ret_data, struct err *err)
{
    AUTO(conda_channeldata_closep) struct conda_channeldata *d = mem_new(struct conda_channeldata);

    if (!d)
        return fail(err, ERR_NOMEM, "out of memory");
    d->sink = sink;
    d->packages = BUF_INIT(LIMIT_INDEX_DOCUMENT);
    d->subdirs = json_object();
    /* Every channel has noarch: clients take its absence for the absence of the channel. */
    if (!d->subdirs || json_object_set_new(d->subdirs, "noarch", json_true()))
        return fail(err, ERR_NOMEM, "out of memory");
    *ret_data = TAKE(d);
    return OK;
}

void conda_channeldata_close(struct conda_channeldata *d)
{
    if (!d)
        return;
    package_done(&d->now);
    json_decref(d->subdirs);
    buf_done(&d->packages);
    mem_free(d);
}

void conda_channeldata_closep(struct conda_channeldata **d)
{
    conda_channeldata_close(*d);
}

static int64_t to_seconds(int64_t time)
{
    return time > LAST_SECOND ? time / 1000 : time;
}

static bool rank_above(struct rank a, struct rank b)
{
    int order;

    if (!a.version || !b.version)
        order = (a.version != NULL) - (b.version != NULL);
    else
        order = conda_version_cmp(a.version, b.version);
    return order > 0 || (order == 0 && a.seconds > b.seconds);
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A text for people on one line: no blanks around it, blanks for newlines. */
static json_t *one_line(struct str s)
{
    AUTO(buf_done) struct buf b = BUF_INIT(LIMIT_INFO_MEMBER);

    while (s.len && is_blank(s.ptr[0]))
        s = str_from(s, 1);
    while (s.len && is_blank(s.ptr[s.len - 1]))
        s.len--;
    for (struct str line; str_cut(&s, '\n', &line); buf_addc(&b, ' '))
        buf_add(&b, line);
    buf_add(&b, s);
    return buf_ok(&b) ? json_of(buf_str(&b)) : NULL;
}

/* A text or list that says something; other types are not for this document. */
static bool says_something(const json_t *v)
{
    return (json_is_string(v) && json_string_length(v) > 0) ||
           (json_is_array(v) && json_array_size(v) > 0);
}

/* The value of a key in a build; a new reference, NULL when it has none. */
static json_t *build_text(const struct build *b, const char *key)
{
    const json_t *from[] = {b->record, b->facts, b->about};

    for (size_t i = 0; i < COUNT(from); i++) {
        json_t *v = json_object_get(from[i], key);

        if (!says_something(v))
            continue;
        if (json_is_string(v) && (!strcmp(key, "description") || !strcmp(key, "summary")))
            return one_line(json_str(v));
        return json_incref(v);
    }
    return NULL;
}

static void fold_texts(struct package *p, const struct build *b, struct rank rank)
{
    for (size_t i = 0; i < COUNT(text_keys); i++) {
        json_t *v;

        if (p->texts[i] && !rank_above(rank, p->text_ranks[i]))
            continue;
        v = build_text(b, text_keys[i]);
        if (!v)
            continue;
        json_decref(p->texts[i]);
        p->texts[i] = v;
        p->text_ranks[i] = rank;
    }
}

/* Takes the newest build of a (version, subdir) pair into its package. */
static enum err_code fold_build(struct package *p, struct err *err)
{
    struct build *b = &p->build;
    struct rank rank = {NULL, to_seconds(b->built_ms)};
    char *version = str_z(p->mem, b->version);

    if (!b->record)
        return OK;
    if (!version)
        return fail(err, ERR_NOMEM, "out of memory for channeldata.json");
    /* A version that no client can order ranks lowest, it is no reason to have no document. */
    (void)!conda_version_parse(p->mem, b->version, &rank.version, NULL);
    if (!p->version.len || rank_above(rank, p->rank)) {
        p->rank = rank;
        p->version = b->version;
    }
    fold_texts(p, b, rank);
    for (size_t i = 0; i < COUNT(flag_keys); i++)
        p->flags[i] |= json_is_true(json_object_get(b->facts, flag_keys[i]));
    if (json_object_size(b->run_exports) &&
        json_object_set(p->run_exports, version, b->run_exports))
        return fail(err, ERR_NOMEM, "out of memory for channeldata.json");
    build_done(b);
    return OK;
}

static int key_cmp(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return strcmp(*x, *y);
}

/* The keys of an object as a sorted array; a new reference, NULL when out of memory. */
static json_t *sorted_keys(json_t *set)
{
    AUTO(json_decrefp) json_t *array = json_array();
    size_t count = json_object_size(set), n = 0;
    const char **keys = mem_get((count ? count : 1) * sizeof *keys);
    bool ok = array && keys;

    for (void *it = json_object_iter(set); ok && it; it = json_object_iter_next(set, it))
        keys[n++] = json_object_iter_key(it);
    if (n)
        qsort(keys, n, sizeof *keys, key_cmp);
    for (size_t i = 0; ok && i < n; i++)
        ok = json_array_append_new(array, json_string(keys[i])) == 0;
    mem_free(keys);
    return ok ? TAKE(array) : NULL;
}

static json_t *package_entry(const struct package *p)
{
    AUTO(json_decrefp) json_t *e = json_object();
    int bad = !e;

    for (size_t i = 0; !bad && i < COUNT(text_keys); i++)
        if (p->texts[i])
            bad = json_object_set(e, text_keys[i], p->texts[i]);
    for (size_t i = 0; !bad && i < COUNT(flag_keys); i++)
        bad = json_object_set_new(e, flag_keys[i], json_boolean(p->flags[i]));
    bad = bad || json_object_set(e, "run_exports", p->run_exports) ||
          json_object_set_new(e, "subdirs", sorted_keys(p->subdirs)) ||
          json_object_set_new(e, "timestamp", json_integer(p->seconds)) ||
          json_object_set_new(e, "version", json_of(p->version));
    return bad ? NULL : TAKE(e);
}

void conda_channeldata_member(const struct conda_package *package, struct buf *out)
{
    json_string_literal(out, package->name);
    buf_addc(out, ':');
    json_canonical(out, package->entry);
}

void conda_channeldata_end_with(const json_t *subdirs, struct buf *out)
{
    buf_addz(out, "},\"subdirs\":");
    json_canonical(out, subdirs);
    buf_addz(out, "}\n");
}

static enum err_code package_end(struct conda_channeldata *d, struct err *err)
{
    struct package *p = &d->now;
    AUTO(json_decrefp) json_t *entry = NULL;
    struct conda_package package;
    enum err_code code;

    if (!p->mem)
        return OK;
    code = fold_build(p, err);
    if (code)
        return code;
    entry = package_entry(p);
    if (!entry)
        return fail(err, ERR_NOMEM, "out of memory for channeldata.json");
    package = (struct conda_package){p->name, entry, p->uploaded_ms};
    if (d->packages.len)
        buf_addc(&d->packages, ',');
    conda_channeldata_member(&package, &d->packages);
    d->sink.add(d->sink.ctx, &package);
    package_done(p);
    return OK;
}

static enum err_code package_begin(struct package *p, struct str name, struct err *err)
{
    p->mem = arena_open(PACKAGE_MEMORY);
    p->run_exports = json_object();
    p->subdirs = json_object();
    p->name = p->mem ? str_dup(p->mem, name) : S("");
    if (!p->mem || !p->run_exports || !p->subdirs || !p->name.ptr) {
        package_done(p);
        return fail(err, ERR_NOMEM, "out of memory for channeldata.json");
    }
    return OK;
}

/* Is a row a better choice than the build so far? Total, so that the order of rows with equal
 * times changes nothing. */
static bool is_better(const struct build *b, const struct conda_row *row)
{
    bool v2 = conda_row_is_v2(row);

    if (row->built_ms != b->built_ms)
        return row->built_ms > b->built_ms;
    if (v2 != b->v2)
        return v2;
    return str_cmp(row->filename, b->filename) < 0;
}

/* An absent or empty text stands for {}. */
static enum err_code parse_part(struct str text, json_t **ret, struct err *err)
{
    return json_parse_object(text.len ? text : S("{}"), ret, err);
}

static enum err_code build_take(struct package *p, const struct conda_row *row, struct err *err)
{
    struct build next = {
        .version = str_dup(p->mem, row->version),
        .subdir = str_dup(p->mem, row->subdir),
        .filename = str_dup(p->mem, row->filename),
        .v2 = conda_row_is_v2(row),
        .built_ms = row->built_ms,
    };
    enum err_code code = OK;

    if (!next.version.ptr || !next.subdir.ptr || !next.filename.ptr)
        return fail(err, ERR_NOMEM, "out of memory for channeldata.json");
    if ((code = parse_part(row->record, &next.record, err)) ||
        (code = parse_part(row->facts, &next.facts, err)) ||
        (code = parse_part(row->about, &next.about, err)) ||
        (code = parse_part(row->run_exports, &next.run_exports, err))) {
        build_done(&next);
        return code;
    }
    build_done(&p->build);
    p->build = next;
    return OK;
}

/* Makes the package of a row the one under way. */
static enum err_code package_turn(struct conda_channeldata *d, const struct conda_row *row,
                                  struct err *err)
{
    int order = d->now.mem ? str_cmp(d->now.name, row->package) : -1;
    enum err_code code;

    if (order == 0)
        return OK;
    if (order > 0)
        return fail(err, ERR_INVALID, "rows of a channel out of order at \"" STR_FMT "\"",
                    STR_ARG(row->filename));
    code = package_end(d, err);
    return code ? code : package_begin(&d->now, row->package, err);
}

enum err_code conda_channeldata_add(struct conda_channeldata *d, const struct conda_row *row,
                                    struct err *err)
{
    struct package *p = &d->now;
    const char *subdir;
    enum err_code code = package_turn(d, row, err);

    if (code)
        return code;
    if (p->build.record &&
        (!str_eq(p->build.version, row->version) || !str_eq(p->build.subdir, row->subdir)))
        code = fold_build(p, err);
    if (code)
        return code;
    if (to_seconds(row->built_ms) > p->seconds)
        p->seconds = to_seconds(row->built_ms);
    if (row->uploaded_ms > p->uploaded_ms)
        p->uploaded_ms = row->uploaded_ms;
    if (p->build.record && !is_better(&p->build, row))
        return OK;
    subdir = str_z(p->mem, row->subdir);
    if (!subdir || json_object_set_new(p->subdirs, subdir, json_true()) ||
        json_object_set_new(d->subdirs, subdir, json_true()))
        return fail(err, ERR_NOMEM, "out of memory for channeldata.json");
    return build_take(p, row, err);
}

enum err_code conda_channeldata_end(struct conda_channeldata *d, struct err *err)
{
    return package_end(d, err);
}

json_t *conda_channeldata_subdirs(const struct conda_channeldata *d)
{
    return sorted_keys(d->subdirs);
}

enum err_code conda_channeldata_write(const struct conda_channeldata *d, struct buf *out,
                                      struct err *err)
{
    AUTO(json_decrefp) json_t *subdirs = sorted_keys(d->subdirs);

    if (!subdirs || !buf_ok(&d->packages))
        return fail(err, ERR_NOMEM, "channeldata.json does not fit in memory");
    buf_addz(out, CONDA_CHANNELDATA_BEGIN);
    buf_add(out, buf_str(&d->packages));
    conda_channeldata_end_with(subdirs, out);
    return OK;
}
