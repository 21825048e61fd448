#include "format/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <assert.h>
#include <errno.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#define PATH_BYTES_MAX ((size_t)4096) /* PATH_MAX of the systems that packages are unpacked on */

struct tar {
    struct archive *archive;
    struct archive_entry *entry; /* libarchive's; NULL before the first member */
    struct unpack *from;
    struct str piece; /* the last one handed to libarchive */
    uint64_t handed;  /* bytes handed to it in all */
    uint64_t entries;
    enum err_code source_rc; /* why the source failed, if it did ... */
    struct err source_err;   /* ... because libarchive could not carry it */
    struct buf path;
};

static la_ssize_t read_piece(struct archive *a, void *ctx, const void **ret)
{
    struct tar *t = ctx;

    t->source_rc = unpack_next(t->from, &t->piece, &t->source_err);
    if (t->source_rc) {
        archive_set_error(a, EIO, "unpacking failed");
        return ARCHIVE_FATAL;
    }
    t->handed += t->piece.len;
    *ret = t->piece.ptr;
    return (la_ssize_t)t->piece.len;
}

/* What libarchive failed for: the source's own reason if there is one. */
static enum err_code fail_archive(const struct tar *t, struct err *err)
{
    const char *why = archive_error_string(t->archive);

    if (t->source_rc) {
        if (err)
            *err = t->source_err;
        return t->source_rc;
    }
    if (archive_errno(t->archive) == ENOMEM)
        return fail(err, ERR_NOMEM, "out of memory");
    return fail(err, ERR_INVALID, "not a well-formed tar archive: %s",
                why ? why : "unknown reason");
}

enum err_code tar_open(struct unpack *from, struct tar **ret, struct err *err)
{
    AUTO(tar_closep) struct tar *t = mem_new(struct tar);

    if (!t)
        return fail(err, ERR_NOMEM, "out of memory");
    t->from = from;
    t->path = BUF_INIT(PATH_BYTES_MAX);
    t->archive = archive_read_new();
    if (!t->archive || archive_read_support_format_tar(t->archive) != ARCHIVE_OK)
        return fail(err, ERR_NOMEM, "out of memory");
    if (archive_read_open(t->archive, t, NULL, read_piece, NULL) != ARCHIVE_OK)
        return fail_archive(t, err);
    *ret = TAKE(t);
    return OK;
}

void tar_close(struct tar *t)
{
    if (!t)
        return;
    (void)archive_read_free(t->archive); /* accepts NULL; nothing to save */
    buf_done(&t->path);
    mem_free(t);
}

void tar_closep(struct tar **t)
{
    tar_close(*t);
}

/* ---- Names ----------------------------------------------------------------------------------- */

static enum err_code fail_name(struct str name, const char *why, struct err *err)
{
    return fail(err, ERR_INVALID, "member name \"" STR_FMT "\" %s", STR_ARG(name), why);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "/x" and, on Windows, "\x" and "c:x". */
static bool is_absolute(struct str name)
{
    if (name.len >= 1 && (name.ptr[0] == '/' || name.ptr[0] == '\\'))
        return true;
    return name.len >= 2 && is_letter(name.ptr[0]) && name.ptr[1] == ':';
}

/* Does a segment between "/" or "\" climb out? */
static bool has_dotdot(struct str name)
{
    struct str part, piece;

    while (str_next(&name, '/', &part))
        while (str_next(&part, '\\', &piece))
            if (str_eq(piece, S("..")))
                return true;
    return false;
}

/* Leaves the path in t->path. */
static enum err_code set_path(struct tar *t, struct str name, struct err *err)
{
    struct str rest = name, segment;

    if (is_absolute(name))
        return fail_name(name, "is absolute", err);
    if (has_dotdot(name))
        return fail_name(name, "has a segment \"..\"", err);
    if (text_has_control(name))
        return fail_name(name, "has a control character", err);
    if (name.len > t->path.max)
        return fail_name(name, "is too long", err);
    buf_clear(&t->path);
    while (str_next(&rest, '/', &segment)) {
        if (segment.len == 0 || str_eq(segment, S(".")))
            continue;
        if (t->path.len)
            buf_addc(&t->path, '/');
        buf_add(&t->path, segment);
    }
    return buf_ok(&t->path) ? OK : fail(err, ERR_NOMEM, "out of memory");
}

/* ---- Members --------------------------------------------------------------------------------- */

static bool all_zero(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i])
            return false;
    return true;
}

/* libarchive stops at the end mark; what it was handed beyond that is the end of the last piece.
 * It is more than that piece only if a block that is cut or not zero follows the first zero one. */
static enum err_code finish(struct tar *t, struct err *err)
{
    uint64_t unused = t->handed - (uint64_t)archive_filter_bytes(t->archive, -1);
    struct str rest;
    enum err_code rc;

    if (unused > t->piece.len)
        return fail(err, ERR_INVALID, "bytes after the end of the tar archive");
    rest = str_from(t->piece, t->piece.len - (size_t)unused);
    do {
        if (!all_zero(rest))
            return fail(err, ERR_INVALID, "bytes after the end of the tar archive");
        rc = unpack_next(t->from, &rest, err);
    } while (!rc && rest.len);
    return rc;
}

static enum err_code type_of(struct archive_entry *e, struct str name, enum tar_type *ret,
                             struct err *err)
{
    if (archive_entry_hardlink(e)) {
        *ret = TAR_HARDLINK;
        return OK;
    }
    switch (archive_entry_filetype(e)) {
    case AE_IFREG:
        *ret = TAR_FILE;
        return OK;
    case AE_IFDIR:
        *ret = TAR_FOLDER;
        return OK;
    case AE_IFLNK:
        *ret = TAR_SYMLINK;
        return OK;
    default:
        return fail_name(name, "is a device, fifo or socket", err);
    }
}

static struct str link_of(struct archive_entry *e, enum tar_type type)
{
    if (type == TAR_HARDLINK)
        return str_of(archive_entry_hardlink(e));
    return type == TAR_SYMLINK ? str_of(archive_entry_symlink(e)) : (struct str){0};
}

static enum err_code read_member(struct tar *t, struct tar_member *ret, struct err *err)
{
    struct str name = str_of(archive_entry_pathname(t->entry));
    struct tar_member m = {0};
    enum err_code rc;

    if (!name.len)
        return fail(err, ERR_INVALID, "a member of the tar archive has no readable name");
    rc = type_of(t->entry, name, &m.type, err);
    if (!rc)
        rc = set_path(t, name, err);
    if (rc)
        return rc;
    m.path = buf_str(&t->path);
    m.size = (uint64_t)archive_entry_size(t->entry);
    m.sparse = archive_entry_sparse_count(t->entry) > 0;
    m.link = link_of(t->entry, m.type);
    if (!m.path.len && m.type != TAR_FOLDER)
        return fail_name(name, "names no file", err);
    *ret = m;
    return OK;
}

enum err_code tar_next(struct tar *t, struct tar_member *ret, bool *ret_more, struct err *err)
{
    int result = archive_read_next_header(t->archive, &t->entry);
    enum err_code rc;

    /* Libarchive's warnings are about texts it could not convert and times it could not read. */
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN && result != ARCHIVE_EOF)
        return fail_archive(t, err);
    if (result == ARCHIVE_EOF) {
        rc = finish(t, err);
        if (!rc)
            *ret_more = false;
        return rc;
    }
    if (++t->entries > LIMIT_TAR_ENTRIES)
        return fail(err, ERR_TOO_BIG, "more than %d members", LIMIT_TAR_ENTRIES);
    rc = read_member(t, ret, err);
    if (!rc)
        *ret_more = true;
    return rc;
}

static enum err_code fail_big(const struct tar *t, const struct buf *out, struct err *err)
{
    return fail(err, ERR_TOO_BIG, "member \"" STR_FMT "\" is larger than %zu bytes",
                STR_ARG(buf_str(&t->path)), out->max);
}

enum err_code tar_content(struct tar *t, struct buf *out, struct err *err)
{
    uint64_t total = 0;
    la_int64_t offset;
    const void *part;
    size_t len;
    int result;

    assert(t->entry);
    while ((result = archive_read_data_block(t->archive, &part, &len, &offset)) == ARCHIVE_OK) {
        if (len > out->max - out->len)
            return fail_big(t, out, err);
        buf_add(out, (struct str){part, len});
        total += len;
    }
    if (result != ARCHIVE_EOF)
        return fail_archive(t, err);
    /* Only a sparse file has holes; nothing that is read here has a reason to be one. */
    if (total != (uint64_t)archive_entry_size(t->entry))
        return fail(err, ERR_INVALID, "member \"" STR_FMT "\" is a sparse file",
                    STR_ARG(buf_str(&t->path)));
    return buf_ok(out) ? OK : fail(err, ERR_NOMEM, "out of memory");
}
