#include "cli_run.h"

#include "unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

void cli_run(struct cli_run *r, const char *input, const char *const *words)
{
    char program[] = "terrarium";
    char *argv[CLI_RUN_ARGS_MAX + 2] = {program};
    size_t out_len, err_len;
    int argc = 1;
    FILE *in = fmemopen(NULL, strlen(input) + 1, "w+"), *out, *err;

    assert_non_null(in);
    assert_true(fputs(input, in) >= 0);
    rewind(in);
    for (; words[argc - 1]; argc++) {
        assert_true(argc <= CLI_RUN_ARGS_MAX);
        argv[argc] = strdup(words[argc - 1]);
        assert_non_null(argv[argc]);
    }
    *r = (struct cli_run){0};
    out = open_memstream(&r->out, &out_len);
    err = open_memstream(&r->err, &err_len);
    assert_non_null(out);
    assert_non_null(err);
    r->status = cli_main(argc, argv, in, out, err);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(fclose(err), 0);
    assert_int_equal(fclose(in), 0);
    for (int i = 1; i < argc; i++)
        free(argv[i]);
}

void cli_run_done(struct cli_run *r)
{
    free(r->out);
    free(r->err);
    *r = (struct cli_run){0};
}

char *temp_folder(void)
{
    char path[256], *made;

    (void)snprintf(path, sizeof path, "%s/terrarium-test-XXXXXX", temp_root());
    assert_non_null(mkdtemp(path));
    made = strdup(path);
    assert_non_null(made);
    return made;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void temp_folder_remove(char *path)
{
    assert_int_equal(nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
    free(path);
}
