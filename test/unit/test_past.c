/* A channel that is changed at random, and read again as it was: each document in each view and
 * form, to the byte, as long as a generation is kept. */
#include "channel_fixture.h"
#include "core_fixture.h"

#include "base/cache.h"
#include "base/text.h"
#include "blob/blob.h"
#include "core/gc.h"
#include "document_filter.h"
#include "format/gzip.h"
#include "format/json.h"
#include "format/msgpack.h"
#include "format/zstd.h"
#include "index/compose.h"
#include "index/conda_html.h"
#include "index/conda_shards.h"
#include "index/list_write.h"
#include "read_document.h"
#include "store/copy.h"
#include "store/generation.h"
#include "store/label.h"
#include "trust.h"

enum { PACKAGES = 5, FILES = 24, LABELS = 2, FORMS = 3, STEPS = 40, MOMENTS = STEPS + 1 };
#define HOUR INT64_C(3600000)

static const char *const subdirs[] = {"", "noarch", "linux-64", "osx-64"};
static const char *const labels[LABELS] = {"main", "dev"};

/* What is there, told without the engine. */
struct model {
    struct model_file {
        bool there, carries[LABELS];
    } files[FILES];
    enum access_level access[PACKAGES];
};

/* A document of a generation. */
struct remembered {
    unsigned label;
    enum access_level view;
    struct str subdir, name;
    bool there;
    struct str digest, text; /* as its row says, and decompressed */
    struct str forms[FORMS]; /* digests of its bytes; ptr NULL: it has no such form */
};
struct moment {
    int64_t number, made_ms;
    struct model model;
    struct remembered *docs;
    size_t count;
};

struct history {
    struct channels *f;
    const char *packages[PACKAGES];
    struct channel_file files[FILES];
    int64_t ids[FILES];
    struct model now;
    int64_t hidden[PACKAGES]; /* in generations before this one; 0: in none */
    struct moment moments[MOMENTS];
    size_t count;
};

/* ---- names ----------------------------------------------------------------------------------- */

/* The next text that begins with a prefix, and begins a chunk of every list, or of none. */
static const char *pick(struct channels *f, const char *prefix, const char *suffix, bool cuts,
                        unsigned *number)
{
    for (;;) {
        const char *name = str_fmt(f->mem, "%s%u%s", prefix, ++*number, suffix).ptr;

        assert_non_null(name);
        if (list_cuts_before(&conda_list_kinds[cuts ? CONDA_SHARDS : CONDA_CHANNELDATA],
                             str_of(name)) == cuts)
            return name;
    }
}

static struct history *begin(struct channels *f)
{
    struct history *h = arena_new(f->mem, struct history);
    unsigned number = 0;

    assert_non_null(h);
    *h = (struct history){.f = f};
    for (unsigned i = 0; i < PACKAGES; i++)
        h->packages[i] = pick(f, "p", "", i % 2 == 0, &number);
    h->packages[1] = "q-1-0.conda"; /* which is a name of a package, too */
    for (unsigned i = 0; i < FILES; i++) {
        const char *package = h->packages[i % PACKAGES];
        bool v2 = i % 4 != 0;
        const char *prefix = str_fmt(f->mem, "%s-", package).ptr, *name;

        name = pick(f, prefix, v2 ? "-0.conda" : "-0.tar.bz2", i % 3 == 0, &number);
        h->files[i] =
            (struct channel_file){package, str_fmt(f->mem, "%u", number).ptr,
                                  "0",     subdirs[1 + i % 3],
                                  v2,      CHANNEL_NOW - (int64_t)(i * 7919 % FILES) * 1000};
        assert_str(channel_filename(f->mem, &h->files[i]), name);
    }
    return h;
}

static unsigned package_of(unsigned file)
{
    return file % PACKAGES;
}

/* ---- changes --------------------------------------------------------------------------------- */

static int64_t newest(struct history *h)
{
    int64_t number;

    must(h->f, generation_newest(h->f->tx, h->f->ch.account_id, &number, &h->f->err));
    return number;
}

static void update(struct history *h, unsigned file, unsigned label)
{
    const struct channel_file *it = &h->files[file];
    const struct index_change change = {str_of(it->name), channel_filename(h->f->mem, it)};

    h->f->ch.label = str_of(labels[label]);
    channel_update(h->f, it->subdir, &change, 1);
    h->f->ch.label = S("main");
}

static void publish(struct history *h, unsigned file)
{
    h->ids[file] = channel_add(h->f, &h->files[file]);
    h->now.files[file] = (struct model_file){true, {true}};
    update(h, file, 0);
}

static void removes(struct history *h, unsigned file)
{
    struct model_file was = h->now.files[file];

    must(h->f, file_delete(h->f->tx, h->ids[file], &h->f->err));
    h->now.files[file] = (struct model_file){0};
    for (unsigned i = 0; i < LABELS; i++)
        if (was.carries[i])
            update(h, file, i);
}

static void relabel(struct history *h, unsigned file, unsigned label)
{
    struct channels *f = h->f;
    bool *carries = &h->now.files[file].carries[label];
    const struct file_set one = {OF_FILE, h->ids[file]};
    int64_t id, changed = 0;

    must(f, label_ensure(f->tx, f->ch.account_id, str_of(labels[label]), &id, &f->err));
    if (*carries)
        must(f, label_detach_set(f->tx, &one, id, &changed, &f->err));
    else
        must(f, label_attach_set(f->tx, &one, id, &changed, &f->err));
    assert_int_equal(changed, 1);
    *carries = !*carries;
    update(h, file, label);
}

static void change_access(struct history *h, unsigned package, enum access_level access)
{
    struct channels *f = h->f;
    bool narrower = access > h->now.access[package];

    channel_set_access(f, h->packages[package], access);
    h->now.access[package] = access;
    for (unsigned i = package; i < FILES; i += PACKAGES)
        for (unsigned k = 0; k < LABELS; k++)
            if (h->now.files[i].carries[k])
                update(h, i, k);
    if (!narrower)
        return;
    h->hidden[package] = newest(h) + 1;
    must(f, generation_hide(f->tx, f->ch.account_id, str_of(h->packages[package]),
                            h->hidden[package], &f->err));
}

/* The label goes, and its channel. */
static void drop_label(struct history *h, unsigned label)
{
    struct channels *f = h->f;
    const struct file_set all = {OF_ACCOUNT, f->ch.account_id};
    struct channel ch = f->ch;
    int64_t id, changed = 0;

    must(f, label_ensure(f->tx, ch.account_id, str_of(labels[label]), &id, &f->err));
    must(f, label_detach_set(f->tx, &all, id, &changed, &f->err));
    ch.label = str_of(labels[label]);
    must(f, index_drop(f->tx, &ch, f->now_ms, &f->err));
    must(f, label_delete(f->tx, id, &f->err));
    for (unsigned i = 0; i < FILES; i++)
        h->now.files[i].carries[label] = false;
}

/* What is in order stays as it is: no generation is made. */
static void rebuild(struct history *h, unsigned label)
{
    struct channels *f = h->f;
    struct channel ch = f->ch;
    int64_t before = newest(h);

    ch.label = str_of(labels[label]);
    must(f, index_rebuild(f->tx, f->core->app.blobs, &ch, f->now_ms, &f->err));
    assert_int_equal(newest(h), before);
}

static bool has_files(const struct history *h, unsigned package)
{
    for (unsigned i = package; i < FILES; i += PACKAGES)
        if (h->now.files[i].there)
            return true;
    return false;
}

static void change(struct history *h)
{
    struct chance *c = &h->f->chance;
    unsigned file = (unsigned)chance_below(c, FILES), package = package_of(file);
    size_t what = chance_below(c, 20);

    if (!h->now.files[file].there)
        publish(h, file);
    else if (what == 0)
        drop_label(h, 1);
    else if (what < 3)
        rebuild(h, (unsigned)chance_below(c, LABELS));
    else if (what < 7)
        removes(h, file);
    else if (what < 14)
        relabel(h, file, (unsigned)chance_below(c, LABELS));
    else if (has_files(h, package))
        change_access(h, package, (enum access_level)chance_below(c, ACCESS_LEVELS));
}

/* One or two changes of one transaction, which are one generation. */
static void step(struct history *h)
{
    struct channels *f = h->f;
    int64_t before = newest(h);

    f->now_ms += HOUR;
    f->ch.generation = before + 1;
    change(h);
    if (chance_one_in(&f->chance, 4))
        change(h);
    f->ch.generation = 0;
    channel_commit(f);
    assert_true(newest(h) <= before + 1);
}

/* ---- remembering ----------------------------------------------------------------------------- */

static bool is_packed(struct str name)
{
    return str_ends(name, S(".zst"));
}

static struct str unpacked(struct channels *f, struct str bytes, enum index_form form)
{
    AUTO(buf_done) struct buf plain = BUF_INIT(64 * MIB);

    if (form == INDEX_TEXT)
        return bytes;
    if (form == INDEX_ZSTD)
        must(f, zstd_unpack(bytes, &plain, &f->err));
    else
        must(f, gzip_unpack(bytes, &plain, &f->err));
    assert_true(buf_ok(&plain));
    return str_dup(f->mem, buf_str(&plain));
}

static struct str digest_of_text(struct channels *f, struct str bytes)
{
    char hex[SHA256_HEX + 1];

    digest_sha256_hex(bytes, hex);
    return str_dup(f->mem, str_of(hex));
}

static bool has_form(struct str name, unsigned form)
{
    return is_packed(name) ? form == INDEX_ZSTD : form != INDEX_GZIP || str_ends(name, S(".json"));
}

static void remember_forms(struct history *h, struct remembered *r, const struct channel *ch,
                           enum access_level access)
{
    struct channels *f = h->f;

    for (unsigned i = 0; i < FORMS; i++) {
        struct index_body *body = NULL;
        struct str bytes = {0};

        if (!has_form(r->name, i))
            continue;
        must(f, index_open(f->tx, f->core->app.blobs, ch, r->subdir, r->name, access,
                           (enum index_form)i, &body, &f->err));
        must(f, read_body(body, f->mem, &bytes, &f->err));
        shared_unref(body);
        r->forms[i] = digest_of_text(f, bytes);
        if (!r->text.ptr)
            r->text = unpacked(f, bytes, (enum index_form)i);
    }
}

static void remember_document(struct history *h, struct remembered *r)
{
    struct channels *f = h->f;
    struct channel ch = f->ch;
    const struct view view = {.widest = r->view};
    struct index_doc_row row;
    enum access_level access = ACCESS_PUBLIC;
    enum err_code code;

    ch.label = str_of(labels[r->label]);
    code = index_find(f->tx, f->mem, &ch, r->subdir, r->name, &view, &row, &access, &f->err);
    if (code == ERR_NOT_FOUND)
        return;
    must(f, code);
    r->there = true;
    r->digest = row.sha256;
    remember_forms(h, r, &ch, access);
}

static void remember_places(struct history *h, struct moment *m)
{
    struct composed_name name;

    for (unsigned label = 0; label < LABELS; label++)
        for (unsigned view = 0; view < ACCESS_LEVELS; view++)
            for (size_t s = 0; s < COUNT(subdirs); s++)
                for (size_t i = 0; (name = compose_name(str_of(subdirs[s]), i)).name.ptr; i++) {
                    struct remembered *r = arena_room(h->f->mem, m->docs, m->count, sizeof *r);

                    assert_non_null(r);
                    m->docs = r;
                    r += m->count++;
                    *r = (struct remembered){.label = label,
                                             .view = (enum access_level)view,
                                             .subdir = str_of(subdirs[s]),
                                             .name = name.name};
                    remember_document(h, r);
                }
}

/* If there is a new generation. */
static void remember(struct history *h)
{
    struct moment *m = &h->moments[h->count];
    int64_t number = newest(h);

    if (!number || (h->count && m[-1].number == number))
        return;
    assert_true(h->count < MOMENTS);
    *m = (struct moment){.number = number, .made_ms = h->f->now_ms, .model = h->now};
    h->count++;
    remember_places(h, m);
}

/* ---- what it should be ----------------------------------------------------------------------- */

/* Is a package kept from a view in a generation that had it? */
static bool is_hidden(const struct history *h, const struct moment *m, enum access_level view,
                      unsigned package)
{
    return h->hidden[package] > m->number && h->now.access[package] > view;
}

/* Had the view the file at that moment? Whether it is hidden since is not asked. */
static bool had(const struct moment *m, unsigned file, unsigned label, enum access_level view)
{
    return m->model.files[file].carries[label] && m->model.access[package_of(file)] <= view;
}

/* Is there anything that the document does not tell any more? */
static bool is_any_hidden(const struct history *h, const struct moment *m,
                          const struct remembered *r)
{
    for (unsigned i = 0; i < FILES; i++)
        if (had(m, i, r->label, r->view) && is_hidden(h, m, r->view, package_of(i)) &&
            (!r->subdir.len || str_eq(str_of(h->files[i].subdir), r->subdir)))
            return true;
    return false;
}

/* What is left of a place: files of a subdir, packages of a channel. */
struct left {
    size_t count;
    int64_t newest_ms;
    bool packages[PACKAGES];
    size_t package_count;
};

static struct left count_left(const struct history *h, const struct moment *m,
                              const struct remembered *r)
{
    struct left l = {0};

    for (unsigned i = 0; i < FILES; i++) {
        unsigned package = package_of(i);

        if (!had(m, i, r->label, r->view) || is_hidden(h, m, r->view, package) ||
            (r->subdir.len && !str_eq(str_of(h->files[i].subdir), r->subdir)))
            continue;
        l.count++;
        l.package_count += !l.packages[package];
        l.packages[package] = true;
        if (h->files[i].uploaded_ms > l.newest_ms)
            l.newest_ms = h->files[i].uploaded_ms;
    }
    return l;
}

/* The text without what is hidden from the view now. */
static struct str filtered(const struct history *h, const struct moment *m,
                           const struct remembered *r)
{
    AUTO(buf_done) struct buf out = BUF_INIT(16 * MIB);
    const struct left left = count_left(h, m, r);
    const char *hidden[PACKAGES], *names[PACKAGES];
    struct struck struck = {hidden, 0};
    size_t count = 0;

    for (unsigned i = 0; i < PACKAGES; i++) {
        if (is_hidden(h, m, r->view, i))
            hidden[struck.count++] = h->packages[i];
        if (left.packages[i])
            names[count++] = h->packages[i];
    }
    if (str_ends(r->name, S(".json"))) {
        filter_json(r->text, &struck, &out);
    } else if (is_packed(r->name)) {
        filter_shard_index(r->text, r->subdir, names, count, left.newest_ms, &out);
    } else {
        filter_rows(r->text, &struck, r->subdir.len > 0, &out);
        if (r->subdir.len)
            conda_subdir_page_end(left.count, left.newest_ms, &out);
        else
            conda_channel_page_end(left.package_count, left.newest_ms, &out);
    }
    assert_true(buf_ok(&out));
    return str_dup(h->f->mem, buf_str(&out));
}

/* ---- reading again --------------------------------------------------------------------------- */

static void assert_text(const struct moment *m, const struct remembered *r, struct str is,
                        struct str should)
{
    size_t at = 0;

    while (at < is.len && at < should.len && is.ptr[at] == should.ptr[at])
        at++;
    if (at < is.len || at < should.len)
        print_error("gen-%lld, %s, view %d, " STR_FMT "/" STR_FMT
                    " from byte %zu on\nis     " STR_FMT "\nshould be " STR_FMT "\n",
                    (long long)m->number, labels[r->label], (int)r->view, STR_ARG(r->subdir),
                    STR_ARG(r->name), at, STR_ARG(str_from(is, at)), STR_ARG(str_from(should, at)));
    assert_true(str_eq(is, should));
}

/* One form of a document that was there; whole: nothing of it is hidden. */
static void check_form(struct history *h, const struct moment *m, const struct remembered *r,
                       enum index_form form, struct index_body *body, const struct buf *made)
{
    struct channels *f = h->f;
    struct str bytes = {0};

    if (is_any_hidden(h, m, r)) {
        assert_null(body);
        assert_true(buf_ok(made));
        form = form == INDEX_GZIP ? INDEX_TEXT : form;
        assert_text(m, r, unpacked(f, buf_str(made), form), filtered(h, m, r));
        return;
    }
    assert_non_null(body);
    assert_int_equal(made->len, 0);
    must(f, read_body(body, f->mem, &bytes, &f->err));
    assert_text(m, r, unpacked(f, bytes, form), r->text);
    assert_true(str_eq(digest_of_text(f, bytes), r->forms[form]));
}

/* Where there was no document, there is none, or one without anything in it. */
static void check_nothing(struct history *h, const struct moment *m, const struct remembered *r,
                          const struct channel *ch, struct index_body *body, const struct buf *made)
{
    AUTO(buf_done) struct buf empty = BUF_INIT(MIB);
    struct channels *f = h->f;
    enum index_form form = is_packed(r->name) ? INDEX_ZSTD : INDEX_TEXT;
    struct str bytes = buf_str(made);

    must(f, index_empty(ch, r->subdir, r->name, &empty, &f->err));
    if (body)
        must(f, read_body(body, f->mem, &bytes, &f->err));
    assert_text(m, r, unpacked(f, bytes, form), unpacked(f, buf_str(&empty), form));
}

static void check_document(struct history *h, const struct moment *m, const struct remembered *r)
{
    struct channels *f = h->f;
    const struct view view = {.widest = r->view};
    struct channel ch = f->ch;

    ch.label = str_of(labels[r->label]);
    for (unsigned i = 0; i < FORMS; i++) {
        AUTO(buf_done) struct buf made = BUF_INIT(16 * MIB);
        const struct index_past_wanted wanted = {r->subdir, r->name, &view, m->number,
                                                 (enum index_form)i};
        struct index_past past = {0};
        enum err_code code;

        if (!has_form(r->name, i))
            continue;
        code = index_open_past(f->tx, f->core->app.blobs, &ch, &wanted, &past, &made, &f->err);
        if (code == ERR_NOT_FOUND) {
            assert_false(r->there);
            return;
        }
        must(f, code);
        if (!r->there) {
            if (i == INDEX_TEXT || is_packed(r->name))
                check_nothing(h, m, r, &ch, past.body, &made);
        } else {
            check_form(h, m, r, (enum index_form)i, past.body, &made);
            if (past.body && (i == INDEX_TEXT || is_packed(r->name)))
                assert_str(r->digest, past.digest);
        }
        shared_unref(past.body);
    }
}

/* The shards that a shard index names are there, for whoever sees their packages now. */
static void check_shards(struct history *h, const struct remembered *r)
{
    struct channels *f = h->f;
    const struct view view = {.widest = r->view};
    struct channel ch = f->ch;
    struct str rest = r->text;
    const char *at;

    ch.label = str_of(labels[r->label]);
    while (rest.len && (at = memmem(rest.ptr, rest.len, "\xc4\x20", 2))) {
        char hex[SHA256_HEX + 1], name[DOCUMENT_SHARD_NAME];
        struct index_doc_row row;
        enum access_level access = ACCESS_PUBLIC;
        uint64_t size = 0;

        rest = str_from(rest, (size_t)(at - rest.ptr) + 2);
        text_hex((const uint8_t *)rest.ptr, SHA256_LEN, hex);
        rest = str_from(rest, SHA256_LEN);
        must(f, index_find(f->tx, f->mem, &ch, r->subdir, document_shard_name(hex, name), &view,
                           &row, &access, &f->err));
        must(f, blob_stat(f->core->app.blobs, str_of(hex), &size, &f->err));
        assert_int_equal(size, row.size);
    }
}

static void check_had(struct history *h, const struct moment *m, unsigned file, unsigned label)
{
    struct channels *f = h->f;
    const struct channel_file *it = &h->files[file];
    struct channel ch = f->ch;
    struct file_row row = {.subdir = str_of(it->subdir), .filename = channel_filename(f->mem, it)};
    struct str basename =
        str_fmt(f->mem, STR_FMT "/" STR_FMT, STR_ARG(row.subdir), STR_ARG(row.filename));
    char sha256[SHA256_HEX + 1];

    ch.label = str_of(labels[label]);
    digest_sha256_hex(basename, sha256); /* as the fixture makes it */
    for (unsigned view = 0; view < ACCESS_LEVELS; view++) {
        bool is = false, other = true;

        row.sha256 = str_of(sha256);
        must(f, index_had_file(f->tx, f->core->app.blobs, &ch, &row, (enum access_level)view,
                               m->number, &is, &f->err));
        assert_int_equal(is, had(m, file, label, (enum access_level)view));
        row.sha256 = S("0000000000000000000000000000000000000000000000000000000000000000");
        must(f, index_had_file(f->tx, f->core->app.blobs, &ch, &row, (enum access_level)view,
                               m->number, &other, &f->err));
        assert_false(other); /* what took its name is another file */
    }
}

static void check_names(struct history *h, const struct moment *m, unsigned label,
                        const char *subdir)
{
    struct channels *f = h->f;
    struct channel ch = f->ch;
    struct name_list names = {0};
    size_t count = 0;

    ch.label = str_of(labels[label]);
    must(f, index_files_at(f->tx, f->core->app.blobs, f->mem, &ch, str_of(subdir), m->number,
                           &names, &f->err));
    for (unsigned i = 0; i < FILES; i++) {
        struct str name = channel_filename(f->mem, &h->files[i]);
        bool found = false;

        for (size_t k = 0; k < names.count; k++)
            found = found || str_eq(names.names[k], name);
        assert_int_equal(found,
                         had(m, i, label, ACCESS_PRIVATE) && !strcmp(h->files[i].subdir, subdir));
        count += found;
    }
    assert_int_equal(names.count, count);
    for (size_t i = 1; i < names.count; i++)
        assert_true(str_cmp(names.names[i - 1], names.names[i]) < 0);
}

static void check_moment(struct history *h, const struct moment *m)
{
    for (size_t i = 0; i < m->count; i++) {
        check_document(h, m, &m->docs[i]);
        if (is_packed(m->docs[i].name))
            check_shards(h, &m->docs[i]);
    }
    for (unsigned label = 0; label < LABELS; label++) {
        for (unsigned i = 0; i < FILES; i++)
            check_had(h, m, i, label);
        for (size_t i = 1; i < COUNT(subdirs); i++)
            check_names(h, m, label, subdirs[i]);
    }
}

static void check_kept(struct history *h, size_t first)
{
    for (size_t i = first; i < h->count; i++)
        check_moment(h, &h->moments[i]);
}

static void check_now(struct history *h)
{
    struct channels *f = h->f;

    for (unsigned i = 0; i < LABELS; i++) {
        f->ch.label = str_of(labels[i]);
        channel_assert_right(f);
    }
    f->ch.label = S("main");
}

static void live(struct history *h, size_t steps)
{
    for (size_t i = 0; i < steps; i++) {
        h->f->chance.step++;
        step(h);
        remember(h);
        if (h->count > 1 && chance_one_in(&h->f->chance, 4))
            check_moment(h, &h->moments[chance_below(&h->f->chance, h->count)]);
    }
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void whatever_changes_the_past_stays_as_it_was(void **state)
{
    struct channels *f = *state;
    struct history *h = begin(f);

    chance_begin(&f->chance, 20261127);
    live(h, STEPS);
    assert_true(h->count > STEPS / 2);
    check_kept(h, 0);
    check_now(h);
    f->chance.over = true;
}

/* Sweeps once, and removes the bytes as gc_discarded does; false: there is no more. */
static bool sweep_once(struct history *h, int64_t history_ms)
{
    struct channels *f = h->f;
    struct digest_list digests = {0};
    bool more = false;

    must(f, index_sweep(f->tx, f->mem, f->now_ms, history_ms, &digests, &more, &f->err));
    must(f, tx_commit(&f->tx, &f->err));
    must(f, gc_blobs(&f->core->app, digests.items, digests.count, &f->err));
    f->tx = core_begin(f->core, TX_WRITE);
    return more;
}

static bool is_kept(struct history *h, const struct moment *m)
{
    struct channels *f = h->f;
    struct generation_row row;
    enum err_code code = generation_find(f->tx, f->mem, f->ch.account_id, m->number, &row, &f->err);

    assert_true(code == OK || code == ERR_NOT_FOUND);
    return code == OK;
}

/* All that is there can be had: between two sweeps, too. */
static void check_all_kept(struct history *h)
{
    for (size_t i = 0; i < h->count; i++)
        if (is_kept(h, &h->moments[i]))
            check_moment(h, &h->moments[i]);
}

/* What is current is as its rows give it, and all bytes that rows of indexes name are there. */
static void check_stores(struct history *h)
{
    static const struct stmt named = {
        "named",
        "SELECT sha256, size FROM index_doc WHERE composed = 0 UNION ALL "
        "SELECT sha256, size FROM index_chunk UNION ALL SELECT sha256, size FROM index_past_chunk",
        "", "ti"};
    AUTO(rows_endp) struct rows *rows = NULL;
    struct channels *f = h->f;

    check_now(h);
    must(f, db_query(f->tx, &named, DB_NO_ARGS, &rows, &f->err));
    while (rows_next(rows)) {
        struct str bytes = core_read_blob(f->core, rows_text(rows, 0));

        assert_true(str_eq(digest_of_text(f, bytes), rows_text(rows, 0)));
        assert_int_equal(bytes.len, rows_int(rows, 1));
    }
    must(f, rows_error(rows, &f->err));
}

static int64_t past_chunks(struct history *h, int64_t before_ms)
{
    return channel_number(
        h->f, str_fmt(h->f->mem, "SELECT COUNT(*) FROM index_past_chunk WHERE retired_ms < %lld",
                      (long long)before_ms)
                  .ptr);
}

static void exactly_what_is_older_is_forgotten(void **state)
{
    struct channels *f = *state;
    struct history *h = begin(f);
    int64_t history_ms, all;

    chance_begin(&f->chance, 20261128);
    live(h, STEPS);
    all = past_chunks(h, INT64_MAX);
    for (size_t first = 0; first < h->count; first += 1 + h->count / 4) {
        /* the state that was current at that moment is the first that is kept */
        history_ms = f->now_ms - h->moments[first].made_ms;
        assert_true(!first || past_chunks(h, h->moments[first].made_ms) > 0);
        while (sweep_once(h, history_ms))
            check_all_kept(h);
        for (size_t i = 0; i < h->count; i++)
            assert_int_equal(is_kept(h, &h->moments[i]), i + 1 >= first);
        assert_int_equal(past_chunks(h, f->now_ms - history_ms), 0);
        check_all_kept(h);
        check_stores(h);
    }
    assert_true(past_chunks(h, INT64_MAX) > 0);
    assert_true(past_chunks(h, INT64_MAX) < all);
    f->now_ms += 2 * HOUR;
    while (sweep_once(h, 0))
        check_all_kept(h);
    for (size_t i = 0; i < h->count; i++)
        assert_int_equal(is_kept(h, &h->moments[i]), i + 1 == h->count);
    assert_int_equal(past_chunks(h, INT64_MAX), 0);
    check_all_kept(h);
    check_stores(h);
    f->chance.over = true;
}

/* However much there is to be forgotten of others, a generation goes before its chunks. */
static void what_is_half_forgotten_cannot_be_had(void **state)
{
    struct channels *f = *state;
    struct history *h = begin(f);
    const int64_t alice = f->ch.account_id;
    struct actor bob;

    must(f, tx_commit(&f->tx, &f->err));
    bob = core_user(f->core, "bob");
    f->tx = core_begin(f->core, TX_WRITE);
    f->ch.account_id = bob.account_id;
    f->ch.owner = bob.login;
    for (int64_t number = 1; number <= 600; number++)
        must(f, generation_ensure(f->tx, alice, number, CHANNEL_NOW + number, &f->err));
    chance_begin(&f->chance, 20261129);
    live(h, 20);
    f->now_ms += 2 * HOUR;
    while (sweep_once(h, HOUR))
        check_all_kept(h);
    assert_int_equal(past_chunks(h, INT64_MAX), 0);
    assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM generation"), 2);
    f->chance.over = true;
}

/* ---- what is easily overlooked --------------------------------------------------------------- */

static struct moment remember_step(struct history *h)
{
    h->f->ch.generation = 0;
    channel_commit(h->f);
    h->f->now_ms += HOUR;
    remember(h);
    assert_true(h->count > 0);
    return h->moments[h->count - 1];
}

static void several_updates_are_one_generation(void **state)
{
    struct channels *f = *state;
    struct history *h = begin(f);

    publish(h, 0);
    (void)remember_step(h);
    assert_int_equal(newest(h), 1);
    f->ch.generation = 2;
    publish(h, 1); /* of another subdir */
    publish(h, 3); /* of the same as the first */
    publish(h, 6);
    removes(h, 3); /* what came and went in it was never there */
    relabel(h, 1, 1);
    (void)remember_step(h);
    assert_int_equal(newest(h), 2);
    assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM generation"), 2);
    assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM index_chunk WHERE since > 2"), 0);
    assert_int_equal(
        channel_number(f, "SELECT COUNT(*) FROM index_past_chunk WHERE since <> 1 OR until <> 2"),
        0);
    removes(h, 0);
    (void)remember_step(h);
    check_kept(h, 0);
    check_now(h);
}

static void a_view_that_came_later_was_the_narrower_one_before(void **state)
{
    struct channels *f = *state;
    struct history *h = begin(f);

    publish(h, 0);
    publish(h, 1);
    (void)remember_step(h);
    change_access(h, 1, ACCESS_PRIVATE);
    assert_int_equal(channel_number(f, "SELECT COUNT(*) FROM index_list WHERE access = 'private' "
                                       "AND since = 3"),
                     CONDA_LISTS);
    (void)remember_step(h);
    change_access(h, 0, ACCESS_AUTHENTICATED);
    (void)remember_step(h);
    check_kept(h, 0);
    h->hidden[0] = h->hidden[1] = 0; /* whoever sees them now sees them in all that was before */
    change_access(h, 0, ACCESS_PUBLIC);
    change_access(h, 1, ACCESS_PUBLIC);
    (void)remember_step(h);
    check_kept(h, 0);
    check_now(h);
}

static void a_label_that_is_made_again_has_its_past(void **state)
{
    struct channels *f = *state;
    struct history *h = begin(f);

    publish(h, 0);
    relabel(h, 0, 1);
    (void)remember_step(h);
    drop_label(h, 1);
    (void)remember_step(h);
    assert_int_equal(h->count, 2);
    check_now(h); /* it is not there: nothing of it is wrong */
    relabel(h, 0, 1);
    relabel(h, 0, 1);
    publish(h, 1);
    relabel(h, 1, 1);
    (void)remember_step(h);
    check_kept(h, 0);
    check_now(h);
}

static void a_rebuild_of_what_is_in_order_is_no_generation(void **state)
{
    struct channels *f = *state;
    struct history *h = begin(f);
    struct str before[ACCESS_LEVELS];

    publish(h, 0);
    publish(h, 1);
    change_access(h, 1, ACCESS_PRIVATE);
    (void)remember_step(h);
    for (unsigned i = 0; i < ACCESS_LEVELS; i++)
        before[i] = channel_snapshot(f, (enum access_level)i);
    rebuild(h, 0);
    rebuild(h, 1); /* has no files */
    channel_update(f, "noarch", NULL, 0);
    for (unsigned i = 0; i < ACCESS_LEVELS; i++)
        assert_true(str_eq(channel_snapshot(f, (enum access_level)i), before[i]));
    assert_int_equal(newest(h), 3);
    check_kept(h, 0);
}

static void note_progress(void *ctx, size_t table, int64_t rows)
{
    (void)ctx;
    (void)table;
    (void)rows;
}

static struct db *copy_database(struct history *h)
{
    static const struct db_options options = {.node = "copy"};
    struct channels *f = h->f;
    struct str url =
        str_fmt(f->mem, "sqlite://" STR_FMT, STR_ARG(core_path_in(f->core, "copy.db")));
    AUTO(tx_endp) struct tx *from = core_begin(f->core, TX_READ);
    AUTO(tx_endp) struct tx *tx = NULL;
    struct db *to = NULL;

    must(f, db_open(url, true, &options, &to, &f->err));
    wait_for_trust(to);
    for (size_t i = 0; i < copy_table_count; i++)
        must(f, copy_table(from, to, i, note_progress, NULL, &f->err));
    must(f, tx_begin(to, TX_WRITE, &tx, &f->err));
    must(f, copy_last_ids(from, tx, &f->err));
    must(f, tx_commit(&tx, &f->err));
    return to;
}

static void a_database_that_is_copied_has_the_past(void **state)
{
    struct channels *f = *state;
    struct history *h = begin(f);
    struct db *copy;

    chance_begin(&f->chance, 20261130);
    live(h, 20);
    must(f, tx_commit(&f->tx, &f->err));
    copy = copy_database(h);
    must(f, tx_begin(copy, TX_WRITE, &f->tx, &f->err));
    check_kept(h, 0);
    check_now(h);
    if (h->now.files[0].there)
        removes(h, 0);
    publish(h, 0); /* new rows have numbers of their own */
    tx_endp(&f->tx);
    db_close(copy);
    f->tx = core_begin(f->core, TX_WRITE);
    f->chance.over = true;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CHANNEL(whatever_changes_the_past_stays_as_it_was),
        WITH_CHANNEL(exactly_what_is_older_is_forgotten),
        WITH_CHANNEL(what_is_half_forgotten_cannot_be_had),
        WITH_CHANNEL(a_database_that_is_copied_has_the_past),
        WITH_CHANNEL(several_updates_are_one_generation),
        WITH_CHANNEL(a_view_that_came_later_was_the_narrower_one_before),
        WITH_CHANNEL(a_label_that_is_made_again_has_its_past),
        WITH_CHANNEL(a_rebuild_of_what_is_in_order_is_no_generation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
