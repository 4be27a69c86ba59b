"""Compares regrets on the same instances.

usage: compare_search.py OURS.csv THEIRS.csv [THEIRS.csv ...]    (of several, the best on each function counts)

For each function: the bootstrap 95 % upper bound of the median log10 regret ratio, which should be at most log10 1.25. Pooled: the
median, which should be below 0, with a sign test.
"""
import csv
import math
import random
import statistics
import sys


def read(path):
    with open(path) as rows:
        return {(row["function"], row["instance"]): max(float(row["regret"]), 1e-12) for row in csv.DictReader(rows)}


ours = read(sys.argv[1])
others = [read(path) for path in sys.argv[2:]]
functions = list(dict.fromkeys(name for name, _ in ours))
draw = random.Random(1)
pooled, fine = [], True
for name in functions:
    keys = [key for key in ours if key[0] == name]
    theirs = min(others, key=lambda other: statistics.median(other[key] for key in keys))
    ratios = [math.log10(ours[key] / theirs[key]) for key in keys]
    pooled += ratios
    medians = sorted(statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(2000))
    bound = medians[int(.95 * len(medians))]
    fine &= bound <= math.log10(1.25)
    print(f"{name:12} ours {statistics.median(ours[key] for key in keys):10.4g}  theirs {statistics.median(theirs[key] for key in keys):10.4g}  "
          f"median log10 ratio {statistics.median(ratios):+.3f}, upper bound {bound:+.3f} (target at most +0.097) {'ok' if bound <= math.log10(1.25) else 'MISSED'}")
wins = sum(ratio < 0 for ratio in pooled)
n = sum(ratio != 0 for ratio in pooled)
p = sum(math.comb(n, k) for k in range(wins, n + 1)) / 2 ** n
print(f"pooled: median {statistics.median(pooled):+.3f}, better on {wins} of {n}, sign test p = {p:.2g} (target: below 0, p < .05)")
