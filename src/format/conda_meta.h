/* conda_meta.h: info/ files of a conda package -> the record and facts that channels serve.
 *
 * A white list: a key reaches clients only if it is in the table of conda_meta.c, with the type
 * that every client can read. What the server owns (md5, sha256, size, fn, url, channel,
 * indexed_timestamp ...) never comes from the package. */
#ifndef FORMAT_CONDA_META_H
#define FORMAT_CONDA_META_H
#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "format/conda_name.h"

struct conda_record {
    struct str name, version, build, subdir; /* in the arena */
    int64_t build_number;
    int64_t timestamp_ms;   /* of the build; 0 when absent */
    int64_t schema_version; /* 1 when absent; 3 and above belong to repodata v3 only (CEP 48) */
    json_t *record;         /* as in repodata.json, without md5, sha256, size. One reference. */
};
void conda_record_done(struct conda_record *r);

/* index_json: bytes of info/index.json. file: the parsed name under which it is uploaded; subdir:
 * where. The record must say the same. Null members are left out; depends defaults to [].
 * ERR_INVALID with what is wrong. *ret is untouched on failure. */
enum err_code conda_record_parse(struct arena *mem, struct str index_json,
                                 const struct conda_filename *file, struct str subdir,
                                 struct conda_record *ret, struct err *err) MUST_USE;

/* run_exports.json of a package -> the object that indexes serve ({} when data is empty; the old
 * list form becomes {"weak": [...]}). Wrong types are dropped, not refused: solvers never read it.
 */
enum err_code conda_run_exports_parse(struct str data, json_t **ret_object,
                                      struct err *err) MUST_USE;

/* about.json -> a white-listed object of strings (and string lists) that channeldata and package
 * pages use. Wrong types are dropped; URLs that are not http(s) are dropped; over-long texts are
 * cut at a character border. {} when data is empty or not JSON. */
enum err_code conda_about_parse(struct str data, json_t **ret_object, struct err *err) MUST_USE;

#endif
