"""Time and memory of FocalMLPClassifier against a bare torch loop and plain skorch nets.

``python benchmarks/bench_mlp.py`` writes ``benchmarks/results/mlp.csv`` and ``mlp.md``; it measures
the memory on Linux only. All train the plain perceptron, 30 features to two hidden layers of 64
and one score, with Adam on 50,000 rows, in one run and in turns.

Times on one thread are CPU seconds of the fastest epoch of several: a single thread waits for
nothing but the core, which other processes may have. Times on torch's own choice of threads are
elapsed seconds. A ratio means something where an absolute time does not.
"""

import argparse
import contextlib
import csv
import datetime
import io
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import skorch
import torch
from skorch.dataset import Dataset
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from bench_loss_module import resident_memory
from skfocal import __version__
from skfocal.neural_network import FocalMLPClassifier
from skfocal.neural_network._scaling import fit_scaling
from skfocal.neural_network.training._batches import RowBatches

N_ROWS, N_FEATURES, HIDDEN = 50_000, 30, (64, 64)
MEMORY_ROWS = 500_000
MORE_EPOCHS = 4
FIELDS = ["case", "batch_size", "threads", "value", "unit", "over_bare", "over_ours"]
OURS, BARE = "FocalMLPClassifier", "bare torch loop"
Clock = Callable[[], float]


def make_table(n_rows: int = N_ROWS) -> tuple[np.ndarray, np.ndarray]:
    """Return X of float32 and y with about 5 % positives."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, N_FEATURES), dtype=np.float32)
    signal = X[:, :10] @ rng.standard_normal(10)
    return X, (signal + rng.logistic(size=n_rows) > np.quantile(signal, 0.95)).astype(int)


class Perceptron(nn.Module):
    """The perceptron as torch code has it."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(N_FEATURES, HIDDEN[0]),
            nn.ReLU(),
            nn.Linear(HIDDEN[0], HIDDEN[1]),
            nn.ReLU(),
            nn.Linear(HIDDEN[1], 1),
            nn.Flatten(0),
        )

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Return a score for each row."""
        return self.layers(X)


def focal_loss(scores: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return the usual composition of torch operations."""
    cross_entropy = F.binary_cross_entropy_with_logits(scores, target, reduction="none")
    p = torch.sigmoid(scores)
    wrong = p + target - 2 * p * target
    return (wrong**2 * cross_entropy).mean()


def bare_epoch(X: np.ndarray, y: np.ndarray, batch_size: int) -> Callable[[], None]:
    """Return a function that trains for one epoch in a loop written by hand."""
    network = Perceptron()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    rows, target = torch.from_numpy(X), torch.from_numpy(y).float()

    def epoch() -> None:
        order = torch.randperm(N_ROWS)
        shuffled, labels = rows[order], target[order]
        for start in range(0, N_ROWS, batch_size):
            batch = slice(start, start + batch_size)
            optimizer.zero_grad()
            focal_loss(network(shuffled[batch]), labels[batch]).backward()
            optimizer.step()

    return epoch


def our_model(batch_size: int, epochs: int) -> FocalMLPClassifier:
    return FocalMLPClassifier(
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


class Rows(torch.utils.data.Dataset):
    """A dataset as tutorials write it, of NumPy rows."""

    def __init__(self, X: np.ndarray, y: np.ndarray) -> None:
        self.X, self.y = X, y

    def __len__(self) -> int:
        return len(self.X)

    def __getitem__(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        return self.X[i], self.y[i]


def skorch_epochs(X: np.ndarray, y: np.ndarray, batch_size: int) -> dict[str, Callable[[], None]]:
    """Return one epoch of each plain skorch net."""
    target = y.astype(np.float32)
    common: dict[str, Any] = {
        "optimizer": torch.optim.Adam,
        "lr": 1e-3,
        "batch_size": batch_size,
        "max_epochs": 1,
    }
    same: dict[str, Any] = {
        "optimizer__fused": True,
        "train_split": None,
        "iterator_train__shuffle": True,
        "verbose": 0,
    }
    binary = skorch.NeuralNetBinaryClassifier
    nets = {
        # Holds a fifth out, scores it, prints a line; no shuffling.
        "skorch, as it comes": (binary(Perceptron, **common), X, target),
        # What ours does: all rows, shuffled, fused Adam, the focal loss, silent.
        "skorch, same training": (
            skorch.NeuralNet(Perceptron, lambda: focal_loss, **common, **same),
            X,
            target,
        ),
        "skorch, same training, torch Dataset": (
            skorch.NeuralNet(Perceptron, lambda: focal_loss, **common, **same),
            Rows(X, target),
            None,
        ),
    }

    def epoch_of(net: Any, X: Any, y: Any) -> Callable[[], None]:
        net.initialize()

        def epoch() -> None:
            with contextlib.redirect_stdout(io.StringIO()):
                net.partial_fit(X, y)

        return epoch

    return {name: epoch_of(*parts) for name, parts in nets.items()}


def deliveries(X: np.ndarray, y: np.ndarray, batch_size: int) -> dict[str, Callable[[], None]]:
    """Return an epoch in which batches are made and nothing is done with them."""
    ours = RowBatches(
        X,
        y,
        None,
        scaling=fit_scaling(X, None, standardize=True, centre=True),
        thin=False,
        batch_size=batch_size,
        generator=torch.Generator().manual_seed(0),
        device=torch.device("cpu"),
    )
    dataset = Dataset(X, y.astype(np.float32))
    theirs = DataLoader(dataset, batch_size=batch_size, shuffle=True)

    def consume(batches: Any) -> Callable[[], None]:
        def epoch() -> None:
            for _ in batches:
                pass

        return epoch

    return {f"{OURS}, batches alone": consume(ours), "skorch, batches alone": consume(theirs)}


def seconds_of(functions: dict[str, Callable[[], None]], repeats: int, clock: Clock) -> dict:
    """Return the time of the fastest run of each, all taking turns."""
    best = dict.fromkeys(functions, np.inf)
    for _ in range(repeats):
        for name, function in functions.items():
            started = clock()
            function()
            best[name] = min(best[name], clock() - started)
    return best


def time_epochs(batch_size: int, repeats: int, clock: Clock) -> dict[str, float]:
    """Return the seconds of an epoch of each contender."""
    X, y = make_table()
    short, long = (our_model(batch_size, epochs) for epochs in (1, 1 + MORE_EPOCHS))
    fit_once = f"{OURS}, a fit of one epoch"
    times = seconds_of(
        {
            BARE: bare_epoch(X, y, batch_size),
            OURS: lambda: long.fit(X, y),
            fit_once: lambda: short.fit(X, y),
        },
        repeats,
        clock,
    )
    # What a fit does once, checks of the table and scaling, drops out.
    times[OURS] = (times[OURS] - times[fit_once]) / MORE_EPOCHS
    # Their ratio to ours is far from 1, so that a few runs will do.
    others = skorch_epochs(X, y, batch_size) | deliveries(X, y, batch_size)
    return times | seconds_of(others, max(1, repeats // 3), clock)


def memory_of_fit() -> float:
    """Return the MiB that a fit takes at its peak, beyond the float32 copy that it makes."""
    X, y = make_table(1000)
    our_model(128, 1).fit(X, y)  # loads what is loaded once
    X, y = make_table(MEMORY_ROWS)
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    before = resident_memory("VmRSS")
    our_model(128, 1).fit(X, y)
    return (resident_memory("VmHWM") - before) / 2**10 - X.nbytes / 2**20


def measure_memory() -> float:
    """Return the peak of a fit in a process of its own.

    The peak is the system's: NumPy and torch allocate by different means, and no tracer sees both.
    """
    # Whatever is freed goes back to the system at once, so that nothing hides in the heap.
    environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536"}
    command = [sys.executable, __file__, "--memory"]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    return float(done.stdout)


def measure(repeats: int) -> list[dict[str, Any]]:
    """Return the rows of the table."""
    rows: list[dict[str, Any]] = []
    clocks = [(1, time.process_time, "CPU s")]
    if torch.get_num_threads() > 1:  # OMP_NUM_THREADS=1 leaves them out
        clocks.append((torch.get_num_threads(), time.perf_counter, "s"))
    for threads, clock, unit in clocks:
        torch.set_num_threads(threads)
        for batch_size in (128, 1024):
            # Threads that wait for a core that others have take long: fewer runs.
            times = time_epochs(batch_size, repeats if threads == 1 else repeats // 3, clock)
            for case, value in times.items():
                rows.append(
                    {
                        "case": case,
                        "batch_size": batch_size,
                        "threads": threads,
                        "value": f"{value:.4f}",
                        "unit": unit,
                        "over_bare": f"{value / times[BARE]:.2f}",
                        "over_ours": f"{value / times[OURS]:.2f}",
                    }
                )
                print(rows[-1], flush=True)
    memory = {"case": f"{OURS}, {MEMORY_ROWS:,} rows, beyond float32 rows", "batch_size": 128}
    rows.append(memory | {"threads": 1, "value": f"{measure_memory():.1f}", "unit": "MiB"})
    return rows


def write(rows: list[dict[str, Any]], out: Path) -> None:
    with (out / "mlp.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    lines = [
        "# An epoch of FocalMLPClassifier against a bare torch loop and plain skorch nets",
        "",
        f"The plain perceptron, {N_FEATURES} features to {HIDDEN} and one score, Adam, "
        f"{N_ROWS:,} rows of float32. The fastest epoch of several, in turns; CPU seconds on one "
        "thread, elapsed seconds on torch's own choice of threads. `batches alone` makes the "
        "batches of an epoch and does nothing with them. Memory is the peak of a fit of one "
        f"epoch of {MEMORY_ROWS:,} rows, beyond X itself and its standardized float32 copy.",
        "",
        f"{OURS} trains a network as small as this on one thread, whatever torch is set to. With "
        "more threads every operation of the other loops waits for all of them, which takes long "
        "where other processes have the cores: the rows of more than one thread are about that.",
        "",
        f"{os.cpu_count()} shared CPU cores, skfocal {__version__}, torch {torch.__version__}, "
        f"skorch {skorch.__version__}, Python {platform.python_version()}, "
        f"{datetime.date.today().isoformat()}.",
        "",
        "| " + " | ".join(FIELDS) + " |",
        "|" + " --- |" * len(FIELDS),
        *("| " + " | ".join(str(row.get(field, "")) for field in FIELDS) + " |" for row in rows),
    ]
    (out / "mlp.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines[8:]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=6)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--memory", action="store_true", help="print the memory of a fit")
    arguments = parser.parse_args()
    if arguments.memory:
        torch.set_num_threads(1)
        print(memory_of_fit())
        return
    arguments.out.mkdir(parents=True, exist_ok=True)
    write(measure(arguments.repeats), arguments.out)


if __name__ == "__main__":
    main()
