/* s3_client.c: one request after the other, each on a handle of the pool. */
#include "blob/s3_client.h"

#include <assert.h>
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/rand.h"
#include "blob/s3_pool.h"

/* URL, headers and signature of one try: session tokens of AWS have some 2 KiB. */
#define TRY_MEMORY (128 * KIB)
/* A transfer that brought so much more before it was cut has not failed for nothing. */
#define PROGRESS  MIB
#define SLOW_RATE 1024L /* bytes per second */
/* For a request that moves no object, and for one whose answer may take long. */
#define SECONDS         60L
#define SECONDS_PATIENT 600L
#define SOCKET_BUFFER   (256L * 1024)

struct s3_client {
    struct s3_options options;
    struct s3_pool *pool;
};

/* A request, over all its tries. */
struct transfer {
    struct s3_client *c;
    const struct s3_request *rq;
    struct s3_answer *answer;
    struct s3_refusal refusal;
    uint64_t total; /* of the object, once begun */
    uint64_t got;   /* bytes that the sink has */
    bool begun;

    /* Of this try: */
    CURL *curl;
    uint64_t sent; /* bytes of the file */
    char content_range[64];
    bool judged; /* the head of the answer fits, or code is set */
    enum err_code code;
    bool again; /* code might be another the next time */
    bool ours;  /* the failure is of the sink */
    struct err err;
};

struct s3_client *s3_client_open(const struct s3_options *options)
{
    struct s3_client *c = mem_new(struct s3_client);

    if (!c)
        return NULL;
    c->options = *options;
    c->pool = s3_pool_open(options->connections);
    if (!c->pool) {
        mem_free(c);
        return NULL;
    }
    return c;
}

void s3_client_close(struct s3_client *c)
{
    if (!c)
        return;
    s3_pool_close(c->pool);
    mem_free(c);
}

void s3_answer_done(struct s3_answer *a)
{
    buf_done(&a->body);
}

/* The verdict on a try. */
#define fails(t, code_, again_, ...)                                                               \
    ((t)->again = (again_), (t)->code = fail(&(t)->err, (code_), __VA_ARGS__))

/* --- what comes ---------------------------------------------------------------------------- */

static bool is_object(const struct transfer *t)
{
    return t->rq->sink != NULL;
}

/* Has a part of the object been asked for, in this try? */
static bool is_ranged(const struct transfer *t)
{
    return t->rq->len || t->got;
}

static long status_of(const struct transfer *t)
{
    long status = 0;

    (void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* Number of bytes that the answer announces; false if it does not. */
static bool length_of(const struct transfer *t, uint64_t *ret)
{
    curl_off_t length = -1;

    if (curl_easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length) || length < 0)
        return false;
    *ret = (uint64_t)length;
    return true;
}

/* The value of a header line, if it is the header of this name. */
static bool header_value(struct str line, struct str name, struct str *ret)
{
    struct str head;

    if (!str_cut(&line, ':', &head) || !str_eq_nocase(head, name))
        return false;
    while (line.len && (line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == '\n'))
        line.len--;
    *ret = str_trim(line);
    return true;
}

static void copy_value(struct str value, char *out, size_t room)
{
    if (value.len < room && !memchr(value.ptr, '\0', value.len))
        (void)snprintf(out, room, "%.*s", (int)value.len, value.ptr);
}

static size_t on_header(char *ptr, size_t size, size_t count, void *ctx)
{
    struct transfer *t = ctx;
    const struct str line = {ptr, size * count};
    struct str value;

    if (str_starts(line, S("HTTP/"))) { /* anew, after a 100 */
        t->content_range[0] = '\0';
        t->answer->etag[0] = '\0';
    } else if (header_value(line, S("content-range"), &value)) {
        copy_value(value, t->content_range, sizeof(t->content_range));
    } else if (header_value(line, S("etag"), &value)) {
        copy_value(value, t->answer->etag, sizeof(t->answer->etag));
    }
    return line.len;
}

/* "bytes 0-9/443" */
static bool parse_content_range(struct str text, uint64_t *ret_first, uint64_t *ret_last,
                                uint64_t *ret_total)
{
    struct str first, last, rest = str_from(text, S("bytes ").len);

    return str_starts(text, S("bytes ")) && str_cut(&rest, '-', &first) &&
           str_cut(&rest, '/', &last) && str_u64(first, INT64_MAX, ret_first) &&
           str_u64(last, INT64_MAX, ret_last) && str_u64(rest, INT64_MAX, ret_total) &&
           *ret_first <= *ret_last && *ret_last < *ret_total;
}

static uint64_t end_wanted(const struct transfer *t)
{
    return t->rq->len ? t->rq->first + t->rq->len : t->total;
}

/* Bytes of the object that are still to come. */
static uint64_t missing(const struct transfer *t)
{
    return end_wanted(t) - t->rq->first - t->got;
}

static bool judge_range(struct transfer *t, uint64_t *ret_total)
{
    uint64_t first, last, length, end = t->rq->len ? t->rq->first + t->rq->len : UINT64_MAX;

    if (!parse_content_range(str_of(t->content_range), &first, &last, ret_total))
        return false;
    if (end > *ret_total)
        end = *ret_total;
    return first == t->rq->first + t->got && last == end - 1 &&
           (!length_of(t, &length) || length == last - first + 1);
}

/* At the head of an answer that brings an object: is it what was asked for? */
static void judge_head(struct transfer *t)
{
    bool fits, ranged = is_ranged(t);
    uint64_t total = 0;
    enum err_code code;

    t->judged = true;
    fits = status_of(t) == (ranged ? 206 : 200) &&
           (ranged ? judge_range(t, &total) : length_of(t, &total));
    if (!fits || (t->begun && total != t->total)) {
        fails(t, ERR_IO, true, "it answers with other bytes than it was asked for");
        return;
    }
    t->total = total;
    t->begun = true;
    if (end_wanted(t) > total) {
        fails(t, ERR_INVALID, false, "bytes past the end are asked for");
        return;
    }
    code = t->rq->sink->begin(t->rq->sink->ctx, total, &t->err);
    t->ours = code != OK;
    t->again = false;
    t->code = code;
}

static size_t take_object(struct transfer *t, struct str chunk)
{
    enum err_code code;

    if (!t->judged)
        judge_head(t);
    if (t->code)
        return 0;
    if (chunk.len > missing(t)) {
        fails(t, ERR_IO, missing(t) > 0, "it sends more bytes than it announced");
        return 0;
    }
    code = t->rq->sink->write(t->rq->sink->ctx, chunk, &t->err);
    if (code) {
        t->ours = true;
        t->again = false;
        t->code = code;
        return 0;
    }
    t->got += chunk.len;
    return chunk.len;
}

static size_t on_body(char *ptr, size_t size, size_t count, void *ctx)
{
    struct transfer *t = ctx;
    const struct str chunk = {ptr, size * count};
    long status = status_of(t);

    if (is_object(t) && status >= 200 && status < 300)
        return take_object(t, chunk);
    buf_add(&t->answer->body, chunk);
    return buf_ok(&t->answer->body) ? chunk.len : 0;
}

/* --- what goes ----------------------------------------------------------------------------- */

static size_t on_send(char *out, size_t size, size_t count, void *ctx)
{
    struct transfer *t = ctx;
    uint64_t left = t->rq->size - t->sent;
    size_t want = size * count < left ? size * count : (size_t)left;
    ssize_t n;

    if (!want)
        return 0;
    do
        n = pread(t->rq->fd, out, want, (off_t)(t->rq->offset + t->sent));
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return CURL_READFUNC_ABORT; /* it had all the bytes when it was hashed */
    t->sent += (uint64_t)n;
    return (size_t)n;
}

/* A kept connection was closed by the server before it took the request: from the start, then. */
static int on_rewind(void *ctx, curl_off_t offset, int origin)
{
    struct transfer *t = ctx;

    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > t->rq->size)
        return CURL_SEEKFUNC_FAIL;
    t->sent = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* What is to be sent for one try; all of it lies in mem. */
struct outgoing {
    struct arena *mem;
    char *url;
    struct s3_field headers[S3_FIELDS_MAX];
    size_t header_count;
    struct curl_slist *lines;
};

static void outgoing_done(struct outgoing *o)
{
    curl_slist_free_all(o->lines);
    arena_close(o->mem);
}

static void add_header(struct outgoing *o, struct str name, struct str value)
{
    assert(o->header_count < COUNT(o->headers));
    o->headers[o->header_count++] = (struct s3_field){name, value};
}

static bool add_line(struct outgoing *o, struct str name, struct str value)
{
    AUTO(buf_done) struct buf line = BUF_INIT(TRY_MEMORY);
    struct curl_slist *more;

    buf_add(&line, name);
    buf_addz(&line, ": ");
    buf_add(&line, value);
    buf_addc(&line, '\0');
    more = buf_ok(&line) ? curl_slist_append(o->lines, line.ptr) : NULL;
    if (more)
        o->lines = more;
    return more != NULL;
}

static struct str payload_of(struct outgoing *o, const struct s3_request *rq)
{
    char hex[SHA256_HEX + 1];

    if (rq->sha256.len)
        return rq->sha256;
    digest_sha256_hex(rq->document, hex);
    return str_dup(o->mem, str_of(hex));
}

static bool add_range(struct outgoing *o, const struct transfer *t)
{
    const struct s3_request *rq = t->rq;
    unsigned long long first = rq->first + t->got, end = rq->first + rq->len;
    struct str range = rq->len ? str_fmt(o->mem, "bytes=%llu-%llu", first, end - 1)
                               : str_fmt(o->mem, "bytes=%llu-", first);

    add_header(o, S("range"), range);
    return range.ptr != NULL;
}

static bool sign(struct outgoing *o, const struct transfer *t, const struct s3_message *m,
                 int64_t now_ms)
{
    AUTO(buf_done) struct buf value = BUF_INIT(TRY_MEMORY);
    bool ok = true;

    s3_sign(&value, &t->c->options.who, m, now_ms);
    for (size_t i = 0; ok && i < o->header_count; i++)
        ok = add_line(o, o->headers[i].name, o->headers[i].value);
    return ok && buf_ok(&value) && add_line(o, S("authorization"), buf_str(&value));
}

static bool make_url(struct outgoing *o, const struct transfer *t, struct str path)
{
    AUTO(buf_done) struct buf url = BUF_INIT(TRY_MEMORY);

    buf_add(&url, t->c->options.address.base);
    buf_add(&url, path);
    if (t->rq->params.count)
        buf_addc(&url, '?');
    s3_query(&url, t->rq->params);
    o->url = buf_ok(&url) ? str_z(o->mem, buf_str(&url)) : NULL;
    return o->url != NULL;
}

/* False when out of memory. */
static bool prepare(struct outgoing *o, const struct transfer *t)
{
    const struct s3_options *options = &t->c->options;
    struct s3_message m = {.method = t->rq->method, .params = t->rq->params};
    int64_t now_ms = clock_now_ms();
    char stamp[S3_STAMP_LEN + 1];

    o->mem = arena_open(TRY_MEMORY);
    if (!o->mem)
        return false;
    m.path = s3_address_path(o->mem, &options->address, t->rq->key);
    m.payload = payload_of(o, t->rq);
    if (!m.path.ptr || !m.payload.ptr || !make_url(o, t, m.path))
        return false;
    s3_stamp(now_ms, stamp);
    add_header(o, S("host"), options->address.host);
    add_header(o, S("x-amz-content-sha256"), m.payload);
    add_header(o, S("x-amz-date"), str_of(stamp));
    if (options->who.session_token.len)
        add_header(o, S("x-amz-security-token"), options->who.session_token);
    if (str_eq(t->rq->method, S("PUT")) || str_eq(t->rq->method, S("POST")))
        add_header(o, S("content-type"), S("application/octet-stream"));
    if (is_object(t) && is_ranged(t) && !add_range(o, t))
        return false;
    m.headers = (struct s3_fields){o->headers, o->header_count};
    return sign(o, t, &m, now_ms) && add_line(o, S("expect"), S(""));
}

/* --- one try ------------------------------------------------------------------------------- */

#define SET(option, value) (ok = ok && !curl_easy_setopt(t->curl, (option), (value)))

static bool set_method(struct transfer *t)
{
    const struct s3_request *rq = t->rq;
    bool ok = true;

    if (str_eq(rq->method, S("HEAD"))) {
        SET(CURLOPT_NOBODY, 1L);
    } else if (str_eq(rq->method, S("DELETE"))) {
        SET(CURLOPT_CUSTOMREQUEST, "DELETE");
    } else if (str_eq(rq->method, S("POST"))) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->document.len);
        SET(CURLOPT_POSTFIELDS, rq->document.len ? rq->document.ptr : "");
    } else if (str_eq(rq->method, S("PUT"))) {
        SET(CURLOPT_UPLOAD, 1L);
        SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)rq->size);
        SET(CURLOPT_READFUNCTION, on_send);
        SET(CURLOPT_READDATA, t);
        SET(CURLOPT_SEEKFUNCTION, on_rewind);
        SET(CURLOPT_SEEKDATA, t);
        SET(CURLOPT_UPLOAD_BUFFERSIZE, SOCKET_BUFFER);
    } else {
        assert(str_eq(rq->method, S("GET")));
    }
    return ok;
}

static bool set_limits(struct transfer *t)
{
    const struct s3_timing *timing = &t->c->options.timing;
    bool ok = true, bulk = is_object(t) || t->rq->size;

    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)timing->connect_ms);
    if (!t->rq->patient) {
        SET(CURLOPT_LOW_SPEED_LIMIT, SLOW_RATE);
        SET(CURLOPT_LOW_SPEED_TIME, (long)timing->slow_seconds);
    }
    if (!bulk)
        SET(CURLOPT_TIMEOUT, t->rq->patient ? SECONDS_PATIENT : SECONDS);
    return ok;
}

static bool set_options(struct transfer *t, const struct outgoing *o)
{
    bool ok = true;

    SET(CURLOPT_URL, o->url);
    SET(CURLOPT_HTTPHEADER, o->lines);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_USERAGENT, "terrarium/" TERRARIUM_VERSION);
    SET(CURLOPT_BUFFERSIZE, SOCKET_BUFFER);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, t);
    return ok && set_method(t) && set_limits(t);
}

/* There was no answer, or it was cut. */
static void judge_transport(struct transfer *t, CURLcode rc)
{
    const char *why = curl_easy_strerror(rc);

    if (rc == CURLE_OUT_OF_MEMORY)
        fails(t, ERR_NOMEM, false, "out of memory");
    else if (rc == CURLE_ABORTED_BY_CALLBACK || rc == CURLE_READ_ERROR)
        fails(t, ERR_IO, false, "the file to be sent cannot be read");
    else if (rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CACERT_BADFILE)
        fails(t, ERR_IO, false, "%s", why);
    else if (rc == CURLE_WRITE_ERROR || rc == CURLE_WEIRD_SERVER_REPLY ||
             rc == CURLE_UNSUPPORTED_PROTOCOL)
        fails(t, ERR_IO, true, "it answers with nonsense (%s)", why);
    else
        fails(t, ERR_BUSY, true, "%s", why);
}

/* An answer that is no success. */
static void judge_refusal(struct transfer *t)
{
    const struct s3_refusal *r = &t->refusal;
    enum s3_subject subject = !t->rq->key.len                    ? S3_BUCKET
                              : str_eq(t->rq->method, S("HEAD")) ? S3_OBJECT_HEAD
                                                                 : S3_OBJECT;
    struct s3_verdict verdict = s3_refusal_judge(r, subject);

    if (r->status == 416 && is_object(t) && is_ranged(t) && !t->begun)
        verdict = (struct s3_verdict){ERR_INVALID, false}; /* it has no bytes from there on */
    fails(t, verdict.code, verdict.again, "it answers %ld%s%s%s", r->status, r->code[0] ? " " : "",
          r->code,
          r->status < 400 ? ", which is not followed: another endpoint or region is meant" : "");
}

/* Of an object that has been sent: was it all? */
static void judge_end(struct transfer *t)
{
    if (!t->judged)
        judge_head(t); /* it is empty */
    if (!t->code && missing(t))
        fails(t, ERR_BUSY, true, "it sends fewer bytes than it announced");
}

static void judge(struct transfer *t, CURLcode rc)
{
    long status = status_of(t);

    if (t->code)
        return; /* of the sink, or of the head */
    if (status >= 300) {
        t->refusal.status = status;
        s3_xml_error(buf_str(&t->answer->body), t->refusal.code);
        judge_refusal(t);
    } else if (rc && !(t->judged && !missing(t))) { /* else all came before it ended */
        judge_transport(t, rc);
    } else if (status < 200) {
        fails(t, ERR_IO, true, "it answers with nonsense");
    } else if (is_object(t)) {
        judge_end(t);
    } else if (str_eq(t->rq->method, S("HEAD")) && !length_of(t, &t->answer->length)) {
        fails(t, ERR_IO, true, "it does not tell the size");
    }
}

static void try_once(struct transfer *t)
{
    AUTO(outgoing_done) struct outgoing o = {0};

    buf_clear(&t->answer->body);
    t->answer->etag[0] = t->content_range[0] = '\0';
    t->refusal = (struct s3_refusal){0};
    t->sent = 0;
    t->judged = false;
    t->code = OK;
    t->curl = s3_pool_take(t->c->pool);
    if (!t->curl || !prepare(&o, t) || !set_options(t, &o))
        fails(t, ERR_NOMEM, false, "out of memory");
    else
        judge(t, curl_easy_perform(t->curl));
    if (t->curl)
        s3_pool_give(t->c->pool, t->curl);
}

/* --- all tries ----------------------------------------------------------------------------- */

/* Twice as long each time, and never the same for two who failed together. */
static void rest(const struct s3_timing *timing, unsigned failures)
{
    uint64_t ms = timing->pause_ms;
    struct timespec span;
    uint32_t chance;

    for (unsigned i = 1; i < failures && ms < timing->pause_max_ms; i++)
        ms *= 2;
    if (ms > timing->pause_max_ms)
        ms = timing->pause_max_ms;
    rand_bytes(&chance, sizeof(chance));
    ms = ms / 2 + chance % (ms / 2 + 1);
    span = (struct timespec){.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&span, &span) && errno == EINTR)
        ;
}

static enum err_code explain(const struct transfer *t, unsigned failures, struct err *err)
{
    const struct s3_address *a = &t->c->options.address;
    char tries[32] = "";

    if (t->ours) {
        if (err)
            *err = t->err;
        return t->code;
    }
    if (failures > 1)
        (void)snprintf(tries, sizeof(tries), " (tried %u times)", failures);
    return fail(err, t->code, "S3 at " STR_FMT STR_FMT ", " STR_FMT "%s" STR_FMT ": %s%s",
                STR_ARG(a->base), STR_ARG(a->root), STR_ARG(t->rq->method),
                t->rq->key.len ? " of " : "", STR_ARG(t->rq->key), t->err.msg, tries);
}

enum err_code s3_client_send(struct s3_client *c, const struct s3_request *rq,
                             struct s3_answer *ret, struct s3_refusal *ret_refusal, struct err *err)
{
    struct transfer t = {.c = c, .rq = rq, .answer = ret};
    const struct s3_timing *timing = &c->options.timing;
    uint64_t since_us = clock_mono_us(); /* of the last progress */
    unsigned failures = 0;

    for (;;) {
        uint64_t before = t.got;

        try_once(&t);
        if (!t.code)
            return OK;
        failures++;
        if (t.got - before >= PROGRESS) {
            failures = 1;
            since_us = clock_mono_us();
        }
        if (!t.again || rq->once || failures >= timing->tries ||
            (timing->patience_ms &&
             clock_mono_us() - since_us > timing->patience_ms * UINT64_C(1000)))
            break;
        rest(timing, failures);
    }
    if (ret_refusal)
        *ret_refusal = t.refusal;
    return explain(&t, failures, err);
}
