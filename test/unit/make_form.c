#include "unit.h"

#include "base/digest.h"
#include "base/text.h"
#include "make_form.h"

void form_part(struct buf *form, const char *name, const char *more, struct str value)
{
    buf_addf(form, "--" FORM_BOUNDARY "\r\nContent-Disposition: form-data; name=\"%s\"%s\r\n\r\n",
             name, more);
    buf_add(form, value);
    buf_addz(form, "\r\n");
}

void form_field(struct buf *form, const char *name, struct str value)
{
    form_part(form, name, "", value);
}

void form_end(struct buf *form)
{
    buf_addz(form, "--" FORM_BOUNDARY "--\r\n");
}

struct str form_md5(struct arena *mem, struct str bytes)
{
    AUTO(digest_closep) struct digest *d = digest_open();
    char sha256[SHA256_HEX + 1], md5[MD5_HEX + 1], raw[MD5_LEN];

    assert_non_null(d);
    digest_add(d, bytes);
    digest_finish(d, sha256, md5);
    assert_true(text_unhex(str_of(md5), raw, sizeof(raw)));
    return text_base64(mem, (struct str){raw, sizeof(raw)});
}
