/* A small numeric kernel: waves on a grid, then a polynomial at every point.
 *
 *   kernel checksum         prints a checksum of every bit of the result
 *   kernel challenge ROWS   warms up, prints READY, and answers each seed that it reads with a checksum of every bit
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void step(double *restrict next, const double *restrict now, const double *restrict before, int rows, int columns) {
    for (int row = 1; row < rows - 1; row++) {
        for (int column = 1; column < columns - 1; column++) {
            int here = row * columns + column;
            double around = now[here - 1] + now[here + 1] + now[here - columns] + now[here + columns];
            next[here] = 2.0 * now[here] - before[here] + 0.12 * (around - 4.0 * now[here]);
        }
    }
}

static void polynomial(double *restrict out, const double *restrict x, int count) {
    for (int index = 0; index < count; index++) {
        double value = x[index];
        out[index] = out[index] * 0.25 + ((0.013 * value + 0.27) * value - 0.31) * value + 0.5;
    }
}

static double *grid(int count, uint64_t seed) {
    double *cells = malloc(sizeof(double) * count);
    for (int index = 0; index < count; index++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        cells[index] = (double)(seed >> 40) / (1 << 24) - 0.5;
    }
    return cells;
}

static uint64_t run(int rows, int columns, int steps, uint64_t seed) {
    int count = rows * columns;
    double *a = grid(count, seed), *b = grid(count, seed + 1), *c = grid(count, seed + 2), *out = grid(count, seed + 3);
    for (int index = 0; index < steps; index++) {
        step(c, b, a, rows, columns);
        polynomial(out, c, count);
        double *old = a;
        a = b;
        b = c;
        c = old;
    }
    uint64_t sum = 14695981039346656037u;
    for (int index = 0; index < count; index++) {
        uint64_t bits;
        memcpy(&bits, &out[index], sizeof bits);
        sum = (sum ^ bits) * 1099511628211u;
    }
    free(a);
    free(b);
    free(c);
    free(out);
    return sum;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "checksum") == 0) {
        printf("%016llx\n", (unsigned long long)(run(61, 93, 40, 7) ^ run(128, 128, 25, 11)));
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "challenge") == 0) {
        int rows = atoi(argv[2]);
        int steps = 60 * 128 / rows * 8;
        run(rows, 128, steps / 10 + 1, 1);
        puts("READY");
        fflush(stdout);
        unsigned long long seed;
        while (scanf("%llu", &seed) == 1) {
            printf("ANSWER %016llx\n", (unsigned long long)run(rows, 128, steps, seed));
            fflush(stdout);
        }
        return 0;
    }
    fprintf(stderr, "usage: kernel checksum | kernel challenge ROWS\n");
    return 2;
}
