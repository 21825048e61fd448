/* token_use.c: the last use of each token since the last flush, in a few tables that are locked one
 * by one. A table is taken out as a whole to be written, so no lock is held while the database
 * works. */
#include "core/token_use.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/credential.h"

/* Uses are written beside whatever happens to the tokens meanwhile. */
#define PART "core/token-use"

enum {
    SHARDS = 16,
    CHAINS = 256,     /* in each */
    USES_MAX = 65536, /* in all; uses of further tokens wait until there is room */
    REMOTE_MAX = 46,  /* INET6_ADDRSTRLEN */
    BATCH = 500,      /* rows in one transaction: others wait for it */
};

struct use {
    struct use *next;
    int64_t token_id, time_ms;
    const char *client;
    char remote[REMOTE_MAX];
};

struct shard {
    pthread_mutex_t lock; /* guards the rest; never held with another lock */
    struct use *chains[CHAINS];
    size_t count;
};

struct token_uses {
    struct shard shards[SHARDS];
};

struct token_uses *token_uses_open(void)
{
    struct token_uses *u = mem_new(struct token_uses);

    for (size_t i = 0; u && i < SHARDS; i++)
        if (pthread_mutex_init(&u->shards[i].lock, NULL))
            abort(); /* cannot fail on Linux with default attributes */
    return u;
}

static void lock(struct shard *s)
{
    if (pthread_mutex_lock(&s->lock))
        abort(); /* cannot fail: the mutex is initialised and not held by us */
}

static void unlock(struct shard *s)
{
    if (pthread_mutex_unlock(&s->lock))
        abort(); /* cannot fail, as above */
}

/* All uses of a shard, as one list. */
static struct use *take_all(struct shard *s)
{
    struct use *all = NULL;

    lock(s);
    for (size_t i = 0; i < CHAINS; i++)
        while (s->chains[i]) {
            struct use *use = s->chains[i];

            s->chains[i] = use->next;
            use->next = all;
            all = use;
        }
    s->count = 0;
    unlock(s);
    return all;
}

static void free_uses(struct use *list)
{
    while (list) {
        struct use *next = list->next;

        mem_free(list);
        list = next;
    }
}

void token_uses_close(struct token_uses *u)
{
    if (!u)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        free_uses(take_all(&u->shards[i]));
        (void)pthread_mutex_destroy(&u->shards[i].lock); /* nobody holds it any more */
    }
    mem_free(u);
}

/* ---- clients ---- */

const char *token_use_client(struct str agent)
{
    /* What the first product's name begins with. */
    static const struct {
        const char *product, *client;
    } products[] = {
        {"conda/", "conda"},
        {"mamba/", "mamba"},
        {"libmamba/", "mamba"},
        {"micromamba/", "mamba"},
        {"pixi/", "pixi"},
        {"rattler", "rattler"}, /* rattler-build, too */
        {"py-rattler/", "rattler"},
        {"anaconda-client/", "anaconda-client"},
        {"pip/", "pip"},
        {"uv/", "uv"},
        {"twine/", "twine"},
        {"poetry/", "poetry"},
        {"R/", "R"},
        {"R (", "R"},
        {"libcurl/", "R"}, /* "libcurl/8 r-curl/6 httr/1" */
        {"Mozilla/", "browser"},
    };

    for (size_t i = 0; i < COUNT(products); i++) {
        struct str product = str_of(products[i].product);

        if (!str_eq_nocase(str_sub(agent, 0, product.len), product))
            continue;
        return products[i].client;
    }
    return "other";
}

/* ---- noting ---- */

/* Where the pointer to the use of this token is, or the end of its chain. Lock held. Numbers of
 * tokens are ours, and follow each other: they need no hash. */
static struct use **find(struct shard *s, int64_t token_id)
{
    struct use **at = &s->chains[(uint64_t)token_id / SHARDS % CHAINS];

    while (*at && (*at)->token_id != token_id)
        at = &(*at)->next;
    return at;
}

/* Keeps the later of two uses of a token. Frees use, or keeps it. */
static void put(struct token_uses *u, struct use *use)
{
    struct shard *s = &u->shards[(uint64_t)use->token_id % SHARDS];
    struct use **at, *gone = use;

    lock(s);
    at = find(s, use->token_id);
    if (*at && (*at)->time_ms <= use->time_ms) {
        gone = *at;
        use->next = gone->next;
        *at = use;
    } else if (!*at && s->count < USES_MAX / SHARDS) {
        gone = NULL;
        use->next = NULL;
        *at = use;
        s->count++;
    }
    unlock(s);
    mem_free(gone);
}

void token_uses_note(struct token_uses *u, int64_t token_id, struct str remote, struct str agent)
{
    struct use *use = u ? mem_new(struct use) : NULL;

    if (!use)
        return;
    use->token_id = token_id;
    use->time_ms = clock_now_ms();
    use->client = token_use_client(agent);
    (void)snprintf(use->remote, sizeof(use->remote), STR_FMT, STR_ARG(remote));
    put(u, use);
}

/* ---- writing ---- */

/* Writes up to BATCH uses from the head of the list; *ret_rest is what follows them. */
static enum err_code write_some(struct app *app, struct use *list, struct use **ret_rest,
                                struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin_part(app->db, S(PART), &tx, err);
    struct use *use = list;

    if (rc)
        return rc;
    tx_quiet(tx); /* who holds a token, and what it may do, does not change by its use */
    for (int n = 0; !rc && use && n < BATCH; n++, use = use->next)
        rc = token_set_used(tx, use->token_id, use->time_ms, str_of(use->remote),
                            str_of(use->client), err);
    if (rc || (rc = tx_commit(&tx, err)))
        return rc;
    *ret_rest = use;
    return OK;
}

static enum err_code write_all(struct app *app, struct use **list, struct err *err)
{
    enum err_code rc = OK;

    while (!rc && *list) {
        struct use *rest = NULL, *done = *list;

        rc = write_some(app, done, &rest, err);
        if (rc)
            break;
        while (*list != rest) {
            struct use *next = (*list)->next;

            mem_free(*list);
            *list = next;
        }
    }
    return rc;
}

enum err_code token_uses_flush(struct app *app, struct err *err)
{
    struct token_uses *u = app->token_uses;
    enum err_code rc = OK;

    for (size_t i = 0; u && !rc && i < SHARDS; i++) {
        struct use *list = take_all(&u->shards[i]);

        rc = write_all(app, &list, err);
        while (list) { /* what failed: unless the token was used again meanwhile */
            struct use *next = list->next;

            put(u, list);
            list = next;
        }
    }
    return rc;
}
