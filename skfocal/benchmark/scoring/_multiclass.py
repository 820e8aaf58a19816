"""One of several classes: each against the rest, averaged over the classes (macro)."""

import numpy as np
from sklearn.metrics import average_precision_score, log_loss

from skfocal.model_selection import class_folds

FIGURES = ("macro_average_precision", "log_loss", "balanced_accuracy", "geometric_mean")


def split(y, groups, n_splits, random_state):
    return class_folds(y, n_splits, random_state, groups)


def encode(dataset):
    y = np.asarray(dataset.y)
    if y.ndim != 1 or len(np.unique(y)) < 3:
        raise ValueError(
            f"Data set {dataset.name!r}: a multiclass target is one column of three classes or "
            f"more; got the shape {y.shape} and {np.unique(y).tolist()[:5]}."
        )
    classes, codes = np.unique(y, return_inverse=True)
    return {"y": codes.astype(np.int64), "names": tuple(map(str, classes))}


def describe(table):
    return {"classes": dict(zip(table.names, count(table.y), strict=True))}


def count(y):
    return tuple(np.bincount(y).tolist())


def count_rarest(target):
    return min(n for n in count(target) if n)


def check(target, where):
    if len(np.unique(target)) < 2:
        raise ValueError(f"{where} has one class only in {len(target)} rows; it needs two.")


def limit_splits(y, wanted):
    # A class of fewer rows than folds is absent from some, and the score leaves it out there.
    return wanted


def predict_probability(model, X, table):
    probability = np.zeros((len(X), len(table.names)))
    probability[:, model.classes_] = model.predict_proba(X)  # a class that was not there has 0
    return probability


def score(target, probability):
    """Return the mean over the classes that occur of their average precision."""
    classes = np.unique(target)
    return np.mean([average_precision_score(target == k, probability[:, k]) for k in classes])


def tune(target, probability):
    return None  # there is no one threshold to move


def measure(target, probability, decision, thresholds):
    recall = [np.mean(decision[target == k] == k) for k in np.unique(target)]
    values = {
        "macro_average_precision": score(target, probability),
        "log_loss": log_loss(target, probability, labels=np.arange(probability.shape[1])),
        "balanced_accuracy": np.mean(recall),
        "geometric_mean": np.prod(recall) ** (1 / len(recall)),
    }
    return {name: float(value) for name, value in values.items()}
