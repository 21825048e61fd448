/* actor.h: who is asking, as every rule in core/ needs to know it. */
#ifndef CORE_ACTOR_H
#define CORE_ACTOR_H
#include "base/str.h"

struct actor {
    int64_t account_id; /* 0: anonymous */
    struct str login;   /* empty: anonymous */
    bool superuser;
    int64_t token_id;      /* 0 unless by access token */
    int64_t session_id;    /* 0 unless by session */
    struct str token_name; /* empty unless by access token */
    struct str scopes;     /* of the token; empty: all */
    struct str limits;     /* of the token, see core/limit.h; empty: none */
    struct str remote;     /* address of the peer; empty for admin commands */
};

#endif
