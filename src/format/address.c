#include "format/address.h"

#include <arpa/inet.h>

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool address_parse(struct str text, struct address *ret)
{
    char z[ADDRESS_TEXT_MAX];
    struct address a;

    if (text.len == 0 || text.len >= sizeof z || memchr(text.ptr, '\0', text.len))
        return false;
    memcpy(z, text.ptr, text.len);
    z[text.len] = '\0';
    if (inet_pton(AF_INET, z, a.bytes + sizeof v4_prefix) == 1)
        memcpy(a.bytes, v4_prefix, sizeof v4_prefix);
    else if (inet_pton(AF_INET6, z, a.bytes) != 1)
        return false;
    *ret = a;
    return true;
}

bool address_is_v4(const struct address *a)
{
    return memcmp(a->bytes, v4_prefix, sizeof v4_prefix) == 0;
}

struct str address_print(const struct address *a, char out[ADDRESS_TEXT_MAX])
{
    const char *done = address_is_v4(a)
                           ? inet_ntop(AF_INET, a->bytes + sizeof v4_prefix, out, ADDRESS_TEXT_MAX)
                           : inet_ntop(AF_INET6, a->bytes, out, ADDRESS_TEXT_MAX);

    return str_of(done); /* there is room for every address */
}

/* --- networks --------------------------------------------------------------------------------- */

static bool net_parse(struct str text, struct address_net *ret)
{
    struct address_net net = {.bits = 128};
    struct str base = text, rest = text;
    uint64_t bits = 0;
    bool sized = str_cut(&rest, '/', &base), v4;

    if (!address_parse(base, &net.base))
        return false;
    v4 = address_is_v4(&net.base) && !str_has(base, ':');
    if (sized && !str_u64(rest, v4 ? 32 : 128, &bits))
        return false;
    if (sized)
        net.bits = (unsigned)bits + (v4 ? 96 : 0);
    for (unsigned i = net.bits; i < 128; i++)
        net.base.bytes[i / 8] &= (uint8_t) ~(0x80U >> i % 8);
    *ret = net;
    return true;
}

enum err_code address_nets_parse(struct str list, struct address_nets *ret, struct err *err)
{
    struct str rest = list, words, word;

    ret->count = 0;
    while (str_next(&rest, ',', &words))
        while (str_next(&words, ' ', &word)) {
            if (!word.len)
                continue;
            if (ret->count == ADDRESS_NETS_MAX)
                return fail(err, ERR_INVALID, "there are more than %d networks", ADDRESS_NETS_MAX);
            if (!net_parse(word, &ret->items[ret->count]))
                return fail(err, ERR_INVALID,
                            "\"" STR_FMT "\" is not an address or network, as 10.0.0.0/8",
                            STR_ARG(word));
            ret->count++;
        }
    return OK;
}

static bool net_has(const struct address_net *net, const struct address *a)
{
    unsigned whole = net->bits / 8, rest = net->bits % 8;

    return memcmp(net->base.bytes, a->bytes, whole) == 0 &&
           (!rest || (a->bytes[whole] & (uint8_t)(0xff00U >> rest)) == net->base.bytes[whole]);
}

bool address_nets_have(const struct address_nets *nets, const struct address *a)
{
    for (size_t i = 0; i < nets->count; i++)
        if (net_has(&nets->items[i], a))
            return true;
    return false;
}

/* --- who is behind proxies -------------------------------------------------------------------- */

/* One entry: an address, which some proxies write with a port, "192.0.2.1:4711", "[::1]:4711". */
static bool hop_parse(struct str entry, struct address *ret)
{
    struct str host = str_trim(entry), port;

    if (address_parse(host, ret))
        return true;
    if (str_starts(host, S("["))) {
        host = str_from(host, 1);
        return str_cut_last(host, ']', &host, &port) && address_parse(host, ret);
    }
    return str_cut_last(host, ':', &host, &port) && !str_has(host, ':') && address_parse(host, ret);
}

struct str address_behind(const struct address_nets *trusted, struct str peer, struct str forwarded,
                          char out[ADDRESS_TEXT_MAX])
{
    struct address hop, next;
    struct str left = forwarded, entry;

    if (!trusted->count || !address_parse(peer, &hop) || !address_nets_have(trusted, &hop))
        return peer;
    while (left.len && address_nets_have(trusted, &hop)) {
        if (!str_cut_last(left, ',', &left, &entry)) {
            entry = left;
            left = S("");
        }
        if (!hop_parse(entry, &next))
            break;
        hop = next;
    }
    return address_print(&hop, out);
}
