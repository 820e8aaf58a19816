"""Choose the defaults of FocalBoostingClassifier on the ``core`` suite, among their peers.

``python benchmarks/choose_boosting_defaults.py run`` fits every candidate and peer on every fold,
and adds a line for each to ``benchmarks/results/boosting_folds.csv``; it can be stopped and goes on
where it was. ``... table`` makes ``benchmarks/results/boosting.md`` of it.

Nested over families of data sets, as in ``choose_defaults.py``: what is printed as "chosen" for a
family is what the other families choose.
"""

import csv
import sys
import time
import warnings
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from choose_defaults import (
    LEFT_OUT,
    METRICS,
    NESTED,
    choose_for_each_family,
    describe,
    family_means,
    folds_of,
    judge,
    prepare,
)
from skfocal.benchmark.datasets import dataset_info, list_datasets, load_dataset
from skfocal.ensemble import FocalBoostingClassifier
from skfocal.ensemble._objective import ScoreObjective

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
FOLDS = RESULTS / "boosting_folds.csv"

BASE = {
    "gamma": 1.0,
    "n_estimators": 200,
    "learning_rate": 0.05,
    "max_leaf_nodes": 16,
    "max_features": 0.3,
    "min_samples_leaf": 10,
    "l2_regularization": 10.0,
    "subsample": 0.5,
}
CANDIDATES = {
    "base": {},
    "gamma 2": {"gamma": 2.0},
    "100 trees, rate 0.1": {"n_estimators": 100, "learning_rate": 0.1},
    "150 trees, features 0.2, L2 5": {
        "n_estimators": 150,
        "max_features": 0.2,
        "l2_regularization": 5.0,
    },
    "300 trees, rate 0.03, features 0.2, leaf 5": {
        "n_estimators": 300,
        "learning_rate": 0.03,
        "max_features": 0.2,
        "min_samples_leaf": 5,
    },
    "31 leaves, features 0.2, leaf 5": {
        "max_leaf_nodes": 31,
        "max_features": 0.2,
        "min_samples_leaf": 5,
    },
    "8 leaves": {"max_leaf_nodes": 8},
    "leaf 20": {"min_samples_leaf": 20},
}
SHIPPED = "31 leaves, features 0.2, leaf 5"
# Shown, but not to be chosen.
REFERENCES = {
    "gamma 0": {"gamma": 0.0},
    "gamma 5": {"gamma": 5.0},
    "no intercept": {"calibrate_intercept": False},
    "all rows in each tree, no intercept": {"subsample": 1.0, "calibrate_intercept": False},
    "gamma 1 in the score": {"gamma": 1.0},
    "gamma 2 in the score": {"gamma": 2.0},
    "gamma 5 in the score": {"gamma": 5.0},
    "trees as scikit-learn's": {
        "n_estimators": 100,
        "learning_rate": 0.1,
        "max_leaf_nodes": 31,
        "max_features": 1.0,
        "min_samples_leaf": 20,
        "l2_regularization": 0.0,
        "subsample": 1.0,
        "calibrate_intercept": False,
    },
}
BOOSTERS = CANDIDATES | REFERENCES
PEERS = ("LightGBM", "CatBoost", "XGBoost", "HistGradientBoosting")
ALL = [*BOOSTERS, *PEERS]


@contextmanager
def boosted_in_the_score(wanted):
    """Let trees add up the score of the loss, as focal boosters elsewhere do."""
    if not wanted:
        yield
        return
    with patch("skfocal.ensemble._focal_boosting.make_objective", ScoreObjective):
        yield


def make_peer(name, seed):
    """Return a peer with its library's defaults."""
    from catboost import CatBoostClassifier
    from lightgbm import LGBMClassifier
    from xgboost import XGBClassifier

    return {
        "LightGBM": lambda: LGBMClassifier(n_jobs=1, verbose=-1, random_state=seed),
        "CatBoost": lambda: CatBoostClassifier(
            thread_count=1, verbose=False, allow_writing_files=False, random_seed=seed
        ),
        "XGBoost": lambda: XGBClassifier(n_jobs=1, random_state=seed),
        "HistGradientBoosting": lambda: HistGradientBoostingClassifier(random_state=seed),
    }[name]()


def run():
    """Fit everything that is not in the file of folds yet, small tables first."""
    columns = ["dataset", "family", "method", "repeat", "fold", *METRICS, "seconds"]
    if not FOLDS.exists():
        FOLDS.write_text(",".join(columns) + "\n")
    frame = pd.read_csv(FOLDS, keep_default_na=False)
    done = set(frame[["dataset", "method", "fold"]].itertuples(index=False, name=None))
    for dataset in sorted(list_datasets("core"), key=lambda name: dataset_info(name).n_rows):
        if dataset not in LEFT_OUT:
            run_dataset(load_dataset(dataset), done)


def run_dataset(table, done):
    """Fit everything on the folds of one data set."""
    y = np.asarray(table.y, dtype=int)
    for fold, (train, test) in folds_of(y, 0):
        missing = [name for name in ALL if (table.name, name, fold) not in done]
        if not missing:
            continue
        X = prepare(table).fit(table.X.iloc[train]).transform(table.X)
        for name in missing:
            if name in BOOSTERS:
                model = FocalBoostingClassifier(
                    n_jobs=1, random_state=fold, **BASE | BOOSTERS[name]
                )
            else:
                model = make_peer(name, fold)
            started = time.process_time()
            with boosted_in_the_score("in the score" in name):
                figures = judge(model, X, y, train, test)
            # Processor time: the machine may be shared.
            figures = (*figures[:-1], time.process_time() - started)
            with FOLDS.open("a", newline="") as file:
                row = [table.name, table.family, name, 0, fold, *(f"{v:.6g}" for v in figures)]
                csv.writer(file).writerow(row)


def complete(frame):
    """Return the folds of the data sets on which everything has been fitted."""
    fitted = frame.groupby("dataset").size()
    return frame[frame["dataset"].isin(fitted[fitted == 3 * len(ALL)].index)]


def make_tables(frame):
    """Return the table of all boosters, that of the chosen among its peers, and the choices."""
    means = family_means(frame)
    candidates = means[means.index.isin(CANDIDATES, level="method")]
    chosen = choose_for_each_family(candidates)
    picked = pd.concat({key: candidates.loc[key] for key in chosen.items()}, axis=1).T
    picked.index = pd.MultiIndex.from_tuples(
        [(family, NESTED) for family in chosen], names=means.index.names
    )
    others = means[means.index.isin([*PEERS, SHIPPED, "gamma 0"], level="method")]
    boosters = means[means.index.isin(BOOSTERS, level="method")]
    return describe(boosters), describe(pd.concat([picked, others])), pd.Series(chosen)


def compare(frame, one, other):
    """Say on how many families one method is better than another, with the signed-rank test."""
    means, parts = family_means(frame), []
    for metric, greater in METRICS.items():
        scores = means[metric].unstack()
        gain = (scores[one] - scores[other]) * (1 if greater else -1)
        p_value = wilcoxon(gain).pvalue
        name = metric.replace("_", " ")
        parts.append(f"on {(gain > 0).sum()} of {len(gain)} in {name} (Wilcoxon p = {p_value:.2g})")
    return f"{one} is better than {other} {' and '.join(parts)}."


def write_tables():
    """Write the tables as Markdown."""
    frame = complete(pd.read_csv(FOLDS, keep_default_na=False))
    boosters, contest, chosen = make_tables(frame)
    counts = chosen.value_counts().items()
    pairs = [
        *((SHIPPED, peer) for peer in PEERS),
        *(("base", name) for name in ("gamma 0", "gamma 2", "gamma 5", "no intercept")),
        ("no intercept", "all rows in each tree, no intercept"),
        *((f"gamma {gamma}", f"gamma {gamma} in the score") for gamma in (2, 5)),
    ]
    engines = ("scikit-learn", "lightgbm", "catboost", "xgboost")
    text = TEXT.format(
        sets=", ".join(frame["dataset"].unique()),
        n_sets=frame["dataset"].nunique(),
        n_families=frame["family"].nunique(),
        counts=", ".join(f"`{name}` {n} times" for name, n in counts),
        boosters=boosters.round(4).to_markdown(),
        contest=contest.round(4).to_markdown(),
        comparisons="\n".join(f"* {compare(frame, *pair)}" for pair in pairs),
        base=", ".join(f"`{name}={value}`" for name, value in BASE.items()),
        shipped=SHIPPED,
        versions=", ".join(f"{name} {version(name)}" for name in engines),
    )
    (RESULTS / "boosting.md").write_text(text, encoding="utf-8")


TEXT = """\
# How the defaults of FocalBoostingClassifier were chosen

{n_sets} data sets of the `core` suite in {n_families} families, three stratified folds each:
{sets}.
Means are over the families, ranks (1 is best) among the rows of a table. All read the same one-hot
encoded columns. Seconds are processor time of one thread for a fit, the least of three folds.
Versions: {versions}.
Command: `python benchmarks/choose_boosting_defaults.py run`, then `... table`; tables on which not
everything has been fitted are left out.

## Candidates

Each is a change of a base: {base}.
What is "in the score" adds up the score of the loss, as focal boosters elsewhere do, with the same
trees and an intercept likewise. `gamma 0`, `gamma 5`, those in the score, those without the
intercept and with the trees of scikit-learn, which see all rows and have none, are shown, but
cannot be chosen.

{boosters}

Left to choose by the mean rank over both metrics, the families that remain when one is left out
take: {counts}. `{shipped}` is what ships.

## Among peers, untouched

On each family, what the other families choose: no family has a say in its own row. (The list of
candidates itself was drawn up after a trial on the smaller of these tables.) The peers have the
defaults of their libraries.

{contest}

{comparisons}
"""

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if sys.argv[1:] == ["table"]:
        write_tables()
    elif sys.argv[1:] == ["run"]:
        with threadpool_limits(1):
            run()
    else:
        sys.exit(__doc__)
