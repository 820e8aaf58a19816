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

from skfocal.benchmark.datasets import dataset_info, list_datasets, load_dataset
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
    "gamma": 2.0,
    # The budget: so many steps, but no more epochs than that, in batches of so many rows.
    "steps": 800,
    "epochs": 10_000,
    "rows": (256, 256),
}
CAPPED = {"epochs": 40, "rows": (32, 256)}
CANDIDATES = {
    "trial": {},
    "gamma 0": {"gamma": 0.0},
    "400 steps": {"steps": 400},
    "no waves": {"numeric_embedding": None},
    "decay 0.3": {"weight_decay": 0.3},
    "20 epochs": CAPPED | {"epochs": 20},
    "40 epochs": CAPPED,
    "80 epochs": CAPPED | {"epochs": 80},
    "40 epochs, gamma 0": CAPPED | {"gamma": 0.0},
    "40 epochs, no waves": CAPPED | {"numeric_embedding": None},
    "40 epochs, dropout 0.3": CAPPED | {"dropout": 0.3},
    "40 epochs, decay 1": CAPPED | {"weight_decay": 1.0},
}


def make_network(changes, n_rows, seed):
    """Return the network of a candidate, its budget in rows and epochs."""
    settings = TRIAL | changes
    steps, epochs, (low, high) = (settings.pop(key) for key in ("steps", "epochs", "rows"))
    batch_size = min(max(n_rows * epochs // steps, low), high)
    n_batches = -(-n_rows // batch_size)
    return FocalMLPClassifier(
        batch_size=batch_size,
        max_epochs=min(-(-steps // n_batches), epochs),
        random_state=seed,
        device="cpu",
        **settings,
    )


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
        for dataset in sorted(list_datasets("core"), key=lambda name: dataset_info(name).n_rows):
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


def family_means(frame):
    """Return the mean of each metric and method over the sets of a family."""
    per_set = frame.groupby(["family", "dataset", "method"])[[*METRICS, "seconds"]].mean()
    return per_set.groupby(["family", "method"]).mean()


def mean_ranks(means):
    """Return the mean rank of each method over the families, for each metric."""
    return pd.DataFrame(
        {
            name: means[name].unstack().rank(axis=1, ascending=not greater).mean()
            for name, greater in METRICS.items()
        }
    )


def choose(means):
    """Return the candidate with the best mean rank over both metrics."""
    return mean_ranks(means).mean(axis=1).idxmin()


def choose_for_each_family(means):
    """Return what the other families choose for each family."""
    families = means.index.unique("family")
    return {family: choose(means.drop(family, level="family")) for family in families}


def make_tables(frame):
    """Return the table of the candidates and that of the chosen one among its peers."""
    candidates = family_means(frame[frame["method"].isin(CANDIDATES)])
    chosen = choose_for_each_family(candidates)
    picked = pd.concat(
        {(family, NESTED): candidates.loc[(family, name)] for family, name in chosen.items()}
    ).unstack()
    peers = family_means(frame[frame["method"].isin(PEERS)])
    contest = pd.concat([picked.rename_axis(["family", "method"]), peers])
    return describe(candidates), describe(contest), chosen


def describe(means):
    """Return means and mean ranks of the methods, best first."""
    ranks = mean_ranks(means)
    table = means.groupby("method").mean().join(ranks, rsuffix=" rank")
    trees = means["seconds"].unstack().get("LightGBM")
    if trees is not None:
        table["time / LightGBM"] = means["seconds"].unstack().div(trees, axis=0).median()
    return table.loc[ranks.mean(axis=1).sort_values().index]


def write_tables():
    """Write the tables as Markdown."""
    frame = pd.read_csv(FOLDS, keep_default_na=False)
    complete = frame.groupby("dataset")["method"].nunique() == len(CANDIDATES) + len(PEERS)
    frame = frame[frame["dataset"].isin(complete.index[complete])]
    candidates, contest, chosen = make_tables(frame)
    counts = pd.Series(chosen).value_counts()
    text = TEXT.substitute(
        version=__version__,
        n_sets=frame["dataset"].nunique(),
        n_families=frame["family"].nunique(),
        n_repeats=frame["repeat"].nunique(),
        shipped=counts.index[0],
        n_agree=counts.iloc[0],
        candidates=candidates.round(3).to_markdown(),
        contest=contest.round(3).to_markdown(),
        settings="\n".join(f"* `{name}`: {value}" for name, value in (TRIAL | SHIPPED).items()),
    )
    (RESULTS / "defaults.md").write_text(text)
    print(text)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if sys.argv[1:] == ["table"]:
        write_tables()
    else:
        with threadpool_limits(1):
            run(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
