#include "unit.h"

#include <dirent.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/limits.h"
#include "format/notebook.h"

static int open_arena(void **state)
{
    *state = arena_open(128 * MIB);
    return *state ? 0 : -1;
}

static int close_arena(void **state)
{
    arena_close(*state);
    return 0;
}

static struct notebook parsed(struct arena *mem, const char *text)
{
    struct notebook nb = {0};
    struct err err = {0};

    if (notebook_parse(mem, str_of(text), &nb, &err))
        print_error("%s\n", err.msg);
    assert_int_equal(err.code, OK);
    return nb;
}

#define V4(cells)       "{\"nbformat\":4,\"nbformat_minor\":5,\"metadata\":{},\"cells\":[" cells "]}"
#define CODE4(outputs)  V4("{\"cell_type\":\"code\",\"source\":\"1\",\"outputs\":[" outputs "]}")
#define SHEET(n, cells) "{\"nbformat\":" n ",\"worksheets\":[{\"cells\":[" cells "]}]}"

static void cells_of_format_4_are_read(void **state)
{
    struct notebook nb = parsed(
        *state,
        V4("{\"cell_type\":\"markdown\",\"id\":\"a-1_Z\",\"source\":[\"# T\\n\",\"x\"],"
           "\"attachments\":{\"p.png\":{\"image/png\":\"AA==\"}}},"
           "{\"cell_type\":\"code\",\"execution_count\":7,\"source\":\"1+1\",\"outputs\":["
           "{\"output_type\":\"stream\",\"name\":\"stderr\",\"text\":[\"a\\n\",\"b\"]},"
           "{\"output_type\":\"execute_result\",\"execution_count\":7,\"data\":"
           "{\"text/plain\":[\"2\"],\"application/json\":{\"a\":[1]}}},"
           "{\"output_type\":\"error\",\"ename\":\"E\",\"evalue\":\"v\","
           "\"traceback\":[\"x\",\"y\"]}]},"
           "{\"cell_type\":\"raw\",\"source\":\"\",\"metadata\":{\"format\":\"text/html\"}}"));
    const struct notebook_cell *c = nb.cells;

    assert_int_equal(nb.major, 4);
    assert_int_equal(nb.minor, 5);
    assert_int_equal(nb.cell_count, 3);
    assert_str(nb.title, "T");
    assert_int_equal(c[0].kind, NOTEBOOK_MARKDOWN);
    assert_str(c[0].source, "# T\nx");
    assert_str(c[0].id, "a-1_Z");
    assert_int_equal(c[0].execution_count, -1);
    assert_int_equal(c[0].attachment_count, 1);
    assert_str(c[0].attachments[0].name, "p.png");
    assert_str(c[0].attachments[0].data.forms[0].mime, "image/png");
    assert_str(c[0].attachments[0].data.forms[0].text, "AA==");
    assert_int_equal(c[1].kind, NOTEBOOK_CODE);
    assert_int_equal(c[1].execution_count, 7);
    assert_int_equal(c[1].output_count, 3);
    assert_int_equal(c[1].outputs[0].kind, NOTEBOOK_STREAM);
    assert_str(c[1].outputs[0].name, "stderr");
    assert_str(c[1].outputs[0].text, "a\nb");
    assert_int_equal(c[1].outputs[1].kind, NOTEBOOK_DATA);
    assert_int_equal(c[1].outputs[1].execution_count, 7);
    assert_int_equal(c[1].outputs[1].data.count, 2);
    assert_str(c[1].outputs[1].data.forms[0].text, "2");
    assert_null(c[1].outputs[1].data.forms[1].text.ptr);
    assert_true(json_is_object(c[1].outputs[1].data.forms[1].value));
    assert_int_equal(c[1].outputs[2].kind, NOTEBOOK_ERROR);
    assert_str(c[1].outputs[2].name, "E");
    assert_str(c[1].outputs[2].text, "v");
    assert_str(c[1].outputs[2].traceback, "x\ny");
    assert_int_equal(c[2].kind, NOTEBOOK_RAW);
    assert_str(c[2].raw_mime, "text/html");
}

static void old_formats_are_brought_to_the_same_model(void **state)
{
    static const char *const formats[] = {"2", "3"};

    for (size_t i = 0; i < COUNT(formats); i++) {
        AUTO(buf_done) struct buf text = BUF_INIT(MIB);
        struct notebook nb;
        const struct notebook_cell *c;

        buf_addf(&text,
                 "{\"nbformat\":%s,\"metadata\":{\"name\":\"N\"},\"worksheets\":[{\"cells\":["
                 "{\"cell_type\":\"heading\",\"level\":2,\"source\":[\"Two\",\"lines\"]},"
                 "{\"cell_type\":\"html\",\"source\":\"<b>x</b>\"},"
                 "{\"cell_type\":\"code\",\"language\":\"julia\",\"input\":[\"a\",\"b\"],"
                 "\"prompt_number\":3,\"outputs\":["
                 "{\"output_type\":\"pyout\",\"prompt_number\":3,\"text\":[\"2\"],"
                 "\"png\":\"AA==\",\"metadata\":{},\"a/b\":\"x\"},"
                 "{\"output_type\":\"stream\",\"stream\":\"stdout\",\"text\":\"o\"},"
                 "{\"output_type\":\"pyerr\",\"ename\":\"E\",\"evalue\":\"v\"}]}]},"
                 "{},{\"cells\":[{\"cell_type\":\"markdown\",\"source\":[\"a\\n\",\"b\"]}]}]}",
                 formats[i]);
        nb = parsed(*state, str_z(*state, buf_str(&text)));
        c = nb.cells;
        assert_str(nb.title, "N");
        assert_str(nb.language, "julia");
        assert_int_equal(nb.cell_count, 4);
        assert_int_equal(c[0].kind, NOTEBOOK_MARKDOWN);
        assert_str(c[0].source, "## Two lines");
        assert_str(c[1].source, "<b>x</b>");
        assert_str(c[2].source, "a\nb");
        assert_str(c[2].language, "julia");
        assert_int_equal(c[2].execution_count, 3);
        assert_int_equal(c[2].outputs[0].kind, NOTEBOOK_DATA);
        assert_int_equal(c[2].outputs[0].data.count, 3);
        assert_str(c[2].outputs[0].data.forms[0].mime, "text/plain");
        assert_str(c[2].outputs[0].data.forms[1].mime, "image/png");
        assert_str(c[2].outputs[0].data.forms[2].mime, "a/b");
        assert_str(c[2].outputs[1].name, "stdout");
        assert_int_equal(c[2].outputs[2].kind, NOTEBOOK_ERROR);
        assert_str(c[2].outputs[2].traceback, "");
        assert_str(c[3].source, "a\nb");
    }
}

static void metadata_is_read(void **state)
{
    struct notebook nb =
        parsed(*state, "{\"nbformat\":4,\"metadata\":{\"title\":\"T\",\"authors\":[{\"name\":"
                       "\"Ann\"},\"Bob\",3,{}],"
                       "\"kernelspec\":{\"name\":\"ir\",\"display_name\":\"R\",\"language\":\"r\"},"
                       "\"language_info\":{\"name\":\"R\",\"version\":\"4.3\"}},\"cells\":[]}");

    assert_str(nb.title, "T");
    assert_int_equal(nb.author_count, 2);
    assert_str(nb.authors[0], "Ann");
    assert_str(nb.authors[1], "Bob");
    assert_str(nb.kernel, "ir");
    assert_str(nb.kernel_title, "R");
    assert_str(nb.language, "R");
    assert_str(nb.language_version, "4.3");
    assert_int_equal(nb.minor, 0);

    nb = parsed(*state, "{\"nbformat\":4,\"metadata\":{\"kernelspec\":{\"language\":\"go\"}},"
                        "\"cells\":[]}");
    assert_str(nb.language, "go");
    assert_str(nb.title, "");
    nb = parsed(*state,
                "{\"nbformat\":4,\"metadata\":{\"kernelspec\":3,\"authors\":\"x\","
                "\"language_info\":[]},\"cells\":[{\"cell_type\":\"code\",\"source\":\"# x\"},"
                "{\"cell_type\":\"markdown\",\"source\":\"text\\n# x\"}]}");
    assert_str(nb.title, "");
    assert_str(nb.kernel, "");
}

static void newer_minor_versions_may_hold_what_is_not_known(void **state)
{
    static const char text[] =
        "{\"nbformat\":%s,\"metadata\":{},\"cells\":[{\"cell_type\":\"later\"},"
        "{\"cell_type\":\"code\",\"source\":\"\",\"outputs\":[{\"output_type\":\"later\"}]}]}";
    static const char *const versions[] = {"4,\"nbformat_minor\":6", "5"};
    struct notebook nb;
    struct err err = {0};

    for (size_t i = 0; i < COUNT(versions); i++) {
        AUTO(buf_done) struct buf out = BUF_INIT(MIB);

        buf_addf(&out, text, versions[i]);
        nb = parsed(*state, str_z(*state, buf_str(&out)));
        assert_int_equal(nb.cells[0].kind, NOTEBOOK_CELL_UNKNOWN);
        assert_str(nb.cells[0].source, "");
        assert_int_equal(nb.cells[1].outputs[0].kind, NOTEBOOK_OUTPUT_UNKNOWN);
        assert_str(nb.cells[1].outputs[0].name, "later");
    }
    assert_int_equal(
        notebook_parse(*state, S(V4("{\"cell_type\":\"later\",\"source\":\"\"}")), &nb, &err),
        ERR_INVALID);
    assert_string_equal(err.msg, "cell 1: cell_type \"later\" is not known");
}

static void ids_that_are_none_are_left_out(void **state)
{
    struct notebook nb = parsed(
        *state, V4("{\"cell_type\":\"raw\",\"source\":\"\",\"id\":\"a b\"},"
                   "{\"cell_type\":\"raw\",\"source\":\"\",\"id\":3},"
                   "{\"cell_type\":\"raw\",\"source\":\"\",\"id\":"
                   "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}"));

    for (size_t i = 0; i < 3; i++)
        assert_str(nb.cells[i].id, "");
}

static void numbers_that_are_none_are_read_as_null(void **state)
{
    struct notebook nb = parsed(
        *state,
        CODE4("{\"output_type\":\"display_data\",\"data\":{\"application/json\":{\"a\":NaN}}}"));
    const json_t *v = nb.cells[0].outputs[0].data.forms[0].value;

    assert_true(json_is_null(json_object_get(v, "a")));
}

static void refusals_name_the_reason_and_the_place(void **state)
{
    static const struct {
        const char *text, *msg;
    } bad[] = {
        {"# no", "not a notebook: not valid JSON at line 1, column 1: invalid token near '#'"},
        {"", "not a notebook: the JSON text is empty"},
        {"[]", "not a notebook: the JSON text is a list, not an object"},
        {"{}", "not a notebook: nbformat is missing"},
        {"{\"nbformat\":\"4\"}", "not a notebook: nbformat is a string"},
        {"{\"nbformat\":1}", "a notebook of format 1; 2 to 5 are known"},
        {"{\"nbformat\":6}", "a notebook of format 6; 2 to 5 are known"},
        {"{\"nbformat\":4}", "not a notebook: cells is missing, not a list"},
        {"{\"nbformat\":4,\"cells\":{}}", "not a notebook: cells is an object, not a list"},
        {"{\"nbformat\":3,\"worksheets\":1}", "not a notebook: worksheets is a number, not a list"},
        {"{\"nbformat\":3,\"worksheets\":[{\"cells\":1}]}",
         "worksheet 1: cells is a number, not a list"},
        {V4("1"), "cell 1 is a number, not an object"},
        {V4("{}"), "cell 1: cell_type is missing"},
        {V4("{\"cell_type\":null}"), "cell 1: cell_type is null"},
        {V4("{\"cell_type\":\"heading\",\"source\":\"\"}"),
         "cell 1: cell_type \"heading\" is not known"},
        {V4("{\"cell_type\":\"raw\",\"source\":\"\"},{\"cell_type\":\"raw\",\"source\":3}"),
         "cell 2: source is a number, not a text or a list of lines"},
        {V4("{\"cell_type\":\"raw\"}"), "cell 1: source is missing, not a text or a list of lines"},
        {V4("{\"cell_type\":\"raw\",\"source\":[\"\",null]}"), "cell 1: source line 2 is null"},
        {SHEET("3", "{\"cell_type\":\"code\",\"source\":\"\"}"),
         "cell 1: input is missing, not a text or a list of lines"},
        {V4("{\"cell_type\":\"raw\",\"source\":\"\",\"attachments\":[]}"),
         "cell 1: attachments is a list, not an object"},
        {V4("{\"cell_type\":\"raw\",\"source\":\"\",\"attachments\":{\"a\":true}}"),
         "cell 1: attachment \"a\" is true or false, not an object"},
        {V4("{\"cell_type\":\"code\",\"source\":\"\",\"outputs\":\"\"}"),
         "cell 1: outputs is a string, not a list"},
        {CODE4("1"), "cell 1, output 1: is a number, not an object"},
        {CODE4("{}"), "cell 1, output 1: output_type is missing"},
        {CODE4("{\"output_type\":\"x\"}"), "cell 1, output 1: output_type \"x\" is not known"},
        {CODE4("{\"output_type\":\"stream\"}"),
         "cell 1, output 1: text is missing, not a text or a list of lines"},
        {CODE4("{\"output_type\":\"stream\",\"text\":\"\"},{\"output_type\":\"stream\",\"text\":[1]"
               "}"),
         "cell 1, output 2: text line 1 is a number"},
        {CODE4("{\"output_type\":\"error\",\"traceback\":\"x\"}"),
         "cell 1, output 1: traceback is a string, not a list of lines"},
        {CODE4("{\"output_type\":\"error\",\"traceback\":[{}]}"),
         "cell 1, output 1: traceback: line 1 is an object"},
        {CODE4("{\"output_type\":\"display_data\",\"data\":[]}"),
         "cell 1, output 1: data is a list, not an object"},
    };

    for (size_t i = 0; i < COUNT(bad); i++) {
        struct notebook nb = {.major = 77};
        struct err err = {0};

        assert_int_equal(notebook_parse(*state, str_of(bad[i].text), &nb, &err), ERR_INVALID);
        assert_string_equal(err.msg, bad[i].msg);
        assert_int_equal(nb.major, 77);
    }
}

static void notebook_over_a_limit_is_refused(void **state)
{
    AUTO(buf_done) struct buf text = BUF_INIT(256 * MIB);
    struct notebook nb;
    struct err err = {0};

    assert_int_equal(notebook_parse(*state, (struct str){"", LIMIT_NOTEBOOK + 1}, &nb, &err),
                     ERR_TOO_BIG);
    buf_addz(&text, "{\"nbformat\":4,\"cells\":[");
    for (size_t i = 0; i < LIMIT_NOTEBOOK_CELLS; i++)
        buf_addz(&text, "0,");
    buf_addz(&text, "0]}");
    assert_int_equal(notebook_parse(*state, buf_str(&text), &nb, &err), ERR_TOO_BIG);
    assert_string_equal(err.msg, "the notebook has 50001 cells; the limit is 50000");

    buf_clear(&text);
    buf_addz(&text, "{\"nbformat\":4,\"cells\":[{\"cell_type\":\"code\",\"source\":\"\","
                    "\"outputs\":[");
    for (size_t i = 0; i < LIMIT_NOTEBOOK_OUTPUTS; i++)
        buf_addz(&text, "0,");
    buf_addz(&text, "0]}]}");
    assert_int_equal(notebook_parse(*state, buf_str(&text), &nb, &err), ERR_TOO_BIG);
    assert_string_equal(err.msg, "cell 1: the notebook has more than 200000 outputs");
}

static void lack_of_memory_is_told(void **state)
{
    static const char text[] = CODE4("{\"output_type\":\"stream\",\"text\":[\"a\",\"b\"]}");

    (void)state;
    for (size_t cap = 64; cap < 4096; cap += 64) {
        AUTO(arena_closep) struct arena *mem = arena_open(cap);
        struct notebook nb;
        struct err err = {0};
        enum err_code code = notebook_parse(mem, str_of(text), &nb, &err);

        assert_true(code == OK || code == ERR_NOMEM);
        if (code == OK)
            return;
    }
    assert_true(false); /* never enough */
}

/* Those that are not read, and why. */
static const struct {
    const char *name, *msg;
} broken[] = {
    {"foo.ipynb", "not a notebook: nbformat is missing"},
    {"invalid.ipynb", "cell 1: source is missing, not a text or a list of lines"},
    {"nested-deep.ipynb", "not a notebook: the JSON text is nested deeper than 64 levels"},
    {"nbformat-99.ipynb", "a notebook of format 99; 2 to 5 are known"},
    {"not-json.ipynb",
     "not a notebook: not valid JSON at line 1, column 1: invalid token near '#'"},
    {"source-list-types.ipynb", "cell 1: source line 1 is a number"},
};

static void read_file(struct arena *mem, const char *path, const char *name, size_t *ret_count)
{
    struct notebook nb;
    struct str text;
    struct err err = {0};

    assert_int_equal(fs_read(mem, path, LIMIT_NOTEBOOK, &text, NULL), OK);
    (*ret_count)++;
    if (!notebook_parse(mem, text, &nb, &err))
        return;
    for (size_t i = 0; i < COUNT(broken); i++)
        if (!strcmp(name, broken[i].name) && !strcmp(err.msg, broken[i].msg))
            return;
    /* The client's own test data has one that is only "{}". */
    if (text.len < 10)
        return;
    print_error("%s: %s\n", path, err.msg);
    assert_true(false);
}

static void read_folder(const char *path, size_t *ret_count)
{
    DIR *dir = opendir(path);

    for (struct dirent *e; dir && (e = readdir(dir));) {
        AUTO(arena_closep) struct arena *mem = arena_open(256 * MIB);
        char *below = str_z(mem, str_fmt(mem, "%s/%s", path, e->d_name));

        if (e->d_name[0] == '.')
            continue;
        if (e->d_type == DT_DIR)
            read_folder(below, ret_count);
        else if (str_ends(str_of(e->d_name), S(".ipynb")))
            read_file(mem, below, e->d_name, ret_count);
    }
    if (dir)
        (void)closedir(dir);
}

static void real_and_hostile_notebooks_are_read_or_refused_for_a_reason(void **state)
{
    const char *folder = getenv("TERRARIUM_TEST_DATA");
    size_t count = 0;

    if (!folder)
        folder = "../shared/data";
    read_folder(str_z(*state, str_fmt(*state, "%s/notebooks", folder)), &count);
    if (!count) {
        print_message("skipped: no real data (TERRARIUM_TEST_DATA)\n");
        skip();
    }
    assert_true(count > 100);
    read_folder(str_z(*state, str_fmt(*state, "%s/hostile/made/notebooks", folder)), &count);
    assert_true(count > 120);
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(cells_of_format_4_are_read),
        WITH_ARENA(old_formats_are_brought_to_the_same_model),
        WITH_ARENA(metadata_is_read),
        WITH_ARENA(newer_minor_versions_may_hold_what_is_not_known),
        WITH_ARENA(ids_that_are_none_are_left_out),
        WITH_ARENA(numbers_that_are_none_are_read_as_null),
        WITH_ARENA(refusals_name_the_reason_and_the_place),
        WITH_ARENA(notebook_over_a_limit_is_refused),
        cmocka_unit_test(lack_of_memory_is_told),
        WITH_ARENA(real_and_hostile_notebooks_are_read_or_refused_for_a_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
