"""Thresholds of the labels, tuned on rows that the scoring model has not seen."""

import warnings
from typing import Any

import numpy as np
from sklearn.base import clone

from skfocal.model_selection import find_cuts, label_folds

_N_FOLDS = 5


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
        warnings.warn(
            f"{owner}: the labels {constant.tolist()} have one outcome only; their threshold "
            "stays 0.5.",
            UserWarning,
            stacklevel=5,  # the caller of fit
        )


def cross_fit_decisions(
    model: Any,
    X: Any,
    y: Any,
    indicator: np.ndarray,
    sample_weight: np.ndarray | None,
    seed: int,
    X_val: Any = None,
    y_val: Any = None,
) -> np.ndarray | None:
    """Return log-odds of every row, from a model fitted without it.

    Parameters
    ----------
    model : MultiLabelFocalClassifier
        Fitted; cloned for each fold.
    X : {ndarray, CSR} of shape (n, n_features)
    y : {ndarray, sparse matrix}
        Labels in the form in which they were given.
    indicator : ndarray of shape (n, n_labels)
        The same labels, by which folds are stratified.
    sample_weight : ndarray of shape (n,) or None
    seed : int
    X_val, y_val
        Rows that early stopping watches in each fit, if given.

    Returns
    -------
    ndarray of shape (n, n_labels), or None
        None if a fit was interrupted.
    """
    decision = np.empty(indicator.shape)
    for fold, (training, held_out) in enumerate(label_folds(indicator, _N_FOLDS, seed)):
        part = clone(model).set_params(thresholds=None, warm_start=False)
        weight = None if sample_weight is None else sample_weight[training]
        with warnings.catch_warnings():
            # The model itself has been fitted before, and has warned.
            warnings.simplefilter("ignore")
            # The form of all labels: of a rare class a fold may hold no row.
            part._fit_form(model._form, X[training], y[training], weight, X_val, y_val, seed + fold)
        if part._interrupted:
            return None
        decision[held_out] = part.decision_function(X[held_out]).reshape(len(held_out), -1)
    return decision


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
