"""Optuna's samplers on the instances of Godwit.Bench's search: writes function,instance,regret.

usage: optuna_search.py tpe|tpe-multivariate|cma-es OUTPUT.csv
"""
import hashlib
import math
import os
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import optuna

D, EVALUATIONS, INSTANCES = 5, 200, 45
FIRST = int(os.environ.get("FIRST_INSTANCE", "5001"))
FUNCTIONS = ["sphere", "rosenbrock", "ellipsoid", "rastrigin", "schaffer", "step"]


def uniform(name, instance, what, index):
    digest = hashlib.sha256(f"{name}/{instance}/{what}/{index}".encode()).digest()
    return (int.from_bytes(digest[:8], "little") >> 11) / float(1 << 53)


def rotation(name, instance):
    rows = []
    for row in range(D):
        vector = np.array([
            math.sqrt(-2 * math.log(1 - uniform(name, instance, "u", row * 100 + column)))
            * math.cos(2 * math.pi * uniform(name, instance, "v", row * 100 + column))
            for column in range(D)])
        for other in rows:
            vector = vector - np.dot(vector, other) * other
        rows.append(vector / np.linalg.norm(vector))
    return np.array(rows)


def function(name, instance):
    optimum = np.array([8 * uniform(name, instance, "optimum", index) - 4 for index in range(D)])
    turn = rotation(name, instance)
    powers = np.arange(D) / (D - 1)

    def value(x):
        z = np.asarray(x) - optimum
        if name == "sphere":
            return float(np.sum(z * z))
        if name == "rosenbrock":
            y = max(1, math.sqrt(D) / 8) * z + 1
            return float(np.sum(100 * (y[:-1] ** 2 - y[1:]) ** 2 + (y[:-1] - 1) ** 2))
        if name == "ellipsoid":
            return float(np.sum(10 ** (6 * powers) * (turn @ z) ** 2))
        if name == "rastrigin":
            return float(10 * (D - np.sum(np.cos(2 * math.pi * z))) + np.sum(z * z))
        if name == "schaffer":
            r = turn @ z
            s = np.sqrt(r[:-1] ** 2 + r[1:] ** 2)
            return float(np.mean(np.sqrt(s) * (1 + np.sin(50 * s ** 0.2) ** 2)) ** 2)
        if name == "step":
            r = turn @ z
            return float(np.sum(10 ** (2 * powers) * np.floor(r + 0.5) ** 2) + 1e-4 * np.sum(z * z))
        raise ValueError(name)

    return value


def solve(job):
    sampler_name, name, instance = job
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    value = function(name, instance)
    sampler = {
        "tpe": lambda: optuna.samplers.TPESampler(seed=instance),
        "tpe-multivariate": lambda: optuna.samplers.TPESampler(seed=instance, multivariate=True),
        "cma-es": lambda: optuna.samplers.CmaEsSampler(seed=instance),
    }[sampler_name]()
    study = optuna.create_study(sampler=sampler)
    study.optimize(lambda trial: value([trial.suggest_float(f"x{index}", -5, 5) for index in range(D)]), n_trials=EVALUATIONS)
    return name, instance, study.best_value


if __name__ == "__main__":
    import warnings
    warnings.filterwarnings("ignore")
    jobs = [(sys.argv[1], name, FIRST + index) for name in FUNCTIONS for index in range(INSTANCES)]
    with ProcessPoolExecutor(2) as pool, open(sys.argv[2], "w") as output:
        output.write("function,instance,regret\n")
        for name, instance, regret in pool.map(solve, jobs, chunksize=5):
            output.write(f"{name},{instance},{regret!r}\n")
