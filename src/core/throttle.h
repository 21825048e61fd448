/* throttle.h: what may be tried only so often: passwords, sign-ups, set-up codes and tokens.
 *
 * Counted by the address of the client (an IPv6 network of 64 bits counts as one address, since
 * that is what one customer has), in the memory of this process, before anything costly is done.
 * Several nodes count apart. Where there is no server (app->throttle is NULL) nothing is limited.
 *
 * Sign-ins: only failures count. Three counters must let a try through:
 *
 *   the address           30 a minute: nobody tries one password with all accounts;
 *   account and address   10 a minute: nobody tries all passwords with one account;
 *   the account           100 a minute, from all addresses together: for those who have many.
 *
 * Failures from one address never stop the owner from signing in from another one. One or a few
 * addresses cannot use up what an account has, since each has 10 of it. Who has more can keep the
 * owner from signing in anew, as long as the attack lasts: that is the price of a bound on guesses.
 * Sessions and tokens go on working.
 *
 * A right password takes its own try back from all three, and frees the counter of account and
 * address. It does not free the other two: with a right password of an account of one's own every
 * tenth time one could go on guessing those of others, and each sign-in of the owner would make
 * room for another hundred guesses.
 *
 * Tokens: a good one always goes through, because one client with an old token must not shut out
 * others behind the same address, and guessing one of 2^238 is hopeless at any rate. What is
 * limited is how often unknown ones are answered "unknown" and put on record. */
#ifndef CORE_THROTTLE_H
#define CORE_THROTTLE_H
#include "app.h"
#include "base/str.h"

struct throttle;
struct throttle *throttle_open(void) MUST_USE; /* NULL when out of memory */
void throttle_close(struct throttle *t);       /* accepts NULL */

/* Counted by address. */
enum throttle_kind { THROTTLE_SIGN_UP, THROTTLE_SETUP, THROTTLE_TOKEN };
/* Counts one. ERR_LIMITED, with the time to wait. */
enum err_code throttle_take(struct app *app, enum throttle_kind kind, struct str remote,
                            struct err *err) MUST_USE;
void throttle_give_back(struct app *app, enum throttle_kind kind, struct str remote);

/* One try of a password, which counts as failed until something else is known of it. First the
 * address alone, before the database is asked for the account; then the account, by any text that
 * is the account's alone. */
struct throttle_try {
    struct str remote, account; /* account is empty until throttle_try_account */
};
enum err_code throttle_try(struct app *app, struct throttle_try *t, struct err *err) MUST_USE;
enum err_code throttle_try_account(struct app *app, struct throttle_try *t, struct str account,
                                   struct err *err) MUST_USE;
void throttle_try_right(struct app *app, const struct throttle_try *t);
/* Nothing was found out: it was no try. */
void throttle_try_void(struct app *app, const struct throttle_try *t);

/* May one more refusal of this kind be put on record? *ret_missed: how many were not since the last
 * that was. */
bool throttle_record(struct app *app, const char *action, struct str remote, uint32_t *ret_missed);

#endif
