/* api_upload.c: /api/v1: files that come in one request, with curl for example. */
#include "web/handlers.h"
#include "web/intake.h"

enum err_code open_form_upload(struct call *c, uint64_t *ret_body_max, struct err *err)
{
    struct intake *it;
    enum err_code rc = intake_open(c, /* lenient= */ false, &it, err);

    if (rc || (rc = intake_query(it, err)))
        return rc;
    return intake_form(it, "file", 1, ret_body_max, err);
}

enum err_code open_body_upload(struct call *c, uint64_t *ret_body_max, struct err *err)
{
    struct intake *it;
    enum err_code rc = intake_open(c, /* lenient= */ false, &it, err);

    if (rc || (rc = intake_query(it, err)))
        return rc;
    return intake_body(it, call_param(c, "filename"), ret_body_max, err);
}

enum err_code finish_upload(struct call *c, struct err *err)
{
    return intake_reply(c->state, err);
}
