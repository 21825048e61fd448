/* cli_run.h: runs a command inside the test program, and keeps what it printed. */
#ifndef TEST_CLI_RUN_H
#define TEST_CLI_RUN_H

struct cli_run {
    int status;
    char *out, *err; /* freed by cli_run_done */
};
#define CLI_RUN_ARGS_MAX 16

/* words: the arguments after the program's name, NULL at the end. input: standard input. */
void cli_run(struct cli_run *r, const char *input, const char *const *words);
void cli_run_done(struct cli_run *r);

/* A new empty folder for a test, and its removal with everything in it. */
char *temp_folder(void);
void temp_folder_remove(char *path);

#define CLI_RUN(r, input, ...) cli_run((r), (input), (const char *const[]){__VA_ARGS__, NULL})

#endif
