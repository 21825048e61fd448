/* conda_archive.h: what is inside a .conda or .tar.bz2 (CEP 34, CEP 35), read with limits.
 *
 * Runs in the sandboxed child of core/inspect: it may read the one descriptor and use memory,
 * and nothing else. It unpacks; it interprets no JSON but paths.json and metadata.json. */
#ifndef FORMAT_CONDA_ARCHIVE_H
#define FORMAT_CONDA_ARCHIVE_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "format/conda_name.h"

struct conda_archive {
    struct str index_json; /* never empty */
    struct str about_json; /* empty when the package has none ... */
    struct str run_exports_json;
    struct str recipe;   /* info/recipe/meta.yaml or rendered_recipe.yaml */
    struct str icon_png; /* info/icon.png if it is a PNG of at most 256 KiB; else empty */
    /* Facts for channeldata (CEP 38), from paths.json or, in old packages, from info/files,
     * has_prefix and the member names. */
    bool activate_d, deactivate_d, pre_link, post_link, pre_unlink, binary_prefix, text_prefix;
};

/* fd: readable and seekable; size: its bytes. file: the name under which it is uploaded.
 * All texts lie in mem. ERR_INVALID: not a well-formed package, and why; ERR_TOO_BIG: over a
 * limit of limits.h; ERR_NOMEM; ERR_IO.
 *
 * Refused, among others: ZIP members that are not STORED, encrypted, duplicate, overlapping,
 * with data descriptors, whose local header differs from the central directory, bytes before,
 * between or after; not exactly metadata.json (format version 2, or empty as the first writers
 * left it), one info-STEM.tar.zst and one pkg-STEM.tar.zst; in what is unpacked, members that are
 * devices, absolute or with "..", and under info/ also links and backslashes; two index.json;
 * missing index.json; truncated or concatenated garbage; bombs. A name ends at a NUL.
 * The pkg component of a .conda is not unpacked: its members are not looked at. */
enum err_code conda_archive_read(struct arena *mem, int fd, uint64_t size,
                                 const struct conda_filename *file, struct conda_archive *ret,
                                 struct err *err) MUST_USE;

#endif
