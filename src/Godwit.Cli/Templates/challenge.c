/* Godwit's challenge: warm up, print READY, answer each seed that is read. Godwit holds the clock. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

/* The same work for the same seed. Make the input from the seed, call your code, and fold every output into the digest:
 * what isn't in it may be skipped by a candidate. */
static uint64_t work(uint64_t seed) {
    uint64_t digest = 14695981039346656037u;
    for (int index = 0; index < 2000000; index++) {                 /* <- yours */
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        digest = (digest ^ (seed >> 33)) * 1099511628211u;
    }
    return digest;
}

int main(void) {
    work(1);
    puts("READY");
    fflush(stdout);
    uint64_t seed;
    while (scanf("%" SCNu64, &seed) == 1) {
        printf("ANSWER %016" PRIx64 "\n", work(seed));
        fflush(stdout);
    }
    return 0;
}
