#include "web/intake.h"

#include "base/limits.h"
#include "base/text.h"
#include "config.h"
#include "format/json.h"
#include "web/anaconda_view.h"
#include "web/handlers.h"
#include "web/reply.h"

/* Room for a form around its files. */
#define FORM_OVERHEAD (LIMIT_FORM_FIELDS * (LIMIT_PART_HEADERS + LIMIT_FORM_FIELD))
#define LABELS_MAX    20 /* as core/publish has it; one more is told there */

enum { LINE_MAX_LEN = 2000 };

/* ---- what is said ---- */

static const struct said {
    const char *name;
    size_t offset; /* of the struct str in struct deposit */
    bool lines;    /* a text of several lines, not a word */
} texts[] = {
    {"package", offsetof(struct deposit, package), false},
    {"version", offsetof(struct deposit, version), false},
    {"type", offsetof(struct deposit, type), false},
    {"access", offsetof(struct deposit, access), false},
    {"sha256", offsetof(struct deposit, sha256), false},
    {"summary", offsetof(struct deposit, summary), true},
    {"description", offsetof(struct deposit, description), true},
};

static enum err_code say_text(struct intake *it, const struct said *what, struct str value,
                              struct err *err)
{
    unsigned bit = 1U << (what - texts);
    struct str *at = (struct str *)(void *)((char *)&it->said + what->offset);

    if ((it->given & bit) && it->lenient)
        return OK; /* what was settled before */
    if (it->given & bit)
        return fail_field(err, what->name, "%s is given twice", what->name);
    if (!text_is_utf8(value) || (!what->lines && text_has_control(value)) ||
        (!what->lines && value.len > LINE_MAX_LEN))
        return fail_field(err, what->name, "%s is not well-formed text", what->name);
    *at = str_dup(it->c->mem, value);
    it->given |= bit;
    return at->ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

static enum err_code say_label(struct intake *it, struct str value, struct err *err)
{
    struct str label = str_dup(it->c->mem, value);

    if (!label.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if (it->said.label_count > LABELS_MAX)
        return fail_field(err, "label", "more than %d labels", LABELS_MAX);
    it->labels[it->said.label_count++] = label;
    return OK;
}

static enum err_code say_force(struct intake *it, struct str value, struct err *err)
{
    static const char *const yes[] = {"true", "1", "yes", "on"}, *const no[] = {"false", "0", "no",
                                                                                "off"};

    for (size_t i = 0; i < COUNT(yes); i++) {
        if (str_eq_nocase(value, str_of(yes[i])))
            it->said.force = true;
        else if (!str_eq_nocase(value, str_of(no[i])))
            continue;
        return OK;
    }
    return fail_field(err, "force", "force is true or false, not \"" STR_FMT "\"", STR_ARG(value));
}

enum err_code intake_say(struct intake *it, struct str name, struct str value, struct err *err)
{
    for (size_t i = 0; i < COUNT(texts); i++)
        if (str_eq(name, str_of(texts[i].name)))
            return say_text(it, &texts[i], value, err);
    if (str_eq(name, S("label")))
        return say_label(it, value, err);
    if (str_eq(name, S("force")))
        return say_force(it, value, err);
    if (it->unwanted && str_eq(name, str_of(it->unwanted)))
        return fail_field(err, it->unwanted, "this server keeps no %s; upload without it",
                          it->unwanted);
    if (it->lenient)
        return OK;
    return fail(err, ERR_UNPROCESSABLE,
                "\"" STR_FMT "\" is not known here; there are: package, version, type, label, "
                "summary, description, access, sha256, force%s%s",
                STR_ARG(name), it->file_field ? ", " : "", it->file_field ? it->file_field : "");
}

enum err_code intake_query(struct intake *it, struct err *err)
{
    struct str rest = it->c->path.query, item, name;

    while (rest.len && str_next(&rest, '&', &item)) {
        struct str value = item;
        enum err_code rc;

        if (!item.len)
            continue;
        if (!str_cut(&value, '=', &name)) {
            name = item;
            value = S("");
        }
        name = text_unpercent(it->c->mem, name, true);
        value = text_unpercent(it->c->mem, value, true);
        if (!name.ptr || !value.ptr)
            return fail(err, ERR_INVALID, "the query has a malformed escape");
        if ((rc = intake_say(it, name, value, err)))
            return rc;
    }
    return OK;
}

enum err_code intake_digest(struct intake *it, const char *header, struct err *err)
{
    struct str sha256 = http_header(it->c->ex, header);

    return sha256.len && !it->said.sha256.len ? intake_say(it, S("sha256"), sha256, err) : OK;
}

enum err_code intake_deploy(struct intake *it, struct err *err)
{
    if (str_eq_nocase(http_header(it->c->ex, "X-Checksum-Deploy"), S("true")))
        return fail(err, ERR_NOT_FOUND,
                    "packages are not deployed by their checksum; send the bytes");
    return intake_digest(it, "X-Checksum-Sha256", err);
}

enum err_code intake_open(struct call *c, bool lenient, struct intake **ret, struct err *err)
{
    struct intake *it = arena_new(c->mem, struct intake);
    struct str *labels = arena_array(c->mem, struct str, LABELS_MAX + 1);

    if (!it || !labels)
        return fail(err, ERR_NOMEM, "out of memory");
    *it = (struct intake){.c = c,
                          .lenient = lenient,
                          .labels = labels,
                          .said = {.owner = call_param(c, "owner"), .labels = labels},
                          .value = BUF_INIT(LIMIT_FORM_FIELD)};
    c->state = it;
    *ret = it;
    return OK;
}

/* What is said of one file. */
static struct deposit deposit_of(const struct intake *it, const struct intake_file *file)
{
    struct deposit d = it->said;

    d.filename = file->filename;
    if (file->sha256.len)
        d.sha256 = file->sha256;
    return d;
}

/* ---- a body that is a file ---- */

enum err_code intake_body(struct intake *it, struct str filename, uint64_t *ret_body_max,
                          struct err *err)
{
    struct call *c = it->c;
    struct intake_file *file = &it->files[0];
    struct deposit d;
    enum err_code rc;

    file->filename = filename;
    d = deposit_of(it, file);
    if ((rc = deposit_check(c->app, c->mem, &c->actor, &d, err)) ||
        (rc = incoming_open(c->app, c->mem, &file->in, err)) ||
        (rc = incoming_heed_quota(file->in, &d, err)))
        return rc;
    it->count = 1;
    *ret_body_max = (uint64_t)c->app->config->upload_max;
    return OK;
}

/* ---- a form ---- */

static enum err_code begin_file(struct intake *it, struct str filename, struct err *err)
{
    struct arena *mem = it->c->mem;
    struct intake_file *file = &it->files[it->count];
    struct str said = multipart_header(it->scanner, S("X-File-Name"));
    struct deposit d;
    bool clear;
    enum err_code rc;

    if (it->count == it->files_max)
        return fail_field(err, "file", "the form has more than %zu %s", it->files_max,
                          it->files_max == 1 ? "file" : "files");
    file->filename = str_dup(mem, filename.len ? filename : said);
    file->sha256 = str_dup(mem, multipart_header(it->scanner, S("X-File-SHA256")));
    if (!file->filename.ptr || !file->sha256.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    d = deposit_of(it, file);
    clear = deposit_is_clear(mem, &d);
    if ((clear && (rc = deposit_check(it->c->app, mem, &it->c->actor, &d, err))) ||
        (rc = incoming_open(it->c->app, mem, &file->in, err)) ||
        (clear && (rc = incoming_heed_quota(file->in, &d, err))))
        return rc;
    it->count++;
    return OK;
}

static enum err_code on_part(void *ctx, struct str name, struct str filename, struct err *err)
{
    struct intake *it = ctx;

    buf_clear(&it->value);
    it->field = (struct str){NULL, 0};
    if (str_eq(name, str_of(it->file_field)))
        return begin_file(it, filename, err);
    it->field = str_dup(it->c->mem, name);
    return it->field.ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

static enum err_code on_data(void *ctx, struct str bytes, struct err *err)
{
    struct intake *it = ctx;

    if (!it->field.ptr)
        return incoming_write(it->files[it->count - 1].in, bytes, err);
    buf_add(&it->value, bytes);
    if (buf_ok(&it->value))
        return OK;
    return fail(err, ERR_TOO_BIG, "the field \"" STR_FMT "\" is longer than %zu bytes",
                STR_ARG(it->field), LIMIT_FORM_FIELD);
}

static enum err_code on_part_end(void *ctx, struct err *err)
{
    struct intake *it = ctx;

    return it->field.ptr ? intake_say(it, it->field, buf_str(&it->value), err) : OK;
}

static void close_intake(void *p)
{
    struct intake *it = p;

    buf_done(&it->value);
}

enum err_code intake_form(struct intake *it, const char *file_field, size_t files_max,
                          uint64_t *ret_body_max, struct err *err)
{
    struct call *c = it->c;
    const struct multipart_events events = {it, on_part, on_data, on_part_end};
    enum err_code rc;

    it->file_field = file_field;
    it->files_max = files_max;
    if (!arena_defer(c->mem, close_intake, it))
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = multipart_open(c->mem, http_header(c->ex, "Content-Type"), &events, &it->scanner,
                             err)))
        return rc;
    *ret_body_max = (uint64_t)c->app->config->upload_max * files_max + FORM_OVERHEAD;
    return OK;
}

bool intake_is_form(const struct call *c)
{
    return str_eq_nocase(str_sub(http_header(c->ex, "Content-Type"), 0, 10), S("multipart/"));
}

enum err_code sink_intake(struct http_exchange *ex, struct str chunk, struct err *err)
{
    struct call *c = ex->app;
    struct intake *it = c->state;
    struct err why = {0};
    enum err_code rc = it->scanner ? multipart_feed(it->scanner, chunk, &why)
                                   : incoming_write(it->files[0].in, chunk, &why);

    if (rc)
        *err = why;
    return rc;
}

/* ---- the end ---- */

enum err_code intake_end(struct intake *it, struct err *err)
{
    enum err_code rc = it->scanner ? multipart_finish(it->scanner, err) : OK;

    if (!rc && it->count == 0)
        return fail_field(err, "file", "the form has no file; its field is called \"%s\"",
                          it->file_field);
    return rc;
}

enum err_code intake_publish(struct intake *it, size_t i, json_t **ret, unsigned *ret_status,
                             struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct call *c = it->c;
    struct deposit d = deposit_of(it, &it->files[i]);
    enum publish_outcome outcome = PUBLISH_NEW;
    struct file_row file;
    json_t *v = NULL;
    enum err_code rc;

    if ((rc = deposit_finish(it->files[i].in, &c->actor, &d, &file, &outcome, err)) ||
        (rc = tx_begin(c->app->db, TX_READ, &tx, err)) || (rc = view_file(c, tx, &file, &v, err)))
        return rc;
    *ret = v;
    *ret_status = outcome == PUBLISH_SAME ? 200 : 201;
    return OK;
}

enum err_code intake_reply(struct intake *it, struct err *err)
{
    json_t *v = NULL;
    unsigned status;
    enum err_code rc;

    if ((rc = intake_end(it, err)) || (rc = intake_publish(it, 0, &v, &status, err)))
        return rc;
    return reply_json(it->c, status, v, err);
}
