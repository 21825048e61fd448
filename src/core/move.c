#include "core/move.h"

#include <pthread.h>
#include <time.h>

#include "base/digest.h"
#include "base/limits.h"
#include "base/mem.h"
#include "blob/blob.h"
#include "core/mark.h"
#include "store/copy.h"
#include "store/mark.h"
#include "store/node.h"
#include "store/survey.h"

#define PARTS       256 /* of the blobs, by the first two digits of their digests */
#define COPIERS     4   /* blobs under way at once: a remote store answers late */
#define PIECE       MIB
#define PART_MEMORY (1024 * MIB)
/* Longer than a serving node takes to renew its lease. */
#define WATCH_MS 1200

struct move {
    struct app *from, *to;
    const struct move_options *options;
    struct move_progress done;
};

static void tell(struct move *m, const char *step)
{
    m->done.step = step;
    if (m->options->progress)
        m->options->progress(m->options->ctx, &m->done);
}

/* --- servers ---------------------------------------------------------------------------------- */

static enum err_code read_nodes(struct app *app, struct arena *mem, struct node_list *ret,
                                struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin(app->db, TX_READ, &tx, err);

    return rc ? rc : node_list(tx, mem, ret, err);
}

static bool has_renewed(const struct node_list *before, const struct node_row *now)
{
    for (size_t i = 0; i < before->count; i++)
        if (before->rows[i].id == now->id)
            return before->rows[i].lease_ms != now->lease_ms;
    return true; /* it has just come */
}

/* Whoever serves renews its lease all the time: so nobody's clock matters. */
enum err_code move_servers(struct app *app, struct arena *mem, struct str *ret_names,
                           struct err *err)
{
    const struct timespec pause = {WATCH_MS / 1000, WATCH_MS % 1000 * 1000000L};
    struct node_list before = {0}, after = {0};
    enum err_code rc = read_nodes(app, mem, &before, err);

    *ret_names = S("");
    if (rc || !before.count)
        return rc;
    (void)nanosleep(&pause, NULL);
    rc = read_nodes(app, mem, &after, err);
    for (size_t i = 0; !rc && i < after.count; i++)
        if (has_renewed(&before, &after.rows[i]))
            *ret_names = str_fmt(mem, STR_FMT "%s" STR_FMT, STR_ARG(*ret_names),
                                 ret_names->len ? ", " : "", STR_ARG(after.rows[i].name));
    return rc || ret_names->ptr ? rc : fail(err, ERR_NOMEM, "out of memory");
}

/* --- the target ------------------------------------------------------------------------------- */

static enum err_code refuse_blob(void *ctx, struct str sha256, uint64_t size, struct err *err)
{
    (void)ctx, (void)size;
    return fail(err, ERR_CONFLICT, "the target is not empty: it holds the file " STR_FMT,
                STR_ARG(sha256));
}

static enum err_code require_no_blobs(struct app *to, struct err *err)
{
    enum err_code rc = OK;

    for (unsigned part = 0; !rc && part < PARTS; part++) {
        char digits[3];

        (void)snprintf(digits, sizeof digits, "%02x", part & 0xff);
        rc = blob_list(to->blobs, str_of(digits), refuse_blob, NULL, err);
    }
    return rc;
}

static enum err_code require_no_rows(struct tx *tx, struct err *err)
{
    for (size_t t = 0; t < copy_table_count; t++) {
        int64_t rows = 0;
        enum err_code rc = copy_rows(tx, t, &rows, err);

        if (rc)
            return rc;
        if (rows)
            return fail(err, ERR_CONFLICT, "the target is not empty: it has %lld rows in \"%s\"",
                        (long long)rows, copy_table_name(t));
    }
    return OK;
}

/* Takes possession of an empty target, or finds its own mark there. */
static enum err_code claim_target(struct move *m, struct arena *mem, struct str source_mark,
                                  struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    char mine[SHA256_HEX + 1];
    struct str found;
    enum err_code rc = tx_begin(m->to->db, TX_WRITE, &tx, err);

    if (rc)
        return rc;
    mark_unfinished(source_mark, mine);
    rc = mark_find(tx, mem, &found, err);
    if (!rc && str_eq(found, str_of(mine)))
        return OK; /* of a run that was cut short */
    if (!rc)
        return fail(err, ERR_CONFLICT,
                    str_starts(found, S(MARK_UNFINISHED))
                        ? "the target is not empty: it holds a part of another source"
                        : "the target is not empty: a server has used it");
    if (rc != ERR_NOT_FOUND || (rc = require_no_rows(tx, err)) ||
        (rc = require_no_blobs(m->to, err)) || (rc = mark_insert(tx, str_of(mine), err)))
        return rc;
    return tx_commit(&tx, err);
}

/* --- blobs ------------------------------------------------------------------------------------ */

/* One 256th of the digests, worked off by several threads. */
struct part {
    struct move *move;
    struct named_list named; /* each digest once */
    pthread_mutex_t lock;    /* guards what follows, and the progress */
    size_t next;
    struct err err; /* the first failure */
};

static enum err_code read_part(struct app *app, struct arena *mem, unsigned part,
                               struct named_list *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct named_list all;
    char digits[3];
    size_t kept = 0;
    enum err_code rc = tx_begin(app->db, TX_READ, &tx, err);

    (void)snprintf(digits, sizeof digits, "%02x", part & 0xff);
    if (rc || (rc = survey_named(tx, mem, str_of(digits), &all, err)))
        return rc;
    for (size_t i = 0; i < all.count; i++) {
        bool again = kept && memcmp(all.rows[kept - 1].sha256, all.rows[i].sha256, SHA256_HEX) == 0;

        if (all.rows[i].kind != NAMED_GARBAGE && !again)
            all.rows[kept++] = all.rows[i];
    }
    *ret = (struct named_list){all.rows, kept};
    return OK;
}

static enum err_code stream(struct app *from, const struct named_row *row, struct blob_writer *w,
                            char *piece, struct err *err)
{
    uint64_t size = (uint64_t)row->size;
    enum err_code rc = OK;

    for (uint64_t at = 0; !rc && at < size; at += PIECE) {
        size_t len = size - at < PIECE ? (size_t)(size - at) : PIECE;

        rc = blob_read_at(from->blobs, str_of(row->sha256), at, len, piece, err);
        if (!rc)
            rc = blob_writer_write(w, (struct str){piece, len}, err);
    }
    return rc;
}

static enum err_code copy_blob(struct move *m, const struct named_row *row, char *piece,
                               struct err *err)
{
    AUTO(blob_writer_closep) struct blob_writer *w = NULL;
    struct blob_id id;
    uint64_t there = 0;
    enum err_code rc = blob_stat(m->to->blobs, str_of(row->sha256), &there, err);

    if (!rc && there == (uint64_t)row->size)
        return OK;
    if ((rc && rc != ERR_NOT_FOUND) || (rc = blob_writer_open(m->to->blobs, &w, err)))
        return rc;
    rc = stream(m->from, row, w, piece, err);
    if (rc == ERR_NOT_FOUND || rc == ERR_INVALID)
        return fail(err, ERR_INVALID, "file %s is missing or too short in the source: run verify",
                    row->sha256);
    if (rc || (rc = blob_writer_sync(w, &id, err)))
        return rc;
    if (!str_eq(str_of(id.sha256), str_of(row->sha256)))
        return fail(err, ERR_INVALID, "file %s is damaged in the source: run verify", row->sha256);
    return blob_writer_publish(w, err);
}

/* False: nothing is left to do. Tells of what was done before. */
static bool take_next(struct part *p, const struct named_row *done, const struct named_row **ret)
{
    bool more;

    if (pthread_mutex_lock(&p->lock))
        abort(); /* cannot fail: not held by us */
    if (done) {
        p->move->done.blobs++;
        p->move->done.bytes += (uint64_t)done->size;
        tell(p->move, "files");
    }
    more = !p->err.code && p->next < p->named.count;
    if (more)
        *ret = &p->named.rows[p->next++];
    if (pthread_mutex_unlock(&p->lock))
        abort();
    return more;
}

static void set_failure(struct part *p, const struct err *err)
{
    if (pthread_mutex_lock(&p->lock))
        abort();
    if (!p->err.code)
        p->err = *err;
    if (pthread_mutex_unlock(&p->lock))
        abort();
}

static void *copier(void *arg)
{
    struct part *p = arg;
    const struct named_row *row = NULL;
    struct err err = {0};
    char *piece = mem_get(PIECE);

    if (!piece) {
        (void)fail(&err, ERR_NOMEM, "out of memory");
        set_failure(p, &err);
        return NULL;
    }
    for (const struct named_row *done = NULL; take_next(p, done, &row); done = row)
        if (copy_blob(p->move, row, piece, &err)) {
            set_failure(p, &err);
            break;
        }
    mem_free(piece);
    return NULL;
}

static enum err_code move_part(struct move *m, unsigned number, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(PART_MEMORY);
    struct part p = {.move = m, .lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t threads[COPIERS];
    size_t started = 0;
    enum err_code rc;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory");
    rc = read_part(m->from, mem, number, &p.named, err);
    if (rc || !p.named.count)
        return rc;
    while (started < COPIERS && started < p.named.count &&
           pthread_create(&threads[started], NULL, copier, &p) == 0)
        started++;
    if (!started)
        (void)copier(&p);
    for (size_t i = 0; i < started; i++)
        if (pthread_join(threads[i], NULL))
            abort(); /* only of a thread that was not started */
    if (p.err.code && err)
        *err = p.err;
    return p.err.code;
}

static enum err_code count_blobs(struct move *m, struct err *err)
{
    enum err_code rc = OK;

    for (unsigned part = 0; !rc && part < PARTS; part++) {
        AUTO(arena_closep) struct arena *mem = arena_open(PART_MEMORY);
        struct named_list named = {0};

        if (!mem)
            return fail(err, ERR_NOMEM, "out of memory");
        rc = read_part(m->from, mem, part, &named, err);
        m->done.blobs_all += named.count;
        for (size_t i = 0; i < named.count; i++)
            m->done.bytes_all += (uint64_t)named.rows[i].size;
    }
    return rc;
}

static enum err_code move_blobs(struct move *m, struct err *err)
{
    enum err_code rc = count_blobs(m, err);

    for (unsigned part = 0; !rc && part < PARTS; part++)
        rc = move_part(m, part, err);
    return rc;
}

/* --- rows ------------------------------------------------------------------------------------- */

struct table_progress {
    struct move *move;
    int64_t before; /* rows of earlier tables */
};

static void rows_written(void *ctx, size_t table, int64_t rows)
{
    struct table_progress *t = ctx;

    (void)table;
    t->move->done.rows = t->before + rows;
    tell(t->move, "rows");
}

static enum err_code move_rows(struct move *m, struct tx *from, struct err *err)
{
    enum err_code rc = OK;

    for (size_t t = 0; !rc && t < copy_table_count; t++) {
        int64_t rows = 0;

        rc = copy_rows(from, t, &rows, err);
        m->done.rows_all += rows;
    }
    for (size_t t = 0; !rc && t < copy_table_count; t++) {
        struct table_progress progress = {m, m->done.rows};

        rc = copy_table(from, m->to->db, t, rows_written, &progress, err);
    }
    return rc;
}

static enum err_code compare(struct move *m, struct tx *from, struct tx *to, struct err *err)
{
    for (size_t t = 0; t < copy_table_count; t++) {
        struct copy_sum one, two;
        enum err_code rc;

        tell(m, "comparing");
        if ((rc = copy_sum(from, t, &one, err)) || (rc = copy_sum(to, t, &two, err)))
            return rc;
        if (one.rows != two.rows || !str_eq(str_of(one.sha256), str_of(two.sha256)))
            return fail(err, ERR_INVALID,
                        "\"%s\" differs: %lld rows in the source, %lld in the target%s; empty the "
                        "target and begin again",
                        copy_table_name(t), (long long)one.rows, (long long)two.rows,
                        one.rows == two.rows ? ", with other content" : "");
    }
    return OK;
}

static enum err_code finish(struct move *m, struct tx *from, struct err *err)
{
    AUTO(tx_endp) struct tx *to = NULL;
    enum err_code rc;

    if ((rc = tx_begin(m->to->db, TX_WRITE, &to, err)) || (rc = compare(m, from, to, err)) ||
        (rc = copy_last_ids(from, to, err)) || (rc = tx_commit(&to, err)))
        return rc;
    return mark_renew(m->to, err);
}

enum err_code move_all(struct app *from, struct app *to, const struct move_options *options,
                       struct move_progress *ret_done, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    AUTO(tx_endp) struct tx *source = NULL;
    struct move m = {.from = from, .to = to, .options = options};
    struct str mark;
    enum err_code rc;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = mark_of(from, mem, &mark, err)) || (rc = claim_target(&m, mem, mark, err)) ||
        (rc = move_blobs(&m, err)) || (rc = tx_begin(from->db, TX_READ, &source, err)) ||
        (rc = move_rows(&m, source, err)) || (rc = finish(&m, source, err)))
        return rc;
    *ret_done = m.done;
    return OK;
}
