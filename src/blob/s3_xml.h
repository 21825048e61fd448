/* s3_xml.h: the few fields that we read of the documents that S3 servers answer with. Pure.
 *
 * Reads elements, their text with the predefined entities and character references, and skips
 * attributes. Whatever else XML has (document types above all) no S3 server sends, and is refused.
 * Strings of results are borrowed from the document, or lie in mem. Failures: ERR_INVALID, and
 * ERR_NOMEM. */
#ifndef BLOB_S3_XML_H
#define BLOB_S3_XML_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define S3_CODE_MAX 64

/* The code of an <Error>, say "NoSuchKey"; empty if the document is none, or names no plain code.
 */
void s3_xml_error(struct str xml, char ret_code[S3_CODE_MAX + 1]);

/* One page of ListObjectsV2. */
struct s3_object {
    struct str key;
    uint64_t size;
};
struct s3_objects {
    struct s3_object *items;
    size_t count;
    bool more;       /* then next is the token to go on with */
    struct str next; /* not empty if there is more */
};
enum err_code s3_xml_objects(struct arena *mem, struct str xml, struct s3_objects *ret,
                             struct err *err) MUST_USE;

/* One page of ListMultipartUploads. */
struct s3_upload {
    struct str key, id;
    int64_t begun_ms;
};
struct s3_uploads {
    struct s3_upload *items;
    size_t count;
    bool more;                    /* then go on after these: */
    struct str next_key, next_id; /* not both empty if there is more */
};
enum err_code s3_xml_uploads(struct arena *mem, struct str xml, struct s3_uploads *ret,
                             struct err *err) MUST_USE;

/* The id that InitiateMultipartUpload answers. */
enum err_code s3_xml_upload_id(struct arena *mem, struct str xml, struct str *ret_id,
                               struct err *err) MUST_USE;
/* Does the document say that an upload in parts was completed? */
enum err_code s3_xml_completed(struct arena *mem, struct str xml, struct err *err) MUST_USE;

#endif
