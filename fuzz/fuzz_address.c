/* What is read as an address is printed and read again as the same; whoever is not trusted cannot
 * be talked out of; what comes out is an address, or the peer as it was. */
#include <assert.h>

#include "format/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_address(struct str s)
{
    char out[ADDRESS_TEXT_MAX];
    struct address a, again;

    if (!address_parse(s, &a))
        return;
    assert(address_parse(address_print(&a, out), &again));
    assert(memcmp(&a, &again, sizeof a) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = {(const char *)data, size}, who;
    char out[ADDRESS_TEXT_MAX];
    struct address_nets nets, ours;
    struct address a;

    check_address(s);
    if (!address_nets_parse(s, &nets, NULL))
        for (size_t i = 0; i < nets.count; i++)
            assert(address_nets_have(&nets, &nets.items[i].base));
    assert(!address_nets_parse(S("10.0.0.0/8 ::1"), &ours, NULL));
    assert(str_eq(address_behind(&ours, S("192.0.2.1"), s, out), S("192.0.2.1")));
    who = address_behind(&ours, S("10.0.0.1"), s, out);
    assert(address_parse(who, &a));
    return 0;
}
