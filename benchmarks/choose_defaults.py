"""Choose the defaults of FocalMLPClassifier on the ``core`` suite, and show what they are worth.

``python benchmarks/choose_defaults.py run`` fits every candidate and peer on every fold, and adds
a line for each to ``benchmarks/results/defaults_folds.csv``; it can be stopped and goes on where it
was. ``python benchmarks/choose_defaults.py table`` makes ``benchmarks/results/defaults.md`` of it.

The nesting is over families of data sets: for each family, the setting is chosen by its mean rank
over the *other* families, and judged on the one left out. What is printed as "chosen" has
therefore never seen the family that it is judged on.
"""

import csv
import sys
import time
import warnings
from importlib.metadata import version
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
from skfocal.neural_network._budget import BUDGET

RESULTS = Path(__file__).resolve().parent / "results"
FOLDS = RESULTS / "defaults_folds.csv"
# 1,617 features: one candidate takes as long there as on all other sets together.
LEFT_OUT = {"hiva"}
METRICS = {"average_precision": True, "log_loss": False}  # whether greater is better

SHIPPED = {
    "n_members": 8,
    "hidden_layer_sizes": (64,),
    "numeric_embedding": "auto",
    "dropout": 0.1,
    "learning_rate_init": 2e-3,
    "weight_decay": 1e-2,
    "gamma": 1.0,
}
# Changes of these settings, or of the budget.
CANDIDATES = {
    "shipped": {},
    "gamma 2": {"gamma": 2.0},
    "gamma 2, 10 epochs": {"gamma": 2.0, "epochs": 10},
    "gamma 2, 40 epochs": {"gamma": 2.0, "epochs": 40},
    "gamma 2, dropout 0.3": {"gamma": 2.0, "dropout": 0.3},
    "gamma 2, rate 4e-3": {"gamma": 2.0, "learning_rate_init": 4e-3},
    "gamma 2, rate 4e-3, dropout 0.3": {"gamma": 2.0, "learning_rate_init": 4e-3, "dropout": 0.3},
    "gamma 2, no waves": {"gamma": 2.0, "numeric_embedding": None},
    "gamma 2, 800 steps of 256": {"gamma": 2.0, "epochs": 10_000, "smallest_batch": 256},
}
# Shown, but not to be chosen: cross-entropy, for there the estimator is no focal one, and what
# takes much longer than 30 times LightGBM.
REFERENCES = {
    "gamma 0": {"gamma": 0.0},
    "gamma 2, 1600 steps": {"gamma": 2.0, "steps": 1600},
    "gamma 2, 1600 steps, dropout 0.3": {"gamma": 2.0, "steps": 1600, "dropout": 0.3},
}
NESTED = "chosen by the other families"


def make_network(changes, n_rows, seed):
    """Return the network of a candidate, its budget in rows and epochs."""
    budget = BUDGET._replace(**{k: v for k, v in changes.items() if k in BUDGET._fields})
    settings = SHIPPED | {k: v for k, v in changes.items() if k not in BUDGET._fields}
    batch_size = budget.batch_size(n_rows)
    return FocalMLPClassifier(
        batch_size=batch_size,
        max_epochs=budget.n_epochs(n_rows, batch_size),
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
NETWORKS = CANDIDATES | REFERENCES
ALL = [*NETWORKS, *PEERS]


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


def run(n_repeats):
    """Fit everything that is not in the file of folds yet."""
    columns = ["dataset", "family", "method", "repeat", "fold", *METRICS, "seconds"]
    done = set()
    if FOLDS.exists():
        frame = pd.read_csv(FOLDS, keep_default_na=False)
        done = set(
            frame[["dataset", "method", "repeat", "fold"]].itertuples(index=False, name=None)
        )
    else:
        FOLDS.write_text(",".join(columns) + "\n")
    for repeat in range(n_repeats):
        for dataset in sorted(list_datasets("core"), key=lambda name: dataset_info(name).n_rows):
            if dataset not in LEFT_OUT:
                run_dataset(load_dataset(dataset), repeat, ALL, done)


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
                make_network(NETWORKS[name], len(train), seed)
                if name in NETWORKS
                else make_peer(name, seed)
            )
            figures = judge(model, X, y, train, test)
            with FOLDS.open("a", newline="") as file:
                row = [table.name, table.family, name, repeat, fold, *(f"{v:.6g}" for v in figures)]
                csv.writer(file).writerow(row)


def family_means(frame):
    """Return the mean of each metric and method over the sets of a family; the fastest fit."""
    folds = frame.groupby(["family", "dataset", "method"])
    per_set = folds[[*METRICS]].mean().join(folds["seconds"].min())
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
    """Return the table of all networks, that of the chosen among its peers, and the choices."""
    means = family_means(frame)
    candidates = means[means.index.isin(CANDIDATES, level="method")]
    chosen = choose_for_each_family(candidates)
    picked = pd.concat({key: candidates.loc[key] for key in chosen.items()}, axis=1).T
    picked.index = pd.MultiIndex.from_tuples(
        [(family, NESTED) for family in chosen], names=means.index.names
    )
    networks = means[means.index.isin(NETWORKS, level="method")]
    contest = pd.concat([picked, means[means.index.isin(PEERS, level="method")]])
    return describe(networks), describe(contest), pd.Series(chosen)


def describe(means):
    """Return means and mean ranks of the methods, best first."""
    ranks = mean_ranks(means)
    table = means[[*METRICS]].groupby("method").mean()
    for name in METRICS:
        table[f"{name}: rank"] = ranks[name]
    seconds = means["seconds"].unstack()
    table["seconds"] = seconds.median()
    if "LightGBM" in seconds:
        table["times LightGBM, median"] = seconds.div(seconds["LightGBM"], axis=0).median()
        table["most"] = seconds.div(seconds["LightGBM"], axis=0).max()
    return table.loc[ranks.mean(axis=1).sort_values().index]


def write_tables():
    """Write the tables as Markdown."""
    frame = pd.read_csv(FOLDS, keep_default_na=False)
    networks, contest, chosen = make_tables(frame)
    counts = ", ".join(f"`{name}` {n} times" for name, n in chosen.value_counts().items())
    text = TEXT.format(
        n_sets=frame["dataset"].nunique(),
        n_families=frame["family"].nunique(),
        left_out=", ".join(LEFT_OUT),
        counts=counts,
        networks=networks.round(3).to_markdown(),
        contest=contest.round(3).to_markdown(),
        settings="\n".join(f"* {name}: {value}" for name, value in SHIPPED.items()),
        versions=", ".join(f"{name} {version(name)}" for name in ("scikit-learn", "lightgbm")),
    )
    (RESULTS / "defaults.md").write_text(text, encoding="utf-8")


TEXT = """\
# How the defaults of FocalMLPClassifier were chosen

{n_sets} data sets of the `core` suite in {n_families} families (without {left_out}, which takes as
long as all others together), three stratified folds each. Means are over the families, ranks (1 is
best) among the rows of a table. Versions: {versions}. Seconds are those of the
fastest fit of three, on one thread of a shared machine, whose speed changed between the arms:
compare them within a factor of two. Command: `python benchmarks/choose_defaults.py run`, then
`... table`.

## Candidates

Each is a change of the shipped settings, in a budget of at most so many steps and epochs, with
batches between so many rows:

{settings}

Cross-entropy (`gamma 0`) and budgets of 1600 steps, which take up to 60 times as long as LightGBM,
are shown but cannot be chosen.

{networks}

Left to choose by the mean rank over both metrics, the families that remain when one is left out
take: {counts}.

## Among its peers, untouched

On each family, what the other families choose: no family has a say in its own row. (The list of
candidates itself was drawn up while looking at these tables.) The peers have the defaults of their
libraries; all read the same scaled and one-hot encoded columns.

{contest}
"""


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of peers that do not converge with their defaults
    if sys.argv[1:] == ["table"]:
        write_tables()
    elif sys.argv[1:] == ["run"]:
        with threadpool_limits(1):
            run(n_repeats=1)
    else:
        sys.exit(__doc__)
