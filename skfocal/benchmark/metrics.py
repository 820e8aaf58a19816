"""What the judge measures: the list of all metrics, and those of the binary task."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from skfocal.decision import calibration_intercept_slope, expected_calibration_error
from skfocal.model_selection import find_cuts

__all__ = [
    "METRICS",
    "Metric",
    "main_metrics",
    "measure",
    "tune_thresholds",
]


@dataclass(frozen=True)
class Metric:
    """How a metric is called and read.

    Attributes
    ----------
    label : str
        Short text for tables.
    greater_is_better : bool
        False for losses and errors.
    description : str
        One sentence for people who meet it for the first time.
    digits : int, default=3
        Decimals in tables and sentences.
    tie : float, default=0.005
        Differences up to this size count as a tie in wins, ties and losses.
    """

    label: str
    greater_is_better: bool
    description: str
    digits: int = 3
    tie: float = 0.005


#: How many false alarms a missed positive costs in the costs that every run has.
COST_RATIOS = (5, 50)

_DECISIONS = {
    "f1": ("F1", "Harmonic mean of precision and recall of the positive class"),
    "macro_f1": ("Macro F1", "Mean over the labels of the F1 of each"),
    "balanced_accuracy": ("Balanced accuracy", "Mean of the recalls of the classes"),
    "geometric_mean": ("G-mean", "Geometric mean of the recalls of the classes"),
}

#: Name of a column of the results to its :class:`Metric`; the order is that of the tables:
#: ranking first, probabilities next, decisions last. Each task has some of them.
METRICS = {
    "average_precision": Metric(
        "Average precision",
        True,
        "Area under the precision-recall steps; a random order scores the share of positives.",
    ),
    "macro_average_precision": Metric(
        "Macro average precision",
        True,
        "Mean over the classes, or labels, of the average precision of each against the rest.",
    ),
    "micro_average_precision": Metric(
        "Micro average precision",
        True,
        "Average precision of all pairs of a row and a label in one ranking.",
    ),
    "roc_auc": Metric(
        "ROC AUC",
        True,
        "Chance that a positive is scored above a negative; a random order scores 0.5.",
    ),
    "ranking_loss": Metric(
        "Ranking loss",
        False,
        "Share of the pairs of a label that a row has and one that it lacks, scored the wrong way.",
    ),
    "log_loss": Metric(
        "Log loss",
        False,
        "Mean negative log-likelihood of the classes, or of all labels of all rows, in nats.",
    ),
    "brier": Metric("Brier score", False, "Mean squared error of the probability, from 0 to 1."),
    "ece": Metric(
        "ECE",
        False,
        "Expected calibration error: mean gap between predicted and observed frequency over 15 "
        "bins of equally many rows.",
    ),
    "calibration_intercept_error": Metric(
        "Intercept error",
        False,
        "Distance from 0 of what the log-odds lack so that the mean probability is the event rate.",
    ),
    "calibration_slope_error": Metric(
        "Slope error",
        False,
        "Distance of the calibration slope from 1, at most 1: are risks as far apart as predicted?",
    ),
    **{
        f"cost_{ratio}": Metric(
            f"Cost per 1,000 rows, {ratio} : 1",
            False,
            f"False alarms, and {ratio} for each missed positive, at a probability of "
            f"1 / {ratio + 1}, the cheapest threshold if probabilities are honest.",
            digits=1,
            tie=0.0,
        )
        for ratio in COST_RATIOS
    },
    "expected_cost": Metric(
        "Cost per 1,000 rows",
        False,
        "At the probability from which on it is cheaper to act, if probabilities are honest.",
        digits=1,
        tie=0.0,
    ),
    "expected_cost_tuned": Metric(
        "Cost per 1,000 rows (tuned)",
        False,
        "At the threshold that is cheapest on inner folds.",
        digits=1,
        tie=0.0,
    ),
    "precision_at_recall": Metric(
        "Precision at the wanted recall",
        True,
        "At the threshold that keeps the recall on inner folds.",
    ),
    "recall_at_precision": Metric(
        "Recall at the wanted precision",
        True,
        "At the threshold that keeps the precision on inner folds.",
    ),
    "kept_recall": Metric(
        "Recall reached", True, "Of the test rows, at the threshold that was to keep it."
    ),
    "kept_precision": Metric(
        "Precision reached", True, "Of the test rows, at the threshold that was to keep it."
    ),
    **{
        name: Metric(label, True, f"{text}, at the method's own decision.")
        for name, (label, text) in _DECISIONS.items()
    },
    **{
        f"{name}_tuned": Metric(
            f"{label} (tuned)",
            True,
            f"{text}, at the threshold best for it on inner folds.",
        )
        for name, (label, text) in _DECISIONS.items()
    },
}


def main_metrics(results) -> tuple[str, str]:
    """Return what results are ordered by: the metric that settings are chosen by, and the log loss.

    Parameters
    ----------
    results : DataFrame
        As :func:`skfocal.benchmark.run` returns it, of any task.

    Returns
    -------
    tuple of str
        Columns of the results.
    """
    return next(name for name in METRICS if name in results), "log_loss"


def measure(target, probability, decision, thresholds) -> dict[str, float]:
    """Compute every metric of the binary task for one test fold.

    Parameters
    ----------
    target : ndarray of shape (n,), int
        0 and 1, both present.
    probability : ndarray of shape (n,), float
        Predicted probability of 1, in [0, 1].
    decision : ndarray of shape (n,), int
        The method's own prediction.
    thresholds : dict of str to float
        As :func:`tune_thresholds` returns it, from other rows than these.

    Returns
    -------
    dict of str to float
        One value for each metric of the task, and ``calibration_intercept`` and
        ``calibration_slope`` with their signs. The log loss is finite: scikit-learn moves
        probabilities of 0 and 1 inwards by one rounding step.

    Raises
    ------
    ValueError
        If one class is absent.

    Examples
    --------
    >>> import numpy as np
    >>> target, probability = np.array([0, 0, 1]), np.array([0.1, 0.4, 0.3])
    >>> thresholds = {"f1": 0.2, "balanced_accuracy": 0.2, "geometric_mean": 0.2}
    >>> values = measure(target, probability, np.array([0, 0, 0]), thresholds)
    >>> round(values["f1"], 3), round(values["f1_tuned"], 3)
    (0.0, 0.667)
    """
    if len(np.unique(target)) < 2:
        raise ValueError("The test rows hold one class only, so ranking metrics have no value.")
    values = {
        "average_precision": average_precision_score(target, probability),
        "roc_auc": roc_auc_score(target, probability),
        "log_loss": log_loss(target, probability, labels=[0, 1]),
        "brier": brier_score_loss(target, probability),
        "ece": expected_calibration_error(target, probability),
        **_measure_calibration(target, probability),
        **{f"cost_{ratio}": _price(target, probability, ratio) for ratio in COST_RATIOS},
    }
    values |= _score_decision(target, decision)
    for name, threshold in thresholds.items():
        values[f"{name}_tuned"] = _score_decision(target, probability >= threshold)[name]
    return {name: float(value) for name, value in values.items()}


def _measure_calibration(target, probability):
    intercept, slope = calibration_intercept_slope(target, probability)
    if np.isnan(slope):  # one probability for all rows: any slope is as good as the honest one
        slope = 1.0
    return {
        "calibration_intercept": intercept,
        "calibration_slope": slope,
        "calibration_intercept_error": abs(intercept),
        # A fold that is told apart has a slope of thousands, which would outweigh all others.
        "calibration_slope_error": min(abs(slope - 1), 1.0),
    }


def _price(target, probability, ratio):
    """Return the cost of 1,000 rows in false alarms."""
    flagged = probability >= 1 / (1 + ratio)
    missed, alarms = np.sum(target[~flagged]), np.sum(1 - target[flagged])
    return 1000 * (ratio * missed + alarms) / len(target)


def _score_decision(target, decision):
    true_positive = np.sum(decision[target == 1])
    return _score_counts(true_positive, np.sum(decision), np.sum(target), len(target))


def _score_counts(true_positive, n_selected, n_positive, n):
    """Return the thresholded metrics from counts, which may be arrays over thresholds."""
    recall = true_positive / n_positive
    specificity = 1.0 - (n_selected - true_positive) / (n - n_positive)
    return {
        "f1": 2 * true_positive / (n_selected + n_positive),
        "balanced_accuracy": (recall + specificity) / 2,
        "geometric_mean": np.sqrt(recall * specificity),
    }


def tune_thresholds(target, probability) -> dict[str, float]:
    """Find the probability threshold that is best for each thresholded metric.

    Parameters
    ----------
    target : ndarray of shape (n,), int
        0 and 1, both present.
    probability : ndarray of shape (n,), float
        Probability of 1 for the same rows, from models that have not seen them.

    Returns
    -------
    dict of str to float
        ``"f1"``, ``"balanced_accuracy"`` and ``"geometric_mean"`` to a threshold; a row counts as
        positive where its probability is not below it. Thresholds lie midway between neighbouring
        probabilities; among equally good ones the highest is taken.

    Examples
    --------
    >>> import numpy as np
    >>> tune_thresholds(np.array([0, 1, 0, 1]), np.array([0.1, 0.3, 0.5, 0.9]))["f1"]
    0.2
    """
    cuts = find_cuts(target, probability)
    scores = _score_counts(cuts.hits, cuts.selected, target.sum(), len(target))
    return {name: float(cuts.threshold[np.argmax(values)]) for name, values in scores.items()}
