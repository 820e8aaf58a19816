"""Measure what wrong labels in the training rows do to each loss, in linear models.

``python benchmarks/label_noise.py run`` flips labels of the training rows, of the inner folds too,
fits every loss on them and judges it on test rows as they are; it adds lines to
``benchmarks/results/label_noise.csv``, and can be stopped and goes on where it was. ``... table``
makes ``label_noise.md`` of it; that needs baycomp (extra ``study``).
"""

import csv
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin

from skfocal import FocalLogisticRegression
from skfocal.benchmark import Method, focal_arm
from skfocal.benchmark._numeric import make_numeric
from skfocal.benchmark.arms._fold import make_arm
from skfocal.benchmark.datasets import dataset_info, list_datasets, load_dataset
from skfocal.benchmark.methods import get_method
from skfocal.benchmark.protocol import Plan, evaluate, make_folds
from skfocal.benchmark.statistics import rank_table
from skfocal.losses import GHMLoss, SoftTruncatedLoss
from study import C_GRID
from study_tables import ROPE, Claim, claim_header, claim_row

RESULTS = Path(__file__).resolve().parent / "results"
CELLS = RESULTS / "label_noise.csv"
PLAN = Plan(n_splits=5, inner_splits=2, budget=4)
# Larger tables, and the one of 1,617 columns, would take most of the time.
MOST_ROWS, LEFT_OUT = 5_000, {"hiva"}
RATES = (0.05, 0.1, 0.2)
CLASSES, ROWS = "positives and as many negatives", "any rows"
NOISES = [("none", 0.0), *((noise, rate) for noise in (CLASSES, ROWS) for rate in RATES)]
METRICS = {"average_precision": "average precision", "log_loss": "log loss"}
FIELDS = [
    *("noise", "rate", "dataset", "family", "ranked", "method", "repeat", "fold", "status"),
    *("n_train", "n_test", "n_positive_train", *METRICS),
]
ZERO = "focal_zero"


class HarmonisedLogisticRegression(ClassifierMixin, BaseEstimator):
    """Logistic regression under the weights of :class:`skfocal.losses.GHMLoss`, fit by fit.

    The loss has no minimum that a solver could find: weights and fits alternate. A row has the mean
    of its weights so far, since with the last one alone they end in a two-cycle.
    """

    def __init__(self, C=1.0, n_fits=12):
        self.C = C
        self.n_fits = n_fits

    def fit(self, X, y):
        """Fit, weigh, and fit again."""
        loss, weight = GHMLoss(), np.ones(len(y))
        for n in range(self.n_fits):
            self.model_ = FocalLogisticRegression(gamma=0.0, C=self.C)
            self.model_.fit(X, y, sample_weight=weight)
            score = self.model_.decision_function(X)
            new = loss.batch_weight(np.where(y == 1, score, -score))
            weight += (new - weight) / (n + 2)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, X):
        """Return the probabilities of the last fit."""
        return self.model_.predict_proba(X)

    def predict(self, X):
        """Return the more probable class."""
        return self.model_.predict(X)


def harmonised(fold, C):
    """Return the pipeline of it."""
    return make_arm(fold, HarmonisedLogisticRegression(C=C))


METHODS = {
    ZERO: "cross-entropy",
    "focal": "focal loss",
    "hard_truncated_linear": "hard truncation",
    "soft_truncated_linear": "soft truncation",
    "generalized_cross_entropy_linear": "generalised cross-entropy",
    "ghm_linear": "GHM",
}
OWN = {
    # A steep step, but one that can be undone; the one of the article is focal loss at gamma 1.
    "soft_truncated_linear": focal_arm(SoftTruncatedLoss(sharpness=10.0, space="probability")),
    "ghm_linear": Method("ghm_linear", "GHM LR", "focal", harmonised, C_GRID),
}
ARMS = [OWN[name] if name in OWN else get_method(name) for name in METHODS]


def flip(y, train, noise, rate, seed):
    """Return the labels with some of the training rows flipped; more of them for a larger rate."""
    flipped, y_train = y.copy(), y[train]
    # The same order for all rates, so that a larger one adds errors to those of a smaller one.
    order = train[np.random.default_rng(seed).permutation(len(train))]
    if noise == ROWS:
        chosen = order[: round(rate * len(train))]
    else:
        count = round(rate * y_train.sum())
        chosen = np.concatenate([order[y[order] == label][:count] for label in (0, 1)])
    flipped[chosen] = 1 - flipped[chosen]
    return flipped


def run():
    """Compute what is not in the file of cells yet, small tables first."""
    if not CELLS.exists():
        CELLS.write_text(",".join(FIELDS) + "\n", encoding="utf-8")
    key = ["noise", "rate", "dataset", "fold", "method"]
    done = set(pd.read_csv(CELLS)[key].itertuples(index=False, name=None))
    infos = sorted((dataset_info(name) for name in list_datasets("core")), key=lambda i: i.n_rows)
    for info in infos:
        if info.n_rows > MOST_ROWS or info.name in LEFT_OUT:
            continue
        table = make_numeric(load_dataset(info.name))
        for fold in make_folds(table, PLAN, random_state=0):
            for noise, rate in NOISES:
                y = flip(table.y, fold.train, noise, rate, fold.random_state)
                noisy = replace(table, y=y)
                for arm in ARMS:
                    if (noise, rate, table.name, fold.fold, arm.name) not in done:
                        row, _ = evaluate(arm, noisy, fold, PLAN)
                        write({"noise": noise, "rate": rate} | row)
        print(info.name, flush=True)


def write(row):
    """Add the line of one cell."""
    row |= {name: f"{row[name]:.6g}" for name in METRICS if name in row}
    with CELLS.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS, extrasaction="ignore", lineterminator="\n")
        writer.writerow(row)


def claims(metric):
    """Return the claims of a metric: each loss against cross-entropy."""
    verb = "ranks better" if metric == "average_precision" else "has better probabilities"
    return [
        Claim(f"{text[0].upper()}{text[1:]} {verb}", name, ZERO, metric)
        for name, text in METHODS.items()
        if name != ZERO
    ]


def claim_rows(cells):
    """Return a row for each claim, at the largest rate of each kind of noise."""
    rows = []
    for noise in (CLASSES, ROWS):
        chosen = cells[(cells["noise"] == noise) & (cells["rate"] == max(RATES))]
        for metric in METRICS:
            for claim in claims(metric):
                text = f"{claim.text}, {max(RATES):.0%} of {noise} wrong".replace("%", " %", 1)
                rows.append(claim_row(chosen, claim._replace(text=text)))
    return rows


def mean_rows(cells, metric):
    """Return the mean and the mean rank of each loss under each noise."""
    groups = [cells[(cells["noise"] == n) & (cells["rate"] == r)] for n, r in NOISES]
    tables = [rank_table(group, metric) for group in groups]
    heads = [f"{rate:.0%} of {noise}".replace("%", " %") for noise, rate in NOISES[1:]]
    lines = [
        "| loss | no label wrong | " + " | ".join(heads) + " |",
        "|---|" + "---|" * len(NOISES),
    ]
    for name, text in METHODS.items():
        found = [table.loc[name] for table in tables]
        figures = [f"{row['mean']:.3f} ({row['mean_rank']:.1f})" for row in found]
        lines.append(f"| {text} | {' | '.join(figures)} |")
    return lines


def table():
    """Write claims and means as Markdown."""
    cells = pd.read_csv(CELLS)
    lines = [
        "# Wrong labels in the training rows",
        "",
        f"Linear models on {cells['dataset'].nunique()} tables of the `core` suite of up to "
        f"{MOST_ROWS:,} rows, in {cells['family'].nunique()} families; {PLAN.n_splits} folds, "
        f"{PLAN.budget} settings for each loss, chosen on {PLAN.inner_splits} inner folds of the "
        "wrong labels. Labels are flipped in training rows only; test rows are as they are. Two "
        f"kinds: a share of {CLASSES}, drawn at random, so that the classes keep their sizes; and "
        "the same share of all training rows, which swamps a rare class: at 3 % positives, 20 % "
        "of the rows make eight wrong positives for each right one. `focal_zero` is "
        "cross-entropy in the same model. Hard truncation and GHM have probabilities as they come "
        "out of the loss, as nothing can undo what it did; GHM alternates weights and fits, the "
        "others have a minimum. Soft truncation begins with a steep step, of a sharpness of 10 in "
        "probabilities. Columns as in the claims of the study: Wilcoxon's p over families, and "
        f"the region of no difference is {ROPE['average_precision']:g} in average precision, "
        f"{ROPE['log_loss']:g} in log loss. Generated by `label_noise.py`.",
        "",
        *claim_header(),
        *claim_rows(cells),
    ]
    for metric, text in METRICS.items():
        lines += ["", f"## Mean {text}, and mean rank", "", *mean_rows(cells, metric)]
    (RESULTS / "label_noise.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] not in (["run"], ["table"]):
        sys.exit(__doc__)
    {"run": run, "table": table}[sys.argv[1]]()
