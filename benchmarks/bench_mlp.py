"""Time an epoch of FocalMLPClassifier against a bare torch loop and a plain skorch net.

``python benchmarks/bench_mlp.py`` writes ``benchmarks/results/mlp.csv``. All train the plain
perceptron, 30 features to two hidden layers of 64 and one score, with fused Adam and the focal
loss on 50,000 rows, on one thread, side by side in one run. Absolute times depend on the machine
and on what else it does; a ratio is that of the fastest epochs of several.
"""

import csv
import platform
import time
from pathlib import Path

import numpy as np
import skorch
import torch
from torch import nn
from torch.nn import functional as F

from skfocal import __version__
from skfocal.neural_network import FocalMLPClassifier

RESULTS = Path(__file__).resolve().parent / "results" / "mlp.csv"
N_ROWS, N_FEATURES, HIDDEN = 50_000, 30, (64, 64)
REPEATS = 6
MORE_EPOCHS = 4


def make_table():
    """Return X and y with about 5 % positives."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N_ROWS, N_FEATURES)).astype(np.float32)
    signal = X[:, :10] @ rng.standard_normal(10)
    return X, (signal + rng.logistic(size=N_ROWS) > np.quantile(signal, 0.95)).astype(int)


def make_network():
    """Return the perceptron as torch code has it."""
    return nn.Sequential(
        nn.Linear(N_FEATURES, HIDDEN[0]),
        nn.ReLU(),
        nn.Linear(HIDDEN[0], HIDDEN[1]),
        nn.ReLU(),
        nn.Linear(HIDDEN[1], 1),
        nn.Flatten(0),
    )


def focal_loss(scores, target):
    """Return the usual composition of torch operations."""
    cross_entropy = F.binary_cross_entropy_with_logits(scores, target, reduction="none")
    p = torch.sigmoid(scores)
    wrong = p + target - 2 * p * target
    return (wrong**2 * cross_entropy).mean()


def bare_epoch(X, y, batch_size):
    """Return a function that trains for one epoch in a loop written by hand."""
    network = make_network()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    rows, target = torch.from_numpy(X), torch.from_numpy(y).float()

    def epoch():
        order = torch.randperm(N_ROWS)
        shuffled, labels = rows[order], target[order]
        for start in range(0, N_ROWS, batch_size):
            batch = slice(start, start + batch_size)
            optimizer.zero_grad()
            focal_loss(network(shuffled[batch]), labels[batch]).backward()
            optimizer.step()

    return epoch


def our_fit(X, y, batch_size, epochs):
    """Return a function that fits the estimator for some epochs."""
    model = FocalMLPClassifier(
        hidden_layer_sizes=HIDDEN,
        n_members=1,
        numeric_embedding=None,
        dropout=0.0,
        optimizer="adam",
        weight_decay=0.0,
        learning_rate_init=1e-3,
        learning_rate="constant",
        batch_size=batch_size,
        max_epochs=epochs,
        random_state=0,
    )
    return lambda: model.fit(X, y)


def skorch_epoch(X, y, batch_size):
    """Return a function that trains for one epoch with a skorch net as it comes."""
    net = skorch.NeuralNet(
        make_network(),
        lambda: focal_loss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=batch_size,
        max_epochs=1,
        train_split=None,
        iterator_train__shuffle=True,
        verbose=0,
    ).initialize()
    return lambda: net.partial_fit(X, y.astype(np.float32))


def seconds(epoch, repeats):
    """Return the time of the fastest epoch."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        epoch()
        times.append(time.perf_counter() - started)
    return min(times)


def compare(batch_size):
    """Return one row of the table."""
    X, y = make_table()
    bare = bare_epoch(X, y, batch_size)
    short, long = (our_fit(X, y, batch_size, epochs) for epochs in (1, 1 + MORE_EPOCHS))
    # In turns, so that whatever else the machine does hits all.
    times = [[seconds(function, 1) for function in (bare, short, long)] for _ in range(REPEATS)]
    time_bare, time_short, time_long = np.min(times, axis=0).tolist()
    # What a fit does once, checks of the table and scaling, drops out.
    time_ours = (time_long - time_short) / MORE_EPOCHS
    time_skorch = seconds(skorch_epoch(X, y, batch_size), 2)
    return {
        "table": f"{N_ROWS} x {N_FEATURES}",
        "batch_size": batch_size,
        "bare_seconds": round(time_bare, 3),
        "our_seconds": round(time_ours, 3),
        "our_first_epoch_and_checks": round(time_short, 3),
        "skorch_seconds": round(time_skorch, 3),
        "ours_over_bare": round(time_ours / time_bare, 2),
        "skorch_over_ours": round(time_skorch / time_ours, 2),
        "versions": f"skfocal {__version__}, torch {torch.__version__}, skorch "
        f"{skorch.__version__}, Python {platform.python_version()}",
    }


def main():
    """Run both batch sizes and write the table."""
    torch.set_num_threads(1)
    rows = []
    for batch_size in (128, 1024):
        rows.append(compare(batch_size))
        print(rows[-1], flush=True)
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
