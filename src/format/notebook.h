/* notebook.h: Jupyter notebooks of every format since IPython 0.12 (nbformat 2 to 5) as one model.
 *
 * Format 4 is documented at nbformat.readthedocs.io; what 2 and 3 called otherwise (worksheets,
 * "input", "pyout", one key for each MIME type) is brought to its terms. Strict about what is shown
 * (types, nesting, numbers), lenient about what is missing or beside the point, as readers of
 * notebooks have always been. */
#ifndef FORMAT_NOTEBOOK_H
#define FORMAT_NOTEBOOK_H
#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* One form of a value: a MIME type and what stands under it. */
struct notebook_form {
    struct str mime;
    struct str text;     /* of a string or a list of strings; ptr NULL for other JSON */
    const json_t *value; /* of other JSON; NULL for a text */
};
struct notebook_bundle {
    struct notebook_form *forms;
    size_t count;
};

enum notebook_output_kind {
    NOTEBOOK_STREAM,
    NOTEBOOK_DATA, /* display_data, and execute_result, which has an execution count */
    NOTEBOOK_ERROR,
    NOTEBOOK_OUTPUT_UNKNOWN, /* of a minor version after ours */
};
struct notebook_output {
    enum notebook_output_kind kind;
    struct str name; /* of the stream, of the error, or the unknown type; else empty */
    struct str text; /* of the stream; the message of the error */
    struct str traceback;
    struct notebook_bundle data;
    int64_t execution_count; /* -1: none */
};

struct notebook_attachment {
    struct str name;
    struct notebook_bundle data;
};

enum notebook_cell_kind {
    NOTEBOOK_CODE,
    NOTEBOOK_MARKDOWN, /* headings and HTML cells of the old formats too */
    NOTEBOOK_RAW,
    NOTEBOOK_CELL_UNKNOWN, /* of a minor version after ours */
};
struct notebook_cell {
    enum notebook_cell_kind kind;
    struct str id; /* empty unless it is of the letters that nbformat allows */
    struct str source;
    struct str language;     /* of code, where it differs from the notebook's (format 3) */
    struct str raw_mime;     /* of a raw cell: what it is meant for; often empty */
    int64_t execution_count; /* -1: none */
    struct notebook_output *outputs;
    size_t output_count;
    struct notebook_attachment *attachments;
    size_t attachment_count;
};

/* Texts are empty where the notebook says nothing. They borrow from mem, which keeps the JSON. */
struct notebook {
    int64_t major, minor;
    struct str title;                /* or the heading that it begins with */
    struct str kernel, kernel_title; /* "python3", "Python 3 (ipykernel)" */
    struct str language, language_version;
    struct str *authors; /* names */
    size_t author_count;
    struct notebook_cell *cells;
    size_t cell_count;
};

/* ERR_INVALID with the reason and the place ("cell 3, output 2: ..."; both count from 1),
 * ERR_TOO_BIG over a limit of limits.h. NaN and Infinity, which Python writes, are read as null. */
enum err_code notebook_parse(struct arena *mem, struct str text, struct notebook *ret,
                             struct err *err) MUST_USE;

#endif
