"""Measure what the average of a network and boosted trees is worth, of which kind it is best.

``python benchmarks/ensemble.py run`` fits both, untouched, on every fold, and adds lines to
``benchmarks/results/ensemble_folds.csv``; it can be stopped and goes on where it was.
``... table`` makes ``benchmarks/results/ensemble.md`` of it. LightGBM and CatBoost are read from
``boosting_folds.csv``: the folds, their columns and the seeds are the same.
"""

import csv
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import wilcoxon
from sklearn.ensemble import VotingClassifier
from sklearn.metrics import average_precision_score, log_loss
from threadpoolctl import threadpool_limits

from choose_defaults import (
    LEFT_OUT,
    METRICS,
    describe,
    family_means,
    folds_of,
    prepare,
)
from skfocal import FocalBoostingClassifier, FocalMLPClassifier
from skfocal.benchmark.datasets import dataset_info, list_datasets, load_dataset

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
FOLDS = RESULTS / "ensemble_folds.csv"
PEERS = ("LightGBM", "CatBoost")
NETWORK, TREES, VOTING, LOG_ODDS = (
    "FocalMLPClassifier",
    "FocalBoostingClassifier",
    "VotingClassifier",
    "mean of log-odds",
)
PAIRS = (
    (VOTING, LOG_ODDS),
    (VOTING, NETWORK),
    (VOTING, TREES),
    *((VOTING, peer) for peer in PEERS),
)


def run():
    """Fit what is not in the file of folds yet, small tables first."""
    if not FOLDS.exists():
        columns = ["dataset", "family", "method", "repeat", "fold", *METRICS, "seconds"]
        FOLDS.write_text(",".join(columns) + "\n")
    done = set(zip(*(pd.read_csv(FOLDS)[c] for c in ("dataset", "fold")), strict=True))
    for name in sorted(list_datasets("core"), key=lambda name: dataset_info(name).n_rows):
        if name in LEFT_OUT:
            continue
        table = load_dataset(name)
        y = np.asarray(table.y, dtype=int)
        for fold, (train, test) in folds_of(y, 0):
            if (name, fold) not in done:
                X = prepare(table).fit(table.X.iloc[train]).transform(table.X)
                write(table, fold, y[test], fit(X[train], y[train], X[test], fold))


def fit(X, y, X_test, seed):
    """Return the probabilities of each method, and its seconds."""
    members = [
        (NETWORK, FocalMLPClassifier(random_state=seed, device="cpu")),
        (TREES, FocalBoostingClassifier(random_state=seed, n_jobs=1)),
    ]
    seconds = []
    for _, model in members:
        # Processor time: the machine may be shared.
        started = time.process_time()
        model.fit(X, y)
        seconds.append(time.process_time() - started)
    voting = VotingClassifier(members, voting="soft")
    # What its fit would do again.
    voting.estimators_, voting.classes_ = [model for _, model in members], np.unique(y)
    parts = [model.predict_proba(X_test)[:, 1] for _, model in members]
    return {
        NETWORK: (parts[0], seconds[0]),
        TREES: (parts[1], seconds[1]),
        VOTING: (voting.predict_proba(X_test)[:, 1], sum(seconds)),
        LOG_ODDS: (expit(np.mean([logit(part) for part in parts], axis=0)), sum(seconds)),
    }


def write(table, fold, y, methods):
    """Add the lines of one fold."""
    with FOLDS.open("a", newline="") as file:
        for method, (risk, seconds) in methods.items():
            figures = average_precision_score(y, risk), log_loss(y, risk, labels=[0, 1]), seconds
            row = [table.name, table.family, method, 0, fold, *(f"{v:.6g}" for v in figures)]
            csv.writer(file).writerow(row)


def read():
    """Return the folds of the data sets on which everything has been fitted."""
    peers = pd.read_csv(RESULTS / "boosting_folds.csv")
    frame = pd.concat([pd.read_csv(FOLDS), peers[peers["method"].isin(PEERS)]])
    n_methods = frame["method"].nunique()
    return frame.groupby("dataset").filter(lambda part: len(part) == 3 * n_methods)


def compare(means, one, other):
    """Return the mean gains of one method over another, with the signed-rank test."""
    parts = []
    for metric, greater in METRICS.items():
        scores = means[metric].unstack()
        gain = (scores[one] - scores[other]) * (1 if greater else -1)
        parts.append(
            f"{gain.mean():+.4f} in {metric.replace('_', ' ')}, better on {(gain > 0).sum()} of "
            f"{len(gain)} families (Wilcoxon p = {wilcoxon(gain).pvalue:.2g})"
        )
    return f"{one} over {other}: {'; '.join(parts)}."


def write_table():
    """Write the table as Markdown."""
    frame = read()
    means = family_means(frame)
    text = TEXT.format(
        n_sets=frame["dataset"].nunique(),
        n_families=frame["family"].nunique(),
        sets=", ".join(frame["dataset"].unique()),
        table=describe(means).round(4).to_markdown(),
        comparisons="\n".join(f"* {compare(means, *pair)}" for pair in PAIRS),
    )
    (RESULTS / "ensemble.md").write_text(text, encoding="utf-8")


TEXT = """\
# A network and boosted trees, averaged

`VotingClassifier([("network", FocalMLPClassifier()), ("trees", FocalBoostingClassifier())],
voting="soft")` averages probabilities; the other way averages their log-odds. Nothing is tuned.
{n_sets} data sets of the `core` suite in {n_families} families, three stratified folds each:
{sets}.
Means are over the families, ranks (1 is best) among the rows of the table. All read the same
one-hot encoded columns. Seconds are processor time of one thread for a fit, the least of three
folds. Command: `python benchmarks/ensemble.py run`, then `... table`.

{table}

Gains are positive where the first is better:

{comparisons}
"""

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if sys.argv[1:] == ["table"]:
        write_table()
    elif sys.argv[1:] == ["run"]:
        with threadpool_limits(1):
            run()
    else:
        sys.exit(__doc__)
