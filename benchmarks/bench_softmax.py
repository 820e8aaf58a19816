"""Compare boosting in log-probabilities with boosting in the scores of the loss, several classes.

``python benchmarks/bench_softmax.py`` fits FocalBoostingClassifier untouched on the tables of the
``multiclass`` suite, three stratified folds each, and writes ``results/boosting_softmax.csv`` and
``boosting_softmax.md``.
"""

import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon
from sklearn.metrics import average_precision_score, log_loss
from threadpoolctl import threadpool_limits

from choose_boosting_defaults import boosted_in_the_score
from choose_defaults import folds_of, prepare
from skfocal import FocalBoostingClassifier
from skfocal.benchmark.datasets import list_datasets, load_dataset

RESULTS = Path(__file__).resolve().parent / "results" / "boosting_softmax"
FORMS = {"log-probabilities": False, "scores": True}
GAMMAS = (0.0, 1.0, 2.0)


def measure(table):
    """Return the figures of a table, a row for each fold, gamma and form."""
    y = np.unique(np.asarray(table.y), return_inverse=True)[1]
    for fold, (train, test) in folds_of(y, 0):
        X = prepare(table).fit(table.X.iloc[train]).transform(table.X)
        for gamma in GAMMAS:
            for form, in_score in FORMS.items():
                model = FocalBoostingClassifier(gamma, n_jobs=1, random_state=fold)
                started = time.process_time()
                with boosted_in_the_score(in_score):
                    risk = model.fit(X[train], y[train]).predict_proba(X[test])
                seconds = time.process_time() - started
                each = [average_precision_score(y[test] == k, risk[:, k]) for k in np.unique(y)]
                yield {
                    "dataset": table.name,
                    "fold": fold,
                    "gamma": gamma,
                    "form": form,
                    "average_precision": np.mean(each),
                    "log_loss": log_loss(y[test], risk, labels=np.unique(y)),
                    "seconds": seconds,
                }


def compare(frame, gamma):
    """Say on how many tables log-probabilities are better, with the signed-rank test."""
    parts = []
    for metric, sign in (("average_precision", 1), ("log_loss", -1)):
        means = frame[frame["gamma"] == gamma].pivot_table(metric, "dataset", "form")
        gain = sign * (means["log-probabilities"] - means["scores"])
        name, p_value = metric.replace("_", " "), wilcoxon(gain).pvalue
        parts.append(
            f"{gain.mean():+.4f} in {name}, better on {(gain > 0).sum()} of {len(gain)} (p = "
            f"{p_value:.2g})"
        )
    return f"gamma {gamma:g}: {'; '.join(parts)}."


def write(frame):
    """Write both files."""
    frame.round(5).to_csv(RESULTS.with_suffix(".csv"), index=False)
    figures = ["average_precision", "log_loss", "seconds"]
    means = frame.groupby(["gamma", "form"])[figures].mean()
    tables = frame.pivot_table("log_loss", "dataset", ["gamma", "form"], sort=False)
    tables.columns = [f"{gamma:g}, {form}" for gamma, form in tables.columns]
    text = TEXT.format(
        means=means.reset_index().round(4).to_markdown(index=False),
        comparisons="\n".join(f"* {compare(frame, gamma)}" for gamma in GAMMAS[1:]),
        tables=tables.round(4).to_markdown(),
    )
    RESULTS.with_suffix(".md").write_text(text, encoding="utf-8")


TEXT = """\
# Boosting several classes in log-probabilities, or in the scores of the loss

`FocalBoostingClassifier(gamma)`, untouched, which adds up log-probabilities, beside the same trees
in the scores of the loss; tables of the `multiclass` suite, three stratified folds each. Average
precision is the mean over the classes; seconds are processor time of one thread of a shared
machine. Command: `python benchmarks/bench_softmax.py`.

{means}

Gains of log-probabilities are positive where they are better; Wilcoxon's p over the tables:

{comparisons}

Log loss by table:

{tables}
"""

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        write(
            pd.DataFrame(
                row for name in list_datasets("multiclass") for row in measure(load_dataset(name))
            )
        )
