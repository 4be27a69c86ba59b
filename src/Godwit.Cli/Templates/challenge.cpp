// Godwit's challenge: warm up, print READY, answer each seed that is read. Godwit holds the clock.
#include <cstdint>
#include <iostream>

// The same work for the same seed. Make the input from the seed, call your code, and fold every output into the digest:
// what isn't in it may be skipped by a candidate.
static std::uint64_t work(std::uint64_t seed) {
    std::uint64_t digest = 14695981039346656037u;
    for (int index = 0; index < 2000000; index++) {                 // <- yours
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        digest = (digest ^ (seed >> 33)) * 1099511628211u;
    }
    return digest;
}

int main() {
    work(1);
    std::cout << "READY" << std::endl;
    std::uint64_t seed;
    while (std::cin >> seed) {
        std::cout << "ANSWER " << std::hex << work(seed) << std::dec << std::endl;
    }
}
