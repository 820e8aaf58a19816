"""Two classes, 1 the positive one: probabilities of 1, thresholds tuned on inner folds."""

import numpy as np
from sklearn.metrics import average_precision_score

from skfocal.benchmark import metrics
from skfocal.model_selection import class_folds

FIGURES = (
    *("average_precision", "roc_auc", "log_loss", "brier", "ece"),
    *("calibration_intercept", "calibration_slope"),
    *("calibration_intercept_error", "calibration_slope_error"),
    *(f"cost_{ratio}" for ratio in metrics.COST_RATIOS),
    *("f1", "balanced_accuracy", "geometric_mean"),
    *("f1_tuned", "balanced_accuracy_tuned", "geometric_mean_tuned"),
    "threshold",  # the one for F1
)

score = average_precision_score


def split(y, groups, n_splits, random_state):
    return class_folds(y, n_splits, random_state, groups)


tune = metrics.tune_thresholds


def encode(dataset):
    y = np.asarray(dataset.y)
    if y.ndim != 1 or set(np.unique(y).tolist()) != {0, 1}:
        raise ValueError(
            f"Data set {dataset.name!r}: the target must hold 0 and 1 (the positive class), both "
            f"of them; got {np.unique(y).tolist()[:5]}."
        )
    return {"y": y.astype(np.int64)}


def describe(table):
    return {}


def count(y):
    n_positive = int(y.sum())
    return len(y) - n_positive, n_positive


def count_rarest(target):
    return int(target.sum())


def check(target, where):
    n_positive = int(target.sum())
    if n_positive in (0, len(target)):
        raise ValueError(
            f"{where} has {n_positive} positives in {len(target)} rows; it needs both."
        )


def limit_splits(y, wanted):
    smaller = min(count(y))
    if smaller < 2:
        raise ValueError("The training fold holds 1 row of the smaller class; inner folds need 2.")
    return min(wanted, smaller)


def predict_probability(model, X, table):
    return model.predict_proba(X)[:, list(model.classes_).index(1)]


def measure(target, probability, decision, thresholds):
    values = metrics.measure(target, probability, decision, thresholds)
    return values | {"threshold": thresholds["f1"]}
