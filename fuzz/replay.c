/* replay.c: runs a fuzz target over kept inputs, without libFuzzer, as an ordinary test.
 *
 * Arguments are files and folders; a folder that does not exist counts as empty, since not every
 * target has a regression yet. A failed property ends the process, with the input's name as the
 * last line on standard error. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_MAX ((size_t)1 << 20) /* kept inputs are a few kilobytes */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Exactly as long as the input, on the heap: so that AddressSanitizer sees a read past its end. */
static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    uint8_t *data;
    size_t size;

    if (!f || fstat(fileno(f), &st) != 0 || (size_t)st.st_size > INPUT_MAX) {
        (void)fprintf(stderr, "cannot read %s\n", path);
        if (f)
            (void)fclose(f);
        return -1;
    }
    size = (size_t)st.st_size;
    data = malloc(size ? size : 1);
    if (!data || fread(data, 1, size, f) != size) {
        (void)fprintf(stderr, "cannot read %s\n", path);
        free(data);
        (void)fclose(f);
        return -1;
    }
    (void)fclose(f);
    (void)fprintf(stderr, "%s (%zu bytes)\n", path, size);
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 1;
}

/* Number of inputs run, or -1. */
static int replay(const char *path)
{
    struct dirent *entry;
    struct stat st;
    int runs = 0;
    DIR *dir;

    if (stat(path, &st) != 0)
        return 0;
    if (!S_ISDIR(st.st_mode))
        return replay_file(path);
    dir = opendir(path);
    if (!dir)
        return -1;
    while (runs >= 0 && (entry = readdir(dir)) != NULL) {
        char child[4096];
        int n;

        if (entry->d_name[0] == '.')
            continue;
        n = snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
        if (n < 0 || (size_t)n >= sizeof(child) || replay_file(child) < 0)
            runs = -1;
        else
            runs++;
    }
    (void)closedir(dir);
    return runs;
}

int main(int argc, char **argv)
{
    int runs = 0;

    for (int i = 1; i < argc; i++) {
        int n = replay(argv[i]);

        if (n < 0)
            return EXIT_FAILURE;
        runs += n;
    }
    (void)printf("%d inputs\n", runs);
    return runs > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
