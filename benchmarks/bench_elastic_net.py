"""Time the elastic net of FocalLogisticRegression against the saga solver of scikit-learn.

``python benchmarks/bench_elastic_net.py`` prints a table. Times are of the processor, on one
thread, so that other work on the machine changes them little; the coefficients of both fits at
gamma 0 are compared too.
"""

import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from bench_linear import binary
from skfocal import FocalLogisticRegression


def seconds(model, X, y):
    """Return the processor time of a fit."""
    started = time.process_time()
    model.fit(X, y)
    return time.process_time() - started


def main():
    warnings.simplefilter("ignore", ConvergenceWarning)
    X, y = binary(100_000, 100, 0.05)
    print("| C | l1_ratio | gamma=0 s | gamma=2 s | saga s | ratio | difference | zeros |")
    print("|---|---|---|---|---|---|---|---|")
    for C, l1_ratio in ((0.001, 0.5), (0.01, 0.5), (0.01, 1.0), (1.0, 0.5)):
        settings = {"C": C, "l1_ratio": l1_ratio}
        ours = FocalLogisticRegression(gamma=0, **settings)
        focal = FocalLogisticRegression(gamma=2, **settings)
        saga = LogisticRegression(solver="saga", tol=1e-4, max_iter=1000, **settings)
        times = [seconds(model, X, y) for model in (ours, focal, saga)]
        difference = np.abs(ours.coef_ - saga.coef_).max()
        row = [C, l1_ratio, *(f"{t:.2f}" for t in times), f"{times[2] / times[0]:.1f}"]
        row += [f"{difference:.1e}", int((ours.coef_ == 0).sum())]
        print("| " + " | ".join(map(str, row)) + " |", flush=True)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
