"""Time and memory of boosted trees with our objective, beside the engine's native log loss.

``python benchmarks/bench_boosting.py [ROWS ...]`` fits the same 100 trees (30 features, 31 leaves,
2 threads) with the native objective of each engine and with ours at several gamma, each fit in a
process of its own, and writes ``benchmarks/results/boosting_speed.csv`` and ``.md``. Native and own
fits take turns, and the least processor time of the repeats counts: on a shared machine wall time
says little.
"""

import csv
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd

RESULTS = Path(__file__).resolve().parent / "results"
ENGINES = ("hist", "lightgbm", "xgboost")
VARIANTS = ("native", "gamma 0", "gamma 2", "gamma 5", "gamma 2, half of the rows")
N_FEATURES, N_THREADS = 30, 2


def fit_native(engine, X, y):
    """Fit the engine's own log loss."""
    if engine == "hist":
        from sklearn.ensemble import HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits

        with threadpool_limits(N_THREADS, user_api="openmp"):
            return HistGradientBoostingClassifier(early_stopping=False).fit(X, y)
    if engine == "lightgbm":
        from lightgbm import LGBMClassifier

        return LGBMClassifier(n_jobs=N_THREADS, verbose=-1).fit(X, y)
    from xgboost import XGBClassifier

    trees = {"max_leaves": 31, "max_depth": 0, "grow_policy": "lossguide", "learning_rate": 0.1}
    return XGBClassifier(n_jobs=N_THREADS, max_bin=255, min_child_weight=1e-3, **trees).fit(X, y)


def fit_ours(engine, gamma, X, y, half=False):
    """Fit the same trees with our objective."""
    from skfocal import FocalBoostingClassifier

    return FocalBoostingClassifier(
        gamma=gamma,
        engine=engine,
        n_estimators=100,
        learning_rate=0.1,
        max_leaf_nodes=31,
        min_samples_leaf=20,
        l2_regularization=1.0 if engine == "xgboost" else 0.0,
        max_features=1.0,
        subsample=0.5 if half else 1.0,
        calibrate_intercept=half,
        n_jobs=N_THREADS,
        random_state=0,
    ).fit(X, y)


def measure(engine, variant, n_rows):
    """Print processor and wall seconds of a fit, and the peak memory of the process in bytes."""
    import numpy as np

    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, N_FEATURES))
    y = (X[:, :4].sum(axis=1) + rng.logistic(size=n_rows) > 4.5).astype(int)
    small, labels = X[:2000], y[:2000]
    for fit in (lambda a, b: fit_native(engine, a, b), lambda a, b: fit_ours(engine, 0.0, a, b)):
        fit(small, labels)  # loads the libraries of both
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, processor = time.perf_counter(), time.process_time()
    if variant == "native":
        fit_native(engine, X, y)
    else:
        fit_ours(engine, float(variant.split()[1].rstrip(",")), X, y, "half" in variant)
    figures = {
        "processor": time.process_time() - processor,
        "wall": time.perf_counter() - wall,
        "memory": 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before),
    }
    print(json.dumps(figures))


def run(sizes, n_repeats=3):
    """Measure everything, each fit in a process of its own, and write the results."""
    rows = []
    for n_rows in sizes:
        large = n_rows >= 10**6
        for repeat in range(1 if large else n_repeats):
            for engine in ENGINES:
                for variant in VARIANTS[::2] if large else VARIANTS:
                    command = [sys.executable, __file__, "measure", engine, variant, str(n_rows)]
                    # Threads that wait for others must not count as work.
                    output = subprocess.run(
                        command,
                        check=True,
                        capture_output=True,
                        text=True,
                        env=os.environ | {"OMP_WAIT_POLICY": "passive"},
                    )
                    figures = json.loads(output.stdout.splitlines()[-1])
                    rows.append({"rows": n_rows, "engine": engine, "objective": variant} | figures)
                    print(repeat, rows[-1], flush=True)
        write(rows)


def write(rows):
    """Write the least of the repeats, and the ratios to the native objective."""
    table = pd.DataFrame(rows).groupby(["rows", "engine", "objective"], sort=False).min()
    native = table.xs("native", level="objective")
    table["times native"] = table["processor"] / native["processor"]
    # In float64 vectors of as many entries as there are rows.
    vectors = (table["memory"] - native["memory"]) / (8 * table.index.get_level_values("rows"))
    table["vectors beyond native"] = vectors
    table.round(3).to_csv(RESULTS / "boosting_speed.csv", quoting=csv.QUOTE_MINIMAL)
    text = table.reset_index().round(2).to_markdown(index=False)
    (RESULTS / "boosting_speed.md").write_text(TEXT.format(table=text), encoding="utf-8")


TEXT = """\
# Boosted trees with our objective, beside the engine's native log loss

100 trees of 31 leaves on 30 features, two threads. With "half of the rows" each tree sees one half
and the intercept is fitted (`subsample=0.5, calibrate_intercept=True`, the defaults), else neither.
Seconds are the least of three fits (one of a million rows), native and own ones taking turns:
compare the ratios of processor time. Memory is the growth of the peak of the
process; what exceeds the native fit is given in float64 vectors with an entry per row.
Command: `python benchmarks/bench_boosting.py 100000 1000000`.

{table}
"""

if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        measure(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        run([int(size) for size in sys.argv[1:]] or [10_000, 100_000])
