"""Choose the defaults of FocalMLPClassifier on the ``core`` suite, and show what they are worth.

``python benchmarks/choose_defaults.py run`` fits every candidate and peer on every fold, and adds a
line for each to ``benchmarks/results/defaults_folds.csv``; it can be stopped and goes on where it
was. ``python benchmarks/choose_defaults.py table`` makes ``benchmarks/results/defaults.md`` of them.

The nesting is over families of data sets: for each family, the setting is chosen by its mean rank
over the *other* families, and judged on the one left out. What is printed as "chosen" has
therefore never seen the family that it is judged on. The candidate that all other families
together prefer is what ships.
"""

import csv
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from skfocal.benchmark.datasets import list_datasets, load_dataset
from skfocal.neural_network import FocalMLPClassifier

RESULTS = Path(__file__).resolve().parent / "results"
FOLDS = RESULTS / "defaults_folds.csv"
# 1,617 features: one candidate takes as long there as on all other sets together.
LEFT_OUT = {"hiva"}
METRICS = {"average_precision": True, "log_loss": False}  # whether greater is better

TRIAL = {
    "n_members": 8,
    "hidden_layer_sizes": (64,),
    "numeric_embedding": "periodic",
    "dropout": 0.1,
    "learning_rate_init": 2e-3,
    "weight_decay": 1e-2,
    "batch_size": 256,
    "max_epochs": 800,  # steps, see below
    "gamma": 2.0,
}
CANDIDATES = {
    "trial": {},
    "gamma 1": {"gamma": 1.0},
    "gamma 0": {"gamma": 0.0},
    "batch 128": {"batch_size": 128},
    "400 steps": {"max_epochs": 400},
    "dropout 0.25": {"dropout": 0.25},
    "rate 5e-3": {"learning_rate_init": 5e-3},
    "decay 0.3": {"weight_decay": 0.3},
    "no waves": {"numeric_embedding": None},
}


def make_network(changes, n_rows, seed):
    """Return the network of a candidate; its budget is in steps."""
    settings = TRIAL | changes
    n_batches = -(-n_rows // settings["batch_size"])
    settings["max_epochs"] = -(-settings["max_epochs"] // n_batches)
    return FocalMLPClassifier(**settings, random_state=seed, device="cpu")


def make_peer(name, seed):
    """Return a peer with its library's defaults."""
    from imblearn.over_sampling import SMOTE
    from imblearn.pipeline import make_pipeline as make_sampled
    from lightgbm import LGBMClassifier

    trees = LGBMClassifier(n_jobs=1, verbose=-1, random_state=seed)
    return {
        "LogisticRegression": LogisticRegression(max_iter=2000),
        "MLPClassifier": MLPClassifier(random_state=seed),
        "MLPClassifier, early stopping": MLPClassifier(early_stopping=True, random_state=seed),
        "LightGBM": trees,
        "SMOTE + LightGBM": make_sampled(SMOTE(random_state=seed), trees),
    }[name]


PEERS = (
    "LogisticRegression",
    "MLPClassifier",
    "MLPClassifier, early stopping",
    "LightGBM",
    "SMOTE + LightGBM",
)


def prepare(table):
    """Return the steps that impute, scale and encode; all arms read the same numbers."""
    categorical = list(table.categorical)
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    names = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return ColumnTransformer(
        [
            ("numbers", numbers, [c for c in table.X if c not in categorical]),
            ("names", names, categorical),
        ]
    )


def folds_of(y, repeat):
    """Return the folds of a repeat."""
    return enumerate(StratifiedKFold(3, shuffle=True, random_state=repeat).split(y, y))


def judge(model, X, y, train, test):
    """Return the metrics and the seconds of one fit."""
    started = time.perf_counter()
    model.fit(X[train], y[train])
    seconds = time.perf_counter() - started
    probability = model.predict_proba(X[test])[:, 1]
    return (
        average_precision_score(y[test], probability),
        log_loss(y[test], probability, labels=[0, 1]),
        seconds,
    )


def run(n_repeats=1, names=None):
    """Fit everything that is not in the file of folds yet."""
    columns = ["dataset", "family", "method", "repeat", "fold", *METRICS, "seconds"]
    done = set()
    if FOLDS.exists():
        frame = pd.read_csv(FOLDS, keep_default_na=False)
        done = set(frame[["dataset", "method", "repeat", "fold"]].itertuples(index=False, name=None))
    else:
        FOLDS.write_text(",".join(columns) + "\n")
    for repeat in range(n_repeats):
        for dataset in list_datasets("core"):
            if dataset not in LEFT_OUT:
                run_dataset(load_dataset(dataset), repeat, names or [*CANDIDATES, *PEERS], done)


def run_dataset(table, repeat, names, done):
    """Fit everything on the folds of one data set."""
    y = np.asarray(table.y, dtype=int)
    for fold, (train, test) in folds_of(y, repeat):
        missing = [name for name in names if (table.name, name, repeat, fold) not in done]
        if not missing:
            continue
        X = prepare(table).fit(table.X.iloc[train]).transform(table.X)
        for name in missing:
            seed = 1000 * repeat + fold
            model = (
                make_network(CANDIDATES[name], len(train), seed)
                if name in CANDIDATES
                else make_peer(name, seed)
            )
            figures = judge(model, X, y, train, test)
            with FOLDS.open("a", newline="") as file:
                row = [table.name, table.family, name, repeat, fold, *(f"{v:.6g}" for v in figures)]
                csv.writer(file).writerow(row)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        run()
