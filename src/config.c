/* config.c: the table of settings, and the four places their values come from. */
#include "config.h"

#include <string.h>

#include "base/fs.h"
#include "base/text.h"
#include "format/address.h"

#define FILE_MAX     (64 * (size_t)1024)
#define ENV_PREFIX   "TERRARIUM_"
#define DEFAULT_FILE "terrarium.conf"

extern char **environ;

enum kind {
    KIND_TEXT,
    KIND_OPTION,   /* a text that may be empty */
    KIND_SECRET,   /* the same, never printed */
    KIND_DATABASE, /* empty, or a URL whose password is never printed */
    KIND_ADDRESS,  /* host:port */
    KIND_URL,      /* empty, or http(s)://host... without a slash at the end */
    KIND_NUMBER,
    KIND_NETWORKS, /* addresses and networks; may be empty */
    KIND_RATE,     /* "10/minute"; "0": no limit */
    KIND_BYTES,    /* a number with an optional K, M, G or T */
    KIND_LEVEL,
    KIND_WORD, /* one of those between the "|" of the placeholder */
    KIND_BOOL, /* words[0] is true, words[1] false */
};

struct setting {
    const char *name;
    enum kind kind;
    size_t offset;           /* in struct config */
    const char *initial;     /* as it would stand in a file */
    int64_t min, max;        /* KIND_NUMBER and KIND_BYTES */
    const char *words[2];    /* KIND_BOOL */
    const char *placeholder; /* of the value, in help */
    const char *help;
};

#define AT(field) offsetof(struct config, field)
#define TEXT(field, kind_, initial_, placeholder_, help_)                                          \
    {                                                                                              \
        .name = #field, .kind = (kind_), .offset = AT(field), .initial = (initial_),               \
        .placeholder = (placeholder_), .help = (help_)                                             \
    }
#define NUMBER(field, kind_, initial_, min_, max_, help_)                                          \
    {                                                                                              \
        .name = #field, .kind = (kind_), .offset = AT(field), .initial = (initial_),               \
        .min = (min_), .max = (max_), .placeholder = (kind_) == KIND_BYTES ? "SIZE" : "N",         \
        .help = (help_)                                                                            \
    }
#define CHOICE(field, yes_, no_, initial_, help_)                                                  \
    {                                                                                              \
        .name = #field, .kind = KIND_BOOL, .offset = AT(field), .initial = (initial_),             \
        .words = {(yes_), (no_)}, .placeholder = yes_ "|" no_, .help = (help_)                     \
    }

#define RATE(field, initial_, help_) TEXT(field, KIND_RATE, initial_, "N/PERIOD", help_)

#define SIZE_K ((int64_t)1 << 10)
#define SIZE_T ((int64_t)1 << 40)

static const struct setting settings[] = {
    TEXT(data, KIND_TEXT, "data", "DIR", "folder that holds everything"),
    TEXT(db, KIND_DATABASE, "", "URL",
         "database, as postgresql://user@host/terrarium; empty: SQLite in the data folder"),
    TEXT(blobs, KIND_OPTION, "", "URL",
         "where files are kept, as s3://bucket/prefix; empty: in the data folder"),
    TEXT(node, KIND_OPTION, "", "NAME",
         "name of this server among those that share a database; empty: host and process"),
    TEXT(listen, KIND_ADDRESS, "127.0.0.1:8080", "HOST:PORT",
         "address to serve at; port 0 takes any free one"),
    TEXT(public_url, KIND_URL, "", "URL",
         "address that clients see, as https://packages.example.org; empty: from each request"),
    TEXT(log_level, KIND_LEVEL, "info", "LEVEL", "error, warn, info or debug"),
    NUMBER(threads, KIND_NUMBER, "0", 0, 256, "event threads; 0: one per core"),
    NUMBER(workers, KIND_NUMBER, "8", 1, 256, "threads for work that waits for disk or database"),
    NUMBER(connections_max, KIND_NUMBER, "4096", 1, 1000000, "connections at one time"),
    NUMBER(header_seconds, KIND_NUMBER, "15", 1, 3600, "time for a request's headers to arrive"),
    NUMBER(idle_seconds, KIND_NUMBER, "75", 1, 3600, "time that a silent connection is kept"),
    NUMBER(min_rate, KIND_BYTES, "512", 0, SIZE_T, "slowest transfer kept, in bytes per second"),
    NUMBER(shutdown_seconds, KIND_NUMBER, "20", 0, 3600,
           "time for requests in flight to finish when the server is told to stop"),
    NUMBER(db_connections, KIND_NUMBER, "24", 1, 1000, "connections to PostgreSQL at one time"),
    NUMBER(statement_seconds, KIND_NUMBER, "60", 1, 3600,
           "time after which PostgreSQL ends a statement"),
    TEXT(s3_endpoint, KIND_URL, "", "URL", "address of the S3 server; empty: AWS, by region"),
    TEXT(s3_public_endpoint, KIND_URL, "", "URL",
         "address of the S3 server for clients that are sent there; empty: s3_endpoint"),
    TEXT(s3_region, KIND_TEXT, "us-east-1", "NAME", "region of the bucket"),
    TEXT(s3_key_id, KIND_OPTION, "", "ID",
         "access key; empty: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"),
    TEXT(s3_secret, KIND_SECRET, "", "KEY", "secret of the access key"),
    TEXT(s3_session_token, KIND_SECRET, "", "TOKEN", "of temporary credentials"),
    CHOICE(s3_path_style, "path", "virtual", "path",
           "whether the bucket stands in the path of S3 URLs or in their host name"),
    CHOICE(s3_delivery, "redirect", "stream", "stream",
           "whether clients are sent to the S3 server for large packages"),
    NUMBER(s3_link_seconds, KIND_NUMBER, "300", 1, 604800,
           "life of the links by which clients are sent to the S3 server"),
    NUMBER(cache_max, KIND_BYTES, "10G", 0, 1024 * SIZE_T,
           "local copies of files that an S3 server keeps"),
    NUMBER(upload_max, KIND_BYTES, "20G", SIZE_K, 1024 * SIZE_T, "largest file that is accepted"),
    NUMBER(upload_hours, KIND_NUMBER, "24", 1, 720, "from announcing a file to committing it"),
    TEXT(default_access, KIND_WORD, "public", "public|authenticated|private",
         "who may see new packages, unless their owner says otherwise"),
    TEXT(trusted_proxies, KIND_NETWORKS, "", "NETWORKS",
         "proxies whose X-Forwarded-For is believed, as 127.0.0.1, 10.0.0.0/8; empty: none"),
    RATE(sign_in_rate, "10/minute", "failed sign-ins with one account from one address"),
    RATE(sign_in_account_rate, "100/minute", "failed sign-ins with one account from anywhere"),
    RATE(sign_in_address_rate, "30/minute", "failed sign-ins from one address"),
    RATE(sign_up_rate, "10/hour", "accounts that sign up from one address"),
    RATE(setup_rate, "10/minute", "wrong set-up codes from one address"),
    RATE(token_rate, "60/minute", "unknown tokens from one address"),
    RATE(refusal_rate, "10/minute",
         "refusals that the security log keeps, of each kind from one address"),
    CHOICE(registration, "open", "closed", "open", "whether anyone may sign up"),
    NUMBER(password_min, KIND_NUMBER, "8", 7, 64, "characters that a password must have"),
    TEXT(terms_version, KIND_TEXT, "1", "TEXT", "recorded when an account accepts the terms"),
    NUMBER(session_days, KIND_NUMBER, "14", 1, 365, "life of a session in the browser"),
    NUMBER(token_days, KIND_NUMBER, "365", 1, 3650, "life of a token, unless chosen otherwise"),
    NUMBER(token_warn_days, KIND_NUMBER, "14", 0, 365,
           "days before its end from which a token's owner is warned; 0: never"),
    NUMBER(index_max_age, KIND_NUMBER, "0", 0, 86400,
           "seconds that clients may use an index again without asking"),
    CHOICE(reuse_removed_names, "yes", "no", "yes",
           "whether the name of a removed file may be used again"),
    NUMBER(trash_days, KIND_NUMBER, "30", 0, 3650,
           "days for which what was removed can be put back; 0: it cannot"),
    NUMBER(history_days, KIND_NUMBER, "7", 0, 3650,
           "days for which conda channels can be had as they were; 0: they cannot"),
    NUMBER(quota, KIND_BYTES, "0", 0, 1024 * SIZE_T,
           "bytes that an account may store, unless it has a quota of its own; 0: any number"),
};

struct config_origins {
    struct str of[COUNT(settings)];
};

/* --- names -------------------------------------------------------------------------------- */

/* Lower case with "_": the form in files, in the table and in messages. */
static char fold(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c == '-' ? '_' : c;
}

static const struct setting *setting_find(struct str name)
{
    for (size_t i = 0; i < COUNT(settings); i++) {
        size_t n = 0;

        while (n < name.len && settings[i].name[n] && fold(name.ptr[n]) == settings[i].name[n])
            n++;
        if (n == name.len && !settings[i].name[n])
            return &settings[i];
    }
    return NULL;
}

/* Environment variables that begin as ours do without being settings: those of tests, and those
 * that container platforms make up for a service called "terrarium". */
static bool env_is_foreign(struct str name)
{
    static const char *const exact[] = {"BIN", "FAULT", "PORT", "VENVS"};
    static const char *const prefix[] = {"TEST_", "PORT_", "SERVICE_"};

    for (size_t i = 0; i < COUNT(exact); i++)
        if (str_eq(name, str_of(exact[i])))
            return true;
    for (size_t i = 0; i < COUNT(prefix); i++)
        if (str_starts(name, str_of(prefix[i])))
            return true;
    return false;
}

/* --- values ------------------------------------------------------------------------------- */

static void *field_of(struct config *c, const struct setting *s)
{
    return (char *)c + s->offset;
}

static const void *field_of_const(const struct config *c, const struct setting *s)
{
    return (const char *)c + s->offset;
}

/* Powers of two; 0: no unit. */
static unsigned unit_shift(char c)
{
    switch (c) {
    case 'K':
        return 10;
    case 'M':
        return 20;
    case 'G':
        return 30;
    case 'T':
        return 40;
    default:
        return 0;
    }
}

static bool parse_bytes(struct str value, int64_t max, int64_t *ret_bytes)
{
    unsigned shift = value.len ? unit_shift(value.ptr[value.len - 1]) : 0;
    uint64_t n;

    if (shift)
        value.len--;
    if (!str_u64(value, (uint64_t)max >> shift, &n))
        return false;
    *ret_bytes = (int64_t)(n << shift);
    return true;
}

static void add_bytes(struct buf *out, int64_t bytes)
{
    static const char units[] = "KMGT";
    size_t unit = 0;

    while (bytes && bytes % 1024 == 0 && unit < 4) {
        bytes /= 1024;
        unit++;
    }
    buf_add_u64(out, (uint64_t)bytes);
    if (unit)
        buf_addc(out, units[unit - 1]);
}

static bool address_ok(struct str value)
{
    struct str host, port;
    uint64_t n;

    return str_cut_last(value, ':', &host, &port) && host.len && str_u64(port, 65535, &n) &&
           !str_has(host, '/') && !str_has(host, ' ');
}

static bool url_ok(struct str value)
{
    struct str rest;

    if (!value.len)
        return true;
    if (str_starts(value, S("https://")))
        rest = str_from(value, 8);
    else if (str_starts(value, S("http://")))
        rest = str_from(value, 7);
    else
        return false;
    return rest.len && rest.ptr[0] != '/' && !str_ends(rest, S("/")) && !str_has(rest, '?') &&
           !str_has(rest, '#') && !str_has(rest, ' ') && !str_has(rest, '"');
}

static bool networks_ok(struct str value)
{
    struct address_nets nets;

    return address_nets_parse(value, &nets, NULL) == OK;
}

static bool database_ok(struct str value)
{
    return !value.len || str_starts(value, S("postgresql://")) ||
           str_starts(value, S("postgres://"));
}

/* What a value should have been, for messages. */
static void add_expected(struct buf *out, const struct setting *s)
{
    switch (s->kind) {
    case KIND_TEXT:
        buf_addz(out, "a text on one line");
        break;
    case KIND_OPTION:
    case KIND_SECRET:
        buf_addz(out, "nothing, or a text on one line");
        break;
    case KIND_DATABASE:
        buf_addz(out, "nothing, or postgresql://[user[:password]@]host[:port]/database");
        break;
    case KIND_ADDRESS:
        buf_addz(out, "HOST:PORT, as 127.0.0.1:8080 or [::1]:8080");
        break;
    case KIND_URL:
        buf_addz(out, "http:// or https://, a host, and no slash at the end");
        break;
    case KIND_LEVEL:
        buf_addz(out, "error, warn, info or debug");
        break;
    case KIND_WORD:
        buf_addf(out, "one of %s", s->placeholder);
        break;
    case KIND_BOOL:
        buf_addf(out, "%s or %s", s->words[0], s->words[1]);
        break;
    case KIND_NUMBER:
        buf_addf(out, "a number from %lld to %lld", (long long)s->min, (long long)s->max);
        break;
    case KIND_NETWORKS:
        buf_addz(out,
                 "nothing, or addresses and networks between commas, as 127.0.0.1, 10.0.0.0/8");
        break;
    case KIND_RATE:
        buf_addz(out,
                 "0 for no limit, or N/second, N/minute, N/hour or N/day, up to 1000 a second");
        break;
    case KIND_BYTES:
        buf_addz(out, "a size from ");
        add_bytes(out, s->min);
        buf_addz(out, " to ");
        add_bytes(out, s->max);
        buf_addz(out, ", as 512, 64K, 20G");
        break;
    }
}

static bool store_number(struct config *c, const struct setting *s, struct str value)
{
    int64_t n;
    uint64_t u;

    if (s->kind == KIND_BYTES) {
        if (!parse_bytes(value, s->max, &n))
            return false;
    } else {
        if (!str_u64(value, (uint64_t)s->max, &u))
            return false;
        n = (int64_t)u;
    }
    if (n < s->min)
        return false;
    memcpy(field_of(c, s), &n, sizeof(n));
    return true;
}

static bool is_one_of(struct str words, struct str value)
{
    struct str word;

    while (str_next(&words, '|', &word))
        if (str_eq(word, value))
            return true;
    return false;
}

static bool store_text(struct config *c, const struct setting *s, struct str value)
{
    if (text_has_control(value) || !text_is_utf8(value))
        return false;
    if ((s->kind == KIND_TEXT && !value.len) || (s->kind == KIND_URL && !url_ok(value)) ||
        (s->kind == KIND_ADDRESS && !address_ok(value)) ||
        (s->kind == KIND_DATABASE && !database_ok(value)) ||
        (s->kind == KIND_WORD && !is_one_of(str_of(s->placeholder), value)) ||
        (s->kind == KIND_NETWORKS && !networks_ok(value)))
        return false;
    memcpy(field_of(c, s), &value, sizeof(value));
    return true;
}

/* False when the value is not of the setting's type or range. value must outlive c. */
static bool store_value(struct config *c, const struct setting *s, struct str value)
{
    struct rate_rule rule;
    enum log_level level;
    bool flag;

    switch (s->kind) {
    case KIND_NUMBER:
    case KIND_BYTES:
        return store_number(c, s, value);
    case KIND_RATE:
        if (!rate_rule_parse(value, &rule))
            return false;
        memcpy(field_of(c, s), &rule, sizeof(rule));
        return true;
    case KIND_LEVEL:
        if (!log_level_parse(value, &level))
            return false;
        memcpy(field_of(c, s), &level, sizeof(level));
        return true;
    case KIND_BOOL:
        flag = str_eq(value, str_of(s->words[0]));
        if (!flag && !str_eq(value, str_of(s->words[1])))
            return false;
        memcpy(field_of(c, s), &flag, sizeof(flag));
        return true;
    case KIND_TEXT:
    case KIND_OPTION:
    case KIND_SECRET:
    case KIND_DATABASE:
    case KIND_ADDRESS:
    case KIND_URL:
    case KIND_WORD:
    case KIND_NETWORKS:
        return store_text(c, s, value);
    }
    return false;
}

/* A text as it may be printed. */
static void add_shown(struct buf *out, const struct setting *s, struct str text)
{
    if (s->kind == KIND_SECRET)
        buf_addz(out, text.len ? "***" : "");
    else if (s->kind == KIND_DATABASE)
        text_url_masked(out, text);
    else
        buf_add(out, text);
}

static void add_value(struct buf *out, const struct config *c, const struct setting *s)
{
    static const char *const levels[] = {"error", "warn", "info", "debug"};
    const void *field = field_of_const(c, s);
    enum log_level level;
    struct rate_rule rule;
    struct str text;
    int64_t n;
    bool flag;

    switch (s->kind) {
    case KIND_RATE:
        memcpy(&rule, field, sizeof(rule));
        rate_rule_print(out, rule);
        break;
    case KIND_NUMBER:
        memcpy(&n, field, sizeof(n));
        buf_add_u64(out, (uint64_t)n);
        break;
    case KIND_BYTES:
        memcpy(&n, field, sizeof(n));
        add_bytes(out, n);
        break;
    case KIND_LEVEL:
        memcpy(&level, field, sizeof(level));
        buf_addz(out, levels[level]);
        break;
    case KIND_BOOL:
        memcpy(&flag, field, sizeof(flag));
        buf_addz(out, s->words[flag ? 0 : 1]);
        break;
    case KIND_TEXT:
    case KIND_OPTION:
    case KIND_SECRET:
    case KIND_DATABASE:
    case KIND_ADDRESS:
    case KIND_URL:
    case KIND_WORD:
    case KIND_NETWORKS:
        memcpy(&text, field, sizeof(text));
        add_shown(out, s, text);
        break;
    }
}

/* --- loading ------------------------------------------------------------------------------ */

struct load {
    struct arena *mem;
    struct config config;
    struct config_origins *origins;
    bool data_is_fixed; /* the file was found in the data folder */
};

/* Sets one setting; name and value are copied into the arena. */
static enum err_code apply(struct load *l, struct str name, struct str value, struct str origin,
                           struct err *err)
{
    AUTO(buf_done) struct buf expected = BUF_INIT(300);
    AUTO(buf_done) struct buf shown = BUF_INIT(FILE_MAX);
    const struct setting *s = setting_find(name);
    struct str copy;

    if (!s)
        return fail(err, ERR_INVALID,
                    STR_FMT ": there is no setting \"" STR_FMT
                            "\"; \"terrarium config --example\" lists all",
                    STR_ARG(origin), STR_ARG(name));
    copy = str_dup(l->mem, value);
    if (!copy.ptr || !origin.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if (!store_value(&l->config, s, copy)) {
        add_shown(&shown, s, value);
        add_expected(&expected, s);
        return fail(err, ERR_INVALID, STR_FMT ": %s cannot be \"" STR_FMT "\": it takes " STR_FMT,
                    STR_ARG(origin), s->name, STR_ARG(buf_str(&shown)),
                    STR_ARG(buf_str(&expected)));
    }
    l->origins->of[s - settings] = origin;
    return OK;
}

static enum err_code apply_defaults(struct load *l, struct err *err)
{
    for (size_t i = 0; i < COUNT(settings); i++) {
        enum err_code code =
            apply(l, str_of(settings[i].name), str_of(settings[i].initial), S("default"), err);

        if (code)
            return code;
    }
    return OK;
}

static enum err_code apply_line(struct load *l, struct str file, size_t number, struct str line,
                                struct err *err)
{
    struct str origin = str_fmt(l->mem, STR_FMT ":%zu", STR_ARG(file), number);
    struct str rest = line, name;

    if (line.len && line.ptr[line.len - 1] == '\r')
        rest.len--;
    rest = str_trim(rest);
    if (!rest.len || rest.ptr[0] == '#')
        return OK;
    if (!str_cut(&rest, '=', &name))
        return fail(err, ERR_INVALID, STR_FMT ": \"" STR_FMT "\" is not \"name = value\"",
                    STR_ARG(origin), STR_ARG(rest));
    name = str_trim(name);
    if (l->data_is_fixed && str_eq(name, S("data")))
        return fail(err, ERR_INVALID,
                    STR_FMT ": data is the folder that this file lies in, and cannot be set here",
                    STR_ARG(origin));
    return apply(l, name, str_trim(rest), origin, err);
}

static enum err_code apply_file(struct load *l, struct str file, bool must_exist, struct err *err)
{
    struct err cause = {0};
    struct str text, line;
    size_t number = 0;
    const char *path = str_z(l->mem, file);
    enum err_code code;

    if (!path)
        return fail(err, ERR_NOMEM, "out of memory");
    code = fs_read(l->mem, path, FILE_MAX, &text, &cause);
    if (code == ERR_NOT_FOUND && !must_exist)
        return OK;
    if (code == ERR_NOT_FOUND)
        return fail(err, ERR_INVALID, "there is no configuration file \"" STR_FMT "\"",
                    STR_ARG(file));
    if (code)
        return fail(err, code, "cannot read configuration file \"" STR_FMT "\": %s", STR_ARG(file),
                    cause.msg);
    while (str_next(&text, '\n', &line)) {
        code = apply_line(l, file, ++number, line, err);
        if (code)
            return code;
    }
    return OK;
}

/* The file in the data folder, if there is one. */
static enum err_code apply_found_file(struct load *l, struct err *err)
{
    const char *data = str_z(l->mem, l->config.data);
    struct str file = data ? str_fmt(l->mem, "%s/" DEFAULT_FILE, data) : (struct str){0};

    if (!file.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    l->data_is_fixed = true;
    return apply_file(l, file, false, err);
}

static enum err_code apply_environment(struct load *l, struct err *err)
{
    for (char **e = environ; e && *e; e++) {
        struct str value = str_of(*e), name;
        enum err_code code;

        if (!str_starts(value, S(ENV_PREFIX)) || !str_cut(&value, '=', &name))
            continue;
        name = str_from(name, sizeof(ENV_PREFIX) - 1);
        if (env_is_foreign(name))
            continue;
        code = apply(l, name, value,
                     str_fmt(l->mem, "environment " ENV_PREFIX STR_FMT, STR_ARG(name)), err);
        if (code)
            return code;
    }
    return OK;
}

static enum err_code apply_flags(struct load *l, const struct config_flag *flags, size_t count,
                                 struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        enum err_code code = apply(l, flags[i].name, flags[i].value,
                                   str_fmt(l->mem, "flag --" STR_FMT, STR_ARG(flags[i].name)), err);

        if (code)
            return code;
    }
    return OK;
}

/* The file in the data folder can only be looked for once that folder is known, so environment
 * and flags are applied before the file (for its place) and again after it (since they win). */
static enum err_code load_all(struct load *l, struct str file, const struct config_flag *flags,
                              size_t flag_count, struct err *err)
{
    enum err_code code = apply_defaults(l, err);

    if (!code && !file.len) {
        code = apply_environment(l, err);
        if (!code)
            code = apply_flags(l, flags, flag_count, err);
    }
    if (code)
        return code;
    code = file.len ? apply_file(l, file, true, err) : apply_found_file(l, err);
    if (!code)
        code = apply_environment(l, err);
    if (!code)
        code = apply_flags(l, flags, flag_count, err);
    return code;
}

enum err_code config_load(struct arena *mem, struct str file, const struct config_flag *flags,
                          size_t flag_count, struct config *ret_config,
                          const struct config_origins **ret_origins, struct err *err)
{
    struct load l = {.mem = mem, .origins = arena_new(mem, struct config_origins)};
    enum err_code code;

    if (!l.origins)
        return fail(err, ERR_NOMEM, "out of memory");
    code = load_all(&l, file, flags, flag_count, err);
    if (code)
        return code;
    *ret_config = l.config;
    *ret_origins = l.origins;
    return OK;
}

/* --- printing ----------------------------------------------------------------------------- */

void config_print(const struct config *c, const struct config_origins *o, struct buf *out)
{
    for (size_t i = 0; i < COUNT(settings); i++) {
        buf_addf(out, "%s = ", settings[i].name);
        add_value(out, c, &settings[i]);
        buf_addf(out, "    # " STR_FMT "\n", STR_ARG(o->of[i]));
    }
}

void config_print_example(struct buf *out)
{
    buf_addz(out, "# Settings of a Terrarium server. Each stands here with its default; take the\n"
                  "# \"# \" away before a name and change its value. The environment variable\n"
                  "# TERRARIUM_NAME and the flag --name win over this file.\n");
    for (size_t i = 0; i < COUNT(settings); i++) {
        const struct setting *s = &settings[i];

        buf_addf(out, "\n# %s\n# It takes ", s->help);
        add_expected(out, s);
        buf_addf(out, ".\n# %s = %s\n", s->name, s->initial);
    }
}

void config_print_flags(struct buf *out)
{
    for (size_t i = 0; i < COUNT(settings); i++) {
        const struct setting *s = &settings[i];
        size_t start = out->len;

        buf_addz(out, "  --");
        for (const char *p = s->name; *p; p++)
            buf_addc(out, *p == '_' ? '-' : *p);
        buf_addf(out, " %s", s->placeholder);
        do {
            buf_addc(out, ' ');
        } while (buf_ok(out) && out->len - start < 34);
        buf_addz(out, s->help);
        if (s->initial[0])
            buf_addf(out, " (%s)", s->initial);
        buf_addc(out, '\n');
    }
}
