#include "format/unpack_file.h"

#include <errno.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"

#define READ_PIECE (256 * KIB)

struct unpack_file {
    int fd;
    uint64_t at, size;
    char piece[READ_PIECE];
};

enum err_code unpack_file_open(int fd, uint64_t size, struct unpack_file **ret, struct err *err)
{
    struct unpack_file *f = mem_new(struct unpack_file);

    if (!f)
        return fail(err, ERR_NOMEM, "out of memory");
    f->fd = fd;
    f->size = size;
    *ret = f;
    return OK;
}

void unpack_file_close(struct unpack_file *f)
{
    mem_free(f);
}

void unpack_file_closep(struct unpack_file **f)
{
    unpack_file_close(*f);
}

static enum err_code next_of_file(void *ctx, struct str *ret_piece, struct err *err)
{
    struct unpack_file *f = ctx;
    uint64_t left = f->size - f->at;
    size_t want = left < sizeof(f->piece) ? (size_t)left : sizeof(f->piece);
    ssize_t got;

    do
        got = pread(f->fd, f->piece, want, (off_t)f->at);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return fail_errno(err, "could not read the file");
    if (got == 0 && want)
        return fail(err, ERR_IO, "the file is shorter than it was said to be");
    f->at += (uint64_t)got;
    *ret_piece = (struct str){f->piece, (size_t)got};
    return OK;
}

struct unpack_source unpack_file_source(struct unpack_file *f)
{
    return (struct unpack_source){f, next_of_file};
}
