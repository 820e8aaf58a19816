"""Time the elastic net of FocalLogisticRegression against the saga solver of scikit-learn.

``python benchmarks/bench_elastic_net.py`` prints the table of ``results/elastic_net.md``. Times are
of the processor, on one thread, so that other work on the machine changes them little; the
coefficients of both fits at gamma 0 are compared too. skglm's proximal Newton method, which knows
two classes, is one more column where it is installed.
"""

import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from bench_linear import binary, multiclass
from skfocal import FocalLogisticRegression


def seconds(model, X, y):
    """Return the processor time of a fit."""
    started = time.process_time()
    model.fit(X, y)
    return time.process_time() - started


def skglm_seconds(C, l1_ratio, X, y):
    """Return the time of skglm's fit at its own tolerance, or None."""
    try:
        from skglm import GeneralizedLinearEstimator
        from skglm.datafits import Logistic
        from skglm.penalties import L1_plus_L2
        from skglm.solvers import ProxNewton
    except ImportError:
        return None
    if y.max() > 1:
        return None
    penalty = L1_plus_L2(1 / (C * len(y)), l1_ratio)
    model = GeneralizedLinearEstimator(Logistic(), penalty, ProxNewton(tol=1e-6))
    model.fit(X[:1000], 2 * y[:1000] - 1)  # compiles
    return seconds(model, X, 2 * y - 1)


TABLES = {
    "100,000 x 100": (
        lambda: binary(100_000, 100, 0.05),
        ((0.001, 0.5), (0.01, 0.5), (0.01, 1.0), (1.0, 0.5)),
    ),
    "5,000 x 30, 7 classes": (
        lambda: multiclass(5000, 30, 7),
        ((0.01, 0.5), (0.1, 1.0), (1.0, 0.5), (10.0, 1.0)),
    ),
}


def main():
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(
        "| table | C | l1_ratio | gamma=0 s | gamma=2 s | saga s | skglm s | difference | zeros |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, (make, penalties) in TABLES.items():
        X, y = make()
        for C, l1_ratio in penalties:
            settings = {"C": C, "l1_ratio": l1_ratio}
            ours = FocalLogisticRegression(gamma=0, **settings)
            focal = FocalLogisticRegression(gamma=2, **settings)
            # At 1e-4 it is off by more than 1e-4 where the penalty is weak.
            tol = 1e-4 if y.max() == 1 else 1e-6
            saga = LogisticRegression(solver="saga", tol=tol, max_iter=1000, **settings)
            times = [seconds(model, X, y) for model in (ours, focal, saga)]
            times.append(skglm_seconds(C, l1_ratio, X, y))
            difference = np.abs(ours.coef_ - saga.coef_).max()
            row = [name, C, l1_ratio, *("" if t is None else f"{t:.2f}" for t in times)]
            row += [f"{difference:.1e}", int((ours.coef_ == 0).sum())]
            print("| " + " | ".join(map(str, row)) + " |", flush=True)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
