"""Thresholds of the labels, tuned on rows that the scoring model has not seen."""

from typing import Any

import numpy as np

from skfocal.model_selection import find_cuts
from skfocal.utils._warnings import warn_user

N_FOLDS = 5


def check_thresholds(value: Any, n_labels: int, owner: str) -> None:
    """Refuse invalid thresholds."""
    if value is None or (isinstance(value, str) and value == "f1"):
        return
    allowed = f"{owner}: thresholds must be None, 'f1' or {n_labels} values in (0, 1)"
    if isinstance(value, str):
        raise ValueError(
            f"{allowed}, got {value!r}; a metric of the ranking, such as average precision or ROC "
            "AUC, does not depend on them."
        )
    numbers = np.asarray(value, dtype=np.float64)
    if numbers.shape != (n_labels,) or not np.all((numbers > 0) & (numbers < 1)):
        raise ValueError(f"{allowed}, one for each label, got {value!r}.")


def warn_of_constant_labels(indicator: np.ndarray, owner: str) -> None:
    """Warn of labels whose threshold cannot be tuned."""
    constant = np.flatnonzero(np.ptp(indicator, axis=0) == 0)
    if len(constant):
        warn_user(
            f"{owner}: the labels {constant.tolist()} have one outcome only; their threshold "
            "stays 0.5.",
            UserWarning,
        )


def tune_f1(
    indicator: np.ndarray, decision: np.ndarray, sample_weight: np.ndarray | None
) -> np.ndarray:
    """Return the cuts that maximise the F1 score of each label.

    Parameters
    ----------
    indicator : ndarray of shape (n, n_labels) of 0 and 1
    decision : ndarray of shape (n, n_labels)
        Log-odds from models that have not seen the row.
    sample_weight : ndarray of shape (n,) or None

    Returns
    -------
    ndarray of shape (n_labels,)
        Log-odds above which a row has the label, midway between two neighbouring rows; 0, a
        probability of 0.5, where nothing is better, or where a label has one outcome only.
    """
    weight = np.ones(len(indicator)) if sample_weight is None else sample_weight
    return np.array([_best_f1(y, z, weight) for y, z in zip(indicator.T, decision.T, strict=True)])


def _best_f1(positive: np.ndarray, decision: np.ndarray, weight: np.ndarray) -> float:
    if np.ptp(positive) == 0:
        return 0.0
    cuts = find_cuts(positive, decision, weight)
    f1 = 2 * cuts.hits / (cuts.selected + cuts.hits[-1])
    above_half = int(np.count_nonzero(cuts.lowest > 0))
    at_half = f1[above_half - 1] if above_half else 0.0
    best = int(np.argmax(f1))
    if f1[best] <= at_half:
        return 0.0
    if best == len(f1) - 1:
        return float(np.nextafter(cuts.lowest[-1], -np.inf))
    return float(cuts.threshold[best])
