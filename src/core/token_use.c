/* token_use.c: the last use of each token since the last flush (base/pending). */
#include "core/token_use.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/pending.h"
#include "store/credential.h"

/* Uses are written beside whatever happens to the tokens meanwhile. */
#define PART "core/token-use"

enum {
    CHAINS = 256,
    USES_MAX = 65536, /* uses of further tokens wait until there is room */
    REMOTE_MAX = 46,  /* INET6_ADDRSTRLEN */
    BATCH = 500,      /* rows in one transaction: others wait for it */
};

struct use {
    struct pending_note note; /* its key is the token's number */
    int64_t time_ms;
    const char *client;
    char remote[REMOTE_MAX];
};

struct token_uses {
    struct pending *uses;
};

/* Keeps the later of two uses. */
static void keep_later(struct pending_note *kept, const struct pending_note *note)
{
    struct use *old = (struct use *)kept;
    const struct use *use = (const struct use *)note;
    const struct pending_note place = *kept;

    if (old->time_ms > use->time_ms)
        return;
    *old = *use;
    old->note = place;
}

struct token_uses *token_uses_open(void)
{
    static const struct pending_kind kind = {.chains = CHAINS, .merge = keep_later};
    struct token_uses *u = mem_new(struct token_uses);

    if (u && !(u->uses = pending_open(&kind, USES_MAX, NULL))) {
        mem_free(u);
        return NULL;
    }
    return u;
}

void token_uses_close(struct token_uses *u)
{
    if (!u)
        return;
    pending_close(u->uses);
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

/* ---- noting and writing ---- */

void token_uses_note(struct token_uses *u, int64_t token_id, struct str remote, struct str agent)
{
    struct use *use = u ? mem_new(struct use) : NULL;

    if (!use)
        return;
    use->note.key = token_id;
    use->time_ms = clock_now_ms();
    use->client = token_use_client(agent);
    (void)snprintf(use->remote, sizeof(use->remote), STR_FMT, STR_ARG(remote));
    pending_keep(u->uses, &use->note);
}

/* Writes up to BATCH uses from the head of the list; *ret_rest is what follows them. */
static enum err_code write_some(void *ctx, struct pending_note *list,
                                struct pending_note **ret_rest, struct err *err)
{
    struct app *app = ctx;
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin_part(app->db, S(PART), &tx, err);
    struct pending_note *note = list;

    if (rc)
        return rc;
    tx_quiet(tx); /* who holds a token, and what it may do, does not change by its use */
    for (int n = 0; !rc && note && n < BATCH; n++, note = note->next) {
        const struct use *use = (const struct use *)note;

        rc = token_set_used(tx, note->key, use->time_ms, str_of(use->remote), str_of(use->client),
                            err);
    }
    if (rc || (rc = tx_commit(&tx, err)))
        return rc;
    *ret_rest = note;
    return OK;
}

enum err_code token_uses_flush(struct app *app, struct err *err)
{
    return app->token_uses ? pending_flush(app->token_uses->uses, write_some, app, err) : OK;
}
