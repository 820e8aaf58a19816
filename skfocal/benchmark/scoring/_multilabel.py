"""Any number of labels per row: figures over the labels with enough positives to be judged."""

import numpy as np
from sklearn.metrics import average_precision_score, label_ranking_loss, log_loss

from skfocal.benchmark import metrics
from skfocal.model_selection import label_folds

FIGURES = (
    *("macro_average_precision", "micro_average_precision", "ranking_loss", "log_loss"),
    *("macro_f1", "macro_f1_tuned"),
)
# Below this the average precision of a label hangs on two or three rows of a test fold.
MIN_POSITIVES = 10


def encode(dataset):
    """Take all labels to be trained on, and those with enough positives to be judged."""
    name, y = dataset.name, np.asarray(dataset.y)
    if y.ndim != 2 or y.shape[1] < 2 or not set(np.unique(y).tolist()) <= {0, 1}:
        raise ValueError(
            f"Data set {name!r}: a multilabel target is an indicator of 0 and 1 with a column for "
            f"each of two labels or more; got the shape {y.shape} and {np.unique(y).tolist()[:5]}."
        )
    judged = tuple(np.flatnonzero(y.sum(axis=0) >= MIN_POSITIVES).tolist())
    if not judged:
        raise ValueError(f"Data set {name!r} has no label with {MIN_POSITIVES} positives.")
    names = tuple(dataset.label_names) or tuple(str(j) for j in range(y.shape[1]))
    return {"y": y.astype(np.int64), "names": names, "judged": judged}


def describe(table):
    return {
        "labels": dict(zip(table.names, count(table.y), strict=True)),
        "left_out": [name for j, name in enumerate(table.names) if j not in table.judged],
    }


def count(y):
    return tuple(y.sum(axis=0).tolist())


def count_rarest(target):
    return min(count(target))


def check(target, where):
    if not target.any():
        raise ValueError(f"{where} has no positive of any label in {len(target)} rows.")


def limit_splits(y, wanted):
    return wanted


def split(y, groups, n_splits, random_state):
    return label_folds(y, n_splits, random_state, groups)


def predict_probability(model, X, table):
    probability = model.predict_proba(X)
    if isinstance(probability, list):  # scikit-learn's form for several outputs, a table for each
        probability = np.column_stack(
            [
                part[:, list(classes).index(1)] if 1 in classes else np.zeros(len(part))
                for part, classes in zip(probability, model.classes_, strict=True)
            ]
        )
    return table.judge(probability)


def score(target, probability):
    """Return the mean of the average precision of the labels that occur."""
    labels = np.flatnonzero(target.any(axis=0))
    return np.mean([average_precision_score(target[:, j], probability[:, j]) for j in labels])


def tune(target, probability):
    """Return for each label the threshold that is best for its F1; a constant one gets 0.5."""
    return np.array(
        [
            metrics.tune_thresholds(column, p)["f1"] if 0 < column.sum() < len(column) else 0.5
            for column, p in zip(target.T, probability.T, strict=True)
        ]
    )


def measure(target, probability, decision, thresholds):
    values = {
        "macro_average_precision": score(target, probability),
        "micro_average_precision": average_precision_score(target, probability, average="micro"),
        "ranking_loss": label_ranking_loss(target, probability),
        "log_loss": log_loss(target.ravel(), probability.ravel(), labels=[0, 1]),
        "macro_f1": _macro_f1(target, decision),
        "macro_f1_tuned": _macro_f1(target, probability >= thresholds),
    }
    return {name: float(value) for name, value in values.items()}


def _macro_f1(target, decision):
    """Return the mean F1 of the labels that occur."""
    present = target.any(axis=0)
    target, decision = target[:, present], decision[:, present]
    hits = (target * decision).sum(axis=0)
    return np.mean(2 * hits / (target.sum(axis=0) + decision.sum(axis=0)))
