"""Measure whether the risks of networks are right on average, on fresh rows.

``python benchmarks/bench_mean_risk.py`` writes ``benchmarks/results/mean_risk.csv`` and
``mean_risk.md``: the mean risk of fresh rows divided by their event rate, their log loss and
average precision, with the constant of ``calibrate_intercept`` and without, by event rate and
gamma; and the same where a network overfits.
"""

import argparse
import csv
import datetime
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
import torch
from scipy.special import expit, softmax
from sklearn.metrics import average_precision_score, log_loss

from skfocal import FocalMLPClassifier, MultiLabelFocalClassifier, __version__

GAMMAS = [0.0, 1.0, 2.0, 5.0]
# Events and rows to train on: rates of 1e-2, 1e-3 and 1e-4.
SIZES = [(400, 40_000), (40, 40_000), (20, 200_000)]
FIELDS = ["data", "settings", "gamma", "calibrated", "ratio", "log_loss", "average_precision"]


def draw_normal(rng: np.random.Generator, n_events: int, n_rows: int) -> tuple[Any, Any]:
    """Return two normal clouds of four features, the events at a distance of 1 in each."""
    X = rng.normal(size=(n_rows, 4))
    X[:n_events] += 1
    return X, np.arange(n_rows) < n_events


def draw_curved(rng: np.random.Generator, n_events: int, n_rows: int) -> tuple[Any, Any]:
    """Return twenty features, two of which make a ring where events are, partly."""
    X = rng.normal(size=(n_rows, 20))
    angle = rng.uniform(0, 2 * np.pi, n_events)
    X[:n_events, :2] = 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    X[:n_events, :2] += 0.5 * rng.normal(size=(n_events, 2))
    return X, np.arange(n_rows) < n_events


def draw_classes(rng: np.random.Generator, n_rows: int = 40_000) -> tuple[Any, Any]:
    """Return four classes with frequencies of 0.95, 0.04, 0.009 and 0.001."""
    counts = np.array([0.95, 0.04, 0.009, 0.001]) * n_rows
    codes = np.repeat(np.arange(4), counts.round().astype(int))
    return rng.normal(size=(n_rows, 6)) + np.eye(4, 6)[codes] * 1.5, codes


def draw_labels(rng: np.random.Generator, n_rows: int = 40_000) -> tuple[Any, Any]:
    """Return three labels with rates of 0.08, 0.01 and 0.001."""
    X = rng.normal(size=(n_rows, 6))
    noisy = X[:, :3] + rng.normal(size=(n_rows, 3))
    cuts = [np.quantile(noisy[:, j], 1 - rate) for j, rate in enumerate([0.08, 0.01, 0.001])]
    return X, (noisy > cuts).astype(int)


def draw_noisy(rng: np.random.Generator, n_rows: int) -> tuple[Any, Any]:
    """Return twenty features, three of which tell a little of a rate of 5 %."""
    y = rng.random(n_rows) < 0.05
    X = rng.normal(size=(n_rows, 20))
    X[y, :3] += 0.5
    return X, y


def figures(probability: np.ndarray, indicator: np.ndarray, weight: Any) -> dict[str, float]:
    """Return ratio, log loss and average precision, the mean over the columns."""
    rates = np.average(indicator, axis=0, weights=weight)
    means = np.average(probability, axis=0, weights=weight)
    columns = list(zip(indicator.T, probability.T, strict=True))
    return {
        # The ratio of the worst column: errors of several classes would cancel in a mean.
        "ratio": max(means / rates, key=lambda ratio: abs(np.log(ratio))),
        "log_loss": np.mean([log_loss(y, p, sample_weight=weight) for y, p in columns]),
        "average_precision": np.mean(
            [average_precision_score(y, p, sample_weight=weight) for y, p in columns]
        ),
    }


def compare(model: Any, X: Any, y: Any, weight: Any = None) -> Iterator[dict[str, Any]]:
    """Yield the figures of a fitted model with its constant, and without it."""
    log_odds = model.decision_function(X)
    for calibrated in (True, False):
        moved = log_odds if calibrated else log_odds - model.intercept_
        if log_odds.ndim == 1:
            probability, indicator = expit(moved)[:, None], y[:, None]
        elif y.ndim == 1:
            probability, indicator = softmax(moved, axis=1), y[:, None] == np.arange(moved.shape[1])
        else:
            probability, indicator = expit(moved), y
        found = figures(probability, indicator.astype(int), weight)
        yield {"gamma": model.gamma, "calibrated": calibrated, **found}


def rare_events(seed: int) -> Iterator[dict[str, Any]]:
    """Yield rows of the table for events of decreasing rate."""
    for draw in (draw_normal, draw_curved):
        for n_events, n_rows in SIZES:
            for gamma in GAMMAS:
                rng = np.random.default_rng(seed)
                X, y = draw(rng, n_events, n_rows)
                model = FocalMLPClassifier(gamma, random_state=seed).fit(X, y)
                # Ten times the events, which count for a tenth each.
                X, y = draw(rng, 10 * n_events, n_rows)
                weight = np.where(y, 0.1 * (n_rows - 10 * n_events) / (n_rows - n_events), 1.0)
                name = f"{draw.__name__[5:]}, {n_events} events in {n_rows:,} rows"
                for row in compare(model, X, y, weight):
                    yield {"data": name, "settings": "defaults", **row}


def several_scores(seed: int) -> Iterator[dict[str, Any]]:
    """Yield rows of the table for classes and labels."""
    for draw, Model in (
        (draw_classes, FocalMLPClassifier),
        (draw_labels, MultiLabelFocalClassifier),
    ):
        for gamma in GAMMAS:
            rng = np.random.default_rng(seed)
            model = Model(gamma, random_state=seed).fit(*draw(rng))
            for row in compare(model, *draw(rng, 100_000)):
                yield {"data": draw.__name__[5:], "settings": "defaults", **row}


def overfitting(seed: int) -> Iterator[dict[str, Any]]:
    """Yield rows of the table for small noisy tables and too many epochs."""
    long = {"max_epochs": 100}
    for name, settings in {
        "defaults": {},
        "100 epochs": long,
        "100 epochs, early_stopping": {**long, "early_stopping": True},
    }.items():
        for gamma in GAMMAS:
            rng = np.random.default_rng(seed)
            model = FocalMLPClassifier(gamma, random_state=seed, **settings)
            model.fit(*draw_noisy(rng, 1000))
            for row in compare(model, *draw_noisy(rng, 50_000)):
                yield {"data": "noisy, about 50 events in 1,000 rows", "settings": name, **row}


def mean_over_seeds(runs: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the rows with the mean of their figures."""
    rows = []
    for same in zip(*runs, strict=True):
        means = {name: np.mean([row[name] for row in same]) for name in FIELDS[4:]}
        rows.append(same[0] | {name: f"{value:.5g}" for name, value in means.items()})
    return rows


def write(rows: list[dict[str, Any]], n_seeds: int, out: Path) -> None:
    """Write the table as CSV, and as Markdown with both variants in one row."""
    with (out / "mean_risk.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    lines = [
        "# Mean risk of fresh rows divided by their event rate",
        "",
        f"Mean of {n_seeds} seeds; log loss and average precision are those of fresh rows. With "
        "`calibrate_intercept=False` (without) and `True` (with). Of several classes or labels "
        "the ratio is that of the worst one, log loss and average precision are means over them; "
        "the rarest ones have 40 events in 40,000 rows.",
        "",
        f"skfocal {__version__}, scikit-learn {sklearn.__version__}, torch {torch.__version__}, "
        f"Python {platform.python_version()}, {datetime.date.today()}.",
        "",
        "| data | settings | gamma | ratio without | with | log loss without | with | average "
        "precision without | with |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for new, old in zip(rows[::2], rows[1::2], strict=True):
        pairs = " | ".join(
            f"{float(old[name]):.{digits}f} | {float(new[name]):.{digits}f}"
            for name, digits in (("ratio", 2), ("log_loss", 5), ("average_precision", 3))
        )
        lines.append(f"| {new['data']} | {new['settings']} | {new['gamma']:g} | {pairs} |")
    (out / "mean_risk.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    runs = []
    for seed in range(options.seeds):
        runs.append([*rare_events(seed), *several_scores(seed), *overfitting(seed)])
        print(f"seed {seed} done", flush=True)
        write(mean_over_seeds(runs), len(runs), options.out)


if __name__ == "__main__":
    main()
