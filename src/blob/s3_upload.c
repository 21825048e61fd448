/* s3_upload.c: PutObject, or CreateMultipartUpload, UploadPart ..., CompleteMultipartUpload. */
#include "blob/s3_upload.h"

#include <errno.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#define PARTS_MAX     10000u /* of S3 */
#define READ_STEP     (256 * KIB)
#define UPLOAD_MEMORY (64 * KIB)
/* The list of all parts, some 130 bytes each. */
#define LIST_MAX (4 * MIB)
#define ID_MAX   (4 * KIB)

/* An upload in parts. */
struct upload {
    struct s3_client *c;
    struct str key;
    const struct s3_file *file;
    struct str id;
    struct buf list; /* the document that completes it */
};

static enum err_code out_of_memory(struct err *err)
{
    return fail(err, ERR_NOMEM, "out of memory");
}

static bool faulty(int fault)
{
    if (fault)
        errno = fault;
    return fault != 0;
}

enum err_code s3_head(struct s3_client *c, struct str key, uint64_t *ret_size, struct err *err)
{
    struct s3_answer answer = S3_ANSWER_INIT;
    const struct s3_request rq = {.method = S("HEAD"), .key = key};
    enum err_code code = s3_client_send(c, &rq, &answer, NULL, err);

    s3_answer_done(&answer);
    if (code == OK)
        *ret_size = answer.length;
    return code;
}

static enum err_code put_whole(struct s3_client *c, struct str key, const struct s3_file *file,
                               struct err *err)
{
    struct s3_answer answer = S3_ANSWER_INIT;
    const struct s3_request rq = {
        .method = S("PUT"), .key = key, .fd = file->fd, .size = file->size, .sha256 = file->sha256};
    enum err_code code = s3_client_send(c, &rq, &answer, NULL, err);

    s3_answer_done(&answer);
    return code;
}

/* --- parts --------------------------------------------------------------------------------- */

static enum err_code begin(struct upload *u, struct arena *mem, struct err *err)
{
    AUTO(s3_answer_done) struct s3_answer answer = S3_ANSWER_INIT;
    const struct s3_field uploads = {S("uploads"), S("")};
    const struct s3_request rq = {.method = S("POST"), .key = u->key, .params = {&uploads, 1}};
    enum err_code code = s3_client_send(u->c, &rq, &answer, NULL, err);
    struct str id;

    if (code)
        return code;
    code = s3_xml_upload_id(mem, buf_str(&answer.body), &id, err);
    if (code == ERR_INVALID || (code == OK && id.len > ID_MAX))
        return fail(err, ERR_IO, "S3 answers with nonsense when an upload is begun");
    if (code)
        return code;
    u->id = str_dup(mem, id); /* it may lie in the answer */
    return u->id.ptr ? OK : out_of_memory(err);
}

static enum err_code hash(const struct upload *u, uint64_t offset, uint64_t size,
                          char sha256[SHA256_HEX + 1], struct err *err)
{
    AUTO(digest_closep) struct digest *d = digest_open();
    char *piece = mem_get(READ_STEP), md5[MD5_HEX + 1];
    enum err_code code = d && piece ? OK : out_of_memory(err);

    while (code == OK && size) {
        size_t want = size < READ_STEP ? (size_t)size : READ_STEP;
        ssize_t n = pread(u->file->fd, piece, want, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            code = fail(err, ERR_IO, "a received file cannot be read");
            break;
        }
        digest_add(d, (struct str){piece, (size_t)n});
        offset += (uint64_t)n;
        size -= (uint64_t)n;
    }
    if (code == OK)
        digest_finish(d, sha256, md5);
    mem_free(piece);
    return code;
}

static enum err_code put_part(struct upload *u, unsigned number, uint64_t offset, uint64_t size,
                              struct err *err)
{
    AUTO(s3_answer_done) struct s3_answer answer = S3_ANSWER_INIT;
    char number_text[16], sha256[SHA256_HEX + 1];
    struct s3_field params[] = {{S("partNumber"), {0}}, {S("uploadId"), u->id}};
    const struct s3_request rq = {.method = S("PUT"),
                                  .key = u->key,
                                  .params = {params, COUNT(params)},
                                  .fd = u->file->fd,
                                  .offset = offset,
                                  .size = size,
                                  .sha256 = {sha256, SHA256_HEX}};
    enum err_code code = hash(u, offset, size, sha256, err);

    if (code)
        return code;
    (void)snprintf(number_text, sizeof(number_text), "%u", number);
    params[0].value = str_of(number_text);
    if (faulty(fault_point("s3.put_part")))
        return fail_errno(err, "cannot send a part");
    code = s3_client_send(u->c, &rq, &answer, NULL, err);
    if (code)
        return code;
    if (!answer.etag[0])
        return fail(err, ERR_IO, "S3 answers without an ETag when a part is sent");
    buf_addf(&u->list, "<Part><PartNumber>%u</PartNumber><ETag>", number);
    text_xml(&u->list, str_of(answer.etag));
    buf_addz(&u->list, "</ETag></Part>");
    return buf_ok(&u->list) ? OK : out_of_memory(err);
}

static enum err_code complete(struct upload *u, struct arena *mem, struct err *err)
{
    AUTO(s3_answer_done) struct s3_answer answer = S3_ANSWER_INIT;
    const struct s3_field id = {S("uploadId"), u->id};
    const struct s3_request rq = {.method = S("POST"),
                                  .key = u->key,
                                  .params = {&id, 1},
                                  .patient = true,
                                  .document = buf_str(&u->list)};
    char word[S3_CODE_MAX + 1];
    enum err_code code = s3_client_send(u->c, &rq, &answer, NULL, err);

    if (code)
        return code;
    if (s3_xml_completed(mem, buf_str(&answer.body), NULL) == OK)
        return OK;
    s3_xml_error(buf_str(&answer.body), word); /* S3 says 200 before it knows */
    return fail(err, ERR_BUSY, "S3 did not put the parts together: %s",
                word[0] ? word : "it answers with nonsense");
}

/* Parts of this size are at most PARTS_MAX. */
static uint64_t part_size(const struct s3_parts *parts, uint64_t size)
{
    uint64_t least = (size + PARTS_MAX - 1) / PARTS_MAX;

    least = (least + MIB - 1) / MIB * MIB;
    return parts->size > least ? parts->size : least;
}

static enum err_code put_parts(struct upload *u, uint64_t step, struct err *err)
{
    uint64_t size = u->file->size;
    unsigned number = 0;
    enum err_code code = OK;

    buf_addz(&u->list,
             "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (uint64_t at = 0; code == OK && at < size; at += step)
        code = put_part(u, ++number, at, size - at < step ? size - at : step, err);
    buf_addz(&u->list, "</CompleteMultipartUpload>");
    if (code == OK && !buf_ok(&u->list))
        return out_of_memory(err);
    return code;
}

/* An answer to the completion may be lost, so that what is there decides. */
static enum err_code complete_and_look(struct upload *u, struct arena *mem, struct err *err)
{
    struct err why = {0};
    uint64_t size = 0;
    enum err_code code, seen;

    if (faulty(fault_point("s3.complete")))
        return fail_errno(err, "cannot complete an upload");
    code = complete(u, mem, &why);
    seen = s3_head(u->c, u->key, &size, code ? NULL : &why);
    if (seen == OK && size == u->file->size)
        return OK;
    if (!code && !seen)
        return fail(err, ERR_IO, "S3 stores %ju bytes of %ju", (uintmax_t)size,
                    (uintmax_t)u->file->size);
    return fail(err, code ? code : seen == ERR_NOT_FOUND ? ERR_IO : seen, "%s", why.msg);
}

static enum err_code put_in_parts(struct s3_client *c, const struct s3_parts *parts, struct str key,
                                  const struct s3_file *file, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(UPLOAD_MEMORY);
    struct upload u = {.c = c, .key = key, .file = file, .list = BUF_INIT(LIST_MAX)};
    enum err_code code = mem ? begin(&u, mem, err) : out_of_memory(err);

    if (code)
        return code;
    code = put_parts(&u, part_size(parts, file->size), err);
    if (code == OK)
        code = complete_and_look(&u, mem, err);
    buf_done(&u.list);
    if (code && s3_upload_abort(c, key, u.id, NULL))
        return code; /* it is swept some day */
    return code;
}

enum err_code s3_upload_abort(struct s3_client *c, struct str key, struct str upload_id,
                              struct err *err)
{
    AUTO(s3_answer_done) struct s3_answer answer = S3_ANSWER_INIT;
    const struct s3_field id = {S("uploadId"), upload_id};
    const struct s3_request rq = {
        .method = S("DELETE"), .key = key, .params = {&id, 1}, .once = true};
    struct s3_refusal refusal = {0};
    enum err_code code = s3_client_send(c, &rq, &answer, &refusal, err);

    if (code && (code == ERR_NOT_FOUND || str_eq(str_of(refusal.code), S("NoSuchUpload"))))
        return OK;
    return code;
}

enum err_code s3_upload(struct s3_client *c, const struct s3_parts *parts, struct str key,
                        const struct s3_file *file, struct err *err)
{
    if (faulty(fault_point("s3.put")))
        return fail_errno(err, "cannot send a file");
    return file->size <= parts->single_max ? put_whole(c, key, file, err)
                                           : put_in_parts(c, parts, key, file, err);
}
