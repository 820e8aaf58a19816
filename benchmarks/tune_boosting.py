"""Compare boosters on the ``core`` suite that are tuned with equal budgets.

``python benchmarks/tune_boosting.py run`` chooses, on the inner folds of every fold, between the
defaults of a booster and some settings drawn at random from its space. It adds a line for each
booster to ``benchmarks/results/boosting_tuned_folds.csv``; it can be stopped and goes on where it
was.
``... table`` makes ``benchmarks/results/boosting_tuned.md`` of it.
"""

import csv
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import loguniform
from sklearn.model_selection import GridSearchCV, ParameterSampler, StratifiedKFold
from threadpoolctl import threadpool_limits

from choose_boosting_defaults import compare, make_peer
from choose_defaults import LEFT_OUT, METRICS, describe, family_means, folds_of, judge, prepare
from skfocal.benchmark.datasets import dataset_info, list_datasets, load_dataset
from skfocal.ensemble import FocalBoostingClassifier

RESULTS = Path(__file__).resolve().parent / "results"
FOLDS = RESULTS / "boosting_tuned_folds.csv"
N_DRAWN, N_INNER = 4, 3

TREES = {
    "n_estimators": [100, 200, 400],
    "learning_rate": loguniform(0.01, 0.1),
    "max_leaf_nodes": [8, 16, 31, 63],
    "min_samples_leaf": [2, 5, 10, 20],
    "max_features": [0.1, 0.2, 0.4, 0.7],
    "l2_regularization": loguniform(1, 30),
}
SPACES = {
    "FocalBoostingClassifier": TREES | {"gamma": [0.0, 0.5, 1.0, 2.0, 3.0, 5.0]},
    "FocalBoostingClassifier, gamma 0": TREES,
    "LightGBM": {
        "n_estimators": [100, 200, 400],
        "learning_rate": loguniform(0.01, 0.1),
        "num_leaves": [7, 15, 31, 63],
        "min_child_samples": [5, 10, 20, 40],
        "colsample_bytree": [0.2, 0.5, 1.0],
        "subsample": [0.5, 1.0],
        "subsample_freq": [1],
        "reg_lambda": loguniform(0.1, 30),
    },
    "XGBoost": {
        "n_estimators": [100, 200, 400],
        "learning_rate": loguniform(0.01, 0.1),
        "max_depth": [3, 4, 6, 8],
        "min_child_weight": [0.1, 1, 5],
        "colsample_bytree": [0.2, 0.5, 1.0],
        "subsample": [0.5, 1.0],
        "reg_lambda": loguniform(0.1, 30),
    },
    "CatBoost": {
        "learning_rate": loguniform(0.01, 0.1),
        "depth": [3, 4, 6, 8],
        "l2_leaf_reg": loguniform(1, 30),
        "random_strength": [0.5, 1, 2],
        "rsm": [0.2, 0.5, 1.0],
    },
}
NAMES = tuple(SPACES)


def make_search(name, seed):
    """Return the search of a booster: its defaults, and settings drawn from its space."""
    if name.startswith("Focal"):
        gamma = 0.0 if name.endswith("gamma 0") else 1.0
        model = FocalBoostingClassifier(gamma, n_jobs=1, random_state=seed)
    else:
        model = make_peer(name, seed)
    drawn = ParameterSampler(SPACES[name], N_DRAWN, random_state=seed)
    grid = [{}, *({key: [value] for key, value in setting.items()} for setting in drawn)]
    inner = StratifiedKFold(N_INNER, shuffle=True, random_state=seed)
    return GridSearchCV(model, grid, scoring="neg_log_loss", cv=inner)


def run():
    """Tune what is not in the file of folds yet, small tables first."""
    if not FOLDS.exists():
        columns = ["dataset", "family", "method", "repeat", "fold", *METRICS, "seconds"]
        FOLDS.write_text(",".join(columns) + "\n")
    frame = pd.read_csv(FOLDS)
    done = set(frame[["dataset", "method", "fold"]].itertuples(index=False, name=None))
    for dataset in sorted(list_datasets("core"), key=lambda name: dataset_info(name).n_rows):
        if dataset in LEFT_OUT:
            continue
        table = load_dataset(dataset)
        y = np.asarray(table.y, dtype=int)
        for fold, (train, test) in folds_of(y, 0):
            X = prepare(table).fit(table.X.iloc[train]).transform(table.X)
            for name in NAMES:
                if (dataset, name, fold) in done:
                    continue
                # Processor time: the machine may be shared.
                started = time.process_time()
                figures = judge(make_search(name, fold), X, y, train, test)
                figures = (*figures[:-1], time.process_time() - started)
                with FOLDS.open("a", newline="") as file:
                    row = [dataset, table.family, name, 0, fold, *(f"{v:.6g}" for v in figures)]
                    csv.writer(file).writerow(row)


def write_table():
    """Write the table as Markdown."""
    frame = pd.read_csv(FOLDS)
    frame = frame.groupby("dataset").filter(lambda part: len(part) == 3 * len(NAMES))
    text = TEXT.format(
        n_sets=frame["dataset"].nunique(),
        n_families=frame["family"].nunique(),
        largest=frame["dataset"].iloc[-1],
        n_settings=1 + N_DRAWN,
        n_inner=N_INNER,
        n_drawn=N_DRAWN,
        table=describe(family_means(frame)).round(4).to_markdown(),
        comparisons="\n".join(f"* {compare(frame, NAMES[0], other)}" for other in NAMES[1:]),
        spaces="\n".join(f"* {name}: {describe_space(space)}" for name, space in SPACES.items()),
    )
    (RESULTS / "boosting_tuned.md").write_text(text, encoding="utf-8")


def describe_space(space):
    """Return a space in words: log-uniform ranges as pairs, choices as lists."""
    parts = (
        f"{key} {value.args[0]} to {value.args[1]}"
        if hasattr(value, "args")
        else f"{key} in {value}"
        for key, value in space.items()
    )
    return ", ".join(parts)


TEXT = """\
# Boosters, tuned with equal budgets

{n_sets} data sets of the `core` suite in {n_families} families (all up to `{largest}`), three
stratified folds each. On the training rows of each, a booster chooses by log loss between
{n_settings} settings, on {n_inner} inner folds: its defaults, and {n_drawn} drawn at random.
Means are over the families, ranks (1 is best) among the rows. Seconds are processor time of one
thread of a shared machine, for the whole search.
Command: `python benchmarks/tune_boosting.py run`, then `... table`.

{table}

{comparisons}

Ranges are log-uniform:

{spaces}
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
