# Godwit's challenge: warm up, print READY, answer each seed that is read. Godwit holds the clock.
import sys


def work(seed):
    """The same work for the same seed. Make the input from the seed, call your code, and fold every output into the
    digest: what isn't in it may be skipped by a candidate."""
    digest = 14695981039346656037
    for _ in range(100000):                                         # <- yours
        seed = (seed * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        digest = ((digest ^ (seed >> 33)) * 1099511628211) & 0xFFFFFFFFFFFFFFFF
    return digest


work(1)
print("READY", flush=True)
for line in sys.stdin:
    print(f"ANSWER {work(int(line)):016x}", flush=True)
