/* spool.c: temporary files that are hashed while they are written. */
#include "blob/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/rand.h"

#define NAME_CHARS 20

/* The errno of a fault that a test wants here becomes a failure of the call that follows. */
static bool faulty(int fault)
{
    if (fault)
        errno = fault;
    return fault != 0;
}

static enum err_code out_of_memory(struct err *err)
{
    return fail(err, ERR_NOMEM, "out of memory");
}

static enum err_code create(struct spool *s, const char *folder, struct err *err)
{
    char path[PATH_MAX], name[NAME_CHARS + 1];
    int len;

    rand_text(name, NAME_CHARS);
    len = snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (len < 0 || (size_t)len >= sizeof(path))
        return fail(err, ERR_INVALID, "the path \"%s\" is too long", folder);
    s->path = mem_dup(path, (size_t)len);
    if (!s->path)
        return out_of_memory(err);
    s->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return s->fd < 0 ? fail_errno(err, "cannot create \"%s\"", path) : OK;
}

static void drop_name(struct spool *s)
{
    if (s->path && s->fd >= 0)
        (void)unlink(s->path); /* else it is removed when the store is opened to serve */
    mem_free(s->path);
    s->path = NULL;
}

enum err_code spool_open(struct spool *s, const char *folder, bool nameless,
                         const struct blob_id *known, struct err *err)
{
    enum err_code code;

    *s = SPOOL_INIT;
    if (known)
        s->id = *known;
    else if (!(s->digest = digest_open()))
        return out_of_memory(err);
    code = create(s, folder, err);
    if (code == OK && nameless)
        drop_name(s);
    return code;
}

enum err_code spool_write(struct spool *s, struct str chunk, struct err *err)
{
    enum err_code code;

    if (faulty(fault_point("blob.write")))
        return fail_errno(err, "cannot write a temporary file");
    code = fs_write_all(s->fd, chunk, err);
    if (code == OK && s->digest) {
        digest_add(s->digest, chunk);
        s->id.size += chunk.len;
    }
    return code;
}

void spool_finish(struct spool *s)
{
    if (s->digest)
        digest_finish(s->digest, s->id.sha256, s->id.md5);
    digest_closep(&s->digest);
}

enum err_code spool_rename(struct spool *s, const char *to, struct err *err)
{
    if (faulty(fault_point("blob.rename")) || rename(s->path, to))
        return fail_errno(err, "cannot rename \"%s\" to \"%s\"", s->path, to);
    mem_free(s->path);
    s->path = NULL;
    return OK;
}

void spool_done(struct spool *s)
{
    drop_name(s);
    fd_closep(&s->fd);
    digest_closep(&s->digest);
}
