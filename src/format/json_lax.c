#include "format/json_lax.h"

#include "format/json.h"

/* The length of "NaN", "Infinity" or "-Infinity" at the beginning; 0 otherwise. */
static size_t not_a_number(struct str s)
{
    if (str_starts(s, S("NaN")))
        return 3;
    if (str_starts(s, S("Infinity")))
        return 8;
    return str_starts(s, S("-Infinity")) ? 9 : 0;
}

struct survey {
    size_t values;
    size_t odd; /* places that json_parse() would refuse */
};

/* From the quote at `at` to behind the one that ends the string. */
static size_t pass_string(struct str s, size_t at, struct survey *found)
{
    for (at++; at < s.len && s.ptr[at] != '"'; at++) {
        if (s.ptr[at] != '\\')
            continue;
        found->odd += str_starts(str_from(s, at), S("\\u0000"));
        at++;
    }
    return at < s.len ? at + 1 : s.len;
}

/* Each value but the first is behind a bracket, a comma or a colon. */
static struct survey take_survey(struct str s)
{
    struct survey found = {.values = 1};
    size_t n;

    for (size_t i = 0; i < s.len;) {
        if (s.ptr[i] == '"') {
            i = pass_string(s, i, &found);
        } else if ((n = not_a_number(str_from(s, i))) > 0) {
            found.odd++;
            i += n;
        } else {
            found.values += str_has(S("[{,:"), s.ptr[i]);
            i++;
        }
    }
    return found;
}

/* The same length, so that columns in messages stay true. */
static void mend_string(char *s, size_t len)
{
    const struct str instead = S("\\ufffd");

    for (size_t i = 0; i < len; i++) {
        if (s[i] != '\\')
            continue;
        if (str_starts((struct str){s + i, len - i}, S("\\u0000")))
            memcpy(s + i, instead.ptr, instead.len);
        i++;
    }
}

static enum err_code mend(struct arena *mem, struct str s, size_t odd, struct str *ret,
                          struct err *err)
{
    char *out = arena_alloc(mem, s.len + odd, 1); /* "NaN" grows by one */
    const struct str null = S("null");
    size_t len = 0, n;

    if (!out)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < s.len; i += n) {
        if (s.ptr[i] == '"') {
            n = pass_string(s, i, &(struct survey){0}) - i;
            memcpy(out + len, s.ptr + i, n);
            mend_string(out + len, n);
            len += n;
        } else if ((n = not_a_number(str_from(s, i))) > 0) {
            memcpy(out + len, null.ptr, null.len);
            len += null.len;
        } else {
            out[len++] = s.ptr[i];
            n = 1;
        }
    }
    *ret = (struct str){out, len};
    return OK;
}

static void release(void *value)
{
    json_decref(value);
}

enum err_code json_lax_parse(struct arena *mem, struct str text, size_t max_values,
                             const json_t **ret_value, struct err *err)
{
    struct survey found = take_survey(text);
    json_t *value = NULL;
    enum err_code code;

    if (found.values > max_values)
        return fail(err, ERR_TOO_BIG, "the JSON text has %zu values; the limit is %zu",
                    found.values, max_values);
    if ((found.odd && (code = mend(mem, text, found.odd, &text, err))) ||
        (code = json_parse(text, &value, err)))
        return code;
    if (!arena_defer(mem, release, value)) {
        json_decref(value);
        return fail(err, ERR_NOMEM, "out of memory");
    }
    *ret_value = value;
    return OK;
}
