#include "blob/blob_batch.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "base/mem.h"

/* What waits at most: a publish has some ten blobs of 50 KB. */
#define ITEMS_MAX 64
#define BYTES_MAX (16 * MIB)
/* A file system commits those that wait together; an S3 server answers them side by side. */
#define THREADS_MAX 8

struct item {
    char sha256[SHA256_HEX + 1];
    char *data;
    size_t len;
};
struct blob_batch {
    struct blob_store *store;
    struct item items[ITEMS_MAX];
    size_t count, bytes;
};

enum err_code blob_batch_open(struct blob_store *store, struct blob_batch **ret, struct err *err)
{
    struct blob_batch *b = mem_new(struct blob_batch);

    if (!b)
        return fail(err, ERR_NOMEM, "out of memory for blobs");
    b->store = store;
    *ret = b;
    return OK;
}

static void clear(struct blob_batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        mem_free(b->items[i].data);
    b->count = b->bytes = 0;
}

void blob_batch_close(struct blob_batch *b)
{
    if (!b)
        return;
    clear(b);
    mem_free(b);
}

void blob_batch_closep(struct blob_batch **b)
{
    blob_batch_close(*b);
}

struct str blob_batch_find(const struct blob_batch *b, struct str sha256)
{
    for (size_t i = 0; i < b->count; i++)
        if (str_eq(str_of(b->items[i].sha256), sha256))
            return (struct str){b->items[i].data, b->items[i].len};
    return (struct str){0};
}

enum err_code blob_batch_add(struct blob_batch *b, struct str sha256, struct str data,
                             struct err *err)
{
    struct item *item;
    enum err_code code = OK;

    if (blob_batch_find(b, sha256).ptr)
        return OK;
    if (b->count == ITEMS_MAX || b->bytes + data.len > BYTES_MAX)
        code = blob_batch_flush(b, err);
    if (code)
        return code;
    item = &b->items[b->count];
    item->data = mem_dup(data.ptr, data.len);
    if (!item->data || sha256.len != SHA256_HEX)
        return fail(err, ERR_NOMEM, "out of memory for blobs");
    item->len = data.len;
    memcpy(item->sha256, sha256.ptr, SHA256_HEX);
    item->sha256[SHA256_HEX] = '\0';
    b->count++;
    b->bytes += data.len;
    return OK;
}

/* ---- side by side ---- */

struct putting {
    struct blob_batch *batch;
    atomic_size_t next;
};
/* One thread's part, and how it went. */
struct part {
    struct putting *all;
    enum err_code code;
    struct err err;
};

static void *put_some(void *arg)
{
    struct part *p = arg;
    struct blob_batch *b = p->all->batch;
    struct blob_id id;
    size_t i;

    while (p->code == OK && (i = atomic_fetch_add(&p->all->next, 1)) < b->count)
        p->code = blob_put(b->store, (struct str){b->items[i].data, b->items[i].len}, &id, &p->err);
    return NULL;
}

enum err_code blob_batch_flush(struct blob_batch *b, struct err *err)
{
    struct putting all = {.batch = b};
    struct part parts[THREADS_MAX] = {0};
    pthread_t threads[THREADS_MAX];
    size_t wanted = b->count < THREADS_MAX ? b->count : THREADS_MAX, started = 0;
    enum err_code code = OK;

    for (size_t i = 0; i < THREADS_MAX; i++)
        parts[i].all = &all;
    /* This thread does what no other was started for. */
    while (started + 1 < wanted &&
           !pthread_create(&threads[started], NULL, put_some, &parts[started]))
        started++;
    (void)put_some(&parts[started]);
    for (size_t i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
    for (size_t i = 0; code == OK && i <= started; i++)
        if (parts[i].code) {
            code = parts[i].code;
            if (err)
                *err = parts[i].err;
        }
    if (code == OK)
        clear(b);
    return code;
}
