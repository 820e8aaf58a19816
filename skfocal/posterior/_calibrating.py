"""A constant in log-odds that makes the mean risk of rows equal to their event rate.

Regularisation, early stopping and few steps leave the mean risk of a learner below the event rate
where events are rare. The constant that corrects this is the intercept of a logistic regression
that has the log-odds as its offset: it minimises the log loss of the rows among all constants.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, softmax
from sklearn.utils import gen_batches

from skfocal.tasks import get_task

# Mean risk and rate may differ by this part of the rarer of the two.
_ACCURACY = 1e-8
_MOST_STEPS = 100
# Probabilities in a block of softmax rows.
_BLOCK = 2**17
# Most rows, and log-odds, that a constant is found from. A few rows make up most of the mean risk
# of negatives at a rate of 1e-4; from so many it is known to about 3 %.
_MOST_ROWS = 2**16
_MOST_CELLS = 2**21


def fit_intercept(
    log_odds: np.ndarray,
    target: np.ndarray,
    weight: ArrayLike | None,
    task: str,
    class_weight: np.ndarray | None = None,
) -> np.ndarray:
    """Return the constant, one per label or class, after which mean risk and event rate agree.

    Parameters
    ----------
    log_odds : ndarray of shape (n,), (n, L) or (n, K)
        Log-odds (binary, multilabel) or log-probabilities (multiclass) of a fitted model.
    target : ndarray of shape (n,) or (n, L)
        Class codes, or an indicator.
    weight : array-like of shape (n,) or None
        Weights of the rows in both means.
    task : {"binary", "multilabel", "multiclass"}
    class_weight : ndarray of shape (K,), or (2, L) for multilabel, default=None
        Costs that the log-odds contain: a row then counts in both means by the cost of its class.

    Returns
    -------
    ndarray of shape (), (L,) or (K,)
        For multiclass of mean 0. 0 for a label of one outcome, or for a class that does not
        occur: no constant would do.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.special import expit
    >>> from skfocal.posterior import fit_intercept
    >>> log_odds, target = np.array([-3.0, -2.0, -1.0, 0.0]), np.array([0, 0, 0, 1])
    >>> constant = fit_intercept(log_odds, target, None, "binary")
    >>> float(expit(log_odds + constant).mean().round(6))
    0.25
    """
    form = get_task(task)
    rows = np.ones(len(target)) if weight is None else np.asarray(weight, dtype=np.float64)
    if form.is_softmax:
        return _softmax_intercept(log_odds, target, _fractions(rows, target, class_weight))
    columns = form.to_columns(log_odds).T, form.to_columns(target).T
    costs = np.ones((2, len(columns[0]))) if class_weight is None else class_weight
    constants = [
        _logistic_intercept(column, codes, _fractions(rows, codes, cost))
        for column, codes, cost in zip(*columns, costs.reshape(2, -1).T, strict=True)
    ]
    return np.asarray(form.from_columns(np.array(constants)))


def calibration_rows(
    target: np.ndarray, n_classes: int, random: np.random.Generator
) -> tuple[np.ndarray | slice, np.ndarray | None]:
    """Return rows that are enough for :func:`fit_intercept`, and how many rows each represents.

    All rows of a small table. Of a large one each row is drawn with a probability, greater for rows
    of rare classes or labels, and represents one divided by this probability.

    Parameters
    ----------
    target : ndarray of shape (n,) or (n, L)
        Class codes, or an indicator.
    n_classes : int
        K, or L.
    random : numpy.random.Generator
        Draws the rows.

    Returns
    -------
    rows : slice, or ndarray of int
    factor : ndarray of shape (n_drawn,), or None
        Multiplies the sample weights.
    """
    n_rows = len(target)
    n_most = min(_MOST_ROWS, max(_MOST_CELLS // n_classes, 1))
    if n_rows <= n_most:
        return slice(None), None
    if target.ndim == 1:
        counts = np.bincount(target, minlength=n_classes)
        probability = (n_most / n_classes / np.maximum(counts, 1))[target]
    else:
        probability = np.zeros(n_rows)
        for label in target.T:
            share = n_most / n_classes / max(label.sum(), 1)
            np.maximum(probability, share * label, out=probability)
    probability = np.clip(probability, n_most / n_rows, 1)
    rows = np.flatnonzero(random.random(n_rows) < probability)
    return rows, 1 / probability[rows]


def _fractions(
    weight: np.ndarray, codes: np.ndarray, class_weight: np.ndarray | None
) -> np.ndarray:
    """Return the fraction of the means that belongs to each row."""
    weight = weight if class_weight is None else weight * class_weight[codes]
    total = weight.sum()
    return weight / total if total > 0 else weight


def _logistic_intercept(log_odds: np.ndarray, codes: np.ndarray, weight: np.ndarray) -> float:
    rate = weight @ codes
    rarer = min(rate, weight @ (1 - codes))
    if rarer == 0:
        return 0.0
    constant = 0.0
    for _ in range(_MOST_STEPS):
        risk = expit(log_odds + constant)
        missing = rate - weight @ risk
        if abs(missing) <= _ACCURACY * rarer:
            break
        slope = weight @ (risk * (1 - risk))
        constant += float(np.sign(missing) * _damped(abs(missing) / max(slope, 1e-300)))
    return constant


def _softmax_intercept(log_odds: np.ndarray, codes: np.ndarray, weight: np.ndarray) -> np.ndarray:
    n_classes = log_odds.shape[1]
    rate = np.bincount(codes, weight, minlength=n_classes)
    present = np.flatnonzero(rate)
    constant = np.zeros(n_classes)
    if len(present) < 2:
        return constant
    rate, log_odds = rate[present], log_odds[:, present]
    for _ in range(_MOST_STEPS):
        mean, curvature = _softmax_means(log_odds + constant[present], weight)
        missing = rate - mean
        if np.all(np.abs(missing) <= _ACCURACY * rate):
            break
        # Ones for the direction that a softmax does not notice, and a trace of the identity for
        # risks that are 0 or 1 to the last digit.
        step = np.linalg.solve(curvature + 1 / len(present) + 1e-12 * np.eye(len(present)), missing)
        length = np.ptp(step)
        constant[present] += step * (_damped(length) / length)
    return constant


def _softmax_means(log_odds: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean probabilities and their derivative in a constant."""
    n_rows, n_classes = log_odds.shape
    mean, product = np.zeros(n_classes), np.zeros((n_classes, n_classes))
    for rows in gen_batches(n_rows, max(1, _BLOCK // n_classes)):
        risk = softmax(log_odds[rows], axis=1)
        weighted = weight[rows, None] * risk
        mean += weighted.sum(axis=0)
        product += weighted.T @ risk
    return mean, np.diag(mean) - product


def _damped(length: float) -> float:
    """Return the length of a Newton step that decreases a logistic loss from anywhere.

    Its third derivative is bounded by the second (Bach, "Self-concordant analysis for logistic
    regression", 2010, doi:10.1214/09-EJS521), so log(1 + d) instead of d never overshoots; near
    the solution both are the same.
    """
    return float(np.log1p(length))
