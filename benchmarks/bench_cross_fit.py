"""What ``cross_fit`` of FocalMLPClassifier is worth, and whether it should be the default.

``python benchmarks/bench_cross_fit.py run`` fits the shipped settings with and without it on every
fold of the ``core`` suite that ``choose_defaults.py`` reads, smallest sets first, and adds a line
for each to ``benchmarks/results/cross_fit_folds.csv``; it can be stopped and goes on where it was.
``python benchmarks/bench_cross_fit.py table`` makes ``benchmarks/results/cross_fit.md`` of it.

The threshold of the F1 score is tuned on what one fit has to offer: out-of-fold scores with
``cross_fit``, scores of the training rows themselves without.
"""

import csv
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon
from sklearn.metrics import average_precision_score, f1_score, log_loss, precision_recall_curve
from threadpoolctl import threadpool_limits

from choose_defaults import LEFT_OUT, folds_of, make_network, prepare
from skfocal.benchmark.datasets import dataset_info, list_datasets, load_dataset

RESULTS = Path(__file__).resolve().parent / "results"
FOLDS = RESULTS / "cross_fit_folds.csv"
COLUMNS = ["dataset", "family", "cross_fit", "fold", "average_precision", "log_loss", "f1"]
METRICS = {"average_precision": 1, "log_loss": -1, "f1": 1}  # the sign of a gain


def best_threshold(y, scores):
    """Return the score above which rows are called positive with the best F1 score."""
    precision, recall, thresholds = precision_recall_curve(y, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
    return thresholds[np.argmax(f1[:-1])]


def judge(model, X, y, train, test):
    """Return the metrics and the seconds of one fit."""
    started = time.perf_counter()
    model.fit(X[train], y[train])
    seconds = time.perf_counter() - started
    own = model.oof_decision_function_ if model.cross_fit else model.decision_function(X[train])
    called = model.decision_function(X[test]) >= best_threshold(y[train], own)
    probability = model.predict_proba(X[test])[:, 1]
    return (
        average_precision_score(y[test], probability),
        log_loss(y[test], probability, labels=[0, 1]),
        f1_score(y[test], called, zero_division=0.0),
        seconds,
    )


def run():
    """Fit everything that is not in the file of folds yet."""
    if not FOLDS.exists():
        FOLDS.write_text(",".join([*COLUMNS, "seconds"]) + "\n", encoding="utf-8")
    done = pd.read_csv(FOLDS)[["dataset", "cross_fit", "fold"]]
    done = set(done.itertuples(index=False, name=None))
    for name in sorted(list_datasets("core"), key=lambda name: dataset_info(name).n_rows):
        if name not in LEFT_OUT:
            run_dataset(load_dataset(name), done)


def run_dataset(table, done):
    """Fit both on the folds of one data set."""
    y = np.asarray(table.y, dtype=int)
    for fold, (train, test) in folds_of(y, repeat=0):
        missing = [on for on in (False, True) if (table.name, on, fold) not in done]
        if not missing:
            continue
        X = prepare(table).fit(table.X.iloc[train]).transform(table.X)
        for on in missing:
            figures = judge(make_network({"cross_fit": on}, len(train), fold), X, y, train, test)
            with FOLDS.open("a", newline="", encoding="utf-8") as file:
                row = [table.name, table.family, on, fold, *(f"{v:.6g}" for v in figures)]
                csv.writer(file).writerow(row)


def compare(frame):
    """Return means over families, gains and their p-values, of sets with all folds."""
    values = [*METRICS, "seconds"]
    sets = frame.groupby(["family", "dataset", "cross_fit"])[values].mean()
    families = sets.groupby(["family", "cross_fit"]).mean().unstack()
    rows = {}
    for name, sign in METRICS.items():
        off, on = families[name][False], families[name][True]
        gain = sign * (on - off)
        rows[name] = {
            "off": off.mean(),
            "on": on.mean(),
            "families that gain": f"{(gain > 0).sum()} of {len(gain)}",
            "most gained": gain.max(),
            "most lost": -gain.min(),
            "p of Wilcoxon's test": wilcoxon(gain).pvalue,
        }
    ratio = families["seconds"][True] / families["seconds"][False]
    return pd.DataFrame(rows).T, ratio


def judge_default(table):
    """Return in words whether both average precision and log loss gain clearly."""
    both = table.loc[["average_precision", "log_loss"]]
    gain = (both["on"] - both["off"]) * [METRICS[name] for name in both.index]
    if (gain > 0).all() and (both["p of Wilcoxon's test"] < 0.05).all():
        return (
            "Both average precision and log loss gain (p below 0.05, for each by itself). It is "
            "off by\ndefault still: this is one repeat of the folds."
        )
    return (
        "Not both of average precision and log loss gain clearly (p below 0.05), so `cross_fit` is "
        "off\nby default: it is for those who need out-of-fold scores or a tuned threshold."
    )


def write_table():
    """Write the table as Markdown, of the sets on which all six fits are done."""
    frame = pd.read_csv(FOLDS)
    frame = frame[frame.groupby("dataset")["fold"].transform("size") == 6]
    table, ratio = compare(frame)
    verdict = judge_default(table)
    for column in ("off", "on", "most gained", "most lost", "p of Wilcoxon's test"):
        table[column] = [f"{value:.4f}" for value in table[column]]
    text = TEXT.format(
        n_sets=frame["dataset"].nunique(),
        n_families=frame["family"].nunique(),
        table=table.to_markdown(disable_numparse=True),
        median=ratio.median(),
        most=ratio.max(),
        verdict=verdict,
    )
    (RESULTS / "cross_fit.md").write_text(text, encoding="utf-8")


TEXT = """\
# What cross-fitting is worth

`FocalMLPClassifier` with its shipped settings, with and without `cross_fit=True`, on {n_sets}
sets of the `core` suite (all but hiva) in {n_families} families, three stratified folds each.
Means, gains and losses are over families. Command: `python benchmarks/bench_cross_fit.py run`, then
`... table`.

{table}

A fit with cross-fitting takes {median:.2f} times as long (median over families; {most:.2f} at
most), on one thread of a shared machine.

The F1 score is that of the best threshold that one fit can find for itself: on out-of-fold scores
with cross-fitting, on the scores of the rows it has learnt without.

{verdict}
"""


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of a metric without positives
    if sys.argv[1:] == ["table"]:
        write_table()
    elif sys.argv[1:] == ["run"]:
        with threadpool_limits(1):
            run()
    else:
        sys.exit(__doc__)
