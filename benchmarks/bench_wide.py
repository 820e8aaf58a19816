"""Measure a network on text-like rows: wide, sparse, most of them with a few common columns.

``python benchmarks/bench_wide.py`` draws 50,000 CSR rows of 20,000 columns, 30 entries each, and
fits ``FocalMLPClassifier()`` on two threads. It prints seconds, and milliseconds a row to predict.
``... dense`` times two steps the way such rows went before: made dense a batch at a time, with sine
waves, at 8 members.
"""

import sys
import time
import warnings

import numpy as np
import torch
from scipy import sparse

from skfocal import FocalMLPClassifier

N_ROWS, N_FEATURES, N_ENTRIES = 50_000, 20_000, 30


def draw(n_rows, seed=0):
    """Return rows whose columns are as frequent as words are, and rare classes of them."""
    random = np.random.default_rng(seed)
    frequency = 1 / np.arange(1, N_FEATURES + 1) ** 0.8
    columns = random.choice(
        N_FEATURES, size=(n_rows, N_ENTRIES), p=frequency / frequency.sum()
    ).ravel()
    starts = np.arange(0, n_rows * N_ENTRIES + 1, N_ENTRIES)
    X = sparse.csr_array((np.ones(len(columns)), columns, starts), shape=(n_rows, N_FEATURES))
    X.sum_duplicates()
    effects = random.normal(size=N_FEATURES) * (random.random(N_FEATURES) < 0.1)
    score = X @ effects
    return X, score + random.logistic(size=n_rows) > np.quantile(score, 0.93)


def seconds_of(function):
    """Return seconds on the wall and of the processors."""
    wall, processor = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - wall, time.process_time() - processor


def main():
    """Print what a fit and predictions take."""
    torch.set_num_threads(2)
    X, y = draw(N_ROWS)
    if sys.argv[1:] == ["dense"]:
        model = FocalMLPClassifier(numeric_embedding="periodic", max_epochs=1, batch_size=256)
        X, y = X[:512], y[:512]
    else:
        model = FocalMLPClassifier(random_state=0)
    for name, function in (
        ("fit", lambda: model.fit(X, y)),
        ("predict 512 rows", lambda: model.predict_proba(X[:512])),
        ("predict a row", lambda: model.predict_proba(X[:1])),
    ):
        wall, processor = seconds_of(function)
        print(f"{name}: {wall:.3f} s, {processor:.3f} s of the processors")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
