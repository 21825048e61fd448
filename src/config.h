/* config.h: the settings of the server, from one typed table (config.c).
 *
 * Later origins win: default, configuration file, environment TERRARIUM_NAME, flag --name. In the
 * file a setting is `name = value`, "#" begins a comment line; in the environment and on the
 * command line the name is upper case with "_", or lower case with "-". An unknown name or a
 * value outside its type or range is refused with origin (file and line), value and what would be
 * right. */
#ifndef CONFIG_H
#define CONFIG_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/rate.h"

struct config {
    struct str data;           /* folder that holds everything; default "data" */
    struct str db;             /* "postgresql://..."; empty: SQLite in the data folder */
    struct str blobs;          /* "s3://bucket/prefix"; empty: a folder in the data folder */
    struct str node;           /* name of this server; empty: made of host and process */
    struct str listen;         /* "127.0.0.1:8080" */
    struct str public_url;     /* "https://packages.example.org"; empty: from each request's Host */
    enum log_level log_level;  /* info */
    int64_t threads;           /* event threads; 0: one per core */
    int64_t workers;           /* threads for blocking work; 8 */
    int64_t connections_max;   /* 4096 */
    int64_t header_seconds;    /* 15 */
    int64_t idle_seconds;      /* 75 */
    int64_t min_rate;          /* bytes per second; 512 */
    int64_t shutdown_seconds;  /* for requests in flight; 20 */
    int64_t db_connections;    /* PostgreSQL; 24 */
    int64_t statement_seconds; /* PostgreSQL; 60 */
    struct str s3_endpoint;    /* see struct blob_place; empty: AWS */
    struct str s3_public_endpoint;
    struct str s3_region; /* "us-east-1" */
    struct str s3_key_id; /* empty: AWS_ACCESS_KEY_ID and its companions of the environment */
    struct str s3_secret;
    struct str s3_session_token;
    bool s3_path_style;         /* "path" or "virtual", default path */
    bool s3_delivery;           /* packages and shards by presigned links; "redirect" or "stream" */
    int64_t s3_link_seconds;    /* life of such a link; 300 */
    int64_t cache_max;          /* bytes of local copies of blobs of S3; "10G" */
    int64_t upload_max;         /* bytes of one file; "20G" */
    int64_t upload_hours;       /* from announcing a file to committing it; 24 */
    struct str trusted_proxies; /* networks whose X-Forwarded-For is believed (format/address.h) */
    /* How much is let through (core/throttle.h); a count of 0: all of it. */
    struct rate_rule sign_in_rate; /* failures with one account from one address; 10/minute */
    struct rate_rule sign_in_account_rate; /* ... with one account, from anywhere; 100/minute */
    struct rate_rule sign_in_address_rate; /* ... with any account from one address; 30/minute */
    struct rate_rule sign_up_rate;         /* from one address; 10/hour */
    struct rate_rule setup_rate;           /* wrong set-up codes from one address; 10/minute */
    struct rate_rule token_rate;           /* unknown tokens from one address; 60/minute */
    struct rate_rule
        refusal_rate; /* refusals that are put on record, of one kind and address; 10/minute
                       */
    struct str default_access; /* of new packages: "public", "authenticated" or "private" */
    bool registration;         /* anyone may sign up; "open" or "closed", default open */
    int64_t password_min;      /* characters; 8, never under 7 */
    struct str terms_version;  /* recorded with each acceptance; "1" */
    int64_t session_days;      /* 14 */
    int64_t token_days;        /* 365 */
    int64_t token_warn_days;   /* 14; 0: never */
    int64_t
        index_max_age; /* seconds that clients may reuse an index unasked; 0: they ask each time */
    bool reuse_removed_names; /* a removed file's name may be used again; "yes" or "no", default yes
                               */
    int64_t trash_days;       /* that removed files are kept; 30; 0: not at all */
    int64_t history_days;     /* that earlier states of channels are kept; 7; 0: not at all */
    int64_t quota;            /* bytes of an account; 0: no limit */
};

/* One value given on the command line, without the dashes: {"listen", "127.0.0.1:9000"}. */
struct config_flag {
    struct str name, value;
};
struct config_origins; /* where each value came from: for `terrarium config` */

/* file: path of the configuration file; empty: <data>/terrarium.conf if that exists. */
enum err_code config_load(struct arena *mem, struct str file, const struct config_flag *flags,
                          size_t flag_count, struct config *ret_config,
                          const struct config_origins **ret_origins, struct err *err) MUST_USE;

/* Appends "name = value    # origin" lines of the effective settings. */
void config_print(const struct config *c, const struct config_origins *o, struct buf *out);
/* Appends a complete commented example file, generated from the table. */
void config_print_example(struct buf *out);
/* Appends one help line for each setting as a flag. */
void config_print_flags(struct buf *out);

#endif
