/* rand.c: getrandom(2) and nothing else, so that there is no state to seed, fork or leak. */
#include "base/rand.h"

#include <errno.h>
#include <sys/random.h>

#include "base/text.h"

void rand_bytes(void *out, size_t len)
{
    char *p = out;

    while (len) {
        ssize_t n = getrandom(p, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            abort(); /* going on with guessable secrets would be worse */
        p += n;
        len -= (size_t)n;
    }
}

void rand_text(char *out, size_t len)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    unsigned char bytes[64];
    size_t done = 0;

    while (done < len) {
        rand_bytes(bytes, sizeof(bytes));
        for (size_t i = 0; i < sizeof(bytes) && done < len; i++) {
            unsigned v = bytes[i] & 63U;

            if (v < sizeof(alphabet) - 1) /* 62 and 63 are thrown away: no letter is likelier */
                out[done++] = alphabet[v];
        }
    }
    out[len] = '\0';
    explicit_bzero(bytes, sizeof(bytes));
}

void rand_uuid(char *out)
{
    static const size_t groups[] = {4, 2, 2, 2, 6}; /* bytes between the dashes */
    unsigned char bytes[16], *p = bytes;

    rand_bytes(bytes, sizeof(bytes));
    bytes[6] = (unsigned char)((bytes[6] & 0x0fU) | 0x40U); /* version 4 */
    bytes[8] = (unsigned char)((bytes[8] & 0x3fU) | 0x80U); /* the variant of RFC 9562 */
    for (size_t i = 0; i < COUNT(groups); i++) {
        if (i)
            *out++ = '-';
        text_hex(p, groups[i], out);
        p += groups[i];
        out += 2 * groups[i];
    }
}
