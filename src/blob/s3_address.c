/* s3_address.c: buckets and endpoints as administrators write them. */
#include "blob/s3_address.h"

#include "base/limits.h"
#include "base/text.h"

/* Keys have at most 1,024 bytes; room is left for what is put under the prefix. */
#define PREFIX_MAX 512
#define HOST_MAX   240 /* 253, without a scheme and a port */
#define REGION_MAX 64

static enum err_code out_of_memory(struct err *err)
{
    return fail(err, ERR_NOMEM, "out of memory");
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Made of letters, digits and these, and begins and ends with a letter or digit. */
static bool is_name(struct str s, size_t min, size_t max, const char *others)
{
    if (s.len < min || s.len > max || !is_alnum(s.ptr[0]) || !is_alnum(s.ptr[s.len - 1]))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!is_alnum(s.ptr[i]) && !strchr(others, s.ptr[i]))
            return false;
    return true;
}

/* --- bucket and prefix --------------------------------------------------------------------- */

static bool is_prefix(struct str prefix)
{
    struct str segment, rest = prefix;

    if (prefix.len > PREFIX_MAX || !text_is_utf8(prefix) || text_has_control(prefix))
        return false;
    while (str_next(&rest, '/', &segment))
        if (!segment.len || str_eq(segment, S(".")) || str_eq(segment, S("..")))
            return false;
    return true;
}

enum err_code s3_bucket_parse(struct arena *mem, struct str url, struct str *ret_bucket,
                              struct str *ret_prefix, struct err *err)
{
    struct str rest = str_from(url, S("s3://").len), bucket;

    if (!str_starts(url, S("s3://")))
        return fail(err, ERR_INVALID, "\"" STR_FMT "\" is not s3://bucket/prefix", STR_ARG(url));
    if (!str_cut(&rest, '/', &bucket)) {
        bucket = rest;
        rest = S("");
    }
    if (!is_name(bucket, 3, 63, ".-_"))
        return fail(err, ERR_INVALID, "\"" STR_FMT "\" is not the name of a bucket",
                    STR_ARG(bucket));
    if (rest.len > 1 && str_ends(rest, S("/")))
        rest.len--;
    if (rest.len && !is_prefix(rest))
        return fail(err, ERR_INVALID, "\"" STR_FMT "\" cannot be what keys begin with",
                    STR_ARG(rest));
    bucket = str_dup(mem, bucket);
    rest = str_dup(mem, rest);
    if (!bucket.ptr || !rest.ptr)
        return out_of_memory(err);
    *ret_bucket = bucket;
    *ret_prefix = rest;
    return OK;
}

/* --- endpoint ------------------------------------------------------------------------------ */

/* "host", "192.0.2.1" or "[2001:db8::1]". */
static bool is_host(struct str host)
{
    if (host.len && host.ptr[0] == '[') {
        struct str inner = str_sub(host, 1, host.len < 2 ? 0 : host.len - 2);

        if (!str_ends(host, S("]")) || !str_has(inner, ':') || inner.len > 45)
            return false;
        for (size_t i = 0; i < inner.len; i++)
            if (!is_alnum(inner.ptr[i]) && inner.ptr[i] != ':' && inner.ptr[i] != '.')
                return false;
        return true;
    }
    return is_name(host, 1, HOST_MAX, ".-_");
}

struct endpoint {
    bool tls;
    struct str host;
    uint64_t port; /* 0: that of the scheme */
};

static bool parse_endpoint(struct str text, struct endpoint *ret)
{
    struct endpoint e = {.tls = str_starts(text, S("https://"))};
    struct str rest, port;

    if (!e.tls && !str_starts(text, S("http://")))
        return false;
    rest = str_from(text, e.tls ? S("https://").len : S("http://").len);
    if (str_ends(rest, S("/")))
        rest.len--;
    e.host = rest;
    if (!str_ends(rest, S("]")) && str_cut_last(rest, ':', &e.host, &port) &&
        (!str_u64(port, 65535, &e.port) || e.port == 0))
        return false;
    if (e.port == (e.tls ? 443 : 80))
        e.port = 0; /* as HTTP clients write the header Host */
    *ret = e;
    return is_host(e.host);
}

static enum err_code find_endpoint(struct arena *mem, const struct s3_where *where,
                                   struct endpoint *ret, struct err *err)
{
    if (!is_name(where->region, 1, REGION_MAX, "-_"))
        return fail(err, ERR_INVALID, "\"" STR_FMT "\" is not the name of a region",
                    STR_ARG(where->region));
    if (where->endpoint.len) {
        if (!parse_endpoint(where->endpoint, ret))
            /* not quoted, because it may hold a password */
            return fail(err, ERR_INVALID, "an S3 endpoint is http[s]://host[:port], nothing more");
        return OK;
    }
    *ret = (struct endpoint){.tls = true};
    ret->host = str_fmt(mem, "s3." STR_FMT ".amazonaws.com%s", STR_ARG(where->region),
                        str_starts(where->region, S("cn-")) ? ".cn" : "");
    return ret->host.ptr ? OK : out_of_memory(err);
}

enum err_code s3_address_make(struct arena *mem, const struct s3_where *where,
                              struct s3_address *ret, struct err *err)
{
    struct s3_address a = {0};
    struct endpoint e = {0};
    char port[8] = "";
    enum err_code code = find_endpoint(mem, where, &e, err);

    if (code)
        return code;
    if (!where->path_style && (e.host.ptr[0] == '[' || str_has(where->bucket, '_') ||
                               where->bucket.len + 1 + e.host.len > HOST_MAX))
        return fail(err, ERR_INVALID, "bucket \"" STR_FMT "\" cannot be a part of a host name",
                    STR_ARG(where->bucket));
    if (e.port)
        (void)snprintf(port, sizeof(port), ":%u", (unsigned)e.port);
    a.host = where->path_style ? str_fmt(mem, STR_FMT "%s", STR_ARG(e.host), port)
                               : str_fmt(mem, STR_FMT "." STR_FMT "%s", STR_ARG(where->bucket),
                                         STR_ARG(e.host), port);
    a.host = str_lower(mem, a.host);
    a.base = str_fmt(mem, "http%s://" STR_FMT, e.tls ? "s" : "", STR_ARG(a.host));
    a.root = where->path_style ? str_fmt(mem, "/" STR_FMT, STR_ARG(where->bucket)) : S("");
    if (!a.host.ptr || !a.base.ptr || !a.root.ptr)
        return out_of_memory(err);
    *ret = a;
    return OK;
}

struct str s3_address_path(struct arena *mem, const struct s3_address *a, struct str key)
{
    AUTO(buf_done) struct buf path = BUF_INIT(4 * KIB);

    buf_add(&path, a->root);
    if (key.len || !a->root.len)
        buf_addc(&path, '/');
    text_percent(&path, key, "/");
    return buf_ok(&path) ? str_dup(mem, buf_str(&path)) : (struct str){0};
}
