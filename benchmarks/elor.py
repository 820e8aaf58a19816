"""Redo a published comparison of SMOTE with no resampling: Elor and Averbuch-Elor, 2022.

``python benchmarks/elor.py run`` fits one seed of their protocol on the tables of the `kovacs`
suite that pass their filter, and adds lines to ``benchmarks/results/elor.csv``; it can be stopped
and goes on where it was. ``... table`` makes ``elor.md`` of it.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE
from lightgbm import LGBMClassifier
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score, log_loss, precision_recall_curve
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

from skfocal import FocalBoostingClassifier, FocalLogisticRegression, FocalMLPClassifier
from skfocal.benchmark.datasets import dataset_info, list_datasets, load_dataset

RESULTS = Path(__file__).resolve().parent / "results"
CELLS = RESULTS / "elor.csv"
SEED = 0
MLP, SCALED = "MLP, columns as they are (theirs)", "MLP, columns scaled"
NETWORK = "`FocalMLPClassifier()`"
MAKERS = {
    MLP: lambda: MLPClassifier(random_state=SEED),
    SCALED: lambda: make_pipeline(StandardScaler(), MLPClassifier(random_state=SEED)),
    "LightGBM": lambda: LGBMClassifier(n_jobs=1, verbose=-1, random_state=SEED),
    "logistic regression, columns scaled": lambda: make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=1000)
    ),
    "`FocalLogisticRegression()`, columns scaled": lambda: make_pipeline(
        StandardScaler(), FocalLogisticRegression(max_iter=1000)
    ),
    "`FocalBoostingClassifier()`": lambda: FocalBoostingClassifier(n_jobs=1, random_state=SEED),
    NETWORK: lambda: FocalMLPClassifier(random_state=SEED),
}
# What the paper has, in its Table 3: mean F1 at 0.5, with a tuned threshold, after SMOTE.
PUBLISHED = {MLP: (0.188, 0.303, 0.411), "LightGBM": (0.398, 0.504, 0.513)}


def tables():
    """Return the names of the tables that pass the filter of the paper, and are in its study."""
    infos = [dataset_info(name) for name in list_datasets("kovacs")]
    return [info.name for info in infos if info.ranked and "outside-104" not in info.flags]


def prepare(table):
    """Return the columns as the paper has them: names become numbers, nothing is scaled."""
    names = list(table.categorical)
    numbers = [column for column in table.X if column not in names]
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    return make_column_transformer(
        (SimpleImputer(strategy="median"), numbers),
        (make_pipeline(SimpleImputer(strategy="most_frequent"), encoder), names),
    )


def split(y):
    """Return the rows to train on, to choose the threshold on, and to judge on."""
    rows = np.arange(len(y))
    train, rest = train_test_split(rows, train_size=0.6, stratify=y, random_state=SEED)
    valid, test = train_test_split(rest, train_size=0.5, stratify=y[rest], random_state=SEED)
    return train, valid, test


def best_threshold(y, risk):
    """Return the threshold of the largest F1."""
    precision, recall, thresholds = precision_recall_curve(y, risk)
    sums = np.maximum(precision + recall, 1e-300)[:-1]
    return thresholds[np.argmax((precision * recall)[:-1] / sums)]


def measure(name, method, with_smote):
    """Return the figures of a method on a table."""
    table = load_dataset(name)
    y = np.asarray(table.y)
    train, valid, test = split(y)
    columns = prepare(table).fit(table.X.iloc[train])
    X_train, X_valid, X_test = (
        columns.transform(table.X.iloc[part]) for part in (train, valid, test)
    )
    y_train = y[train]
    n_rare = int(y_train.sum())
    if with_smote and n_rare < 0.5 * (len(y_train) - n_rare):
        sampler = SMOTE(sampling_strategy=0.5, k_neighbors=min(5, n_rare - 1), random_state=SEED)
        X_train, y_train = sampler.fit_resample(X_train, y_train)
    model = MAKERS[method]().fit(X_train, y_train)
    cut = best_threshold(y[valid], model.predict_proba(X_valid)[:, 1])
    risk = model.predict_proba(X_test)[:, 1]
    return {
        "dataset": name,
        "family": table.family,
        "method": method,
        "smote": with_smote,
        "f1": f1_score(y[test], risk > 0.5),
        "f1_tuned": f1_score(y[test], risk >= cut),
        "average_precision": average_precision_score(y[test], risk),
        "log_loss": log_loss(y[test], risk, labels=[0, 1]),
    }


def run():
    """Add what is missing, the cheap methods first."""
    done = set()
    if CELLS.exists():
        known = pd.read_csv(CELLS)
        done = set(zip(known["dataset"], known["method"], known["smote"], strict=True))
    for method in MAKERS:
        for name in tables():
            for with_smote in (False, True):
                ours = method.startswith("`")
                if (name, method, with_smote) in done or (ours and with_smote):
                    continue
                row = pd.DataFrame([measure(name, method, with_smote)]).round(5)
                row.to_csv(CELLS, mode="a", header=not CELLS.exists(), index=False)


def table():
    """Write the means over the tables, and what the paper has."""
    cells = pd.read_csv(CELLS)
    cells = cells[cells.groupby("dataset")["method"].transform("size") == ARMS]
    keys = ["method", "smote"]
    figures = ["f1", "f1_tuned", "average_precision", "log_loss"]
    means = cells.groupby(keys)[figures].mean()
    rows = [
        "| method | F1 at 0.5 | tuned | SMOTE, F1 tuned | average precision, then with SMOTE "
        "| log loss, then with SMOTE | F1 of the paper: at 0.5, tuned, SMOTE |",
        "|---|---|---|---|---|---|---|",
    ]
    for method in MAKERS:
        plain = means.loc[method, False]
        both = [plain]
        if (method, True) in means.index:
            both.append(means.loc[method, True])
        texts = [f"{plain['f1']:.3f}", f"{plain['f1_tuned']:.3f}"]
        texts.append(f"{both[1]['f1_tuned']:.3f}" if len(both) > 1 else "-")
        texts += [", ".join(f"{m[c]:.3f}" for m in both) for c in figures[2:]]
        known = PUBLISHED.get(method)
        texts.append(", ".join(f"{figure:.3f}" for figure in known) if known else "")
        rows.append(f"| {method} | {' | '.join(texts)} |")
    text = TEXT.format(n_tables=cells["dataset"].nunique(), rows="\n".join(rows))
    (RESULTS / "elor.md").write_text(text, encoding="utf-8")


# Four methods with and without SMOTE, three without.
ARMS = 11

TEXT = """\
# A published table, redone: to SMOTE or not to SMOTE

[Elor and Averbuch-Elor, 2022](https://arxiv.org/abs/2201.08528), Table 3: 60 % of the rows to
train on, 20 % to choose the threshold on, 20 % to judge on, names as ordinal numbers, nothing
scaled. Here are means over {n_tables} tables of the `kovacs` suite that pass a filter like theirs.

{rows}

Not as in the paper: one seed for seven, each method with its defaults for four settings, SMOTE to
a ratio of 0.5 only, no early stopping, and other tables (theirs has 24 more, and a filter with
CatBoost). So the order and the gaps can be compared, not the third digit.
Command: `python benchmarks/elor.py run`, then `table`.
"""

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    {"run": run, "table": table}[sys.argv[1]]()
