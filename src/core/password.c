#include "core/password.h"

#include <sodium.h>

#include "base/gate.h"
#include "base/text.h"

enum { PASSWORD_MAX = 1024, OPS = 2, MEM = 19 * 1024 * 1024, PARALLEL = 2, WAITING_MAX = 4 };

/* The commonest passwords of seven and more characters in published leaks. Shorter ones fall to
 * the length rule, which never goes under seven. */
static const char *const common[] = {
    "1234567",      "12345678",      "123456789",  "1234567890",  "11111111",   "00000000",
    "password",     "password1",     "password12", "password123", "passw0rd",   "p@ssw0rd",
    "qwerty1",      "qwerty12",      "qwerty123",  "qwertyui",    "qwertyuiop", "1q2w3e4r",
    "1q2w3e4r5t",   "1qaz2wsx",      "zaq12wsx",   "qazwsxedc",   "asdfghjk",   "asdfghjkl",
    "zxcvbnm",      "iloveyou",      "iloveyou1",  "princess",    "princess1",  "sunshine",
    "sunshine1",    "football",      "football1",  "baseball",    "baseball1",  "basketball",
    "superman",     "batman123",     "starwars",   "pokemon",     "whatever",   "trustno1",
    "welcome",      "welcome1",      "welcome123", "letmein",     "letmein1",   "changeme",
    "changeme1",    "administrator", "admin123",   "admin1234",   "adminadmin", "rootroot",
    "default1",     "guest123",      "testtest",   "test1234",    "test12345",  "secret123",
    "master123",    "monkey123",     "dragon123",  "shadow123",   "michael1",   "jennifer",
    "jordan23",     "computer",      "internet",   "samsung",     "abcd1234",   "abc12345",
    "abcdefg",      "abcdefgh",      "a1b2c3d4",   "aa123456",    "aa12345678", "987654321",
    "87654321",     "7654321",       "123123123",  "12341234",    "123321123",  "11223344",
    "112233445566", "102030405",     "123qweasd",  "qwe123456",   "q1w2e3r4",   "1234qwer",
    "liverpool",    "chelsea1",      "arsenal1",   "charlie1",    "freedom1",   "nothing1",
    "anaconda",     "anaconda1",     "condaconda", "terrarium",   "terrarium1", "repository",
};

enum err_code password_check(struct str password, struct str login, int64_t min_chars,
                             struct err *err)
{
    int64_t chars = 0;
    bool one_char = true;

    if (password.len > PASSWORD_MAX)
        return fail_field(err, "password", "the password has %zu bytes; at most %d are allowed",
                          password.len, (int)PASSWORD_MAX);
    if (!text_is_utf8(password))
        return fail_field(err, "password", "the password is not valid UTF-8");
    for (size_t i = 0; i < password.len; i++) {
        chars += ((unsigned char)password.ptr[i] & 0xc0) != 0x80; /* not a continuation byte */
        one_char = one_char && password.ptr[i] == password.ptr[0];
    }
    if (chars < min_chars)
        return fail_field(err, "password",
                          "the password has %lld characters; at least %lld are needed",
                          (long long)chars, (long long)min_chars);
    if (one_char)
        return fail_field(err, "password", "the password is one character repeated");
    if (str_eq_nocase(password, login))
        return fail_field(err, "password", "the password is the same as the username");
    for (size_t i = 0; i < COUNT(common); i++)
        if (str_eq_nocase(password, str_of(common[i])))
            return fail_field(err, "password",
                              "this password is among the commonest of all; choose another");
    return OK;
}

/* Two compute, 19 MiB each, and four wait: a flood of sign-ins takes neither all memory, nor all
 * cores, nor (as there are eight workers unless set otherwise) all workers. */
static struct gate gate = GATE_INIT(PARALLEL, WAITING_MAX);

static enum err_code enter(struct err *err)
{
    if (gate_enter(&gate))
        return OK;
    return fail(err, ERR_BUSY, "too many sign-ins at once; try again in a moment");
}

enum err_code password_hash(struct arena *mem, struct str password, struct str *ret_hash,
                            struct err *err)
{
    char *out = arena_alloc(mem, crypto_pwhash_STRBYTES, 1);
    enum err_code code = out ? enter(err) : fail(err, ERR_NOMEM, "out of memory");
    int rc;

    if (code)
        return code;
    rc = crypto_pwhash_str_alg(out, password.ptr, password.len, OPS, MEM,
                               crypto_pwhash_ALG_ARGON2ID13);
    gate_leave(&gate);
    if (rc != 0)
        return fail(err, ERR_NOMEM, "out of memory while hashing a password");
    *ret_hash = str_of(out);
    return OK;
}

enum err_code password_verify(struct str hash, struct str password, struct err *err)
{
    /* A hash of nothing anybody knows: verifying against it takes as long as against a real one,
     * so that the time does not tell which accounts exist. */
    static const char nobody[] = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
                                 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    char text[crypto_pwhash_STRBYTES] = {0};
    bool known = hash.len > 0 && hash.len < sizeof text;
    enum err_code code = enter(err);
    bool right;

    if (code)
        return code;
    memcpy(text, known ? hash.ptr : nobody, known ? hash.len : sizeof nobody - 1);
    right = password.len <= PASSWORD_MAX &&
            crypto_pwhash_str_verify(text, password.ptr, password.len) == 0;
    gate_leave(&gate);
    return right && known ? OK : fail(err, ERR_UNAUTHENTICATED, "wrong password");
}
