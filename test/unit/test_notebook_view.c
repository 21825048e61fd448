#include "unit.h"

#include "base/limits.h"
#include "format/json.h"
#include "format/notebook_view.h"

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

static struct notebook parsed(struct arena *mem, struct str text)
{
    struct notebook nb = {0};
    struct err err = {0};

    if (notebook_parse(mem, text, &nb, &err))
        print_error("%s\n", err.msg);
    assert_int_equal(err.code, OK);
    return nb;
}

/* The view, which must be JSON; in canonical form. */
static struct str view_of(struct arena *mem, struct str text)
{
    AUTO(buf_done) struct buf out = BUF_INIT(32 * MIB), canonical = BUF_INIT(64 * MIB);
    AUTO(json_decrefp) json_t *v = NULL;
    struct notebook nb = parsed(mem, text);
    struct err err = {0};

    notebook_view(&nb, &out);
    assert_true(buf_ok(&out));
    if (json_parse_object(buf_str(&out), &v, &err))
        print_error("%s\n", err.msg);
    assert_int_equal(err.code, OK);
    json_canonical(&canonical, v);
    return str_dup(mem, buf_str(&canonical));
}

#define V4(cells)      "{\"nbformat\":4,\"metadata\":{},\"cells\":[" cells "]}"
#define CODE4(outputs) V4("{\"cell_type\":\"code\",\"source\":\"\",\"outputs\":[" outputs "]}")
#define DATA(bundle)   CODE4("{\"output_type\":\"display_data\",\"data\":{" bundle "}}")
#define SHOWN(output)                                                                              \
    "{\"cells\":[{\"kind\":\"code\",\"outputs\":[{" output "}],\"text\":\"\"}],\"format\":[4,0]}"

/* A GIF of one pixel. */
#define GIF "R0lGODlhAQABAAAAACw="

static void every_output_has_one_kind(void **state)
{
    static const struct {
        const char *text, *view;
    } cases[] = {
        {CODE4("{\"output_type\":\"stream\",\"name\":\"stdout\",\"text\":\"a\\u001b[31mb\"}"),
         SHOWN("\"kind\":\"text\",\"spans\":[{\"text\":\"a\"},{\"fg\":\"red\",\"text\":\"b\"}],"
               "\"stream\":\"stdout\"")},
        {CODE4("{\"output_type\":\"error\",\"ename\":\"<b>E</b>\",\"evalue\":\"v\","
               "\"traceback\":[\"\\u001b[1;4;3;7mx\"]}"),
         SHOWN("\"kind\":\"error\",\"message\":\"v\",\"name\":\"<b>E</b>\","
               "\"spans\":[{\"bg\":\"black\",\"bold\":true,\"fg\":\"white\",\"italic\":true,"
               "\"text\":\"x\",\"underline\":true}]")},
        {CODE4("{\"output_type\":\"execute_result\",\"execution_count\":3,"
               "\"data\":{\"text/plain\":\"2\"}}"),
         SHOWN("\"execution_count\":3,\"kind\":\"text\",\"spans\":[{\"text\":\"2\"}]")},
        {DATA("\"text/plain\":\"p\",\"image/png\":\"" GIF "\""),
         SHOWN("\"data\":\"" GIF "\",\"fallback\":{\"kind\":\"text\",\"spans\":[{\"text\":\"p\"}]},"
               "\"height\":1,\"kind\":\"image\",\"mime\":\"image/gif\",\"width\":1")},
        {DATA("\"text/html\":\"<script>1</script>\""),
         SHOWN("\"kind\":\"html\",\"text\":\"<script>1</script>\"")},
        {DATA("\"text/html\":\"<b>\",\"image/gif\":\"" GIF "\""),
         SHOWN("\"data\":\"" GIF "\",\"height\":1,\"kind\":\"image\",\"mime\":\"image/gif\","
               "\"width\":1")},
        {DATA("\"image/svg+xml\":[\"<svg>\",\"</svg>\"]"),
         SHOWN("\"kind\":\"svg\",\"text\":\"<svg></svg>\"")},
        {DATA("\"text/markdown\":\"*x*\""), SHOWN("\"kind\":\"markdown\",\"text\":\"*x*\"")},
        {DATA("\"text/latex\":\"$x$\""), SHOWN("\"kind\":\"latex\",\"text\":\"$x$\"")},
        {DATA("\"application/json\":{\"b\":1,\"a\":\"<\"}"),
         SHOWN("\"kind\":\"json\",\"text\":\"{\\\"a\\\":\\\"<\\\",\\\"b\\\":1}\"")},
        {DATA("\"application/json\":\"[1]\""), SHOWN("\"kind\":\"json\",\"text\":\"[1]\"")},
        {DATA("\"text/x-rst\":\"x\""), SHOWN("\"kind\":\"text\",\"spans\":[{\"text\":\"x\"}]")},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_str(view_of(*state, str_of(cases[i].text)), cases[i].view);
}

static void what_is_not_shown_is_told(void **state)
{
    static const struct {
        const char *text, *view;
    } cases[] = {
        {DATA("\"application/javascript\":\"alert(1)\""),
         SHOWN("\"kind\":\"dropped\",\"mime\":\"application/javascript\","
               "\"note\":\"programs in a notebook are not run\"")},
        {DATA("\"application/vnd.jupyter.widget-view+json\":{\"model_id\":\"m\"},"
              "\"text/plain\":\"Box()\""),
         SHOWN("\"fallback\":{\"kind\":\"text\",\"spans\":[{\"text\":\"Box()\"}]},"
               "\"kind\":\"dropped\",\"mime\":\"application/vnd.jupyter.widget-view+json\","
               "\"note\":\"programs in a notebook are not run\"")},
        {DATA("\"application/vnd.vega.v5+json\":{}"),
         SHOWN("\"kind\":\"dropped\",\"mime\":\"application/vnd.vega.v5+json\","
               "\"note\":\"there is no viewer for this type\"")},
        {DATA("\"application/vnd.vega.v5+json\":{},\"text/plain\":\"x\""),
         SHOWN("\"kind\":\"text\",\"spans\":[{\"text\":\"x\"}]")},
        {DATA("\"image/png\":\"\\\"><script>\""),
         SHOWN("\"kind\":\"dropped\",\"mime\":\"image/png\",\"note\":\"not an image in base64\"")},
        {DATA("\"image/png\":\"PHN2Zz4=\",\"text/plain\":\"x\""),
         SHOWN("\"kind\":\"text\",\"note\":\"not a PNG, JPEG, GIF or WebP image\","
               "\"spans\":[{\"text\":\"x\"}]")},
        {DATA("\"image/png\":\"AA==\",\"text/javascript\":\"x\""),
         SHOWN("\"kind\":\"dropped\",\"mime\":\"text/javascript\","
               "\"note\":\"programs in a notebook are not run\"")},
        {DATA("\"image/png\":3"), SHOWN("\"kind\":\"dropped\",\"mime\":\"image/png\","
                                        "\"note\":\"not a text\"")},
        {DATA("\"text/html\":{}"), SHOWN("\"kind\":\"dropped\",\"mime\":\"text/html\","
                                         "\"note\":\"not a text\"")},
        {DATA(""), SHOWN("\"kind\":\"dropped\",\"note\":\"there is nothing to show\"")},
        {CODE4("{\"output_type\":\"display_data\"}"),
         SHOWN("\"kind\":\"dropped\",\"note\":\"there is nothing to show\"")},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_str(view_of(*state, str_of(cases[i].text)), cases[i].view);
}

static void cells_and_heads_are_shown(void **state)
{
    assert_str(
        view_of(*state,
                S("{\"nbformat\":4,\"nbformat_minor\":5,\"metadata\":{\"title\":\"T\","
                  "\"kernelspec\":{\"name\":\"k\",\"display_name\":\"K\"},"
                  "\"language_info\":{\"name\":\"python\",\"version\":\"3\"},"
                  "\"authors\":[\"A\",{\"name\":\"B\"}]},\"cells\":["
                  "{\"cell_type\":\"code\",\"id\":\"i\",\"source\":\"x\","
                  "\"execution_count\":2},"
                  "{\"cell_type\":\"markdown\",\"source\":\"<script>\",\"attachments\":{"
                  "\"a\":{\"image/png\":\"" GIF "\"},"
                  "\"s\":{\"image/svg+xml\":\"PHN2Zy8+\"},\"z\":{\"image/svg+xml\":\"AAAA\"}}},"
                  "{\"cell_type\":\"raw\",\"source\":\"r\","
                  "\"metadata\":{\"raw_mimetype\":\"text/html\"}}]}")),
        "{\"authors\":[\"A\",\"B\"],\"cells\":["
        "{\"execution_count\":2,\"id\":\"i\",\"kind\":\"code\",\"language\":\"python\","
        "\"outputs\":[],\"text\":\"x\"},"
        "{\"attachments\":{\"a\":{\"data\":\"" GIF "\",\"height\":1,\"kind\":\"image\","
        "\"mime\":\"image/gif\",\"width\":1},\"s\":{\"kind\":\"svg\",\"text\":\"<svg/"
        ">\"},\"z\":{\"kind\":\"svg\",\"text\":\"AAAA\"}},"
        "\"kind\":\"markdown\",\"text\":\"<script>\"},"
        "{\"kind\":\"raw\",\"mime\":\"text/html\",\"text\":\"r\"}],"
        "\"format\":[4,5],\"kernel\":\"k\",\"kernel_title\":\"K\",\"language\":\"python\","
        "\"language_version\":\"3\",\"title\":\"T\"}");
    assert_str(
        view_of(*state, S("{\"nbformat\":5,\"cells\":[{\"cell_type\":\"z\",\"source\":\"x\"},"
                          "{\"cell_type\":\"code\",\"source\":\"\",\"outputs\":["
                          "{\"output_type\":\"z\"}]}]}")),
        "{\"cells\":[{\"kind\":\"unknown\",\"text\":\"x\"},{\"kind\":\"code\",\"outputs\":["
        "{\"kind\":\"dropped\",\"note\":\"an output of a kind that is not known yet\"}],"
        "\"text\":\"\"}],\"format\":[5,0]}");
}

static json_t *view_json(struct arena *mem, struct str text)
{
    json_t *v = NULL;

    assert_int_equal(json_parse_object(view_of(mem, text), &v, NULL), OK);
    return v;
}

static void add_many(struct buf *out, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_addz(out, text);
}

/* Cut at the border of a character, and told. */
static void long_texts_are_cut(void **state)
{
    AUTO(buf_done) struct buf text = BUF_INIT(64 * MIB);
    AUTO(json_decrefp) json_t *v = NULL;
    const json_t *cells, *output;

    buf_addz(&text, "{\"nbformat\":4,\"cells\":[{\"cell_type\":\"raw\",\"source\":\"xy");
    add_many(&text, "\xe2\x82\xac", LIMIT_NOTEBOOK_TEXT / 3 + 1);
    buf_addz(&text, "\"},{\"cell_type\":\"code\",\"source\":\"\",\"outputs\":["
                    "{\"output_type\":\"stream\",\"text\":\"");
    add_many(&text, "y", LIMIT_NOTEBOOK_TEXT + 1);
    buf_addz(&text, "\"},{\"output_type\":\"stream\",\"text\":\"");
    add_many(&text, "\\u001b[31ma\\u001b[32mb", 20000);
    buf_addz(&text, "\"},{\"output_type\":\"display_data\",\"data\":{\"text/html\":\"");
    add_many(&text, "z", LIMIT_NOTEBOOK_TEXT + 1);
    buf_addz(&text, "\"}}]}]}");
    v = view_json(*state, buf_str(&text));
    cells = json_object_get(v, "cells");
    assert_int_equal(json_get_str(json_array_get(cells, 0), "text").len, LIMIT_NOTEBOOK_TEXT - 2);
    assert_true(json_is_true(json_object_get(json_array_get(cells, 0), "cut")));

    output = json_object_get(json_array_get(cells, 1), "outputs");
    assert_int_equal(
        json_get_str(json_array_get(json_object_get(json_array_get(output, 0), "spans"), 0), "text")
            .len,
        LIMIT_NOTEBOOK_TEXT);
    assert_true(json_is_true(json_object_get(json_array_get(output, 0), "cut")));
    assert_int_equal(json_array_size(json_object_get(json_array_get(output, 1), "spans")), 20000);
    assert_true(json_is_true(json_object_get(json_array_get(output, 1), "cut")));
    assert_str(json_get_str(json_array_get(output, 2), "kind"), "dropped");
    assert_str(json_get_str(json_array_get(output, 2), "note"),
               "1024 KiB of it are over the limit of 1024");
}

/* 20 outputs of 1 MiB: those that have no room are counted, and so are the cells after. */
static void view_has_a_ceiling(void **state)
{
    AUTO(buf_done) struct buf text = BUF_INIT(64 * MIB);
    AUTO(json_decrefp) json_t *v = NULL;
    const json_t *cells, *first;
    json_int_t left;

    buf_addz(&text,
             "{\"nbformat\":4,\"cells\":[{\"cell_type\":\"code\",\"source\":\"\",\"outputs\":[");
    for (int i = 0; i < 20; i++) {
        buf_addz(&text, i ? ",{\"output_type\":\"stream\",\"text\":\""
                          : "{\"output_type\":\"stream\",\"text\":\"");
        add_many(&text, "yyyyyyyy", LIMIT_NOTEBOOK_TEXT / 8);
        buf_addz(&text, "\"}");
    }
    buf_addz(&text, "]}");
    for (int i = 0; i < 3; i++) {
        buf_addz(&text, ",{\"cell_type\":\"raw\",\"source\":\"");
        add_many(&text, "zzzzzzzz", LIMIT_NOTEBOOK_TEXT / 8);
        buf_addz(&text, "\"}");
    }
    buf_addz(&text, "]}");
    v = view_json(*state, buf_str(&text));
    cells = json_object_get(v, "cells");
    assert_int_equal(json_array_size(cells), 1);
    assert_int_equal(json_integer_value(json_object_get(v, "left_out")), 3);
    first = json_array_get(cells, 0);
    left = json_integer_value(json_object_get(first, "left_out"));
    assert_int_equal(left, 5);
    assert_int_equal(json_array_size(json_object_get(first, "outputs")), 15);
}

static void first_picture_is_the_thumbnail(void **state)
{
    struct image image = {0};
    struct notebook nb;

    nb = parsed(*state,
                S(V4("{\"cell_type\":\"raw\",\"source\":\"\",\"attachments\":{\"a\":{"
                     "\"image/png\":\"" GIF "\"}}},"
                     "{\"cell_type\":\"code\",\"source\":\"\",\"outputs\":["
                     "{\"output_type\":\"display_data\",\"data\":{\"image/png\":\"PHN2Zz4=\"}},"
                     "{\"output_type\":\"display_data\",\"data\":{\"image/svg+xml\":\"<svg>\","
                     "\"image/png\":\"R0lGODlhAgABAAAAACw=\"}}]}")));
    assert_true(notebook_thumbnail(*state, &nb, &image));
    assert_int_equal(image.width, 2);
    assert_int_equal(image.bytes.len, 14);

    nb = parsed(*state, S(V4("{\"cell_type\":\"raw\",\"source\":\"\",\"attachments\":{\"a\":{"
                             "\"image/png\":\"" GIF "\"}}}")));
    assert_true(notebook_thumbnail(*state, &nb, &image));
    assert_int_equal(image.width, 1);

    nb = parsed(*state, S(DATA("\"image/svg+xml\":\"<svg>\"")));
    assert_false(notebook_thumbnail(*state, &nb, &image));
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(every_output_has_one_kind), WITH_ARENA(what_is_not_shown_is_told),
        WITH_ARENA(cells_and_heads_are_shown), WITH_ARENA(long_texts_are_cut),
        WITH_ARENA(view_has_a_ceiling),        WITH_ARENA(first_picture_is_the_thumbnail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
