"""What errors cost: one table of true by predicted class, however it was given."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import confusion_matrix, make_scorer
from sklearn.utils import check_consistent_length
from sklearn.utils.multiclass import unique_labels

# Where the four outcomes of two classes stand in the table.
OUTCOMES = {"tn": (0, 0), "fp": (0, 1), "fn": (1, 0), "tp": (1, 1)}


def cost_matrix(costs: Any, classes: ArrayLike) -> np.ndarray:
    """Return the table of costs, true class by predicted class.

    Parameters
    ----------
    costs : dict, array-like of shape (n_classes, n_classes), or None
        ``{"fn": 50, "fp": 1}``, for two classes of which the second is the positive one, with
        ``"tp"`` and ``"tn"`` if they cost something too; ``{("fraud", "ok"): 50, ...}`` with the
        true label first, where every pair of different labels is named; the table itself; or None:
        every error costs 1. A gain is a negative cost.
    classes : array-like of shape (n_classes,)
        Labels, in the order of rows and columns.

    Returns
    -------
    ndarray of shape (n_classes, n_classes)

    Raises
    ------
    ValueError
        If a name, a number or the shape does not fit the classes.

    Examples
    --------
    >>> from skfocal.decision import cost_matrix
    >>> cost_matrix({"fn": 50, "fp": 1}, ["ok", "fraud"])
    array([[ 0.,  1.],
           [50.,  0.]])
    """
    labels = np.asarray(classes).tolist()
    n_classes = len(labels)
    if costs is None:
        table = 1.0 - np.eye(n_classes)
    elif isinstance(costs, Mapping):
        by_name = set(costs) <= set(OUTCOMES)
        table = _from_outcomes(costs, labels) if by_name else _from_pairs(costs, labels)
    else:
        table = np.asarray(costs, dtype=np.float64)
        if table.shape != (n_classes, n_classes):
            raise ValueError(
                f"costs must be a table of {n_classes} x {n_classes}, true by predicted class, "
                f"got the shape {table.shape}."
            )
    if not np.all(np.isfinite(table)):
        raise ValueError(f"costs must be finite, got {costs!r}.")
    return table


def expected_cost_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    costs: Any = None,
    labels: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Return the mean cost of decisions; lower is better.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels.
    y_pred : array-like of shape (n_samples,)
        Decisions.
    costs : dict, array-like of shape (n_classes, n_classes), or None, default=None
        As in :func:`cost_matrix`; None is the error rate.
    labels : array-like of shape (n_classes,), default=None
        Order of the classes; None sorts those that occur.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    float
        Cost of a row, in the unit of `costs`.

    Raises
    ------
    ValueError
        If the costs do not fit the labels.

    Examples
    --------
    >>> from skfocal.decision import expected_cost_score
    >>> expected_cost_score([0, 0, 1, 1], [0, 1, 1, 0], costs={"fn": 50, "fp": 1})
    12.75
    """
    check_consistent_length(y_true, y_pred, sample_weight)
    classes = unique_labels(y_true, y_pred) if labels is None else np.asarray(labels)
    if labels is None and isinstance(costs, Mapping) and set(costs) <= set(OUTCOMES):
        classes = _both(classes)
    table = cost_matrix(costs, classes)
    found = confusion_matrix(y_true, y_pred, labels=classes, sample_weight=sample_weight)
    return float(np.sum(found * table) / np.sum(found))


def make_cost_scorer(costs: Any, *, labels: ArrayLike | None = None) -> Any:
    """Return a scorer of decisions by what they cost, for searches and cross-validation.

    Parameters
    ----------
    costs : dict or array-like of shape (n_classes, n_classes)
        As in :func:`cost_matrix`.
    labels : array-like of shape (n_classes,), default=None
        Order of the classes; to be given where a fold may lack one.

    Returns
    -------
    callable
        ``scorer(estimator, X, y)``, the negative mean cost: higher is better.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import cross_val_score
    >>> from skfocal.decision import make_cost_scorer
    >>> X, y = make_classification(weights=[0.8], random_state=0)
    >>> scorer = make_cost_scorer({"fn": 10, "fp": 1})
    >>> cross_val_score(LogisticRegression(), X, y, scoring=scorer, cv=2).shape
    (2,)
    """
    return make_scorer(expected_cost_score, greater_is_better=False, costs=costs, labels=labels)


def _from_outcomes(costs: Mapping[str, float], labels: list[Any]) -> np.ndarray:
    if len(labels) != 2:
        raise ValueError(
            f"costs of 'fn' and 'fp' are for two classes, got {len(labels)}; give a table, or a "
            "dict of (true, predicted) labels."
        )
    if not {"fn", "fp"} <= set(costs):
        raise ValueError(f"costs must name both 'fn' and 'fp', got {dict(costs)!r}.")
    table = np.zeros((2, 2))
    for name, cost in costs.items():
        table[OUTCOMES[name]] = cost
    return table


def _from_pairs(costs: Mapping[Any, float], labels: list[Any]) -> np.ndarray:
    table = np.zeros((len(labels), len(labels)))
    place = {label: k for k, label in enumerate(labels)}
    missing = {(a, b) for a in labels for b in labels if a != b} - set(costs)
    for pair, cost in costs.items():
        if not (isinstance(pair, tuple) and len(pair) == 2 and set(pair) <= set(labels)):
            raise ValueError(
                f"costs has the key {pair!r}; keys are 'fn' and 'fp', or pairs (true, predicted) "
                f"of the labels {labels}."
            )
        table[place[pair[0]], place[pair[1]]] = cost
    if missing:
        raise ValueError(f"costs must name every error; (true, predicted) {min(missing)} is not.")
    return table


def _both(classes: np.ndarray) -> np.ndarray:
    """Return two labels where only one of 0 and 1 occurs, as in a fold without events."""
    if len(classes) == 1 and classes[0] in (0, 1):
        return np.array([0, 1], dtype=classes.dtype)
    return classes
