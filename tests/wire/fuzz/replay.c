/* Runs the target once for each file that is named, each in a process of its own. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t data[1 << 16];

int main(int count, char **names)
{
    for (int i = 1; i < count; i++) {
        FILE *file = fopen(names[i], "rb");
        if (file == 0) {
            fprintf(stderr, "%s: cannot be read\n", names[i]);
            return 2;
        }
        const size_t size = fread(data, 1, sizeof data, file);
        fclose(file);
        const pid_t child = fork();
        if (child == 0) {
            exit(LLVMFuzzerTestOneInput(data, size));
        }
        int status = 0;
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
            fprintf(stderr, "replay: %s failed\n", names[i]);
            return 1;
        }
    }
    printf("%d\n", count - 1);
    return 0;
}
