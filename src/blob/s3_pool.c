/* s3_pool.c: idle handles as a stack, so that the connections used last are used next. */
#include "blob/s3_pool.h"

#include <assert.h>
#include <pthread.h>

#include "base/mem.h"

struct s3_pool {
    pthread_mutex_t lock; /* of all below; never held with another lock */
    pthread_cond_t freed;
    unsigned max, open, idle_count;
    CURL **idle; /* max of them at most */

    CURLSH *share;                                    /* names and TLS sessions */
    pthread_mutex_t share_locks[CURL_LOCK_DATA_LAST]; /* libcurl's, each for one kind of data */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start_libcurl(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        abort(); /* before anything is served */
}

static void must(int rc)
{
    assert(rc == 0); /* these calls fail only when misused */
    (void)rc;
}

static void lock_share(CURL *handle, curl_lock_data data, curl_lock_access access, void *ctx)
{
    struct s3_pool *p = ctx;

    (void)handle, (void)access;
    must(pthread_mutex_lock(&p->share_locks[data]));
}

static void unlock_share(CURL *handle, curl_lock_data data, void *ctx)
{
    struct s3_pool *p = ctx;

    (void)handle;
    must(pthread_mutex_unlock(&p->share_locks[data]));
}

static bool open_share(struct s3_pool *p)
{
    p->share = curl_share_init();
    return p->share && !curl_share_setopt(p->share, CURLSHOPT_LOCKFUNC, lock_share) &&
           !curl_share_setopt(p->share, CURLSHOPT_UNLOCKFUNC, unlock_share) &&
           !curl_share_setopt(p->share, CURLSHOPT_USERDATA, p) &&
           !curl_share_setopt(p->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) &&
           !curl_share_setopt(p->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
}

struct s3_pool *s3_pool_open(unsigned max)
{
    struct s3_pool *p = mem_new(struct s3_pool);

    must(pthread_once(&once, start_libcurl));
    if (!p)
        return NULL;
    p->max = max;
    must(pthread_mutex_init(&p->lock, NULL));
    must(pthread_cond_init(&p->freed, NULL));
    for (size_t i = 0; i < COUNT(p->share_locks); i++)
        must(pthread_mutex_init(&p->share_locks[i], NULL));
    p->idle = mem_get(max * sizeof(CURL *));
    if (!p->idle || !open_share(p)) {
        s3_pool_close(p);
        return NULL;
    }
    return p;
}

void s3_pool_close(struct s3_pool *p)
{
    if (!p)
        return;
    assert(p->idle_count == p->open);
    for (unsigned i = 0; i < p->idle_count; i++)
        curl_easy_cleanup(p->idle[i]);
    if (p->share)
        must((int)curl_share_cleanup(p->share));
    for (size_t i = 0; i < COUNT(p->share_locks); i++)
        must(pthread_mutex_destroy(&p->share_locks[i]));
    must(pthread_cond_destroy(&p->freed));
    must(pthread_mutex_destroy(&p->lock));
    mem_free(p->idle);
    mem_free(p);
}

/* An idle one, or NULL: the caller may open one, which is counted already. */
static CURL *wait_for_turn(struct s3_pool *p)
{
    CURL *handle = NULL;

    must(pthread_mutex_lock(&p->lock));
    while (!p->idle_count && p->open == p->max)
        must(pthread_cond_wait(&p->freed, &p->lock));
    if (p->idle_count)
        handle = p->idle[--p->idle_count];
    else
        p->open++;
    must(pthread_mutex_unlock(&p->lock));
    return handle;
}

static void forget_one(struct s3_pool *p)
{
    must(pthread_mutex_lock(&p->lock));
    p->open--;
    must(pthread_cond_signal(&p->freed));
    must(pthread_mutex_unlock(&p->lock));
}

CURL *s3_pool_take(struct s3_pool *p)
{
    CURL *handle = wait_for_turn(p);

    if (!handle)
        handle = curl_easy_init();
    if (handle && !curl_easy_setopt(handle, CURLOPT_SHARE, p->share))
        return handle;
    if (handle)
        curl_easy_cleanup(handle);
    forget_one(p);
    return NULL;
}

void s3_pool_give(struct s3_pool *p, CURL *handle)
{
    curl_easy_reset(handle);
    must(pthread_mutex_lock(&p->lock));
    p->idle[p->idle_count++] = handle;
    must(pthread_cond_signal(&p->freed));
    must(pthread_mutex_unlock(&p->lock));
}
