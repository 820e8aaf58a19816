"""Time FocalLogisticRegression against LogisticRegression, side by side in one run.

``python benchmarks/bench_linear.py`` writes ``benchmarks/results/linear.csv``. The peer is the
fastest solver of ``LogisticRegression`` that reaches our objective to 1e-6 of its value; ratios
above 1 say that we are faster. Absolute times depend on the machine and on what else it does.
"""

import csv
import platform
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import sklearn
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from skfocal import FocalLogisticRegression, __version__

RESULTS = Path(__file__).resolve().parent / "results" / "linear.csv"
REPEATS = 3
SHAPES = [
    ("dense", 1_000_000, 30),
    ("dense", 100_000, 30),
    ("dense", 20_000, 500),
    ("csr", 100_000, 100_000),
]
# Solvers that finish in reasonable time on each kind of table.
PEERS = {"dense": ["lbfgs", "newton-cholesky"], "csr": ["lbfgs", "liblinear"]}


def make_table(kind, n_rows, n_columns):
    """Return X and y with about 5 % positives; CSR has 50 entries a row."""
    rng = np.random.default_rng(0)
    if kind == "dense":
        X = rng.standard_normal((n_rows, n_columns))
        signal = X[:, :20] @ rng.standard_normal(20) * 0.5
    else:
        X = sparse.random_array((n_rows, n_columns), density=50 / n_columns, format="csr", rng=rng)
        signal = X @ rng.standard_normal(n_columns)
    return X, (signal + rng.logistic(size=n_rows) > np.quantile(signal, 0.95) + 1).astype(int)


def objective(model, X, y):
    """Return the objective of LogisticRegression(C=1) at the coefficients of a model."""
    scores = (X @ model.coef_.T + model.intercept_)[:, 0]
    return np.logaddexp(0, np.where(y == 1, -scores, scores)).sum() + 0.5 * (model.coef_**2).sum()


def seconds(model, X, y, method="fit"):
    """Return the best of a few times of a method."""
    arguments = (X, y) if method == "fit" else (X,)
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        getattr(model, method)(*arguments)
        times.append(time.perf_counter() - started)
    return min(times)


def extra_memory(model, X, y):
    """Return the peak of what a fit allocates, as a share of X."""
    size = X.nbytes if isinstance(X, np.ndarray) else X.data.nbytes + X.indices.nbytes
    tracemalloc.start()
    model.fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / size


def compare(kind, n_rows, n_columns):
    """Return one row of the table."""
    X, y = make_table(kind, n_rows, n_columns)
    ours, focal = FocalLogisticRegression(gamma=0), FocalLogisticRegression(gamma=2)
    time_ours, time_focal = seconds(ours, X, y), seconds(focal, X, y)
    goal = objective(ours, X, y) * (1 + 1e-6)
    peers = {}
    for solver in PEERS[kind]:
        # The loosest tolerance that reaches our objective.
        for tol in (1e-4, 1e-6, 1e-8):
            peer = LogisticRegression(solver=solver, tol=tol, max_iter=2000)
            peers[solver] = seconds(peer, X, y)
            if objective(peer, X, y) <= goal or solver == "liblinear":
                break
    best = min(peers, key=peers.get)
    peer = LogisticRegression(max_iter=20).fit(X[:2000], y[:2000])
    return {
        "table": f"{kind} {n_rows} x {n_columns}",
        "peer": best,
        "gamma0_seconds": round(time_ours, 3),
        "peer_seconds": round(peers[best], 3),
        "times_faster": round(peers[best] / time_ours, 2),
        "gamma2_over_gamma0": round(time_focal / time_ours, 2),
        "predict_proba_gamma0_over_peer": round(
            seconds(ours, X, y, "predict_proba") / seconds(peer, X, y, "predict_proba"), 2
        ),
        "predict_proba_gamma2_over_peer": round(
            seconds(focal, X, y, "predict_proba") / seconds(peer, X, y, "predict_proba"), 2
        ),
        "extra_memory_share_of_X": round(extra_memory(ours, X, y), 3),
        "versions": f"skfocal {__version__}, scikit-learn {sklearn.__version__}, "
        f"Python {platform.python_version()}",
    }


def main():
    """Run all shapes and write the table."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    rows = []
    for shape in SHAPES:
        rows.append(compare(*shape))
        print(rows[-1], flush=True)
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
