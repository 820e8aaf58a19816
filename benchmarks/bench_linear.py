"""Time FocalLogisticRegression against LogisticRegression, side by side in one run.

``python benchmarks/bench_linear.py`` writes ``linear.csv`` and ``linear.md`` in
``benchmarks/results``. There are two peers. One is the fastest solver of ``LogisticRegression``
that reaches our objective to 1e-6 of its value, at the loosest tolerance that does; the other is
the fastest that reaches our gradient, which is what a fit promises. Ratios above 1 say that we are
faster. Fits take turns: the table gives the median of the ratios of single turns, and their range,
since absolute times depend on the machine and on what else it does. glum, at gamma 0, is one more
column where it is installed. ``--cpu`` counts the time of the processor on one thread instead of
the clock's, for a machine that others use too; ``--tables`` picks rows of the table, and
``--scaling`` times fits of more and more rows instead.
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
from scipy.special import expit, log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from skfocal import FocalLogisticRegression, __version__

RESULTS = Path(__file__).resolve().parent / "results" / "linear.csv"
TOLERANCES = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9)
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
    "20,000 x 500, correlated": (lambda: correlated(20_040, 500, 0.014), ("lbfgs",), 5),
    "CSR 100,000 x 100,000": (lambda: sparse_rows(100_000, 100_000), ("lbfgs",), 5),
    "200,000 x 30, 7 classes": (lambda: multiclass(200_000, 30, 7), ("lbfgs",), 5),
    "20,000 x 50, 100 classes": (lambda: multiclass(20_000, 50, 100), ("lbfgs",), 5),
}


def derivatives(model, X, y):
    """Return objective and relative gradient of LogisticRegression(C=1) at the coefficients.

    The gradient is measured as our ``tol`` does: the largest entry, relative to the slopes.
    """
    scores = np.asarray(X @ model.coef_.T + model.intercept_, dtype=np.float64)
    coef = model.coef_.astype(np.float64)
    if scores.shape[1] == 1:
        slope = (expit(scores[:, 0]) - y)[:, None]
        scores = np.column_stack([np.zeros(len(y)), scores])
        log_p = log_softmax(scores, axis=1)
    else:
        log_p = log_softmax(scores, axis=1)
        slope = np.exp(log_p)
        slope[np.arange(len(y)), y] -= 1
    value = -log_p[np.arange(len(y)), y].sum() + 0.5 * (coef**2).sum()
    gradient = np.column_stack([(X.T @ slope).T + coef, slope.sum(axis=0)])
    relative = np.abs(gradient).max(axis=1) / np.abs(slope).sum(axis=0)
    return value, float(relative.max())


def peers_that_reach(solver, X, y, value, gradient):
    """Return the fits of the loosest tolerances that reach the objective, and the gradient."""
    of_value = None
    for tol in TOLERANCES:
        peer = LogisticRegression(solver=solver, tol=tol, max_iter=5000).fit(X, y)
        reached, relative = derivatives(peer, X, y)
        if of_value is None and reached <= value:
            of_value = peer
        if relative <= gradient:
            return of_value, peer
    return of_value, None


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


def fastest(peers, times):
    """Return the name of the fastest of some models, None for no model at all."""
    found = [name for name in peers if name in times]
    return min(found, key=lambda name: np.median(times[name])) if found else None


def ratio(times, peer):
    """Return how many times faster we are than a peer: the median and the range of the turns."""
    if peer is None:
        return "", ""
    ratios = np.divide(times[peer], times["ours"])
    return round(float(np.median(ratios)), 2), f"{ratios.min():.2f} to {ratios.max():.2f}"


def glum_model(X, y):
    """Return glum's ridge logistic regression at our penalty, or None without glum."""
    try:
        from glum import GeneralizedLinearRegressor
    except ImportError:
        return None
    if y.max() > 1 or X.shape[1] > 1000:
        return None
    return GeneralizedLinearRegressor(family="binomial", alpha=1 / len(y), l1_ratio=0)


def compare(name, clock):
    """Return one row of the table."""
    make, solvers, turns = TABLES[name]
    X, y = make()
    ours, focal = FocalLogisticRegression(gamma=0).fit(X, y), FocalLogisticRegression(gamma=2)
    value, gradient = derivatives(ours, X, y)
    models = {"ours": ours, "focal": focal}
    of_value, of_gradient = [], []
    for solver in solvers:
        found = peers_that_reach(solver, X, y, value * (1 + 1e-6), max(gradient, ours.tol))
        for peer, names in zip(found, (of_value, of_gradient), strict=True):
            if peer is not None:
                names.append(f"{solver}, tol={peer.tol:g}")
                models[names[-1]] = peer
    glum = glum_model(X, y)
    if glum is not None:
        models["glum"] = glum
    times = take_turns(models, X, y, turns, clock)
    peer, exact = fastest(of_value, times), fastest(of_gradient, times)
    milliseconds = {key: round(1e3 * float(np.median(taken)), 1) for key, taken in times.items()}
    row = {"table": name, "gamma0_ms": milliseconds["ours"], "peer": peer}
    row["peer_ms"] = milliseconds.get(peer, "")
    row["times_faster"], row["range"] = ratio(times, peer)
    row["same_gradient"], row["same_gradient_ms"] = exact, milliseconds.get(exact, "")
    row["same_gradient_faster"], row["same_gradient_range"] = ratio(times, exact)
    row["glum_ms"] = milliseconds.get("glum", "")
    row["glum_faster"], _ = ratio(times, "glum" if glum is not None else None)
    row["gamma2_over_gamma0"] = round(milliseconds["focal"] / milliseconds["ours"], 2)
    row["passes"] = ours.n_iter_
    row["extra_memory_share_of_X"] = round(extra_memory(ours, X, y), 3)
    row["time"] = "cpu, one thread" if clock is time.process_time else "clock"
    row["versions"] = (
        f"skfocal {__version__}, scikit-learn {sklearn.__version__}, "
        f"Python {platform.python_version()}"
    )
    return row


def scaling(clock):
    """Print the time of a fit for a row, of more and more rows."""
    for n_rows in (10_000, 100_000, 1_000_000, 10_000_000):
        X, y = binary(n_rows, 30, 0.01)
        for gamma in (0, 2):
            model = FocalLogisticRegression(gamma=gamma)
            times = take_turns({"ours": model}, X, y, 3, clock)["ours"]
            per_row = 1e6 * float(np.median(times)) / n_rows
            print(f"{n_rows:>10,} rows, gamma={gamma}: {per_row:.3f} us a row")


def write_markdown(rows):
    """Write the table that people read."""
    lines = [
        "# Linear models: time of a fit",
        "",
        "How many times faster `FocalLogisticRegression(gamma=0)` is than the fastest solver of",
        "`LogisticRegression` that reaches its objective to 1e-6, and than the fastest that",
        "reaches its gradient (`tol=1e-6`): medians of turns, with their range. Below 1 the peer",
        "is faster.",
        f"Time: {rows[0]['time']}. {rows[0]['versions']}. Generated by `bench_linear.py`.",
        "",
        "| table | ms | same objective | range | same gradient | range | glum | gamma 2 / 0 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row['table']} | {row['gamma0_ms']} | **{row['times_faster']}** | {row['range']} | "
            f"{row['same_gradient_faster'] or 'not reached'} | {row['same_gradient_range']} | "
            f"{row['glum_faster']} | {row['gamma2_over_gamma0']} |"
        )
    RESULTS.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    """Run the tables and write what they gave."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cpu", action="store_true", help="processor time on one thread")
    parser.add_argument("--tables", nargs="+", choices=list(TABLES), default=list(TABLES))
    parser.add_argument("--scaling", action="store_true", help="time more and more rows")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    clock = time.process_time if arguments.cpu else time.perf_counter
    rows = []
    with threadpool_limits(limits=1 if arguments.cpu else None):
        if arguments.scaling:
            scaling(clock)
            return
        for name in arguments.tables:
            rows.append(compare(name, clock))
            print(rows[-1], flush=True)
    if arguments.tables == list(TABLES):
        with RESULTS.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        write_markdown(rows)


if __name__ == "__main__":
    main()
