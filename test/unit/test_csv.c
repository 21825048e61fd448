#include "unit.h"

#include "format/csv.h"

static void check(const struct str *cells, size_t count, const char *line)
{
    AUTO(buf_done) struct buf b = BUF_INIT(1000);

    csv_add_line(&b, cells, count);
    assert_str(buf_str(&b), line);
}

static void cells_are_quoted(void **state)
{
    const struct str cells[] = {S("a"), S(""), S("b,c"), S("d\"e"), S("f\r\ng"), S("\u00e4")};

    (void)state;
    check(cells, COUNT(cells), "\"a\",\"\",\"b,c\",\"d\"\"e\",\"f\r\ng\",\"\u00e4\"\r\n");
    check(NULL, 0, "\r\n");
}

static void formulas_become_texts(void **state)
{
    const struct str cells[] = {S("=1+1"),  S("+1"),   S("-1"),      S("@x"),
                                S("\t=1"),  S("\r=1"), S("\uff1d1"), S("\x7f=1"),
                                S("a=1+1"), S("'=1"),  S("=\"\"")};

    (void)state;
    check(
        cells, COUNT(cells),
        "\"'=1+1\",\"'+1\",\"'-1\",\"'@x\",\"'\t=1\",\"'\r=1\",\"'\uff1d1\",\"'\x7f=1\",\"a=1+1\","
        "\"'=1\",\"'=\"\"\"\"\"\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_quoted),
        cmocka_unit_test(formulas_become_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
