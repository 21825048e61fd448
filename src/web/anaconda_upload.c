/* anaconda_upload.c: the staged upload of anaconda-client: stage, form POST, commit. */
#include "base/limits.h"
#include "config.h"
#include "core/publish.h"
#include "format/json.h"
#include "format/multipart.h"
#include "web/anaconda_view.h"
#include "web/handlers.h"
#include "web/reply.h"

/* Room for the form around the file: part headers and the small fields. */
#define FORM_OVERHEAD (LIMIT_FORM_FIELDS * (LIMIT_PART_HEADERS + LIMIT_FORM_FIELD))

/* ---- stage ---- */

enum err_code post_stage(struct call *c, struct err *err)
{
    struct stage_body {
        struct str type, description, sha256;
        struct json_strs channels;
        const json_t *attrs;
    } in = {.type = S("conda")};
    static const struct json_field fields[] = {
        {"distribution_type", JSON_T_STR, false, offsetof(struct stage_body, type), 1, 64},
        {"description", JSON_T_STR, false, offsetof(struct stage_body, description), 0, 65536},
        {"sha256", JSON_T_STR, false, offsetof(struct stage_body, sha256), 0, 64},
        {"channels", JSON_T_STRS, false, offsetof(struct stage_body, channels), 0, 100},
        {"attrs", JSON_T_OBJECT, false, offsetof(struct stage_body, attrs), 0, 0},
    };
    AUTO(json_decrefp) json_t *body = NULL;
    struct file_path path = call_file_path(c);
    struct staged staged;
    enum err_code rc = call_json(c, &body, err);

    if (rc || (rc = json_read(body, fields, COUNT(fields), c->mem, &in, err)))
        return rc;
    struct stage_request req = {in.type,           in.description, in.channels.items,
                                in.channels.count, in.sha256,      in.attrs};
    if ((rc = publish_stage(c->app, c->mem, &c->actor, &path, &req, &staged, err)))
        return rc;
    struct str url = str_fmt(c->mem, STR_FMT "/api/upload/" STR_FMT, STR_ARG(call_base_url(c)),
                             STR_ARG(staged.ticket));
    return reply_json(c, 200,
                      json_pack("{s:o, s:{}, s:o}", "post_url", json_of(url), "form_data",
                                "dist_id", json_of(staged.dist_id)),
                      err);
}

/* ---- form POST ---- */

/* What is known of the form so far. Small fields are kept, the file goes to the receiver. */
struct upload_form {
    struct receiver *receiver;
    struct multipart *scanner;
    struct buf field; /* of the part that is being read, unless it is the file */
    enum { PART_OTHER, PART_LENGTH, PART_MD5, PART_FILE } part;
    bool has_file;
    int64_t length; /* -1: not declared */
    struct str md5_base64;
    struct arena *mem;
};

static enum err_code form_fail(struct err *err, const char *what)
{
    (void)fail(err, ERR_INVALID, "the upload form is malformed: %s", what);
    return err_set_field(err, "form", ERR_INVALID);
}

static enum err_code form_part(void *ctx, struct str name, struct str filename, struct err *err)
{
    struct upload_form *f = ctx;

    (void)filename; /* the name was settled when the upload was staged */
    f->part = str_eq(name, S("file"))             ? PART_FILE
              : str_eq(name, S("Content-Length")) ? PART_LENGTH
              : str_eq(name, S("Content-MD5"))    ? PART_MD5
                                                  : PART_OTHER;
    if (f->part == PART_FILE && f->has_file)
        return form_fail(err, "it has two files");
    f->has_file = f->has_file || f->part == PART_FILE;
    buf_clear(&f->field);
    return OK;
}

static enum err_code form_data(void *ctx, struct str bytes, struct err *err)
{
    struct upload_form *f = ctx;

    if (f->part == PART_FILE)
        return receiver_write(f->receiver, bytes, err);
    buf_add(&f->field, bytes);
    return buf_ok(&f->field) ? OK : form_fail(err, "a field is too long");
}

static enum err_code form_part_end(void *ctx, struct err *err)
{
    struct upload_form *f = ctx;
    struct str v = str_trim(buf_str(&f->field));
    uint64_t n;

    while (v.len && (v.ptr[v.len - 1] == '\n' || v.ptr[v.len - 1] == '\r'))
        v.len--; /* old clients end the digest with a line feed */
    if (f->part == PART_LENGTH) {
        if (!str_u64(v, INT64_MAX, &n))
            return form_fail(err, "Content-Length is not a number");
        f->length = (int64_t)n;
    } else if (f->part == PART_MD5) {
        f->md5_base64 = str_dup(f->mem, v);
        if (!f->md5_base64.ptr)
            return fail(err, ERR_NOMEM, "out of memory");
    }
    return OK;
}

static void close_form(void *p)
{
    struct upload_form *f = p;

    buf_done(&f->field);
}

enum err_code open_upload(struct call *c, uint64_t *ret_body_max, struct err *err)
{
    struct upload_form *f = arena_new(c->mem, struct upload_form);
    enum err_code rc;

    if (!f)
        return fail(err, ERR_NOMEM, "out of memory");
    *f = (struct upload_form){.field = BUF_INIT(LIMIT_FORM_FIELD), .length = -1, .mem = c->mem};
    struct multipart_events events = {f, form_part, form_data, form_part_end};
    if (!arena_defer(c->mem, close_form, f))
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = publish_receive(c->app, c->mem, call_param(c, "ticket"), &f->receiver, err)))
        return rc;
    if (!arena_defer(c->mem, receiver_close, f->receiver)) {
        receiver_close(f->receiver);
        return fail(err, ERR_NOMEM, "out of memory");
    }
    rc = multipart_open(c->mem, http_header(c->ex, "Content-Type"), &events, &f->scanner, err);
    if (rc)
        return err_set_field(err, "form", rc);
    c->state = f;
    *ret_body_max = (uint64_t)c->app->config->upload_max + FORM_OVERHEAD;
    return OK;
}

enum err_code sink_upload(struct http_exchange *ex, struct str chunk, struct err *err)
{
    struct call *c = ex->app;
    struct upload_form *f = c->state;
    struct err e = {0};
    enum err_code rc = multipart_feed(f->scanner, chunk, &e);

    if (!rc)
        return OK;
    *err = e;
    /* The scanner's own complaints are about the form; those of the receiver are about the file. */
    return rc == ERR_INVALID ? err_set_field(err, "form", rc) : rc;
}

enum err_code post_upload(struct call *c, struct err *err)
{
    struct upload_form *f = c->state;
    enum err_code rc = multipart_finish(f->scanner, err);

    if (rc)
        return err_set_field(err, "form", rc);
    if (!f->has_file)
        return form_fail(err, "it has no part named \"file\"");
    if ((rc = receiver_finish(f->receiver, f->length, f->md5_base64, err)))
        return rc;
    return reply_bytes(c, 201, "application/xml", S("<PostResponse/>"), err);
}

/* ---- commit ---- */

enum err_code post_commit(struct call *c, struct err *err)
{
    struct commit_body {
        struct str dist_id;
    } in = {S("")};
    static const struct json_field fields[] = {
        {"dist_id", JSON_T_STR, true, offsetof(struct commit_body, dist_id), 1, 64}};
    AUTO(json_decrefp) json_t *body = NULL;
    AUTO(tx_endp) struct tx *tx = NULL;
    struct file_path path = call_file_path(c);
    struct file_row file;
    json_t *v = NULL;
    enum err_code rc = call_json(c, &body, err);

    if (rc || (rc = json_read(body, fields, COUNT(fields), c->mem, &in, err)) ||
        (rc = publish_commit(c->app, c->mem, &c->actor, &path, in.dist_id, &file, err)) ||
        (rc = tx_begin(c->app->db, TX_READ, &tx, err)) || (rc = view_file(c, tx, &file, &v, err)))
        return rc;
    struct str url = view_download_url(c, &file);
    if (str_eq(file.type, S("conda")) || str_eq(file.type, S("r")))
        url = str_fmt(c->mem, STR_FMT "/%s/" STR_FMT, STR_ARG(call_base_url(c)),
                      str_eq(file.type, S("r")) ? "cran" : "conda", STR_ARG(path.owner));
    json_put(&v, S("url"), json_of(url)); /* printed as "located at" */
    return reply_json(c, 200, v, err);
}
