/* address.h: addresses of the internet protocol as text, networks of them, and whose address a
 * request comes from when proxies stand between (X-Forwarded-For). */
#ifndef FORMAT_ADDRESS_H
#define FORMAT_ADDRESS_H
#include "base/err.h"
#include "base/str.h"

struct address {
    uint8_t bytes[16]; /* an IPv4 address as ::ffff:a.b.c.d, so that both compare alike */
};
#define ADDRESS_TEXT_MAX 46 /* with the NUL */

/* "192.0.2.1", "2001:db8::1". False when it is anything else. */
bool address_parse(struct str text, struct address *ret);
bool address_is_v4(const struct address *a);
/* The usual spelling of an address, NUL-terminated in out; an IPv4 address is always "a.b.c.d". */
struct str address_print(const struct address *a, char out[ADDRESS_TEXT_MAX]);

/* A network: "10.0.0.0/8", "fd00::/8"; an address alone is a network of one. */
struct address_net {
    struct address base; /* zero behind `bits` */
    unsigned bits;       /* of the 128 */
};
#define ADDRESS_NETS_MAX 64
struct address_nets {
    struct address_net items[ADDRESS_NETS_MAX];
    size_t count;
};
/* A list of networks between blanks or commas; an empty one is none. ERR_INVALID quotes what is no
 * network; *ret is then undefined. */
enum err_code address_nets_parse(struct str list, struct address_nets *ret,
                                 struct err *err) MUST_USE;
bool address_nets_have(const struct address_nets *nets, const struct address *a);

/* Whose request is it? peer: who is connected; forwarded: the value of X-Forwarded-For, all lines
 * of it joined with ",". Each proxy writes down, at the right, who was connected to it: so the peer
 * is believed if it is trusted, then the rightmost entry, as long as each is trusted; the first
 * that is not is the client. An entry that is no address ends the search at whoever wrote it.
 * Writes into out and returns it, or returns peer as it is. */
struct str address_behind(const struct address_nets *trusted, struct str peer, struct str forwarded,
                          char out[ADDRESS_TEXT_MAX]);

#endif
