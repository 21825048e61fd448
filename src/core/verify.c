#include "core/verify.h"

#include "base/digest.h"
#include "base/limits.h"
#include "blob/blob.h"
#include "core/inventory.h"
#include "core/verify_packages.h"
#include "index/index.h"
#include "store/space.h"

#define PIECE (4 * MIB) /* read at a time: one request to an S3 server */

struct verify {
    struct app *app;
    const struct verify_options *options;
    struct verify_report report;
    char *piece;       /* PIECE bytes */
    struct arena *mem; /* of the part or channel that is looked at */
    bool no_memory;    /* for what a callback could not tell */
};

static void tell(struct verify *v, const char *kind, struct str subject, struct str detail)
{
    const struct verify_finding finding = {kind, subject, detail};

    if (!subject.ptr || !detail.ptr) {
        v->no_memory = true;
        return;
    }
    v->report.problems++;
    v->options->found(v->options->ctx, &finding);
}

static void progress(struct verify *v)
{
    if (v->options->progress)
        v->options->progress(v->options->ctx, &v->report);
}

/* ---- bytes ---- */

/* How the bytes of one digest were found. */
struct look {
    bool missing, unreadable;
    uint64_t size;
    bool read; /* then the digests below are those of the bytes */
    char sha256[SHA256_HEX + 1], md5[MD5_HEX + 1];
    struct err why; /* unreadable */
};

static enum err_code read_all(struct verify *v, struct str sha256, struct look *look,
                              struct err *err)
{
    AUTO(digest_closep) struct digest *d = digest_open();
    enum err_code rc = d ? OK : fail(err, ERR_NOMEM, "out of memory");

    for (uint64_t at = 0; !rc && at < look->size;) {
        size_t len = look->size - at < PIECE ? (size_t)(look->size - at) : PIECE;

        rc = blob_read_at(v->app->blobs, sha256, at, len, v->piece, err);
        if (rc)
            break;
        digest_add(d, (struct str){v->piece, len});
        at += len;
        v->report.bytes += len;
        progress(v);
    }
    if (rc)
        return rc;
    digest_finish(d, look->sha256, look->md5);
    look->read = true;
    return OK;
}

/* stored: what the store said before, or NULL to ask it. Whatever may be the fault of these bytes
 * alone goes into *ret; that the store as a whole is away, or memory short, is a failure. */
static enum err_code look_at(struct verify *v, struct str sha256, const struct stored_blob *stored,
                             struct look *ret, struct err *err)
{
    struct look look = {.size = stored ? stored->size : 0};
    enum err_code rc = OK;

    if (!stored)
        rc = blob_stat(v->app->blobs, sha256, &look.size, &look.why);
    if (!rc && !v->options->quick)
        rc = read_all(v, sha256, &look, &look.why);
    if (rc == ERR_BUSY || rc == ERR_NOMEM)
        return fail(err, rc, "%s", look.why.msg);
    look.missing = rc == ERR_NOT_FOUND;
    look.unreadable = rc && !look.missing;
    *ret = look;
    return OK;
}

/* Does the row hold true? NULL if so, else the kind of the finding. */
static const char *problem_of(const struct named_row *row, const struct look *look)
{
    if (row->kind == NAMED_GARBAGE)
        return NULL;
    if (look->missing)
        return "missing";
    if (look->unreadable)
        return "unreadable";
    if (row->size < 0 || (uint64_t)row->size != look->size)
        return "size";
    if (look->read && memcmp(row->sha256, look->sha256, SHA256_HEX) != 0)
        return "damaged";
    if (look->read && row->md5[0] && memcmp(row->md5, look->md5, MD5_HEX) != 0)
        return "md5";
    return NULL;
}

static bool has_problem(const struct holding *h, const struct look *look)
{
    for (size_t i = 0; i < h->row_count; i++)
        if (problem_of(&h->rows[i], look))
            return true;
    return false;
}

static void tell_row(struct verify *v, const struct named_row *row, const struct look *look,
                     struct str subject)
{
    const char *kind = problem_of(row, look);
    struct str detail = str_fmt(v->mem, "sha256:%s", row->sha256);

    if (!kind)
        return;
    if (look->unreadable)
        detail = str_fmt(v->mem, "sha256:%s, %s", row->sha256, look->why.msg);
    else if (!look->missing && (uint64_t)row->size != look->size)
        detail = str_fmt(v->mem, "sha256:%s, %llu bytes instead of %lld", row->sha256,
                         (unsigned long long)look->size, (long long)row->size);
    else if (look->read && memcmp(row->sha256, look->sha256, SHA256_HEX) != 0)
        detail = str_fmt(v->mem, "sha256:%s, the bytes have sha256:%s", row->sha256, look->sha256);
    else if (look->read)
        detail = str_fmt(v->mem, "sha256:%s, the bytes have md5:%s instead of md5:%s", row->sha256,
                         look->md5, row->md5);
    tell(v, kind, subject, detail);
}

/* What each row is called; ptr NULL once it is gone or says something else. */
static enum err_code subjects_of(struct verify *v, const struct holding *h, struct str *ret,
                                 struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin(v->app->db, TX_READ, &tx, err);

    for (size_t i = 0; !rc && i < h->row_count; i++) {
        if (h->rows[i].kind == NAMED_GARBAGE)
            continue;
        rc = survey_subject(tx, v->mem, &h->rows[i], &ret[i], err);
        if (rc == ERR_NOT_FOUND) {
            ret[i] = (struct str){0};
            rc = OK;
        }
    }
    return rc;
}

/* A second look, at the bytes and then at the rows: a row that says after it what it said in the
 * inventory was there all the time, and its bytes had to be. */
static enum err_code confirm(struct verify *v, const struct holding *h, struct err *err)
{
    struct str *subjects = arena_array(v->mem, struct str, h->row_count);
    struct look look = {0};
    enum err_code rc;

    if (!subjects)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = look_at(v, str_of(h->sha256), NULL, &look, err)) ||
        (rc = subjects_of(v, h, subjects, err)))
        return rc;
    for (size_t i = 0; i < h->row_count; i++)
        if (subjects[i].ptr)
            tell_row(v, &h->rows[i], &look, subjects[i]);
    return OK;
}

static bool is_of_index(enum named_kind kind)
{
    return kind == NAMED_DOC || kind == NAMED_CHUNK || kind == NAMED_PAST;
}

/* False: only garbage names these bytes, which nobody is promised. */
static bool count_rows(struct verify *v, const struct holding *h)
{
    bool promised = false;

    for (size_t i = 0; i < h->row_count; i++) {
        v->report.files += h->rows[i].kind == NAMED_FILE;
        v->report.trash += h->rows[i].kind == NAMED_TRASH;
        v->report.uploads += h->rows[i].kind == NAMED_UPLOAD;
        v->report.documents += is_of_index(h->rows[i].kind);
        promised |= h->rows[i].kind != NAMED_GARBAGE;
    }
    return promised;
}

static enum err_code check_holding(struct verify *v, const struct holding *h, struct err *err)
{
    struct look look = {0};
    enum err_code rc;

    if (h->row_count == 0) {
        v->report.orphans++;
        v->report.orphan_bytes += h->stored->size;
        return OK;
    }
    if (!count_rows(v, h))
        return OK;
    rc = look_at(v, str_of(h->sha256), h->stored, &look, err);
    if (!rc && has_problem(h, &look))
        rc = confirm(v, h, err);
    return rc;
}

static enum err_code check_part(struct verify *v, unsigned part, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(INVENTORY_MEMORY);
    struct inventory inv;
    struct holding h;
    enum err_code rc =
        mem ? inventory_take(v->app, mem, part, &inv, err) : fail(err, ERR_NOMEM, "out of memory");

    v->mem = mem;
    while (!rc && inventory_next(&inv, &h)) {
        rc = check_holding(v, &h, err);
        progress(v);
    }
    return rc;
}

/* ---- indexes ---- */

struct channel_check {
    struct verify *v;
    const struct channel *ch;
};

static void document_differs(void *ctx, const struct index_place *place, struct str name)
{
    const struct channel_check *c = ctx;
    struct str what = S("is not what the files give");

    if (place->access != ACCESS_PUBLIC)
        what = str_fmt(c->v->mem, "is not what the files give (" STR_FMT " view)",
                       STR_ARG(access_level_name(place->access)));
    tell(c->v, "index",
         survey_document_path(c->v->mem, c->ch->owner, c->ch->label, place->subdir, name), what);
}

/* One transaction sees one state, in which the documents agree with the files, or do not: nothing
 * has to be looked at twice. */
static enum err_code check_channel(struct verify *v, const struct surveyed_channel *row,
                                   struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    AUTO(tx_endp) struct tx *tx = NULL;
    const struct channel ch = {row->account_id, row->owner, row->label, 0};
    struct channel_check check = {v, &ch};
    enum err_code rc;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory");
    v->mem = mem;
    if ((rc = tx_begin(v->app->db, TX_READ, &tx, err)) ||
        (rc = index_check(tx, &ch, document_differs, &check, err)))
        return rc;
    v->report.channels++;
    progress(v);
    return OK;
}

static enum err_code check_channels(struct verify *v, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(INVENTORY_MEMORY);
    AUTO(tx_endp) struct tx *tx = NULL;
    struct surveyed_channels channels = {0};
    enum err_code rc;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = tx_begin(v->app->db, TX_READ, &tx, err)) ||
        (rc = survey_channels(tx, mem, &channels, err)))
        return rc;
    tx_endp(&tx);
    for (size_t i = 0; !rc && i < channels.count; i++)
        rc = check_channel(v, &channels.rows[i], err);
    return rc;
}

/* ---- packages ---- */

static void latest_differs(void *ctx, struct str package, struct str says, struct str should)
{
    struct verify *v = ctx;

    tell(v, "latest", package,
         str_fmt(v->mem, "says version \"" STR_FMT "\", its files give \"" STR_FMT "\"",
                 STR_ARG(says), STR_ARG(should)));
}

static enum err_code check_packages(struct verify *v, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory");
    v->mem = mem;
    return verify_latest(v->app, latest_differs, v, &v->report.packages, err);
}

/* ---- accounts ---- */

static enum err_code check_space(struct verify *v, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    AUTO(tx_endp) struct tx *tx = NULL;
    struct space_fault_list wrong = {0};
    enum err_code rc;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory");
    v->mem = mem;
    if ((rc = tx_begin(v->app->db, TX_READ, &tx, err)) ||
        (rc = space_list_wrong(tx, mem, &wrong, err)))
        return rc;
    for (size_t i = 0; i < wrong.count; i++)
        tell(v, "space", wrong.rows[i].login,
             str_fmt(mem, "says %lld bytes, its files and its trash have %lld",
                     (long long)wrong.rows[i].used, (long long)wrong.rows[i].counted));
    return OK;
}

enum err_code verify_all(struct app *app, const struct verify_options *options,
                         struct verify_report *ret_report, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(PIECE + KIB);
    struct verify v = {.app = app, .options = options};
    enum err_code rc = OK;

    v.piece = mem ? arena_alloc(mem, PIECE, 1) : NULL;
    if (!v.piece)
        return fail(err, ERR_NOMEM, "out of memory");
    for (unsigned part = 0; !rc && part < INVENTORY_PARTS; part++)
        rc = check_part(&v, part, err);
    if (rc || (rc = check_channels(&v, err)) || (rc = check_packages(&v, err)) ||
        (rc = check_space(&v, err)))
        return rc;
    if (v.no_memory)
        return fail(err, ERR_NOMEM, "out of memory for what was found");
    *ret_report = v.report;
    return OK;
}
