"""Time FocalLogisticRegression against LogisticRegression, side by side in one run.

``python benchmarks/bench_linear.py`` writes ``benchmarks/results/linear.csv``. The peer is the
fastest solver of ``LogisticRegression`` that reaches our objective to 1e-6 of its value, at the
loosest tolerance that does; ratios above 1 say that we are faster. Fits take turns, and the best of
each counts, with the range of the ratios of single turns beside it: absolute times depend on the
machine and on what else it does. ``--cpu`` counts the time of the processor on one thread instead
of the clock's, for a machine that others use too; ``--tables`` picks rows of the table.
"""

import argparse
import csv
import platform
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import sklearn
from scipy import sparse
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from skfocal import FocalLogisticRegression, __version__

RESULTS = Path(__file__).resolve().parent / "results" / "linear.csv"
TOLERANCES = (1e-4, 1e-5, 1e-6, 1e-8)
DENSE_PEERS = ("lbfgs", "newton-cholesky", "newton-cg")


def binary(n_rows, n_columns, rate, dtype=np.float64):
    """Return dense rows, of which this share is positive."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, n_columns)).astype(dtype)
    score = X[:, :20] @ rng.standard_normal(20) * 0.5 + rng.logistic(size=n_rows)
    return X, (score > np.quantile(score, 1 - rate)).astype(int)


def correlated(n_rows, n_columns, rate):
    """Return dense rows whose columns share five directions."""
    X, y = binary(n_rows, n_columns, rate)
    rng = np.random.default_rng(1)
    shared = rng.standard_normal((n_rows, 5)) @ rng.standard_normal((5, n_columns))
    return X + shared, y


def sparse_rows(n_rows, n_columns):
    """Return CSR rows with 50 entries each and about 5 % positives."""
    rng = np.random.default_rng(0)
    X = sparse.random_array((n_rows, n_columns), density=50 / n_columns, format="csr", rng=rng)
    score = X @ rng.standard_normal(n_columns)
    return X, (score + rng.logistic(size=n_rows) > np.quantile(score, 0.95) + 1).astype(int)


def multiclass(n_rows, n_columns, n_classes):
    """Return dense rows of several classes, the k-th about 1 / k as common as the first."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, n_columns))
    score = X @ rng.standard_normal((n_columns, n_classes)) * 0.5
    score -= np.log(np.arange(1, n_classes + 1))
    return X, (score + rng.gumbel(size=score.shape)).argmax(axis=1)


# Name: rows and labels, peers that finish in reasonable time, turns.
TABLES = {
    "1,000,000 x 30, 1 %": (lambda: binary(1_000_000, 30, 0.01), DENSE_PEERS, 5),
    "1,000,000 x 30, 1 %, float32": (lambda: binary(1_000_000, 30, 0.01, "f4"), DENSE_PEERS, 5),
    "1,000,000 x 30, 0.1 %": (lambda: binary(1_000_000, 30, 0.001), DENSE_PEERS, 5),
    "100,000 x 30": (lambda: binary(100_000, 30, 0.05), DENSE_PEERS, 5),
    "10,000 x 30": (lambda: binary(10_000, 30, 0.05), DENSE_PEERS, 9),
    "2,000 x 20": (lambda: binary(2000, 20, 0.05), DENSE_PEERS, 25),
    "20,000 x 500": (lambda: binary(20_000, 500, 0.05), ("lbfgs",), 5),
    "20,000 x 500, correlated": (lambda: correlated(20_040, 500, 0.014), ("lbfgs",), 3),
    "CSR 100,000 x 100,000": (lambda: sparse_rows(100_000, 100_000), ("lbfgs",), 3),
    "200,000 x 30, 7 classes": (lambda: multiclass(200_000, 30, 7), ("lbfgs",), 3),
    "20,000 x 50, 100 classes": (lambda: multiclass(20_000, 50, 100), ("lbfgs",), 1),
}


def objective(model, X, y):
    """Return the objective of LogisticRegression(C=1) at the coefficients of a model."""
    scores = np.asarray(X @ model.coef_.T + model.intercept_, dtype=np.float64)
    if scores.shape[1] == 1:
        scores = np.column_stack([np.zeros(len(y)), scores])
    loss = -log_softmax(scores, axis=1)[np.arange(len(y)), y].sum()
    return loss + 0.5 * (model.coef_.astype(np.float64) ** 2).sum()


def reach(solver, X, y, goal):
    """Return the peer of the loosest tolerance that reaches the objective, or None."""
    for tol in TOLERANCES:
        peer = LogisticRegression(solver=solver, tol=tol, max_iter=2000).fit(X, y)
        if objective(peer, X, y) <= goal:
            return peer
    return None


def take_turns(models, X, y, turns, clock):
    """Return the times of fits of each model, which take turns."""
    times = {name: [] for name in models}
    for _ in range(turns):
        for name, model in models.items():
            started = clock()
            model.fit(X, y)
            times[name].append(clock() - started)
    return times


def extra_memory(model, X, y):
    """Return the peak of what a fit allocates, as a share of X."""
    size = X.nbytes if isinstance(X, np.ndarray) else X.data.nbytes + X.indices.nbytes
    tracemalloc.start()
    model.fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / size


def compare(name, clock):
    """Return one row of the table."""
    make, solvers, turns = TABLES[name]
    X, y = make()
    ours, focal = FocalLogisticRegression(gamma=0).fit(X, y), FocalLogisticRegression(gamma=2)
    least = objective(ours, X, y)
    reached = {solver: reach(solver, X, y, least * (1 + 1e-6)) for solver in solvers}
    peers = {solver: peer for solver, peer in reached.items() if peer is not None}
    times = take_turns({"ours": ours, "focal": focal} | peers, X, y, turns, clock)
    best = min(peers, key=lambda solver: min(times[solver]))
    ratios = np.divide(times[best], times["ours"])
    return {
        "table": name,
        "peer": f"{best}, tol={peers[best].tol:g}",
        "gamma0_ms": round(1e3 * min(times["ours"]), 1),
        "peer_ms": round(1e3 * min(times[best]), 1),
        "times_faster": round(min(times[best]) / min(times["ours"]), 2),
        "range": f"{ratios.min():.2f} to {ratios.max():.2f}",
        "gamma2_over_gamma0": round(min(times["focal"]) / min(times["ours"]), 2),
        "iterations": f"{ours.n_iter_}, {focal.n_iter_}, {peers[best].n_iter_.max()}",
        "extra_memory_share_of_X": round(extra_memory(ours, X, y), 3),
        "time": "cpu, one thread" if clock is time.process_time else "clock",
        "versions": f"skfocal {__version__}, scikit-learn {sklearn.__version__}, "
        f"Python {platform.python_version()}",
    }


def main():
    """Run the tables and write what they gave."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cpu", action="store_true", help="processor time on one thread")
    parser.add_argument("--tables", nargs="+", choices=list(TABLES), default=list(TABLES))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    rows = []
    with threadpool_limits(limits=1 if arguments.cpu else None):
        for name in arguments.tables:
            clock = time.process_time if arguments.cpu else time.perf_counter
            rows.append(compare(name, clock))
            print(rows[-1], flush=True)
    if arguments.tables == list(TABLES):
        with RESULTS.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
